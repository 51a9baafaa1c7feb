"""Ask, launch, record, tell: the loop of a sweep, which may be killed anywhere and started again.

The order of the steps is what makes it safe: a job writes its record before the sweep hears of it, the study is
told from the record, and the tables are written from the study. Whatever is missing after a kill is made up for
from what stands before it in this order.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from regsweep.errors import RegsweepError
from regsweep.sweeper import job
from regsweep.sweeper.job import TrialRecord
from regsweep.sweeper.space import SearchSpace

_log = logging.getLogger("regsweep")

STATES: dict[str, TrialState] = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}

Launch = Callable[[Sequence[Sequence[str]], int], None]
"""Runs jobs with these overrides, numbered from the given number, and returns when they have ended."""


@dataclass(frozen=True)
class Limits:
    """How far a sweep goes.

    Attributes:
        n_trials: trials in all, those of earlier starts counted in.
        n_jobs: trials launched together.
        max_failure_rate: share of a batch that may fail before the sweep gives up.
        max_retries: how often a trial that fails runs again before it is told as failed.
        timeout: seconds after which no further trial starts; None: no limit.
    """

    n_trials: int
    n_jobs: int = 1
    max_failure_rate: float = 1.0
    max_retries: int = 0
    timeout: float | None = None


class TooManyFailedError(RegsweepError):
    """More trials of a batch failed than `Limits.max_failure_rate` allows."""

    exit_code = 1


class Engine:
    """The loop over one study.

    Args:
        study: new, or with the trials of an earlier start.
        space: what a trial draws.
        folder: the sweep's folder; trial n lies in ``folder / str(n)``.
        launch: see `Launch`.
        limits: how far to go.
        reuse_duplicates: whether a configuration that this sweep has already run is told again instead of run again.
        prune: whether jobs may be pruned (they run in this process).
        on_start: hears number and parameters of every trial that is launched.
        on_told: hears of every trial that was told.
    """

    def __init__(
        self,
        study: optuna.Study,
        space: SearchSpace,
        folder: Path,
        launch: Launch,
        limits: Limits,
        *,
        reuse_duplicates: bool,
        prune: bool,
        on_start: Callable[[int, Mapping[str, Any]], None],
        on_told: Callable[[FrozenTrial], None],
    ) -> None:
        self._study, self._space, self._folder = study, space, folder
        self._launch, self._limits = launch, limits
        self._on_start, self._on_told = on_start, on_told
        self._prune, self._reuse_duplicates = prune, reuse_duplicates
        self._ran: dict[tuple[str, ...], int] = {}

    def run(self) -> None:
        """Finish what an earlier start left, then go on until the limits are reached.

        Raises:
            TooManyFailedError: see there.
        """
        began = time.monotonic()
        for leftover in self._folder.glob(".*.tmp"):
            leftover.unlink()  # a record that was being written when an earlier start was killed
        is_new = not self._study.get_trials(deepcopy=False, states=[*STATES.values(), TrialState.RUNNING])
        interrupted = self.tell_recorded()
        if not is_new:
            done = self._count() - len(interrupted)
            left = max(0, self._limits.n_trials - self._count())
            _log.info(f"resume: {done} done kept, {len(interrupted)} interrupted rerun, {left} left")
        for trial in interrupted:
            self._run_batch([trial])
        while (left := self._limits.n_trials - self._count()) > 0:
            if self._limits.timeout is not None and time.monotonic() - began > self._limits.timeout:
                _log.info(f"timeout: {self._limits.timeout:g} s are over, {left} trials were not started")
                return
            self._run_batch([self._study.ask() for _ in range(min(left, self._limits.n_jobs))])

    def _count(self) -> int:
        trials = self._study.get_trials(deepcopy=False)
        return sum(trial.state != TrialState.WAITING for trial in trials)

    def tell_recorded(self) -> list[Trial]:
        """Tell every trial that has a record and was not told; return those without one, to run again."""
        interrupted = []
        for frozen in self._study.get_trials(deepcopy=False):
            if frozen.state == TrialState.COMPLETE and "overrides" in frozen.user_attrs:
                self._ran.setdefault(tuple(frozen.user_attrs["overrides"]), frozen.number)
            if frozen.state != TrialState.RUNNING:
                continue
            trial = Trial(self._study, frozen._trial_id)
            record = TrialRecord.read(self._folder / str(frozen.number))
            if record is None:
                interrupted.append(trial)
            else:
                self._tell(trial, record)
        return interrupted

    def _run_batch(self, trials: list[Trial]) -> None:
        overrides = {trial.number: self._space.overrides(self._space.draw(trial)) for trial in trials}
        for trial in trials:
            trial.set_user_attr("overrides", overrides[trial.number])
        to_run = []
        for trial in trials:
            earlier = self._ran.get(tuple(overrides[trial.number])) if self._reuse_duplicates else None
            if earlier is None:
                to_run.append(trial)
            else:
                self._tell_again(trial, earlier)
        for attempt in range(self._limits.max_retries + 1):
            for group in [[trial] for trial in to_run] if self._prune else _consecutive(to_run):
                self._start(group, overrides, anew=attempt > 0)
            records = {trial.number: self._record_of(trial) for trial in to_run}
            to_run_again = [trial for trial in to_run if records[trial.number].status == "failed"]
            for trial in to_run:
                if trial not in to_run_again or attempt == self._limits.max_retries:
                    self._tell(trial, records[trial.number])
            to_run = to_run_again
            if not to_run:
                return
        if len(to_run) / len(trials) > self._limits.max_failure_rate:
            raise TooManyFailedError(f"{len(to_run)} of {len(trials)} trials failed")

    def _start(self, trials: list[Trial], overrides: Mapping[int, list[str]], *, anew: bool) -> None:
        for trial in trials:
            place = self._folder / str(trial.number)
            if anew:
                shutil.rmtree(place, ignore_errors=True)
            for leftover in place.glob(".*.tmp"):
                leftover.unlink()  # a record that was being written; what is whole, the application may go on from
            self._on_start(trial.number, trial.params)
        if self._prune:
            job.listen(lambda value, step: _report(trials[0], value, step))
        try:
            self._launch([overrides[trial.number] for trial in trials], trials[0].number)
        finally:
            job.listen(None)

    def _record_of(self, trial: Trial) -> TrialRecord:
        record = TrialRecord.read(self._folder / str(trial.number))
        return record or TrialRecord("failed", error="the job left no record")

    def _tell_again(self, trial: Trial, earlier: int) -> None:
        record = TrialRecord.read(self._folder / str(earlier))
        assert record is not None, "a complete trial has a record"
        again = replace(record, duplicate_of=earlier, seconds=0.0)
        place = self._folder / str(trial.number)
        place.mkdir(exist_ok=True)
        again.write(place)
        self._tell(trial, again)

    def _tell(self, trial: Trial, record: TrialRecord) -> None:
        attributes: dict[str, Any] = {**record.metrics, "seconds": record.seconds}
        if record.error is not None:
            attributes["error"] = record.error
        if record.duplicate_of is not None:
            attributes["duplicate_of"] = record.duplicate_of
        for name, value in attributes.items():
            trial.set_user_attr(name, value)
        told = self._study.tell(trial, record.values or None, STATES[record.status])
        if record.status == "complete" and "overrides" in told.user_attrs:
            self._ran.setdefault(tuple(told.user_attrs["overrides"]), told.number)
        self._on_told(told)


def _report(trial: Trial, value: float, step: int) -> bool:
    trial.report(value, step)
    return trial.should_prune()


def _consecutive(trials: list[Trial]) -> Iterator[list[Trial]]:
    """Yield runs of trials with consecutive numbers, as a launcher counts on from the first."""
    group: list[Trial] = []
    for trial in trials:
        if group and trial.number != group[-1].number + 1:
            yield group
            group = []
        group.append(trial)
    if group:
        yield group
