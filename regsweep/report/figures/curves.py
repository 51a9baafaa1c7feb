"""Learning curves of the best trial and of the unregularized one, with the gap that regularization is to close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from regsweep.report.details import read_history
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.points import complete, without_regularization
from regsweep.report.figures.theme import GREY, TRAIN, VALIDATION, new_figure, shade

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

NAME, TITLE = "learning_curves", "Learning curves, and the gap between training and validation"
LOOKS = {"train": (TRAIN, "dash"), "validation": (VALIDATION, "solid")}
COLUMNS = ["epoch", *(f"{split}_accuracy" for split in LOOKS)]


def draw(evidence: Evidence) -> Drawing:
    """Draw training and validation accuracy after each epoch, a panel for each of the two trials."""
    chosen = _choose(evidence.sweep)
    if not chosen:
        return Drawing(NAME, TITLE, missing="no trial is complete")
    histories = {
        title: history for number, title in chosen.items() if (history := _history(evidence.sweep, number)) is not None
    }
    if not histories:
        return Drawing(NAME, TITLE, missing="no history.csv with the accuracies of two or more epochs")
    titles = [f"{title}<br>gap in the end {_gap(history):.1f} points" for title, history in histories.items()]
    figure = new_figure(420, columns=len(histories), shared_yaxes=True, horizontal_spacing=0.04, subplot_titles=titles)
    for column, history in enumerate(histories.values(), start=1):
        _add_curves(figure, column, history)
        figure.update_xaxes(title_text="epoch", row=1, col=column)
    figure.update_yaxes(title_text="accuracy (%)", row=1, col=1)
    figure.update_layout(legend={"y": 0.99, "yref": "container", "yanchor": "top"}, margin={"t": 84})
    data = pd.concat([history.assign(trial=title) for title, history in histories.items()])
    caption = (
        "Accuracy after each epoch, in evaluation mode; the shaded band is the gap between training and validation."
    )
    if len(histories) == 1 and len(evidence.sweep.trials) > 1:
        is_bare = "without" in next(iter(histories))
        caption += (
            " The best trial has no regularization." if is_bare else " No trial is known to have no regularization."
        )
    return Drawing(NAME, TITLE, caption, figure, data)


def _choose(sweep: Sweep) -> dict[Any, str]:
    """Return number and title of the best trial, and of the best of those without any regularization."""
    best = sweep.best()
    if best is None:
        return {}
    alone = len(sweep.trials) == 1
    chosen = {best["number"]: "this run" if alone else f"best: trial {best['number']}"}
    trials = complete(sweep)
    bare = trials[without_regularization(sweep).loc[trials.index]]
    if not bare.empty and not alone:
        scores = bare[sweep.objective]
        number = bare["number"].iloc[int(scores.argmax() if sweep.maximize else scores.argmin())]
        known = "without regularization"
        chosen[number] = f"best, {known}: trial {number}" if number in chosen else f"{known}: trial {number}"
    return chosen


def _history(sweep: Sweep, number: Any) -> pd.DataFrame | None:
    history = read_history(sweep, number)
    if history is None or not set(COLUMNS) <= set(history.columns):
        return None
    rows = history[COLUMNS].apply(pd.to_numeric, errors="coerce").dropna()
    return rows if len(rows) > 1 else None


def _gap(history: pd.DataFrame) -> float:
    """Return training minus validation accuracy after the last epoch, in percentage points."""
    return float(100 * (history["train_accuracy"] - history["validation_accuracy"]).iloc[-1])


def _add_curves(figure: go.Figure, column: int, history: pd.DataFrame) -> None:
    """Add both curves of one trial, and the shaded gap between them."""
    for split, (colour, dash) in LOOKS.items():
        values = 100 * history[f"{split}_accuracy"]
        figure.add_scatter(
            x=history["epoch"],
            y=values,
            mode="lines",
            name=split,
            line={"color": colour, "width": 2.5, "dash": dash},
            fill="tonexty" if split == "validation" else None,
            fillcolor=shade(GREY, 0.22),
            legendgroup=split,
            showlegend=column == 1,
            hovertemplate=f"epoch %{{x}}: {split} %{{y:.2f}} %<extra></extra>",
            row=1,
            col=column,
        )
