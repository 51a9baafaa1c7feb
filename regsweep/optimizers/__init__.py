"""Optimizers: their classes and settings, how they are built, and what the strength of a penalty means under each."""

from regsweep.optimizers.build import build_optimizer, require_possible
from regsweep.optimizers.meaning import describe_strength, has_lengths, why_no_step_size
from regsweep.optimizers.resolve import resolve_class
from regsweep.optimizers.step_size import step_size

__all__ = [
    "build_optimizer",
    "describe_strength",
    "has_lengths",
    "require_possible",
    "resolve_class",
    "step_size",
    "why_no_step_size",
]
