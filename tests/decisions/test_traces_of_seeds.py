"""Configurations with their seeds: where means and seeds stand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regsweep.report.figures import Evidence, seeds
from tests.decisions.traces import named, pooled_grid, read


def test_a_collapsed_configuration_stands_at_the_edge_without_its_seeds_and_its_interval(tmp_path: Path) -> None:
    drawing = seeds.draw(Evidence(read(tmp_path / "s", pooled_grid())))
    mean = named(drawing, "mean")
    assert mean.marker.symbol[-1] == "triangle-left-open"
    assert 78 < mean.x[-1] < 80.1, "beside the worst that is drawn in its place"
    assert np.isnan(mean.error_x.array[-1])
    assert np.isfinite(mean.error_x.array[:-1]).all()
    every = named(drawing, "a seed")
    assert (len(every.x), min(every.x)) == (27, pytest.approx(80))
    assert " 1 configuration below 80.10 %: an open triangle at the left edge." in drawing.caption
    clean = seeds.draw(Evidence(read(tmp_path / "clean", pooled_grid()[:27])))
    assert "triangle" not in clean.caption
