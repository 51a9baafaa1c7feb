"""Sweeps that are judged by another number than accuracy: columns, direction, and what is not the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from regsweep.objectives import OBJECTIVES
from regsweep.report.own import OwnRows
from regsweep.report.pooled import mean_interval
from regsweep.report.rows import NUMBERS
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.task import (
    bounds_of,
    examples_word,
    first_task,
    is_maximized,
    is_percent,
    numbers_of,
    task_of_config,
)
from regsweep.run_record import TaskRecord
from regsweep.statistics.intervals import t_interval
from tests.decisions.handmade import CALLBACK, dumped, task, write_sweep


def trials(objective: str, values: Sequence[float | None], /, **others: Any) -> list[dict[str, Any]]:
    """Return trials with these values of an objective."""
    made = task(objective, **others)
    return [
        {"overrides": {"regularizer.dropout": 0.1 * n}, "task": made, "accuracy": value, "test": value}
        for n, value in enumerate(values)
    ]


def swept(folder: Path, objective: str, values: Sequence[float | None], /, **others: Any) -> Sweep:
    return read_sweep(write_sweep(folder, trials(objective, values, **others)))


def test_the_columns_of_classification_by_accuracy_are_what_they_were() -> None:
    assert NUMBERS[:6] == [
        *("validation_accuracy", "validation_loss", "train_accuracy", "train_loss", "test_accuracy", "test_loss"),
    ]
    assert numbers_of([TaskRecord()]) == NUMBERS


@pytest.mark.parametrize(
    ("objective", "best", "columns"),
    [
        ("rmse", 1, ["validation_rmse", "validation_loss"]),
        ("mae", 1, ["validation_mae", "validation_rmse", "validation_loss"]),
        ("loss", 1, ["validation_loss", "validation_accuracy"]),
        ("r2", 2, ["validation_r2", "validation_rmse", "validation_loss"]),
        ("auroc", 2, ["validation_auroc", "validation_accuracy", "validation_loss"]),
        ("balanced_accuracy", 2, ["validation_balanced_accuracy", "validation_accuracy", "validation_loss"]),
        ("f1", 2, ["validation_f1", "validation_accuracy", "validation_loss"]),
    ],
)
def test_trials_are_ranked_by_their_objective_in_its_direction(
    tmp_path: Path, objective: str, best: int, columns: list[str]
) -> None:
    """Of 0.5, 0.4 and 0.6 the largest is not the best where less is better, nor the smallest where more is."""
    sweep = swept(tmp_path / "s", objective, [0.5, 0.4, 0.6])
    found = sweep.best()
    assert (sweep.objective, found is not None and found.number) == (f"validation_{objective}", best)
    assert [name for name in sweep.numbers if name.startswith("validation_")] == columns
    assert sweep.trials[sweep.tested].tolist() == [0.5, 0.4, 0.6]


@pytest.mark.parametrize(("maximize", "best"), [(True, 2), (False, 1)])
def test_a_user_s_own_function_has_the_direction_of_its_record(tmp_path: Path, maximize: bool, best: int) -> None:
    sweep = swept(tmp_path / "s", "rmse", [0.5, 0.4, 0.6], objective="revenue", maximize=maximize)
    found = sweep.best()
    assert (sweep.objective, found is not None and found.number) == ("validation_revenue", best)


def test_the_objective_is_known_from_the_configuration_before_a_record_has_it(tmp_path: Path) -> None:
    started = {"status": "interrupted", "config": {"objective": "rmse"}}
    sweep = read_sweep(write_sweep(tmp_path / "s", [started]))
    assert (sweep.objective, sweep.maximize, sweep.best()) == ("validation_rmse", False, None)
    assert read_sweep(write_sweep(tmp_path / "t", [{"status": "interrupted"}])).objective == "validation_accuracy"


@pytest.mark.parametrize(
    ("config", "objective"),
    [
        ({"task": "regression"}, "rmse"),
        ({"task": "regression", "objective": "loss"}, "loss"),
        ({"task": "auto", "objective": "r2"}, "r2"),
        ({"objective": "my.metrics.revenue"}, "revenue"),
        ({"task": "classification", "objective": "rmse"}, "accuracy"),
        ({"task": "auto", "objective": None}, "accuracy"),
    ],
)
def test_a_configuration_names_the_objective_where_it_can(
    tmp_path: Path, config: dict[str, Any], objective: str
) -> None:
    sweep = read_sweep(write_sweep(tmp_path / "s", [{"status": "interrupted", "config": config}]))
    assert sweep.objective == f"validation_{objective}"


def settle(folder: Path, **settled: Any) -> None:
    """Write down what was settled before the first trial."""
    hydra = {"sweeper": settled.pop("sweeper", {}), "callbacks": {"r": {"_target_": CALLBACK}}}
    (folder / "multirun.yaml").write_text(dumped({"hydra": hydra, **settled}))


UNKNOWN = {"task": "auto", "objective": None}
"""As each trial is composed, where nothing was typed."""


@pytest.mark.parametrize("status", ["interrupted", "failed"])
@pytest.mark.parametrize(
    ("settled", "objective", "maximize"),
    [
        ({"task": "regression", "objective": "rmse"}, "rmse", False),
        ({"task": "regression", "objective": "loss"}, "loss", False),
        ({"task": "regression", "objective": "r2"}, "r2", True),
        ({"task": "classification", "objective": "accuracy"}, "accuracy", True),
        ({"task": "classification", "objective": "my.revenue", "objective_direction": "minimize"}, "revenue", False),
        ({"task": "regression", "objective": None}, "rmse", False),
        (UNKNOWN, "accuracy", True),
    ],
)
def test_before_a_record_counts_what_was_settled_by_the_data(
    tmp_path: Path, settled: dict[str, Any], objective: str, maximize: bool, status: str
) -> None:
    folder = write_sweep(tmp_path / "s", [{"status": status, "config": UNKNOWN}])
    settle(folder, **settled)
    sweep = read_sweep(folder)
    assert (sweep.objective, sweep.maximize) == (f"validation_{objective}", maximize)
    assert sweep.task.kind == settled["task"].replace("auto", "classification")
    assert OwnRows(folder, []).columns[:2] == ["number", "folder"]
    assert f"validation_{objective}" in OwnRows(folder, []).columns
    assert ("validation_accuracy" in OwnRows(folder, []).columns) == (sweep.task.kind == "classification")


def test_several_objectives_are_known_before_a_record(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "s", [{"status": "interrupted", "config": UNKNOWN}])
    sweeper = {"objectives": ["validation_rmse", "sparsity"], "direction": ["minimize", "maximize"]}
    settle(folder, task="regression", objective=None, sweeper=sweeper)
    assert read_sweep(folder).objectives == {"validation_rmse": False, "sparsity": True}


def test_a_record_decides_over_what_was_settled(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "s", trials("rmse", [3.0, 2.0]))
    settle(folder, task="classification", objective="accuracy")
    assert read_sweep(folder).objective == "validation_rmse"


def test_what_failed_before_its_task_was_known_does_not_decide(tmp_path: Path) -> None:
    failed = {"status": "failed", "error": "no such file", "accuracy": None}
    sweep = read_sweep(write_sweep(tmp_path / "s", [failed, *trials("rmse", [3.0, 2.0])]))
    found = sweep.best()
    assert (sweep.objective, found is not None and found.number) == ("validation_rmse", 2)
    assert "validation_accuracy" not in sweep.trials


def test_a_sweep_on_data_sets_of_both_kinds_keeps_the_columns_of_both(tmp_path: Path) -> None:
    made = [
        {"overrides": {"dataset": "wine"}, "accuracy": 0.9},
        {"overrides": {"dataset": "diabetes"}, "task": task("rmse"), "accuracy": 52.0},
    ]
    sweep = read_sweep(write_sweep(tmp_path / "s", made))
    assert sweep.trials["validation_accuracy"].dropna().tolist() == [0.9]
    assert sweep.trials["validation_rmse"].dropna().tolist() == [52.0]


def test_several_objectives_may_be_those_of_regression(tmp_path: Path) -> None:
    """The trial of the largest error is on the front only by its zeros."""
    made = [
        {**each, "sparsity": zeros} for each, zeros in zip(trials("rmse", [3, 2, 2.5]), [0.9, 0.1, 0.0], strict=True)
    ]
    folder = write_sweep(tmp_path / "s", made)
    settle(folder, sweeper={"objectives": ["validation_rmse", "sparsity"], "direction": ["minimize", "maximize"]})
    sweep = read_sweep(folder)
    assert sweep.objectives == {"validation_rmse": False, "sparsity": True}
    assert sweep.front == [0, 1]


def test_rows_of_a_running_sweep_have_the_columns_of_its_records(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "s", trials("rmse", [3.0, 2.0]))
    rows = OwnRows(folder, ["regularizer.dropout"])
    first = rows.row(0)
    assert [name for name in rows.columns if name.startswith("validation_")] == ["validation_rmse", "validation_loss"]
    assert first["validation_rmse"] == 3.0
    assert set(first) <= set(rows.columns)


@pytest.mark.parametrize(
    ("objective", "values", "ends"),
    [
        ("auroc", [0.99, 1.0], (None, 1.0)),
        ("r2", [0.98, 1.0], (None, 1.0)),
        ("rmse", [0.1, 0.5], (0.0, None)),
        ("mcc", [-1.0, -0.9], (-1.0, None)),
        ("auroc", [0.5, 0.501], (None, None)),
    ],
)
def test_an_interval_ends_where_its_number_does(
    tmp_path: Path, objective: str, values: list[float], ends: tuple[float | None, float | None]
) -> None:
    made = [
        {"overrides": {"seed": seed}, "seed": seed, "task": task(objective), "accuracy": value}
        for seed, value in enumerate(values)
    ]
    sweep = read_sweep(write_sweep(tmp_path / "s", made))
    (pooled,) = sweep.configurations
    found, whole = mean_interval(sweep, pooled), t_interval(values)
    assert found is not None
    assert found.low == (whole.low if ends[0] is None else ends[0])
    assert found.high == (whole.high if ends[1] is None else ends[1])


@pytest.mark.parametrize(
    ("shape", "word"), [([], "images"), ([1, 28, 28], "images"), ([10], "examples"), ([5, 3], "examples")]
)
def test_examples_are_called_images_where_they_are(shape: list[int], word: str) -> None:
    assert examples_word(TaskRecord(input_shape=shape)) == word


RMSE, OWN = TaskRecord("regression", "rmse", False, is_percent=False), TaskRecord("classification", "cost", False)
JUDGED: list[tuple[TaskRecord, str, tuple[bool | None, bool, tuple[float, float]]]] = [
    # Of a column: whether more is better, whether it is in percent, between which ends it lies.
    (TaskRecord(), "validation_accuracy", (True, True, (-inf, inf))),
    (TaskRecord(), "test_loss", (False, False, (0, inf))),
    (TaskRecord(), "train_balanced_accuracy", (True, True, (-inf, inf))),
    (TaskRecord(), "sparsity", (None, False, (0, 1))),
    (TaskRecord(), "near_zero", (None, False, (0, 1))),
    (TaskRecord(), "best_epoch", (None, False, (-inf, inf))),
    (TaskRecord(), "validation_", (None, False, (-inf, inf))),
    (TaskRecord(), "speed_accuracy", (None, False, (-inf, inf))),
    (TaskRecord(), "validation_auroc", (True, False, (0, 1))),
    (TaskRecord(), "validation_average_precision", (True, False, (0, 1))),
    (TaskRecord(), "validation_f1", (True, False, (0, 1))),
    (TaskRecord(), "validation_mcc", (True, False, (-1, 1))),
    (TaskRecord(), "validation_kappa", (True, False, (-1, 1))),
    (RMSE, "validation_rmse", (False, False, (0, inf))),
    (RMSE, "test_mae", (False, False, (0, inf))),
    (RMSE, "validation_r2", (True, False, (-inf, 1))),
    (RMSE, "validation_accuracy", (True, True, (-inf, inf))),
    (OWN, "validation_cost", (False, True, (-inf, inf))),
    (OWN, "cost", (False, True, (-inf, inf))),
    (OWN, "validation_costs", (None, False, (-inf, inf))),
    (replace(OWN, maximize=True, is_percent=False), "test_cost", (True, False, (-inf, inf))),
    (replace(OWN, objective="accuracy", is_percent=False), "test_accuracy", (False, False, (-inf, inf))),
]


@pytest.mark.parametrize(("made", "column", "expected"), JUDGED)
def test_a_column_is_judged_by_the_task_and_then_by_its_name(
    made: TaskRecord, column: str, expected: tuple[bool | None, bool, tuple[float, float]]
) -> None:
    assert (is_maximized(made, column), is_percent(made, column), bounds_of(column)) == expected


def test_every_objective_has_its_unit_and_says_whether_examples_can_be_drawn() -> None:
    """Only of a mean over examples an interval counts the test examples as drawn."""
    assert {name for name, each in OBJECTIVES.items() if each.is_percent} == {"accuracy", "balanced_accuracy"}
    assert {name for name, each in OBJECTIVES.items() if each.is_mean} == {"accuracy", "mae", "loss"}
    assert {name for name, each in OBJECTIVES.items() if not each.maximize} == {"rmse", "mae", "loss"}
    assert {name for name, each in OBJECTIVES.items() if each.kinds == ("regression",)} == {"rmse", "mae", "r2"}
    assert {name for name, each in OBJECTIVES.items() if len(each.kinds) == 2} == {"loss"}


CONFIGURED: list[tuple[dict[str, Any], TaskRecord | None]] = [
    # Of loss the kind is not known, unless the configuration says it: the first of the two stands.
    ({}, None),
    ({"task": "auto"}, None),
    ({"objective": None}, None),
    ({"task": "ranking", "objective": "rmse"}, None),
    ({"task": "regression"}, TaskRecord("regression", "rmse", False, False, False)),
    ({"task": "classification"}, TaskRecord("classification", "accuracy", True, True, True)),
    ({"objective": "auroc"}, TaskRecord("classification", "auroc", True, False, False)),
    ({"objective": "mae", "task": "auto"}, TaskRecord("regression", "mae", False, False, True)),
    ({"objective": "loss"}, TaskRecord("classification", "loss", False, False, True)),
    ({"objective": "loss", "task": "regression"}, TaskRecord("regression", "loss", False, False, True)),
    ({"objective": "mae", "task": "classification"}, None),
    ({"objective": "my.revenue"}, TaskRecord("classification", "revenue", True, False, False)),
    ({"objective": "my.revenue", "task": "regression"}, TaskRecord("regression", "revenue", True, False, False)),
    (
        {"objective": "my.val_loss", "objective_direction": "maximize"},
        TaskRecord("classification", "val_loss", True, False, False),
    ),
    ({"objective": "my.mse", "objective_direction": 1}, TaskRecord("classification", "mse", False, False, False)),
    ({"objective": "accuracy", "objective_direction": "minimize"}, None),
    ({"objective": "acuracy"}, None),
    ({"objective": "my.loss"}, None),
]  # fmt: skip


@pytest.mark.parametrize(("config", "expected"), CONFIGURED)
def test_what_a_configuration_asks_for(config: dict[str, Any], expected: TaskRecord | None) -> None:
    assert task_of_config(config) == expected


def test_the_first_trial_s_task_is_that_of_the_smallest_number() -> None:
    assert first_task({10: TaskRecord(), 9: RMSE}) == RMSE
    assert first_task({}) == TaskRecord()
