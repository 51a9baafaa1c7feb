"""The scores with and without each method that some trials used and others did not, a panel for each."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regsweep.numbers import count
from regsweep.report.figures.captions import repeats_left_out
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import hovers, text
from regsweep.report.figures.points import ROUNDING, Folded, Score, configurations, fold, noun, score, thin, thinned
from regsweep.report.figures.pruned import Pruned, add_pruned, only, place_pruned, with_last_value
from regsweep.report.figures.regularized import Usage, usages
from regsweep.report.figures.seeds import add_seeds
from regsweep.report.figures.theme import (
    BLUE,
    GREY,
    ORANGE,
    SWITCH_COLOUR,
    SWITCH_SYMBOL,
    dots,
    new_figure,
)

NAME, TITLE = "methods_on_and_off", "with and without each method"
PLACES = {"off": 0, "on": 1}
WORDS = {"off": "without", "on": "with"}
MOST_COLUMNS = 3
HEIGHT = 420
"""Of a row of panels."""
LINE = 0.05
"""Of a row of panels, what one more line of words below it takes."""
LONGEST = 7
"""Signs of a median that have room beside the word, where a panel is as wide as a small screen."""


@dataclass(frozen=True)
class _Panel:
    """A method's trials.

    Attributes:
        title: of the method.
        points: a row per trial: ``number``, ``value`` (on the axis), ``y`` (where it is drawn), ``is_far`` (whether at
            the edge), ``hover``, ``switch``, ``pair`` (NaN where it has none).
        pairs: a row per setting that was tried both without and with the method: the means ``off`` and ``on``.
        of_pruned: ``switch`` of each pruned trial for which it is known.
        is_matched: whether each setting of all else was tried on both sides.
    """

    title: str
    points: pd.DataFrame
    pairs: pd.DataFrame
    of_pruned: pd.Series
    is_matched: bool


def draw(evidence: Evidence) -> Drawing:
    """Draw trials and medians on both sides, and a line per pair of settings that agree in all else."""
    sweep = evidence.sweep
    trials = configurations(sweep)
    axis = score(sweep)
    values = trials[sweep.objective] * axis.factor
    given_up = with_last_value(sweep)
    what = noun(sweep).split()[-1]
    folded = fold(values, axis, maximize=sweep.maximize, what=what, has_pruned=not given_up.empty)
    hover = hovers(trials, sweep.settings, map(axis.show, trials[sweep.objective]))
    pooled = [] if sweep.seed_key is None else ["seeds"]
    points = trials[["number", *pooled]].assign(value=values, y=folded.y, is_far=folded.is_far, hover=hover)
    found = [_panel(usage, points, usage.switch[given_up.index]) for usage in usages(sweep)]
    panels = [panel for panel in found if panel is not None]
    if not panels:
        shown = "complete trials" if given_up.empty else "complete or pruned trials"
        missing = f"no method is known to be on in some {shown} and off in others"
        return Drawing(NAME, axis.titled(TITLE), missing=missing)
    given_up = given_up[given_up.index.isin([place for panel in panels for place in panel.of_pruned.index])]
    pruned = place_pruned(sweep, axis, folded, given_up)
    columns, rows = min(len(panels), MOST_COLUMNS), ceil(len(panels) / MOST_COLUMNS)
    figure = new_figure(
        HEIGHT * rows,
        rows=rows,
        columns=columns,
        shared_yaxes=True,
        horizontal_spacing=0.03,
        vertical_spacing=(0.26 + LINE * (not given_up.empty) + LINE * (axis.factor == 1)) / rows,
        subplot_titles=[_title(panel, axis, maximize=sweep.maximize) for panel in panels],
    )
    notes = []
    for place, panel in enumerate(panels):
        cell = {"row": place // columns + 1, "col": place % columns + 1}
        _add_pairs(figure, panel, folded, cell, maximize=sweep.maximize)
        drawn, note = thin(panel.points, set())
        notes.append(note)
        _add_points(figure, drawn, 0.16 if panel.pairs.empty else 0.0, far=folded.symbol, axis=axis, cell=cell)
        _add_given_up(figure, panel, pruned, cell)
        _add_medians(figure, panel, folded, axis, cell)
    for row in range(1, rows + 1):
        figure.update_yaxes(title_text=axis.title, row=row, col=1)
    has_pairs = any(not panel.pairs.empty for panel in panels)
    legend = {"y": 0.99, "yref": "container", "yanchor": "top"}
    figure.update_layout(legend=legend, margin={"t": 96 if has_pairs else 72})
    _show_each_name_once(figure)
    in_panels = points.index[points.index.isin([place for panel in panels for place in panel.points.index])]
    caption = _caption(panels, folded, is_pooled=bool(pooled)) + folded.note_of(in_panels)
    caption += _not_joined(panels, folded) + thinned(notes) + repeats_left_out(sweep) + pruned.note
    table = pd.concat([_table(panels, axis), *(_given_up(panel, given_up, sweep.objective) for panel in panels)])
    return Drawing(NAME, axis.titled(TITLE), caption, figure, table)


def _panel(usage: Usage, points: pd.DataFrame, of_pruned: pd.Series) -> _Panel | None:
    """Return the panel of a method; None where it is not known to be off in one trial and on in another."""
    points = points.assign(switch=usage.switch[points.index], others=usage.others[points.index])
    points = points[points["switch"] != ""]
    of_pruned = of_pruned[of_pruned != ""]
    if len({*points["switch"], *of_pruned}) < len(PLACES):
        return None
    means = points.pivot_table("value", "others", "switch", "mean", sort=False, observed=True)
    pairs = means.reindex(columns=[*PLACES]).dropna().reset_index(names="others")
    places = {others: place for place, others in enumerate(pairs["others"])}
    off, on = ({*points["others"][points["switch"] == switch]} for switch in PLACES)
    points = points.assign(pair=points["others"].map(places)).drop(columns="others")
    return _Panel(usage.title, points, pairs[list(PLACES)], of_pruned, is_matched=off == on)


def _gains(panel: _Panel, *, maximize: bool) -> pd.Series:
    gains: pd.Series = (panel.pairs["on"] - panel.pairs["off"]) * (1 if maximize else -1)
    return gains.where(gains.abs() > ROUNDING, 0.0)


def _title(panel: _Panel, axis: Score, *, maximize: bool) -> str:
    """Return the method's name, and the result of its pairs where there are any."""
    if panel.pairs.empty:
        return text(panel.title)
    gains = _gains(panel, maximize=maximize)
    mean = axis.difference(float((panel.pairs["on"] - panel.pairs["off"]).mean()))
    return f"{text(panel.title)}<br>{count(len(gains), 'pair')}: {int((gains > 0).sum())} better, mean {mean}"


def _are_within(panel: _Panel, folded: Folded) -> pd.Series:
    """Return which pairs have both their ends within the axis: beyond its edge no line has a true height."""
    within: pd.Series = folded.holds(panel.pairs["off"]) & folded.holds(panel.pairs["on"])
    return within


def _not_joined(panels: list[_Panel], folded: Folded) -> str:
    num = sum(int((~_are_within(panel, folded)).sum()) for panel in panels)
    return f" {count(num, 'pair')} with an end beyond the edge counted, but not joined by a line." if num else ""


def _add_pairs(figure: go.Figure, panel: _Panel, folded: Folded, cell: dict[str, int], *, maximize: bool) -> None:
    """Add the pairs as two traces, those that are better with the method and the others: lines with gaps between."""
    gains, within = _gains(panel, maximize=maximize), _are_within(panel, folded)
    looks = (
        ("a pair that is better with it", gains > 0, BLUE, "solid"),
        ("worse or equal", gains <= 0, ORANGE, "dash"),
    )
    for name, kept, colour, dash in looks:
        lines = panel.pairs[kept & within]
        if not lines.empty:
            figure.add_scatter(
                x=[PLACES["off"], PLACES["on"], None] * len(lines),
                y=[y for off, on in zip(lines["off"], lines["on"], strict=True) for y in (off, on, None)],
                mode="lines",
                line={"color": colour, "width": 1.4, "dash": dash},
                name=name,
                legendgroup=name,
                hoverinfo="skip",
                **cell,
            )


def _add_points(
    figure: go.Figure, drawn: pd.DataFrame, width: float, *, far: str, axis: Score, cell: dict[str, int]
) -> None:
    """Add the trials, spread over `width` to both sides: where there are pairs they stand at the ends of the lines.

    Args:
        figure: to add to.
        drawn: rows of a panel's points.
        width: in units of the axis.
        far: the symbol of what stands at the edge.
        axis: of the scores.
        cell: the panel's.
    """
    for switch, place in PLACES.items():
        points = drawn[drawn["switch"] == switch]
        x = place + width * np.sin(2.39996 * np.arange(len(points)))  # golden angle: neighbours stand apart
        if "seeds" in points:
            is_in_place = ~points["is_far"]
            add_seeds(figure, points[is_in_place], x[is_in_place], axis, SWITCH_COLOUR[switch], cell=cell)
        figure.add_scatter(
            x=x,
            y=points["y"],
            mode="markers",
            name=WORDS[switch],
            showlegend=False,
            marker={
                "color": SWITCH_COLOUR[switch],
                "symbol": [far if is_far else SWITCH_SYMBOL[switch] for is_far in points["is_far"]],
                **dots(len(drawn)),
            },
            customdata=list(points["number"]),
            hovertext=points["hover"],
            hovertemplate="%{hovertext}<extra></extra>",
            **cell,
        )


def _add_given_up(figure: go.Figure, panel: _Panel, pruned: Pruned, cell: dict[str, int]) -> None:
    """Add the pruned trials of both sides, left of the complete ones."""
    here = only(pruned, pruned.trials.index.isin(panel.of_pruned.index))
    places = panel.of_pruned[here.trials.index].map(PLACES)
    add_pruned(figure, places - 0.3 + 0.06 * np.sin(2.39996 * np.arange(len(places))), here, cell=cell)


def _given_up(panel: _Panel, given_up: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Return the rows that the pruned trials have in the figure's table."""
    here = panel.of_pruned
    return pd.DataFrame(
        {
            "method": panel.title,
            "number": given_up["number"][here.index],
            "is_used": here == "on",
            objective: given_up[objective][here.index],
            "status": "pruned",
        }
    )


def _add_medians(figure: go.Figure, panel: _Panel, folded: Folded, axis: Score, cell: dict[str, int]) -> None:
    """Add a stroke at each side's median where that is within the axis, and its value under it."""
    labels = []
    for switch, place in PLACES.items():
        values = panel.points["value"][panel.points["switch"] == switch]
        median = float(values.median())
        shown = axis.label(median)
        beside = f"median{' ' if len(shown) <= LONGEST else '<br>'}{shown}"
        lines = [f"{WORDS[switch]} ({len(values):,})", *([] if values.empty else [beside])]
        num_pruned = int((panel.of_pruned == switch).sum())
        labels.append("<br>".join([*lines, *([f"{num_pruned:,} pruned"] if num_pruned else [])]))
        if values.empty:
            continue
        figure.add_scatter(
            x=[place - 0.26, place + 0.26],
            y=[median, median] if folded.holds(pd.Series([median])).all() else [None, None],
            mode="lines",
            name="median",
            legendgroup="median",
            line={"color": GREY, "width": 4},
            hoverinfo="skip",
            **cell,
        )
    axis_of_sides = {"tickvals": [*PLACES.values()], "ticktext": labels, "tickangle": 0, "range": [-0.6, 1.6]}
    figure.update_xaxes(**axis_of_sides, showgrid=False, **cell)


def _show_each_name_once(figure: go.Figure) -> None:
    named = set()
    for trace in figure.data:
        if trace.showlegend is None:
            trace.showlegend = trace.name not in named
            named.add(trace.name)


def _caption(panels: list[_Panel], folded: Folded, *, is_pooled: bool) -> str:
    if all(panel.points.empty for panel in panels):
        return "No complete trial stands here."
    each, those = "Each point is a complete trial", "trials"
    if is_pooled:
        each = "Each large point is a configuration's mean over its seeds, each small one a seed"
        those = "configurations"
    parts = [f"{each}, without the method on the left and with it on the right."]
    if any(_has_both(panel) and not panel.is_matched for panel in panels):
        parts.append(
            f"{those.capitalize()} of the two sides differ in other settings, too: a difference between the medians "
            "need not be the method's doing."
        )
    if any(_are_within(panel, folded).any() for panel in panels):
        parts.append(f"A line joins the means of {those} that agree in everything but the method.")
    without = [panel.title for panel in panels if panel.pairs.empty]
    if without and len(without) < len(panels):
        parts.append(f"No two agree in all else in the panel of {', '.join(without)}.")
    return " ".join(parts)


def _has_both(panel: _Panel) -> bool:
    """Return whether there are complete trials on both sides."""
    return set(panel.points["switch"]) == {*PLACES}


def _table(panels: list[_Panel], axis: Score) -> pd.DataFrame:
    frames = [
        pd.DataFrame(
            {
                "method": panel.title,
                "number": panel.points["number"],
                "is_used": panel.points["switch"] == "on",
                axis.column: panel.points["value"] / axis.factor,
                "pair": panel.points["pair"].astype("Int64"),
                "status": "complete",
            }
        )
        for panel in panels
    ]
    return pd.concat(frames, ignore_index=True)
