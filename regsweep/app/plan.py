"""What is confirmed: written down at first, and the same whenever the confirmation goes on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from regsweep import records
from regsweep.app import keyed
from regsweep.app.ablation import Ablation, plan_ablation
from regsweep.app.candidates import (
    Configuration,
    Run,
    best_of_contestant,
    choose_kinds,
    configurations,
    ranked,
    titles,
    trial_0,
)
from regsweep.config import NUM_SEEDS
from regsweep.errors import RecordError, RegsweepError, show
from regsweep.paths import ConfirmationPaths, RunPaths, SweepPaths, shown
from regsweep.report.regularization import Regularization
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.terms import Terms
from regsweep.statistics import Overlap

DEFAULT_TOP = 3

CONTENDERS = 3
"""Configurations of a kind, at most, of which the best over further seeds is confirmed."""

CHOOSING_SEEDS = 3
"""Further seeds, on which that is judged."""

SEEDS_LEFT = 10_000
"""Seeds that are left for a confirmation, and for making it longer."""

SPLIT_SEED = "dataset.split_seed"
"""The key that draws a split."""

TUNED = 0
"""Among the baselines of `Plan.own_of`: the tuned baseline itself."""


@dataclass(frozen=True)
class Row:
    """A configuration as it stands in its sweep: the number and folder of its first trial, and its mean accuracy."""

    number: int
    folder: str
    selected_for: float


@dataclass(frozen=True)
class Lost:
    """A contestant of a comparison without a complete trial: nothing of it can be confirmed, and it counts.

    Attributes:
        name: in plain words.
        kind: the names of its methods.
    """

    name: str
    kind: list[str]


@dataclass(frozen=True)
class Untuned:
    """Trial 0 of a search, whose settings were fixed beforehand, beside what the search was chosen for.

    Attributes:
        name: of its configuration.
        accuracy: its mean validation accuracy over the choosing seeds, a fraction.
        of_chosen: that of the chosen configuration, on the same seeds.
        num_seeds: how many these are.
    """

    name: str
    accuracy: float
    of_chosen: float
    num_seeds: int


@dataclass
class Plan:
    """What is confirmed.

    Attributes:
        paths: where everything lies.
        kinds: the sweep's best configurations of each of its best kinds, the best first.
        num_trials: how many the sweep had when its best were chosen.
        top: how many kinds were requested; there may be fewer.
        keys: of a comparison, the contestant of each kind; empty for a confirmation.
        lost: of a comparison, the contestants of which no trial is complete, by their keys.
        ablation: of the best mixture; None where that was not requested.
        terms: what is compared with what, and by which number.
        named: the trials that were named by hand, each a kind of its own; none where the best were chosen.
        added: of a comparison, the contestants that were added after runs on fresh seeds had ended.
        choosing_seeds: on which the configurations of a kind are compared; none that the sweep has used.
        first_seed: the first after those.
        num_seeds: how many were requested, at most.
        is_sequential: whether the number of seeds was ever to follow from the outcome, or was changed after a seed had
            ended.
        contenders: the configurations of each kind, the baseline's first; empty until the baseline is tuned.
        configurations: the best of each; empty until they are chosen.
        own_baselines: networks without regularization at other settings than the tuned baseline's.
        own_of: for each configuration but the baseline, which of these is its own: 0 is the tuned baseline itself, n is
            the nth of `own_baselines`; None where it takes none, as no difference was shown.
        own_runs: the trials of these, in the order in which they were added.
        seed_runs: the trials of the configurations on fresh seeds, in the order in which they were added.
        choosing_runs: the trials on which the configurations of each kind are compared, likewise.
        first_trials: of each kind, the baseline first, trial 0 of its search; None where its settings were not fixed
            beforehand.
        untuned: how these compare with what was chosen; None where there is nothing to compare.
        overlap: what the splits of the fresh seeds have in common, where each seed draws one (``--new-splits``); None
            where all have the sweep's.
    """

    paths: ConfirmationPaths
    kinds: list[list[Row]]
    num_trials: int
    top: int
    choosing_seeds: list[int]
    first_seed: int
    num_seeds: int = 0
    is_sequential: bool = False
    contenders: list[list[Configuration]] = field(default_factory=list)
    configurations: list[Configuration] = field(default_factory=list)
    own_baselines: list[Configuration] = field(default_factory=list)
    own_of: list[int | None] = field(default_factory=list)
    own_runs: list[Run] = field(default_factory=list)
    seed_runs: list[Run] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    lost: dict[str, Lost] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    choosing_runs: list[Run] = field(default_factory=list)
    ablation: Ablation | None = None
    terms: Terms = field(default_factory=Terms)
    named: list[int] = field(default_factory=list)
    first_trials: list[Configuration | None] = field(default_factory=list)
    untuned: list[Untuned | None] = field(default_factory=list)
    overlap: Overlap | None = None

    @staticmethod
    def read_or_choose(sweep: Sweep, top: int | None, named: Sequence[int] = (), terms: Terms | None = None) -> Plan:
        """Return the plan in the sweep's folder, or a new one of its `top` kinds, or of the trials `named`.

        Raises:
            RecordError: when it is damaged or cannot be written, or is missing beside finished trials.
            RegsweepError: when it was made for another number of kinds, or for other trials.
        """
        paths = SweepPaths(sweep.folder).confirmation
        terms = terms or Terms()
        if not paths.plan.exists():
            _require_no_records(paths)
            if named:
                kinds = keyed.named(sweep, named, terms)
            elif terms.baseline:
                kinds = keyed.differing(sweep, terms, CONTENDERS)
            else:
                kinds = choose_kinds(sweep, top or DEFAULT_TOP, CONTENDERS)
            # Another application's sweep has one kind, which no number of kinds could make more.
            num_kinds = len(kinds) if named or terms.baseline else top or DEFAULT_TOP
            return Plan._begin(sweep, paths, kinds, num_kinds, terms=terms, named=named)
        plan = Plan.read(paths)
        if named and [*named] != plan.named:
            began = f"--trials {','.join(map(str, plan.named))}" if plan.named else "without it"
            raise RegsweepError(
                f"--trials {','.join(map(str, named))}: this sweep's confirmation was begun {began}; "
                f"leave it out, or move {shown(paths.folder)} away to confirm anew"
            )
        if top is not None and top != plan.top:
            raise RegsweepError(
                f"--top {top}: this sweep's confirmation was begun with --top {plan.top}; "
                f"leave it out, or move {shown(paths.folder)} away to confirm anew"
            )
        return plan

    @staticmethod
    def of_comparison(sweep: Sweep, contestants: Mapping[str, Lost]) -> Plan:
        """Return the plan in the folder of a comparison, or a new one of its contestants.

        Args:
            sweep: the trials of all its searches.
            contestants: by the key of each, what it is where none of its trials is complete.

        Raises:
            RecordError: when it is damaged or cannot be written, or is missing beside finished trials.
        """
        paths = SweepPaths(sweep.folder).confirmation
        if paths.plan.exists():
            plan = Plan.read(paths)
            plan._add(sweep, {key: each for key, each in contestants.items() if key not in (*plan.keys, *plan.lost)})
            return plan
        _require_no_records(paths)
        chosen = {key: rows for key in contestants if (rows := best_of_contestant(sweep, key, CONTENDERS))}
        if not chosen:
            error = RegsweepError(f"{shown(sweep.folder)}: no trial of any contestant is complete; nothing to confirm")
            error.exit_code = 1  # it was trained
            raise error
        plan = Plan._begin(sweep, paths, list(chosen.values()), len(contestants), keys=list(chosen))
        plan.lost = {key: lost for key, lost in contestants.items() if key not in chosen}
        plan.write()
        return plan

    def _add(self, sweep: Sweep, contestants: Mapping[str, Lost]) -> None:
        """Add contestants, whose searches have ended, behind those that are there."""
        for key, contestant in contestants.items():
            rows = best_of_contestant(sweep, key, CONTENDERS)
            if rows:
                self.keys.append(key)
                self.kinds.append([_row(row) for row in rows])
            else:
                self.lost[key] = contestant
            self.added += [contestant.name] if self.seed_runs else []
        self.num_trials = len(sweep.trials)
        self.top += len(contestants)
        self.write()

    @staticmethod
    def read(paths: ConfirmationPaths) -> Plan:
        """Return the plan that is there.

        Raises:
            RecordError: when it is damaged, or of another version.
        """
        content = records.read_json(paths.plan)
        place = shown(paths.folder)
        if "choosing_seeds" not in content and "looks" in content:
            raise RecordError(f"{paths.plan}: written by regsweep 0.1, which chose in another way; move {place} away")
        try:
            plan = TypeAdapter(Plan).validate_python({**content, "paths": paths})
        except ValidationError as error:
            first = error.errors()[0]
            wrong = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            raise RecordError(f"{paths.plan}: damaged ({show(wrong)}); move {place} away to confirm anew") from error
        return plan

    @staticmethod
    def _begin(
        sweep: Sweep,
        paths: ConfirmationPaths,
        chosen: Sequence[Sequence[Mapping[str, Any]]],
        top: int,
        *,
        keys: Sequence[str] = (),
        terms: Terms | None = None,
        named: Sequence[int] = (),
    ) -> Plan:
        terms = terms or Terms()
        used = keyed.seeds_of(sweep, terms) if terms.baseline else {int(s) for s in sweep.trials["seed"].dropna()}
        first = _first_unused(used)
        kinds = [[_row(row) for row in rows] for rows in chosen]
        choosing, start = list(range(first, first + CHOOSING_SEEDS)), first + CHOOSING_SEEDS
        plan = Plan(paths, kinds, len(sweep.trials), top, choosing, start, keys=[*keys], terms=terms, named=[*named])
        plan.write()
        return plan

    def write(self) -> None:
        """Write it down."""
        content = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "paths"}
        records.write_json(self.paths.plan, _plain(content))

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of all kinds' configurations."""
        return [asdict(row) for rows in self.kinds for row in rows]

    def take_contenders(self, sweep: Sweep, baseline: Sweep | None = None) -> None:
        """Take in the baseline's best configurations, now that it is tuned.

        Args:
            sweep: in which the kinds were found.
            baseline: the search of the baseline; None: that of the confirmation.

        Raises:
            RegsweepError: when none of its trials is complete.
        """
        baseline = baseline or self.read_sweep(self.paths.baseline)
        best = [row for row, _ in zip(ranked(baseline), range(CONTENDERS), strict=False)]
        place = shown(baseline.folder)
        if not best:
            raise RegsweepError(f"{place}: no trial of the baseline is complete, so there is nothing to compare with")
        first = None if self.terms.baseline else trial_0(baseline)
        firsts = [self._trial_0(sweep, kind) for kind in range(len(self.kinds))]
        if self.terms.baseline:
            if not all(keyed.is_baseline(baseline, row, self.terms) for row in best):
                other = f"one of its best trials is without {self.terms.without}"
                raise RegsweepError(f"{place}: {other}; this is a fault of regsweep")
            baselines, others = keyed.configurations(sweep, self.rows, baseline, best, self.terms)
        else:
            kinds = [baseline.regularization.get(int(row["number"]), Regularization()) for row in best]
            if any(each.used(is_turned=sweep.turns_batch_norm) for each in kinds):
                raise RegsweepError(f"{place}: one of its best trials regularizes; this is a fault of regsweep")
            baselines, others = configurations(
                sweep,
                [*self.rows, *(row for row in firsts if row is not None)],
                baseline,
                [*best, *([] if first is None else [first])],
            )
        left = iter(others)
        found = [baselines[: len(best)], *([next(left) for _ in rows] for rows in self.kinds)]
        # Trial 0 of its search was not tuned.
        first_trials = [None if first is None else baselines[-1].at_own_settings(baselines[-1], self.terms)]
        first_trials += [None if row is None else next(left) for row in firsts]
        self.first_trials = self._first_trial_of_each()
        self.first_trials += first_trials[len(self.first_trials) :]
        self.contenders += found[len(self.contenders) :]
        self.write()

    def _trial_0(self, sweep: Sweep, kind: int) -> dict[str, Any] | None:
        """Return trial 0 of the search of a kind, where that is of the kind; None elsewhere, and in a grid.

        A trial that was named by hand was not chosen, so there is nothing to compare the choice with.
        """
        if self.named or self.terms.baseline:
            return None
        if self.keys:
            return trial_0(sweep, self.keys[kind])
        row = trial_0(sweep)
        if row is None or titles(sweep.kind(int(row["number"]))) != titles(sweep.kind(self.kinds[kind][0].number)):
            return None
        return row

    def compare_contenders(self) -> None:
        """Let the configurations of each kind run on the choosing seeds; none where a kind has only one."""
        groups = self.on_choosing_seeds()
        sizes = [len(group) for group in groups for _ in group]
        runs = [Run(place, seed) for seed in self.choosing_seeds for place, size in enumerate(sizes) if size > 1]
        self.choosing_runs += [run for run in runs if run not in self.choosing_runs]
        self.write()

    def sizes_on_choosing_seeds(self, sweep: Sweep) -> list[int]:
        """Return how many configurations of each kind, the baseline left out, will run on the choosing seeds."""
        firsts = [self._trial_0(sweep, kind) for kind in range(len(self.kinds))]
        return [
            len(rows) + (first is not None and int(first["number"]) not in [row.number for row in rows])
            for rows, first in zip(self.kinds, firsts, strict=True)
        ]

    def read_sweep(self, folder: Path) -> Sweep:
        """Return one of the confirmation's sweeps, ranked as the one that is confirmed."""
        if self.terms.is_own:
            return read_sweep(folder)
        sweep = read_sweep(folder, objective=self.terms.objective, minimize=not self.terms.maximize)
        return replace(sweep, named_seed=self.terms.seed_key)

    def on_choosing_seeds(self) -> list[list[Configuration]]:
        """Return the contenders of each kind, and behind them trial 0 of its search where that is none of them."""
        return [
            [*group, *([] if first is None or _is_among(first, group) else [first])]
            for group, first in zip(self.contenders, self._first_trial_of_each(), strict=True)
        ]

    def _first_trial_of_each(self) -> list[Configuration | None]:
        """Return trial 0 of the search of each kind; a plan of before these were compared has none."""
        return [*self.first_trials, *[None] * (len(self.contenders) - len(self.first_trials))]

    def take_best(self, values: Mapping[int, Mapping[int, float]]) -> None:
        """Take the configuration of each kind with the best mean, the earliest of equals.

        Trial 0 of a search that is none of the contenders is not chosen, whatever it reaches: it shows whether what was
        chosen is better than what the search began with.

        Args:
            values: what the sweep is ranked by (validation accuracy), by place among all that run on the choosing seeds
                and by seed; none for those that were not compared, or have no run that counts.
        """
        chosen: list[Configuration] = []
        self.untuned, start = [], 0
        for group, contenders, first in zip(
            self.on_choosing_seeds(), self.contenders, self._first_trial_of_each(), strict=True
        ):
            reached = [values.get(start + place, {}) for place in range(len(group))]
            sign, tried = self.terms.sign, reached[: len(contenders)]
            means = [sign * fmean(by_seed.values()) if by_seed else -math.inf for by_seed in tried]
            best = means.index(max(means))
            chosen.append(group[best])
            self.untuned.append(_beside(first, group, reached, best))
            start += len(group)
        self.configurations = _told_apart(chosen)
        self.own_of += [None] * (len(chosen) - 1 - len(self.own_of))
        self.write()

    def drawn_by(self, seed: int) -> dict[str, int]:
        """Return what a run on `seed` sets: the seed, and that of its split where each seed draws one."""
        return {self.terms.typed(self.terms.seed_key): seed, **({} if self.overlap is None else {SPLIT_SEED: seed})}

    def seeds(self, count: int) -> list[int]:
        """Return the first `count` fresh seeds."""
        return list(range(self.first_seed, self.first_seed + count))

    def add_seeds(self, count: int) -> None:
        """Let all configurations run on the first `count` fresh seeds, seed by seed; what ran keeps its place."""
        runs = [Run(place, seed) for seed in self.seeds(count) for place in range(len(self.configurations))]
        self.seed_runs += [run for run in runs if run not in self.seed_runs]
        self.write()

    def add_own_baselines(self, places: Sequence[int], count: int) -> None:
        """Let the configurations at `places` have a baseline of their own, on the first `count` fresh seeds.

        Args:
            places: among the configurations, the baseline left out: from 0.
            count: of seeds.
        """
        tuned = self.configurations[0]
        for place in places:
            own = self.configurations[place + 1].at_own_settings(tuned, self.terms)
            known = [tuned.overrides, *(baseline.overrides for baseline in self.own_baselines)]
            if own.overrides not in known:
                self.own_baselines.append(own)
                known.append(own.overrides)
            self.own_of[place] = known.index(own.overrides)
        needed = sorted(
            {(self.own_of[place] or TUNED) - 1 for place in places} - {TUNED - 1}
        )  # that one has run already
        runs = [Run(number, seed) for seed in self.seeds(count) for number in needed]
        self.own_runs += [run for run in runs if run not in self.own_runs]
        self.write()

    def ablate(self, count: int) -> Ablation:
        """Plan the ablation of the best mixture, on the first `count` fresh seeds.

        Raises:
            RegsweepError: when nothing that is confirmed is a mixture.
        """
        baseline, *others = self.configurations
        self.ablation = self.ablation or plan_ablation(baseline, others)
        self.ablation.add_seeds(self.seeds(count))
        self.add_own_baselines([self.ablation.mixture], count)
        return self.ablation

    def intend(self, num_seeds: int, *, until_settled: bool, has_begun: bool) -> None:
        """Write down how many seeds are meant to be trained, before any outcome is seen.

        Args:
            num_seeds: that many.
            until_settled: whether to stop as soon as the differences are settled.
            has_begun: whether a run on such a seed has ended: whoever changes the number then may have seen it.
        """
        self.is_sequential = self.is_sequential or until_settled or (has_begun and num_seeds != self.num_seeds)
        self.num_seeds = max(self.num_seeds, num_seeds) if has_begun else num_seeds
        self.write()


def _require_no_records(paths: ConfirmationPaths) -> None:
    """Refuse to begin beside trials whose plan is lost: theirs could be taken for another configuration's."""
    for sweep in (paths.baseline, paths.choosing, paths.seeds, paths.own, paths.ablation):
        if any(RunPaths(folder).is_ended for folder in sweep.glob("[0-9]*")):
            raise RecordError(
                f"{paths.plan}: missing beside finished trials; restore it, or move {shown(paths.folder)} away "
                "to confirm anew"
            )


def _first_unused(used: set[int]) -> int:
    """Return the first of `SEEDS_LEFT` seeds that are not used: after the largest that is, where there is room."""
    return next(
        first
        for first in sorted({1, *(seed + 1 for seed in used)}, reverse=True)
        if first + SEEDS_LEFT <= NUM_SEEDS and used.isdisjoint(range(first, first + SEEDS_LEFT))
    )


def _row(row: Mapping[str, Any]) -> Row:
    return Row(int(row["number"]), str(row["folder"]), float(row["selected_for"]))


def _is_among(configuration: Configuration, others: Sequence[Configuration]) -> bool:
    return any(configuration.overrides == other.overrides for other in others)


def _beside(
    first: Configuration | None, group: Sequence[Configuration], reached: Sequence[Mapping[int, float]], best: int
) -> Untuned | None:
    """Return trial 0 of a search beside what was chosen; None where there is none, it was chosen, or no seed has both.

    Args:
        first: trial 0.
        group: what ran on the choosing seeds, trial 0 among it.
        reached: accuracy of each by seed.
        best: the place of what was chosen.
    """
    place = next((i for i, each in enumerate(group) if first is not None and _is_among(first, [each])), best)
    seeds = sorted(reached[place].keys() & reached[best].keys())
    if first is None or place == best or not seeds:
        return None
    accuracy, of_chosen = (fmean(reached[each][seed] for seed in seeds) for each in (place, best))
    return Untuned(first.name, accuracy, of_chosen, len(seeds))


def _told_apart(found: list[Configuration]) -> list[Configuration]:
    """Add the trial's number to names that occur more than once."""
    names = [configuration.name for configuration in found]
    return [replace(c, name=f"{c.name} (trial {c.trial})") if names.count(c.name) > 1 else c for c in found]


def _plain(content: Any) -> Any:
    """Return what came from a table as plain Python values."""
    if is_dataclass(content) and not isinstance(content, type):
        return _plain(asdict(content))
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [_plain(value) for value in content]
    return content.item() if isinstance(content, np.generic) else content
