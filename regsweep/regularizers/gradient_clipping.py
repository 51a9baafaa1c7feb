"""Gradient clipping: a gradient longer than c is shortened to c (Pascanu et al., 2013)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regsweep.fields import number
from regsweep.methods import Method, MethodSettings, Paper, Parameters, Task

if TYPE_CHECKING:
    from torch import Tensor


class GradientClipping(Method):
    """torch's ``clip_grad_norm_``: the length is that of all parameters' gradients together."""

    name, title, symbol = "gradient_clipping", "gradient clipping", "c"
    paper = Paper(
        "Gradient clipping",
        "Pascanu, R., Mikolov, T. and Bengio, Y. (2013). On the difficulty of training recurrent neural networks. "
        "International Conference on Machine Learning, 1310–1318.",
    )
    stage = {"before_update": "clip"}
    example = {"norm": 0.1}

    class Settings(MethodSettings):
        """c."""

        norm: float = number(
            "must be a finite number above 0, for example regularizer.gradient_clipping=1", gt=0, default=1.0
        )

    def check(self, task: Task) -> None:
        """Refuse an optimizer that takes the gradient's signs alone, which no clipping changes."""
        if not task.has_lengths:
            reason = "it changes nothing under Rprop, which uses the signs of a gradient alone"
            raise self.refuse("norm", f"{reason}; leave it out, or choose another optimizer")

    def before_update(self, parameters: Parameters, lr: float | Tensor) -> None:
        """Shorten the gradient."""
        from torch.nn.utils import clip_grad_norm_

        clip_grad_norm_(parameters.every.values(), self.settings.norm)
