"""The look of all figures: one meaning per colour, one font, no ornament.

Colours are those of Okabe and Ito (2008, "Color universal design"), which people with any kind of colour blindness
distinguish, with the yellow left out (it does not print). Wherever a colour separates two kinds of points, the marker's
symbol or the line's dash separates them too.
"""

from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"
PINK = "#CC79A7"
SKY = "#56B4E9"
AMBER = "#E69F00"
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
SEQUENTIAL = [[0.0, "#E3E6E8"], [0.5, "#78B4DC"], [1.0, "#00568A"]]
"""From the worst to the best cell of a map: lightness alone orders it, so it survives a black and white print."""

MANY_DOTS = 300
"""From here on, points cover each other."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
LIGHT = {"text": "#1B2127", "muted": "#5B646D", "grid": "#E4E7EA", "axis": "#9AA2AA", "background": "#FFFFFF"}
DARK = {"text": "#E6E9EC", "muted": "#9CA5AE", "grid": "#30363C", "axis": "#69727A", "background": "#15191D"}

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
        "hoverlabel": {"align": "left", "font": {"family": FONT, "size": 12}},
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


def dots(number: int, size: int = 8) -> dict[str, Any]:
    """Return size and opacity of `number` markers: the more there are, the smaller and fainter."""
    if number <= MANY_DOTS:
        return {"size": size, "opacity": 0.85}
    return {"size": size - 3, "opacity": 0.5}


def shade(colour: str, opacity: float) -> str:
    """Return `colour` (``#rrggbb``) with an opacity, for areas."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
