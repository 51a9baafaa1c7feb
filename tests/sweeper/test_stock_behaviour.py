"""What users of Hydra's own Optuna sweeper rely on: the behaviour that its tests hold it to, held here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.test_utils.test_utils import TSweepRunner
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from regsweep.sweeper.plugin import RegsweepSweeper
from regsweep.sweeper.space import SearchSpace
from tests.sweeper.audit import FOLDER, completed, run_here

Plugins.instance()


def results_of(tmp_path: Path) -> dict[str, Any]:
    results = yaml.safe_load((tmp_path / FOLDER / "optimization_results.yaml").read_text())
    assert results["name"] == "optuna"
    return dict(results)


def test_hydra_finds_it() -> None:
    assert RegsweepSweeper in Plugins.instance().discover(Sweeper)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("key=choice(1,2)", CategoricalDistribution([1, 2])),
        ("key=choice(true, false)", CategoricalDistribution([True, False])),
        ("key=choice('hello', 'world')", CategoricalDistribution(["hello", "world"])),
        ("key=shuffle(range(1,3))", CategoricalDistribution((1, 2))),
        ("key=range(1,3)", IntDistribution(1, 2)),
        ("key=interval(1, 5)", FloatDistribution(1, 5)),
        ("key=int(interval(1, 5))", IntDistribution(1, 5)),
        ("key=tag(log, interval(1, 5))", FloatDistribution(1, 5, log=True)),
        ("key=tag(log, int(interval(1, 5)))", IntDistribution(1, 5, log=True)),
        ("key=range(0.5, 5.5, step=1)", FloatDistribution(0.5, 4.5, step=1)),
    ],
)
def test_a_range_is_read_alike(override: str, expected: BaseDistribution) -> None:
    actual = SearchSpace.parse([override], {}).distributions["key"]
    if isinstance(expected, CategoricalDistribution):  # shuffle changes the order
        assert isinstance(actual, CategoricalDistribution)
        assert set(actual.choices) == set(expected.choices)
    else:
        assert actual == expected


@pytest.mark.parametrize(
    ("overrides", "searched", "fixed", "as_they_are"),
    [
        (["key=choice(1,2)"], ["key"], {}, []),
        (["key=5"], [], {"key": "5"}, []),
        (["key1=choice(1,2)", "key2=5", "key3=range(1,3)"], ["key1", "key3"], {"key2": "5"}, []),
        (["~z"], [], {}, ["~z"]),
        (["~z=10"], [], {}, ["~z=10"]),
    ],
)
def test_what_is_searched_and_what_is_fixed_is_read_alike(
    overrides: list[str], searched: list[str], fixed: dict[str, str], as_they_are: list[str]
) -> None:
    space = SearchSpace.parse(overrides, {})
    assert list(space.distributions) == searched
    assert space.fixed == fixed
    assert space.fixed_overrides == as_they_are


def test_it_launches_jobs(hydra_sweep_runner: TSweepRunner) -> None:
    overrides = ["hydra/sweeper=regsweep", "hydra.sweeper.n_trials=8", "hydra.sweeper.n_jobs=3"]
    sweep = hydra_sweep_runner(
        calling_file=None,
        calling_module="hydra.test_utils.a_module",
        config_path="configs",
        config_name="compose.yaml",
        task_function=None,
        overrides=overrides,
    )
    with sweep:
        assert sweep.returns is None


@pytest.mark.parametrize("with_command_line", [True, pytest.param(False, marks=pytest.mark.full)])
def test_a_bowl_is_minimized(tmp_path: Path, with_command_line: bool) -> None:
    arguments = ("x=choice(0, 1, 2)", "y=0") if with_command_line else ()
    code, printed = run_here(tmp_path, "hydra.sweeper.n_trials=8", "hydra.sweeper.n_jobs=1", *arguments)
    assert code == 0, printed
    results = results_of(tmp_path)
    if with_command_line:
        assert results["best_params"] == {"x": 1}
        assert results["best_value"] == 0
    else:
        assert set(results["best_params"]) == {"x", "y"}
        assert results["best_value"] < 5


@pytest.mark.parametrize("num_trials", [6, 1])
def test_the_grid_sampler_takes_every_point(tmp_path: Path, num_trials: int) -> None:
    arguments = ("hydra/sweeper/sampler=grid", "x=choice(-1.0, 1.0)", "y=choice(-1.0, 0.0, 1.0)")
    code, printed = run_here(tmp_path, f"hydra.sweeper.n_trials={20 if num_trials == 6 else num_trials}", *arguments)
    assert code == 0, printed
    results = results_of(tmp_path)
    assert len(completed(tmp_path)) == num_trials
    if num_trials == 6:
        assert results["best_params"] == {"x": 1.0, "y": 0.0}
        assert results["best_value"] == 0
    else:
        assert results["best_params"]["x"] in (-1, 1)


@pytest.mark.parametrize("with_command_line", [True, pytest.param(False, marks=pytest.mark.full)])
def test_several_directions_end_in_a_front(tmp_path: Path, with_command_line: bool) -> None:
    arguments = ("x=range(0, 5)", "y=range(0, 3)") if with_command_line else ()
    objectives = ("hydra.sweeper.objectives=[loss,size]", "hydra.sweeper.direction=[minimize,minimize]")
    sampler = ("hydra/sweeper/sampler=random", "hydra.sweeper.sampler.seed=123")
    code, printed = run_here(tmp_path, "hydra.sweeper.n_trials=8", *sampler, *objectives, *arguments)
    assert code == 0, printed
    solutions = results_of(tmp_path)["solutions"]
    assert solutions
    for one in solutions:
        assert not with_command_line or isinstance(one["params"]["x"], int)
        for other in solutions:
            no_worse = all(a <= b for a, b in zip(one["values"], other["values"], strict=True))
            assert not (no_worse and one["values"] != other["values"]), "one dominates the other"


@pytest.mark.parametrize("max_failure_rate", [0.0, 0.5])
def test_a_share_of_failures_ends_the_sweep_or_not(tmp_path: Path, max_failure_rate: float) -> None:
    rate = f"hydra.sweeper.max_failure_rate={max_failure_rate}"
    named = "hydra.sweeper.initial_trials=[{x: 2.0},{x: -2.0}]"
    code, printed = run_here(tmp_path, "fail=true", named, "hydra.sweeper.n_jobs=2", "hydra.sweeper.n_trials=2", rate)
    assert (code == 0) == (max_failure_rate == 0.5)
    assert ("1 of 2 trials failed" in printed) == (max_failure_rate < 0.5)
