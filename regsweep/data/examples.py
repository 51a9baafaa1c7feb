"""Examples that a trained network is given, stored as those that it was trained on: a table, arrays or pictures.

Shapes: N examples; of images C channels, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from regsweep.config import DatasetConfig
from regsweep.data import pictures
from regsweep.data.array_files import as_numpy, read_arrays
from regsweep.data.arrays import stored_inputs
from regsweep.data.columns import Category, Columns
from regsweep.data.layout import find_images
from regsweep.data.preparation import Pixels, Preparation
from regsweep.data.table import SUFFIXES as OF_TABLES
from regsweep.data.table import present_target, read_table
from regsweep.errors import DatasetError
from regsweep.signatures import offer

if TYPE_CHECKING:
    from pandas import DataFrame

OF_ARRAYS = (".npz", ".safetensors")

_WORDS_OF_TRUTH = {"True", "False"}
"""What is read as true and false where words are not asked for."""


@dataclass(frozen=True)
class Stored:
    """What the examples of a run were before they were prepared.

    Attributes:
        preparation: makes inputs of them.
        input_shape: of one example as the network has it.
        config: of the data that the run was trained on.
        outputs: the names of the classes, or of the numbers that are predicted.
    """

    preparation: Preparation
    input_shape: tuple[int, ...]
    config: DatasetConfig
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Examples:
    """Some examples, not prepared yet.

    Attributes:
        stored: a tensor (N, …), a pandas DataFrame, or the files of pictures.
        like: how those of the run were stored.
        targets: what is to be predicted of each, as it was stored, (N, …); None where that is not known.
        files: the names of the pictures' files; None of others.
        notes: what is to be known of them, in words, a line each.
    """

    stored: Any
    like: Stored
    targets: np.ndarray | None = None
    files: list[str] | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.stored)

    def batches(self, size: int) -> Iterator[Tensor]:
        """Yield the inputs of the network, at most so many examples at once, in their order.

        Raises:
            DatasetError: for an example that cannot be prepared.
        """
        prepare = self.like.preparation
        if isinstance(self.stored, Tensor):
            yield from map(prepare, torch.split(self.stored, size))
        elif isinstance(self.stored, list):
            for first in range(0, len(self.stored), size):
                yield prepare(torch.stack([_picture(path, self.like) for path in self.stored[first : first + size]]))
        else:
            yield from torch.split(prepare(self.stored), size)


def examples_of(data: Any, like: Stored) -> Examples:
    """Return the examples that `data` holds.

    Args:
        data: a pandas DataFrame, an array or a tensor (N, …); or the path of a table (.csv, .parquet), of arrays
            (.npz, .safetensors) with ``x``, of a picture, or of a folder with pictures.
        like: how those of the run were stored.

    Raises:
        DatasetError: when it cannot be read, or the run was trained on something else.
    """
    from pandas import DataFrame  # noqa: PLC0415  (a second of import)

    if isinstance(data, str | Path):
        examples = _of_path(Path(data).expanduser(), like)
    elif isinstance(data, DataFrame):
        examples = _of_table(data, like)
    elif isinstance(data, Tensor):
        examples = Examples(_numbers("data", as_numpy(data.detach().cpu()), like), like)
    elif isinstance(data, np.ndarray):
        examples = Examples(_numbers("data", data, like), like)
    else:
        raise DatasetError(f"{type(data).__name__}: give a DataFrame, an array, a tensor, or the path of a file")
    if not len(examples):
        raise DatasetError(f"{data if isinstance(data, str | Path) else 'data'}: holds no examples")
    return examples


def _of_path(path: Path, like: Stored) -> Examples:
    suffix = path.suffix.lower()
    if path.is_dir():
        return _of_folder(path, like)
    if not path.is_file():
        raise DatasetError(f"{path}: no such file or folder")
    if suffix in pictures.suffixes():
        _require_pictures(path, like)
        return Examples([path], like, files=[pictures.shown(path.name)])
    if suffix not in (*OF_TABLES, *OF_ARRAYS):
        known = ", ".join((*OF_TABLES, *OF_ARRAYS))
        raise DatasetError(f"{path}: must be a table or arrays ({known}), a picture, or a folder of pictures")
    try:
        return _of_file(path, like) if suffix in OF_TABLES else _of_arrays(path, like)
    except DatasetError as error:
        raise (error if str(path) in str(error) else DatasetError(f"{path}: {error}")) from error


def _of_file(path: Path, like: Stored) -> Examples:
    """Return the rows of a file, with the column that the run predicts where it has one."""
    columns = _require_columns("a table", like)
    categories = [each for each in columns.fitted or () if isinstance(each, Category)]
    words = [each.column for each in categories if not set(each.values) <= _WORDS_OF_TRUTH]
    table = read_table(path, words, unnamed=like.config.ignore)
    target = like.config.target
    examples = _of_table(table, like)
    if target is None or target not in table:
        return examples
    num_missing = int(table[target].isna().sum())
    if num_missing:
        lines = [f"column {target}: missing in {num_missing:,} of {len(table):,} rows, so there is no score"]
        return replace(examples, notes=(*examples.notes, *lines[num_missing == len(table) :]))
    return replace(examples, targets=present_target(table[target]))


def _of_table(table: DataFrame, like: Stored) -> Examples:
    columns = _require_columns("a table", like)
    named = table.set_axis(list(map(str, table.columns)), axis=1)
    twice = named.columns[named.columns.duplicated()]
    if len(twice):
        raise DatasetError(f"two columns are named {twice[0]}; rename one")
    return Examples(named, like, notes=tuple(columns.notes(named)))


def _require_columns(given: str, like: Stored) -> Columns:
    if isinstance(like.preparation, Columns):
        return like.preparation
    what = "pictures" if isinstance(like.preparation, Pixels) else "arrays"
    next_step = f"an array of the shape {_shape(like)}, the columns in the order of the training"
    raise DatasetError(f"the run was trained on {what}, not on {given}; give {next_step}")


def _of_arrays(path: Path, like: Stored) -> Examples:
    arrays = read_arrays(path)
    if "x" not in arrays:
        raise DatasetError(f"holds no array x; {offer('x', arrays)}")
    targets = arrays.get("y")
    if targets is not None and targets.shape[:1] != arrays["x"].shape[:1]:
        raise DatasetError(f"x and y must have a row for each example, not {arrays['x'].shape} and {targets.shape}")
    return Examples(_numbers("x", arrays["x"], like), like, targets)


def _numbers(name: str, array: np.ndarray, like: Stored) -> Tensor:
    """Return an array (N, …) as the run's were stored."""
    if isinstance(like.preparation, Columns):
        columns = ", ".join(like.preparation.are_categories)
        raise DatasetError(f"{name}: the run was trained on a table; give one with the columns {columns}")
    if isinstance(like.preparation, Pixels) and array.dtype != np.uint8:
        reason = f"the run was trained on images of bytes, 0 to 255; make them uint8, not {array.dtype}"
        raise DatasetError(f"{name}: {reason}")
    if array.dtype == np.uint8 and not isinstance(like.preparation, Pixels):
        array = array.astype(np.float32)  # numbers that are small enough, no images
    found = tuple(array.shape)
    stored = stored_inputs(name, array)
    if tuple(stored.shape[1:]) != like.input_shape:
        raise DatasetError(f"{name}: must have the shape {_shape(like)}, a row for each example, not {found}")
    return stored


def _shape(like: Stored) -> str:
    return f"(N, {', '.join(map(str, like.input_shape))})"


def _of_folder(folder: Path, like: Stored) -> Examples:
    """Return the pictures in a folder and those below it; where each lies in a folder of its class, that is known."""
    _require_pictures(folder, like)
    paths, skipped = find_images(folder)
    classes = [pictures.shown(path.parent.name) for path in paths]
    is_known = bool(paths) and all(path.parent != folder for path in paths) and set(classes) <= set(like.outputs)
    return Examples(
        paths,
        like,
        np.array(classes, dtype=str) if is_known else None,
        [pictures.shown(path.relative_to(folder)) for path in paths],
        (f"skipped {skipped}",) if skipped else (),
    )


def _require_pictures(path: Path, like: Stored) -> None:
    if not (isinstance(like.preparation, Pixels) and len(like.input_shape) == len("CHW")):
        wanted = "a table" if isinstance(like.preparation, Columns) else f"arrays of the shape {_shape(like)}"
        what = "a folder" if path.is_dir() else "a picture"
        raise DatasetError(f"{pictures.shown(path)}: is {what}, and the run was trained on {wanted}; give such")


def _picture(path: Path, like: Stored) -> Tensor:
    """Return a picture as the run's were read, (C, H, W)."""
    image = pictures.read(path, like.config.image_size)
    channels, rows, columns = like.input_shape
    if image.shape[1:] != (rows, columns):
        found = f"{image.shape[2]}×{image.shape[1]}"
        raise DatasetError(f"{pictures.shown(path)}: has {found} pixels, the run's {columns}×{rows}; resize it")
    if len(image) > channels and (image == image[:1]).all():
        image = image[:1]
    if len(image) > channels:
        raise DatasetError(f"{pictures.shown(path)}: has colours, and the run's pictures have none; make it grey")
    return image.expand(channels, -1, -1)
