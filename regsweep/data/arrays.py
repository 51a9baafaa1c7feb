"""A file of arrays as a data set: ``x`` and ``y``, with test and validation examples or without.

Shapes: N examples; of images C channels, H rows, W columns.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from regsweep.config import DatasetConfig
from regsweep.data.dataset import Raw, Source
from regsweep.data.preparation import AsTheyAre, Pixels, Preparation, Scale
from regsweep.data.targets import as_float32, targets_of
from regsweep.errors import ConfigError, DatasetError, show
from regsweep.signatures import offer

PARTS = {"train": "", "validation": "_validation", "test": "_test"}
"""What the names of a part's arrays end in, after ``x`` and ``y``."""

_CHANNELS = (1, 3)


def load_arrays(config: DatasetConfig, task: str) -> Source:
    """Return the arrays in `config.path`.

    Raises:
        DatasetError: when the file cannot be read, or its arrays do not fit each other.
        ConfigError: when a setting does not fit them.
    """
    path = require_file(config, (".npz", ".safetensors"))
    arrays = read_arrays(path)
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


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a .npz or .safetensors file, by name.

    Raises:
        DatasetError: when it cannot be read, or one holds Python objects.
    """
    from safetensors import SafetensorError  # noqa: PLC0415

    try:
        return _read_npz(path) if path.suffix.lower() == ".npz" else _read_safetensors(path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, SafetensorError) as error:
        raise DatasetError(f"{path}: no {path.suffix} file, or damaged ({show(error)})") from error


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    loaded = np.load(path, allow_pickle=False)
    if not isinstance(loaded, np.lib.npyio.NpzFile):
        raise DatasetError(f"{path}: holds a single array, no .npz file; write it with numpy.savez")
    with loaded as file:
        return {name: _array(path, name, file) for name in file.files}


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors.torch import load_file  # noqa: PLC0415

    return {name: as_numpy(tensor) for name, tensor in load_file(path).items()}


def _array(path: Path, name: str, file: Mapping[str, np.ndarray]) -> np.ndarray:
    try:
        return file[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        reason = "holds Python objects, which are not read; make it numbers or words (astype(float), astype(str))"
        raise DatasetError(f"{path}: {name} {reason}") from error


def as_numpy(tensor: Tensor) -> np.ndarray:
    """Return a tensor on the CPU as an array; what numpy has no type for, as float32."""
    small = (torch.float16, torch.float32, torch.float64)
    array: np.ndarray = (tensor.float() if tensor.is_floating_point() and tensor.dtype not in small else tensor).numpy()
    return array


def _source(config: DatasetConfig, task: str, arrays: dict[str, np.ndarray]) -> Source:
    ends = {part: end for part, end in PARTS.items() if f"x{end}" in arrays or f"y{end}" in arrays or part == "train"}
    for name in (f"{letter}{end}" for end in ends.values() for letter in "xy"):
        if name not in arrays:
            raise DatasetError(f"holds no array {name}; {offer(name, arrays)}")
    require_no_share(config, has_validation="validation" in ends)
    inputs = {part: arrays[f"x{end}"] for part, end in ends.items()}
    targets = targets_of({f"y{end}": arrays[f"y{end}"] for end in ends.values()}, task)
    _require_alike(ends, arrays)
    stored = {part: stored_inputs(f"x{ends[part]}", array) for part, array in inputs.items()}
    groups = _groups(config, ends, arrays)
    raw = {part: Raw(stored[part], targets.parts[f"y{end}"]) for part, end in ends.items()}
    raw["train"] = Raw(stored["train"], raw["train"].targets, groups=groups)
    read = {f"{letter}{end}" for end in ends.values() for letter in "xy"} | _names_of_groups(config, ends)
    skipped = ", ".join(sorted(set(arrays) - read))
    preparation = _preparation(config, stored["train"])
    return Source(
        targets.outputs, raw["train"], raw.get("validation"), raw.get("test"), skipped,
        kind=targets.kind, preparation=preparation,
    )  # fmt: skip


def require_no_share(config: DatasetConfig, *, has_validation: bool) -> None:
    """Refuse a share to hold out where there are validation examples.

    Raises:
        ConfigError: then.
    """
    if has_validation and config.val_fraction is not None:
        reason = "the data set has validation examples of its own; leave it null"
        raise ConfigError("dataset.val_fraction", config.val_fraction, reason)


def _require_alike(ends: dict[str, str], arrays: dict[str, np.ndarray]) -> None:
    for end in ends.values():
        x, y = arrays[f"x{end}"], arrays[f"y{end}"]
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
    if array.dtype.kind not in "biuf":
        raise DatasetError(f"{name}: must hold numbers, not {array.dtype}")
    if array.ndim == 1:
        array = array[:, None]
    if 0 in array.shape[1:]:
        raise DatasetError(f"{name}: has no numbers in an example: {array.shape}")
    if array.dtype == np.uint8 and array.ndim in (3, 4):
        return torch.from_numpy(np.ascontiguousarray(_as_images(name, array)))
    return torch.from_numpy(as_float32(name, array))


def _as_images(name: str, array: np.ndarray) -> np.ndarray:
    if array.ndim == len("NHW"):
        return array[:, None]
    if array.shape[1] in _CHANNELS:
        return array
    if array.shape[3] in _CHANNELS:
        return array.transpose(0, 3, 1, 2)
    reason = "bytes are images with 1 or 3 channels, in the second or the last dimension; others must be floats"
    raise DatasetError(f"{name}: {reason}, not {array.shape}")


def _preparation(config: DatasetConfig, stored: Tensor) -> Preparation:
    if stored.dtype != torch.uint8:
        return Scale() if config.standardize else AsTheyAre()
    if config.standardize:
        raise ConfigError("dataset.standardize", True, "images are numbers from −1 to 1 in any case; set it to false")
    return Pixels()


def _names_of_groups(config: DatasetConfig, ends: dict[str, str]) -> set[str]:
    return {f"{config.group_column}{end}" for end in ends.values()} if config.group_column else set()


def _groups(config: DatasetConfig, ends: dict[str, str], arrays: dict[str, np.ndarray]) -> np.ndarray | None:
    """Return the group of each training example; refuse one that is in another part, too."""
    name = config.group_column
    if name is None:
        return None
    if name not in arrays:
        raise ConfigError("dataset.group_column", name, f"no such array; {offer(name, set(arrays) - {'x', 'y'})}")
    for end in ends.values():
        if f"{name}{end}" not in arrays:
            raise DatasetError(f"holds {name}, and no {name}{end}: a group of x{end} may be in x, too; add it")
    groups = {end: arrays[f"{name}{end}"] for end in ends.values()}
    for end, array in groups.items():
        if array.shape != arrays[f"y{end}"].shape[:1]:
            num_examples = len(arrays[f"y{end}"])
            raise DatasetError(f"{name}{end} must name the group of each example, ({num_examples},), not {array.shape}")
    seen: dict[str, str] = {}
    for end, array in groups.items():
        for group in map(str, np.unique(array)):
            other = seen.setdefault(group, end)
            if other != end:
                raise DatasetError(f"group {show(group)} is in {name}{other} and {name}{end}; it must be in one part")
    return np.unique(groups[""], return_inverse=True)[1]
