"""``regsweep resume DIR``: a sweep goes on from its folder alone."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from omegaconf import DictConfig

from regsweep import records
from regsweep.app.grammar import quoted
from regsweep.app.versions import require_this_version
from regsweep.errors import ConfigError, RegsweepError
from regsweep.paths import SweepPaths
from regsweep.report.hydra_files import at
from regsweep.started import Command
from regsweep.sweeper.redact import is_redacted, redact

RESUMED = "REGSWEEP_RESUMED"
"""In the environment, so that worker processes know too."""


def is_resumed(folder: Path) -> bool:
    """Return whether this process was started to go on with the sweep in `folder`."""
    return os.environ.get(RESUMED) == str(folder)


def is_trial_of_resumed(folder: Path) -> bool:
    """Return whether `folder` is that of a trial of the sweep that this process was started to go on with."""
    return any(is_resumed(parent) for parent in folder.parents)


def require_numbered(config: DictConfig) -> None:
    """Refuse a sweeper that starts with trial 0 again: it would give the records there to other configurations.

    Raises:
        ConfigError: naming the sweeper.
    """
    sweeper = str(config.hydra.sweeper.get("_target_")).rpartition(".")[2]
    if sweeper not in ("BasicSweeper", "GridSweeper", "RegsweepSweeper"):
        allowed = "it would count its trials from 0 again; only hydra/sweeper=regsweep and grids can go on"
        raise ConfigError("hydra/sweeper", config.hydra.runtime.choices.get("hydra/sweeper", sweeper), allowed)


def remember_command(paths: SweepPaths) -> None:
    """Write down what this sweep was started with, and where."""
    arguments = [redact(argument) for argument in sys.argv[1:]]
    records.write_json(paths.command, asdict(Command(arguments, str(Path.cwd()), sys.path)))


def remember_extension(paths: SweepPaths) -> None:
    """Write down how far the sweep is to go now: stopped again, it goes on to there."""
    command = records.read_as(paths.command, Command)
    arguments = [redact(argument) for argument in sys.argv[1:] if not argument.startswith("hydra.sweep.dir=")]
    records.write_json(paths.command, asdict(replace(command, arguments=arguments)))


@dataclass(frozen=True)
class GoingOn:
    """How a sweep goes on.

    Attributes:
        folder: its own.
        command: what it was started with, with the settings that it goes on with among its arguments.
    """

    folder: Path
    command: Command


def read_going_on(arguments: list[str]) -> GoingOn:
    """Return how the sweep that ``regsweep resume`` names with these arguments goes on.

    Raises:
        RegsweepError: when the folder holds no sweep that can go on.
    """
    parser = argparse.ArgumentParser(
        prog="regsweep resume", description="Go on with a sweep that was stopped or killed, or extend one that is done."
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="the sweep's folder")
    parser.add_argument(
        "settings",
        metavar="KEY=VALUE",
        nargs="*",
        help="n_trials=N: how many trials in all; timeout=S; trial_timeout=S; storage=URL: with its password",
    )
    given = parser.parse_args(arguments)
    folder = given.folder.resolve()
    paths = SweepPaths(folder)
    if not paths.command.exists():
        raise RegsweepError(f"{given.folder}: no sweep that can go on (there is no {paths.command.name})")
    require_this_version(given.folder, paths.multirun)
    command = records.read_as(paths.command, Command)
    extra = []
    for setting in given.settings:
        name, _, value = setting.partition("=")
        if name not in ("n_trials", "timeout", "trial_timeout", "storage"):
            raise RegsweepError(
                f"{redact(setting)}: a resumed sweep takes n_trials=N, timeout=S, trial_timeout=S and storage=URL; "
                "start a new one for anything else"
            )
        if name == "n_trials" and _is_grid(paths):
            raise RegsweepError(f"{setting}: a grid has one trial for each of its combinations; leave it out")
        if name == "storage":
            _require_same_storage(value, command.arguments)
            value = quoted(value)
        extra.append(f"hydra.sweeper.{name}={value}")
    replaced = ("hydra.sweep.dir=", *(setting.partition("=")[0] + "=" for setting in extra))
    before = [argument for argument in command.arguments if not argument.lstrip("+").startswith(replaced)]
    if any(is_redacted(argument) for argument in before):
        raise RegsweepError(
            f"{given.folder}: the password of its storage is not kept; "
            f"give it with regsweep resume {shlex.quote(str(given.folder))} storage=URL"
        )
    words = [*before, *extra, f"hydra.sweep.dir={quoted(str(folder))}"]
    return GoingOn(folder, replace(command, arguments=words))


def _is_grid(paths: SweepPaths) -> bool:
    sweeper = at(records.read_yaml(paths.multirun), "hydra", "sweeper", "_target_") if paths.multirun.exists() else ""
    return str(sweeper).endswith(("BasicSweeper", "GridSweeper"))


def restore(going_on: GoingOn) -> None:
    """Make this process the one that started the sweep: arguments, working folder, import path.

    Raises:
        RegsweepError: when the working folder is gone.
    """
    command = going_on.command
    try:
        os.chdir(command.working_folder)
    except (OSError, ValueError) as error:
        raise RegsweepError(f"{command.working_folder}: the sweep's working folder is gone ({error})") from error
    sys.path[:] = dict.fromkeys([*sys.path, *command.import_path])
    sys.argv = ["regsweep", *command.arguments]
    os.environ[RESUMED] = str(going_on.folder)


def _require_same_storage(url: str, arguments: list[str]) -> None:
    """Refuse a storage other than the one in `arguments`, which have no password any longer."""
    given = [argument.lstrip("+").partition("=") for argument in arguments]
    recorded = [value.strip("'\"") for key, _, value in given if key == "hydra.sweeper.storage"]
    if not recorded:
        raise RegsweepError(
            f"storage={redact(url)}: the sweep was started without hydra.sweeper.storage=URL; leave it out"
        )
    if redact(url) != recorded[-1]:
        raise RegsweepError(
            f"storage={redact(url)}: the sweep began with {recorded[-1]}; only the password may be another"
        )
