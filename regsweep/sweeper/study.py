"""The Optuna study of a sweep: in the file of its own folder, or in the storage that was named."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna

from regsweep.errors import ConfigError, RecordError
from regsweep.launcher.jobs import one_line
from regsweep.paths import SweepPaths, shown
from regsweep.sweeper.rebuild import damage_of_file, is_outgrown, set_aside, unreadable
from regsweep.sweeper.redact import redact
from regsweep.sweeper.storage import open_file, open_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from optuna import Study
    from optuna.storages import BaseStorage

    from regsweep.sweeper.rebuild import Rebuilder
    from regsweep.sweeper.space import SearchSpace


class Studies:
    """Opens the study of a sweep, or creates it.

    Args:
        folder: the sweep's.
        name: of the study.
        directions: of its objectives: minimize or maximize, in any case.
        rebuilder: which rebuilds a study from the records of the trials.
    """

    def __init__(self, folder: Path, name: str, directions: Sequence[Any], rebuilder: Rebuilder) -> None:
        self._folder, self._name, self._directions, self._rebuilder = folder, name, list(directions), rebuilder

    def delete_outgrown(self, space: SearchSpace) -> bool:
        """Delete the study of named trials to which others were added, to be rebuilt; return whether it was."""
        file = SweepPaths(self._folder).study
        if damage_of_file(file) is not None or not is_outgrown(file, space):
            return False
        self._rebuilder.require_possible(file, "further trials are named")
        file.unlink()
        return True

    def own(self) -> Study:
        """Return the study in the sweep's own file, a new one where that is damaged and can be rebuilt."""
        file = SweepPaths(self._folder).study
        wrong = damage_of_file(file)
        if wrong is None:
            opened = self._open(partial(open_file, file), str(shown(file)))
            if not isinstance(opened, str):
                return opened
            wrong = opened
        self._rebuilder.require_possible(file, wrong)
        set_aside(file, wrong)
        return self._create(open_file(file))

    def named(self, url: str) -> Study:
        """Return the study in the storage at `url`."""
        opened = self._open(partial(open_storage, url), redact(url), is_shared=True)
        if isinstance(opened, str):
            next_step = "mend it, or delete it to have it rebuilt"
            raise RecordError(f"the study {self._name} of {self._folder}: damaged ({opened}); {next_step}")
        return opened

    def _open(self, open_storage: Callable[[], BaseStorage], place: str, *, is_shared: bool = False) -> Study | str:
        """Return the study with the trials that it has, or what is damaged of it."""
        try:
            storage = open_storage()
        except RuntimeError as error:  # as of a study that a newer Optuna wrote
            raise RecordError(f"{place}: {one_line(error)}") from error
        try:
            study = self._create(storage)
            if is_shared:
                _require_own(study, self._folder)
            trials, directions = study.get_trials(deepcopy=False), study.directions
        except Exception as error:  # noqa: BLE001  (whatever Optuna stumbles over)
            return unreadable(error)
        if [direction.name.lower() for direction in directions] != [name.lower() for name in self._directions]:
            return "its directions are not those of the sweep"
        return self._rebuilder.damage(trials) or study

    def _create(self, storage: BaseStorage) -> Study:
        return optuna.create_study(
            study_name=self._name, storage=storage, directions=self._directions, load_if_exists=True
        )


def _require_own(study: Study, folder: Path) -> None:
    """Refuse a study of another sweep: their trials would be taken for one another's.

    Raises:
        ConfigError: naming that sweep.
    """
    owner = study.user_attrs.get("folder")
    if owner is None and not study.trials:
        study.set_user_attr("folder", str(folder))
    elif owner != str(folder):
        allowed = f"is the study of {owner or 'another program'}; name another with hydra.sweeper.study_name"
        raise ConfigError("hydra.sweeper.study_name", study.study_name, allowed)
