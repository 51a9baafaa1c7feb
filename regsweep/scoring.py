"""From the configuration to the loss and the objective of a run."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from regsweep.config import RunConfig
from regsweep.data import Dataset
from regsweep.errors import ConfigError
from regsweep.losses import LOSSES, Loss
from regsweep.metrics import Metric, Scoring
from regsweep.objectives import Objective, objective_of


def build_scoring(config: RunConfig, dataset: Dataset) -> Scoring:
    """Return how a network on `dataset` is judged; the weights of classes are counted in the training examples.

    Raises:
        ConfigError: for a loss or an objective that the task does not have.
    """
    objective = objective_of(config.objective, dataset.kind, config.objective_direction)
    loss = _loss(config, dataset)
    make = partial(_make, objective, dataset.num_outputs) if objective.target else None
    return Scoring(loss, objective, dataset.scale, make)


def _loss(config: RunConfig, dataset: Dataset) -> Loss:
    names = LOSSES[dataset.kind]
    name = config.trainer.loss or names[0]
    if name not in names:
        allowed = f"{dataset.name} is a {dataset.kind} task, which has {' or '.join(names)}"
        raise ConfigError("trainer.loss", name, allowed)
    if config.trainer.class_weights is None:
        return Loss(name, dataset.num_outputs)
    if dataset.kind != "classification":
        raise ConfigError("trainer.class_weights", "balanced", f"{dataset.name} has no classes; leave it null")
    return Loss(name, dataset.num_outputs, balanced_weights(torch.tensor(dataset.class_sizes["train"])))


def balanced_weights(sizes_K: Tensor) -> Tensor:
    """Return the weight of each class, N / (K n), by which all K classes count alike; n examples of N are of it.

    A class without an example has the weight 0.
    """
    weights_K = sizes_K.sum() / (len(sizes_K) * sizes_K)
    return weights_K.masked_fill(sizes_K == 0, 0.0).float()


def _make(objective: Objective, num_outputs: int, device: torch.device) -> Metric:
    module, _, name = objective.target.rpartition(".")
    cls: Callable[..., Any] = getattr(importlib.import_module(module), name)
    number = {"num_classes": num_outputs} if "classification" in objective.kinds else {}
    metric: Any = cls(**number, **objective.arguments)
    made: Metric = metric.to(device)
    return made
