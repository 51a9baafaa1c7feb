"""Optuna's samplers, as a sweep that may go on and may run several trials at a time needs them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig
from optuna import Study
from optuna.samplers import BaseSampler, GridSampler
from optuna.trial import FrozenTrial, TrialState

from regsweep.sweeper import hydra_private, optuna_private
from regsweep.sweeper.space import SearchSpace


def build_sampler(
    config: DictConfig, space: SearchSpace, num_begun: int, *, is_parallel: bool, typed: Sequence[str] = ()
) -> BaseSampler:
    """Return the sampler that `config` describes.

    One that goes on after `num_begun` trials is seeded anew, or it would repeat its first draws. Beside trials that
    still run, TPE takes their draws for bad ones, or it would draw the like again. Hydra's configuration of TPE has
    false by default, so that a no counts only where it is among `typed`, the command line's overrides.
    """
    target, seed = str(config.get("_target_")), config.get("seed")
    changes: dict[str, Any] = {}
    if num_begun and seed is not None:
        changes["seed"] = int(seed) + num_begun
    if target.endswith(".GridSampler"):
        grid = _Grid(_points(space), seed=seed)
        if space.where:
            optuna_private.keep_points(grid, _apart(space, optuna_private.points_of(grid)))
        return grid
    is_said = any(override.lstrip("+").startswith("hydra.sweeper.sampler.constant_liar=") for override in typed)
    if is_parallel and not is_said and target.endswith(".TPESampler"):
        changes["constant_liar"] = True
    sampler = instantiate(config, **changes)
    assert isinstance(sampler, BaseSampler)
    return sampler


def count_points(config: DictConfig, space: SearchSpace) -> int | None:
    """Return how many trials there are to make in all; None where there is no end to them."""
    if not str(config.get("_target_")).endswith(".GridSampler"):
        return None
    points = _points(space)
    if not space.where:
        return math.prod(len(values) for values in points.values())
    return len(_apart(space, [dict(zip(points, values, strict=True)) for values in product(*points.values())]))


def _points(space: SearchSpace) -> dict[str, list[Any]]:
    """Return the grid, as Hydra's own Optuna sweeper makes it of ranges."""
    return {name: hydra_private.grid_choices(distribution) for name, distribution in space.distributions.items()}


def _apart(space: SearchSpace, points: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the places of the points of a grid that differ in what their trials set: each branch draws its own."""
    places: dict[tuple[str, ...], int] = {}
    for place, point in enumerate(points):
        places.setdefault(tuple(space.overrides_of(point)), place)
    return list(places.values())


class _Grid(GridSampler):
    """Optuna's, which at its end stops a loop of Optuna's own; there is none here."""

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Any) -> None:
        """Let the sweep count its trials itself."""
