"""From stored examples to the inputs of a network. What depends on data is fitted to the training examples alone.

`Preparation.constants` is all that is needed to prepare further examples alike: plain values that JSON has, from which
`preparation_of` makes the same preparation again.

Shapes: N examples; of images C channels, H rows, W columns; F numbers of an example; M numbers that are predicted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from regsweep.data.columns import Columns


class Preparation(Protocol):
    """Makes inputs from stored examples."""

    def fit(self, stored: Any) -> Preparation:
        """Return this preparation with constants that are computed from `stored`, the training examples."""

    def __call__(self, stored: Any) -> Tensor:
        """Return the inputs of the network, float32, a row for each of the `stored` examples."""

    def constants(self) -> dict[str, Any]:
        """Return its ``name`` and what was fitted, as plain values."""


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
        """Return its name."""
        return {"name": "pixels"}


@dataclass(frozen=True)
class AsTheyAre:
    """Numbers stay as they are; nothing is fitted."""

    def fit(self, stored: Tensor) -> AsTheyAre:
        """Return the same."""
        return self

    def __call__(self, stored: Tensor) -> Tensor:
        """Return the numbers."""
        return _in_order(stored.to(torch.float32))

    def constants(self) -> dict[str, Any]:
        """Return its name."""
        return {"name": "as_they_are"}


@dataclass(frozen=True)
class Scale:
    """Numbers of mean 0 and standard deviation 1, each number of an example by itself; one that never changes is 0.

    Attributes:
        mean: over the examples, of the shape of one.
        deviation: likewise; 1 where a number never changes.
    """

    mean: Tensor | None = None
    deviation: Tensor | None = None

    def fit(self, stored: Tensor) -> Scale:
        """Return the scale of `stored` (N, …)."""
        numbers = stored.double()
        is_constant = numbers.amin(0) == numbers.amax(0)
        return Scale(numbers.mean(0).float(), numbers.std(0, correction=0).masked_fill(is_constant, 1).float())

    def __call__(self, stored: Tensor) -> Tensor:
        """Return the standardized numbers."""
        assert self.mean is not None
        assert self.deviation is not None
        return _in_order((stored.float() - self.mean) / self.deviation)

    def back(self, scaled: Tensor) -> Tensor:
        """Return numbers in their own unit again."""
        assert self.mean is not None
        assert self.deviation is not None
        return scaled * self.deviation.to(scaled.device) + self.mean.to(scaled.device)

    def constants(self) -> dict[str, Any]:
        """Return its name, and mean and deviation of each number."""
        assert self.mean is not None
        assert self.deviation is not None
        return {"name": "scale", "mean": self.mean.tolist(), "deviation": self.deviation.tolist()}


def preparation_of(constants: Mapping[str, Any]) -> Preparation:
    """Return the fitted preparation whose `Preparation.constants` these are: equal inputs for equal examples."""
    match constants["name"]:
        case "pixels":
            return Pixels()
        case "as_they_are":
            return AsTheyAre()
        case "scale":
            return Scale(torch.tensor(constants["mean"]), torch.tensor(constants["deviation"]))
        case "columns":
            return Columns.from_constants(constants)
    raise AssertionError(constants["name"])


def _in_order(inputs: Tensor) -> Tensor:
    """Return inputs of the shape of images in ``channels_last`` memory order, as the networks have their kernels."""
    return inputs.contiguous(memory_format=torch.channels_last) if inputs.dim() == len("NCHW") else inputs
