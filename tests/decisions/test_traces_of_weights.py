"""Weights: whose are drawn, in which bins, and which layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regsweep.report.figures import Evidence, weights
from tests.decisions.traces import LOSS, labels_of, of, read, traces

FIRST = {"low": -1.0, "high": 1.0, "counts": [4, 0, 3, 2], "zeros": 11}
SECOND = {"low": -2.0, "high": 2.0, "counts": [5, 5], "zeros": 0}


def layers(**found: dict[str, Any]) -> dict[str, Any]:
    return {"histogram": found}


def test_each_bin_stands_in_its_middle_and_exact_zeros_apart(tmp_path: Path) -> None:
    rows = [of(0.1, accuracy=0.9, sparsity=0.5, **layers(first=FIRST, second=SECOND)), of(0.2, accuracy=0.5)]
    drawing = weights.draw_histogram(Evidence(read(tmp_path / "s", rows)))
    assert drawing.figure is not None
    found = {(trace.xaxis, trace.name): trace for trace in traces(drawing)}
    assert set(found) == {
        ("x", "weights that are not zero"), ("x", "exact zeros"), ("x2", "weights that are not zero")}  # fmt: skip
    bins = found["x", "weights that are not zero"]
    np.testing.assert_allclose(bins.x, [-0.75, -0.25, 0.25, 0.75])
    assert bins.width == pytest.approx(0.5)
    np.testing.assert_array_equal(bins.y, [4, np.nan, 3, 2], "a log axis has no place for an empty bin")
    assert (list(found["x", "exact zeros"].x), list(found["x", "exact zeros"].y)) == ([0], [11])
    np.testing.assert_allclose(found["x2", "weights that are not zero"].x, [-1, 1])
    titles = [each.text for each in drawing.figure.layout.annotations]
    assert titles == ["first<br>55.0 % exact zeros", "second<br>no exact zeros"]
    for axis in drawing.figure.select_yaxes():
        assert axis.type == "log"
        assert axis.range[0] < 0, "a single weight is seen"
    assert 10 ** drawing.figure.layout.yaxis.range[1] > 11
    shown = [trace.name for trace in traces(drawing) if trace.showlegend]
    assert shown == ["weights that are not zero", "exact zeros"]


def test_of_many_layers_the_largest_are_drawn_in_the_network_s_order(tmp_path: Path) -> None:
    found = {f"layer{n}": {**SECOND, "counts": [5, n + 1]} for n in range(8)}
    found = {"huge": {**SECOND, "counts": [500, 1]}, **found, "tiny": {**SECOND, "counts": [1, 1]}, "big": FIRST}
    rows = [of(0.1, accuracy=0.9, **layers(**found)), of(0.2, accuracy=0.5)]
    drawing = weights.draw_histogram(Evidence(read(tmp_path / "s", rows)))
    assert drawing.figure is not None
    titles = [each.text.partition("<br>")[0] for each in drawing.figure.layout.annotations]
    assert titles == ["huge", *(f"layer{n}" for n in range(1, 8)), "big"], "neither the tiny one nor the next"
    assert drawing.caption.endswith(" The 9 largest of 11 layers.")
    assert drawing.data is not None
    assert set(drawing.data["layer"]) == set(found), "the table has all"


ROWS = [
    of(0.1, accuracy=0.9, loss=0.1, **layers(first=SECOND)),
    of(0.2, accuracy=0.7, loss=0.2, sparsity=0.3, **layers(first=FIRST, second=SECOND)),
    of(0.3, accuracy=0.6, loss=0.3, sparsity=0.9, **layers(first=SECOND)),
    of(0.4, accuracy=0.8, loss=0.15, sparsity=0.9, status="pruned", **layers(first=SECOND)),
]


@pytest.mark.parametrize("options", [{}, LOSS])
def test_zeros_are_those_of_the_best_complete_trial_that_has_any(tmp_path: Path, options: dict[str, Any]) -> None:
    """Neither of the best one, which has none, nor of the sparsest, nor of a pruned one."""
    near = {"near_zero": {"overall": 0.6, "layers": {"first": 0.8}}}
    rows = [ROWS[0], {**ROWS[1], **near}, *ROWS[2:]]
    drawing = weights.draw_zeros(Evidence(read(tmp_path / "s", rows, **options)))
    assert drawing.figure is not None
    shown = "70.00 %" if not options else "0.2"
    assert drawing.caption.startswith(f"Trial 1, the best that has exact zeros ({shown}). First layer on top.")
    nearly, exactly = traces(drawing)
    assert (nearly.name, exactly.name) == ("within ±0.001 of zero", "exactly zero")
    assert list(exactly.y) == list(nearly.y) == [0, 1]
    np.testing.assert_allclose(exactly.x, [55, 0])
    np.testing.assert_allclose(nearly.x, [80, 0])
    assert [labels_of(drawing)[place].partition("<")[0] for place in (0, 1)] == ["first", "second"]
    axis = drawing.figure.layout.yaxis
    assert axis.range[0] > axis.range[1], "the first layer is on top"
    assert drawing.figure.layout.xaxis.range[1] > 80


def test_without_any_exact_zeros_there_is_no_figure_of_them(tmp_path: Path) -> None:
    drawing = weights.draw_zeros(Evidence(read(tmp_path / "s", [ROWS[0], ROWS[3]])))
    assert drawing.missing == "no complete trial has exact zeros on record"
