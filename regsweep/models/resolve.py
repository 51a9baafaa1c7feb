"""From a network's class in the configuration to the network."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from regsweep.config import ModelConfig
from regsweep.errors import ConfigError, show
from regsweep.methods import Method
from regsweep.methods.calls import call
from regsweep.regularizers import METHODS
from regsweep.signatures import parameters_of, select_accepted, suggest
from regsweep.trusted import import_class

GIVEN = ("input_shape", "num_classes")
"""Arguments that every network's constructor is given, if it takes them."""


def resolve_class(target: str) -> type[nn.Module]:
    """Return the network class that `target` (``module.Class``) names.

    Raises:
        ConfigError: when the module may not be imported, does not exist, or holds no such network.
    """
    return import_class("model._target_", target, nn.Module, "torch.nn.Module")


def places_without(cls: type[nn.Module], method: type[Method]) -> list[str]:
    """Return the constructor arguments that `method` sets and the network `cls` does not take."""
    return [name for name in method.arguments if name not in parameters_of(cls)]


def build_model(
    config: ModelConfig, *, input_shape: tuple[int, ...], num_classes: int, methods: Sequence[Method]
) -> nn.Module:
    """Return the network, its initial weights drawn from torch's global generator.

    Raises:
        ConfigError: for a parameter that the class does not know or refuses, and for a method that it has no place for.
    """
    cls = resolve_class(config.target)
    known = parameters_of(cls)
    set_by_methods = {name for method in METHODS.values() for name in method.arguments}
    for name, value in config.parameters.items():
        if name in set_by_methods or name in GIVEN or name not in known:
            own = [parameter for parameter in known if parameter not in (*GIVEN, *set_by_methods)]
            raise ConfigError(f"model.{name}", value, f"{cls.__name__} has no such parameter; {suggest(name, own)}")
    given = select_accepted(cls, {"input_shape": input_shape, "num_classes": num_classes})
    given |= _given_by(methods, cls)
    try:
        return cls(**given, **config.parameters)
    except Exception as error:
        settings = "".join(f" model.{name}={show(value)}" for name, value in config.parameters.items())
        reason = f"cannot be built for inputs of {input_shape} with{settings or ' its defaults'}"
        raise ConfigError(
            "model._target_", config.target, f"{reason} ({type(error).__name__}: {show(error)})"
        ) from error


def _given_by(methods: Sequence[Method], cls: type[nn.Module]) -> dict[str, Any]:
    """Return the constructor arguments that the methods set."""
    given: dict[str, tuple[Method, Any]] = {}
    for method in methods:
        for name, value in call(method, "model_settings").items():
            if name not in parameters_of(cls):
                if method.settings.use:
                    raise _no_place(cls, method)
                continue
            if name in given:
                both = f"[{given[name][0].name},{method.name}]"
                raise ConfigError("regularizer", both, f"both set {name} of {cls.__name__}; choose one of them")
            given[name] = (method, value)
    return {name: value for name, (_, value) in given.items()}


def _no_place(cls: type[nn.Module], method: Method) -> ConfigError:
    allowed = f"{cls.__name__} has no place for it; choose another model or leave it off"
    return ConfigError(f"regularizer.{method.name}", method.main_value(), allowed)
