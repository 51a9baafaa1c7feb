"""A network of your own: a torch.nn.Module; it takes what its constructor names."""

import math

from torch import Tensor, nn


class TwoBranches(nn.Module):
    """A linear branch and a hidden layer, added; dropout and BatchNorm act on the hidden layer.

    Args:
        input_shape: channels, rows and columns of an image, from the data set.
        num_classes: from the data set.
        dropout: from regularizer.dropout.
        batch_norm: from regularizer.batch_norm; without this parameter, layers would be taken out or put in.
        width: a parameter of its own, from model.width.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        num_classes: int,
        dropout: float = 0.0,
        batch_norm: bool = False,
        width: int = 64,
    ) -> None:
        super().__init__()
        pixels = math.prod(input_shape)
        self.linear = nn.Linear(pixels, num_classes)
        self.hidden = nn.Sequential(
            nn.Linear(pixels, width),
            nn.BatchNorm1d(width) if batch_norm else nn.Identity(),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(width, num_classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, one row per image."""
        pixels = images.flatten(1)
        logits: Tensor = self.linear(pixels) + self.hidden(pixels)
        return logits
