"""Trials that a pruner gave up, in figures: crosses at their last value, apart from every mean, median, line and cell.

A pruned trial's last value is what the objective was after the last epoch that it trained. The table of trials has it
in the objective's own column: this project's records, and Optuna's studies, keep it there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regsweep.numbers import count
from regsweep.report.figures.labels import hovers
from regsweep.report.figures.points import BEYOND, LEAST_FOLDED, MOST_POINTS, Folded, Score, thin
from regsweep.report.figures.theme import GREY, MANY_DOTS, dots

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

NAME = "pruned"
"""In legends."""
SYMBOL = "x-thin-open"


@dataclass(frozen=True)
class Pruned:
    """Pruned trials as a figure draws them.

    Attributes:
        trials: rows of the sweep's table, with its index; the objective is the last value.
        y: where each is drawn, on the axis' scale.
        is_far: which of them stand at the edge of the worse side.
        hover: text beside each.
        far_symbol: of those at the edge.
        num_drawn: how many the figure has.
        note: for the caption; empty where no trial was pruned.
    """

    trials: pd.DataFrame
    y: pd.Series
    is_far: pd.Series
    hover: pd.Series
    far_symbol: str
    num_drawn: int
    note: str


def with_last_value(sweep: Sweep) -> pd.DataFrame:
    """Return the pruned trials whose last value is on record."""
    trials = sweep.trials
    values = pd.to_numeric(trials[sweep.objective], errors="coerce")
    kept = (trials["status"] == "pruned") & values.abs().lt(np.inf)
    return trials.assign(**{sweep.objective: values})[kept]


def epochs_of(sweep: Sweep, trials: pd.DataFrame) -> pd.Series:
    """Return how many epochs each trial trained, parallel to `trials`; the last step that it reported; else NaN."""
    on_record = trials["epochs"] if "epochs" in trials else pd.Series(np.nan, index=trials.index)
    epochs = pd.to_numeric(on_record, errors="coerce").astype(float)
    last = sweep.steps.groupby("number")["step"].max() if len(sweep.steps) else pd.Series(dtype=float)
    return epochs.fillna(trials["number"].map(last).astype(float))


def place_pruned(sweep: Sweep, axis: Score, folded: Folded, trials: pd.DataFrame, *, is_alone: bool = True) -> Pruned:
    """Return where to draw the pruned trials beside complete ones.

    They stop early, so their values may lie far below: those that would squeeze the complete ones, where there are
    several, into less than a quarter of the figure stand at the edge.

    Args:
        sweep: of the trials.
        axis: of the score.
        folded: the complete trials, as they are drawn.
        trials: those `with_last_value` that this figure has a place for.
        is_alone: whether the figure shows nothing else that is computed from them.
    """
    drawn, thinned = thin(trials, set(), MOST_POINTS // 2)
    values = drawn[sweep.objective] * axis.factor
    sign = 1 if sweep.maximize else -1
    limit, edge = _limit(sign * folded.y, folded, sign)
    is_far = (sign * values < limit).sort_values(kind="stable")  # the legend shows the first one's symbol
    num_far = int((sign * axis.factor * trials[sweep.objective] < limit).sum())
    drawn, values = drawn.loc[is_far.index], values[is_far.index]
    shown = [
        f"pruned{'' if np.isnan(epoch) else f' {_when(sweep, [epoch])}'}: {axis.show(value)}"
        for epoch, value in zip(epochs_of(sweep, drawn), drawn[sweep.objective], strict=True)
    ]
    beyond, side, symbol = ("below", "lower", "down") if sweep.maximize else ("above", "upper", "up")
    far = f"{beyond} {axis.label(sign * limit)}" if num_far else ""
    note = _note(sweep, trials, (num_far, far, side), is_alone=is_alone) + thinned
    return Pruned(
        drawn,
        values.mask(is_far, sign * edge),
        is_far,
        pd.Series(hovers(drawn, sweep.settings, shown), index=drawn.index, dtype=object),
        f"triangle-{symbol}-open",
        len(drawn),
        note,
    )


def _limit(gains: pd.Series, folded: Folded, sign: int) -> tuple[float, float]:
    """Return a limit, and where what is worse than it is drawn, both with more being better."""
    if len(gains) < LEAST_FOLDED or gains.min() == gains.max():
        return -np.inf, -np.inf
    worst, best = float(gains.min()), float(gains.max())
    limit = sign * folded.edge if folded.edge is not None else worst - BEYOND * (best - worst)
    return limit, limit - 0.06 * (best - limit)


def _when(sweep: Sweep, ends: Sequence[float]) -> str:
    """Return when trials were given up: after so many epochs, or at a step, whose numbers are the application's own."""
    first, last = int(min(ends)), int(max(ends))
    if sweep.is_own:
        return f"after {count(last, 'epoch')}" if first == last else f"after {first:,} to {last:,} epochs"
    return f"at step {last}" if first == last else f"at steps {first} to {last}"


def _note(sweep: Sweep, drawn: pd.DataFrame, far: tuple[int, str, str], *, is_alone: bool) -> str:
    """Return the caption's sentence on pruned trials: how many they are, how many are drawn, and where.

    Args:
        sweep: of the trials.
        drawn: those that the figure has a place for.
        far: how many of these stand at the edge, beyond which value they are, and at which edge.
        is_alone: whether the figure shows nothing else that is computed from them.
    """
    total = int((sweep.trials["status"] == "pruned").sum())
    if drawn.empty:
        return f" {count(total, 'pruned trial')} not drawn." if total else ""
    number = len(drawn)
    of_all = count(total, "pruned trial") if number == total else f"{number:,} of {count(total, 'pruned trial')}"
    num_far, beyond, side = far
    triangles = f"{'a grey triangle' if num_far == 1 else 'grey triangles'} at the {side} edge"
    what = "a cross at its last value" if number == 1 else "crosses at their last values"
    if num_far == number:
        what = f"{triangles}, as {'its last value is' if number == 1 else 'their last values are'} {beyond}"
    elif num_far:
        what += f" ({num_far:,} {beyond}: {triangles})"
    epochs = epochs_of(sweep, drawn)
    when = "" if epochs.isna().any() else f", {_when(sweep, list(epochs))}"
    alone = f"; nothing else is computed from {_them(number)}" if is_alone else ""
    return f" {of_all}: {what}{when}{alone}."


def _them(number: int) -> str:
    return "it" if number == 1 else "them"


def add_pruned(
    figure: go.Figure, x: Sequence[float] | pd.Series, pruned: Pruned, *, cell: Mapping[str, int] | None = None
) -> None:
    """Add pruned trials at the places `x` (parallel), with an entry in the legend; nothing where there are none."""
    if pruned.trials.empty:
        return
    figure.add_scatter(
        x=x,
        y=pruned.y,
        mode="markers",
        name=NAME,
        legendgroup=NAME,
        showlegend=not any(trace.name == NAME for trace in figure.data),
        marker=look(pruned.num_drawn, [pruned.far_symbol if far else SYMBOL for far in pruned.is_far]),
        customdata=list(pruned.trials["number"]),
        hovertext=pruned.hover,
        hovertemplate="%{hovertext}<extra></extra>",
        **(cell or {}),
    )


def look(number: int, symbols: Sequence[str] | str = SYMBOL) -> dict[str, Any]:
    """Return the markers of so many pruned trials."""
    width = 1.8 if number <= MANY_DOTS else 1.2
    return {"symbol": symbols, "color": GREY, **dots(number), "line": {"width": width, "color": GREY}}


def only(pruned: Pruned, kept: pd.Series | np.ndarray) -> Pruned:
    """Return some of the pruned trials; `kept` is parallel to them."""
    some = {name: getattr(pruned, name)[kept] for name in ("trials", "y", "is_far", "hover")}
    return replace(pruned, **some)
