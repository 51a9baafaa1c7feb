"""Where trials are compared, and which go on."""

from __future__ import annotations

from typing import Literal

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from regsweep.sweeper.pruners import SuccessiveHalvingPruner


def study_with(
    pruner: optuna.pruners.BasePruner, direction: Literal["maximize", "minimize"] = "maximize"
) -> optuna.Study:
    return optuna.create_study(direction=direction, pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=0))


def steps_of(study: optuna.Study, value: float, whole: int) -> int:
    """Let a trial report `value` after each step but the last; return how many steps it made."""
    trial = study.ask()
    for step in range(1, whole):
        trial.report(value, step)
        if trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return step
    study.tell(trial, value)
    return whole


@pytest.mark.parametrize(
    ("whole", "expected"),
    [(1, []), (2, [1]), (3, [1]), (5, [1, 2]), (9, [1, 3]), (10, [1, 3]), (20, [2, 7]), (30, [3, 10]), (100, [11, 33])],
)
def test_trials_are_compared_after_a_ninth_and_a_third_of_their_steps(whole: int, expected: list[int]) -> None:
    """A trial that is behind another one at every step is given up at the first comparison that it comes to."""
    study = study_with(SuccessiveHalvingPruner(whole))
    assert steps_of(study, 0.9, whole) == whole
    compared = []
    trial = study.ask()
    for step in range(1, whole):
        trial.report(0.5, step)
        compared += [step] * trial.should_prune()
    assert compared == expected


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_one_of_three_goes_on(direction: Literal["maximize", "minimize"]) -> None:
    """Worked by hand: of trials that come to step 3, the best of fewer than six, then the best two, and so on."""
    sign = 1 if direction == "maximize" else -1
    study = study_with(SuccessiveHalvingPruner(30), direction)
    values = [0.5, 0.4, 0.6, 0.3, 0.2, 0.55, 0.1, 0.52, 0.55]
    assert [steps_of(study, sign * value, 30) for value in values] == [30, 3, 30, 3, 3, 10, 3, 3, 10]


def test_a_trial_as_good_as_the_best_goes_on() -> None:
    """On a small validation set many have the same accuracy, and an arbitrary one of them is no better."""
    study = study_with(SuccessiveHalvingPruner(30))
    assert [steps_of(study, value, 30) for value in (0.9, 0.9, 0.8, 0.9)] == [30, 30, 3, 30]


def test_a_trial_is_compared_where_it_reports() -> None:
    study = study_with(SuccessiveHalvingPruner(30))
    for value, expected in ((0.9, False), (0.5, True)):
        trial = study.ask()
        trial.report(value, 2)
        assert not trial.should_prune()
        trial.report(value, 5)
        assert trial.should_prune() is expected
        trial.report(value, 6)
        assert not trial.should_prune(), "once at each comparison"
    trial = study.ask()
    trial.report(float("nan"), 4)
    assert trial.should_prune()


@pytest.mark.parametrize("seed", range(5))
def test_the_best_is_never_given_up_where_ranks_do_not_change(seed: int) -> None:
    qualities = [int(quality) for quality in np.random.default_rng(seed).permutation(45)]
    study = study_with(SuccessiveHalvingPruner(max_resource=30))
    made = {quality: steps_of(study, quality, whole=30) for quality in qualities}
    assert set(made.values()) == {3, 10, 30}, "what passed twice runs to its end"
    assert made[max(qualities)] == 30
    assert list(made.values()).count(3) > 45 / 2


@pytest.mark.parametrize("key", ["max_resource", "reduction_factor"])
@pytest.mark.parametrize("value", [0, -3, 2.5, True, "abc", None])
def test_what_is_no_number_of_steps_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{key}={value}: must be a whole number of"):
        SuccessiveHalvingPruner(**{"max_resource": 30, key: value})  # type: ignore[arg-type]
