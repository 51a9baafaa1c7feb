"""Optimizers, and how far each of their steps goes, which a proximal step must know.

A minimum of loss + λ Σ|w| has a loss gradient of −λ sign(w) wherever w is not 0. The soft threshold keeps such
a point fixed only when it is λ times what the optimizer makes of a steady gradient of 1:

    SGD with momentum μ   η / (1 − μ)            (the momentum buffer adds up to 1 / (1 − μ))
    Adam                  η / (√v̂ + ε)           per coordinate (Yun et al., 2021, ProxGen)
    AdamW                 η                      decoupled from the scaling, as its weight decay is

So λ has the same minimum under SGD of any momentum and under Adam. How many weights end exactly zero also
follows momentum, learning rate and epochs: the noise of the gradients lifts weights over the threshold.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import SGD, Adam, AdamW, Optimizer

from regsweep.config import AdamConfig, OptimizerConfig
from regsweep.scope import ParameterGroups


def build_optimizer(
    config: OptimizerConfig, groups: ParameterGroups, weight_decay: float, *, capturable: bool = False
) -> Optimizer:
    """Return the optimizer over both groups, `weight_decay` acting on the penalized one alone.

    Its step is fused where PyTorch has that: one pass over the weights instead of one per operation. A `capturable` one
    can stand in a CUDA graph.
    """
    parameters = [
        {"params": list(groups.penalized.values()), "weight_decay": weight_decay},
        {"params": list(groups.free.values()), "weight_decay": 0.0},
    ]
    parameters = [group for group in parameters if group["params"]]
    everything = [*groups.penalized.values(), *groups.free.values()]
    fused = {parameter.device.type for parameter in everything} <= {"cpu", "cuda"} or None  # None: PyTorch's own choice
    if isinstance(config, AdamConfig):
        cls = AdamW if config.name == "adamw" else Adam
        return cls(parameters, lr=config.lr, betas=config.betas, eps=config.eps, fused=fused, capturable=capturable)
    optimizer = SGD(parameters, lr=config.lr, momentum=config.momentum, fused=fused)
    if config.momentum:
        # PyTorch's fused step makes these buffers in the first step, and breaks where a parameter has its first
        # gradient only later. From zero the first step comes to the same: μ·0 + gradient.
        for parameter in everything:
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return optimizer


def step_sizes(optimizer: Optimizer, parameters: Iterable[Parameter]) -> list[tuple[Tensor, float | Tensor]]:
    """Return each parameter with the step size for its proximal map, after the optimizer's step."""
    # All groups share the learning rate and its companions; they differ in weight decay alone.
    settings = optimizer.param_groups[0]
    if isinstance(optimizer, SGD):
        size = settings["lr"] / (1 - settings["momentum"])
        return [(parameter, size) for parameter in parameters]
    if isinstance(optimizer, AdamW):
        return [(parameter, settings["lr"]) for parameter in parameters]
    assert isinstance(optimizer, Adam)
    return [(parameter, _adam_step(optimizer.state[parameter], settings)) for parameter in parameters]


def _adam_step(state: dict[str, Tensor], settings: dict[str, Any]) -> float | Tensor:
    if not state:
        return 0.0  # a parameter without a gradient took no step
    steps = state["step"].double()  # it stays on its device: to ask for the number would be to wait for it
    corrected = state["exp_avg_sq"] / (1 - settings["betas"][1] ** steps)
    return torch.reciprocal(corrected.sqrt_().add_(settings["eps"])).mul_(settings["lr"])
