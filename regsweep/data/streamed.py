"""Examples that are read whenever they are needed, by torch's DataLoader and its worker processes.

The order of the batches is known before an epoch begins, so they are the same, bit for bit, as those of examples that
are held in memory.

Shapes: N examples of a split; B of a batch.
"""

from __future__ import annotations

import math
import multiprocessing
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from regsweep.config import DatasetConfig
from regsweep.errors import ConfigError, DatasetError
from regsweep.memory import available_memory, in_gigabytes

MOST_WORKERS = 8
"""Processes that read at once; fewer where the run computes with fewer threads, one for each."""

MANY = 1000
"""Examples from which on several processes read them, where they are read once; starting these takes longer else."""

_AT_ONCE = 256
"""Examples that are read together, where the order is that of the data set."""

_MOST_BYTES = 2**25
"""What they take together, unless a single one takes more."""

_CPU = torch.device("cpu")

Items = torch.utils.data.Dataset[Any]
Read = Callable[[int], tuple[Tensor, Any]]
"""Returns the stored input of an example and what is to be predicted, by its number; raises `DatasetError`."""


@dataclass(eq=False)
class Examples:
    """The examples of one source, by their numbers.

    Attributes:
        read: reads one of them, in a worker process.
        shape: of one as the network has it.
        num_workers: processes that read; 0: this one.
    """

    read: Read
    shape: tuple[int, ...]
    num_workers: int

    def __post_init__(self) -> None:
        self._idle: list[_Reader] = []

    def batches(self, numbers: Sequence[np.ndarray], device: torch.device) -> Iterator[tuple[Tensor, list[Any]]]:
        """Yield the stored inputs of the examples with these numbers, a batch after the other, and their targets.

        Raises:
            DatasetError: when one cannot be read.
        """
        # Its processes are kept for the next epoch, unless it was left in the middle of this one.
        reader = self._idle.pop() if self._idle else _Reader(self, device)
        for place, batch in enumerate(reader.batches(numbers), start=1):
            if place == len(numbers):
                self._idle.append(reader)
            yield batch

    def in_order(self, count: int, num_bytes: int) -> Iterator[tuple[Tensor, list[Any]]]:
        """Yield the stored inputs of the first `count` examples, some at once, and their targets.

        Args:
            count: how many there are.
            num_bytes: of one of them.

        Raises:
            DatasetError: when one cannot be read.
        """
        at_once = min(_AT_ONCE, max(1, _MOST_BYTES // num_bytes))
        yield from self.batches(np.array_split(np.arange(count), math.ceil(count / at_once)), _CPU)


class _Reader:
    """A DataLoader that can be asked for other batches each time, and keeps its worker processes."""

    def __init__(self, examples: Examples, device: torch.device) -> None:
        self._numbers: list[list[int]] = []
        self._loader = DataLoader(
            cast(Items, _Items(examples.read)),
            batch_sampler=self._numbers,
            collate_fn=_together,
            num_workers=examples.num_workers,
            persistent_workers=examples.num_workers > 0,
            # A fork ends with its parent, however that ends; what a fork server has started does not.
            multiprocessing_context="fork" if examples.num_workers and sys.platform == "linux" else None,
            pin_memory=device.type == "cuda",
            generator=torch.Generator().manual_seed(0),  # else it would move the global one, and the run's noise
        )
        weakref.finalize(self, _end_processes, self._loader)

    def batches(self, numbers: Sequence[np.ndarray]) -> Iterator[tuple[Tensor, list[Any]]]:
        self._numbers[:] = [each.tolist() for each in numbers]
        for read in self._loader:
            if isinstance(read, str):
                raise DatasetError(read)
            yield read


def _end_processes(loader: DataLoader[Any]) -> None:
    """End a loader's processes while it is whole: taken apart by the garbage collector it waits 5 seconds for each."""
    iterator = getattr(loader, "_iterator", None)
    if iterator is not None and hasattr(iterator, "_shutdown_workers"):
        iterator._shutdown_workers()


class _Items:
    """What the worker processes read: an example, or why there is none, as an error would lose its one line."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def __getitem__(self, number: int) -> tuple[Tensor, Any] | str:
        try:
            return self._read(number)
        except DatasetError as error:
            return str(error)


def _together(items: Sequence[tuple[Tensor, Any] | str]) -> tuple[Tensor, list[Any]] | str:
    whole: list[tuple[Tensor, Any]] = []
    for item in items:
        if isinstance(item, str):
            return item
        whole.append(item)
    return torch.stack([stored for stored, _ in whole]), [target for _, target in whole]


@dataclass(frozen=True, eq=False)
class Streamed:
    """The inputs of a split, read in batches; in a `Split` it stands in place of their tensor.

    Attributes:
        examples: of the source.
        numbers: of those that belong to the split (N,).
        prepare: makes inputs of what is stored; None: not known yet.
        device: to which the batches go.
    """

    examples: Examples
    numbers: np.ndarray
    prepare: Callable[[Tensor], Tensor] | None = None
    device: torch.device = _CPU

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all inputs (N, …)."""
        return len(self.numbers), *self.examples.shape

    def chosen(self, places: np.ndarray) -> Streamed:
        """Return those at these places."""
        return replace(self, numbers=self.numbers[places])

    def prepared(self, prepare: Callable[[Tensor], Tensor]) -> Streamed:
        """Return the inputs that `prepare` makes."""
        return replace(self, prepare=prepare)

    def to(self, device: torch.device) -> Streamed:
        """Return the same, on `device`."""
        return replace(self, device=device)

    def stored(self, size: int) -> Iterator[Tensor]:
        """Yield what is stored of all examples, at most `size` of them at once, in their order."""
        for stored, _ in self.examples.batches(np.split(self.numbers, np.arange(size, len(self), size)), _CPU):
            yield stored

    def batches(self, places: Sequence[Tensor]) -> Iterator[Tensor]:
        """Yield the inputs (B, …) at these places of the split, a batch after the other."""
        assert self.prepare is not None
        numbers = [self.numbers[each.cpu().numpy()] for each in places]
        for stored, _ in self.examples.batches(numbers, self.device):
            yield self.prepare(stored.to(self.device, non_blocking=True))


def num_workers() -> int:
    """Return how many processes read: as many as threads compute, at most `MOST_WORKERS`.

    None where this process may have no children, as the one that checks a sweep before it begins.
    """
    return 0 if multiprocessing.current_process().daemon else min(MOST_WORKERS, torch.get_num_threads())


def must_stream(config: DatasetConfig, first: Tensor, num_examples: int, device: torch.device) -> bool:
    """Return whether examples are read anew in each epoch: where they do not fit into half of what is free.

    Args:
        config: of the data.
        first: the first example as it is stored.
        num_examples: of the data set.
        device: where held examples will lie.

    Raises:
        ConfigError: when they are to be held and do not fit at all.
    """
    if config.stream:
        return True
    as_inputs = num_examples * first.numel() * torch.float32.itemsize
    needed = {"memory": 2 * num_examples * first.numel() * first.element_size() + as_inputs}  # stored, and split
    free = {"memory": available_memory()}
    if device.type == "cuda":
        needed["memory of the device"], free["memory of the device"] = as_inputs, torch.cuda.mem_get_info(device)[0]
    for name, size in needed.items():
        if config.stream is False and size > free[name]:
            reason = f"the examples need {in_gigabytes(size)} of {name}, and {in_gigabytes(free[name])} are free"
            raise ConfigError("dataset.stream", False, f"{reason}; set it to true")
    return config.stream is None and any(size > free[name] / 2 for name, size in needed.items())
