"""What is claimed, and checked, of runs that are compared by another number than accuracy."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple
from math import log
from pathlib import Path

import numpy as np
import pytest
import torch
from torchmetrics.classification import BinaryAveragePrecision, BinaryF1Score

from regsweep.data import Split
from regsweep.errors import RegsweepError
from regsweep.losses import Loss
from regsweep.metrics import evaluate
from regsweep.objectives import OBJECTIVES
from regsweep.report.answer.sentences import answer
from regsweep.report.check import NOT_THERE, OPEN, SHOWN, check, main
from regsweep.report.confirmation import Confirmation
from regsweep.report.diverged import worth_of_one_answer
from regsweep.report.read_confirmation import read_confirmation
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.terms import Terms
from regsweep.run_record import TaskRecord
from regsweep.scoring import scoring_of
from regsweep.statistics.intervals import seeds_and_images_interval, t_interval
from tests.decisions.confirmations import Made, confirmed, write_errors
from tests.decisions.handmade import task, write_sweep

BASE = 50.0
RMSE = task("rmse", deviations={"test": [80.0]})
LESS = [1.6, 1.4, 1.5, 1.7, 1.3, 1.5, 1.6, 1.4, 1.5, 1.5]
"""Gains: so much lower is the error on each seed, 3 % of 50."""
MORE = [-each for each in LESS]
UNCLEAR = [0.5, -0.4, 0.6, -0.5, 0.4, -0.6, 0.5, -0.5, 0.3, -0.2]


def judged(folder: Path, *made: Made, by: str = "rmse", base: float = BASE) -> Confirmation:
    found = RMSE if by == "rmse" else task(by)
    return confirmed(folder / "c", *made, task=found, base=base)


def sweep(folder: Path) -> Sweep:
    return read_sweep(write_sweep(folder / "s", [{"task": RMSE, "accuracy": 50.0}]))


def said(folder: Path, confirmation: Confirmation) -> str:
    return " ".join(answer(sweep(folder), confirmation))


@pytest.mark.parametrize(("gains", "sign"), [(LESS, 1), (MORE, -1), (UNCLEAR, 0)])
def test_a_claim_follows_the_direction_of_the_objective(tmp_path: Path, gains: Sequence[float], sign: int) -> None:
    """An error that is larger on every seed is never called better."""
    found = judged(tmp_path, Made("L2 λ=0.1", gains, gains, ["L2"]))
    assert found.candidates[0].claim.sign == sign
    reached = found.candidates[0].mean()
    assert reached == pytest.approx(BASE - np.mean(gains))


def test_the_answer_gives_per_cent_of_the_baseline_s_value_and_the_objective_s_own_unit(tmp_path: Path) -> None:
    text = said(tmp_path, judged(tmp_path, Made("L2 λ=0.1", LESS, LESS, ["L2"], selected_for=48.2)))
    assert (
        "L2 λ=0.1 lowers the test rmse by 3 % (1.5; 95 % interval 1.42 to 1.58) against the tuned baseline and by 3 % "
        "(1.5; 95 % interval 1.42 to 1.58) against the same network without it; 10 paired seeds, adjusted p = 0.002."
    ) in text
    assert "in the sweep L2 λ=0.1 had a validation rmse of 48.2" in text
    assert "points" not in text
    assert "images" not in text


@pytest.mark.parametrize(
    ("by", "gains", "verb"),
    [("rmse", LESS, "lowers"), ("rmse", MORE, "raises"), ("r2", LESS, "raises"), ("r2", MORE, "lowers")],
)
def test_the_verb_follows_gain_and_direction(tmp_path: Path, by: str, gains: Sequence[float], verb: str) -> None:
    text = said(tmp_path, judged(tmp_path, Made("L2", gains, gains, ["L2"]), by=by))
    assert f"L2 {verb} the test {by} by 3 %" in text


@pytest.mark.parametrize(
    ("by", "why"),
    [
        ("rmse", "(the interval of a test rmse is over seeds alone: it is no mean over examples)"),
        ("auroc", "(the interval of a test auroc is over seeds alone: it is no mean over examples)"),
        ("mae", "(the interval of a test mae is over seeds alone: the test mae of each example is not on record)"),
        ("accuracy", None),
    ],
)
def test_the_sentence_says_that_an_interval_is_over_seeds_alone(tmp_path: Path, by: str, why: str | None) -> None:
    base, gains = (0.5, [each / 100 for each in LESS]) if by in ("auroc", "accuracy") else (BASE, LESS)
    text = said(tmp_path, judged(tmp_path, Made("L2", gains, gains, ["L2"]), by=by, base=base))
    assert "this test set of 89 examples" in text
    assert ("over seeds alone" in text) == (why is not None)
    assert why is None or why in text


def written(folder: Path, by: str, *, num_differing: int = 89) -> tuple[Confirmation, np.ndarray]:
    """Return a confirmation with the errors of each example, and the baseline's minus the configuration's."""
    judged(folder, Made("L2", LESS, LESS, ["L2"]), by=by)
    rng = np.random.default_rng(3)
    common_N, gain_N = rng.gamma(2, 25, 89), rng.normal(2, 9, 89)
    gain_N[num_differing:] = 0
    pairs = []
    for seed in range(len(LESS)):
        noise_2N = rng.normal(0, 1, (2, 89)) * (gain_N != 0)
        made = (90 + common_N + noise_2N[0], 90 + common_N - gain_N + noise_2N[1])
        pair = [each.astype(np.float32) for each in made]
        for place, errors_N in enumerate(pair):
            write_errors(folder / "c", "seeds", 2 * seed + place, errors_N, by)
        write_errors(folder / "c", "own_baselines", seed, pair[0], by)
        pairs.append(pair[0].astype(float) - pair[1])
    found = read_confirmation(folder / "c")
    assert found is not None
    return found, np.stack(pairs)


@pytest.mark.parametrize("by", ["mae", "loss"])
def test_the_interval_of_a_mean_of_errors_counts_examples_as_drawn(tmp_path: Path, by: str) -> None:
    """A gain is so much less error; what is shown is still decided by the interval over seeds."""
    found, gains_SN = written(tmp_path, by)
    assert gains_SN.mean() > 0
    candidate = found.candidates[0]
    own = candidate.against_own
    assert own is not None
    expected = seeds_and_images_interval(gains_SN)
    for against in (candidate.against_tuned, own):
        np.testing.assert_allclose(against.differences, gains_SN.mean(1), rtol=1e-9)
        assert against.compared.interval_with_images is not None
        np.testing.assert_allclose(astuple(against.compared.interval_with_images), astuple(expected), rtol=1e-9)
        assert astuple(against.compared.interval) == pytest.approx(astuple(t_interval(gains_SN.mean(1))))
    assert expected.low < 0.9 * candidate.against_tuned.compared.interval.low
    text = said(tmp_path, found)
    assert f"89 examples (for others of their kind the interval is {found.terms.ends(expected)}); in the sweep" in text
    assert "over seeds alone" not in text
    assert not [line for line in found.problems if "npy" in line]


def test_no_other_examples_are_spoken_of_where_few_are_predicted_differently(tmp_path: Path) -> None:
    found, _ = written(tmp_path, "mae", num_differing=9)
    assert found.candidates[0].against_tuned.compared.interval_with_images is None
    assert "(9 are predicted differently: too few for an answer about other examples)" in said(tmp_path, found)


def damage_value(place: Path) -> None:
    content = json.loads((place / "result.json").read_text())
    content["metrics"]["test"]["mae"] *= 1 + 1e-7
    (place / "result.json").write_text(json.dumps(content))


def damage_type(place: Path) -> None:
    np.save(place / "test_errors.npy", np.load(place / "test_errors.npy").astype(float))


@pytest.mark.parametrize("damage", [damage_value, damage_type, lambda place: (place / "test_errors.npy").unlink()])
def test_errors_that_are_not_of_the_run_leave_the_interval_over_seeds(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    written(tmp_path, "mae")
    damage(tmp_path / "c" / "confirmation" / "seeds" / "3")
    found = read_confirmation(tmp_path / "c")
    assert found is not None
    assert found.candidates[0].against_tuned.compared.interval_with_images is None
    assert "is over seeds alone: the test mae of each example is not on record" in said(tmp_path, found)
    (problem,) = [line for line in found.problems if "npy" in line]
    assert "seeds/3/test_errors.npy: " in problem
    assert problem.endswith("no interval for other test examples")


def test_balanced_accuracy_is_in_points(tmp_path: Path) -> None:
    gains = [each / 100 for each in LESS]
    text = said(tmp_path, judged(tmp_path, Made("L2", gains, gains, ["L2"]), by="balanced_accuracy", base=0.7))
    assert "L2 beats the tuned baseline by 1.50 points (95 % interval 1.42 to 1.58)" in text
    assert "validation balanced accuracy of 86.00 %" in text


@pytest.mark.parametrize(
    ("per_cent", "code"), [(0, SHOWN), (2.5, SHOWN), (2.8, SHOWN), (2.9, OPEN), (3.1, OPEN), (3.2, NOT_THERE)]
)
def test_a_threshold_is_per_cent_of_the_baseline_s_value(tmp_path: Path, per_cent: float, code: int) -> None:
    """The interval goes from 1.42 to 1.58, which is 2.84 % to 3.16 % of 50."""
    judged(tmp_path, Made("L2", LESS, LESS, ["L2"]))
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "c"), "--by", str(per_cent)])
    assert ended.value.code == code


def test_a_threshold_names_its_unit(tmp_path: Path) -> None:
    found = judged(tmp_path, Made("L2", LESS, LESS, ["L2"]))
    assert check(found, 0.1)[1] == "shown: L2, by 2.8 % (1.42) or more"
    assert check(found, 5.0)[1] == "not there: no contestant gains 10 % of the tuned baseline's test rmse (5)"


@pytest.mark.parametrize("base", [0.0, -0.2])
def test_no_per_cent_is_taken_of_what_is_not_above_zero(tmp_path: Path, base: float) -> None:
    found = judged(tmp_path, Made("L2", LESS, LESS, ["L2"]), by="r2", base=base)
    with pytest.raises(RegsweepError, match="per cent of the tuned baseline's test r2"):
        main([str(tmp_path / "c"), "--by", "1"])
    assert "L2 raises the test r2 by 1.5 (95 % interval 1.42 to 1.58)" in said(tmp_path, found)


@pytest.mark.parametrize(("gain", "is_equal"), [(0.002, True), (0.003, False)])
def test_what_is_equal_follows_the_baseline_s_value(tmp_path: Path, gain: float, is_equal: bool) -> None:
    """0.005 % of 50 is 0.0025; of an accuracy 0.002 would be 0.2 points."""
    gains = [gain + noise for noise in (0.001, -0.001, 0.0005, -0.0005, 0.0)]
    found = judged(tmp_path, Made("L2", gains, gains, ["L2"])).candidates[0].against_tuned
    assert found.compared.is_equal == is_equal


def test_one_seed_far_from_the_others_is_named_whatever_the_unit(tmp_path: Path) -> None:
    """0.5 of 50 is 1 %: nearer is not far, though no other seed differs as much."""
    far = judged(tmp_path, Made("L2", [*LESS[:9], 9.0], None, ["L2"])).candidates[0].against_tuned.far_seeds
    assert [seed for seed, _ in far] == [13]
    near = [0.1, 0.1001, 0.1, 0.1, 0.1, 0.4]
    assert not confirmed(tmp_path / "n", Made("L2", near), task=RMSE, base=BASE).candidates[0].against_tuned.far_seeds


@pytest.mark.parametrize(
    ("by", "base", "worth", "words"),
    [
        ("rmse", 50.0, 80.0, "counts as if it always answered the mean"),
        ("r2", 0.5, 0.0, "counts as if it always answered the mean"),
        ("auroc", 0.7, 0.5, "counts as if it always answered one class"),
    ],
)
def test_a_baseline_that_diverged_counts_as_one_that_always_gives_one_answer(
    tmp_path: Path, by: str, base: float, worth: float, words: str
) -> None:
    gains = [each / 100 for each in LESS]
    found = judged(tmp_path, Made("L2", gains, [None, *gains[1:]], ["L2"]), by=by, base=base)
    own = found.candidates[0].against_own
    assert own is not None
    sign = -1 if by == "rmse" else 1
    assert own.differences[0] == pytest.approx(sign * (base + sign * gains[0] - worth))
    assert words in said(tmp_path, found) or not found.candidates[0].is_shown


def test_where_the_worth_of_a_diverged_network_is_not_known_nothing_is_claimed(tmp_path: Path) -> None:
    found = judged(tmp_path, Made("L2", LESS, [None, *LESS[1:]], ["L2"]), by="mae")
    assert found.candidates[0].claim.sign == 0
    assert (
        "Nothing is claimed: the same network without it diverged on 1 of 10 seeds, and what that is worth in test mae "
        "is not known."
    ) in said(tmp_path, found)


SIZES = [6, 3, 1]


@pytest.mark.parametrize("sizes", [SIZES, [6, 0, 3, 1]], ids=["every class", "one without an example"])
@pytest.mark.parametrize(
    "objective", ["accuracy", "balanced_accuracy", "auroc", "average_precision", "f1", "mcc", "kappa"]
)
def test_the_worth_of_one_answer_is_what_the_metric_gives_it(objective: str, sizes: list[int]) -> None:
    """A class of which the test set has no example counts neither for nor against it."""
    targets = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    answers = torch.eye(len(sizes))[0].expand(len(targets), -1)
    split = Split(30 * answers, targets)
    scoring = scoring_of(OBJECTIVES[objective], Loss("cross_entropy", len(sizes)), None)
    expected = evaluate(torch.nn.Identity(), split, scoring).value
    assert worth_of_one_answer(TaskRecord(objective=objective), sizes) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("sizes", [[6, 4], [3, 7]])
def test_of_two_classes_the_second_one_counts(sizes: list[int]) -> None:
    """As scikit-learn has it: whoever never answers it has an F1 of 0."""
    targets = torch.repeat_interleave(torch.arange(2), torch.tensor(sizes))
    answers = torch.full((10,), float(sizes[1] > sizes[0]))
    for objective, metric in (("f1", BinaryF1Score()), ("average_precision", BinaryAveragePrecision())):
        worth = worth_of_one_answer(TaskRecord(objective=objective), sizes)
        assert worth == pytest.approx(float(metric(answers, targets)), abs=1e-6)


def test_the_worth_of_one_answer_in_closed_form() -> None:
    assert worth_of_one_answer(TaskRecord(), SIZES) == 0.6
    assert worth_of_one_answer(TaskRecord(objective="loss"), [5, 5]) == pytest.approx(log(2))
    two = TaskRecord("regression", "rmse", False, deviations={"test": [3.0, 4.0]})
    assert worth_of_one_answer(two, []) == pytest.approx(np.sqrt(12.5))
    assert worth_of_one_answer(TaskRecord("regression", "rmse", False), []) is None
    assert worth_of_one_answer(TaskRecord("regression", "mae", False, deviations={"test": [3.0]}), []) is None
    assert worth_of_one_answer(TaskRecord(objective="revenue"), SIZES) is None


def test_terms_that_an_older_version_wrote_down_are_of_accuracy() -> None:
    older = {key: value for key, value in asdict(Terms()).items() if key != "is_percent"}
    assert Terms.of_plan({"terms": older}) == Terms()
    assert Terms.of_plan({}).unit == " points"
    assert Terms.of_plan({"terms": {**older, "is_own": False, "objective": "loss"}}).unit == ""
