"""The records of this project's own sweeps and runs: ``result.json``, and ``trial.json`` where there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regsweep import records
from regsweep.direction import is_minimized
from regsweep.errors import RecordError
from regsweep.job_folders import Job, JobFolders, settings_file
from regsweep.paths import RunPaths, SweepPaths
from regsweep.report.hydra_files import (
    at,
    find_swept,
    find_values,
    read_given,
    read_overrides,
    read_searched,
)
from regsweep.report.regularization import Regularization, read_regularization
from regsweep.report.rows import (
    Problems,
    Rows,
    column_of,
    plain_text,
    require_objective,
    table_columns,
)
from regsweep.report.task import first_task, is_maximized, numbers_of, task_of, task_of_config
from regsweep.run_record import Number, RunRecord, Status, TaskRecord
from regsweep.started import Command

_CALLBACK = b"regsweep.app.callback.RunCallback"


def is_own(folder: Path, jobs: Sequence[Job]) -> bool:
    """Return whether this project made the sweep or run in `folder`: by its settings, or a record of it."""
    settings = [SweepPaths(folder).multirun, *(settings_file(path) for _, path in jobs[:1])]
    there = [file for file in settings if file.is_file()]
    if any(_CALLBACK in file.read_bytes() for file in there):
        return True
    for _, path in jobs[:100]:
        try:
            return {"status", "metrics", "seconds"} <= records.read_json(RunPaths(path).result).keys()
        except RecordError:
            continue
    command = SweepPaths(folder).command
    try:
        return command.exists() and records.read_as(command, Command).is_own
    except RecordError:
        return True


def read_own(folder: Path, jobs: Sequence[Job], *, is_run: bool, objective: str | None, minimize: bool | None) -> Rows:
    """Return a row per trial of a sweep, or the one of a run.

    Args:
        folder: the sweep's or the run's.
        jobs: number and folder of each trial.
        is_run: whether it is a run.
        objective: that was named to rank by; None: the sweep's own.
        minimize: whether less of it is better; None: as the sweep has it, or as the name implies.

    Raises:
        RegsweepError: when no trial has such an objective.
    """
    problems = Problems(folder)
    overrides = {number: _overrides(path, problems) for number, path in jobs}
    if is_run:
        swept = [key for typed in overrides.values() for key in typed]
    else:
        given = problems.skip(read_given, SweepPaths(folder).multirun)
        searched = read_searched(SweepPaths(folder).multirun) if given is not None else []
        swept = find_swept([typed for typed in overrides.values() if typed], given, first=searched)
        problems.name_gaps([number for number, _ in jobs])
        if SweepPaths(folder).command.exists():
            problems.skip(records.read_json, SweepPaths(folder).command)
    settled = None if is_run else _settled(SweepPaths(folder).multirun)
    reader = _Reader(dict(jobs), overrides, swept, problems, settled)
    rows = [
        {"number": number, "folder": str(path.relative_to(folder)), **reader.row(number, RunPaths(path))}
        for number, path in jobs
    ]
    columns, task, numbers = [column_of(key) for key in swept], reader.task, reader.numbers
    asked = {} if is_run else _asked_for(SweepPaths(folder).multirun, numbers)
    # Of several one must order the table, and be what `confirm` chooses by.
    own = f"validation_{task.objective}"
    column = objective or (own if own in asked else next(iter(asked), own))
    possible = [name for name in numbers if name not in columns]
    if column not in possible:
        held = [name for name in possible if any(row.get(name) is not None for row in rows)]
        require_objective(column, held or possible)
    maximize = asked.get(column, _is_maximized(task, column)) if minimize is None else not minimize
    return Rows(
        rows,
        columns,
        objective=column,
        maximize=maximize,
        problems=problems.lines,
        regularization=reader.regularization,
        objectives=asked if objective is None and len(asked) > 1 else {},
        task=task,
        numbers=numbers,
    )


def _is_maximized(task: TaskRecord, column: str) -> bool:
    known = is_maximized(task, column)
    return not is_minimized(column) if known is None else known


def _settled(multirun: Path) -> TaskRecord | None:
    """Return what the trials of a sweep have to do, as it was settled before the first; None where it was not."""
    try:
        return task_of_config(records.read_yaml(multirun))
    except RecordError:
        return None


def _asked_for(multirun: Path, numbers: Sequence[str]) -> dict[str, bool]:
    """Return the objectives that a search names, and whether more of each is better; nothing where it names none."""
    try:
        sweeper = at(records.read_yaml(multirun), "hydra", "sweeper")
    except RecordError:
        return {}
    names, directions = at(sweeper, "objectives"), at(sweeper, "direction")
    names, directions = ([each] if isinstance(each, str) else each for each in (names, directions))
    if not isinstance(names, list) or not isinstance(directions, list) or len(names) != len(directions):
        return {}
    found = {str(n): str(d).lower() == "maximize" for n, d in zip(names, directions, strict=True) if n in numbers}
    return found if len(found) == len(names) else {}


class OwnRows:
    """The rows of ``trials.csv`` while a sweep runs: those that `read_own` returns when it has ended.

    Args:
        folder: the sweep's.
        swept: keys of the swept parameters.
    """

    def __init__(self, folder: Path, swept: Sequence[str]) -> None:
        self._folder, self._swept = folder, list(swept)
        self._folders = JobFolders(folder)
        self._tasks: dict[int, TaskRecord] = {}
        self._settled = _settled(SweepPaths(folder).multirun)

    @property
    def columns(self) -> list[str]:
        """Those of the trials whose rows were read."""
        swept = [column_of(key) for key in self._swept]
        columns = table_columns(swept, numbers=numbers_of(_in_order(self._tasks, self._settled)))
        return [name for name in columns if name != "ended"]

    def row(self, number: int) -> dict[str, Any]:
        """Return the row of a trial that has ended."""
        jobs = {each: self._folders.of(each) for each in range(number + 1)}
        problems = Problems(self._folder)
        overrides = _OverridesAsNeeded(jobs, problems)
        reader = _Reader(jobs, overrides, self._swept, problems, self._settled)
        row = {"number": number, "folder": self._folders.name_of(number), **reader.row(number, RunPaths(jobs[number]))}
        self._tasks |= reader.tasks
        return {name: row[name] for name in self.columns if name in row}


class _OverridesAsNeeded(dict[int, dict[str, str]]):
    """The overrides of each job, read when they are needed."""

    def __init__(self, folders: Mapping[int, Path], problems: Problems) -> None:
        super().__init__()
        self._folders, self._problems = folders, problems

    def __missing__(self, number: int) -> dict[str, str]:
        found = self[number] = _overrides(self._folders[number], self._problems)
        return found


def _overrides(path: Path, problems: Problems) -> dict[str, str]:
    file = RunPaths(path).overrides
    return (problems.skip(read_overrides, file) or {}) if file.exists() else {}


class _Reader:
    """Reads one trial after the other.

    Args:
        folders: by number.
        overrides: by number, as typed.
        swept: keys.
        problems: where to note what is skipped.
        settled: what all trials have to do, as far as that is known without their records.
    """

    def __init__(
        self,
        folders: Mapping[int, Path],
        overrides: Mapping[int, Mapping[str, str]],
        swept: Sequence[str],
        problems: Problems,
        settled: TaskRecord | None,
    ) -> None:
        self._folders, self._overrides, self._swept, self._problems = folders, overrides, swept, problems
        self.regularization: dict[int, Regularization] = {}
        self.tasks: dict[int, TaskRecord] = {}
        self._asked = settled

    @property
    def task(self) -> TaskRecord:
        """What the trials had to do: the first of them, as its record has it, or a configuration."""
        return first_task(self.tasks) if self.tasks else self._asked or TaskRecord()

    @property
    def numbers(self) -> list[str]:
        """The columns of numbers that follow from the tasks of all trials."""
        return numbers_of(_in_order(self.tasks, self.task))

    def row(self, number: int, paths: RunPaths) -> dict[str, Any]:
        """Return what is known of a trial."""
        config = self._config(paths)
        values = self._values(number, config)
        if not paths.is_ended:
            return {**values, "status": "interrupted"}
        try:
            if not paths.result.exists():
                return {**values, **self._of_trial(number, paths)}
            found = self._of_result(number, paths, config)
        except RecordError as error:
            return {**values, "status": "unreadable", "error": self._problems.add(error)}
        end = self._problems.skip(_End.read, paths.trial) if paths.trial.exists() else None
        if found["status"] == "complete" and end and end.status == "failed":  # its worker died at the end
            found |= {"status": end.status, "error": _plain(end.error)}
        return {**values, **found}

    def _config(self, paths: RunPaths) -> Any:
        config = self._problems.skip(records.read_yaml, paths.config) if paths.config.exists() else None
        self._asked = self._asked or task_of_config(config)
        return config

    def _values(self, number: int, config: Any) -> dict[str, Any]:
        """Return the value of each swept parameter; a setting of a method that is not used has none."""
        values = find_values(config, self._overrides[number], self._swept)
        unused = {key.removesuffix(".use") for key, value in values.items() if key.endswith(".use") and value is False}
        values |= {key: None for key in values if key.rpartition(".")[0] in unused and not key.endswith(".use")}
        return {column_of(key): value for key, value in values.items()}

    def _of_result(self, number: int, paths: RunPaths, config: Any) -> dict[str, Any]:
        for file in (paths.config, paths.overrides):
            if not file.exists():
                self._problems.add(f"{file}: missing, so the parameters of trial {number} are not known in full")
        record = RunRecord.read(paths.result)
        seconds = {f"{name}_seconds": value for name, value in record.seconds.items()}
        self.regularization[number] = read_regularization(record, config)
        names = self._take_task(number, record)
        return {
            **{name: value for name, value in {**record.numbers(), **seconds}.items() if name in names},
            **{name: getattr(record, name) for name in ("penalty", "best_epoch", "epochs", "seed")},
            "status": record.status,
            "error": _plain(record.error),
            "ended": record.ended or paths.result.stat().st_mtime,
        }

    def _take_task(self, number: int, record: RunRecord | None) -> list[str]:
        """Note what a trial had to do, and return the columns of its numbers."""
        task = None if record is None else task_of(record)
        if task is not None:
            self.tasks[number] = task
        return numbers_of([task or self.task])

    def _of_trial(self, number: int, paths: RunPaths) -> dict[str, Any]:
        """Return what the sweep recorded of a trial without a record of its own: a killed worker's, or a duplicate."""
        end, ended = _End.read(paths.trial), paths.trial.stat().st_mtime
        if end.duplicate_of is not None:
            if end.duplicate_of not in self._folders:
                raise RecordError(f"{paths.trial}: not a readable record (there is no trial {end.duplicate_of})")
            earlier = RunPaths(self._folders[end.duplicate_of])
            config = self._config(earlier)
            record = self._problems.skip(RunRecord.read, earlier.result) if earlier.result.exists() else None
            if record is not None:
                self.regularization[number] = read_regularization(record, config)
            names = self._take_task(number, record)
            return {
                **self._values(end.duplicate_of, config),
                **{name: value for name, value in end.metrics.items() if name in names},
                **{"status": end.status, "duplicate_of": end.duplicate_of, "ended": ended},
            }
        if end.status == "failed":
            return {"status": end.status, "error": _plain(end.error), "ended": ended}
        raise RecordError(f"{paths.result}: missing, though the trial ended ({end.status})")


@dataclass(frozen=True)
class _End:
    """The content of ``trial.json``: how a trial ended, as its sweep knows it.

    Attributes:
        status: how it ended.
        error: why it failed.
        duplicate_of: the number of an earlier trial with the same configuration, whose numbers it has.
        metrics: by name.
    """

    status: Status
    error: str | None = None
    duplicate_of: int | None = None
    metrics: dict[str, Number | None] = field(default_factory=dict)

    @staticmethod
    def read(path: Path) -> "_End":
        """Return the record at `path`.

        Raises:
            RecordError: when it cannot be read, or a value is of another type or not finite.
        """
        return records.read_as(path, _End)


def _in_order(tasks: Mapping[int, TaskRecord], settled: TaskRecord | None) -> list[TaskRecord]:
    """Return the tasks of trials by their numbers; without any what was settled, else classification by accuracy."""
    return [tasks[number] for number in sorted(tasks)] or [settled or TaskRecord()]


def _plain(text: str | None) -> str | None:
    return None if text is None else plain_text(text)
