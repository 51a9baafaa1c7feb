"""L2 (ridge, weight decay): loss + λ Σw² (Hoerl and Kennard, 1970; Krogh and Hertz, 1992)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regsweep.regularizers.penalty import Penalty

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor


class L2(Penalty):
    """λ Σw². Strength 0: no penalty. It acts in training steps only; evaluation does not see it.

    It is the optimizer's ``weight_decay = 2λ``: under SGD and Adam the gradient 2λw joins that of the loss; under
    AdamW the weights are multiplied by 1 − 2ηλ instead.

    Args:
        strength: λ, 0 or more.
    """

    name = "l2"

    @property
    def weight_decay(self) -> float:
        """Return 2λ."""
        return 2 * self.strength

    def value(self, weights: Iterable[Tensor]) -> float:
        """Return λ Σw²."""
        return self.strength * sum(weight.square().sum().item() for weight in weights)
