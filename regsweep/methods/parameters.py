"""What the hooks of a method are given.

Shapes: B examples, K classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter


@dataclass(frozen=True)
class Batch:
    """The examples of a step.

    Attributes:
        inputs: (B, …).
        targets: what the loss compares with: classes (B,) int64, or shares of the classes (B, K) float32.
        labels: classes (B,) int64, which nothing mixes or smooths.
        num_classes: K.
    """

    inputs: Tensor
    targets: Tensor
    labels: Tensor
    num_classes: int

    def shares(self) -> Tensor:
        """Return the targets as shares of the classes (B, K), float32."""
        from torch.nn import functional  # noqa: PLC0415

        return self.targets if self.targets.ndim > 1 else functional.one_hot(self.targets, self.num_classes).float()

    def loss(self, logits_BK: Tensor) -> Tensor:
        """Return the mean cross-entropy, natural logarithm, a number ()."""
        from torch.nn import functional  # noqa: PLC0415

        return functional.cross_entropy(logits_BK, self.targets)

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
