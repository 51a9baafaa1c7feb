"""An Optuna study, read from its SQLite file.

The file may be anyone's, made by any Optuna since 2.0: the tables have kept their names and columns, while Optuna
itself first migrates an older file, which is to write into it. So a copy is read, with SQL.
"""

import json
import math
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from regsweep.direction import unnamed
from regsweep.errors import RecordError, show
from regsweep.names import key_of_parameter

_NOT_SET = "(not set)"
"""What regsweep's own sweeper writes into a study where a named trial leaves a key out."""

STATUSES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
"""Those of trials that ended; the others were interrupted."""


@dataclass(frozen=True)
class StudyTrial:
    """One trial.

    Attributes:
        number: from 0, in the order in which Optuna drew them.
        status: ``complete``, ``pruned``, ``failed``, or ``interrupted``.
        values: one per objective, NaN where there is none.
        params: by the keys that they set, as they were suggested.
        attributes: what the application noted with it.
        ended: unix time, NaN where it did not end.
        steps: what it reported while it ran, by step.
    """

    number: int
    status: str
    values: list[float]
    params: Mapping[str, Any]
    attributes: Mapping[str, Any]
    ended: float
    steps: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Study:
    """A study.

    Attributes:
        name: its name in the file.
        maximize: per objective, whether more is better.
        objectives: names of the objectives; ``value`` where there is one that has none.
        trials: by number.
    """

    name: str
    maximize: list[bool]
    objectives: list[str]
    trials: dict[int, StudyTrial]

    @property
    def directions(self) -> dict[str, bool]:
        """Whether more is better, by objective."""
        return dict(zip(self.objectives, self.maximize, strict=True))


def read_studies(path: Path) -> list[Study]:
    """Return the studies in the SQLite file at `path`, which is left as it is; none where it holds something else.

    Raises:
        RecordError: when it cannot be read.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="regsweep-") as place:
            copy = Path(place) / "study.db"
            shutil.copyfile(path, copy)
            for suffix in ("-journal", "-wal"):  # what a killed writer left: SQLite mends the copy with it
                beside = path.with_name(path.name + suffix)
                if beside.is_file():
                    shutil.copyfile(beside, copy.with_name(copy.name + suffix))
            with closing(sqlite3.connect(copy)) as file:
                return [_study(file, *row) for row in _rows(file, "SELECT study_id, study_name FROM studies")]
    except sqlite3.OperationalError as error:
        if "no such table: studies" in str(error):
            return []
        raise RecordError(f"{path}: not a readable study ({show(error)})") from error
    except (OSError, sqlite3.Error, ValueError, TypeError, KeyError, IndexError) as error:
        raise RecordError(f"{path}: not a readable study ({show(error)})") from error


def _rows(file: sqlite3.Connection, query: str, *values: Any) -> list[Any]:
    return file.execute(query, values).fetchall()


def _study(file: sqlite3.Connection, study: int, name: str) -> Study:
    directions = _rows(file, "SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective", study)
    count = len(directions)
    system = _attributes(
        _rows(file, "SELECT ?, key, value_json FROM study_system_attributes WHERE study_id = ?", study, study)
    )
    names = system.get(study, {}).get("study:metric_names")
    if not isinstance(names, list) or len(names) != count:
        names = unnamed(count)
    return Study(
        str(name), [row[0] == "MAXIMIZE" for row in directions], [str(n) for n in names], _trials(file, study, count)
    )


def _trials(file: sqlite3.Connection, study: int, num_objectives: int) -> dict[int, StudyTrial]:
    def of_trials(columns: str, table: str) -> list[Any]:
        mine = "SELECT trial_id FROM trials WHERE study_id = ?"
        return _rows(file, f"SELECT trial_id, {columns} FROM {table} WHERE trial_id IN ({mine})", study)  # noqa: S608

    params: dict[int, dict[str, Any]] = {}
    for trial, name, value, distribution in of_trials("param_name, param_value, distribution_json", "trial_params"):
        # What is stored of a categorical parameter is the position of the choice.
        choices = json.loads(distribution)["attributes"].get("choices")
        params.setdefault(trial, {})[key_of_parameter(name)] = value if choices is None else choices[int(value)]
    values: dict[int, list[float]] = {}
    for trial, objective, value in of_trials("objective, value", "trial_values"):
        # An infinite value is stored as null, with a word beside it: no value that a trial could be ranked by.
        given = values.setdefault(trial, [math.nan] * num_objectives)
        given[objective] = float(value) if value is not None and math.isfinite(value) else math.nan
    steps: dict[int, dict[int, float]] = {}
    for trial, step, value in of_trials("step, intermediate_value", "trial_intermediate_values"):
        steps.setdefault(trial, {})[int(step)] = math.nan if value is None else float(value)
    attributes = _attributes(of_trials("key, value_json", "trial_user_attributes"))
    return {
        int(number): StudyTrial(
            int(number),
            STATUSES.get(state, "interrupted"),
            values.get(trial, [math.nan] * num_objectives),
            params.get(trial, {}),
            attributes.get(trial, {}),
            datetime.fromisoformat(ended).timestamp() if ended else math.nan,
            dict(sorted(steps.get(trial, {}).items())),
        )
        for trial, number, state, ended in of_trials("number, state, datetime_complete", "trials")
    }


def _attributes(rows: list[Any]) -> dict[int, dict[str, Any]]:
    attributes: dict[int, dict[str, Any]] = {}
    for owner, key, value in rows:
        attributes.setdefault(owner, {})[key] = json.loads(value)
    return attributes


def find_offset(study: Study, overrides: Mapping[int, Mapping[str, str]]) -> int:
    """Return what to add to a job's number to get that of its trial: 0, but in a study that was gone on with.

    Hydra's Optuna sweeper then starts again with job 0, while the trials' numbers go on.

    Args:
        study: the study.
        overrides: by job number, as typed; a score of them is enough.
    """
    some = dict(sorted(overrides.items())[:20])
    if not some or count_agreeing(study, some, 0) == len(some):
        return 0
    first = min(some)
    offsets = [trial.number - first for trial in study.trials.values() if agrees(trial, some[first])]
    return max([0, *offsets], key=lambda offset: count_agreeing(study, some, offset))


def count_agreeing(study: Study, overrides: Mapping[int, Mapping[str, str]], offset: int) -> int:
    """Return how many jobs were made from their trial's parameters."""
    pairs = ((study.trials.get(number + offset), typed) for number, typed in overrides.items())
    return sum(trial is not None and agrees(trial, typed) for trial, typed in pairs)


def agrees(trial: StudyTrial, overrides: Mapping[str, str]) -> bool:
    """Return whether a job with these overrides, as typed, can be this trial's.

    A named trial that leaves a key out has a sign of that in its place (`regsweep.sweeper.space`).
    """
    drawn = {name.lstrip("+"): value for name, value in trial.params.items()}
    return all(
        _is_same(overrides[name], value) if name in overrides else value == _NOT_SET for name, value in drawn.items()
    )


def _is_same(typed: str, value: Any) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            # SQLite's columns of older files keep fewer digits than what was typed.
            return math.isclose(float(typed), value, rel_tol=1e-6, abs_tol=1e-12)
        except ValueError:
            return False
    without_signs = [re.sub(r"[\s'\"]", "", str(text)).lower() for text in (typed, value)]
    return without_signs[0] == without_signs[1]
