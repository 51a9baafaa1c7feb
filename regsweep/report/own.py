"""The records of this project's own sweeps and runs: ``result.json``, and ``trial.json`` where there is none."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from regsweep import records
from regsweep.direction import is_minimized
from regsweep.errors import RecordError, show
from regsweep.paths import RunPaths, SweepPaths
from regsweep.report.hydra_files import (
    Job,
    find_swept,
    find_values,
    read_given,
    read_overrides,
    settings_file,
)
from regsweep.report.regularization import Regularization, read_regularization
from regsweep.report.rows import NUMBERS, Problems, Rows, column_of, plain_text, require_objective
from regsweep.run_record import RunRecord

STATUSES = ("complete", "pruned", "diverged", "failed")

_CALLBACK = b"regsweep.app.callback.RunCallback"


def is_own(folder: Path, jobs: Sequence[Job]) -> bool:
    """Return whether this project made the sweep or run in `folder`: its settings, or a record of it, say so."""
    settings = [SweepPaths(folder).multirun, *(settings_file(path) for _, path in jobs[:1])]
    there = [file for file in settings if file.is_file()]
    if any(_CALLBACK in file.read_bytes() for file in there):
        return True
    for _, path in jobs[:100]:
        try:
            return {"status", "metrics", "seconds"} <= records.read_json(RunPaths(path).result).keys()
        except RecordError:
            continue
    return SweepPaths(folder).command.exists()


def read_own(folder: Path, jobs: Sequence[Job], *, is_run: bool, objective: str, minimize: bool | None) -> Rows:
    """Return a row per trial of a sweep, or the one of a run.

    Raises:
        RegsweepError: when no trial has such an objective.
    """
    problems = Problems(folder)
    overrides = {number: _overrides(path, problems) for number, path in jobs}
    if is_run:
        swept = [key for typed in overrides.values() for key in typed]
    else:
        given = problems.skip(read_given, SweepPaths(folder).multirun)
        swept = find_swept([typed for typed in overrides.values() if typed], given)
        problems.name_gaps([number for number, _ in jobs])
        if SweepPaths(folder).command.exists():
            problems.skip(records.read_json, SweepPaths(folder).command)
    reader = _Reader(dict(jobs), overrides, swept, problems)
    rows = [
        {"number": number, "folder": str(path.relative_to(folder)), **reader.row(number, RunPaths(path))}
        for number, path in jobs
    ]
    columns = [column_of(key) for key in swept]
    require_objective(objective, [name for name in NUMBERS if name not in columns])
    maximize = not (is_minimized(objective) if minimize is None else minimize)
    return Rows(
        rows,
        columns,
        objective=objective,
        maximize=maximize,
        problems=problems.lines,
        regularization=reader.regularization,
    )


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
    """

    def __init__(
        self,
        folders: Mapping[int, Path],
        overrides: Mapping[int, Mapping[str, str]],
        swept: Sequence[str],
        problems: Problems,
    ) -> None:
        self._folders, self._overrides, self._swept, self._problems = folders, overrides, swept, problems
        self.regularization: dict[int, Regularization] = {}

    def row(self, number: int, paths: RunPaths) -> dict[str, Any]:
        """Return what is known of a trial."""
        config = self._problems.skip(records.read_yaml, paths.config) if paths.config.exists() else None
        values = self._values(number, config)
        if not paths.is_ended:
            return {**values, "status": "interrupted"}
        try:
            told = (
                self._of_result(number, paths, config) if paths.result.exists() else self._of_trial(number, paths.trial)
            )
            if told["status"] == "complete" and "duplicate_of" not in told and paths.trial.exists():
                told |= self._problems.skip(_read_failure, paths.trial) or {}
        except RecordError as error:
            return {**values, "status": "unreadable", "error": self._problems.add(error)}
        return {**values, **told}

    def _values(self, number: int, config: Any) -> dict[str, Any]:
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
        return {
            **{name: value for name, value in {**record.numbers(), **seconds}.items() if name in NUMBERS},
            **{name: getattr(record, name) for name in ("penalty", "best_epoch", "epochs", "seed")},
            **self._unused(number),
            "status": record.status,
            "error": None if record.error is None else plain_text(record.error),
            "ended": record.ended or paths.result.stat().st_mtime,
        }

    def _unused(self, number: int) -> dict[str, None]:
        """Return the columns of settings of methods that the trial did not use: they have no value."""
        used = self.regularization[number].methods
        settings = [re.fullmatch(r"regularizer\.(\w+)\.(\w+)", key) for key in self._swept]
        return {column_of(each[0]): None for each in settings if each and each[2] != "use" and each[1] not in used}

    def _of_trial(self, number: int, path: Path) -> dict[str, Any]:
        """Return what the sweep says of a trial that left no record itself: a killed worker's, or a duplicate."""
        record = _Record(path)
        status, ended = record.status(), path.stat().st_mtime
        earlier = record.number("duplicate_of")
        if earlier is not None:
            if earlier not in self._folders:
                raise record.wrong("duplicate_of", earlier, "the number of a trial of this sweep")
            metrics = {name: value for name, value in record.numbers("metrics").items() if name in NUMBERS}
            paths = RunPaths(self._folders[int(earlier)])
            config = records.read_yaml(paths.config) if paths.config.exists() else None
            told = {**self._values(int(earlier), config), **metrics}
            if paths.result.exists():
                first = self._problems.skip(RunRecord.read, paths.result)
                self.regularization[number] = read_regularization(first, config) if first else Regularization()
                told |= self._unused(number)
            return {**told, "status": status, "duplicate_of": earlier, "ended": ended}
        if status == "failed":
            return {"status": status, "error": record.text("error"), "ended": ended}
        raise RecordError(f"{RunPaths(path.parent).result}: missing, though the trial ended ({status})")


def _read_failure(path: Path) -> dict[str, Any]:
    """Return status and error where the sweep failed a trial whose run was complete: its worker died at the end."""
    record = _Record(path)
    return {"status": "failed", "error": record.text("error")} if record.status() == "failed" else {}


class _Record:
    """A record whose values are checked as they are taken: what is of the wrong type makes it unreadable.

    Args:
        path: where it lies.

    Raises:
        RecordError: here and in each method, naming the file and what is wrong.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._content = records.read_json(path)

    def wrong(self, name: str, value: Any, wanted: str) -> RecordError:
        """Return the error of a value that is not what was wanted."""
        return RecordError(f"{self._path}: not a readable record ({show(name)} is {show(value)}, not {wanted})")

    def dictionary(self, *names: str) -> dict[str, Any]:
        """Return what stands there; empty where nothing does."""
        found = self._content
        for name in names:
            value = found.get(name, {})
            if not isinstance(value, dict):
                raise self.wrong(".".join(names), value, "a dictionary")
            found = value
        return found

    def numbers(self, *names: str) -> dict[str, float | None]:
        """Return the numbers that stand there, by name."""
        return {name: self.number(*names, name) for name in self.dictionary(*names)}

    def number(self, *names: str) -> float | None:
        """Return a finite number; None where there is none."""
        value = self.dictionary(*names[:-1]).get(names[-1])
        if value is not None and not _is_finite(value):
            raise self.wrong(".".join(names), value, "a finite number")
        return value

    def text(self, name: str) -> str | None:
        """Return a text; None where there is none."""
        value = self._content.get(name)
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, value, "a text")
        return None if value is None else plain_text(value)

    def status(self) -> str:
        """Return how the trial ended."""
        value = self._content.get("status")
        if value not in STATUSES:
            raise self.wrong("status", value, f"one of {', '.join(STATUSES)}")
        return str(value)


def _is_finite(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False
