"""Where trials are compared, and which go on."""

from __future__ import annotations

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from regsweep.sweeper.pruners import SuccessiveHalvingPruner


def study_with(pruner: optuna.pruners.BasePruner) -> optuna.Study:
    return optuna.create_study(direction="maximize", pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=0))


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
    [(1, []), (2, [1]), (3, [1]), (9, [1, 3]), (10, [2, 6]), (27, [3, 9]), (30, [4, 12]), (100, [12, 36])],
)
def test_trials_are_compared_after_a_ninth_and_a_third_of_their_steps(whole: int, expected: list[int]) -> None:
    study = study_with(SuccessiveHalvingPruner(whole))
    compared: list[int] = []
    trial = study.ask()
    for step in range(1, whole):
        trial.report(1.0, step)
        assert not trial.should_prune(), "there is no other"
        if len(study.trials[0].system_attrs) > len(compared):
            compared.append(step)
    assert compared == expected


@pytest.mark.parametrize("seed", range(5))
def test_the_best_third_goes_on_and_what_passed_twice_runs_to_its_end(seed: int) -> None:
    """Optuna's own, with min_resource=3, compares after 27 of 30 steps too."""
    qualities = [int(quality) for quality in np.random.default_rng(seed).permutation(45)]
    study = study_with(SuccessiveHalvingPruner(max_resource=30))
    made = {quality: steps_of(study, quality, whole=30) for quality in qualities}
    assert set(made.values()) == {4, 12, 30}
    assert made[max(qualities)] == 30, "the best is never given up where ranks do not change"
    # A third of a third where ranks come in no order, and those that were the best when they came.
    assert list(made.values()).count(30) < 45 / 3
    assert list(made.values()).count(4) > 45 / 2


@pytest.mark.parametrize("given", [(0, 3, 2), (30, 1, 2), (30, 3, 0)], ids=str)
def test_what_compares_nothing_is_refused(given: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"must be 1 or more|>= 2"):
        SuccessiveHalvingPruner(*given)
