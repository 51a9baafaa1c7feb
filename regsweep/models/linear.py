"""Softmax regression."""

import math

from torch import Tensor, nn


class Linear(nn.Module):
    """A linear classifier on the pixels; it has no place for dropout or BatchNorm."""

    def __init__(self, input_shape: tuple[int, int, int], num_classes: int) -> None:
        super().__init__()
        self.classifier = nn.Linear(math.prod(input_shape), num_classes)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Return logits (B, K)."""
        logits_BK: Tensor = self.classifier(images_BCHW.flatten(1))
        return logits_BK
