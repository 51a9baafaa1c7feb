"""What a data set is: as its files hold it (`Source`), and split (`Dataset`).

Shapes: N examples; of images C channels, H rows, W columns; K classes, or M numbers that are predicted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from regsweep.data.preparation import Pixels, Preparation, Scale
from regsweep.data.streamed import Streamed
from regsweep.objectives import Kind


@dataclass(frozen=True)
class Raw:
    """Examples as stored, and what is to be predicted of them.

    Attributes:
        inputs: images (N, C, H, W) uint8, or what else the source's preparation takes, a row for each example: a
            tensor, a pandas DataFrame, or `Streamed`.
        targets: classes (N,) int64 from 0 to K−1, or numbers (N, M) float32.
        folder: the name of the folder that they lie in; empty where a data set has no such folders.
        groups: the number of the group of each example (N,), from 0; a group stays on one side of each split.
    """

    inputs: Any
    targets: Tensor
    folder: str = ""
    groups: np.ndarray | None = None

    def chosen(self, numbers: np.ndarray) -> Any:
        """Return the inputs of the examples with these numbers."""
        if isinstance(self.inputs, Streamed):
            return self.inputs.chosen(numbers)
        return self.inputs[torch.from_numpy(numbers)] if isinstance(self.inputs, Tensor) else self.inputs.iloc[numbers]


@dataclass(frozen=True)
class Source:
    """What a data set brings.

    Attributes:
        outputs: the names of the K classes, or of the M numbers.
        train: training examples, from which come the other two where the data set has none of its own.
        validation: its own validation examples, or None.
        test: its own test examples, or None.
        skipped: what lies among its files and was not read, with its number; empty where nothing was left out.
        is_mirrored: whether an image and its mirror image show the same; None where that is not known.
        kind: of the task.
        preparation: makes the inputs of a network from those that are stored; not fitted yet.
    """

    outputs: tuple[str, ...]
    train: Raw
    validation: Raw | None
    test: Raw | None
    skipped: str = ""
    is_mirrored: bool | None = None
    kind: Kind = "classification"
    preparation: Preparation = field(default_factory=Pixels)


@dataclass(frozen=True)
class Split:
    """Examples as the network has them, and what it is to predict.

    Attributes:
        examples: inputs float32, (N, …); images from −1 to 1, in ``channels_last`` memory order. Where they do not fit
            into memory, what reads them.
        targets: classes (N,) int64 from 0 to K−1, or numbers (N, M) float32, standardized.
        origin: where they are from, in words, where that does not go without saying.
    """

    examples: Tensor | Streamed
    targets: Tensor
    origin: str = ""

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def inputs(self) -> Tensor:
        """The inputs, of a split that is held in memory."""
        assert isinstance(self.examples, Tensor)
        return self.examples

    @property
    def is_streamed(self) -> bool:
        """Whether the inputs are read whenever they are needed."""
        return isinstance(self.examples, Streamed)

    def first(self, count: int) -> Tensor:
        """Return the inputs of the first examples."""
        if isinstance(self.examples, Streamed):
            return next(self.examples.chosen(np.arange(count)).batches([torch.arange(count)]))
        return self.examples[:count]

    def every(self, stride: int) -> "Split":
        """Return the first example and each that lies `stride` further on."""
        if stride == 1:
            return self
        places = np.arange(0, len(self), stride)
        some = self.examples.chosen(places) if isinstance(self.examples, Streamed) else self.examples[::stride]
        return Split(some, self.targets[::stride])

    def in_order(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield inputs and targets of all examples, at most so many at once."""
        targets = torch.split(self.targets, size)
        if isinstance(self.examples, Streamed):
            yield from zip(self.examples.batches(torch.split(torch.arange(len(self)), size)), targets, strict=True)
        else:
            yield from zip(torch.split(self.examples, size), targets, strict=True)

    def to(self, device: torch.device) -> "Split":
        """Return the same split on `device`."""
        return replace(self, examples=self.examples.to(device), targets=self.targets.to(device))


@dataclass(frozen=True)
class Dataset:
    """The three splits of one data set.

    Attributes:
        name: as in the configuration.
        outputs: the names of the K classes, or of the M numbers.
        train: what is trained on, with label noise where configured.
        validation: what configurations are chosen on; None where everything is trained on.
        test: what is opened once, at the end.
        skipped: see `Source`.
        is_mirrored: see `Source`.
        kind: of the task.
        preparation: made the inputs; fitted to the training examples.
        scale: made the targets of numbers; fitted likewise.
        groups: by what examples were kept on one side of each split; empty where they were not.
    """

    name: str
    outputs: tuple[str, ...]
    train: Split
    validation: Split | None
    test: Split
    skipped: str = ""
    is_mirrored: bool | None = None
    kind: Kind = "classification"
    preparation: Preparation = field(default_factory=Pixels)
    scale: Scale | None = None
    groups: str = ""

    def constants(self) -> dict[str, Any]:
        """Return what was fitted to the training examples, as plain values: of the inputs and, of numbers, the targets.

        From the first `regsweep.data.preparation.preparation_of` makes the same preparation again.
        """
        return {"inputs": self.preparation.constants(), "targets": self.scale.constants() if self.scale else None}

    @property
    def num_outputs(self) -> int:
        """K or M."""
        return len(self.outputs)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of one example: channels, rows and columns of an image."""
        return tuple(self.train.examples.shape[1:])

    @property
    def has_images(self) -> bool:
        """Whether an example is an image: channels, rows and columns."""
        return len(self.input_shape) == len("CHW")

    @property
    def class_sizes(self) -> dict[str, list[int]]:
        """The number of examples of each class, by split; nothing where numbers are predicted."""
        if self.kind != "classification":
            return {}
        return {
            name: torch.bincount(split.targets, minlength=self.num_outputs).tolist()
            for name, split in self.splits.items()
        }

    @property
    def deviations(self) -> dict[str, list[float]]:
        """The standard deviation of each number that is predicted, by split; nothing where classes are."""
        if self.scale is None:
            return {}
        return {
            name: self.scale.back(split.targets).double().std(0, correction=0).tolist()
            for name, split in self.splits.items()
        }

    @property
    def splits(self) -> dict[str, Split]:
        """The splits that there are, by name."""
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: split for name, split in splits.items() if split is not None}

    def to(self, device: torch.device) -> "Dataset":
        """Return the same data set on `device`, where it stays."""
        validation = self.validation.to(device) if self.validation else None
        return replace(self, train=self.train.to(device), validation=validation, test=self.test.to(device))
