"""Accuracy over λ: a log axis, with the trials without a penalty on a tick of their own, left of a break."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import count, hovers, power, text
from regsweep.report.figures.points import (
    BATCH_NORM,
    PENALTY,
    STRENGTH,
    Folded,
    Score,
    complete,
    fold,
    is_grid,
    roles,
    score,
    settings,
    thin,
)
from regsweep.report.figures.theme import (
    BATCH_NORM_COLOUR,
    BATCH_NORM_SYMBOL,
    BEST,
    POINTS,
    SERIES,
    SERIES_SYMBOL,
    dots,
    new_figure,
)
from regsweep.report.table import short_names

NAME, TITLE = "accuracy_over_lambda", "Accuracy over the strength of the penalty"


def draw(evidence: Evidence) -> Drawing:
    """Draw every complete trial at its λ, and the mean line where several trials share one."""
    sweep = evidence.sweep
    trials = complete(sweep)
    found = settings(sweep).loc[trials.index]
    trials, found = trials[found[STRENGTH].notna()], found[found[STRENGTH].notna()]
    strengths = found[STRENGTH][found[STRENGTH] > 0]
    if strengths.groupby(found[PENALTY]).nunique().max() < 2 or strengths.empty:  # noqa: PLR2004
        given = "no complete trial has a λ above 0" if strengths.empty else "one λ above 0 for each penalty"
        return Drawing(NAME, TITLE, missing=f"λ takes fewer than two values: {given}")
    axis, best = score(sweep), sweep.best()
    data = trials[["number", sweep.objective]].join(found)
    data["kind"] = _kinds(found)
    data["is_best"] = data["number"] == (best or {}).get("number")
    drawing = data.assign(
        _x=found[STRENGTH].where(found[STRENGTH] > 0, _beside(len(found))),
        _hover=hovers(trials, sweep.swept, map(axis.show, trials[sweep.objective])),
    )
    drawing["_value"] = drawing[sweep.objective] * axis.factor
    means = _means(drawing[trials["duplicate_of"].isna()], sweep.swept)
    looks = _looks(drawing["kind"])
    folded = fold(drawing["_value"], axis, maximize=sweep.maximize)
    if not means.empty:  # a line needs the true scale
        folded = Folded(drawing["_value"], folded.is_far & False)
    symbols = drawing["kind"].map({kind: look["symbol"] for kind, look in looks.items()})
    drawing = drawing.assign(_y=folded.y, _symbol=symbols.mask(folded.is_far, folded.symbol))
    drawn, thinned = thin(drawing, {(best or {}).get("number")})
    figure = _panels(float((found[STRENGTH] == 0).mean()))
    for kind, look in looks.items():
        _add_line(figure, means[means["kind"] == kind], look)
        _add_points(figure, drawn[drawn["kind"] == kind], look, len(drawn))
    _add_ring(figure, drawing[drawing["is_best"]])
    _finish(figure, strengths, axis, roles(sweep).get(STRENGTH))
    caption = _caption(drawing, has_means=not means.empty) + folded.note + thinned
    return Drawing(NAME, axis.titled("over the strength of the penalty"), caption, figure, data)


def _kinds(found: pd.DataFrame) -> pd.Series:
    """Return what tells the points apart: the penalty where there are several, else BatchNorm."""
    if len(set(found[PENALTY]) - {"", "none"}) > 1:
        return found[PENALTY].map({"none": "no penalty"}).fillna(found[PENALTY])
    return found[BATCH_NORM].map({"off": "BatchNorm off", "on": "BatchNorm on", "": "trial"})


def _looks(kinds: pd.Series) -> dict[str, dict[str, Any]]:
    """Return name, colour and symbol of each kind of point."""
    names = sorted(set(kinds))
    looks: dict[str, dict[str, Any]] = {}
    for i, name in enumerate(name for name in names if name != "no penalty"):
        switch = name.removeprefix("BatchNorm ") if name.startswith("BatchNorm ") else None
        colour = BATCH_NORM_COLOUR[switch] if switch else SERIES[i % len(SERIES)]
        symbol = BATCH_NORM_SYMBOL[switch] if switch else SERIES_SYMBOL[i % len(SERIES_SYMBOL)]
        looks[name] = {"name": text(name), "color": colour, "symbol": symbol, "in_legend": len(names) > 1}
    if "no penalty" in names:
        looks["no penalty"] = {"name": "no penalty", "color": POINTS, "symbol": "circle", "in_legend": True}
    return looks


def _beside(number: int) -> np.ndarray:
    """Return places around 0 that keep neighbours apart (golden angle), the same each time."""
    return np.asarray(0.6 * np.sin(2.39996 * np.arange(number)))


def _panels(share_of_none: float) -> go.Figure:
    """Return the axes: "none" left of a break where there are such trials, the log axis right of it."""
    if share_of_none == 0:
        return new_figure(440)
    left = 0.08 + 0.2 * share_of_none
    figure = new_figure(440, columns=2, column_widths=[left, 1 - left], horizontal_spacing=0.025, shared_yaxes=True)
    figure.update_xaxes(range=[-1, 1], tickvals=[0], ticktext=["none"], showgrid=False, row=1, col=1)
    figure.update_yaxes(showline=False, ticks="", row=1, col=2)
    for x in (figure.layout.xaxis.domain[1], figure.layout.xaxis2.domain[0]):  # the two strokes of a broken axis
        figure.add_annotation(text="∕", x=x, y=0, xref="paper", yref="paper", yanchor="middle", showarrow=False)
    return figure


def _sides(figure: go.Figure, frame: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield each panel's column and the rows that belong there, none of them empty."""
    is_none = frame[STRENGTH] == 0
    last = _log_panel(figure)
    for column, side in ((1, frame[is_none]), (last, frame[~is_none])):
        if not side.empty:
            yield column, side


def _log_panel(figure: go.Figure) -> int:
    return len(list(figure.select_xaxes()))


def _add_points(figure: go.Figure, points: pd.DataFrame, look: dict[str, Any], number: int) -> None:
    """Add one kind of trial on both sides of the break; those far worse than all others are triangles."""
    for i, (column, side) in enumerate(_sides(figure, points)):
        figure.add_scatter(
            x=side["_x"],
            y=side["_y"],
            mode="markers",
            name=look["name"],
            legendgroup=look["name"],
            showlegend=look["in_legend"] and i == 0,
            marker={
                "color": look["color"],
                "symbol": list(side["_symbol"]),
                **dots(number),
            },
            hovertext=side["_hover"],
            hovertemplate="%{hovertext}<extra></extra>",
            row=1,
            col=column,
        )


def _means(drawing: pd.DataFrame, swept: list[str]) -> pd.DataFrame:
    """Return the mean per kind and λ, where at least half of the λ have several trials; else no rows."""
    means = drawing.groupby(["kind", STRENGTH])["_value"].agg(["mean", "size"]).reset_index()
    is_grid = len(swept) > 1 and (means["size"][means[STRENGTH] > 0] > 1).mean() > 0.5  # noqa: PLR2004
    return means if is_grid else means.iloc[:0]


def _add_line(figure: go.Figure, means: pd.DataFrame, look: dict[str, Any]) -> None:
    """Add the line through one kind's means, and a level stroke for the mean without a penalty."""
    for column, side in _sides(figure, means):
        is_none = bool((side[STRENGTH] == 0).all())
        figure.add_scatter(
            x=[-0.8, 0.8] if is_none else side[STRENGTH],
            y=[side["mean"].iloc[0]] * 2 if is_none else side["mean"],
            mode="lines",
            line={"color": look["color"], "width": 2},
            legendgroup=look["name"],
            showlegend=False,
            hoverinfo="skip",
            row=1,
            col=column,
        )


def _add_ring(figure: go.Figure, best: pd.DataFrame) -> None:
    for column, side in _sides(figure, best):
        figure.add_scatter(
            x=side["_x"],
            y=side["_y"],
            mode="markers",
            name=f"best: trial {side['number'].iloc[0]}",
            marker={"symbol": "circle-open", "size": 16, "color": BEST, "line": {"width": 2.5}},
            showlegend=True,
            hoverinfo="skip",
            row=1,
            col=column,
        )


def _finish(figure: go.Figure, strengths: pd.Series, axis: Score, key: str | None) -> None:
    """Label the axes; a grid's strengths are ticks of their own."""
    name = short_names([key])[key] if key else "lambda"
    low, high = np.log10(strengths.min()), np.log10(strengths.max())
    air = 0.04 * (high - low)
    values = sorted(strengths.unique())
    ticks: dict[str, Any] = {"dtick": 1 if high - low > 1 else "D2", "exponentformat": "e"}
    if is_grid(strengths):
        ticks = {"tickvals": values, "ticktext": [power(value) for value in values]}
    figure.update_xaxes(
        type="log",
        title_text=f"{'λ' if name.startswith('lambd') else text(name)} (log scale)",
        range=[low - air, high + air],
        row=1,
        col=_log_panel(figure),
        **ticks,
    )
    figure.update_yaxes(title_text=axis.title, row=1, col=1)


def _caption(drawing: pd.DataFrame, *, has_means: bool) -> str:
    parts = [f"Each point is one of {count(len(drawing), 'complete trial')}; the ring marks the best."]
    if (drawing[STRENGTH] == 0).any():
        parts.append("Trials without a penalty stand at “none”: a log axis has no place for 0.")
    if has_means:
        parts.append("Lines join the means of all trials with the same λ.")
    return " ".join(parts)
