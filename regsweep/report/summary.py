"""``summary.json``: the answer, the best trial or configuration and the confirmed numbers, for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regsweep.report import once_more
from regsweep.report.answer.settling import seeds_still_needed
from regsweep.report.confirmation import SCORE
from regsweep.report.details import read_result
from regsweep.report.files import MADE_BY
from regsweep.report.pooled import Pools, mean_interval
from regsweep.report.table import count_statuses
from regsweep.report.task import metrics_of
from regsweep.run_record import SPLITS
from regsweep.version import VERSION

if TYPE_CHECKING:
    from regsweep.pooling import Pooled
    from regsweep.report.confirmation import Against, Candidate, Confirmation, Trained, Untuned
    from regsweep.report.figures.evidence import Evidence
    from regsweep.report.pooled import Difference
    from regsweep.report.sweep import Sweep
    from regsweep.report.terms import Terms
    from regsweep.statistics.intervals import Interval


_METRICS = ("_accuracy", "_loss", "_seconds")


def summary(evidence: Evidence, answer: Sequence[str], files: Sequence[str]) -> dict[str, Any]:
    """Return what ``summary.json`` holds; accuracies, and differences of them, are fractions."""
    sweep, confirmation = evidence.sweep, evidence.confirmation
    return {
        MADE_BY: f"regsweep {VERSION}",
        "kind": "comparison" if sweep.is_comparison else "sweep",
        "answer": list(answer),
        "objective": sweep.objective,
        "direction": "maximize" if sweep.maximize else "minimize",
        "objectives": {name: "maximize" if more else "minimize" for name, more in sweep.objectives.items()},
        "front": sweep.front,
        "num_trials": {"total": len(sweep.trials), **count_statuses(sweep)},
        "best_trial": _best_trial(sweep),
        "best_by_data_set": {name: each.number for name, each in sweep.best_by_data_set.items()},
        **_pooled(sweep),
        "confirmation": None if confirmation is None else _confirmation(sweep, confirmation),
        "versions": _versions(sweep),
        "skipped": list(sweep.problems),
        "files": list(files),
    }


def _best_trial(sweep: Sweep) -> dict[str, Any] | None:
    """Return the best trial; None where no single one is: seeds were swept, several data sets, or objectives."""
    if sweep.seed_key is not None or len(sweep.bests) != 1 or sweep.data_keys:
        return None
    best = sweep.row(sweep.bests[0].number)
    of_splits = {f"{split}_{metric}" for split in SPLITS for metric in metrics_of(sweep.task)}
    metrics = [name for name in best if name in (*of_splits, sweep.objective) or name.endswith(_METRICS)]
    return {
        "number": plain(best["number"]),
        "folder": best["folder"],
        "parameters": {key: plain(best[key]) for key in sweep.swept},
        "metrics": {name: value for name in metrics if (value := plain(best[name])) is not None},
    }


def _pooled(sweep: Sweep) -> dict[str, Any]:
    """Return the configurations of a sweep over seeds, the best mean first; nothing of any other."""
    if sweep.seed_key is None:
        return {"seed_key": None, "best_configuration": None, "configurations": []}
    pools = Pools(sweep)
    found = [_configuration(pools, each) for each in pools.configurations]
    best = found[0] if sweep.best() is not None and not sweep.data_keys else None
    return {"seed_key": sweep.seed_key, "best_configuration": best, "configurations": found}


def _configuration(pools: Pools, pooled: Pooled) -> dict[str, Any]:
    row, sweep = pools.sweep.row(pooled.number), pools.sweep
    difference = pools.differences.get(pooled.number)
    return {
        "name": pools.names[pooled.number],
        "parameters": {key: plain(row[key]) for key in sweep.settings},
        "mean": plain(pooled.mean) if pooled.values else None,
        "interval": _ends(mean_interval(sweep, pooled)),
        "num_seeds": len(pooled.values),
        "seeds": {str(seed): plain(value) for seed, value in pooled.by_seed.items()},
        "trials": list(pooled.numbers),
        "lost": dict(pooled.lost),
        "against_no_regularization": None if difference is None else _difference(pools, difference),
    }


def _difference(pools: Pools, difference: Difference) -> dict[str, Any]:
    return {
        "baseline": pools.names[difference.baseline.number],
        "mean": plain(difference.mean),
        "interval": _ends(difference.interval),
        "num_seeds": len(difference.by_seed),
        "seeds": {str(seed): plain(value) for seed, value in difference.by_seed.items()},
    }


def _confirmation(sweep: Sweep, confirmation: Confirmation) -> dict[str, Any]:
    return {
        "compared_by": {
            "name": confirmation.terms.objective,
            "direction": "maximize" if confirmation.terms.maximize else "minimize",
        },
        "chosen_by": {
            "name": confirmation.terms.choice[0],
            "direction": "maximize" if confirmation.terms.choice[1] else "minimize",
        },
        "baseline_keys": dict(confirmation.terms.baseline),
        "seed_key": confirmation.terms.seed_key,
        "seeds": [plain(seed) for seed in confirmation.seeds],
        "num_planned_seeds": confirmation.num_planned,
        "is_sequential": confirmation.is_sequential,
        "new_splits": None if confirmation.overlap is None else asdict(confirmation.overlap),
        "baseline": _trained(confirmation.baseline, confirmation.terms),
        "candidates": [
            {
                **_trained(candidate, confirmation.terms),
                "against_tuned_baseline": _against(candidate.against_tuned),
                "against_own_baseline": _against(candidate.against_own),
                "claim": _claim(candidate),
                "seeds_needed": seeds_still_needed(confirmation, candidate),
            }
            for candidate in confirmation.candidates
        ],
        "ablation": _ablation(confirmation),
        "once_more": once_more.of_winner(sweep, confirmation),
        "skipped": list(confirmation.problems),
    }


def _ablation(confirmation: Confirmation) -> dict[str, Any] | None:
    ablation = confirmation.ablation
    if ablation is None:
        return None
    additions = []
    for each in ablation.additions:
        comparison = each.comparison
        additions.append(
            {
                "ingredient": each.ingredient,
                "to": each.to,
                "mean": None if comparison is None else plain(comparison.mean),
                "interval": None if comparison is None else _ends(comparison.interval),
                "num_seeds": 0 if comparison is None else plain(comparison.num_seeds),
                "p_value": None if comparison is None else plain(comparison.p_value),
                "adjusted_p_value": plain(each.adjusted_p_value),
                "shown": {1: "adds", -1: "takes away", 0: None}[each.sign],
            }
        )
    return {"mixture": ablation.mixture, "additions": additions}


def _ends(interval: Interval | None) -> list[Any] | None:
    return None if interval is None else [plain(interval.low), plain(interval.high)]


def _trained(trained: Trained, terms: Terms) -> dict[str, Any]:
    scores = pd.to_numeric(trained.runs[SCORE], errors="coerce")
    return {
        "name": trained.name,
        "kind": list(trained.kind),
        "trial": plain(trained.trial),
        "parameters": {key: plain(value) for key, value in trained.parameters.items()},
        "selected_for": plain(trained.selected_for),
        "trial_0": _untuned(trained.untuned, terms),
        "mean": plain(trained.mean()),
        "values": {str(seed): plain(score) for seed, score in zip(trained.runs["seed"], scores, strict=True)},
    }


def _untuned(untuned: Untuned | None, terms: Terms) -> dict[str, Any] | None:
    return None if untuned is None else {**asdict(untuned), "is_overtuned": untuned.is_better(terms)}


def _claim(candidate: Candidate) -> dict[str, Any]:
    claim = candidate.claim
    names = {None: "not trained", "tuned": "against_tuned_baseline", "own": "against_own_baseline"}
    return {
        "claim": {1: "better", -1: "worse", 0: None}[claim.sign],
        "rests_on": names[claim.rests_on],
        "p_value": plain(claim.p_value),
        "adjusted_p_value": plain(claim.adjusted_p_value),
    }


def _against(against: Against | None) -> dict[str, Any] | None:
    """Return a comparison; None where it was not trained, or has too few pairs."""
    if against is None or against.comparison is None:
        return None
    comparison = against.comparison

    return {
        "baseline": against.baseline.name,
        "baseline_mean": plain(against.baseline.mean()),
        "seeds": [plain(seed) for seed in against.seeds],
        "mean": plain(comparison.mean),
        "standard_deviation": plain(float(np.std(against.differences, ddof=1))),
        "interval": _ends(comparison.interval),
        "interval_with_images": _ends(comparison.interval_with_images),
        "p_value": plain(comparison.p_value),
        "probability_better": plain(comparison.probability_better),
        "num_better": plain(comparison.num_better),
        "num_equal": plain(comparison.num_equal),
        "num_seeds": plain(comparison.num_seeds),
        "num_diverged": plain(against.num_diverged),
    }


def _versions(sweep: Sweep) -> Any:
    best = sweep.best()
    return None if best is None else (read_result(sweep, best.number) or {}).get("versions")


def plain(value: Any) -> Any:
    """Return `value` as JSON has it; what is not a finite number is null, what is neither number nor word is text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
