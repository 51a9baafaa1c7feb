"""What is confirmed: written down at first, and the same whenever the confirmation goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from regsweep import records
from regsweep.app.candidates import Configuration, choose, composed, configurations, regularizes
from regsweep.errors import RecordError, RegsweepError
from regsweep.paths import ConfirmationPaths, SweepPaths, shown
from regsweep.report.sweep import Sweep, read_sweep

DEFAULT_TOP = 3


@dataclass
class Plan:
    """What is confirmed.

    Attributes:
        paths: where everything lies.
        chosen: the rows of the sweep's best configurations: ``number``, ``folder``, ``selected_for``.
        first_seed: the first that the sweep has not used.
        num_trials: how many the sweep had when its best were chosen.
        top: how many configurations were asked for; there may be fewer.
        num_seeds: how many were asked for, at most.
        configurations: the baseline and the chosen ones; empty until the baseline is tuned.
        until_settled: whether it was ever to stop when the differences had settled.
        looks: after how many seeds the outcome was looked at.
    """

    paths: ConfirmationPaths
    chosen: list[dict[str, Any]]
    first_seed: int
    num_trials: int
    top: int
    num_seeds: int = 0
    configurations: list[Configuration] = field(default_factory=list)
    until_settled: bool = False
    looks: list[int] = field(default_factory=list)

    @staticmethod
    def read_or_choose(sweep: Sweep, top: int | None) -> Plan:
        """Return the plan in the sweep's folder, or a new one of its `top` configurations.

        Raises:
            RegsweepError: when it was made for another number of configurations, is damaged or cannot be written.
        """
        paths = SweepPaths(sweep.folder).confirmation
        if not paths.plan.is_file():
            return Plan._choose(sweep, paths, top or DEFAULT_TOP)
        content = records.read_json(paths.plan)
        try:
            made = [Configuration(**each) for each in content.pop("configurations")]
            plan = Plan(paths, configurations=made, **content)
        except (KeyError, TypeError) as error:
            raise RecordError(f"{paths.plan}: damaged; delete {shown(paths.folder)} to confirm anew") from error
        if top is not None and top != plan.top:
            raise RegsweepError(
                f"--top {top}: this sweep's confirmation was begun with --top {plan.top}; "
                f"leave it out, or delete {shown(paths.folder)} to confirm anew"
            )
        return plan

    @staticmethod
    def _choose(sweep: Sweep, paths: ConfirmationPaths, top: int) -> Plan:
        used = sweep.trials["seed"].dropna()
        rows = [{name: row[name] for name in ("number", "folder", "selected_for")} for row in choose(sweep, top)]
        plan = Plan(paths, rows, int(used.max()) + 1 if len(used) else 1, len(sweep.trials), top)
        plan.write()
        return plan

    def write(self) -> None:
        """Write it down."""
        content = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "paths"}
        made = [configuration.as_dict() for configuration in self.configurations]
        records.write_json(self.paths.plan, _plain({**content, "configurations": made}))

    def take_baseline(self, sweep: Sweep) -> None:
        """Take in the baseline, now that it is tuned.

        Raises:
            RegsweepError: when none of its trials is complete.
        """
        baseline = read_sweep(self.paths.baseline)
        best = baseline.best()
        if best is None:
            place = shown(self.paths.baseline)
            raise RegsweepError(f"{place}: no trial of the baseline is complete, so there is nothing to compare with")
        if regularizes(composed(baseline.folder / str(best["folder"]))):
            raise RegsweepError(
                f"{shown(self.paths.baseline)}: its best trial regularizes; this is a fault of regsweep"
            )
        row = {**best, "selected_for": best[baseline.objective]}
        self.configurations = configurations(sweep, self.chosen, baseline, row)
        self.write()

    def seeds(self, count: int) -> list[int]:
        """Return the first `count` fresh seeds."""
        return list(range(self.first_seed, self.first_seed + count))

    def intend(self, num_seeds: int, *, until_settled: bool) -> None:
        """Write down how many seeds are meant to be trained, before any outcome is seen."""
        self.num_seeds = max(self.num_seeds, num_seeds)
        self.until_settled = self.until_settled or until_settled
        self.write()

    def look(self, count: int) -> None:
        """Write down that the outcome of `count` seeds was looked at; of fewer than before it is no further look."""
        if count > max(self.looks, default=0):
            self.looks.append(count)
            self.write()


def _plain(content: Any) -> Any:
    """Return what came from a table as plain Python values."""
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [_plain(value) for value in content]
    return content.item() if isinstance(content, np.generic) else content
