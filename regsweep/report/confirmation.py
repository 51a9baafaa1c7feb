"""What ``regsweep confirm`` left: every configuration on every seed, and the comparison with the baseline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regsweep import records
from regsweep.errors import RegsweepError
from regsweep.paths import RunPaths, SweepPaths
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.statistics import Comparison, Interval, compare

LEVEL = 0.05
"""Of all claims of a confirmation together."""

FEWEST_SEEDS = 2
"""Below, there is no spread to judge a difference by."""


@dataclass(frozen=True)
class Candidate:
    """A configuration, and its runs on fresh seeds.

    Attributes:
        name: in plain words.
        trial: its number in the sweep that it was chosen in.
        parameters: the swept values, by key.
        selected_for: the validation accuracy that it was chosen for, a fraction.
        runs: a row per seed: ``seed``, ``folder`` (in the confirmation's own sweep), ``status``,
            ``validation_accuracy``, ``test_accuracy``, ``total_seconds``.
    """

    name: str
    trial: int
    parameters: dict[str, Any]
    selected_for: float
    runs: pd.DataFrame


@dataclass(frozen=True)
class Confirmation:
    """The configurations against the baseline, paired by seed.

    Attributes:
        baseline: the network without regularization, tuned as long as the sweep was.
        candidates: the configurations, in the order in which they were chosen.
        comparisons: of each candidate with the baseline; none where there are too few pairs.
        differences: the test accuracies of each candidate minus the baseline's, fractions, one per paired seed.
        seeds: the paired seeds, on which every configuration is complete.
        num_images: of the test set; None where that is not on record.
        is_sequential: whether the seeds were looked at more than once, or until the differences had settled. Then only
            the anytime-valid intervals count (at 95 % for all configurations together), and no p-value.
        problems: what could not be used, one line each.
    """

    baseline: Candidate
    candidates: list[Candidate]
    comparisons: list[Comparison]
    differences: list[np.ndarray]
    seeds: list[int]
    num_images: int | None
    is_sequential: bool
    problems: list[str]

    def is_shown(self, comparison: Comparison) -> bool:
        """Return whether a difference from the baseline is shown, at 5 % over all configurations."""
        if self.is_sequential:
            return comparison.anytime.low > 0 or comparison.anytime.high < 0
        return comparison.adjusted_p_value <= LEVEL

    def interval(self, comparison: Comparison) -> Interval:
        """Return the interval to go by."""
        return comparison.anytime if self.is_sequential else comparison.interval


def read_confirmation(folder: Path) -> Confirmation | None:
    """Return the confirmation of the sweep in `folder`, None where none was begun."""
    paths = SweepPaths(folder).confirmation
    if not paths.plan.is_file() or not paths.seeds.is_dir():
        return None
    try:
        plan = records.read_json(paths.plan)
        sweep = read_sweep(paths.seeds)
        found = plan["configurations"]
        candidates = [_candidate(place, len(found), content, sweep) for place, content in enumerate(found)]
        is_sequential = bool(plan["until_settled"]) or len(plan["looks"]) > 1
    except (RegsweepError, KeyError, TypeError, ValueError):
        return None
    if len(candidates) < 2:  # noqa: PLR2004  (the baseline, and one to compare with it)
        return None
    problems = [*sweep.problems]
    seeds = _paired_seeds(candidates, problems)
    accuracies = [_column(candidate, seeds, "test_accuracy") for candidate in candidates]
    differences = [values - accuracies[0] for values in accuracies[1:]]
    correct = [_read_correct(sweep, candidate, seeds) for candidate in candidates]
    level = LEVEL / len(differences) if is_sequential else LEVEL
    comparisons = compare(differences, _minus_first(correct), level) if len(seeds) >= FEWEST_SEEDS else []
    num_images = None if correct[0] is None else correct[0].shape[1]
    return Confirmation(
        baseline=candidates[0],
        candidates=candidates[1:],
        comparisons=comparisons,
        differences=differences,
        seeds=seeds,
        num_images=num_images,
        is_sequential=is_sequential,
        problems=problems,
    )


def _minus_first(correct: list[np.ndarray | None]) -> list[np.ndarray | None]:
    """Return for each configuration its differences_SN from the baseline, None where either is not on record."""
    first = correct[0]
    return [
        None if first is None or each is None or each.shape != first.shape else each.astype(float) - first
        for each in correct[1:]
    ]


def _candidate(place: int, num: int, content: dict[str, Any], sweep: Sweep) -> Candidate:
    columns = ["number", "seed", "folder", "status", "validation_accuracy", "test_accuracy", "total_seconds"]
    # The trials were named seed by seed, in the plan's order within each.
    runs = sweep.trials.loc[sweep.trials["number"] % num == place, columns].reset_index(drop=True)
    return Candidate(
        name=content["name"],
        trial=content["trial"],
        parameters=content["parameters"],
        selected_for=content["selected_for"],
        runs=runs,
    )


def _paired_seeds(candidates: list[Candidate], problems: list[str]) -> list[int]:
    """Return the seeds on which all are complete, and name the others in `problems`."""
    complete = []
    for candidate in candidates:
        runs = candidate.runs[(candidate.runs["status"] == "complete") & candidate.runs["test_accuracy"].notna()]
        complete.append({int(seed) for seed in runs["seed"]})
        for _, run in candidate.runs.iterrows():
            if run["status"] not in ("complete", "interrupted"):
                problems.append(
                    f"confirmation, run {run['number']} ({candidate.name}): {run['status']}; its seed is left out"
                )
    return sorted(set.intersection(*complete))


def _column(candidate: Candidate, seeds: list[int], name: str) -> np.ndarray:
    by_seed = candidate.runs.dropna(subset=["seed"]).set_index("seed")[name]
    return np.array([by_seed.loc[seed] for seed in seeds], dtype=float)


def _read_correct(sweep: Sweep, candidate: Candidate, seeds: list[int]) -> np.ndarray | None:
    """Return whether each test image was classified correctly (seeds × images), None where that is not on record."""
    folders = candidate.runs.dropna(subset=["seed"]).set_index("seed")["folder"]
    try:
        rows = [np.load(RunPaths(sweep.folder / str(folders.loc[seed])).test_correct) for seed in seeds]
        return np.stack(rows) if rows else None
    except (OSError, ValueError):
        return None
