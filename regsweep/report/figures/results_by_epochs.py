"""What trials ended with, by the epochs that they trained: where some were pruned, or stopped early."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regsweep.names import listed
from regsweep.numbers import count
from regsweep.report.figures.captions import repeats_left_out
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import hovers
from regsweep.report.figures.points import Folded, Score, complete, fold, score, thin
from regsweep.report.figures.pruned import add_pruned, epochs_of, place_pruned, with_last_value
from regsweep.report.figures.theme import BLUE, LIGHT, dots, new_figure

NAME = "results_by_epochs"
SPREAD = 0.28
"""How far points stand beside their number of epochs, as a part of the least distance between two."""
LEAST = 3
"""Trials of which a median is drawn."""
LEAST_PLACES = 5
"""As if so many numbers of epochs stood on the axis, where fewer do: points of one number then stand close together."""
MOST_TICKS = 20


@dataclass(frozen=True)
class _Epochs:
    """Where trials stand along the axis.

    Attributes:
        trained: by trial, as the sweep's table has them.
        step: the least distance between two numbers, or less where there are few.
    """

    trained: pd.Series
    step: float

    @property
    def places(self) -> pd.Series:
        """Where each trial's point is drawn: those of one number stand apart (golden angle)."""
        order = self.trained.groupby(self.trained).cumcount()
        return self.trained + SPREAD * self.step * np.sin(2.39996 * order)


def draw(evidence: Evidence) -> Drawing:
    """Draw each complete and each pruned trial over its epochs, and the medians of both."""
    sweep = evidence.sweep
    done, given_up = complete(sweep, repeats=False), with_last_value(sweep)
    word = "number of epochs trained" if sweep.is_own else "last step reported"
    trained = epochs_of(sweep, pd.concat([done, given_up])).dropna()
    if trained.nunique() < 2:  # noqa: PLR2004
        shown = "complete trials" if given_up.empty else "complete and pruned trials"
        lacking = "" if len(trained) == len(done) + len(given_up) else " that have it on record"
        reason = "not on record" if trained.empty else f"the same in all {shown}{lacking}"
        return Drawing(NAME, score(sweep).titled(f"by the {word}"), missing=f"the {word} is {reason}")
    numbers = np.sort(trained.unique())
    epochs = _Epochs(trained, float(min(np.diff(numbers).min(), (numbers[-1] - numbers[0]) / LEAST_PLACES)))
    left_out = int((~done.index.isin(trained.index)).sum())
    done, given_up = done[done.index.isin(trained.index)], given_up[given_up.index.isin(trained.index)]
    axis = score(sweep)
    values = done[sweep.objective] * axis.factor
    folded = fold(values, axis, maximize=sweep.maximize, has_pruned=not given_up.empty)
    pruned = place_pruned(sweep, axis, folded, given_up, is_alone=False)
    data = pd.concat([done, given_up])[["number", "status", sweep.objective]].assign(epochs=trained.astype(int))
    figure = new_figure(420)
    hover = hovers(done, sweep.settings, map(axis.show, done[sweep.objective]))
    add_pruned(figure, epochs.places[pruned.trials.index], pruned)
    thinned = _add_complete(figure, done.assign(_hover=hover), folded, epochs.places)
    drawn = pd.concat([folded.y, pruned.y])
    reach = drawn.min() if sweep.maximize else drawn.max()
    num_beyond = 0
    for status, dash in (("complete", "solid"), ("pruned", "dot")):
        medians = _medians(data[data["status"] == status], axis)
        # Beyond its edge an axis would go on for a stroke alone, with nothing but triangles on the way.
        is_near = folded.holds(medians) if status == "complete" else folded.sign * (medians - reach) >= 0
        num_beyond += int((~is_near).sum())
        _add_medians(figure, medians[is_near], epochs, (status, dash))
    ticks = sorted(trained.astype(int).unique())
    few = {"tickvals": ticks} if len(ticks) <= MOST_TICKS else {}
    figure.update_xaxes(title_text=word, **few)
    figure.update_yaxes(title_text=axis.title)
    caption = _caption(data, is_own=sweep.is_own) + folded.note + thinned + repeats_left_out(sweep)
    lacks = "without its number of epochs on record" if sweep.is_own else "that reported no step"
    caption += f" {count(left_out, 'complete trial')} {lacks} left out." if left_out else ""
    caption += pruned.note
    caption += f" {count(num_beyond, 'median')} beyond the edge not drawn." if num_beyond else ""
    return Drawing(NAME, axis.titled(f"by the {word}"), caption, figure, data)


def _add_complete(figure: go.Figure, done: pd.DataFrame, folded: Folded, places: pd.Series) -> str:
    """Add the complete trials, and return a note where they are thinned out."""
    points = done.assign(_y=folded.y, _symbol=np.where(folded.is_far, folded.symbol, "circle"))
    drawn, thinned = thin(points.sort_values("_symbol", kind="stable"), set())
    if not drawn.empty:
        figure.add_scatter(
            x=places[drawn.index],
            y=drawn["_y"],
            mode="markers",
            name="complete",
            marker={"color": BLUE, "symbol": list(drawn["_symbol"]), **dots(len(drawn))},
            customdata=list(drawn["number"]),
            hovertext=drawn["_hover"],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    return thinned


def _medians(rows: pd.DataFrame, axis: Score) -> pd.Series:
    """Return the median of each number of epochs that enough trials trained, on the axis."""
    values = rows.groupby("epochs")[axis.column].agg(["median", "size"])
    medians: pd.Series = axis.factor * values["median"][values["size"] >= LEAST].astype(float)
    return medians


def _add_medians(figure: go.Figure, medians: pd.Series, epochs: _Epochs, look: tuple[str, str]) -> None:
    """Add a stroke at each median of the trials of one status."""
    status, dash = look
    half = 0.4 * epochs.step
    if not medians.empty:
        figure.add_scatter(
            x=[x for place in medians.index for x in (place - half, place + half, None)],
            y=[y for median in medians for y in (median, median, None)],
            mode="lines",
            name=f"median, {status}",
            line={"color": LIGHT["text"], "width": 3, "dash": dash},
            hoverinfo="skip",
        )


def _caption(data: pd.DataFrame, *, is_own: bool) -> str:
    """Return how many trials ended before the most epochs that one trained, and how."""
    most = int(data["epochs"].max())
    early = data[data["epochs"] < most]["status"].value_counts()
    how = listed([f"{number:,} {status}" for status, number in early.items()])
    medians = data.groupby(["status", "epochs"]).size().max() >= LEAST
    strokes = f" Strokes: medians of {LEAST} or more trials." if medians else ""
    last = "the most that one of them trained" if is_own else "the last that one of them reported"
    end = f"{count(most, 'epoch') if is_own else f'step {most}'}, {last}"
    return f"Of {count(len(data), 'trial')} {int(early.sum()):,} ended before {end}: {how}.{strokes}"
