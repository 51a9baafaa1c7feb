"""The look of all figures: one meaning per colour, one font, no ornament.

Colours are those of Okabe and Ito (2008, "Color universal design"), which people with any kind of colour blindness
distinguish, with the yellow left out (it does not print). On white, amber and sky blue are darker than theirs, on a
dark page blue is lighter: a mark has a contrast of 3 or more with its ground, text one of 4.5 (WCAG 2.2, 1.4.11 and
1.4.3). So marks are never transparent. Wherever a colour separates two kinds of points, the marker's symbol or the
line's dash separates them too.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"
PINK = "#CC79A7"
SKY = "#3A93C8"
AMBER = "#B07800"
GREY = "#7F868E"

BEST = ORANGE
"""The best trial, the running best, the front."""
POINTS = GREY
"""Trials that nothing else distinguishes; also baselines and zero lines."""
TRAIN, VALIDATION = AMBER, BLUE
SWITCH_COLOUR = {"off": AMBER, "on": BLUE}
SWITCH_SYMBOL = {"off": "circle", "on": "diamond"}
"""Trials without a method, and with it."""
SERIES = [BLUE, AMBER, GREEN, PINK, SKY, GREY]
"""Series without a meaning of their own: penalties, sweeps."""
SERIES_SYMBOL = ["circle", "diamond", "square", "triangle-up", "cross", "x"]
WORST, MIDDLE, BEST_CELL = "#E3E6E8", "#307CAB", "#00416B"
INK, INK_ON_BEST = "#000000", "#FEFEFE"
INK_TURNS = 0.65
"""Of the way from the worst cell to the best: there both inks have one contrast, on a light page and on a dark one."""
SEQUENTIAL: list[tuple[float, str]] = [(0.0, WORST), (INK_TURNS, MIDDLE), (1.0, BEST_CELL)]
"""From the worst to the best cell of a map: lightness alone orders it, so it survives a black and white print. The
worst is near the page's ground."""

LABEL_ABOVE = 12
"""Pixels from the middle of a row to the words above it."""
MANY_DOTS = 300
"""From here on, points cover each other."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
LIGHT = {"text": "#1B2127", "muted": "#5B646D", "grid": "#E4E7EA", "axis": "#858D95", "background": "#FFFFFF"}
DARK = {"text": "#E6E9EC", "muted": "#9CA5AE", "grid": "#30363C", "axis": "#69727A", "background": "#15191D"}
IN_DARK = {
    **{LIGHT[name]: DARK[name] for name in LIGHT},
    **{BLUE: "#3490D0", SKY: "#56B4E9", AMBER: "#E69F00"},
    **{WORST: "#262C32", MIDDLE: "#467B9E", BEST_CELL: "#A9DAF7", INK: "#FFFFFF", INK_ON_BEST: "#000000"},
}
"""What a dark page has in place of a figure's colour; the others stay."""

_AXIS = {
    "gridcolor": LIGHT["grid"],
    "linecolor": LIGHT["axis"],
    "tickcolor": LIGHT["axis"],
    "zeroline": False,
    "showline": True,
    "ticks": "outside",
    "ticklen": 4,
    "automargin": True,
    "title": {"standoff": 10, "font": {"size": 13}},
}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 13, "color": LIGHT["text"]},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": SERIES,
        "margin": {"l": 64, "r": 20, "t": 36, "b": 56},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "hovermode": "closest",
        "hoverlabel": {
            "align": "left",
            "bgcolor": LIGHT["background"],
            "font": {"family": FONT, "size": 12, "color": LIGHT["text"]},
        },
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "itemsizing": "constant",
        },
        "annotationdefaults": {"showarrow": False},
        "barcornerradius": 2,
    }
)


def new_figure(height: int, *, rows: int = 1, columns: int = 1, **subplots: Any) -> go.Figure:
    """Return an empty figure of `rows` × `columns` panels in this look; it takes the width that it is given."""
    figure = make_subplots(rows=rows, cols=columns, **subplots)
    figure.update_layout(template=TEMPLATE, height=height)
    figure.for_each_annotation(lambda title: title.update(font={"size": 13}))  # the panels' titles
    return figure


def reference_line(figure: go.Figure, x: float) -> None:
    """Draw a thin grey line through all of a figure, over its grid, that shows on light and dark."""
    line = {"color": GREY, "width": 1.5}
    figure.add_shape(type="line", x0=x, x1=x, y0=0, y1=1, yref="paper", line=line, layer="between")


def label_rows(figure: go.Figure, labels: Mapping[float, str]) -> None:
    """Write what each row is above it, from the left on: on a small screen a name beside it would leave it no room.

    Args:
        figure: with its rows along y.
        labels: of the rows, by their place on the y axis; safe for Plotly.
    """
    look = {"x": 0, "xref": "paper", "xanchor": "left", "yanchor": "bottom", "align": "left", "showarrow": False}
    for place, label in labels.items():
        figure.add_annotation(text=label, y=place, yshift=LABEL_ABOVE, bgcolor=LIGHT["background"], **look)
    figure.update_yaxes(showticklabels=False, showgrid=False, ticks="", title_text=None)
    figure.update_layout(margin={"l": 20})


def small(words: str) -> str:
    """Return words as the second line of a label; safe for Plotly as they are."""
    return f"<br><span style='font-size:11px'>{words}</span>"


def dots(number: int, size: int = 8) -> dict[str, Any]:
    """Return size and edge of `number` markers: the more there are, the smaller; an edge keeps neighbours apart."""
    is_many = number > MANY_DOTS
    edge = {"width": 0.5 if is_many else 1.2, "color": LIGHT["background"]}
    return {"size": size - 3 if is_many else size, "opacity": 1, "line": edge}


def from_zero(values: ArrayLike, most: float = np.inf) -> list[float]:
    """Return the ends of an axis from 0 to the largest value, or to `most`, with room for whole markers at both."""
    top = min(max(float(np.max(values)), 1e-9) * 1.02, most)
    return [-0.02 * top, 1.02 * top]


def shade(colour: str, opacity: float) -> str:
    """Return `colour` (``#rrggbb``) with an opacity, for areas."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
