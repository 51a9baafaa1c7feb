"""Where images come from: scikit-learn's digits, torchvision's data sets, a folder of images.

A source without validation or test images of its own returns None for them.
"""

from collections.abc import Callable

import numpy as np
import torch

from regsweep.config import DatasetConfig
from regsweep.data import integrity
from regsweep.data.dataset import Raw, Source
from regsweep.data.image_folder import load_image_folder

_DIGITS = tuple("0123456789")


def load_source(config: DatasetConfig) -> Source:
    """Return the raw images that `config` names.

    Raises:
        DatasetError: when they are missing, damaged or cannot be downloaded.
        ConfigError: when a setting does not fit them.
    """
    loaders: dict[str, Callable[[DatasetConfig], Source]] = {
        "digits": _digits,
        "cifar10": _cifar10,
        "image_folder": load_image_folder,
    }
    return loaders.get(config.name, _idx)(config)


def _digits(_: DatasetConfig) -> Source:
    from sklearn.datasets import load_digits  # noqa: PLC0415  (a second of import that other data sets do not need)

    digits = load_digits()
    # Pixels count 0 to 16; ×255/16 makes them comparable with the other sets.
    images = torch.from_numpy((digits.images * (255 / 16)).round().astype(np.uint8)).unsqueeze(1)
    return Source(_DIGITS, Raw(images, torch.from_numpy(digits.target.astype(np.int64))), None, None, is_mirrored=False)


def _idx(config: DatasetConfig) -> Source:
    from torchvision import datasets  # noqa: PLC0415

    cls = {"mnist": datasets.MNIST, "fashion_mnist": datasets.FashionMNIST, "kmnist": datasets.KMNIST}[config.name]
    integrity.require_idx_files(config, cls)
    parts = []
    for train in (True, False):
        split = cls(config.root, train=train)
        parts.append(Raw(split.data.unsqueeze(1), split.targets.long()))
    names = _DIGITS if config.name == "mnist" else tuple(cls.classes)
    return Source(names, parts[0], None, parts[1], is_mirrored=config.name == "fashion_mnist")


def _cifar10(config: DatasetConfig) -> Source:
    from torchvision import datasets  # noqa: PLC0415

    integrity.require_cifar10_files(config)
    parts = []
    for train in (True, False):
        split = datasets.CIFAR10(config.root, train=train)
        parts.append(Raw(torch.from_numpy(split.data).permute(0, 3, 1, 2), torch.tensor(split.targets)))
    return Source(tuple(split.classes), parts[0], None, parts[1], is_mirrored=True)
