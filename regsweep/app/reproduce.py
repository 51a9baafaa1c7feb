"""``regsweep reproduce DIR/N``: a trial runs again from its record alone, and the numbers are compared."""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

from regsweep import records
from regsweep.app.run_folder import read_config, require_run, started_in
from regsweep.errors import DivergedError, Pruned, RegsweepError
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
    require_run(paths)
    before, record = records.read_json(paths.result), RunRecord.read(paths.result)
    _enter_folder_of(paths)
    config = read_config(paths, record.machine.get("precision"))  # what auto came to, there and then

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
    """Work in the folder that the run was started in."""
    try:
        os.chdir(started_in(paths))
    except OSError as error:
        path = paths.config.with_name("hydra.yaml")
        raise RegsweepError(f"{path}: the run's working folder is gone ({error})") from error
    enter_working_folder()


def _differences(name: str, before: Any, now: Any) -> list[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        keys = dict.fromkeys([*before, *now])
        return [line for key in keys for line in _differences(f"{name}.{key}", before.get(key), now.get(key))]
    return [] if before == now else [f"{name}: {before} then, {now} now"]
