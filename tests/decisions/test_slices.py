"""The score over each searched parameter: every trial in the panel of each parameter that it has, at its own place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regsweep.report.figures import Drawing, Evidence, slices, strength
from regsweep.report.sweep import Sweep, read_sweep
from tests.decisions.handmade import dumped, write_sweep
from tests.decisions.traces import LOSS, traces

RATE, BATCH, MODEL, MOMENTUM = "optimizer.lr", "trainer.batch_size", "model.kind", "optimizer.momentum"


def made(folder: Path, rows: list[dict[str, Any]], *, ranges: dict[str, Any] | None = None, **options: Any) -> Sweep:
    """Return a sweep of these trials: overrides by key, ``accuracy`` and ``status`` apart."""
    apart = ("accuracy", "loss", "status", "seed")
    trials = [
        {"overrides": {k: v for k, v in row.items() if k not in apart[:3]}, **{k: row[k] for k in apart if k in row}}
        for row in rows
    ]
    write_sweep(folder, trials)
    if ranges is not None:
        settings = {"hydra": {"sweeper": {"params": ranges}, "overrides": {"task": []}}}
        settings["hydra"]["callbacks"] = {"regsweep": {"_target_": "regsweep.app.callback.RunCallback"}}
        (folder / "multirun.yaml").write_text(dumped(settings))
    return read_sweep(folder, **options)


def panels(drawing: Drawing) -> dict[str, tuple[Any, list[tuple[float, float]]]]:
    """Return the axis of each panel and the places of its complete trials, by title."""
    assert drawing.figure is not None, drawing.missing
    titles = [title.text for title in drawing.figure.layout.annotations]
    names = ["x", *(f"x{number}" for number in range(2, len(titles) + 1))]
    found = {}
    for title, name in zip(titles, names, strict=True):
        points = [
            place
            for trace in traces(drawing)
            if trace.xaxis == name and trace.name not in ("best", "pruned")
            for place in zip(trace.x, trace.y, strict=True)
        ]
        found[title] = (drawing.figure.layout[name.replace("x", "xaxis")], sorted(points))
    return found


FOUR = [
    {RATE: 0.0123, BATCH: 32, MODEL: "cnn", "accuracy": 0.5, "loss": 3.0},
    {RATE: 0.1234, BATCH: 64, MODEL: "mlp", "accuracy": 0.7, "loss": 1.0},
    {RATE: 0.2345, BATCH: 32, MODEL: "mlp", MOMENTUM: 0.9, "accuracy": 0.6, "loss": 2.0},
    {RATE: 0.3456, BATCH: 128, MODEL: "cnn", MOMENTUM: 0.5, "accuracy": 0.9, "status": "failed"},
    {RATE: 0.0001, BATCH: 32, MODEL: "cnn", MOMENTUM: 0.8, "accuracy": 0.4, "loss": 4.0},
]


@pytest.mark.parametrize(("options", "scores"), [({}, [50, 70, 60, 40]), (LOSS, [3, 1, 2, 4])])
def test_each_trial_stands_at_its_own_place_in_the_panel_of_each_parameter(
    tmp_path: Path, options: dict[str, Any], scores: list[float]
) -> None:
    drawing = slices.draw(Evidence(made(tmp_path / "s", FOUR, **options)))
    found = panels(drawing)
    assert list(found) == ["lr (log scale)", "batch_size", "kind", "momentum"]
    rates, sizes, kinds, momenta = (places for _, places in found.values())
    np.testing.assert_allclose(rates, sorted(zip((0.0123, 0.1234, 0.2345, 0.0001), scores, strict=True)))
    np.testing.assert_allclose(sizes, sorted(zip((32, 64, 32, 32), scores, strict=True)))
    axis, _ = found["kind"]
    assert list(axis.ticktext) == ["cnn", "mlp"]
    sides = sorted((axis.ticktext[round(x)], round(y, 6)) for x, y in kinds)
    assert sides == sorted(zip(("cnn", "mlp", "mlp", "cnn"), scores, strict=True))
    np.testing.assert_allclose(momenta, [(0.8, scores[3]), (0.9, scores[2])], err_msg="the others have none")
    rings = {
        (trace.xaxis, round(trace.x[0], 4), round(trace.y[0], 4)) for trace in traces(drawing) if trace.name == "best"
    }
    assert {(x, y) for x, _, y in rings} == {(x, scores[1]) for x in ("x", "x2", "x3")}, "the best has no momentum"
    assert ("x", 0.1234, scores[1]) in rings
    assert "Only trials that have it stand in the panel of momentum." in drawing.caption
    assert drawing.caption.startswith("Each point is one of 4 complete trials")
    assert drawing.figure is not None
    assert drawing.figure.layout.yaxis.title.text.startswith("validation")


def test_a_point_s_colour_is_its_trial_s_number(tmp_path: Path) -> None:
    drawing = slices.draw(Evidence(made(tmp_path / "s", FOUR)))
    (points,) = [trace for trace in traces(drawing) if trace.name == "lr"]
    of_rate = dict(zip(points.x, points.marker.color, strict=True))
    assert of_rate == {0.0123: 0, 0.1234: 1, 0.2345: 2, 0.0001: 4}


@pytest.mark.parametrize(
    ("values", "ranges", "kind"),
    [
        ([0.0123, 0.1234, 0.4567], {RATE: "tag(log, interval(0.01, 0.5))"}, "log"),
        ([0.0123, 0.1234, 0.4567], {f"+{RATE}": "tag(x, log, interval(0.01, 0.5))"}, "log"),
        ([0.0123, 0.1234, 0.4567], {RATE: "interval(0.01, 0.5)"}, "linear"),
        ([0.0123, 0.1234, 0.4567], {RATE: "interval(0.01, 0.5)", "other": "tag(log, interval(0.01, 0.5))"}, "linear"),
        ([0.01, 0.1, 0.5], {RATE: "tag(x, interval(0.01, 0.5))"}, "linear"),
        ([0.01, 0.1, 0.5], {RATE: "choice(0.01, 0.1, 0.5)"}, "log"),
        ([0.1, 0.2, 0.3], {RATE: "tag(log, interval(0.01, 0.5))"}, "log"),
        ([0.0123, 0.1234, 0.4567], {RATE: {"type": "uniform", "low": 0.01, "high": 0.5}}, "linear"),
        ([0.2123, 0.3234, 0.4567], {RATE: {"type": "loguniform", "low": 0.01, "high": 0.5}}, "log"),
        ([0.2123, 0.3234, 0.4567], {RATE: {"type": "float", "low": 0.01, "high": 0.5, "log": True}}, "log"),
        ([0.0123, 0.1234, 0.4567], {RATE: {"type": "float", "low": 0.01, "high": 0.5, "log": False}}, "linear"),
        ([0.2123, 0.3234, 0.4567], {RATE: {"low": 0.01, "high": 0.5, "tags": ["log"]}}, "log"),
        ([0.0123, 0.1234, 0.4567], {RATE: {"low": 0.01, "high": 0.5}}, "linear"),
        ([0.0123, 0.1234, 0.4567], {RATE: {"type": "categorical", "choices": [0.0123, 0.4567]}}, "log"),
        ([0.0123, 0.1234, 0.4567], None, "log"),
        ([0.0523, 0.1234, 0.4567], None, "linear"),
        ([0.001, 0.01, 0.1], None, "log"),
        ([0.01, 0.02, 0.09], None, "linear"),
        ([0.01, 0.02, 0.1], None, "log"),
        ([0.0, 0.01, 0.1234], {RATE: "tag(log, interval(0.01, 0.5))"}, "linear"),
    ],
)
def test_an_axis_is_a_log_axis_where_the_search_s_was_or_without_a_range_values_span_a_decade(
    tmp_path: Path, values: list[float], ranges: dict[str, Any] | None, kind: str
) -> None:
    rows = [{RATE: value, "accuracy": 0.5 + value} for value in values]
    ((title, (axis, places)),) = panels(slices.draw(Evidence(made(tmp_path / "s", rows, ranges=ranges)))).items()
    assert axis.type == kind
    assert title == ("lr (log scale)" if kind == "log" else "lr")
    np.testing.assert_allclose([x for x, _ in places], values)
    low, high = (10**end if kind == "log" else end for end in axis.range)
    assert low < min(values) < max(values) < high


def test_in_a_comparison_each_search_says_how_its_values_were_drawn(tmp_path: Path) -> None:
    key = "regularizer.dropout.p"
    rows: dict[str, list[dict[str, Any]]] = {
        "none": [{RATE: 0.1, "accuracy": 0.5}, {RATE: 0.2, "accuracy": 0.6}],
        "dropout": [{RATE: 0.1, key: 0.03, "accuracy": 0.7}, {RATE: 0.2, key: 0.6, "accuracy": 0.8}],
    }
    for name, trials in rows.items():
        made(
            tmp_path / "c" / "searches" / name, trials, ranges={key: "interval(0.01, 0.8)"} if key in trials[0] else {}
        )
    (tmp_path / "c" / "comparison.json").write_text(json.dumps({"contestants": [*rows], "num_trials": 2}))
    assert "dropout.p" in panels(slices.draw(Evidence(read_sweep(tmp_path / "c"))))


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("interval(0.01, 0.5)", "linear"),
        ("interval(start=0.01, end=0.5)", "linear"),
        ("tag(log, interval(0.01, 0.5))", "log"),
        ("tag(log, interval(start=0.01, end=0.5))", "log"),
    ],
)
@pytest.mark.parametrize("configured", [None, "interval(0.01, 0.5)", "tag(log, interval(0.01, 0.5))"])
def test_a_range_that_was_typed_counts_and_not_the_configuration_s(
    tmp_path: Path, typed: str, kind: str, configured: str | None
) -> None:
    values = [0.2123, 0.3234, 0.4567] if kind == "log" else [0.0123, 0.1234, 0.4567]
    sweep = made(tmp_path / "s", [{RATE: value, "accuracy": 0.5 + value} for value in values])
    settings: dict[str, Any] = {"sweeper": {"params": {} if configured is None else {RATE: configured}}}
    settings["overrides"] = {"task": ["sweep=tpe", f"+{RATE}={typed}"]}
    (tmp_path / "s" / "multirun.yaml").write_text(dumped({"hydra": settings}))
    ((_, (axis, _)),) = panels(slices.draw(Evidence(sweep))).items()
    assert axis.type == kind


def test_switches_are_ticks_and_come_last(tmp_path: Path) -> None:
    rows = [{"flag": i % 2 == 0, "size": i, "accuracy": 0.5 + 0.1 * i} for i in range(3)]
    found = panels(slices.draw(Evidence(made(tmp_path / "s", rows))))
    assert list(found) == ["size", "flag"]
    axis, places = found["flag"]
    assert list(axis.ticktext) == ["false", "true"]
    assert sorted((round(x), round(y)) for x, y in places) == [(0, 60), (1, 50), (1, 70)]


def test_where_a_seed_was_swept_a_point_is_the_mean_of_a_configuration(tmp_path: Path) -> None:
    rows = [{RATE: rate, "seed": seed, "accuracy": 0.5 + rate + 0.1 * seed} for rate in (0.1, 0.2) for seed in (0, 1)]
    drawing = slices.draw(Evidence(made(tmp_path / "s", rows)))
    ((title, (_, places)),) = panels(drawing).items()
    assert title == "lr", "the seed is no parameter"
    np.testing.assert_allclose(places, [(0.1, 65), (0.2, 75)])
    assert drawing.caption.startswith("Each point is one of 2 configurations at the mean of its seeds")


@pytest.mark.parametrize(
    ("number", "said"),
    [(14, "2 more parameters (k12, k13) in"), (19, "7 more parameters (k12, k13, k14, k15, k16, 2 more) in")],
)
def test_of_many_parameters_twelve_are_drawn_and_all_are_in_the_table(tmp_path: Path, number: int, said: str) -> None:
    rows: list[dict[str, Any]] = [
        {f"p.k{key:02}": key + i for key in range(number)} | {"accuracy": 0.5 + 0.1 * i} for i in range(3)
    ]
    drawing = slices.draw(Evidence(made(tmp_path / "s", rows)))
    assert len(panels(drawing)) == 12
    assert f"{said} figures/slices.csv, which regsweep report --format svg" in drawing.caption
    assert drawing.data is not None
    assert {"p.k12", "p.k13"} <= set(drawing.data)


def test_where_all_were_pruned_their_crosses_stand_alone(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{RATE: 0.1 * n, "accuracy": 0.5 + n / 10, "status": "pruned"} for n in (1, 2)]
    drawing = slices.draw(Evidence(made(tmp_path / "s", rows)))
    (crosses,) = traces(drawing)
    np.testing.assert_allclose(sorted(zip(crosses.x, crosses.y, strict=True)), [(0.1, 60), (0.2, 70)])
    assert "ring" not in drawing.caption


def test_one_value_is_no_slice(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {RATE: 0.1, "accuracy": 0.5},
        {RATE: 0.1, "accuracy": 0.6},
        {RATE: 0.2, "status": "failed"},
    ]
    drawing = slices.draw(Evidence(made(tmp_path / "s", rows)))
    assert drawing.missing == "no parameter takes two values among the complete trials"


@pytest.mark.parametrize("name", ["regularizer.dropout", "regularizer.dropout.p"])
@pytest.mark.parametrize(
    ("ranges", "kind"),
    [
        (None, "log"),
        ("interval(0.01, 0.5)", "linear"),
        ("tag(log, interval(0.01, 0.5))", "log"),
        ("0.0123,0.1234,0.4567", "log"),
    ],
)
def test_slices_and_strengths_stand_on_one_kind_of_axis(
    tmp_path: Path, name: str, ranges: str | None, kind: str
) -> None:
    """As the search's range has it, or by what the values span; the settings of the first trial do where need be."""
    rows: list[dict[str, Any]] = [{name: value, "accuracy": 0.5 + value} for value in (0.0123, 0.1234, 0.4567)]
    if name == "regularizer.dropout.p":
        rows = [{"regularizer.dropout.use": True, **row} for row in rows]
    sweep = made(tmp_path / "s", rows, ranges={name: ranges} if ranges else None)
    if ranges is None:
        (tmp_path / "s" / "multirun.yaml").unlink()
    elif ranges.startswith("0"):
        lost = {"hydra": {"sweeper": {"params": {}}, "overrides": {"task": [f"{name}={ranges}"]}}}
        (tmp_path / "s" / "multirun.yaml").write_text(dumped(lost))
    (over,) = strength.draw_others(Evidence(sweep))
    assert over.figure is not None
    assert over.figure.layout.xaxis.type == kind
    ((_, (axis, _)),) = panels(slices.draw(Evidence(sweep))).items()
    assert axis.type == kind


@pytest.mark.parametrize(
    ("values", "ranges", "kind"),
    [
        ((0.0, 1e-4, 2e-3), None, "log"),
        ((0.0, 0.2, 0.3), None, "linear"),
        ((0.0, 0.001234, 0.1234), "interval(0, 0.2)", "linear"),
        ((0.0, 0.1234, 0.2345), "tag(log, interval(0.01, 0.5))", "log"),
    ],
)
def test_lambda_follows_the_same_rule_and_its_caption_too(
    tmp_path: Path, values: tuple[float, ...], ranges: str | None, kind: str
) -> None:
    key = "regularizer.l2"
    rows: list[dict[str, Any]] = [{key: value, "accuracy": 0.5 + value} for value in values]
    sweep = made(tmp_path / "s", rows, ranges={key: ranges} if ranges else None)
    drawing = strength.draw(Evidence(sweep))
    assert drawing.figure is not None
    axis = drawing.figure.layout.xaxis2
    assert axis.type == kind
    assert axis.title.text == ("λ (log scale)" if kind == "log" else "λ")
    assert ("a log axis has no place for 0" in drawing.caption) is (kind == "log")
    assert "Trials without a penalty stand at “none”" in drawing.caption
