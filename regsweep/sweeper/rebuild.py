"""A lost study is made again from what its trials left: their overrides, and the records of how they ended.

A study is lost where its storage has fewer trials than the sweep's folder (it is missing, or was wiped), and where it
is damaged: its file is no whole SQLite file, or values or parameters of its trials are gone. The trials keep their
numbers, as Optuna counts them in the order in which they are added.
"""

from __future__ import annotations

import logging
import re
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from regsweep import records
from regsweep.errors import RecordError
from regsweep.paths import RunPaths, shown
from regsweep.sweeper.engine import STATES, attributes_of, read_record
from regsweep.sweeper.job import TrialRecord
from regsweep.sweeper.space import SearchSpace

_log = logging.getLogger("regsweep")


def set_aside_damaged(study: Path) -> None:
    """Rename what lies at `study` and is no SQLite file, or one with pages or trials missing, and say so."""
    wrong = _damage(study)
    if wrong is not None:
        set_aside(study, wrong)


def set_aside(study: Path, wrong: str) -> None:
    """Rename the file `study`, of which `wrong` is what is damaged, and say so."""
    for suffix in ("-journal", "-wal", "-shm"):  # which SQLite would take for those of the next file of that name
        if study.with_name(study.name + suffix).exists():
            records.set_aside(study.with_name(study.name + suffix))
    aside = records.set_aside(study)
    _log.warning(f"{shown(study)}: damaged ({wrong}), set aside as {aside.name}")


def _damage(study: Path) -> str | None:
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
    except sqlite3.OperationalError:
        return None  # it cannot be opened now, which is no damage
    except sqlite3.DatabaseError as error:
        return str(error)
    return str(found) if found != "ok" else "trials are missing in it" if orphans or gaps else None


@dataclass(frozen=True)
class Rebuilder:
    """Gives a study the trials that it lacks.

    Args:
        study: as its storage has it.
        space: what a trial draws.
        folder: the sweep's folder.
        initial: what the first trials are to set, as far as the space allows it; known without overrides.
    """

    study: optuna.Study
    space: SearchSpace
    folder: Path
    initial: Sequence[Mapping[str, Any]]

    def damage(self, directions: Sequence[str]) -> str | None:
        """Return what of the study is not as the sweep wrote it, None where nothing is.

        Args:
            directions: those of the sweep.
        """
        if [direction.name.lower() for direction in self.study.directions] != [name.lower() for name in directions]:
            return "its directions are not those of the sweep"
        there = self.study.get_trials(deepcopy=False)
        if [trial.number for trial in there] != list(range(len(there))):
            return "its trials are not numbered from 0 on"
        for number, trial in enumerate(there):
            if trial.state == TrialState.COMPLETE and not _are_whole(trial.values, len(directions)):
                return f"trial {number} is complete and lacks a value"
            drawn = self._known(number)
            lacking = [name for name in drawn or () if name not in trial.params]
            if lacking:
                return f"trial {number} has no {', '.join(lacking)}"
            if drawn is not None and drawn != trial.params:
                return f"its trial {number} is another one than that in {shown(self.folder / str(number))}"
        return None

    def _known(self, number: int) -> dict[str, Any] | None:
        """Return what the overrides in a trial's folder set; None where it has not begun, or only the study knows."""
        place = self.folder / str(number)
        try:
            return self._drawn(place) or None
        except RecordError:
            return None

    def rebuild(self) -> None:
        """Add the trials that have a folder and are not in the study, and say in a line what was not got back.

        Raises:
            RecordError: naming the trial whose place in the study cannot be made out; nothing is added then.
        """
        there = self.study.get_trials(deepcopy=False)
        numbers = self._numbers()
        if max(numbers, default=-1) < len(there):
            return
        made = [self._made(number) for number in range(len(there), max(numbers) + 1)]
        for trial in made:
            self.study.add_trial(trial)
        ended = Counter(trial.state.is_finished() for trial in made)
        _log.warning(
            f"the study of {shown(self.folder)} had {len(there)} of {max(numbers) + 1} trials: rebuilt from their "
            f"records and overrides, {ended[True]} ended and {ended[False]} to run, without the steps that were "
            "reported to a pruner and what a sampler noted"
        )

    def _numbers(self) -> list[int]:
        """Return the numbers of the trials that left anything, in order."""
        places = [path for path in self.folder.iterdir() if re.fullmatch(r"0|[1-9][0-9]{0,8}", path.name)]
        return sorted(int(path.name) for path in places if RunPaths(path).is_ended or RunPaths(path).overrides.exists())

    def _made(self, number: int) -> FrozenTrial:
        place = self.folder / str(number)
        paths = RunPaths(place)
        if not paths.is_ended and not paths.overrides.exists():
            if number < len(self.initial):
                fixed = {name: v for name, v in self.initial[number].items() if self.space.allows(name, v)}
                return create_trial(state=TrialState.WAITING, system_attrs={"fixed_params": fixed})
            raise RecordError(
                f"{place}: neither a record nor overrides, so the study cannot be rebuilt; "
                "restore them, or start a new sweep in another folder"
            )
        drawn = self._drawn(place)
        record = read_record(place, len(self.study.directions))
        made = create_trial(
            state=STATES[record.status] if record else TrialState.RUNNING,
            values=(record.values or None) if record else None,
            params=drawn,
            distributions={name: self.space.distributions[name] for name in drawn},
            user_attrs=attributes_of(record) if record else None,
        )
        if record:
            made.datetime_complete = datetime.fromtimestamp(paths.trial.stat().st_mtime)
            made.datetime_start = made.datetime_complete - timedelta(seconds=record.seconds)
        return made

    def _drawn(self, place: Path) -> dict[str, Any]:
        """Return what the trial in `place` drew, as its overrides say, or those of the trial that it repeats."""
        file = RunPaths(place).overrides
        if not file.exists():
            record = self._record(place)
            if record is not None and record.duplicate_of is not None:
                file = RunPaths(self.folder / str(record.duplicate_of)).overrides
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
            return TrialRecord.read(place, len(self.study.directions))
        except RecordError:
            return None


def _are_whole(values: Sequence[Any] | None, num_objectives: int) -> bool:
    return len(values or []) == num_objectives and all(isinstance(value, float) for value in values or [])
