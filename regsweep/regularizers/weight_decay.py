"""Decoupled weight decay: each step multiplies the weights by 1 − ηr (Loshchilov and Hutter, 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regsweep.fields import number
from regsweep.methods import DECAY, Method, MethodSettings, Parameters, Scope, scope
from regsweep.methods.paper import ADAMW

if TYPE_CHECKING:
    from torch import Tensor


class WeightDecay(Method):
    """w ← (1 − ηr) w before the optimizer's step, under any optimizer: what torch's AdamW(weight_decay=r) does."""

    name, title = "weight_decay", "decoupled weight decay"
    paper = ADAMW
    role, stage = DECAY, {"before_update": "decay"}
    off = {"rate": 0.0}
    example = {"rate": 0.1}

    class Settings(MethodSettings):
        """r, and what it covers."""

        rate: float = number(
            "must be a finite number of 0 or more, for example regularizer.weight_decay=0.01", ge=0, default=0.01
        )
        scope: Scope = scope()

    def before_update(self, parameters: Parameters, lr: float | Tensor) -> None:
        """Shorten the weights."""
        for weight in parameters.covered.values():
            weight.mul_(1 - lr * self.settings.rate)
