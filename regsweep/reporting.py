"""The way from a running job back to its sweep: the one thing that a job imports.

What listens to a job belongs to the job's context (`contextvars`), so trials that take turns in one process report to
their own sweeps. A thread that a job starts has an empty context: to report from there, a job starts it with
``contextvars.copy_context().run`` (or ``asyncio.to_thread``, which does so).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from regsweep.errors import Pruned

ShouldPrune = Callable[[float, int], bool]
"""Takes the objective after a step (from 1) and returns whether to give the trial up."""

_should_prune: ContextVar[ShouldPrune | None] = ContextVar("should_prune", default=None)
_is_watched: ContextVar[bool] = ContextVar("is_watched", default=False)


def report(value: float, step: int) -> None:
    """Report the objective after `step` (from 1); outside a sweep with a pruner it does nothing.

    Raises:
        Pruned: when the sweep's pruner gives the trial up.
        ValueError: for a step below 0.
    """
    if step < 0:
        raise ValueError(f"step={step}: must be 0 or more")
    should_prune = _should_prune.get()
    if should_prune is not None and should_prune(float(value), int(step)):
        raise Pruned(f"pruned at step {step}")


@contextmanager
def listening(should_prune: ShouldPrune | None) -> Iterator[None]:
    """Let `report` ask `should_prune` meanwhile, in this context and those copied from it."""
    before = _should_prune.set(should_prune)
    try:
        yield
    finally:
        _should_prune.reset(before)


def is_watched() -> bool:
    """Return whether the sweep has a display of its own, beside which a job should not show another."""
    return _is_watched.get()


@contextmanager
def watching(is_shown: bool) -> Iterator[None]:
    """Note meanwhile, in this context and those copied from it, whether the sweep has a display of its own."""
    before = _is_watched.set(is_shown)
    try:
        yield
    finally:
        _is_watched.reset(before)
