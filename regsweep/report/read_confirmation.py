"""Reads what ``regsweep confirm`` left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regsweep import records
from regsweep.errors import RecordError, show
from regsweep.paths import RunPaths, SweepPaths
from regsweep.report import ablation
from regsweep.report.ablation import Ablation
from regsweep.report.confirmation import (
    CHOSEN_BY,
    FEWEST_SEEDS,
    LEVEL,
    NO_TRIAL,
    NOT_ENDED,
    SCORE,
    Against,
    Candidate,
    Confirmation,
    Trained,
    Untuned,
)
from regsweep.report.diverged import worth_of_one_answer
from regsweep.report.each_example import EachExample
from regsweep.report.sweep import Sweep, command_to_confirm, read_sweep
from regsweep.report.task import examples_word
from regsweep.report.terms import Terms
from regsweep.statistics.claims import are_shown, claim
from regsweep.statistics.comparison import compare, count_differing
from regsweep.statistics.intervals import Overlap

_COLUMNS = ["number", "seed", "folder", "status", "error", CHOSEN_BY, SCORE, "total_seconds"]


def read_confirmation(folder: Path) -> Confirmation | None:
    """Return the confirmation of the sweep in `folder`, None where no seed was begun.

    Raises:
        RecordError: when the plan, with its configurations and seeds, cannot be read.
    """
    paths = SweepPaths(folder).confirmation
    if not SweepPaths(paths.seeds).is_on_record:
        return None
    plan = records.read_json(paths.plan)
    try:
        terms = Terms.of_plan(plan)
        ranking: dict[str, Any] = {} if terms.is_own else {"objective": terms.objective, "minimize": not terms.maximize}
        places = [each if SweepPaths(each).is_on_record else None for each in (paths.own, paths.ablation)]
    except (AttributeError, KeyError, TypeError) as error:
        raise RecordError(f"{paths.plan}: damaged ({show(error)}); the confirmation is left out") from error
    seeds = read_sweep(paths.seeds, **ranking)
    try:
        own, parts = (read_sweep(each, **ranking) if each else None for each in places)
        return _Reader(folder, plan, seeds, own, parts).confirmation()
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise RecordError(f"{paths.plan}: damaged ({show(error)}); the confirmation is left out") from error


class _Reader:
    """Reads what a plan names from the sweeps that were made after it."""

    def __init__(
        self, folder: Path, plan: dict[str, Any], seeds: Sweep, own: Sweep | None, parts: Sweep | None
    ) -> None:
        self._folder, self._plan, self._seeds, self._own, self._parts = folder, plan, seeds, own, parts
        self._terms = Terms.of_plan(plan)
        self._problems = [*seeds.problems, *(own.problems if own else [])]
        self._images = EachExample(folder, self._terms, examples_word(seeds.task))
        num_ended = int((~seeds.trials["status"].isin(NOT_ENDED)).sum())
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
        nothing = {"trial": NO_TRIAL, "parameters": {}, "selected_for": np.nan}
        others += [_trained({**nothing, **lost}, trials[:0]) for lost in self._plan.get("lost", {}).values()]
        tuned = [self._compare(other, baseline) for other in others]
        own = [self._compare_own(i, other, baseline) for i, other in enumerate(others)]
        parts = self._ablated()
        for trained in (baseline, *others, *parts):
            self._name_lost(trained)
        comparisons = [each.comparison for each in tuned]
        shown = are_shown(comparisons, level=LEVEL)
        claims = claim(comparisons, [each.comparison if each else None for each in own], level=LEVEL)
        candidates = [
            Candidate(**vars(other), against_tuned=tuned[i], against_own=own[i], is_shown=shown[i], claim=claims[i])
            for i, other in enumerate(others)
        ]
        self._problems += self._images.problems
        return Confirmation(
            baseline=baseline,
            candidates=candidates,
            seeds=sorted({int(seed) for seed in baseline.runs["seed"].dropna()}),
            num_images=self._images.count or self._seeds.task.sizes.get("test"),
            is_sequential=self._is_sequential,
            num_planned=self._num_planned,
            problems=list(dict.fromkeys(self._problems)),
            added=self._plan.get("added", []),
            ablation=self._ablation(candidates, parts),
            parts=parts,
            go_on=command_to_confirm(self._folder),
            terms=self._terms,
            overlap=self._overlap,
            is_waiting=self._is_waiting,
            task=self._seeds.task,
        )

    def _runs(self, sweep: Sweep, planned: Sequence[Mapping[str, int]] | None) -> pd.DataFrame:
        """Return the runs of a sweep with the number that is compared; of another application, with their seeds too."""
        place = sweep.folder.relative_to(self._folder).as_posix()
        folders = [f"{place}/{folder}" for folder in sweep.trials["folder"]]
        column, _ = self._terms.choice
        # Before a run has ended, the columns of its numbers may not be known.
        known = sweep.trials.reindex(columns=[*sweep.trials, *({self._terms.objective, column} - {*sweep.trials})])
        numbers = {SCORE: known[self._terms.objective], CHOSEN_BY: known[column]}
        runs = sweep.trials.assign(**numbers).assign(folder=folders)
        if not self._terms.is_own and planned is not None:
            runs["seed"] = [planned[int(number)]["seed"] for number in runs["number"]]
        return runs

    def _ablated(self) -> list[Trained]:
        """Return the parts of the best mixture, as far as they are trained; their settings without its methods'."""
        plan = self._plan.get("ablation")
        if plan is None or self._parts is None:
            return []
        trials = self._runs(self._parts, plan["runs"])
        places = trials["number"].map(lambda number: plan["runs"][int(number)]["configuration"])
        found = []
        for place, content in enumerate(plan["parts"]):
            others = {key: value for key, value in content["parameters"].items() if not self._terms.compares(key)}
            found.append(_trained({**content, "parameters": others}, trials[places == place]))
        return found

    def _ablation(self, candidates: Sequence[Candidate], parts: Sequence[Trained]) -> Ablation | None:
        """Return what the ingredients of the best mixture add; None where that is not trained."""
        plan = self._plan.get("ablation")
        if plan is None or self._parts is None or self._is_waiting:
            return None
        mixture = candidates[plan["mixture"]]
        nothing = mixture.against_own.baseline if mixture.against_own is not None else None
        self._problems += self._parts.problems
        return ablation.read(
            plan,
            parts,
            mixture,
            nothing,
            level=LEVEL,
            is_sequential=self._is_sequential,
            overlap=self._overlap,
            terms=self._terms,
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
            return self._compare(candidate, baseline)
        if self._own is None:
            return None
        runs = [n for n, run in enumerate(self._plan["own_runs"]) if run["configuration"] == number - 1]
        trials = self._runs(self._own, self._plan["own_runs"])
        own = _trained(self._plan["own_baselines"][number - 1], trials[trials["number"].isin(runs)])
        if not {int(seed) for seed in candidate.complete["seed"]} <= own.ended_seeds:
            return None
        self._name_lost(own)
        return self._compare(candidate, own, counts_diverged=True)

    def _compare(self, candidate: Trained, baseline: Trained, *, counts_diverged: bool = False) -> Against:
        """Return `candidate` against `baseline` on the seeds that both have."""
        theirs = baseline.complete.set_index("seed")[SCORE]
        is_diverged = (baseline.runs["status"] == "diverged") & counts_diverged
        diverged = [int(seed) for seed in baseline.runs.loc[is_diverged, "seed"]]
        worth = self._worth_of_diverged() if diverged else None
        if worth is not None:
            theirs = pd.concat([theirs, pd.Series(worth, index=diverged)])
        ours = candidate.complete.set_index("seed")[SCORE]
        seeds = sorted(int(seed) for seed in set(ours.index) & set(theirs.index))
        differences = self._terms.sign * np.array([ours[seed] - theirs[seed] for seed in seeds], dtype=float)
        of_baseline = float(np.mean([theirs[seed] for seed in seeds])) if seeds else np.nan
        images, comparison = self._images.differences(candidate, baseline, seeds), None
        is_comparable = not diverged or worth is not None
        if len(seeds) >= FEWEST_SEEDS and not self._is_waiting and is_comparable:
            comparison = compare(
                differences,
                images,
                LEVEL,
                num_configurations=self._num_configurations,
                is_sequential=self._is_sequential,
                resolution=self._terms.resolution(of_baseline),
                overlap=self._overlap,
            )
        num_differing = None if images is None or self._overlap is not None else count_differing(images)
        num_diverged = len(set(diverged) & (set(seeds) if is_comparable else set(ours.index)))
        least_far = self._terms.least_far(of_baseline)
        return Against(baseline, seeds, differences, comparison, num_differing, num_diverged, least_far, of_baseline)

    def _worth_of_diverged(self) -> float | None:
        """Return what a network that diverged is worth: one answer to all; None where its worth is not known.

        Raises:
            RecordError: when no record has the sizes of the classes.
        """
        task = self._seeds.task
        return worth_of_one_answer(task, self._class_sizes() if task.kind == "classification" else [])

    def _class_sizes(self) -> list[int]:
        """Return the sizes of the classes of the test set."""
        for folder in self._seeds.trials["folder"]:
            try:
                sizes = records.read_json(RunPaths(self._seeds.folder / str(folder)).result)["class_sizes"]["test"]
                if max(sizes) > 0:
                    return [int(size) for size in sizes]
            except (RecordError, KeyError, TypeError, ValueError):
                continue  # any other run has them too: all share one test set
        raise RecordError(
            f"{self._seeds.folder}: no record has the sizes of the test set's classes (class_sizes), which a network "
            "that diverged is worth; restore one, or confirm in another folder"
        )

    def _name_lost(self, trained: Trained) -> None:
        for _, run in trained.runs.iterrows():
            if run["status"] not in ("complete", *NOT_ENDED):
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
