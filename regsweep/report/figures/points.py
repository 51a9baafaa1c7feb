"""Which trials a figure shows, on which scale, and what they were regularized with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regsweep.numbers import show_number
from regsweep.report.details import read_config
from regsweep.report.figures.labels import count
from regsweep.report.habits import batch_norm_habit
from regsweep.report.sweep import as_text

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

PENALTY, STRENGTH = "regularizer.penalty", "regularizer.lambda"
DROPOUT, BATCH_NORM = "regularizer.dropout", "regularizer.batch_norm"
"""Columns of `settings`, by their keys in this project."""
ROLES = {
    PENALTY: ("penalty",),
    STRENGTH: ("lambda", "lambda_", "lambd", "weight_decay"),
    DROPOUT: ("dropout", "dropout_rate", "p_dropout"),
    BATCH_NORM: ("batch_norm", "batchnorm", "use_batch_norm", "use_bn"),
}
"""What a swept key is by its last part, in this project and in others."""


@dataclass(frozen=True)
class Score:
    """The axis of what trials are ranked by: accuracies in percent, anything else as it is.

    Attributes:
        column: of the table.
        title: says where less is better.
        factor: from the table to the axis.
    """

    column: str
    title: str
    factor: float

    def show(self, value: float) -> str:
        """Return a value of the table as text, on this axis' scale."""
        return self.label(value * self.factor)

    def titled(self, rest: str) -> str:
        """Return a figure's title: an accuracy by that word alone, whichever images it is of."""
        words = self.column.replace("_", " ")
        return f"Accuracy {rest}" if self.factor == 100 else f"{words[:1].upper()}{words[1:]} {rest}"  # noqa: PLR2004

    def label(self, y: float) -> str:
        """Return a place on this axis as text."""
        return f"{y:.2f} %" if self.factor == 100 else show_number(y, 4)  # noqa: PLR2004


def score(sweep: Sweep, column: str | None = None) -> Score:
    """Return the axis of `column`, which is the sweep's objective where none is named."""
    name = column or sweep.objective
    values = pd.to_numeric(sweep.trials[name], errors="coerce")
    is_share = name.lower().endswith(("accuracy", "acc")) and values.max() <= 1
    words = name.replace("_", " ")
    less = " (lower is better)" if name == sweep.objective and not sweep.maximize else ""
    return Score(name, f"{words} (%){less}", 100.0) if is_share else Score(name, f"{words}{less}", 1.0)


def complete(sweep: Sweep, *, repeats: bool = True) -> pd.DataFrame:
    """Return the complete trials that have a score; without `repeats`, none that only repeats another's number."""
    trials = sweep.trials
    values = pd.to_numeric(trials[sweep.objective], errors="coerce")
    kept: pd.Series = (trials["status"] == "complete") & values.abs().lt(np.inf)
    if not repeats:
        kept &= trials["duplicate_of"].isna()
    scored: pd.DataFrame = trials.assign(**{sweep.objective: values})
    return scored[kept]


def thin(trials: pd.DataFrame, keep: set[Any]) -> tuple[pd.DataFrame, str]:
    """Return at most about `MOST_POINTS` trials, evenly spaced and those of `keep` (numbers), and what to say of it."""
    if len(trials) <= MOST_POINTS:
        return trials, ""
    spaced = np.zeros(len(trials), dtype=bool)
    spaced[np.linspace(0, len(trials) - 1, MOST_POINTS).astype(int)] = True
    drawn = trials[spaced | trials["number"].isin(keep)]
    return drawn, f" {len(drawn):,} of {len(trials):,} points are drawn, evenly spaced; the table of trials has all."


@dataclass(frozen=True)
class Folded:
    """Scores as they are drawn: those far worse than all others stand at the edge of the worse side.

    Attributes:
        y: where each point is drawn.
        is_far: which points stand at the edge.
        edge: the worst score that is drawn in its place; None where all are.
        note: what to say of it; empty where all are drawn in their place.
        symbol: of a point at the edge.
    """

    y: pd.Series
    is_far: pd.Series
    edge: float | None = None
    note: str = ""
    symbol: str = "triangle-down-open"


def fold(values: pd.Series, unit: Score, *, maximize: bool) -> Folded:
    """Return where to draw `values` (on the axis' scale), so that a few very bad trials do not squeeze all others.

    The fence is that of a box plot, at three lengths of the box; all stay in their places where little is won.
    """
    sign = 1 if maximize else -1
    gains, fence = sign * values, -np.inf
    if len(values) >= LEAST_FOLDED:
        first, third = np.quantile(gains, [0.25, 0.75])
        fence = first - 3 * max(third - first, 0.01 * abs(third))
    is_far = gains < fence
    edge, best = float(gains[~is_far].min()), float(gains.max())
    if best - gains.min() <= LEAST_WON * (best - edge):
        return Folded(values, is_far & False)
    beyond, side, symbol = ("below", "lower", "down") if maximize else ("above", "upper", "up")
    trials = count(int(is_far.sum()), "trial")
    note = f" {trials} {beyond} {unit.label(sign * edge)}: open triangles at the {side} edge."
    y = values.mask(is_far, sign * (edge - 0.06 * (best - edge)))
    return Folded(y, is_far, sign * edge, note, f"triangle-{symbol}-open")


def is_grid(values: pd.Series) -> bool:
    """Return whether these numbers were typed and not drawn: few, of at most three digits."""
    different = values.dropna().unique()
    return len(different) <= MOST_VALUES and all(float(f"{value:.3g}") == value for value in different)


def roles(sweep: Sweep) -> dict[str, str]:
    """Return which swept key is the penalty, its strength, dropout and BatchNorm, for those that were swept."""
    found: dict[str, str] = {}
    for role, names in ROLES.items():
        keys = [key for key in sweep.swept if key.rpartition(".")[2].lower() in names]
        if role in keys or len(keys) == 1:  # with two, which one is meant is anyone's guess
            found[role] = role if role in keys else keys[0]
    return found


def settings(sweep: Sweep) -> pd.DataFrame:
    """Return what each trial was regularized with, parallel to the sweep's trials.

    Columns: `PENALTY` (a name, ``none`` where the strength is 0), `STRENGTH` (λ, 0 without a penalty), `DROPOUT`,
    `BATCH_NORM` (``off``, ``on`` or empty where unknown). What was not swept is read from the configuration of one
    trial for each preset. What nothing tells is NaN, or empty.
    """
    trials, keys = sweep.trials, roles(sweep)
    presets = as_text(trials["regularizer"]) if "regularizer" in sweep.swept else pd.Series("", index=trials.index)
    by_preset = {
        str(preset): _regularizer(sweep, group["number"]) for preset, group in trials.groupby(presets, sort=False)
    }

    def of(role: str) -> pd.Series:
        if role in keys:
            return trials[keys[role]]
        return presets.map(
            {preset: found.get(role.removeprefix("regularizer.")) for preset, found in by_preset.items()}
        ).astype(object)

    strength = pd.to_numeric(of(STRENGTH), errors="coerce")
    penalty = of(PENALTY).map(lambda value: None if _is_absent(value) else str(value))
    strength = strength.mask(penalty == "none", 0.0)
    penalty = penalty.mask(strength == 0, "none")
    return pd.DataFrame(
        {
            PENALTY: penalty.where(penalty.notna(), ""),
            STRENGTH: strength,
            DROPOUT: pd.to_numeric(of(DROPOUT), errors="coerce"),
            BATCH_NORM: of(BATCH_NORM).map(_switch),
        },
        index=trials.index,
    )


def without_regularization(found: pd.DataFrame) -> pd.Series:
    """Return which trials of `settings` had no penalty, no dropout and no BatchNorm."""
    return (found[STRENGTH] == 0) & (found[DROPOUT].fillna(0) == 0) & (found[BATCH_NORM] != "on")


def _regularizer(sweep: Sweep, numbers: pd.Series) -> Mapping[str, Any]:
    """Return the regularizer's settings of the first of these trials that has a configuration; empty without one."""
    for number in numbers.head(5):
        config = read_config(sweep, number)
        regularizer = (config or {}).get("regularizer")
        if isinstance(regularizer, Mapping):
            model = (config or {}).get("model")
            habit = batch_norm_habit(model.get("_target_") if isinstance(model, Mapping) else None)
            found = {str(key): value for key, value in regularizer.items()}
            return {**found, "batch_norm": habit} if found.get("batch_norm") is None else found
    return {}


def _is_absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _switch(value: Any) -> str:
    return {"true": "on", "false": "off", "1": "on", "0": "off"}.get(str(value).lower(), "")
