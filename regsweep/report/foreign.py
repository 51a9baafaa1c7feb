"""Multiruns of other Hydra applications: parameters from .hydra/, values from an Optuna study or a metrics file."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from regsweep.direction import is_minimized, unnamed
from regsweep.errors import RecordError, RegsweepError, show
from regsweep.job_folders import Job, settings_file
from regsweep.paths import RunPaths, SweepPaths
from regsweep.records import read_yaml
from regsweep.report.hydra_files import (
    at,
    find_swept,
    find_values,
    read_given,
    read_overrides,
)
from regsweep.report.metrics_file import find_metrics, read_metrics, require_metrics_name
from regsweep.report.rows import FIRST, LAST, Problems, Rows, column_of, plain_text, require_objective
from regsweep.report.study import Study, StudyTrial, agrees, count_agreeing, find_offset, read_studies

_WAY_OUT = "name the file with the values of its jobs, with --metrics FILE --objective NAME"


def read_foreign(
    folder: Path, jobs: Sequence[Job], *, metrics: str | None, objective: str | None, minimize: bool | None
) -> Rows:
    """Return a row per job.

    Raises:
        RegsweepError: when there are no values, or not the objective that was named.
    """
    if metrics is not None:
        require_metrics_name(metrics)
    problems = Problems(folder)
    overrides = {number: _read_there(read_overrides, RunPaths(path).overrides, problems) for number, path in jobs}
    typed = {number: given for number, given in overrides.items() if given is not None}
    settings = _settings(folder, jobs, problems)
    source = _find_study(folder, settings, typed, problems)
    best_alone = _best_alone(folder, settings, typed, problems) if source is None else None
    if best_alone is not None and metrics is None:
        source, file = best_alone, SweepPaths(folder).optimization_results
        problems.add(f"{file}: of this sweep's values only the best one was kept; for the others {_WAY_OUT}")
    if source is None and metrics is None:
        raise RegsweepError(f"{show(folder)}: a sweep of another application, and no Optuna study with it; {_WAY_OUT}")
    params = {name.lstrip("+") for trial in source.study.trials.values() for name in trial.params} if source else set()
    searched = [*params, *(str(key) for key in at(settings, "hydra", "sweeper", "params") or ())]
    given = problems.skip(read_given, SweepPaths(folder).multirun) if SweepPaths(folder).multirun.exists() else None
    swept = find_swept(list(typed.values()), given, searched) if typed else sorted(params)
    columns = _Columns([column_of(key) for key in swept], source.study.objectives if source else [])
    rows, steps = [], []
    for number, path in jobs:
        trial = _trial_of(source, number, overrides[number], path, problems)
        config = _read_there(read_yaml, RunPaths(path).config, problems)
        values = find_values(config, overrides[number] or (trial.params if trial else {}), swept)
        row = {"number": number, "folder": str(path.relative_to(folder)), **{column_of(k): values[k] for k in swept}}
        row |= _of_trial(trial, columns, path) if trial else {"status": None if metrics else "unknown"}
        steps += [(number, step, value) for step, value in (trial.steps.items() if trial else ())]
        rows.append(row | (_of_metrics(row, path, metrics, columns, problems) if metrics else {}))
    column = _objective(objective, columns, rows, source)
    for row in rows:
        _judge(row, column, metrics)
    maximize = not minimize if minimize is not None else _is_maximized(column, rows, columns, source or best_alone)
    several = {}
    if source is not None and objective is None and metrics is None and len(source.study.objectives) > 1:
        several = {columns.add(name): more for name, more in source.study.directions.items()}
    if source is None or columns.names_to_columns[source.study.objectives[0]] != column:
        steps = [(number, step, math.nan) for number, step, _ in steps]  # what was reported is another number
    return Rows(rows, columns.swept, columns.metrics, column, maximize, problems.lines, objectives=several, steps=steps)


def _read_there(read: Any, file: Path, problems: Problems) -> Any:
    """Return what `read` returns; None where there is no such file, or it cannot be read, which is then reported."""
    return problems.skip(read, file) if file.exists() else None


def _settings(folder: Path, jobs: Sequence[Job], problems: Problems) -> Any:
    """Return the multirun's configuration, with Hydra's own under `hydra`."""
    for file in (SweepPaths(folder).multirun, *(settings_file(path) for _, path in jobs[:20])):
        content = _read_there(read_yaml, file, problems)
        if at(content, "hydra") is not None:
            return content
    return None


class _Columns:
    """Gives each number that an application has a column, apart from those of the table and the parameters.

    Args:
        swept: columns of the parameters.
        objectives: names of a study's objectives.
    """

    def __init__(self, swept: list[str], objectives: Sequence[str]) -> None:
        self.swept = swept
        self.names_to_columns: dict[str, str] = {}
        # What objectives without a name are called here: a metric that the application calls so is another number.
        self.unnamed = {*objectives} & {*unnamed(len(objectives))}
        for name in objectives:
            self.add(name)

    @property
    def metrics(self) -> list[str]:
        """The columns, in the order in which they came up."""
        return list(self.names_to_columns.values())

    @property
    def names(self) -> list[str]:
        """What the application calls them."""
        return list(self.names_to_columns)

    def add(self, name: str) -> str:
        """Return the number's column."""
        if name not in self.names_to_columns:
            name_there = plain_text(name)
            is_taken = name_there in (*FIRST, *LAST, *self.swept)
            self.names_to_columns[name] = f"metrics.{name_there}" if is_taken else name_there
        return self.names_to_columns[name]


@dataclass(frozen=True)
class _Source:
    """A study, and what to add to a job's number for that of its trial."""

    study: Study
    offset: int = 0


def _find_study(
    folder: Path, settings: Any, overrides: Mapping[int, Mapping[str, str]], problems: Problems
) -> _Source | None:
    """Return the Optuna study of these jobs: the one that the sweeper's settings name, else one beside the jobs."""
    files = _storage_files(folder, settings, problems)
    files = files or sorted(file for kind in ("db", "sqlite", "sqlite3") for file in folder.glob(f"*.{kind}"))
    studies = [study for file in files for study in problems.skip(read_studies, file) or []]
    named = [study for study in studies if study.name == at(settings, "hydra", "sweeper", "study_name")]
    sources = [_Source(study, find_offset(study, overrides)) for study in named or studies]
    if len(sources) <= 1:
        return sources[0] if sources else None
    # A sweep that names no study makes a new one each time, in one file.
    counts = [count_agreeing(source.study, overrides, source.offset) for source in sources]
    best = [source for source, count in zip(sources, counts, strict=True) if count == max(counts) > 0]
    if len(best) == 1:
        return best[0]
    names = ", ".join(show(source.study.name) for source in sources)
    problems.add(f"{files[0]}: of its studies ({names}) none is clearly that of these jobs, so it is left out")
    return None


def _storage_files(folder: Path, settings: Any, problems: Problems) -> list[Path]:
    """Return the SQLite file that the settings name: where it was, or in the sweep's folder that has moved since."""
    storage = at(settings, "hydra", "sweeper", "storage")
    if storage is None:
        return []
    found = re.fullmatch(r"sqlite(?:\+\w+)?:///([^?]+)(?:\?.*)?", storage) if isinstance(storage, str) else None
    if found is None:
        # What it is stays unsaid: a password may stand in it.
        problems.add("the Optuna study of this sweep is in no SQLite file, and other storages are not opened")
        return []
    place = Path(unquote(found[1]))
    before = Path(str(at(settings, "hydra", "runtime", "cwd") or "."))
    files = [file for file in (folder / place.name, before / place) if file.is_file()]
    if not files:
        problems.add(f"{place}: the Optuna study of this sweep is not there")
    return files[:1]


def _best_alone(
    folder: Path, settings: Any, overrides: Mapping[int, Mapping[str, str]], problems: Problems
) -> _Source | None:
    """Return what is left of a study that was kept in memory: the best trial's parameters and value."""
    file = SweepPaths(folder).optimization_results
    results = _read_there(read_yaml, file, problems)
    params, value = at(results, "best_params"), at(results, "best_value")
    if not isinstance(params, dict) or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    best = StudyTrial(0, "complete", [float(value)], params, {}, math.nan)
    trials = {number: best for number, typed in overrides.items() if agrees(best, typed)}
    is_maximized = str(at(settings, "hydra", "sweeper", "direction")).lower() == "maximize"
    return _Source(Study("optuna", [is_maximized], ["value"], trials))


def _trial_of(
    source: _Source | None, number: int, overrides: Mapping[str, str] | None, path: Path, problems: Problems
) -> StudyTrial | None:
    trial = source.study.trials.get(number + source.offset) if source else None
    if trial is None or overrides is None or agrees(trial, overrides):
        return trial
    problems.add(f"{path}: its overrides are not the parameters of the study's trial {trial.number}, which is left out")
    return None


def _end_of(trial: StudyTrial, job: Path) -> float:
    """Return when a job ended: the study learns of all jobs of a batch when the slowest has, their records say when.

    Those may be copies, which are younger than the study's entry.
    """
    try:
        return min(trial.ended, RunPaths(job).trial.stat().st_mtime)
    except OSError:
        return trial.ended


def _of_trial(trial: StudyTrial, columns: _Columns, job: Path) -> dict[str, Any]:
    """Return what the study has of a job; `seconds`, `error`, `duplicate_of` are words of this project's sweeper."""
    row: dict[str, Any] = {"status": trial.status, "ended": _end_of(trial, job)}
    row |= dict(zip(columns.metrics, trial.values, strict=False))
    own = {"seconds": "total_seconds", "duplicate_of": "duplicate_of"}
    for name, value in trial.attributes.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            row[own.get(name) or columns.add(f"metrics.{name}" if name in columns.unnamed else name)] = value
        elif name == "error" and isinstance(value, str):
            row["error"] = plain_text(value)
    return row


def _of_metrics(
    row: Mapping[str, Any], job: Path, metrics: str, columns: _Columns, problems: Problems
) -> dict[str, Any]:
    """Return the numbers of a job's metrics file; without one the job counts as interrupted."""
    try:
        file = find_metrics(job, metrics)
        if file is None:
            return {"status": row["status"] if row["status"] in ("pruned", "failed") else "interrupted"}
        numbers = read_metrics(file)
    except RecordError as error:
        return {"status": "unreadable", "error": problems.add(error)}
    values = {columns.add(name): value for name, value in numbers.items()}
    ended = row.get("ended", math.nan)
    return {**values, "ended": file.stat().st_mtime if math.isnan(ended) else ended}


def _objective(name: str | None, columns: _Columns, rows: Sequence[Mapping[str, Any]], source: _Source | None) -> str:
    # Why a number is missing may stand in a file that could not be read.
    cause = next((f"; {row['error']}" for row in rows if row["status"] == "unreadable"), "")
    if not columns.names:
        states = ", ".join(sorted({str(row["status"]) for row in rows}))
        raise RegsweepError(f"--metrics: no job's folder has such a file with numbers in it (jobs: {states}){cause}")
    if name is None and source is not None:
        name = source.study.objectives[0]
    if name is None and len(columns.names) == 1:
        name = columns.names[0]
    if name is None:
        raise RegsweepError(
            f"--objective: name the number to rank by; there are: {', '.join(map(show, columns.names))}"
        )
    try:
        require_objective(name, columns.names)
    except RegsweepError as error:
        raise RegsweepError(f"{error}{cause}") from error
    return columns.add(name)


def _is_maximized(column: str, rows: Sequence[Mapping[str, Any]], columns: _Columns, source: _Source | None) -> bool:
    """Return whether the study maximized these numbers, under its own name for them or another one.

    Of what no study optimized the name decides.
    """
    for i, (name, maximize) in enumerate(source.study.directions.items() if source else ()):
        assert source is not None
        pairs = [
            (trial.values[i], row.get(column, math.nan))
            for row in rows
            if (trial := source.study.trials.get(row["number"] + source.offset)) and not math.isnan(trial.values[i])
        ]
        if columns.names_to_columns.get(name) == column or (pairs and all(math.isclose(*pair) for pair in pairs)):
            return maximize
    names = {found: name for name, found in columns.names_to_columns.items()}
    return not is_minimized(names[column])


def _judge(row: dict[str, Any], objective: str, metrics: str | None) -> None:
    """Settle the status: complete is what has a value, unless the study knows that it was given up or failed."""
    if row["status"] not in (None, "complete", "interrupted"):
        return
    if not math.isnan(row.get(objective, math.nan)):
        row["status"] = "complete" if metrics or row["status"] is None else row["status"]
    elif row["status"] != "interrupted":
        place = f" in {metrics}" if metrics else ""
        row |= {"status": "failed", "error": f"no finite value of {show(objective)}{place}"}
