"""A method of your own: one class with the hooks that it needs (all of them stand in regsweep/methods/method.py)."""

import torch
from torch import Tensor

from regsweep.fields import number
from regsweep.methods import Method, MethodSettings, Paper, Parameters, Run


class GradientNoise(Method):
    """Normal noise of variance η/(1 + t)^0.55 is added to each gradient in step t (Neelakantan et al., 2015)."""

    name, title, symbol = "gradient_noise", "gradient noise", "η"
    paper = Paper(
        "Gradient noise",
        "Neelakantan, A., Vilnis, L., Le, Q. V., Sutskever, I., Kaiser, Ł., Kurach, K. and Martens, J. (2015). Adding "
        "gradient noise improves learning for very deep networks. arXiv:1511.06807.",
    )
    stage = {"before_update": "noise"}
    off = {"eta": 0.0}

    class Settings(MethodSettings):
        """The check stands by the field, with the words for whoever typed the value."""

        eta: float = number("must be 0 or more, for example regularizer.gradient_noise.eta=0.01", ge=0, default=0.01)

    def start(self, run: Run) -> None:
        """Make a tensor of noise for each parameter. What stands in `state` is saved with the training."""
        self.state = {name: torch.zeros_like(parameter) for name, parameter in run.parameters.every.items()}

    def before_step(self, step: int) -> None:
        """Draw the noise here, outside of the step, so that the step itself can be captured as a CUDA graph."""
        deviation = (self.settings.eta / (1 + step) ** 0.55) ** 0.5
        for noise in self.state.values():
            noise.normal_(std=deviation)

    def before_update(self, parameters: Parameters, lr: float | Tensor) -> None:
        """Add it to each gradient."""
        for name, parameter in parameters.every.items():
            assert parameter.grad is not None
            parameter.grad.add_(self.state[name])
