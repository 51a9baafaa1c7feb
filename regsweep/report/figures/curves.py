"""Learning curves of the best trial and of the unregularized one, with the gap that regularization is to close."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from regsweep.numbers import count, show_number
from regsweep.pooling import Pooled
from regsweep.report.details import read_history
from regsweep.report.figures.captions import no_result, the_best
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.points import noun
from regsweep.report.figures.regularized import without_regularization
from regsweep.report.figures.theme import GREY, TRAIN, VALIDATION, new_figure, shade
from regsweep.report.pooled import Pools

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep
    from regsweep.run_record import TaskRecord

NAME, TITLE = "learning_curves", "Learning curves, and the gap between training and validation"
LOOKS = {"train": (TRAIN, "dash"), "validation": (VALIDATION, "solid")}
MOST_TICKS = 6
"""Epochs that have a tick each, in half the width of the page."""


@dataclass(frozen=True)
class _Shown:
    """What is drawn: the number that trials are judged by."""

    task: TaskRecord

    @property
    def words(self) -> str:
        """Its name."""
        return self.task.objective.replace("_", " ")

    @property
    def plural(self) -> str:
        """Its name, of several."""
        return self.words.replace("accuracy", "accuracies")

    @property
    def axis(self) -> str:
        """The axis' title."""
        return f"{self.words} (%)" if self.task.is_percent else self.words

    @property
    def hover(self) -> str:
        """A height on the axis, as Plotly fills it in."""
        return "%{y:.2f} %" if self.task.is_percent else "%{y:.4~g}"

    @property
    def columns(self) -> list[str]:
        """Of ``history.csv``."""
        return ["epoch", *(f"{split}_{self.task.objective}" for split in LOOKS)]

    def curve(self, history: pd.DataFrame, split: str) -> pd.Series:
        """Return the heights of a curve."""
        values: pd.Series = history[f"{split}_{self.task.objective}"]
        return 100 * values if self.task.is_percent else values

    def gap(self, histories: Sequence[pd.DataFrame]) -> str:
        """Return by how much training is better than validation after the last epoch; the mean of the seeds."""
        ends = [(self.curve(each, "train") - self.curve(each, "validation")).iloc[-1] for each in histories]
        gap = (1 if self.task.maximize else -1) * float(sum(ends) / len(ends))
        if not self.task.is_percent:
            return show_number(gap).replace("-", "−")
        return f"{gap:.1f} points".replace("-0.0", "0.0").replace("-", "−")


def draw(evidence: Evidence) -> Drawing:
    """Draw the objective after each epoch, a panel for each of the two trials or configurations."""
    sweep = evidence.sweep
    shown = _Shown(sweep.task)
    chosen = _choose(sweep)
    if not chosen:
        return Drawing(NAME, TITLE, missing=no_result(sweep))
    histories = {title: found for title, numbers in chosen.items() if (found := _histories(sweep, numbers, shown))}
    if not histories:
        whose = "" if len(chosen) == 1 else " of the best, or of the best without regularization,"
        return Drawing(NAME, TITLE, missing=f"no history.csv{whose} with the {shown.plural} of two or more epochs")
    titles = [
        f"{html.escape(title, quote=False)}<br>gap in the end {shown.gap(found)}" for title, found in histories.items()
    ]
    figure = new_figure(420, columns=len(histories), shared_yaxes=True, horizontal_spacing=0.04, subplot_titles=titles)
    for column, found in enumerate(histories.values(), start=1):
        _add_seeds(figure, column, found, shown)
        _add_curves(figure, column, _mean(found), shown)
        # Plotly would put ticks between the epochs of a short training.
        is_short = max(each["epoch"].max() for each in found) <= MOST_TICKS
        figure.update_xaxes(title_text="epoch", dtick=1 if is_short else None, row=1, col=column)
    figure.update_yaxes(title_text=shown.axis, row=1, col=1)
    figure.update_layout(legend={"y": 0.99, "yref": "container", "yanchor": "top"}, margin={"t": 84})
    data = pd.concat([history.assign(trial=title) for title, found in histories.items() for history in found])
    mode = ", in evaluation mode" if sweep.is_own else ""
    what = f"{shown.words[0].upper()}{shown.words[1:]} after each epoch{mode}"
    caption = f"{what}; the shaded band is the gap between training and validation."
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


def _histories(sweep: Sweep, numbers: Sequence[int], shown: _Shown) -> list[pd.DataFrame]:
    return [history for number in numbers if (history := _history(sweep, number, shown.columns)) is not None]


def _mean(histories: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the mean of the seeds' curves, over the epochs that all of them have."""
    whole = pd.concat(histories).groupby("epoch")
    mean = whole.mean()[whole.size() == len(histories)]
    return mean.reset_index()


def _history(sweep: Sweep, number: Any, columns: list[str]) -> pd.DataFrame | None:
    history = read_history(sweep, number)
    if history is None or not set(columns) <= set(history.columns):
        return None
    rows = history[columns].apply(pd.to_numeric, errors="coerce").dropna()
    return rows if len(rows) > 1 else None


def _add_seeds(figure: go.Figure, column: int, histories: Sequence[pd.DataFrame], shown: _Shown) -> None:
    """Add the curves of single seeds, where there are several."""
    for history in histories if len(histories) > 1 else ():
        for split, (colour, dash) in LOOKS.items():
            figure.add_scatter(
                x=history["epoch"],
                y=shown.curve(history, split),
                mode="lines",
                line={"color": colour, "width": 1, "dash": dash},
                showlegend=False,
                hoverinfo="skip",
                row=1,
                col=column,
            )


def _add_curves(figure: go.Figure, column: int, history: pd.DataFrame, shown: _Shown) -> None:
    """Add both curves, and the shaded gap between them."""
    for split, (colour, dash) in LOOKS.items():
        figure.add_scatter(
            x=history["epoch"],
            y=shown.curve(history, split),
            mode="lines",
            name=split,
            line={"color": colour, "width": 2.5, "dash": dash},
            fill="tonexty" if split == "validation" else None,
            fillcolor=shade(GREY, 0.22),
            legendgroup=split,
            showlegend=column == 1,
            hovertemplate=f"epoch %{{x}}: {split} {shown.hover}<extra></extra>",
            row=1,
            col=column,
        )
