"""What ``regsweep confirm`` left: every configuration on every seed, and the comparison with the baseline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regsweep import records
from regsweep.errors import RecordError, show
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
        is_sequential: whether the seeds were looked at more than once, or before all that were meant to be trained
            were, or until the differences had settled. Then only the anytime-valid intervals count (at 95 % for all
            configurations together), on this test set, and no p-value.
        num_planned: how many seeds are meant to be trained.
        problems: what could not be used, one line each.
    """

    baseline: Candidate
    candidates: list[Candidate]
    comparisons: list[Comparison]
    differences: list[np.ndarray]
    seeds: list[int]
    num_images: int | None
    is_sequential: bool
    num_planned: int
    problems: list[str]

    def num_lost(self, candidate: Candidate) -> int:
        """Return on how many seeds a configuration failed or diverged."""
        return int((~candidate.runs["status"].isin(["complete", "interrupted"])).sum())

    def mean(self, candidate: Candidate, name: str) -> float:
        """Return a configuration's mean of the column `name` over the paired seeds."""
        return float(_column(candidate, self.seeds, name).mean()) if self.seeds else float("nan")

    def is_shown(self, comparison: Comparison) -> bool:
        """Return whether a difference from the baseline is shown, at 5 % over all configurations."""
        if self.is_sequential:
            return comparison.anytime.low > 0 or comparison.anytime.high < 0
        return comparison.adjusted_p_value <= LEVEL

    def interval(self, comparison: Comparison) -> Interval:
        """Return the interval to go by."""
        return comparison.anytime if self.is_sequential else comparison.interval


def read_confirmation(folder: Path) -> Confirmation | None:
    """Return the confirmation of the sweep in `folder`, None where no seed was begun.

    Raises:
        RecordError: when what says which configurations and seeds it is about cannot be read.
    """
    paths = SweepPaths(folder).confirmation
    if not SweepPaths(paths.seeds).command.is_file():
        return None
    plan = records.read_json(paths.plan)
    sweep = read_sweep(paths.seeds)
    problems = [*sweep.problems]
    try:
        found = plan["configurations"]
        baseline, *candidates = [_candidate(i, len(found), content, sweep) for i, content in enumerate(found)]
        seeds = _paired_seeds([baseline, *candidates], problems)
        num_planned = int(plan["num_seeds"])
        is_sequential = plan["until_settled"] or len(plan["looks"]) > 1 or len(baseline.runs) < num_planned
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{paths.plan}: damaged; the confirmation is left out") from error
    accuracies = [_column(candidate, seeds, "test_accuracy") for candidate in (baseline, *candidates)]
    correct = [_read_correct(sweep, candidate, seeds, problems) for candidate in (baseline, *candidates)]
    comparisons, differences = [], [values - accuracies[0] for values in accuracies[1:]]
    if len(seeds) >= FEWEST_SEEDS and candidates:
        level = LEVEL / len(candidates) if is_sequential else LEVEL
        comparisons = compare(differences, None if is_sequential else _minus_first(correct), level)
    return Confirmation(
        baseline=baseline,
        candidates=candidates,
        comparisons=comparisons,
        differences=differences,
        seeds=seeds,
        num_images=None if correct[0] is None else correct[0].shape[1],
        is_sequential=bool(is_sequential),
        num_planned=num_planned,
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
    return np.array(_of(candidate, seeds, name), dtype=float)


def _of(candidate: Candidate, seeds: list[int], name: str) -> list[Any]:
    by_seed = candidate.runs.dropna(subset=["seed"]).set_index("seed")[name]
    return [by_seed.loc[seed] for seed in seeds]


def _read_correct(sweep: Sweep, candidate: Candidate, seeds: list[int], problems: list[str]) -> np.ndarray | None:
    """Return whether each test image was classified correctly (seeds × images), None where that is not on record."""
    rows = []
    for folder, accuracy in zip(_of(candidate, seeds, "folder"), _of(candidate, seeds, "test_accuracy"), strict=True):
        path = RunPaths(sweep.folder / str(folder)).test_correct
        try:
            rows.append(_of_accuracy(np.load(path), accuracy))
        except (OSError, ValueError, EOFError, TypeError) as error:
            reason = "missing" if isinstance(error, FileNotFoundError) else f"cannot be used ({show(error)})"
            problems.append(f"{path}: {reason}; nothing is said of other test images")
            return None
    return np.stack(rows) if rows and len({len(row) for row in rows}) == 1 else None


def _of_accuracy(correct_N: np.ndarray, accuracy: float) -> np.ndarray:
    if correct_N.ndim != 1 or not np.isclose(correct_N.mean(), accuracy, rtol=0, atol=1e-9):
        raise ValueError("it is not of this run: another accuracy")
    return correct_N
