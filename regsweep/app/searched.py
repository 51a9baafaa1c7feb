"""``sweep=regularization``: from the ranges that the presets carry to what the sweeper searches.

The presets of the chosen methods and of the optimizer put their ranges under ``search``, and the sweep takes its
parameters from there. What follows from the keys is added here: a setting is searched only where its method is used,
and trial 0 uses none. A short form on the command line stands for the setting that it is short for.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override
from omegaconf import DictConfig, OmegaConf

from regsweep.app.door import RANGES_OF_KEYS
from regsweep.app.grammar import literal
from regsweep.chosen import class_of, shared_settings
from regsweep.errors import ConfigError
from regsweep.methods import Method
from regsweep.regularizers import METHODS

_log = logging.getLogger("regsweep")

ANOTHER_TASK = ("seed", "trainer.epochs", "dataset")
"""Keys that make the task another one: a search over them would choose the easiest task."""


def is_search_of_presets(config: DictConfig) -> bool:
    """Return whether the sweep searches what the presets carry."""
    return OmegaConf.is_interpolation(config.hydra.sweeper, "params")


def settle(config: DictConfig, loader: ConfigLoader) -> dict[str, str]:
    """Give the sweep its parameters, their conditions and trial 0, and write short forms of the command line in full.

    Returns:
        The key that was typed, by the full key that it is short for.

    Raises:
        ConfigError: when a range follows what varies, or a short form fits several penalties or none that is searched.
    """
    given = _parse(loader, config.hydra.overrides.task)
    _require_own_keys(given)
    _require_one_list(given)
    ranges = OmegaConf.to_container(config.search, resolve=True)
    assert isinstance(ranges, dict)
    params = {str(key): str(value) for key, value in ranges.items()}
    in_full = [_in_full(override, _methods_in(params)) for override in given]
    _require_fixed_optimizer(config, given, [key for key, _ in in_full])
    for place, (_, text) in enumerate(in_full):
        config.hydra.overrides.task[place] = text
    left_out = {_left_out_by(key, text) for key, text in in_full} - {None}
    params = {param: value for param, value in params.items() if _method_of(param) not in left_out}
    swept = [key for override, (key, _) in zip(given, in_full, strict=True) if override.is_sweep_override()]
    fixed = dict(each for each in in_full if each[0] not in swept)
    conditions = _plain(config.hydra.sweeper.conditions)
    for key in (*params, *swept):
        use = f"regularizer.{_method_of(key)}.use"
        if _is_setting(key) and (use in params or use in fixed):
            conditions.setdefault(key, {"when": {use: True}})
    begins_with = [key for key in params if not _is_setting(key) and key not in fixed]
    first = {key: False if key.endswith(".use") else OmegaConf.select(config, key) for key in begins_with}
    _set(config, "params", params)
    _set(config, "conditions", conditions)
    _set(config, "initial_trials", _plain(config.hydra.sweeper.initial_trials) or [first])
    typed = {key: override.get_key_element() for override, (key, _) in zip(given, in_full, strict=True)}
    short = {key: each for key, each in typed.items() if key != each}
    if short.keys() & fixed.keys():  # a short form took the place of the preset's settings
        config.regularizer = loader.load_sweep_config(config, list(fixed.values())).regularizer
    return short


def as_typed(error: ConfigError, typed: Mapping[str, str]) -> ConfigError:
    """Return `error`, its key the one that was typed."""
    key, _, rest = str(error).partition("=")
    if key not in typed:
        return error
    value, _, allowed = rest.partition(": ")
    return ConfigError(typed[key], value, allowed)


def _set(config: DictConfig, name: str, value: Any) -> None:
    """Set a setting of the sweeper, here and in each trial, which composes anew and must come to the same."""
    config.hydra.sweeper[name] = value
    emptied = [f"hydra.sweeper.{name}=null"] if name == "params" else []  # a dictionary would be merged
    config.hydra.overrides.hydra.extend([*emptied, f"++hydra.sweeper.{name}={literal(value)}"])


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


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


def describe(config: DictConfig, loader: ConfigLoader) -> str:
    """Return what is searched, in words."""
    given = _parse(loader, config.hydra.overrides.task)
    swept = [str(override.key_or_group) for override in given if override.is_sweep_override()]
    fixed = {override.key_or_group: override.value() for override in given if not override.is_sweep_override()}
    keys = [key for key in dict.fromkeys([*map(str, config.hydra.sweeper.params), *swept]) if key not in fixed]
    turned = [name for name in _methods_in(keys) if f"regularizer.{name}.use" in keys]
    always = [name for name in _methods_in(fixed) if fixed.get(f"regularizer.{name}.use") is True]
    others = ["the learning rate" if key == "optimizer.lr" else key for key in keys if _method_of(key) not in turned]
    if not turned and not always:
        return f"searches {_listed(others)} alone: no method of regularization is chosen (the search of a baseline)"
    methods, used = ([_title(config, name) for name in names] for names in (turned, always))
    line = f"searches {_listed([*methods, *others])}"
    if used:
        line += f"; every trial uses {_listed(used)}"
    first = _plain(config.hydra.sweeper.initial_trials)
    is_without = isinstance(first, list) and all(first[0].get(f"regularizer.{name}.use") is False for name in turned)
    if turned and is_without:
        line += f"; trial 0 uses no {'other ' if used else ''}method"
    return line


def _title(config: DictConfig, name: str) -> str:
    return class_of(name, OmegaConf.select(config, f"regularizer.{name}._target_", default=None), None).title


def unnamed_methods(config: DictConfig) -> list[str]:
    """Return the methods that are searched and that nobody named: neither the command line nor an experiment."""
    typed = [str(override) for override in config.hydra.overrides.task]
    is_list_typed = any(text.startswith("regularizer=") for text in typed)
    if is_list_typed or config.hydra.runtime.choices.get("regularizer") is not None:
        return []
    named = [_method_of(text.partition("=")[0]) for text in typed]
    return [name for name in _methods_in(config.hydra.sweeper.params) if name not in named]


def require_same_task(swept: Iterable[str]) -> None:
    """Refuse to search what makes the task another one.

    Raises:
        ConfigError: naming the key.
    """
    for key in swept:
        if key == "seed":
            reason = "a search would choose the luckiest seed; compare seeds in a grid, without Optuna"
            raise ConfigError(key, "…", reason)
        if key in ANOTHER_TASK or key.startswith("dataset."):
            reason = "a search would choose the easiest task; fix it, or compare tasks in a grid, without Optuna"
            raise ConfigError(key, "…", reason)


def _listed(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words) or "nothing"


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
        if override.key_or_group.startswith(("search.", "ranges.", "sweep.")):
            raise ConfigError(override.key_or_group, "…", RANGES_OF_KEYS)


def _require_one_list(given: list[Override]) -> None:
    """Refuse to vary the list of methods, by which parameters were chosen."""
    if any(override.key_or_group == "regularizer" and override.is_sweep_override() for override in given):
        raise ConfigError("regularizer", "…", "a search takes all methods in one list, regularizer=[l1,l2] for example")


def _require_fixed_optimizer(config: DictConfig, given: list[Override], keys: list[str]) -> None:
    """Refuse to vary the optimizer, by which ranges were chosen, unless the command line has `keys` in their place."""
    if not any(override.key_or_group == "optimizer" and override.is_sweep_override() for override in given):
        return
    unresolved = OmegaConf.to_container(config.search, resolve=False)
    assert isinstance(unresolved, dict)
    ranges = {str(key): str(value) for key, value in unresolved.items()}
    followers = [key for key, value in ranges.items() if key.startswith("optimizer.") or "${optimizer." in value]
    for follower in followers:
        if follower not in keys:
            reason = f"the range of {follower} follows it and cannot while it varies; fix one, or give {follower} one"
            raise ConfigError("optimizer", "…", reason)


def _in_full(override: Override, searched: list[str]) -> tuple[str, str]:
    """Return an override's key and text, a short form of a searched method written in full."""
    key, text = override.get_key_element(), str(override.input_line)
    group, _, name = key.partition(".")
    if group != "regularizer" or "." in name or not name:
        return key, text
    if name in shared_settings():
        having = [METHODS[each] for each in searched if each in METHODS and _has(METHODS[each], name)]
        if len(having) > 1:
            keys = " or ".join(f"regularizer.{method.name}.{name}" for method in having)
            raise ConfigError(key, override.get_value_string(), f"{len(having)} searched penalties have it; set {keys}")
        if not having or override.value() is None:
            return key, text
        return _full_form(override, having[0], name)
    return (key, text) if name not in METHODS else _of_method(override, METHODS[name], searched)


def _of_method(override: Override, method: type[Method], searched: list[str]) -> tuple[str, str]:
    """Return key and text of an override of ``regularizer.NAME``, written in full where the method is searched.

    Raises:
        ConfigError: when it uses a method that is not searched, or has several settings.
    """
    key, value, main = override.get_key_element(), override.value(), method.main_setting()
    if isinstance(value, dict):
        reason = f"a search takes each setting by its own key, {key}.{main or 'use'} for example"
        raise ConfigError(key, override.get_value_string(), reason)
    if method.name in searched:
        is_switch = main is None or isinstance(value, bool) or _is_choice_of_switches(override)
        return _full_form(override, method, "use" if is_switch else str(main))
    if override.is_sweep_override() or not _turns_off(method, main or "use", value):
        methods = ",".join([*searched, method.name])
        reason = f"{method.title} is not among the methods of this search; name it too, regularizer=[{methods}]"
        raise ConfigError(key, override.get_value_string(), reason)
    return key, str(override.input_line)


def _left_out_by(key: str, text: str) -> str | None:
    """Return the name of the method that an override in full leaves out; None where it leaves none out."""
    found = re.fullmatch(r"regularizer\.(\w+)(\.use)?", key)
    return found[1] if found and text.lower().endswith(("=false", "=null")) else None


def _full_form(override: Override, method: type[Method], setting: str) -> tuple[str, str]:
    key = f"regularizer.{method.name}"
    value = override.value()
    if value is None:
        return key, f"{key}=null"
    if not override.is_sweep_override() and _turns_off(method, setting, value):
        return f"{key}.use", f"{key}.use=false"
    return f"{key}.{setting}", f"{key}.{setting}={override.get_value_string()}"


def _turns_off(method: type[Method], setting: str, value: Any) -> bool:
    """Return whether a method whose `setting` has `value` is not used."""
    is_main = setting in ("use", method.main_setting())
    return value is None or (value is False and is_main) or (setting in method.off and value == method.off[setting])


def _has(method: type[Method], setting: str) -> bool:
    return method in shared_settings()[setting]


def _is_choice_of_switches(override: Override) -> bool:
    value = override.value()
    return isinstance(value, ChoiceSweep) and all(isinstance(each, bool) for each in value.list)


def _parse(loader: ConfigLoader, overrides: Any) -> list[Override]:
    return OverridesParser.create(config_loader=loader).parse_overrides([str(override) for override in overrides])
