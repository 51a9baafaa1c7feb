"""What a data set is, once loaded.

Shapes: N images, C channels, H rows, W columns, K classes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Split:
    """Images and their labels.

    Attributes:
        images_NCHW: float32 from −1 to 1, in ``channels_last`` memory order.
        labels_N: int64 from 0 to K−1.
    """

    images_NCHW: Tensor
    labels_N: Tensor

    def __len__(self) -> int:
        return len(self.labels_N)

    def to(self, device: torch.device) -> "Split":
        """Return the same split on `device`."""
        return Split(self.images_NCHW.to(device), self.labels_N.to(device))


@dataclass(frozen=True)
class Dataset:
    """The three splits of one data set.

    Attributes:
        name: as in the configuration.
        num_classes: K.
        train: what is trained on, with label noise where asked for.
        validation: what configurations are chosen on; None where everything is trained on.
        test: what is opened once, at the end.
    """

    name: str
    num_classes: int
    train: Split
    validation: Split | None
    test: Split

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of an image."""
        _, channels, rows, columns = self.train.images_NCHW.shape
        return channels, rows, columns

    def to(self, device: torch.device) -> "Dataset":
        """Return the same data set on `device`, where it stays."""
        validation = self.validation.to(device) if self.validation else None
        return Dataset(self.name, self.num_classes, self.train.to(device), validation, self.test.to(device))
