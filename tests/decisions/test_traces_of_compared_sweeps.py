"""Several sweeps in one figure: whose line and whose best is whose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regsweep.report.figures import Evidence, compare_sweeps
from tests.conftest import Regsweep
from tests.decisions.confirmations import Made, confirmed
from tests.decisions.handmade import write_sweep
from tests.decisions.traces import LOSS, labels_of, named, of, read, traces


def test_every_sweep_is_compared_under_its_own_name(tmp_path: Path) -> None:
    folders = {"first": (0.5, 0.6, 0.6, 0.9), "second": (0.8, 0.7, 0.7, 0.85), "third": (0.4, 0.3)}
    sweeps = [
        read(tmp_path / name, [of(dropout=0.1 * i, accuracy=a) for i, a in enumerate(values)])
        for name, values in folders.items()
    ]
    courses, bests = compare_sweeps([Evidence(sweep) for sweep in sweeps])
    steps = {
        "first": [(1, 50), (2, 60), (4, 90), (4, 90)],
        "second": [(1, 80), (4, 85), (4, 85)],
        "third": [(1, 40), (2, 40)],
    }
    assert [trace.name for trace in traces(courses)] == list(steps)
    for trace in traces(courses):
        assert trace.mode == "lines"
        np.testing.assert_allclose(list(zip(trace.x, trace.y, strict=True)), steps[trace.name])
    assert bests.figure is not None
    axis, labels = bests.figure.layout.yaxis, labels_of(bests)
    selected = named(bests, "selected for")
    found = {labels[place].partition("<")[0]: pytest.approx(x) for place, x in zip(selected.y, selected.x, strict=True)}
    assert found == {"first": 90, "second": 85, "third": 40}
    assert [">trial 3<" in labels[0], ">trial 3<" in labels[1], ">trial 0<" in labels[2]] == [True] * 3
    assert axis.range[0] > axis.range[1], "the first sweep is on top"
    assert bests.data is not None
    assert list(bests.data["selected_trial"]) == [3, 3, 0]


def test_what_fresh_seeds_confirmed_stands_beside_what_was_selected(tmp_path: Path) -> None:
    """Of two configurations the one that was selected is shown, though the other one was better on the test set."""
    selected, better = Made("selected", [0.01, 0.03], selected_for=0.95), Made("better", [0.1, 0.1], selected_for=0.9)
    found = confirmed(tmp_path / "c", better, selected)
    bare, whole = (
        read(tmp_path / name, [of(dropout=0.1 * i, accuracy=a) for i, a in enumerate((0.5, 0.7))])
        for name in ("bare", "whole")
    )
    bests = compare_sweeps([Evidence(bare), Evidence(whole, found)])[1]
    assert bests.figure is not None
    labels = labels_of(bests)
    assert [labels[place].partition("<")[0] for place in (0, 1)] == ["bare", "whole"]
    assert (">selected<" in labels[1], ">trial 1<" in labels[0]) == (True, True)
    expected: dict[str, list[float | None]] = {
        "selected for": [70, 95],
        "confirmed": [None, 82],
        "tuned baseline": [None, 80],
    }
    for name, values in expected.items():
        trace = named(bests, name)
        drawn = dict(zip(trace.y, trace.x, strict=True))
        assert list(drawn) == [0, 1]
        for place, value in enumerate(values):
            assert np.isnan(drawn[place]) if value is None else drawn[place] == pytest.approx(value)
    spans = {(shape.y0, shape.y1): (shape.x0, shape.x1) for shape in bests.figure.layout.shapes}
    assert spans == {(0, 0): pytest.approx((70, 70)), (1, 1): pytest.approx((80, 95))}
    assert bests.data is not None
    assert list(bests.data["selected_trial"]) == [1, 7], "of the confirmed one its trial in the plan"
    assert bests.title.endswith("and what fresh seeds confirmed")
    assert "1 sweep without a result on fresh seeds." in bests.caption


@pytest.mark.parametrize("is_loss", [False, True])
def test_a_first_trial_that_collapsed_does_not_squeeze_the_courses(tmp_path: Path, *, is_loss: bool) -> None:
    """What lies beyond the edge is not drawn, and said; a sweep that ends there keeps the axis for all."""
    names = {
        "collapsed": (0.1, 0.85, 0.84, 0.87, 0.86),
        "whole": (0.86, 0.88, 0.85, 0.87, 0.89),
        "bad": (0.1, 0.12, 0.11, 0.1, 0.1),
    }
    options = LOSS if is_loss else {}
    evidences = [
        Evidence(read(tmp_path / name, [of(accuracy=a, loss=10 * (1 - a)) for a in values], **options))
        for name, values in names.items()
    ]

    def value(accuracy: float) -> Any:
        return pytest.approx(10 * (1 - accuracy) if is_loss else 100 * accuracy)

    courses = compare_sweeps(evidences[:2])[0]
    steps = {trace.name: list(zip(trace.x, trace.y, strict=True)) for trace in traces(courses)}
    assert steps == {
        "collapsed": [(2, value(0.85)), (4, value(0.87)), (5, value(0.87))],
        "whole": [(1, value(0.86)), (2, value(0.88)), (5, value(0.89)), (5, value(0.89))],
    }
    words = "Of 1 line the beginning lies above 1.6: not drawn." if is_loss else "the beginning lies below 84.00 %: not"
    assert words in courses.caption
    all_three = compare_sweeps(evidences)[0]
    assert min(len(trace.x) for trace in traces(all_three)) > 2
    assert next(trace for trace in traces(all_three) if trace.name == "collapsed").y[0] == value(0.1)
    assert "not drawn" not in all_three.caption


def test_the_comparison_s_page_has_every_sweep(regsweep: Regsweep, tmp_path: Path) -> None:
    for name, best in (("first", 0.9), ("second", 0.8)):
        write_sweep(tmp_path / name, [of(dropout=0.1 * i, accuracy=a) for i, a in enumerate((0.5, best))])
    done = regsweep("report", "first", "second")
    assert done.code == 0, done.err
    page = (tmp_path / "comparison.html").read_text()
    for name in ("first", "second"):
        assert f'"name":"{name}"' in page.replace(": ", ":"), "a course of its own"
        assert page.count(name) > 2
