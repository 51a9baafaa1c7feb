"""Gaussian noise on the inputs: normal noise of a standard deviation σ is added to each pixel (Bishop, 1995)."""

from __future__ import annotations

from dataclasses import replace

from regsweep.fields import number
from regsweep.methods import Batch, Method, MethodSettings, Paper


class GaussianNoise(Method):
    """x + σ ε with ε ~ N(0, 1) for each pixel; pixels lie between −1 and 1."""

    name, title, symbol = "gaussian_noise", "Gaussian noise", "σ"
    paper = Paper(
        "Noise on the inputs",
        "Bishop, C. M. (1995). Training with noise is equivalent to Tikhonov regularization. Neural Computation, 7(1), "
        "108–116.",
    )
    stage = {"on_batch": "image"}
    off = {"std": 0.0}

    class Settings(MethodSettings):
        """σ."""

        std: float = number(
            "must be a finite number of 0 or more, for example regularizer.gaussian_noise=0.1", ge=0, default=0.1
        )

    def on_batch(self, batch: Batch) -> Batch:
        """Add the noise."""
        import torch

        return replace(batch, inputs=batch.inputs + self.settings.std * torch.randn_like(batch.inputs))
