"""Which trials a figure shows, and on which scale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regsweep.numbers import count, show_number
from regsweep.report.pooled import mean_interval

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

MOST_POINTS = 3000
"""A browser draws so many with ease; beyond, evenly spaced ones are drawn."""

MOST_VALUES = 12
"""So many different values of a parameter can be a grid's; more are a search's."""
LEAST_WON = 1.5
"""An axis is folded where it would be so many times as long otherwise."""
LEAST_FOLDED = 8
"""Among fewer scores none is called an outlier."""

BEYOND = 3
"""So many times the height of complete trials an axis goes on for pruned ones: a quarter of it is theirs at least."""

ROUNDING = 1e-12
"""What differences that cancel may be off by, on an axis."""


@dataclass(frozen=True)
class Score:
    """The axis of what trials are ranked by: accuracies in percent, anything else as it is.

    Attributes:
        column: of the table.
        title: with a note where less is better, and where scores of several data sets stand beside each other.
        factor: from the table to the axis.
    """

    column: str
    title: str
    factor: float

    def show(self, value: float) -> str:
        """Return a value of the table as text, on this axis' scale."""
        return self.label(value * self.factor)

    def titled(self, rest: str) -> str:
        """Return a figure's title: an accuracy by that word alone, whichever examples it is of."""
        words = self.column.replace("_", " ")
        if self.factor == 100:  # noqa: PLR2004
            words = "balanced accuracy" if words.endswith("balanced accuracy") else "accuracy"
        return f"{words[:1].upper()}{words[1:]} {rest}"

    def label(self, y: float) -> str:
        """Return a place on this axis as text."""
        return f"{y:.2f} %" if self.factor == 100 else show_number(y, 4)  # noqa: PLR2004

    def difference(self, step: float) -> str:
        """Return a distance on this axis as text, with its sign."""
        is_share = self.factor == 100  # noqa: PLR2004
        size = f"{abs(step):.2f}" if is_share else show_number(abs(step) if abs(step) > ROUNDING else 0.0)
        sign = "" if float(size) == 0 else "−" if step < 0 else "+"
        return f"{sign}{size}{' points' if is_share else ''}"


def score(sweep: Sweep, column: str | None = None) -> Score:
    """Return the axis of `column`, which is the sweep's objective where none is named."""
    name = column or sweep.objective
    values = pd.to_numeric(sweep.trials[name], errors="coerce")
    is_share = sweep.is_percent(name) if sweep.is_own else name.lower().endswith(("accuracy", "acc"))
    is_share = is_share and not (values > 1).any()
    words = name.replace("_", " ")
    note = " (lower is better)" if name == sweep.objective and not sweep.maximize else ""
    note += ", several data sets" if sweep.data_keys else ""
    return Score(name, f"{words} (%){note}", 100.0) if is_share else Score(name, f"{words}{note}", 1.0)


def complete(sweep: Sweep, *, repeats: bool = True) -> pd.DataFrame:
    """Return the complete trials that have a score; without `repeats`, none that only repeats another's number."""
    trials = sweep.trials
    values = pd.to_numeric(trials[sweep.objective], errors="coerce")
    kept: pd.Series = (trials["status"] == "complete") & values.abs().lt(np.inf)
    if not repeats:
        kept &= trials["duplicate_of"].isna()
    scored: pd.DataFrame = trials.assign(**{sweep.objective: values})
    return scored[kept]


def configurations(sweep: Sweep) -> pd.DataFrame:
    """Return a row per configuration that has a score, in the order of their first trials; without seeds, per trial.

    A row is that of the configuration's first trial, its index too, with the mean in place of the score (and of the
    sparsity). Where seeds were swept there are further columns: ``low`` and ``high`` of the mean's 95 % interval (the
    mean itself where there is none), ``seeds`` (every score, by trial), ``title`` (which trials these are).
    """
    trials = complete(sweep, repeats=False)
    if sweep.seed_key is None:
        return trials
    by_number = trials.set_index("number")
    kept = sorted((each for each in sweep.configurations if each.values), key=lambda each: each.number)
    rows = trials[trials["number"].isin([each.number for each in kept])].sort_values("number", kind="stable")
    intervals = [mean_interval(sweep, each) for each in kept]
    return rows.assign(
        **{sweep.objective: [each.mean for each in kept]},
        sparsity=[pd.to_numeric(by_number.loc[[*each.numbers], "sparsity"], errors="coerce").mean() for each in kept],
        low=[each.mean if found is None else found.low for each, found in zip(kept, intervals, strict=True)],
        high=[each.mean if found is None else found.high for each, found in zip(kept, intervals, strict=True)],
        seeds=pd.Series([dict(zip(e.numbers, e.values, strict=True)) for e in kept], index=rows.index, dtype=object),
        title=[f"mean of {count(len(each.values), 'seed')}: trial{_listed(each.numbers)}" for each in kept],
    )


def _listed(numbers: Sequence[int]) -> str:
    return f"s {', '.join(map(str, numbers))}" if len(numbers) > 1 else f" {numbers[0]}"


def noun(sweep: Sweep) -> str:
    """Return what a row of `configurations` is."""
    return "complete trial" if sweep.seed_key is None else "configuration"


def thin(trials: pd.DataFrame, keep: set[Any], most: int = MOST_POINTS) -> tuple[pd.DataFrame, str]:
    """Return at most about `most` trials, evenly spaced and those of `keep` (numbers), and a note on it."""
    if len(trials) <= most:
        return trials, ""
    spaced = np.zeros(len(trials), dtype=bool)
    spaced[np.linspace(0, len(trials) - 1, most).astype(int)] = True
    drawn = trials[spaced | trials["number"].isin(keep)]
    return drawn, f" {len(drawn):,} of {len(trials):,} points are drawn; the table of trials has all."


def thinned(notes: Iterable[str]) -> str:
    """Return one note for the notes that `thin` gave on a figure's panels."""
    found = list(dict.fromkeys(notes))
    if len(found) < 2:  # noqa: PLR2004
        return "".join(found)
    return " Of the points of some panels a part is drawn; the table of trials has all."


@dataclass(frozen=True)
class Folded:
    """Scores as they are drawn: those far worse than all others stand at the edge of the worse side.

    Attributes:
        y: where each point is drawn.
        is_far: which points stand at the edge.
        edge: the worst score that is drawn in its place; None where all are.
        words: what a point is, beyond which score those at the edge are, and at which edge.
        symbol: of a point at the edge.
        sign: 1 where more is better, else -1.
    """

    y: pd.Series
    is_far: pd.Series
    edge: float | None = None
    words: tuple[str, str, str] = ("", "", "")
    symbol: str = "triangle-down-open"
    sign: int = 1

    @property
    def note(self) -> str:
        """The caption's sentence on the points at the edge; empty where there is none."""
        return self.note_of(self.is_far.index)

    def note_of(self, drawn: pd.Index) -> str:
        """Return the same of a figure that has a place for these points alone."""
        number = int(self.is_far[self.is_far.index.isin(drawn)].sum())
        what, beyond, side = self.words
        triangles = "an open triangle" if number == 1 else "open triangles"
        return f" {count(number, what)} {beyond}: {triangles} at the {side} edge." if number else ""

    def holds(self, values: pd.Series) -> pd.Series:
        """Return which of other values, on the same scale, are drawn in their place: a line joins no others."""
        return values.notna() if self.edge is None else self.sign * values >= self.sign * self.edge


def fold(
    values: pd.Series,
    unit: Score,
    *,
    maximize: bool,
    least: int = LEAST_FOLDED,
    what: str = "trial",
    is_along_x: bool = False,
    has_pruned: bool = False,
) -> Folded:
    """Return where to draw `values` (on the axis' scale), so that a few very bad trials do not squeeze all others.

    The fence is that of a box plot, at three lengths of the box; all stay in their places where little is won, and
    where there are fewer than `least`. With pruned trials beside them, which are worse, the axis goes on for `BEYOND`
    times as long. The note calls each of them `what`.
    """
    sign = 1 if maximize else -1
    gains = sign * values
    if len(values) < least:
        return Folded(values, gains < -np.inf, sign=sign)
    first, third = np.quantile(gains, [0.25, 0.75])
    is_far = gains < first - 3 * max(third - first, 0.01 * abs(third))
    edge, best = float(gains[~is_far].min()), float(gains.max())
    if best - gains.min() <= LEAST_WON * (best - edge):
        return Folded(values, is_far & False, sign=sign)
    if has_pruned:
        edge -= BEYOND * (best - edge)
        is_far = gains < edge
        if not is_far.any():
            return Folded(values, is_far, sign=sign)
    sides = (("left", "left"), ("right", "right")) if is_along_x else (("lower", "down"), ("upper", "up"))
    beyond, (side, symbol) = ("below", sides[0]) if maximize else ("above", sides[1])
    words = (what, f"{beyond} {unit.label(sign * edge)}", side)
    y = values.mask(is_far, sign * (edge - 0.06 * (best - edge)))
    return Folded(y, is_far, sign * edge, words, f"triangle-{symbol}-open", sign)


def is_grid(values: pd.Series) -> bool:
    """Return whether these numbers were typed and not drawn: few, of at most three digits."""
    different = values.dropna().unique()
    return len(different) <= MOST_VALUES and all(float(f"{value:.3g}") == value for value in different)
