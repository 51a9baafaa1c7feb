"""A trial whose record was written, and whose end the sweep never heard of, is told from that record."""

from __future__ import annotations

import math
from pathlib import Path

from regsweep import records
from regsweep.errors import Pruned, RecordError
from regsweep.paths import RunPaths
from regsweep.sweeper import TrialValue

VALIDATED = ("validation_accuracy", "validation_loss", "train_accuracy", "train_loss", "sparsity")
"""The numbers that every complete trial returns, by the names that `hydra.sweeper.objectives` takes."""
TESTED = ("test_accuracy", "test_loss")
"""Those of a trial that opens the test set, besides."""


def told_before(folder: Path) -> TrialValue | None:
    """Return what the finished run in `folder` has to tell, None where there is none; half a record is removed.

    Raises:
        Pruned: when it was pruned.
    """
    path = RunPaths(folder).result
    if not path.is_file():
        return None
    try:
        record = records.read_json(path)
        metrics = {f"{split}_{name}": v for split, m in record["metrics"].items() for name, v in m.items()}
        if record["status"] == "pruned":
            raise Pruned(record["error"])
        if record["status"] != "complete":
            return TrialValue(math.nan, error=record["error"])
        return TrialValue(metrics["validation_accuracy"], {**metrics, "sparsity": record["sparsity"]["overall"]})
    except (RecordError, KeyError, TypeError, AttributeError):
        path.unlink()
        return None
