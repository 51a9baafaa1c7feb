"""What is said of several sweeps that stand side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from regsweep.report.figures import Evidence, compare_sweeps
from regsweep.report.sweep import read_sweep
from tests.decisions.handmade import write_sweep


@pytest.mark.parametrize(
    ("datasets", "expected"),
    [
        ([("digits", None), ("digits", None)], ""),
        ([("digits", 100), ("digits", 100)], ""),
        ([("digits", None), ("fashion_mnist", None)], "digits, fashion_mnist"),
        ([("digits", 1000), ("digits", 200), ("digits", 1000)], "digits (1,000 images), digits (200 images)"),
        ([("digits", None), ("digits", 200)], "digits, digits (200 images)"),
    ],
)
def test_scores_on_different_data_are_no_comparison(
    tmp_path: Path, datasets: list[tuple[str, int | None]], expected: str
) -> None:
    evidences = []
    for number, (name, size) in enumerate(datasets):
        config: dict[str, Any] = {"dataset.name": name, "dataset.train_size": size}
        trials = [{"config": config, "accuracy": 0.5 + n / 10} for n in range(2)]
        evidences.append(Evidence(read_sweep(write_sweep(tmp_path / str(number), trials))))
    note = f"The sweeps are of different data ({expected}): their scores are no comparison of methods."
    for drawing in compare_sweeps(evidences):
        assert not expected or note in drawing.caption
        assert ("different data" in drawing.caption) == bool(expected)


@pytest.mark.parametrize(
    ("name", "key", "values", "expected"),
    [
        ("torch", "arguments.size", (32, 64), "torch my.Drawn size=32, torch my.Drawn size=64"),
        ("torch", "arguments.size", (32, 32), ""),
        ("image_folder", "root", ("cats", "dogs"), "image_folder my.Drawn cats, image_folder my.Drawn dogs"),
        ("mnist", "root", ("data", "elsewhere"), ""),
        ("arrays", "val_fraction", (0.1, 0.2), ""),
    ],
)
def test_what_chooses_the_data_is_named(
    tmp_path: Path, name: str, key: str, values: tuple[Any, Any], expected: str
) -> None:
    evidences: list[Evidence] = []
    for value in values:
        config = {"dataset.name": name, f"dataset.{key}": value, "dataset._target_": "my.Drawn"}
        trials = [{"config": config, "accuracy": 0.5 + n / 10} for n in range(2)]
        evidences.append(Evidence(read_sweep(write_sweep(tmp_path / str(len(evidences)), trials))))
    for drawing in compare_sweeps(evidences):
        assert ("different data" in drawing.caption) == bool(expected)
        assert not expected or f"of different data ({expected}):" in drawing.caption
