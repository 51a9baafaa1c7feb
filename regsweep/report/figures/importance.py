"""Which parameters matter: how much of the scores' variance each explains by itself, and what chance explains.

Seeds are pooled first. A grid has the main effects of an analysis of variance, any other sweep a curve through each
parameter (`regsweep.statistics.main_effects`). There are the sources, and docs/statistics.md has a simulation of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from regsweep.names import key_of_parameter, short_names
from regsweep.numbers import count, show_share
from regsweep.pooling import seed_keys
from regsweep.report.branch_ranges import branch_ranges
from regsweep.report.figures.captions import repeats_left_out
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import text
from regsweep.report.figures.points import configurations, fold, is_grid, noun, score
from regsweep.report.figures.regularized import PENALTY, STRENGTH, roles
from regsweep.report.figures.theme import BLUE, GREY, LIGHT, label_rows, new_figure
from regsweep.statistics.main_effects import MainEffects, main_effects, of_curves, of_factors

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

NAME, TITLE = "importance", "How much each parameter matters"
LEAST_TRIALS = 10
ROW_HEIGHT = 52
NEVER_SET = "(not set)"


@dataclass(frozen=True)
class _Design:
    """What is explained by what.

    Attributes:
        columns: the values of each parameter that varies, by its key; None where it had no part.
        is_grid: whether they are levels of factors, most of whose combinations have a result.
        num_missing: combinations of a grid without one.
        has_ranks: whether ranks stand in place of scores.
        objective: which of several objectives the scores are; empty where there is one.
    """

    columns: dict[str, pd.Series]
    is_grid: bool
    num_missing: int
    has_ranks: bool
    objective: str


def draw(evidence: Evidence) -> Drawing:
    """Draw a bar per parameter, the most important on top, and a mark at what it reaches by chance."""
    sweep = evidence.sweep
    trials = configurations(sweep)
    what = count(len(trials), noun(sweep))
    if len(trials) < LEAST_TRIALS:
        return Drawing(NAME, TITLE, missing=f"{what}; importance needs at least {LEAST_TRIALS}")
    design = _design(sweep, trials)
    if len(design.columns) < 2:  # noqa: PLR2004
        return Drawing(NAME, TITLE, missing=f"fewer than two parameters vary among {what}, seeds apart")
    if trials[sweep.objective].nunique() < 2:  # noqa: PLR2004
        same = "score" if sweep.seed_key is None else "mean"
        return Drawing(NAME, TITLE, missing=f"all {noun(sweep)}s have the same {same}")
    data = _table(design, _effects(design, trials[sweep.objective].to_numpy(float)))
    names = _names(data["parameter"])
    if not data["is_above_chance"].any():
        top = data.iloc[0]
        found = (
            f"no parameter stands out from chance: the most important, {names[top['parameter']]}, explains "
            f"{100 * top['importance']:.0f} % of the variance of {_of(design)} among {what}, where chance reaches "
            f"{100 * top['chance']:.0f} %"
        )
        return Drawing(NAME, TITLE, missing=found)
    caption = _caption(design, data, names, what) + repeats_left_out(sweep)
    return Drawing(NAME, TITLE, caption, _figure(design, data, names), data)


def _of(design: _Design) -> str:
    """Return whose variance it is; of several objectives, of which."""
    ranks = f"the ranks of {design.objective}" if design.objective else "the scores' ranks"
    return ranks if design.has_ranks else design.objective or "the scores"


def _design(sweep: Sweep, trials: pd.DataFrame) -> _Design:
    """Return the parameters that vary. What may be a seed is none of them, even where trials are not pooled over it."""
    seeds = seed_keys({key: sweep.trials[key] for key in sweep.settings})
    found = {key: _searched(sweep, trials, key) for key in sweep.settings if key not in seeds}
    columns = _by_range(sweep, {key: column for key, column in found.items() if column is not None})
    levels = [column.map(str).nunique() for column in columns.values()]
    combinations = prod(levels)
    is_factorial = all(map(_are_levels, columns.values())) and combinations <= 2 * len(trials)
    tried = len(pd.DataFrame({key: column.map(str) for key, column in columns.items()}).drop_duplicates())
    folded = fold(trials[sweep.objective], score(sweep), maximize=sweep.maximize)
    has_ranks = not is_factorial or bool(folded.is_far.any())
    objective = sweep.objective.replace("_", " ") if sweep.objectives else ""
    return _Design(columns, is_factorial, combinations - tried, has_ranks, objective)


def _by_range(sweep: Sweep, columns: dict[str, pd.Series]) -> dict[str, pd.Series]:
    """Return a column for each range of a key whose range follows another one, the optimizer for example.

    In one column a difference between optimizers would count as one between learning rates.
    """
    ranges, split = branch_ranges(sweep), {}
    for key, column in columns.items():
        of_trial = ranges[key].reindex(column.index) if key in ranges else None
        for name in [key] if of_trial is None else of_trial.dropna().unique():
            part = column if of_trial is None else column.where(of_trial == name)
            if of_trial is None or part.dropna().map(str).nunique() > 1:
                split[name] = part
    return split


def _names(parameters: pd.Series) -> dict[str, str]:
    """Return short names: of a key with its range, the range stays."""
    keys = {name: key_of_parameter(name) for name in parameters}
    short = short_names(list(dict.fromkeys(keys.values())))
    return {name: short[key] + name.removeprefix(key) for name, key in keys.items()}


def _effects(design: _Design, scores: np.ndarray) -> MainEffects:
    scores = stats.rankdata(scores) if design.has_ranks else scores
    if design.is_grid:
        codes = [np.unique(each.map(str), return_inverse=True)[1] for each in design.columns.values()]
        return main_effects(scores, of_factors(codes))
    values = [each.astype(object).where(each.notna(), None).to_numpy(object) for each in design.columns.values()]
    return main_effects(scores, of_curves(values))


def _table(design: _Design, effects: MainEffects) -> pd.DataFrame:
    data = pd.DataFrame(
        {
            "parameter": list(design.columns),
            "importance": effects.shares_K,
            "chance": effects.chance_K,
            "is_above_chance": effects.is_above,
        }
    )
    return data.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def _figure(design: _Design, data: pd.DataFrame, names: dict[str, str]) -> Any:
    figure = new_figure(100 + ROW_HEIGHT * len(data))
    places = list(range(len(data)))
    for name, kept, colour in (("above chance", True, BLUE), ("not above chance", False, GREY)):
        rows = data[data["is_above_chance"] == kept]
        if rows.empty:
            continue
        hover = [
            f"{text(key)}: {show_share(value)}; chance reaches {show_share(chance)}"
            for key, value, chance in zip(rows["parameter"], rows["importance"], rows["chance"], strict=True)
        ]
        figure.add_bar(
            x=100 * rows["importance"],
            y=list(rows.index),
            orientation="h",
            name=name,
            marker={"color": colour},
            width=0.36,
            hovertext=hover,
            hovertemplate="%{hovertext}<extra></extra>",
        )
    figure.add_scatter(
        x=100 * data["chance"],
        y=places,
        mode="markers",
        name="what chance reaches",
        marker={"symbol": "line-ns-open", "color": LIGHT["text"], "size": 20, "line": {"width": 2.5}},
        hoverinfo="skip",
    )
    shares = zip(data["parameter"], data["importance"], strict=True)
    label_rows(figure, dict(enumerate(f"{text(names[key])}  {show_share(value)}" for key, value in shares)))
    figure.update_yaxes(range=[len(data) - 0.6, -0.85])
    most = 100 * max(data["importance"].max(), data["chance"].max())
    figure.update_xaxes(title_text=f"share of the variance of {_of(design)} (%)", range=[0, min(1.05 * most, 100.5)])
    return figure


def _caption(design: _Design, data: pd.DataFrame, names: dict[str, str], what: str) -> str:
    is_above = data["is_above_chance"]
    above, others = ([names[key] for key in data["parameter"][kept]] for kept in (is_above, ~is_above))
    parts = [f"Above chance: {', '.join(above)}."]
    parts += [f"Not above it: {', '.join(others)}."] if others else []
    how = "its main effect" if design.is_grid else "a curve through it (its levels, where it is no number)"
    shares = f"the share of the variance of {_of(design)} among {what} that {how} explains"
    parts.append(f"Each bar is {shares}, without direction.")
    if design.is_grid and design.num_missing:
        parts.append(
            f"{count(design.num_missing, 'combination')} of the grid without a result: each bar is what a parameter "
            "adds to all others."
        )
    if design.is_grid and design.has_ranks:
        parts.append("Ranks stand in place of scores, as some lie far from all others.")
    parts.append("Marks: what a bar reaches by chance. Of shuffled scores, 95 % have no bar beyond its mark.")
    return " ".join(parts)


def _are_levels(column: pd.Series) -> bool:
    """Return whether a parameter is a factor: set in every trial, to words or to numbers that were typed."""
    if column.isna().any():
        return False
    numbers = None if column.map(type).isin({bool, np.bool_}).any() else pd.to_numeric(column, errors="coerce")
    return numbers is None or bool(numbers.isna().any()) or is_grid(numbers)


def _searched(sweep: Sweep, trials: pd.DataFrame, key: str) -> pd.Series | None:
    """Return the column of a parameter that varies, without the values that it had no part in."""
    column = trials[key].astype(object)
    known = roles(sweep)
    penalty, strength = known.get(PENALTY), known.get(STRENGTH)
    if key == strength and penalty is not None:
        column = column.where(trials[penalty].astype(str) != "none")
    present = column.dropna()
    if present.map(str).nunique() > 1:
        return column
    is_lacking = key != strength and 0 < len(present) < len(column)
    return column.map(str).where(column.notna(), NEVER_SET) if is_lacking else None  # set to one value, or not at all
