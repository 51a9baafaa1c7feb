"""How a sweep was made: command, place, time, machine, versions. All of it is read from its records."""

from __future__ import annotations

import shlex
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from regsweep import records
from regsweep.errors import RecordError
from regsweep.numbers import count, duration
from regsweep.paths import SweepPaths
from regsweep.report.details import read_command, read_result
from regsweep.report.hydra_files import at
from regsweep.report.table import count_statuses

if TYPE_CHECKING:
    from regsweep.report.confirmation import Confirmation
    from regsweep.report.figures.evidence import Evidence
    from regsweep.report.sweep import Sweep

RUN = "Single run"

Line = tuple[str, str, bool]
"""Name, text, and whether the text is something to type or a path."""


def facts(sweep: Sweep) -> list[str]:
    """Return the few numbers at the head of the page."""
    counts, total = count_statuses(sweep), len(sweep.trials)
    seconds = pd.to_numeric(sweep.trials["total_seconds"], errors="coerce")
    is_whole = bool(seconds[sweep.trials["duplicate_of"].isna()].notna().all())
    on_record = "" if is_whole else " on record"
    computing = [f"{duration(seconds.sum())} of computing{on_record}"] if seconds.sum() > 0 else []
    if kind(sweep) == RUN:
        return [*counts, *computing]
    each = [f"{count:,} {status}" for status, count in counts.items()]
    each = [f"all {status}" for status in counts] if len(counts) == 1 and total > 1 else each
    return [count(total, "trial"), *each, *computing]


def kind(sweep: Sweep) -> str:
    """Return what the page is about, in a few words."""
    if sweep.is_comparison:
        return "Comparison"
    if not SweepPaths(sweep.folder).multirun.is_file() and len(sweep.trials) == 1:
        return RUN
    if not sweep.is_own:
        return "Sweep of another application"
    if searched_with(sweep):
        return "Optuna sweep"
    return "Grid sweep" if _settings(sweep) is not None else "Sweep"


def _settings(sweep: Sweep) -> Any:
    """Return the sweep's settings as Hydra wrote them; None where they cannot be read."""
    try:
        return records.read_yaml(SweepPaths(sweep.folder).multirun)
    except RecordError:
        return None


def searched_with(sweep: Sweep) -> list[str]:
    """Return the names of the classes that chose and pruned the trials; empty for a grid."""
    content = _settings(sweep)
    targets = [at(content, "hydra", "sweeper", name, "_target_") for name in ("sampler", "pruner")]
    return [str(target).rpartition(".")[2] for target in targets if target is not None]


def how(evidence: Evidence) -> list[Line]:
    """Return command, folder, time, machine, git and versions, as far as the records have them."""
    sweep = evidence.sweep
    best = sweep.best()
    number = best.number if best is not None else (sweep.trials["number"].iloc[0] if len(sweep.trials) else None)
    result = (read_result(sweep, number) if number is not None else None) or {}
    of_one = [*_machine(result), *_versions(result)]  # others may have run on another machine, or after an update
    which = f" (trial {number})" if len(sweep.trials) > 1 else ""
    of_one = [(f"{name}{which}", text, is_typed) for name, text, is_typed in of_one]
    return [*_command(sweep), *_confirmed(evidence.confirmation), *_time(sweep), *of_one]


def _command(sweep: Sweep) -> list[Line]:
    command = read_command(sweep)
    lines = []
    if command is not None and isinstance(command.get("arguments"), list):
        program = ["regsweep"] if sweep.is_own else ["python", *map(str, command.get("program") or [])]
        lines.append(("Command", shlex.join([*program, *map(str, command["arguments"])]), True))
    if command is not None and command.get("working_folder"):
        lines.append(("Typed in", str(command["working_folder"]), True))
    return [*lines, ("Records", str(sweep.folder.absolute()), True)]


def _confirmed(confirmation: Confirmation | None) -> list[Line]:
    if confirmation is None:
        return []
    seeds = f"seed{'' if len(confirmation.seeds) == 1 else 's'} {', '.join(map(str, confirmation.seeds))}"
    names = "; ".join([confirmation.baseline.name, *(candidate.name for candidate in confirmation.candidates)])
    return [("Confirmed", f"on {seeds}: {names}", False)]


def _time(sweep: Sweep) -> list[Line]:
    lines = []
    ended = pd.to_numeric(sweep.trials["ended"], errors="coerce").max()
    if pd.notna(ended):
        lines.append(("Last record", f"{datetime.fromtimestamp(ended).astimezone():%Y-%m-%d %H:%M %Z}", False))
    names = {"total_seconds": "in all", "train_seconds": "training", "evaluate_seconds": "evaluating"}
    columns = {name: pd.to_numeric(sweep.trials[name], errors="coerce").dropna() for name in names}
    if columns["total_seconds"].sum() > 0:
        known = {name: each.sum() for name, each in columns.items() if not each.empty}
        parts = ", ".join(f"{duration(known[name])} {what}" for name, what in names.items() if name in known)
        num = len(columns["total_seconds"])
        summed = "" if num == 1 else f" (summed over {count(num, 'trial')}, which may run side by side)"
        lines.append(("Computing time", f"{parts}{summed}", False))
    return lines


def _machine(result: dict[str, Any]) -> list[Line]:
    machine = result.get("machine")
    if not isinstance(machine, dict):
        return []
    threads = machine.get("threads")
    parts = [machine.get("processor"), machine.get("system"), f"device {machine.get('device')}"]
    parts += [machine.get("precision")]
    parts += [f"{count(threads, 'thread')} per trial"] if threads is not None else []
    return [("Machine", ", ".join(str(part) for part in parts if part), False)]


def _versions(result: dict[str, Any]) -> list[Line]:
    lines: list[Line] = []
    git = result.get("git")
    if isinstance(git, dict):
        changed = ", with changes that were not committed" if git.get("dirty") else ""
        lines.append(("Git commit", f"{git.get('commit')}{changed}", False))
    elif "git" in result:
        lines.append(("Git commit", "none: the working folder was no git repository", False))
    versions = result.get("versions")
    if isinstance(versions, dict):
        lines.append(("Versions", ", ".join(f"{name} {version}" for name, version in versions.items()), False))
    return lines
