"""Dropout: in training each unit is set to 0 with probability p, and the others are divided by 1 − p."""

from __future__ import annotations

from regsweep.fields import number
from regsweep.methods import Method, MethodSettings, Paper


class Dropout(Method):
    """`torch.nn.Dropout` where the network has a place for it: the argument ``dropout`` of its constructor."""

    name, title = "dropout", "dropout"
    paper = Paper(
        "Dropout",
        "Srivastava, N., Hinton, G., Krizhevsky, A., Sutskever, I. and Salakhutdinov, R. (2014). Dropout: a simple way "
        "to prevent neural networks from overfitting. Journal of Machine Learning Research, 15, 1929–1958.",
    )
    off = {"p": 0.0}
    arguments = ("dropout",)

    class Settings(MethodSettings):
        """The probability."""

        p: float = number(
            "must be a probability of dropping, 0 or more and below 1, for example regularizer.dropout=0.5",
            ge=0,
            lt=1,
            default=0.5,
        )
