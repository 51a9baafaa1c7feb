"""``sweep=regularization``: from the ranges that the presets carry to what the sweeper searches.

The presets of the chosen methods and of the optimizer put their ranges under ``search``, and the sweep takes its
parameters from there. What follows from the keys is added here: a setting is searched only where its method is used.
Trial 0 uses no method but those that every trial uses, which have the settings of their presets there; what else is
searched has the value that it was composed with, where its range allows it. A short form on the command line stands for
the setting that it is short for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from regsweep.app.door import RANGES_OF_KEYS
from regsweep.app.grammar import literal
from regsweep.app.short_forms import Given, Methods, in_full
from regsweep.app.sweeper_kinds import is_grid
from regsweep.chosen import choose, class_of, shared_settings
from regsweep.errors import ConfigError, show
from regsweep.names import listed
from regsweep.sweeper.branches import Branch, compose, merged
from regsweep.sweeper.space import SearchSpace

_NOWHERE = object()


def is_search_of_presets(config: DictConfig) -> bool:
    """Return whether the sweep searches what the presets carry."""
    return OmegaConf.is_interpolation(config.hydra.sweeper, "params")


def settle(config: DictConfig, loader: ConfigLoader) -> dict[str, str]:
    """Give the sweep its parameters, their conditions and trial 0, and write short forms of the command line in full.

    Returns:
        The key that was typed, by the full key that it is short for.

    Raises:
        ConfigError: when a branch of the search cannot be composed, a short form fits several penalties or none that is
            searched, a key is set twice, or a listed value is a method's absence.
    """
    overrides = _parse(loader, config.hydra.overrides.task)
    _require_own_keys(overrides)
    _require_one_list(overrides)
    params = _plain(config.search)
    methods = {name: _class(config, name) for name in _methods_in(params)}
    given = [in_full(override, methods) for override in overrides]
    _require_once(given)
    for place, each in enumerate(given):
        config.hydra.overrides.task[place] = each.line
    fixed = {each.key: each.value for each in given if not each.is_swept}
    swept = {each.key: each.listed for each in given if each.is_swept}
    short = {each.key: each.typed for each in given if each.key != each.typed}
    if short.keys() & fixed.keys():  # a short form took the place of the preset's settings
        lines = [each.line for each in given if not each.is_swept]
        config.regularizer = loader.load_sweep_config(config, lines).regularizer
    branches = compose(config, loader, config.hydra.overrides.task)
    if branches:
        params = merged([(branch.choices, _plain(branch.config.search)) for branch in branches])
    varying = {*params, *swept} - fixed.keys()
    left_out = {name for name, method in methods.items() if _is_left_out(config, method.off, name, fixed, varying)}
    params = {key: text for key, text in params.items() if _method_of(key) not in left_out}
    for branch in branches or [Branch({}, config)]:
        _require_there(branch, [key for key in params if key not in swept and key not in fixed])
    _require_no_absence(config, methods, given, varying)
    conditions = _plain(config.hydra.sweeper.conditions)
    for key in (*params, *swept):
        use = f"regularizer.{_method_of(key)}.use"
        if _is_setting(key) and (use in params or use in fixed):
            conditions.setdefault(key, {"when": {use: True}})
    _set(config, "params", params)
    _set(config, "conditions", conditions)
    initial = _plain(config.hydra.sweeper.initial_trials)
    if not initial and not is_grid(config):  # a grid has that trial among others
        default = _default(config, branches)
        added = [each for each in given if each.is_swept and each.key not in params]
        initial = [{**_first(default, params, fixed, swept), **_first_of_added(default, added, fixed)}]
    _set(config, "initial_trials", initial)
    return short


def _default(config: DictConfig, branches: Sequence[Branch]) -> Branch:
    """Return the branch that is composed without a search; of a group whose default is not searched, its first option.

    Where no group is searched that is the configuration itself.
    """
    if not branches:
        return Branch({}, config)
    options = {group: [branch.choices[group] for branch in branches] for group in branches[0].choices}
    composed = config.hydra.runtime.choices
    wanted = {
        group: str(composed.get(group)) if str(composed.get(group)) in some else some[0]
        for group, some in options.items()
    }
    return next(branch for branch in branches if branch.choices == wanted)


def _first(
    default: Branch, params: Mapping[str, Any], fixed: Mapping[str, Any], swept: Mapping[str, Sequence[Any] | None]
) -> dict[str, Any]:
    """Return the values of trial 0: no method, where one may be left out, and everything else as it was composed."""
    config = default.config
    first: dict[str, Any] = {group: option for group, option in default.choices.items() if group in swept}
    for key in params:
        if not default.has(key):
            continue
        if key in fixed or _is_unused(key, fixed):
            continue
        if not key.endswith(".use"):
            first[key] = OmegaConf.select(config, key)
        elif False in (swept.get(key) or [False]):
            first[key] = False
    return first


def _first_of_added(default: Branch, added: Sequence[Given], fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what trial 0 has of ranges that no preset has: what was composed, where that is one of their values."""
    first = {}
    for each in added:
        is_switch = _method_of(each.key) is not None and not _is_setting(each.key)
        if each.key in default.choices or is_switch or _is_unused(each.key, fixed) or not default.has(each.key):
            continue
        found = _as_drawn(each, _plain(OmegaConf.select(default.config, each.key)))
        if found is not _NOWHERE:
            first[each.key] = found
    return first


def _as_drawn(each: Given, value: Any) -> Any:
    """Return `value` as a trial draws it from this range: a list is drawn as text; `_NOWHERE`: it is none of these."""
    try:
        space = SearchSpace.parse([each.line], {})
    except (ConfigError, ValueError, AssertionError):  # what cannot be drawn from is refused later
        return _NOWHERE
    drawn = getattr(space.distributions.get(each.key), "choices", None)
    if drawn is not None and each.listed is not None:
        return next((text for text, listed in zip(drawn, each.listed, strict=False) if listed == value), _NOWHERE)
    return value if space.allows(each.key, value) else _NOWHERE


def _is_unused(key: str, fixed: Mapping[str, Any]) -> bool:
    """Return whether `key` is a setting of a method that trial 0 does not use."""
    return _is_setting(key) and fixed.get(f"regularizer.{_method_of(key)}.use") is not True


def _is_left_out(
    config: DictConfig, off: Mapping[str, Any], name: str, fixed: Mapping[str, Any], varying: Iterable[str]
) -> bool:
    """Return whether no trial uses the method: by its key, its switch, or settings that turn it off."""
    key = f"regularizer.{name}"
    if fixed.get(f"{key}.use") is False or fixed.get(key, True) in (None, False):
        return True
    return bool(off) and _are_off(config, [f"{key}.{each}" for each in off], list(off.values()), varying)


def _are_off(config: DictConfig, keys: Sequence[str], values: Sequence[Any], varying: Iterable[str]) -> bool:
    """Return whether these keys are fixed, each to its one of `values`."""
    return not set(keys) & {*varying} and [OmegaConf.select(config, key, default=_NOWHERE) for key in keys] == [*values]


def _set(config: DictConfig, name: str, value: Any) -> None:
    """Set a setting of the sweeper, here and in each trial, which composes anew and must come to the same."""
    config.hydra.sweeper[name] = value
    emptied = [f"hydra.sweeper.{name}=null"] if name == "params" else []  # a dictionary would be merged
    config.hydra.overrides.hydra.extend([*emptied, f"++hydra.sweeper.{name}={literal(value)}"])


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _class(config: DictConfig, name: str) -> Any:
    return class_of(name, OmegaConf.select(config, f"regularizer.{name}._target_", default=None), None)


def leave_out(config: DictConfig, name: str) -> None:
    """Leave the method `name` out of the search, and unused in every trial."""
    params = _plain(config.hydra.sweeper.params)
    keys = [key for key in params if _method_of(key) == name]
    _set(config, "params", {key: params[key] for key in params if key not in keys})
    first = _plain(config.hydra.sweeper.initial_trials)
    if isinstance(first, list):
        trials = [{key: value for key, value in trial.items() if key not in keys} for trial in first]
        _set(config, "initial_trials", trials)
    config.hydra.overrides.task.append(f"regularizer.{name}=null")
    config.regularizer[name] = None


def leave_out_where(config: DictConfig, name: str, place: Mapping[str, Any]) -> None:
    """Search the method `name` only with the options of `place`, which have one for it; elsewhere it is not used."""
    conditions = _plain(config.hydra.sweeper.conditions)
    conditions.setdefault(f"regularizer.{name}.use", {"when": dict(place), "otherwise": False})
    _set(config, "conditions", conditions)


def describe(config: DictConfig, loader: ConfigLoader) -> str:
    """Return what is searched, in words; the search is settled."""
    given = [in_full(override, {}) for override in _parse(loader, config.hydra.overrides.task)]
    swept = {each.key: each.listed for each in given if each.is_swept}
    fixed = {each.key for each in given if not each.is_swept}
    keys = [key for key in dict.fromkeys([*map(str, config.hydra.sweeper.params), *swept]) if key not in fixed]
    switches = {f"regularizer.{name}.use": name for name in _methods_in(keys)}
    turned = [name for use, name in switches.items() if use in keys and False in (swept.get(use) or [False])]
    always = [use.method for use in choose(_plain(config.regularizer)).in_use if use.method.name not in turned]
    others = [key for key in keys if _method_of(key) not in turned and key not in switches]
    others = ["the learning rate" if key == "optimizer.lr" else _in_words(config, key) for key in others]
    if not turned and not always:
        what = listed(others) or "nothing"
        return f"searches {what} alone: no method of regularization is chosen (the search of a baseline)"
    line = f"searches {listed([*(_class(config, name).title for name in turned), *others]) or 'nothing'}"
    if always:
        line += f"; every trial uses {listed([method.title for method in always])}"
    first = _plain(config.hydra.sweeper.initial_trials)
    is_without = (
        isinstance(first, list)
        and bool(first)
        and all(first[0].get(f"regularizer.{name}.use") is False for name in turned)
    )
    if turned and is_without:
        line += f"; trial 0 uses no {'other ' if always else ''}method"
    return line


def _in_words(config: DictConfig, key: str) -> str:
    """Return a setting of a method as its own, ``dropout's p``; another key as it is."""
    name = _method_of(key)
    return key if name is None else f"{_class(config, name).title}'s {key.rpartition('.')[2]}"


def unnamed_methods(config: DictConfig) -> list[str]:
    """Return the methods that are searched and that nobody named: neither the command line nor an experiment."""
    typed = [str(override) for override in config.hydra.overrides.task]
    is_list_typed = any(text.startswith("regularizer=") for text in typed)
    if is_list_typed or config.hydra.runtime.choices.get("regularizer") is not None:
        return []
    named = [_method_of(text.partition("=")[0]) for text in typed]
    return [name for name in _methods_in(config.hydra.sweeper.params) if name not in named]


def switched_methods(config: DictConfig, loader: ConfigLoader) -> list[str]:
    """Return the methods that the search turns on and off; it is settled."""
    given = _parse(loader, config.hydra.overrides.task)
    fixed = {each.key_or_group for each in given if not each.is_sweep_override()}
    keys = {*map(str, config.hydra.sweeper.params), *(each.key_or_group for each in given)} - fixed
    return [name for name in _methods_in(sorted(keys)) if f"regularizer.{name}.use" in keys]


def _methods_in(params: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(name for key in params if (name := _method_of(str(key))) is not None))


def _method_of(key: str) -> str | None:
    """Return the name of the method whose setting `key` is; None where it is something else."""
    found = re.fullmatch(r"regularizer\.(\w+)(\.\w+)?", key)
    return None if found is None or found[1] in shared_settings() else found[1]


def _is_setting(key: str) -> bool:
    """Return whether `key` is a setting of a method, other than whether it is used."""
    return _method_of(key) is not None and key.count(".") > 1 and not key.endswith(".use")


def _require_own_keys(given: list[Override]) -> None:
    """Refuse to change a range where a preset keeps it: the search would take it for a parameter."""
    for override in given:
        key = override.key_or_group
        if key.startswith("search."):
            allowed = f"a range stands at the key itself, {key.removeprefix('search.')}={override.get_value_string()}"
            raise ConfigError(key, "…", allowed)
        if key.startswith(("ranges.", "sweep.")):
            raise ConfigError(key, "…", RANGES_OF_KEYS)


def _require_one_list(given: list[Override]) -> None:
    """Refuse to vary the list of methods, by which parameters were chosen."""
    if any(override.key_or_group == "regularizer" and override.is_sweep_override() for override in given):
        raise ConfigError("regularizer", "…", "a search takes all methods in one list, regularizer=[l1,l2] for example")


def _require_once(given: Sequence[Given]) -> None:
    """Refuse a setting that two different keys set: only one of them could count."""
    typed: dict[str, str] = {}
    for each in given:
        other = typed.setdefault(each.key, each.typed)
        if other != each.typed:
            raise ConfigError(each.typed, "…", f"{other} sets {each.key} too; leave one of them out")


def _require_there(branch: Branch, keys: Iterable[str]) -> None:
    """Refuse to search a key that a preset names and that is nowhere: each trial would fail."""
    for key in keys:
        if key in branch.config.search and not branch.has(key):
            allowed = "a preset has a range for it under search, and sets no such key; give it a value there"
            raise ConfigError(key, "…", allowed)


def _require_no_absence(config: DictConfig, methods: Methods, given: Sequence[Given], varying: set[str]) -> None:
    """Refuse a list that has a value with which its method is absent: that is drawn as its switch is."""
    for name, method in methods.items():
        for setting, off in method.off.items():
            key = f"regularizer.{name}.{setting}"
            listed = next((each for each in given if each.key == key and each.listed is not None), None)
            rest = {f"regularizer.{name}.{each}": value for each, value in method.off.items() if each != setting}
            if listed and off in (listed.listed or []) and _are_off(config, [*rest], [*rest.values()], varying):
                allowed = f"{show(off)} is the same as no {method.title}, which a search tries anyway; leave it out"
                raise ConfigError(listed.typed, "…", allowed)


def _parse(loader: ConfigLoader, overrides: Any) -> list[Override]:
    return OverridesParser.create(config_loader=loader).parse_overrides([str(override) for override in overrides])
