"""``sweep=regularization``: from the ranges that the presets carry to what the sweeper searches.

The presets of the chosen methods and of the optimizer put their ranges under ``search``, and the sweep takes its
parameters from there. What follows from the keys is added here: a setting is searched only where its method is used,
and trial 0 uses none. A short form on the command line stands for the setting that it is short for.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override
from omegaconf import DictConfig, OmegaConf

from regsweep.app.grammar import literal
from regsweep.chosen import shared_settings
from regsweep.errors import ConfigError
from regsweep.methods import Method
from regsweep.regularizers import METHODS

_log = logging.getLogger("regsweep")

ANOTHER_TASK = ("seed", "trainer.epochs", "dataset")
"""Keys that make the task another one: a search over them would choose the easiest task."""


def is_search_of_presets(config: DictConfig) -> bool:
    """Return whether the sweep searches what the presets carry."""
    return OmegaConf.is_interpolation(config.hydra.sweeper, "params")


def settle(config: DictConfig, loader: ConfigLoader) -> None:
    """Give the sweep its parameters, their conditions and trial 0, and write short forms of the command line in full.

    Raises:
        ConfigError: when a range follows what varies, or a short form fits several penalties.
    """
    given = _parse(loader, config.hydra.overrides.task)
    _require_fixed_choices(config, given)
    ranges = OmegaConf.to_container(config.search, resolve=True)
    assert isinstance(ranges, dict)
    params = {str(key): str(value) for key, value in ranges.items()}
    searched = _methods_in(params)
    for place, override in enumerate(given):
        key, text = _in_full(override, searched)
        config.hydra.overrides.task[place] = text
        left_out = _left_out_by(key, text)
        params = {param: value for param, value in params.items() if left_out is None or _method_of(param) != left_out}
    conditions = _plain(config.hydra.sweeper.conditions)
    for key in params:
        method = _method_of(key)
        if method is not None and not key.endswith(".use"):
            conditions.setdefault(key, {"when": {f"regularizer.{method}.use": True}})
    first = {key: _value_in_first(config, key) for key in params if key.endswith(".use") or not _method_of(key)}
    _set(config, "params", params)
    _set(config, "conditions", conditions)
    _set(config, "initial_trials", _plain(config.hydra.sweeper.initial_trials) or [first])


def _set(config: DictConfig, name: str, value: Any) -> None:
    """Set a setting of the sweeper, here and in each trial, which composes anew and must come to the same."""
    config.hydra.sweeper[name] = value
    emptied = [f"hydra.sweeper.{name}=null"] if name == "params" else []  # a dictionary would be merged
    config.hydra.overrides.hydra.extend([*emptied, f"++hydra.sweeper.{name}={literal(value)}"])


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def leave_out(config: DictConfig, name: str, reason: str) -> bool:
    """Leave the method `name` out of the search, and unused in every trial, saying so; return whether it was there."""
    params = _plain(config.hydra.sweeper.params)
    keys = [key for key in params if _method_of(key) == name]
    if not keys:
        return False
    _log.warning(f"{METHODS[name].title} leaves the search: {reason}")
    _set(config, "params", {key: params[key] for key in params if key not in keys})
    first = _plain(config.hydra.sweeper.initial_trials)
    if isinstance(first, list):
        trials = [{key: value for key, value in trial.items() if key not in keys} for trial in first]
        _set(config, "initial_trials", trials)
    config.hydra.overrides.task.append(f"regularizer.{name}=null")
    return True


def searched_methods(config: DictConfig) -> list[str]:
    """Return the names of the methods that the sweep turns on and off, or of which it searches a setting."""
    return _methods_in(config.hydra.sweeper.params or {})


def describe(config: DictConfig, swept: Iterable[str]) -> str:
    """Return what is searched, in words."""
    keys = dict.fromkeys([*map(str, config.hydra.sweeper.params), *swept])
    methods = [METHODS[name].title if name in METHODS else name for name in _methods_in(keys)]
    others = ["the learning rate" if key == "optimizer.lr" else key for key in keys if not _method_of(key)]
    if not methods:
        return f"searches {_listed(others)} alone: no method of regularization is chosen (the search of a baseline)"
    return f"searches {_listed([*methods, *others])}; trial 0 uses no method"


def is_named(config: DictConfig) -> bool:
    """Return whether somebody chose the methods: the command line, or an experiment."""
    typed = [str(override) for override in config.hydra.overrides.task]
    return config.hydra.runtime.choices.get("regularizer") is not None or any(
        text.startswith("regularizer=") for text in typed
    )


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


def _value_in_first(config: DictConfig, key: str) -> Any:
    return False if key.endswith(".use") else OmegaConf.select(config, key)


def _require_fixed_choices(config: DictConfig, given: list[Override]) -> None:
    """Refuse to vary what ranges were chosen by: the methods, and the optimizer."""
    swept = {override.key_or_group for override in given if override.is_sweep_override()}
    if "regularizer" in swept:
        raise ConfigError("regularizer", "…", "a search takes all methods in one list, regularizer=[l1,l2] for example")
    unresolved = OmegaConf.to_container(config.search, resolve=False)
    assert isinstance(unresolved, dict)
    followed = {str(key): re.findall(r"\$\{([\w.]+)\}", str(value)) for key, value in unresolved.items()}
    for key in swept & {"optimizer"}:
        followers = [
            f for f, keys in followed.items() if f.startswith(f"{key}.") or any(k.startswith(key) for k in keys)
        ]
        open_ones = [follower for follower in followers if follower not in swept]
        if open_ones:
            first = open_ones[0]
            reason = f"the range of {first} follows it and cannot while it varies; fix one, or give {first} a range"
            raise ConfigError(key, "…", reason)


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
        if not having:
            return key, text
        return _full_form(override, having[0], name)
    if name not in searched or name not in METHODS:
        return key, text
    method = METHODS[name]
    main = method.main_setting()
    is_switch = main is None or isinstance(override.value(), bool) or _is_choice_of_switches(override)
    return _full_form(override, method, "use" if is_switch else str(main))


def _left_out_by(key: str, text: str) -> str | None:
    """Return the name of the method that an override in full leaves out; None where it leaves none out."""
    found = re.fullmatch(r"regularizer\.(\w+)(\.use)?", key)
    return found[1] if found and text.lower().endswith(("=false", "=null")) else None


def _full_form(override: Override, method: type[Method], setting: str) -> tuple[str, str]:
    value = override.value()
    if value is None:
        return f"regularizer.{method.name}", f"regularizer.{method.name}=null"
    key = f"regularizer.{method.name}.{setting}"
    is_off = not override.is_sweep_override() and setting in method.off and value == method.off[setting]
    if is_off or value is False:
        key = f"regularizer.{method.name}.use"
        return key, f"{key}=false"
    return key, f"{key}={override.get_value_string()}"


def _has(method: type[Method], setting: str) -> bool:
    return method in shared_settings()[setting]


def _is_choice_of_switches(override: Override) -> bool:
    value = override.value()
    return isinstance(value, ChoiceSweep) and all(isinstance(each, bool) for each in value.list)


def _parse(loader: ConfigLoader, overrides: Any) -> list[Override]:
    return OverridesParser.create(config_loader=loader).parse_overrides([str(override) for override in overrides])
