"""A sweep that is composed and checked, and not started: what ``regsweep compare`` does before it trains anything."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from omegaconf import DictConfig

from regsweep.app.start import as_typed, start
from regsweep.started import Command


@dataclass
class Composed:
    """What a sweep is composed to.

    Attributes:
        config: with Hydra's own.
        lines: of one that was checked, what describes its data.
    """

    config: DictConfig
    lines: list[str] = field(default_factory=list)


_composed: ContextVar[list[Composed] | None] = ContextVar("composed", default=None)
_checks: ContextVar[bool] = ContextVar("checks", default=False)


def compose(command: Command, *, check: bool) -> Composed:
    """Return what a sweep is composed to; nothing is written.

    Args:
        command: what it would be started with.
        check: whether every value that it can try is checked too, as at its start.

    Raises:
        RegsweepError: for what cannot be composed.
        SystemExit: for what is refused, after the reason is printed.
    """
    found: list[Composed] = []
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
        found.append(Composed(deepcopy(config)))
        if not _checks.get():
            raise SystemExit(0)


def stop_if_checked(lines: Sequence[str]) -> None:
    """End a dry run after its checks; `lines` describe the data."""
    found = _composed.get()
    if found is not None:
        found[0].lines.extend(lines)
        raise SystemExit(0)
