"""A confirmation: every configuration on every seed, and what is claimed of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regsweep.report.task import examples_word
from regsweep.report.terms import FAR_SHARE, Terms
from regsweep.run_record import TaskRecord
from regsweep.statistics.claims import Claim
from regsweep.statistics.comparison import Comparison
from regsweep.statistics.intervals import Overlap

if TYPE_CHECKING:
    from regsweep.report.ablation import Ablation

LEVEL = 0.05
"""Of all claims of a confirmation together."""

FEWEST_SEEDS = 2
"""Below, there is no spread to judge a difference by."""

FEWEST_TO_BE_FAR = 5
"""Seeds, of which one may lie far from the others; of three the two that are nearest to each other are so by chance."""

SCORE = "score"
"""The column of the number that is compared."""

CHOSEN_BY = "chosen_by"
"""The column of the number that configurations are chosen by."""

NOT_ENDED = ("interrupted", "unreadable")
"""The statuses of a run that has not ended, as far as is known."""

NO_TRIAL = -1
"""The number of what was not chosen: no trial of that contestant is complete."""


@dataclass(frozen=True)
class Untuned:
    """Trial 0 of a search beside what was chosen of it, on the seeds on which that was chosen.

    Attributes:
        name: of trial 0's configuration.
        accuracy: its mean of what configurations are chosen by: validation accuracy, a fraction, for one.
        of_chosen: that of the chosen configuration.
        num_seeds: over so many seeds.
    """

    name: str
    accuracy: float
    of_chosen: float
    num_seeds: int

    def is_better(self, terms: Terms) -> bool:
        """Return whether trial 0 is better than what was chosen: the search may have overfitted."""
        return terms.sign_of_choice * (self.accuracy - self.of_chosen) >= terms.resolution_of_choice(self.of_chosen)


@dataclass(frozen=True)
class Trained:
    """A configuration, and its runs on fresh seeds.

    Attributes:
        name: in plain words.
        kind: what regularizes it.
        trial: its number in the sweep that it was chosen in; `NO_TRIAL` for a contestant without a complete trial.
        parameters: the swept values, by key.
        selected_for: the validation accuracy that it was chosen for, a fraction, or what else the sweep is ranked by.
        runs: a row per seed: ``seed``, ``folder`` (in that of the sweep that is confirmed), ``status``, ``error``,
            ``chosen_by`` (what the sweep is ranked by), ``score`` (what is compared: test accuracy, or another
            application's objective), ``total_seconds``.
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
        return int((~self.runs["status"].isin(["complete", *NOT_ENDED])).sum())

    @property
    def ended_seeds(self) -> set[int]:
        """Return the seeds on which its run has ended, however it did."""
        return {int(seed) for seed in self.runs.loc[~self.runs["status"].isin(NOT_ENDED), "seed"]}

    def by_seed(self) -> dict[int, float]:
        """Return what is compared, of each seed on which it is complete."""
        return {int(row["seed"]): float(row[SCORE]) for row in self.complete.to_dict("records")}

    def folder_of(self, seed: int) -> str:
        """Return the folder of its run on this seed, in that of the sweep that is confirmed."""
        return str(self.runs["folder"][self.runs["seed"] == seed].iloc[0])

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
        num_differing: test examples that any pair classifies or predicts differently; None where that is not on record.
        num_diverged: seeds on which the baseline diverged, and counts as always giving the best single answer; where
            what that is worth is not known, nothing is compared.
        least_far: a distance from the others' differences that is not far, however near they are to one another.
        of_baseline: the baseline's mean over the paired seeds.
    """

    baseline: Trained
    seeds: list[int]
    differences: np.ndarray
    comparison: Comparison | None
    num_differing: int | None = None
    num_diverged: int = 0
    least_far: float = FAR_SHARE
    of_baseline: float = math.nan

    @property
    def compared(self) -> Comparison:
        """Return the comparison, which must be there."""
        assert self.comparison is not None
        return self.comparison

    @property
    def far_seeds(self) -> list[tuple[int, float]]:
        """Return the seeds whose differences lie far from the others', and the differences.

        Far is beyond 6 + 40/n median absolute deviations from the median of n. Of 5 normal differences one is so in
        3.6 % of samples, of 6 to 30 in 2.3 % or less (simulated); beyond 6 it would be in 16 % of 5, and 8 % of 10.
        """
        num = len(self.differences)
        if num < FEWEST_TO_BE_FAR:
            return []
        distances = np.abs(self.differences - np.median(self.differences))
        is_far = (distances > (6 + 40 / num) * np.median(distances)) & (distances > self.least_far)
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
        num_images: examples of the test set; None where that is not on record.
        is_sequential: whether the number of seeds could follow from the outcome: it was changed after a seed had ended,
            not all that are meant to be trained were, or the confirmation goes on until the differences have settled.
            Then the intervals are anytime-valid, on this test set, and there is no p-value.
        num_planned: how many seeds are meant to be trained.
        added: of a comparison, the contestants that were added after runs on fresh seeds had ended.
        problems: what could not be used, one line each.
        ablation: what each ingredient of the best mixture adds; None where that was not trained, or not all of it yet.
        parts: the networks with some of that mixture's methods, which were trained for it.
        go_on: the command that goes on with it.
        terms: what is compared with what, and by which number.
        overlap: what the splits of its seeds have in common, where each seed drew one; None where all have one split.
            Then there is no p-value, and no comparison before all seeds that are meant to be trained were.
        is_waiting: whether they were not.
        task: of this project's own runs.
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
    parts: list[Trained] = field(default_factory=list)
    go_on: str = "regsweep confirm DIR"
    terms: Terms = field(default_factory=Terms)
    overlap: Overlap | None = None
    is_waiting: bool = False
    task: TaskRecord = field(default_factory=TaskRecord)

    @property
    def examples(self) -> str:
        """Return what the examples are called, of which there are several."""
        return examples_word(self.task)

    @property
    def has_p_values(self) -> bool:
        """Return whether its differences have p-values."""
        return not self.is_sequential and self.overlap is None

    @property
    def num_whole(self) -> int:
        """Return on how many seeds all runs have ended; a contestant that nothing could be chosen of has none."""
        every = (self.baseline, *self.candidates)
        return len(set.intersection(*(each.ended_seeds for each in every if each.trial != NO_TRIAL)))

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
