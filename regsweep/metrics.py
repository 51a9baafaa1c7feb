"""What a trained network is judged by, always in evaluation mode: its loss, its accuracy or error, its objective.

Shapes: B examples at once, N in all, K classes, M numbers that are predicted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from regsweep.data import Scale, Split
from regsweep.device import outputs_of
from regsweep.errors import ConfigError
from regsweep.losses import Loss, in_float64
from regsweep.objectives import DEFAULTS, OBJECTIVES, Objective

EVALUATION_BATCH = 250
"""Examples at once: as fast as more on a CPU (docs/performance.md), in less memory."""


@dataclass(frozen=True)
class Metrics:
    """The numbers of a network on a split.

    Attributes:
        values: by name: ``loss`` without any penalty; ``accuracy``, a fraction, of classes; ``rmse`` of numbers, in
            their own unit; the objective.
        objective: the name of the one by which networks are compared.
        maximize: whether more of it is better.
    """

    values: Mapping[str, float]
    objective: str = "accuracy"
    maximize: bool = True

    def __getitem__(self, name: str) -> float:
        return self.values[name]

    @property
    def loss(self) -> float:
        """The loss, a mean over the examples."""
        return self.values["loss"]

    @property
    def value(self) -> float:
        """The objective."""
        return self.values[self.objective]

    @property
    def score(self) -> float:
        """The objective with the sign by which more is better."""
        return self.value if self.maximize else -self.value


@dataclass(frozen=True)
class OfEach:
    """What a network gives for each example of a split.

    Attributes:
        correct_N: of classes, whether each is right, boolean; None of numbers.
        objective_N: what the objective is the mean of, float32; None where that is the accuracy, or it is no mean.
    """

    correct_N: Tensor | None
    objective_N: Tensor | None


class Metric(Protocol):
    """A number of a whole split, of which `update` takes the examples part by part: as torchmetrics has it."""

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        """Take in some examples."""

    def compute(self) -> Any:
        """Return the number."""


@dataclass(frozen=True)
class Scoring:
    """How a network is judged.

    Attributes:
        loss: the run's.
        objective: the number by which networks are compared.
        scale: of the targets of numbers; None for classes.
        make: makes the objective's metric, on a device; None where it is the loss, the accuracy or an error.
    """

    loss: Loss
    objective: Objective
    scale: Scale | None = None
    make: Callable[[torch.device], Metric] | None = field(default=None, hash=False)

    @staticmethod
    def of_classes(num_classes: int) -> Scoring:
        """Return cross-entropy and accuracy."""
        return Scoring(Loss("cross_entropy", num_classes), OBJECTIVES["accuracy"])

    def to(self, device: torch.device) -> Scoring:
        """Return the same on `device`."""
        return replace(self, loss=self.loss.to(device))

    def metrics(self, values: Mapping[str, float]) -> Metrics:
        """Return `values` with the objective's name and direction."""
        return Metrics(values, self.objective.name, self.objective.maximize)


def evaluate(model: nn.Module, split: Split, scoring: Scoring, precision: str = "float32") -> Metrics:
    """Return the numbers of `model` on all examples, means in float64; leaves the model in evaluation mode."""
    return evaluate_each(model, split, scoring, precision)[0]


@torch.inference_mode()
def evaluate_each(
    model: nn.Module, split: Split, scoring: Scoring, precision: str = "float32"
) -> tuple[Metrics, OfEach]:
    """Return what `evaluate` does, and what of it each example has."""
    model.eval()
    device = split.targets.device
    metric = scoring.make(device) if scoring.make is not None else None
    losses, judged = [], []
    for inputs, targets in split.in_order(EVALUATION_BATCH):
        outputs = outputs_of(model, inputs, precision).float()
        losses.append(scoring.loss.each(outputs, targets))
        judged.append(_judged(outputs, targets, scoring.scale))
        if metric is not None:
            metric.update(*as_compared(outputs, targets, scoring))
    losses_N, judged_N = torch.cat(losses), torch.cat(judged)
    values = {_name(scoring): _overall(judged_N, scoring), "loss": _mean(losses_N)}
    if metric is not None:
        values[scoring.objective.name] = _computed(metric, scoring.objective, values["loss"])
        return scoring.metrics(values), OfEach(judged_N if scoring.scale is None else None, None)
    errors_N = judged_N.abs().mean(1).float() if scoring.scale else None  # their mean is that of what is written
    objective_N = {"loss": losses_N, "mae": errors_N}.get(scoring.objective.name)
    if objective_N is not None:
        values[scoring.objective.name] = _mean(objective_N)
    return scoring.metrics(values), OfEach(judged_N if scoring.scale is None else None, objective_N)


def _mean(each: Tensor) -> float:
    """Return the mean in float64, which not every device has."""
    return each.cpu().double().mean().item()


def _computed(metric: Metric, objective: Objective, loss: float) -> float:
    """Return the objective as a number; nan where the loss is not finite, as the network has diverged.

    Raises:
        ConfigError: when it is none, as an area under a curve is none where a class has no example.
    """
    if not math.isfinite(loss):
        return math.nan
    number = float(metric.compute())
    if not math.isfinite(number):
        name = objective.target if objective.is_own else objective.name
        raise ConfigError("objective", name, f"is {number} on some of these examples; choose another")
    return number


def _name(scoring: Scoring) -> str:
    return DEFAULTS["classification" if scoring.scale is None else "regression"]


def _judged(outputs: Tensor, targets: Tensor, scale: Scale | None) -> Tensor:
    """Return whether each class is right (B,), or the errors in the numbers' own unit (B, M)."""
    if scale is None:
        return outputs.argmax(1) == targets
    return _in_own_unit(outputs, scale) - _in_own_unit(targets, scale)


def _overall(judged: Tensor, scoring: Scoring) -> float:
    """Return the accuracy, or the root mean square error."""
    return int(judged.sum()) / len(judged) if scoring.scale is None else math.sqrt(_mean(judged.square()))


def as_compared(outputs: Tensor, targets: Tensor, scoring: Scoring) -> tuple[Tensor, Tensor]:
    """Return shares of the classes and the classes, or numbers in their own unit."""
    if scoring.scale is None:
        return scoring.loss.shares(outputs), targets
    return _in_own_unit(outputs, scoring.scale), _in_own_unit(targets, scoring.scale)


def _in_own_unit(scaled: Tensor, scale: Scale) -> Tensor:
    """Return numbers in their own unit, in float64: squares of large ones are beyond float32."""
    return scale.back(in_float64(scaled))
