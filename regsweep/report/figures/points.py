"""Which trials a figure shows, on which scale, and what they were regularized with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regsweep.numbers import show_number
from regsweep.report.figures.labels import count

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

    Columns: `PENALTY` (a name, ``none`` without one, several joined by +), `STRENGTH` (λ, 0 without a penalty, NaN
    where several have one), `DROPOUT`, `BATCH_NORM` (``off``, ``on`` or empty where unknown). Of this project's own
    trials the records say it; of another application's, swept keys with usual names.
    """
    found = _of_records(sweep) if sweep.is_own else _of_keys(sweep)
    return pd.DataFrame(found, index=sweep.trials.index, columns=[PENALTY, STRENGTH, DROPOUT, BATCH_NORM])


def _of_records(sweep: Sweep) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number in sweep.trials["number"]:
        known = sweep.regularization.get(number)
        if known is None:
            rows.append({PENALTY: "", STRENGTH: np.nan, DROPOUT: np.nan, BATCH_NORM: ""})
            continue
        penalties = [method for method in known.methods.values() if method.is_penalty]
        strengths = [float(method.settings[method.main]) for method in penalties if method.main is not None]
        dropout = known.methods.get("dropout")
        rows.append(
            {
                PENALTY: " + ".join(method.title for method in penalties) or "none",
                STRENGTH: strengths[0] if len(strengths) == 1 else np.nan if strengths else 0.0,
                DROPOUT: float(dropout.settings["p"]) if dropout is not None else 0.0,
                BATCH_NORM: {True: "on", False: "off", None: ""}[known.batch_norm],
            }
        )
    return rows


def _of_keys(sweep: Sweep) -> dict[str, pd.Series]:
    trials, keys = sweep.trials, roles(sweep)
    unknown = pd.Series(None, index=trials.index, dtype=object)
    columns = {role: trials[keys[role]] if role in keys else unknown for role in ROLES}
    strength = pd.to_numeric(columns[STRENGTH], errors="coerce")
    penalty = columns[PENALTY].map(lambda value: None if _is_absent(value) else str(value))
    strength = strength.mask(penalty == "none", 0.0)
    penalty = penalty.mask(strength == 0, "none")
    return {
        PENALTY: penalty.where(penalty.notna(), ""),
        STRENGTH: strength,
        DROPOUT: pd.to_numeric(columns[DROPOUT], errors="coerce"),
        BATCH_NORM: columns[BATCH_NORM].map(_switch),
    }


def without_regularization(sweep: Sweep) -> pd.Series:
    """Return which trials are known to have had no regularization, parallel to the sweep's trials."""
    if sweep.is_own:
        numbers = sweep.trials["number"]
        return numbers.map(lambda number: number in sweep.regularization and not sweep.kind(number)).astype(bool)
    found = settings(sweep)
    return (found[STRENGTH] == 0) & (found[DROPOUT].fillna(0) == 0) & (found[BATCH_NORM] != "on")


def _is_absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _switch(value: Any) -> str:
    return {"true": "on", "false": "off", "1": "on", "0": "off"}.get(str(value).lower(), "")
