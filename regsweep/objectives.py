"""What a run is judged by: the numbers that `objective` may name, without torch.

Each is a number of a whole split. Of those that are a mean over its examples, an interval can count the test examples
as drawn; of the others it cannot, and is one over seeds alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from regsweep.direction import is_minimized
from regsweep.errors import ConfigError
from regsweep.signatures import offer

Kind = Literal["classification", "regression"]
"""Of a task: classes are predicted, or numbers."""

KINDS: tuple[Kind, ...] = ("classification", "regression")


@dataclass(frozen=True)
class Objective:
    """A number by which networks are compared.

    Attributes:
        name: as the columns of records have it.
        maximize: whether more of it is better.
        kinds: the tasks that have it.
        is_percent: whether it is a share that is shown in percent, and its differences in points.
        is_mean: whether it is a mean over examples.
        is_own: whether it is a user's own.
        is_by_name: whether its direction was taken from its name, which a user's own may not imply.
        target: the class of torchmetrics, or the user's own, that computes it; empty where evaluation has it anyway.
        arguments: of that class.
        of_two: the class that computes it where there are two classes: of the second one, as scikit-learn has it.
        fewest_classes: of a mean over the classes that have an example, how many of them it needs; else 0.
    """

    name: str
    maximize: bool
    kinds: tuple[Kind, ...] = KINDS
    is_percent: bool = False
    is_mean: bool = False
    is_own: bool = False
    is_by_name: bool = False
    target: str = ""
    arguments: dict[str, Any] = field(default_factory=dict, hash=False)
    of_two: str = ""
    fewest_classes: int = 0


def _of_classes(
    name: str, cls: str, *, is_percent: bool = False, of_two: str = "", fewest_classes: int = 0, **arguments: Any
) -> Objective:
    package = "torchmetrics.classification"
    arguments |= {"average": "none"} if fewest_classes else {}
    return Objective(
        name,
        True,
        ("classification",),
        is_percent,
        target=f"{package}.{cls}",
        arguments=arguments,
        of_two=of_two and f"{package}.{of_two}",
        fewest_classes=fewest_classes,
    )


OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective("accuracy", True, ("classification",), is_percent=True, is_mean=True),
        _of_classes("balanced_accuracy", "MulticlassAccuracy", is_percent=True, fewest_classes=1),
        _of_classes("auroc", "MulticlassAUROC", fewest_classes=2),
        _of_classes(
            "average_precision", "MulticlassAveragePrecision", of_two="BinaryAveragePrecision", fewest_classes=1
        ),
        _of_classes("f1", "MulticlassF1Score", of_two="BinaryF1Score", average="macro"),
        _of_classes("mcc", "MulticlassMatthewsCorrCoef"),
        _of_classes("kappa", "MulticlassCohenKappa"),
        Objective("rmse", False, ("regression",)),
        Objective("r2", True, ("regression",), target="torchmetrics.regression.R2Score"),
        Objective("mae", False, ("regression",), is_mean=True),
        Objective("loss", False, is_mean=True),
    )
}
"""Those that `objective` takes by name."""

DEFAULTS: dict[Kind, str] = {"classification": "accuracy", "regression": "rmse"}
"""What a run is judged by where `objective` is null."""


def short_name(name: str) -> str:
    """Return what the numbers of an objective are called, of a user's own the function's name."""
    return name.rpartition(".")[2]


def metrics_of(kind: Kind, objective: str | None = None) -> tuple[str, ...]:
    """Return the names of the numbers that a run of this kind has of each split, the objective's first."""
    return tuple(dict.fromkeys([*([objective] if objective else []), DEFAULTS[kind], "loss"]))


def objective_of(name: str | None, kind: Kind, direction: str | None = None) -> Objective:
    """Return the objective that `name` stands for in a task of this kind; null: the task's own.

    Args:
        name: one of `OBJECTIVES`, or ``module.name`` of a function or of a class of torchmetrics.
        kind: of the task.
        direction: ``maximize`` or ``minimize``, where the name is a user's own; None: as its last word implies.

    Raises:
        ConfigError: when there is no such objective, or not in this task.
    """
    if name is None or name in OBJECTIVES:
        objective = OBJECTIVES[name or DEFAULTS[kind]]
        if direction is not None and (direction == "maximize") != objective.maximize:
            its = "maximized" if objective.maximize else "minimized"
            raise ConfigError("objective_direction", direction, f"{objective.name} is {its}; leave it null")
        if kind not in objective.kinds:
            others = ", ".join(each.name for each in OBJECTIVES.values() if kind in each.kinds)
            raise ConfigError("objective", objective.name, f"no number of a {kind} task; there is {others}")
        return objective
    if "." not in name:
        known = [each.name for each in OBJECTIVES.values() if kind in each.kinds]
        raise ConfigError("objective", name, f"{offer(name, known)}, or module.function of your own")
    short = short_name(name)
    if short in OBJECTIVES:  # whose columns, bounds and unit it would get
        raise ConfigError("objective", name, f"{short} is the name of another number; give yours a name of its own")
    maximize = not is_minimized(short) if direction is None else direction == "maximize"
    return Objective(short, maximize, (kind,), is_own=True, is_by_name=direction is None, target=name)


def describe(objective: Objective) -> list[str]:
    """Return a line on a direction that was taken from a name, which may say nothing of it; none for others."""
    if not objective.is_by_name:
        return []
    better, other = ("higher", "minimize") if objective.maximize else ("lower", "maximize")
    why = "does not say otherwise" if objective.maximize else "says"
    way = f"{better} is better, as its name {why}; objective_direction={other} turns it round"
    return [f"objective    {objective.name}: {way}"]
