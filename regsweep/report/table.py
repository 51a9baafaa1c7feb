"""The table of a sweep's trials in the terminal: best first. A sweep over seeds has one of its configurations."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from regsweep.names import listed, name_of, short_names
from regsweep.numbers import count, show_number
from regsweep.paths import SweepPaths, shown
from regsweep.pooling import Pooled
from regsweep.report.printed import MOST_ROWS, Column, print_columns, print_line
from regsweep.report.sweep import CONTESTANT, Sweep

NO_VALUE = "–"
"""In a cell: the trial did not set it, or has no such number."""

MOST_REASONS = 5
"""Why trials failed: so many reasons are printed, and so many trials of each."""


def print_table(sweep: Sweep, console: Console) -> None:
    """Print a row per trial (number, swept parameters, the objective, status, seconds), then the best.

    Args:
        sweep: of single trials.
        console: to print to.
    """
    names, trials = short_names(sweep.swept), sweep.ranked()
    scores = list(dict.fromkeys([sweep.objective, *sweep.objectives]))
    has_test = sweep.tested not in scores and sweep.tested in trials and trials[sweep.tested].notna().any()
    again = ["" if pd.isna(number) else f" (as {int(number)})" for number in trials["duplicate_of"]]
    columns = [
        Column("trial", [str(number) for number in trials["number"]]),
        *(Column(name, [show_value(value) for value in trials[key]], is_setting=True) for key, name in names.items()),
        *(Column(name.replace("_", " "), [score(sweep, value, name) for value in trials[name]]) for name in scores),
        *([_test_column(sweep, trials)] if has_test else []),
        Column("status", [s + a for s, a in zip(trials["status"], again, strict=True)], is_left=True),
        Column("seconds", [_seconds(value) for value in trials["total_seconds"]]),
    ]
    marked = sweep.front if sweep.objectives else [each.number for each in sweep.bests]
    styles = ["bold green" if number in marked else None for number in trials["number"]]
    print_columns(console, columns, styles, all_in=str(shown(SweepPaths(sweep.folder).trials)))
    for line in _conclusion(sweep, names):
        print_line(console, line)


def _test_column(sweep: Sweep, trials: pd.DataFrame) -> Column:
    values = [score(sweep, value, sweep.tested) for value in trials[sweep.tested]]
    return Column(sweep.tested.replace("_", " "), values)


def count_statuses(sweep: Sweep) -> dict[str, int]:
    """Return how many trials ended how, the most frequent first."""
    return dict(Counter(sweep.trials["status"]).most_common())


def outcome(sweep: Sweep) -> list[str]:
    """Return how the trials ended, and the reasons of those that failed, a line each."""
    counts = count_statuses(sweep)
    total = count(len(sweep.trials), "trial")
    lines = [": ".join(filter(None, [total, ", ".join(f"{n:,} {status}" for status, n in counts.items())]))]
    reasons: dict[str, list[int]] = {}
    failed = sweep.trials[sweep.trials["error"].notna()]
    for number, error in zip(failed["number"], failed["error"], strict=True):
        reasons.setdefault(error, []).append(int(number))
    first = sorted(reasons, key=lambda reason: len(reasons[reason]), reverse=True)[:MOST_REASONS]
    lines += [f"{_named(reasons[reason])}: {reason}" for reason in sorted(first, key=lambda reason: reasons[reason])]
    if len(reasons) > MOST_REASONS:
        more = len(reasons) - MOST_REASONS
        file = shown(SweepPaths(sweep.folder).trials)
        lines.append(f"{count(more, 'more reason')} in {file}")
    return lines


def on_the_front(sweep: Sweep) -> list[str]:
    """Return which trials of a sweep of several objectives no other beats; there is no best one."""
    names = [f"{'the most' if more else 'the least'} {n.replace('_', ' ')}" for n, more in sweep.objectives.items()]
    asked = listed(names)
    if not sweep.front:
        return [f"No complete trial has all objectives ({asked})."]
    numbers = [str(number) for number in sweep.front]
    some = numbers if len(numbers) <= MOST_ROWS else [*numbers[:MOST_ROWS], f"{len(numbers) - MOST_ROWS} more"]
    shown = listed(some)
    num = int((sweep.trials["status"] == "complete").sum())
    return [
        f"The sweep looked for {asked}; no trial is called the best. On the front: "
        f"trial{'s' * (len(numbers) > 1)} {shown} of {num} complete ones; no other is at least as good in all and "
        "better in one."
    ]


def left_to_run(sweep: Sweep) -> list[str]:
    """Return how many trials a sweep that was stopped lacks, and the command that goes on with it."""
    if not sweep.num_left or sweep.is_comparison:
        return []
    place = shlex.quote(str(shown(sweep.folder)))
    verb = "has" if sweep.num_left == 1 else "have"
    return [f"{sweep.num_left:,} of {sweep.num_planned:,} trials {verb} not ended; to go on: regsweep resume {place}"]


def _named(numbers: Sequence[int]) -> str:
    """Return trials by their numbers, a few of many."""
    some = [str(number) for number in numbers[:MOST_REASONS]]
    if len(numbers) == 1:
        return f"trial {some[0]}"
    more = len(numbers) - len(some)
    return f"trials {', '.join(some)} and {more:,} more" if more else f"trials {listed(some)}"


def _conclusion(sweep: Sweep, names: dict[str, str]) -> list[str]:
    lines, best = [*outcome(sweep), *left_to_run(sweep)], sweep.best()
    if sweep.objectives:
        return [*lines, *on_the_front(sweep)]
    if sweep.data_keys:
        return [*lines, *no_best_of_all(sweep), *_best_on_each(sweep, names)]
    if best is not None and len(sweep.trials) > 1:
        row = sweep.row(best.number)
        lines.append(f"best: {_in_words(sweep, best, names)}")
        lines.append(f"      {shown(sweep.folder / row['folder'])}")
    return lines


def _in_words(sweep: Sweep, best: Pooled, names: Mapping[str, str]) -> str:
    value = f"{sweep.objective.replace('_', ' ')} {score(sweep, best.mean)}"
    value += "" if sweep.maximize else " (lower is better)"
    num_equal = sweep.num_equal(best)
    value += f" (the first of {num_equal:,} with this value)" if num_equal > 1 else ""
    settings = settings_in_words(sweep, sweep.row(best.number), names)
    return ", ".join(filter(None, [f"trial {best.number}", value, settings]))


def _best_on_each(sweep: Sweep, names: Mapping[str, str]) -> list[str]:
    """Return the best trial on each of several data sets, a line each."""
    others = {key: name for key, name in names.items() if key not in sweep.data_keys}
    return [f"best on {name}: {_in_words(sweep, best, others)}" for name, best in sweep.best_by_data_set.items()]


def no_best_of_all(sweep: Sweep) -> list[str]:
    """Return that trials on several data sets have no best one among them; nothing of a sweep on one."""
    if not sweep.data_keys:
        return []
    what = "trial" if sweep.seed_key is None else "configuration"
    names = ", ".join(sweep.data_sets)
    return [f"Scores on different data sets ({names}) are no comparison, so no {what} is called the best of all."]


def settings_in_words(sweep: Sweep, row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return a trial's settings: its methods in words, where their settings were swept, and the others.

    Args:
        sweep: of the trial.
        row: what the table has of it.
        names: of the settings, by key.
    """
    of_methods = [key for key in names if key.partition(".")[0] == "regularizer"]
    is_known = bool(of_methods) and int(row["number"]) in sweep.regularization
    methods = [name_of(sweep.kind(int(row["number"])))] if is_known else []
    known = [*(of_methods if is_known else []), CONTESTANT]
    shown = {key: show_value(row[key]) for key in names if key not in known}
    others = [f"{names[key]}={text}" for key, text in shown.items() if text != NO_VALUE]
    return ", ".join([*methods, *([" ".join(others)] if others else [])])


def show_value(value: Any) -> str:
    """Return a value as the table shows it: numbers short, true and false as they are typed."""
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return NO_VALUE
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return show_number(value) if isinstance(value, float) else str(value)


def score(sweep: Sweep, value: float, name: str | None = None) -> str:
    """Return an objective (the one that trials are ranked by, if not named) as text: others may be of any size."""
    if pd.isna(value):
        return "–"
    return f"{value:.4f}" if sweep.is_percent(name) else show_number(value, 5)


def _seconds(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.1f}"
