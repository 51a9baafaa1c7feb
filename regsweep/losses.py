"""The loss that a network is trained with, and evaluated by.

Shapes: B examples, K classes, M numbers that are predicted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from regsweep.objectives import Kind

Name = Literal["cross_entropy", "mse", "huber"]

LOSSES: dict[Kind, tuple[Name, ...]] = {"classification": ("cross_entropy", "mse"), "regression": ("mse", "huber")}
"""The losses of each kind of task, its own first."""


@dataclass(frozen=True)
class Loss:
    """A mean over examples.

    ``cross_entropy`` has the natural logarithm. ``mse`` is the mean over examples and outputs of the squared
    difference; of classes, between the outputs as they are and the shares of the classes, 0 or 1 without a method
    (Hui and Belkin, 2021). ``huber`` is half the square where the difference is below 1, else linear (Huber, 1964).

    Attributes:
        name: which one.
        num_outputs: K or M.
        weights_K: of the examples of each class, in training alone; None: 1 for each.
    """

    name: Name = "cross_entropy"
    num_outputs: int = 0
    weights_K: Tensor | None = None

    def to(self, device: torch.device) -> Loss:
        """Return the same loss on `device`."""
        return self if self.weights_K is None else replace(self, weights_K=self.weights_K.to(device))

    def mean(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean over the examples, a number (); where classes have weights, Σ w loss / Σ w.

        Args:
            outputs: (B, K) or (B, M).
            targets: classes (B,) int64, shares of classes (B, K), or numbers (B, M).
        """
        if self.weights_K is not None:
            return self._weighted(outputs, self._numbers(targets).to(outputs.dtype), self.weights_K)
        if self.name == "cross_entropy":
            return functional.cross_entropy(outputs, targets)
        return _FUNCTIONS[self.name](outputs, self._numbers(targets))

    def _weighted(self, outputs: Tensor, shares_BK: Tensor, weights_K: Tensor) -> Tensor:
        weights_B = shares_BK @ weights_K
        if self.name == "cross_entropy":
            total = functional.cross_entropy(outputs, shares_BK, weights_K, reduction="sum")
        else:
            total = (weights_B * _FUNCTIONS[self.name](outputs, shares_BK, reduction="none").mean(1)).sum()
        return total / weights_B.sum()

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each example without weights (B,); arguments as of `mean`."""
        if self.name == "cross_entropy":
            return functional.cross_entropy(outputs, targets, reduction="none")
        return _FUNCTIONS[self.name](outputs, self._numbers(targets), reduction="none").mean(1)

    def shares(self, outputs: Tensor) -> Tensor:
        """Return the shares of the classes (B, K), of sum 1, that the outputs of a network trained with this loss mean.

        In float64, see `in_float64`: float32 rounds a share to 1 that lies within 3e-8 of it, and ties it with others.

        With ``cross_entropy`` that is their softmax. With ``mse`` the outputs themselves estimate the shares: these are
        the nearest to them by squares, in the order of the outputs (Duchi et al., 2008); the same where they are some.
        """
        outputs = in_float64(outputs)
        return outputs.softmax(1) if self.name == "cross_entropy" else _nearest_shares(outputs)

    def _numbers(self, targets: Tensor) -> Tensor:
        """Return classes as shares (B, K), and numbers as they are."""
        return targets if targets.is_floating_point() else functional.one_hot(targets, self.num_outputs).float()


def in_float64(numbers: Tensor) -> Tensor:
    """Return `numbers` in float64, or as they are on an MPS device, which has none."""
    return numbers if numbers.device.type == "mps" else numbers.double()


def _nearest_shares(outputs_BK: Tensor) -> Tensor:
    """Return the Euclidean projection onto the numbers of 0 or more whose sum is 1."""
    outputs_BK = outputs_BK - outputs_BK.amax(1, keepdim=True)  # the same shares; 1 is not lost beside large outputs
    sorted_BK = outputs_BK.sort(1, descending=True).values
    counts_K = torch.arange(1, outputs_BK.shape[1] + 1, device=outputs_BK.device)
    excess_BK = (sorted_BK.cumsum(1) - 1) / counts_K
    num_positive_B1 = (sorted_BK > excess_BK).sum(1, keepdim=True).clamp_min(1)
    return (outputs_BK - excess_BK.gather(1, num_positive_B1 - 1)).clamp(0, 1)


_FUNCTIONS: dict[str, Callable[..., Tensor]] = {"mse": functional.mse_loss, "huber": functional.huber_loss}
