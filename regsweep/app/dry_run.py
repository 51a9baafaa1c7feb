"""A sweep that is composed and checked, and not started: what ``regsweep compare`` does before it trains anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from omegaconf import DictConfig

from regsweep.app.start import as_typed, start
from regsweep.started import Command


@dataclass
class _Dry:
    """A dry run, and what it found.

    Attributes:
        require: called with what the sweep is composed to, before every value that it can try is checked; None: nothing
            is checked.
        config: what the sweep is composed to, with Hydra's own.
        lines: what describes its data; None where that was not reached.
    """

    require: Callable[[DictConfig], None] | None = None
    config: DictConfig = field(default_factory=lambda: DictConfig({}))
    lines: list[str] | None = None


_dry: ContextVar[_Dry | None] = ContextVar("dry", default=None)


def compose(command: Command) -> DictConfig:
    """Return what a sweep is composed to, with Hydra's own; nothing is checked or written.

    Args:
        command: what it would be started with.

    Raises:
        RegsweepError: for what cannot be composed.
    """
    found = _Dry()
    _start(command, found)
    return found.config


def check(command: Command, require: Callable[[DictConfig], None]) -> list[str]:
    """Check every value that a sweep can try, as at its start, and return what describes its data; nothing is written.

    Args:
        command: what it would be started with.
        require: called first, with what it is composed to; refuses by a `RegsweepError`.

    Raises:
        RegsweepError: for what cannot be composed.
        SystemExit: for what is refused, after the reason is printed.
    """
    found = _Dry(require)
    _start(command, found)
    assert found.lines is not None
    return found.lines


def _start(command: Command, found: _Dry) -> None:
    token = _dry.set(found)
    try:
        with as_typed(command.arguments, Path(command.working_folder), command.import_path):
            start()
    except SystemExit as stop:
        if stop.code != 0:
            raise
    finally:
        _dry.reset(token)


def stop_if_composed(config: DictConfig) -> None:
    """End a dry run that checks nothing, the configuration taken."""
    found = _dry.get()
    if found is None:
        return
    if found.require is None:
        found.config = config
        raise SystemExit(0)
    found.require(config)


def stop_if_checked(lines: Sequence[str]) -> None:
    """End a dry run after its checks; `lines` describe the data."""
    found = _dry.get()
    if found is not None:
        found.lines = list(lines)
        raise SystemExit(0)
