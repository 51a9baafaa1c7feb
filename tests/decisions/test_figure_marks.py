"""What figures mark can be told apart, is explained, and lies on the axis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from regsweep.report.figures import Evidence, compare_sweeps, results_by_epochs, seeds
from regsweep.report.sweep import read_sweep
from tests.decisions.handmade import write_sweep


def ended(accuracy: float, epochs: int, status: str = "complete") -> dict[str, Any]:
    return {"accuracy": accuracy, "history": [accuracy] * epochs, "status": status, "overrides": {"optimizer.lr": 0.1}}


GOOD = [ended(0.9 + n / 1000, 5) for n in range(20)]
COURSES = {
    "collapsed early": ([*GOOD, *(ended(0.1 + n / 1000, 2) for n in range(5))], 1),
    "two numbers, both good": ([*GOOD, *(ended(0.9 + n / 1000, 2) for n in range(5))], 0),
    "pruned far below": ([*GOOD, *(ended(0.1 + n / 1000, 2, "pruned") for n in range(5))], 1),
    "pruned near by": ([*GOOD, *(ended(0.9 + n / 1000, 2, "pruned") for n in range(5))], 0),
}


@pytest.mark.parametrize(("trials", "num_beyond"), COURSES.values(), ids=COURSES)
def test_a_median_beyond_the_edge_does_not_stretch_the_axis(
    tmp_path: Path, trials: list[dict[str, Any]], num_beyond: int
) -> None:
    drawing = results_by_epochs.draw(Evidence(read_sweep(write_sweep(tmp_path / "s", trials))))
    assert drawing.figure is not None
    points = [y for trace in drawing.figure.data if trace.mode == "markers" for y in trace.y]
    strokes = [y for trace in drawing.figure.data if trace.mode == "lines" for y in trace.y if y is not None]
    assert strokes
    assert min(points) <= min(strokes)
    assert ("1 median beyond the edge not drawn." in drawing.caption) is bool(num_beyond)
    assert len(strokes) == 2 * (2 - num_beyond)


def test_each_of_many_sweeps_has_a_look_of_its_own(tmp_path: Path) -> None:
    rows = [ended(0.5, 3), ended(0.6, 3)]
    evidences = [Evidence(read_sweep(write_sweep(tmp_path / f"s{n}", rows))) for n in range(14)]
    courses, _ = compare_sweeps(evidences)
    assert courses.figure is not None
    looks = {(trace.line.color, trace.line.dash) for trace in courses.figure.data}
    assert len(courses.figure.data) == len(looks) == 14


@pytest.mark.parametrize(
    ("accuracies", "said"),
    [([0.9, 0.8], " Orange: the best mean."), ([0.9, 0.9], " Orange: the first of the 2 best means."), ([0.9], "")],
)
def test_the_orange_mean_is_explained(tmp_path: Path, accuracies: list[float], said: str) -> None:
    rows = [
        {"overrides": {"optimizer.lr": 0.1 * (n + 1), "seed": seed}, "accuracy": accuracy + seed / 100, "seed": seed}
        for n, accuracy in enumerate(accuracies)
        for seed in (0, 1, 2)
    ]
    caption = seeds.draw(Evidence(read_sweep(write_sweep(tmp_path / "s", rows)))).caption
    assert ("Orange" in caption) is bool(said)
    assert said in caption
