"""``regsweep reproduce DIR/N``: a trial runs again from its record alone, and the numbers are compared."""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from regsweep import records
from regsweep.app.door import validate_composed
from regsweep.app.versions import require_this_version
from regsweep.config import RunConfig
from regsweep.errors import DivergedError, Pruned, RecordError, RegsweepError, show
from regsweep.paths import RunPaths, enter_working_folder, shown
from regsweep.report.printed import say
from regsweep.run_record import RunRecord

_COMPARED = ("status", "error", "metrics", "penalty", "best_epoch", "epochs", "sparsity", "histogram", "weights_sha256")
_CONTEXT = ("versions", "machine")


def main(arguments: list[str]) -> None:
    """Run the subcommand with its own arguments; exit code 1 where a number came out differently."""
    parser = argparse.ArgumentParser(
        prog="regsweep reproduce", description="Run a trial again from its record and compare every number."
    )
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="folder of a trial (multirun/<date>/<time>/<n>) or of a single run"
    )
    differences = reproduce(parser.parse_args(arguments).folder.absolute())
    raise SystemExit(1 if differences else 0)


def reproduce(folder: Path) -> list[str]:
    """Run the trial in `folder` again, print what was found, and return the names of the numbers that differ."""
    from regsweep.run import run  # noqa: PLC0415  (torch)

    paths = RunPaths(folder)
    if paths.trial.is_file() and (earlier := records.read_json(paths.trial).get("duplicate_of")) is not None:
        raise RegsweepError(f"{shown(folder)}: did not run, its result is that of trial {earlier}; reproduce that one")
    if not (paths.result.is_file() and paths.config.is_file()):
        raise RegsweepError(f"{shown(folder)}: holds no finished run (result.json and .hydra/config.yaml)")
    require_this_version(folder, paths.config)
    before, record = records.read_json(paths.result), RunRecord.read(paths.result)
    _enter_folder_of(paths)
    config = _read_config(paths, record)

    def give_up_as_then(_: float, epoch: int) -> None:
        if record.status == "pruned" and epoch == record.epochs:
            raise Pruned(record.error)

    with tempfile.TemporaryDirectory() as place:
        with contextlib.suppress(DivergedError, Pruned):  # it is recorded, and compared like any other end
            run(config, Path(place), is_trial="test" not in record.metrics, report=give_up_as_then)
        now = records.read_json(RunPaths(Path(place)).result)
    differences = [name for key in _COMPARED for name in _differences(key, before.get(key), now.get(key))]
    say(f"{shown(folder)}: {'reproduced bit for bit' if not differences else 'NOT reproduced'}")
    for name in differences:
        say(f"  {name}")
    for key in _CONTEXT:
        for name in _differences(key, before.get(key), now.get(key)):
            say(f"  other than then: {name}")
    return differences


def _enter_folder_of(paths: RunPaths) -> None:
    """Work in the folder that the run was started in: its data and its own models may lie there."""
    path = paths.config.with_name("hydra.yaml")
    content = records.read_yaml(path)
    try:
        os.chdir(content["hydra"]["runtime"]["cwd"])
    except (LookupError, TypeError, ValueError) as error:
        raise RecordError(
            f"{path}: does not contain the folder in which the run was started (hydra.runtime.cwd); restore it"
        ) from error
    except OSError as error:
        raise RegsweepError(f"{path}: the run's working folder is gone ({error})") from error
    enter_working_folder()


def _read_config(paths: RunPaths, record: RunRecord) -> RunConfig:
    content = records.read_yaml(paths.config)
    try:
        config = OmegaConf.create(content)
        assert isinstance(config, DictConfig)
        if "precision" in record.machine:  # what device.precision=auto came to, there and then
            OmegaConf.update(config, "device.precision", record.machine["precision"])
        return validate_composed(config)
    except (RegsweepError, OmegaConfBaseException, AssertionError, ValueError) as error:
        raise RecordError(f"{paths.config}: not the configuration of a run ({show(error)})") from error


def _differences(name: str, before: Any, now: Any) -> list[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        keys = dict.fromkeys([*before, *now])
        return [line for key in keys for line in _differences(f"{name}.{key}", before.get(key), now.get(key))]
    return [] if before == now else [f"{name}: {before} then, {now} now"]
