"""What a sweep searches and how far it goes, read from its settings before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig, OmegaConf

from regsweep.errors import ConfigError
from regsweep.sweeper.branches import read_ranges
from regsweep.sweeper.engine import Limits
from regsweep.sweeper.sampler import count_points
from regsweep.sweeper.space import SearchSpace, completed, read_trials


@dataclass(frozen=True)
class Search:
    """A search.

    Attributes:
        space: what a trial draws.
        initial: the trials that it begins with, each the values of some parameters.
        limits: how far it goes; not beyond the points of a grid.
    """

    space: SearchSpace
    initial: list[dict[str, Any]]
    limits: Limits


def read_search(
    settings: Mapping[str, Any], arguments: Sequence[str], config: DictConfig, loader: ConfigLoader
) -> Search:
    """Return the search that `settings` (those of ``hydra.sweeper``) and the command line's `arguments` describe.

    Args:
        settings: how far the search goes, and its conditions.
        arguments: overrides, ranges among them.
        config: of the sweep, with Hydra's own: it has ``hydra.sweeper.params``.
        loader: what composed it, and composes each branch of the search.

    Raises:
        ConfigError: for what cannot be searched.
    """
    overrides, ranges = read_ranges(config, loader, arguments)
    conditions = settings["conditions"]
    if OmegaConf.is_config(conditions):
        conditions = OmegaConf.to_container(conditions, resolve=True)
    space = SearchSpace.parse(overrides, conditions, ranges)
    limits = Limits(**{name: settings[name] for name in Limits.__dataclass_fields__})
    initial = read_trials(settings["initial_trials"])
    if initial and not space.distributions:
        initial = completed(initial)
        space = space.of_named(initial)
        _require_named(limits.n_trials, len(initial))
    num_points = count_points(settings["sampler"], space)
    if num_points is not None:
        limits = replace(limits, n_trials=min(num_points, limits.n_trials))
    return Search(space, initial, limits)


def _require_named(n_trials: int, num_named: int) -> None:
    if n_trials > num_named:
        named = "one trial is named" if num_named == 1 else f"{num_named} trials are named"
        allowed = f"nothing is searched and {named}; name more in hydra.sweeper.initial_trials"
        raise ConfigError("hydra.sweeper.n_trials", n_trials, allowed)
