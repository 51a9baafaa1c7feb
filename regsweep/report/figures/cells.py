"""The cells of a map of λ and dropout: each value of a grid, or bins of what was drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from regsweep.numbers import show_number
from regsweep.report.figures.labels import power
from regsweep.report.figures.points import is_grid

GAP = 0.5
"""Between "none" and the first λ, in widths of a cell."""


@dataclass(frozen=True)
class Bins:
    """The columns or rows of the map, each of width 1.

    Attributes:
        labels: what each is.
        starts: where each begins on its axis; "none" stands a little apart.
        index: which of them each trial falls into.
        ticks: labels of the axis by place: in the middle of a value, at the edges of a range.
    """

    labels: list[str]
    starts: np.ndarray
    index: pd.Series
    ticks: dict[float, str]

    @property
    def edges(self) -> list[float]:
        """Return all borders between cells and gaps, in their order."""
        return sorted({round(edge, 3) for start in self.starts for edge in (start, start + 1)})

    @property
    def gap(self) -> list[int]:
        """Return the place of the gap among the cells: none or one."""
        return [i + 1 for i, step in enumerate(np.diff(self.starts)) if step > 1]


def strength_bins(strengths: pd.Series, *, is_fine: bool) -> Bins:
    """Return λ's columns: "none", then each value of a grid, or decades (half decades where `is_fine`)."""
    positive = strengths[strengths > 0]
    none = ["none"] if len(positive) < len(strengths) else []
    if is_grid(positive):
        return _values([*none, *map(power, sorted(positive.unique()))], strengths, has_none=bool(none))
    per_decade = 2 if is_fine and np.log10(positive.max() / positive.min()) < 6 else 1  # noqa: PLR2004
    steps = np.floor(np.log10(strengths.where(strengths > 0, positive.min())) * per_decade + 1e-9).astype(int)
    first, last = int(steps.min()), int(steps.max())
    edges = [power(float(f"{10 ** (step / per_decade):.1g}")) for step in range(first, last + 2)]
    bins = _ranges(edges, (steps - first + len(none)).where(strengths > 0, 0), has_none=bool(none))
    halves = [
        place
        for place, step in zip(list(bins.ticks)[len(none) :], range(first, last + 2), strict=True)
        if step % per_decade
    ]
    return replace(bins, ticks={place: label for place, label in bins.ticks.items() if place not in halves})


def dropout_bins(dropout: pd.Series, *, is_fine: bool) -> Bins:
    """Return dropout's rows: each value of a grid, or steps of 0.2 (0.1 where `is_fine`)."""
    if is_grid(dropout):
        return _values([show_number(value) for value in sorted(dropout.unique())], dropout, has_none=False)
    step = 0.1 if is_fine else 0.2
    index = np.floor(dropout / step + 1e-9).astype(int)
    return _ranges([f"{i * step:.1f}" for i in range(int(index.max()) + 2)], index, has_none=False)


def _starts(number: int, *, has_none: bool) -> np.ndarray:
    starts = np.arange(number, dtype=float)
    starts[1:] += GAP if has_none else 0
    return starts


def _values(labels: list[str], values: pd.Series, *, has_none: bool) -> Bins:
    places = {value: place for place, value in enumerate(sorted(values.unique()))}
    starts = _starts(len(labels), has_none=has_none)
    return Bins(labels, starts, values.map(places).astype(int), dict(zip(starts + 0.5, labels, strict=True)))


def _ranges(edges: list[str], index: pd.Series, *, has_none: bool) -> Bins:
    none = ["none"] if has_none else []
    labels = [*none, *(f"{low} to {high}" for low, high in pairwise(edges))]
    starts = _starts(len(labels), has_none=has_none)
    ticks = {0.5: "none"} if has_none else {}
    places = [*starts[len(none) :], starts[-1] + 1]
    return Bins(labels, starts, index.astype(int), {**ticks, **dict(zip(places, edges, strict=True))})
