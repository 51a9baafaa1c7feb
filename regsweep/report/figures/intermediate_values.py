"""What each trial had reached after each epoch: the best complete trials, and the pruned ones until they were given up.

Of this project's trials it is read from ``history.csv``, of another application's from what they reported to their
Optuna study.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regsweep.numbers import count
from regsweep.report.details import read_course
from regsweep.report.figures.captions import named_best
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.points import Score, complete, fold, score
from regsweep.report.figures.pruned import look
from regsweep.report.figures.theme import BEST, GREY, VALIDATION, new_figure
from regsweep.report.sweep import STEPS

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

NAME, TITLE = "intermediate_values", "What trials had reached after each epoch"
MOST_COMPLETE = 200
MOST_PRUNED = 400
FEW = 30
"""So many lines are drawn in full colour; more are fainter."""
MOST_TICKS = 12
"""So many epochs have a tick each."""
MANY = 100
"""More are fainter still."""


def draw(evidence: Evidence) -> Drawing:
    """Draw a line per trial over its epochs; a pruned one ends in a cross."""
    sweep = evidence.sweep
    if len(sweep.trials) < 2:  # noqa: PLR2004
        return Drawing(NAME, TITLE, missing="fewer than two trials")
    column, chosen = _column(sweep), _choose(sweep)
    axis, data = score(sweep, column), _courses(sweep, chosen, column)
    if data.empty or data["step"].nunique() < 2:  # noqa: PLR2004
        lacks = "has a history.csv with it for two epochs" if sweep.is_own else "reported it to an Optuna study twice"
        shown = "complete trial" if (chosen["status"] == "complete").all() else "complete or pruned trial"
        return Drawing(NAME, TITLE, missing=f"{column.replace('_', ' ')}: no {shown} {lacks}")
    best = sweep.best()
    best_numbers = set(best.numbers if best is not None else ())
    kinds = {
        "pruned": data[data["status"] == "pruned"],
        "complete": data[(data["status"] == "complete") & ~data["number"].isin(best_numbers)],
        "best": data[data["number"].isin(best_numbers)],
    }
    figure = new_figure(460)
    for kind, rows in kinds.items():
        num_seeds = rows["number"].nunique()
        drawn = f"{num_seeds} seeds" if num_seeds > 1 else f"trial {rows['number'].min()}"
        _add_lines(figure, rows, kind, axis, named_best(sweep, drawn, column) if kind == "best" else kind)
    _add_ends(figure, kinds["pruned"], axis)
    what = "epoch" if sweep.is_own else "step"
    is_short = data["step"].max() - data["step"].min() <= MOST_TICKS
    figure.update_xaxes(title_text=what, dtick=1 if is_short else None)
    figure.update_yaxes(title_text=axis.title)
    cut = _end_axis(figure, data, axis, maximize=sweep.maximize if column == sweep.objective else sweep.task.maximize)
    caption = _caption(sweep, data, chosen, kinds, what) + cut
    return Drawing(NAME, axis.titled(f"after each {what}"), caption, figure, data.rename(columns={"value": column}))


def _column(sweep: Sweep) -> str:
    """Return what is drawn: the objective where it is known for every epoch, else that on the validation examples."""
    if not sweep.is_own or sweep.objective.rpartition("_")[0] in ("train", "validation"):
        return sweep.objective
    return f"validation_{sweep.task.objective}"


def _choose(sweep: Sweep) -> pd.DataFrame:
    """Return the best complete trials and the first pruned ones, as rows of the table."""
    done = complete(sweep, repeats=False).sort_values(sweep.objective, ascending=not sweep.maximize, kind="stable")
    given_up = sweep.trials[sweep.trials["status"] == "pruned"]
    return pd.concat([done.head(MOST_COMPLETE), given_up.head(MOST_PRUNED)])


def _courses(sweep: Sweep, chosen: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return number, status, step and value of each step of the chosen trials, the epochs of a trial in order."""
    status = dict(zip(chosen["number"], chosen["status"], strict=True))
    if sweep.is_own:
        folders = zip(chosen["number"], chosen["folder"], strict=True)
        found = [(n, *row) for n, folder in folders for row in read_course(sweep.folder / folder, column)]
        steps = pd.DataFrame(found, columns=STEPS)
    else:
        steps = sweep.steps[sweep.steps["number"].isin(status)]
    steps = steps[pd.to_numeric(steps["value"], errors="coerce").abs().lt(np.inf)]
    places = {number: place for place, number in enumerate(status)}
    steps = steps.assign(status=steps["number"].map(status), _place=steps["number"].map(places))
    return steps.sort_values(["_place", "step"], kind="stable")[["number", "status", "step", "value"]]


def _add_lines(figure: go.Figure, rows: pd.DataFrame, kind: str, axis: Score, name: str) -> None:
    """Add the trials of one kind as one trace: lines with gaps between."""
    if rows.empty:
        return
    num = rows["number"].nunique()
    width = 1.2 if num <= FEW else 0.9 if num <= MANY else 0.6  # thin, and not pale: each is still to be seen
    looks = {
        "complete": {"color": VALIDATION, "width": width},
        "pruned": {"color": GREY, "width": width, "dash": "dot"},
        "best": {"color": BEST, "width": 3},
    }
    ends = rows["number"].ne(rows["number"].shift(-1)).to_numpy().nonzero()[0][:-1] + 1
    figure.add_scatter(
        x=np.insert(rows["step"].to_numpy(float), ends, np.nan),
        y=np.insert(rows["value"].to_numpy(float) * axis.factor, ends, np.nan),
        customdata=np.insert(rows["number"].to_numpy(float), ends, np.nan),
        mode="lines+markers" if (rows.groupby("number").size() == 1).any() else "lines",
        marker={"size": 4},
        name=name,
        line=looks[kind],
        hovertemplate=f"trial %{{customdata}}, {kind}<br>%{{x}}: %{{y:.4~g}}<extra></extra>",
    )


def _add_ends(figure: go.Figure, rows: pd.DataFrame, axis: Score) -> None:
    """Mark where each pruned trial was given up."""
    ends = rows.drop_duplicates("number", keep="last")
    if ends.empty:
        return
    figure.add_scatter(
        x=ends["step"],
        y=ends["value"] * axis.factor,
        customdata=ends["number"],
        mode="markers",
        name="given up here",
        marker=look(len(ends)),
        hovertemplate="trial %{customdata}, pruned after %{x}<br>%{y:.4~g}<extra></extra>",
    )


def _end_axis(figure: go.Figure, data: pd.DataFrame, axis: Score, *, maximize: bool) -> str:
    """End the axis where the lines do that end where most do, and return the caption's words on the others."""
    ends = data.drop_duplicates("number", keep="last").set_index("number")["value"] * axis.factor
    is_far = fold(ends, axis, maximize=maximize).is_far
    values = data["value"] * axis.factor
    near = values[~data["number"].isin(is_far.index[is_far])]
    low, high = float(near.min()), float(near.max())
    num_beyond = data.loc[(values < low) | (values > high), "number"].nunique()
    if not num_beyond or high == low:
        return ""
    air = 0.05 * (high - low)
    figure.update_yaxes(range=[low - air, high + air])
    go_on = "1 line goes" if num_beyond == 1 else f"{num_beyond:,} lines go"
    return f" {go_on} beyond the axis, which holds all trials but those that end far worse."


def _caption(sweep: Sweep, data: pd.DataFrame, chosen: pd.DataFrame, kinds: dict[str, pd.DataFrame], what: str) -> str:
    """Return how many trials are drawn, of how many, and when pruned ones were given up."""
    drawn = data.groupby("status")["number"].nunique()
    total = {"complete": len(complete(sweep)), "pruned": int((sweep.trials["status"] == "pruned").sum())}
    num = {status: int(drawn.get(status, 0)) for status in total}
    parts = [f"Each line is a trial: {_of(num['complete'], total['complete'], 'complete trial')}"]
    if (chosen["status"] == "complete").sum() == MOST_COMPLETE < total["complete"]:
        parts[0] += f", {'' if num['complete'] == MOST_COMPLETE else 'of '}the best {MOST_COMPLETE}"
    if total["pruned"]:
        parts[0] += f", and {_of(num['pruned'], total['pruned'], 'pruned one')}"
    parts[0] += "."
    ends = kinds["pruned"].drop_duplicates("number", keep="last")["step"]
    if not ends.empty:
        when = f"{what} {ends.min()}" if ends.nunique() == 1 else f"{what}s {ends.min()} to {ends.max()}"
        crosses = "A cross marks where the pruned one was" if len(ends) == 1 else "Crosses mark where pruned ones were"
        parts.append(f"{crosses} given up, {'after' if sweep.is_own else 'at'} {when}.")
    missing = len(chosen) - sum(num.values())
    if missing:
        parts.append(f"Of {count(missing, 'more trial')} no course is on record.")
    return " ".join(parts)


def _of(number: int, total: int, noun: str) -> str:
    return count(total, noun) if number == total else f"{number:,} of {count(total, noun)}"
