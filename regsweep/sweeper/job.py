"""The job's side of a trial: its end is written to disk before the sweep learns of it.

The record in the trial's folder is the truth: a sweep that is killed between the end of a trial and its entry
in the study takes the result from the record, and never runs the trial again.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from regsweep import records
from regsweep.errors import Pruned, RecordError
from regsweep.launcher.jobs import one_line
from regsweep.paths import RunPaths
from regsweep.signatures import offer
from regsweep.sweeper.lock import FolderLock
from regsweep.sweeper.redact import redact_file

_log = logging.getLogger("regsweep")

Status = Literal["complete", "pruned", "failed"]


class TrialValue(float):
    """What a job may return instead of a plain number: the objective, with metrics beside it.

    Args:
        value: the objective; NaN where there is none.
        metrics: further numbers by name, kept with the trial and usable as named objectives.
        error: why there is no objective, in one line.
    """

    metrics: Mapping[str, float]
    error: str | None

    def __new__(cls, value: float, metrics: Mapping[str, float] | None = None, error: str | None = None) -> TrialValue:
        """Return the number with its companions."""
        self = super().__new__(cls, value)
        self.metrics, self.error = dict(metrics or {}), error
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it travel between processes."""
        return TrialValue, (float(self), self.metrics, self.error)


@dataclass(frozen=True)
class TrialRecord:
    """How a trial ended.

    Attributes:
        status: ``complete``, ``pruned`` or ``failed``.
        values: one per objective; empty where it is not complete.
        metrics: further numbers by name.
        error: the reason of a failure, in one line.
        seconds: from the job's start to its end.
        duplicate_of: number of an earlier trial with the same configuration, whose result it has.
        missing_objective: name of an objective that the job, though it ran to its end, did not return.
    """

    status: Status
    values: list[float] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    error: str | None = None
    seconds: float = 0.0
    duplicate_of: int | None = None
    missing_objective: str | None = None

    def write(self, folder: Path) -> None:
        """Write the record into the trial's folder, atomically."""
        records.write_json(RunPaths(folder).trial, asdict(self))

    @staticmethod
    def read(folder: Path, num_objectives: int) -> TrialRecord | None:
        """Return the record in `folder`, None where there is none.

        Raises:
            RecordError: when it is damaged.
        """
        path = RunPaths(folder).trial
        if not path.exists():
            return None
        record = records.read_as(path, TrialRecord)
        if record.status == "complete" and len(record.values) != num_objectives:
            raise RecordError(f"{path}: not a readable record ({len(record.values)} values of {num_objectives})")
        return record


@contextmanager
def owned(folder: Path, number: int) -> Iterator[None]:
    """Own the folder of the trial `number` meanwhile: nobody else trains there, and who goes on with its sweep waits.

    Where a process that an earlier start left behind still trains there, its end is awaited first. What a process that
    was killed has left half written is deleted.

    Raises:
        RecordError: when the folder cannot be written.
    """
    with FolderLock(folder, lambda owner: _log.info(f"trial {number} still runs ({owner}); waiting for its end")):
        records.delete_unfinished(folder)  # what is whole, the application may go on from
        yield


class RecordedTask:
    """A task function that leaves a record of how it ended, whatever happens short of a kill.

    It owns its trial's folder while it runs. A trial that has a record by the time that its folder is free does not run
    again.

    Args:
        task: the application's own function.
        objectives: names of the metrics to optimize; empty: the returned number, or sequence of numbers.
        num_objectives: how many numbers that is.
    """

    def __init__(self, task: Callable[[DictConfig], Any], objectives: Sequence[str], num_objectives: int) -> None:
        self._task = task
        self._objectives, self._num_objectives = list(objectives), num_objectives

    def __call__(self, cfg: DictConfig) -> Any:
        """Run the task, write the record, and return what the task returned; None where it was recorded already."""
        hydra = HydraConfig.get()
        folder = Path(hydra.runtime.output_dir)
        if hydra.output_subdir is not None:
            redact_file(folder / hydra.output_subdir / "hydra.yaml")  # Hydra has just written the storage's URL there
        with owned(folder, hydra.job.num):
            return None if TrialRecord.read(folder, self._num_objectives) else self._run(cfg, folder)

    def _run(self, cfg: DictConfig, folder: Path) -> Any:
        began = time.perf_counter()
        returned: Any = None
        working_folder = Path.cwd()
        try:
            returned = self._task(cfg)
            record = self._judge(returned)
        except Pruned as pruned:
            record = TrialRecord("pruned", error=str(pruned))
        except RecordError:
            raise  # the disk, not the trial: the sweep ends, and the trial runs again when it goes on
        except SystemExit as stop:
            if stop.code == RecordError.exit_code:
                raise  # the same, raised by the application itself
            record = TrialRecord("failed", error=f"the job called sys.exit({stop.code!r})")
        except Exception as error:  # noqa: BLE001  (whatever a trial dies of, the sweep goes on)
            _log.exception(f"failed: {type(error).__name__}")
            record = TrialRecord("failed", error=one_line(error))
        finally:
            os.chdir(working_folder)  # the next job's paths may be relative
        TrialRecord(**{**asdict(record), "seconds": time.perf_counter() - began}).write(folder)
        return returned

    def _judge(self, returned: Any) -> TrialRecord:
        metrics, objective = {}, returned
        if isinstance(returned, TrialValue):
            metrics = dict(returned.metrics)
        elif isinstance(returned, Mapping):
            metrics, objective = dict(returned), math.nan
        try:
            numbers = {str(name): float(value) for name, value in metrics.items()}
            # JSON and Optuna have no place for what is not finite.
            metrics = {name: value for name, value in numbers.items() if math.isfinite(value)}
            if isinstance(returned, TrialValue) and returned.error:
                return TrialRecord("failed", metrics=metrics, error=returned.error)
            missing = [name for name in self._objectives if name not in numbers]
            if missing:
                there = offer(missing[0], numbers) if numbers else "return a dictionary, or TrialValue(number, metrics)"
                wrong = f"the job returned no metric named {missing[0]}; {there}"
                return TrialRecord("failed", metrics=metrics, error=wrong, missing_objective=missing[0])
            if self._objectives:
                values = [numbers[name] for name in self._objectives]
            else:
                values = [float(value) for value in (objective if isinstance(objective, Sequence) else [objective])]
        except (TypeError, ValueError):
            return TrialRecord("failed", error=f"the job returned {returned!r} instead of a number")
        if len(values) != self._num_objectives:
            wrong = f"the job returned {len(values)} numbers for {self._num_objectives} directions"
            return TrialRecord("failed", metrics=metrics, error=wrong)
        if not all(math.isfinite(value) for value in values):
            return TrialRecord(
                "failed", metrics=metrics, error=f"the objective is {values[0] if len(values) == 1 else values}"
            )
        return TrialRecord("complete", values, metrics)
