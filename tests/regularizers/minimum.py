"""A loss of one weight, minimized with a penalty: by an optimizer that is built as for a training, in float64."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from regsweep.config import OptimizerConfig
from regsweep.methods import Method, Parameters, Update
from regsweep.optimizers import build_optimizer, step_size

WEIGHTS = np.array([[1.5, -0.25, 0.0], [-2.0, 0.125, 3.0]])

A, B = np.array([1.0, 2.0, 0.5, 1.0, 4.0]), np.array([1.0, -0.1, 0.9, 0.3, -1.0])
"""Of the quadratic loss ½ Σ a (w − b)²."""


def named(name: str, lr: float, **settings: Any) -> OptimizerConfig:
    values = {"name": name, "lr": lr, "schedule": "constant", "warmup": 0.0, **settings}
    return OptimizerConfig.model_validate(values)


def sgd(lr: float = 0.1, momentum: float = 0.0) -> OptimizerConfig:
    return named("sgd", lr, momentum=momentum)


def adam(name: str = "adam", lr: float = 0.01) -> OptimizerConfig:
    return named(name, lr, betas=[0.9, 0.999], eps=1e-8)


OPTIMIZERS = {"sgd": sgd(), "momentum": sgd(lr=0.01, momentum=0.9), "adam": adam()}


def quadratic(weight: Tensor) -> Tensor:
    """Return ½ Σ a (w − b)²."""
    return 0.5 * (torch.tensor(A) * (weight - torch.tensor(B)) ** 2).sum()


def nothing(weight: Tensor) -> Tensor:
    """Return a loss that has no gradient but 0."""
    return (weight * 0).sum()


def minimize(
    loss_of: Callable[[Tensor], Tensor], start: np.ndarray, config: OptimizerConfig, method: Method, steps: int
) -> np.ndarray:
    """Return the weights after `steps`."""
    weight = nn.Parameter(torch.tensor(start, dtype=torch.float64))
    parameters = Parameters({"w": weight}, {"w": weight})
    optimizer = build_optimizer(config, {"w": weight}, {}, method.weight_decay())
    for _ in range(steps):
        optimizer.zero_grad()
        torch.autograd.backward(loss_of(weight))
        with torch.no_grad():
            method.before_update(parameters, config.lr)
            optimizer.step()
            method.on_weights(Update(parameters, config.lr, partial(step_size, optimizer)))
    return weight.detach().numpy()
