"""The score over a method's strength: where each trial stands, and which means are joined."""

from __future__ import annotations

import json
import math
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from regsweep.report.figures import Drawing, Evidence, strength
from regsweep.report.sweep import read_sweep
from tests.decisions.handmade import dumped
from tests.decisions.traces import LAMBDA, dots_of, of, pooled_grid, read, traces


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


def test_lines_over_another_method_s_setting_join_means_that_differ_in_it_alone(tmp_path: Path) -> None:
    trials = [
        {**of(penalty, rate, accuracy=0.5 + rate + 100 * penalty + 0.01 * seed), "seed": seed}
        for penalty in (0.0, 1e-3)
        for rate in (0.1, 0.2)
        for seed in (0, 1)
    ]
    trials = [{**trial, "overrides": {**trial["overrides"], "seed": trial["seed"]}} for trial in trials]
    (drawing,) = strength.draw_others(Evidence(read(tmp_path / "s", trials)))
    lines = [trace for trace in traces(drawing) if trace.mode == "lines"]
    assert sorted(list(np.round(line.y, 6)) for line in lines) == [[60.5, 70.5], [70.5, 80.5]]
    for line in lines:
        assert [round(x, 1) for x in line.x] == [0.1, 0.2], "each from the weaker to the stronger"


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


@pytest.mark.parametrize(("low", "high", "step"), [(0.03, 0.6, "D2"), (1.5e-4, 1e-2, "D2"), (1e-5, 1e-2, 1)])
def test_a_log_axis_of_few_decades_has_labels_between_them(
    tmp_path: Path, low: float, high: float, step: str | int
) -> None:
    """Powers of ten alone would be one label or two."""
    drawn = np.geomspace(low, high, 20).tolist()
    drawing = strength.draw(Evidence(read(tmp_path / "s", [of(each, accuracy=0.5 + each / 10) for each in drawn])))
    assert drawing.figure is not None
    assert [axis.dtick for axis in drawing.figure.select_xaxes() if axis.type == "log"] == [step]
