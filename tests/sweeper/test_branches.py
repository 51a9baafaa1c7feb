"""Config groups inside a search: what is drawn in which branch, under which name the study has it, what is refused."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import OmegaConf

from regsweep.errors import ConfigError
from regsweep.names import by_key, key_of_parameter
from regsweep.report.sweep import read_sweep
from regsweep.sweeper.branches import Branch, compose, merged, params_of
from regsweep.sweeper.grid import Given, read_grid
from regsweep.sweeper.sampler import build_sampler, count_points
from regsweep.sweeper.search import Search, read_search
from regsweep.sweeper.space import SearchSpace
from tests.conftest import run_script_in
from tests.sweeper.audit import audit

FILES = {
    "config.yaml": """
defaults: [{optimizer: sgd}, {model: mlp}, {override hydra/sweeper: regsweep}, _self_]
x: 1.0
rates: {sgd: "interval(0.01, 1)", adam: "interval(0.001, 0.1)", rmsprop: "interval(0.001, 0.1)"}
hydra: {sweeper: {n_trials: 12, sampler: {seed: 1}, params: {optimizer.lr: "${rates.${optimizer.name}}"}}}
""",
    "of_grids.yaml": """
defaults: [{optimizer: sgd}, {model: mlp}, {override hydra/sweeper: regsweep_grid}, _self_]
x: 1.0
""",
    "optimizer/sgd.yaml": "{name: sgd, lr: 0.1, momentum: 0.9}",
    "optimizer/adam.yaml": "{name: adam, lr: 0.001, betas: [0.9, 0.999]}",
    "optimizer/rmsprop.yaml": "{name: rmsprop, lr: 0.001, momentum: 0.0}",
    "optimizer/broken.yaml": "defaults: [lion]",
    "model/mlp.yaml": "{name: mlp, hidden: [128]}",
    "model/cnn.yaml": "{name: cnn, channels: 32}",
    "train.py": """
import hydra

@hydra.main(config_path=".", config_name="config", execution_whitelist=["regsweep.*", "optuna.*"])
def main(cfg):
    size = cfg.model.hidden[0] if cfg.model.name == "mlp" else cfg.model.channels
    return cfg.optimizer.lr + size / 1000 + (cfg.optimizer.momentum if "momentum" in cfg.optimizer else 0)

main()
""",
}
OPTIMIZERS, MODELS = "optimizer=choice(sgd,adam)", "model=choice(mlp,cnn)"
LR = {"optimizer.lr": {"sgd": (0.01, 1), "adam": (0.001, 0.1), "rmsprop": (0.001, 0.1)}}


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an application that knows nothing of this project but its sweeper."""
    folder = tmp_path_factory.mktemp("application")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def search(application: Path, *arguments: str) -> Search:
    with initialize_config_dir(str(application)):
        loader = GlobalHydra.instance().config_loader()
        config = loader.load_configuration("config", list(arguments), RunMode.MULTIRUN)
        return read_search(config.hydra.sweeper, list(config.hydra.overrides.task), config, loader)


def drawn_from(space: SearchSpace, times: int = 60) -> list[dict[str, str]]:
    """Return what trials of a random search set, by key; and check that it can be read again, as after a lost study."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    found = []
    for _ in range(times):
        trial = study.ask()
        drawn = space.draw(trial)
        overrides = space.overrides_of(drawn)
        assert drawn == trial.params
        assert space.read(overrides) == drawn
        found.append(dict(override.split("=", 1) for override in overrides))
    return found


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        # What is typed; what is set in the branches whose names are given, and in no other.
        ("optimizer=sgd", {"optimizer.lr": "sgd", "optimizer": "sgd"}),
        (OPTIMIZERS, {"optimizer.lr": "sgd adam"}),
        (
            f"{OPTIMIZERS} optimizer.momentum=interval(0.5,0.9)",
            {"optimizer.lr": "sgd adam", "optimizer.momentum": "sgd"},
        ),
        (
            "optimizer=choice(sgd,adam,rmsprop) optimizer.momentum=choice(0.5,0.9) optimizer.betas=choice([0.9,0.99])",
            {"optimizer.momentum": "sgd rmsprop", "optimizer.betas": "adam", "optimizer.lr": "sgd adam rmsprop"},
        ),
        (f"{OPTIMIZERS} optimizer.momentum=0.7", {"optimizer.momentum": "sgd", "optimizer.lr": "sgd adam"}),
        (f"{OPTIMIZERS} optimizer.lr=0.5,0.7", {"optimizer.lr": "sgd adam"}),
        (f"{OPTIMIZERS} optimizer.lr=0.5", {"optimizer.lr": "sgd adam"}),
        (
            f"{MODELS} {OPTIMIZERS} model.hidden=choice([8],[16]) model.channels=range(4,9) x=interval(0,1)",
            {"model.hidden": "mlp", "model.channels": "cnn", "x": "mlp cnn", "optimizer.lr": "mlp cnn"},
        ),
        (f"{MODELS} +x2=1,2", {"+x2": "mlp cnn", "optimizer.lr": "mlp cnn"}),
    ],
)
def test_a_key_is_set_in_the_branches_that_have_it(application: Path, typed: str, keys: dict[str, str]) -> None:
    trials = drawn_from(search(application, *typed.split()).space)
    for trial in trials:
        options = {trial.get("optimizer", "sgd"), trial.get("model", "mlp")}
        for key, branches in keys.items():
            assert (key in trial) == bool(options & set(branches.split())), (key, trial)
    groups = {group for group in ("optimizer", "model") if f"{group}=" in typed}
    assert {key for trial in trials for key in trial} == {*keys, *groups}


def test_each_branch_has_its_own_range_and_the_study_a_parameter_for_each(application: Path) -> None:
    """Draws that are good in one branch say nothing of the other: TPE learns of each by itself."""
    space = search(application, "optimizer=choice(sgd,adam,rmsprop)").space
    assert list(space.distributions) == [
        "optimizer", "optimizer.lr (optimizer=sgd)", "optimizer.lr (optimizer=adam|rmsprop)",
    ]  # fmt: skip
    assert list(by_key(space.distributions)) == ["optimizer", "optimizer.lr"]
    for trial in drawn_from(space):
        low, high = LR["optimizer.lr"][trial["optimizer"]]
        assert low <= float(trial["optimizer.lr"]) <= high
    assert key_of_parameter("a (b)") == "a (b)", "another program's name"


def test_a_typed_range_counts_in_every_branch(application: Path) -> None:
    space = search(application, OPTIMIZERS, "optimizer.lr=interval(0.2,0.3)").space
    assert set(space.distributions) == {"optimizer", "optimizer.lr"}


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        # Range of each branch; what is written of it.
        ({"sgd": "1,2", "adam": "1,2"}, "1,2"),
        ({"sgd": "1,2"}, [{"when": {"o": "sgd"}, "range": "1,2"}]),
        ({"sgd": "1,2", "adam": "3"}, [{"when": {"o": "sgd"}, "range": "1,2"}, {"when": {"o": "adam"}, "range": "3"}]),
        ({"sgd": [{"when": {"o": "sgd"}, "range": "1,2"}], "adam": [{"when": {"o": "sgd"}, "range": "1,2"}]},
         [{"when": {"o": "sgd"}, "range": "1,2"}]),
        ({"sgd": [{"when": {"o": ["sgd", "lion"], "x": 1}, "range": "1,2"}]},
         [{"when": {"o": "sgd", "x": 1}, "range": "1,2"}]),
    ],
)  # fmt: skip
def test_ranges_of_branches_are_written_with_what_they_take(ranges: dict[str, Any], expected: Any) -> None:
    by_branch = [({"o": option}, {"key": ranges[option]} if option in ranges else {}) for option in ("sgd", "adam")]
    assert merged(by_branch) == {"key": expected}


@pytest.mark.parametrize(
    ("model", "expected"),
    [("mlp", "1,2"), ("cnn", []), (None, [{"when": {"model": ["mlp", "linear"]}, "range": "1,2"}])],
)
def test_a_range_that_follows_a_group_that_is_not_searched_counts_with_its_option(
    model: str | None, expected: Any
) -> None:
    ranges = {"key": [{"when": {"model": ["mlp", "linear"]}, "range": "1,2"}]}
    composed = {"model": model} if model else None
    assert merged([({"o": "sgd"}, ranges), ({"o": "adam"}, ranges)], composed) == {"key": expected}


def test_a_branch_has_the_keys_that_an_override_may_set() -> None:
    config = OmegaConf.create({"a": {"b": None}, "later": "${of_a_trial.x}", "places": [1, 2]})
    has = Branch({"o": "sgd"}, config).has
    for key in ("a", "a.b", "later.x", "places", "places.0", "places.1"):
        assert has(key), key
    for key in ("b", "a.c", "c.b", "a.b.c", "places.2", "places.-1", "places.x"):
        assert not has(key), key


def test_branches_are_composed_anew_with_other_overrides(application: Path) -> None:
    with initialize_config_dir(str(application)):
        loader = GlobalHydra.instance().config_loader()
        config = loader.load_configuration("config", [], RunMode.MULTIRUN)
        found = [compose(config, loader, [OPTIMIZERS, f"x={x}"]) for x in (2, 3, 2)]
    assert [[branch.config.x for branch in branches] for branches in found] == [[2, 2], [3, 3], [2, 2]]
    assert [branch.name for branch in found[0]] == ["optimizer=sgd", "optimizer=adam"]
    assert found[0][0].config is found[2][0].config, "each takes a tenth of a second"


def test_a_list_of_other_dictionaries_is_a_value() -> None:
    params: dict[str, list[Any]] = {"x": [{"a": 1}, {"b": 2}], "y": [{"when": {"o": 1}, "range": 3}]}
    found = params_of(OmegaConf.create({"hydra": {"sweeper": {"params": params}}}))
    assert found == {"x": "[{'a': 1}, {'b': 2}]", "y": [{"when": {"o": 1}, "range": "3"}]}
    params["y"].append({"when": {"o": 2}})
    with pytest.raises(ConfigError, match=r"^hydra\.sweeper\.params\.y=.*: several ranges are a list of {when: {"):
        params_of(OmegaConf.create({"hydra": {"sweeper": {"params": params}}}))


SEARCHED = "+hydra.sweeper.params={optimizer: 'choice(sgd,adam)', x: '1,2'}"


@pytest.mark.parametrize(
    ("composed", "typed", "expected"),
    [
        # What is fixed is set in each branch that has it, and what is typed goes before what is composed.
        ([], [OPTIMIZERS, "optimizer.momentum=0.7", "x=5"], [("sgd", 0.7, 5), ("adam", None, 5)]),
        ([SEARCHED], [], [("sgd", 0.9, 1), ("adam", None, 1)]),
        ([SEARCHED], ["x=5"], [("sgd", 0.9, 5), ("adam", None, 5)]),
        ([SEARCHED], ["optimizer=choice(rmsprop,sgd)"], [("rmsprop", 0.0, 1), ("sgd", 0.9, 1)]),
        ([SEARCHED], ["optimizer=adam"], []),
        ([], ["x=1,2"], []),
    ],
)
def test_what_a_branch_is_composed_to(
    application: Path, composed: list[str], typed: list[str], expected: list[tuple[str, float | None, float]]
) -> None:
    with initialize_config_dir(str(application)):
        loader = GlobalHydra.instance().config_loader()
        config = loader.load_configuration("config", composed, RunMode.MULTIRUN)
        branches = compose(config, loader, typed)
    found = [(each.config.optimizer.name, each.config.optimizer.get("momentum"), each.config.x) for each in branches]
    assert found == expected


def test_ranges_of_two_groups_take_no_more_than_they_must() -> None:
    branches = [{"o": o, "m": m} for o in ("sgd", "adam") for m in ("mlp", "cnn")]
    only_cnn = merged([(each, {"k": "1,2"} if each["m"] == "cnn" else {}) for each in branches])
    assert only_cnn == {"k": [{"when": {"m": "cnn"}, "range": "1,2"}]}
    crossed = merged(
        [(each, {"k": "1,2"} if (each["o"] == "sgd") == (each["m"] == "mlp") else {}) for each in branches]
    )
    assert crossed == {"k": [{"when": each, "range": "1,2"} for each in (branches[0], branches[3])]}


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("optimizer=choice(sgd,adamm)", "optimizer=adamm: no such option; did you mean optimizer=adam?"),
        (f"{OPTIMIZERS} optimizer.momentun=0.1,0.2",
         "optimizer.momentun=0.1,0.2: no such key in any branch of this search (optimizer=sgd, optimizer=adam)"),
        (f"{MODELS} optimizer=choice(sgd,broken)",
         "model=mlp optimizer=broken: cannot be composed (MissingConfigException: In 'optimizer/broken'"),
        ("optimizer=interval(0,1)", "optimizer=interval(0,1): a config group is searched by its options, choice("),
        (f"{OPTIMIZERS} +hydra.sweeper.conditions={{optimizer.lr:{{when:{{optimizer:rmsprop}}}}}}",
         "hydra.sweeper.conditions.optimizer.lr=optimizer=rmsprop: not among what is searched; there is sgd, adam"),
        (f"{OPTIMIZERS} +hydra.sweeper.params={{x:[{{when:{{optimizer:lion}},range:'1,2'}}]}}",
         "hydra.sweeper.params.x=optimizer=lion: no such option; there is adam, broken, rmsprop, sgd"),
        (f"{OPTIMIZERS} +hydra.sweeper.params={{x:[{{when:{{optimizer:sgd}},range:'1,2'}},"
         "{when:{optimizer:[sgd,adam]},range:'3,4'}]}",
         "hydra.sweeper.params.x=1,2 and 3,4: two ranges count with optimizer=sgd; let only one"),
        (f"{OPTIMIZERS} +hydra.sweeper.params={{x:[{{when:{{y:1}},range:'1,2'}}]}}",
         "hydra.sweeper.params.x=y: no parameter of this sweep; there is optimizer"),
        (f"{OPTIMIZERS} +hydra.sweeper.params={{x:[{{range:'1,2'}}]}}", "several ranges are a list of {when: {"),
    ],
)  # fmt: skip
def test_what_no_branch_can_be_is_refused(application: Path, typed: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        search(application, *typed.split())
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_range_may_depend_on_another_parameter_than_a_group(application: Path) -> None:
    lists = "+hydra.sweeper.params={x:[{when:{optimizer.lr:0.1},range:'1,2'},{when:{optimizer.lr:0.2},range:'3,4'}]}"
    trials = drawn_from(search(application, lists, "optimizer.lr=0.1,0.2,0.3").space)
    expected = {"0.1": {"1", "2"}, "0.2": {"3", "4"}, "0.3": {None}}
    for rate, values in expected.items():
        assert {trial.get("x") for trial in trials if trial["optimizer.lr"] == rate} == values


def test_a_grid_has_each_point_of_each_branch_once(application: Path) -> None:
    typed = (OPTIMIZERS, "optimizer.lr=0.1", "optimizer.momentum=0.5,0.9", "optimizer.betas=choice([0.9,0.9])", "x=1,2")
    space = search(application, *typed).space
    config = OmegaConf.create({"_target_": "optuna.samplers.GridSampler", "seed": 0})
    assert count_points(config, space) == 2 * (2 + 1)
    study = optuna.create_study(sampler=build_sampler(config, space, 0, is_parallel=False))
    rows = set()
    for _ in range(6):
        trial = study.ask()
        rows.add(tuple(space.overrides_of(space.draw(trial))))
        study.tell(trial, 0.0)
    assert len(rows) == 6


def test_a_named_trial_has_the_parameter_of_its_own_branch(application: Path) -> None:
    space = search(application, OPTIMIZERS).space
    name = "optimizer.lr (optimizer={})".format
    both = {name("sgd"): 0.05, name("adam"): 0.05}
    assert space.given({"optimizer.lr": 0.05}) == both, "which of them counts is drawn"
    assert space.given({"optimizer": "sgd", "optimizer.lr": 0.05}) == {"optimizer": "sgd", name("sgd"): 0.05}
    assert space.given({"optimizer": "adam", "optimizer.lr": 0.5}) == {"optimizer": "adam"}, "outside of its range"


def test_a_search_over_groups_runs_resumes_and_is_reported(application: Path, tmp_path: Path) -> None:
    arguments = ("-m", OPTIMIZERS, MODELS, "optimizer.momentum=interval(0.5,0.9)", "model.channels=4,8",
                 "hydra.sweeper.initial_trials=[{optimizer:adam,optimizer.lr:0.002,model:cnn}]",
                 "hydra.sweep.dir=sweep")  # fmt: skip
    code, printed = run_script_in(tmp_path, application / "train.py", *arguments, "hydra.sweeper.n_trials=8")
    assert code == 0, printed
    (tmp_path / "sweep" / "study.db").unlink()
    code, printed = run_script_in(tmp_path, application / "train.py", *arguments)
    assert code == 0, printed
    assert "rebuilt from their records and overrides, 8 ended and 0 to run" in printed
    audit(tmp_path, 12, {})
    with (tmp_path / "sweep" / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {"optimizer", "model", "optimizer.lr", "optimizer.momentum", "model.channels"} < rows[0].keys()
    assert (rows[0]["optimizer"], rows[0]["model"], rows[0]["optimizer.lr"]) == ("adam", "cnn", "0.002")
    for row in rows:
        assert bool(row["optimizer.momentum"]) == (row["optimizer"] == "sgd")
        assert bool(row["model.channels"]) == (row["model"] == "cnn")
        assert LR["optimizer.lr"][row["optimizer"]][0] <= float(row["optimizer.lr"])
    best = yaml.safe_load((tmp_path / "sweep" / "optimization_results.yaml").read_text())["best_params"]
    assert "optimizer.lr" in best
    swept = read_sweep(tmp_path / "sweep")
    assert set(swept.settings) == {"optimizer", "model", "optimizer.lr", "optimizer.momentum", "model.channels"}


def grid(application: Path, *arguments: str) -> Search:
    with initialize_config_dir(str(application)):
        loader = GlobalHydra.instance().config_loader()
        config = loader.load_configuration("of_grids", list(arguments), RunMode.MULTIRUN)
        return read_grid(config.hydra.sweeper, list(config.hydra.overrides.task), loader, config)


SGD, ADAM, RMSPROP = ("optimizer=sgd",), ("optimizer=adam",), ("optimizer=rmsprop",)
MLP, CNN, CHANNELS = ("model=mlp",), ("model=cnn",), ("model.channels=8", "model.channels=16")
MOMENTA = ("optimizer.momentum=0", "optimizer.momentum=0.9")
GRIDS: dict[str, tuple[list[str], list[tuple[str, ...]]]] = {
    "a key of one option": (
        ["optimizer=sgd,adam", "optimizer.momentum=0,0.9"],
        [(*SGD, MOMENTA[0]), (*SGD, MOMENTA[1]), ADAM]),
    "of two of three": (
        ["optimizer=adam,sgd,rmsprop", "optimizer.momentum=0,0.9"],
        [ADAM, *((*each, m) for each in (SGD, RMSPROP) for m in MOMENTA)]),
    "each its own": (
        ["optimizer.momentum=0,0.9", "optimizer=sgd,adam", "optimizer.betas=[0.9,0.99],[0.8,0.99]"],
        [(MOMENTA[0], *SGD), (*ADAM, "optimizer.betas=[0.9,0.99]"), (*ADAM, "optimizer.betas=[0.8,0.99]"),
         (MOMENTA[1], *SGD)]),
    "one value": (["optimizer=sgd,adam", "optimizer.momentum=0.9"], [(*SGD, MOMENTA[1]), ADAM]),
    "two groups": (
        ["optimizer=sgd,adam", "model=mlp,cnn", "optimizer.momentum=0,0.9", "model.channels=8,16"],
        [(*SGD, *MLP, m) for m in MOMENTA] + [(*SGD, *CNN, m, c) for m in MOMENTA for c in CHANNELS]
        + [(*ADAM, *MLP), *((*ADAM, *CNN, c) for c in CHANNELS)]),
    "a key of all": (
        ["optimizer=sgd,adam", "optimizer.lr=0.1,0.2"],
        [(*each, f"optimizer.lr={lr}") for each in (SGD, ADAM) for lr in (0.1, 0.2)]),
    "no group is listed": (["optimizer.momentum=0,0.9", "x=2"], [(m, "x=2") for m in MOMENTA]),
    "a key that none has stays, and is refused when it is composed": (
        ["optimizer=sgd,adam", "optimizer.momentun=0,1"],
        [(*each, f"optimizer.momentun={m}") for each in (SGD, ADAM) for m in (0, 1)]),
}  # fmt: skip


@pytest.mark.parametrize("case", GRIDS)
def test_a_grid_is_the_union_of_its_branches_and_nothing_is_there_twice(application: Path, case: str) -> None:
    typed, expected = GRIDS[case]
    found = grid(application, *typed)
    overrides = [tuple(found.space.overrides_of(trial)) for trial in found.initial]
    assert sorted(overrides) == sorted(expected)
    assert len({*overrides}) == len(overrides) == found.limits.n_trials
    study = optuna.create_study(sampler=Given(found.initial))
    drawn = [found.space.draw(study.ask()) for _ in overrides]
    assert [tuple(found.space.overrides_of(each)) for each in drawn] == overrides
    assert [found.space.read(each) for each in overrides] == drawn, "from which a lost study is made again"
