"""What regularized a trial, what it is called, and what is cited: as its record says, whichever methods there are."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from regsweep.methods.paper import ADAMW
from regsweep.names import name_of
from regsweep.report.page.papers import used
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.run_record import UsedMethod
from tests.decisions.confirmable import OFF
from tests.decisions.handmade import write_sweep


def made(tmp_path: Path, *trials: dict[str, Any]) -> Sweep:
    return read_sweep(write_sweep(tmp_path / "s", trials))


def trial(own_batch_norm: bool = False, **regularizer: Any) -> dict[str, Any]:
    given = {f"regularizer.{name}": value for name, value in regularizer.items()}
    return {"overrides": given, "config": OFF, "own_batch_norm": own_batch_norm}


def titles(sweep: Sweep, number: int = 0) -> list[str]:
    return [method.title for method in sweep.kind(number)]


@pytest.mark.parametrize(
    ("regularizer", "kind", "name"),
    [
        ({}, [], "no regularization"),
        ({"l2": 0.0003}, ["L2"], "L2 λ=0.0003"),
        ({"l2": {"use": False, "lambda": 0.0003}}, [], "no regularization"),
        ({"l2": 0, "dropout": 0.25}, ["dropout"], "dropout 0.25"),
        ({"batch_norm": True}, ["BatchNorm"], "BatchNorm"),
        ({"mixup": 0.2, "l2": 0.001}, ["L2", "mixup"], "L2 λ=0.001 with mixup α=0.2"),
        ({"batch_norm": True, "dropout": 0.5}, ["dropout", "BatchNorm"], "dropout 0.5 with BatchNorm"),
        (
            {"flips": True, "batch_norm": True, "mixup": 0.2, "dropout": 0.5, "l2": 0.1, "l1": 0.01},
            ["L1", "L2", "dropout", "mixup", "BatchNorm", "mirror images"],
            "L1 λ=0.01 with L2 λ=0.1, dropout 0.5, mixup α=0.2, BatchNorm and mirror images",
        ),
    ],
)
def test_a_trial_is_called_by_its_penalties_then_the_others_those_without_a_setting_last(
    tmp_path: Path, regularizer: dict[str, Any], kind: list[str], name: str
) -> None:
    sweep = made(tmp_path, trial(**regularizer))
    assert (titles(sweep), name_of(sweep.kind(0))) == (kind, name)


def test_methods_are_ordered_without_regard_to_capitals(tmp_path: Path) -> None:
    methods = {name: asdict(UsedMethod(name, name, main="p")) for name in ("mixup", "EMA", "augmentation", "SAM")}
    sweep = made(tmp_path, {**trial(), "methods": methods})
    assert titles(sweep) == ["augmentation", "EMA", "mixup", "SAM"]
    assert name_of(sweep.kind(0)) == "augmentation with EMA, mixup and SAM"


def test_a_method_that_nobody_has_heard_of_is_called_as_its_record_says(tmp_path: Path) -> None:
    own = UsedMethod("shrinking", "shrinking by a third", {"rate": 0.3}, "rate", is_penalty=True)
    bare = UsedMethod("a trick", "a trick")
    sweep = made(tmp_path, {**trial(dropout=0.5), "methods": {"zzz": asdict(own), "trick": asdict(bare)}})
    assert name_of(sweep.kind(0)) == "shrinking by a third with a trick"


RESNET: dict[str, Any] = {"own_batch_norm": True}
"""A network that has BatchNorm where no method says so."""


@pytest.mark.parametrize(
    ("trials", "has"),
    [
        pytest.param([trial(batch_norm=True), trial()], [True, False], id="put into one"),
        pytest.param([trial(), trial(batch_norm=False)], [False, False], id="taken out of a network that has none"),
        pytest.param([trial(**RESNET), trial(**RESNET)], [False, False], id="part of the network"),
        pytest.param([trial(**RESNET), trial(**RESNET, batch_norm=True)], [False, False], id="asked for where it is"),
        pytest.param(
            [trial(**RESNET), trial(**RESNET, batch_norm=True), trial(**RESNET, batch_norm=False)],
            [True, True, False],
            id="taken out of one",
        ),
        pytest.param([trial(**RESNET, batch_norm=False)], [False], id="taken out of all"),
    ],
)
def test_batch_norm_of_the_network_itself_is_part_of_it_unless_a_trial_turned_it(
    tmp_path: Path, trials: list[dict[str, Any]], has: list[bool]
) -> None:
    sweep = made(tmp_path, *trials)
    assert [titles(sweep, number) for number in range(len(trials))] == [["BatchNorm"] * each for each in has]


def test_a_trial_whose_network_was_never_built_turned_nothing(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "s", [trial(**RESNET), {**trial(**RESNET), "status": "failed"}])
    file = folder / "1" / "result.json"
    record = {key: value for key, value in json.loads(file.read_text()).items() if "batch_norm" not in key}
    file.write_text(json.dumps(record))
    assert titles(read_sweep(folder)) == []


OF_0_2 = {
    "regularizer.penalty": "none",
    "regularizer.lambda": 0,
    "regularizer.dropout": 0,
    "regularizer.batch_norm": None,
    "regularizer.l1_ratio": None,
}


@pytest.mark.parametrize(
    ("regularizer", "model", "kind", "name"),
    [
        ({}, "MLP", [], "no regularization"),
        ({"penalty": "l2", "lambda": 0.0003}, "MLP", ["L2"], "L2 λ=0.0003"),
        ({"penalty": "l1", "lambda": 0.00012345}, "MLP", ["L1"], "L1 λ=0.00012"),
        (
            {"penalty": "elastic_net", "lambda": 0.001, "l1_ratio": 0.25},
            "MLP",
            ["elastic net"],
            "elastic net λ=0.001 ρ=0.25",
        ),
        ({"penalty": "l2", "lambda": 0, "dropout": 0.123}, "MLP", ["dropout"], "dropout 0.12"),
        ({"penalty": "none", "lambda": 1, "batch_norm": True}, "MLP", ["BatchNorm"], "BatchNorm"),
        (
            {"penalty": "l2", "lambda": 0.1, "dropout": 0.5, "batch_norm": True},
            "CNN",
            ["L2", "dropout", "BatchNorm"],
            "L2 λ=0.1 with dropout 0.5 and BatchNorm",
        ),
        ({"dropout": 0.5}, "ResNet18", ["dropout"], "dropout 0.5"),
        ({"batch_norm": True}, "ResNet18", [], "no regularization"),
        ({"batch_norm": True}, "Mine", ["BatchNorm"], "BatchNorm"),
    ],
)
def test_what_regularized_a_trial_of_version_0_2_and_what_it_is_called(
    tmp_path: Path, regularizer: dict[str, Any], model: str, kind: list[str], name: str
) -> None:
    """Its configuration says it: it had one penalty, and its records had no methods."""
    given = {f"regularizer.{key}": value for key, value in regularizer.items()}
    config = {"model._target_": f"regsweep.models.{model}"}
    sweep = made(tmp_path, {"overrides": {**OF_0_2, **given}, "config": config})
    assert "methods" not in json.loads((sweep.folder / "0" / "result.json").read_text())
    assert (titles(sweep), name_of(sweep.kind(0))) == (kind, name)


def test_the_settings_of_a_trial_of_version_0_2(tmp_path: Path) -> None:
    values = {"penalty": "elastic_net", "lambda": 0.001, "l1_ratio": 0.12345, "dropout": 0.5, "batch_norm": True}
    given = {f"regularizer.{key}": value for key, value in values.items()}
    config = {"model._target_": "regsweep.models.MLP"}
    found = made(tmp_path, {"overrides": {**OF_0_2, **given}, "config": config}).regularization[0]
    assert dict(found.methods) == {
        "elastic_net": UsedMethod(
            "elastic net", "elastic net λ=0.001 ρ=0.12", {"lambda": 0.001}, "lambda", is_penalty=True
        ),
        "dropout": UsedMethod("dropout", "dropout 0.5", {"p": 0.5}, "p"),
        "batch_norm": UsedMethod("BatchNorm", "BatchNorm"),
    }
    assert (found.batch_norm, found.own_batch_norm) == (True, False)


def test_a_resnet_of_version_0_2_without_batch_norm_makes_it_a_method(tmp_path: Path) -> None:
    config = {"model._target_": "regsweep.models.ResNet18"}
    trials = [
        {"overrides": {**OF_0_2, "regularizer.batch_norm": value}, "config": config} for value in (None, True, False)
    ]
    sweep = made(tmp_path, *trials)
    assert [titles(sweep, number) for number in range(3)] == [["BatchNorm"], ["BatchNorm"], []]
    assert name_of(sweep.kind(0)) == "BatchNorm"


def test_a_setting_of_a_method_that_is_not_used_is_blank(tmp_path: Path) -> None:
    def searched(use: bool, strength: float | None, p: float) -> dict[str, Any]:
        node = {} if strength is None else {"regularizer.l2.lambda": strength}
        config = {**OFF, "regularizer.l2": {"use": True, "lambda": 0.001}, "regularizer.dropout": {"use": True}}
        return {"overrides": {"regularizer.l2.use": use, **node, "regularizer.dropout.p": p}, "config": config}

    trials = [searched(use=True, strength=0.1, p=0.5), searched(use=False, strength=None, p=0)]
    again = {"overrides": trials[1]["overrides"], "config": trials[1]["config"], "duplicate_of": 1}
    table = made(tmp_path, *trials, again).trials
    assert list(table["regularizer.l2.use"]) == [True, False, False]
    assert table["regularizer.l2.lambda"][0] == 0.1
    assert pd.isna(table["regularizer.l2.lambda"][1:]).all(), "the preset's λ weighed nothing"
    assert list(table["regularizer.dropout.p"]) == [0.5, 0, 0], "a value that was typed is shown"


def test_a_trial_that_repeats_another_is_regularized_like_it(tmp_path: Path) -> None:
    first = trial(dropout=0.5)
    sweep = made(tmp_path, first, {**first, "duplicate_of": 0})
    assert titles(sweep, 1) == ["dropout"]


def test_the_papers_are_those_that_the_records_name_once_each(tmp_path: Path) -> None:
    own = UsedMethod("own", "own", reference=["Shrinking", "Someone (2020). Shrinking."])
    without = UsedMethod("nameless", "nameless")
    trials = [
        trial(mixup=0.2, l2=0.1),
        trial(mixup=0.3),
        {**trial(), "methods": {"own": asdict(own), "nameless": asdict(without)}},
    ]
    found = used(made(tmp_path, *trials), None, [], has_importance=False, is_confirmed=False)
    assert [tuple(paper) for paper in found] == [
        ("L2", "L2, A. (2000). On L2."),
        ("Shrinking", "Someone (2020). Shrinking."),
        ("mixup", "Mixup, A. (2000). On mixup."),
    ]


def test_a_paper_of_a_method_and_of_the_optimizer_is_named_once(tmp_path: Path) -> None:
    decay = UsedMethod("decay", "decay 0.1", reference=list(ADAMW))
    sweep = made(tmp_path, {**trial(), "methods": {"weight_decay": asdict(decay)}})
    found = used(sweep, {"optimizer": {"name": "adamw"}}, [], has_importance=False, is_confirmed=False)
    assert found == [ADAMW]


@pytest.mark.parametrize(("solver", "is_cited"), [("proximal", True), ("subgradient", False)])
def test_the_proximal_step_is_cited_where_it_was_made(tmp_path: Path, solver: str, *, is_cited: bool) -> None:
    sweep = made(tmp_path, trial(l1={"lambda": 0.1, "solver": solver}))
    found = used(sweep, None, [], has_importance=False, is_confirmed=False)
    assert ("Proximal steps (exact zeros)" in [paper.title for paper in found]) == is_cited
