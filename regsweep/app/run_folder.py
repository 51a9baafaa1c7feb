"""The folder of a run that has ended: is it one, where was it started, and with which configuration?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from regsweep import records
from regsweep.app.door import validate_composed
from regsweep.app.start import as_typed
from regsweep.app.versions import require_this_version
from regsweep.config import RunConfig
from regsweep.errors import RecordError, RegsweepError, show
from regsweep.paths import RunPaths, SweepPaths, enter_working_folder, shown


def started_in(paths: RunPaths) -> Path:
    """Return the folder that a run was started in: its data and its own modules may lie there.

    Raises:
        RecordError: when its record does not have it.
    """
    path = paths.config.with_name("hydra.yaml")
    content = records.read_yaml(path)
    try:
        return Path(content["hydra"]["runtime"]["cwd"])
    except (LookupError, TypeError, ValueError) as error:
        raise RecordError(
            f"{path}: does not contain the folder in which the run was started (hydra.runtime.cwd); restore it"
        ) from error


@contextmanager
def working_where_it_was_started(paths: RunPaths) -> Iterator[bool]:
    """Let this process meanwhile work in the folder that a run was started in, where its own modules are trusted.

    Where that is gone, it works where it is.

    Yields:
        Whether the folder is there.
    """
    home = started_in(paths)
    with as_typed([], home if home.is_dir() else Path.cwd(), []):
        enter_working_folder()
        yield home.is_dir()


def read_config(paths: RunPaths, precision: str | None = None) -> RunConfig:
    """Return the validated configuration of a run.

    Args:
        paths: the run's.
        precision: what ``device.precision=auto`` came to; None: as it was set.

    Raises:
        RecordError: when it cannot be read.
    """
    content = records.read_yaml(paths.config)
    try:
        config = OmegaConf.create(content)
        assert isinstance(config, DictConfig)
        if precision is not None:
            OmegaConf.update(config, "device.precision", precision)
        return validate_composed(config)
    except (RegsweepError, OmegaConfBaseException, AssertionError, ValueError) as error:
        raise RecordError(f"{paths.config}: not the configuration of a run ({show(error)})") from error


def require_run(paths: RunPaths) -> None:
    """Refuse a folder that is none of a finished run.

    Raises:
        RegsweepError: with the reason.
    """
    folder = shown(paths.folder)
    if paths.trial.is_file() and (earlier := records.read_json(paths.trial).get("duplicate_of")) is not None:
        raise RegsweepError(f"{folder}: did not run, its result is that of trial {earlier}; take that one")
    if not (paths.result.is_file() and paths.config.is_file()):
        is_sweep = SweepPaths(paths.folder).is_on_record
        next_step = f"it is a sweep; name one of its trials, {folder}/0 for example" if is_sweep else ""
        reason = next_step or "holds no finished run (result.json and .hydra/config.yaml)"
        raise RegsweepError(f"{folder}: {reason}")
    require_this_version(paths.folder, paths.config)
