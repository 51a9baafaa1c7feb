"""Parallel coordinates: where each trial's line crosses each axis, what it looks like, and what the page is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from regsweep.report.figures import Drawing, Evidence, parallel_coordinates
from regsweep.report.figures.parallel_axes import APART, of_parameter
from regsweep.report.figures.slices import Slice
from regsweep.report.sweep import read_sweep
from tests.decisions.handmade import write_sweep
from tests.decisions.test_several_objectives import made as several_objectives
from tests.decisions.test_slices import BATCH, MODEL, RATE, made
from tests.decisions.traces import LOSS, traces

MOMENTUM = "optimizer.momentum"
ROWS: list[dict[str, Any]] = [
    {RATE: 0.001, MODEL: "cnn", "accuracy": 0.5, "loss": 3.0},
    {RATE: 0.1, MODEL: "mlp", "accuracy": 0.9, "loss": 1.0},
    {RATE: 0.01, MODEL: "mlp", MOMENTUM: 0.5, "accuracy": 0.7, "loss": 2.0},
    {RATE: 0.1, MODEL: "cnn", MOMENTUM: 0.9, "accuracy": 0.6, "loss": 2.5, "status": "pruned"},
    {RATE: 0.05, MODEL: "vit", MOMENTUM: 0.1, "accuracy": 1.0, "loss": 0.0, "status": "failed"},
]
"""Of the fifth, which failed, nothing is drawn: neither its line nor its values on the axes."""


def lines(drawing: Drawing) -> dict[str, dict[str, list[float]]]:
    """Return of each trace the places of its lines from axis to axis, by what they say when pointed at."""
    found: dict[str, dict[str, list[float]]] = {}
    for trace in traces(drawing):
        width = trace.x.index(None) + 1
        starts = range(0, len(trace.x), width)
        assert all(list(trace.x[i : i + width]) == [*range(width - 1), None] for i in starts)
        said = [int(text.split(":")[0].split()[1]) for text in trace.hovertext]
        assert list(trace.customdata) == said, "what a click opens"
        found[trace.name] = {trace.hovertext[i]: list(trace.y[i : i + width - 1]) for i in starts}
    return found


def ticks(drawing: Drawing) -> list[dict[str, float]]:
    """Return the labels of each axis with their places, from the left."""
    assert drawing.figure is not None, drawing.missing
    axes: list[dict[str, float]] = [{} for _ in drawing.figure.layout.xaxis.tickvals]
    for each in drawing.figure.layout.annotations:
        axes[each.x][each.text] = each.y
    return axes


@pytest.mark.parametrize(
    ("options", "scores", "shown"),
    [
        ({}, [0.0, 1.0, 0.5, 0.25], ["50.00 %", "90.00 %", "70.00 %", "60.00 %"]),
        (LOSS, [1.0, 0.0, 0.5, 0.75], ["3", "1", "2", "2.5"]),
    ],
)
def test_each_line_crosses_each_axis_at_its_trial_s_value(
    tmp_path: Path, options: dict[str, Any], scores: list[float], shown: list[str]
) -> None:
    drawing = parallel_coordinates.draw(Evidence(made(tmp_path / "s", ROWS, **options)))
    assert drawing.figure is not None
    assert [title.split("<br>")[0] for title in drawing.figure.layout.xaxis.ticktext] == [
        "lr", "kind", "momentum", "validation"]  # fmt: skip
    found = lines(drawing)
    assert list(found) == ["pruned", "other trials", "best"]
    (pruned,), (best,) = found["pruned"].items(), found["best"].items()
    assert pruned[0] == f"trial 3 (pruned): {shown[3]}"
    assert best[0] == f"trial 1: {shown[1]}"
    assert list(found["other trials"]) == [f"trial 0: {shown[0]}", f"trial 2: {shown[2]}"]
    first, third = found["other trials"].values()
    places = [first, best[1], third, pruned[1]]
    assert [line[0] for line in places] == [0, 1, 0.5, 1], "a log axis: three decades"
    kinds = ticks(drawing)[1]
    nearest = [min(kinds, key=lambda kind: abs(kinds[kind] - line[1])) for line in places]
    assert nearest == ["cnn", "mlp", "mlp", "cnn"], "lines of one kind lie beside each other"
    assert len({line[1] for line in places}) == 4
    assert [line[2] for line in places] == [0, 0, APART, 1], "below the scale are those without momentum"
    assert [line[3] for line in places] == scores
    assert drawing.data is not None
    assert list(drawing.data["number"]) == [0, 1, 2, 3]
    assert ticks(drawing)[0] == {"0.001": 0, "0.01": 0.5, "0.1": 1}
    assert ticks(drawing)[2] == {"–": 0, "0.5": APART, "0.9": 1}
    assert "Each line is one of 3 complete trials. 1 pruned trial: dotted" in drawing.caption
    assert "At – the trial has no value." in drawing.caption


def test_an_objective_that_no_trial_has_stands_at_its_foot(tmp_path: Path) -> None:
    trials = [{"overrides": {RATE: 0.1 * n, BATCH: n}, "accuracy": 0.5 + 0.1 * n} for n in range(3)]
    names = ["validation_accuracy", "test_accuracy"]
    sweep = several_objectives(tmp_path / "s", trials, names=names, directions=("maximize", "maximize"))
    drawing = parallel_coordinates.draw(Evidence(sweep))
    assert ticks(drawing)[-1] == {"–": 0}
    assert {line[-1] for kind in lines(drawing).values() for line in kind.values()} == {0}


def test_in_words_it_has_values_and_not_heights(tmp_path: Path) -> None:
    drawing = parallel_coordinates.draw(Evidence(made(tmp_path / "s", ROWS)))
    score = "validation accuracy (%)"
    assert drawing.words == (
        f"best, trial 1: lr 0.1; kind mlp; momentum –; {score} 90. "
        f"other trials, 2 trials: lr 0.001 to 0.01; kind cnn, mlp; momentum 0.5; {score} 50 to 70. "
        f"pruned, trial 3: lr 0.1; kind cnn; momentum 0.9; {score} 60."
    )


ENDS: dict[str, tuple[float, float, bool, list[str]]] = {
    "four decades": (1e-5, 1e-2, True, ["1e-5", "1e-4", "1e-3", "0.01"]),
    "decades within rounding": (1e-5 * (1 + 1e-14), 1e-2 * (1 - 1e-14), True, ["1e-5", "1e-4", "1e-3", "0.01"]),
    "ends that are no decades": (5e-5, 2e-3, True, ["5e-5", "1e-4", "2e-4", "5e-4", "1e-3", "2e-3"]),
    "tenths": (0.1 + 0.2, 0.9, False, ["0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"]),
    "negative tenths": (-0.9, -(0.1 + 0.2), False, ["-0.9", "-0.8", "-0.7", "-0.6", "-0.5", "-0.4", "-0.3"]),
    "steps that are computed a bit too large": (-0.3, 0.9, False, ["-0.2", "0", "0.2", "0.4", "0.6", "0.8"]),
    "ends that are no round numbers": (0.31, 0.89, False, ["0.4", "0.5", "0.6", "0.7", "0.8"]),
    "round numbers just outside": (1.01e-5, 0.99e-2, True, ["1e-4", "1e-3"]),
}


@pytest.mark.parametrize(("low", "high", "on_log", "labels"), ENDS.values(), ids=ENDS)
def test_a_round_number_at_an_end_of_an_axis_is_a_tick(
    low: float, high: float, labels: list[str], *, on_log: bool
) -> None:
    places = pd.Series([low, high])
    slice_ = Slice("key", "name", places, {"type": "log" if on_log else "linear"}, {})
    axis = of_parameter(slice_, places.index)
    assert list(axis.ticks.values()) == labels
    assert min(axis.ticks) >= 0
    assert max(axis.ticks) <= 1
    assert list(axis.places) == [0, 1]


def test_round_numbers_stand_at_their_places_where_values_were_drawn(tmp_path: Path) -> None:
    rates, sizes = [0.0012345, 0.03456, 0.45678], [10.123, 47.4567, 98.7654]
    rows = [{RATE: rates[i], BATCH: sizes[i], "accuracy": 0.5 + 0.1 * i} for i in range(3)]
    ranges = {RATE: "tag(log, interval(0.001, 0.5))"}
    of_rate, of_size, of_score = ticks(parallel_coordinates.draw(Evidence(made(tmp_path / "s", rows, ranges=ranges))))
    low, high = np.log10([rates[0], rates[2]])
    for label, place in of_rate.items():
        assert np.isclose((np.log10(float(label)) - low) / (high - low), place)
    assert {"0.01", "0.1"} <= set(of_rate)
    assert of_size == pytest.approx({str(v): (v - sizes[0]) / (sizes[2] - sizes[0]) for v in (20, 40, 60, 80)})
    assert of_score == pytest.approx({str(v): (v - 50) / 20 for v in (50, 55, 60, 65, 70)})


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([0.01234, 0.05432, 0.45678], ["0.02", "0.05", "0.1", "0.2"]),  # under two decades
        ([0.01234, 0.05432, 2.3456], ["0.1", "1"]),
    ],
)
def test_a_short_log_axis_has_marks_between_the_powers_of_ten(
    tmp_path: Path, rates: list[float], expected: list[str]
) -> None:
    rows = [{RATE: rate, BATCH: 8 + i, "accuracy": 0.5 + 0.1 * i} for i, rate in enumerate(rates)]
    of_rate = ticks(parallel_coordinates.draw(Evidence(made(tmp_path / "s", rows))))[0]
    low, high = np.log10([rates[0], rates[-1]])
    assert of_rate == pytest.approx({label: (np.log10(float(label)) - low) / (high - low) for label in expected})


@pytest.mark.parametrize(
    ("low", "apart", "labels"),
    [
        (1234567.0, 1.0, ["1234568", "1234570", "1234572", "1234574", "1234576"]),
        (50.0, 1e-9, ["50", "50.000000002", "50.000000004", "50.000000006", "50.000000008"]),
        (-1e-300, 1e-301, ["-1e-300", "-8e-301", "-6e-301", "-4e-301", "-2e-301"]),
    ],
)
def test_no_two_marks_of_an_axis_have_one_label(tmp_path: Path, low: float, apart: float, labels: list[str]) -> None:
    rows = [{RATE: 0.1 * (n + 1), MOMENTUM: low + n * apart, "accuracy": 0.5 + n / 100} for n in range(10)]
    drawing = parallel_coordinates.draw(Evidence(made(tmp_path / "s", rows)))
    assert list(ticks(drawing)[1]) == labels


def test_an_axis_through_zero_has_marks_below_it_and_every_round_step(tmp_path: Path) -> None:
    rows = [{RATE: 0.1 * (i + 1), BATCH: 8 + i, "loss": loss} for i, loss in enumerate((-3.0, 0.5, 3.0))]
    of_loss = ticks(parallel_coordinates.draw(Evidence(made(tmp_path / "s", rows, **LOSS))))[2]
    assert of_loss == pytest.approx({f"{mark}": (mark + 3) / 6 for mark in range(-3, 4)}), "six steps have room"


@pytest.mark.parametrize(("options", "beyond", "end"), [({}, "below", 0.0), (LOSS, "above", 1.0)])
def test_a_collapsed_trial_leaves_the_others_their_scale(
    tmp_path: Path, options: dict[str, Any], beyond: str, end: float
) -> None:
    rows = [{RATE: 0.01 + 0.0123 * i, BATCH: 8 + i, "accuracy": 0.8 + i / 100, "loss": 1 - i / 100} for i in range(12)]
    rows[4] |= {"accuracy": 0.1, "loss": 9.0}
    drawing = parallel_coordinates.draw(Evidence(made(tmp_path / "s", rows, **options)))
    found = {said.split(":")[0]: line for kind in lines(drawing).values() for said, line in kind.items()}
    assert found["trial 4"][2] == end
    others = sorted(line[2] for name, line in found.items() if name != "trial 4")
    assert (others[0], others[-1]) == ((APART, 1) if end == 0 else (0, 1 - APART))
    labels = [label for label, place in ticks(drawing)[2].items() if place == end]
    assert labels == ["&lt; 80.00 %" if end == 0 else "&gt; 1"]
    assert f"1 trial {beyond}" in drawing.caption
    clear = parallel_coordinates.draw(Evidence(made(tmp_path / "t", rows[:4] + rows[5:], **options)))
    assert beyond not in clear.caption


@pytest.mark.parametrize(
    ("accuracies", "top"),
    [
        ([0.5 + i / 100 for i in range(20)], {18}),  # 19 is the best; 18 and 19 are the best tenth
        ([0.5 + i / 100 for i in range(30)], {27, 28}),
        ([0.9, 0.8, 0.8, *[0.1 + i / 100 for i in range(17)]], set()),  # two are second: neither is drawn apart
        ([0.6] * 20, set()),
        ([0.5, 0.6], set()),
    ],
)
def test_the_best_tenth_is_drawn_apart_and_no_tie_is_split(
    tmp_path: Path, accuracies: list[float], top: set[int]
) -> None:
    rows = [{RATE: 0.01 + 0.0123 * i, BATCH: 8 + i, "accuracy": each} for i, each in enumerate(accuracies)]
    found = lines(parallel_coordinates.draw(Evidence(made(tmp_path / "s", rows))))
    named = [name for name in found if name.startswith("next best")]
    assert named == ([f"next best {len(top)}"] if len(top) > 1 else ["next best"] if top else [])
    drawn = {int(said.split(":")[0].removeprefix("trial ")) for name in named for said in found[name]}
    assert drawn == top


def test_the_page_is_given_the_place_of_every_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel_coordinates, "MOST_LINES", 10)
    rows = [{RATE: 0.01 + 0.0123 * i, BATCH: 8 + i, "accuracy": 0.5 + (i % 37) / 100} for i in range(40)]
    drawing = parallel_coordinates.draw(Evidence(made(tmp_path / "s", rows)))
    assert drawing.figure is not None
    meta, drawn = drawing.figure.layout.meta, lines(drawing)
    assert meta["keys"] == [RATE, BATCH, "validation_accuracy"]
    assert meta["numbers"] == list(range(40))
    names = list(drawn)
    said = {text.split(":")[0]: (names.index(kind), line) for kind in names for text, line in drawn[kind].items()}
    assert 10 <= len(said) <= 11, "the best is drawn in any case"
    assert meta["best"] == [36]
    assert meta["least_width"] == 0, "three axes shrink with the screen"
    assert "trial 36" in said
    for name, (trace, line) in said.items():
        row = meta["numbers"].index(int(name.removeprefix("trial ")))
        assert meta["traces"][row] == trace
        assert [axis[row] for axis in meta["places"]] == line
    assert f"{len(said)} of 40 lines are drawn; the table of trials has all." in drawing.caption


@pytest.mark.parametrize(
    ("scores", "seeds", "name"),
    [
        ([0.9, 0.5, 0.6], [], "best"),
        ([0.9, 0.9, 0.6], [], "first of the 2 best"),
        ([0.9, 0.7, 0.5, 0.6], [0, 1], "seeds of the best configuration"),
        ([0.9, 0.7, 0.7, 0.9], [0, 1], "seeds of the first of the 2 best configurations"),
    ],
)
def test_the_legend_names_the_first_of_equals(tmp_path: Path, scores: list[float], seeds: list[int], name: str) -> None:
    rows = [
        {
            "overrides": {RATE: 0.1 + n // (len(seeds) or 1), MOMENTUM: 0.1 * (n // (len(seeds) or 1)), **seed},
            "accuracy": score,
            **({"seed": n % 2} if seeds else {}),
        }
        for n, score in enumerate(scores)
        for seed in [{"seed": seeds[n % 2]} if seeds else {}]
    ]
    drawing = parallel_coordinates.draw(Evidence(read_sweep(write_sweep(tmp_path / "s", rows))))
    assert [trace.name for trace in traces(drawing)][-1] == name


def test_it_takes_two_parameters_and_says_which_ones_it_leaves_out(tmp_path: Path) -> None:
    one = parallel_coordinates.draw(Evidence(made(tmp_path / "s", [{RATE: 0.1 * i, BATCH: 8} for i in (1, 2, 3)])))
    assert one.figure is None
    names = [f"model.p{number:02}" for number in range(13)]
    rows = [{"overrides": dict.fromkeys(names, i + 0.5), "accuracy": 0.5 + i / 10} for i in range(3)]
    many = parallel_coordinates.draw(Evidence(read_sweep(write_sweep(tmp_path / "t", rows))))
    assert len(ticks(many)) == 11
    assert many.figure is not None
    assert many.figure.layout.meta["least_width"] == 11 * parallel_coordinates.AXIS_WIDTH_OF_MANY
    assert "3 more parameters only in the table: p10, p11, p12." in many.caption


def test_of_several_objectives_each_has_an_axis_and_the_front_is_drawn_apart(tmp_path: Path) -> None:
    scores = [(0.9, 0.1), (0.8, 0.5), (0.7, 0.2)]
    trials = [{"overrides": {RATE: 0.1 * n, BATCH: n}, "accuracy": a, "sparsity": s} for n, (a, s) in enumerate(scores)]
    sweep = several_objectives(tmp_path / "s", trials)
    drawing = parallel_coordinates.draw(Evidence(sweep))
    assert drawing.figure is not None
    found = lines(drawing)
    front = {int(said.split(":")[0].removeprefix("trial ")) for said in found["front"]}
    assert front == {0, 1}
    assert [line[2:] for line in found["front"].values()] == [[1, 0], [0.5, 1]]
    assert "best" not in found
    assert drawing.figure.layout.meta["keys"][-2:] == list(sweep.objectives)


def test_the_caption_says_nothing_that_is_not_there(tmp_path: Path) -> None:
    """Of the others each is asserted above, where it is true."""
    drawing = parallel_coordinates.draw(Evidence(made(tmp_path / "s", [{**row, MOMENTUM: 0.5} for row in ROWS[:3]])))
    assert drawing.caption == ("Each line is one of 3 complete trials.")
    pruned = [{**row, "status": "pruned"} for row in ROWS[:3]]
    drawing = parallel_coordinates.draw(Evidence(made(tmp_path / "t", pruned)))
    assert drawing.caption == "No trial is complete. 3 pruned trials: dotted, to the last value."
    assert list(lines(drawing)) == ["pruned"]


def test_each_objective_s_axis_and_words_are_in_its_own_unit(tmp_path: Path) -> None:
    rows = [{"overrides": {RATE: 0.1 * n, BATCH: n}, "accuracy": (7 + n) / 10, "loss": 1.5 + n} for n in range(3)]
    names = ["validation_accuracy", "validation_loss"]
    sweep = several_objectives(tmp_path / "s", rows, names, ("maximize", "minimize"))
    drawing = parallel_coordinates.draw(Evidence(sweep))
    assert drawing.figure is not None
    assert [title.replace("<br>", " ").split(" (")[0] for title in drawing.figure.layout.xaxis.ticktext[2:]] == [
        "validation accuracy", "validation loss"]  # fmt: skip
    assert {"trial 0: 70.00 %, 1.5"} <= set(lines(drawing)["front"])
    accuracies, losses = ticks(drawing)[2:]
    assert {"70", "80", "90"} <= set(accuracies)
    assert {"2", "3"} <= set(losses)
