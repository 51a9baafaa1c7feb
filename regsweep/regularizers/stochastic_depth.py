"""Stochastic depth: in training a residual block is skipped with a probability that grows with its depth.

Huang et al., 2016, equation 4: block l of L is skipped with probability p l/L.
"""

from __future__ import annotations

from regsweep.fields import number
from regsweep.methods import Method, MethodSettings, Paper


class StochasticDepth(Method):
    """torchvision's ``StochasticDepth``, image by image, where the network has the argument ``stochastic_depth``."""

    name, title = "stochastic_depth", "stochastic depth"
    paper = Paper(
        "Stochastic depth",
        "Huang, G., Sun, Y., Liu, Z., Sedra, D. and Weinberger, K. Q. (2016). Deep networks with stochastic depth. "
        "European Conference on Computer Vision, 646–661.",
    )
    off = {"p": 0.0}
    arguments = ("stochastic_depth",)

    class Settings(MethodSettings):
        """The probability of the last block."""

        p: float = number(
            "must be a probability of skipping the last block, 0 or more and below 1, for example "
            "regularizer.stochastic_depth=0.2",
            ge=0,
            lt=1,
            default=0.2,
        )
