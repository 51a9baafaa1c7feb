"""L2 (ridge, weight decay): loss + λ Σw² (Hoerl and Kennard, 1970; Krogh and Hertz, 1992)."""

from __future__ import annotations

from regsweep.fields import number
from regsweep.methods import DECAY, Paper, Parameters, Penalty


class L2(Penalty):
    """λ Σw².

    It is the optimizer's ``weight_decay = 2λ``: under SGD and Adam the gradient 2λw joins that of the loss; under
    AdamW the weights are multiplied by 1 − 2ηλ instead.
    """

    name, title = "l2", "L2"
    paper = Paper(
        "L2",
        "Krogh, A. and Hertz, J. A. (1991). A simple weight decay can improve generalization. Advances in Neural "
        "Information Processing Systems 4, 950–957.",
    )
    role = DECAY
    example = {"lambda": 1e-2}

    class Settings(Penalty.Settings):
        """The strength, and what it covers."""

        strength: float = number(
            "must be a finite number of 0 or more, for example regularizer.lambda=1e-3",
            alias="lambda",
            ge=0,
            default=1e-3,
        )

    def weight_decay(self) -> float:
        """Return 2λ."""
        return 2 * float(self.settings.strength)

    def value(self, parameters: Parameters) -> float:
        """Return λ Σw²."""
        total = sum(weight.square().sum().item() for weight in parameters.covered.values())
        return float(self.settings.strength * total)
