"""What the trials of a sweep had to do: the columns, and the words, that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

from regsweep import objectives
from regsweep.errors import ConfigError
from regsweep.objectives import KINDS, OBJECTIVES, objective_of
from regsweep.report.hydra_files import at
from regsweep.run_record import SHARES, SPLITS, RunRecord, TaskRecord

_NUM_SIZES_OF_IMAGE = 3
"""Channels, rows, columns."""


_BOUNDS = {
    **dict.fromkeys(("auroc", "average_precision", "f1", *SHARES), (0.0, 1.0)),
    **dict.fromkeys(("mcc", "kappa"), (-1.0, 1.0)),
    **dict.fromkeys(("rmse", "mae", "loss"), (0.0, inf)),
    "r2": (-inf, 1.0),
}
"""Between which a number lies."""


def task_of(record: RunRecord) -> TaskRecord | None:
    """Return what a run had to do; None of one that failed before that was known."""
    if record.task is None and record.metrics:
        return TaskRecord()  # of a version before 0.3
    return record.task


def task_of_config(config: Any) -> TaskRecord | None:
    """Return what a composed configuration asks for, as far as it names the objective; else None."""
    name, direction, task = (at(config, key) for key in ("objective", "objective_direction", "task"))
    known = OBJECTIVES.get(str(name))
    kinds = [kind for kind in (known.kinds if known is not None else KINDS) if task in (kind, None, "auto")]
    if not kinds or (name is None and task not in KINDS):
        return None
    try:
        objective = objective_of(
            None if name is None else str(name), kinds[0], direction if isinstance(direction, str) else None
        )
    except ConfigError:
        return None
    kind = kinds[0]
    return TaskRecord(
        kind, objective.name, objective.maximize, is_percent=objective.is_percent, is_mean=objective.is_mean
    )


def metrics_of(task: TaskRecord) -> list[str]:
    """Return the numbers that a run has of each split, the objective first."""
    return list(objectives.metrics_of("regression" if task.kind == "regression" else "classification", task.objective))


def numbers_of(tasks: Iterable[TaskRecord]) -> list[str]:
    """Return the columns of numbers of trials with these tasks, in their order."""
    metrics = list(dict.fromkeys(name for task in tasks for name in metrics_of(task)))
    return [
        *(f"{split}_{metric}" for split in SPLITS for metric in metrics),
        *("penalty", *SHARES, "best_epoch", "epochs"),
        *("train_seconds", "evaluate_seconds", "total_seconds", "seed"),
    ]


def first_task(tasks: Mapping[int, TaskRecord]) -> TaskRecord:
    """Return the task of the first of these trials, by number; without any, classification by accuracy."""
    return tasks[min(tasks)] if tasks else TaskRecord()


def metric_in(column: str) -> str:
    """Return the number that a column has, whichever examples it is of: ``rmse`` of ``validation_rmse``."""
    split, _, name = column.partition("_")
    return name if split in SPLITS and name else column


def is_maximized(task: TaskRecord, column: str) -> bool | None:
    """Return whether more of a column's number is better; None where that is not known."""
    name = metric_in(column)
    if name == task.objective:
        return task.maximize
    return OBJECTIVES[name].maximize if name in OBJECTIVES else None


def is_percent(task: TaskRecord, column: str) -> bool:
    """Return whether a column has shares that are shown in percent, and differ by points."""
    name = metric_in(column)
    if name == task.objective:
        return task.is_percent
    return name in OBJECTIVES and OBJECTIVES[name].is_percent


def bounds_of(column: str) -> tuple[float, float]:
    """Return between which ends a column's number lies."""
    return _BOUNDS.get(metric_in(column), (-inf, inf))


def examples_word(task: TaskRecord) -> str:
    """Return what the examples are called: images, where they have three sizes, or no record says what they are."""
    return "images" if len(task.input_shape) in (0, _NUM_SIZES_OF_IMAGE) else "examples"
