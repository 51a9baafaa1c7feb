"""Accuracy against sparsity: what exact zeros cost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import ZEROS_FOLLOW, count, hovers
from regsweep.report.figures.points import complete, configurations, fold, noun, score, thin
from regsweep.report.figures.pruned import add_pruned, place_pruned, with_last_value
from regsweep.report.figures.theme import BEST, POINTS, dots, new_figure

NAME, TITLE = "accuracy_sparsity_front", "Accuracy against exact zeros"


def draw(evidence: Evidence) -> Drawing:
    """Draw every complete trial, and the front of those that no other beats in both."""
    sweep = evidence.sweep
    trials = complete(sweep) if sweep.seed_key is None else configurations(sweep)
    sparsity = pd.to_numeric(trials["sparsity"], errors="coerce")
    trials, sparsity = trials[sparsity.notna()], sparsity.dropna()
    if not (sparsity > 0).any():
        return Drawing(NAME, TITLE, missing="no complete trial has a weight that is exactly zero")
    if len(trials) < 2:  # noqa: PLR2004
        return Drawing(NAME, TITLE, missing=f"one {noun(sweep)} is not a front")
    axis = score(sweep)
    data = trials[["number", sweep.objective]].assign(sparsity=sparsity)
    data["on_front"] = front(sparsity.to_numpy(), trials[sweep.objective].to_numpy() * (1 if sweep.maximize else -1))
    shown = [
        f"{axis.show(value)}, {zeros:.1%} exact zeros"
        for value, zeros in zip(trials[sweep.objective], sparsity, strict=True)
    ]
    values = data[sweep.objective] * axis.factor
    given_up = with_last_value(sweep)
    folded = fold(values, axis, maximize=sweep.maximize, has_pruned=not given_up.empty)
    data = data.assign(_hover=hovers(trials, sweep.settings, shown), _y=folded.y, _is_far=folded.is_far)
    on_front = data[data["on_front"]].sort_values(["sparsity", "_y"])
    figure = new_figure(440)
    drawn, thinned = thin(data[~data["on_front"]], set())
    looks = (
        (
            "a trial" if sweep.seed_key is None else "mean of a configuration",
            drawn,
            {"color": POINTS, **dots(len(drawn), 7)},
            "circle",
        ),
        ("on the front", on_front, {"color": BEST, "size": 10}, "diamond"),
    )
    for name, points, look, symbol in looks:
        symbols = [folded.symbol if far else symbol for far in points["_is_far"]]
        figure.add_scatter(
            x=100 * points["sparsity"],
            y=points["_y"],
            mode="markers",
            name=name,
            marker={**look, "symbol": symbols},
            hovertext=points["_hover"],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    zeros = pd.to_numeric(given_up["sparsity"], errors="coerce")
    given_up = given_up[zeros.notna()]
    pruned = place_pruned(sweep, axis, folded, given_up)
    add_pruned(figure, 100 * zeros[pruned.trials.index], pruned)
    steps = on_front.drop_duplicates("sparsity")
    figure.add_scatter(
        x=100 * steps["sparsity"],
        y=steps["_y"],
        mode="lines",
        line={"color": BEST, "width": 2, "shape": "vh"},
        showlegend=False,
        hoverinfo="skip",
    )
    figure.update_xaxes(title_text="exact zeros (% of all weights)", rangemode="tozero")
    figure.update_yaxes(title_text=axis.title)
    over = "" if sweep.seed_key is None else ", at the means of both over its seeds"
    caption = (
        f"Each point is one of {count(len(data), noun(sweep))}{over}. On the front: no other is at least as sparse"
        " and at least as good, and better in one of the two. Zeros are those of the final weights."
        f" {ZEROS_FOLLOW}"
    )
    title = axis.titled("against exact zeros")
    rows = given_up[["number", sweep.objective]].assign(sparsity=zeros, on_front=False, status="pruned")
    data = pd.concat([data.drop(columns=["_hover", "_y", "_is_far"]).assign(status="complete"), rows])
    return Drawing(NAME, title, caption + folded.note + thinned + pruned.note, figure, data)


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
