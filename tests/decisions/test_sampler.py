"""Which sampler a sweep draws with: what it is given beside its own settings, and how many points a grid has."""

from __future__ import annotations

from typing import Any

import optuna
import pytest
from omegaconf import OmegaConf
from optuna.samplers import CmaEsSampler, RandomSampler, TPESampler

from regsweep.sweeper.sampler import build_sampler, count_points
from regsweep.sweeper.space import SearchSpace

# The sweeper's caller gives the whitelist that Hydra misses here.
pytestmark = pytest.mark.filterwarnings("ignore:(?s).*execution_whitelist:UserWarning")

SPACE = ["x=choice(1.0,2.0,3.0)", "y=range(1,5)"]


def build(name: str, space: SearchSpace, num_begun: int = 0, *, is_parallel: bool = False, **settings: Any) -> Any:
    config = OmegaConf.create({"_target_": f"optuna.samplers.{name}", **settings})
    return build_sampler(config, space, num_begun, is_parallel=is_parallel)


def drawn(sampler: Any, space: SearchSpace, number: int) -> list[dict[str, Any]]:
    """Return what a new study draws with `sampler`, each trial told before the next is asked for."""
    study = optuna.create_study(sampler=sampler)
    rows = []
    for _ in range(number):
        trial = study.ask()
        rows.append(space.draw(trial))
        study.tell(trial, 1.0)
    return rows


LIARS = {
    "trials side by side": (True, False, [], True),
    "one at a time": (False, False, [], False),
    "something else typed": (True, False, ["hydra.sweeper.sampler.seed=1"], True),
    "no was typed": (True, False, ["hydra.sweeper.sampler.constant_liar=false"], False),
    "no was typed with a sign of adding": (True, False, ["++hydra.sweeper.sampler.constant_liar=false"], False),
    "yes was typed": (True, True, ["hydra.sweeper.sampler.constant_liar=true"], True),
    "yes was typed for one at a time": (False, True, ["hydra.sweeper.sampler.constant_liar=true"], True),
}


@pytest.mark.parametrize(("is_parallel", "configured", "typed", "expected"), LIARS.values(), ids=LIARS)
def test_tpe_takes_running_trials_for_bad_ones_where_there_are_any(
    typed: list[str], *, is_parallel: bool, configured: bool, expected: bool
) -> None:
    """Hydra's configuration of it says no by default: a no that was typed is meant."""
    config = OmegaConf.create({"_target_": "optuna.samplers.TPESampler", "constant_liar": configured})
    sampler = build_sampler(config, SearchSpace.parse([], {}), 0, is_parallel=is_parallel, typed=typed)
    assert isinstance(sampler, TPESampler)
    assert sampler._constant_liar is expected


def test_no_other_sampler_is_given_what_tpe_alone_has() -> None:
    space = SearchSpace.parse([], {})
    assert isinstance(build("RandomSampler", space, is_parallel=True, seed=1), RandomSampler)
    assert isinstance(
        build("CmaEsSampler", space, is_parallel=True, seed=1, warn_independent_sampling=False), CmaEsSampler
    )


def test_settings_are_passed_on() -> None:
    sampler = build("TPESampler", SearchSpace.parse([], {}), n_startup_trials=7, seed=None)
    assert sampler._n_startup_trials == 7


def test_a_search_that_goes_on_does_not_repeat_its_first_draws() -> None:
    space = SearchSpace.parse(["x=interval(0.0,1.0)"], {})
    first = drawn(build("RandomSampler", space, seed=5), space, 4)
    assert first == drawn(build("RandomSampler", space, seed=5), space, 4)
    later = drawn(build("RandomSampler", space, 4, seed=5), space, 4)
    assert not any(row in first for row in later)
    assert later == drawn(build("RandomSampler", space, seed=9), space, 4), "the seed and as many as were begun"
    assert later == drawn(build("RandomSampler", space, 4, seed=5), space, 4)


def test_without_a_seed_each_start_draws_anew() -> None:
    space = SearchSpace.parse(["x=interval(0.0,1.0)"], {})
    settings: dict[str, Any] = {"seed": None}
    assert drawn(build("RandomSampler", space, 4, **settings), space, 3) != drawn(
        build("RandomSampler", space, 4, **settings), space, 3
    )
    unsaid = OmegaConf.create({"_target_": "optuna.samplers.RandomSampler"})
    assert isinstance(build_sampler(unsaid, space, 4, is_parallel=False), RandomSampler)


def test_a_grid_has_every_point_once_in_an_order_of_its_seed() -> None:
    space = SearchSpace.parse(SPACE, {})
    rows = drawn(build("GridSampler", space, seed=3), space, 12)
    expected = {(x, y) for x in (1.0, 2.0, 3.0) for y in (1, 2, 3, 4)}
    assert {(row["x"], row["y"]) for row in rows} == expected
    assert rows == drawn(build("GridSampler", space, seed=3), space, 12)
    assert rows != drawn(build("GridSampler", space, seed=4), space, 12)
    assert rows == drawn(build("GridSampler", space, 5, is_parallel=True, seed=3), space, 12), (
        "one that goes on has the same points left"
    )


def test_a_grid_s_end_stops_no_study() -> None:
    space = SearchSpace.parse(SPACE, {})
    study = optuna.create_study(sampler=build("GridSampler", space, seed=0))
    study.optimize(lambda trial: float(len(space.draw(trial))), n_trials=14)
    assert len(study.trials) == 14


@pytest.mark.parametrize(
    ("name", "space", "expected"),
    [
        ("GridSampler", SPACE, 12),
        ("GridSampler", ["x=choice(1,2)"], 2),
        ("GridSampler", ["x=choice(1,2)", "z=7"], 2),
        ("GridSampler", [], 1),
        ("TPESampler", SPACE, None),
        ("RandomSampler", SPACE, None),
    ],
)
def test_how_many_trials_there_are_to_make(name: str, space: list[str], expected: int | None) -> None:
    config = OmegaConf.create({"_target_": f"optuna.samplers.{name}"})
    assert count_points(config, SearchSpace.parse(space, {})) == expected
