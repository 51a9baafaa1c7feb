"""Where figures put what they show: x and y of every trace that something is decided by."""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regsweep.report.figures import (
    Drawing,
    Evidence,
    compare_sweeps,
    curves,
    draw_all,
    forest,
    front,
    heatmap,
    importance,
    on_and_off,
    progress,
    seeds,
    strength,
)
from regsweep.report.sweep import Sweep, read_sweep
from tests.conftest import Regsweep
from tests.decisions.confirmations import Made, confirmed
from tests.decisions.handmade import dumped, write_sweep

LAMBDA, DROPOUT, BATCH_NORM = (f"regularizer.{key}" for key in ("l2", "dropout", "batch_norm"))
PLAIN = {LAMBDA: 0.0, DROPOUT: 0.0, BATCH_NORM: False}
OF_0_2 = {LAMBDA: "regularizer.lambda", DROPOUT: DROPOUT, BATCH_NORM: BATCH_NORM}
"""The keys of a sweep that version 0.2 made, by those of now."""
LOSS: dict[str, Any] = {"objective": "validation_loss", "minimize": True}


def read(folder: Path, trials: list[dict[str, Any]], *, is_of_0_2: bool = False, **options: Any) -> Sweep:
    if is_of_0_2:
        trials = [
            trial
            | {"overrides": {"regularizer.penalty": "l2", **{OF_0_2[k]: v for k, v in trial["overrides"].items()}}}
            for trial in trials
        ]
    return read_sweep(write_sweep(folder, trials), **options)


def of(penalty: float = 0.0, dropout: float = 0.0, *, norm: bool = False, **columns: Any) -> dict[str, Any]:
    """Return a trial with these settings."""
    return {"overrides": {**PLAIN, LAMBDA: penalty, DROPOUT: dropout, BATCH_NORM: norm}, **columns}


def grid() -> list[dict[str, Any]]:
    """Return every trial of 3 λ × 2 dropout × BatchNorm, each with an accuracy of its own; one of them failed."""
    settings = [(p, d, n) for n in (False, True) for d in (0.0, 0.5) for p in (0.0, 1e-4, 1e-3)]
    trials = [of(p, d, norm=n, accuracy=0.5 + 0.03 * i, loss=2 - 0.1 * i) for i, (p, d, n) in enumerate(settings)]
    trials[10] = of(1e-4, 0.5, norm=True, status="failed", error="it died")
    return trials


def traces(drawing: Drawing) -> list[Any]:
    assert drawing.figure is not None, drawing.missing
    return list(drawing.figure.data)


def named(drawing: Drawing, name: str) -> Any:
    """Return the one trace whose name begins so."""
    found = [trace for trace in traces(drawing) if (trace.name or "").startswith(name)]
    assert len(found) == 1, [trace.name for trace in traces(drawing)]
    return found[0]


def labels_of(drawing: Drawing) -> dict[float, str]:
    """Return what is written above each row, by its place."""
    assert drawing.figure is not None, drawing.missing
    return {each.y: each.text for each in drawing.figure.layout.annotations if each.yref != "paper"}


def dots_of(drawing: Drawing, axis: str = "x") -> list[Any]:
    """Return the traces of trials in the panel with this x axis."""
    return [trace for trace in traces(drawing) if trace.mode == "markers" and (trace.xaxis or "x") == axis]


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


def pairs_of(trace: Any) -> list[tuple[float, float]]:
    """Return y at the left and at the right end of each line."""
    places = list(zip(trace.x, trace.y, strict=True))
    assert all(x is None for x, _ in places[2::3])
    assert {x for x, _ in places[0::3]} == {0}
    assert {x for x, _ in places[1::3]} == {1}
    return [(left[1], right[1]) for left, right in zip(places[0::3], places[1::3], strict=True)]


def panels_of(drawing: Drawing) -> dict[str, dict[str, list[Any]]]:
    """Return the traces of each method's panel, by their names."""
    assert drawing.figure is not None, drawing.missing
    titles = [title.text.partition("<br>")[0] for title in drawing.figure.layout.annotations]
    axes = ["x", *(f"x{number}" for number in range(2, len(titles) + 1))]
    panels: dict[str, dict[str, list[Any]]] = {title: {} for title in titles}
    for trace in drawing.figure.data:
        panels[titles[axes.index(trace.xaxis)]].setdefault(trace.name, []).append(trace)
    return panels


def ys(panel: dict[str, list[Any]], name: str) -> list[float]:
    """Return y of the points of one side, which all stand there."""
    (trace,) = panel[name]
    assert all(abs(x - {"without": 0, "with": 1}[name]) < 0.4 for x in trace.x)
    return sorted(trace.y)


BETTER, OTHERS = "a pair that is better with it", "worse or equal"


def slope_trials() -> list[dict[str, Any]]:
    """Return three pairs, off and on: better, worse and equal; the losses say the opposite. One has no partner."""
    values = {0.0: (0.5, 0.7), 0.3: (0.8, 0.6), 0.5: (0.9, 0.9)}
    trials = [
        of(dropout=d, norm=n, accuracy=values[d][n], loss=values[d][n] * 2) for d in values for n in (True, False)
    ]
    return [*trials, of(dropout=0.7, norm=True, accuracy=0.1)]


@pytest.mark.parametrize("is_of_0_2", [False, True])
@pytest.mark.parametrize(
    ("options", "better", "others", "mean"),
    [
        ({}, [(50, 70)], [(80, 60), (90, 90)], "0.00 points"),
        (LOSS, [(1.6, 1.2)], [(1.0, 1.4), (1.8, 1.8)], "0"),
    ],
)
def test_a_pair_goes_from_without_on_the_left_to_with_on_the_right(
    tmp_path: Path,
    options: dict[str, Any],
    better: list[Any],
    others: list[Any],
    mean: str,
    *,
    is_of_0_2: bool,
) -> None:
    drawing = on_and_off.draw(Evidence(read(tmp_path / "s", slope_trials(), is_of_0_2=is_of_0_2, **options)))
    assert drawing.figure is not None
    panels = panels_of(drawing)
    assert list(panels) == ["dropout", "BatchNorm"]
    axis = drawing.figure.layout.xaxis2
    assert [label.partition(" (")[0] for label in axis.ticktext] == ["without", "with"]
    assert list(axis.tickvals) == [0, 1]
    for name, expected in ((BETTER, better), (OTHERS, others)):
        (trace,) = panels["BatchNorm"][name]
        np.testing.assert_allclose(sorted(pairs_of(trace)), sorted(expected))
    assert drawing.figure.layout.annotations[1].text == f"BatchNorm<br>3 pairs: 1 better, mean {mean}"


def test_on_the_side_with_a_method_its_settings_count_by_their_mean(tmp_path: Path) -> None:
    """Dropout 0.1 and 0.3 against none, without and with BatchNorm."""
    values = {(0.0, False): 0.5, (0.1, False): 0.6, (0.3, False): 0.8, (0.0, True): 0.7, (0.3, True): 0.6}
    trials = [of(dropout=dropout, norm=norm, accuracy=a) for (dropout, norm), a in values.items()]
    panel = panels_of(on_and_off.draw(Evidence(read(tmp_path / "s", trials))))["dropout"]
    ((better,), (others,)) = panel[BETTER], panel[OTHERS]
    np.testing.assert_allclose(pairs_of(better), [(50, 70)])
    np.testing.assert_allclose(pairs_of(others), [(70, 60)])
    np.testing.assert_allclose(ys(panel, "without"), [50, 70])
    np.testing.assert_allclose(ys(panel, "with"), [60, 60, 80])


def test_a_pair_that_lacks_a_parameter_is_a_pair(tmp_path: Path) -> None:
    """As Adam's trials lack the momentum of others."""
    trials = [of(norm=norm, accuracy=a) for norm, a in ((False, 0.5), (True, 0.7))]
    for norm, accuracy in ((False, 0.6), (True, 0.9)):
        with_momentum = of(norm=norm, accuracy=accuracy)
        with_momentum["overrides"]["optimizer.momentum"] = 0.9
        trials.append(with_momentum)
    (better,) = panels_of(on_and_off.draw(Evidence(read(tmp_path / "s", trials))))["BatchNorm"][BETTER]
    np.testing.assert_allclose(sorted(pairs_of(better)), [(50, 70), (60, 90)])


def test_what_is_not_paired_stands_on_its_own_side_with_its_median(tmp_path: Path) -> None:
    off = {0.11: 0.5, 0.12: 0.6, 0.13: 0.8}
    on = {0.21: 0.7, 0.22: 0.9, 0.23: 0.95}
    trials = [
        of(dropout=d, norm=norm, accuracy=a) for norm, side in ((True, on), (False, off)) for d, a in side.items()
    ]
    drawing = on_and_off.draw(Evidence(read(tmp_path / "s", trials)))
    (panel,) = panels_of(drawing).values()
    assert set(panel) == {"without", "with", "median"}
    np.testing.assert_allclose(ys(panel, "without"), [50, 60, 80])
    np.testing.assert_allclose(ys(panel, "with"), [70, 90, 95])
    assert [(np.mean(trace.x), list(trace.y)) for trace in panel["median"]] == [
        (0, [pytest.approx(60)] * 2),
        (1, [pytest.approx(90)] * 2),
    ]
    assert drawing.figure is not None
    assert list(drawing.figure.layout.xaxis.ticktext) == [
        "without (3)<br>median 60.00 %",
        "with (3)<br>median 90.00 %",
    ]


def test_every_method_that_some_trials_used_and_others_did_not_has_a_panel(tmp_path: Path) -> None:
    """Whichever there are: penalties first, those without a setting last. One that all used has none."""
    used: list[dict[str, Any]] = [
        {"mixup": 0.2, "smoothing": 0.1, "flips": True},
        {"l2": 0.1, "smoothing": 0.1},
        {"l1": 0.1, "l2": 0.2, "smoothing": 0.2},
        {"mixup": 0.4, "l2": 0.2, "smoothing": 0.1},
    ]
    trials = [
        {"overrides": {f"regularizer.{name}": value for name, value in methods.items()}, "accuracy": 0.5 + n / 10}
        for n, methods in enumerate(used)
    ]
    trials.append({"overrides": {"regularizer.dropout": 0.1}, "status": "failed"})
    drawing = on_and_off.draw(Evidence(read(tmp_path / "s", trials)))
    panels = panels_of(drawing)
    sides = {title: (ys(panel, "without"), ys(panel, "with")) for title, panel in panels.items()}
    expected = {
        "L1": ([50, 60, 80], [70]),
        "L2": ([50], [60, 70, 80]),
        "mixup": ([60, 70], [50, 80]),
        "mirror images": ([60, 70, 80], [50]),
    }
    assert list(sides) == list(expected)
    for title, (without, with_it) in expected.items():
        np.testing.assert_allclose(sides[title][0], without)
        np.testing.assert_allclose(sides[title][1], with_it)
    assert drawing.data is not None
    table = drawing.data[drawing.data["method"] == "mixup"]
    assert dict(zip(table["number"], table["is_used"], strict=True)) == {0: True, 1: False, 2: False, 3: True}


@pytest.mark.parametrize("own_batch_norm", [True, False])
def test_batch_norm_has_a_panel_where_a_trial_turned_it(tmp_path: Path, *, own_batch_norm: bool) -> None:
    """What the network has where no method says so is off or on, too."""
    trials = [
        {"overrides": {BATCH_NORM: value}, "own_batch_norm": own_batch_norm, "accuracy": 0.5 + n / 10}
        for n, value in enumerate((None, True, False))
    ]
    panel = panels_of(on_and_off.draw(Evidence(read(tmp_path / "s", trials))))["BatchNorm"]
    np.testing.assert_allclose(ys(panel, "without"), [70] if own_batch_norm else [50, 70])
    np.testing.assert_allclose(ys(panel, "with"), [50, 60] if own_batch_norm else [60])
    untouched = [{**trial, "overrides": {"optimizer.lr": n}} for n, trial in enumerate(trials)]
    assert on_and_off.draw(Evidence(read(tmp_path / "t", untouched))).figure is None


def test_a_method_s_strength_is_drawn_where_it_takes_two_values(tmp_path: Path) -> None:
    """A figure for each method that is no penalty; trials without it stand on a tick of their own."""
    values = [(0.1, 0.1), (None, 0.1), (0.2, 0.1), (0.8, 0.1), (None, None), (0.4, 0.1)]
    trials = [
        {"overrides": {"regularizer.mixup": a, "regularizer.smoothing": e, LAMBDA: 0.1}, "accuracy": 0.5 + n / 10}
        for n, (a, e) in enumerate(values[:5])
    ]
    trials.append({"overrides": {"regularizer.mixup": 0.4, LAMBDA: 0.1}, "status": "failed"})
    (drawing,) = strength.draw_others(Evidence(read(tmp_path / "s", trials)))
    assert (drawing.name, drawing.title) == ("accuracy_over_mixup", "Accuracy over mixup")
    assert drawing.figure is not None
    layout = drawing.figure.layout
    assert (layout.xaxis.ticktext, layout.xaxis2.type) == (("none",), "linear")
    assert layout.xaxis2.title.text == "mixup: alpha"
    (none, ring), (used,) = dots_of(drawing), dots_of(drawing, "x2")
    np.testing.assert_allclose(sorted(none.y), [60, 90])
    assert all(-1 < x < 1 for x in none.x)
    np.testing.assert_allclose(sorted(zip(used.x, used.y, strict=True)), [(0.1, 50), (0.2, 70), (0.8, 80)])
    assert (ring.name, list(ring.y)) == ("best: trial 4", [pytest.approx(90)])
    assert "Trials without mixup stand at “none”. Trials differ in other settings, too." in drawing.caption


def test_a_point_over_lambda_stands_at_its_own_place(tmp_path: Path) -> None:
    trials = [
        of(1e-4, 0.11, accuracy=0.5),
        of(0.0, 0.12, accuracy=0.6),
        of(1e-3, 0.13, accuracy=0.7, norm=True),
        of(1e-2, 0.14, accuracy=0.9, norm=True),
        of(0.0, 0.15, accuracy=0.9, norm=True),
        of(0.1, 0.16, accuracy=0.99, status="failed"),
    ]
    drawing = strength.draw(Evidence(read(tmp_path / "s", trials)))
    found = {
        (trace.name, axis): sorted(
            zip(np.round(trace.x, 6) if axis == "x2" else [0] * len(trace.x), trace.y, strict=True)
        )
        for axis in ("x", "x2")
        for trace in dots_of(drawing, axis)
    }
    assert found == {
        ("BatchNorm off", "x"): [(0, pytest.approx(60))],
        ("BatchNorm on", "x"): [(0, pytest.approx(90))],
        ("BatchNorm off", "x2"): [(1e-4, pytest.approx(50))],
        ("BatchNorm on", "x2"): [(1e-3, pytest.approx(70)), (1e-2, pytest.approx(90))],
        ("first of the 2 best: trial 3", "x2"): [(1e-2, pytest.approx(90))],
    }


def test_penalties_are_told_apart_and_trials_with_two_are_counted_and_left_out(tmp_path: Path) -> None:
    penalties: list[dict[str, float]] = [{"l1": 0.1}, {"l1": 0.2}, {"l2": 0.1}, {}, {"l1": 0.1, "l2": 0.1}]
    trials = [
        {"overrides": {f"regularizer.{name}": value for name, value in each.items()}, "accuracy": 0.5 + n / 10}
        for n, each in enumerate(penalties)
    ]
    drawing = strength.draw(Evidence(read(tmp_path / "s", trials)))
    found = {trace.name: list(trace.y) for axis in ("x", "x2") for trace in dots_of(drawing, axis)}
    assert found == {
        "L1": [pytest.approx(50), pytest.approx(60)],
        "L2": [pytest.approx(70)],
        "no penalty": [pytest.approx(80)],
    }
    assert drawing.caption.startswith("Each point is one of 4 complete trials")
    assert drawing.caption.endswith(" 1 complete trial with several penalties, or no λ on record: left out.")


@pytest.mark.parametrize(("rates", "has_line"), [((0.1, 0.2), True), ((0.012345, 0.23456), False)])
def test_means_are_joined_in_a_grid_and_not_where_other_parameters_were_drawn(
    tmp_path: Path, rates: tuple[float, float], has_line: bool
) -> None:
    """A search that draws the learning rate has no two trials at one λ that differ by chance alone."""
    values = [(penalty, rate) for penalty in (1e-3, 1e-2) for rate in rates]
    trials = [
        {
            "overrides": {"regularizer.l2.use": True, "regularizer.l2.lambda": penalty, "optimizer.lr": rate},
            "accuracy": 0.6 + 0.1 * i,
        }
        for i, (penalty, rate) in enumerate(values)
    ]
    drawing = strength.draw(Evidence(read(tmp_path / "s", trials)))
    assert any(trace.mode == "lines" for trace in traces(drawing)) == has_line


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


FAR = {
    "accuracy": ([0.90, 0.89, 0.88, 0.87, 0.86, 0.85, 0.84, 0.83, 0.82, 0.10, 0.05], {}, ("below 82.00 %", "lower")),
    "loss": ([0.40, 0.41, 0.42, 0.43, 0.44, 0.45, 0.46, 0.47, 0.48, 9.00, 9.50], LOSS, ("above 0.48", "upper")),
}
"""Nine scores and two that are far worse, from the best to the worst."""


def far(key: str, folder: Path, order: list[int], sparsities: list[float] | None = None) -> Sweep:
    """Return a sweep of these scores in an order."""
    values, options, _ = FAR[key]
    scores = [values[i] for i in order]
    zeros = sparsities or [0.0] * len(scores)
    column = "loss" if options else "accuracy"
    trials = [
        of(0.001 * (i + 1), 0.01 * i) | {"sparsity": s, column: v}
        for i, (v, s) in enumerate(zip(scores, zeros, strict=True))
    ]
    return read(folder / "s", trials, **options)


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
        f"not joined by its line: trial 9 ({worst[0]}, 95.0% zeros), trial 10 ({worst[1]}, 100.0% zeros)."
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


def test_a_pair_with_an_end_at_the_edge_is_counted_and_not_joined(tmp_path: Path) -> None:
    trials = [
        of(dropout=0.1 + 0.01 * i, accuracy=0.80 + 0.01 * i, norm=norm) for i in range(5) for norm in (False, True)
    ]
    trials[9] = of(dropout=0.1 + 0.01 * 4, norm=True, accuracy=0.1)
    drawing = on_and_off.draw(Evidence(read(tmp_path / "s", trials)))
    assert drawing.figure is not None
    (title,) = [each.text for each in drawing.figure.layout.annotations if each.text.startswith("BatchNorm")]
    assert title == "BatchNorm<br>5 pairs: 0 better, mean −14.80 points", "what is not drawn counts all the same"
    lines = panels_of(drawing)["BatchNorm"]["worse or equal"]
    np.testing.assert_allclose(sorted(pairs_of(lines[0])), [(80, 80), (81, 81), (82, 82), (83, 83)])
    assert " 1 pair with an end beyond the edge counted, but not joined by a line." in drawing.caption


def pooled_grid() -> list[dict[str, Any]]:
    """Return five λ × dropout on three seeds; one configuration collapsed on all."""
    settings = [(penalty, rate) for penalty in (0.0, 1e-4, 1e-3, 1e-2, 0.1) for rate in (0.0, 0.5)]
    trials = []
    for i, (penalty, rate) in enumerate(settings):
        for seed in (0, 1, 2):
            made = of(penalty, rate, accuracy=0.1 if i == 9 else 0.80 + 0.01 * i + 0.001 * seed, seed=seed)
            made["overrides"]["seed"] = seed
            trials.append(made)
    return trials


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


def joined(drawing: Drawing) -> list[list[tuple[float, float]]]:
    """Return the strengths and scores that each line joins, beside a break right of it."""
    axis = "x2" if any(trace.xaxis == "x2" for trace in traces(drawing)) else "x"
    lines = [trace for trace in traces(drawing) if trace.mode == "lines" and trace.xaxis == axis]
    return [[(decade(x), round(y, 6)) for x, y in zip(trace.x, trace.y, strict=True)] for trace in lines]


def decade(x: float) -> float:
    """Return the power of ten that a place stands at, or beside."""
    assert abs(math.log10(x) - round(math.log10(x))) < 0.4
    return 10.0 ** round(math.log10(x))


def test_means_over_lambda_are_joined_within_the_axis_and_where_all_else_agrees(tmp_path: Path) -> None:
    drawing = strength.draw(Evidence(read(tmp_path / "s", pooled_grid())))
    without, with_dropout = joined(drawing)
    assert without == [(1e-4, 82.1), (1e-3, 84.1), (1e-2, 86.1), (0.1, 88.1)]
    assert with_dropout[:3] == [(1e-4, 83.1), (1e-3, 85.1), (1e-2, 87.1)]
    assert math.isnan(with_dropout[3][1]), "the collapsed one"
    strokes = [trace for trace in traces(drawing) if (trace.name or "").startswith("mean, ")]
    assert min(y for trace in strokes for y in trace.y) > 80
    assert " Means beyond the edge are not drawn." in drawing.caption
    assert "Lines join the means that differ in the strength alone." in drawing.caption


T_2, T_1 = 4.302653, 12.706205
"""The 97.5 % quantiles of Student's t with two degrees of freedom and with one."""


def test_a_mean_over_lambda_has_the_interval_of_the_seeds_that_ended(tmp_path: Path) -> None:
    """Of three, of two as one failed, of one alone; no other configuration at the same λ has a part in it."""
    rows = {1e-4: (0.50, 0.52, 0.54), 1e-3: (0.60, 0.62, None), 1e-2: (0.70, None, None)}
    trials = []
    for penalty, values in rows.items():
        for dropout in (0.0, 0.5):
            for seed, value in enumerate(values):
                ended = {"status": "failed"} if value is None else {"accuracy": value + dropout / 5}
                trial = of(penalty, dropout, **ended, seed=seed)
                trials.append({**trial, "overrides": {**trial["overrides"], "seed": seed}})
    drawing = strength.draw(Evidence(read(tmp_path / "s", trials)))
    (strokes,) = [trace for trace in traces(drawing) if (trace.name or "").startswith("mean, ")]
    places = zip(map(decade, strokes.x), np.round(strokes.y, 6), strict=True)
    found = dict(zip(places, strokes.error_y.array, strict=True))
    assert len(set(strokes.x)) == 6, "those of one λ stand beside each other"
    assert "Configurations of one strength stand beside each other." in drawing.caption
    assert set(found) == {(1e-4, 52), (1e-4, 62), (1e-3, 61), (1e-3, 71), (1e-2, 70), (1e-2, 80)}
    for extra in (0, 10):
        assert found[1e-4, 52 + extra] == pytest.approx(T_2 * 2 / math.sqrt(3), rel=1e-5)
        assert found[1e-3, 61 + extra] == pytest.approx(T_1 * math.sqrt(2) / math.sqrt(2), rel=1e-5)
        assert math.isnan(found[1e-2, 70 + extra]), "one seed has no spread"
    points = [trace for trace in dots_of(drawing) if trace.name == "trial"]
    assert sum(len(trace.x) for trace in points) == 12, "every seed that ended"
    assert all(trace.marker.size < 8 for trace in points)
    assert {x for trace in points for x in trace.x} == set(strokes.x), "below and above their mean"
    assert sorted(joined(drawing)) == [[(1e-4, 52), (1e-3, 61), (1e-2, 70)], [(1e-4, 62), (1e-3, 71), (1e-2, 80)]]
    assert "strokes are the means with their 95 % t intervals" in drawing.caption
    data = drawing.data
    assert data is not None
    here = data[data["configuration"] == 0]
    assert list(here["number"]) == [0, 1, 2]
    np.testing.assert_allclose(here["mean"], 0.52)
    np.testing.assert_allclose(here["high"] - here["low"], 0.02 * 2 * T_2 / math.sqrt(3), rtol=1e-5)


def test_of_one_seed_each_no_interval_is_spoken_of(tmp_path: Path) -> None:
    trials = [of(penalty, accuracy=0.5, seed=seed) for penalty, seed in ((1e-4, 0), (1e-3, 1), (1e-2, 0))]
    trials = [{**trial, "overrides": {**trial["overrides"], "seed": trial["seed"]}} for trial in trials]
    drawing = strength.draw(Evidence(read(tmp_path / "s", trials)))
    assert "interval" not in drawing.caption
    assert "beside" not in drawing.caption
    assert [x for x, _ in joined(drawing)[0]] == [1e-4, 1e-3, 1e-2]
    (points,) = [trace for trace in dots_of(drawing) if trace.name == "trial"]
    assert sorted(points.x) == [1e-4, 1e-3, 1e-2], "nothing to set apart"


def test_lines_over_lambda_join_no_other_learning_rate_and_no_other_scope(tmp_path: Path) -> None:
    trials = [
        {
            "overrides": {
                "regularizer.l1": {"lambda": penalty, "scope": scope}, "optimizer.lr": rate, "seed": seed,
            },
            "accuracy": 0.5 + rate + 10 * penalty + (0.2 if scope == "all" else 0) + 0.001 * seed,
            "seed": seed,
        }
        for penalty in (1e-4, 1e-2)
        for scope, rate in (("weights", 0.1), ("weights", 0.05), ("all", 0.1))
        for seed in (0, 1)
    ]  # fmt: skip
    drawing = strength.draw(Evidence(read(tmp_path / "s", trials)))
    assert sorted(joined(drawing)) == [
        [(1e-4, 55.15), (1e-2, 65.05)],
        [(1e-4, 60.15), (1e-2, 70.05)],
        [(1e-4, 80.15), (1e-2, 90.05)],
    ]


def test_lines_over_another_application_s_lambda_join_no_other_dropout(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    for number, (penalty, rate, seed) in enumerate(product((1e-4, 1e-2), (0.1, 0.5), (0, 1))):
        place = folder / str(number) / ".hydra"
        place.mkdir(parents=True)
        typed = [f"model.weight_decay={penalty}", f"model.dropout={rate}", f"seed={seed}"]
        (place / "overrides.yaml").write_text(dumped(typed))
        (place / "config.yaml").write_text(dumped({"model": {"weight_decay": penalty, "dropout": rate}, "seed": seed}))
        (place / "hydra.yaml").write_text(dumped({"hydra": {"job": {"num": number}}}))
        (folder / str(number) / "metrics.json").write_text(json.dumps({"score": 10 * rate + 100 * penalty + seed}))
    sweep = read_sweep(folder, metrics="metrics.json", objective="score")
    assert sorted(joined(strength.draw(Evidence(sweep)))) == [
        [(1e-4, 1.51), (1e-2, 2.5)],
        [(1e-4, 5.51), (1e-2, 6.5)],
    ]


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


def test_a_mark_that_names_a_trial_leads_to_it(tmp_path: Path) -> None:
    """In every figure: of pooled seeds to the first one that it names."""
    plain = [of(p, d, norm=n, accuracy=0.5 + 0.01 * i, history=[0.3, 0.5 + 0.01 * i], ended=10.0 * i)
             for i, (p, d, n) in enumerate((p, d, n) for p in (0.0, 1e-4, 1e-3) for d in (0.0, 0.5)
                                           for n in (False, True))]  # fmt: skip
    plain += [of(1e-3, 0.5, accuracy=0.4, history=[0.4], status="pruned", ended=200.0)]
    named: dict[str, int] = {}
    for place, trials in (("plain", plain), ("pooled", pooled_grid())):
        for drawing in draw_all(Evidence(read(tmp_path / place, trials))):
            for trace in drawing.figure.data if drawing.figure is not None else ():
                shown = trace.hovertext if isinstance(trace.hovertext, list | tuple | np.ndarray) else ()
                for i, words in enumerate(shown):
                    found = re.search(r"\btrials? (\d+)", str(words))
                    if found:
                        assert int(trace.customdata[i]) == int(found[1]), (drawing.name, words)
                        named[drawing.name] = named.get(drawing.name, 0) + 1
    assert {"accuracy_over_lambda", "best_so_far", "methods_on_and_off", "slices", "results_by_epochs", "timeline",
            "configurations"} <= set(named)  # fmt: skip


def test_the_data_of_the_forest_have_each_seed_beside_what_it_is_compared_with(tmp_path: Path) -> None:
    made = Made("dropout", [0.01, None, 0.03, 0.02], own=[0.02, 0.01, None, 0.04])
    found = confirmed(tmp_path / "s", made, Made("L2", [-0.01] * 4))
    drawing = forest.draw(Evidence(read(tmp_path / "t", [of()]), found))
    data = drawing.data
    assert data is not None
    columns = ["name", "against", "seed", "folder", "baseline_folder"]
    rows = [tuple(row) for row in data[columns].itertuples(index=False)]
    seeds, own = "confirmation/seeds/", "confirmation/own_baselines/"
    of_dropout = [row for row in rows if row[0] == "dropout"]
    assert of_dropout == [
        *(("dropout", forest.TUNED, 4 + n, f"{seeds}{3 * n + 1}", f"{seeds}{3 * n}") for n in (0, 2, 3)),
        *(("dropout", forest.OWN, 4 + n, f"{seeds}{3 * n + 1}", f"{own}{n}") for n in (0, 2, 3)),
    ]
    values = {
        (row["name"], row["against"], row["seed"]): [row["value"], row["baseline_value"], row["seed_difference"]]
        for row in data.to_dict("records")
    }
    assert values["dropout", forest.TUNED, 6] == pytest.approx([0.83, 0.8, 3])
    assert values["dropout", forest.OWN, 7] == pytest.approx([0.82, 0.78, 4])
    assert values["dropout", forest.OWN, 6] == pytest.approx([0.83, 0.6, 23]), "it diverged"
    assert values["L2", forest.TUNED, 5] == pytest.approx([0.79, 0.8, -1])
    for (name, against), rows_of in data.groupby(["name", "against"]):
        assert rows_of["difference"].nunique() == 1, (name, against)
        assert rows_of["seed_difference"].mean() == pytest.approx(rows_of["difference"].iloc[0])
    marks = [trace for trace in traces(drawing) if trace.customdata is not None]
    assert [list(trace.customdata) for trace in marks] == [
        list(rows_of["folder"]) for _, rows_of in data.groupby(["name", "against"], sort=False)
    ]
