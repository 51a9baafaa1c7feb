"""By what a confirmation compares and chooses, in which direction, and in which unit differences are shown."""

from __future__ import annotations

from math import inf, nan

import pytest

from regsweep.report.terms import Terms
from regsweep.run_record import TaskRecord
from regsweep.statistics.intervals import Interval

ACCURACY = Terms()
RMSE = Terms.of_task(TaskRecord("regression", "rmse", False, is_percent=False), "validation_rmse", chosen_most=False)
R2 = Terms.of_task(TaskRecord("regression", "r2", True, is_percent=False), "validation_rmse", chosen_most=False)
BALANCED = Terms.of_task(TaskRecord(objective="balanced_accuracy"), "validation_accuracy", chosen_most=True)
BY_LOSS = Terms.of_task(TaskRecord(), "validation_loss", chosen_most=False, baseline={"size": "large"})
F1 = Terms.of_task(TaskRecord(objective="f1", is_percent=False), "train_accuracy", chosen_most=True)
OTHER = Terms({"noise": "0", "size": "large"}, "run.seed", "test_value", maximize=False, is_own=False)
"""Of another application."""
EVERY = (ACCURACY, RMSE, R2, BALANCED, BY_LOSS, F1, OTHER)


def test_runs_are_compared_by_their_objective_on_the_test_examples() -> None:
    assert Terms.of_task(TaskRecord(), "validation_accuracy", chosen_most=True) == ACCURACY == Terms.of_plan({})
    by_zeros = Terms.of_task(TaskRecord(objective="f1", maximize=False), "sparsity", chosen_most=False)
    assert (by_zeros.objective, by_zeros.maximize, by_zeros.choice) == ("test_f1", False, ("sparsity", False))
    rmse = {"objective": "test_rmse", "maximize": False, "chosen_by": "validation_rmse", "chosen_most": False}
    assert vars(RMSE) == {**vars(ACCURACY), **rmse, "is_percent": False}
    assert (BY_LOSS.objective, BY_LOSS.maximize, BY_LOSS.chosen_most, BY_LOSS.baseline) == (
        *("test_accuracy", True, False),
        {"size": "large"},
    )


@pytest.mark.parametrize(
    ("terms", "choice", "sign", "is_same", "title", "shown"),
    [
        (ACCURACY, ("validation_accuracy", True), 1, True, "validation accuracy", "12.34 %"),
        (RMSE, ("validation_rmse", False), -1, True, "validation rmse", "0.12341"),
        (R2, ("validation_rmse", False), -1, False, "validation rmse", "0.12341"),
        (BALANCED, ("validation_accuracy", True), 1, False, "validation accuracy", "12.34 %"),
        (BY_LOSS, ("validation_loss", False), -1, False, "validation loss", "0.12341"),
        (F1, ("train_accuracy", True), 1, False, "train accuracy", "12.34 %"),
        (OTHER, ("test_value", False), -1, True, "test value", "0.12341"),
        (Terms(chosen_by="train_accuracy"), ("train_accuracy", True), 1, False, "train accuracy", "12.34 %"),
        (Terms(is_percent=False), ("validation_accuracy", True), 1, True, "validation accuracy", "0.12341"),
    ],
)
def test_by_what_configurations_are_chosen(  # noqa: PLR0917
    terms: Terms, choice: tuple[str, bool], sign: int, is_same: bool, title: str, shown: str
) -> None:
    assert (terms.choice, terms.sign_of_choice, terms.is_chosen_by_same) == (choice, sign, is_same)
    assert (terms.title_of_choice, terms.value_of_choice(0.123412)) == (title, shown)
    is_relative = terms.is_own and "%" not in shown
    assert terms.resolution_of_choice(-200.0) == pytest.approx(0.01 if is_relative else 5e-5, rel=1e-12)


@pytest.mark.parametrize(
    ("terms", "sign", "scale", "unit", "sizes", "thresholds"),
    [
        # What is equal and what is not far beside a baseline of −200; what 2 is, typed, beside 50, 0 and −200.
        (ACCURACY, 1, 100, " points", (5e-5, 0.01), (0.02, 0.02, 0.02)),
        (BALANCED, 1, 100, " points", (5e-5, 0.01), (0.02, 0.02, 0.02)),
        (BY_LOSS, 1, 100, " points", (5e-5, 0.01), (0.02, 0.02, 0.02)),
        (RMSE, -1, 1, "", (0.01, 2.0), (1.0, None, None)),
        (R2, 1, 1, "", (0.01, 2.0), (1.0, None, None)),
        (F1, 1, 1, "", (0.01, 2.0), (1.0, None, None)),
        (OTHER, -1, 1, "", (0.0, 0.0), (2.0, 2.0, 2.0)),
    ],
)
def test_the_unit_and_what_is_small_in_it(  # noqa: PLR0917
    terms: Terms,
    sign: int,
    scale: int,
    unit: str,
    sizes: tuple[float, float],
    thresholds: tuple[float | None, ...],
) -> None:
    assert (terms.sign, terms.scale, terms.unit) == (sign, scale, unit)
    assert (terms.is_in_points, terms.is_relative) == (scale == 100, sizes == (0.01, 2.0))
    assert (terms.resolution(-200.0), terms.least_far(-200.0)) == pytest.approx(sizes, rel=1e-12)
    found = [terms.threshold(2.0, baseline) for baseline in (50.0, 0.0, -200.0)]
    assert found == [None if each is None else pytest.approx(each, rel=1e-12) for each in thresholds]


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_beside_a_baseline_that_diverged_nothing_is_small(value: float) -> None:
    assert (RMSE.resolution(value), RMSE.least_far(value)) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("terms", "difference", "baseline", "size", "signed"),
    [
        (ACCURACY, 0.0123, 0.5, "1.23 points", "+1.23"),
        (ACCURACY, -0.0123, 0.5, "1.23 points", "−1.23"),
        (ACCURACY, 0.0, 0.5, "0.00 points", "+0.00"),
        (ACCURACY, -1e-9, 0.5, "0.00 points", "+0.00"),
        (ACCURACY, inf, 0.5, "∞ points", "+∞"),
        (RMSE, 1.5, 50.0, "3 % (1.5)", "+1.5 (3 %)"),
        (RMSE, -1.5, 40.0, "3.8 % (1.5)", "−1.5 (3.8 %)"),
        (RMSE, 9.9, 10.0, "99 % (9.9)", "+9.9 (99 %)"),
        (RMSE, 0.1, 0.5, "20 % (0.1)", "+0.1 (20 %)"),
        (RMSE, -1.5, 0.0, "1.5", "−1.5"),
        (RMSE, -1.5, -40.0, "1.5", "−1.5"),
        (RMSE, -1.5, nan, "1.5", "−1.5"),
        (RMSE, 0.0, 50.0, "0 % (0)", "0 (0 %)"),
        (RMSE, inf, 50.0, "∞", "+∞"),
        (OTHER, 1.5, 50.0, "1.5", "+1.5"),
        (OTHER, -1.5, 50.0, "1.5", "−1.5"),
        (OTHER, 0.0, 50.0, "0", "0"),
    ],
)
def test_a_difference_is_shown_in_its_unit(
    terms: Terms, difference: float, baseline: float, size: str, signed: str
) -> None:
    assert (terms.size(difference, baseline), terms.signed(difference, baseline)) == (size, signed)


def test_values_and_intervals_are_shown_in_their_unit() -> None:
    assert [terms.value(0.971234) for terms in (ACCURACY, RMSE, OTHER)] == ["97.12 %", "0.97123", "0.97123"]
    interval = Interval(-0.0123, 0.0456)
    assert [terms.ends(interval) for terms in (ACCURACY, RMSE, OTHER)] == [
        "−1.23 to 4.56",
        *("−0.0123 to 0.0456", "−0.0123 to 0.0456"),
    ]
    assert [terms.title for terms in (BALANCED, RMSE, OTHER)] == ["test balanced accuracy", "test rmse", "test value"]


@pytest.mark.parametrize(
    ("terms", "compared", "others"),
    [
        (
            ACCURACY,
            ("regularizer=l1", "regularizer.l2=0.1", "~regularizer.l1", "+regularizer.x=1", "regularizer.l2.use"),
            ("optimizer.lr=0.1", "model.regularizer=1", "regularizers.x=1", "noise=0", "x=regularizer"),
        ),
        (
            OTHER,
            ("noise=1", "+noise=1", "~noise", "++noise.level=2", "noise.level", "size=small"),
            ("noisy=1", "x.noise=1", "regularizer.l2=0.1", "run.seed=3", "x=noise"),
        ),
    ],
)
def test_a_configuration_s_own_baseline_lacks_what_is_compared(
    terms: Terms, compared: tuple[str, ...], others: tuple[str, ...]
) -> None:
    assert [key for key in (*compared, *others) if terms.compares(key)] == list(compared)


def test_a_baseline_is_named_as_it_is_typed() -> None:
    terms = Terms({"noise": "0", "size": "large"}, "run.seed", signs={"noise": "+", "run.seed": "++"})
    assert [terms.typed(key) for key in ("noise", "size", "run.seed")] == ["+noise", "size", "++run.seed"]
    assert (terms.without, ACCURACY.without) == ("noise=0 and size=large", "")


@pytest.mark.parametrize("terms", EVERY)
def test_terms_are_read_as_they_were_written_down(terms: Terms) -> None:
    assert Terms.of_plan({"terms": vars(terms), "seeds": [1]}) == terms
