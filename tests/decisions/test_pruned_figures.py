"""A pruned trial is drawn in every figure, with its last value, and counts in none of the numbers there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regsweep.report.figures import (
    Drawing,
    Evidence,
    draw_all,
    front,
    heatmap,
    importance,
    on_and_off,
    progress,
    pruned,
    results_by_epochs,
    slices,
    strength,
)
from regsweep.report.sweep import Sweep
from tests.decisions.traces import BATCH_NORM, DROPOUT, LAMBDA, LOSS, of, panels_of, read, traces, ys


def four(**columns: Any) -> list[dict[str, Any]]:
    """Return two complete trials and two pruned ones; the best value of all is a pruned trial's."""
    rows = [(1e-4, 0.2, 0.5, 3), (0.0, 0.4, 0.6, 3), (1e-3, 0.6, 0.9, 2), (0.0, 0.8, 0.3, 1)]
    return [
        of(
            penalty,
            dropout,
            accuracy=accuracy,
            loss=2 - accuracy,
            history=[accuracy] * epochs,
            status="complete" if epochs == 3 else "pruned",
            sparsity=dropout,
            ended=1e9 + 10 * number,
            **columns,
        )
        for number, (penalty, dropout, accuracy, epochs) in enumerate(rows)
    ]


def crosses(drawing: Drawing) -> list[tuple[float, Any]]:
    """Return where pruned trials stand, in all panels."""
    return [
        (x, pytest.approx(y))
        for trace in traces(drawing)
        if trace.name == "pruned" and trace.mode == "markers"
        for x, y in zip(trace.x, trace.y, strict=True)
    ]


def in_panel(drawing: Drawing, axis: str) -> list[tuple[float, float]]:
    return [
        place
        for trace in traces(drawing)
        if trace.name == "pruned" and trace.xaxis == axis
        for place in zip(trace.x, trace.y, strict=True)
    ]


def test_over_lambda_they_are_crosses_at_their_strength_and_the_ring_is_the_best_complete_one_s(tmp_path: Path) -> None:
    drawing = strength.draw(Evidence(read(tmp_path / "s", four())))
    np.testing.assert_allclose(in_panel(drawing, "x2"), [(1e-3, 90)])
    ((x, y),) = in_panel(drawing, "x")
    assert -1 < x < 1
    assert y == pytest.approx(30)
    (ring,) = [trace for trace in traces(drawing) if (trace.name or "").startswith("best")]
    assert (ring.name, list(ring.y)) == ("best: trial 1", [pytest.approx(60)])
    complete = [trace for trace in traces(drawing) if trace.name == "trial"]
    assert sorted(y for trace in complete for y in trace.y) == [pytest.approx(50), pytest.approx(60)]
    assert drawing.caption.startswith("Each point is one of 2 complete trials; ")
    assert " 2 pruned trials: crosses at their last values, after 1 to 2 epochs; nothing else" in drawing.caption
    legend = [trace.name for trace in traces(drawing) if trace.name == "pruned" and trace.showlegend]
    assert legend == ["pruned"]
    assert drawing.data is not None
    assert dict(zip(drawing.data["number"], drawing.data["status"], strict=True)) == {
        0: "complete", 1: "complete", 2: "pruned", 3: "pruned"
    }  # fmt: skip
    assert not drawing.data["is_best"][drawing.data["status"] == "pruned"].any()


def test_a_search_whose_penalized_trials_were_all_pruned_has_a_figure_of_lambda(tmp_path: Path) -> None:
    trials = [of(accuracy=0.9), of(accuracy=0.8), *(of(10.0**-n, accuracy=0.1 * n, status="pruned") for n in (2, 3))]
    drawing = strength.draw(Evidence(read(tmp_path / "s", trials)))
    np.testing.assert_allclose(in_panel(drawing, "x2"), [(1e-2, 20), (1e-3, 30)])


def test_one_without_a_value_is_counted_and_not_drawn(tmp_path: Path) -> None:
    trials = four()
    trials[3]["accuracy"] = None
    drawing = strength.draw(Evidence(read(tmp_path / "s", trials)))
    assert crosses(drawing) == [(1e-3, 90)]
    assert " 1 of 2 pruned trials: a cross at its last value, after 2 epochs; " in drawing.caption
    assert drawing.caption.endswith("; nothing else is computed from it.")


def test_without_any_the_captions_do_not_speak_of_them(tmp_path: Path) -> None:
    trials = [trial | {"status": "complete"} for trial in four()]
    for drawing in draw_all(Evidence(read(tmp_path / "s", trials))):
        assert "pruned" not in drawing.caption + (drawing.missing or "")


def test_over_another_method_s_setting(tmp_path: Path) -> None:
    (drawing,) = strength.draw_others(Evidence(read(tmp_path / "s", four())))
    assert drawing.name == "accuracy_over_dropout"
    assert crosses(drawing) == [(0.6, 90), (0.8, 30)]


def test_no_median_and_no_pair_counts_them(tmp_path: Path) -> None:
    trials = [*four(), of(1e-4, 0.4, accuracy=0.7, sparsity=0.1)]
    drawing = on_and_off.draw(Evidence(read(tmp_path / "s", trials)))
    panel = panels_of(drawing)["L2"]
    np.testing.assert_allclose(ys(panel, "without"), [60])
    np.testing.assert_allclose(ys(panel, "with"), [50, 70])
    assert [list(trace.y) for trace in panel["median"]] == [[pytest.approx(60)] * 2] * 2
    sides = {round(x + 0.3): y for trace in panel["pruned"] for x, y in zip(trace.x, trace.y, strict=True)}
    assert sides == {0: pytest.approx(30), 1: pytest.approx(90)}
    assert drawing.figure is not None
    assert list(drawing.figure.layout.xaxis.ticktext) == [
        "without (1)<br>median 60.00 %<br>1 pruned",
        "with (2)<br>median 60.00 %<br>1 pruned",
    ]
    assert drawing.data is not None
    of_l2 = drawing.data[drawing.data["method"] == "L2"].set_index("number")
    assert of_l2["status"].to_dict() == {0: "complete", 1: "complete", 4: "complete", 2: "pruned", 3: "pruned"}
    assert of_l2["is_used"].to_dict() == {0: True, 1: False, 4: True, 2: True, 3: False}


def test_a_method_that_only_pruned_trials_used_has_a_panel_without_a_median(tmp_path: Path) -> None:
    trials = [of(accuracy=0.5), of(accuracy=0.6), of(0.1, accuracy=0.3, status="pruned")]
    drawing = on_and_off.draw(Evidence(read(tmp_path / "s", trials)))
    panel = panels_of(drawing)["L2"]
    assert [np.mean(trace.x) for trace in panel["median"]] == [0]
    assert drawing.figure is not None
    assert drawing.figure.layout.xaxis.ticktext[1] == "with (0)<br>1 pruned"


def test_no_cell_of_the_map_has_their_value(tmp_path: Path) -> None:
    trials = [*four(), of(1e-4, 0.4, accuracy=0.7), of(1e-4, 0.2, accuracy=0.1, status="pruned")]
    drawing = heatmap.draw(Evidence(read(tmp_path / "s", trials)))
    assert drawing.data is not None
    table = drawing.data.set_index(["lambda", "dropout"])
    assert table["num_trials"].sum() == 3
    pruned = table["num_pruned"]
    assert pruned[pruned > 0].to_dict() == {("0.001", "0.6"): 1, ("none", "0.8"): 1, ("1e-4", "0.2"): 1}
    assert np.isnan(table["mean"]["0.001", "0.6"])
    assert table["mean"]["1e-4", "0.2"] == pytest.approx(50)
    assert drawing.figure is not None
    x_axis, y_axis = drawing.figure.layout.xaxis, drawing.figure.layout.yaxis
    (marks,) = [trace for trace in traces(drawing) if trace.name == "pruned"]
    assert marks.mode == "markers", "no line from cell to cell"
    cells = {
        (x_axis.ticktext[int(np.abs(np.array(x_axis.tickvals) - x).argmin())],
         y_axis.ticktext[int(np.abs(np.array(y_axis.tickvals) - y).argmin())])
        for x, y in zip(marks.x, marks.y, strict=True)
    }  # fmt: skip
    assert cells == {("0.001", "0.6"), ("none", "0.8"), ("1e-4", "0.2")}
    assert drawing.caption.endswith(" 3 pruned trials: a cross in the corner of the cell of each, in no mean.")


def test_they_are_never_the_best_so_far(tmp_path: Path) -> None:
    drawing = progress.draw(Evidence(read(tmp_path / "s", four(seconds=6.0))))
    np.testing.assert_allclose(in_panel(drawing, "x"), [(2, 90), (3, 30)])
    np.testing.assert_allclose(in_panel(drawing, "x2"), [(26, 90), (36, 30)])
    for line in (trace for trace in traces(drawing) if trace.mode == "lines"):
        assert max(line.y) == pytest.approx(60)


def test_they_are_never_on_the_front(tmp_path: Path) -> None:
    drawing = front.draw(Evidence(read(tmp_path / "s", four())))
    (on_front,) = [trace for trace in traces(drawing) if trace.name == "on the front"]
    np.testing.assert_allclose(list(zip(on_front.x, on_front.y, strict=True)), [(40, 60)])
    assert crosses(drawing) == [(60, 90), (80, 30)]
    assert drawing.data is not None
    assert drawing.data.set_index("number")["on_front"].to_dict() == {0: False, 1: True, 2: False, 3: False}


def test_no_importance_is_computed_from_them(tmp_path: Path) -> None:
    complete = [of(0.01 * (i % 8), 0.02 * i, accuracy=0.5 + 0.01 * i) for i in range(40)]
    pruned = [of(0.01 * i, 0.02 * (i % 3), accuracy=0.01 * i, status="pruned") for i in range(40)]
    alone = importance.draw(Evidence(read(tmp_path / "a", complete))).data
    beside = importance.draw(Evidence(read(tmp_path / "b", [*complete, *pruned]))).data
    assert alone is not None
    assert beside is not None
    assert alone.to_dict() == beside.to_dict()


def sweep_of(folder: Path, complete: list[float], pruned: list[float], **options: Any) -> Sweep:
    values = [*((value, "complete") for value in complete), *((value, "pruned") for value in pruned)]
    trials = [
        of(0.001 * (n + 1), accuracy=value, loss=value, status=status) for n, (value, status) in enumerate(values)
    ]
    return read(folder, trials, **options)


@pytest.mark.parametrize(
    ("pruned", "options", "places", "note"),
    [
        # Eight from 0.80 to 0.87: the axis goes on to 0.59, three times as far.
        ([0.7, 0.595], {}, [70, 59.5], ""),
        ([0.7, 0.58], {}, [70, 59 - 0.06 * 28], " (1 below 59.00 %: a grey triangle at the lower edge), "),
        ([0.7, 1.07], LOSS, [0.7, 1.07], ""),
        ([0.7, 1.09], LOSS, [0.7, 1.08 + 0.06 * 0.28], " (1 above 1.08: a grey triangle at the upper edge), "),
    ],
)
def test_the_worst_of_them_do_not_squeeze_the_complete_ones(
    tmp_path: Path, pruned: list[float], options: dict[str, Any], places: list[float], note: str
) -> None:
    drawing = strength.draw(Evidence(sweep_of(tmp_path / "s", [0.8 + 0.01 * n for n in range(8)], pruned, **options)))
    np.testing.assert_allclose(sorted(y for _, y in in_panel(drawing, "x")), sorted(places))
    symbols = {s for trace in traces(drawing) if trace.name == "pruned" for s in trace.marker.symbol}
    assert len(symbols) == (2 if note else 1)
    assert note in drawing.caption
    assert note or "edge" not in drawing.caption


@pytest.mark.parametrize(
    ("outlier", "pruned_ones", "options", "places"),
    [(0.5, [0.6, 0.3], {}, [60, 59 - 0.06 * 28]), (1.5, [1.07, 3.0], LOSS, [1.07, 1.08 + 0.06 * 0.28])],
)
def test_a_complete_outlier_stands_at_the_same_edge(
    tmp_path: Path, outlier: float, pruned_ones: list[float], options: dict[str, Any], places: list[float]
) -> None:
    """Of trials of both kinds none is drawn at a false height above it."""
    complete = [*(0.8 + 0.01 * n for n in range(8)), outlier]
    drawing = strength.draw(Evidence(sweep_of(tmp_path / "s", complete, pruned_ones, **options)))
    np.testing.assert_allclose([y for _, y in in_panel(drawing, "x")], places)
    (points,) = [trace for trace in traces(drawing) if trace.name == "trial"]
    at_edge = [y for y, symbol in zip(points.y, points.marker.symbol, strict=True) if symbol.endswith("-open")]
    np.testing.assert_allclose(at_edge, places[1:])


def test_beside_few_complete_trials_each_stands_in_its_place(tmp_path: Path) -> None:
    drawing = strength.draw(Evidence(sweep_of(tmp_path / "s", [0.80, 0.81], [0.1, 0.5])))
    assert sorted(y for _, y in in_panel(drawing, "x")) == [pytest.approx(10), pytest.approx(50)]


def test_of_many_some_are_drawn_and_all_are_in_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruned, "MOST_POINTS", 4)
    trials = [*four(), *(of(0.1, 0.01 * n, accuracy=0.2, status="pruned", history=[0.2]) for n in range(1, 4))]
    evidence = Evidence(read(tmp_path / "s", trials))
    drawings = [draw(evidence) for draw in (strength.draw, front.draw, progress.draw, slices.draw, on_and_off.draw)]
    for drawing in (*drawings, results_by_epochs.draw(evidence)):
        assert drawing.data is not None
        of_pruned = drawing.data[drawing.data["status"] == "pruned"]
        assert set(of_pruned["number"]) == {2, 3, 4, 5, 6}
        assert " 5 pruned trials: crosses at their last values" in drawing.caption
        assert "2 of 5 points are drawn; the table of trials has all." in drawing.caption
    assert len(crosses(drawings[0])) == 2


def test_results_by_epochs_have_a_median_for_each_end(tmp_path: Path) -> None:
    ends = [*((0.5 + 0.1 * n, 3, "complete") for n in range(3)), *((0.1 + 0.1 * n, 2, "pruned") for n in range(3))]
    trials = [
        of(0.1 * n, accuracy=accuracy, history=[accuracy] * epochs, status=status)
        for n, (accuracy, epochs, status) in enumerate([*ends, (0.9, 1, "complete")])
    ]
    drawing = results_by_epochs.draw(Evidence(read(tmp_path / "s", trials)))
    points = {
        (round(x), round(y)): trace.name
        for trace in traces(drawing)
        if trace.mode == "markers"
        for x, y in zip(trace.x, trace.y, strict=True)
    }
    complete = {(3, 50): "complete", (3, 60): "complete", (3, 70): "complete", (1, 90): "complete"}
    assert points == {**complete, (2, 10): "pruned", (2, 20): "pruned", (2, 30): "pruned"}
    medians = {trace.name: (np.mean(trace.x[:2]), trace.y[0]) for trace in traces(drawing) if trace.mode == "lines"}
    assert medians == {"median, complete": (3, pytest.approx(60)), "median, pruned": (2, pytest.approx(20))}
    assert drawing.caption.startswith(
        "Of 7 trials 4 ended before 3 epochs, the most that one of them trained: 3 pruned "
    )
    assert drawing.figure is not None
    assert (drawing.figure.layout.xaxis.title.text, drawing.figure.layout.yaxis.title.text) == (
        "number of epochs trained", "validation accuracy (%)"
    )  # fmt: skip


def test_where_all_trained_as_long_there_is_nothing_to_distribute(tmp_path: Path) -> None:
    drawing = results_by_epochs.draw(Evidence(read(tmp_path / "s", [of(accuracy=0.5), of(0.1, accuracy=0.6)])))
    assert drawing.missing == "the number of epochs trained is the same in all complete trials"


def test_slices_have_them_as_crosses(tmp_path: Path) -> None:
    drawing = slices.draw(Evidence(read(tmp_path / "s", four())))
    assert drawing.figure is not None
    assert [title.text for title in drawing.figure.layout.annotations] == ["l2", "dropout"]
    np.testing.assert_allclose(in_panel(drawing, "x2"), [(0.6, 90), (0.8, 30)])
    for key in (LAMBDA, DROPOUT, BATCH_NORM):
        assert (drawing.data is not None and key in drawing.data) == (key != BATCH_NORM)
