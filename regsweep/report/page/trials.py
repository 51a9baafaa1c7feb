"""The table of trials, column by column, as the page's script sorts, filters and shows it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from regsweep.direction import is_minimized
from regsweep.names import short_names
from regsweep.numbers import show_number
from regsweep.paths import RunPaths, shown
from regsweep.report.details import read_override_lines, read_program
from regsweep.report.figures.captions import zeros_follow
from regsweep.report.figures.points import score
from regsweep.report.pooled import is_share
from regsweep.report.pooled_table import pooled_table
from regsweep.report.task import metrics_of

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

SIGNIFICANT = 6
"""Digits of a number that is not whole that the page keeps."""
EXACT = 2**53
"""Whole numbers below it are the same in the browser."""
MOST_CONFIGURATIONS = 200
"""So many stand in the table of a sweep over seeds."""
MOST_REASONS, MOST_TRIALS = 40, 12
"""So many reasons are listed, and so many trials of each."""


def table(sweep: Sweep) -> dict[str, Any]:
    """Return the columns of the table with their values (rows best first), each row's link and its command."""
    trials = sweep.ranked()
    names = short_names(sweep.swept)
    objectives = dict.fromkeys([sweep.objective, *sweep.objectives])  # first: in sight, however many keys were swept
    metrics = [name for name in _metrics(sweep) if _is_shown(trials, name, sweep)]
    columns = [
        {"key": "number", "name": "trial", "title": "number of the trial", **_column(trials["number"])},
        *(_metric(sweep, trials, name) for name in objectives),
        *({"key": key, "name": names[key], "title": key, **_column(trials[key])} for key in sweep.swept),
        *(_metric(sweep, trials, name) for name in metrics if name not in objectives),
        {"key": "status", "name": "status", "title": "how it ended", **_column(_statuses(trials))},
    ]
    objective = next(index for index, column in enumerate(columns) if column["key"] == sweep.objective)
    numbers = trials["number"].tolist()
    marked = sweep.front if sweep.objectives else [n for each in sweep.bests for n in each.numbers]
    program = [] if sweep.is_own else read_program(sweep)
    return {
        "columns": columns,
        "folders": [href(folder) for folder in trials["folder"]],
        "commands": [_command(sweep, row, program) for row in trials.to_dict("records")],
        "errors": [None if pd.isna(error) else str(error) for error in trials["error"]],
        "best": [numbers.index(number) for number in marked],
        "sorted": {"column": objective, "descending": sweep.maximize},
    }


def _metrics(sweep: Sweep) -> list[str]:
    """Return the columns of numbers that the page has, where trials have them."""
    of_validation = [f"validation_{name}" for name in metrics_of(sweep.task)]
    return [*of_validation, sweep.tested, "sparsity", "near_zero", "total_seconds"]


def plain(table: dict[str, Any]) -> dict[str, Any]:
    """Return headings and rows of the table as text, for a browser that runs no script; the rule is the script's."""
    columns = [[_shown(column["kind"], value) for value in column["values"]] for column in table["columns"]]
    are_numbers = [column["is_number"] for column in table["columns"]]
    return {
        "headings": [column["name"] for column in table["columns"]],
        "rows": list(zip(*columns, strict=True)),
        "are_numbers": are_numbers,
    }


def _shown(kind: str, value: Any) -> str:
    if value is None:
        return "–"
    if not isinstance(value, int | float):
        return str(value)
    if kind in ("percent", "seconds"):
        return f"{value:.{2 if kind == 'percent' else 1}f}"
    return show_number(value, 5 if kind == "score" else 3)


def pooled(sweep: Sweep) -> dict[str, Any] | None:
    """Return the table of configurations: headings, and of each its cells and trials; None where no seed was swept."""
    if sweep.seed_key is None:
        return None
    found = pooled_table(sweep, in_percent=is_share(sweep))
    folders = dict(zip(sweep.trials["number"], sweep.trials["folder"], strict=True))
    rows = [
        {
            "cells": cells,
            "is_best": each in found.bests,
            "trials": [{"number": n, "href": href(folders[n])} for n in sorted((*each.numbers, *each.others))],
        }
        for each, cells in found.rows[:MOST_CONFIGURATIONS]
    ]
    return {
        "num_settings": len(sweep.settings),
        "headings": found.headings,
        "rows": rows,
        "more": len(found.rows) - len(rows),
    }


def href(folder: str | Path) -> str:
    """Return a relative link to a trial's folder."""
    return f"{link(folder)}/"


def link(path: str | Path) -> str:
    """Return a relative link: every sign that a URL reads is quoted, and no name looks like a scheme."""
    return f"./{quote(os.fsencode(path))}"


def not_completed(sweep: Sweep) -> list[dict[str, Any]]:
    """Return statuses and reasons of the trials that did not complete, the most frequent first, with the trials."""
    trials = sweep.trials[sweep.trials["status"] != "complete"]
    reasons = trials["error"].where(trials["error"].notna(), "no record: it was stopped before it ended")
    groups = trials.groupby([trials["status"].astype(str), reasons.astype(str)], sort=False)
    found = [
        {
            "status": status,
            "reason": reason,
            "count": len(group),
            "trials": [
                {"number": number, "href": href(folder)}
                for number, folder in zip(group["number"][:MOST_TRIALS], group["folder"][:MOST_TRIALS], strict=True)
            ],
        }
        for (status, reason), group in groups
    ]
    return sorted(found, key=lambda group: -group["count"])


def example(sweep: Sweep) -> str:
    """Return something that one could type into the filter: a parameter's most frequent value."""
    names = short_names(sweep.swept)
    words = [key for key in sweep.swept if not pd.api.types.is_float_dtype(sweep.trials[key])]
    if not words:
        return "complete"
    value = sweep.trials[words[0]].mode(dropna=True)
    return f"{names[words[0]]}={_plain(value.iloc[0])}"[:40] if len(value) else "complete"


def _is_shown(trials: pd.DataFrame, name: str, sweep: Sweep) -> bool:
    """Return whether a metric has a value in a trial; zeros only where there are exact ones."""
    if name in sweep.swept:
        return False
    values = pd.to_numeric(trials[name], errors="coerce") if name in trials else pd.Series(dtype=float)
    if name == "near_zero" and not _is_shown(trials, "sparsity", sweep):
        return name == sweep.objective
    return name == sweep.objective or bool((values > 0).any() if name == "sparsity" else values.notna().any())


def _metric(sweep: Sweep, trials: pd.DataFrame, name: str) -> dict[str, Any]:
    """Return a metric's column: shares in percent, as in the figures."""
    if name == "total_seconds":
        return {
            "key": name,
            "name": "seconds",
            "title": "seconds of the whole trial",
            **_column(trials[name], "seconds"),
        }
    values = pd.to_numeric(trials[name], errors="coerce")
    if name == "sparsity":
        title = f"weights that are exactly zero (%).{zeros_follow(sweep, trials['number'])}"
        return {
            "key": name,
            "name": "exact zeros (%)",
            "title": title,
            **_column(100 * values, "percent", descends=True),
        }
    if name == "near_zero":
        return {
            "key": name,
            "name": "near zero (%)",
            "title": "weights within ±0.001 of zero (%), exact zeros among them",
            **_column(100 * values, "percent", descends=True),
        }
    axis = score(sweep, name)
    kind = "percent" if axis.factor != 1 else "score"
    descends = sweep.maximize if name == sweep.objective else not is_minimized(name)
    return {
        "key": name,
        "name": axis.title,
        "title": name,
        **_column(axis.factor * values, kind, descends=descends),
    }


def _column(values: pd.Series, kind: str = "number", *, descends: bool = False) -> dict[str, Any]:
    """Return a column's values, how numbers among them are shown, and whether it is first sorted the largest first."""
    plain = [_plain(value) for value in values]
    is_number = all(
        value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in plain
    )
    return {"kind": kind, "is_number": is_number, "descends": descends, "values": plain}


def _statuses(trials: pd.DataFrame) -> pd.Series:
    again = trials["duplicate_of"].map(lambda number: "" if pd.isna(number) else f" (as {int(number)})")
    return trials["status"].astype(str) + again.astype(str)  # of no trials, `map` returns no words


def _plain(value: Any) -> Any:
    """Return a cell's value as JSON has it: a number, true or false as words, text, or None."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        number = float(value)
        return int(number) if number.is_integer() and abs(number) < EXACT else float(f"{number:.{SIGNIFICANT}g}")
    return str(value)


def _command(sweep: Sweep, row: dict[Any, Any], program: list[str]) -> str | None:
    folder = sweep.folder / row["folder"]
    if not pd.isna(row["duplicate_of"]):
        folder = folder.with_name(str(int(row["duplicate_of"])))
    return command(folder, is_own=sweep.is_own, program=program)


def command(folder: Path, *, is_own: bool, program: list[str]) -> str | None:
    """Return what runs the job in `folder` again: another application's `program`, with the overrides as typed."""
    if not is_own:
        lines = read_override_lines(folder)
        return shlex.join([*program, *lines]) if lines else None
    return shlex.join(["regsweep", "reproduce", str(shown(folder))]) if RunPaths(folder).result.is_file() else None
