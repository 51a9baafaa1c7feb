"""Every trial as a line across axes that stand side by side: one of each parameter, and one of each objective.

Inselberg, "The plane with parallel coordinates", The Visual Computer 1, 1985. On the page, a range that is dragged
along an axis is one of the table's filter, too (page/parallel.js).
"""

from __future__ import annotations

import re
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regsweep.numbers import count, show_number
from regsweep.report.figures import parallel_axes
from regsweep.report.figures.captions import ranges_follow, the_best
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import text
from regsweep.report.figures.parallel_axes import MISSING
from regsweep.report.figures.points import Score, complete, score, thin
from regsweep.report.figures.pruned import NAME as PRUNED
from regsweep.report.figures.pruned import with_last_value
from regsweep.report.figures.slices import find_slices
from regsweep.report.figures.theme import BEST, BLUE, GREY, LIGHT, new_figure
from regsweep.report.sweep import as_text

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from regsweep.report.figures.parallel_axes import Axis
    from regsweep.report.sweep import Sweep

NAME, TITLE = "parallel_coordinates", "Each trial across its parameters"
LEAST_PARAMETERS, MOST_PARAMETERS = 2, 10
MOST_LINES = 1000
"""So many are drawn at once: more cover each other."""
FEW, AXIS_WIDTH, AXIS_WIDTH_OF_MANY = 3, 90, 80
"""So many axes shrink with the screen; of more, each has so many pixels, and the figure scrolls."""
MOST_WORDS = 5
"""Of a parameter, that stand for those who do not see the figure."""
TOP = 0.1
"""The part of the complete trials that has a colour of its own."""
HEIGHT = 520
MOST_SIGNS, MOST_SIGNS_OF_MANY, MANY = 14, 10, 7
"""Of a label beside an axis, and of a line of a name above it; of as many axes or more."""
MOST_LINES_OF_NAME, LINE = 4, 16
"""Of a name above an axis, and their height in pixels."""
SIGN, LEAST_LEFT = 6.5, 40
"""Pixels of a label's sign, and left of the first axis."""
OTHERS = "other trials"
LINES: dict[str, dict[str, Any]] = {
    PRUNED: {"color": GREY, "width": 1, "dash": "dot"},
    OTHERS: {"color": GREY, "width": 1},
    "top": {"color": BLUE, "width": 1.8},
    "best": {"color": BEST, "width": 2.8},
}
"""From the first that is drawn to the last, which covers the others."""


def draw(evidence: Evidence) -> Drawing:
    """Draw complete and pruned trials; what is missing, or far off, stands beside an axis' scale."""
    sweep = evidence.sweep
    trials = pd.concat([complete(sweep, repeats=False), with_last_value(sweep)])
    slices = find_slices(sweep, sweep.trials.loc[trials.index])
    if len(slices) < LEAST_PARAMETERS:
        missing = f"fewer than {LEAST_PARAMETERS} parameters take two values among complete and pruned trials"
        return Drawing(NAME, TITLE, missing=missing)
    axes = [parallel_axes.of_parameter(each, trials.index) for each in slices[:MOST_PARAMETERS]]
    objectives = sweep.objectives or {sweep.objective: sweep.maximize}
    axes += [parallel_axes.of_score(_unit(sweep, name), trials, maximize=high) for name, high in objectives.items()]
    kinds = _kinds(sweep, trials)
    drawn, thinned = thin(trials, set(trials.loc[kinds == "best", "number"]), MOST_LINES)
    names = {**{kind: kind for kind in LINES}, **_names(sweep, kinds)}
    figure = _lines(axes, names, kinds[drawn.index], _hovers(sweep, drawn), drawn["number"])
    _add_axes(figure, axes)
    figure.update_layout(meta=_for_the_page(axes, kinds, trials["number"]))
    parts = [_caption(kinds, axes), *(axis.note for axis in axes), thinned.replace("points", "lines")]
    parts.append(ranges_follow(sweep, [axis.key for axis in axes]))
    more = slices[MOST_PARAMETERS:]
    if more:
        parts.append(
            f" {count(len(more), 'more parameter')} only in the table: {', '.join(text(e.name) for e in more)}."
        )
    data = trials[["number", "status", *(axis.key for axis in axes)]]
    return Drawing(NAME, TITLE, "".join(parts), figure, data, words=_words(axes, names, kinds, trials))


def _unit(sweep: Sweep, name: str) -> Score:
    """Return the axis of an objective, as the table of trials has it."""
    return Score(name, "exact zeros (%)", 100.0) if name == "sparsity" else score(sweep, name)


def _kinds(sweep: Sweep, trials: pd.DataFrame) -> pd.Series:
    """Return which of `LINES` each trial is: of equals at the border of the top, none belongs to it."""
    kinds = pd.Series(OTHERS, index=trials.index, dtype=object)
    ended = trials[trials["status"] == "complete"]
    if sweep.objectives:
        kinds[trials["number"].isin(sweep.front)] = "best"
    elif len(ended):
        gains = ended[sweep.objective] * (1 if sweep.maximize else -1)
        border = gains.nlargest(ceil(TOP * len(gains)) + 1).min()
        kinds[gains.index[gains > border]] = "top"
        best = sweep.best()
        kinds[trials["number"].isin(best.numbers if best is not None else ())] = "best"
    kinds[trials["status"] == PRUNED] = PRUNED
    return kinds


def _drawn_kinds(kinds: pd.Series) -> list[str]:
    """Return the kinds that have a trace, in their order."""
    return [kind for kind in LINES if kind in set(kinds)]


def _names(sweep: Sweep, kinds: pd.Series) -> dict[str, str]:
    """Return what the legend calls the kinds that depend on the sweep."""
    num_top = int((kinds == "top").sum())
    best = "front"
    if not sweep.objectives and (kinds == "best").any():
        what = "configuration" if sweep.seed_key is not None else ""
        best = f"seeds of {the_best(sweep, what=what)}" if what else the_best(sweep).removeprefix("the ")
    return {"best": best, "top": "next best" if num_top == 1 else f"next best {num_top:,}"}


def _lines(
    axes: list[Axis], names: dict[str, str], kinds: pd.Series, hovers: pd.Series, numbers: pd.Series
) -> go.Figure:
    """Return a figure with the lines of each kind as one trace, which has a gap behind each line."""
    figure = new_figure(HEIGHT)
    across = [*range(len(axes)), None]
    for kind in _drawn_kinds(kinds):
        rows = kinds.index[kinds == kind]
        places = zip(*(axis.places[rows] for axis in axes), strict=True)
        figure.add_scatter(
            x=across * len(rows),
            y=[y for line in places for y in (*(round(place, 4) for place in line), None)],
            mode="lines",
            name=names[kind],
            showlegend=True,
            line=LINES[kind],
            customdata=[int(number) for number in numbers[rows] for _ in across],
            hovertext=[hover for hover in hovers[rows] for _ in across],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    return figure


def _hovers(sweep: Sweep, trials: pd.DataFrame) -> pd.Series:
    """Return what a line says where it meets an axis: its trial, and what that reached."""
    units = [_unit(sweep, name) for name in (sweep.objectives or [sweep.objective])]
    said = []
    for row in trials.to_dict("records"):
        reached = ", ".join(unit.show(row[unit.column]) for unit in units if pd.notna(row[unit.column]))
        said.append(f"trial {row['number']}{' (pruned)' if row['status'] == PRUNED else ''}: {reached}")
    return pd.Series(said, index=trials.index, dtype=object)


def _add_axes(figure: go.Figure, axes: list[Axis]) -> None:
    """Add the axes, their ticks and their names; the figure's own axes only count them, and go from foot to head."""
    most = MOST_SIGNS if len(axes) < MANY else MOST_SIGNS_OF_MANY
    ground = {"bgcolor": LIGHT["background"], "borderpad": 1, "font": {"size": 11}}
    left: float = LEAST_LEFT
    for x, axis in enumerate(axes):
        line = {"color": LIGHT["axis"], "width": 1.2}
        figure.add_shape(type="line", x0=x, x1=x, y0=0, y1=1, line=line)
        for y, label in axis.ticks.items():
            shown = label if len(label) <= MOST_SIGNS else f"{label[: MOST_SIGNS - 1]}…"
            left = max(left, SIGN * len(shown) + 10) if x == 0 else left
            figure.add_annotation(x=x, y=y, text=text(shown), xanchor="right", xshift=-3, **ground)
    names = [_broken(axis.title, most) for axis in axes]
    figure.update_xaxes(
        side="top",
        tickvals=list(range(len(axes))),
        ticktext=["<br>".join(map(text, lines)) for lines in names],
        range=[-0.05, len(axes) - 0.95],
        fixedrange=True,
        showgrid=False,
        showline=False,
        ticks="",
        tickangle=0,
    )
    figure.update_yaxes(range=[-0.03, 1.03], fixedrange=True, visible=False)
    legend = {"y": 0.0, "yref": "container", "yanchor": "bottom"}
    figure.update_layout(
        dragmode=False,
        hoverdistance=8,
        legend=legend,
        margin={"l": left, "r": 52, "t": 16 + LINE * max(3, *map(len, names)), "b": 44},
    )


def _broken(name: str, most: int) -> list[str]:
    """Return a name as `MOST_LINES_OF_NAME` lines at most, broken behind signs that separate words."""
    lines = [""]
    for part in re.split(r"(?<=[ _.+])", name):
        if lines[-1] and len(lines[-1]) + len(part.strip()) > most:
            lines.append("")
        lines[-1] += part
    return [line.strip() if len(line.strip()) <= most + 2 else f"{line[:most]}…" for line in lines[:MOST_LINES_OF_NAME]]


def _for_the_page(axes: list[Axis], kinds: pd.Series, numbers: pd.Series) -> dict[str, Any]:
    """Return what the page's script draws a filter's trials from: each trial's places on the axes, and its trace."""
    order = {kind: trace for trace, kind in enumerate(_drawn_kinds(kinds))}
    return {
        "keys": [axis.key for axis in axes],
        "numbers": [int(number) for number in numbers],
        "traces": [order[kind] for kind in kinds],
        "places": [[round(float(place), 4) for place in axis.places] for axis in axes],
        "best": [line for line, kind in enumerate(kinds) if kind == "best"],
        "most": MOST_LINES,
        "least_width": 0 if len(axes) <= FEW else len(axes) * (AXIS_WIDTH if len(axes) < MANY else AXIS_WIDTH_OF_MANY),
    }


def _words(axes: list[Axis], names: dict[str, str], kinds: pd.Series, trials: pd.DataFrame) -> str:
    """Return what the trials of each kind have on each axis, the best first: their heights are no numbers."""
    parts = []
    for kind in reversed(_drawn_kinds(kinds)):
        rows = trials[kinds == kind]
        number = f"trial {rows['number'].iloc[0]}" if len(rows) == 1 else f"{len(rows):,} trials"
        of_axes = (f"{axis.title} {_span(rows[axis.key], axis.factor)}" for axis in axes)
        parts.append(f"{names[kind]}, {number}: {'; '.join(of_axes)}.")
    return " ".join(parts)


def _span(values: pd.Series, factor: float) -> str:
    """Return what some trials have of a parameter: the ends of its numbers, or its words."""
    known = values.dropna()
    if known.empty:
        return MISSING
    numbers = pd.to_numeric(known, errors="coerce")
    if numbers.notna().all() and not known.map(lambda value: isinstance(value, bool | np.bool_)).any():
        ends = dict.fromkeys(show_number(factor * end, 4) for end in (numbers.min(), numbers.max()))
        return " to ".join(ends)
    words = sorted(set(as_text(known)))
    return ", ".join([*words[:MOST_WORDS], *(["…"] if len(words) > MOST_WORDS else [])])


def _caption(kinds: pd.Series, axes: list[Axis]) -> str:
    """Return what the lines are, and how some of them are chosen."""
    num_ended, num_pruned = int((kinds != PRUNED).sum()), int((kinds == PRUNED).sum())
    lines = f"Each line is one of {count(num_ended, 'complete trial')}."
    if not num_ended:
        lines = "No trial is complete."
    pruned = f" {count(num_pruned, 'pruned trial')}: dotted, to the last value." if num_pruned else ""
    lacks = any(MISSING in axis.ticks.values() for axis in axes)
    missing = f" At {MISSING} the trial has no value." if lacks else ""
    return lines + pruned + missing
