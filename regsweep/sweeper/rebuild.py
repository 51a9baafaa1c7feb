"""A lost study is made again from what its trials left: their overrides, and the records of how they ended.

A study is lost where its storage has fewer trials than the sweep's folder (it is missing, or was wiped), and where it
is damaged: its file is no whole SQLite file, or values or parameters of its trials are gone. The trials keep their
numbers, as Optuna counts them in the order in which they are added.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import check_distribution_compatibility, json_to_distribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from regsweep import records
from regsweep.errors import RecordError, RegsweepError
from regsweep.job_folders import JobFolders
from regsweep.launcher.jobs import one_line
from regsweep.paths import RunPaths, shown
from regsweep.sweeper.engine import STATES, attributes_of, read_record
from regsweep.sweeper.job import TrialRecord
from regsweep.sweeper.space import NOT_SET, SearchSpace
from regsweep.sweeper.storage import is_away

_log = logging.getLogger("regsweep")


def set_aside(study: Path, wrong: str) -> None:
    """Rename the file `study`, of which `wrong` is what is damaged, and log that."""
    for suffix in ("-journal", "-wal", "-shm"):  # which SQLite would take for those of the next file of that name
        if study.with_name(study.name + suffix).exists():
            records.set_aside(study.with_name(study.name + suffix))
    aside = records.set_aside(study)
    _log.warning(f"{shown(study)}: damaged ({wrong}), set aside as {aside.name}")


def damage_of_file(study: Path) -> str | None:
    """Return what is damaged of the SQLite file `study`, None where it is whole or not there."""
    if not study.exists():
        return None
    if study.is_dir():
        return "a folder"
    try:
        with closing(sqlite3.connect(study)) as file:
            found = file.execute("PRAGMA integrity_check(1)").fetchone()[0]
            orphans = file.execute("PRAGMA foreign_key_check").fetchall()  # the next trial would be given them
            has_trials = file.execute("SELECT 1 FROM sqlite_master WHERE name = 'trials'").fetchone()
            counted = "SELECT 1 FROM trials GROUP BY study_id HAVING count(*) != max(number) + 1"
            gaps = has_trials and file.execute(counted).fetchall()
    except sqlite3.OperationalError as error:
        # A table or column that is missing; else it cannot be opened now, which is no damage.
        return str(error) if error.sqlite_errorcode == sqlite3.SQLITE_ERROR else None
    except sqlite3.DatabaseError as error:
        return str(error)
    return str(found) if found != "ok" else "trials are missing in it" if orphans or gaps else None


def is_outgrown(study: Path, space: SearchSpace) -> bool:
    """Return whether the trials in the whole SQLite file `study` drew from other values than those of `space`.

    So it is where a sweep of named trials goes on with further ones: Optuna lets no list of choices grow.
    """
    if not study.exists():
        return False
    with closing(sqlite3.connect(study)) as file:
        if file.execute("SELECT 1 FROM sqlite_master WHERE name = 'trial_params'").fetchone() is None:
            return False  # there is no study in it, and it is made anew
        drawn = file.execute("SELECT DISTINCT param_name, distribution_json FROM trial_params").fetchall()
    for name, text in drawn:
        if name in space.distributions:
            try:
                check_distribution_compatibility(json_to_distribution(text), space.distributions[name])
            except ValueError:
                return True
    return False


def unreadable(error: Exception) -> str:
    """Return what Optuna stumbles over in a study; raises again what is not the study's fault."""
    if is_away(error) or isinstance(error, OSError | MemoryError | RegsweepError):
        raise error
    return f"Optuna cannot read it: {one_line(error)}"


@dataclass(frozen=True)
class Rebuilder:
    """Compares a study with the sweep's folder, and gives it the trials that it lacks.

    Args:
        space: what a trial draws.
        folder: the sweep's folder.
        initial: what the first trials are to set, as far as the space allows it; known without overrides.
        num_objectives: values of a complete trial.
    """

    space: SearchSpace
    folder: Path
    initial: Sequence[Mapping[str, Any]]
    num_objectives: int

    @cached_property
    def _folders(self) -> JobFolders:
        return JobFolders(self.folder)

    def damage(self, trials: Sequence[FrozenTrial]) -> str | None:
        """Return what of a study's `trials` is not as the sweep wrote it, None where nothing is."""
        if [trial.number for trial in trials] != list(range(len(trials))):
            return "its trials are not numbered from 0 on"
        for number, trial in enumerate(trials):
            if trial.state == TrialState.COMPLETE and not self._are_whole(trial.values):
                return f"trial {number} is complete and lacks a value"
            drawn = self._known(number)
            lacking = [name for name in drawn or () if name not in trial.params]
            if lacking:
                return f"trial {number} has no {', '.join(lacking)}"
            if (drawn is not None and not _are_equal(drawn, trial.params)) or not self._has_ended_so(trial):
                return f"its trial {number} is another one than that in {shown(self._folders.of(number))}"
        return None

    def _are_whole(self, values: Sequence[Any] | None) -> bool:
        return len(values or []) == self.num_objectives and all(isinstance(value, float) for value in values or [])

    def _known(self, number: int) -> dict[str, Any] | None:
        """Return what the overrides in a trial's folder set; None where it has not begun, or only the study knows."""
        try:
            drawn = self._drawn(self._folders.of(number))
        except RecordError:
            return None
        return {name: value for name, value in drawn.items() if value != NOT_SET} or None

    def _has_ended_so(self, trial: FrozenTrial) -> bool:
        """Return whether the record of an ended trial, where there is one, is the same."""
        record = self._record(self._folders.of(trial.number)) if trial.state.is_finished() else None
        if record is None:
            return True
        is_same_end = trial.state == STATES[record.status]
        return is_same_end and (trial.state != TrialState.COMPLETE or trial.values == record.values)

    def require_possible(self, study: Path, wrong: str) -> None:
        """Refuse to set `study` aside where not all trials could be made again: one may be recorded nowhere else.

        Raises:
            RecordError: naming the trial that could not be made, and what is damaged of the study.
        """
        try:
            self._made_from(0)
        except RecordError as error:
            raise RecordError(f"{shown(study)}: damaged ({wrong}), and left where it lies; {error}") from error

    def _made_from(self, first: int) -> list[FrozenTrial]:
        return [self._made(number) for number in range(first, max(self._folders.numbers(), default=-1) + 1)]

    def rebuild(self, study: optuna.Study, *, is_expected: bool = False) -> None:
        """Add the trials that have a folder and are not in `study`, and log in a line what could not be restored.

        Args:
            study: that lacks them.
            is_expected: whether nothing was lost, and nothing is to be logged.

        Raises:
            RecordError: naming the trial whose place in the study cannot be made out; nothing is added then.
        """
        num_there = len(study.get_trials(deepcopy=False))
        made = self._made_from(num_there)
        if not made:
            return
        for trial in made:
            study.add_trial(trial)
        if is_expected:
            return
        ended = Counter(trial.state.is_finished() for trial in made)
        _log.warning(
            f"the study of {shown(self.folder)} had {num_there} of {num_there + len(made)} trials: rebuilt from their "
            f"records and overrides, {ended[True]} ended and {ended[False]} to run, without the steps that were "
            "reported to a pruner and what a sampler noted"
        )

    def _made(self, number: int) -> FrozenTrial:
        place = self._folders.of(number)
        paths = RunPaths(place)
        if not paths.is_ended and not paths.overrides.exists():
            if number < len(self.initial):
                fixed = self.space.given(self.initial[number])
                return create_trial(state=TrialState.WAITING, system_attrs={"fixed_params": fixed})
            raise RecordError(
                f"{place}: neither a record nor overrides, so the study cannot be rebuilt; "
                "restore them, or start a new sweep in another folder"
            )
        drawn = self._drawn(place)
        record = read_record(place, self.num_objectives)
        made = create_trial(
            state=STATES[record.status] if record else TrialState.RUNNING,
            values=(record.values or None) if record else None,
            params=drawn,
            distributions={name: self.space.distributions[name] for name in drawn},
            user_attrs={**attributes_of(record), "folder": self._folders.name_of(number)} if record else None,
        )
        if record:
            made.datetime_complete = datetime.fromtimestamp(paths.trial.stat().st_mtime)
            made.datetime_start = made.datetime_complete - timedelta(seconds=record.seconds)
        return made

    def _drawn(self, place: Path) -> dict[str, Any]:
        """Return what the trial in `place` drew, by its overrides or those of the trial that it repeats."""
        file = RunPaths(place).overrides
        if not file.exists():
            record = self._record(place)
            if record is not None and record.duplicate_of is not None:
                file = RunPaths(self._folders.of(record.duplicate_of)).overrides
            elif record is not None and record.status == "failed":
                return {}  # it failed before Hydra wrote them
        if not file.exists():
            raise RecordError(
                f"{file}: missing, so that the record beside it cannot be given back to the study; "
                "restore it, or start a new sweep in another folder"
            )
        overrides = records.read_yaml(file)
        if not isinstance(overrides, list) or not all(isinstance(override, str) for override in overrides):
            raise RecordError(f"{file}: not a list of overrides")
        try:
            return self.space.read(overrides)
        except ValueError as error:
            raise RecordError(f"{file}: not the overrides of a trial of this sweep ({error})") from error

    def _record(self, place: Path) -> TrialRecord | None:
        try:
            return TrialRecord.read(place, self.num_objectives)
        except RecordError:
            return None


def _are_equal(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether both have the same values; NaN, which may be a choice, is the same as itself."""
    known = {name: value for name, value in other.items() if value != NOT_SET}
    is_same = (one[name] == value or (one[name] != one[name] and value != value) for name, value in known.items())  # noqa: PLR0124
    return one.keys() == known.keys() and all(is_same)
