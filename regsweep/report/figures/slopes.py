"""What BatchNorm changes, everything else being equal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import count, hovers, text
from regsweep.report.figures.points import (
    BATCH_NORM,
    DROPOUT,
    PENALTY,
    STRENGTH,
    Score,
    complete,
    fold,
    roles,
    score,
    settings,
    thin,
)
from regsweep.report.figures.theme import (
    BATCH_NORM_COLOUR,
    BATCH_NORM_SYMBOL,
    BLUE,
    GREY,
    ORANGE,
    dots,
    new_figure,
    shade,
)
from regsweep.report.sweep import as_text
from regsweep.report.table import short_names

NAME, TITLE = "batch_norm_slopes", "BatchNorm off and on"
PLACES = {"off": 0, "on": 1}


def draw(evidence: Evidence) -> Drawing:
    """Draw a line per pair of trials that agree in all else; where there are no pairs, both distributions."""
    sweep = evidence.sweep
    trials = complete(sweep, repeats=False)
    found = settings(sweep).loc[trials.index]
    for switch in PLACES:
        if not (found[BATCH_NORM] == switch).any():
            return Drawing(NAME, TITLE, missing=f"no complete trial is known to have BatchNorm {switch}")
    axis = score(sweep)
    known = found[BATCH_NORM] != ""
    others = [key for key in sweep.swept if key not in (*roles(sweep).values(), "regularizer")]
    data = pd.concat([trials[["number", *others, sweep.objective]], found], axis=1)[known]
    parameters = [PENALTY, STRENGTH, DROPOUT, *others]
    pairs = _pairs(data, parameters, sweep.objective)
    if pairs.empty:
        hover = hovers(trials[known], sweep.swept, map(axis.show, data[sweep.objective]))
        return _strips(data, axis, hover, maximize=sweep.maximize)
    return _paired(pairs, parameters, axis, maximize=sweep.maximize)


def _pairs(data: pd.DataFrame, parameters: list[str], objective: str) -> pd.DataFrame:
    """Return a row per setting that was tried with BatchNorm off and on: its parameters, ``off`` and ``on``."""
    table = data.assign(**data[parameters].apply(as_text)).pivot_table(
        objective, parameters, BATCH_NORM, "mean", observed=True
    )
    return table.dropna().reset_index()


def _paired(pairs: pd.DataFrame, parameters: list[str], axis: Score, *, maximize: bool) -> Drawing:
    gains = (pairs["on"] - pairs["off"]) * (1 if maximize else -1)
    figure = new_figure(440)
    looks = (("better with BatchNorm", gains > 0, BLUE, "solid"), ("worse or equal", gains <= 0, ORANGE, "dash"))
    varying = [key for key in parameters if pairs[key].nunique() > 1]
    names = short_names(varying)
    hover = [
        "<br>".join(
            [
                f"off {axis.show(pair['off'])}, on {axis.show(pair['on'])}",
                *(f"{text(names[k])} {text(pair[k])}" for k in names),
            ]
        )
        for pair in pairs.to_dict("records")
    ]
    for label, kept, colour, dash in looks:
        slopes = pairs[["off", "on"]][kept] * axis.factor
        _add_slopes(figure, slopes, [h for h, k in zip(hover, kept, strict=True) if k], label, colour, dash)
    means = pairs[["off", "on"]].mean() * axis.factor
    figure.add_scatter(
        x=[0, 1],
        y=means,
        mode="lines+markers+text",
        text=[f"mean {axis.label(means['off'])}  ", f"  mean {axis.label(means['on'])}"],
        textposition=["middle left", "middle right"],
        line={"color": GREY, "width": 5},
        marker={"size": 11},
        name="mean",
        hoverinfo="skip",
    )
    _finish(figure, axis)
    caption = (
        f"Each line joins two settings that agree in everything but BatchNorm ({count(len(pairs), 'pair')});"
        f" {int((gains > 0).sum())} are better with it. Grey: the mean."
    )
    return Drawing(NAME, TITLE, caption, figure, pairs)


def _add_slopes(figure: go.Figure, slopes: pd.DataFrame, hover: list[str], label: str, *look: str) -> None:
    """Add one kind of pair (in colour and dash) as a single trace: lines with gaps between them."""
    if slopes.empty:
        return
    colour, dash = look
    figure.add_scatter(
        x=[0, 1, None] * len(slopes),
        y=[y for off, on in zip(slopes["off"], slopes["on"], strict=True) for y in (off, on, None)],
        mode="lines+markers",
        line={"color": shade(colour, 0.75), "width": 1.4, "dash": dash},
        marker={"size": 6, "color": colour},
        name=f"{label} ({len(slopes)})",
        hovertext=[line for one in hover for line in (one, one, "")],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _strips(data: pd.DataFrame, axis: Score, hover: list[str], *, maximize: bool) -> Drawing:
    """Draw both distributions beside each other: a search has no pairs, and none are made up."""
    values = data[axis.column] * axis.factor
    folded = fold(values, axis, maximize=maximize)
    shown = data.assign(_y=folded.y, _is_far=folded.is_far, _hover=hover)
    shown["_x"] = shown[BATCH_NORM].map(PLACES) + 0.16 * np.sin(2.39996 * np.arange(len(shown)))
    drawn, thinned = thin(shown, set())
    figure = new_figure(440)
    for switch, place in PLACES.items():
        points = drawn[drawn[BATCH_NORM] == switch]
        symbols = [folded.symbol if far else BATCH_NORM_SYMBOL[switch] for far in points["_is_far"]]
        figure.add_scatter(
            x=points["_x"],
            y=points["_y"],
            mode="markers",
            marker={"color": BATCH_NORM_COLOUR[switch], "symbol": symbols, **dots(len(drawn))},
            hovertext=points["_hover"],
            hovertemplate="%{hovertext}<extra></extra>",
        )
        median = values[shown[BATCH_NORM] == switch].median()
        figure.add_scatter(
            x=[place - 0.26, place + 0.26],
            y=[median, median],
            mode="lines+text",
            text=["", f"  median {axis.label(median)}"],
            textposition="middle right",
            line={"color": GREY, "width": 4},
            hoverinfo="skip",
        )
    _finish(figure, axis)
    figure.update_layout(showlegend=False)
    caption = "No two trials differ in BatchNorm alone, so they are not paired: all complete trials, and the medians."
    caption += " Other parameters differ between the two groups."
    return Drawing(NAME, TITLE, caption + folded.note + thinned, figure, data)


def _finish(figure: go.Figure, axis: Score) -> None:
    figure.update_xaxes(tickvals=[0, 1], ticktext=["BatchNorm off", "BatchNorm on"], range=[-0.6, 1.6], showgrid=False)
    figure.update_yaxes(title_text=axis.title)
