"""Sharpness-aware minimization: the gradient is taken where the loss nearby is highest (Foret et al., 2021)."""

from __future__ import annotations

from collections.abc import Iterator

from regsweep.fields import number
from regsweep.methods import Method, MethodSettings, Paper, Parameters


class SAM(Method):
    """The gradient at w + ρ g/‖g‖, where g is the gradient at w, over all parameters that are trained."""

    name, title, symbol = "sam", "SAM", "ρ"
    paper = Paper(
        "Sharpness-aware minimization",
        "Foret, P., Kleiner, A., Mobahi, H. and Neyshabur, B. (2021). Sharpness-aware minimization for efficiently "
        "improving generalization. International Conference on Learning Representations.",
    )
    role = "gradient taken twice"
    off = {"rho": 0.0}

    class Settings(MethodSettings):
        """ρ."""

        rho: float = number(
            "must be a finite number of 0 or more, for example regularizer.sam=0.05", ge=0, default=0.05
        )

    def around(self, parameters: Parameters) -> Iterator[None]:
        """Climb by ρ along the first gradient, and take the second one there."""
        import torch

        yield
        climbed = [parameter for parameter in parameters.every.values() if parameter.grad is not None]
        gradients = [parameter.grad for parameter in climbed]
        before = [parameter.detach().clone() for parameter in climbed]
        norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients]))
        scale = self.settings.rho / (norm + 1e-12)
        for parameter, gradient in zip(climbed, gradients, strict=True):
            parameter.add_(gradient * scale)
        yield
        for parameter, value in zip(climbed, before, strict=True):
            parameter.copy_(value)
