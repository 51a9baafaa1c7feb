"""What a run's seconds count."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.conftest import Regsweep


@pytest.mark.parametrize("opens", ["true", "false"])
def test_the_test_set_s_seconds_are_among_those_of_evaluation(regsweep: Regsweep, tmp_path: Path, opens: str) -> None:
    small = ("trainer.epochs=1", "dataset.train_size=64", "model.hidden=[4]", "hydra.run.dir=r", "device=cpu")
    assert regsweep(f"trainer.test={opens}", *small).code == 0
    seconds = json.loads((tmp_path / "r" / "result.json").read_text())["seconds"]
    with (tmp_path / "r" / "history.csv").open() as file:
        epochs = [float(row["evaluate_seconds"]) for row in csv.DictReader(file)]
    assert seconds["evaluate"] > sum(epochs)
    assert seconds["total"] > seconds["evaluate"] + seconds["train"]
