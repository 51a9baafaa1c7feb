"""How fast the sweep found it: the best so far, over trials and over seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import count, hovers
from regsweep.report.figures.points import Score, complete, fold, score, thin
from regsweep.report.figures.pruned import add_pruned, only, place_pruned, with_last_value
from regsweep.report.figures.seeds import of_trial
from regsweep.report.figures.theme import BEST, POINTS, dots, new_figure

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

NAME, TITLE = "best_so_far", "The best so far, over trials and over seconds"


def draw(evidence: Evidence) -> Drawing:
    """Draw each complete trial as a point, each pruned one as a cross, and the running best as a step line."""
    sweep = evidence.sweep
    trials = complete(sweep)
    if len(trials) < 2:  # noqa: PLR2004
        return Drawing(NAME, TITLE, missing=f"{count(len(trials), 'complete trial')}: there is no course to show")
    data, clock = course(sweep)
    axis = score(sweep)
    data = data.assign(_hover=hovers(trials, sweep.swept, map(axis.show, trials[sweep.objective])))
    given_up = with_last_value(sweep)
    folded = fold(data[sweep.objective] * axis.factor, axis, maximize=sweep.maximize, has_pruned=not given_up.empty)
    drawing = data.assign(_y=folded.y, _is_far=folded.is_far)
    is_pooled = sweep.seed_key is not None
    panels = [("number", "best_by_number", "trial")]
    if data["elapsed_seconds"].notna().all():
        panels.append(("elapsed_seconds", "best_by_seconds", f"seconds {clock}"))
    figure = new_figure(400, columns=len(panels), shared_yaxes=True, horizontal_spacing=0.04)
    thinned, pruned = "", place_pruned(sweep, axis, folded, given_up)
    seconds, _ = _seconds(sweep, given_up)
    given_up = given_up.assign(elapsed_seconds=seconds)
    for column, (x, best, title) in enumerate(panels, start=1):
        places = given_up[x][pruned.trials.index]
        timed = places.notna()
        add_pruned(figure, places[timed], only(pruned, timed), cell={"row": 1, "col": column})
        name = "best mean so far" if is_pooled else "best so far"
        thinned = _add_panel(figure, drawing, (x, best), axis, (folded.symbol, name))
        figure.update_xaxes(title_text=title, rangemode="tozero", row=1, col=column)
    figure.update_yaxes(title_text=axis.title, row=1, col=1)
    caption = "Each point is a complete trial; the line is the best score until then, as selected: one seed each."
    if is_pooled:
        caption = (
            "Each point is a complete trial, one seed of a configuration; the line is the best mean of the "
            "configurations whose seeds had all ended, as selected."
        )
    if len(panels) == 1:
        caption += " The records hold no seconds."
    rows = given_up[["number", sweep.objective, "elapsed_seconds"]].assign(status="pruned")
    data = pd.concat([data.drop(columns="_hover").assign(status="complete"), rows])
    return Drawing(NAME, TITLE, caption + folded.note + thinned + pruned.note, figure, data)


def _add_panel(
    figure: go.Figure, drawing: pd.DataFrame, keys: tuple[str, str], axis: Score, words: tuple[str, str]
) -> str:
    """Add the complete trials of one panel and their running best, and return a note where they are thinned out.

    Args:
        figure: to add to.
        drawing: a row per trial.
        keys: what is on the x axis, and the running best over it.
        axis: of the score.
        words: the symbol of what stands at the edge, and the name of the running best.
    """
    (x, best), (far_symbol, name) = keys, words
    column = 1 if x == "number" else 2
    ordered = drawing.sort_values([x, "number"], kind="stable")
    rises = ordered[ordered[best].notna() & ordered[best].diff().ne(0)]
    drawn, thinned = thin(ordered, set(rises["number"]))
    symbols = [far_symbol if far else "circle" for far in drawn["_is_far"]]
    figure.add_scatter(
        x=drawn[x],
        y=drawn["_y"],
        mode="markers",
        name="a trial",
        marker={"color": POINTS, **dots(len(drawn), 7), "symbol": symbols},
        hovertext=drawn["_hover"],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=column == 1,
        row=1,
        col=column,
    )
    steps = pd.concat([rises, ordered.iloc[[-1]]])
    figure.add_scatter(
        x=steps[x],
        y=steps[best] * axis.factor,
        mode="lines",
        name=name,
        line={"color": BEST, "width": 2.5, "shape": "hv"},
        hovertext=[f"best so far {axis.show(value)}" for value in steps[best]],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=column == 1,
        row=1,
        col=column,
    )
    return thinned


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
        return ended[trials.index] - (ended - own.fillna(0)).min(), "since the sweep began"
    return own.fillna(0).cumsum()[trials.index].where(own[trials.index].notna()), "of computing, trials added up"
