"""What is predicted, whatever it is stored as: classes or numbers, and whether the two can be told apart.

Shapes: N examples, K classes, M numbers that are predicted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from regsweep.errors import ConfigError, DatasetError, show
from regsweep.objectives import Kind
from regsweep.signatures import offer

MOST_WHOLE_NUMBERS = 20
"""So many different whole numbers are classes; more of them, and those with a fraction, are numbers."""

_AT_LEAST_TWO = 2


@dataclass(frozen=True)
class Targets:
    """What is predicted in each part of a data set.

    Attributes:
        kind: of the task.
        outputs: the names of the K classes, or of the M numbers.
        parts: by the name of a part, classes (N,) int64 from 0 to K−1, or numbers (N, M) float32.
    """

    kind: Kind
    outputs: tuple[str, ...]
    parts: dict[str, Tensor]


def targets_of(parts: Mapping[str, np.ndarray], task: str = "auto", classes: Sequence[str] | None = None) -> Targets:
    """Return what the arrays in `parts`, the training examples' first, give to predict.

    Args:
        parts: by a name that errors have, whole numbers, words, booleans or other numbers, (N,) or (N, M).
        task: ``classification``, ``regression``, or ``auto``: by the training examples' (`MOST_WHOLE_NUMBERS`).
        classes: the names of the classes 0 to K−1, where the data set has them: then these are classes under ``auto``.

    Raises:
        DatasetError: for a value that is missing or not finite, a target that never changes, and for a class that no
            training example has.
        ConfigError: when they do not fit the task.
    """
    arrays = {name: _plain(name, array) for name, array in parts.items()}
    first = next(iter(arrays))
    has_names = classes is not None and _are_numbers_of(arrays[first], len(classes))
    kind = _kind(first, arrays[first], "classification" if has_names and task == "auto" else task)
    if kind == "regression":
        names = _names_of_numbers(first, arrays)
        return Targets(kind, names, {name: _numbers(name, array) for name, array in arrays.items()})
    known, numbers = np.unique(arrays[first], return_inverse=True)
    if len(known) < _AT_LEAST_TWO:
        raise DatasetError(f"{first}: holds a single class, {show(_name(known[0]))}; two or more are needed")
    if classes is not None and has_names:
        known, numbers = np.arange(len(classes)), arrays[first]
        names = tuple(map(str, classes))
    else:
        names = tuple(map(_name, known))
    placed = {first: torch.from_numpy(numbers.astype(np.int64))}
    placed |= {name: _placed(name, array, known, first) for name, array in arrays.items() if name != first}
    return Targets(kind, names, placed)


def targets_among(
    name: str, array: np.ndarray, kind: Kind, outputs: Sequence[str], *, is_of_table: bool = False
) -> Tensor:
    """Return what an array has to predict by a network that was trained before, with these `outputs`.

    Where no class has a whole number for its name, the classes' numbers are taken for them, too.

    Returns:
        Classes (N,) int64 from 0 to K−1, or numbers (N, M) float32.

    Raises:
        DatasetError: for a value that is missing or not finite, for a class that is none of these, and for numbers of
            another shape.
    """
    array = _plain(name, array)
    if kind == "regression":
        numbers = None if array.dtype.kind == "U" else _numbers(name, array)
        if numbers is None or numbers.shape[1] != len(outputs):
            found = "words" if numbers is None else f"the shape {array.shape}"
            raise DatasetError(f"{name}: must hold {len(outputs)} numbers of each example, not {found}")
        return numbers
    if _are_numbers_of(array, len(outputs)) and not any(output.isdecimal() for output in outputs):
        return torch.from_numpy(array.astype(np.int64))
    place = {output: number for number, output in enumerate(outputs)}
    words = [show(list(row)) for row in array] if array.ndim > 1 else list(map(_name, array))
    unknown = next((row for row, word in enumerate(words) if word not in place), None)
    if unknown is not None:
        row = f"{unknown + 1} (counted from 1, below the header)" if is_of_table else f"{unknown} (counted from 0)"
        reason = f"{show(words[unknown])} in row {row} is no class of the run"
        raise DatasetError(f"{name}: {reason}; {offer(words[unknown], outputs)}")
    return torch.tensor([place[word] for word in words])


def _plain(name: str, array: np.ndarray) -> np.ndarray:
    """Return numbers, booleans or words (N,) or (N, M)."""
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    if array.dtype.kind not in "biufU":
        raise DatasetError(f"{name}: must hold numbers, words, or true and false, not {array.dtype}")
    if array.ndim == _AT_LEAST_TWO and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, _AT_LEAST_TWO):
        raise DatasetError(f"{name}: must have the shape (N,) or (N, M), not {array.shape}")
    if len(array) == 0:
        raise DatasetError(f"{name}: holds no examples")
    if array.dtype.kind == "f":
        require_finite(name, array)
    return array


def require_finite(name: str, array: np.ndarray, begin: int = 0, later: Iterable[np.ndarray] = ()) -> None:
    """Refuse numbers that are not finite.

    Args:
        name: in the error.
        array: rows of numbers.
        begin: the number of the first of them.
        later: the rows that come after them, some at once; looked at where one of these is refused.

    Raises:
        DatasetError: with the place of the first.
    """
    is_bad = ~np.isfinite(array)
    if is_bad.any():
        row, *others = map(int, np.argwhere(is_bad)[0])
        column = "".join(f", {'column ' if place == 0 else ''}{each}" for place, each in enumerate(others))
        value = {True: "NaN", False: "infinite"}[bool(np.isnan(array[(row, *others)]))]
        more = int(is_bad.sum()) - 1 + sum(int((~np.isfinite(each)).sum()) for each in later)
        also = f", and in {more} more places" if more else ""
        raise DatasetError(f"{name}: {value} in row {begin + row}{column} (counted from 0){also}; remove or replace it")


def _kind(name: str, array: np.ndarray, task: str) -> Kind:
    if task == "regression":
        if array.dtype.kind == "U":
            raise ConfigError("task", task, f"{name} holds words ({show(array.flat[0])}), no numbers; leave it auto")
        return "regression"
    has_several = array.ndim > 1
    if has_several and _is_one_hot(array):
        reason = f"{name} has {array.shape[1]} columns, and in each row one is 1 and the others 0: are these classes?"
        next_step = "store the number of each, y.argmax(1); to predict the columns as numbers, set task=regression"
        raise ConfigError("task", task, f"{reason} {next_step}")
    fraction = array.dtype.kind == "f" and (array % 1 != 0)
    has_fraction = bool(np.any(fraction))
    if task == "classification":
        if has_several:
            raise ConfigError("task", task, f"{name} has {array.shape[1]} columns; classes are one; leave it auto")
        if has_fraction:
            row = int(np.argmax(fraction))
            reason = f"{name} holds numbers with a fraction ({array[row]} in row {row}), no classes; leave it auto"
            raise ConfigError("task", task, reason)
        return "classification"
    if has_several and array.dtype.kind == "U":
        raise DatasetError(f"{name}: has {array.shape[1]} columns of words; a class is one word")
    is_numeric = array.dtype.kind in "iuf"
    is_many = is_numeric and not has_several and len(np.unique(array)) > MOST_WHOLE_NUMBERS
    return "regression" if has_several or has_fraction or is_many else "classification"


def _is_one_hot(array: np.ndarray) -> bool:
    """Return whether each row (N, M) is 1 in one column and 0 in the others: as classes are coded elsewhere."""
    return array.dtype.kind in "biuf" and bool(((array == 1).sum(1) == 1).all() and ((array == 0) | (array == 1)).all())


def _names_of_numbers(first: str, arrays: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """Return a name for each number that is predicted, of those that change."""
    shape = arrays[first].shape[1:]
    for name, array in arrays.items():
        if array.shape[1:] != shape:
            raise DatasetError(f"{name}: has the shape {array.shape}, {first} {arrays[first].shape}")
        if array.dtype.kind == "U":
            raise DatasetError(f"{name}: holds words ({show(array.flat[0])}) where {first} holds numbers")
    numbers = arrays[first].reshape(len(arrays[first]), -1)
    names = tuple(f"{first} {column}" for column in range(numbers.shape[1])) if shape else (first,)
    for output, column in zip(names, numbers.T, strict=True):
        if (column == column[0]).all():
            raise DatasetError(f"{output}: is {column[0]} in every example; there is nothing to predict")
    return names


def _numbers(name: str, array: np.ndarray) -> Tensor:
    numbers = as_float32(name, array)
    return torch.from_numpy(numbers.reshape(len(array), -1))


def as_float32(name: str, array: np.ndarray, begin: int = 0, later: Iterable[np.ndarray] = ()) -> np.ndarray:
    """Return numbers as float32; the arguments are those of `require_finite`.

    Raises:
        DatasetError: with the place of the first that is not finite, or too large for it.
    """
    if array.dtype.kind == "f":
        require_finite(name, array, begin, later)
    with np.errstate(over="ignore"):
        numbers = array.astype(np.float32)
    is_bad = np.isinf(numbers)
    if is_bad.any():
        place = tuple(map(int, np.argwhere(is_bad)[0]))
        reason = "is too large for float32, in which networks compute; divide them all"
        raise DatasetError(f"{name}: {array[place]:.3g} in row {begin + place[0]} (counted from 0) {reason}")
    return numbers


def require_float32(name: str, pieces: Iterator[np.ndarray]) -> None:
    """Refuse numbers of which `as_float32` makes none, of an array that comes in pieces of some rows.

    Raises:
        DatasetError: with the place of the first.
    """
    begin = 0
    for piece in pieces:
        as_float32(name, piece, begin, pieces)
        begin += len(piece)


def _placed(name: str, array: np.ndarray, known: np.ndarray, first: str) -> Tensor:
    """Return the place of each class among those that are `known`."""
    is_comparable = array.ndim == 1 and (array.dtype.kind == "U") == (known.dtype.kind == "U")
    is_unknown = ~np.isin(array, known) if is_comparable else np.ones(len(array), bool)
    if is_unknown.any():
        row = int(is_unknown.argmax())
        named = show(array[row] if array.ndim > 1 else _name(array[row]))
        raise DatasetError(f"{name}: {named} in row {row} (counted from 0) is no class of {first}")
    return torch.from_numpy(np.searchsorted(known, array).astype(np.int64))


def _are_numbers_of(array: np.ndarray, num_classes: int) -> bool:
    return array.ndim == 1 and array.dtype.kind in "iu" and array.min() >= 0 and array.max() < num_classes


def _name(value: np.generic) -> str:
    """Return the name of a class; a whole number has no point."""
    return str(int(value)) if value.dtype.kind == "f" and float(value).is_integer() else str(value)
