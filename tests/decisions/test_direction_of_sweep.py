"""A sweep's objective and direction are settled once, in what is composed and in what each trial composes from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import DictConfig, OmegaConf

from regsweep.app.objective import _kind, _settle_direction, kind_of_data, settle
from regsweep.config import RunConfig
from regsweep.errors import ConfigError
from regsweep.objectives import OBJECTIVES, Kind

Configure = Callable[..., RunConfig]

OWN = "regsweep.sweeper.plugin.RegsweepSweeper"
STOCK = "hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper"


def composed(direction: Any, *typed: str, target: str = OWN, test: Any = None, **sweeper: Any) -> DictConfig:
    made = {"sweeper": {"_target_": target, **({"direction": direction} if direction else {}), **sweeper}}
    hydra = {**made, "overrides": {"hydra": [*typed]}}
    config = OmegaConf.create({"objective": None, "task": "auto", "trainer": {"test": test}, "hydra": hydra})
    assert isinstance(config, DictConfig)
    return config


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("rmse", "maximize", "minimize"),
        ("loss", "maximize", "minimize"),
        ("r2", "maximize", "maximize"),
        ("accuracy", "minimize", "maximize"),
        ("accuracy", "maximize", "maximize"),
        ("accuracy", ["MAXIMIZE"], ["MAXIMIZE"]),
        ("rmse", ["maximize"], "minimize"),
    ],
)
def test_the_objective_decides(name: str, before: Any, after: Any) -> None:
    config = composed(before, "hydra.sweeper.n_trials=3", "hydra.job.name=direction=x")
    _settle_direction(config, OBJECTIVES[name])
    assert config.hydra.sweeper.direction == after
    changed = [] if before == after else [f'++hydra.sweeper.direction="{after}"']
    assert list(config.hydra.overrides.hydra)[2:] == changed


@pytest.mark.parametrize(
    ("typed", "task", "objective", "direction"),
    [
        (("dataset=diabetes",), "regression", "rmse", "minimize"),
        (("dataset=diabetes", "objective=r2"), "regression", "r2", "maximize"),
        (("dataset=wine",), "classification", "accuracy", "maximize"),
        (("dataset=arrays", "dataset.path=data.npz"), "regression", "rmse", "minimize"),
        (("dataset=arrays", "dataset.path=data.npz", "objective=loss"), "regression", "loss", "minimize"),
    ],
)
def test_what_was_left_open_is_settled_by_the_data(
    configure: Callable[..., RunConfig], typed: tuple[str, ...], task: str, objective: str, direction: str
) -> None:
    np.savez("data.npz", x=np.eye(30), y=np.arange(30) / 7)
    config = composed("maximize")
    settle(config, [], [configure(*typed)], lambda function, run: function(run))
    assert (config.task, config.objective, config.hydra.sweeper.direction) == (task, objective, direction)


@pytest.mark.parametrize("typed", ["hydra.sweeper.direction=maximize", "++hydra.sweeper.direction=maximize"])
def test_what_was_typed_is_refused_where_it_is_the_other(typed: str) -> None:
    with pytest.raises(ConfigError, match=r"^hydra\.sweeper\.direction=maximize: rmse is minimized; set"):
        _settle_direction(composed("maximize", typed), OBJECTIVES["rmse"])
    _settle_direction(composed("maximize", typed), OBJECTIVES["r2"])


def test_two_directions_of_one_objective_and_one_that_another_sweeper_was_given_are_refused() -> None:
    for config, named in [
        (composed(["maximize", "minimize"]), "maximize,minimize"),
        (composed("minimize", target=STOCK), "minimize"),
    ]:
        with pytest.raises(ConfigError) as refused:
            _settle_direction(config, OBJECTIVES["balanced_accuracy"])
        allowed = "balanced accuracy is maximized; set hydra.sweeper.direction=maximize"
        assert str(refused.value) == f"hydra.sweeper.direction={named}: {allowed}"


def with_torch(function: Callable[[RunConfig], Kind], run: RunConfig) -> Kind:
    return function(run)


def without_torch(function: Callable[[RunConfig], Kind], run: RunConfig) -> Kind:
    raise AssertionError(f"{run.dataset.name} says what it is without its examples")


def data_of(y: np.ndarray) -> str:
    np.savez("data.npz", x=np.random.default_rng(0).normal(size=(len(y), 2)), y=y)
    return "dataset.path=data.npz"


@pytest.mark.parametrize(
    ("overrides", "objective", "direction"),
    [
        (("dataset=digits",), "accuracy", "maximize"),
        (("dataset=diabetes",), "rmse", "minimize"),
        (("dataset=diabetes", "objective=r2"), "r2", "maximize"),
        (("dataset=wine", "objective=loss"), "loss", "minimize"),
        (("dataset=wine", "objective=mine.revenue"), "mine.revenue", "maximize"),
        (("dataset=wine", "objective=mine.cost", "objective_direction=minimize"), "mine.cost", "minimize"),
    ],
)
def test_what_a_sweep_looks_for(
    configure: Configure, overrides: tuple[str, ...], objective: str, direction: str
) -> None:
    """The name stays as it was typed, so that each trial finds it."""
    for before in ("maximize", "minimize"):
        config = composed(before)
        settle(config, ["optimizer.lr", "dataset.seed"], [configure(*overrides)], without_torch)
        assert (config.objective, config.hydra.sweeper.direction) == (objective, direction)
    grid = composed(None)
    settle(grid, [], [configure(*overrides)], without_torch)
    assert grid.objective == objective
    assert "direction" not in grid.hydra.sweeper, "of Hydra's own grid"


@pytest.mark.parametrize(
    ("y", "task", "objective"),
    [
        (np.arange(40) % 3, "auto", "accuracy"),
        (np.arange(40) % 3, "regression", "rmse"),
        (np.arange(40), "auto", "rmse"),
    ],
)
def test_the_targets_of_arrays_say_what_kind_of_task_it_is(
    configure: Configure, y: np.ndarray, task: str, objective: str
) -> None:
    config = composed("maximize")
    settle(config, [], [configure("dataset=arrays", data_of(y), f"task={task}")], with_torch)
    assert config.objective == objective
    assert config.hydra.sweeper.direction == ("minimize" if objective == "rmse" else "maximize")


@pytest.mark.parametrize(("target", "objective"), [("kind", "accuracy"), ("price", "rmse")])
def test_the_column_that_is_predicted_says_it_of_a_table(configure: Configure, target: str, objective: str) -> None:
    Path("data.csv").write_text("age,kind,price\n" + "".join(f"{n},{'ab'[n % 2]},{n}.5\n" for n in range(40)))
    config = composed("maximize")
    run = configure("dataset=table", "dataset.path=data.csv", f"dataset.target={target}")
    settle(config, [], [run], with_torch)
    assert config.objective == objective


@pytest.mark.parametrize("name", ["digits", "breast_cancer", "wine", "diabetes"])
def test_what_is_known_of_a_data_set_by_its_name_is_what_its_targets_say(configure: Configure, name: str) -> None:
    run = configure(f"dataset={name}")
    assert _kind(run, without_torch) == kind_of_data(run)


def test_trials_that_are_no_comparison_are_refused(configure: Configure) -> None:
    run, other = configure("dataset=diabetes"), configure("dataset=wine")
    for key in ("objective", "objective_direction", "task"):
        with pytest.raises(ConfigError, match=f"^{key}=…: trials that are judged by different numbers are no compari"):
            settle(composed("maximize"), ["optimizer.lr", key], [run], without_torch)
    with pytest.raises(ConfigError, match=r"^dataset=…: some of diabetes and wine have classes, some numbers to pred"):
        settle(composed("maximize"), ["dataset"], [other, run, other], without_torch)
    settle(composed("maximize"), ["dataset"], [other, configure("dataset=digits")], without_torch)


BOTH = ["maximize", "minimize"]
SEVERAL: list[tuple[str, list[str], Any, dict[str, Any], str]] = [
    ("wine", ["validation_accuracy", "sparsity"], BOTH, {}, ""),
    ("wine", ["validation_loss", "train_accuracy"], BOTH, {}, ""),
    ("wine", ["near_zero"], "maximize", {}, ""),
    ("diabetes", ["validation_rmse", "train_loss"], BOTH, {}, ""),
    ("wine", ["validation_accuracy", "test_loss"], BOTH, {"test": True}, ""),
    ("wine", ["validation_loss"], ["minimize"], {"pruner": {}}, ""),
    ("wine", ["sparsity", "test_accuracy"], BOTH, {"test": True, "pruner": {}}, ""),
    ("wine", ["validation_rmse", "sparsity"], BOTH, {}, "objectives=validation_rmse: no such number; did you"),
    ("diabetes", ["validation_accuracy"], "maximize", {}, "objectives=validation_accuracy: no such number; "),
    ("wine", ["test_rmse"], "minimize", {"test": True}, "objectives=test_rmse: no such number; there is "),
    ("wine", ["validation_auroc"], "maximize", {}, "objectives=validation_auroc: no such number; did yo"),
    ("wine", ["test_loss"], "minimize", {}, "objectives=test_loss: trials keep the test set closed; add trainer.te"),
    ("wine", ["sparsity"], "maximize", {"pruner": {}}, "objectives=sparsity: not known after each epoch, so no tria"),
    ("wine", ["test_loss"], "minimize", {"pruner": {}, "test": True}, "use one of validation_accuracy, validation_"),
]


@pytest.mark.parametrize("case", SEVERAL)
def test_objectives_that_were_typed_are_those_that_a_trial_has(
    configure: Configure, case: tuple[str, list[str], Any, dict[str, Any], str]
) -> None:
    dataset, names, direction, others, message = case
    config = composed(direction, objectives=names, **others)
    before = config.copy()
    refused = None
    try:
        settle(config, [], [configure(f"dataset={dataset}")], without_torch)
    except ConfigError as error:
        refused = str(error)
    before.task = config.task
    assert config == before, "nothing else is left open"
    assert (refused is None) == (not message)
    assert message in (refused or "")


def test_an_objective_beside_them_is_refused(configure: Configure) -> None:
    config = composed("maximize", objectives=["sparsity"])
    with pytest.raises(ConfigError, match=r"^objective=accuracy: hydra\.sweeper\.objectives names what is searched fo"):
        settle(config, [], [configure("dataset=wine", "objective=accuracy")], without_torch)
