"""A multilayer perceptron."""

import math
from collections.abc import Sequence

from torch import Tensor, nn


class MLP(nn.Module):
    """Hidden layers of linear → BatchNorm1d → ReLU → dropout, then a linear classifier.

    Dropout stands after BatchNorm, so that it does not shift the variance that BatchNorm estimates
    (Li et al., 2018, arXiv 1801.05134); with several hidden layers the next BatchNorm still sees it, as in
    every network with dropout in more than its last layer.

    Args:
        input_shape: channels, rows and columns of an image.
        num_classes: number of logits.
        dropout: probability of dropping a hidden unit.
        batch_norm: whether to normalize each hidden layer.
        hidden: units of each hidden layer.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        num_classes: int,
        dropout: float = 0.0,
        batch_norm: bool = False,
        hidden: Sequence[int] = (128, 128),
    ) -> None:
        super().__init__()
        if not isinstance(hidden, Sequence) or not all(type(units) is int and units > 0 for units in hidden):
            raise ValueError(f"hidden must be a list of whole numbers above 0, not {hidden}")
        layers: list[nn.Module] = []
        width = math.prod(input_shape)
        for units in hidden:
            # What is switched off leaves an identity, so a layer has the same name in every configuration.
            norm = nn.BatchNorm1d(units) if batch_norm else nn.Identity()
            drop = nn.Dropout(dropout) if dropout else nn.Identity()
            layers += [nn.Linear(width, units), norm, nn.ReLU(), drop]
            width = units
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(width, num_classes)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Return logits (B, K)."""
        logits_BK: Tensor = self.classifier(self.features(images_BCHW.flatten(1)))
        return logits_BK
