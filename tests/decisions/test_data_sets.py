"""Trials on several data sets: the best of each, and no best of all."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console

from regsweep.report.answer.sentences import answer
from regsweep.report.figures import Evidence, parallel_coordinates, progress
from regsweep.report.figures.captions import named_best
from regsweep.report.page import head, trials
from regsweep.report.pooled_table import pooled_table
from regsweep.report.summary import summary
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.table import print_table
from regsweep.sweeper.announce import varied
from regsweep.sweeper.live import LiveTable
from tests.conftest import PROJECT, Regsweep
from tests.decisions.confirmable import write_command
from tests.decisions.handmade import write_sweep
from tests.decisions.traces import traces

NONE_OF_ALL = "Scores on different data sets (digits, mnist) are no comparison, so no trial is called the best of all."


def on(name: Any, accuracy: float | None, key: str = "dataset", **others: Any) -> dict[str, Any]:
    return {"overrides": {"optimizer.lr": 0.1, **others.pop("set", {}), key: name}, "accuracy": accuracy, **others}


def made(folder: Path, *rows: dict[str, Any]) -> Sweep:
    return read_sweep(write_sweep(folder, rows))


BESTS: dict[str, tuple[list[dict[str, Any]], dict[str, int], list[int]]] = {
    "the best of each": (
        [on("digits", 0.9), on("mnist", 0.7), on("digits", 0.95), on("mnist", 0.6)],
        {"digits": 2, "mnist": 1},
        [2, 1],
    ),
    "by the key of the name": (
        [on("digits", 0.9, "dataset.name"), on("mnist", 0.7, "dataset.name")],
        {"digits": 0, "mnist": 1},
        [0, 1],
    ),
    "by files and columns": (
        [
            on("a.csv", 0.9, "dataset.path", set={"dataset.target": "x"}),
            on("b.csv", 0.7, "dataset.path", set={"dataset.target": "x"}),
            on("a.csv", 0.8, "dataset.path", set={"dataset.target": "y"}),
            on("a.csv", 0.95, "dataset.path", set={"dataset.target": "x"}),
        ],
        {"a.csv, x": 3, "a.csv, y": 2, "b.csv, x": 1},
        [3, 2, 1],
    ),
    "by the function's argument": (
        [on(1, 0.9, "dataset.arguments.noise"), on(2, 0.7, "dataset.arguments.noise")],
        {"1": 0, "2": 1},
        [0, 1],
    ),
    "one data set": ([on("digits", 0.9), on("digits", 0.95)], {}, [1]),
    "sizes of one": ([on(100, 0.9, "dataset.train_size"), on(200, 0.95, "dataset.train_size")], {}, [1]),
    "nothing complete on one": ([on("digits", 0.9), on("mnist", None, status="failed")], {"digits": 0}, [0]),
    "nothing complete": ([on("digits", None, status="failed"), on("mnist", None, status="failed")], {}, []),
}


@pytest.mark.parametrize(("rows", "by_name", "marked"), BESTS.values(), ids=BESTS)
def test_the_best(tmp_path: Path, rows: list[dict[str, Any]], by_name: dict[str, int], marked: list[int]) -> None:
    sweep = made(tmp_path / "s", *rows)
    assert {name: each.number for name, each in sweep.best_by_data_set.items()} == by_name
    assert [each.number for each in sweep.bests] == marked
    table = trials.table(sweep)
    assert [table["columns"][0]["values"][place] for place in table["best"]] == marked


def test_a_sweep_of_which_no_trial_began_has_an_empty_table(tmp_path: Path) -> None:
    sweep = made(tmp_path / "s", on("digits", 0.9))
    table = trials.table(replace(sweep, trials=sweep.trials[:0]))
    assert {len(column["values"]) for column in table["columns"]} == {0}


def test_each_place_says_that_there_is_no_best_of_all(tmp_path: Path) -> None:
    sweep = made(tmp_path / "s", on("digits", 0.9), on("mnist", 0.7), on("digits", 0.95, set={"optimizer.lr": 0.2}))
    file = io.StringIO()
    print_table(sweep, Console(file=file, width=200, highlight=False))
    assert file.getvalue().splitlines()[-3:] == [
        NONE_OF_ALL,
        "best on digits: trial 2, validation accuracy 0.9500, lr=0.2",
        "best on mnist: trial 1, validation accuracy 0.7000, lr=0.1",
    ]
    assert progress.draw(Evidence(sweep)).missing == "scores on different data sets are no comparison"
    drawn = {trace.name for trace in traces(parallel_coordinates.draw(Evidence(sweep)))}
    assert "highest" in drawn
    assert "best" not in drawn
    said = answer(sweep, None)
    assert said[:2] == [
        NONE_OF_ALL,
        "The best of each: on digits trial 2, with a validation accuracy of 95.00 %; "
        "on mnist trial 1, with a validation accuracy of 70.00 %.",
    ]
    shown = dict(head.lines(sweep, is_confirmed=False))
    assert shown["Best"] == "of each data set alone: scores on different data sets are no comparison"
    assert "trial 2" in shown["Best on digits"]
    assert "trial 1" in shown["Best on mnist"]
    assert named_best(sweep) == "highest: trial 2", "in legends of figures, whose axis has the several data sets"
    found = summary(Evidence(sweep), said, [])
    assert (found["best_trial"], found["best_by_data_set"]) == (None, {"digits": 2, "mnist": 1})
    jsonschema.validate(found, json.loads((PROJECT / "docs" / "summary.schema.json").read_text()))


@pytest.mark.parametrize(
    ("rows", "tie"),
    [
        ([on("digits", 0.9), on("digits", 0.9), on("digits", 0.8)], " (the first of 2 with this value)"),
        ([on("digits", 0.9), on("mnist", 0.9), on("digits", 0.8)], ""),  # equal numbers on other data are no equals
        ([on("digits", 0.9), on("digits", 0.85)], ""),
        ([on("digits", 0.9), on("digits", None, status="failed")], ""),
        ([on("digits", 0.9), on("digits", 0.9, duplicate_of=0)], ""),  # the same number once more
    ],
)
def test_the_first_of_equals_is_not_called_the_best_alone(tmp_path: Path, rows: list[dict[str, Any]], tie: str) -> None:
    sweep, file = made(tmp_path / "s", *rows), io.StringIO()
    print_table(sweep, Console(file=file, width=200, highlight=False))
    assert f"trial 0, validation accuracy 0.9000{tie}, " in file.getvalue()


def test_over_seeds_too(tmp_path: Path) -> None:
    rows = [
        on(name, accuracy + 0.01 * seed, set={"seed": seed, "optimizer.lr": lr}, seed=seed)
        for name, lr, accuracy in [("digits", 0.1, 0.9), ("digits", 0.2, 0.8), ("mnist", 0.1, 0.5), ("mnist", 0.2, 0.6)]
        for seed in (0, 1)
    ]
    sweep = made(tmp_path / "s", *rows)
    assert {name: each.numbers for name, each in sweep.best_by_data_set.items()} == {"digits": (0, 1), "mnist": (6, 7)}
    assert [each.numbers for each in pooled_table(sweep).bests] == [(0, 1), (6, 7)]
    said = answer(sweep, None)
    assert said[0].endswith("so no configuration is called the best of all.")
    assert "on digits lr=0.1" in said[1]
    assert not any("highest mean" in line for line in said)
    found = summary(Evidence(sweep), said, [])
    assert (found["best_configuration"], found["best_by_data_set"]) == (None, {"digits": 0, "mnist": 6})


def test_confirm_refuses_them(tmp_path: Path, regsweep: Regsweep) -> None:
    rows = [on("digits", 0.9, set={"regularizer.dropout": 0.1}), on("mnist", 0.7, set={"regularizer.dropout": 0.1})]
    write_command(write_sweep(tmp_path / "s", rows), ["-m"])
    done = regsweep("confirm", "s")
    assert done.code == 2
    assert "its trials are on several data sets (digits, mnist), whose scores are no comparison; sweep each" in done.err
    assert not (tmp_path / "s" / "confirmation").exists()


def study_trial(number: int, dataset: str, value: float) -> FrozenTrial:
    made = optuna.trial.create_trial(
        state=TrialState.COMPLETE,
        params={"dataset": dataset},
        distributions={"dataset": CategoricalDistribution(["digits", "mnist"])},
        value=value,
    )
    made.number = number
    return made


@pytest.mark.parametrize(
    ("names", "keys", "expected"),
    [
        (["digits", "mnist"], ["dataset"], "dataset"),
        (["digits", "digits"], ["dataset"], None),
        (["digits", "mnist"], ["other", "data*"], "dataset"),
        (["digits", "mnist"], [], None),
        (["digits", "mnist"], ["dataset.name"], None),
    ],
)
def test_the_last_line_of_the_terminal(
    names: list[str], keys: list[str], expected: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = [study_trial(number, name, 0.5 + number / 10) for number, name in enumerate(names)]
    assert varied(ended, keys) == expected
    table = LiveTable(4, ended, [StudyDirection.MAXIMIZE], {"dataset": "dataset"}, keys)
    Console(width=120, color_system=None).print(table._render())
    line = capsys.readouterr().out.splitlines()[-1]
    none = "best     none of all: scores at different values of dataset are no comparison"
    assert line.startswith(none if expected else "best     trial 1  0.6")
