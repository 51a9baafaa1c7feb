"""A pruner for runs of a known length."""

from __future__ import annotations

import math

from optuna import Study
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial


class SuccessiveHalvingPruner(BasePruner):
    """Asynchronous successive halving (Li et al., 2020): trials are compared twice, and the best 1/η of them go on.

    They are compared after ``max_resource / η²`` and ``max_resource / η`` steps, rounded; what goes on from there runs
    to its end. Optuna's pruner of this name compares after ``min_resource · η^k`` steps for every k, however long a
    run: of trials of 30 steps, with 3 and η = 3, also after 27, where it gives up what is nearly done.

    A trial is compared with all that came as far before it, and while they are fewer than η, with the best of them.
    It never waits for others. Where many are as good as one another, as on a small validation set, all of them go on.

    Args:
        max_resource: steps of a whole run, 1 or more.
        reduction_factor: η, 2 or more.

    Raises:
        ValueError: where one of them is not a whole number, or too small.
    """

    def __init__(self, max_resource: int, reduction_factor: int = 3) -> None:
        for name, value, least in (("max_resource", max_resource, 1), ("reduction_factor", reduction_factor, 2)):
            if type(value) is not int or value < least:
                raise ValueError(f"{name}={value}: must be a whole number of {least} or more")
        self._factor = reduction_factor
        steps = {round(max_resource / reduction_factor**2), round(max_resource / reduction_factor)}
        self._rungs = steps - {0, max_resource}

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Return whether `trial` has just come to a comparison and is not among the best there."""
        step = trial.last_step
        rung = max((rung for rung in self._rungs if step is not None and rung <= step), default=None)
        if step is None or rung is None or _step_at(rung, trial) != step:
            return False
        value = trial.intermediate_values[step]
        others = [
            other.intermediate_values[reached]
            for other in study.get_trials(deepcopy=False)
            if other.number != trial.number and (reached := _step_at(rung, other)) is not None
        ]
        sign = 1 if study.direction == StudyDirection.MAXIMIZE else -1
        num_better = sum(sign * other > sign * value for other in others)
        num_kept = max(1, (len(others) + 1) // self._factor)
        return math.isnan(value) or num_better >= num_kept


def _step_at(rung: int, trial: FrozenTrial) -> int | None:
    """Return the first reported step at or after `rung`, None where `trial` did not get there."""
    return min((step for step in trial.intermediate_values if step >= rung), default=None)
