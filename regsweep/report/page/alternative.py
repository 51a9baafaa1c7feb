"""A figure in words and numbers, for those who do not see it: made of its marks, so that every figure has it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go

from regsweep.numbers import count, show_number

MOST_ROWS = 12
"""So many rows, bars and categories are listed one by one."""
MOST_POINTS = 4
"""So many points are listed one by one; of more, the lowest and the highest."""
MOST_PANELS = 12
DIGITS = 4
ROUNDING = 1e-12
"""Of the largest place; what is nearer to zero is zero."""
OTHERS = "values without a tick"
_TAG = re.compile(r"</?(?:b|i|em|span|sub|sup)\b[^>]*>")


@dataclass(frozen=True)
class Axis:
    """One axis of a panel.

    Attributes:
        letter: x or y.
        title: plain text, perhaps empty.
        names: of its categories, by their places; marks of one stand near its place. Empty: it is one of numbers.
        reach: how far from a category's place its marks stand at most.
    """

    letter: str
    title: str
    names: dict[float, str]
    reach: float = np.inf

    def place(self, value: float) -> str:
        """Return a place on it as text."""
        if not self.names:
            return show_number(value, DIGITS)
        nearest = min(self.names, key=lambda place: abs(place - value))
        return self.names[nearest] if abs(nearest - value) <= self.reach else OTHERS

    def words(self, values: np.ndarray) -> str:
        """Return what it is, and what the marks at `values` span of it, or their names."""
        title = f"{self.letter}: {self.title}".rstrip(": ")
        if self.names:
            return f"{title}: {'; '.join(_some(list(self.names.values())))}"
        return f"{title}{',' if self.title else ''} {_span(values)}" if len(values) else title


@dataclass(frozen=True)
class Series:
    """Marks of one name in a panel.

    Attributes:
        name: plain text, perhaps empty.
        kind: marks, a line, bars.
        places: of the marks along the axis that the values stand over.
        values: numbers; NaN is a gap in a line.
        ends: of the interval around each value; NaN without one.
        num_beyond: marks at the axis' edge whose values lie beyond it; they are not among `values`.
    """

    name: str
    kind: str
    places: np.ndarray
    values: np.ndarray
    ends: np.ndarray
    num_beyond: int


def alternative(figure: go.Figure) -> str:
    """Return what a figure shows: of each panel its axes and of each kind of mark how many, where, how high."""
    panels = list(dict.fromkeys(_axes_of(trace) for trace in figure.data))
    panels.sort(key=lambda names: _corner(figure, *names))
    told = [_panel(figure, *panel) for panel in panels[:MOST_PANELS]]
    more = len(panels) - MOST_PANELS
    return " ".join([*told, *([f"And {count(more, 'more panel')}."] if more > 0 else [])])


def plain(label: Any, between: str = " ") -> str:
    """Return a label without Plotly's tags, on one line; `between` stands where one ended."""
    text = _TAG.sub("", str(label or "")).replace("<br>", between)
    return " ".join(html.unescape(text).split())


def _name(label: Any) -> str:
    """Return the name that a label begins with; what follows are numbers that stand elsewhere, too."""
    return plain(re.split(r"<br>|  ", str(label), maxsplit=1)[0])


def _axes_of(trace: Any) -> tuple[str, str]:
    return trace.xaxis or "x", trace.yaxis or "y"


def _corner(figure: go.Figure, x_name: str, y_name: str) -> tuple[float, float]:
    """Return where a panel stands, as one reads: from the top, and from the left."""
    x, y = (_layout_axis(figure, name).domain or (0, 1) for name in (x_name, y_name))
    return -round(y[1], 6), round(x[0], 6)


def _panel(figure: go.Figure, x_name: str, y_name: str) -> str:
    traces = [each for each in figure.data if _axes_of(each) == (x_name, y_name)]
    title = _title(figure, x_name, y_name)
    parts = [f"{title}:"] if title else []
    maps = [_map(trace) for trace in traces if trace.type == "heatmap"]
    if maps:
        return " ".join([*parts, *(f"{each}." for each in maps)])
    x, y = _axis(figure, x_name), _axis(figure, y_name)
    rows = _rows(figure, y_name)
    is_along_x = bool(rows) or (bool(y.names) and not x.names)
    series = _merged(_series(trace, is_along_x=is_along_x) for trace in traces if _is_mark(trace))
    named = [each for each in series if each.name] or ([] if rows else series)
    over, of = (y, x) if is_along_x else (x, y)
    words = {
        over.letter: over.words(_all(each.places for each in named)),
        of.letter: of.words(_all(each.values for each in named)),
    }
    parts.append(f"{words[of.letter]}." if rows else f"{words['x']}; {words['y']}.")
    if rows and not named:
        parts += [f"{plain(label)}." for label in _some(list(rows.values()))]
    in_rows = replace(over, names={place: _name(label) for place, label in rows.items()}) if rows else over
    return " ".join([*parts, *(f"{_of_series(each, in_rows)}." for each in named)])


def _axis(figure: go.Figure, name: str) -> Axis:
    axis = _layout_axis(figure, name)
    places = [] if axis.tickvals is None else [float(place) for place in axis.tickvals]
    ticks = axis.ticktext if axis.ticktext is not None else [show_number(place) for place in places]
    names = dict(zip(places, map(_name, ticks), strict=False))
    if axis.ticktext is None:
        return Axis(name[0], _axis_title(figure, name), names)
    is_of_numbers = not all(names.values()) or all(_is_number(label, place) for place, label in names.items())
    # Where some categories have no tick, their marks are nobody's.
    reach = 0.5 if np.diff(places).max(initial=0) > 1 else np.inf
    return Axis(name[0], _axis_title(figure, name), {} if is_of_numbers else names, reach)


def _layout_axis(figure: go.Figure, name: str) -> Any:
    return figure.layout[f"{name[0]}axis{name[1:]}"]


def _axis_title(figure: go.Figure, name: str) -> str:
    """Return an axis' title; panels in one row, or one column, have it once."""
    own = _layout_axis(figure, name)
    axes = [own, *(figure.select_xaxes() if name[0] == "x" else figure.select_yaxes())]
    titles = [plain(each.title.text) for each in axes if each is own or each.domain == own.domain]
    return next((title for title in titles if title), "")


def _rows(figure: go.Figure, y_name: str) -> dict[float, str]:
    """Return what is written above each row, by its place on the y axis."""
    on_axis = [each for each in figure.layout.annotations if (each.yref or "y") == y_name and each.xref == "paper"]
    return {float(each.y): each.text for each in on_axis if plain(each.text)}


def _title(figure: go.Figure, x_name: str, y_name: str) -> str:
    """Return the words above a panel."""
    x, y = _layout_axis(figure, x_name).domain, _layout_axis(figure, y_name).domain
    if x is None or y is None:
        return ""
    for each in figure.layout.annotations:
        is_paper = each.xref == "paper" and each.yref == "paper" and each.yanchor == "bottom"
        if is_paper and np.allclose((each.x, each.y), (np.mean(x), y[1])):
            return plain(each.text, ", ")
    return ""


def _is_mark(trace: Any) -> bool:
    return trace.type == "bar" or (trace.type == "scatter" and "text" not in (trace.mode or ""))


def _series(trace: Any, *, is_along_x: bool) -> Series:
    kind = "bar" if trace.type == "bar" else "line" if "lines" in (trace.mode or "") else "point"
    x, y = _floats(trace.x), _floats(trace.y)
    is_along_x = trace.orientation == "h" if kind == "bar" else is_along_x
    places, values = (y, x) if is_along_x else (x, y)
    error = trace.error_x if is_along_x else trace.error_y
    ends = np.full((len(values), 2), np.nan)
    if error.array is not None:
        above, below = _floats(error.array), _floats(error.array if error.arrayminus is None else error.arrayminus)
        ends = np.column_stack([values - below, values + above])
    is_beyond = np.zeros(len(values), dtype=bool) if kind == "bar" else _are_beyond(trace.marker.symbol, len(values))
    kept = ~is_beyond
    places = np.where(np.abs(places) < ROUNDING * np.nanmax(np.abs(places), initial=0), 0.0, places)
    return Series(plain(trace.name), kind, places[kept], values[kept], ends[kept], int(is_beyond.sum()))


def _are_beyond(symbols: Any, number: int) -> np.ndarray:
    """Return which marks stand at the axis' edge, as their values lie beyond it: open triangles."""
    each = [symbols] * number if symbols is None or isinstance(symbols, str) else symbols
    return np.array([re.fullmatch(r"triangle-\w+-open", str(symbol)) is not None for symbol in each], dtype=bool)


def _floats(values: Any) -> np.ndarray:
    return np.array([] if values is None else values, dtype=float)


def _merged(series: Iterable[Series]) -> list[Series]:
    """Return the series, those of one name and kind as one, with a gap between two."""
    found: dict[tuple[str, str], Series] = {}
    for each in series:
        key = each.name, each.kind
        found[key] = _joined(found[key], each) if key in found else each
    return list(found.values())


def _joined(one: Series, other: Series) -> Series:
    gap = np.full(1, np.nan)
    return replace(
        one,
        places=np.concatenate([one.places, gap, other.places]),
        values=np.concatenate([one.values, gap, other.values]),
        ends=np.concatenate([one.ends, np.full((1, 2), np.nan), other.ends]),
        num_beyond=one.num_beyond + other.num_beyond,
    )


def _all(parts: Iterable[np.ndarray]) -> np.ndarray:
    values = np.concatenate([np.array([]), *parts])
    finite: np.ndarray = values[np.isfinite(values)]
    return finite


def _of_series(series: Series, over: Axis) -> str:
    is_there = np.isfinite(series.values) & np.isfinite(series.places)
    places, values, ends = series.places[is_there], series.values[is_there], series.ends[is_there]
    if series.kind == "line" and len(values):
        num_lines = int((np.diff(is_there.astype(int), prepend=0) == 1).sum())
        words = _of_lines(num_lines, places, values, over)
    elif over.names:
        words = "; ".join(_some(_by_name(series.kind, places, values, ends, over)))
    elif len(values) <= (MOST_ROWS if series.kind == "bar" else MOST_POINTS):
        words = "; ".join(_at(over, *each) for each in zip(places, values, ends, strict=True))
    else:
        words = f"{count(len(values), series.kind)}, {_extremes(places, values, over)}"
    beyond = f"{series.num_beyond} beyond the edge" if series.num_beyond else ""
    words = "; ".join(part for part in (words, beyond) if part) or "none"
    return f"{series.name}: {words}" if series.name else words


def _by_name(kind: str, places: np.ndarray, values: np.ndarray, ends: np.ndarray, over: Axis) -> list[str]:
    """Return what stands in each category: a value, or how many and what they span."""
    names = np.array([over.place(place) for place in places], dtype=object)
    found = []
    for name in (each for each in [*over.names.values(), OTHERS] if (names == each).any()):
        here = names == name
        if here.sum() == 1:
            found.append(_at(over, places[here][0], values[here][0], ends[here][0]))
        else:
            found.append(f"{f'{count(int(here.sum()), kind)} ' if kind else ''}at {name}, {_span(values[here])}")
    return found


def _of_lines(number: int, places: np.ndarray, values: np.ndarray, over: Axis) -> str:
    is_flat = len(values) == 2 * number and (values[::2] == values[1::2]).all()
    is_flat = bool(is_flat and (np.abs(places[::2] - places[1::2]) < 1).all())
    no_ends = np.full((number if is_flat else len(values), 2), np.nan)
    if over.names and is_flat:  # strokes, each at its category
        return "; ".join(_by_name("stroke", (places[::2] + places[1::2]) / 2, values[::2], no_ends, over))
    if over.names and number > 1:
        return "; ".join([count(number, "line"), *_some(_by_name("", places, values, no_ends, over))])
    if number > 1:
        return f"{count(number, 'line')}, {_extremes(places, values, over)}"
    first, last = over.place(float(places[0])), over.place(float(places[-1]))
    if (values == values[0]).all():
        return f"{_number(values[0])} from {first} to {last}"
    ends = f"from {_number(values[0])} at {first} to {_number(values[-1])} at {last}"
    is_between = {int(values.argmin()), int(values.argmax())} <= {0, len(values) - 1}
    return ends if is_between else f"{ends}, {_extremes(places, values, over)}"


def _extremes(places: np.ndarray, values: np.ndarray, over: Axis) -> str:
    low, high = int(values.argmin()), int(values.argmax())
    return f"lowest {_at(over, places[low], values[low])}, highest {_at(over, places[high], values[high])}"


def _at(over: Axis, place: float, value: float, ends: Sequence[float] = (np.nan, np.nan)) -> str:
    interval = f" ({_span(np.asarray(ends))})" if np.isfinite(ends).all() else ""
    return f"{_number(value)}{interval} at {over.place(float(place))}"


def _map(trace: Any) -> str:
    """Return the number of cells of a map, the lowest and the highest; each cell says what it is."""
    values = np.array(trace.z, dtype=float)
    if not np.isfinite(values).any():
        return "no cell has a value"
    labels = np.array(trace.hovertext, dtype=object)
    lowest, highest = (
        plain(labels[np.unravel_index(find(values), values.shape)], ", ") for find in (np.nanargmin, np.nanargmax)
    )
    return f"{count(int(np.isfinite(values).sum()), 'cell')}; lowest: {lowest}; highest: {highest}"


def _some(labels: Sequence[str]) -> list[str]:
    more = len(labels) - MOST_ROWS
    return [*labels[:MOST_ROWS], *([f"{more} more"] if more > 0 else [])]


def _span(values: np.ndarray) -> str:
    low, high = _number(np.min(values)), _number(np.max(values))
    return low if low == high else f"{low} to {high}"


def _number(value: float) -> str:
    return show_number(float(value), DIGITS)


def _is_number(label: str, place: float) -> bool:
    """Return whether a tick says in numbers where it stands."""
    try:
        return bool(np.isclose(float(label), place, rtol=0.01, atol=0))
    except ValueError:
        return False
