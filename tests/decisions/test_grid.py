"""A grid has the trials that Hydra's own sweeper would run, under the same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import optuna
import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import create_config_search_path
from hydra.core.override_parser.overrides_parser import OverridesParser

from regsweep.errors import ConfigError
from regsweep.job_folders import JobFolders, find_jobs
from regsweep.sweeper.grid import Given, read_grid

LOADER = ConfigLoaderImpl(create_config_search_path(None))
LIMITS = {"max_failure_rate": 1.0, "max_retries": 0, "timeout": None, "trial_timeout": None}
SETTINGS: dict[str, Any] = {"params": None, **LIMITS}


@pytest.mark.parametrize(
    "typed",
    [
        ["seed=0,1", "regularizer=none,l1,[l2,dropout]"],
        ["regularizer=none,l1", "epochs=3", "seed=0,1"],
        ["lr=1e-2,0.05,0.10", "name='a b',\"c,d\",e"],
        ["x=0,false,null", "y=true,false"],
        ["seed=range(0,3)", "x=choice(b,a)", "y=sort(3,1,2)"],
        ["+new=1,2", "~gone", "++other=0.1,0.2", "list=[1,2],[3]"],
        ["seed=1,2", "x=3", "seed=5"],
        ["seed=5", "x=1,2", "seed=1,2"],
        ["seed=3"],
        ["d={a:1},{a:2}", "empty='',z"],
    ],
    ids=" ".join,
)
def test_the_overrides_are_those_of_hydra_s_own_sweeper(typed: list[str]) -> None:
    (expected,) = BasicSweeper.split_arguments(OverridesParser.create().parse_overrides(typed), None)
    grid = read_grid(SETTINGS, typed, LOADER)
    assert [grid.space.overrides_of(trial) for trial in grid.initial] == expected
    assert grid.limits.n_trials == len(expected)
    study = optuna.create_study(sampler=Given(grid.initial))
    drawn = [grid.space.draw(study.ask()) for _ in expected]
    assert [grid.space.overrides_of(each) for each in drawn] == expected
    # Which is what a lost study is made again from.
    assert [grid.space.read(each) for each in expected] == drawn


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("x=1,2", [1, 2]),
        ("x=0.1,0.2", [0.1, 0.2]),
        ("x=1,0.5", ["1", "0.5"]),  # 1 would be written 1.0
        ("x=1e-4,0.01", [0.0001, 0.01]),  # as Hydra writes it
        ("x=true,false", ["True", "False"]),
        ("x=none,l1", ["none", "l1"]),
        ("x=007,1", ["007", "1"]),
    ],
)
def test_values_are_numbers_where_all_are_written_as_such(typed: str, values: list[Any]) -> None:
    found = [trial["x"] for trial in read_grid(SETTINGS, [typed], LOADER).initial]
    assert found == values
    assert [type(each) for each in found] == [type(each) for each in values]


def test_keys_of_the_configuration_come_first_and_the_command_line_wins() -> None:
    settings = {**SETTINGS, "params": {"a": "1,2", "b": "3,4"}, "max_retries": 2}
    grid = read_grid(settings, ["b=5", "c=6,7"], LOADER)
    overrides = [grid.space.overrides_of(trial) for trial in grid.initial]
    assert overrides == [["a=1", "b=5", "c=6"], ["a=1", "b=5", "c=7"], ["a=2", "b=5", "c=6"], ["a=2", "b=5", "c=7"]]
    assert grid.limits.max_retries == 2


def test_a_range_is_no_list() -> None:
    with pytest.raises(ConfigError, match=r"^lr=interval\(0,1\): an interval needs a search; list values$"):
        read_grid(SETTINGS, ["seed=0,1", "lr=interval(0,1)"], LOADER)


def job(folder: Path, number: int) -> None:
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "hydra.yaml").write_text(f"hydra:\n  job:\n    name: app\n    num: {number}\n")
    (folder / ".hydra" / "overrides.yaml").write_text("[]\n")


@pytest.mark.parametrize(
    ("subdir", "places", "found"),
    [
        ("${hydra.job.num}", {0: "0", 1: "1"}, {0: "0", 1: "1", 2: "2"}),
        ("${model}/${seed}", {0: "b/0", 1: "a/1"}, {0: "b/0", 1: "a/1", 2: "2"}),
        ("${seed}", {0: "7", 1: "1", 2: "0"}, {0: "7", 1: "1", 2: "0"}),  # numbers, of something else
    ],
)
def test_where_the_jobs_lie(tmp_path: Path, subdir: str, places: dict[int, str], found: dict[int, str]) -> None:
    """Also those that have other names than their numbers; one that never began, and has a record, its number."""
    (tmp_path / "multirun.yaml").write_text(f"hydra:\n  sweep:\n    dir: x\n    subdir: {subdir}\n")
    for number, place in places.items():
        job(tmp_path / place, number)
    folders = JobFolders(tmp_path)
    assert {number: folders.name_of(number) for number in range(3)} == found
    if 2 not in places:
        (tmp_path / "2").mkdir()
        (tmp_path / "2" / "trial.json").write_text("{}")
    assert folders.numbers() == [0, 1, 2]
    assert {number: str(path.relative_to(tmp_path)) for number, path in find_jobs(tmp_path)} == found


def test_a_job_that_never_began_does_not_lie_in_another_one_s_folder(tmp_path: Path) -> None:
    (tmp_path / "multirun.yaml").write_text("hydra:\n  sweep:\n    dir: x\n    subdir: ${seed}\n")
    job(tmp_path / "1", 0)
    assert JobFolders(tmp_path).of(1) == tmp_path / "1.failed"
