"""EMA: what is evaluated and saved is an exponential moving average of the weights (Polyak and Juditsky, 1992)."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from regsweep.fields import number
from regsweep.methods import Method, MethodSettings, Paper, Run

if TYPE_CHECKING:
    from torch import nn


class EMA(Method):
    """After step t (from 0) the average is d·average + (1 − d)·weights, with d = min(decay, (1 + t)/(10 + t)).

    So the first steps, of which little is left in the end, soon have no part in it. BatchNorm's statistics are the
    network's own. The record's exact zeros are those of the weights that were trained: an average has none, or few.
    """

    name, title = "ema", "EMA"
    paper = Paper(
        "EMA of the weights",
        "Polyak, B. T. and Juditsky, A. B. (1992). Acceleration of stochastic approximation by averaging. SIAM Journal "
        "on Control and Optimization, 30(4), 838–855.",
    )
    role = "average of the weights"
    off = {"decay": 0.0}
    acts_in_evaluation = True

    class Settings(MethodSettings):
        """How much of the average each step keeps, at most."""

        decay: float = number(
            "must be a share of 0 or more and below 1, for example regularizer.ema=0.99", ge=0, lt=1, default=0.99
        )

    @classmethod
    def describe(cls, settings: Any) -> str:
        """Return the average with its decay, of which the digits behind the nines count."""
        return f"{cls.title} {settings.decay:g}"

    def start(self, run: Run) -> None:
        """Begin with a copy of the weights."""
        self.state = {name: parameter.detach().clone() for name, parameter in run.parameters.every.items()}

    def after_step(self, model: nn.Module, step: int) -> None:
        """Move the average towards the weights."""
        import torch

        parameters = dict(model.named_parameters())
        weights = [parameters[name].detach() for name in self.state]
        decay = min(self.settings.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.state.values()), weights, 1 - decay)

    def evaluated(self, model: nn.Module) -> nn.Module:
        """Return a copy of the network with the average for weights."""
        averaged = deepcopy(model)
        for name, parameter in averaged.named_parameters():
            if name in self.state:
                parameter.data.copy_(self.state[name])
        return averaged

    def record(self, model: nn.Module) -> dict[str, float]:
        """Return the share of exact zeros in the average of matrices and kernels."""
        weights = [weight for name, weight in model.named_parameters() if name in self.state and weight.ndim > 1]
        num_zeros = sum(int((weight == 0).sum()) for weight in weights)
        return {"sparsity": num_zeros / max(1, sum(weight.numel() for weight in weights))}
