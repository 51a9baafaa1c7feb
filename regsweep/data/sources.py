"""Where images come from: scikit-learn's digits, torchvision's data sets, a folder of images.

Every source returns raw images, uint8 of shape (N, C, H, W), and labels; a source without a test set of its
own returns None for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from regsweep.config import DatasetConfig
from regsweep.data import integrity
from regsweep.errors import ConfigError, DatasetError


@dataclass(frozen=True)
class Raw:
    """Images as stored (uint8, N×C×H×W, 0 to 255) and labels (int64, N)."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Source:
    """What a data set brings: training images, its own test images or None, and the number of classes."""

    train: Raw
    test: Raw | None
    num_classes: int


def load_source(config: DatasetConfig) -> Source:
    """Return the raw images that `config` names.

    Raises:
        DatasetError: when they are missing, damaged or cannot be downloaded.
    """
    loaders: dict[str, Callable[[DatasetConfig], Source]] = {
        "digits": _digits,
        "cifar10": _cifar10,
        "image_folder": _image_folder,
    }
    return loaders.get(config.name, _idx)(config)


def _digits(_: DatasetConfig) -> Source:
    from sklearn.datasets import load_digits  # noqa: PLC0415  (a second of import that other data sets do not need)

    digits = load_digits()
    # Pixels count 0 to 16; ×255/16 makes them comparable with the other sets.
    images = torch.from_numpy((digits.images * (255 / 16)).round().astype(np.uint8)).unsqueeze(1)
    return Source(Raw(images, torch.from_numpy(digits.target.astype(np.int64))), None, 10)


def _idx(config: DatasetConfig) -> Source:
    from torchvision import datasets  # noqa: PLC0415

    cls = {"mnist": datasets.MNIST, "fashion_mnist": datasets.FashionMNIST, "kmnist": datasets.KMNIST}[config.name]
    integrity.require_idx_files(config, cls)
    parts = []
    for train in (True, False):
        split = cls(config.root, train=train)
        parts.append(Raw(split.data.unsqueeze(1), split.targets.long()))
    return Source(parts[0], parts[1], 10)


def _cifar10(config: DatasetConfig) -> Source:
    from torchvision import datasets  # noqa: PLC0415

    integrity.require_cifar10_files(config)
    parts = []
    for train in (True, False):
        split = datasets.CIFAR10(config.root, train=train)
        parts.append(Raw(torch.from_numpy(split.data).permute(0, 3, 1, 2), torch.tensor(split.targets)))
    return Source(parts[0], parts[1], 10)


def _image_folder(config: DatasetConfig) -> Source:
    root = Path(config.root)
    if not root.is_dir():
        raise DatasetError(f"dataset.root={config.root}: no such folder; it must hold a folder of images per class")
    if not (root / "train").is_dir():
        train, classes = _read_folder(root, config)
        return Source(train, None, len(classes))
    if not (root / "test").is_dir():
        raise DatasetError(
            f"dataset.root={config.root}: there is a train/ but no test/; add it, or put the classes directly there"
        )
    train, classes = _read_folder(root / "train", config)
    test, test_classes = _read_folder(root / "test", config)
    if classes != test_classes:
        odd = ", ".join(sorted(set(classes) ^ set(test_classes)))
        raise DatasetError(
            f"dataset.root={config.root}: train/ and test/ must hold the same classes; not in both: {odd}"
        )
    return Source(train, test, len(classes))


def _read_folder(folder: Path, config: DatasetConfig) -> tuple[Raw, list[str]]:
    from PIL import Image  # noqa: PLC0415
    from torchvision import datasets  # noqa: PLC0415
    from torchvision.transforms.v2 import functional  # noqa: PLC0415

    try:
        found = datasets.ImageFolder(str(folder))
    except FileNotFoundError as error:
        raise DatasetError(
            f"dataset.root={config.root}: {folder} holds no folder of images per class ({error})".split("\n")[0]
        ) from error
    if len(found.classes) == 1:
        raise DatasetError(f"dataset.root={config.root}: {folder} holds a single class; two or more are needed")
    pictures = []
    for path, _ in found.samples:
        try:
            with Image.open(path) as picture:
                if picture.mode.startswith(("I", "F")):
                    raise DatasetError(f"{path}: has more than 8 bits a channel ({picture.mode}); convert it to 8")
                pictures.append(picture.convert("L" if picture.mode in ("1", "L") else "RGB"))
        except (OSError, ValueError, SyntaxError) as error:
            raise DatasetError(f"{path}: damaged or not an image ({error}); mend or remove it") from error
    if any(picture.mode == "RGB" for picture in pictures):
        pictures = [picture.convert("RGB") for picture in pictures]
    if config.image_size is not None:
        size = [config.image_size, config.image_size]
        pictures = [functional.resize(picture, size, antialias=True) for picture in pictures]
    sizes = {picture.size for picture in pictures}
    if len(sizes) > 1:
        raise ConfigError(
            "dataset.image_size",
            None,
            f"the images under {folder} have {len(sizes)} different sizes; set it, for example to 32",
        )
    images = torch.stack([functional.pil_to_tensor(picture) for picture in pictures])
    return Raw(images, torch.tensor(found.targets)), found.classes
