"""Each method off and on: which trials are pairs, and on which side each stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regsweep.report.figures import Evidence, on_and_off
from tests.decisions.traces import BATCH_NORM, LOSS, of, panels_of, read, ys


def pairs_of(trace: Any) -> list[tuple[float, float]]:
    """Return y at the left and at the right end of each line."""
    places = list(zip(trace.x, trace.y, strict=True))
    assert all(x is None for x, _ in places[2::3])
    assert {x for x, _ in places[0::3]} == {0}
    assert {x for x, _ in places[1::3]} == {1}
    return [(left[1], right[1]) for left, right in zip(places[0::3], places[1::3], strict=True)]


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


def test_every_seed_is_a_small_point_on_its_side_at_its_own_score(tmp_path: Path) -> None:
    trials = [
        of(norm=norm, accuracy=0.5 + 0.2 * norm + seed / 50, seed=seed) for norm in (False, True) for seed in (0, 1)
    ]
    trials = [{**trial, "overrides": {**trial["overrides"], "seed": trial["seed"]}} for trial in trials]
    panel = panels_of(on_and_off.draw(Evidence(read(tmp_path / "s", trials))))["BatchNorm"]
    expected = {0: ([0, 1], [50, 52]), 1: ([2, 3], [70, 72])}
    for trace, (side, (numbers, scores)) in zip(panel["a seed"], expected.items(), strict=True):
        assert {round(x) for x in trace.x} == {side}
        assert list(trace.customdata) == numbers
        np.testing.assert_allclose(trace.y, scores)
    np.testing.assert_allclose(ys(panel, "without"), [51])
    np.testing.assert_allclose(ys(panel, "with"), [71])


@pytest.mark.parametrize(
    ("rates", "sides"),
    [
        ((0.0, 0.5, None), ([50], [60])),  # of the third it is not on record
        ((0.0, 0.0, None), None),
        ((None, 0.5, 0.5), None),
    ],
)
def test_a_trial_of_which_a_method_is_not_known_is_on_neither_side(
    tmp_path: Path, rates: tuple[float | None, ...], sides: tuple[list[float], list[float]] | None
) -> None:
    trials = [
        {"overrides": {"model.width": n, **({} if rate is None else {"model.dropout": rate})}, "accuracy": 0.5 + n / 10}
        for n, rate in enumerate(rates)
    ]
    sweep = replace(read(tmp_path / "s", trials), is_own=False, regularization={})
    drawing = on_and_off.draw(Evidence(sweep))
    if sides is None:
        assert drawing.missing == "no method is known to be on in some complete trials and off in others"
        return
    panel = panels_of(drawing)["dropout"]
    for name, expected in zip(("without", "with"), sides, strict=True):
        np.testing.assert_allclose(ys(panel, name), expected)
