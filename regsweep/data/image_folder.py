"""A folder of images as one data set, held in memory or streamed.

Every picture is read once before anything trains: all splits have the same size and number of channels.

Shapes: N pictures of all splits; C channels, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from regsweep.config import LARGEST_IMAGE, DatasetConfig
from regsweep.data import pictures
from regsweep.data.dataset import Raw, Source
from regsweep.data.layout import Layout, find_layout
from regsweep.data.streamed import MANY, Examples, Streamed, must_stream, num_workers
from regsweep.errors import ConfigError, DatasetError

_COLOURS = 3


def load_image_folder(config: DatasetConfig, device: torch.device) -> Source:
    """Return the images under `config.root`, resized to `config.image_size` where that is not None.

    Args:
        config: of the data.
        device: where held images will lie.

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
    raw = {split: _label(inputs, layout, split) for split, inputs in _read_all(layout, config, device).items()}
    return Source(layout.classes, raw["train"], raw.get("validation"), raw.get("test"), layout.skipped)


def _label(inputs: Tensor | Streamed, layout: Layout, split: str) -> Raw:
    sizes = torch.tensor([len(paths) for paths in layout.images[split]])
    folder = pictures.shown(f"{layout.folders[split].name}/") if layout.has_splits else ""
    return Raw(inputs, torch.arange(len(sizes)).repeat_interleave(sizes), folder)


@dataclass(frozen=True)
class _Pictures:
    """The pictures of all splits, by their numbers.

    Attributes:
        paths: of the N files.
        size: rows and columns to resize them to; None: as they are.
        shape: that each has, (C, H, W); grey ones get three equal channels where another has colour.
    """

    paths: list[Path]
    size: int | None
    shape: tuple[int, ...]

    def stored(self, number: int) -> tuple[Tensor, Any]:
        """Return a picture, uint8 (C, H, W); its class is known by its number.

        Raises:
            DatasetError: when it cannot be read, or is another one than before the training.
        """
        image = pictures.read(self.paths[number], self.size)
        if image.shape[1:] != self.shape[1:] or len(image) > self.shape[0]:
            reason = "has another size, or colours, than before the training; start again"
            raise DatasetError(f"{pictures.shown(self.paths[number])}: {reason}")
        return image.expand(self.shape), None

    def with_shape(self, number: int) -> tuple[Tensor, tuple[int, ...]]:
        """Return a picture with three channels, and the shape of its own; black where that is of another size.

        Raises:
            DatasetError: when it cannot be read.
        """
        image = pictures.read(self.paths[number], self.size)
        fits = image.shape[1:] == self.shape[1:]
        whole = image if fits else image.new_zeros(self.shape)
        return whole.expand(_COLOURS, -1, -1), tuple(image.shape)


def _read_all(layout: Layout, config: DatasetConfig, device: torch.device) -> dict[str, Tensor | Streamed]:
    """Return the images of each split (N, C, H, W), or what reads them."""
    by_split = {split: list(chain.from_iterable(by_class)) for split, by_class in layout.images.items()}
    inputs = _held_or_streamed(list(chain.from_iterable(by_split.values())), config, device)
    ends = np.cumsum([0, *map(len, by_split.values())])
    parts: dict[str, Tensor | Streamed] = {}
    for split, (begin, end) in zip(by_split, pairwise(ends), strict=True):
        parts[split] = inputs.chosen(np.arange(begin, end)) if isinstance(inputs, Streamed) else inputs[begin:end]
    return parts


def _held_or_streamed(paths: list[Path], config: DatasetConfig, device: torch.device) -> Tensor | Streamed:
    """Return all images (N, C, H, W), or what reads them, after each was read and checked."""
    first = pictures.read(paths[0], config.image_size)
    _require_small(paths[0], first, config)
    held, channels, place = _room(first, len(paths), config, device), len(first), 0
    for images, shapes in _checked(paths, first, config):
        if channels < max(shape[0] for shape in shapes):  # the first coloured one: all take three times as much
            channels = _COLOURS
            held = None if held is None else _in_colour(held, place, images[0], config, device)
        if held is not None:
            held[place : place + len(images)] = images[:, :channels]
        place += len(images)
    if held is not None:
        return held
    read = _Pictures(paths, config.image_size, (channels, *first.shape[1:])).stored
    return Streamed(Examples(read, (channels, *first.shape[1:]), num_workers()), np.arange(len(paths)))


def _checked(paths: list[Path], first: Tensor, config: DatasetConfig) -> Iterator[tuple[Tensor, list[tuple[int, ...]]]]:
    """Yield the images with three channels (B, 3, H, W), some at once, and the shapes of their own.

    Raises:
        DatasetError: when one cannot be read.
        ConfigError: when one has another size than the first.
    """
    read = _Pictures(paths, config.image_size, tuple(first.shape)).with_shape
    workers = num_workers() if len(paths) >= MANY else 0
    place = 0
    for images, shapes in Examples(read, (_COLOURS, *first.shape[1:]), workers).in_order(
        len(paths), _COLOURS * first[0].nbytes
    ):
        for path, shape in zip(paths[place:], shapes, strict=False):
            if shape[1:] != first.shape[1:]:
                found = f"{pictures.shown(paths[0])} {_size(first.shape)}, {pictures.shown(path)} {_size(shape)}"
                reason = f"the images have different sizes ({found}); set it, for example to 32"
                raise ConfigError("dataset.image_size", None, reason)
        place += len(shapes)
        yield images, shapes


def _room(first: Tensor, num_images: int, config: DatasetConfig, device: torch.device) -> Tensor | None:
    """Return a place for all images, of the shape of the first (C, H, W); None where they are streamed."""
    is_streamed = must_stream(config, first, num_images, device)
    return None if is_streamed else torch.empty((num_images, *first.shape), dtype=first.dtype)


def _in_colour(
    grey: Tensor, num_read: int, first: Tensor, config: DatasetConfig, device: torch.device
) -> Tensor | None:
    """Return a place for all images with three channels, with those that were read; None where they are streamed."""
    held = _room(first, len(grey), config, device)
    if held is not None:
        held[:num_read] = grey[:num_read]
    return held


def _require_small(path: Path, image: Tensor, config: DatasetConfig) -> None:
    if config.image_size is None and max(image.shape[1:]) > LARGEST_IMAGE:
        found = f"{pictures.shown(path)} {_size(image.shape)}"
        reason = f"the images are larger than {LARGEST_IMAGE} pixels ({found}); set it, for example to 64"
        raise ConfigError("dataset.image_size", None, reason)


def _size(shape: Sequence[int]) -> str:
    return f"{shape[2]}×{shape[1]}"
