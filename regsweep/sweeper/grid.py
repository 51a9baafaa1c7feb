"""A grid: every combination of listed values, with the overrides and numbers that Hydra's own sweeper gives them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from regsweep.errors import ConfigError
from regsweep.sweeper.branches import keys_of_some, texts
from regsweep.sweeper.engine import Limits
from regsweep.sweeper.search import Search
from regsweep.sweeper.space import NOT_SET, SearchSpace, text_of

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig


@dataclass(frozen=True)
class GridSpace(SearchSpace):
    """The values of a grid.

    Attributes:
        typed: what each trial sets, in the order in which it was typed: a key of several values, or a whole override.
    """

    typed: tuple[str, ...] = ()

    def overrides_of(self, drawn: Mapping[str, Any]) -> list[str]:
        """Return the overrides of the trial with the values `drawn`."""
        there = [each for each in self.typed if drawn.get(each) != NOT_SET]
        return [f"{each}={text_of(drawn[each])}" if each in self.distributions else each for each in there]


def read_grid(
    settings: Mapping[str, Any], arguments: Sequence[str], loader: ConfigLoader, config: DictConfig | None = None
) -> Search:
    """Return the grid that `settings` (those of ``hydra.sweeper``) and the command line's `arguments` describe.

    A key that is typed twice has its later value, as in Hydra's own sweeper. Where only some options of the config
    groups have a key, the grid is the union of each branch's own, and nothing is there twice.

    Args:
        settings: which keys the configuration lists, and how far the sweep goes.
        arguments: overrides.
        loader: what composed the sweep, and composes each branch of it.
        config: of the sweep, with Hydra's own; None: all have all keys.

    Raises:
        ConfigError: for a range, which has no list of values, and for a branch that cannot be composed.
    """
    params = [f"{name}={value}" for name, value in (settings["params"] or {}).items()]
    parsed = OverridesParser.create(config_loader=loader).parse_overrides([*params, *arguments])
    given = {override.get_key_element(): override for override in parsed}
    listed = {key: _values(key, each) for key, each in given.items() if each.is_sweep_override()}
    somewhere = {} if config is None else keys_of_some(config, loader, arguments)
    listed |= {key: [given[key].get_value_element_as_str()] for key in somewhere if key not in listed}
    points = [dict(zip(listed, values, strict=True)) for values in itertools.product(*listed.values())]
    trials = _each_once([_without_lacking(point, somewhere) for point in points])
    typed = (key if key in listed else f"{key}={each.get_value_element_as_str()}" for key, each in given.items())
    space = GridSpace({}, {}, {}, [], typed=tuple(typed)).of_named(trials)
    limits = {name: settings[name] for name in ("max_failure_rate", "max_retries", "timeout", "trial_timeout")}
    return Search(space, trials, Limits(len(trials), **limits))


def _without_lacking(point: Mapping[str, Any], somewhere: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return a point of the product without the values of keys that its branch does not have."""
    options = {key: text_of(value) for key, value in point.items()}
    lacking = {key for key, places in somewhere.items() if not any(_holds(place, options) for place in places)}
    return {key: NOT_SET if key in lacking else value for key, value in point.items()}


def _holds(place: Mapping[str, Any], options: Mapping[str, str]) -> bool:
    return all(options[group] in texts(some) for group, some in place.items())


def _each_once(trials: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({tuple((key, text_of(value)) for key, value in trial.items()): trial for trial in trials}.values())


def _values(key: str, override: Override) -> list[Any]:
    """Return the values of one key, as numbers where all of them are written as such."""
    if not override.is_discrete_sweep():
        allowed = "an interval needs a search; list values"
        raise ConfigError(key, override.get_value_string(), allowed)
    texts = list(override.sweep_string_iterator())
    for kind in (int, float):
        values = [_as(kind, text) for text in texts]
        if None not in values:
            return values
    return texts


def _as(kind: type[int] | type[float], text: str) -> int | float | None:
    """Return the number that is written as `text`; None where it would be written in another way."""
    try:
        number = kind(text)
    except ValueError:
        return None
    return number if text_of(number) == text else None


class Given(BaseSampler):
    """Gives each trial the values that its number has; nothing is drawn.

    Args:
        trials: the values of each.
    """

    def __init__(self, trials: Sequence[Mapping[str, Any]]) -> None:
        self._trials = trials

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return nothing: no value depends on another one."""
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the trial's value."""
        return self._trials[trial.number][param_name]
