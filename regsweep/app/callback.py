"""What happens before a run or a sweep starts, and after a sweep ends.

Before: everything is checked, and only then a folder is made, one of its own for every start, and owned to the end.
After: the table.
"""

import logging
import shlex
import sys
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hydra.core.global_hydra import GlobalHydra
from hydra.errors import CompactHydraException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from regsweep import records
from regsweep.app import door, dry_run, resume
from regsweep.app.folders import make_folder
from regsweep.app.grammar import quoted
from regsweep.app.refuse import refuse
from regsweep.app.short_forms import require_one_key
from regsweep.app.sweeper_kinds import is_optuna, is_own_grid, is_stock_optuna
from regsweep.errors import ConfigError, RecordError, RegsweepError
from regsweep.job_folders import find_jobs
from regsweep.launcher.private import make_private_folder
from regsweep.paths import SweepPaths, shown
from regsweep.sweeper import lock
from regsweep.sweeper.redact import redact
from regsweep.sweeper.same import require_same_configuration

_log = logging.getLogger("regsweep")


class RunCallback(Callback):
    """Hydra calls this; an error that it raises would be a mere warning, so it ends the process instead.

    Args:
        table: whether a sweep ends with its table.
    """

    def __init__(self, table: bool = True) -> None:
        self._table = table
        self._sweep: SweepPaths | None = None
        self._owned = ExitStack()

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check the run, then claim its folder."""
        with _refusing(), read_write(config.hydra):
            _check_run(config)
            config.hydra.run.dir = str(self._claim(config, "hydra.run.dir"))

    def on_run_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Let go of the folder."""
        self._owned.close()

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check every value of the search space, then claim the sweep's folder and record its configuration."""
        from regsweep.app import search_space  # noqa: PLC0415  (Optuna, of which a single run has no use)

        loader = GlobalHydra.instance().config_loader()
        with _refusing(), read_write(config.hydra), open_dict(config.hydra):
            _warm_up(config.hydra.launcher)
            dry_run.stop_if_composed(config)
            searched, data = search_space.check(config, loader)
            dry_run.stop_if_checked(data)
            for line in [*searched, *(data if self._table else [])]:  # a part of a comparison has the data of all
                _log.info(line)
            sweep = SweepPaths(self._claim(config, "hydra.sweep.dir"))
            _settle(config, sweep)
            if resume.is_resumed(sweep.folder):
                resume.require_numbered(config)
                if sweep.multirun.exists():  # not where the start was killed before it was written
                    require_same_configuration(config, sweep.multirun)
                resume.remember_extension(sweep)
            else:
                resume.remember_command(sweep)
            records.write_text(sweep.multirun, redact(OmegaConf.to_yaml(config)))
            records.delete_unfinished(sweep.folder)
            make_private_folder(config.hydra.launcher)
            self._sweep = sweep
            _announce(sweep, config)
            if resume.is_resumed(sweep.folder):
                lock.await_owners([folder for _, folder in find_jobs(sweep.folder)], _log.info)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print the table of a sweep that began; a sweep with failed trials ends with exit code 1.

        Hydra calls this too when the sweep was stopped or broke off; the error is printed afterwards. But where no
        trial is complete the sweeper breaks off merely for want of a best one.
        """
        with self._owned:
            self._end_multirun()

    def _end_multirun(self) -> None:
        if self._sweep is None or isinstance(_behind(sys.exception()), RecordError | ConfigError):
            return
        from regsweep.report.command import report  # noqa: PLC0415  (pandas)
        from regsweep.report.sweep import read_sweep  # noqa: PLC0415
        from regsweep.report.table import count_statuses  # noqa: PLC0415

        with _refusing():
            folder = self._sweep.folder
            counts = report(folder) if self._table else count_statuses(read_sweep(folder))
        is_broken_off = sys.exception() is not None and (
            "complete" in counts or not isinstance(sys.exception(), ValueError)
        )
        if counts.keys() - {"complete", "pruned"} and not is_broken_off:
            raise SystemExit(1)

    def _claim(self, config: DictConfig, key: str) -> Path:
        """Return the folder of this start, which nobody else has: new or empty, unless its sweep goes on."""
        folder = _make_folder(config, key)
        self._owned.enter_context(lock.FolderLock(folder))
        if not resume.is_resumed(folder):
            _require_empty(key, folder)
        return folder


def _behind(error: BaseException | None) -> BaseException | None:
    """Return what the sweeper raised, where Hydra was given it in one line."""
    return error.__cause__ if isinstance(error, CompactHydraException) and error.__cause__ else error


@contextmanager
def _refusing() -> Iterator[None]:
    """End the process on any error: Hydra would make a warning of it and go on with what was not checked."""
    try:
        yield
    except RegsweepError as error:
        refuse(error)
    except door.HYDRA_ERRORS as error:
        refuse(door.one_line(error))
    except Exception:  # noqa: BLE001  (whatever it is, nothing unchecked may run)
        traceback.print_exc()
        raise SystemExit(1) from None


def _warm_up(launcher: DictConfig) -> None:
    """Let the workers of a pool import what they need while this process checks the sweep."""
    if str(launcher.get("_target_")).endswith("PoolLauncher"):
        from regsweep.launcher.plugin import PoolLauncher  # noqa: PLC0415

        PoolLauncher(launcher.workers, launcher.preload).warm_up()


def _announce(sweep: SweepPaths, config: DictConfig) -> None:
    _log.info(f"sweep in {shown(sweep.folder)}")
    if is_optuna(config) or is_own_grid(config):
        import optuna  # noqa: PLC0415

        optuna.logging.set_verbosity(optuna.logging.WARNING)


def _check_run(config: DictConfig) -> None:
    sweep = config.hydra.runtime.choices.get("sweep")
    if sweep not in (None, "grid"):  # what -m runs where no other sweep is chosen
        raise ConfigError("sweep", sweep, "a sweep makes many runs; add -m")
    require_one_key(config.hydra.overrides.task)
    validated = door.validate_composed(config)
    from regsweep.build import require_buildable  # noqa: PLC0415  (torch, which a mistake need not wait for)

    require_buildable(validated)


def _make_folder(config: DictConfig, key: str) -> Path:
    """Make the folder of this start where there is none, and return it; one whose sweep goes on is taken as it is."""
    wanted = Path(str(OmegaConf.select(config, key))).absolute()
    if "${" in str(wanted):
        raise ConfigError(key, wanted, "Hydra takes ${ in a folder's name for an interpolation; work in another folder")
    is_named = any(override.startswith(f"{key}=") for override in config.hydra.overrides.hydra)
    return make_folder(wanted, is_named=is_named or resume.is_resumed(wanted))


def _require_empty(key: str, folder: Path) -> None:
    """Refuse a folder in which something lies already, other than the traces of a start that began nothing there."""
    command = SweepPaths(folder).command
    if command.is_file():
        place = shlex.quote(str(shown(folder)))
        raise ConfigError(key, folder, f"a sweep began here; go on with regsweep resume {place}, or choose another")
    traces = {lock.NAME, *(path.name for path in records.unfinished(command))}
    if any(path.name not in traces for path in folder.iterdir()):
        raise ConfigError(key, folder, "this folder is not empty; choose another, or delete what lies there")


def _settle(config: DictConfig, sweep: SweepPaths) -> None:
    """Set the claimed folder, and an Optuna study in it, for the sweeper and its trials."""
    settings = {"hydra.sweep.dir": str(sweep.folder)}
    if is_stock_optuna(config) and config.hydra.sweeper.storage is None:
        # Every special sign escaped: ?, % and { in a folder's name mean something else in a URL.
        settings["hydra.sweeper.storage"] = f"sqlite:///{quote(str(sweep.study))}"
    for key, value in settings.items():
        OmegaConf.update(config, key, value)
        # Each trial composes anew from these, and must come to the same.
        config.hydra.overrides.hydra.append(f"{key}={quoted(value)}")
