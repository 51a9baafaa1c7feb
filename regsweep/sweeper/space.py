"""The search space: Hydra's sweep syntax, read as Hydra's own Optuna sweeper reads it, and conditions on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from graphlib import CycleError, TopologicalSorter
from itertools import combinations
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import Trial

from regsweep import records
from regsweep.errors import ConfigError, RecordError, show
from regsweep.names import by_key, key_of_parameter, parameter_name
from regsweep.signatures import offer
from regsweep.sweeper import hydra_private, optuna_private

LEFT_OUT: Any = object()
"""In place of a value: the trial's overrides do not have the parameter at all."""

NOT_SET = "(not set)"
"""What the study has for a parameter that a named trial leaves out, and another one names."""


@dataclass(frozen=True)
class Condition:
    """When a parameter is searched, and what it is otherwise.

    Attributes:
        others: other parameters by name, each with some of its values.
        is_unless: whether the parameter is searched unless they all have these values, or only when they do.
        otherwise: what the parameter is set to where it is not searched; `LEFT_OUT`: it is not set.
    """

    others: Mapping[str, Sequence[Any]]
    is_unless: bool
    otherwise: Any = LEFT_OUT

    def holds(self, chosen: Mapping[str, Any]) -> bool:
        """Return whether the parameter is searched, given what was chosen for the others."""
        return is_met(self.others, chosen) != self.is_unless


@dataclass(frozen=True)
class SearchSpace:
    """What a trial draws, in order, and what every trial has in common.

    Attributes:
        distributions: by parameter; a key with several ranges, of which one counts at a time, has a parameter for each.
        conditions: by key.
        fixed: by key, as typed.
        fixed_overrides: whole overrides.
        where: by parameter, others with those of their values with which it is there at all.
    """

    distributions: dict[str, BaseDistribution]
    conditions: dict[str, Condition]
    fixed: dict[str, Any]
    fixed_overrides: list[str]
    where: dict[str, dict[str, list[Any]]] = field(default_factory=dict)

    @staticmethod
    def parse(
        overrides: list[str],
        conditions: Mapping[str, Any],
        ranges: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    ) -> SearchSpace:
        """Return the space of `overrides`, each in Hydra's grammar; a later one replaces an earlier one.

        Args:
            overrides: of every trial.
            conditions: as ``hydra.sweeper.conditions`` has them.
            ranges: by key, ranges with what each takes, as `branches.read_ranges` returns them.

        Raises:
            ConfigError: for a condition or a range on what is no parameter, or on values that none can have, for
                conditions in a circle, and for ranges of which two count at a time.
        """
        distributions, fixed, fixed_overrides = hydra_private.params_from_overrides(overrides)
        searched = {name: distribution for name, distribution in distributions.items() if name not in fixed}
        where: dict[str, dict[str, list[Any]]] = {}
        for key, several in (ranges or {}).items():
            _require_apart(key, several)
            for each in several:
                name = key if len(several) == 1 else parameter_name(key, each["when"])
                searched[name] = _distribution_in(key, each["range"])
                where[name] = {str(other): _listed(values) for other, values in each["when"].items()}
        # A key that is added has a + in its override.
        keys = {key_of_parameter(name).lstrip("+"): key_of_parameter(name) for name in (*searched, *fixed)}
        parsed = {}
        for name, condition in parse_conditions(conditions).items():
            if keys.get(name.lstrip("+")) not in by_key(searched):
                continue
            others = _in_full(f"hydra.sweeper.conditions.{name}", condition.others, keys)
            parsed[keys[name.lstrip("+")]] = replace(condition, others=others)
        for name, others in where.items():
            where[name] = _in_full(f"hydra.sweeper.params.{key_of_parameter(name)}", others, keys)
        space = SearchSpace(searched, parsed, fixed, fixed_overrides, where)
        try:
            space._order()
        except CycleError as error:
            circle = " → ".join(error.args[1])
            raise ConfigError("hydra.sweeper.conditions", circle, "each waits for the next; break it") from error
        space._require_possible()
        return space

    def of_named(self, trials: Sequence[Mapping[str, Any]]) -> SearchSpace:
        """Return the space of a sweep that searches nothing and runs these trials: every value that they have.

        Whole numbers become a range, which Optuna lets grow when further trials are named later.
        """
        values: dict[str, list[Any]] = {}
        for trial in trials:
            for name, value in trial.items():
                values.setdefault(name, []).append(value)
        named = {name: _distribution_of(given) for name, given in values.items() if name not in self.fixed}
        return replace(self, distributions=named, where={})

    def allows(self, name: str, value: Any) -> bool:
        """Return whether a trial of this sweep may have `value` for the parameter `name`."""
        distribution = self.distributions.get(name)
        try:
            return distribution is not None and optuna_private.contains(distribution, value)
        except ValueError:
            return False

    def draw(self, trial: Trial) -> dict[str, Any]:
        """Let `trial` draw its parameters, those first that others depend on, and return them."""
        return self._draw(partial(optuna_private.suggest, trial))

    def read(self, overrides: Sequence[str]) -> dict[str, Any]:
        """Return what the trial with these overrides drew: `overrides_of` read backwards.

        Raises:
            ValueError: when no trial of this sweep can have them.
        """
        typed = {name: text for name, sign, text in (override.partition("=") for override in overrides) if sign}

        def value(name: str, distribution: BaseDistribution) -> Any:
            key = key_of_parameter(name)
            if key not in typed and self.allows(name, NOT_SET):
                return NOT_SET
            if key not in typed:
                raise ValueError(f"{key} is missing")
            found = _value_of(distribution, typed[key])
            if not self.allows(name, found):
                raise ValueError(f"{key}={typed[key]} lies outside of the search space")
            return found

        return self._draw(value)

    def _draw(self, draw: Callable[[str, BaseDistribution], Any]) -> dict[str, Any]:
        return self._chosen(draw)[0]

    def _chosen(self, draw: Callable[[str, BaseDistribution], Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what is drawn, by parameter, and what a trial sets, by key; what `draw` leaves out is in neither."""
        chosen: dict[str, Any] = dict(self.fixed)
        drawn: dict[str, Any] = {}
        for name in self._order():
            key = key_of_parameter(name)
            if not is_met(self.where.get(name, {}), chosen):
                continue
            condition = self.conditions.get(key)
            if condition is None or condition.holds(chosen):
                value = draw(name, self.distributions[name])
                if value is not LEFT_OUT:
                    chosen[key] = drawn[name] = value
            elif condition.otherwise is not LEFT_OUT:
                chosen[key] = condition.otherwise
        return drawn, chosen

    def _order(self) -> list[str]:
        """Return the searched parameters, each after those by which it is decided whether it is drawn."""
        names: dict[str, list[str]] = {}
        for name in self.distributions:
            names.setdefault(key_of_parameter(name), []).append(name)
        after = {
            name: [each for other in self._others(name) for each in names.get(other, [])] for name in self.distributions
        }
        return [*TopologicalSorter(after).static_order()]

    def _others(self, name: str) -> list[str]:
        """Return the keys that decide whether a parameter is drawn."""
        condition = self.conditions.get(key_of_parameter(name))
        return [*(condition.others if condition else ()), *self.where.get(name, ())]

    def _require_possible(self) -> None:
        """Refuse what is searched only beside an option that no trial can choose."""
        for key, condition in self.conditions.items():
            for other, values in condition.others.items():
                possible = self._options(other)
                if possible and not any(_is_same(value, option) for value in values for option in possible):
                    allowed = f"not among what is searched; there is {', '.join(map(text_of, possible))}"
                    value = f"{other}={', '.join(map(text_of, values))}"
                    raise ConfigError(f"hydra.sweeper.conditions.{key}", value, allowed)

    def _options(self, key: str) -> list[Any]:
        """Return the words that `key` can have; none where it has other values, or is not searched."""
        found = self.distributions.get(key)
        if not isinstance(found, CategoricalDistribution) or not all(isinstance(each, str) for each in found.choices):
            return []
        condition = self.conditions.get(key)
        others = [] if condition is None or condition.otherwise is LEFT_OUT else [condition.otherwise]
        return [*found.choices, *others]

    def given(self, trial: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters that a trial named by its keys is to have, as far as the space allows its values."""
        return {
            name: trial[key]
            for name in self.distributions
            if (key := key_of_parameter(name)) in trial and self.allows(name, trial[key]) and self._fits(name, trial)
        }

    def _fits(self, name: str, trial: Mapping[str, Any]) -> bool:
        """Return whether a parameter may be there beside what a trial names."""
        return is_met({other: values for other, values in self.where.get(name, {}).items() if other in trial}, trial)

    def overrides_of(self, drawn: Mapping[str, Any]) -> list[str]:
        """Return the overrides of a trial that drew `drawn`, in the order in which the space was declared.

        What it neither drew nor has a value for otherwise is not among them.
        """
        _, chosen = self._chosen(lambda name, _: drawn.get(name, LEFT_OUT))
        keys = [key for key in dict.fromkeys([*by_key(self.distributions), *self.fixed]) if key in chosen]
        return [f"{key}={text_of(chosen[key])}" for key in keys if chosen[key] != NOT_SET] + self.fixed_overrides


def read_trials(setting: Any) -> list[dict[str, Any]]:
    """Return the trials that ``hydra.sweeper.initial_trials`` names: a list of them, or the path of a file with one.

    Raises:
        ConfigError: for a file that cannot be read, or holds anything else.
    """
    plain = OmegaConf.to_container(setting, resolve=True) if OmegaConf.is_config(setting) else setting
    if isinstance(plain, str):
        try:
            # Without `..`: what it leads out of, the sweep's own folder, may not be there yet.
            content = records.read_yaml(Path(os.path.abspath(plain)))  # noqa: PTH100  (resolve would follow links)
            plain = OmegaConf.to_container(OmegaConf.create(content), resolve=True)
        except (RecordError, ValueError, OmegaConfBaseException) as error:
            raise ConfigError("hydra.sweeper.initial_trials", plain, f"cannot be read ({show(error)})") from error
    if not isinstance(plain, list) or not all(isinstance(trial, dict) for trial in plain):
        allowed = "must be a list of trials, each {parameter: value}, or a YAML or JSON file with such a list"
        raise ConfigError("hydra.sweeper.initial_trials", setting, allowed)
    return plain


def completed(trials: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the trials, each with every name that one of them has: `NOT_SET` where it has none."""
    names = dict.fromkeys(name for trial in trials for name in trial)
    return [{name: trial.get(name, NOT_SET) for name in names} for trial in trials]


def _distribution_of(values: Sequence[Any]) -> BaseDistribution:
    if all(type(value) is int for value in values):
        return IntDistribution(min(values), max(values))
    return CategoricalDistribution(sorted(set(values), key=str))


def _value_of(distribution: BaseDistribution, text: str) -> Any:
    """Return the value that is typed as `text` in an override; None where there is none."""
    if isinstance(distribution, CategoricalDistribution):
        choices = distribution.choices
        return next((choice for choice in choices if text_of(choice) == text), _number_of(choices, text))
    number = float(text)
    return number if not isinstance(distribution, IntDistribution) else int(text) if text.isdecimal() else int(number)


def _number_of(choices: Sequence[Any], text: str) -> Any:
    """Return the choice that is the number `text`, typed in another way: 0 for 0.0, as Optuna takes it, or false."""
    try:
        number = float(text)
    except ValueError:
        return None
    return next((choice for choice in choices if isinstance(choice, int | float) and choice == number), None)


def parse_conditions(conditions: Any) -> dict[str, Condition]:
    """Return the conditions as written in ``hydra.sweeper.conditions``; None is none."""
    plain: Any = OmegaConf.to_container(conditions, resolve=True) if OmegaConf.is_config(conditions) else conditions
    return {str(name): _condition(str(name), value) for name, value in (plain or {}).items()}


def _condition(name: str, value: Any) -> Condition:
    kinds = {"when", "unless"} & set(value) if isinstance(value, Mapping) else set()
    if len(kinds) != 1 or not set(value) - kinds <= {"otherwise"} or not isinstance(value[min(kinds)], Mapping):
        allowed = (
            "must be {when: {parameter: value or list of values}, otherwise: value}, or unless in place of when; "
            "without otherwise the parameter is left out"
        )
        raise ConfigError(f"hydra.sweeper.conditions.{name}", value, allowed)
    kind = min(kinds)
    others = {str(other): _listed(values) for other, values in value[kind].items()}
    return Condition(others, kind == "unless", value.get("otherwise", LEFT_OUT))


def is_met(others: Mapping[str, Sequence[Any]], chosen: Mapping[str, Any]) -> bool:
    """Return whether each of `others` was chosen with one of its values."""
    return all(
        name in chosen and any(_is_same(chosen[name], value) for value in values) for name, values in others.items()
    )


def _require_apart(key: str, ranges: Sequence[Mapping[str, Any]]) -> None:
    """Refuse two ranges of one key that could count at a time."""
    for one, other in combinations(ranges, 2):
        first, second = ({name: _listed(values) for name, values in each["when"].items()} for each in (one, other))
        if all(any(_is_same(a, b) for a in first[name] for b in second[name]) for name in first.keys() & second.keys()):
            shown = [f"{name}={'|'.join(map(text_of, values))}" for name, values in {**first, **second}.items()]
            allowed = f"two ranges count with {' '.join(shown)}; let only one of them"
            raise ConfigError(f"hydra.sweeper.params.{key}", f"{one['range']} and {other['range']}", allowed)


def _in_full(place: str, others: Mapping[str, Sequence[Any]], keys: Mapping[str, str]) -> dict[str, list[Any]]:
    """Return `others` with their keys as they are typed, by which a trial has them.

    Raises:
        ConfigError: for one that is no parameter of the sweep; `place` is the key that names it.
    """
    unknown = next((other for other in others if other.lstrip("+") not in keys), None)
    if unknown is not None:
        raise ConfigError(place, unknown, f"no parameter of this sweep; {offer(unknown, keys)}")
    return {keys[other.lstrip("+")]: list(values) for other, values in others.items()}


def _distribution_in(key: str, text: str) -> BaseDistribution:
    """Return what a range is drawn from; of a plain value there is one choice."""
    distributions, fixed, _ = hydra_private.params_from_overrides([f"{key}={text}"])
    if key in fixed:
        distributions, _, _ = hydra_private.params_from_overrides([f"{key}=choice({text})"])
    return distributions[key]


def _listed(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]


def _is_same(one: Any, other: Any) -> bool:
    """Return whether two values are the same; a fixed parameter's is known only as it was typed."""
    if isinstance(one, bool) or isinstance(other, bool):
        return str(one).lower() == str(other).lower()
    try:
        return text_of(one) == text_of(other) or float(text_of(one)) == float(text_of(other))
    except ValueError:
        return False


def text_of(value: Any) -> str:
    """Return `value` as it is typed in an override."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
