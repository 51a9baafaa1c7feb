"""The two sweeps of a confirmation: each is an ordinary one, in a process of its own, and can be resumed."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from regsweep import records
from regsweep.app.candidates import composed, fixed_overrides, unregularized
from regsweep.app.grammar import quoted
from regsweep.app.plan import Plan
from regsweep.errors import RecordError, RegsweepError
from regsweep.paths import SweepPaths, shown
from regsweep.report.effort import count_configurations
from regsweep.report.sweep import Sweep, read_sweep


def tune_baseline(sweep: Sweep, plan: Plan) -> None:
    """Tune the network without regularization with as many trials as the sweep had, as far as that was not done.

    Raises:
        SystemExit: when the search did not come to its end, with its exit code.
    """
    n_trials = count_configurations(sweep)
    if count_ended(plan.paths.baseline) >= n_trials:
        return
    print(f"\nthe network without regularization, tuned with {n_trials} trials as the sweep was")  # noqa: T201
    _run(sweep, plan.paths.baseline, n_trials, lambda: _search_of_baseline(sweep, plan))


def run_seeds(sweep: Sweep, plan: Plan, num_seeds: int) -> None:
    """Train every configuration on the first `num_seeds` seeds, as far as that was not done.

    Raises:
        SystemExit: when it did not come to its end, with its exit code.
    """
    seeds = plan.seeds(num_seeds)
    n_trials = len(seeds) * len(plan.configurations)
    if count_ended(plan.paths.seeds) >= n_trials:
        return
    trials = [{**configuration.overrides, "seed": seed} for seed in seeds for configuration in plan.configurations]
    records.write_json(plan.paths.trials, trials)
    print(f"\n{len(plan.configurations)} configurations on {num_seeds} seeds, with the test set")  # noqa: T201
    _run(sweep, plan.paths.seeds, n_trials, lambda: _named_trials(sweep, plan))


def count_ended(folder: Path) -> int:
    """Return how many trials of the sweep in `folder` have ended, however they did; 0 where there is none."""
    if not SweepPaths(folder).command.is_file():
        return 0
    return int((~read_sweep(folder).trials["status"].isin(["interrupted", "unreadable"])).sum())


def _search_of_baseline(sweep: Sweep, plan: Plan) -> list[str]:
    """Return the sweep's own arguments, with no regularization, and the learning rate searched in any case."""
    added = [f"{key}={value}" for key, value in unregularized(sweep, plan.chosen).items()]
    replaced = {
        "hydra.sweep.dir",
        "hydra.sweeper.n_trials",
        "hydra.sweeper.storage",
        "hydra.sweeper.study_name",
        "seed",
    }
    added.append(f"seed={plan.first_seed - 1}")
    if "optimizer.lr" not in sweep.swept:
        lr = float(composed(sweep.folder / str(plan.chosen[0]["folder"])).optimizer.lr)
        replaced |= {"optimizer.lr", "hydra.sweeper.initial_trials"}
        # The sweep's own rate, and a decade to either side.
        added.append(f"optimizer.lr=tag(log, interval({lr / 10:g}, {lr * 10:g}))")
        added.append(f"hydra.sweeper.initial_trials=[{{optimizer.lr: {lr:g}}}]")
    kept = [
        argument
        for argument in _arguments(sweep)
        if _key(argument) not in replaced and _key(argument).partition(".")[0] != "regularizer"
    ]
    if not any(_key(argument) in ("sweep", "hydra/sweeper") for argument in kept):
        added.append("sweep=regularization")  # a grid has no search of its own
    return [*kept, *added, *_batch_size(kept, plan)]


def _named_trials(sweep: Sweep, plan: Plan) -> list[str]:
    """Return the arguments of a sweep that searches nothing and runs the plan's trials."""
    keys = {*plan.configurations[0].overrides, "seed", "trainer.test", "trainer.save_weights"}
    kept = [a for a in _arguments(sweep) if "=" not in a or a.startswith("-") or _is_kept(a)]
    return [
        *kept,
        *fixed_overrides(sweep.folder / str(plan.chosen[0]["folder"]), keys),
        "trainer.test=true",
        "hydra/sweeper=regsweep",
        "hydra.sweeper.study_name=confirmation",
        "hydra.sweeper.direction=maximize",
        *(f"hydra.sweeper.{name}=null" for name in ("params", "pruner", "storage", "objectives", "timeout")),
        *_batch_size(kept, plan),
        # Relative to the folder that it runs in, which may have been moved by the time that it goes on.
        f"hydra.sweeper.initial_trials=${{hydra.sweep.dir}}/../{plan.paths.trials.name}",
    ]


def _batch_size(arguments: list[str], plan: Plan) -> list[str]:
    """Return the number of trials at a time, where the launcher runs batches and nobody said how large."""
    is_batched = any(_key(a) == "hydra/launcher" and not a.endswith(("pool", "basic")) for a in arguments)
    is_said = any(_key(argument) == "hydra.sweeper.n_jobs" for argument in arguments)
    return [f"hydra.sweeper.n_jobs={len(plan.chosen) + 1}"] if is_batched and not is_said else []


def _run(sweep: Sweep, folder: Path, n_trials: int, arguments: Callable[[], list[str]]) -> None:
    """Start the sweep in `folder`, or go on with it."""
    command = _command(sweep)
    place = Path(command["working_folder"])
    if not place.is_dir():
        raise RegsweepError(f"{place}: the sweep's working folder is gone")
    if SweepPaths(folder).command.is_file():
        typed = ["resume", str(folder.absolute()), f"n_trials={n_trials}"]
    else:
        shutil.rmtree(folder, ignore_errors=True)  # killed before it began
        own = [
            f"hydra.sweeper.n_trials={n_trials}",
            f"hydra.sweep.dir={quoted(str(folder.absolute()))}",
            "hydra.callbacks.regsweep.table=false",
        ]
        typed = ["-m", *arguments(), *own]
    places = [place for place in command["import_path"] if place and place not in sys.path]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*places, *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    sys.stdout.flush()
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "regsweep", *typed], cwd=place, env=environment
    )
    code = _wait(process)
    if code in (130, 143):
        print(f"go on with: regsweep confirm {shlex.quote(str(shown(sweep.folder)))}")  # noqa: T201
    if code not in (0, 1):  # 1: some trials failed, and the rest is worth having
        raise SystemExit(code if code > 0 else 128 - code)


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for a sweep. Ctrl-C reaches it by itself; it stops in its own time."""
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
    terminate = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, interrupt)
        signal.signal(signal.SIGTERM, terminate)


def _arguments(sweep: Sweep) -> list[str]:
    """Return what the sweep was started with, but for the flag that makes it one."""
    return [argument for argument in _command(sweep)["arguments"] if argument not in ("-m", "--multirun")]


def _command(sweep: Sweep) -> dict[str, Any]:
    path = SweepPaths(sweep.folder).command
    command = records.read_json(path)
    if not {"arguments", "working_folder", "import_path"} <= command.keys():
        raise RecordError(f"{path}: damaged; this sweep cannot be confirmed")
    return command


def _key(argument: str) -> str:
    return "" if argument.startswith("-") else argument.partition("=")[0].lstrip("+~")


def _is_kept(argument: str) -> bool:
    kept = ("hydra/launcher", "hydra.launcher", "hydra.searchpath", "hydra.job")
    return _key(argument).startswith(kept) or _key(argument) in ("hydra.sweeper.n_jobs", "hydra.sweeper.max_retries")
