"""A ``torch.utils.data.Dataset`` of the user's own as a data set, held in memory or streamed.

Shapes: N examples; C channels, H rows, W columns of images.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset

from regsweep import seeding
from regsweep.config import DatasetConfig
from regsweep.data.array_files import as_numpy
from regsweep.data.arrays import require_no_share, stored_inputs
from regsweep.data.dataset import Raw, Source
from regsweep.data.preparation import AsTheyAre, Pixels
from regsweep.data.streamed import MANY, Examples, Streamed, must_stream, num_workers
from regsweep.data.targets import targets_of
from regsweep.errors import FAULTS, ConfigError, DatasetError, show, told
from regsweep.trusted import import_callable

_PARTS = {1: ("train",), 2: ("train", "test"), 3: ("train", "validation", "test")}
_CPU = torch.device("cpu")


def load_torch(config: DatasetConfig, task: str, device: torch.device) -> Source:
    """Return the examples of the Dataset, or of the two or three, that `config` names.

    Every example is read once here: for what is to be predicted, and to check it.

    Args:
        config: of the data.
        task: ``classification``, ``regression`` or ``auto``.
        device: where held examples will lie.

    Raises:
        ConfigError: when the Dataset cannot be named or made, or a setting does not fit it.
        DatasetError: when an example cannot be read, or is unlike the first.
    """
    parts = _parts(config, _made(config))
    require_no_share(config, has_validation="validation" in parts)
    title = config.title
    first, _ = _Item(parts["train"], f"{title}: ").stored(0)
    items = {part: _Item(each, f"{title}{_in(part)}: ", first) for part, each in parts.items()}
    _require_steady(items["train"])
    is_streamed = must_stream(config, first, sum(map(len, items.values())), device)
    read = {part: _read(each, is_streamed=is_streamed) for part, each in items.items()}
    classes = getattr(parts["train"], "classes", None)
    names = list(map(str, classes)) if isinstance(classes, list | tuple) else None
    targets = targets_of({f"{title}{_in(part)}, y": y for part, (_, y) in read.items()}, task, names)
    raw = {part: Raw(read[part][0], targets.parts[f"{title}{_in(part)}, y"]) for part in read}
    outputs = tuple(name.replace(f"{title}, y", "y") for name in targets.outputs)
    preparation = Pixels() if first.dtype == torch.uint8 else AsTheyAre()
    return Source(
        outputs, raw["train"], raw.get("validation"), raw.get("test"), kind=targets.kind, preparation=preparation
    )


def _in(part: str) -> str:
    return "" if part == "train" else f" ({part})"


def _made(config: DatasetConfig) -> Any:
    """Return what the class or function of the configuration makes.

    Raises:
        ConfigError: when it may not be named, does not take the arguments, or raises.
    """
    key = "dataset._target_"
    if config.factory is None:
        raise ConfigError(key, None, "names a class, or a function that makes data sets, as module.name")
    found = import_callable(key, config.factory, Dataset, "Dataset")
    arguments = config.arguments or {}
    try:
        inspect.signature(found).bind(**arguments)
    except TypeError as error:
        raise ConfigError("dataset.arguments", arguments, f"{config.title}: {error}") from error
    try:
        with seeding.Stream(seeding.derive(0, "dataset"), _CPU):  # the same data in each process, if drawn by torch
            return found(**arguments)
    except FAULTS as error:
        raise ConfigError(key, config.factory, f"failed ({told(error)})") from error


def _parts(config: DatasetConfig, made: Any) -> dict[str, Any]:
    several = made if isinstance(made, tuple | list) else (made,)
    names = _PARTS.get(len(several), ())
    for each in several:
        has_length = hasattr(type(each), "__len__") and not isinstance(each, IterableDataset)
        if not names or not isinstance(each, Dataset) or not has_length:
            found = f"{type(made).__name__} of {len(several)}" if several is made else type(made).__name__
            allowed = "a torch.utils.data.Dataset with a length, (train, test) or (train, validation, test)"
            raise ConfigError("dataset._target_", config.factory, f"makes {found}; it must make {allowed}")
    for name, each in zip(names, several, strict=True):
        try:
            size = len(each)
        except FAULTS as error:
            raise DatasetError(f"{config.title}{_in(name)}: its length cannot be had ({told(error)})") from error
        if size == 0:
            raise DatasetError(f"{config.title}{_in(name)}: holds no examples")
    return dict(zip(names, several, strict=True))


@dataclass(frozen=True)
class _Item:
    """The examples of a Dataset as they are stored, all alike.

    Attributes:
        dataset: the user's.
        name: in errors.
        like: the first example; None where this one is the first.
    """

    dataset: Any
    name: str
    like: Tensor | None = None

    def __len__(self) -> int:
        return len(self.dataset)

    def stored(self, number: int) -> tuple[Tensor, Any]:
        """Return the stored input, uint8 (C, H, W) or float32, and the target of an example.

        Raises:
            DatasetError: when it cannot be read, or is unlike the first.
        """
        try:
            item = self.dataset[number]
        except FAULTS as error:
            raise DatasetError(f"{self.name}item {number}: {told(error)}") from error
        if not (isinstance(item, tuple | list) and len(item) == len("xy")):
            raise DatasetError(f"{self.name}item {number}: must be a pair (x, y), not {type(item).__name__}")
        stored = self._input(number, item[0])
        if self.like is not None and (stored.shape, stored.dtype) != (self.like.shape, self.like.dtype):
            found, expected = _shown(stored), _shown(self.like)
            raise DatasetError(f"{self.name}item {number}: has the shape {found}, where the first has {expected}")
        return stored, item[1].detach().cpu().numpy() if isinstance(item[1], Tensor) else item[1]

    def _input(self, number: int, given: Any) -> Tensor:
        name = f"{self.name}item {number}"
        if isinstance(given, Image.Image) and given.mode not in ("L", "RGB"):
            raise DatasetError(f"{name}: is a picture of mode {given.mode}; make it grey or coloured (convert('RGB'))")
        try:
            array = (
                as_numpy(given.detach().cpu()) if isinstance(given, Tensor) else np.array(given)
            )  # a copy can be written
        except ValueError as error:
            raise DatasetError(f"{name}: x must be a tensor, an array or a picture ({show(error)})") from error
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            place = tuple(map(int, np.argwhere(~np.isfinite(array))[0])) if array.ndim else ()
            value = "NaN" if np.isnan(array[place]) else "an infinite number"
            where = f" at x[{', '.join(map(str, place))}]" if place else ""
            raise DatasetError(f"{name}: holds {value}{where} (counted from 0); remove or replace it")
        return stored_inputs(name, array[None])[0]


def _shown(stored: Tensor) -> str:
    return f"{tuple(stored.shape)} {str(stored.dtype).removeprefix('torch.')}"


def _require_steady(item: _Item) -> None:
    if not torch.equal(item.stored(0)[0], item.stored(0)[0]):
        reason = "is another one each time that it is read; leave randomness to a method (augmentation, Gaussian noise)"
        raise DatasetError(f"{item.name}item 0: {reason}")


def _read(item: _Item, *, is_streamed: bool) -> tuple[Tensor | Streamed, np.ndarray]:
    """Return the stored inputs, or what reads them, and the targets of all examples."""
    assert item.like is not None
    size = len(item)
    workers = num_workers() if is_streamed or size >= MANY else 0
    examples = Examples(item.stored, tuple(item.like.shape), workers)
    stored = None if is_streamed else torch.empty((size, *item.like.shape), dtype=item.like.dtype)
    targets: list[Any] = []
    for inputs, some in examples.in_order(size, item.like.nbytes):
        if stored is not None:
            stored[len(targets) : len(targets) + len(some)] = inputs
        targets.extend(some)
    return Streamed(examples, np.arange(size)) if stored is None else stored, _together(item, targets)


def _together(item: _Item, targets: Sequence[Any]) -> np.ndarray:
    try:
        return np.asarray(targets)
    except ValueError as error:
        shapes = list(map(_shape_of, targets))
        number = next((place for place, shape in enumerate(shapes) if shape != shapes[0]), 0)
        reason = f"y has the shape {shapes[number]}" + (f", where the first has {shapes[0]}" if number else "")
        raise DatasetError(f"{item.name}item {number}: {reason}; it must be one class, or as many numbers") from error


def _shape_of(target: Any) -> tuple[int, ...] | None:
    """Return the shape of a number, or of nested lists of numbers; None where these differ in length."""
    try:
        shape: tuple[int, ...] = np.shape(target)
    except ValueError:
        return None
    return shape
