"""A sweep that is composed and checked, and not started: what ``regsweep compare`` does before it trains anything."""

from __future__ import annotations

from contextvars import ContextVar
from copy import deepcopy
from pathlib import Path

from omegaconf import DictConfig

from regsweep.app.resume import Command
from regsweep.app.start import as_typed, start

_composed: ContextVar[list[DictConfig] | None] = ContextVar("composed", default=None)
_checks: ContextVar[bool] = ContextVar("checks", default=False)


def compose(command: Command, *, check: bool) -> DictConfig:
    """Return the configuration that a sweep is composed to, with Hydra's own; nothing is written.

    Args:
        command: what it would be started with.
        check: whether every value that it can try is checked too, as at its start.

    Raises:
        RegsweepError: for what cannot be composed.
        SystemExit: for what is refused, after the reason is printed.
    """
    found: list[DictConfig] = []
    tokens = _composed.set(found), _checks.set(check)
    try:
        with as_typed(command.arguments, Path(command.working_folder), command.import_path):
            start()
    except SystemExit as stop:
        if stop.code != 0 or not found:
            raise
    finally:
        _composed.reset(tokens[0])
        _checks.reset(tokens[1])
    return found[0]


def stop_if_composed(config: DictConfig) -> None:
    """End a dry run that checks nothing, the configuration taken; of one that checks, take it."""
    found = _composed.get()
    if found is not None:
        found.append(deepcopy(config))
        if not _checks.get():
            raise SystemExit(0)


def stop_if_checked() -> None:
    """End a dry run after its checks."""
    if _composed.get() is not None:
        raise SystemExit(0)
