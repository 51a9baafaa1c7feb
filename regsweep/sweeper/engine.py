"""Ask, start, record, tell: the loop of a sweep, which may be killed anywhere and started again.

A trial starts the moment a slot is free; with a launcher that only takes batches, all slots become free at once.

The order of the steps is what makes it safe: a job writes its record before the sweep learns of its end, the study
takes its result from the record, and the tables are written from the study. After a kill each of these is computed from
the one before it.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from regsweep import records
from regsweep.errors import RecordError, RegsweepError
from regsweep.job_folders import JobFolders
from regsweep.launcher.jobs import Ended, Jobs, Reported
from regsweep.names import by_key
from regsweep.paths import RunPaths
from regsweep.sweeper import optuna_private
from regsweep.sweeper.job import TrialRecord
from regsweep.sweeper.lock import await_owners
from regsweep.sweeper.signals import Stop
from regsweep.sweeper.space import SearchSpace
from regsweep.sweeper.tables import metric_name

_log = logging.getLogger("regsweep")

MOST_LOST = 3
"""So often a trial whose machine has gone runs again: what takes down each machine it comes to would go on for ever."""

STATES: dict[str, TrialState] = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


@dataclass(frozen=True)
class Limits:
    """How far a sweep goes.

    Attributes:
        n_trials: trials in all, those of earlier starts counted in.
        max_failure_rate: share that may fail, of as many trials as run at a time, before the sweep gives up.
        max_retries: how often a trial that fails runs again before it counts as failed.
        timeout: seconds after which no further trial starts; None: no limit.
        trial_timeout: seconds after which a running trial is cancelled, and has failed; None: no limit.
    """

    n_trials: int
    max_failure_rate: float = 1.0
    max_retries: int = 0
    timeout: float | None = None
    trial_timeout: float | None = None


class TooManyFailedError(RegsweepError):
    """More trials failed than `Limits.max_failure_rate` allows."""

    exit_code = 1


class MissingObjectiveError(RegsweepError):
    """A job ran to its end and did not return an objective; no other would."""

    exit_code = 1


class NoCompleteTrialError(RegsweepError):
    """A sweep ended, and none of its trials is complete."""

    exit_code = 1


@dataclass
class _Job:
    """A trial on its way.

    Attributes:
        trial: the study's.
        overrides: what it sets.
        attempt: how often it was started before.
        num_lost: how often of these its machine went.
        is_overdue: whether it was cancelled for the time it took.
    """

    trial: Trial
    overrides: list[str]
    attempt: int = 0
    num_lost: int = 0
    is_overdue: bool = False


def read_record(folder: Path, num_objectives: int) -> TrialRecord | None:
    """Return the record of a trial that the study knows no end of, None where there is none.

    One that is damaged is set aside: the trial runs again, and writes another.
    """
    try:
        return TrialRecord.read(folder, num_objectives)
    except RecordError as error:
        aside = records.set_aside(RunPaths(folder).trial)
        _log.warning(f"{error}: set aside as {aside.name}, and trial {folder.name} runs again")
        return None


def attributes_of(record: TrialRecord) -> dict[str, Any]:
    """Return what the study keeps beside a trial's values: further numbers, seconds, the reason of a failure."""
    further = {metric_name(name): value for name, value in record.metrics.items()}
    ending = {"seconds": record.seconds, "error": record.error, "duplicate_of": record.duplicate_of}
    return {**further, **{name: value for name, value in ending.items() if value is not None}}


class Engine:
    """The loop over one study.

    Args:
        study: new, or with the trials of an earlier start.
        space: what a trial draws.
        folder: the sweep's folder.
        limits: how far to go.
        reuse_duplicates: whether a configuration that has already run gets its earlier result instead of another run.
        stop: where a signal may interrupt.
        on_start: called with number and parameters, by key, of every trial that is started.
        on_end: called with every trial whose end the study has.
    """

    def __init__(
        self,
        study: optuna.Study,
        space: SearchSpace,
        folder: Path,
        limits: Limits,
        *,
        reuse_duplicates: bool,
        stop: Stop,
        on_start: Callable[[int, Mapping[str, Any]], None],
        on_end: Callable[[FrozenTrial], None],
    ) -> None:
        self._study, self._space, self._folder = study, space, folder
        self._folders = JobFolders(folder)
        self._limits, self._reuse_duplicates, self._stop = limits, reuse_duplicates, stop
        self._on_start, self._on_end = on_start, on_end
        self._ran: dict[tuple[str, ...], int] = {}
        self._running: dict[int, _Job] = {}
        self._again: deque[_Job] = deque()
        self._num_asked = 0
        self._missing: str | None = None
        self._began = time.monotonic()

    def should_prune(self, number: int, value: float, step: int) -> bool:
        """Tell the study of a running trial's step, and return whether its pruner gives the trial up."""
        trial = self._running[number].trial
        with self._stop.uninterruptible():
            frozen = optuna_private.report(trial, value, step)
            # Not trial.should_prune, which would take a step of an earlier attempt for the trial's last.
            frozen.intermediate_values = {s: v for s, v in frozen.intermediate_values.items() if s <= step}
            return self._study.pruner.prune(self._study, frozen)

    def run(self, jobs: Jobs) -> None:
        """Finish what an earlier start left, then go on until the limits are reached.

        Raises:
            MissingObjectiveError: see there.
            NoCompleteTrialError: see there.
            TooManyFailedError: see there.
            RecordError: when records cannot be written.
            KeyboardInterrupt: for a signal; what then still runs is for the caller to end.
        """
        records.delete_unfinished(self._folder)
        self._resume()
        failures: list[str | None] = []
        while True:
            while len(self._running) < jobs.num_slots and (job := self._next()):
                self._start(job, jobs)
                self._stop.raise_if_noted()
            if not self._running:
                break
            with self._stop.interruptible():
                events = jobs.wait(self._patience(jobs))
            for event in events:
                if isinstance(event, Reported):
                    give_up = self.should_prune(event.number, event.value, event.step)
                    jobs.answer(event.number, give_up=give_up)
                else:
                    failures += self._end(self._running.pop(event.number), event)
            self._cancel_overdue(jobs)
            if self._missing is not None:
                raise MissingObjectiveError(self._missing)
            if len(failures) >= jobs.num_slots:
                self._require_few(failures)
                failures = []
        self._require_few(failures)
        self._require_a_complete_one()

    def _patience(self, jobs: Jobs) -> float | None:
        """Return the seconds until a running trial may have to be cancelled; None: none ever is."""
        most = self._limits.trial_timeout
        if most is None:
            return None
        begins = [jobs.began(number) for number, job in self._running.items() if not job.is_overdue]
        # A job that waits for a machine may begin at any time, and its own time with it.
        left = [most if began is None else began + most - time.monotonic() for began in begins]
        return max(0.0, min(left)) if left else None

    def _cancel_overdue(self, jobs: Jobs) -> None:
        most = self._limits.trial_timeout
        if most is None:
            return
        for number, job in self._running.items():
            began = jobs.began(number)
            if not job.is_overdue and began is not None and time.monotonic() - began >= most:
                job.is_overdue = True
                jobs.cancel(number)

    def tell_recorded(self) -> list[Trial]:
        """Tell the study each recorded trial that still runs there; return those without a record, to run again."""
        interrupted = []
        for frozen in self._study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
            trial = Trial(self._study, frozen._trial_id)
            record = self._read(frozen.number)
            if record is None:
                interrupted.append(trial)
            else:
                self._tell(trial, record, self._space.overrides_of(frozen.params))
        return interrupted

    def _resume(self) -> None:
        earlier = self._study.get_trials(deepcopy=False, states=[*STATES.values(), TrialState.RUNNING])
        self._num_asked = len(earlier)
        for trial in earlier:
            if trial.state == TrialState.COMPLETE:
                self._ran.setdefault(tuple(self._space.overrides_of(trial.params)), trial.number)
        if not earlier:
            return
        self._await_owners(trial.number for trial in earlier)
        interrupted = self.tell_recorded()
        self._again.extend(self._draw(trial) for trial in interrupted)
        done, left = self._num_asked - len(interrupted), max(0, self._limits.n_trials - self._num_asked)
        _log.info(f"resume: {done} done kept, {len(interrupted)} interrupted rerun, {left} left")

    def _await_owners(self, numbers: Iterable[int]) -> None:
        """Wait for the trials among these that run in processes nobody waits for: each leaves its record itself."""
        with self._stop.interruptible():
            await_owners([self._folders.of(number) for number in numbers], _log.info)

    def _next(self) -> _Job | None:
        """Return the next trial to start: one to run again, else a new one while the limits allow."""
        if self._again:
            return self._again.popleft()
        left = self._limits.n_trials - self._num_asked
        if left <= 0:
            return None
        if self._limits.timeout is not None and time.monotonic() - self._began > self._limits.timeout:
            _log.info(f"timeout: {self._limits.timeout:g} s are over, {left} trials were not started")
            self._num_asked = self._limits.n_trials
            return None
        self._num_asked += 1
        return self._draw(self._study.ask())

    def _draw(self, trial: Trial) -> _Job:
        return _Job(trial, self._space.overrides_of(self._space.draw(trial)))

    def _start(self, job: _Job, jobs: Jobs) -> None:
        number = job.trial.number
        earlier = self._ran.get(tuple(job.overrides)) if self._reuse_duplicates else None
        if earlier is not None and (record := self._reusable(earlier)):
            self._tell_again(job, replace(record, duplicate_of=earlier, seconds=0.0))
            return
        place = self._folders.of(number)
        if job.attempt and RunPaths(place).trial.exists():
            shutil.rmtree(place, ignore_errors=True)  # its own record has failed
        elif job.attempt and place.exists():
            # It was killed, and may have left a whole run that only lacks the sweep's record.
            _log.info(f"trial {number}: what its attempt left is kept in {records.set_aside(place, 'failed').name}")
        self._running[number] = job
        self._on_start(number, by_key(job.trial.params))
        jobs.start(number, job.overrides)

    def _end(self, job: _Job, ended: Ended) -> list[str | None]:
        """Tell an ended trial, or put it back; return why it failed (None: it did not), nothing if it runs again."""
        place = self._folders.of(ended.number)
        if not RunPaths(place).trial.exists():
            self._await_owners([ended.number])  # the launcher lost it, and it may still run
        record = self._read(ended.number)
        if record is None:
            record = TrialRecord("failed", error=self._reason(job, ended))
            if not self._runs_again(job, ended):
                _log.error(f"trial {ended.number} failed: {record.error}")
                place.mkdir(exist_ok=True)
                record.write(place)
        if record.missing_objective is not None:
            self._missing = f"trial {ended.number}: {record.error}"
        elif record.status == "failed" and self._runs_again(job, ended):
            _log.warning(f"trial {ended.number} failed: {record.error}; it runs again")
            self._again.append(replace(job, attempt=job.attempt + 1, num_lost=job.num_lost + ended.is_lost))
            return []
        self._tell(job.trial, record, job.overrides)
        return [f"trial {ended.number}: {record.error}" if record.status == "failed" else None]

    def _runs_again(self, job: _Job, ended: Ended) -> bool:
        """Return whether a trial that failed is tried once more."""
        if job.is_overdue:
            return False
        return job.num_lost < MOST_LOST if ended.is_lost else job.attempt - job.num_lost < self._limits.max_retries

    def _reason(self, job: _Job, ended: Ended) -> str:
        """Return why a job without a record has failed."""
        if job.is_overdue:
            return f"cancelled: it ran longer than hydra.sweeper.trial_timeout={self._limits.trial_timeout:g} seconds"
        return ended.error or "the job left no record"

    def _read(self, number: int) -> TrialRecord | None:
        return read_record(self._folders.of(number), len(self._study.directions))

    def _reusable(self, number: int) -> TrialRecord | None:
        """Return the record of a complete trial; None where it is gone or damaged, and its like has to run."""
        with suppress(RecordError):
            return TrialRecord.read(self._folders.of(number), len(self._study.directions))
        return None

    def _tell_again(self, job: _Job, again: TrialRecord) -> None:
        place = self._folders.of(job.trial.number)
        place.mkdir(exist_ok=True)
        again.write(place)
        self._tell(job.trial, again, job.overrides)

    def _tell(self, trial: Trial, record: TrialRecord, overrides: list[str]) -> None:
        for name, value in {**attributes_of(record), "folder": self._folders.name_of(trial.number)}.items():
            trial.set_user_attr(name, value)
        ended = self._study.tell(trial, record.values or None, STATES[record.status])
        if record.status == "complete":
            self._ran.setdefault(tuple(overrides), ended.number)
        self._on_end(ended)

    def _require_few(self, failures: list[str | None]) -> None:
        reasons = [reason for reason in failures if reason is not None]
        if failures and len(reasons) / len(failures) > self._limits.max_failure_rate:
            allowed = f"hydra.sweeper.max_failure_rate={self._limits.max_failure_rate:g} allows fewer"
            raise TooManyFailedError(f"{len(reasons)} of {len(failures)} trials failed, {allowed}; {reasons[-1]}")

    def _require_a_complete_one(self) -> None:
        trials = self._study.get_trials(deepcopy=False)
        if any(trial.state == TrialState.COMPLETE for trial in trials):
            return
        failed = [trial for trial in trials if trial.state == TrialState.FAIL]
        last = f"; trial {failed[-1].number}: {failed[-1].user_attrs.get('error')}" if failed else ""
        num_pruned = sum(trial.state == TrialState.PRUNED for trial in trials)
        raise NoCompleteTrialError(f"no trial is complete: {len(failed)} failed, {num_pruned} were pruned{last}")
