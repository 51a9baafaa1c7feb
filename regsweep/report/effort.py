"""The effort of a confirmation, estimated from the sweep's own trials."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from regsweep.report.details import read_history
from regsweep.report.sweep import Sweep, as_text

_ENOUGH = 3
"""Values, to judge a spread by."""

_BEST = 10
"""Trials whose last epochs are looked at."""


def count_configurations(sweep: Sweep) -> int:
    """Return how many configurations a sweep tried, seeds and repetitions apart."""
    settings = sweep.settings
    once = sweep.trials[sweep.trials["duplicate_of"].isna()]
    if sweep.seed_key is not None:
        return len(sweep.configurations)
    return max(1, len(once[settings].apply(as_text).drop_duplicates()) if settings else len(once))


def seconds_a_trial(sweep: Sweep) -> float:
    """Return how many seconds a complete trial takes of the whole sweep, side by side as they ran."""
    complete = sweep.trials[sweep.trials["status"] == "complete"]
    ended = sweep.trials["ended"].dropna()
    busy = sweep.trials["total_seconds"].sum()
    if complete.empty:
        return 0.0
    span = max(ended.max() - ended.min(), busy / (os.cpu_count() or 1))  # copied records may all be of one moment
    return float(complete["total_seconds"].median() * max(span, 0.0) / max(busy, span, 1e-9))


def spread_of_differences(sweep: Sweep) -> float | None:
    """Return a guess at the standard deviation of the difference between two runs, None without ground for one.

    Where the sweep has several seeds, from the runs of one configuration. Else from what the best trials had on the
    validation examples over their last epochs, where training wanders about the same place from epoch to epoch much as
    it ends in another from seed to seed.
    """
    complete = sweep.trials[(sweep.trials["status"] == "complete") & sweep.trials[sweep.objective].notna()]
    if sweep.seed_key is not None:
        variances = np.array([np.var(each.values, ddof=1) for each in sweep.configurations if len(each.values) > 1])
    else:
        best = replace(sweep, trials=complete).ranked().head(_BEST)["number"]
        variances = np.array([v for number in best if (v := _wandering(sweep, int(number))) is not None])
    return float(np.sqrt(2 * variances.mean())) or None if len(variances) else None


def _wandering(sweep: Sweep, number: int) -> float | None:
    """Return the variance of a trial's objective on the validation examples over the last third of its epochs."""
    history, column = read_history(sweep, number), f"validation_{sweep.task.objective}"
    if history is None or len(history) < 3 * _ENOUGH or column not in history:
        return None
    return float(history[column].tail(len(history) // 3).var())
