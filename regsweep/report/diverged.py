"""What a network that diverged is worth: as much as one that gives the same answer to every example.

Of classes that is the largest one of the test set, with full confidence; of numbers their mean there.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt

from regsweep.run_record import TaskRecord


def worth_of_one_answer(task: TaskRecord, class_sizes: Sequence[int]) -> float | None:
    """Return the objective on the test set of always giving the best single answer; None where that is not known.

    Args:
        task: of the run, with the deviations of its targets.
        class_sizes: of the test set, in which at least one class has an example; empty where numbers are predicted.
    """
    if task.kind == "regression":
        return _of_numbers(task)
    if len(class_sizes) == len(("no", "yes")) and task.objective in ("f1", "average_precision"):
        return _of_second(task.objective, class_sizes[1] / sum(class_sizes))
    return _of_classes(task.objective, [size / sum(class_sizes) for size in class_sizes if size])


def _of_numbers(task: TaskRecord) -> float | None:
    deviations = task.deviations.get("test")
    if task.objective == "r2":
        return 0.0
    if task.objective != "rmse" or not deviations:
        return None
    return sqrt(sum(deviation**2 for deviation in deviations) / len(deviations))


def _of_second(objective: str, share: float) -> float:
    """Return the same of a number of the second class of two, whose share of the test set is `share`."""
    if objective == "average_precision":
        return share
    return 2 * share / (1 + share) if share > 1 / 2 else 0.0


def _of_classes(objective: str, shares: Sequence[float]) -> float | None:
    """Return the same of classes with these shares of the test set, which are above zero.

    ``loss`` is cross-entropy: there the answer is all shares, for which it is their entropy.
    """
    largest, num_classes = max(shares), len(shares)
    return {
        "accuracy": largest,
        "balanced_accuracy": 1 / num_classes,
        "auroc": 0.5,
        "average_precision": 1 / num_classes,
        "f1": 2 * largest / (1 + largest) / num_classes,
        "mcc": 0.0,
        "kappa": 0.0,
        "loss": -sum(share * log(share) for share in shares),
    }.get(objective)
