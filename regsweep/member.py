"""All that belongs to one training: the network, its methods, its optimizer, its random numbers, and how far it is."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import Parameter
from torch.optim import Optimizer

from regsweep.data import Dataset, Split
from regsweep.errors import DivergedError
from regsweep.hooks import Methods
from regsweep.metrics import Metrics, Scoring, evaluate
from regsweep.optimizers import step_size
from regsweep.schedules import factor_of
from regsweep.scope import cover
from regsweep.seeding import Stream, derive, generator

TRAIN_SAMPLE = 5000
"""Training metrics are taken on at most this many training examples, always the same ones."""


@dataclass(frozen=True)
class EpochRow:
    """What is known after an epoch.

    Attributes:
        epoch: from 1.
        train: on the fixed sample of training examples, in evaluation mode.
        validation: None where there are no validation examples.
        penalty: the penalties' value, apart from the loss.
        train_seconds: spent on the epoch's steps.
        evaluate_seconds: spent on evaluating after it.
        is_last: whether the training ended with it.
    """

    epoch: int
    train: Metrics
    validation: Metrics | None
    penalty: float
    train_seconds: float
    evaluate_seconds: float
    is_last: bool = False


class Observer(Protocol):
    """Follows the progress of a training."""

    def on_step(self) -> None:
        """Take note of a step."""

    def on_epoch(self, row: EpochRow) -> None:
        """Take note of an epoch; what it raises ends the training."""


class Silent:
    """An observer that does nothing."""

    def on_step(self) -> None:
        """Do nothing."""

    def on_epoch(self, row: EpochRow) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Settings:
    """The numbers of a training.

    Attributes:
        epochs: passes over the training examples.
        batch_size: examples per step, at most.
        precision: of the forward pass, ``float32`` or ``bfloat16``.
        cuda_graphs: capture a step once as a CUDA graph and repeat it; on a CUDA device only.
        restore_best: end with the weights of the best epoch by the validation objective (the first of equals).
        schedule: of the learning rate, see `regsweep.schedules`.
        warmup: share of the steps in which the learning rate rises linearly.
    """

    epochs: int
    batch_size: int
    precision: str = "float32"
    cuda_graphs: bool = False
    restore_best: bool = False
    schedule: str = "constant"
    warmup: float = 0.0


@dataclass(frozen=True)
class Best:
    """The best validation epoch so far; where it is kept, its weights and the numbers that methods have of it."""

    score: float
    epoch: int
    model: dict[str, Tensor] = field(default_factory=dict)
    evaluated: dict[str, Tensor] = field(default_factory=dict)
    records: dict[str, dict[str, float]] = field(default_factory=dict)


class Member:
    """One training.

    Args:
        model: the network, on its device.
        dataset: on the same device.
        optimizer: over the network's parameters.
        methods: new ones.
        settings: see `Settings`.
        scoring: how the network is judged; None: by cross-entropy and accuracy.
        seed: the run's, 0 to 2³²−1; its stream ``batches`` draws the order of the batches, ``noise`` the dropout.
        observer: follows the progress.

    Attributes:
        epoch: how many are done.
        step: how many steps are done.
        history: a row per epoch.
        best: the best validation epoch; None before the first, and without validation examples.
        error: what ended the training early: a `DivergedError`, a `Pruned`, or what a method or the network raised.
        total_loss: the sum of the batches' losses in this epoch, on the device.
    """

    def __init__(
        self,
        model: nn.Module,
        dataset: Dataset,
        optimizer: Optimizer,
        methods: Methods,
        *,
        settings: Settings,
        seed: int,
        scoring: Scoring | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.model, self.dataset, self.optimizer, self.methods = model, dataset, optimizer, methods
        self.settings, self.observer = settings, observer or Silent()
        self.scoring = scoring or Scoring.of_classes(dataset.num_outputs)
        self.device = dataset.train.targets.device
        self.batch_order, self.noise = generator(seed, "batches"), Stream(derive(seed, "noise"), self.device)
        self.epoch, self.step = 0, 0
        self.history: list[EpochRow] = []
        self.best: Best | None = None
        self.error: Exception | None = None
        self.total_loss = torch.zeros((), device=self.device)
        self._mean_loss = 0.0
        self._arriving: Iterator[Tensor] | None = None
        self._sample = _sample(dataset.train)
        self._base_lrs = [float(group["lr"]) for group in optimizer.param_groups]
        steps = num_steps(len(dataset.train), settings.batch_size)
        self._factor = factor_of(settings.schedule, settings.warmup, steps * settings.epochs)
        methods.begin({scope: cover(model, scope) for scope in ("weights", "all")}, seed, self.device)

    @property
    def restores_best(self) -> bool:
        """Whether the training ends with the weights of its best validation epoch."""
        return self.settings.restore_best or self.methods.keeps_best_epoch

    @property
    def lr(self) -> float | Tensor:
        """The learning rate of this step; a tensor where a captured step reads it."""
        rate: float | Tensor = self.optimizer.param_groups[0]["lr"]
        return rate

    def batches(self) -> tuple[Tensor, ...]:
        """Return the indices of each batch of an epoch, in a fresh random order, on the device.

        The examples are divided evenly into as few batches of at most `batch_size` as hold them all, so that sizes
        differ by one at most. A small last batch would be a noisy step, and it would enter BatchNorm's running
        statistics with the weight of a full one, just before each evaluation. A batch of a single example beside larger
        ones is left out, for every network alike: BatchNorm cannot train on it.
        """
        num_examples, batch_size = len(self.dataset.train), self.settings.batch_size
        permutation = torch.randperm(num_examples, generator=self.batch_order).to(self.device)
        parts = torch.tensor_split(permutation, math.ceil(num_examples / batch_size))
        parts = parts[: num_steps(num_examples, batch_size)]
        examples = self.dataset.train.examples
        self._arriving = None if isinstance(examples, Tensor) else examples.batches(parts)
        return parts

    def examples(self, index_B: Tensor) -> tuple[Tensor, Tensor]:
        """Return inputs and targets of the examples that `index_B` (on the device) chooses, new tensors.

        Streamed ones come in the order of `batches`, whatever `index_B` is.
        """
        train = self.dataset.train
        if isinstance(train.examples, Tensor):
            return train.examples[index_B], train.targets[index_B]
        assert self._arriving is not None, "an epoch begins with its batches"
        return next(self._arriving), train.targets[index_B]

    def begin_step(self) -> None:
        """Set the learning rate of this step, and call the methods' hook."""
        if self._factor is not None:
            factor = self._factor(self.step)
            for group, base in zip(self.optimizer.param_groups, self._base_lrs, strict=True):
                rate = base * factor
                if isinstance(group["lr"], Tensor):
                    group["lr"].fill_(rate)
                else:
                    group["lr"] = rate
        self.methods.before_step(self.step)

    def end_step(self) -> None:
        """Call the methods' hook, and count the step."""
        self.methods.after_step(self.model, self.step)
        self.step += 1
        self.observer.on_step()

    def step_size(self, parameter: Parameter) -> float | Tensor:
        """Return the size of the optimizer's last step for a parameter's proximal map."""
        return step_size(self.optimizer, parameter)

    def wait(self) -> None:
        """Wait for the device to end the epoch's steps."""
        self._mean_loss = self.total_loss.item() / num_steps(len(self.dataset.train), self.settings.batch_size)

    def end_epoch(self, train_seconds: float) -> None:
        """Evaluate the network after its epoch, and keep the epoch's row.

        Raises:
            DivergedError: when a loss is no longer finite.
            Exception: what the observer raises, `Pruned` for example.
        """
        began = time.perf_counter()
        self.epoch += 1
        evaluated = self.methods.evaluated(self.model)
        train = self._evaluate(evaluated, self._sample)
        validation = None if self.dataset.validation is None else self._evaluate(evaluated, self.dataset.validation)
        with torch.no_grad():
            penalty = sum(self.methods.values().values())
        self._require_finite(self._mean_loss, train.loss, validation.loss if validation else 0.0, penalty)
        if validation is not None and (self.best is None or validation.score > self.best.score):
            self.best = Best(validation.score, self.epoch)
            if self.restores_best:
                kept = _snapshot(self.model), _snapshot(evaluated), self.methods.records(evaluated)
                self.best = Best(validation.score, self.epoch, *kept)
        row = EpochRow(self.epoch, train, validation, penalty, train_seconds, time.perf_counter() - began)
        self.history.append(row)
        if self.epoch >= self.settings.epochs or self.methods.should_stop(self.history):
            self.history[-1] = row = replace(row, is_last=True)
        self.observer.on_epoch(row)

    @property
    def is_done(self) -> bool:
        """Whether there is no further epoch."""
        return bool(self.history) and self.history[-1].is_last

    def trained(self) -> nn.Module:
        """Return the network that is kept: of the best epoch where that was wanted, and as the methods evaluate it.

        Leaves the raw weights of the same epoch in `model`.
        """
        if self.best is not None and self.restores_best:
            self.model.load_state_dict(self.best.model)
            kept = self.methods.evaluated(self.model)
            if kept is not self.model:
                kept.load_state_dict(self.best.evaluated)
            return kept
        return self.methods.evaluated(self.model)

    def records(self) -> dict[str, dict[str, float]]:
        """Return the numbers of each method for the record, by its name: of the epoch whose weights are kept."""
        if self.best is not None and self.restores_best:
            return self.best.records
        return self.methods.records(self.methods.evaluated(self.model))

    @property
    def kept(self) -> EpochRow:
        """The row of the epoch whose weights are kept."""
        return self.history[self.best.epoch - 1 if self.best is not None and self.restores_best else -1]

    def state_dict(self) -> dict[str, Any]:
        """Return what is needed to go on after an epoch, in this process or in another one: a copy."""
        return {
            "model": _snapshot(self.model),
            "optimizer": deepcopy(self.optimizer.state_dict()),
            "methods": self.methods.state_dict(),
            "noise": self.noise.state_dict(),
            "batches": self.batch_order.get_state(),
            "step": self.step,
            "history": list(self.history),
            "best": self.best,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up what `state_dict` returned, of a training of the same configuration."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(deepcopy(state["optimizer"]))
        self.methods.load_state_dict(state["methods"])
        self.noise.load_state_dict(state["noise"])
        self.batch_order.set_state(state["batches"])
        self.step, self.history, self.best = state["step"], list(state["history"]), state["best"]
        self.epoch = len(self.history)

    def _evaluate(self, model: nn.Module, split: Split) -> Metrics:
        return evaluate(model, split, self.scoring, self.settings.precision)

    def _require_finite(self, *losses: float) -> None:
        """Refuse a loss that is not finite; the last one is the penalties' value."""
        for loss in losses:
            if not math.isfinite(loss):
                terms = {name: term.item() for name, term in self.methods.extra_losses.items()}
                if all(map(math.isfinite, losses[:-1])):  # else the weights have diverged, and the values with them
                    terms |= self.methods.last_values
                culprit = next((name for name, term in terms.items() if not math.isfinite(term)), None)
                raise DivergedError(self.epoch, loss, culprit)


def num_steps(num_examples: int, batch_size: int) -> int:
    """Return the number of steps in an epoch; see `Member.batches`."""
    parts = math.ceil(num_examples / batch_size)
    smallest, num_larger = divmod(num_examples, parts)
    return num_larger if smallest == 1 and num_larger else parts


def smallest_batch(num_examples: int, batch_size: int) -> int:
    """Return the number of examples in the smallest batch of an epoch; see `Member.batches`."""
    smallest, num_larger = divmod(num_examples, math.ceil(num_examples / batch_size))
    return 2 if smallest == 1 and num_larger else smallest


def _snapshot(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def _sample(split: Split) -> Split:
    return split.every(math.ceil(len(split) / TRAIN_SAMPLE))
