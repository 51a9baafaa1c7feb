"""Importance: which bar is whose, and how long."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from regsweep.report.figures import Evidence, importance
from tests.decisions.traces import labels_of, named, of, read


def test_the_most_important_parameter_is_the_longest_bar_on_top(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    trials = []
    for _ in range(40):
        penalty, dropout = float(10 ** rng.uniform(-6, -2)), float(rng.uniform(0, 0.8))
        accuracy = 0.9 - 0.5 * abs(dropout - 0.3) + 0.001 * math.log10(penalty)
        trials.append(of(penalty, dropout, accuracy=accuracy))
    drawing = importance.draw(Evidence(read(tmp_path / "s", trials)))
    assert drawing.figure is not None
    labels = labels_of(drawing)
    above, others = named(drawing, "above chance"), named(drawing, "not above chance")
    assert [labels[place].split()[0] for place in (*above.y, *others.y)] == ["dropout", "l2"]
    assert above.x[0] > named(drawing, "what chance reaches").x[0]
    assert others.x[0] < named(drawing, "what chance reaches").x[1]
    axis = drawing.figure.layout.yaxis
    assert axis.range[0] > axis.range[1], "place 0 is on top"


def test_a_parameter_that_is_set_or_not_has_its_share(tmp_path: Path) -> None:
    trials = []
    for i in range(24):
        made = of(dropout=0.01 * i, accuracy=0.5 + 0.3 * (i % 2))
        if i % 2:
            made["overrides"]["optimizer.momentum"] = 0.9
        trials.append(made)
    drawing = importance.draw(Evidence(read(tmp_path / "s", trials)))
    assert list(labels_of(drawing).values()) == ["momentum  100.0 %", "dropout  0.5 %"]
    assert drawing.caption.startswith("Above chance: momentum. Not above it: dropout.")
