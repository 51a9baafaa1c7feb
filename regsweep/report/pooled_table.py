"""The table of a sweep over seeds, in the terminal and on the page: a row per configuration, the best mean first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from rich.console import Console

from regsweep.names import short_names
from regsweep.numbers import show_ends
from regsweep.paths import SweepPaths, shown
from regsweep.pooling import Pooled
from regsweep.report.pooled import Pools, is_share, mean_interval, seeds_of, signed, signed_ends
from regsweep.report.printed import Column, print_columns, print_line
from regsweep.report.sweep import Sweep
from regsweep.report.table import outcome, score, show_value


@dataclass(frozen=True)
class PooledTable:
    """The table as text.

    Attributes:
        headings: of the columns: swept parameters, mean, interval, seeds, difference with interval.
        rows: the configurations with their cells, the best first.
        bests: the best of them, or of each data set; none where no trial is complete.
    """

    headings: list[str]
    rows: list[tuple[Pooled, list[str]]]
    bests: list[Pooled]


def pooled_table(sweep: Sweep, *, in_percent: bool = False) -> PooledTable:
    """Return the table of a sweep over seeds; its scores in percent where they are shares and the page shows them."""
    pools, names = Pools(sweep), short_names(sweep.settings)
    has_test = sweep.objective != sweep.tested and sweep.tested in sweep.trials
    has_test = has_test and bool(sweep.trials[sweep.tested].notna().any())
    points = "points" if is_share(sweep) else sweep.objective.replace("_", " ")
    unit = " (%)" if in_percent else ""
    headings = [*names.values(), f"mean {sweep.objective.replace('_', ' ')}{unit}", "95 % interval"]
    headings += [f"mean {sweep.tested.replace('_', ' ')}{unit}"] if has_test else []
    headings += ["seeds"]
    headings += [f"minus none, {points}", "simultaneous interval"] if pools.differences else []
    rows = []
    for pooled in pools.configurations:
        row = sweep.row(pooled.number)
        cells = [show_value(row[key]) for key in names]
        cells += [
            _score(sweep, pooled.mean, in_percent) if pooled.values else "–",
            _interval(sweep, pooled, in_percent),
        ]
        cells += [_mean(sweep, pooled, sweep.tested, in_percent)] if has_test else []
        cells += [seeds_of(pooled), *(_difference(pools, pooled) if pools.differences else [])]
        rows.append((pooled, cells))
    return PooledTable(headings, rows, sweep.bests)


def print_pooled(sweep: Sweep, console: Console, answered: Sequence[str]) -> None:
    """Print the table of a sweep over seeds, how its trials ended, then the answer.

    Args:
        sweep: over seeds.
        console: to print to.
        answered: the sentences of the answer; none where that stands elsewhere.
    """
    found, num_settings = pooled_table(sweep), len(sweep.settings)
    cells = list(zip(*(row for _, row in found.rows), strict=True)) or [()] * len(found.headings)
    columns = [
        Column(heading, each, is_setting=place < num_settings)
        for place, (heading, each) in enumerate(zip(found.headings, cells, strict=True))
    ]
    styles = ["bold green" if pooled in found.bests else None for pooled, _ in found.rows]
    print_columns(console, columns, styles, all_in=str(shown(SweepPaths(sweep.folder).trials)))
    for line in [*outcome(sweep), *answered]:
        print_line(console, line)


def _score(sweep: Sweep, value: float, in_percent: bool) -> str:
    return f"{100 * value:.2f}" if in_percent else score(sweep, value)


def _interval(sweep: Sweep, pooled: Pooled, in_percent: bool) -> str:
    found = mean_interval(sweep, pooled)
    if found is not None:
        if in_percent or sweep.is_percent():
            return f"{_score(sweep, found.low, in_percent)} to {_score(sweep, found.high, in_percent)}"
        return " to ".join(show_ends(found.low, found.high, 5))
    return "all equal" if len(pooled.values) > 1 else "–"


def _difference(pools: Pools, pooled: Pooled) -> list[str]:
    """Return the difference from the configuration without regularization, and its interval."""
    found, sweep = pools.differences.get(pooled.number), pools.sweep
    if found is None:
        return ["", ""]
    if found.interval is None:
        return [signed(sweep, found.mean), "all equal" if len(found.by_seed) > 1 else "–"]
    return [signed(sweep, found.mean), signed_ends(sweep, found.interval)]


def _mean(sweep: Sweep, pooled: Pooled, column: str, in_percent: bool) -> str:
    """Return the mean of a column over a configuration's complete trials."""
    values = sweep.trials.loc[sweep.trials["number"].isin(pooled.numbers), column]
    mean = pd.to_numeric(values, errors="coerce").mean()
    return "–" if np.isnan(mean) else f"{100 * mean:.2f}" if in_percent else score(sweep, mean, column)
