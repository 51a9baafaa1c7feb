"""Optimizers, and how far each of their steps goes, which a proximal step must know.

A minimum of loss + λ Σ|w| has a loss gradient of −λ sign(w) wherever w is not 0. The soft threshold keeps such
a point fixed only when it is λ times what the optimizer makes of a steady gradient of 1:

    SGD with momentum μ   η / (1 − μ)            (the momentum buffer adds up to 1 / (1 − μ))
    Adam                  η / (√v̂ + ε)           per coordinate (Yun et al., 2021, ProxGen)
    AdamW                 η                      decoupled from the scaling, as its weight decay is

So λ has the same minimum under SGD of any momentum and under Adam. How many weights end exactly zero also
follows momentum, learning rate and epochs: the noise of the gradients lifts weights over the threshold.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import SGD, Adam, AdamW, Optimizer

from regsweep.config import AdamConfig, OptimizerConfig


def build_optimizer(
    config: OptimizerConfig,
    decayed: Mapping[str, Parameter],
    others: Mapping[str, Parameter],
    weight_decay: float,
    *,
    capturable: bool = False,
    scheduled: bool = False,
) -> Optimizer:
    """Return the optimizer over all parameters, `weight_decay` acting on the `decayed` ones alone.

    Its step is fused where PyTorch has that: one pass over the weights instead of one per operation. A `capturable` one
    can stand in a CUDA graph; the learning rate of one that is `scheduled` as well is a tensor, as a number would be
    frozen there.
    """
    groups = [
        {"params": list(decayed.values()), "weight_decay": weight_decay},
        {"params": list(others.values()), "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    everything = [*decayed.values(), *others.values()]
    fused = {parameter.device.type for parameter in everything} <= {"cpu", "cuda"} or None  # None: PyTorch's own choice
    lr = torch.tensor(config.lr, device=everything[0].device) if capturable and scheduled else config.lr
    if isinstance(config, AdamConfig):
        cls = AdamW if config.name == "adamw" else Adam
        return cls(groups, lr=lr, betas=config.betas, eps=config.eps, fused=fused, capturable=capturable)
    optimizer = SGD(groups, lr=lr, momentum=config.momentum, fused=fused)
    if config.momentum:
        # PyTorch's fused step makes these buffers in the first step, and breaks where a parameter has its first
        # gradient only later. From zero the first step comes to the same: μ·0 + gradient.
        for parameter in everything:
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return optimizer


def step_size(optimizer: Optimizer, parameter: Parameter) -> float | Tensor:
    """Return the step size for the proximal map of a parameter that has a gradient, after the optimizer's step."""
    # All groups share the learning rate and its companions; they differ in weight decay alone.
    settings = optimizer.param_groups[0]
    lr: float | Tensor = settings["lr"]
    if isinstance(optimizer, SGD):
        momentum: float = settings["momentum"]
        return lr / (1 - momentum)
    if isinstance(optimizer, AdamW):
        return lr
    assert isinstance(optimizer, Adam)
    return _adam_step(optimizer.state[parameter], settings)


def _adam_step(state: dict[str, Tensor], settings: dict[str, Any]) -> Tensor:
    steps = state["step"].double()  # it stays on its device: reading the number would wait for it
    corrected = state["exp_avg_sq"] / (1 - settings["betas"][1] ** steps)
    return torch.reciprocal(corrected.sqrt_().add_(settings["eps"])).mul_(settings["lr"])
