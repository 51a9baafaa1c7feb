"""Names of objectives, and whether less of one is better: ``val_loss`` is minimized, ``accuracy`` maximized."""

import re

MINIMIZED = frozenset({"loss", "error", "err", "mse", "rmse", "mae", "nll", "perplexity", "seconds", "time"})
"""Last words of numbers of which less is better."""


def is_minimized(name: str) -> bool:
    """Return whether the last word of `name` is one of `MINIMIZED`: of ``val.loss``, ``valLoss`` or ``testMSE``."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return bool(words) and words[-1].lower() in MINIMIZED


def unnamed(count: int) -> list[str]:
    """Return what so many objectives without names are called: ``value``, or ``value_0``, ``value_1``, …"""
    return ["value"] if count == 1 else [f"value_{i}" for i in range(count)]
