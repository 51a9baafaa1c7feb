"""Elastic net: loss + λ [ρ Σ|w| + (1 − ρ) Σw²] (Zou and Hastie, 2005)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regsweep.fields import number
from regsweep.methods import DECAY, MethodSettings, Paper, Parameters
from regsweep.regularizers.l1 import L1
from regsweep.regularizers.l2 import L2

if TYPE_CHECKING:
    pass


class ElasticNet(L1):
    """An L1 penalty of λρ and an L2 penalty of λ(1 − ρ). scikit-learn's elastic net has ½ before Σw²; this has none."""

    name, title = "elastic_net", "elastic net"
    paper = Paper(
        "Elastic net",
        "Zou, H. and Hastie, T. (2005). Regularization and variable selection via the elastic net. Journal of the "
        "Royal Statistical Society B, 67(2), 301–320.",
    )
    role = DECAY
    signs = {"l1_ratio": "ρ"}

    class Settings(L1.Settings):
        """The strength, what it covers, how the L1 part is minimized, and its share."""

        l1_ratio: float = number("must be a number from 0 (L2 alone) to 1 (L1 alone)", ge=0, le=1, default=0.5)

    def __init__(self, settings: MethodSettings) -> None:
        super().__init__(settings)
        strength = self.settings.strength * (1 - self.settings.l1_ratio)
        self._l2 = L2(L2.Settings(strength=strength, scope=self.settings.scope))

    @property
    def strength(self) -> float:
        """λρ, that of the L1 part."""
        return float(self.settings.strength * self.settings.l1_ratio)

    def weight_decay(self) -> float:
        """Return 2λ(1 − ρ)."""
        return self._l2.weight_decay()

    def value(self, parameters: Parameters) -> float:
        """Return λ [ρ Σ|w| + (1 − ρ) Σw²]."""
        return super().value(parameters) + self._l2.value(parameters)
