"""From a configuration to the optimizer of a network."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import Parameter
from torch.optim import SGD, Optimizer, Rprop

from regsweep.config import CHECKED_SETTINGS, OptimizerConfig
from regsweep.errors import ConfigError
from regsweep.optimizers.meaning import has_own_decay
from regsweep.optimizers.muon import MuonWithAdamW
from regsweep.optimizers.resolve import constructed, is_of_torch, key_of, resolve_class, settings_of
from regsweep.signatures import parameters_of


def build_optimizer(
    config: OptimizerConfig,
    decayed: Mapping[str, Parameter],
    others: Mapping[str, Parameter],
    weight_decay: float,
    *,
    capturable: bool = False,
    scheduled: bool = False,
) -> Optimizer:
    """Return the optimizer over all parameters, an L2 penalty of `weight_decay`/2 acting on the `decayed` ones alone.

    Its step is fused where PyTorch has that: one pass over the weights instead of one per operation. A `capturable` one
    can stand in a CUDA graph; the learning rate of one that is `scheduled` as well is a tensor, as a number would be
    frozen there.

    Raises:
        ConfigError: for a class or a setting that is not possible.
    """
    cls = resolve_class(config)
    settings = settings_of(config, cls)
    groups: list[dict[str, Any]] = [
        {"params": list(decayed.values()), "weight_decay": weight_decay},
        {"params": list(others.values()), "weight_decay": 0.0},
    ]
    if not has_own_decay(cls):
        groups = [{"params": group["params"]} for group in groups]
    groups = [group for group in groups if group["params"]]
    everything = [*decayed.values(), *others.values()]
    lr = torch.tensor(config.lr, device=everything[0].device) if capturable and scheduled else config.lr
    given = {**settings, "lr": lr, **_technical(cls, settings, everything, capturable=capturable)}
    optimizer = constructed(config, cls, groups, given)
    if any("lr" not in group for group in optimizer.param_groups):
        raise ConfigError(*key_of(config), "its parameter groups have no lr, which a schedule sets; give them one")
    if cls is SGD:
        _start_momentum(optimizer, everything)
    if weight_decay and not has_own_decay(cls):
        _couple(optimizer, list(decayed.values()), weight_decay)
    return optimizer


def _technical(
    cls: type[Optimizer], settings: Mapping[str, Any], parameters: list[Parameter], *, capturable: bool
) -> dict[str, Any]:
    """Return the arguments of the constructor that are not the user's."""
    accepted = parameters_of(cls)
    given: dict[str, Any] = {}
    if "fused" in accepted and is_of_torch(cls):
        is_dampened = bool(settings.get("momentum") and settings.get("dampening"))  # see _start_momentum
        is_supported = {parameter.device.type for parameter in parameters} <= {"cpu", "cuda"}
        given["fused"] = True if is_supported and not is_dampened else None  # None: PyTorch's own choice
    if "capturable" in accepted:
        given["capturable"] = capturable
    if "weight_decay" in accepted and not has_own_decay(cls):
        given["weight_decay"] = 0.0
    return given


def _start_momentum(optimizer: Optimizer, parameters: list[Parameter]) -> None:
    """Begin with a momentum of zero.

    PyTorch's fused step makes these buffers in the first step, and breaks where a parameter has its first gradient only
    later. From zero the first step comes to the same: μ·0 + gradient. With a dampening it would not.
    """
    settings = optimizer.param_groups[0]
    if settings["momentum"] and not settings["dampening"]:
        for parameter in parameters:
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)


def _couple(optimizer: Optimizer, decayed: list[Parameter], weight_decay: float) -> None:
    """Add the gradient 2λw of an L2 penalty to that of the loss before each step."""

    def add(*_: Any) -> None:
        for weight in decayed:
            if weight.grad is not None:
                weight.grad.add_(weight.detach(), alpha=weight_decay)

    optimizer.register_step_pre_hook(add)


def require_possible(config: OptimizerConfig, model: nn.Module, *, cuda_graphs: bool) -> type[Optimizer]:
    """Refuse what cannot be built or would have no effect, before training; return the class.

    The optimizer itself is made only where its constructor has something to check: PyTorch imports its compiler, which
    takes seconds, with the first one.

    Raises:
        ConfigError: likewise.
    """
    cls = resolve_class(config)
    settings = settings_of(config, cls)
    key, value = key_of(config)
    if cls is Rprop and (config.schedule != "constant" or config.warmup):
        changed = ("schedule", config.schedule) if config.schedule != "constant" else ("warmup", config.warmup)
        reason = "Rprop takes its learning rate as its first step alone, so it cannot change; leave it constant"
        raise ConfigError(f"optimizer.{changed[0]}", changed[1], f"{reason}, or choose another optimizer")
    if cls is MuonWithAdamW and not any(each.ndim == 2 for each in model.parameters() if each.requires_grad):  # noqa: PLR2004
        raise ConfigError(key, value, "the network trains no matrix; choose optimizer=adamw")
    if cuda_graphs and cls is not SGD and "capturable" not in parameters_of(cls):
        reason = f"the step of {cls.__name__} cannot be captured (its constructor takes no capturable)"
        raise ConfigError("device.cuda_graphs", True, f"{reason}; set it to false, or choose another optimizer")
    if not is_of_torch(cls) or not settings.keys() <= CHECKED_SETTINGS or cls is MuonWithAdamW:
        build_optimizer(config, {"weight": nn.Parameter(torch.zeros(1, 1))}, {}, 0.0)
    return cls
