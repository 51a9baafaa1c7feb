"""From the optimizer of a configuration to its class, and the check of its settings.

A setting is what the constructor takes. Its type is checked here by the constructor's annotation and default, its value
by the constructor itself.
"""

import inspect
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch.optim import Optimizer

from regsweep.config import IMPOSSIBLE_OPTIMIZERS, NOT_SETTINGS, TORCH_OPTIMIZERS, OptimizerConfig
from regsweep.errors import FAULTS, ConfigError, show, told
from regsweep.optimizers.muon import MuonWithAdamW
from regsweep.signatures import parameters_of, suggest
from regsweep.trusted import import_class

FIXED = {"nesterov": {"nesterov": True}}
"""Settings that a name fixes."""


def key_of(config: OptimizerConfig) -> tuple[str, str]:
    """Return the key that names the optimizer, and its value, for errors."""
    return ("optimizer.name", config.name) if config.target is None else ("optimizer._target_", config.target)


def resolve_class(config: OptimizerConfig) -> type[Optimizer]:
    """Return the class: PyTorch's, or the user's own; for Muon the one that adds AdamW.

    Raises:
        ConfigError: when the class may not be imported, does not exist, is no optimizer, or cannot train here.
    """
    key, value = key_of(config)
    if config.target is None:
        name = TORCH_OPTIMIZERS[config.name]
    elif config.target.startswith("torch.optim."):
        name = config.target.rpartition(".")[2]
    else:
        return _own_class(config.target)
    if name in IMPOSSIBLE_OPTIMIZERS:
        raise ConfigError(key, value, IMPOSSIBLE_OPTIMIZERS[name])
    found = {
        name: cls
        for name, cls in vars(torch.optim).items()
        if isinstance(cls, type) and issubclass(cls, Optimizer) and cls is not Optimizer
    }
    if name not in found or value not in (config.name, f"torch.optim.{name}"):
        raise ConfigError(key, value, f"torch.optim has no optimizer of that name; {suggest(name, found)}")
    return MuonWithAdamW if name == "Muon" else found[name]


def _own_class(target: str) -> type[Optimizer]:
    key = "optimizer._target_"
    cls = import_class(key, target, Optimizer, "torch.optim.Optimizer")
    if "lr" not in parameters_of(cls):
        raise ConfigError(
            key, target, "its constructor takes no lr, which optimizer.lr and a schedule set; give it one"
        )
    closure = inspect.signature(cls.step).parameters.get("closure")
    if closure is not None and closure.default is inspect.Parameter.empty:
        allowed = "its step needs a closure, and a step here has one gradient; give closure the default None"
        raise ConfigError(key, target, allowed)
    return cls


def is_of_torch(cls: type[Optimizer]) -> bool:
    """Return whether `cls` is one of PyTorch's, whose arithmetic is known, or the Muon of this project."""
    return cls is MuonWithAdamW or vars(torch.optim).get(cls.__name__) is cls


def settings_of(config: OptimizerConfig, cls: type[Optimizer]) -> dict[str, Any]:
    """Return the settings of `cls` as its constructor takes them.

    Raises:
        ConfigError: for one that the constructor does not have, or of another type.
    """
    known = {name: each for name, each in parameters_of(cls).items() if name not in (*NOT_SETTINGS, "lr")}
    settings = {}
    fixed = FIXED.get(config.name, {}) if config.target is None else {}
    for name, value in config.settings.items():
        key = f"optimizer.{name}"
        if name not in known:
            raise ConfigError(key, value, f"{cls.__name__} has no such setting; {suggest(name, known)}")
        if name in fixed:
            raise ConfigError(key, value, f"optimizer={config.name} sets it; leave it out")
        settings[name] = _typed(key, value, known[name])
    return settings | fixed


def _typed(key: str, value: Any, parameter: inspect.Parameter) -> Any:
    """Return `value` as the constructor's `parameter` takes it; what cannot be checked is left to the constructor."""
    default, annotation = parameter.default, parameter.annotation
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ConfigError(key, value, "must be true or false")
    elif isinstance(default, int | float):
        if not _is_number(value):
            raise ConfigError(key, value, f"must be a finite number, for example {key}={show(default)}")
        if annotation in (int, "int") and not isinstance(value, int):
            raise ConfigError(key, value, f"must be a whole number, for example {key}={default}")
    elif isinstance(default, tuple):
        return _pair(key, value, default)
    return tuple(value) if isinstance(value, list) else value


def _pair(key: str, value: Any, default: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return `value` as a tuple as long as `default`, of numbers, and of null where the default has it."""
    is_right = isinstance(value, list | tuple) and len(value) == len(default)
    if not is_right or not all(
        _is_number(each) or (each is None and usual is None) for each, usual in zip(value, default, strict=True)
    ):
        usual = ",".join(map(show, default))
        raise ConfigError(key, value, f"must be a list of {len(default)} numbers, for example {key}=[{usual}]")
    return tuple(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def constructed(config: OptimizerConfig, cls: type[Optimizer], groups: Any, given: Mapping[str, Any]) -> Optimizer:
    """Return `cls` over the parameter groups.

    Raises:
        ConfigError: with the reason for which the constructor refuses its arguments.
    """
    try:
        return cls(groups, **given)
    except FAULTS as error:
        settings = "".join(f" {name}={show(value)}" for name, value in config.settings.items())
        reason = f"cannot be made with lr={config.lr:g}{settings} ({told(error)})"
        raise ConfigError(*key_of(config), reason) from error
