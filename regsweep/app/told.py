"""A trial whose record was written, and whose end the sweep never heard of, is told from that record."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from regsweep import records
from regsweep.errors import Pruned, RecordError
from regsweep.paths import RunPaths
from regsweep.sweeper import TrialValue

_log = logging.getLogger("regsweep")

VALIDATED = ("validation_accuracy", "validation_loss", "train_accuracy", "train_loss", "sparsity", "near_zero")
"""The numbers that every complete trial returns, by the names that `hydra.sweeper.objectives` takes."""
TESTED = ("test_accuracy", "test_loss")
"""Those of a trial that opens the test set, besides."""


@dataclass(frozen=True)
class FinishedRun:
    """What a sweep, or a reproduction, takes from ``result.json``.

    Attributes:
        status: how it ended.
        metrics: by split and name.
        error: the reason of an end that is not complete.
        sparsity: share of exact zeros, ``overall`` among others.
        near_zero: share of weights within ±0.001 of zero, likewise; empty in records of version 0.1.
        epochs: as many as were trained.
        machine: ``precision`` and so on.
    """

    status: Literal["complete", "pruned", "diverged", "failed"]
    metrics: dict[str, dict[str, float]]
    epochs: int
    error: str | None = None
    sparsity: dict[str, Any] = field(default_factory=dict)
    near_zero: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)


def told_before(folder: Path) -> TrialValue | None:
    """Return what the finished run in `folder` has to tell, None where there is none; a damaged record is set aside.

    Raises:
        Pruned: when it was pruned.
    """
    path = RunPaths(folder).result
    if not path.exists():
        return None
    try:
        return _tell(path)
    except RecordError as error:
        _log.warning(f"{error}: set aside as {records.set_aside(path).name}, and trial {folder.name} runs again")
        return None


def _tell(path: Path) -> TrialValue:
    record = records.read_as(path, FinishedRun)
    if record.status == "pruned":
        raise Pruned(record.error)
    if record.status != "complete":
        return TrialValue(math.nan, error=record.error or record.status)
    metrics = {f"{split}_{name}": value for split, of_it in record.metrics.items() for name, value in of_it.items()}
    if "validation_accuracy" not in metrics or not isinstance(record.sparsity.get("overall"), float):
        raise RecordError(f"{path}: not a readable record (no validation accuracy, or no sparsity)")
    zeros = {"sparsity": record.sparsity, "near_zero": record.near_zero}
    metrics |= {name: shares["overall"] for name, shares in zeros.items() if "overall" in shares}
    return TrialValue(metrics["validation_accuracy"], metrics)
