"""The map of λ and dropout: which trials stand in which cell, and where its colours end."""

from __future__ import annotations

import math
from bisect import bisect_right
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regsweep.report.figures import Evidence, heatmap
from tests.decisions.traces import BATCH_NORM, DROPOUT, LAMBDA, LOSS, grid, of, read, traces


@pytest.mark.parametrize("is_of_0_2", [False, True])
def test_a_cell_of_the_map_stands_at_its_own_ticks(tmp_path: Path, *, is_of_0_2: bool) -> None:
    trials = grid()
    drawing = heatmap.draw(Evidence(read(tmp_path / "s", trials, is_of_0_2=is_of_0_2)))
    figure = drawing.figure
    assert figure is not None
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("λ", "dropout")
    labels = {0.0: "none", 1e-4: "1e-4", 1e-3: "0.001"}
    for trial in trials:
        settings = trial["overrides"]
        panel = 1 if settings[BATCH_NORM] else 0
        x_axis = (figure.layout.xaxis, figure.layout.xaxis2)[panel]
        x_place = dict(zip(x_axis.ticktext, x_axis.tickvals, strict=True))[labels[settings[LAMBDA]]]
        y_axis = figure.layout.yaxis
        y_place = dict(zip(y_axis.ticktext, y_axis.tickvals, strict=True))[f"{settings[DROPOUT]:.3g}"]
        assert x_axis.range[0] < x_place < x_axis.range[1]
        assert y_axis.range[0] < y_place < y_axis.range[1]
        here = figure.data[panel]
        row, column = bisect_right(here.y, y_place) - 1, bisect_right(here.x, x_place) - 1
        if trial.get("status") == "failed":
            assert math.isnan(here.z[row][column])
            assert [s.xref for s in figure.layout.shapes if s.x0 < x_place < s.x1 and s.y0 < y_place < s.y1] == ["x2"]
            assert len(figure.layout.shapes) == 1
        else:
            assert here.z[row][column] == pytest.approx(100 * trial["accuracy"])
            assert here.text[row][column].startswith(f"{100 * trial['accuracy']:.1f}")
    assert [title.text for title in figure.layout.annotations] == ["BatchNorm off", "BatchNorm on"]
    assert drawing.title == "λ and dropout together, with BatchNorm off and on"


@pytest.mark.parametrize("norm", [False, True])
def test_the_map_of_a_sweep_that_left_batch_norm_alone_is_of_two_methods(tmp_path: Path, *, norm: bool) -> None:
    trials = [trial for trial in grid() if trial["overrides"][BATCH_NORM] is norm]
    drawing = heatmap.draw(Evidence(read(tmp_path / "s", trials)))
    assert drawing.title == "λ and dropout together"
    assert drawing.caption.endswith(" All have BatchNorm.") is norm
    assert ("BatchNorm" in drawing.caption) is norm
    assert drawing.figure is not None
    assert not drawing.figure.layout.annotations, "one panel needs no name"
    assert "seeds" not in drawing.caption
    assert drawing.data is not None
    means = drawing.data.set_index(["lambda", "dropout"])["mean"].dropna()
    assert means.to_dict() == {
        ("none" if p == 0 else "1e-4" if p == 1e-4 else "0.001", f"{d:g}"): pytest.approx(100 * trial["accuracy"])
        for trial in trials
        if "accuracy" in trial
        for p, d in [(trial["overrides"][LAMBDA], trial["overrides"][DROPOUT])]
    }


@pytest.mark.parametrize(("options", "ends"), [({}, (50.0, 83.0)), (LOSS, (0.9, 2.0))])
def test_the_map_s_colours_end_at_the_worst_and_the_best(
    tmp_path: Path, options: dict[str, Any], ends: tuple[float, float]
) -> None:
    figure = heatmap.draw(Evidence(read(tmp_path / "s", grid(), **options))).figure
    assert figure is not None
    colours = figure.layout.coloraxis
    assert (colours.cmin, colours.cmax) == pytest.approx(ends)
    assert bool(colours.reversescale) == bool(options), "the best is the darkest"


def test_the_bins_of_the_map_hold_what_lies_between_their_ticks(tmp_path: Path) -> None:
    strengths = [0.0, 1.234e-4, 2.345e-4, 0.001234, 0.0456789, 3.456e-5, 0.0]
    dropouts = [0.1234, 0.23456, 0.45678, 0.56789, 0.6789, 0.01234, 0.76543]
    trials = [of(p, d, accuracy=0.5 + 0.05 * i) for i, (p, d) in enumerate(zip(strengths, dropouts, strict=True))]
    trials += [of(p * 1.0001234, d * 1.0001234, accuracy=t["accuracy"])
               for p, d, t in zip(strengths, dropouts, trials, strict=True)]  # fmt: skip
    figure = heatmap.draw(Evidence(read(tmp_path / "s", trials))).figure
    assert figure is not None
    here, x_axis, y_axis = figure.data[0], figure.layout.xaxis, figure.layout.yaxis
    x_edges = [
        (float(text), place) for text, place in zip(x_axis.ticktext, x_axis.tickvals, strict=True) if text != "none"
    ]
    y_edges = [(float(text), place) for text, place in zip(y_axis.ticktext, y_axis.tickvals, strict=True)]
    for penalty, dropout, trial in zip(strengths, dropouts, trials, strict=False):
        column = 0 if penalty == 0 else bisect_right(here.x, max(p for edge, p in x_edges if edge <= penalty)) - 1
        row = bisect_right(here.y, max(place for edge, place in y_edges if edge <= dropout)) - 1
        assert here.z[row][column] == pytest.approx(100 * trial["accuracy"])
    assert np.isfinite(np.array(here.z, dtype=float)).sum() == 7


@pytest.mark.parametrize(
    ("options", "sign", "beyond"), [({}, "▾", "below 80.00 %"), (LOSS, "▴", "above 2")], ids=["accuracy", "loss"]
)
def test_one_collapsed_trial_leaves_the_map_its_colours(
    tmp_path: Path, options: dict[str, Any], sign: str, beyond: str
) -> None:
    settings = [(penalty, rate) for penalty in (0.0, 1e-3, 1e-2) for rate in (0.0, 0.5)]
    trials = [of(p, d, accuracy=0.80 + 0.01 * i, loss=2 - 0.1 * i) for i, (p, d) in enumerate(settings)]
    trials[5] = of(1e-2, 0.5, accuracy=0.1, loss=50)
    drawing = heatmap.draw(Evidence(read(tmp_path / "s", trials, **options)))
    assert drawing.figure is not None
    colours = drawing.figure.layout.coloraxis
    assert (colours.cmin, colours.cmax) == pytest.approx((1.6, 2.0) if options else (80, 84))
    cells, words = traces(drawing)
    assert [text for text in words.text if sign in text] == ["50 ▴" if options else "10.0 ▾"]
    assert drawing.caption.endswith(f" {sign}: {beyond}, where the colours end.")
    assert cells.texttemplate is None, "Plotly's own words have too little contrast"
    clean = heatmap.draw(Evidence(read(tmp_path / "clean", trials[:5], **options)))
    assert "colours end" not in clean.caption


def test_the_words_of_a_cell_stand_in_it(tmp_path: Path) -> None:
    drawing = heatmap.draw(Evidence(read(tmp_path / "s", grid())))
    found = traces(drawing)
    for cells, words in zip(found[:2], found[2:], strict=True):
        assert cells.xaxis == words.xaxis
        for x, y, text in zip(words.x, words.y, words.text, strict=True):
            row, column = bisect_right(cells.y, y) - 1, bisect_right(cells.x, x) - 1
            assert text.startswith(f"{cells.z[row][column]:.1f}")
    assert sum(len(words.x) for words in found[2:]) == 11, "one trial failed"


@pytest.mark.parametrize(
    ("penalties", "note"),
    [
        (["l1"] * 4, ""),
        (["l1"] * 4 + ["l2"] * 2, " Of 2 penalties L1 alone is shown. 2 complete trials with another penalty, "),
        (["l1"] * 2 + ["l2"] * 4, " Of 2 penalties L2 alone is shown. 2 complete trials with another penalty, "),
        (["l1"] * 3 + ["l2"] * 3, " alone is shown. 3 complete trials with another penalty, "),
    ],
)
def test_the_map_says_which_penalty_it_shows(tmp_path: Path, penalties: list[str], note: str) -> None:
    trials = []
    for number, name in enumerate(penalties):
        overrides = {f"regularizer.{name}": 0.1 * (1 + number % 3), "regularizer.dropout": 0.1 * (1 + number % 2)}
        trials.append({"overrides": overrides, "accuracy": 0.5 + number / 100})
    caption = heatmap.draw(Evidence(read(tmp_path / "s", trials))).caption
    assert note in caption
    assert ("penalties" in caption) == bool(note)
