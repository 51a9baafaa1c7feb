"""From the configuration to the loss and the objective of a run."""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional

from regsweep.config import RunConfig
from regsweep.data import Dataset, Scale
from regsweep.errors import FAULTS, ConfigError, told
from regsweep.losses import LOSSES, Loss
from regsweep.metrics import Metric, Scoring, as_compared
from regsweep.objectives import Objective, objective_of
from regsweep.signatures import select_accepted
from regsweep.trusted import import_callable

TRIED = 100
"""Examples of which an objective is computed beforehand, or a few more: each class has one at least."""


def build_scoring(config: RunConfig, dataset: Dataset) -> Scoring:
    """Return how a network on `dataset` is judged; the weights of classes are counted in the training examples.

    Raises:
        ConfigError: for a loss or an objective that the task does not have.
    """
    objective = objective_of(config.objective, dataset.kind, config.objective_direction)
    return scoring_of(objective, _loss(config, dataset), dataset.scale)


def scoring_of(objective: Objective, loss: Loss, scale: Scale | None) -> Scoring:
    """Return how a network is judged by `objective` and `loss`; `scale` made the targets of numbers."""
    make = partial(_make, objective, loss.num_outputs) if objective.target else None
    return Scoring(loss, objective, scale, make)


def require_computed(scoring: Scoring, dataset: Dataset) -> None:
    """Compute the objective of some training examples, of outputs that are all alike and of right ones.

    Of one of the two many a metric is not finite: a correlation has nothing to go by, a logarithm meets a 0.

    Raises:
        ConfigError: when it cannot be computed, is no number, or is not finite either way.
    """
    if scoring.make is None:
        return
    targets = _of_all_kinds(dataset.train.targets)
    right = targets if targets.is_floating_point() else functional.one_hot(targets, dataset.num_outputs).float()
    found = []
    for outputs in (torch.zeros_like(right), right):
        found.append(_tried(scoring, outputs, targets))
        if math.isfinite(found[-1]):
            return
    alike, best = found
    reason = f"is {alike} for outputs that are all alike, and {best} for right ones; choose another, or mend it"
    raise ConfigError("objective", scoring.objective.target, reason)


def _of_all_kinds(targets: Tensor) -> Tensor:
    """Return about `TRIED` of the targets: of classes as many of each, where there are; of numbers from all over."""
    if targets.is_floating_point():
        return targets[:: max(1, len(targets) // TRIED)][:TRIED]
    sizes_K = targets.bincount()
    most = math.ceil(TRIED / int((sizes_K > 0).sum()))
    return torch.arange(len(sizes_K)).repeat_interleave(sizes_K.clamp_max(most))


def _tried(scoring: Scoring, outputs: Tensor, targets: Tensor) -> float:
    assert scoring.make is not None
    metric = scoring.make(torch.device("cpu"))
    try:
        metric.update(*as_compared(outputs, targets, scoring))
        return float(metric.compute())
    except ConfigError as error:
        if not scoring.objective.target.startswith("torchmetrics.") or targets.is_floating_point():
            raise
        shape = f"it is given the shares of all classes, (N, {outputs.shape[1]})"
        allowed = f"{error.allowed}; {shape}: take its Multiclass… class, or a name that is built in, auroc for one"
        raise ConfigError(error.key, error.value, allowed) from error
    except FAULTS as error:
        raise _not_possible(scoring.objective.target, error) from error


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
    """Return the metric of an objective that `_of_library` or `_of_user` gave the class or the function of."""
    import torchmetrics  # noqa: PLC0415  (seconds, of which accuracy and errors have no use)

    if not objective.is_own:
        if num_outputs == len(("no", "yes")) and objective.of_two:
            return _OfSecond(_made(_library(objective.of_two), {}, num_outputs, device))
        metric = _made(_library(objective.target), objective.arguments, num_outputs, device)
        return _OverClasses(metric, objective.fewest_classes) if objective.fewest_classes else metric
    found = import_callable(
        "objective", objective.target, cast(type[Metric], torchmetrics.Metric), "torchmetrics.Metric"
    )
    try:
        own = _made(found, {}, num_outputs, device) if isinstance(found, type) else _Collected(found)
        return _OfUser(objective.target, own)
    except FAULTS as error:
        raise _not_possible(objective.target, error) from error


def _library(target: str) -> Callable[..., Any]:
    module, _, name = target.rpartition(".")
    cls: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return cls


def _made(cls: Callable[..., Any], arguments: Mapping[str, Any], num_outputs: int, device: torch.device) -> Metric:
    number = select_accepted(cls, {"num_classes": num_outputs})
    metric: Metric = cls(**number, **arguments).to(device)
    return metric


class _OfSecond:
    """A metric of two classes, of which the second one is what is to be found."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        """Take in some examples."""
        self._metric.update(outputs[:, 1], targets)

    def compute(self) -> Any:
        """Return the number."""
        return self._metric.compute()


class _OverClasses:
    """The mean of a metric's numbers of each class, over the classes that have an example.

    torchmetrics' own mean takes the number of a class without any for 0, of average precision in some cases.
    """

    def __init__(self, metric: Metric, fewest: int) -> None:
        self._metric, self._fewest = metric, fewest
        self._is_there_K: Tensor | None = None

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        """Take in some examples."""
        self._metric.update(outputs, targets)
        is_there_K = functional.one_hot(targets, outputs.shape[1]).bool().any(0)
        self._is_there_K = is_there_K if self._is_there_K is None else is_there_K | self._is_there_K

    def compute(self) -> Any:
        """Return the number; nan where fewer classes than it needs have an example."""
        assert self._is_there_K is not None
        with warnings.catch_warnings():  # of the classes that are left out
            warnings.filterwarnings("ignore", "No (positive|negative) samples", UserWarning)
            each_K = self._metric.compute()
        return each_K[self._is_there_K].mean() if self._is_there_K.sum() >= self._fewest else math.nan


class _OfUser:
    """A metric of the user's own, whose faults are errors of one line that name it."""

    def __init__(self, name: str, metric: Metric) -> None:
        self._name, self._metric = name, metric

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        """Take in some examples.

        Raises:
            ConfigError: when the metric raises anything.
        """
        try:
            self._metric.update(outputs, targets)
        except FAULTS as error:
            raise _not_possible(self._name, error) from error

    def compute(self) -> float:
        """Return the number.

        Raises:
            ConfigError: when the metric raises anything, or returns something else.
        """
        try:
            return float(self._metric.compute())
        except FAULTS as error:
            raise _not_possible(self._name, error) from error


class _Collected:
    """A function of all outputs and targets, which gives a number."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._parts: list[tuple[Tensor, Tensor]] = []

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        """Take in some examples."""
        self._parts.append((outputs, targets))

    def compute(self) -> Any:
        """Return what the function does."""
        outputs, targets = (torch.cat(parts) for parts in zip(*self._parts, strict=True))
        return self._function(outputs, targets)


def _not_possible(name: str, error: BaseException) -> ConfigError:
    return ConfigError("objective", name, f"cannot be computed here ({told(error)})")
