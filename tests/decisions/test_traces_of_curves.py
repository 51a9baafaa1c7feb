"""Learning curves: whose are drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regsweep.report.figures import Evidence, curves
from tests.decisions.traces import LOSS, of, read, traces

CURVES = {
    "the best and the best without": (
        [of(accuracy=0.5), of(accuracy=0.7), of(1e-3, accuracy=0.9), of(1e-3, 0.5, accuracy=0.8)],
        {},
        ["best: trial 2", "without regularization: trial 1"],
    ),
    "the first of equals": (
        [of(accuracy=0.7), of(accuracy=0.7), of(1e-3, accuracy=0.9), of(1e-2, accuracy=0.9)],
        {},
        ["first of the 2 best: trial 2", "without regularization: trial 0"],
    ),
    "BatchNorm and dropout regularize": (
        [of(norm=True, accuracy=0.8), of(dropout=0.1, accuracy=0.9), of(accuracy=0.5)],
        {},
        ["best: trial 1", "without regularization: trial 2"],
    ),
    "not one that failed": (
        [of(accuracy=0.5), of(accuracy=0.9, status="failed"), of(1e-3, accuracy=0.8)],
        {},
        ["best: trial 2", "without regularization: trial 0"],
    ),
    "the lowest": (
        [of(loss=1.0), of(loss=2.0), of(1e-3, loss=0.5), of(1e-2, loss=0.7)],
        LOSS,
        ["best: trial 2", "without regularization: trial 0"],
    ),
    "the best is without": ([of(accuracy=0.9), of(1e-3, accuracy=0.5)], {}, ["best, without regularization: trial 0"]),
    "none is without": ([of(1e-2, accuracy=0.9), of(1e-3, accuracy=0.5)], {}, ["best: trial 0"]),
    "a single one": ([of(accuracy=0.9)], {}, ["this run"]),
}


@pytest.mark.parametrize(("trials", "options", "titles"), CURVES.values(), ids=CURVES)
def test_whose_learning_curves_are_drawn(
    tmp_path: Path, trials: list[dict[str, Any]], options: dict[str, Any], titles: list[str]
) -> None:
    for number, trial in enumerate(trials):
        trial["history"] = [0.1, 0.2 + number / 100]
    drawing = curves.draw(Evidence(read(tmp_path / "s", trials, **options)))
    assert drawing.figure is not None
    assert [a.text.partition("<br>")[0] for a in drawing.figure.layout.annotations] == titles
    validation = [trace for trace in traces(drawing) if trace.name == "validation"]
    numbers = [0 if title == "this run" else int(title.split()[-1]) for title in titles]
    for trace, number in zip(validation, numbers, strict=True):
        np.testing.assert_allclose(trace.x, [1, 2])
        np.testing.assert_allclose(trace.y, [10, 20 + number])
    assert [trace.xaxis for trace in validation] == ["x", "x2"][: len(titles)]
    assert all(list(trace.y) == [90, 90] for trace in traces(drawing) if trace.name == "train")


@pytest.mark.parametrize(("num_epochs", "step"), [(2, 1), (6, 1), (7, None)])
def test_no_tick_stands_between_the_epochs_of_a_short_training(
    tmp_path: Path, num_epochs: int, step: int | None
) -> None:
    trials = [of(strength, accuracy=0.5, history=[0.5] * num_epochs) for strength in (0.0, 1e-3)]
    drawing = curves.draw(Evidence(read(tmp_path / "s", trials)))
    assert drawing.figure is not None
    assert [axis.dtick for axis in drawing.figure.select_xaxes()] == [step] * 1


def test_over_seeds_the_thick_lines_are_means_over_the_epochs_that_all_have(tmp_path: Path) -> None:
    histories = {(0.5, 0): [0.2, 0.6, 0.8], (0.5, 1): [0.4, 0.8], (0.0, 0): [0.1, 0.3], (0.0, 1): [0.3, 0.5]}
    trials = [
        {**of(dropout=rate, accuracy=history[-1], history=history, seed=seed)}
        for (rate, seed), history in histories.items()
    ]
    trials = [{**trial, "overrides": {**trial["overrides"], "seed": trial["seed"]}} for trial in trials]
    drawing = curves.draw(Evidence(read(tmp_path / "s", trials)))
    assert drawing.figure is not None
    means = [trace for trace in traces(drawing) if trace.name == "validation"]
    np.testing.assert_allclose([trace.x for trace in means], [[1, 2], [1, 2]])
    np.testing.assert_allclose([trace.y for trace in means], [[30, 70], [20, 40]])
    for axis, expected in (("x", [[20, 60, 80], [40, 80]]), ("x2", [[10, 30], [30, 50]])):
        single = [trace for trace in traces(drawing) if trace.name is None and trace.xaxis == axis]
        assert [list(trace.y) for trace in single[1::2]] == [pytest.approx(each) for each in expected]
        assert all(trace.line.width < means[0].line.width and trace.hoverinfo == "skip" for trace in single)
    titles = [each.text.partition("<br>")[2] for each in drawing.figure.layout.annotations]
    # Training accuracy is 90 % throughout: the mean of 10 and 10 points, and of 60 and 40.
    assert titles == ["gap in the end 10.0 points", "gap in the end 50.0 points"]
    assert [axis.title.text for axis in drawing.figure.select_xaxes()] == ["epoch", "epoch"]
    assert drawing.figure.layout.yaxis.title.text == "accuracy (%)"
