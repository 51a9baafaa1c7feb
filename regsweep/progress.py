"""How a person follows a training: a bar on a terminal, a few quiet lines in a log."""

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from regsweep.member import EpochRow
from regsweep.metrics import Metrics
from regsweep.numbers import show_number

_log = logging.getLogger("regsweep.epochs")
_LINES = 10


class Reporter:
    """Follows the progress of a training, and shows it."""

    def __init__(
        self,
        epochs: int,
        steps_per_epoch: int,
        examples_per_step: float,
        *,
        lines: bool,
        report: Callable[[float, int], None] | None = None,
        reported: str = "validation_accuracy",
    ) -> None:
        self._report, self._reported = report, reported.partition("_")
        self._epochs = epochs
        self._every = math.ceil(epochs / _LINES) if lines else None
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _ExamplesPerSecond(examples_per_step),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._is_shown = False
        self._task = self._progress.add_task(f"epoch 1/{epochs}", total=epochs * steps_per_epoch)

    @contextmanager
    def shown(self, *, bar: bool) -> Iterator["Reporter"]:
        """Show the bar meanwhile, where there is a terminal and it is wanted."""
        console = self._progress.console
        # FORCE_COLOR makes a terminal of a file, too; there each state of the bar would stay.
        if not (bar and console.is_interactive and console.file.isatty()):
            yield self
            return
        streams = [handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler]
        for handler in streams:
            handler.addFilter(_not_an_epoch)
        self._is_shown = True
        try:
            with self._progress:
                yield self
        finally:
            self._is_shown = False
            for handler in streams:
                handler.removeFilter(_not_an_epoch)

    def on_step(self) -> None:
        """Move the bar by a step, where it is shown; moving it takes a good part of a small network's step."""
        if self._is_shown:
            self._progress.advance(self._task)

    def on_epoch(self, row: EpochRow) -> None:
        """Log the epoch's row, in about ten lines a run, and report the number that the sweep is to know."""
        seen = row.validation or row.train
        name = "validation" if row.validation else "train"
        self._progress.update(
            self._task,
            description=f"epoch {min(row.epoch + 1, self._epochs)}/{self._epochs} · {name} {show_objective(seen)}",
        )
        if self._every and (row.epoch % self._every == 0 or row.is_last):
            _log.info(f"epoch {row.epoch:>{len(str(self._epochs))}}/{self._epochs}  {describe(row)}")
        # After the last epoch there is nothing left to give up.
        if self._report and row.validation and not row.is_last:
            split, _, metric = self._reported
            self._report(getattr(row, split)[metric], row.epoch)


def describe(row: EpochRow) -> str:
    """Return an epoch's objective and losses in one line, loss and penalty apart."""
    parts = [f"train {_with_loss(row.train)}"]
    if row.validation:
        parts.append(f"validation {_with_loss(row.validation)}")
    if row.penalty:
        parts.append(f"penalty {show_number(row.penalty, 4)}")
    return "  ".join(parts)


def _with_loss(metrics: Metrics) -> str:
    """Return the objective, and the loss where that is another number."""
    loss = "" if metrics.objective == "loss" else f" (loss {metrics.loss:.4f})"
    return f"{show_objective(metrics)}{loss}"


def show_objective(metrics: Metrics) -> str:
    """Return the number by which networks are compared: a share with four decimals, another with five digits."""
    return f"{metrics.value:.4f}" if abs(metrics.value) <= 1 else show_number(metrics.value, 5)


def _not_an_epoch(record: logging.LogRecord) -> bool:
    return record.name != _log.name


class _ExamplesPerSecond(ProgressColumn):
    def __init__(self, examples_per_step: float) -> None:
        super().__init__()
        self._examples_per_step = examples_per_step

    def render(self, task: Task) -> Text:
        """Return the rate of the last seconds."""
        speed = (task.speed or 0) * self._examples_per_step
        return Text(f"{speed:,.0f} examples/s")
