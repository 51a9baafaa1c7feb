"""Files of arrays: read as a whole, or some rows at once.

A .npz file is a ZIP archive that holds an .npy file for each array (``numpy.lib.format``). A .safetensors file begins
with the size of its header, 8 bytes, and the header, JSON; then come the bytes of the arrays
(https://github.com/huggingface/safetensors#format).
"""

from __future__ import annotations

import json
import math
import struct
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from regsweep.errors import DatasetError, show

_AT_ONCE = 2**20
"""Numbers that are read together."""

_ZIP_HEADER = 30
"""Bytes of an archive before the name of a member, of which the last four are the lengths of the name and of more."""

_LARGEST_HEADER = 100_000_000
"""Bytes of a .safetensors file's; as its own library has it."""

_TYPES = {"BOOL": "?", "U8": "u1", "I8": "i1", "F16": "<f2", "BF16": "<u2", "F32": "<f4", "F64": "<f8"}
_TYPES |= {f"{letter.upper()}{8 * size}": f"<{letter}{size}" for letter in "iu" for size in (2, 4, 8)}
"""numpy's, by those of .safetensors files; the upper half of a float32 is read as a whole number."""


@dataclass(frozen=True)
class Rows:
    """An array in a file. Rows are read when they are needed, through a file that is opened for them.

    No file is mapped into memory: of a process whose address space is limited, that would take as much as the file has.

    Attributes:
        path: of the file.
        name: of the array.
        shape: with a row for each example first.
        dtype: that its rows have once they are read.
        start: the byte of the file at which the first row begins.
        stored: the numbers in the file; where it differs from `dtype`, they are bfloat16.
        obstacle: why rows cannot be read, in words; empty where they can.
    """

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    start: int
    stored: np.dtype
    obstacle: str = ""

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """The number of its dimensions."""
        return len(self.shape)

    def read(self, begin: int, end: int) -> np.ndarray:
        """Return the rows from `begin` to before `end`.

        Raises:
            DatasetError: when they cannot be read.
        """
        numbers = math.prod(self.shape[1:])
        start = self.start + begin * numbers * self.stored.itemsize
        try:
            read = np.fromfile(self.path, self.stored, (end - begin) * numbers, offset=start)
            rows: np.ndarray = read.reshape(end - begin, *self.shape[1:])
        except (OSError, ValueError) as error:
            raise DatasetError(f"{self.name}: rows {begin} to {end - 1} cannot be read ({show(error)})") from error
        if self.stored != self.dtype:
            return (rows.astype(np.uint32) << 16).view(np.float32)
        return rows

    def pieces(self) -> Iterator[np.ndarray]:
        """Yield all rows, about a million numbers at once."""
        size = max(1, _AT_ONCE // max(1, math.prod(self.shape[1:])))
        for begin in range(0, len(self), size):
            yield self.read(begin, min(begin + size, len(self)))

    def whole(self) -> np.ndarray:
        """Return the array.

        Raises:
            DatasetError: when it cannot be read, or holds Python objects.
        """
        if self.path.suffix.lower() == ".npz":
            return read_arrays(self.path, self.name)[self.name]
        if self.obstacle or not self.shape:
            reason = f"{self.obstacle or 'is a single number'}; save it as an array of numbers"
            raise DatasetError(f"{self.path}: {self.name} {reason}")
        return self.read(0, len(self))


def find_arrays(path: Path) -> dict[str, Rows]:
    """Return the arrays of a .npz or .safetensors file by name, without reading them.

    Nothing where the first is no archive: `read_arrays` says what it is.

    Raises:
        DatasetError: when the file is damaged.
    """
    try:
        return _find_in_npz(path) if path.suffix.lower() == ".npz" else _find_in_safetensors(path)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from error


def read_arrays(path: Path, only: str | None = None) -> dict[str, np.ndarray]:
    """Return the arrays of a .npz or .safetensors file, by name.

    Args:
        path: the file.
        only: the name of the one that is needed of a .npz file; None: all.

    Raises:
        DatasetError: when it cannot be read, or one holds Python objects.
    """
    from safetensors import SafetensorError  # noqa: PLC0415

    try:
        return _read_npz(path, only) if path.suffix.lower() == ".npz" else _read_safetensors(path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, SafetensorError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> DatasetError:
    # Of Python objects and of any text numpy says how to load them, which would let the file run code.
    reason = "no arrays, or Python objects, which are not read" if "pickle" in str(error) else show(error)
    return DatasetError(f"{path}: no {path.suffix} file, or damaged ({reason})")


def _find_in_npz(path: Path) -> dict[str, Rows]:
    if not zipfile.is_zipfile(path):
        return {}
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        found = {}
        for info in members:
            name = info.filename.removesuffix(".npy")
            with archive.open(info) as member:
                version = np.lib.format.read_magic(member)
                read_header = "read_array_header_1_0" if version == (1, 0) else "read_array_header_2_0"
                shape, is_by_column, dtype = getattr(np.lib.format, read_header)(member)
                header_size = member.tell()
            file.seek(info.header_offset)
            lengths = struct.unpack("<HH", file.read(_ZIP_HEADER)[-4:])
            start = info.header_offset + _ZIP_HEADER + sum(lengths) + header_size
            is_compressed = info.compress_type != zipfile.ZIP_STORED
            obstacle = "is compressed" if is_compressed else "is stored column by column" if is_by_column else ""
            found[name] = Rows(path, name, shape, dtype, start, dtype, obstacle)
    return found


def _find_in_safetensors(path: Path) -> dict[str, Rows]:
    file_size = path.stat().st_size
    with path.open("rb") as file:
        header_size = int.from_bytes(file.read(8), "little")
        if header_size > min(_LARGEST_HEADER, file_size):
            raise ValueError("its header is cut")
        header = json.loads(file.read(header_size))
    found = {}
    for name, each in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + header_size + offset for offset in each["data_offsets"])
        kind, shape = each["dtype"], tuple(map(int, each["shape"]))
        stored = np.dtype(_TYPES.get(kind, "u1"))
        if end > file_size or (kind in _TYPES and end - begin != math.prod(shape) * stored.itemsize):
            raise ValueError(f"{name} is cut")
        dtype = np.dtype(np.float32) if kind == "BF16" else stored
        found[name] = Rows(path, name, shape, dtype, begin, stored, "" if kind in _TYPES else f"holds {kind}")
    return found


def _read_npz(path: Path, only: str | None = None) -> dict[str, np.ndarray]:
    loaded = np.load(path, allow_pickle=False)
    if not isinstance(loaded, np.lib.npyio.NpzFile):
        raise DatasetError(f"{path}: holds a single array, no .npz file; write it with numpy.savez")
    with loaded as file:
        return {name: _array(path, name, file) for name in file.files if only in (None, name)}


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
