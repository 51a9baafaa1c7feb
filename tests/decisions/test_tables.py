"""What the sweeper writes down of a study: the best trial or the front, and a row for each trial."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.trial import TrialState

from regsweep.sweeper.tables import Tables

COMPLETE, PRUNED, FAIL = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL
X: dict[str, BaseDistribution] = {"x": FloatDistribution(0, 100)}


def study(values: Sequence[Any], direction: str | list[str] = "minimize", **attributes: list[Any]) -> optuna.Study:
    """Return a study with a trial for each of `values`; one that is a state has none."""
    directions: Any = [direction] if isinstance(direction, str) else direction
    made = optuna.create_study(directions=directions)
    for number, value in enumerate(values):
        state = value if isinstance(value, TrialState) else COMPLETE
        given = {"values": value} if isinstance(value, list) else {"value": value}
        user = {name: each[number] for name, each in attributes.items() if each[number] is not None}
        made.add_trial(
            optuna.trial.create_trial(
                state=state,
                params={"x": float(number)},
                distributions=X,
                user_attrs=user,
                **(given if state == COMPLETE else {}),
            )
        )
    return made


def read_best(folder: Path) -> dict[str, Any] | None:
    file = folder / "optimization_results.yaml"
    return yaml.safe_load(file.read_text()) if file.is_file() else None


def read_rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "trials.csv").open() as file:
        return list(csv.DictReader(file))


BESTS = {
    "the lowest": ([3.0, 1.0, 2.0], "minimize", 1),
    "the highest": ([3.0, 5.0, 4.0], "maximize", 1),
    "the first of the lowest": ([3.0, 1.0, 1.0, 1.0], "minimize", 1),
    "the first of the highest": ([3.0, 5.0, 5.0], "maximize", 1),
    "neither pruned nor failed": ([PRUNED, 3.0, FAIL, 2.0], "minimize", 3),
    "zero is a value": ([1.0, 0.0, 2.0], "minimize", 1),
    "below zero": ([-1.0, -3.0, -2.0], "minimize", 1),
    "above zero where more is better": ([-1.0, 0.0, -2.0], "maximize", 1),
    "the only one": ([2.0], "maximize", 0),
}


@pytest.mark.parametrize(("values", "direction", "best"), BESTS.values(), ids=BESTS)
@pytest.mark.parametrize("order", ["as they were asked for", "the last first"])
def test_the_best_trial(tmp_path: Path, values: list[Any], direction: str, best: int, order: str) -> None:
    """However they end, and whether they are added one by one or found in the study."""
    made = study(values, direction)
    added = Tables(tmp_path, study([], direction), [], ["x"])
    trials = made.trials if order.startswith("as") else made.trials[::-1]
    for trial in trials:
        added.add(trial)
    expected = {
        "name": "optuna",
        "best_params": {"x": float(best)},
        "best_value": values[best],
        "best_trial": {"number": best, "folder": str(best)},
    }
    assert read_best(tmp_path) == expected
    assert added.best is not None
    assert added.best.number == best
    (tmp_path / "optimization_results.yaml").unlink()
    found = Tables(tmp_path, made, [], ["x"])
    found.write()
    assert read_best(tmp_path) == expected
    assert found.best is not None
    assert found.best.number == best


def test_both_files_are_true_after_every_trial(tmp_path: Path) -> None:
    made = study([3.0, 1.0, 2.0])
    tables = Tables(tmp_path, study([]), [], ["x"])
    bests = []
    for trial in made.trials:
        tables.add(trial)
        found = read_best(tmp_path)
        assert found is not None
        bests.append(found["best_value"])
        assert [row["number"] for row in read_rows(tmp_path)] == [str(i) for i in range(trial.number + 1)]
    assert bests == [3.0, 1.0, 1.0]


def test_without_a_complete_trial_nothing_is_best(tmp_path: Path) -> None:
    tables = Tables(tmp_path, study([PRUNED, FAIL]), [], ["x"])
    tables.write()
    assert tables.best is None
    assert read_best(tmp_path) is None
    assert [row["status"] for row in read_rows(tmp_path)] == ["pruned", "failed"]


FRONTS = {
    "both are lowered": ([[1.0, 5.0], [2.0, 2.0], [3.0, 3.0], [5.0, 1.0]], ["minimize", "minimize"], [0, 1, 3]),
    "one is raised": ([[1.0, 5.0], [2.0, 2.0], [3.0, 6.0]], ["minimize", "maximize"], [0, 2]),
    "the other is raised": ([[1.0, 5.0], [2.0, 2.0], [3.0, 6.0]], ["maximize", "minimize"], [1, 2]),
    "not one that failed": ([[1.0, 5.0], FAIL, [2.0, 6.0]], ["minimize", "minimize"], [0]),
}


@pytest.mark.parametrize(("values", "directions", "front"), FRONTS.values(), ids=FRONTS)
def test_the_front_has_what_no_other_trial_beats(
    tmp_path: Path, values: list[Any], directions: list[str], front: list[int]
) -> None:
    made = study(values, directions)
    tables = Tables(tmp_path, made, ["loss", "size"], ["x"])
    tables.add(made.trials[0])
    found = read_best(tmp_path)
    assert found is not None
    assert found["name"] == "optuna"
    assert found["solutions"] == [
        {"params": {"x": float(n)}, "values": values[n], "number": n, "folder": str(n)} for n in front
    ]
    assert tables.best is None, "with several objectives there is no best one"
    for row, value in zip(read_rows(tmp_path), values, strict=True):
        numbers = [row["loss"], row["size"]]
        assert numbers == (["", ""] if isinstance(value, TrialState) else [str(each) for each in value])


def test_a_front_without_a_trial_is_not_written(tmp_path: Path) -> None:
    Tables(tmp_path, study([FAIL], ["minimize", "minimize"]), [], ["x"]).write()
    assert read_best(tmp_path) is None


def test_a_row_has_the_trial_s_own_values(tmp_path: Path) -> None:
    made = study([1.0, FAIL, 2.0], seconds=[1.5, 2.5, 0.0], error=[None, "it died", None], duplicate_of=[None, None, 0])
    Tables(tmp_path, made, ["loss"], ["x"]).write()
    rows = read_rows(tmp_path)
    assert list(rows[0]) == ["number", "folder", "status", "x", "loss", "seconds", "error", "duplicate_of"]
    assert [list(row.values()) for row in rows] == [
        ["0", "0", "complete", "0.0", "1.0", "1.5", "", ""],
        ["1", "1", "failed", "1.0", "", "2.5", "it died", ""],
        ["2", "2", "complete", "2.0", "2.0", "0.0", "", "0"],
    ]


def test_a_single_objective_without_a_name_is_the_value(tmp_path: Path) -> None:
    Tables(tmp_path, study([1.0]), [], ["x"]).write()
    assert read_rows(tmp_path)[0]["value"] == "1.0"


def test_each_of_several_objectives_without_a_name_has_a_column(tmp_path: Path) -> None:
    """Under the names that the sweep's first line and the report give them."""
    made = study([[1.0, 3.0]], ["minimize", "maximize"], value_1=[7.0], value=[8.0])
    Tables(tmp_path, made, [], ["x"]).write()
    (row,) = read_rows(tmp_path)
    assert list(row) == ["number", "folder", "status", "x", "value_0", "value_1", "metrics.value_1", "value"]
    assert list(row.values())[3:] == ["0.0", "1.0", "3.0", "7.0", "8.0"]


def test_rows_that_were_written_get_the_columns_of_later_trials(tmp_path: Path) -> None:
    made = study([1.0, 2.0], size=[None, 7.0])
    tables = Tables(tmp_path, study([]), [], ["x"])
    for trial in made.trials:
        tables.add(trial)
    assert [row["size"] for row in read_rows(tmp_path)] == ["", "7.0"]


def test_trials_stand_in_their_order_however_they_end(tmp_path: Path) -> None:
    made = study([float(n) for n in range(12)])
    tables = Tables(tmp_path, study([]), [], ["x"])
    for trial in sorted(made.trials, key=lambda trial: -trial.number):
        tables.add(trial)
    assert [row["number"] for row in read_rows(tmp_path)] == [str(n) for n in range(12)]


def test_a_parameter_named_like_a_column_of_our_own_keeps_its_value(tmp_path: Path) -> None:
    names = ("number", "folder", "status", "seconds", "error", "duplicate_of")
    made = optuna.create_study()
    made.add_trial(
        optuna.trial.create_trial(
            value=1.0,
            params={name: 50.0 + i for i, name in enumerate(names)},
            distributions=dict.fromkeys(names, FloatDistribution(0, 100)),
        )
    )
    Tables(tmp_path, made, [], ["x"]).write()
    row = read_rows(tmp_path)[0]
    assert [row[f"params.{name}"] for name in names] == [str(50.0 + i) for i in range(6)]
    assert (row["number"], row["folder"], row["status"]) == ("0", "0", "complete")


def test_trials_that_still_run_are_not_written(tmp_path: Path) -> None:
    made = study([1.0])
    made.ask()
    made.enqueue_trial({"x": 3.0})
    Tables(tmp_path, made, [], ["x"]).write()
    assert [row["number"] for row in read_rows(tmp_path)] == ["0"]


COLLISIONS: dict[str, tuple[list[str], dict[str, float], dict[str, str]]] = {
    "a parameter": ([], {"x": 7.0}, {"x": "0.0", "metrics.x": "7.0", "value": "1.0"}),
    "a parameter that this trial leaves out": ([], {"y": 7.0}, {"metrics.y": "7.0"}),
    "the objective that has no name": ([], {"value": 7.0}, {"value": "1.0", "metrics.value": "7.0"}),
    "the objective": (["loss"], {"loss": 1.0}, {"x": "0.0", "loss": "1.0"}),
    "an objective and a parameter": (["x"], {"x": 1.0}, {"x": "0.0", "metrics.x": "1.0"}),
    "an objective and a column of our own": (
        ["seconds"],
        {"seconds": 2.5},
        {"metrics.seconds": "1.0", "seconds": "2.5"},
    ),
    "nothing else": (["loss"], {"value": 7.0}, {"loss": "1.0", "value": "7.0"}),
}


@pytest.mark.parametrize(("objectives", "metrics", "expected"), COLLISIONS.values(), ids=COLLISIONS)
@pytest.mark.parametrize("when", ["while the sweep runs", "when it goes on"])
def test_a_metric_replaces_no_other_column(
    tmp_path: Path, objectives: list[str], metrics: dict[str, float], expected: dict[str, str], when: str
) -> None:
    attributes: dict[str, Any] = {name: [value] for name, value in metrics.items()}
    made = study([1.0], **attributes)
    if when == "when it goes on":
        Tables(tmp_path, made, objectives, ["x", "y"]).write()
    else:
        Tables(tmp_path, study([]), objectives, ["x", "y"]).add(made.trials[0])
    (row,) = read_rows(tmp_path)
    names = set(row) - {"number", "folder", "status"}
    assert {name: row[name] for name in expected} == expected
    assert names <= expected.keys() | {"x", "value", *objectives}
