"""The marks of a figure over a strength, and its axes: "none" left of a break, the strengths right of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regsweep.numbers import show_number
from regsweep.report.figures.labels import power, text
from regsweep.report.figures.points import Score, is_grid
from regsweep.report.figures.pruned import Pruned, add_pruned, only
from regsweep.report.figures.seeds import bars
from regsweep.report.figures.theme import (
    BEST,
    POINTS,
    SERIES,
    SERIES_SYMBOL,
    SWITCH_COLOUR,
    SWITCH_SYMBOL,
    new_figure,
)

if TYPE_CHECKING:
    from regsweep.run_record import UsedMethod

FEW_DECADES = 2
"""Of so many powers of ten or fewer there are labels between them, too."""
LABEL_WIDTH = 0.05
"""Of a listed value on the axis, as a part of the axis."""


@dataclass(frozen=True)
class Over:
    """What a figure's trials are drawn over.

    Attributes:
        name: of the figure.
        words: the end of its title.
        column: of its table.
        label: of the axis, safe for Plotly.
        without: the caption's words on the trials that stand at “none”.
        is_log: whether the axis is a log axis.
        method: whose strength it is, as the records name it; None: that of any penalty.
    """

    name: str
    words: str
    column: str
    label: str
    without: str
    is_log: bool
    method: str | None = None

    def is_of(self, name: str, method: UsedMethod) -> bool:
        """Return whether the strength is this method's."""
        return method.is_penalty if self.method is None else name == self.method


def looks_of(kinds: pd.Series) -> dict[str, dict[str, Any]]:
    """Return name, colour and symbol of each kind of point."""
    names = sorted(set(kinds))
    looks: dict[str, dict[str, Any]] = {}
    for i, name in enumerate(name for name in names if name != "no penalty"):
        switch = name.removeprefix("BatchNorm ") if name.startswith("BatchNorm ") else None
        colour = SWITCH_COLOUR[switch] if switch else SERIES[i % len(SERIES)]
        symbol = SWITCH_SYMBOL[switch] if switch else SERIES_SYMBOL[(i + i // len(SERIES)) % len(SERIES_SYMBOL)]
        looks[name] = {"name": text(name), "color": colour, "symbol": symbol, "in_legend": len(names) > 1}
    if "no penalty" in names:
        looks["no penalty"] = {"name": "no penalty", "color": POINTS, "symbol": "circle", "in_legend": True}
    return looks


def around_none(number: int) -> np.ndarray:
    """Return places around 0 that keep neighbours apart (golden angle), the same each time."""
    return np.asarray(0.6 * np.sin(2.39996 * np.arange(number)))


def panels(share_of_none: float) -> go.Figure:
    """Return the axes: "none" left of a break where there are such trials, the axis of strengths right of it."""
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
    is_none = frame["_strength"].isna()
    last = _last_panel(figure)
    for column, side in ((1, frame[is_none]), (last, frame[~is_none])):
        if not side.empty:
            yield column, side


def _last_panel(figure: go.Figure) -> int:
    return len(list(figure.select_xaxes()))


def add_points(figure: go.Figure, points: pd.DataFrame, look: dict[str, Any], size: dict[str, Any]) -> None:
    """Add one kind of trial on both sides of the break; those far worse than all others are triangles.

    They come last: the legend shows the first point's symbol.
    """
    for i, (column, side) in enumerate(_sides(figure, points.sort_values("_is_far", kind="stable"))):
        figure.add_scatter(
            x=side["_x"],
            y=side["_y"],
            mode="markers",
            name=look["name"],
            legendgroup=look["name"],
            showlegend=look["in_legend"] and i == 0,
            marker={"color": look["color"], "symbol": list(side["_symbol"]), **size},
            customdata=list(side["number"]),
            hovertext=side["_hover"],
            hovertemplate="%{hovertext}<extra></extra>",
            row=1,
            col=column,
        )


def add_pruned_trials(figure: go.Figure, pruned: Pruned, strengths: pd.Series) -> None:
    """Add the pruned trials on both sides of the break."""
    here = strengths[pruned.trials.index]
    x = here.fillna(pd.Series(-around_none(len(here) + 1)[1:], index=here.index))  # beside the complete ones, too
    for column, kept in ((1, here.isna()), (_last_panel(figure), here.notna())):
        add_pruned(figure, x[kept], only(pruned, kept), cell={"row": 1, "col": column})


def add_line(figure: go.Figure, means: pd.DataFrame, look: dict[str, Any]) -> None:
    """Add the line through one kind's means, and a level stroke for the mean without the method."""
    for column, side in _sides(figure, means):
        is_none = bool(side["_strength"].isna().all())
        figure.add_scatter(
            x=[-0.8, 0.8] if is_none else side["_x"],
            y=[side["mean"].iloc[0]] * 2 if is_none else side["mean"],
            mode="lines",
            line={"color": look["color"], "width": 2},
            legendgroup=look["name"],
            showlegend=False,
            hoverinfo="skip",
            row=1,
            col=column,
        )


def add_means(
    figure: go.Figure, drawing: pd.DataFrame, pooled: pd.DataFrame, axis: Score, looks: dict[str, dict[str, Any]]
) -> pd.DataFrame:
    """Add each configuration's mean with its interval where its first trial stands, and return them."""
    means = drawing.loc[pooled.index].assign(
        _y=axis.factor * pooled[axis.column], low=pooled["low"], high=pooled["high"], _title=pooled["title"]
    )
    for kind, look in looks.items():
        for column, side in _sides(figure, means[means["kind"] == kind]):
            figure.add_scatter(
                x=side["_x"],
                y=side["_y"],
                mode="markers",
                name=f"mean, {look['name']}",
                showlegend=False,
                marker={"color": look["color"], "symbol": "line-ew-open", "size": 16, "line": {"width": 3}},
                error_y=bars(side, side["_y"], axis.factor, look["color"]),
                customdata=list(side["number"]),
                hovertext=[f"{axis.label(y)}, {title}" for y, title in zip(side["_y"], side["_title"], strict=True)],
                hovertemplate="%{hovertext}<extra></extra>",
                row=1,
                col=column,
            )
    return means


def add_ring(figure: go.Figure, best: pd.DataFrame) -> None:
    """Add the ring around the best, under the name that it has there."""
    for column, side in _sides(figure, best):
        figure.add_scatter(
            x=side["_x"],
            y=side["_y"],
            mode="markers",
            name=side["_name"].iloc[0],
            marker={"symbol": "circle-open", "size": 16, "color": BEST, "line": {"width": 2.5}},
            showlegend=True,
            hoverinfo="skip",
            row=1,
            col=column,
        )


def finish(figure: go.Figure, strengths: pd.Series, axis: Score, over: Over, drawn_at: pd.Series) -> None:
    """Label the axes, which hold all of `drawn_at`; a grid's strengths are ticks of their own."""
    values = sorted(strengths.unique())
    every = pd.concat([strengths, drawn_at])
    ends = np.array([every.min(), every.max()])
    low, high = np.log10(ends) if over.is_log else ends
    air = 0.04 * (high - low)
    ticks: dict[str, Any] = {}
    if is_grid(strengths):
        places = np.log10(values) if over.is_log else np.array(values)
        labels = [(power if over.is_log else show_number)(value) for value in values]
        ticks = {"tickvals": values, "ticktext": _with_room(labels, places), "tickangle": 0}
    elif over.is_log:
        ticks = {"dtick": 1 if high - low > FEW_DECADES else "D2", "exponentformat": "e"}
    figure.update_xaxes(
        type="log" if over.is_log else "linear",
        title_text=f"{over.label}{' (log scale)' if over.is_log else ''}",
        range=[low - air, high + air],
        row=1,
        col=_last_panel(figure),
        **ticks,
    )
    figure.update_yaxes(title_text=axis.title, row=1, col=1)


def _with_room(labels: list[str], places: np.ndarray) -> list[str]:
    """Return the labels, from right to left, that the one before leaves room for; the others empty."""
    least, last, kept = LABEL_WIDTH * (places[-1] - places[0]), np.inf, []
    for label, place in zip(reversed(labels), reversed(places), strict=True):
        has_room = last - place >= least
        last = place if has_room else last
        kept.append(label if has_room else "")
    return kept[::-1]
