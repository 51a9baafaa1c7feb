"""The training loop. It knows tensors and nothing of configurations, files, Hydra or Optuna.

Shapes: N images in all, B of a batch, C channels, H rows, W columns, K classes.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import Parameter
from torch.optim import Optimizer

from regsweep.data import Dataset, Split
from regsweep.errors import DivergedError
from regsweep.metrics import Metrics, evaluate
from regsweep.regularizers import Penalty
from regsweep.step import RepeatedStep, Step, capture_cuda_graph

TRAIN_SAMPLE = 5000
"""Training metrics are taken on at most this many training images, always the same ones."""


@dataclass(frozen=True)
class EpochRow:
    """What is known after an epoch.

    Attributes:
        epoch: from 1.
        train: on the fixed sample of training images, in evaluation mode.
        validation: None where there are no validation images.
        penalty: the penalty's value, apart from the cross-entropy.
        train_seconds: spent on the epoch's steps.
        evaluate_seconds: spent on evaluating after it.
    """

    epoch: int
    train: Metrics
    validation: Metrics | None
    penalty: float
    train_seconds: float
    evaluate_seconds: float


class Observer(Protocol):
    """Who is told of the progress of a training."""

    def on_step(self) -> None:
        """Hear that a step was made."""

    def on_epoch(self, row: EpochRow) -> None:
        """Hear what is known after an epoch."""


@dataclass(frozen=True)
class Settings:
    """The loop's own numbers.

    Attributes:
        epochs: passes over the training images.
        batch_size: images per step, at most.
        precision: of the forward pass, ``float32`` or ``bfloat16``.
        cuda_graphs: capture a step once as a CUDA graph and repeat it; on a CUDA device only.
        restore_best: end with the weights of the epoch with the best validation accuracy (the first of equals).
    """

    epochs: int
    batch_size: int
    precision: str = "float32"
    cuda_graphs: bool = False
    restore_best: bool = False


def train(
    model: nn.Module,
    dataset: Dataset,
    optimizer: Optimizer,
    penalty: Penalty,
    *,
    penalized: Mapping[str, Parameter],
    settings: Settings,
    batch_order: torch.Generator,
    observer: Observer,
) -> int | None:
    """Train `model` in place and return its best validation epoch (from 1), None without validation images.

    Randomness comes from `batch_order` (a generator on the CPU) and, for dropout, from torch's global one.

    Raises:
        DivergedError: when the loss is no longer finite.
    """
    covered = list(penalized.values())
    sample, held_out = _sample(dataset.train), dataset.validation
    plain = Step(model, dataset.train, optimizer, penalty, penalized=covered, precision=settings.precision)
    step = RepeatedStep(plain, capture_cuda_graph) if settings.cuda_graphs else plain
    best: tuple[float, int, dict[str, Tensor]] | None = None
    for epoch in range(1, settings.epochs + 1):
        began = time.perf_counter()
        model.train()
        loss = _train_epoch(step, dataset.train, settings.batch_size, batch_order, observer)
        trained = time.perf_counter()
        train_metrics = _evaluate(model, sample, settings)
        validation = None if held_out is None else _evaluate(model, held_out, settings)
        with torch.no_grad():
            penalty_value = penalty.value(covered)
        for value in (loss, train_metrics.loss, validation.loss if validation else 0.0, penalty_value):
            if not math.isfinite(value):
                raise DivergedError(epoch, value)
        evaluated = time.perf_counter()
        if validation is not None and (best is None or validation.accuracy > best[0]):
            best = (validation.accuracy, epoch, _snapshot(model) if settings.restore_best else {})
        observer.on_epoch(
            EpochRow(epoch, train_metrics, validation, penalty_value, trained - began, evaluated - trained)
        )
    if best is not None and settings.restore_best:
        model.load_state_dict(best[2])
    return best[1] if best else None


def num_steps(num_images: int, batch_size: int) -> int:
    """Return the number of steps in an epoch; see `_batches`."""
    parts = math.ceil(num_images / batch_size)
    smallest, num_larger = divmod(num_images, parts)
    return num_larger if smallest == 1 and num_larger else parts


def _train_epoch(
    step: Step | RepeatedStep,
    split: Split,
    batch_size: int,
    batch_order: torch.Generator,
    observer: Observer,
) -> float:
    """Make one pass over `split` and return the mean cross-entropy of its batches, as seen while training."""
    step.total_loss.zero_()
    for index_B in _batches(split, batch_size, batch_order):
        step(index_B)
        observer.on_step()
    return step.total_loss.item() / num_steps(len(split), batch_size)


def _batches(split: Split, batch_size: int, order: torch.Generator) -> tuple[Tensor, ...]:
    """Return the indices of each batch, in a fresh random order, on the device that holds `split`.

    The images are divided evenly into as few batches of at most `batch_size` as hold them all, so that sizes differ by
    one at most. A small last batch would be a noisy step, and it would enter BatchNorm's running statistics with the
    weight of a full one, just before each evaluation. A batch of a single image beside larger ones is left out, for
    every network alike: BatchNorm cannot train on it.
    """
    permutation = torch.randperm(len(split), generator=order).to(split.labels_N.device)
    return torch.tensor_split(permutation, math.ceil(len(split) / batch_size))[: num_steps(len(split), batch_size)]


def _evaluate(model: nn.Module, split: Split, settings: Settings) -> Metrics:
    return evaluate(model, split.images_NCHW, split.labels_N, settings.precision)


def _snapshot(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def _sample(split: Split) -> Split:
    stride = math.ceil(len(split) / TRAIN_SAMPLE)
    return split if stride == 1 else Split(split.images_NCHW[::stride], split.labels_N[::stride])
