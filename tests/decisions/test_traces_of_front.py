"""The front of score and exact zeros: which trials are on it, and which its line joins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regsweep.report.figures import Evidence, front
from tests.decisions.traces import FAR, LOSS, far, named, of, read, traces


@pytest.mark.parametrize(
    ("options", "expected", "others"),
    [
        ({}, [(20, 90), (50, 80), (90, 60)], [(10, 90), (50, 70), (60, 50)]),
        (LOSS, [(60, 1.0), (90, 1.2)], [(10, 1.8), (20, 1.8), (50, 1.4), (50, 1.6)]),
    ],
)
def test_the_front_is_drawn_through_what_no_other_beats(
    tmp_path: Path, options: dict[str, Any], expected: list[Any], others: list[Any]
) -> None:
    rows = [(0.1, 0.9), (0.2, 0.9), (0.5, 0.7), (0.5, 0.8), (0.6, 0.5), (0.9, 0.6)]
    trials = [of(0.001 * (i + 1), sparsity=s, accuracy=a, loss=2 * a) for i, (s, a) in enumerate(rows)]
    drawing = front.draw(Evidence(read(tmp_path / "s", trials, **options)))
    on, off = named(drawing, "on the front"), named(drawing, "a trial")
    np.testing.assert_allclose(list(zip(on.x, on.y, strict=True)), expected)
    np.testing.assert_allclose(sorted(zip(off.x, off.y, strict=True)), others)
    line = next(trace for trace in traces(drawing) if trace.mode == "lines")
    np.testing.assert_allclose(list(zip(line.x, line.y, strict=True)), expected)
    assert line.line.shape == "vh", "a step down just right of each point: more zeros than that cost accuracy"


@pytest.mark.parametrize("key", FAR)
def test_the_front_is_not_joined_through_points_at_the_edge(tmp_path: Path, key: str) -> None:
    """The sparser, the worse, so that every trial is on the front; two of them are drawn at the axis' edge."""
    zeros = [0.0, *(0.1 * i for i in range(1, 9)), 0.95, 1.0]
    drawing = front.draw(Evidence(far(key, tmp_path, list(range(11)), zeros)))
    values, _, (beyond, side) = FAR[key]
    factor = 100 if key == "accuracy" else 1
    line = next(trace for trace in traces(drawing) if trace.mode == "lines")
    np.testing.assert_allclose(line.x, [100 * z for z in zeros[:9]])
    np.testing.assert_allclose(line.y, [factor * v for v in values[:9]])
    on = named(drawing, "on the front")
    np.testing.assert_allclose(on.x, [100 * z for z in zeros])
    assert ["open" in symbol for symbol in on.marker.symbol] == [False] * 9 + [True] * 2
    assert f"2 trials {beyond}: open triangles at the {side} edge." in drawing.caption
    worst = ("10.00 %", "5.00 %") if key == "accuracy" else ("9", "9.5")
    assert (
        f"not joined by its line: trial 9 ({worst[0]}, 95.0 % zeros), trial 10 ({worst[1]}, 100.0 % zeros)."
        in drawing.caption
    )
    assert drawing.figure is not None
    low, high = drawing.figure.layout.xaxis.range
    assert -5 < low < 0, "whole markers"
    assert 100 < high < 105, "whole markers at both ends, and no room for more than all weights"


def test_a_front_within_the_axis_says_nothing_of_points_that_are_left_out(tmp_path: Path) -> None:
    drawing = front.draw(Evidence(far("accuracy", tmp_path, list(range(9)), [0.1 * i for i in range(9)])))
    assert "not joined" not in drawing.caption
    assert "triangle" not in drawing.caption
