"""What ``regsweep confirm`` left: every configuration on every seed, and what is claimed of it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regsweep import records
from regsweep.errors import RecordError, show
from regsweep.paths import RunPaths, SweepPaths
from regsweep.report import ablation
from regsweep.report.ablation import Ablation
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.terms import Terms
from regsweep.statistics import EQUAL, Claim, Comparison, Overlap, are_shown, claim, compare, count_differing

LEVEL = 0.05
"""Of all claims of a confirmation together."""

FEWEST_SEEDS = 2
"""Below, there is no spread to judge a difference by."""

FAR = 6
"""Median absolute deviations from the median, beyond which a seed's difference lies far from the others'."""

FAR_POINTS = 0.01

SCORE = "score"
"""The column of the number that is compared."""

_COLUMNS = ["number", "seed", "folder", "status", "validation_accuracy", SCORE, "total_seconds"]
_NOT_ENDED = ("interrupted", "unreadable")


@dataclass(frozen=True)
class Untuned:
    """Trial 0 of a search beside what was chosen of it, on the seeds on which that was chosen.

    Attributes:
        name: of trial 0's configuration.
        accuracy: its mean validation accuracy, a fraction.
        of_chosen: that of the chosen configuration.
        num_seeds: over so many seeds.
    """

    name: str
    accuracy: float
    of_chosen: float
    num_seeds: int

    @property
    def is_better(self) -> bool:
        """Return whether trial 0 is better than what was chosen: the search overtuned."""
        return self.accuracy - self.of_chosen >= EQUAL


@dataclass(frozen=True)
class Trained:
    """A configuration, and its runs on fresh seeds.

    Attributes:
        name: in plain words.
        kind: what regularizes it.
        trial: its number in the sweep that it was chosen in.
        parameters: the swept values, by key.
        selected_for: the validation accuracy that it was chosen for, a fraction.
        runs: a row per seed: ``seed``, ``folder`` (in the confirmation's own sweep), ``status``,
            ``validation_accuracy``, ``score`` (what is compared: test accuracy, or another application's objective),
            ``total_seconds``.
        untuned: trial 0 of its search; None where that was not compared with it.
    """

    name: str
    kind: list[str]
    trial: int
    parameters: dict[str, Any]
    selected_for: float
    runs: pd.DataFrame
    untuned: Untuned | None = field(default=None, kw_only=True)

    @property
    def complete(self) -> pd.DataFrame:
        """Return the runs that are complete."""
        return self.runs[(self.runs["status"] == "complete") & self.runs[SCORE].notna()]

    @property
    def num_lost(self) -> int:
        """Return on how many seeds it failed or diverged."""
        return int((~self.runs["status"].isin(["complete", *_NOT_ENDED])).sum())

    @property
    def ended_seeds(self) -> set[int]:
        """Return the seeds on which its run has ended, however it did."""
        return {int(seed) for seed in self.runs.loc[~self.runs["status"].isin(_NOT_ENDED), "seed"]}

    def mean(self, name: str = SCORE) -> float:
        """Return the mean of the column `name` over the seeds on which it is complete."""
        return float(self.complete[name].astype(float).mean())


@dataclass(frozen=True)
class Against:
    """A configuration against one baseline.

    Attributes:
        baseline: what it is compared with.
        seeds: the paired seeds: those on which this configuration and this baseline are complete.
        differences: of what is compared, above zero where the configuration is better, one per paired seed.
        comparison: of the pairs; None with fewer than two.
        num_differing: images that any pair classifies differently; None where that is not on record.
        num_diverged: seeds on which the baseline diverged, and counts with the share of the largest class.
        least_far: a distance from the others' differences that is not far, however near they are to one another.
    """

    baseline: Trained
    seeds: list[int]
    differences: np.ndarray
    comparison: Comparison | None
    num_differing: int | None = None
    num_diverged: int = 0
    least_far: float = FAR_POINTS

    @property
    def far_seeds(self) -> list[tuple[int, float]]:
        """Return the seeds whose differences lie far from the others', and the differences."""
        if not len(self.differences):
            return []
        distances = np.abs(self.differences - np.median(self.differences))
        is_far = (distances > FAR * np.median(distances)) & (distances > self.least_far)
        return [(seed, float(self.differences[i])) for i, seed in enumerate(self.seeds) if is_far[i]]


@dataclass(frozen=True)
class Candidate(Trained):
    """A configuration that regularizes, against both of its baselines.

    Attributes:
        against_tuned: against the network without regularization that was tuned as long as the sweep was.
        against_own: against the same network without regularization, at the candidate's own other settings; None where
            that was not trained.
        is_shown: whether the difference from the tuned baseline is shown.
        claim: what is shown against both.
    """

    against_tuned: Against
    against_own: Against | None
    is_shown: bool
    claim: Claim


@dataclass(frozen=True)
class Confirmation:
    """The configurations against their baselines, paired by seed.

    Attributes:
        baseline: the network without regularization, tuned as long as the sweep was.
        candidates: the configurations, in the order in which they were chosen.
        seeds: those on which the baseline was run.
        num_images: of the test set; None where that is not on record.
        is_sequential: whether the number of seeds could follow from the outcome: it was changed after a seed had ended,
            not all that are meant to be trained were, or the confirmation goes on until the differences have settled.
            Then the intervals are anytime-valid, on this test set, and there is no p-value.
        num_planned: how many seeds are meant to be trained.
        added: of a comparison, the contestants that were added after runs on fresh seeds had ended.
        problems: what could not be used, one line each.
        ablation: what each ingredient of the best mixture adds; None where that was not trained.
        go_on: the command that goes on with it.
        terms: what is compared with what, and by which number.
        overlap: what the splits of its seeds have in common, where each seed drew one; None where all have one split.
            Then there is no p-value, and no comparison before all seeds that are meant to be trained were.
        is_waiting: whether they were not.
    """

    baseline: Trained
    candidates: list[Candidate]
    seeds: list[int]
    num_images: int | None
    is_sequential: bool
    num_planned: int
    problems: list[str]
    added: list[str] = field(default_factory=list)
    ablation: Ablation | None = None
    go_on: str = "regsweep confirm"
    terms: Terms = field(default_factory=Terms)
    overlap: Overlap | None = None
    is_waiting: bool = False

    @property
    def has_p_values(self) -> bool:
        """Return whether its differences have p-values."""
        return not self.is_sequential and self.overlap is None

    @property
    def is_seed_without_effect(self) -> bool:
        """Return whether no configuration's runs differ, though each had another seed."""
        every = [each.complete[SCORE].astype(float) for each in (self.baseline, *self.candidates)]
        several = [values for values in every if len(values) > 1]
        return bool(several) and all(values.nunique() == 1 for values in several)

    @property
    def has_comparisons(self) -> bool:
        """Return whether there are enough pairs for a comparison."""
        return any(candidate.against_tuned.comparison for candidate in self.candidates)


def read_confirmation(folder: Path) -> Confirmation | None:
    """Return the confirmation of the sweep in `folder`, None where no seed was begun.

    Raises:
        RecordError: when the plan, with its configurations and seeds, cannot be read.
    """
    paths = SweepPaths(folder).confirmation
    if not SweepPaths(paths.seeds).is_begun:
        return None
    plan = records.read_json(paths.plan)
    try:
        terms = Terms.of_plan(plan)
        ranking: dict[str, Any] = {} if terms.is_own else {"objective": terms.objective, "minimize": not terms.maximize}
        places = [each if SweepPaths(each).is_begun else None for each in (paths.own, paths.ablation)]
    except (AttributeError, KeyError, TypeError) as error:
        raise RecordError(f"{paths.plan}: damaged ({show(error)}); the confirmation is left out") from error
    seeds = read_sweep(paths.seeds, **ranking)
    try:
        own, parts = (read_sweep(each, **ranking) if each else None for each in places)
        return _Reader(plan, seeds, own, parts).confirmation()
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise RecordError(f"{paths.plan}: damaged ({show(error)}); the confirmation is left out") from error


class _Reader:
    """Reads what a plan names from the sweeps that were made after it."""

    def __init__(self, plan: dict[str, Any], seeds: Sweep, own: Sweep | None, parts: Sweep | None) -> None:
        self._plan, self._seeds, self._own, self._parts = plan, seeds, own, parts
        self._terms = Terms.of_plan(plan)
        self._problems = [*seeds.problems, *(own.problems if own else [])]
        self._correct: dict[Path, np.ndarray | None] = {}
        self._not_usable: dict[str, list[Path]] = {}
        num_ended = int((~seeds.trials["status"].isin(_NOT_ENDED)).sum())
        self._num_planned, num_found = int(plan["num_seeds"]), len(plan["configurations"])
        num_lost = len(plan.get("lost", []))
        is_whole = num_ended >= self._num_planned * num_found
        self._overlap = Overlap(**plan["overlap"]) if plan.get("overlap") is not None else None
        self._is_waiting = self._overlap is not None and not is_whole
        self._is_sequential = self._overlap is None and (self._was_looked_at() or not is_whole)
        self._num_configurations = max(1, num_found - 1 + num_lost)

    def confirmation(self) -> Confirmation:
        found = self._plan["configurations"]
        trials = self._runs(self._seeds, self._plan.get("seed_runs"))
        place_of_run = trials["number"].map(self._place_of_run)
        untuned = [each and Untuned(**each) for each in self._plan.get("untuned", [])]
        untuned += [None] * (len(found) - len(untuned))
        baseline, *others = [
            _trained(content, trials[place_of_run == i], untuned[i]) for i, content in enumerate(found)
        ]
        nothing = {"trial": -1, "parameters": {}, "selected_for": np.nan}
        others += [_trained({**nothing, **lost}, trials[:0]) for lost in self._plan.get("lost", {}).values()]
        tuned = [self._compare(other, baseline, self._seeds) for other in others]
        own = [self._compare_own(i, other, baseline) for i, other in enumerate(others)]
        for trained in (baseline, *others):
            self._name_lost(trained)
        comparisons = [each.comparison for each in tuned]
        shown = are_shown(comparisons, level=LEVEL)
        claims = claim(comparisons, [each.comparison if each else None for each in own], level=LEVEL)
        candidates = [
            Candidate(**vars(other), against_tuned=tuned[i], against_own=own[i], is_shown=shown[i], claim=claims[i])
            for i, other in enumerate(others)
        ]
        for reason, paths in self._not_usable.items():
            more = f" (and {len(paths) - 1} more like it)" if len(paths) > 1 else ""
            self._problems.append(f"{paths[0]}: {reason}{more}; no interval for other test images")
        correct = next((found for found in self._correct.values() if found is not None), None)
        return Confirmation(
            baseline=baseline,
            candidates=candidates,
            seeds=sorted({int(seed) for seed in baseline.runs["seed"].dropna()}),
            num_images=None if correct is None else len(correct),
            is_sequential=self._is_sequential,
            num_planned=self._num_planned,
            problems=list(dict.fromkeys(self._problems)),
            added=self._plan.get("added", []),
            ablation=self._ablation(candidates),
            go_on="regsweep resume" if self._plan.get("keys") else "regsweep confirm",
            terms=self._terms,
            overlap=self._overlap,
            is_waiting=self._is_waiting,
        )

    def _runs(self, sweep: Sweep, planned: Sequence[Mapping[str, int]] | None) -> pd.DataFrame:
        """Return the runs of a sweep with the number that is compared; of another application, with their seeds too."""
        runs = sweep.trials.assign(**{SCORE: sweep.trials[self._terms.objective]})
        if not self._terms.is_own and planned is not None:
            runs["seed"] = [planned[int(number)]["seed"] for number in runs["number"]]
        return runs

    def _ablation(self, candidates: Sequence[Candidate]) -> Ablation | None:
        """Return what the ingredients of the best mixture add; None where that is not trained."""
        plan = self._plan.get("ablation")
        if plan is None or self._parts is None or self._is_waiting:
            return None
        mixture = candidates[plan["mixture"]]
        nothing = mixture.against_own.baseline if mixture.against_own is not None else None
        self._problems += self._parts.problems
        return ablation.read(
            plan,
            self._parts.trials,
            mixture.name,
            _by_seed(mixture),
            {} if nothing is None else _by_seed(nothing),
            level=LEVEL,
            is_sequential=self._is_sequential,
            overlap=self._overlap,
        )

    def _place_of_run(self, number: int) -> int:
        """Return the place of the configuration of a run on a fresh seed, among all.

        Plans of before 0.3 name no runs: these ran seed by seed, in the plan's order within each.
        """
        runs = self._plan.get("seed_runs")
        return int(runs[number]["configuration"]) if runs else number % len(self._plan["configurations"])

    def _was_looked_at(self) -> bool:
        if "is_sequential" in self._plan:
            return bool(self._plan["is_sequential"])
        return bool(self._plan["until_settled"]) or len(self._plan["looks"]) > 1  # as version 0.1 wrote it

    def _compare_own(self, place: int, candidate: Trained, baseline: Trained) -> Against | None:
        """Return a candidate against its own baseline; None where that is not there, or not all of it yet."""
        own_of = self._plan.get("own_of", [])
        number = own_of[place] if place < len(own_of) else None
        if number is None:
            return None
        if number == 0:  # the tuned baseline is its own
            return self._compare(candidate, baseline, self._seeds)
        if self._own is None:
            return None
        runs = [n for n, run in enumerate(self._plan["own_runs"]) if run["configuration"] == number - 1]
        trials = self._runs(self._own, self._plan["own_runs"])
        own = _trained(self._plan["own_baselines"][number - 1], trials[trials["number"].isin(runs)])
        if not {int(seed) for seed in candidate.complete["seed"]} <= own.ended_seeds:
            return None
        self._name_lost(own)
        return self._compare(candidate, own, self._own, counts_diverged=True)

    def _compare(
        self, candidate: Trained, baseline: Trained, place: Sweep, *, counts_diverged: bool = False
    ) -> Against:
        """Return `candidate` against `baseline`, whose runs lie in `place`, on the seeds that both have."""
        theirs = baseline.complete.set_index("seed")[SCORE]
        is_diverged = (baseline.runs["status"] == "diverged") & counts_diverged
        diverged = [int(seed) for seed in baseline.runs.loc[is_diverged, "seed"]]
        if diverged:
            theirs = pd.concat([theirs, pd.Series(self._largest_share(), index=diverged)])
        ours = candidate.complete.set_index("seed")[SCORE]
        seeds = sorted(int(seed) for seed in set(ours.index) & set(theirs.index))
        differences = self._terms.sign * np.array([ours[seed] - theirs[seed] for seed in seeds], dtype=float)
        images = self._images(candidate, baseline, place, seeds) if self._terms.is_own else None
        comparison = None
        if len(seeds) >= FEWEST_SEEDS and not self._is_waiting:
            comparison = compare(
                differences,
                images,
                LEVEL,
                num_configurations=self._num_configurations,
                is_sequential=self._is_sequential,
                resolution=self._terms.resolution,
                overlap=self._overlap,
            )
        num_differing = None if images is None or self._overlap is not None else count_differing(images)
        num_diverged = len(set(diverged) & set(seeds))
        return Against(baseline, seeds, differences, comparison, num_differing, num_diverged, self._least_far)

    @property
    def _least_far(self) -> float:
        return FAR_POINTS if self._terms.is_own else 0.0

    def _images(self, candidate: Trained, baseline: Trained, place: Sweep, seeds: list[int]) -> np.ndarray | None:
        """Return correct minus the baseline's correct (seeds × images); None where either is not on record."""
        pairs = []
        for trained, sweep in ((candidate, self._seeds), (baseline, place)):
            by_seed = {int(run["seed"]): run for run in trained.complete.to_dict("records")}
            if not set(seeds) <= set(by_seed):
                return None
            found = [self._read_correct(sweep, by_seed[seed]) for seed in seeds]
            if not found or any(row is None for row in found):
                return None
            pairs.append([row for row in found if row is not None])
        if len({len(row) for rows in pairs for row in rows}) != 1:
            return None
        ours, theirs = (np.stack(rows) for rows in pairs)
        return np.asarray(ours.astype(float) - theirs)

    def _read_correct(self, sweep: Sweep, run: Mapping[Hashable, Any]) -> np.ndarray | None:
        """Return whether each test image was classified correctly in a run, None where that is not on record."""
        path = RunPaths(sweep.folder / str(run["folder"])).test_correct
        if path not in self._correct:
            try:
                self._correct[path] = _of_accuracy(_load(path), run[SCORE])
            except RecordError as error:
                self._not_usable.setdefault(str(error), []).append(path)
                self._correct[path] = None
        return self._correct[path]

    def _largest_share(self) -> float:
        """Return the share of the largest class of the test set: what a network that diverged is worth.

        Raises:
            RecordError: when no record has the sizes of the classes.
        """
        for folder in self._seeds.trials["folder"]:
            try:
                sizes = records.read_json(RunPaths(self._seeds.folder / str(folder)).result)["class_sizes"]["test"]
                return float(max(sizes) / sum(sizes))
            except (RecordError, KeyError, TypeError, ValueError, ZeroDivisionError):
                continue  # any other run has them too: all share one test set
        raise RecordError(
            f"{self._seeds.folder}: no record has the sizes of the test set's classes (class_sizes), which a network "
            "that diverged is worth; restore one, or confirm in another folder"
        )

    def _name_lost(self, trained: Trained) -> None:
        for _, run in trained.runs.iterrows():
            if run["status"] not in ("complete", *_NOT_ENDED):
                self._problems.append(f"{trained.name}, seed {run['seed']}: {run['status']}")


def _trained(content: dict[str, Any], runs: pd.DataFrame, untuned: Untuned | None = None) -> Trained:
    return Trained(
        name=content["name"],
        kind=content.get("kind", []),
        trial=content["trial"],
        parameters=content["parameters"],
        selected_for=content["selected_for"],
        runs=runs[_COLUMNS].reset_index(drop=True),
        untuned=untuned,
    )


def _by_seed(trained: Trained) -> dict[int, float]:
    """Return the test accuracy of each complete run, by seed."""
    return {int(row["seed"]): float(row[SCORE]) for row in trained.complete.to_dict("records")}


def _load(path: Path) -> np.ndarray:
    """Return the array at `path`; the reason why not is the same for every file of a kind."""
    try:
        return np.asarray(np.load(path))
    except FileNotFoundError:
        raise RecordError("missing") from None
    except OSError as error:
        raise RecordError(f"cannot be used ({error.strerror or 'not a whole file'})") from error
    except (ValueError, EOFError) as error:
        raise RecordError("cannot be used (it is no whole array of NumPy's)") from error


def _of_accuracy(correct_N: np.ndarray, accuracy: float) -> np.ndarray:
    is_of_run = correct_N.ndim == 1 and correct_N.dtype == bool and np.isclose(correct_N.mean(), accuracy, 0, 1e-9)
    if not is_of_run:
        raise RecordError("cannot be used (it is not of this run: another accuracy)")
    return correct_N
