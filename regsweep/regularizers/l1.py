"""L1 (lasso): loss + λ Σ|w| (Tibshirani, 1996)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regsweep.regularizers.penalty import Penalty

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor


class L1(Penalty):
    """λ Σ|w|. Strength 0: no penalty. It acts in training steps only; evaluation does not see it.

    ``proximal`` applies the soft threshold w ← sign(w) max(|w| − ηλ, 0) after each step (Parikh and Boyd, 2014,
    section 6.5.2) and so ends with exact zeros. ``subgradient`` adds λ sign(w) to the gradient, as the penalty
    in an automatic gradient would; it circles around zero and never settles there.

    Args:
        strength: λ, 0 or more.
        solver: ``proximal`` or ``subgradient``.
    """

    name = "l1"

    def __init__(self, strength: float, solver: str = "proximal") -> None:
        super().__init__(strength)
        self.solver = solver

    def value(self, weights: Iterable[Tensor]) -> float:
        """Return λ Σ|w|."""
        return self.strength * sum(weight.abs().sum().item() for weight in weights)

    def add_gradient(self, weights: Iterable[Tensor]) -> None:
        """Add λ sign(w), which is 0 at 0, where the solver is ``subgradient``."""
        if self.strength == 0 or self.solver != "subgradient":
            return
        for weight in weights:
            if weight.grad is not None:
                weight.grad.add_(weight.sign(), alpha=self.strength)

    def shrink(self, weights: Iterable[tuple[Tensor, float | Tensor]]) -> None:
        """Move each coordinate towards 0 by ηλ, and to exactly 0 where it is nearer than that."""
        if self.strength == 0 or self.solver != "proximal":
            return
        for weight, step_size in weights:
            magnitude = weight.abs().sub_(self.strength * step_size).clamp_(min=0)
            weight.copy_(magnitude.mul_(weight.sign()))
