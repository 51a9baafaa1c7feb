"""A folder of images as one data set: all splits have the same size and number of channels before anything trains."""

from pathlib import Path

import torch
from torch import Tensor

from regsweep.config import LARGEST_IMAGE, DatasetConfig
from regsweep.data import pictures
from regsweep.data.dataset import Raw, Source
from regsweep.data.layout import Layout, find_layout
from regsweep.errors import ConfigError, DatasetError


def load_image_folder(config: DatasetConfig) -> Source:
    """Return the images under `config.root`, resized to `config.image_size` where that is not None.

    Raises:
        DatasetError: when the folders' names do not give the splits, or an image cannot be read.
        ConfigError: when a setting does not fit what lies there.
    """
    root = Path(config.root)
    if not root.is_dir():
        raise DatasetError(f"dataset.root={config.root}: no such folder; it must hold a folder of images per class")
    layout = find_layout(root)
    if config.val_fraction is not None and "validation" in layout.folders:
        raise ConfigError(
            "dataset.val_fraction",
            config.val_fraction,
            f"the validation images are those in {pictures.shown(layout.folders['validation'])}; leave it null",
        )
    raw = {split: _label(images, layout, split) for split, images in _read_all(layout, config.image_size).items()}
    return Source(layout.classes, raw["train"], raw.get("validation"), raw.get("test"), layout.skipped)


def _label(images_NCHW: Tensor, layout: Layout, split: str) -> Raw:
    sizes = torch.tensor([len(paths) for paths in layout.images[split]])
    folder = pictures.shown(f"{layout.folders[split].name}/") if layout.has_splits else ""
    return Raw(images_NCHW, torch.arange(len(sizes)).repeat_interleave(sizes), folder)


def _read_all(layout: Layout, size: int | None) -> dict[str, Tensor]:
    """Return the images of each split (N×C×H×W); grey ones get three equal channels where another has colour."""
    first: tuple[Path, Tensor] | None = None
    read: dict[str, list[Tensor]] = {}
    for split, by_class in layout.images.items():
        read[split] = []
        for path in (path for paths in by_class for path in paths):
            image = pictures.read(path, size)
            first = first or (path, image)
            if size is None:
                _require_size(path, image, first)
            read[split].append(image)
    channels = max(len(image) for images in read.values() for image in images)
    return {split: torch.stack([image.expand(channels, -1, -1) for image in images]) for split, images in read.items()}


def _require_size(path: Path, image: Tensor, first: tuple[Path, Tensor]) -> None:
    (_, rows, columns), other = image.shape, first[1].shape[1:]
    if (rows, columns) != other:
        raise ConfigError(
            "dataset.image_size",
            None,
            f"the images have different sizes ({pictures.shown(first[0])} {other[1]}×{other[0]}, "
            f"{pictures.shown(path)} {columns}×{rows}); set it, for example to 32",
        )
    if max(rows, columns) > LARGEST_IMAGE:
        raise ConfigError(
            "dataset.image_size",
            None,
            f"the images are larger than {LARGEST_IMAGE} pixels ({pictures.shown(path)} {columns}×{rows}); "
            "set it, for example to 64",
        )
