"""What a data set is: as its files hold it (`Source`), and split (`Dataset`).

Shapes: N images, C channels, H rows, W columns, K classes.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Raw:
    """Images as stored, and their labels.

    Attributes:
        images_NCHW: uint8.
        labels_N: int64 from 0 to K−1.
        folder: the name of the folder that they lie in; empty where a data set has no such folders.
    """

    images_NCHW: Tensor
    labels_N: Tensor
    folder: str = ""


@dataclass(frozen=True)
class Source:
    """What a data set brings.

    Attributes:
        classes: the names of the classes, K of them.
        train: training images, from which come the other two where the data set has none of its own.
        validation: its own validation images, or None.
        test: its own test images, or None.
        skipped: what lies among its files and was not read, with its number; empty where nothing was left out.
        is_mirrored: whether an image and its mirror image show the same; None where that is not known.
    """

    classes: tuple[str, ...]
    train: Raw
    validation: Raw | None
    test: Raw | None
    skipped: str = ""
    is_mirrored: bool | None = None


@dataclass(frozen=True)
class Split:
    """Images and their labels.

    Attributes:
        images_NCHW: float32 from −1 to 1, in ``channels_last`` memory order.
        labels_N: int64 from 0 to K−1.
        origin: where they are from, in words, where that does not go without saying.
    """

    images_NCHW: Tensor
    labels_N: Tensor
    origin: str = ""

    def __len__(self) -> int:
        return len(self.labels_N)

    def to(self, device: torch.device) -> "Split":
        """Return the same split on `device`."""
        return replace(self, images_NCHW=self.images_NCHW.to(device), labels_N=self.labels_N.to(device))


@dataclass(frozen=True)
class Dataset:
    """The three splits of one data set.

    Attributes:
        name: as in the configuration.
        classes: the names of the classes, K of them.
        train: what is trained on, with label noise where configured.
        validation: what configurations are chosen on; None where everything is trained on.
        test: what is opened once, at the end.
        skipped: see `Source`.
        is_mirrored: see `Source`.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    validation: Split | None
    test: Split
    skipped: str = ""
    is_mirrored: bool | None = None

    @property
    def num_classes(self) -> int:
        """K."""
        return len(self.classes)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of an image."""
        _, channels, rows, columns = self.train.images_NCHW.shape
        return channels, rows, columns

    @property
    def splits(self) -> dict[str, Split]:
        """The splits that there are, by name."""
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: split for name, split in splits.items() if split is not None}

    def to(self, device: torch.device) -> "Dataset":
        """Return the same data set on `device`, where it stays."""
        validation = self.validation.to(device) if self.validation else None
        return replace(self, train=self.train.to(device), validation=validation, test=self.test.to(device))
