"""The score over each parameter of a sweep, a panel for each: any application's, learning rate and all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regsweep.names import short_names
from regsweep.numbers import count, show_number
from regsweep.report.figures.captions import ranges_follow, repeats_left_out, the_best
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import each_point, hovers, power, text
from regsweep.report.figures.points import MOST_POINTS, configurations, fold, is_grid, noun, score, thin, thinned
from regsweep.report.figures.pruned import add_pruned, only, place_pruned, with_last_value
from regsweep.report.figures.scale import is_log
from regsweep.report.figures.theme import BEST, BLUE, GREY, dots, new_figure
from regsweep.report.sweep import as_text

if TYPE_CHECKING:
    from regsweep.report.figures.pruned import Pruned
    from regsweep.report.sweep import Sweep

NAME, TITLE = "slices", "over each parameter"
MOST_PANELS = 12
MOST_COLUMNS = 3
MOST_CATEGORIES, MOST_TURNED = 20, 8
"""So many of them have a label, and so many where labels are turned."""
LONGEST_LABEL = 14
MOST_DECADES = 5
"""So many powers of ten have a label."""
HEIGHT = 270
"""Of a row of panels."""
SPREAD = 0.3
"""How far points of one category stand apart."""
WIDEST = 6
"""Letters in each category's label that have room without being turned."""
LABEL_WIDTH = 0.14
"""Of a listed value on the axis of a panel, as a part of the axis."""
NEAREST = 1e-3
"""What Plotly takes for one tick lies nearer, as a part of the axis."""
EARLY, LATE = GREY, BLUE


@dataclass(frozen=True)
class Slice:
    """A parameter's panel.

    Attributes:
        key: its column in the table of trials.
        name: short.
        places: where each trial stands on the axis, by the table's index; trials without the parameter left out.
        axis: settings of the axis, as Plotly has them.
        listed: labels of all values that are ticks, as a grid's are; empty where the axis has ticks of its own.
        are_words: whether the values are words or switches; `listed` has their numbers then.
    """

    key: str
    name: str
    places: pd.Series
    axis: dict[str, Any]
    listed: dict[float, str]
    are_words: bool = False


def draw(evidence: Evidence) -> Drawing:
    """Draw each complete configuration over every parameter that took two values, and the pruned trials as crosses."""
    sweep = evidence.sweep
    trials, given_up = configurations(sweep), with_last_value(sweep)
    every, axis = trials.index.union(given_up.index), score(sweep)
    slices = find_slices(sweep, sweep.trials.loc[every])
    if not slices:
        shown = "complete trials" if given_up.empty else "complete and pruned trials"
        missing = f"no parameter takes two values among the {shown}"
        return Drawing(NAME, axis.titled(TITLE), missing=missing)
    placed = [place for each in slices[:MOST_PANELS] for place in each.places.index]
    values, what = trials[sweep.objective] * axis.factor, noun(sweep).split()[-1]
    folded = fold(values, axis, maximize=sweep.maximize, what=what, has_pruned=not given_up.empty)
    given_up = given_up[given_up.index.isin(placed)]
    pruned = place_pruned(sweep, axis, folded, given_up)
    best = sweep.best()
    points = pd.DataFrame(
        {
            "number": trials["number"],
            "y": folded.y,
            "hover": hovers(trials, sweep.settings, map(axis.show, trials[sweep.objective])),
            "symbol": np.where(folded.is_far, folded.symbol, "circle"),
            "is_best": trials["number"] == (best.number if best else None),
        },
        index=trials.index,
    )
    name = the_best(sweep) if best else ""
    figure, note = _panels(slices[:MOST_PANELS], points, pruned, axis.title, name.removeprefix("the "))
    here = points[points.index.isin(placed)]
    caption = _caption(sweep, slices, len(here), name if here["is_best"].any() else "", len(every))
    caption += folded.note_of(here.index) + note + repeats_left_out(sweep) + pruned.note
    caption += ranges_follow(sweep, [each.key for each in slices])
    columns = ["number", "status", sweep.objective, *(each.key for each in slices)]
    data = pd.concat([trials[columns], given_up[columns]])
    return Drawing(NAME, axis.titled(TITLE), caption, figure, data)


def _panels(
    slices: list[Slice], points: pd.DataFrame, pruned: Pruned, title: str, best_of: str
) -> tuple[go.Figure, str]:
    """Return a figure with a panel for each slice, and a note where points are thinned out.

    Args:
        slices: a panel each.
        points: of all panels.
        pruned: those that were pruned.
        title: of the y axes.
        best_of: what the best is called in the legend.
    """
    columns = min(len(slices), MOST_COLUMNS)
    rows = ceil(len(slices) / columns)
    figure = new_figure(
        110 + HEIGHT * rows,
        rows=rows,
        columns=columns,
        shared_yaxes="all",
        horizontal_spacing=0.03,
        vertical_spacing=(0.38 if any(each.axis["tickangle"] for each in slices) else 0.3) / rows,
        subplot_titles=[text(f"{each.name}{' (log scale)' if each.axis['type'] == 'log' else ''}") for each in slices],
    )
    notes = []
    for place, each in enumerate(slices):
        cell = {"row": place // columns + 1, "col": place % columns + 1}
        here = points[points.index.isin(each.places.index)]
        best = here[here["is_best"]]
        shown, note = thin(here, set(best["number"]), 2 * MOST_POINTS // len(slices))
        notes.append(note)
        _add_given_up(figure, pruned, each, cell)
        _add_points(figure, shown, each, cell, len(points))
        _add_ring(figure, best, best_of, each, cell)
        figure.update_xaxes(**each.axis, **cell)
    for row in range(1, rows + 1):
        figure.update_yaxes(title_text=title, row=row, col=1)
    legend = {"y": 0.99, "yref": "container", "yanchor": "top"}
    figure.update_layout(legend=legend, margin={"t": 76, "r": 90}, coloraxis=_colours(points["number"]))
    return figure, thinned(notes)


def find_slices(sweep: Sweep, trials: pd.DataFrame) -> list[Slice]:
    """Return a slice of each parameter of which these trials have two values; those that are on or off come last."""
    found = []
    for key, name in short_names(sweep.settings).items():
        values = trials[key][trials[key].notna()]
        if as_text(values).nunique() > 1:
            found.append(_slice(key, name, values, on_log=is_log(sweep, [key], values)))
    return sorted(found, key=lambda each: set(as_text(trials[each.key]).unique()) <= {"True", "False", ""})


def _slice(key: str, name: str, values: pd.Series, *, on_log: bool) -> Slice:
    are_switches = values.map(lambda value: isinstance(value, bool | np.bool_)).all()
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    if are_switches or not numbers.abs().lt(np.inf).all():
        return _of_categories(key, name, as_text(values))
    places: pd.Series = numbers.map(np.log10) if on_log else numbers
    low, high = float(places.min()), float(places.max())
    ticks: dict[str, Any] = {}
    typed = sorted(numbers.unique()) if is_grid(numbers) else []
    listed = {value: (power if on_log else show_number)(value) for value in typed}
    if listed:
        labels = _with_room(list(listed.values()), np.sort(places.unique()))
        ticks = _apart(typed, labels, np.sort(places.unique()))
    elif on_log:
        ticks = {"dtick": ceil((high - low) / MOST_DECADES) if high - low > 1 else "D2", "exponentformat": "e"}
    air = 0.06 * (high - low)
    axis = {"type": "log" if on_log else "linear", "tickangle": 0, "range": [low - air, high + air], **ticks}
    return Slice(key, name, numbers, axis, listed)


def _with_room(labels: list[str], places: np.ndarray) -> list[str]:
    """Return the labels, from left to right, that the one before leaves room for; the others empty."""
    kept, last = [], -np.inf
    for label, place in zip(labels, places, strict=True):
        has_room = place - last >= LABEL_WIDTH * (places[-1] - places[0])
        last = place if has_room else last
        kept.append(label if has_room else "")
    return kept


def _apart(values: list[float], labels: list[str], places: np.ndarray) -> dict[str, Any]:
    """Return ticks as Plotly has them, without those on top of one with a label, which would get its label, too."""
    least = NEAREST * (places[-1] - places[0])
    named = places[[bool(label) for label in labels]]
    kept = [bool(label) or np.abs(named - place).min() > least for label, place in zip(labels, places, strict=True)]
    return {"tickvals": list(compress(values, kept)), "ticktext": list(compress(labels, kept))}


def _of_categories(key: str, name: str, values: pd.Series) -> Slice:
    """Return a slice of text and switches: each value a tick, the trials of one spread beside each other."""
    shown = values.str.lower().where(values.isin(["True", "False"]), values)
    names = sorted(shown.unique())
    order = {value: place for place, value in enumerate(names)}
    beside = SPREAD * np.sin(2.39996 * shown.groupby(shown).cumcount())  # golden angle: neighbours stand apart
    is_turned = max(map(len, names)) * len(names) > WIDEST * 6
    every = max(1, ceil(len(names) / (MOST_TURNED if is_turned else MOST_CATEGORIES)))
    axis = {
        "type": "linear",
        "tickvals": list(range(0, len(names), every)),
        "ticktext": [text(_shortened(value)) for value in names[::every]],
        "tickangle": 30 if is_turned else 0,
        "range": [-0.6, len(names) - 0.4],
        "showgrid": False,
    }
    return Slice(key, name, shown.map(order) + beside, axis, {place: value for value, place in order.items()}, True)


def _shortened(value: str) -> str:
    """Return a category's label, so short that below a panel, turned, it ends above the next one."""
    return value if len(value) <= LONGEST_LABEL else f"{value[: LONGEST_LABEL - 1]}…"


def _add_points(figure: go.Figure, shown: pd.DataFrame, each: Slice, cell: dict[str, int], number: int) -> None:
    """Add the trials of a panel; those far worse than all others come last, as the legend shows the first symbol."""
    if shown.empty:
        return
    shown = shown.sort_values("symbol", kind="stable")
    figure.add_scatter(
        x=each.places[shown.index],
        y=shown["y"],
        mode="markers",
        name=text(each.name),
        showlegend=False,
        marker={"color": shown["number"], "coloraxis": "coloraxis", "symbol": list(shown["symbol"]), **dots(number, 7)},
        customdata=list(shown["number"]),
        hovertext=shown["hover"],
        hovertemplate="%{hovertext}<extra></extra>",
        **cell,
    )


def _add_given_up(figure: go.Figure, pruned: Pruned, each: Slice, cell: dict[str, int]) -> None:
    here = only(pruned, pruned.trials.index.isin(each.places.index))
    add_pruned(figure, each.places[here.trials.index], here, cell=cell)


def _add_ring(figure: go.Figure, best: pd.DataFrame, name: str, each: Slice, cell: dict[str, int]) -> None:
    if best.empty:
        return
    figure.add_scatter(
        x=each.places[best.index],
        y=best["y"],
        mode="markers",
        name=name,
        legendgroup="best",
        showlegend=not any(trace.legendgroup == "best" for trace in figure.data),
        marker={"symbol": "circle-open", "size": 14, "color": BEST, "line": {"width": 2.5}},
        hoverinfo="skip",
        **cell,
    )


def _colours(numbers: pd.Series) -> dict[str, Any]:
    """Return the scale of trial numbers, early to late."""
    bar = {"title": {"text": "trial", "font": {"size": 13}}, "thickness": 10, "outlinewidth": 0}
    bar |= {"len": 200, "lenmode": "pixels", "y": 1, "yanchor": "top"}
    ends = {"cmin": int(numbers.min()), "cmax": int(numbers.max())} if len(numbers) else {}
    return {"colorscale": [[0, EARLY], [1, LATE]], "colorbar": bar, **ends}


def _caption(sweep: Sweep, slices: list[Slice], num_points: int, ringed: str, num_all: int) -> str:
    """Return how to read the panels.

    Args:
        sweep: of the trials.
        slices: all, those too that are not drawn.
        num_points: complete trials or configurations that are drawn.
        ringed: what the ring marks; empty where the best is not among them.
        num_all: these and the pruned ones, whether they have a place or not.
    """
    means = "" if sweep.seed_key is None else " at the mean of its seeds"
    bluer = ", the later the bluer" if num_points > 1 else ""
    ring = f"; the ring marks {ringed}" if ringed else ""
    parts = [f"{each_point(num_points, noun(sweep))}{means}{bluer}{ring}."]
    parts = parts if num_points else ["No complete trial stands here."]
    partial = [each.name for each in slices[:MOST_PANELS] if len(each.places) < num_all]
    if partial:
        it, panel = ("it", "panel") if len(partial) == 1 else ("them", "panels")
        parts.append(f"Only trials that have {it} stand in the {panel} of {_listed(partial)}.")
    if len(slices) > 1 and num_points > 1:
        parts.append(f"{'Trials' if sweep.seed_key is None else 'Configurations'} differ in the other parameters, too.")
    more = slices[MOST_PANELS:]
    if more:
        parts.append(
            f"{count(len(more), 'more parameter')} ({_listed([each.name for each in more])}) in figures/slices.csv, "
            "which regsweep report --format svg writes, and in the table of trials."
        )
    return " ".join(parts)


def _listed(names: list[str]) -> str:
    some = [text(name) for name in names[:5]]
    return ", ".join([*some, *([f"{len(names) - 5} more"] if len(names) > 5 else [])])  # noqa: PLR2004
