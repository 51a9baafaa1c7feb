"""From a network's target in the configuration to the network: a class, or a function that returns one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from regsweep.config import ModelConfig
from regsweep.errors import FAULTS, ConfigError, show, told
from regsweep.methods import Method
from regsweep.methods.calls import call
from regsweep.models.initial import Initial, freeze, load_initial
from regsweep.models.probe import repeat_grey, require_logits, settle_shapes
from regsweep.regularizers import METHODS
from regsweep.regularizers.batch_norm import has_batch_norm
from regsweep.regularizers.dropout import own_dropout
from regsweep.scope import trained_parameters
from regsweep.signatures import parameters_of, select_accepted, suggest, takes_any
from regsweep.trusted import import_callable

KEY = "model._target_"

GIVEN = ("input_shape", "num_classes")
"""Arguments that every network's constructor is given, if it takes them."""

Target = Callable[..., Any]


@dataclass(frozen=True)
class Network:
    """A network as a run trains it.

    Attributes:
        model: its initial weights included.
        adapted: what was changed in the network that its target makes, a line each.
        own_batch_norm: whether it has BatchNorm without any method.
        own_dropout: the dropout that it has without any method, in words; None where it has none.
    """

    model: nn.Module
    adapted: list[str]
    own_batch_norm: bool
    own_dropout: str | None = None


def resolve_target(target: str) -> Target:
    """Return the network class, or the function that makes a network, that `target` (``module.name``) names.

    Raises:
        ConfigError: when it may not be imported, does not exist, or is neither.
    """
    return _imported(KEY, target)


def _imported(key: str, target: str) -> Target:
    """Import a target, and leave torch's generator as it was: a module may draw when it is imported for the first time,
    which one process does before the seed is set and another after it."""
    with torch.random.fork_rng(devices=[]):
        return import_callable(key, target, nn.Module, "torch.nn.Module")


def places_without(target: Target, method: type[Method]) -> list[str]:
    """Return the arguments that `method` sets and the network's constructor does not name."""
    return [name for name in method.arguments if name not in parameters_of(target)]


def build_model(
    config: ModelConfig,
    *,
    input_shape: tuple[int, ...],
    num_classes: int,
    methods: Sequence[Method],
    example: Tensor,
    initial: Initial | None = None,
) -> Network:
    """Return the network, its initial weights drawn from torch's global generator.

    What the constructor has no place for, a method's `adapt` changes afterwards, which draws no random numbers: so the
    initial weights are the same with and without the method.

    Args:
        config: target and parameters.
        input_shape: of an example.
        num_classes: the number of outputs.
        methods: of the run.
        example: two examples (2, …), of which the network must make (2, K) numbers.
        initial: weights of a file, and which parameters are not trained.

    Raises:
        ConfigError: for a parameter that the target does not know or refuses, for a method that the network has no
            place for, and for a network that does not take the examples, returns something else or has complex weights.
    """
    target = resolve_target(config.target)
    model = _construct(target, config, {"input_shape": input_shape, "num_classes": num_classes}, methods)
    adapted = repeat_grey(model, example) if "input_shape" not in parameters_of(target) else []
    settle_shapes(model, config.target, example)
    adapted += load_initial(model, initial) if initial else []
    argument = parameters_of(target).get("batch_norm")
    own_batch_norm = has_batch_norm(model) if argument is None else bool(argument.default)
    dropout = _default_dropout(target) if "dropout" in parameters_of(target) else own_dropout(model)
    for method in methods:
        if places_without(target, type(method)):
            adapted += _adapt(method, model, example)
    require_logits(model, config.target, example, num_classes)
    if not any(True for _ in model.parameters()):
        raise ConfigError(KEY, config.target, "has no weights to train; its parameters must be torch.nn.Parameter")
    adapted += freeze(model, initial) if initial else []
    _require_real(model, config.target)
    return Network(model, adapted, own_batch_norm, dropout)


def _require_real(model: nn.Module, target: str) -> None:
    """Refuse complex parameters, which not every optimizer and method here can train."""
    for name, parameter in trained_parameters(model).items():
        if not parameter.is_floating_point():
            reason = f"its parameter {name} is {str(parameter.dtype).removeprefix('torch.')}, and real ones are trained"
            raise ConfigError(KEY, target, f"{reason}; keep real and imaginary parts, and use torch.view_as_complex")


def _construct(target: Target, config: ModelConfig, given: dict[str, Any], methods: Sequence[Method]) -> nn.Module:
    """Return what the target makes of the shapes, the methods' arguments and its own parameters."""
    own = _own_parameters(target, config)
    positional = own.pop("_args_", [])
    given = {name: given[name] for name in given if name in select_accepted(target, given) or _is_passed(target, name)}
    given |= _given_by(methods, target)
    try:
        made = target(*positional, **given, **own)
    except ConfigError:
        raise
    except FAULTS as error:
        settings = "".join(f" model.{name}={show(value)}" for name, value in config.parameters.items())
        shape = given.get("input_shape")
        reason = f"cannot be built{f' for inputs of {shape}' if shape else ''} with{settings or ' its defaults'}"
        raise ConfigError(KEY, config.target, f"{reason} ({told(error)})") from error
    if not isinstance(made, nn.Module):
        raise ConfigError(KEY, config.target, f"returned {type(made).__name__}; it must return a torch.nn.Module")
    return made


def _is_passed(target: Target, name: str) -> bool:
    """Return whether an argument is given to a target that passes on what it does not know, as torchvision's do."""
    return name == "num_classes" and _takes_any(target)


def _takes_any(target: Target) -> bool:
    """Return whether a target takes keywords that it does not name; the constructor of `nn.Module` refuses them all."""
    return takes_any(target) and getattr(target, "__init__", None) is not nn.Module.__init__


def _own_parameters(target: Target, config: ModelConfig) -> dict[str, Any]:
    """Return the target's own parameters, what is nested in them made.

    Raises:
        ConfigError: for one that it does not know, or that is given by the data or by methods.
    """
    known = parameters_of(target)
    set_by_methods = {name for method in METHODS.values() for name in method.arguments}
    for name, value in config.parameters.items():
        is_set = name in GIVEN or (name in set_by_methods and name in known)
        is_unknown = name not in known and not _takes_any(target) and name != "_args_"
        if is_set or is_unknown or (re.fullmatch(r"_\w+_", name) and name != "_args_"):
            own = [parameter for parameter in known if parameter not in (*GIVEN, *set_by_methods)]
            reason = f"{target.__name__} has no such parameter"
            raise ConfigError(f"model.{name}", value, f"{reason}; {suggest(name, own)}")
    made = {name: _made(value, f"model.{name}") for name, value in config.parameters.items()}
    if not isinstance(made.get("_args_", []), list):
        raise ConfigError("model._args_", made["_args_"], "must be a list, of layers for example")
    return made


def _made(value: Any, key: str) -> Any:
    """Return a parameter; in place of each dictionary with a ``_target_`` stands the layer that it describes.

    Raises:
        ConfigError: for a target that may not be named, or that makes no layer.
    """
    if isinstance(value, list | tuple):
        return [_made(each, f"{key}[{place}]") for place, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    made = {str(name): _made(each, f"{key}.{name}") for name, each in value.items()}
    if "_target_" not in made:
        return made
    key, name = f"{key}._target_", str(made.pop("_target_"))
    target = _imported(key, name)
    try:
        layer = target(*made.pop("_args_", []), **made)
    except FAULTS as error:
        raise ConfigError(key, name, f"cannot be built ({told(error)})") from error
    if not isinstance(layer, nn.Module):
        raise ConfigError(key, name, f"returned {type(layer).__name__}; it must return a torch.nn.Module")
    return layer


def _default_dropout(target: Target) -> str | None:
    """Return the probability of dropout that a constructor takes where none is given, in words; None for 0."""
    default = parameters_of(target)["dropout"].default
    is_number = isinstance(default, int | float) and not isinstance(default, bool)
    return f"p={default:g}" if is_number and default > 0 else None


def _given_by(methods: Sequence[Method], target: Target) -> dict[str, Any]:
    """Return the constructor arguments that the methods set."""
    given: dict[str, tuple[Method, Any]] = {}
    for method in methods:
        for name, value in call(method, "model_settings").items():
            if name not in parameters_of(target):
                continue
            if name in given:
                both = f"[{given[name][0].name},{method.name}]"
                raise ConfigError("regularizer", both, f"both set {name} of {target.__name__}; choose one of them")
            given[name] = (method, value)
    return {name: value for name, (_, value) in given.items()}


def _adapt(method: Method, model: nn.Module, example: Tensor) -> list[str]:
    """Let a method change the network that its constructor has no argument for."""
    if type(method).adapt is Method.adapt:
        if method.settings.use:
            raise method.no_place(type(model).__name__)
        return []
    lines: list[str] = call(method, "adapt", model, example)
    return [f"{method.title}: {line}" for line in lines]
