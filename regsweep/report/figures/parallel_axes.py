"""The axes of parallel coordinates: where each trial stands on them, from 0 at the foot to 1 at the head."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING

import pandas as pd

from regsweep.numbers import count, show_number
from regsweep.report.figures.points import fold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regsweep.report.figures.points import Score
    from regsweep.report.figures.slices import Slice

APART = 0.1
"""How far from its scale, as a part of an axis, what has no place on it stands."""
CLOSER = 0.4
"""How far apart lines through one word are, as a part of what points of one word are in a panel of their own."""
LINE_HEIGHT = 0.05
"""What a tick's label takes of an axis."""
MOST_TICKS = 6
ROUNDING = 1e-9
"""How far off a number may be, as a part of its scale, by the rounding of what it was computed from."""
MISSING = "–"


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        key: the column of the table of trials.
        title: above it.
        places: of each trial, by the table's index.
        ticks: labels by their places.
        note: for the caption; empty where there is nothing to say.
        factor: from the table's values to those that are shown.
    """

    key: str
    title: str
    places: pd.Series
    ticks: dict[float, str]
    note: str = ""
    factor: float = 1.0


@dataclass(frozen=True)
class _Scale:
    """From the values of an axis, or their logarithms, to its places."""

    low: float
    high: float
    foot: float = 0.0
    head: float = 1.0

    def place(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.foot + (self.head - self.foot) * part

    def ticks(self, labels: Mapping[float, str]) -> dict[float, str]:
        """Return the labels within the scale, its ends included, that have room above the one before."""
        kept: dict[float, str] = {}
        off = ROUNDING * (self.high - self.low)
        for value, label in sorted(labels.items()):
            place = self.place(min(max(value, self.low), self.high))
            has_room = place >= max(kept, default=-1.0) + LINE_HEIGHT - ROUNDING
            if self.low - off <= value <= self.high + off and has_room:
                kept[place] = label
        return kept


def of_parameter(each: Slice, index: pd.Index) -> Axis:
    """Return the axis of a parameter; trials that do not have it stand below its scale."""
    on_log = each.axis["type"] == "log"
    values = each.places.map(log10) if on_log else each.places
    if each.are_words:
        values = values.round() + CLOSER * (values - values.round())
    is_partial = len(values) < len(index)
    scale = _Scale(float(values.min()), float(values.max()), APART if is_partial else 0.0)
    listed = {log10(value) if on_log else value: label for value, label in each.listed.items()}
    ticks = scale.ticks(listed or _marks(scale, on_log=on_log))
    return Axis(
        each.key,
        each.name,
        values.map(scale.place).reindex(index).fillna(0.0),
        {0.0: MISSING, **ticks} if is_partial else ticks,
    )


def of_score(unit: Score, trials: pd.DataFrame, *, maximize: bool) -> Axis:
    """Return the axis of an objective; trials that are far worse than all others stand beyond its scale."""
    values = pd.to_numeric(trials[unit.column], errors="coerce").astype(float) * unit.factor
    known = values.dropna()
    folded = fold(known, unit, maximize=maximize)
    near, far = known[~folded.is_far], known[folded.is_far]
    foot = APART * ((len(known) < len(values)) + (len(far) > 0 and maximize))
    head = 1 - APART if len(far) and not maximize else 1.0
    scale = _Scale(float(near.min()), float(near.max()), foot, head)
    ticks, note = scale.ticks(_marks(scale, on_log=False)), ""
    places = near.map(scale.place)
    if folded.edge is not None:
        edge = unit.label(folded.edge)
        beyond, sign, side, end = ("below", "<", "foot", foot - APART) if maximize else ("above", ">", "head", 1.0)
        places = pd.concat([places, pd.Series(end, index=far.index)])
        ticks = {**ticks, end: f"{sign} {edge}"}
        note = f" {count(len(far), 'trial')} {beyond} {edge}: off the scale, at the axis's {side}."
    if len(known) < len(values):
        ticks = {0.0: MISSING, **ticks}
    return Axis(unit.column, unit.title, places.reindex(trials.index).fillna(0.0), ticks, note, unit.factor)


def _marks(scale: _Scale, *, on_log: bool) -> dict[float, str]:
    """Return round numbers on a scale with their labels; on a log axis by their exponents of ten."""
    low, high = scale.low, scale.high
    if on_log:
        factors = (1,) if high - low > 2 else (1, 2, 5)  # noqa: PLR2004
        exponents = range(floor(low), ceil(high) + 1)
        return {exponent + log10(factor): _power(factor, exponent) for exponent in exponents for factor in factors}
    if not high > low:  # one value, or none
        return {low: f"{low:.4g}"}
    rough = (high - low) / MOST_TICKS
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - ROUNDING))
    first, last = ceil(low / step - ROUNDING), floor(high / step + ROUNDING)
    values = [step * number for number in range(first, last + 1)]
    labels = [f"{value:.6g}" for value in values]
    if len(set(labels)) < len(labels):  # close together, far from zero
        digits = floor(log10(max(abs(low), abs(high)))) - floor(log10(step)) + 1
        labels = [show_number(value, digits) for value in values]
    return dict(zip(values, labels, strict=True))


def _power(factor: int, exponent: int) -> str:
    is_short = -2 <= exponent <= 4  # noqa: PLR2004
    return f"{factor * 10.0**exponent:g}" if is_short else f"{factor}e{exponent}"
