"""A sweep of several objectives has a front, and no best trial."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from rich.console import Console

from regsweep.report.answer.sentences import answer
from regsweep.report.figures import Evidence
from regsweep.report.page import head, trials
from regsweep.report.summary import summary
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.table import print_table
from tests.conftest import PROJECT
from tests.decisions.handmade import write_sweep

NAMES = ["validation_accuracy", "sparsity"]


def made(
    folder: Path, rows: list[dict[str, Any]], names: Any = NAMES, directions: Any = ("maximize", "maximize")
) -> Sweep:
    write_sweep(folder, [{"overrides": {"optimizer.lr": 0.1 * (n + 1)}, **row} for n, row in enumerate(rows)])
    settings = yaml.safe_load((folder / "multirun.yaml").read_text())
    directions = list(directions) if isinstance(directions, tuple) else directions
    settings["hydra"]["sweeper"] = {"objectives": names, "direction": directions}
    (folder / "multirun.yaml").write_text(yaml.safe_dump(settings))
    return read_sweep(folder)


def of(accuracy: float | None, sparsity: float, **others: Any) -> dict[str, Any]:
    return {"accuracy": accuracy, "sparsity": sparsity, **others}


FRONTS: dict[str, tuple[list[dict[str, Any]], tuple[str, str], list[int]]] = {
    "neither is beaten": ([of(0.9, 0.1), of(0.8, 0.5)], ("maximize", "maximize"), [0, 1]),
    "one is beaten in both": ([of(0.9, 0.1), of(0.8, 0.05)], ("maximize", "maximize"), [0]),
    "beaten in one, equal in the other": ([of(0.9, 0.1), of(0.9, 0.2)], ("maximize", "maximize"), [1]),
    "equals stand together": ([of(0.9, 0.1), of(0.9, 0.1), of(0.5, 0.0)], ("maximize", "maximize"), [0, 1]),
    "less is better": ([of(0.9, 0.1), of(0.8, 0.05)], ("maximize", "minimize"), [0, 1]),
    "less of both": ([of(0.9, 0.1), of(0.8, 0.05)], ("minimize", "minimize"), [1]),
    "failed, pruned": (
        [of(0.5, 0.1), of(0.99, 0.9, status="pruned"), of(None, 0.9, status="failed")],
        ("maximize", "maximize"),
        [0],
    ),
    "a repetition": ([of(0.9, 0.1), {"accuracy": 0.9, "duplicate_of": 0}], ("maximize", "maximize"), [0]),
    "none is complete": ([of(None, 0.9, status="failed")], ("maximize", "maximize"), []),
}


@pytest.mark.parametrize(("rows", "directions", "front"), FRONTS.values(), ids=FRONTS)
def test_the_front(tmp_path: Path, rows: list[dict[str, Any]], directions: tuple[str, str], front: list[int]) -> None:
    sweep = made(tmp_path / "s", rows, directions=directions)
    assert sweep.objectives == dict(zip(NAMES, [each == "maximize" for each in directions], strict=True))
    assert sweep.front == front
    marked = trials.table(sweep)
    assert sorted(marked["columns"][0]["values"][place] for place in marked["best"]) == front


@pytest.mark.parametrize(
    ("names", "directions"),
    [
        (None, "maximize"),
        (["validation_accuracy"], ["maximize"]),
        (NAMES, ["maximize"]),
        (["validation_accuracy", "latency"], ["maximize", "minimize"]),
        ("sparsity", ["maximize", "minimize"]),
        (["validation_accuracy"], "maximize"),
    ],
)
def test_one_objective_is_ranked_as_ever(tmp_path: Path, names: Any, directions: Any) -> None:
    sweep = made(tmp_path / "s", [of(0.9, 0.1), of(0.8, 0.5)], names, directions)
    assert (sweep.objectives, sweep.front) == ({}, [])
    assert "Trial 0 is the best of 2" in answer(sweep, None)[0]


ALONE: dict[str, tuple[str, Any, tuple[str, bool, int]]] = {
    "the least loss": ("validation_loss", "minimize", ("validation_loss", False, 1)),
    "in a list": ("validation_loss", ["minimize"], ("validation_loss", False, 1)),
    "the most, as it was typed": ("validation_loss", "maximize", ("validation_loss", True, 0)),
    "the accuracy": ("validation_accuracy", "maximize", ("validation_accuracy", True, 0)),
    "no number of the records": ("speed", "maximize", ("validation_accuracy", True, 0)),
}


@pytest.mark.parametrize(("name", "direction", "found"), ALONE.values(), ids=ALONE)
def test_trials_are_ranked_by_the_one_number_that_was_searched_for(
    tmp_path: Path, name: str, direction: Any, found: tuple[str, bool, int]
) -> None:
    rows = [{"accuracy": 0.9, "loss": 2.0}, {"accuracy": 0.8, "loss": 1.0}]
    sweep = made(tmp_path / "s", rows, [name], direction)
    best = sweep.best()
    assert best is not None
    assert (sweep.objective, sweep.maximize, best.number) == found
    assert sweep.objectives == {}
    assert read_sweep(tmp_path / "s", objective="validation_accuracy").best().number == 0  # type: ignore[union-attr]


def test_scores_stand_before_the_settings(tmp_path: Path) -> None:
    sweep = made(tmp_path / "s", [of(0.9, 0.1), of(0.8, 0.5)])
    columns = [column["key"] for column in trials.table(sweep)["columns"]]
    assert columns[:4] == ["number", "validation_accuracy", "sparsity", "optimizer.lr"]


def test_an_objective_that_is_named_is_the_only_one(tmp_path: Path) -> None:
    made(tmp_path / "s", [of(0.9, 0.1), of(0.8, 0.5)])
    assert read_sweep(tmp_path / "s", objective="sparsity").objectives == {}


def test_both_stand_everywhere_and_none_is_called_the_best(tmp_path: Path) -> None:
    sweep = made(tmp_path / "s", [of(0.9, 0.1), of(0.8, 0.5), of(0.7, 0.3)])
    said = (
        "The sweep looked for the most validation accuracy and the most sparsity; no trial is called the best. On the "
        "front: trials 0 and 1 of 3 complete ones; no other is at least as good in all and better in one."
    )
    assert answer(sweep, None) == [said]
    file = io.StringIO()
    print_table(sweep, Console(file=file, width=200, highlight=False))
    lines = file.getvalue().splitlines()
    assert lines[0].split()[:5] == ["trial", "lr", "validation", "accuracy", "sparsity"]
    assert [line.split()[2:4] for line in lines[1:4]] == [["0.9000", "0.1"], ["0.8000", "0.5"], ["0.7000", "0.3"]]
    assert lines[-1] == said
    assert not any("best: " in line for line in lines)
    assert "Best" not in dict(head.lines(sweep, is_confirmed=False))
    columns = [column["key"] for column in trials.table(sweep)["columns"]]
    assert {"validation_accuracy", "sparsity"} <= set(columns)
    found = summary(Evidence(sweep), answer(sweep, None), [])
    assert (found["best_trial"], found["front"]) == (None, [0, 1])
    assert found["objectives"] == {"validation_accuracy": "maximize", "sparsity": "maximize"}
    jsonschema.validate(found, json.loads((PROJECT / "docs" / "summary.schema.json").read_text()))


@pytest.mark.parametrize("names", [["validation_accuracy", "test_accuracy"], ["test_accuracy", "validation_accuracy"]])
def test_test_accuracy_has_one_column_where_it_is_an_objective(tmp_path: Path, names: list[str]) -> None:
    sweep = made(tmp_path / "s", [of(0.9, 0.1, test=0.7), of(0.8, 0.5, test=0.75)], names)
    file = io.StringIO()
    print_table(sweep, Console(file=file, width=200, highlight=False))
    head = " ".join(file.getvalue().splitlines()[0].split())
    assert head == "trial lr validation accuracy test accuracy status seconds"


def test_where_no_trial_has_both(tmp_path: Path) -> None:
    sweep = made(tmp_path / "s", [of(None, 0.1, status="failed")], directions=("maximize", "minimize"))
    expected = "No complete trial has all objectives (the most validation accuracy and the least sparsity)."
    assert answer(sweep, None) == [expected]
