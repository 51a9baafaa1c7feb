"""A file of arrays as a data set: ``x`` and ``y``, with test and validation examples or without, held or streamed.

Shapes: N examples; of images C channels, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from regsweep.config import DatasetConfig
from regsweep.data.array_files import Rows, find_arrays, read_arrays
from regsweep.data.dataset import Raw, Source
from regsweep.data.preparation import AsTheyAre, Pixels, Preparation, Scale
from regsweep.data.streamed import Examples, Streamed, must_stream, num_workers
from regsweep.data.targets import as_float32, require_float32, targets_of
from regsweep.errors import ConfigError, DatasetError, show
from regsweep.signatures import offer

PARTS = {"train": "", "validation": "_validation", "test": "_test"}
"""What the names of a part's arrays end in, after ``x`` and ``y``."""

_CHANNELS = (1, 3)


Arrays = Mapping[str, np.ndarray | Rows]
"""The arrays of a file, by name. Of those that are streamed, inputs are `Rows`, and so is what nobody needs."""


def load_arrays(config: DatasetConfig, task: str, device: torch.device) -> Source:
    """Return the arrays in `config.path`.

    Where they are streamed, all rows are read once here, to check them.

    Args:
        config: of the data.
        task: ``classification``, ``regression`` or ``auto``.
        device: where held examples will lie.

    Raises:
        DatasetError: when the file cannot be read, or its arrays do not fit each other.
        ConfigError: when a setting does not fit them.
    """
    path = require_file(config, (".npz", ".safetensors"))
    arrays = _held_or_streamed(path, config, device)
    try:
        return _source(config, task, arrays)
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}") from error


def require_file(config: DatasetConfig, suffixes: tuple[str, ...]) -> Path:
    """Return the path that `config` has, of a file with one of the suffixes.

    Raises:
        ConfigError: when it has none, or another suffix.
        DatasetError: when there is no such file.
    """
    named = " or ".join(suffixes)
    if config.path is None:
        raise ConfigError("dataset.path", None, f"names the file of the data ({named}), dataset.path=FILE")
    path = Path(config.path)
    if path.suffix.lower() not in suffixes:
        raise ConfigError("dataset.path", config.path, f"must end in {named}")
    if not path.is_file():
        there = [each.name for each in path.parent.glob("*") if each.suffix.lower() in suffixes]
        raise DatasetError(f"dataset.path={config.path}: no such file; {offer(path.name, there)}")
    return path


def _held_or_streamed(path: Path, config: DatasetConfig, device: torch.device) -> dict[str, np.ndarray | Rows]:
    """Return the arrays in a file; where the inputs are streamed, what reads them.

    Raises:
        DatasetError: when they cannot be read, or must be streamed and cannot.
        ConfigError: when they are to be held and do not fit.
    """
    found = find_arrays(path)
    inputs = [found[f"x{end}"] for end in PARTS.values() if f"x{end}" in found]
    if not found or (inputs and not _must_stream(inputs, config, device)):
        return {**read_arrays(path)}
    for rows in inputs:
        if rows.obstacle:
            reason = "it cannot be streamed; save it in a .safetensors file, as bytes or float32"
            if config.stream is None:
                reason = f"{reason}, or hold it all (dataset.stream=false): half of the memory does not take it"
            raise DatasetError(f"{path}: {rows.name} {rows.obstacle}: {reason}")
    ends = {end: end for end in PARTS.values()}
    read = {f"y{end}" for end in ends} | _names_of_groups(config, ends)
    return {name: rows.whole() if name in read else rows for name, rows in found.items()}


def _must_stream(inputs: list[Rows], config: DatasetConfig, device: torch.device) -> bool:
    first = inputs[0]
    dtype = torch.uint8 if _are_images(first) else torch.float32
    stored = torch.empty(first.shape[1:], dtype=dtype, device="meta")
    return must_stream(config, stored, sum(each.shape[0] if each.shape else 0 for each in inputs), device)


def _source(config: DatasetConfig, task: str, arrays: Arrays) -> Source:
    ends = {part: end for part, end in PARTS.items() if f"x{end}" in arrays or f"y{end}" in arrays or part == "train"}
    for name in (f"{letter}{end}" for end in ends.values() for letter in "xy"):
        if name not in arrays:
            raise DatasetError(f"holds no array {name}; {offer(name, arrays)}")
    require_no_share(config, has_validation="validation" in ends)
    targets = targets_of({f"y{end}": _held(arrays, f"y{end}") for end in ends.values()}, task)
    _require_alike(ends, arrays)
    preparation = _preparation(config, are_images=_are_images(arrays["x"]))
    groups = _groups(config, ends, arrays)
    stored = {part: _stored(f"x{end}", arrays[f"x{end}"]) for part, end in ends.items()}
    raw = {part: Raw(stored[part], targets.parts[f"y{end}"]) for part, end in ends.items()}
    raw["train"] = Raw(stored["train"], raw["train"].targets, groups=groups)
    read = {f"{letter}{end}" for end in ends.values() for letter in "xy"} | _names_of_groups(config, ends)
    skipped = ", ".join(sorted(set(arrays) - read))
    return Source(
        targets.outputs, raw["train"], raw.get("validation"), raw.get("test"), skipped,
        kind=targets.kind, preparation=preparation,
    )  # fmt: skip


def _held(arrays: Arrays, name: str) -> np.ndarray:
    array = arrays[name]
    assert isinstance(array, np.ndarray)
    return array


def _stored(name: str, array: np.ndarray | Rows) -> Tensor | Streamed:
    """Return inputs as they are stored, or what reads them, after each was checked."""
    if isinstance(array, np.ndarray):
        return stored_inputs(name, array)
    shape = _laid_out(name, np.broadcast_to(np.zeros((), array.dtype), array.shape)).shape[1:]
    if array.dtype.kind == "f":
        require_float32(name, array.pieces())
    return Streamed(Examples(_Row(name, array).stored, shape, num_workers()), np.arange(len(array)))


@dataclass(frozen=True)
class _Row:
    """The examples of an array, by their numbers.

    Attributes:
        name: of the array.
        rows: reads them.
    """

    name: str
    rows: Rows

    def stored(self, number: int) -> tuple[Tensor, None]:
        """Return one as it is stored; its target is known by its number.

        Raises:
            DatasetError: when it cannot be read, or is no longer what it was.
        """
        try:
            return stored_inputs(self.name, self.rows.read(number, number + 1))[0], None
        except DatasetError as error:
            reason = "was changed during the training, or cannot be read any more; start again"
            raise DatasetError(f"{self.rows.path}: {reason} (row {number}: {error})") from error


def require_no_share(config: DatasetConfig, *, has_validation: bool) -> None:
    """Refuse a share to hold out where there are validation examples.

    Raises:
        ConfigError: then.
    """
    if has_validation and config.val_fraction is not None:
        reason = "the data set has validation examples of its own; leave it null"
        raise ConfigError("dataset.val_fraction", config.val_fraction, reason)


def _require_alike(ends: dict[str, str], arrays: Arrays) -> None:
    for end in ends.values():
        x, y = arrays[f"x{end}"], _held(arrays, f"y{end}")
        if x.ndim == 0 or len(x) != len(y):
            raise DatasetError(f"x{end} and y{end} must have a row for each example, not {x.shape} and {y.shape}")
        first = arrays["x"]
        if x.shape[1:] != first.shape[1:] or x.dtype != first.dtype:
            raise DatasetError(
                f"x{end} has examples of {x.shape[1:]} {x.dtype}, x of {first.shape[1:]} {first.dtype}; make them alike"
            )


def stored_inputs(name: str, array: np.ndarray) -> Tensor:
    """Return images (N, C, H, W) uint8, or numbers (N, …) float32.

    Bytes of three or four dimensions are images: (N, H, W); (N, C, H, W) where the second dimension is 1 or 3; else
    (N, H, W, C) where the last is.

    Raises:
        DatasetError: for bytes of another shape, what is no number, and a number that is not finite.
    """
    array = _laid_out(name, array)
    if array.dtype == np.uint8 and array.ndim == len("NCHW"):
        return torch.from_numpy(np.ascontiguousarray(array))
    return torch.from_numpy(as_float32(name, array))


def _are_images(array: np.ndarray | Rows) -> bool:
    return array.dtype == np.uint8 and array.ndim in (3, 4)


def _laid_out(name: str, array: np.ndarray) -> np.ndarray:
    """Return images (N, C, H, W), or numbers (N, …), of the same type."""
    if array.dtype.kind not in "biuf":
        raise DatasetError(f"{name}: must hold numbers, not {array.dtype}")
    if array.ndim == 1:
        array = array[:, None]
    if 0 in array.shape[1:]:
        raise DatasetError(f"{name}: has no numbers in an example: {array.shape}")
    return _as_images(name, array) if _are_images(array) else array


def _as_images(name: str, array: np.ndarray) -> np.ndarray:
    if array.ndim == len("NHW"):
        return array[:, None]
    if array.shape[1] in _CHANNELS:
        return array
    if array.shape[3] in _CHANNELS:
        return array.transpose(0, 3, 1, 2)
    reason = "bytes are images with 1 or 3 channels, in the second or the last dimension; others must be floats"
    raise DatasetError(f"{name}: {reason}, not {array.shape}")


def _preparation(config: DatasetConfig, *, are_images: bool) -> Preparation:
    if not are_images:
        return Scale() if config.standardize else AsTheyAre()
    if config.standardize:
        raise ConfigError("dataset.standardize", True, "images are numbers from −1 to 1 in any case; set it to false")
    return Pixels()


def _names_of_groups(config: DatasetConfig, ends: dict[str, str]) -> set[str]:
    return {f"{config.group_column}{end}" for end in ends.values()} if config.group_column else set()


def _groups(config: DatasetConfig, ends: dict[str, str], arrays: Arrays) -> np.ndarray | None:
    """Return the group of each training example; refuse one that is in another part, too."""
    name = config.group_column
    if name is None:
        return None
    if name not in arrays:
        raise ConfigError("dataset.group_column", name, f"no such array; {offer(name, set(arrays) - {'x', 'y'})}")
    for end in ends.values():
        if f"{name}{end}" not in arrays:
            raise DatasetError(f"holds {name}, and no {name}{end}: a group of x{end} may be in x, too; add it")
    groups = {end: _held(arrays, f"{name}{end}") for end in ends.values()}
    for end, array in groups.items():
        num_examples = len(_held(arrays, f"y{end}"))
        if array.shape != (num_examples,):
            raise DatasetError(f"{name}{end} must name the group of each example, ({num_examples},), not {array.shape}")
    seen: dict[str, str] = {}
    for end, array in groups.items():
        for group in map(str, np.unique(array)):
            other = seen.setdefault(group, end)
            if other != end:
                raise DatasetError(f"group {show(group)} is in {name}{other} and {name}{end}; it must be in one part")
    return np.unique(groups[""], return_inverse=True)[1]
