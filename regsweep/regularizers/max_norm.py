"""Max-norm: the weights into each unit keep a length of at most c (Srebro and Shraibman, 2005)."""

from __future__ import annotations

from regsweep.fields import number
from regsweep.methods import Method, MethodSettings, Paper, Update


class MaxNorm(Method):
    """After each step, weights into a unit (a row of a matrix, a kernel) that are longer than c are shortened to c."""

    name, title, symbol = "max_norm", "max-norm", "c"
    paper = Paper(
        "Max-norm",
        "Srebro, N. and Shraibman, A. (2005). Rank, trace-norm and max-norm. Conference on Learning Theory, 545–560.",
    )
    stage = {"on_weights": "project"}
    example = {"norm": 0.3}

    class Settings(MethodSettings):
        """c."""

        norm: float = number("must be a finite number above 0, for example regularizer.max_norm=3", gt=0, default=3.0)

    def on_weights(self, update: Update) -> None:
        """Shorten what is longer than c."""
        import torch

        for weight in update.parameters.covered.values():
            weight.copy_(torch.renorm(weight, p=2, dim=0, maxnorm=self.settings.norm))
