"""``summary.json``: the answer, the best trial and the confirmed numbers, for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regsweep import __version__
from regsweep.report.details import read_result
from regsweep.report.files import MADE_BY
from regsweep.report.table import count_statuses

if TYPE_CHECKING:
    from regsweep.report.confirmation import Candidate, Confirmation
    from regsweep.report.figures.evidence import Evidence
    from regsweep.report.sweep import Sweep
    from regsweep.statistics import Comparison, Interval


def summary(evidence: Evidence, answer: Sequence[str], files: Sequence[str]) -> dict[str, Any]:
    """Return what ``summary.json`` holds; accuracies, and differences of them, are fractions."""
    sweep, confirmation = evidence.sweep, evidence.confirmation
    return {
        MADE_BY: f"regsweep {__version__}",
        "answer": list(answer),
        "objective": sweep.objective,
        "direction": "maximize" if sweep.maximize else "minimize",
        "num_trials": {"total": len(sweep.trials), **count_statuses(sweep)},
        "best_trial": _best(sweep),
        "confirmation": None if confirmation is None else _confirmation(confirmation),
        "versions": _versions(sweep),
        "skipped": list(sweep.problems),
        "files": list(files),
    }


def _best(sweep: Sweep) -> dict[str, Any] | None:
    best = sweep.best()
    if best is None:
        return None
    metrics = [name for name in best if name.endswith(("_accuracy", "_loss", "_seconds")) or name == sweep.objective]
    return {
        "number": plain(best["number"]),
        "folder": best["folder"],
        "parameters": {key: plain(best[key]) for key in sweep.swept},
        "metrics": {name: value for name in metrics if (value := plain(best[name])) is not None},
    }


def _confirmation(confirmation: Confirmation) -> dict[str, Any]:
    return {
        "seeds": [plain(seed) for seed in confirmation.seeds],
        "num_planned_seeds": confirmation.num_planned,
        "is_sequential": confirmation.is_sequential,
        "baseline": _candidate(confirmation, confirmation.baseline),
        "candidates": [
            {
                **_candidate(confirmation, candidate),
                "against_baseline": None if comparison is None else _comparison(confirmation, comparison),
            }
            for candidate, comparison in zip_longest(confirmation.candidates, confirmation.comparisons)
        ],
        "skipped": list(confirmation.problems),
    }


def _candidate(confirmation: Confirmation, candidate: Candidate) -> dict[str, Any]:
    accuracies = pd.to_numeric(candidate.runs["test_accuracy"], errors="coerce")
    return {
        "name": candidate.name,
        "trial": plain(candidate.trial),
        "parameters": {key: plain(value) for key, value in candidate.parameters.items()},
        "selected_for": plain(candidate.selected_for),
        "mean_test_accuracy": plain(confirmation.mean(candidate, "test_accuracy")),
        "test_accuracy": {str(seed): plain(a) for seed, a in zip(candidate.runs["seed"], accuracies, strict=True)},
    }


def _comparison(confirmation: Confirmation, comparison: Comparison) -> dict[str, Any]:
    def ends(interval: Interval | None) -> list[Any] | None:
        return None if interval is None else [plain(interval.low), plain(interval.high)]

    return {
        "is_shown": confirmation.is_shown(comparison),
        "mean": plain(comparison.mean),
        "interval": ends(None if confirmation.is_sequential else comparison.interval),
        "interval_with_images": ends(comparison.interval_with_images),
        "anytime_interval": ends(comparison.anytime),
        "p_value": None if confirmation.is_sequential else plain(comparison.p_value),
        "adjusted_p_value": None if confirmation.is_sequential else plain(comparison.adjusted_p_value),
        "probability_better": plain(comparison.probability_better),
        "num_better": plain(comparison.num_better),
        "num_equal": plain(comparison.num_equal),
        "num_seeds": plain(comparison.num_seeds),
    }


def _versions(sweep: Sweep) -> Any:
    best = sweep.best()
    return None if best is None else (read_result(sweep, best["number"]) or {}).get("versions")


def plain(value: Any) -> Any:
    """Return `value` as JSON has it; what is not a finite number is null, what is neither number nor word is text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
