"""What a penalty is, and the one that does nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor


class Penalty(ABC):
    """A term added to the training loss, a function of the covered weights.

    Its quadratic part goes through the optimizer, as ``weight_decay``. What is not smooth acts around the
    optimizer's step: `add_gradient` before it, `shrink` after it. Both are called without gradient recording.

    Args:
        strength: λ, 0 or more.
    """

    name: ClassVar[str]

    def __init__(self, strength: float) -> None:
        self.strength = strength

    @property
    def weight_decay(self) -> float:
        """What the optimizer multiplies w by and adds to the gradient: 2λ for λ Σw²."""
        return 0.0

    @abstractmethod
    def value(self, weights: Iterable[Tensor]) -> float:
        """Return the term's value, λ included."""

    def add_gradient(self, weights: Iterable[Tensor]) -> None:
        """Add the subgradient of the part that is not smooth to each weight's gradient, before the step."""

    def shrink(self, weights: Iterable[tuple[Tensor, float | Tensor]]) -> None:
        """Apply the proximal map of the part that is not smooth, after the step.

        Args:
            weights: each weight with the size η of the step just taken, a number or one per coordinate.
        """


class NoPenalty(Penalty):
    """No penalty: the loss alone."""

    name = "none"

    def __init__(self, strength: float = 0.0) -> None:
        super().__init__(strength)

    def value(self, weights: Iterable[Tensor]) -> float:
        """Return 0."""
        return 0.0
