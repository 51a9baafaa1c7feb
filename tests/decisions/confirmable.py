"""A small sweep that is confirmed: what is best in it is plain."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from regsweep.paths import SweepPaths
from regsweep.report.sweep import Sweep, read_sweep
from tests.decisions.handmade import write_sweep

OFF: dict[str, Any] = dict.fromkeys(
    f"regularizer.{name}"
    for name in ("lambda", "scope", "solver", "l1_ratio", "batch_norm", "dropout", "elastic_net", "l1", "l2")
)
"""The keys of a configuration without any method."""


def trial(accuracy: float, lr: float = 0.1, seed: int = 0, **regularizer: Any) -> dict[str, Any]:
    """Return a trial of the sweep that is confirmed."""
    given = {f"regularizer.{name}": value for name, value in regularizer.items()}
    overrides = {"optimizer.lr": lr, "seed": seed, **given}
    return {"overrides": overrides, "config": OFF, "accuracy": accuracy, "seed": seed, "seconds": 60.0}


SWEEP = [
    trial(0.50, 0.1),
    trial(0.60, 0.1, dropout=0.1),
    trial(0.70, 0.2, dropout=0.2),
    trial(0.90, 0.3, dropout=0.3),
    trial(0.80, 0.4, dropout=0.4),
    trial(0.85, 0.5, batch_norm=True),
    trial(0.40, 0.6, l2=0.001),
    trial(0.99, 0.7, dropout=0.7) | {"status": "failed", "error": "it died"},
]
"""Dropout is best (of it trials 3, 4 and 2), then BatchNorm (5), then L2 (6)."""


def write_command(folder: Path, arguments: Sequence[str]) -> Path:
    content = {"arguments": list(arguments), "working_folder": str(folder.parent), "import_path": ["/code"]}
    SweepPaths(folder).command.write_text(json.dumps(content))
    return folder


ARGUMENTS = ("-m", "seed=0")
COMMAND = {"arguments": list(ARGUMENTS), "working_folder": "", "import_path": ["/code"]}
"""What ``command.json`` holds."""


def made(folder: Path, trials: Sequence[Mapping[str, Any]] = SWEEP, arguments: Sequence[str] = ARGUMENTS) -> Sweep:
    """Return a sweep in `folder` that was started with these arguments."""
    typed = [argument for argument in arguments if "=" in argument and not argument.startswith("hydra")]
    return read_sweep(write_command(write_sweep(folder, trials, typed), arguments))
