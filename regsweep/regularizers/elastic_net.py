"""Elastic net: loss + λ [ρ Σ|w| + (1 − ρ) Σw²] (Zou and Hastie, 2005)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regsweep.regularizers.l1 import L1
from regsweep.regularizers.l2 import L2
from regsweep.regularizers.penalty import Penalty

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor


class ElasticNet(Penalty):
    """An L1 penalty of λρ and an L2 penalty of λ(1 − ρ). Strength 0: no penalty.

    scikit-learn's elastic net has ½ before Σw²; this one has none.

    Args:
        strength: λ, 0 or more.
        l1_ratio: ρ, from 0 (L2 alone) to 1 (L1 alone).
        solver: of the L1 part, ``proximal`` or ``subgradient``.
    """

    name = "elastic_net"

    def __init__(self, strength: float, l1_ratio: float = 0.5, solver: str = "proximal") -> None:
        super().__init__(strength)
        self._l1 = L1(strength * l1_ratio, solver)
        self._l2 = L2(strength * (1 - l1_ratio))

    @property
    def weight_decay(self) -> float:
        """Return 2λ(1 − ρ)."""
        return self._l2.weight_decay

    def value(self, weights: Iterable[Tensor]) -> float:
        """Return λ [ρ Σ|w| + (1 − ρ) Σw²]."""
        covered = list(weights)
        return self._l1.value(covered) + self._l2.value(covered)

    def add_gradient(self, weights: Iterable[Tensor]) -> None:
        """Add λρ sign(w) where the solver is ``subgradient``."""
        self._l1.add_gradient(weights)

    def shrink(self, weights: Iterable[tuple[Tensor, float | Tensor]]) -> None:
        """Apply the soft threshold of the L1 part where the solver is ``proximal``."""
        self._l1.shrink(weights)
