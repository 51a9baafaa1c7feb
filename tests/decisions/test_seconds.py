"""What a run's seconds count, and how a time is announced."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from regsweep.numbers import about
from tests.conftest import Regsweep


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "less than 10 s"),
        (9.9, "less than 10 s"),
        (10.0, "about 10 s"),
        (84.0, "about 84 s"),
        (120.0, "about 2 min"),
        (7000.0, "about 117 min"),
        (7200.0, "about 2.0 h"),
    ],
)
def test_an_estimate_has_the_unit_that_a_person_takes(seconds: float, expected: str) -> None:
    assert about(seconds) == expected


@pytest.mark.parametrize("opens", ["true", "false"])
def test_the_test_set_s_seconds_are_among_those_of_evaluation(regsweep: Regsweep, tmp_path: Path, opens: str) -> None:
    small = ("trainer.epochs=1", "dataset.train_size=64", "model.hidden=[4]", "hydra.run.dir=r", "device=cpu")
    assert regsweep(f"trainer.test={opens}", *small).code == 0
    seconds = json.loads((tmp_path / "r" / "result.json").read_text())["seconds"]
    with (tmp_path / "r" / "history.csv").open() as file:
        epochs = [float(row["evaluate_seconds"]) for row in csv.DictReader(file)]
    assert seconds["evaluate"] > sum(epochs)
    assert seconds["total"] > seconds["evaluate"] + seconds["train"]
