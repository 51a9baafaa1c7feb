"""Jobs as the sweep engine sees them: started one by one, and waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher

from regsweep.errors import RecordError, RegsweepError
from regsweep.reporting import listening

OnReport = Callable[[int, float, int], bool]
"""Called with a job's number, its objective and its step; returns whether to give the job up."""


@dataclass(frozen=True)
class Ended:
    """A job that ended.

    Attributes:
        number: the job's number.
        error: why there may be no record of it, in one line; None where the job ran to its end.
        is_lost: whether its machine has gone, which is no fault of the job's.
    """

    number: int
    error: str | None = None
    is_lost: bool = False


@dataclass(frozen=True)
class Reported:
    """The objective of a running job after a step; the job waits for `Jobs.answer`.

    Attributes:
        number: the job's number.
        value: of the objective.
        step: from 1.
    """

    number: int
    value: float
    step: int


@dataclass(frozen=True)
class Capabilities:
    """What a kind of jobs can do, beside running to their ends.

    Attributes:
        steady: a slot is free the moment its job ends; else all become free at once.
        takes_reports: reports of running jobs arrive, so that a pruner can give them up.
        cancels: a running job can be ended alone.
    """

    steady: bool = False
    takes_reports: bool = False
    cancels: bool = False


def capabilities_of(launcher: str) -> Capabilities:
    """Return what the jobs of a launcher can do.

    Args:
        launcher: its class, as ``hydra.launcher._target_`` names it. Of a launcher that this project does not know
            nothing is taken for granted: it runs batches.
    """
    return _CAPABILITIES.get(launcher.rpartition(".")[2], Capabilities())


_CAPABILITIES = {
    "PoolLauncher": Capabilities(steady=True, takes_reports=True, cancels=True),
    "RayPoolLauncher": Capabilities(steady=True, takes_reports=True, cancels=True),
    "BasicLauncher": Capabilities(takes_reports=True),  # one job at a time, in the sweep's own process
}


class Jobs(Protocol):
    """Runs jobs, up to `num_slots` at a time."""

    @property
    def capabilities(self) -> Capabilities:
        """What these jobs can do."""

    @property
    def num_slots(self) -> int:
        """How many jobs may run before `wait` must be called; it may change from one call to the next."""

    def start(self, number: int, overrides: Sequence[str]) -> None:
        """Start a job; there is a free slot."""

    def wait(self, timeout: float | None = None) -> list[Ended | Reported]:
        """Return what has ended and what was reported, once there is something.

        Args:
            timeout: seconds after which an empty list is returned; None: there is no such limit. Batches have none.

        Raises:
            RecordError: when a job could not write its record; no further one could.
        """

    def answer(self, number: int, *, give_up: bool) -> None:
        """Answer a job's report: whether the job is given up."""

    def began(self, number: int) -> float | None:
        """Return when a job that was started began to run (`time.monotonic`); None: it waits for a machine."""

    def cancel(self, number: int) -> None:
        """End a running job alone; `wait` returns it as ended, without a record if it had none by then."""

    def close(self) -> None:
        """End whatever still runs."""


class LostJobError(RegsweepError):
    """A launcher lost a job of a batch; the others may still run.

    Args:
        numbers: the batch's.
        error: what the launcher raised.
    """

    exit_code = 1

    def __init__(self, numbers: Sequence[int], error: Exception) -> None:
        lost = f"a job of trials {numbers[0]} to {numbers[-1]} was lost ({one_line(error)})"
        super().__init__(f"{lost}; resume, which waits for those that still run")


class Batches:
    """Batches of one of Hydra's launchers, which return when their slowest job has ended.

    Args:
        launcher: set up with the task.
        num_slots: jobs in a batch.
        on_report: called with the jobs' reports, where they run in this process one after the other; None: nothing is.
    """

    def __init__(self, launcher: Launcher, num_slots: int, on_report: OnReport | None = None) -> None:
        self.capabilities = capabilities_of(type(launcher).__name__)
        self.num_slots = num_slots
        self._launcher, self._on_report = launcher, on_report
        self._batch: list[tuple[int, tuple[str, ...]]] = []

    def start(self, number: int, overrides: Sequence[str]) -> None:
        """Put a job into the next batch."""
        self._batch.append((number, tuple(overrides)))

    def wait(self, timeout: float | None = None) -> list[Ended | Reported]:
        """Run the batch to its end; see `Jobs.wait`."""
        batch, self._batch = sorted(self._batch), []
        ended: list[Ended | Reported] = []
        for group in _consecutive(batch) if self._on_report is None else [[job] for job in batch]:
            numbers = [number for number, _ in group]
            with listening(self._should_prune(numbers[0])):
                try:
                    returned = self._launcher.launch([overrides for _, overrides in group], initial_job_idx=numbers[0])
                except RecordError:
                    raise
                except Exception as error:
                    if len(numbers) > 1 and not self._dies_together():
                        raise LostJobError(numbers, error) from error
                    ended += [Ended(number, one_line(error)) for number in numbers]
                else:
                    ended += [Ended(number, failure_of(job)) for number, job in zip(numbers, returned, strict=True)]
        return ended

    def answer(self, number: int, *, give_up: bool) -> None:
        """Refuse: a report is answered where it is made, by `on_report`."""
        raise NotImplementedError

    def began(self, number: int) -> float | None:
        """Return None: when a job of a batch begins is the launcher's own affair."""
        return None

    def cancel(self, number: int) -> None:
        """Refuse: a launcher of Hydra's ends no job."""
        raise NotImplementedError

    def close(self) -> None:
        """Do nothing: between batches nothing runs."""

    def _dies_together(self) -> bool:
        """Return whether nothing of a batch runs on once its launch has failed: joblib ends all its processes."""
        return type(self._launcher).__name__ == "JoblibLauncher"

    def _should_prune(self, number: int) -> Callable[[float, int], bool] | None:
        on_report = self._on_report
        return None if on_report is None else lambda value, step: on_report(number, value, step)


def failure_of(job: JobReturn) -> str | None:
    """Return why `job` failed, in one line; None where it did not.

    Raises:
        RecordError: when it could not write its record.
    """
    error = getattr(job, "_return_value", None)
    if job.status != JobStatus.FAILED:
        return None
    if isinstance(error, RecordError):
        raise error
    return one_line(error)


def one_line(error: object) -> str:
    """Return an error's type and message in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _consecutive(batch: list[tuple[int, tuple[str, ...]]]) -> Iterator[list[tuple[int, tuple[str, ...]]]]:
    """Yield runs of jobs with consecutive numbers, as a launcher counts on from the first."""
    group: list[tuple[int, tuple[str, ...]]] = []
    for job in batch:
        if group and job[0] != group[-1][0] + 1:
            yield group
            group = []
        group.append(job)
    if group:
        yield group
