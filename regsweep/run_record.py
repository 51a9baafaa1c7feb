"""``result.json``: what a run ended with and what it was made of. Whoever writes or reads it does so by this class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from regsweep import records

Number = Annotated[float, Field(allow_inf_nan=False)]
Status = Literal["complete", "pruned", "diverged", "failed"]

SPLITS = ("validation", "train", "test")
METRICS = ("accuracy", "loss")
SHARES = ("sparsity", "near_zero")


def is_of_epoch(name: str) -> bool:
    """Return whether a trial has the number of this name after each epoch: a metric of training or validation."""
    return name.startswith(tuple(f"{split}_" for split in SPLITS[:2]))


@dataclass(frozen=True)
class UsedMethod:
    """A method of regularization as a run used it.

    Attributes:
        title: in plain words.
        description: with its settings, in plain words.
        settings: by key, as plain values.
        main: the key of the main setting; None for a method without one.
        reference: title and reference of its paper; empty where there is none.
        is_penalty: whether its main setting is a λ.
        numbers: what the method itself recorded of the trained network.
        parameters: how many numbers it covers (``covered``), and how many it leaves ``free``; empty without a scope.
    """

    title: str
    description: str
    settings: dict[str, Any] = field(default_factory=dict)
    main: str | None = None
    reference: list[str] = field(default_factory=list)
    is_penalty: bool = False
    numbers: dict[str, Number] = field(default_factory=dict)
    parameters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskRecord:
    """What a run had to do, and by which number it is compared with others.

    Attributes:
        kind: ``classification`` or ``regression``.
        objective: the name of that number.
        maximize: whether more of it is better.
        is_percent: whether it is a share that is shown in percent.
        is_mean: whether it is a mean over examples.
        loss: the name of the loss.
        sizes: the number of examples, by split.
        input_shape: of one example.
        outputs: the names of the classes, or of the numbers that are predicted.
        deviations: by split, the standard deviation of each number that is predicted; empty for classes.
    """

    kind: str = "classification"
    objective: str = "accuracy"
    maximize: bool = True
    is_percent: bool = True
    is_mean: bool = True
    loss: str = "cross_entropy"
    sizes: dict[str, int] = field(default_factory=dict)
    input_shape: list[int] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    deviations: dict[str, list[Number]] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRecord:
    """What a run ended with. A run that did not complete has what was known by then.

    Attributes:
        status: how it ended.
        error: the reason of an end that is not complete.
        metrics: by split and name; accuracies are fractions, errors in the unit of what is predicted.
        penalty: the penalties' value, apart from the loss.
        best_epoch: the epoch (from 1) of the best objective on the validation examples.
        epochs: how many were trained.
        sparsity: the share of exact zeros among the weights, ``overall`` and by ``layers``.
        near_zero: the share of weights within ±0.001 of zero, likewise.
        histogram: of each layer's weights.
        weights_sha256: digest of all parameters and buffers.
        methods: those in use, by name; None in records of versions before 0.3.
        batch_norm: whether the network had BatchNorm.
        own_batch_norm: whether it has BatchNorm without any method.
        dropout: whether it had dropout: the method's, or its own.
        own_dropout: the dropout that it has without any method, in words; None where it has none.
        adapted: what was changed in the network that its target makes, a line each.
        seconds: ``train``, ``evaluate``, ``total``.
        seed: the run's.
        class_sizes: by split, the number of examples of each class; empty where numbers are predicted.
        task: None in records of versions before 0.3, which are of classification, by accuracy.
        ended: unix time.
        versions: of Python and packages.
        git: commit and state of the working folder.
        machine: system, processor, device, precision, threads.
    """

    status: Status
    error: str | None = None
    metrics: dict[str, dict[str, Number]] = field(default_factory=dict)
    penalty: Number | None = None
    best_epoch: int | None = None
    epochs: int | None = None
    sparsity: dict[str, Any] = field(default_factory=dict)
    near_zero: dict[str, Any] = field(default_factory=dict)
    histogram: dict[str, Any] = field(default_factory=dict)
    weights_sha256: str | None = None
    methods: dict[str, UsedMethod] | None = None
    batch_norm: bool | None = None
    own_batch_norm: bool | None = None
    dropout: bool | None = None
    own_dropout: str | None = None
    adapted: list[str] = field(default_factory=list)
    seconds: dict[str, Number] = field(default_factory=dict)
    seed: int | None = None
    class_sizes: dict[str, list[int]] = field(default_factory=dict)
    task: TaskRecord | None = None
    ended: Number | None = None
    versions: dict[str, Any] = field(default_factory=dict)
    git: dict[str, Any] | None = None
    machine: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write the record to `path`, whole or not at all; what is not known is left out.

        No methods are known, too: a record without the key is one of a version before 0.3.
        """
        content = {each.name: _plain(getattr(self, each.name)) for each in fields(self)}
        records.write_json(path, {name: value for name, value in content.items() if value is not None})

    @staticmethod
    def read(path: Path) -> RunRecord:
        """Return the record at `path`.

        Raises:
            RecordError: when it cannot be read, or a value is of another type or not finite.
        """
        return records.read_as(path, RunRecord)

    def numbers(self) -> dict[str, float]:
        """Return metrics and shares by the names that they have in ``trials.csv``, ``validation_accuracy`` for one."""
        named = {f"{split}_{name}": v for split, of_split in self.metrics.items() for name, v in of_split.items()}
        shares = {name: getattr(self, name).get("overall") for name in SHARES}
        return {**named, **{name: value for name, value in shares.items() if value is not None}}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, UsedMethod | TaskRecord):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value
