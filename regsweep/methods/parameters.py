"""What the hooks of a method are given.

Shapes: B examples, K classes, or M numbers that are predicted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

    from regsweep.losses import Loss


@dataclass(frozen=True)
class Batch:
    """The examples of a step.

    Attributes:
        inputs: (B, …).
        targets: what the loss compares with: classes (B,) int64, shares of the classes (B, K) float32, or numbers
            (B, M) float32, standardized.
        labels: classes (B,) int64, or numbers (B, M), which nothing mixes or smooths.
        of_run: the run's loss.
    """

    inputs: Tensor
    targets: Tensor
    labels: Tensor
    of_run: Loss

    @property
    def num_classes(self) -> int:
        """K; of a regression M."""
        return self.of_run.num_outputs

    @property
    def has_classes(self) -> bool:
        """Whether classes are predicted, and not numbers."""
        return not self.labels.is_floating_point()

    def shares(self) -> Tensor:
        """Return the targets as shares of the classes (B, K), float32; numbers as they are."""
        from torch.nn import functional  # noqa: PLC0415

        return self.targets if self.targets.ndim > 1 else functional.one_hot(self.targets, self.num_classes).float()

    def loss(self, outputs: Tensor) -> Tensor:
        """Return the run's mean loss, a number ()."""
        return self.of_run.mean(outputs, self.targets)

    def mixed(self, other: Tensor, share: float, inputs: Tensor) -> Batch:
        """Return a batch of `inputs`, each mixed of `share` of its own example and the rest of another one.

        Args:
            other: the place of the other example in this batch, (B,).
            share: of the example itself, 0 to 1.
            inputs: the mixed inputs.
        """
        shares = self.shares()
        return replace(self, inputs=inputs, targets=share * shares + (1 - share) * shares[other])


@dataclass(frozen=True)
class Parameters:
    """The parameters of a network, by name.

    Attributes:
        every: all that are trained.
        covered: those that a method acts on, by its setting ``scope``: ``weights`` (matrices and kernels) or ``all``.
    """

    every: dict[str, Parameter]
    covered: dict[str, Parameter]


@dataclass(frozen=True)
class Update:
    """The step that the optimizer has just made.

    Attributes:
        parameters: those that have a gradient, with their new values.
        lr: the step's learning rate.
        step_size: returns the size of the step for a parameter's proximal map, a number or one per coordinate
            (`regsweep.optimizers`).
    """

    parameters: Parameters
    lr: float | Tensor
    step_size: Callable[[Parameter], float | Tensor]


@dataclass(frozen=True)
class Run:
    """A run that is about to make its first step.

    Attributes:
        parameters: those of the network, and which of them the method covers.
    """

    parameters: Parameters
