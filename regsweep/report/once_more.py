"""The command that trains a confirmed configuration once more, as a single run, which keeps its weights."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from regsweep.errors import RecordError
from regsweep.paths import RunPaths
from regsweep.report.confirmation import Confirmation, Trained
from regsweep.report.details import read_command, read_flags, read_override_lines, show_command
from regsweep.report.regularization import takes_out
from regsweep.report.sweep import Sweep
from regsweep.run_record import RunRecord

_LEFT_OUT = ("sweep", "trainer.test", "trainer.save_weights", "device.threads")


def winner(confirmation: Confirmation) -> Trained:
    """Return what helps most; where nothing is shown to help, the tuned baseline."""
    better = [(each.against_tuned.comparison, each) for each in confirmation.candidates if each.claim.sign > 0]
    gains = [(comparison.mean, each) for comparison, each in better if comparison is not None]
    return max(gains, key=lambda pair: pair[0])[1] if gains else confirmation.baseline


def of_winner(sweep: Sweep, confirmation: Confirmation) -> str | None:
    """Return the command that repeats the winner's first complete run; None where its records are gone.

    On one machine it comes to the same weights, bit for bit.
    """
    trained = winner(confirmation)
    if trained.complete.empty:
        return None
    folder = sweep.folder / str(trained.complete.iloc[0]["folder"])
    if not confirmation.terms.is_own:
        return _of_application(sweep, folder)
    try:
        record = RunRecord.read(RunPaths(folder).result)
    except RecordError:
        return None
    words = [*read_flags(sweep), *_regularizer(record, folder), *_others(folder)]
    threads = record.machine.get("threads")
    words += [f"device.threads={threads}"] if record.machine.get("device") == "cpu" and threads else []
    return show_command(sweep, ["regsweep", *words])


def _of_application(sweep: Sweep, folder: Path) -> str | None:
    """Return another application's command for the job in `folder`, as a single run; None where it is not on record."""
    command, lines = read_command(sweep) or {}, read_override_lines(folder)
    if not command.get("program") or not lines:
        return None
    arguments = [a for a in command["arguments"] if a not in ("-m", "--multirun") and _is_of_every_run(a)]
    words = [command["interpreter"], *command["program"], *arguments, *lines]
    return f"cd {shlex.quote(command['working_folder'])} && {shlex.join(words)}"


def _is_of_every_run(argument: str) -> bool:
    """Return whether an argument is a flag of Hydra, or a setting of Hydra's that no job's own overrides have."""
    return argument.startswith(("-", "hydra.searchpath=", "hydra.job.")) or "=" not in argument


def _regularizer(record: RunRecord, folder: Path) -> list[str]:
    lines = read_override_lines(folder)
    own = [line for line in lines if line.startswith("++regularizer.")]  # with the name of its class
    names = {line.partition("=")[0].rpartition(".")[2] for line in own}
    methods = {name: method for name, method in (record.methods or {}).items() if name not in names}
    settings = [
        f"regularizer.{name}.{key}={_typed(value)}"
        for name, method in methods.items()
        for key, value in method.settings.items()
    ]
    without = [line for line in lines if takes_out(line) not in (None, *(record.methods or {}))]
    presets = f"regularizer=[{','.join(methods)}]" if methods else "regularizer=none"
    return [presets, *settings, *own, *without]


def _others(folder: Path) -> list[str]:
    lines = [(line.partition("=")[0].lstrip("+~"), line) for line in read_override_lines(folder)]
    return [line for key, line in lines if key.partition(".")[0] != "regularizer" and key not in _LEFT_OUT]


def _typed(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)
