"""Where everything lies: no file name stands anywhere else."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

WORKING_FOLDER = "REGSWEEP_WORKING_FOLDER"
_TYPED_IN = "REGSWEEP_TYPED_IN"
_PACKAGE = Path(__file__).resolve().parent


def config_folder() -> Path:
    """Return the folder of the shipped configuration.

    In a wheel it lies inside the package, in a checkout beside it. (An editable install may leave an old copy
    elsewhere; going by the package's own file, it is never read.)
    """
    inside = _PACKAGE / "conf"
    return inside if inside.is_dir() else _PACKAGE.parent / "conf"


def remember_place() -> None:
    """Remember the folder that a person typed in; what goes on from there may work in another one."""
    os.environ[_TYPED_IN] = str(Path.cwd().resolve())


def place_typed_in() -> Path:
    """Return the folder that a person typed in, in the worker processes too."""
    return Path(os.environ.get(_TYPED_IN) or working_folder())


def enter_working_folder() -> None:
    """Remember the folder that the command was typed in, and import from it.

    With hydra.job.chdir a run works in another one. The user's own models lie in this one, where the console script
    would not look; they come before what is installed, as for ``python -m``.
    """
    here = str(Path.cwd())
    os.environ[WORKING_FOLDER] = str(Path.cwd().resolve())
    sys.path[:] = [here, *(place for place in sys.path if place not in (here, ""))]


def working_folder() -> Path:
    """Return the folder that the run or sweep was first typed in, in its worker processes too."""
    return Path(os.environ.get(WORKING_FOLDER) or Path.cwd().resolve())


def shown(path: Path) -> Path:
    """Return `path` as the person at the command line would write it."""
    here = place_typed_in()
    return path.relative_to(here) if path.is_relative_to(here) else path


@dataclass(frozen=True)
class RunPaths:
    """The files of one run's folder."""

    folder: Path

    @property
    def result(self) -> Path:
        """The record: written last, so that a folder with a record holds a finished run."""
        return self.folder / "result.json"

    @property
    def trial(self) -> Path:
        """How it ended, as a trial of a sweep: written by the sweeper."""
        return self.folder / "trial.json"

    @property
    def is_ended(self) -> bool:
        """Whether there is a record of how it ended, of whatever kind and in whatever state."""
        return self.result.exists() or self.trial.exists()

    @property
    def history(self) -> Path:
        """One row per epoch."""
        return self.folder / "history.csv"

    @property
    def weights(self) -> Path:
        """The weights, in safetensors."""
        return self.folder / "model.safetensors"

    @property
    def preparation(self) -> Path:
        """What prepares further examples for the network with these weights."""
        return self.folder / "preparation.json"

    @property
    def test_correct(self) -> Path:
        """Whether each test image was classified correctly (NumPy, N booleans), of a trial that opened the test set."""
        return self.folder / "test_correct.npy"

    @property
    def test_errors(self) -> Path:
        """What an objective that is a mean of errors or losses is the mean of (NumPy, N float32), likewise."""
        return self.folder / "test_errors.npy"

    @property
    def config(self) -> Path:
        """The composed configuration (Hydra writes it)."""
        return self.folder / ".hydra" / "config.yaml"

    @property
    def overrides(self) -> Path:
        """What the command line, or the sweep, set (Hydra writes it)."""
        return self.folder / ".hydra" / "overrides.yaml"


@dataclass(frozen=True)
class SweepPaths:
    """The files of one sweep's folder; its trials lie in folders named by their numbers."""

    folder: Path

    @property
    def multirun(self) -> Path:
        """The sweep's own configuration."""
        return self.folder / "multirun.yaml"

    @property
    def command(self) -> Path:
        """What the sweep was started with, and where."""
        return self.folder / "command.json"

    @property
    def trials(self) -> Path:
        """One row per trial."""
        return self.folder / "trials.csv"

    @property
    def optimization_results(self) -> Path:
        """The best trial, as Hydra's Optuna sweeper writes it, with its number and folder."""
        return self.folder / "optimization_results.yaml"

    @property
    def study(self) -> Path:
        """The Optuna study, in SQLite."""
        return self.folder / "study.db"

    @property
    def is_begun(self) -> bool:
        """Whether a sweep began here: what it was started with is there, or was lost beside trials that ended."""
        return self.command.exists() or self._has_ended_trials

    @property
    def is_on_record(self) -> bool:
        """Whether there is anything to read of a sweep that began here: a kill may have left no more than its start."""
        return self._has_ended_trials or (self.command.exists() and self.multirun.is_file())

    @property
    def _has_ended_trials(self) -> bool:
        return any(RunPaths(trial).is_ended for trial in self.folder.glob("[0-9]*"))

    @property
    def confirmation(self) -> "ConfirmationPaths":
        """What `regsweep confirm` writes."""
        return ConfirmationPaths(self.folder / "confirmation")


@dataclass(frozen=True)
class ConfirmationPaths:
    """The files of a sweep's confirmation."""

    folder: Path

    @property
    def plan(self) -> Path:
        """Which configurations are confirmed, and on which seeds."""
        return self.folder / "plan.json"

    @property
    def baseline(self) -> Path:
        """The folder of the sweep that tunes the network without regularization."""
        return self.folder / "baseline"

    @property
    def choosing(self) -> Path:
        """The folder of the sweep in which the best configuration of each kind is chosen."""
        return self.folder / "choosing"

    @property
    def seeds(self) -> Path:
        """The folder of the sweep of every configuration on every seed."""
        return self.folder / "seeds"

    @property
    def own(self) -> Path:
        """The folder of the sweep of the networks without regularization at a configuration's own other settings."""
        return self.folder / "own_baselines"

    @property
    def ablation(self) -> Path:
        """The folder of the sweep of the parts of a mixture."""
        return self.folder / "ablation"

    def trials(self, sweep: Path) -> Path:
        """Return the file of the trials of one of these sweeps, as its sweeper reads them."""
        return sweep.with_suffix(".json")


@dataclass(frozen=True)
class ComparisonPaths:
    """The files of a comparison (``regsweep compare``): sweeps of their own lie in it, and a confirmation."""

    folder: Path

    @property
    def record(self) -> Path:
        """The contestants, in the order in which they were named."""
        return self.folder / "comparison.json"

    @property
    def searches(self) -> Path:
        """The folder of the searches, one for each contestant, which has its name."""
        return self.folder / "searches"

    def search(self, key: str) -> Path:
        """Return the folder of a contestant's search."""
        return self.searches / key

    @property
    def timed_trials(self) -> Path:
        """The trials of that sweep, as its sweeper reads them."""
        return self.timing.with_suffix(".json")

    @property
    def timing(self) -> Path:
        """The folder of the sweep of one epoch of each contestant."""
        return self.folder / "timing"
