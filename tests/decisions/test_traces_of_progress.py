"""The best so far: where its line begins and rises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regsweep.report.figures import Evidence, progress
from tests.decisions.traces import FAR, LOSS, dots_of, far, of, read, traces


def test_the_best_so_far_rises_where_a_better_trial_ended(tmp_path: Path) -> None:
    """Over trials in their order; over seconds in the order in which they ended."""
    rows = [(0.5, 40), (0.7, 20), (0.6, 10), (0.7, 60), (0.9, 30)]
    trials = [of(dropout=0.1 * i, accuracy=a, ended=1e9 + s, seconds=10.0) for i, (a, s) in enumerate(rows)]
    drawing = progress.draw(Evidence(read(tmp_path / "s", trials)))
    lines = [trace for trace in traces(drawing) if trace.mode == "lines"]
    assert [trace.xaxis for trace in lines] == ["x", "x2"]
    for line, expected in zip(
        lines, ([(0, 50), (1, 70), (4, 90), (4, 90)], [(10, 60), (20, 70), (30, 90), (60, 90)]), strict=True
    ):
        np.testing.assert_allclose(list(zip(line.x, line.y, strict=True)), expected)
    over_trials, over_seconds = dots_of(drawing), dots_of(drawing, "x2")
    np.testing.assert_allclose(over_trials[0].x, range(5))
    np.testing.assert_allclose(over_trials[0].y, [50, 70, 60, 70, 90])
    np.testing.assert_allclose(
        sorted(zip(over_seconds[0].x, over_seconds[0].y, strict=True)),
        [(10, 60), (20, 70), (30, 90), (40, 50), (60, 70)],
    )


def test_the_best_so_far_falls_where_less_is_better(tmp_path: Path) -> None:
    trials = [of(dropout=0.1 * i, loss=loss) for i, loss in enumerate((2.0, 3.0, 1.0, 1.0))]
    drawing = progress.draw(Evidence(read(tmp_path / "s", trials, **LOSS)))
    line = next(trace for trace in traces(drawing) if trace.mode == "lines")
    assert list(zip(line.x, line.y, strict=True)) == [(0, 2.0), (2, 1.0), (3, 1.0)]


@pytest.mark.parametrize("key", FAR)
def test_the_best_so_far_begins_where_it_is_within_the_axis(tmp_path: Path, key: str) -> None:
    order = [10, 9, 8, 5, 6, 0, 1, 2, 3, 4, 7]
    drawing = progress.draw(Evidence(far(key, tmp_path, order)))
    values, _, _ = FAR[key]
    factor = 100 if key == "accuracy" else 1
    for line in (trace for trace in traces(drawing) if trace.mode == "lines"):
        np.testing.assert_allclose(line.y, [factor * values[i] for i in (8, 5, 0, 0)])
    over_trials = dots_of(drawing)[0]
    assert ["open" in symbol for symbol in over_trials.marker.symbol] == [False] * 9 + [True] * 2
    assert list(over_trials.x[-2:]) == [0, 1], "the legend shows the first symbol: far points come last"
    assert drawing.caption.endswith(" The line begins where the best is within the axis.")
    assert drawing.figure is not None
    for axis in drawing.figure.select_xaxes():
        assert axis.range[0] < 0, "trial 0 is a whole marker"


def test_a_line_whose_best_is_always_within_the_axis_begins_with_the_first_trial(tmp_path: Path) -> None:
    drawing = progress.draw(Evidence(far("accuracy", tmp_path, [8, 10, 9, *range(8)])))
    line = next(trace for trace in traces(drawing) if trace.mode == "lines")
    assert line.x[0] == 0
    assert "The line begins" not in drawing.caption


@pytest.mark.parametrize("options", [{}, LOSS])
def test_over_seeds_the_best_mean_counts_once_its_last_seed_has_ended(tmp_path: Path, options: dict[str, Any]) -> None:
    """The first seed of the second configuration is the luckiest of all, and the third configuration is not better."""
    rows = [(0.1, 0, 0.6), (0.2, 0, 0.95), (0.1, 1, 0.7), (0.3, 0, 0.64), (0.2, 1, 0.75), (0.3, 1, 0.7)]
    trials = [of(dropout=rate, accuracy=a, loss=1 - a, seed=seed, ended=1e9 + 10 * n)
              for n, (rate, seed, a) in enumerate(rows)]  # fmt: skip
    trials = [{**trial, "overrides": {**trial["overrides"], "seed": trial["seed"]}} for trial in trials]
    drawing = progress.draw(Evidence(read(tmp_path / "s", trials, **options)))
    expected = [0.35, 0.15, 0.15] if options else [65, 85, 85]
    for line, places in zip(
        (trace for trace in traces(drawing) if trace.mode == "lines"), ([2, 4, 5], [26, 46, 56]), strict=True
    ):
        np.testing.assert_allclose(line.x, places)
        np.testing.assert_allclose(line.y, expected)
    assert [len(trace.x) for trace in dots_of(drawing)] == [6], "every seed is a point"
