"""The search space: Hydra's sweep syntax, read as Hydra's own Optuna sweeper reads it, and conditions on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import Trial

from regsweep import records
from regsweep.errors import ConfigError, RecordError, show
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
        met = [
            name in chosen and any(_is_same(chosen[name], value) for value in values)
            for name, values in self.others.items()
        ]
        return all(met) != self.is_unless


@dataclass(frozen=True)
class SearchSpace:
    """What a trial draws, in order, and what every trial has in common."""

    distributions: dict[str, BaseDistribution]
    conditions: dict[str, Condition]
    fixed: dict[str, Any]
    fixed_overrides: list[str]

    @staticmethod
    def parse(overrides: list[str], conditions: Mapping[str, Any]) -> SearchSpace:
        """Return the space of `overrides`, each in Hydra's grammar; a later one replaces an earlier one."""
        distributions, fixed, fixed_overrides = hydra_private.params_from_overrides(overrides)
        searched = {name: distribution for name, distribution in distributions.items() if name not in fixed}
        names = {name.lstrip("+"): name for name in (*searched, *fixed)}  # a key that is added has a + in its override
        parsed = {}
        for name, condition in parse_conditions(conditions).items():
            unknown = [other for other in condition.others if other.lstrip("+") not in names]
            if names.get(name.lstrip("+")) not in searched:
                continue
            if unknown:
                allowed = f"no parameter of this sweep; {offer(unknown[0], names)}"
                raise ConfigError(f"hydra.sweeper.conditions.{name}", unknown[0], allowed)
            others = {names[other.lstrip("+")]: values for other, values in condition.others.items()}
            parsed[names[name.lstrip("+")]] = replace(condition, others=others)
        space = SearchSpace(searched, parsed, fixed, fixed_overrides)
        try:
            space._order()
        except CycleError as error:
            circle = " → ".join(error.args[1])
            raise ConfigError("hydra.sweeper.conditions", circle, "each waits for the next; break it") from error
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
        return replace(self, distributions=named)

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
            if name not in typed and self.allows(name, NOT_SET):
                return NOT_SET
            if name not in typed:
                raise ValueError(f"{name} is missing")
            found = _value_of(distribution, typed[name])
            if not self.allows(name, found):
                raise ValueError(f"{name}={typed[name]} lies outside of the search space")
            return found

        return self._draw(value)

    def _draw(self, draw: Callable[[str, BaseDistribution], Any]) -> dict[str, Any]:
        chosen: dict[str, Any] = dict(self.fixed)
        drawn: dict[str, Any] = {}
        for name in self._order():
            condition = self.conditions.get(name)
            if condition is None or condition.holds(chosen):
                chosen[name] = drawn[name] = draw(name, self.distributions[name])
            elif condition.otherwise is not LEFT_OUT:
                chosen[name] = condition.otherwise
        return drawn

    def _order(self) -> list[str]:
        """Return the searched parameters, each after those that its condition names."""
        names = {name: self.conditions[name].others if name in self.conditions else () for name in self.distributions}
        return [name for name in TopologicalSorter(names).static_order() if name in names]

    def overrides_of(self, drawn: Mapping[str, Any]) -> list[str]:
        """Return the overrides of a trial that drew `drawn`, in the order in which the space was declared.

        What it neither drew nor has a value for otherwise is not among them.
        """
        otherwise = {name: condition.otherwise for name, condition in self.conditions.items()}
        chosen = {**otherwise, **drawn, **self.fixed}
        names = [
            name
            for name in (*self.distributions, *self.fixed)
            if chosen.get(name, LEFT_OUT) is not LEFT_OUT and chosen[name] != NOT_SET
        ]
        return [f"{name}={text_of(chosen[name])}" for name in names] + self.fixed_overrides


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
    others = {str(other): list(v) if isinstance(v, list | tuple) else [v] for other, v in value[kind].items()}
    return Condition(others, kind == "unless", value.get("otherwise", LEFT_OUT))


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
