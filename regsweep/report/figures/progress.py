"""How fast the sweep found it: the best so far, over trials and over seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from regsweep.numbers import count
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import hovers
from regsweep.report.figures.points import Folded, Score, complete, fold, score, thin
from regsweep.report.figures.pruned import Pruned, add_pruned, only, place_pruned, with_last_value
from regsweep.report.figures.seeds import of_trial
from regsweep.report.figures.theme import BEST, POINTS, dots, from_zero, new_figure

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

NAME, TITLE = "best_so_far", "The best so far"


WHOLE = "the configurations of which every complete seed had ended"
"""Whose mean counts in the running best."""


@dataclass(frozen=True)
class _Panel:
    """One of the two axes that the course is drawn over.

    Attributes:
        column: of the figure.
        x, best: columns of the table: the place of a trial, and the best until then.
        title: of the axis.
    """

    column: int
    x: str
    best: str
    title: str


def draw(evidence: Evidence) -> Drawing:
    """Draw each complete trial as a point, each pruned one as a cross, and the running best as a step line."""
    sweep = evidence.sweep
    trials = complete(sweep)
    if len(trials) < 2:  # noqa: PLR2004
        return Drawing(NAME, TITLE, missing=f"{count(len(trials), 'complete trial')}: there is no course to show")
    if sweep.data_keys:
        return Drawing(NAME, TITLE, missing="scores on different data sets are no comparison")
    data, clock = course(sweep)
    axis = score(sweep)
    given_up = with_last_value(sweep)
    seconds, _ = _seconds(sweep, given_up)
    given_up = given_up.assign(elapsed_seconds=seconds)
    folded = fold(data[sweep.objective] * axis.factor, axis, maximize=sweep.maximize, has_pruned=not given_up.empty)
    pruned = place_pruned(sweep, axis, folded, given_up)
    hover = hovers(trials, sweep.swept, map(axis.show, trials[sweep.objective]))
    drawing = data.assign(_hover=hover, _y=folded.y, _is_far=folded.is_far)
    panels = [_Panel(1, "number", "best_by_number", "trial")]
    if data["elapsed_seconds"].notna().all():
        panels.append(_Panel(2, "elapsed_seconds", "best_by_seconds", f"seconds {clock}"))
    figure = new_figure(400, columns=len(panels), shared_yaxes=True, horizontal_spacing=0.04)
    thinned = ""
    for panel in panels:
        ordered = drawing.sort_values([panel.x, "number"], kind="stable")
        rises = ordered[ordered[panel.best].notna() & ordered[panel.best].diff().ne(0)]
        drawn, thinned = thin(ordered, set(rises["number"]))
        _add_pruned(figure, panel, pruned, given_up)
        _add_points(figure, panel, drawn, folded)
        _add_line(figure, panel, pd.concat([rises, ordered.iloc[[-1]]]), axis, folded, is_pooled=_is_pooled(sweep))
        places = pd.concat([data[panel.x], given_up[panel.x]])
        figure.update_xaxes(title_text=panel.title, range=from_zero(places), row=1, col=panel.column)
    figure.update_yaxes(title_text=axis.title, row=1, col=1)
    is_cut = not folded.holds(data["best_by_number"].dropna() * axis.factor).all()
    caption = _caption(sweep, int(data["elapsed_seconds"].isna().sum())) + folded.note
    caption += " The line begins where the best is within the axis." if is_cut else ""
    rows = given_up[["number", sweep.objective, "elapsed_seconds"]].assign(status="pruned")
    table = pd.concat([data.assign(status="complete"), rows])
    title = f"{TITLE}, over trials{' and over seconds' if len(panels) > 1 else ''}"
    return Drawing(NAME, title, caption + thinned + pruned.note, figure, table)


def _is_pooled(sweep: Sweep) -> bool:
    return sweep.seed_key is not None


def _add_pruned(figure: go.Figure, panel: _Panel, pruned: Pruned, given_up: pd.DataFrame) -> None:
    places = given_up[panel.x][pruned.trials.index]
    timed = places.notna()
    add_pruned(figure, places[timed], only(pruned, timed), cell={"row": 1, "col": panel.column})


def _add_points(figure: go.Figure, panel: _Panel, drawn: pd.DataFrame, folded: Folded) -> None:
    drawn = drawn.sort_values("_is_far", kind="stable")  # the legend shows the first point's symbol
    symbols = [folded.symbol if far else "circle" for far in drawn["_is_far"]]
    figure.add_scatter(
        x=drawn[panel.x],
        y=drawn["_y"],
        mode="markers",
        name="a trial",
        marker={"color": POINTS, **dots(len(drawn), 7), "symbol": symbols},
        customdata=list(drawn["number"]),
        hovertext=drawn["_hover"],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=panel.column == 1,
        row=1,
        col=panel.column,
    )


def _add_line(
    figure: go.Figure, panel: _Panel, steps: pd.DataFrame, axis: Score, folded: Folded, *, is_pooled: bool
) -> None:
    """Add the running best, from where it is within the axis on: beyond its edge points have no true height."""
    steps = steps[folded.holds(steps[panel.best] * axis.factor)]
    figure.add_scatter(
        x=steps[panel.x],
        y=steps[panel.best] * axis.factor,
        mode="lines",
        name="best mean so far" if is_pooled else "best so far",
        line={"color": BEST, "width": 2.5, "shape": "hv"},
        hovertext=[f"best so far {axis.show(value)}" for value in steps[panel.best]],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=panel.column == 1,
        row=1,
        col=panel.column,
    )


def _caption(sweep: Sweep, num_without_seconds: int) -> str:
    what = sweep.objective.replace("_", " ")
    caption = f"Each point is a complete trial; the line is their best {what} until then."
    if _is_pooled(sweep):
        caption = (
            f"Each point is a complete trial, one seed of a configuration; the line is the best mean {what} until then "
            f"of {WHOLE}."
        )
    if num_without_seconds:
        caption += f" Not drawn over seconds: {count(num_without_seconds, 'complete trial')} without any on record."
    return caption


def course(sweep: Sweep) -> tuple[pd.DataFrame, str]:
    """Return number, score, seconds and both running bests of each complete trial, and what the seconds count.

    Where seeds were swept the best is that of the means, each from the end of the configuration's last seed on; NaN
    before the first.
    """
    trials = complete(sweep)
    seconds, clock = _seconds(sweep, trials)
    data = trials[["number", sweep.objective]].assign(elapsed_seconds=seconds)
    data["best_by_number"] = _running(sweep, data.sort_values("number"))
    data["best_by_seconds"] = _running(sweep, data.sort_values(["elapsed_seconds", "number"]))
    return data, clock


def _running(sweep: Sweep, ordered: pd.DataFrame) -> pd.Series:
    """Return the best so far, parallel to trials in an order."""
    running = pd.Series.cummax if sweep.maximize else pd.Series.cummin
    if sweep.seed_key is None:
        best: pd.Series = running(ordered[sweep.objective])
        return best
    means = {number: each.mean for each in sweep.configurations for number in each.numbers}
    first = ordered["number"].map(of_trial(sweep))
    is_last = ~first.duplicated(keep="last") & first.notna()
    best = running(ordered["number"].map(means).where(is_last))
    return best.ffill()


def _seconds(sweep: Sweep, trials: pd.DataFrame) -> tuple[pd.Series, str]:
    """Return when each trial ended, since the first began; without times on record, the sum of their seconds."""
    everything = sweep.trials
    own = pd.to_numeric(everything["total_seconds"], errors="coerce")
    done = complete(sweep).index
    if "ended" in everything and everything.loc[done, "ended"].notna().all():
        ended = everything["ended"].astype(float)
        starts = ended - own.fillna(0)
        event = "began" if own[starts == starts.min()].notna().any() else "ended"
        return ended[trials.index] - starts.min(), f"since the first trial {event}"
    return own.fillna(0).cumsum()[trials.index].where(own[trials.index].notna()), "of computing, trials added up"
