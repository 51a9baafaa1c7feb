"""What is confirmed: written down at first, and the same whenever the confirmation goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from regsweep import records
from regsweep.app.ablation import Ablation, plan_ablation
from regsweep.app.candidates import (
    Configuration,
    Run,
)
from regsweep.errors import RecordError, show
from regsweep.paths import ConfirmationPaths, shown
from regsweep.report.sweep import OBJECTIVE, Sweep, read_sweep
from regsweep.report.terms import Terms
from regsweep.statistics.intervals import Overlap

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

    def write(self) -> None:
        """Write it down."""
        content = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "paths"}
        records.write_json(self.paths.plan, _plain(content))

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of all kinds' configurations."""
        return [asdict(row) for rows in self.kinds for row in rows]

    def read_sweep(self, folder: Path) -> Sweep:
        """Return one of the confirmation's sweeps, ranked as the one that is confirmed."""
        if self.terms.is_own:
            return read_sweep(folder, objective=OBJECTIVE)
        sweep = read_sweep(folder, objective=self.terms.objective, minimize=not self.terms.maximize)
        return replace(sweep, named_seed=self.terms.seed_key)

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


def _plain(content: Any) -> Any:
    """Return what came from a table as plain Python values."""
    if is_dataclass(content) and not isinstance(content, type):
        return _plain(asdict(content))
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [_plain(value) for value in content]
    return content.item() if isinstance(content, np.generic) else content
