"""The way from a running job back to its sweep: the one thing that a job imports.

A process runs one job at a time, so what listens to it is a state of the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from regsweep.errors import Pruned

ShouldPrune = Callable[[float, int], bool]
"""Hears the objective after a step (from 1) and answers whether to give the trial up."""

_should_prune: ShouldPrune | None = None
_is_watched = False


def report(value: float, step: int) -> None:
    """Report the objective after `step` (from 1); outside a sweep with a pruner it does nothing.

    Raises:
        Pruned: when the sweep's pruner gives the trial up.
        ValueError: for a step below 0.
    """
    if step < 0:
        raise ValueError(f"step={step}: must be 0 or more")
    if _should_prune is not None and _should_prune(float(value), int(step)):
        raise Pruned(f"pruned at step {step}")


@contextmanager
def listening(should_prune: ShouldPrune | None) -> Iterator[None]:
    """Let `report` ask `should_prune` meanwhile."""
    global _should_prune  # noqa: PLW0603
    _should_prune = should_prune
    try:
        yield
    finally:
        _should_prune = None


def is_watched() -> bool:
    """Return whether the sweep has a display of its own, beside which a job should not show another."""
    return _is_watched


@contextmanager
def watching(is_shown: bool) -> Iterator[None]:
    """Note meanwhile whether the sweep has a display of its own."""
    global _is_watched  # noqa: PLW0603
    _is_watched = is_shown
    try:
        yield
    finally:
        _is_watched = False
