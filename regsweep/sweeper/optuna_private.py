"""What is used of Optuna that it does not publish, all in one place.

Each has a test that fails in words when it is gone.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import GridSampler
    from optuna.trial import FrozenTrial, Trial


def suggest(trial: Trial, name: str, distribution: BaseDistribution) -> Any:
    """Let `trial` draw the parameter `name`; Optuna publishes a call for each kind of distribution only."""
    return trial._suggest(name, distribution)


def contains(distribution: BaseDistribution, value: Any) -> bool:
    """Return whether `value` can be drawn from `distribution`."""
    return bool(distribution._contains(distribution.to_internal_repr(value)))


def points_of(sampler: GridSampler) -> list[dict[str, Any]]:
    """Return the points of a grid, in the order of its seed."""
    return [dict(zip(sampler._param_names, values, strict=True)) for values in sampler._all_grids]


def keep_points(sampler: GridSampler, places: Sequence[int]) -> None:
    """Leave only the points of a grid that lie at `places`."""
    sampler._all_grids = [sampler._all_grids[place] for place in places]
    sampler._n_min_trials = len(sampler._all_grids)


def report(trial: Trial, value: float, step: int) -> FrozenTrial:
    """Write an intermediate value of a running trial, and return the trial as it is then.

    A trial that runs again has the steps of its earlier attempt, which ``Trial.report`` would keep.
    """
    trial.storage.set_trial_intermediate_value(trial._trial_id, step, value)
    return copy.deepcopy(trial.storage.get_trial(trial._trial_id))
