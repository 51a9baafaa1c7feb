"""What is trained to take a mixture apart, and what is said of each of its ingredients."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from regsweep.app.ablation import plan_ablation
from regsweep.app.candidates import Configuration, Run
from regsweep.errors import RegsweepError
from regsweep.report import ablation
from regsweep.report.ablation import ALONE, REST, Addition
from regsweep.report.answer.ingredients import of_ingredients
from regsweep.report.confirmation import SCORE, Trained
from regsweep.report.figures import Evidence, ingredients
from regsweep.statistics.intervals import Interval, Overlap, splits_interval, t_interval
from tests.decisions.confirmations import Made, confirmed

NODES = {"l2": "{use: true, lambda: 0.1}", "dropout": "{use: true, p: 0.2}", "batch_norm": "{use: true}"}
NAMES = {"l2": ("L2", "L2 λ=0.1"), "dropout": ("dropout", "dropout 0.2"), "batch_norm": ("BatchNorm", "BatchNorm")}
OFF = {"l2": "null", "dropout": "null", "batch_norm": "false"}


def configuration(*methods: str, lr: str = "0.5") -> Configuration:
    keys = {f"regularizer.{name}": NODES[name] if name in methods else off for name, off in OFF.items()}
    ingredients_of = {name: NAMES[name] for name in methods}
    kind = [NAMES[name][0] for name in methods]
    made = {"regularizer": "none", **keys, "optimizer.lr": lr}
    return Configuration("+".join(methods), kind, 3, 0.9, {"optimizer.lr": float(lr)}, made, ingredients_of)


BASELINE = configuration(lr="0.1")


def methods_of(part: Configuration) -> list[str]:
    return [key.partition(".")[2] for key, value in part.overrides.items() if value.startswith("{")]


def test_a_mixture_of_three_has_six_parts() -> None:
    found = plan_ablation(BASELINE, [configuration("l2"), configuration("l2", "dropout", "batch_norm")])
    assert (found.mixture, found.ingredients) == (1, ["l2", "dropout", "batch_norm"])
    assert [methods_of(found.parts[place]) for place in found.without] == [
        ["dropout", "batch_norm"],
        ["l2", "batch_norm"],
        ["l2", "dropout"],
    ]
    assert [methods_of(found.parts[place]) for place in found.alone] == [["l2"], ["dropout"], ["batch_norm"]]
    assert len(found.parts) == 6
    for part in found.parts:
        assert part.overrides["optimizer.lr"] == "0.5", "the mixture's own rate, not the baseline's"
    assert found.parts[found.without[2]].overrides["regularizer.batch_norm"] == "false"
    assert found.parts[found.alone[0]].name == "L2 λ=0.1, at lr 0.5"


def test_of_two_ingredients_each_is_the_mixture_without_the_other() -> None:
    found = plan_ablation(BASELINE, [configuration("l2", "dropout")])
    assert len(found.parts) == 2, "equal networks are trained once"
    assert (found.without, found.alone) == ([0, 1], [1, 0])
    found.add_seeds([4, 5])
    assert found.runs == [Run(0, 4), Run(1, 4), Run(0, 5), Run(1, 5)]
    found.add_seeds([4, 5, 6])
    assert found.runs[4:] == [Run(0, 6), Run(1, 6)], "what ran keeps its place"


def test_without_a_mixture_nothing_is_taken_apart() -> None:
    with pytest.raises(RegsweepError, match="none of the kinds that are confirmed is a mixture"):
        plan_ablation(BASELINE, [configuration("l2"), configuration("dropout")])


SEEDS = range(10)
UP = [0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004]
MIXED = [0.004, -0.005, 0.003, -0.004, 0.005, -0.003, 0.004, -0.005, 0.003, -0.004]


def read(l2_to_rest: list[float], dropout_to_rest: list[float], nothing: list[float], **options: Any) -> Any:
    """The mixture has 0.9 on every seed; without one of two ingredients the other is alone."""
    plan = plan_ablation(BASELINE, [configuration("l2", "dropout")])
    accuracy = {0: [0.9 - d for d in l2_to_rest], 1: [0.9 - d for d in dropout_to_rest]}  # part 0 is dropout alone
    parts = [trained(f"part{part}", accuracies) for part, accuracies in accuracy.items()]
    content = {
        **{"ingredients": plan.ingredients, "without": plan.without, "alone": plan.alone},
        "parts": [each.as_dict() for each in plan.parts],
    }
    made = {"level": 0.05, "is_sequential": False} | options
    return ablation.read(content, parts, trained("the mixture", [0.9] * 10), trained("nothing", nothing), **made)


def trained(name: str, accuracies: list[float]) -> Trained:
    """Return what reached these accuracies; its runs lie in folders of its name."""
    runs = pd.DataFrame(
        {"seed": SEEDS, "folder": [f"{name}/{n}" for n in SEEDS], "status": "complete", SCORE: accuracies}
    )
    return Trained(name, [], 3, {}, 0.9, runs)


def test_each_ingredient_has_two_differences_in_one_family() -> None:
    """L2 adds 0.4 points to dropout; dropout adds nothing to L2; alone L2 has 0.4 points more than nothing."""
    found = read(UP, MIXED, [0.9 - 0.004] * 10)
    by_name = {(each.ingredient, each.to): each for each in found.additions}
    assert list(by_name) == [("L2 λ=0.1", REST), ("dropout 0.2", REST), ("L2 λ=0.1", ALONE), ("dropout 0.2", ALONE)]
    rest = by_name["L2 λ=0.1", REST]
    assert rest.comparison is not None
    np.testing.assert_allclose(rest.comparison.mean, np.mean(UP))
    interval = t_interval(UP, 1 - 0.05 / 4)
    np.testing.assert_allclose(
        [rest.comparison.interval.low, rest.comparison.interval.high], [interval.low, interval.high]
    )
    assert (rest.adjusted_p_value, rest.sign) == (pytest.approx(4 * 2 / 1024), 1)
    assert by_name["dropout 0.2", REST].sign == 0
    alone = by_name["dropout 0.2", ALONE]  # 0.9 − UP, minus 0.896
    assert alone.comparison is not None
    np.testing.assert_allclose(alone.comparison.mean, 0.004 - np.mean(UP), atol=1e-12)
    assert by_name["L2 λ=0.1", ALONE].comparison.mean == pytest.approx(0.004 - np.mean(MIXED))


def test_what_takes_away_is_said_so_and_never_beats(tmp_path: Path) -> None:
    found = read(UP, [-value for value in UP], [0.9 - value for value in UP])
    confirmation = confirmed(tmp_path, Made("the mixture", UP, UP))
    lines = of_ingredients(replace(confirmation, ablation=found))
    assert lines[0] == (
        "What each ingredient of the mixture, adds, at these settings, which were not tuned again without it:"
    )
    assert lines[1].startswith("L2 λ=0.1 adds 0.40 points to the rest (simultaneous 95 % interval 0.32 to 0.48) and")
    assert lines[2] == (
        "Dropout 0.2 takes away 0.40 points from the rest (simultaneous 95 % interval −0.48 to −0.32) and is not shown "
        "to add anything alone (0.00 points, simultaneous 95 % interval 0.00 to 0.00)."
    )
    assert "beats" not in " ".join(lines)
    assert of_ingredients(confirmation) == []


def test_after_several_looks_there_are_no_p_values() -> None:
    found = read(UP, MIXED, [0.9] * 10, is_sequential=True)
    assert {each.adjusted_p_value for each in found.additions} == {None}
    assert found.additions[0].sign == 1


@pytest.mark.parametrize(("share", "sign"), [(0.6, 1), (0.95, 0)])
def test_over_splits_there_are_no_p_values_and_wider_intervals(tmp_path: Path, share: float, sign: int) -> None:
    """What splits have in common decides, as it does of what is compared with the baselines."""
    overlap = Overlap(share)
    found = read(UP, MIXED, [0.9] * 10, overlap=overlap)
    assert {each.adjusted_p_value for each in found.additions} == {None}
    assert found.additions[0].sign == sign
    assert found.additions[0].comparison is not None
    interval, expected = found.additions[0].comparison.interval, splits_interval(UP, overlap, 1 - 0.05 / 4)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))
    confirmation = replace(confirmed(tmp_path, Made("m", UP, UP), overlap={"train": share}), ablation=found)
    assert "simultaneous 95 % interval over splits" in of_ingredients(confirmation)[1]
    caption = ingredients.draw(Evidence(None, confirmation)).caption  # type: ignore[arg-type]
    assert "t intervals over splits, corrected for what they have in common" in caption


def test_the_figure_has_every_addition_with_its_interval(tmp_path: Path) -> None:
    found = read(UP, MIXED, [0.9 - 0.004] * 10)
    evidence = Evidence(None, replace(confirmed(tmp_path, Made("m", UP, UP)), ablation=found))  # type: ignore[arg-type]
    drawing = ingredients.draw(evidence)
    assert drawing.figure is not None
    marks = [trace for trace in drawing.figure.data if trace.mode == "markers" and trace.hovertext]
    lines = [trace for trace in drawing.figure.data if trace.mode == "lines"]
    comparisons = [each.comparison for each in found.additions]
    assert sorted(trace.x[0] for trace in marks) == pytest.approx(sorted(100 * each.mean for each in comparisons))
    for mark, line in zip(marks, lines, strict=True):
        (addition,) = [a for a in found.additions if mark.hovertext[0].startswith(f"{a.ingredient} {a.to}:")]
        assert list(line.x) == pytest.approx(
            [100 * addition.comparison.interval.low, 100 * addition.comparison.interval.high]
        )
        assert mark.marker.symbol == _symbol(addition)
        assert list(line.y) == [mark.y[0]] * 2, "each through its own mark"
    assert drawing.data is not None
    signs = {(a.ingredient, a.to): {1: "adds", -1: "takes away", 0: ""}[a.sign] for a in found.additions}
    assert {(r["ingredient"], r["to"]): r["shown"] for r in drawing.data.to_dict("records")} == signs
    heights = {trace.hovertext[0].partition(":")[0]: trace.y[0] for trace in marks}
    assert heights["L2 λ=0.1 to the rest"] == 0 > heights["L2 λ=0.1 alone"] > heights["dropout 0.2 to the rest"] == -1
    assert ingredients.draw(Evidence(None, confirmed(tmp_path / "d", Made("m", UP, UP)))).missing is not None  # type: ignore[arg-type]


def test_each_seed_of_an_addition_is_a_point_that_opens_what_was_trained_for_it(tmp_path: Path) -> None:
    """Without L2 there is dropout, part 0, which is dropout alone, too; both without and alone, L2 is part 1."""
    alone = [0.9 - 0.004] * 10
    evidence = Evidence(None, replace(confirmed(tmp_path, Made("m", UP, UP)), ablation=read(UP, MIXED, alone)))  # type: ignore[arg-type]
    drawing = ingredients.draw(evidence)
    assert drawing.figure is not None
    names = [trace.hovertext[0].partition(":")[0] for trace in drawing.figure.data if trace.hovertext]
    heights = [trace.y[0] for trace in drawing.figure.data if trace.hovertext]
    seeds = [trace for trace in drawing.figure.data if trace.customdata]
    expected = {
        "L2 λ=0.1 to the rest": (0, UP),
        "dropout 0.2 to the rest": (1, MIXED),
        "L2 λ=0.1 alone": (1, [0.004 - value for value in MIXED]),
        "dropout 0.2 alone": (0, [0.004 - value for value in UP]),
    }
    assert sorted(names) == sorted(expected)
    for name, height, trace in zip(names, heights, seeds, strict=True):
        part, differences = expected[name]
        assert list(trace.customdata) == [f"part{part}/{seed}" for seed in SEEDS]
        assert list(trace.x) == pytest.approx([100 * value for value in differences], abs=1e-9)
        assert list(trace.y) == [pytest.approx(height - ingredients.SEEDS_BELOW)] * len(SEEDS)
    low, high = drawing.figure.layout.xaxis.range
    assert all(low < x < high for trace in seeds for x in trace.x)
    assert drawing.data is not None
    assert list(drawing.data[["ingredient", "to", "seed"]].drop_duplicates().index) == list(range(40)), "a row per seed"


@pytest.mark.parametrize(("low", "high"), [(-inf, inf), (-inf, 0.01), (-0.01, inf)])
def test_an_interval_without_an_end_goes_to_the_end_of_the_axis(tmp_path: Path, low: float, high: float) -> None:
    found = read(UP, MIXED, [0.9 - 0.004] * 10)
    first = found.additions[0]
    assert first.comparison is not None
    open_one = replace(first, comparison=replace(first.comparison, interval=Interval(low, high)))
    found = replace(found, additions=[open_one, *found.additions[1:]])
    evidence = Evidence(None, replace(confirmed(tmp_path, Made("m", UP, UP)), ablation=found))  # type: ignore[arg-type]
    figure = ingredients.draw(evidence).figure
    assert figure is not None
    start, end = figure.layout.xaxis.range
    line = next(trace for trace in figure.data if trace.mode == "lines")
    assert list(line.x) == pytest.approx([max(start, 100 * low), min(end, 100 * high)])


@pytest.mark.parametrize("sign", [1, -1])
def test_ingredients_stand_in_the_order_of_what_they_add_to_the_rest(tmp_path: Path, sign: int) -> None:
    """Alone they would stand in the other order. The axis holds zero, where no interval does."""
    found = read(UP, MIXED, [0.9 - 0.004] * 10)
    means = {
        ("L2 λ=0.1", REST): 0.03,
        ("dropout 0.2", REST): 0.06,
        ("L2 λ=0.1", ALONE): 0.09,
        ("dropout 0.2", ALONE): 0.04,
    }
    additions = []
    for each in found.additions:
        assert each.comparison is not None
        mean = sign * means[each.ingredient, each.to]
        made = replace(each.comparison, mean=mean, interval=Interval(mean - 0.01, mean + 0.01))
        additions.append(replace(each, comparison=made))
    made_by_hand = replace(found, additions=additions)
    evidence = Evidence(None, replace(confirmed(tmp_path, Made("m", UP, UP)), ablation=made_by_hand))  # type: ignore[arg-type]
    figure = ingredients.draw(evidence).figure
    assert figure is not None
    heights = {trace.hovertext[0].partition(":")[0]: trace.y[0] for trace in figure.data if trace.hovertext}
    order = ["dropout 0.2", "L2 λ=0.1"][::sign]
    assert [heights[f"{name} {REST}"] for name in order] == [0, -1]
    assert figure.layout.xaxis.range[0] < 0 < figure.layout.xaxis.range[1]


def _symbol(addition: Addition) -> str:
    return ("diamond" if addition.to == REST else "square") + ("" if addition.sign else "-open")
