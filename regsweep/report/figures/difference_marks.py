"""A paired difference as it is drawn: its interval, its mean, and below them those of its seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regsweep.report.figures.theme import GREY

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import plotly.graph_objects as go

THICK, THIN = 6.0, 1.6
"""Pixels of an interval over seeds, and of one over further examples too."""


def add_interval(
    figure: go.Figure,
    ends: Sequence[float],
    y: float,
    colour: str,
    *,
    extent: tuple[float, float],
    width: float = THICK,
) -> None:
    """Draw the interval at height `y`, as far as it lies within `extent`."""
    x = list(np.clip(ends, *extent))
    figure.add_scatter(x=x, y=[y, y], mode="lines", line={"color": colour, "width": width}, hoverinfo="skip")


def add_mean(figure: go.Figure, x: float, y: float, colour: str, *, symbol: str, size: int, hover: str) -> None:
    """Draw the mean; `symbol` is Plotly's, of as many pixels as `size` says."""
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker={"symbol": symbol, "size": size, "color": colour, "line": {"width": 2.5, "color": colour}},
        hovertext=[hover],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def add_seeds(figure: go.Figure, differences: pd.Series, seeds: pd.DataFrame, y: float, *, number: str) -> None:
    """Draw the differences of seeds, each of which opens its run.

    Args:
        figure: to draw into.
        differences: one per seed.
        seeds: with the columns ``seed`` and ``folder``.
        y: their height.
        number: how a difference is written, with its unit, in Plotly's template.
    """
    figure.add_scatter(
        x=differences,
        y=[y] * len(seeds),
        mode="markers",
        marker={"symbol": "circle", "size": 6, "color": GREY},
        customdata=list(seeds["folder"]),
        text=list(seeds["seed"]),
        hovertemplate=f"seed %{{text}}: {number}<extra></extra>",
    )
