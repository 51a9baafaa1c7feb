"""Learning curves of the best trial and of the unregularized one, with the gap that regularization is to close."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from regsweep.numbers import count
from regsweep.pooling import Pooled
from regsweep.report.details import read_history
from regsweep.report.figures.captions import no_result, the_best
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.points import noun, without_regularization
from regsweep.report.figures.theme import GREY, TRAIN, VALIDATION, new_figure, shade
from regsweep.report.pooled import Pools

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

NAME, TITLE = "learning_curves", "Learning curves, and the gap between training and validation"
LOOKS = {"train": (TRAIN, "dash"), "validation": (VALIDATION, "solid")}
MOST_TICKS = 6
"""Epochs that have a tick each, in half the width of the page."""
COLUMNS = ["epoch", *(f"{split}_accuracy" for split in LOOKS)]


def draw(evidence: Evidence) -> Drawing:
    """Draw training and validation accuracy after each epoch, a panel for each of the two trials or configurations."""
    sweep = evidence.sweep
    chosen = _choose(sweep)
    if not chosen:
        return Drawing(NAME, TITLE, missing=no_result(sweep))
    histories = {title: found for title, numbers in chosen.items() if (found := _histories(sweep, numbers))}
    if not histories:
        whose = "" if len(chosen) == 1 else " of the best, or of the best without regularization,"
        return Drawing(NAME, TITLE, missing=f"no history.csv{whose} with the accuracies of two or more epochs")
    titles = [
        f"{html.escape(title, quote=False)}<br>gap in the end {_points(_gap(found))} points"
        for title, found in histories.items()
    ]
    figure = new_figure(420, columns=len(histories), shared_yaxes=True, horizontal_spacing=0.04, subplot_titles=titles)
    for column, found in enumerate(histories.values(), start=1):
        _add_seeds(figure, column, found)
        _add_curves(figure, column, _mean(found))
        # Plotly would put ticks between the epochs of a short training.
        is_short = max(each["epoch"].max() for each in found) <= MOST_TICKS
        figure.update_xaxes(title_text="epoch", dtick=1 if is_short else None, row=1, col=column)
    figure.update_yaxes(title_text="accuracy (%)", row=1, col=1)
    figure.update_layout(legend={"y": 0.99, "yref": "container", "yanchor": "top"}, margin={"t": 84})
    data = pd.concat([history.assign(trial=title) for title, found in histories.items() for history in found])
    mode = ", in evaluation mode" if sweep.is_own else ""
    caption = f"Accuracy after each epoch{mode}; the shaded band is the gap between training and validation."
    if any(len(found) > 1 for found in histories.values()):
        caption += " Thick lines are means over the seeds, thin ones single seeds."
    return Drawing(NAME, TITLE, caption + _why_one(sweep, chosen, histories), figure, data)


def _why_one(sweep: Sweep, chosen: dict[str, tuple[int, ...]], histories: dict[str, list[pd.DataFrame]]) -> str:
    """Return why there is one panel alone, where that is not plain."""
    if len(histories) > 1 or len(sweep.trials) == 1:
        return ""
    (lost,) = [title for title in chosen if title not in histories] or [""]
    if lost:
        return f" No history.csv of two or more epochs is on record of this one: {lost}."
    number, one = next(iter(chosen.values()))[0], noun(sweep)
    is_bare = bool(without_regularization(sweep)[sweep.trials["number"] == number].all())
    return "" if is_bare else f" No {one} is known to have no regularization."


def _points(difference: float) -> str:
    return f"{difference:.1f}".replace("-0.0", "0.0").replace("-", "−")


def _choose(sweep: Sweep) -> dict[str, tuple[int, ...]]:
    """Return the trials of the best configuration, and of the best without any regularization, by title."""
    best = sweep.best()
    if best is None:
        return {}
    if len(sweep.trials) == 1:
        return {"this run": best.numbers}
    is_bare = dict(zip(sweep.trials["number"], without_regularization(sweep), strict=True))
    bare = next((each for each in sweep.configurations if each.values and is_bare[each.number]), None)
    if bare is best:
        return {f"{the_best(sweep).removeprefix('the ')}, without regularization: {_name(sweep, best)}": best.numbers}
    chosen = {f"{the_best(sweep).removeprefix('the ')}: {_name(sweep, best)}": best.numbers}
    if bare is None:
        return chosen
    name = _name(sweep, bare)
    title = name if name.startswith("no regularization") else f"without regularization: {name}"
    return {**chosen, title: bare.numbers}


def _name(sweep: Sweep, pooled: Pooled) -> str:
    if sweep.seed_key is None:
        return f"trial {pooled.number}"
    return f"{Pools(sweep).names[pooled.number]}, {count(len(pooled.numbers), 'seed')}"


def _histories(sweep: Sweep, numbers: Sequence[int]) -> list[pd.DataFrame]:
    return [history for number in numbers if (history := _history(sweep, number)) is not None]


def _mean(histories: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the mean of the seeds' curves, over the epochs that all of them have."""
    whole = pd.concat(histories).groupby("epoch")
    mean = whole.mean()[whole.size() == len(histories)]
    return mean.reset_index()


def _history(sweep: Sweep, number: Any) -> pd.DataFrame | None:
    history = read_history(sweep, number)
    if history is None or not set(COLUMNS) <= set(history.columns):
        return None
    rows = history[COLUMNS].apply(pd.to_numeric, errors="coerce").dropna()
    return rows if len(rows) > 1 else None


def _gap(histories: Sequence[pd.DataFrame]) -> float:
    """Return training minus validation accuracy after the last epoch, in percentage points; the mean of the seeds."""
    gaps = [(each["train_accuracy"] - each["validation_accuracy"]).iloc[-1] for each in histories]
    return float(100 * sum(gaps) / len(gaps))


def _add_seeds(figure: go.Figure, column: int, histories: Sequence[pd.DataFrame]) -> None:
    """Add the curves of single seeds, where there are several."""
    for history in histories if len(histories) > 1 else ():
        for split, (colour, dash) in LOOKS.items():
            figure.add_scatter(
                x=history["epoch"],
                y=100 * history[f"{split}_accuracy"],
                mode="lines",
                line={"color": colour, "width": 1, "dash": dash},
                showlegend=False,
                hoverinfo="skip",
                row=1,
                col=column,
            )


def _add_curves(figure: go.Figure, column: int, history: pd.DataFrame) -> None:
    """Add both curves, and the shaded gap between them."""
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
