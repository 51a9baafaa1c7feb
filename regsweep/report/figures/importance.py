"""Which parameters the good trials agree on: Optuna's default importance.

In Optuna 5 that is conditional PED-ANOVA (Watanabe et al. 2023, arXiv 2304.10255, and its extension to conditional
parameters, arXiv 2601.20800). It is computed from the table alone, so a grid has it as well as a search.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import count, text
from regsweep.report.figures.points import PENALTY, STRENGTH, configurations, is_grid, noun, roles
from regsweep.report.figures.theme import BLUE, new_figure
from regsweep.report.table import short_names

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

NAME, TITLE = "importance", "How much each parameter matters"
LEAST_TRIALS = 10
LOG_RATIO = 100
"""Positive numbers that span so much were searched on a log scale."""


def draw(evidence: Evidence) -> Drawing:
    """Draw a bar per parameter, the most important on top."""
    sweep = evidence.sweep
    trials = configurations(sweep)
    if len(trials) < LEAST_TRIALS:
        found = f"{count(len(trials), noun(sweep))}; importance needs at least {LEAST_TRIALS}"
        return Drawing(NAME, TITLE, missing=found)
    study = rebuild_study(sweep, trials)
    parameters = {name for trial in study.get_trials(deepcopy=False) for name in trial.params}
    if len(parameters) < 2:  # noqa: PLR2004
        return Drawing(NAME, TITLE, missing="fewer than two parameters vary among the complete trials")
    if trials[sweep.objective].nunique() < 2:  # noqa: PLR2004
        return Drawing(NAME, TITLE, missing="all complete trials have the same score")
    found_importance = optuna.importance.get_param_importances(study)
    data = pd.DataFrame({"parameter": list(found_importance), "importance": list(found_importance.values())})
    figure = new_figure(110 + 36 * len(data))
    names = short_names(list(data["parameter"]))
    figure.add_bar(
        x=data["importance"],
        y=list(range(len(data))),
        orientation="h",
        marker={"color": BLUE},
        width=0.6,
        text=[f"{value:.2f}" for value in data["importance"]],
        textposition="outside",
        cliponaxis=False,
        hovertext=[f"{text(key)}: {value:.3f}" for key, value in zip(*map(data.get, data), strict=True)],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    figure.update_yaxes(
        tickvals=list(range(len(data))),
        ticktext=[text(names[key]) for key in data["parameter"]],
        range=[len(data) - 0.4, -0.6],
        showgrid=False,
        ticks="",
    )
    figure.update_xaxes(title_text="importance (share)", range=[0, max(data["importance"].max() * 1.12, 0.01)])
    caption = (
        f"Optuna's default (conditional PED-ANOVA) on {count(len(trials), noun(sweep))}: how much each parameter"
        f" sets the best tenth by {sweep.objective.replace('_', ' ')} apart from all others. Ranges are those of"
        " the trials; a share has no direction."
    )
    return Drawing(NAME, TITLE, caption, figure, data)


def rebuild_study(sweep: Sweep, trials: pd.DataFrame) -> optuna.Study:
    """Return a study in memory with these rows; λ is absent where there is no penalty, constants are left out."""
    columns = {key: column for key in sweep.settings if (column := _searched(sweep, trials, key)) is not None}
    distributions = {key: infer_distribution(column.dropna()) for key, column in columns.items()}
    rows = []
    for i, value in zip(trials.index, trials[sweep.objective], strict=True):
        given = {key: _plain(column[i], distributions[key]) for key, column in columns.items() if pd.notna(column[i])}
        rows.append(
            optuna.trial.create_trial(
                params=given, distributions={key: distributions[key] for key in given}, value=float(value)
            )
        )
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.WARNING)
    try:
        study = optuna.create_study(direction="maximize" if sweep.maximize else "minimize")
    finally:
        optuna.logging.set_verbosity(verbosity)
    study.add_trials(rows)
    return study


def infer_distribution(values: pd.Series) -> BaseDistribution:
    """Return the space that these values were drawn from: choices, whole numbers, or a range, log where it is wide."""
    numbers = None if values.map(type).isin({bool, np.bool_}).any() else pd.to_numeric(values, errors="coerce")
    if numbers is None or numbers.isna().any() or is_grid(numbers):
        return CategoricalDistribution(sorted(set(values.map(str))))
    low, high = float(numbers.min()), float(numbers.max())
    is_log = low > 0 and high / low >= LOG_RATIO
    if (numbers % 1 == 0).all():
        return IntDistribution(int(low), int(high), log=is_log)
    return FloatDistribution(low, high, log=is_log)


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
    return column.map(str).where(column.notna(), "(not set)") if is_lacking else None  # set to one value, or not at all


def _plain(value: Any, distribution: BaseDistribution) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return str(value)
    return int(value) if isinstance(distribution, IntDistribution) else float(value)
