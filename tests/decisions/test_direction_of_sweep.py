"""A sweep's direction follows from its objective, in what is composed and in what each trial composes from."""

from collections.abc import Callable

import numpy as np
import pytest
from omegaconf import DictConfig, OmegaConf

from regsweep.app.objective import _settle_direction, settle
from regsweep.config import RunConfig
from regsweep.errors import ConfigError
from regsweep.objectives import OBJECTIVES


def composed(direction: str, *typed: str) -> DictConfig:
    made = {"sweeper": {"_target_": "regsweep.sweeper.plugin.RegsweepSweeper", "direction": direction}}
    config = OmegaConf.create({"hydra": {**made, "overrides": {"hydra": [*typed]}}})
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
    ],
)
def test_the_objective_decides(name: str, before: str, after: str) -> None:
    config = composed(before)
    _settle_direction(config, OBJECTIVES[name])
    assert config.hydra.sweeper.direction == after
    changed = [] if before == after else [f'++hydra.sweeper.direction="{after}"']
    assert list(config.hydra.overrides.hydra) == changed


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
    config = OmegaConf.merge(composed("maximize"), {"task": "auto", "objective": None})
    assert isinstance(config, DictConfig)
    settle(config, [], [configure(*typed)], lambda function, run: function(run))
    assert (config.task, config.objective, config.hydra.sweeper.direction) == (task, objective, direction)


def test_what_was_typed_is_refused_where_it_is_the_other() -> None:
    with pytest.raises(ConfigError, match=r"^hydra\.sweeper\.direction=maximize: rmse is minimized; set"):
        _settle_direction(composed("maximize", "hydra.sweeper.direction=maximize"), OBJECTIVES["rmse"])
