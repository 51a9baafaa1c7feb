"""Accuracy against sparsity: what exact zeros cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regsweep.numbers import count, show_share
from regsweep.report.figures.captions import zeros_follow
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import hovers
from regsweep.report.figures.points import Folded, Score, complete, configurations, fold, noun, score, thin
from regsweep.report.figures.pruned import add_pruned, place_pruned, with_last_value
from regsweep.report.figures.stems import stem
from regsweep.report.figures.theme import BEST, POINTS, dots, from_zero, new_figure

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

NAME, TITLE = "sparsity_front", "against exact zeros"
MOST_NAMED = 3
"""So many points that are not joined have their values in the caption."""


def draw(evidence: Evidence) -> Drawing:
    """Draw every complete trial, and the front of those that no other beats in both."""
    sweep = evidence.sweep
    trials = complete(sweep) if sweep.seed_key is None else configurations(sweep)
    sparsity, axis = pd.to_numeric(trials["sparsity"], errors="coerce"), score(sweep)
    left_out, name, title = int(sparsity.isna().sum()), stem(sweep, NAME), axis.titled(TITLE)
    trials, sparsity = trials[sparsity.notna()], sparsity.dropna()
    if not (sparsity > 0).any():
        return Drawing(name, title, missing="no complete trial has exact zeros on record")
    if len(trials) < 2:  # noqa: PLR2004
        return Drawing(name, title, missing=f"one {noun(sweep)} is not a front")
    data = trials[["number", sweep.objective]].assign(sparsity=sparsity)
    data["on_front"] = front(sparsity.to_numpy(), trials[sweep.objective].to_numpy() * (1 if sweep.maximize else -1))
    given_up = with_last_value(sweep)
    given_up = given_up.assign(sparsity=pd.to_numeric(given_up["sparsity"], errors="coerce"))
    given_up = given_up[given_up["sparsity"].notna()]
    has_pruned, what = not given_up.empty, noun(sweep).split()[-1]
    folded = fold(
        data[sweep.objective] * axis.factor,
        axis,
        maximize=sweep.maximize,
        what=what,
        has_pruned=has_pruned,
    )
    pruned = place_pruned(sweep, axis, folded, given_up)
    drawing = data.assign(_hover=_hovers(sweep, trials, sparsity, axis), _y=folded.y, _is_far=folded.is_far)
    drawn, thinned = thin(drawing[~drawing["on_front"]], set())
    on_front = drawing[drawing["on_front"]].sort_values(["sparsity", "_y"])
    figure = new_figure(440)
    a_point = "a trial" if sweep.seed_key is None else "mean of a configuration"
    _add_points(figure, drawn, {"name": a_point, "color": POINTS, **dots(len(drawn), 7)}, "circle", folded)
    _add_points(figure, on_front, {"name": "on the front", "color": BEST, "size": 10}, "diamond", folded)
    _add_line(figure, on_front)
    add_pruned(figure, 100 * given_up["sparsity"][pruned.trials.index], pruned)
    zeros = 100 * pd.concat([sparsity, given_up["sparsity"]])
    figure.update_xaxes(title_text="exact zeros (% of all weights)", range=from_zero(zeros, most=100))
    figure.update_yaxes(title_text=axis.title)
    caption = _caption(sweep, data) + folded.note + _not_joined(sweep, on_front, axis) + thinned
    caption += f" {count(left_out, noun(sweep))} without zeros on record left out." if left_out else ""
    caption += pruned.note
    rows = given_up[["number", sweep.objective, "sparsity"]].assign(on_front=False, status="pruned")
    table = pd.concat([data.assign(status="complete"), rows])
    return Drawing(name, title, caption, figure, table)


def _hovers(sweep: Sweep, trials: pd.DataFrame, sparsity: pd.Series, axis: Score) -> list[str]:
    values = zip(trials[sweep.objective], sparsity, strict=True)
    return hovers(
        trials, sweep.settings, [f"{axis.show(value)}, {show_share(zeros)} exact zeros" for value, zeros in values]
    )


def _add_points(figure: go.Figure, points: pd.DataFrame, look: dict[str, object], symbol: str, folded: Folded) -> None:
    if points.empty:
        return
    points = points.sort_values("_is_far", kind="stable")  # the legend shows the first point's symbol
    figure.add_scatter(
        x=100 * points["sparsity"],
        y=points["_y"],
        mode="markers",
        name=look["name"],
        marker={
            **{key: value for key, value in look.items() if key != "name"},
            "symbol": [folded.symbol if far else symbol for far in points["_is_far"]],
        },
        customdata=list(points["number"]),
        hovertext=points["_hover"],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _add_line(figure: go.Figure, on_front: pd.DataFrame) -> None:
    """Join the front where it is drawn in its place: at the axis' edge a line would have a height that is not true."""
    steps = on_front[~on_front["_is_far"]].drop_duplicates("sparsity")
    figure.add_scatter(
        x=100 * steps["sparsity"],
        y=steps["_y"],
        mode="lines",
        line={"color": BEST, "width": 2, "shape": "vh"},
        showlegend=False,
        hoverinfo="skip",
    )


def _caption(sweep: Sweep, data: pd.DataFrame) -> str:
    over = "" if sweep.seed_key is None else ", at the means of both over its seeds"
    with_zeros = data["number"][data["sparsity"] > 0]
    return (
        f"Each point is one of {count(len(data), noun(sweep))}{over}. On the front: no other of these is at least as"
        f" sparse and at least as good, and better in one of the two.{zeros_follow(sweep, with_zeros)}"
    )


def _not_joined(sweep: Sweep, on_front: pd.DataFrame, axis: Score) -> str:
    """Return which points of the front the line leaves out, with their true values."""
    far = on_front[on_front["_is_far"]]
    if far.empty:
        return ""
    values = zip(far["number"], far[sweep.objective], far["sparsity"], strict=True)
    one = "trial" if sweep.seed_key is None else "the configuration of trial"
    named = [f"{one} {number} ({axis.show(value)}, {show_share(zeros)} zeros)" for number, value, zeros in values]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return f" Of the front, but not joined by its line: {', '.join(named[:MOST_NAMED])}{more}."


def front(sparsity: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Return which points no other beats: at least as high in both, higher in one. Equal points stand together."""
    order = np.lexsort((-gain, -sparsity))  # the sparsest first, of these the best
    on_front = np.zeros(len(order), dtype=bool)
    best, at = -np.inf, np.nan
    for i in order:
        if gain[i] > best:
            on_front[i], best, at = True, gain[i], sparsity[i]
        elif gain[i] == best and sparsity[i] == at:
            on_front[i] = True
    return on_front
