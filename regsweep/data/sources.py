"""Where examples come from: scikit-learn's embedded sets, torchvision's data sets, files of the user's own.

A source without validation or test examples of its own returns None for them.
"""

from collections.abc import Callable

import numpy as np
import torch

from regsweep.config import DatasetConfig
from regsweep.data import integrity
from regsweep.data.arrays import load_arrays
from regsweep.data.dataset import Raw, Source
from regsweep.data.image_folder import load_image_folder
from regsweep.data.preparation import Scale
from regsweep.data.table import load_table
from regsweep.data.torch_datasets import load_torch
from regsweep.errors import ConfigError

_DIGITS = tuple("0123456789")
_CPU = torch.device("cpu")


def load_source(config: DatasetConfig, task: str = "auto", device: torch.device = _CPU) -> Source:
    """Return the stored examples that `config` names.

    Args:
        config: of the data.
        task: ``classification``, ``regression``, or ``auto``: by the targets.
        device: where examples will lie that are held in memory.

    Raises:
        DatasetError: when they are missing, damaged or cannot be downloaded.
        ConfigError: when a setting does not fit them.
    """
    source = _load(config, task, device)
    if task not in ("auto", source.kind):
        raise ConfigError("task", task, f"{config.name} is a {source.kind} task; leave it auto")
    return source


def _load(config: DatasetConfig, task: str, device: torch.device) -> Source:
    if config.name == "torch":
        return load_torch(config, task, device)
    if config.name == "image_folder":
        return load_image_folder(config, device)
    if config.name == "arrays":
        return load_arrays(config, task, device)
    if config.name == "table":
        return load_table(config, task)
    loaders: dict[str, Callable[[DatasetConfig], Source]] = {
        "digits": _digits,
        "breast_cancer": _embedded,
        "wine": _embedded,
        "diabetes": _embedded,
        "cifar10": _cifar10,
    }
    return loaders.get(config.name, _idx)(config)


def _digits(_: DatasetConfig) -> Source:
    from sklearn.datasets import load_digits  # noqa: PLC0415  (a second of import that other data sets do not need)

    digits = load_digits()
    # Pixels count 0 to 16; ×255/16 makes them comparable with the other sets.
    images = torch.from_numpy((digits.images * (255 / 16)).round().astype(np.uint8)).unsqueeze(1)
    return Source(_DIGITS, Raw(images, torch.from_numpy(digits.target.astype(np.int64))), None, None, is_mirrored=False)


def _embedded(config: DatasetConfig) -> Source:
    """Return a table that lies in scikit-learn, all of its columns numbers."""
    from sklearn import datasets  # noqa: PLC0415

    arguments = {"scaled": False} if config.name == "diabetes" else {}
    bunch = getattr(datasets, f"load_{config.name}")(**arguments)
    inputs = torch.from_numpy(bunch.data.astype(np.float32))
    if config.name == "diabetes":
        targets = torch.from_numpy(bunch.target.astype(np.float32)).unsqueeze(1)
        return Source(("progression",), Raw(inputs, targets), None, None, kind="regression", preparation=Scale())
    names = tuple(map(str, bunch.target_names))
    return Source(names, Raw(inputs, torch.from_numpy(bunch.target.astype(np.int64))), None, None, preparation=Scale())


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
