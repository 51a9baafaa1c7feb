"""What the answer says of which differences, and what it must not say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regsweep.app.confirm import is_settled
from regsweep.errors import RecordError
from regsweep.paths import SweepPaths
from regsweep.report.answer.sentences import answer
from regsweep.report.answer.settling import settling
from regsweep.report.confirmation import Confirmation
from regsweep.report.read_confirmation import read_confirmation
from regsweep.report.sweep import Sweep, read_sweep
from tests.decisions.confirmations import Made, confirmed, write_correct
from tests.decisions.handmade import write_sweep

# Mean 0.4 points, standard deviation √(6·0.1²/9) = 0.0816 points, t(0.975, 9) = 2.2622:
# 0.4 ± 2.2622 · 0.0816/√10 = 0.34 to 0.46. All ten signs agree: p = 2/1024.
UP = [0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004]
DOWN = [-value for value in UP]
MIXED = [0.004, -0.005, 0.003, -0.004, 0.005, -0.003, 0.004, -0.005, 0.003, -0.004]  # mean −0.02 points
WIDE = [0.03, -0.02, 0.03, -0.02, 0.02, -0.01, 0.01, 0.01, 0.0, -0.008]  # mean 0.42 points
NONE = [0.0] * 10

UP_TEXT = "0.40 points (95 % interval 0.34 to 0.46)"
DOWN_TEXT = "0.40 points (95 % interval −0.46 to −0.34)"
# Of k configurations each interval has confidence 1 − 0.05/k: t(0.9875, 9) = 2.6850, t(0.99375, 9) = 3.1109.
UP_OF_4 = "0.40 points (simultaneous 95 % interval 0.32 to 0.48)"
DOWN_OF_2 = "0.40 points (simultaneous 95 % interval −0.47 to −0.33)"
DOWN_OF_4 = "0.40 points (simultaneous 95 % interval −0.48 to −0.32)"


def sweep(tmp_path: Path) -> Sweep:
    return read_sweep(write_sweep(tmp_path / "sweep", [{"overrides": {"optimizer.lr": 0.1}}] * 2))


def answered(tmp_path: Path, *made: Made, **options: object) -> list[str]:
    return answer(sweep(tmp_path), confirmed(tmp_path / "c", *made, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "lines"),
    [
        pytest.param(
            [Made("dropout 0.18 with BatchNorm, at lr 0.0031", UP, UP, ("dropout", "BatchNorm"))],
            [
                f"Dropout 0.18 with BatchNorm, at lr 0.0031, beats the tuned baseline by {UP_TEXT} and the same "
                f"network without them by {UP_TEXT}; 10 paired seeds, adjusted p = 0.002."
            ],
            id="better than both",
        ),
        pytest.param(
            [Made("dropout 0.2", DOWN, DOWN)],
            [
                f"Dropout 0.2 is behind the tuned baseline by {DOWN_TEXT} and the same network without it by "
                f"{DOWN_TEXT}; 10 paired seeds, adjusted p = 0.002."
            ],
            id="worse than both",
        ),
        pytest.param(
            [Made("dropout 0.2", UP, DOWN)],
            [
                f"Dropout 0.2 is ahead of the tuned baseline by {UP_TEXT}, but behind the same network without it by "
                f"{DOWN_TEXT}. Nothing is claimed; 10 paired seeds, adjusted p = 0.002."
            ],
            id="opposite signs",
        ),
        pytest.param(
            [Made("dropout 0.2", UP, NONE)],
            [
                f"Dropout 0.2 is ahead of the tuned baseline by {UP_TEXT}, but equal to the same network without it: "
                "0.00 points (95 % interval 0.00 to 0.00). Nothing is claimed; 10 paired seeds, adjusted p = 1."
            ],
            id="a placebo at a better rate",
        ),
        pytest.param(
            [Made("dropout 0.2", UP)],
            [
                f"Dropout 0.2 is ahead of the tuned baseline by {UP_TEXT}; 10 paired seeds, adjusted p = 0.002. "
                "Nothing is claimed before the same network without it is trained on them, too: go on with "
                "regsweep confirm c."
            ],
            id="the second baseline is not trained",
        ),
        pytest.param(
            [Made("dropout 0.2", UP, is_own_tuned=True)],
            [
                f"Dropout 0.2 beats the tuned baseline by {UP_TEXT} and the same network without it by {UP_TEXT}; "
                "10 paired seeds, adjusted p = 0.002."
            ],
            id="the tuned baseline is its own",
        ),
        pytest.param(
            [Made("open", WIDE), Made("dropout 0.2", DOWN, DOWN)],
            [
                f"Dropout 0.2 is behind the tuned baseline by {DOWN_OF_2} and the same network without it by "
                f"{DOWN_OF_2}; 10 paired seeds, adjusted p = 0.0039.",
                "Not shown: open is ahead of the tuned baseline by 0.42 points",
            ],
            id="one shown behind, one ahead and open",
        ),
        pytest.param(
            [Made("low", DOWN, DOWN), Made("high", UP, UP), Made("open", MIXED)],
            [
                "High beats the tuned baseline",
                "Low is behind the tuned baseline",
                "Not shown: open is behind",
            ],
            id="shown behind and ahead together",
        ),
        pytest.param(
            [Made("open", MIXED), Made("wide", WIDE)],
            ["No difference is shown: wide is ahead of the tuned baseline by 0.42 points"],
            id="nothing settled",
        ),
        pytest.param(
            [Made("dropout 0.2", NONE)],
            [
                "No difference is shown: dropout 0.2 is equal to the tuned baseline: 0.00 points (95 % interval 0.00 "
                "to 0.00); 10 paired seeds, adjusted p = 1."
            ],
            id="zero variance",
        ),
        pytest.param(
            [Made("one", UP, UP), Made("two", UP, UP)],
            ["One beats the tuned baseline", "Two beats the tuned baseline"],
            id="ties: the earlier first",
        ),
        pytest.param(
            [Made("dropout 0.2", [None] * 10), Made("high", UP, UP)],
            ["High beats the tuned baseline by", "Dropout 0.2 never trained to the end."],
            id="one never trains",
        ),
        pytest.param([Made("dropout 0.2", [None] * 10)], ["Dropout 0.2 never trained to the end."], id="none trains"),
    ],
)
def test_every_difference_is_said_with_its_sign(tmp_path: Path, made: list[Made], lines: list[str]) -> None:
    found = answered(tmp_path, *made)
    for line, expected in zip(found, lines, strict=False):
        assert line.startswith(expected)
    assert len(found) >= len(lines)
    assert "No configuration beats" not in " ".join(found)
    assert sum(line.startswith(("Not shown", "No difference")) for line in found) <= 1


def test_one_that_never_trained_keeps_its_place(tmp_path: Path) -> None:
    alone, among = (
        confirmed(tmp_path / str(len(others)), Made("high", UP, UP), *others).candidates[0].claim
        for others in ([], [Made("lost", [None] * 10)])
    )
    assert alone.adjusted_p_value is not None
    assert among.adjusted_p_value == 2 * alone.adjusted_p_value


def test_a_seed_is_lost_in_its_own_comparison_alone(tmp_path: Path) -> None:
    lost = [None, *UP[1:]]
    found = confirmed(tmp_path / "c", Made("dropout 0.2", lost, UP), Made("high", UP, UP))
    assert [len(candidate.against_tuned.seeds) for candidate in found.candidates] == [9, 10]
    lines = answer(sweep(tmp_path), found)
    assert lines[0].startswith("Dropout 0.2 is ahead of the tuned baseline by 0.40 points")
    assert "9 paired seeds (on 1 of 10 it failed or diverged), adjusted" in lines[0]
    assert lines[1].startswith("High beats")


def test_a_second_baseline_that_diverges_counts_with_the_largest_class(tmp_path: Path) -> None:
    found = confirmed(tmp_path / "c", Made("high", UP, [*UP[:8], None, None]))
    own = found.candidates[0].against_own
    assert own is not None
    assert own.num_diverged == 2
    # 60 % of the test images are of the largest class; the configuration has 80.3 and 80.4 % on these seeds.
    np.testing.assert_allclose(own.differences, [*UP[:8], 0.203, 0.204])
    line = answer(sweep(tmp_path), found)[0]
    assert "where that diverged on 2 of 10 seeds and counts with the largest class, which is not shown" in line
    assert line.startswith("High is ahead"), "all signs agree, and the interval is −1.53 to 10.23"


@pytest.mark.parametrize("sizes", [[], [0, 0], {}, "six", None])
def test_without_the_sizes_of_the_classes_it_is_said_what_is_missing(tmp_path: Path, sizes: object) -> None:
    confirmed(tmp_path / "c", Made("high", UP, [*UP[:8], None, None]))
    for path in (tmp_path / "c" / "confirmation" / "seeds").glob("*/result.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "class_sizes": {"test": sizes}}))
    with pytest.raises(RecordError, match="no record has the sizes of the test set's classes"):
        read_confirmation(tmp_path / "c")


def test_a_tuned_baseline_that_diverges_loses_the_seed_for_all(tmp_path: Path) -> None:
    found = confirmed(tmp_path / "c", Made("one", UP), Made("two", UP), num_lost=1)
    assert [len(candidate.against_tuned.seeds) for candidate in found.candidates] == [9, 9]
    assert any("seed 4: diverged" in problem for problem in found.problems)
    reason = "9 paired seeds (on 1 of 10 the tuned baseline failed or diverged), adjusted"
    assert all(reason in line for line in answer(sweep(tmp_path), found)[:2])


ONE = [0.01, *[None] * 9]


@pytest.mark.parametrize(
    ("made", "num_lost", "lines"),
    [
        pytest.param(
            [Made("high", UP, UP), Made("b", ONE)],
            0,
            ["High beats", "B trained to the end on 1 of 10 seeds: too few for an answer about it."],
            id="one pair beside others",
        ),
        pytest.param(
            [Made("b", ONE)],
            0,
            ["B trained to the end on 1 of 10 seeds: too few for an answer about it."],
            id="one pair",
        ),
        pytest.param(
            [Made("high", UP)],
            9,
            ["The tuned baseline failed or diverged on 9 of 10 seeds: too few are left for an answer."],
            id="the baseline has one",
        ),
        pytest.param(
            [Made("high", UP)],
            10,
            ["The tuned baseline failed or diverged on 10 of 10 seeds: too few are left for an answer."],
            id="the baseline has none",
        ),
        pytest.param(
            [Made("high", [*UP[:9], None])],
            9,
            [
                "High trained to the end on 9 of 10 seeds, the tuned baseline on 1 of 10: too few are left to both for "
                "an answer about it."
            ],
            id="each has others",
        ),
    ],
)
def test_too_few_pairs_have_their_reason(tmp_path: Path, made: list[Made], num_lost: int, lines: list[str]) -> None:
    found = answer(sweep(tmp_path), confirmed(tmp_path / "c", *made, num_lost=num_lost))
    assert len(found) >= len(lines)
    for line, start in zip(found, lines, strict=False):
        assert line.startswith(start)


def test_a_second_baseline_that_failed_on_some_seeds_has_fewer(tmp_path: Path) -> None:
    confirmed(tmp_path / "c", Made("dropout 0.2", UP, UP))
    for number in range(4):
        file = tmp_path / "c" / "confirmation" / "own_baselines" / str(number) / "result.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "status": "failed", "error": "it died"}))
    found = read_confirmation(tmp_path / "c")
    assert found is not None
    line = answer(sweep(tmp_path), found)[0]
    assert "points (95 % interval 0.31 to 0.49) on 6 of these seeds; 10 paired seeds, adjusted p = 0.031." in line


def test_a_second_difference_of_smaller_p_is_not_called_open(tmp_path: Path) -> None:
    """Holm's adjustment raises the first one's p-value: both together are what is not shown."""
    tuned = [0.004, 0.004, 0.004, 0.003, 0.004, 0.004, -0.0005]  # p = 4/128
    own = UP[:7]  # p = 2/128
    better = UP[:7]  # p = 2/128
    mixed = [value * (-1) ** place for place, value in enumerate(UP[:7])]  # the larger p, which Holm takes last
    found = answered(tmp_path, Made("a", tuned, own), Made("b", better, mixed))
    a = next(line for line in found if line.startswith("A is ahead"))
    assert a.endswith(": both together are not shown. Nothing is claimed; 7 paired seeds, adjusted p = 0.062.")
    b = next(line for line in found if line.startswith("B is ahead"))
    assert "which is not shown" in b


def test_a_seed_that_collapses_is_warned_of_once_where_the_tuned_baseline_is_its_own(tmp_path: Path) -> None:
    found = answered(tmp_path, Made("dropout 0.2", [*UP[:9], -0.09], is_own_tuned=True))
    assert sum(line.startswith("Careful") for line in found) == 1


def test_of_equal_differences_none_is_the_largest(tmp_path: Path) -> None:
    assert "the largest" not in " ".join(answered(tmp_path, Made("a", NONE), Made("b", NONE)))


FAR_BEHIND = [-0.05, 0.02, -0.05, 0.02, -0.04, 0.01, -0.03, 0.01, 0.0, 0.0]  # mean −1.1 points
BEHIND = [-value for value in WIDE]  # mean −0.42 points


@pytest.mark.parametrize(
    ("made", "places"),
    [
        (
            [Made("a", WIDE), Made("b", FAR_BEHIND)],
            [("b is behind the tuned baseline by 1.10", "the largest"), ("a is ahead", "the furthest ahead")],
        ),
        ([Made("a", BEHIND), Made("b", FAR_BEHIND)], [("b is behind the tuned baseline by 1.10", "the largest")]),
        ([Made("a", NONE), Made("b", FAR_BEHIND)], [("b is behind the tuned baseline by 1.10", "the largest")]),
        ([Made("a", WIDE), Made("b", BEHIND)], [("a is ahead of the tuned baseline by 0.42", "the largest")]),
    ],
)
def test_the_largest_that_is_not_shown_is_said_and_what_is_furthest_ahead(
    tmp_path: Path, made: list[Made], places: list[tuple[str, str]]
) -> None:
    lines = [line for line in answered(tmp_path, *made) if "not shown it is" in line]
    assert len(lines) == len(places)
    for line, (start, place) in zip(lines, places, strict=True):
        assert f": {start}" in line
        assert line.endswith(f"Of the 2 differences that are not shown it is {place}.")


def test_what_is_called_equal_is_not_claimed(tmp_path: Path) -> None:
    """Four wrong images in a hundred thousand, on every seed."""
    found = confirmed(tmp_path / "c", Made("dropout 0.2", [0.00004] * 10, UP))
    assert (found.candidates[0].is_shown, found.candidates[0].claim.sign) == (False, 0)
    line = answer(sweep(tmp_path), found)[0]
    assert line.startswith("No difference is shown: dropout 0.2 is equal to the tuned baseline: 0.00 points")


@pytest.mark.parametrize(
    ("own", "values", "line"),
    [
        ("p=0.5 in 1 layer", [0.3, 0],
         "Where dropout is not used, in the baseline too, the network's own (p=0.5 in 1 layer) is set to 0."),
        ("p=0.5 in 1 layer", [0.3, None],
         "Where dropout is not used, in the baseline too, the network has dropout of its own (p=0.5 in 1 layer); "
         "regularizer.dropout=0 would be without."),
        (None, [0.3, 0], None),
        ("p=0.5 in 1 layer", [None, None], None),
    ],
)  # fmt: skip
def test_what_stands_in_for_dropout_in_a_network_that_has_its_own_is_said(
    tmp_path: Path, own: str | None, values: list[float | None], line: str | None
) -> None:
    trials = [{"overrides": {"regularizer.dropout": value}, "own_dropout": own} for value in values]
    swept = read_sweep(write_sweep(tmp_path / "of_dropout", trials))
    for lines in (answer(swept, None), answer(swept, confirmed(tmp_path / "c", Made("dropout 0.3", UP, UP)))):
        assert [each for each in lines if "Where dropout" in each] == ([line] if line else [])


def test_too_few_seeds_and_unfinished_ones(tmp_path: Path) -> None:
    few = answered(tmp_path, *(Made(name, UP[:5]) for name in ("one", "two", "three")))
    assert few[0] == (
        "5 paired seeds cannot show a difference: with 3 configurations the smallest possible p-value is 0.19; "
        "take 7 or more."
    )
    few_sweep = read_sweep(tmp_path / "sweep")
    unfinished = answer(few_sweep, confirmed(tmp_path / "d", Made("x", UP), num_planned=12))
    assert unfinished[-1] == "2 of the 12 planned seeds were not trained."
    last = answer(few_sweep, confirmed(tmp_path / "f", Made("x", UP), num_planned=11))
    assert last[-1] == "1 of the 11 planned seeds was not trained."
    assert "anytime-valid" in unfinished[0]
    single = answer(few_sweep, confirmed(tmp_path / "e", Made("x", UP[:1]), num_planned=3))
    assert single == ["1 of 3 seeds is complete: too few for an answer. Go on with regsweep confirm e."]


def test_a_seed_without_all_its_runs_is_not_complete(tmp_path: Path) -> None:
    confirmed(tmp_path / "c", Made("dropout 0.2", UP[:2]))
    (tmp_path / "c" / "confirmation" / "seeds" / "3" / "result.json").unlink()
    (tmp_path / "c" / "confirmation" / "seeds" / "3" / "trial.json").unlink(missing_ok=True)
    found = read_confirmation(tmp_path / "c")
    assert found is not None
    assert answer(sweep(tmp_path), found)[0].startswith("1 of 2 seeds is complete: too few")


def test_two_halves_of_two_seeds_are_no_seed(tmp_path: Path) -> None:
    confirmed(tmp_path / "c", Made("a", UP[:2]), Made("b", UP[:2]))
    for number in (1, 5):  # of a the first seed, of b the second
        (tmp_path / "c" / "confirmation" / "seeds" / str(number) / "result.json").unlink()
    found = read_confirmation(tmp_path / "c")
    assert found is not None
    assert answer(sweep(tmp_path), found)[0].startswith("0 of 2 seeds are complete: too few")


@pytest.mark.parametrize("num_failed", [9, 10])
def test_a_second_baseline_that_failed_is_not_waited_for(tmp_path: Path, num_failed: int) -> None:
    confirmed(tmp_path / "c", Made("dropout 0.2", UP, UP))
    for number in range(num_failed):
        file = tmp_path / "c" / "confirmation" / "own_baselines" / str(number) / "result.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "status": "failed", "error": "it died"}))
    found = read_confirmation(tmp_path / "c")
    assert found is not None
    assert answer(sweep(tmp_path), found)[0] == (
        f"Dropout 0.2 is ahead of the tuned baseline by {UP_TEXT}; 10 paired seeds, adjusted p = 0.002. Nothing is "
        f"claimed: the same network without it failed on {num_failed} of 10 seeds."
    )


@pytest.mark.parametrize(
    ("values", "far"),
    [
        ([*UP[:9], -0.234], [(13, -0.234)]),
        ([*UP[:9], 0.009], []),  # far, but not by a point
        (WIDE, []),
        ([0.0] * 9 + [0.02], [(13, 0.02)]),
        ([*UP[:8], -0.234, -0.234], [(12, -0.234), (13, -0.234)]),
        ([0.001, 0.002, -0.3], []),  # of three, or four, nothing is far
        ([0.001, 0.002, 0.0015, -0.3], []),
        ([0.001, 0.002, 0.003, 0.005, -0.3], [(8, -0.3)]),
        ([0.001, 0.002, 0.003, 0.005, 0.015], []),  # 12 deviations of 0.001, where 14 are far
    ],
)
def test_a_seed_that_collapses_is_warned_of(tmp_path: Path, values: list[float], far: list[tuple[int, float]]) -> None:
    found = confirmed(tmp_path / "c", Made("dropout 0.2", values))
    assert [seed for seed, _ in found.candidates[0].against_tuned.far_seeds] == [seed for seed, _ in far]
    assert [d for _, d in found.candidates[0].against_tuned.far_seeds] == pytest.approx([value for _, value in far])
    warnings = [line for line in answer(sweep(tmp_path), found) if line.startswith("Careful")]
    assert len(warnings) == bool(far)
    if far:
        assert (
            ", ".join(f"{100 * value:.2f} points on seed {seed}".replace("-", "−") for seed, value in far)
            in warnings[0]
        )
        assert "from the tuned baseline is" in warnings[0]


@pytest.mark.parametrize(
    ("trials", "line"),
    [
        ([{"status": "failed"}] * 2, "No trial is complete, so there is no answer yet."),
        ([{}] * 2, "None of the 2 complete trials has a test accuracy, so there is nothing to rank them by."),
    ],
)
def test_without_a_best_trial(tmp_path: Path, trials: list[dict[str, str]], line: str) -> None:
    made = [{**trial, "overrides": {"optimizer.lr": 0.1}} for trial in trials]
    found = read_sweep(write_sweep(tmp_path / "s", made))
    assert answer(replace(found, objective="test_accuracy"), None) == [line]


def images(tmp_path: Path, num_differing: int) -> Confirmation:
    """A test set of 360 images, of which the configuration has `num_differing` more right on every seed."""
    confirmed(tmp_path / "c", Made("dropout 0.2", NONE))
    for seed in range(10):
        base = np.arange(360) >= 60
        write_correct(tmp_path / "c", "seeds", 2 * seed, base)
        write_correct(tmp_path / "c", "seeds", 2 * seed + 1, base | (np.arange(360) < num_differing))
    found = read_confirmation(tmp_path / "c")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("num_differing", "part"),
    [
        (0, "of 360 images (none is classified differently: too few for an answer about other images)"),
        (1, "of 360 images (one is classified differently: too few for an answer about other images)"),
        (9, "of 360 images (9 are classified differently: too few for an answer about other images)"),
        (10, "of 360 images (for others of their kind the interval is 1.0"),
    ],
)
def test_other_images_are_spoken_of_where_enough_differ(tmp_path: Path, num_differing: int, part: str) -> None:
    assert part in " ".join(answer(sweep(tmp_path), images(tmp_path, num_differing)))


def test_what_it_was_selected_for_is_said_of_the_one_that_is_named(tmp_path: Path) -> None:
    lines = answered(tmp_path, Made("low", DOWN, selected_for=0.9), Made("L2, at lr 0.1", UP, UP, selected_for=0.86))
    expected = "in the sweep L2, at lr 0.1, had a validation accuracy of 86.00 %, on fresh seeds 85.00 %."
    assert any(expected in line for line in lines)


@pytest.mark.parametrize(
    ("made", "margin", "settled"),
    [
        ([Made("x", UP, UP)], 0.0, True),
        ([Made("x", UP, MIXED)], 0.0, False),  # the second difference is open
        ([Made("x", UP, MIXED)], 0.02, True),
        ([Made("x", UP)], 0.0, False),  # the second baseline is not trained
        ([Made("x", UP, DOWN)], 0.0, False),  # two signs
        ([Made("x", UP, WIDE)], 0.006, True),  # the interval against the tuned baseline is within it
        ([Made("x", UP, WIDE)], 0.004, False),
        ([Made("x", UP, UP), Made("y", MIXED)], 0.0, False),
        ([Made("x", UP, UP), Made("y", MIXED)], 0.02, True),
        ([Made("x", UP, UP), Made("y", [None] * 10)], 0.0, True),  # more seeds would not help it
        # ∓0.25 points, whose anytime-valid interval is ∓0.70 to ±0.20: one end alone lies within the margin.
        ([Made("x", [-0.006, 0.001] * 5)], 0.003, False),
        ([Made("x", [0.006, -0.001] * 5)], 0.003, False),
        ([Made("x", [0.006, -0.001] * 5)], 0.008, True),
    ],
)
def test_a_difference_has_settled_when_it_is_shown_or_small_enough(
    tmp_path: Path, made: list[Made], margin: float, settled: bool
) -> None:
    assert is_settled(confirmed(tmp_path / "c", *made, is_sequential=True), margin) == settled


# WIDE: standard deviation 1.8838 points, 0.42 ± 2.2622 · 1.8838/√10 = −0.93 to 1.77.
SELECTED = "{} had a validation accuracy of 86.00 %, on fresh seeds 85.00 %."
NEEDED = "To show what is not shown, were it as large as it looks, start anew with so many seeds"
GO_ON = NEEDED.replace("start anew with", "go on to")
ANYTIME = "simultaneous 95 % anytime-valid interval"
SCOPE = "This holds for one split of the data and this test set; in the sweep "


@pytest.mark.parametrize(
    ("made", "end"),
    [
        (
            [Made("open", MIXED), Made("a", MIXED), Made("wide", WIDE)],
            ": 259 for wide; more than 1,000 for the others.",
        ),
        ([Made("open", MIXED), Made("a", MIXED)], ": more than 1,000 for a and open."),
        ([Made("wide", WIDE), Made("b", WIDE)], ": 237 for b; 237 for wide."),
        ([Made("up", UP, UP)], None),
    ],
)
def test_the_seeds_that_are_still_needed(tmp_path: Path, made: list[Made], end: str | None) -> None:
    assert settling(confirmed(tmp_path / "c", *made)) == ([] if end is None else [f"{NEEDED}{end}"])


@pytest.mark.parametrize(
    ("made", "options", "lines"),
    [
        pytest.param(
            [Made("open", MIXED), Made("wide", WIDE)],
            {},
            [
                "No difference is shown: wide is ahead of the tuned baseline by 0.42 points (simultaneous 95 % "
                "interval −1.18 to 2.02); 10 paired seeds, adjusted p = 1. Of the 2 differences that are not shown it "
                "is the largest.",
                SCOPE + SELECTED.format("wide"),
                f"{NEEDED}: 237 for wide; more than 1,000 for open.",
            ],
            id="nothing is shown",
        ),
        pytest.param(
            [Made("low", DOWN, DOWN), Made("open", MIXED), Made("wide, at lr 0.1", WIDE), Made("high", UP, UP)],
            {},
            [
                f"High beats the tuned baseline by {UP_OF_4} and the same network without it by {UP_OF_4}; 10 paired "
                "seeds, adjusted p = 0.0078.",
                f"Low is behind the tuned baseline by {DOWN_OF_4} and the same network without it by {DOWN_OF_4}; 10 "
                "paired seeds, adjusted p = 0.0078.",
                "Not shown: wide, at lr 0.1, is ahead of the tuned baseline by 0.42 points (simultaneous 95 % interval "
                "−1.43 to 2.27); 10 paired seeds, adjusted p = 1. Of the 2 differences that are not shown it is the "
                "largest.",
                SCOPE + SELECTED.format("high"),
                f"{NEEDED}: 274 for wide, at lr 0.1; more than 1,000 for open.",
            ],
            id="of everything something",
        ),
        pytest.param(
            [Made("x", UP, WIDE)],
            {},
            [
                f"X is ahead of the tuned baseline by {UP_TEXT}, but ahead of the same network without it by 0.42 "
                "points (95 % interval −0.93 to 1.77), which is not shown. Nothing is claimed; 10 paired seeds, "
                "adjusted p = 0.5.",
                SCOPE + SELECTED.format("x"),
                f"{NEEDED}: 200 for x.",  # of the second difference: the first takes 6
            ],
            id="the second difference is not shown",
        ),
        pytest.param(
            [Made("x", UP, [*UP[:9], -0.3])],
            {},
            [
                f"X is ahead of the tuned baseline by {UP_TEXT}, but behind the same network without it by 2.64 points "
                "(95 % interval −9.52 to 4.24). Nothing is claimed; 10 paired seeds, adjusted p = 1.",
                SCOPE + SELECTED.format("x"),
                "Careful: the difference of x from its own baseline is −30.00 points on seed 13, far from the other "
                "seeds'. The intervals assume that no seed collapses: look at these runs, and at the median.",
            ],
            id="the second baseline is far off on a seed",
        ),
        pytest.param(
            [Made("x", UP, UP, ("dropout", "BatchNorm")), Made("y", DOWN, UP)],
            {"is_sequential": True},
            [
                f"X beats the tuned baseline by 0.40 points ({ANYTIME} 0.29 to 0.51) and the same network without them "
                f"by 0.40 points ({ANYTIME} 0.29 to 0.51); 10 paired seeds.",
                f"Y is behind the tuned baseline by 0.40 points ({ANYTIME} −0.51 to −0.29), but ahead of the same "
                f"network without it by 0.40 points ({ANYTIME} 0.29 to 0.51). Nothing is claimed; 10 paired seeds.",
                SCOPE + SELECTED.format("x"),
            ],
            id="after several looks no p-value counts",
        ),
        pytest.param(
            [Made("wide", WIDE), Made("x", UP, UP), Made("same", [0.0] * 10)],
            {"is_sequential": True},
            [
                f"X beats the tuned baseline by 0.40 points ({ANYTIME} 0.28 to 0.52) and the same network without it "
                f"by 0.40 points ({ANYTIME} 0.28 to 0.52); 10 paired seeds.",
                f"Not shown: wide is ahead of the tuned baseline by 0.42 points ({ANYTIME} −2.43 to 3.27); 10 paired "
                "seeds. Of the 2 differences that are not shown it is the largest.",
                SCOPE + SELECTED.format("x"),
                f"{GO_ON}: 504 for wide.",
            ],
            id="after several looks it goes on",
        ),
        pytest.param(
            [Made("x", UP[:4])],
            {"num_planned": 9},
            [
                "No difference is shown: x is ahead of the tuned baseline by 0.40 points (95 % anytime-valid interval "
                "−∞ to ∞); 4 paired seeds.",
                SCOPE + SELECTED.format("x"),
                "5 of the 9 planned seeds were not trained.",
            ],
            id="four seeds bound nothing before the last",
        ),
    ],
)
def test_the_whole_answer(tmp_path: Path, made: list[Made], options: dict[str, Any], lines: list[str]) -> None:
    assert answered(tmp_path, *made, **options) == lines


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        ([Made("a", UP, UP, ["L2"])], "L2 helps."),
        ([Made("a", UP, UP, ["L2"]), Made("b", UP, UP, ["L1", "dropout"])], "L2 and L1 + dropout help."),
        ([Made("a", DOWN, DOWN, ["L1"]), Made("b", DOWN, DOWN, ["L2"])], "L1 and L2 hurt."),
        ([Made("a", MIXED, None, ["L1"]), Made("b", WIDE, None, ["L2"])], "L1 and L2 are not settled."),
        ([Made("a", [0.0] * 10, None, ["max-norm"])], "Max-norm changed nothing."),
        ([Made("a", [*[0.0] * 9, 0.0001], None, ["max-norm"])], "Max-norm is not settled."),
        ([Made("a", [None] * 10, None, ["L1"]), Made("b", UP, UP, ["L2"])], "L2 helps; L1 never trained to the end."),
        (
            [Made("a", UP, UP, ["mixup"]), Made("b", DOWN, DOWN, ["L1"]), Made("c", UP, MIXED, ["L2"]),
             Made("d", [0.0] * 10, None, ["max-norm"])],
            "Mixup helps; L1 hurts; max-norm changed nothing; L2 is not settled.",
        ),
        ([Made("a", UP[:1], None, ["L2"])], None),
    ],
)  # fmt: skip
def test_a_comparison_says_what_helps_and_what_hurts(tmp_path: Path, made: list[Made], verdict: str | None) -> None:
    sweep = replace(read_sweep(write_sweep(tmp_path / "s", [{}, {}])), is_comparison=True)
    lines = answer(sweep, confirmed(tmp_path / "c", *made))
    assert (lines[0] if verdict else None) == verdict
    assert verdict or not any("settled" in line for line in lines)


@pytest.mark.parametrize(
    ("added", "line"),
    [
        ([], None),
        (["mixup"], "Mixup was added after others had been trained on fresh seeds"),
        (["mixup", "L2"], "Mixup and L2 were added after others had been trained on fresh seeds"),
    ],
)
def test_contestants_that_were_added_are_named(tmp_path: Path, added: list[str], line: str | None) -> None:
    sweep = replace(read_sweep(write_sweep(tmp_path / "s", [{}, {}])), is_comparison=True)
    found = replace(confirmed(tmp_path / "c", Made("a", UP, UP), Made("b", MIXED)), added=added)
    lines = [each for each in answer(sweep, found) if "added after" in each]
    assert lines == ([f"{line}; intervals and p-values are for all 2 together."] if line else [])


NOT_YET = (
    "It was selected for that value, on one seed, and is not yet an answer; to compare it with the tuned network "
    "without regularization, on fresh seeds: regsweep confirm s"
)
FLATTERS = "It was selected for that value, which flatters it: run it again on fresh seeds before believing it."


@pytest.mark.parametrize(
    ("trials", "objective", "is_own", "lines"),
    [
        (
            [{"accuracy": 0.5}],
            None,
            True,
            ["One run, with 50.00 % validation accuracy; a single run compares nothing."],
        ),
        (
            [{"accuracy": 0.5}, {"accuracy": 0.98765}, {"accuracy": 0.6}],
            None,
            True,
            ["Trial 1 is the best of 3, with 98.77 % validation accuracy.", NOT_YET],
        ),
        (
            [{"loss": 0.5}, {"loss": 0.25}],
            "validation_loss",
            True,
            ["Trial 1 is the best of 2, with validation loss 0.25.", NOT_YET],
        ),
        (
            [{"accuracy": 0.0}, {"accuracy": 98.5}],
            None,
            False,
            ["Trial 1 is the best of 2, with validation accuracy 98.5.", FLATTERS],
        ),
        (
            [{"accuracy": 0.0}, {"accuracy": 0.0}],
            None,
            False,
            ["Trial 0 is the best of 2, with 0.00 % validation accuracy (the first of 2 with this value).", FLATTERS],
        ),
        (
            [{"accuracy": 0.5}, {"accuracy": 1.0}],
            None,
            True,
            ["Trial 1 is the best of 2, with 100.00 % validation accuracy.", NOT_YET],
        ),
    ],
)
def test_before_a_confirmation_the_best_is_named_and_not_believed(
    tmp_path: Path, trials: list[dict[str, float]], objective: str | None, lines: list[str], *, is_own: bool
) -> None:
    made = [{**trial, "overrides": {"optimizer.lr": n}} for n, trial in enumerate(trials)]
    found = read_sweep(write_sweep(tmp_path / "s", made), objective=objective)
    assert answer(replace(found, is_own=is_own), None) == lines


@pytest.mark.parametrize(
    ("planned", "is_sequential"),
    [
        ({"until_settled": False, "looks": [10]}, False),
        ({"until_settled": False, "looks": [10, 20]}, True),
        ({"until_settled": True, "looks": [10]}, True),
    ],
)
def test_a_confirmation_that_version_0_1_wrote_is_read(
    tmp_path: Path, planned: dict[str, Any], *, is_sequential: bool
) -> None:
    """It knew no second baselines and no kinds."""
    confirmed(tmp_path / "c", Made("x", UP, UP), Made("y", DOWN))
    file = SweepPaths(tmp_path / "c").confirmation.plan
    plan = json.loads(file.read_text())
    named = [{k: v for k, v in each.items() if k != "kind"} for each in plan["configurations"]]
    file.write_text(json.dumps({"configurations": named, "num_seeds": 10, **planned}))
    found = read_confirmation(tmp_path / "c")
    assert found is not None
    assert found.is_sequential == is_sequential
    assert [candidate.against_own for candidate in found.candidates] == [None, None]
    assert [candidate.is_shown for candidate in found.candidates] == [True, True]
    assert [candidate.claim.sign for candidate in found.candidates] == [0, 0]
    assert [candidate.kind for candidate in found.candidates] == [[], []]


def test_after_several_looks_other_images_are_not_spoken_of(tmp_path: Path) -> None:
    for is_sequential in (False, True):
        folder = tmp_path / str(is_sequential)
        confirmed(folder, Made("x", UP, is_own_tuned=True), is_sequential=is_sequential)
        generator = np.random.default_rng(0)
        base = np.arange(1000) >= 200
        for seed in range(10):
            others = base.copy()
            others[generator.choice(200, round(1000 * UP[seed]), replace=False)] = True
            write_correct(folder, "seeds", 2 * seed, base)
            write_correct(folder, "seeds", 2 * seed + 1, others)
        found = read_confirmation(folder)
        assert found is not None
        assert found.num_images == 1000
        own = found.candidates[0].against_own
        for against in (found.candidates[0].against_tuned, own):
            assert against is not None
            assert against.comparison is not None
            assert (against.comparison.interval_with_images is None) == is_sequential
