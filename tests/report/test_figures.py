"""Each figure shows what its records say, or says why it cannot."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from regsweep.report.confirmation import Confirmation
from regsweep.report.export import TITLE_HEIGHT, for_paper
from regsweep.report.figures import (
    Drawing,
    Evidence,
    compare_sweeps,
    curves,
    draw_all,
    forest,
    front,
    heatmap,
    on_and_off,
    progress,
    strength,
    weights,
)
from regsweep.report.figures.points import MOST_POINTS
from regsweep.report.regularization import Regularization
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.run_record import UsedMethod
from tests.decisions.confirmations import Made, confirmed
from tests.decisions.handmade import nested, regularization

PENALTY, LAMBDA, DROPOUT = "regularizer.l1.use", "regularizer.l1.lambda", "regularizer.dropout"
BATCH_NORM = "regularizer.batch_norm"
HOSTILE = "<img src=x onerror=alert(1)>%{x}</script><b>"
WITHOUT_HISTORY = (
    "no history.csv of the best, or of the best without regularization, with the accuracies of two or more epochs"
)


def make_sweep(folder: Path, swept: dict[str, Any], **columns: Any) -> Sweep:
    """Return a sweep with these columns; all trials are complete, one second apart, unless `columns` says otherwise.

    It is this project's own, with methods on record, where a key says so.
    """
    number = max(len(values) for values in {**swept, **columns}.values() if isinstance(values, list | np.ndarray))
    given = {
        "number": range(number),
        "folder": [str(i) for i in range(number)],
        "status": "complete",
        "validation_accuracy": np.linspace(0.5, 0.9, number),
        "sparsity": 0.0,
        "total_seconds": 1.0,
        "seed": 0,
        "error": None,
        "duplicate_of": np.nan,
        "ended": 1e9 + np.arange(number),
    }
    trials = pd.DataFrame({**given, **swept, **columns})
    own = [key for key in swept if key.startswith("regularizer.")]
    rows = [{str(key): value for key, value in row.items()} for row in trials[own].astype(object).to_dict("records")]
    methods = {n: regularization(nested(row).get("regularizer", {})) for n, row in enumerate(rows)} if own else {}
    return Sweep(folder, trials, list(swept), is_own=bool(own) or not swept, regularization=methods)


def search(folder: Path, number: int = 60, **columns: Any) -> Sweep:
    """Return a sweep with drawn values; λ is missing where there is no penalty."""
    rng = np.random.default_rng(0)
    is_none = rng.random(number) < 0.3
    swept = {
        PENALTY: ~is_none,
        LAMBDA: np.where(is_none, np.nan, 10 ** rng.uniform(-6, -2, number)),
        DROPOUT: rng.uniform(0, 0.8, number),
        BATCH_NORM: rng.random(number) < 0.5,
    }
    accuracy = 0.8 + 0.1 * rng.random(number) * (1 - swept[DROPOUT])
    return make_sweep(folder, swept, **{"validation_accuracy": accuracy, **columns})


def grid(folder: Path, **columns: Any) -> Sweep:
    """Return a grid of 3 λ (one of them 0) × 2 dropout × BatchNorm × 2 seeds."""
    rows = [
        (penalty, dropout, switch, seed)
        for penalty in (0.0, 1e-4, 1e-3)
        for dropout in (0.0, 0.5)
        for switch in (False, True)
        for seed in (0, 1)
    ]
    table = pd.DataFrame(rows, columns=[LAMBDA, DROPOUT, BATCH_NORM, "seed"])
    accuracy = 0.8 + 0.05 * table[BATCH_NORM] + 0.01 * table["seed"] - 0.02 * table[DROPOUT] - 10 * table[LAMBDA]
    swept = {name: table[name].to_numpy() for name in (LAMBDA, DROPOUT, BATCH_NORM, "seed")}
    return make_sweep(folder, swept, **{"validation_accuracy": accuracy.to_numpy(), **columns})


def confirmation(folder: Path, *, is_sequential: bool = False) -> Confirmation:
    """Return three configurations on eight seeds: the second one is clearly the best."""
    rng = np.random.default_rng(1)
    gains = [list(rng.normal(mean, 0.002, 8)) for mean in (0.0, 0.01, -0.004)]
    made = [Made("dull", gains[0]), Made(HOSTILE, gains[1], gains[1][::-1]), Made("bad", gains[2])]
    return confirmed(folder / "confirmed", *made, is_sequential=is_sequential)


def write_trial(folder: Path, layers: dict[str, Any], number: int = 0) -> None:
    path = folder / str(number)
    path.mkdir()
    history = "epoch,train_accuracy,validation_accuracy\n1,0.5,0.4\n2,0.9,0.6\n"
    (path / "history.csv").write_text(history, encoding="utf-8")
    (path / "result.json").write_text(json.dumps({"histogram": layers}), encoding="utf-8")


def markers(drawing: Drawing) -> list[Any]:
    """Return the traces of single points that stand for trials: those that say something when pointed at."""
    assert drawing.figure is not None
    return [trace for trace in drawing.figure.data if trace.mode == "markers" and trace.hovertext is not None]


def points(drawing: Drawing) -> int:
    return sum(len(trace.x) for trace in markers(drawing))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


def test_the_forest_has_every_seed_and_the_best_on_top(tmp_path: Path) -> None:
    found = confirmation(tmp_path)
    drawing = forest.draw(Evidence(None, found))  # type: ignore[arg-type]
    assert drawing.figure is not None
    assert drawing.data is not None
    comparisons = drawing.data.drop_duplicates(["name", "against"])
    assert list(comparisons["name"]) == [HOSTILE, HOSTILE, "dull", "bad"]
    best, own = found.candidates[1].against_tuned, found.candidates[1].against_own
    assert own is not None
    seeds = [trace for trace in drawing.figure.data if trace.mode == "markers" and len(trace.x) == 8]
    expected = [best, own, found.candidates[0].against_tuned, found.candidates[2].against_tuned]
    for trace, against in zip(seeds, expected, strict=True):
        np.testing.assert_allclose(trace.x, 100 * against.differences)
    means = [trace for trace in drawing.figure.data if trace.mode == "markers" and len(trace.x) == 1]
    for trace, against in zip(means, expected, strict=True):
        assert against.comparison is not None
        assert trace.x[0] == pytest.approx(100 * against.comparison.mean)
    heights = [trace.y[0] for trace in means]
    assert heights == pytest.approx([0, -0.42, -1, -1.58]), "each below the better one; a second baseline takes room"
    # Filled where a claim is made: against both, and only of the one whose second baseline was trained.
    assert [trace.marker.symbol for trace in means] == ["diamond", "square", "diamond-open", "diamond-open"]
    claimed = [a.text for a in drawing.figure.layout.annotations if "p = " in a.text]
    assert len(claimed) == 1, "p stands beside the comparison that the claim rests on"
    assert f"p = {found.candidates[1].claim.adjusted_p_value:.3f}" in claimed[0]
    assert any(shape.x0 == 0 == shape.x1 for shape in drawing.figure.layout.shapes)


def test_a_forest_of_several_looks_shows_anytime_intervals_and_no_p_value(tmp_path: Path) -> None:
    found = confirmation(tmp_path, is_sequential=True)
    drawing = forest.draw(Evidence(None, found))  # type: ignore[arg-type]
    assert drawing.figure is not None
    assert drawing.data is not None
    comparison = found.candidates[1].against_tuned.comparison
    assert comparison is not None
    assert drawing.data["low"].iloc[0] == pytest.approx(100 * comparison.interval.low)
    assert not any("p = " in annotation.text for annotation in drawing.figure.layout.annotations)


def test_accuracy_over_lambda_has_every_complete_trial_once(tmp_path: Path) -> None:
    status = ["complete"] * 55 + ["failed", "pruned", "diverged", "interrupted", "unreadable"]
    sweep = search(tmp_path, status=status)
    drawing = strength.draw(Evidence(sweep))
    assert drawing.figure is not None
    drawn = [trace for trace in markers(drawing) if trace.name != "pruned"]
    assert sum(len(trace.x) for trace in drawn) == 55
    assert points(drawing) == 56, "and the one that was pruned"
    complete = sweep.trials[:55]
    none = [trace for trace in drawn if trace.xaxis == "x"]
    assert sum(len(trace.x) for trace in none) == (~complete[PENALTY].astype(bool)).sum()
    assert drawing.figure.layout.xaxis.ticktext == ("none",)
    strengths = np.sort(np.concatenate([trace.x for trace in drawn if trace.xaxis == "x2"]))
    np.testing.assert_allclose(strengths, np.sort(complete[LAMBDA][complete[LAMBDA] > 0]))
    assert drawing.figure.layout.xaxis2.type == "log"
    ring = next(trace for trace in drawing.figure.data if trace.name.startswith("best"))
    best = sweep.best()
    assert best is not None
    assert ring.y[0] == pytest.approx(100 * best.mean)
    symbols = {trace.name: set(trace.marker.symbol) for trace in markers(drawing)}
    assert symbols["BatchNorm off"] != symbols["BatchNorm on"]  # not by colour alone


def test_accuracy_over_lambda_joins_the_means_of_a_grid(tmp_path: Path) -> None:
    sweep = grid(tmp_path)
    drawing = strength.draw(Evidence(sweep))
    assert drawing.figure is not None
    lines = [t for t in drawing.figure.data if t.mode == "lines" and t.xaxis == "x2" and "on" in t.legendgroup]
    on = sweep.trials[sweep.trials[BATCH_NORM] & (sweep.trials[LAMBDA] > 0)]
    for line, (_, of_dropout) in zip(lines, on.groupby(DROPOUT), strict=True):
        np.testing.assert_allclose(line.y, 100 * of_dropout.groupby(LAMBDA)["validation_accuracy"].mean())
    assert list(drawing.figure.layout.xaxis2.ticktext) == ["1e-4", "0.001"]


def test_accuracy_over_lambda_needs_no_tick_where_all_trials_have_a_penalty(tmp_path: Path) -> None:
    drawing = strength.draw(Evidence(make_sweep(tmp_path, {"optim.weight_decay": [1e-5, 1e-4, 3e-3]})))
    assert drawing.figure is not None
    assert points(drawing) == 3
    assert [axis.title.text for axis in drawing.figure.select_xaxes()] == ["weight_decay (log scale)"]


def test_bad_trials_stand_at_the_edge_and_are_counted(tmp_path: Path) -> None:
    sweep = search(tmp_path)
    sweep.trials.loc[:2, "validation_accuracy"] = 0.1
    for draw in (strength.draw, on_and_off.draw, progress.draw):
        drawing = draw(Evidence(sweep))
        low = [
            y for trace in markers(drawing) for y, s in zip(trace.y, trace.marker.symbol, strict=True) if "open" in s
        ]
        assert len(low) in (3, 6)  # in one panel or in two
        assert min(low) > 50
        assert "3 trials below" in drawing.caption


def test_the_map_leaves_missing_cells_visible(tmp_path: Path) -> None:
    whole = grid(tmp_path)
    gone = (whole.trials[LAMBDA] == 1e-3) & (whole.trials[DROPOUT] == 0.5) & whole.trials[BATCH_NORM]
    whole.trials.loc[gone, "status"] = "failed"
    drawing = heatmap.draw(Evidence(whole))
    assert drawing.figure is not None
    assert drawing.data is not None
    assert len(drawing.data) == 12
    empty = drawing.data[drawing.data["num_configurations"] == 0]
    assert empty[["batch_norm", "lambda", "dropout"]].values.tolist() == [["on", "0.001", "0.5"]]
    frames = drawing.figure.layout.shapes
    assert len(frames) == 1
    assert frames[0].line.dash == "dot"
    assert "A dotted frame: 1 cell without a complete trial." in drawing.caption
    assert [title.text for title in drawing.figure.layout.annotations] == ["BatchNorm off", "BatchNorm on"]
    assert list(drawing.data["lambda"][:3]) == ["none", "1e-4", "0.001"]
    off = drawing.data.iloc[0]
    assert off["mean"] == pytest.approx(80.5)
    assert off["num_configurations"] == 1, "two seeds of one configuration"


def test_the_map_of_a_search_is_binned_and_counts_every_trial(tmp_path: Path) -> None:
    sweep = search(tmp_path)
    drawing = heatmap.draw(Evidence(sweep))
    assert drawing.figure is not None
    assert drawing.data is not None
    assert drawing.data["num_trials"].sum() == 60
    assert len(drawing.figure.layout.shapes) == (drawing.data["num_trials"] == 0).sum() > 0
    trials = sweep.trials
    inside = trials[
        trials[LAMBDA].between(1e-4, 1e-3) & trials[DROPOUT].between(0.2, 0.4) & ~trials[BATCH_NORM].astype(bool)
    ]
    cell = drawing.data.query("batch_norm == 'off' and `lambda` == '1e-4 to 0.001' and dropout == '0.2 to 0.4'")
    assert cell["num_trials"].item() == len(inside) > 0
    assert cell["mean"].item() == pytest.approx(100 * inside["validation_accuracy"].mean())


def test_pairs_agree_in_all_else(tmp_path: Path) -> None:
    drawing = on_and_off.draw(Evidence(grid(tmp_path)))
    assert drawing.figure is not None
    assert drawing.data is not None
    titles = [title.text.split("<br>") for title in drawing.figure.layout.annotations]
    # A λ of 0 is none, and 1e-4 and 1e-3 on the other side count by their mean: −0.55 points; dropout 0.5: −1 point.
    assert titles == [
        ["L1", "4 pairs: 0 better, mean −0.55 points"],
        ["dropout", "6 pairs: 0 better, mean −1.00 points"],
        ["BatchNorm", "6 pairs: 6 better, mean +5.00 points"],
    ]
    switch = drawing.data[drawing.data["method"] == "BatchNorm"]
    means = switch.groupby(["pair", "is_used"])["validation_accuracy"].mean().unstack()
    np.testing.assert_allclose(means[True] - means[False], 0.05)
    assert "agree in everything but the method" in drawing.caption
    assert "differ in other settings" not in drawing.caption, "each setting of all else is on both sides"


def test_pairs_of_a_search_are_not_made_up(tmp_path: Path) -> None:
    drawing = on_and_off.draw(Evidence(search(tmp_path)))
    assert drawing.figure is not None
    assert [title.text for title in drawing.figure.layout.annotations] == ["L1", "BatchNorm"], "all have dropout"
    assert points(drawing) == 2 * 60
    assert not [trace for trace in drawing.figure.data if "pair" in trace.name]


@pytest.mark.parametrize(
    ("low", "high", "kind"), [(0.051, 0.5, "linear"), (0.05, 0.5, "log"), (1e-3, 5.0, "log"), (0.0, 5.0, "linear")]
)
def test_strengths_that_span_a_decade_stand_on_a_log_axis(tmp_path: Path, low: float, high: float, kind: str) -> None:
    used = [UsedMethod("m", "m", {"use": True, "x": value}, "x") for value in (low, 0.3, high)]
    sweep = make_sweep(tmp_path, {"regularizer.m.x": [low, 0.3, high, np.nan]})
    methods = {n: Regularization({"m": method}) for n, method in enumerate(used)} | {3: Regularization()}
    (drawing,) = strength.draw_others(Evidence(replace(sweep, regularization=methods)))
    assert drawing.figure is not None
    assert drawing.figure.layout.xaxis2.type == kind
    assert drawing.figure.layout.xaxis2.title.text == f"m: x{' (log scale)' if kind == 'log' else ''}"


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.9, 0.97, 0.99, 0.997, 0.999], ["0.9", "0.97", "0.99", "", "0.999"]),
        ([0.9, 0.95, 1.0], ["0.9", "0.95", "1"]),
        ([0.01, 0.1, 0.11, 1.0], ["0.01", "", "0.11", "1"]),
    ],
)
def test_listed_strengths_are_ticks_and_their_labels_do_not_overlap(
    tmp_path: Path, values: list[float], shown: list[str]
) -> None:
    sweep = make_sweep(tmp_path, {"regularizer.m.x": values})
    used = {n: Regularization({"m": UsedMethod("m", "m", {"x": value}, "x")}) for n, value in enumerate(values)}
    (drawing,) = strength.draw_others(Evidence(replace(sweep, regularization=used)))
    assert drawing.figure is not None
    assert list(drawing.figure.layout.xaxis.tickvals) == values
    assert list(drawing.figure.layout.xaxis.ticktext) == shown


@pytest.mark.parametrize("settings", [{}, {"x": None}, {"x": True}, {"x": "0.1"}])
def test_a_record_without_the_number_of_a_main_setting_is_drawn_where_none_is_needed(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    sweep = make_sweep(tmp_path, {"regularizer.m": [0.1, 0.2, 0.3, 0.4]})
    used = [{}, {"x": 0.1}, {"x": 0.2}, settings]
    for is_penalty, name in ((True, "m"), (False, "m"), (False, "dropout")):
        methods = {
            n: Regularization({name: UsedMethod("m", "m", each, "x", is_penalty=is_penalty)} if n else {})
            for n, each in enumerate(used)
        }
        drawings = {d.name: d for d in draw_all(Evidence(replace(sweep, regularization=methods)))}
        assert points(drawings["methods_on_and_off"]) == 4
        assert points(drawings["accuracy_over_lambda" if is_penalty else f"accuracy_over_{name}"]) == 3


@pytest.mark.parametrize("maximize", [True, False])
def test_the_best_so_far_is_the_running_best(tmp_path: Path, *, maximize: bool) -> None:
    rng = np.random.default_rng(2)
    made = make_sweep(tmp_path, {"a": rng.random(20)}, loss=rng.random(20), ended=1e9 + rng.permutation(20))
    sweep = Sweep(tmp_path, made.trials, made.swept, "loss", maximize)
    drawing = progress.draw(Evidence(sweep))
    assert drawing.figure is not None
    assert drawing.data is not None
    assert points(drawing) == 40  # in two panels
    choose = max if maximize else min
    for row in drawing.data.itertuples():
        earlier = drawing.data["elapsed_seconds"] <= row.elapsed_seconds
        assert row.best_by_seconds == choose(drawing.data["loss"][earlier])
        assert row.best_by_number == choose(drawing.data["loss"][drawing.data["number"] <= row.number])
    assert drawing.data["elapsed_seconds"].min() == 1  # since the first trial began


def test_learning_curves_show_both_trials_and_their_gap(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path, {LAMBDA: [0.0, 1e-3], DROPOUT: [0.0, 0.5]})
    for number in (0, 1):
        write_trial(tmp_path, {}, number)
    drawing = curves.draw(Evidence(sweep))
    assert drawing.figure is not None
    assert [list(trace.y) for trace in drawing.figure.data] == [[50, 90], [40, 60]] * 2
    titles = [title.text for title in drawing.figure.layout.annotations]
    assert titles[0].startswith("best: trial 1")
    assert titles[1].startswith("without regularization: trial 0")
    assert "gap in the end 30.0 points" in titles[0]
    (tmp_path / "1" / "history.csv").write_text("epoch,train_acc", encoding="utf-8")
    (tmp_path / "0" / "history.csv").unlink()
    assert curves.draw(Evidence(sweep)).missing == WITHOUT_HISTORY


def test_exact_zeros_are_a_bar_of_their_own(tmp_path: Path) -> None:
    layers = {
        "first": {"low": -1.0, "high": 1.0, "counts": [1, 2, 3, 4], "zeros": 30},
        "second": {"low": -2.0, "high": 2.0, "counts": [5, 0, 0, 5], "zeros": 0},
        "damaged": {"low": -1.0, "high": 1.0, "counts": "many", "zeros": 0},
    }
    sweep = make_sweep(tmp_path, {LAMBDA: [1e-3]}, sparsity=[0.6])
    write_trial(tmp_path, layers)
    drawing = weights.draw_histogram(Evidence(sweep))
    assert drawing.figure is not None
    assert drawing.data is not None
    zeros = [trace for trace in drawing.figure.data if trace.name == "exact zeros"]
    assert [(list(trace.x), list(trace.y)) for trace in zeros] == [([0], [30])]
    assert drawing.data["count"].sum() == 40 + 10
    assert drawing.figure.layout.yaxis.type == "log"
    drawing = weights.draw_zeros(Evidence(sweep))
    assert drawing.data is not None
    assert drawing.data[["layer", "weights", "share"]].values.tolist() == [["first", 40, 0.75], ["second", 10, 0.0]]
    assert drawing.data["near_zero"].isna().all(), "not on record"


def test_weights_near_zero_stand_beside_exact_zeros(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path, {LAMBDA: [1e-3]}, sparsity=[0.6])
    write_trial(tmp_path, {"first": {"low": -1.0, "high": 1.0, "counts": [1, 2, 3, 4], "zeros": 30}})
    result = tmp_path / "0" / "result.json"
    near = {"near_zero": {"overall": 0.9, "layers": {"first": 0.9}}}
    result.write_text(json.dumps({**json.loads(result.read_text(encoding="utf-8")), **near}), encoding="utf-8")
    drawing = weights.draw_zeros(Evidence(sweep))
    assert drawing.figure is not None
    assert [(trace.name, list(trace.x)) for trace in drawing.figure.data] == [
        ("within ±0.001 of zero", [90]),
        ("exactly zero", [75]),
    ]
    assert "momentum, learning rate and epochs" in drawing.caption
    histogram = weights.draw_histogram(Evidence(sweep))
    assert histogram.figure is not None
    assert histogram.figure.layout.annotations[0].text == "first<br>75.0 % exact zeros, 90.0 % within ±0.001"


def test_the_front_is_what_brute_force_finds(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        sparsity, accuracy = rng.integers(0, 6, 30) / 5, rng.integers(0, 8, 30) / 8
        beaten = [
            any(
                s >= sparsity[i] and a >= accuracy[i] and (s > sparsity[i] or a > accuracy[i])
                for s, a in zip(sparsity, accuracy, strict=True)
            )
            for i in range(30)
        ]
        assert front.front(sparsity, accuracy).tolist() == np.logical_not(beaten).tolist()
    drawing = front.draw(Evidence(make_sweep(tmp_path, {LAMBDA: [0, 1e-4, 1e-3]}, sparsity=[0.0, 0.5, 0.2])))
    assert drawing.data is not None
    assert drawing.data["on_front"].tolist() == [False, True, True]


@pytest.mark.full
def test_thousands_of_trials_are_thinned_and_the_caption_says_so(tmp_path: Path) -> None:
    sweep = search(tmp_path, 10_000, sparsity=np.linspace(0, 1, 10_000))
    drawings = {drawing.name: drawing for drawing in draw_all(Evidence(sweep))}
    panels_of = {"accuracy_over_lambda": 1, "accuracy_over_dropout": 1, "methods_on_and_off": 2}
    panels_of |= {"best_so_far": 2, "accuracy_sparsity_front": 1}
    for name, panels in panels_of.items():
        drawing = drawings[name]
        assert drawing.data is not None
        assert len(drawing.data) == 10_000 * (panels if name == "methods_on_and_off" else 1)  # the table has all
        assert 0.9 * MOST_POINTS <= points(drawing) / panels <= 1.1 * MOST_POINTS
        assert re.search(r"3,0\d\d of [\d,]+ points are drawn", drawing.caption)
    size = sum(len(drawing.figure.to_json()) for drawing in drawings.values() if drawing.figure is not None)
    assert size < 8e6


@pytest.mark.parametrize("is_own", [True, False])
def test_what_comes_from_configurations_and_records_stays_text(tmp_path: Path, *, is_own: bool) -> None:
    swept = {
        HOSTILE: [HOSTILE, "b"] * 12,
        "lambda": np.repeat([0, 1e-4, 1e-3], 8),
        "penalty": np.repeat(["none", HOSTILE, "l1"], 8),
        "dropout": [0.0, 0.5] * 12,
        "batch_norm": [True, True, False, False] * 6,
    }
    folder = tmp_path / HOSTILE.replace("/", "")
    folder.mkdir()
    sweep = replace(make_sweep(folder, swept, sparsity=0.5), is_own=is_own)
    if is_own:
        for number in range(1, 24):
            used = UsedMethod(HOSTILE, HOSTILE, {HOSTILE: number / 10}, HOSTILE, is_penalty=number % 2 == 0)
            sweep.regularization[number] = Regularization({HOSTILE: used})
        sweep.regularization[0] = Regularization()
    write_trial(folder, {HOSTILE: {"low": -1.0, "high": 1.0, "counts": [1, 2], "zeros": 3}}, 23)
    evidence = Evidence(sweep, confirmation(tmp_path))
    drawings = [*draw_all(evidence), *compare_sweeps([evidence, evidence])]
    assert all(re.fullmatch(r"\w+", drawing.name) for drawing in drawings), "a file's name"
    for drawing in drawings:
        if drawing.figure is None:
            continue
        plotted = drawing.figure.to_plotly_json()
        plotted["layout"].pop("meta", None)  # what the page's script reads; none of it is drawn
        for text in strings(plotted):
            assert "<img" not in text
            assert "</script" not in text
        templates = [t for trace in drawing.figure.data if (t := trace.hovertemplate)]
        assert not any("%{x}<" in t and "img" in t for t in templates)
    found = {drawing.name: drawing for drawing in drawings}
    assert any("&lt;img" in text for text in _all_text(found["methods_on_and_off"]))
    if is_own:
        assert any("&lt;img" in text for text in _all_text(found["accuracy_over_lambda"]))


def _all_text(drawing: Drawing) -> list[str]:
    return [] if drawing.figure is None else list(strings(json.loads(drawing.figure.to_json())))


def one_failed(folder: Path) -> Sweep:
    return search(folder, 1, status="failed", validation_accuracy=np.nan)


def all_failed(folder: Path) -> Sweep:
    return search(folder, status="failed", validation_accuracy=np.nan)


def one_trial(folder: Path) -> Sweep:
    return search(folder, 1)


def constants(folder: Path) -> Sweep:
    return make_sweep(folder, {LAMBDA: [1e-3] * 20, DROPOUT: [0.5] * 20}, validation_accuracy=[0.5] * 20)


def nothing_swept(folder: Path) -> Sweep:
    return make_sweep(folder, {}, validation_accuracy=np.linspace(0, 1, 12))


def no_trials(folder: Path) -> Sweep:
    whole = search(folder)
    return Sweep(folder, whole.trials.iloc[:0], whole.swept)


@pytest.mark.parametrize("poor", [one_failed, all_failed, one_trial, constants, nothing_swept, no_trials])
def test_what_the_data_cannot_support_is_missing_with_a_reason(tmp_path: Path, poor: Callable[[Path], Sweep]) -> None:
    drawings = {drawing.name: drawing for drawing in draw_all(Evidence(poor(tmp_path)))}
    assert len(drawings) == 15
    can_show = {"best_so_far", "timeline"} if poor in (constants, nothing_swept) else set()
    can_show |= {"timeline"} if poor is all_failed else set()
    for name, drawing in drawings.items():
        assert (drawing.figure is not None) == (name in can_show), name
        if drawing.missing is not None:
            assert len(drawing.missing) > 10
            assert "\n" not in drawing.missing


def test_several_sweeps_are_compared_by_name(tmp_path: Path) -> None:
    evidences = [Evidence(grid(tmp_path / "x" / "a"), confirmation(tmp_path)), Evidence(search(tmp_path / "y" / "a"))]
    courses, bests = compare_sweeps(evidences)
    assert courses.figure is not None
    assert [trace.name for trace in courses.figure.data] == ["x/a", "y/a"]
    assert bests.data is not None
    assert bests.data["confirmed_test_accuracy"].notna().tolist() == [True, False]
    assert "1 sweep without a result on fresh seeds." in bests.caption
    nothing = compare_sweeps([Evidence(all_failed(tmp_path))])
    assert all(drawing.missing for drawing in nothing)


def test_a_real_sweep_of_presets_is_drawn(regsweep: Callable[..., Any], tmp_path: Path) -> None:
    arguments = "regularizer=none,batchnorm seed=0,1 hydra.sweep.dir=s trainer.epochs=2 dataset.train_size=100"
    assert regsweep("-m", *arguments.split()).code == 0
    drawings = {drawing.name: drawing for drawing in draw_all(Evidence(read_sweep(tmp_path / "s")))}
    drawn = {name for name, drawing in drawings.items() if drawing.figure is not None}
    of_means = {"configurations", "methods_on_and_off", "slices"}
    assert drawn == of_means | {"best_so_far", "intermediate_values", "learning_curves", "weight_histogram", "timeline"}
    data = drawings["methods_on_and_off"].data
    assert data is not None
    assert set(data["method"]) == {"BatchNorm"}
    assert sorted(data["pair"]) == [0, 0], "one of both configurations, over their seeds"


def test_on_paper_the_legend_stands_below_the_title() -> None:
    place = {"y": 0.99, "yref": "container", "yanchor": "top"}
    paper = for_paper(go.Figure(layout={"height": 420, "legend": place}), "A title")
    assert paper.layout.height == 420 + TITLE_HEIGHT
    assert (1 - paper.layout.legend.y) * paper.layout.height == pytest.approx(TITLE_HEIGHT + 0.01 * 420)
