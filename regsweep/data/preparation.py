"""From stored examples to the inputs of a network. What depends on data is fitted to the training examples alone.

`Preparation.constants` is all that is needed to prepare further examples alike: plain values that JSON has, from which
`preparation_of` makes the same preparation again.

Shapes: N examples; of images C channels, H rows, W columns; F numbers of an example; M numbers that are predicted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

import torch
from torch import Tensor

from regsweep.data.columns import Columns
from regsweep.data.streamed import Streamed

_AT_ONCE = 2**20
"""Numbers of examples that are looked at together."""


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

    def fit(self, stored: Tensor | Streamed) -> Scale:
        """Return the scale of `stored` (N, …), which is gone through once, about a million numbers at once.

        Held or streamed, the pieces are the same, and so are all bits of the scale.
        """
        size = max(1, _AT_ONCE // max(1, math.prod(stored.shape[1:])))
        pieces = stored.stored(size) if isinstance(stored, Streamed) else torch.split(stored, size)
        moments = reduce(_Moments.with_those_of, map(_Moments.of, pieces))
        deviation = moments.variance.sqrt().masked_fill(moments.least == moments.largest, 1)
        return Scale(moments.mean.float(), deviation.float())

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


@dataclass(frozen=True)
class _Moments:
    """Of some examples: their number, and of each number of an example mean, variance, least and largest, float64."""

    count: int
    mean: Tensor
    variance: Tensor
    least: Tensor
    largest: Tensor

    @staticmethod
    def of(stored: Tensor) -> _Moments:
        numbers = stored.double()
        variance = numbers.var(0, correction=0)
        return _Moments(len(numbers), numbers.mean(0), variance, numbers.amin(0), numbers.amax(0))

    def with_those_of(self, other: _Moments) -> _Moments:
        """Return the moments of both together (Chan, Golub and LeVeque 1983, doi:10.1080/00031305.1983.10483115)."""
        count = self.count + other.count
        share, step = other.count / count, other.mean - self.mean
        within = (1 - share) * self.variance + share * other.variance
        return _Moments(
            count,
            self.mean + share * step,
            within + share * (1 - share) * step**2,
            torch.minimum(self.least, other.least),
            torch.maximum(self.largest, other.largest),
        )


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
