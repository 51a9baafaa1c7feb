"""From stored examples to the inputs of a network. What depends on data is fitted to the training examples alone.

Shapes: N examples; of images C channels, H rows, W columns; F numbers of an example; M numbers that are predicted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor


class Preparation(Protocol):
    """Makes inputs from stored examples."""

    def fit(self, stored: Any) -> Preparation:
        """Return this preparation with constants that are computed from `stored`, the training examples."""

    def __call__(self, stored: Any) -> Tensor:
        """Return the inputs of the network, float32, a row for each of the `stored` examples."""

    def constants(self) -> dict[str, Any]:
        """Return what was fitted, as plain values by name."""


@dataclass(frozen=True)
class Pixels:
    """Images of 0 to 255 become numbers from −1 to 1; nothing is fitted."""

    def fit(self, stored: Tensor) -> Pixels:
        """Return the same."""
        return self

    def __call__(self, stored: Tensor) -> Tensor:
        """Return images (N, C, H, W) in ``channels_last`` memory order."""
        return stored.to(torch.float32).div_(127.5).sub_(1).contiguous(memory_format=torch.channels_last)

    def constants(self) -> dict[str, Any]:
        """Return nothing."""
        return {}


@dataclass(frozen=True)
class Scale:
    """Numbers of mean 0 and standard deviation 1, by column; a column that never changes stays at 0.

    Attributes:
        mean: of each column, (F,).
        deviation: of each column, (F,); 1 where it never changes.
    """

    mean: Tensor | None = None
    deviation: Tensor | None = None

    def fit(self, stored: Tensor) -> Scale:
        """Return the scale of `stored` (N, F)."""
        numbers = stored.double()
        is_constant = numbers.amin(0) == numbers.amax(0)
        return Scale(numbers.mean(0).float(), numbers.std(0, correction=0).masked_fill(is_constant, 1).float())

    def __call__(self, stored: Tensor) -> Tensor:
        """Return the standardized numbers."""
        assert self.mean is not None
        assert self.deviation is not None
        return (stored.float() - self.mean) / self.deviation

    def back(self, scaled: Tensor) -> Tensor:
        """Return numbers in their own unit again."""
        assert self.mean is not None
        assert self.deviation is not None
        return scaled * self.deviation.to(scaled.device) + self.mean.to(scaled.device)

    def constants(self) -> dict[str, Any]:
        """Return mean and deviation of each column."""
        assert self.mean is not None
        assert self.deviation is not None
        return {"mean": self.mean.tolist(), "deviation": self.deviation.tolist()}
