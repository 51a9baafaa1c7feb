"""What ``sweep=regularization`` searches, by what was typed; and that a trial uses all that it drew, and no more."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import optuna
import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import OmegaConf, open_dict, read_write

from regsweep.app import searched
from regsweep.errors import ConfigError
from regsweep.names import by_key, key_of_parameter
from regsweep.paths import config_folder
from regsweep.report.sweep import read_sweep
from regsweep.run_record import RunRecord
from regsweep.sweeper.search import Search, read_search
from tests.conftest import Regsweep

SWITCH = (False, True)
L1 = {"regularizer.l1.use": SWITCH, "regularizer.l1.lambda": (1e-6, 1e-2)}
L2 = {"regularizer.l2.use": SWITCH, "regularizer.l2.lambda": (1e-6, 1e-1)}
ELASTIC_NET = {"regularizer.elastic_net.use": SWITCH, "regularizer.elastic_net.lambda": (1e-6, 1e-2)}
DROPOUT = {"regularizer.dropout.use": SWITCH, "regularizer.dropout.p": (0.05, 0.8)}
NORM = {"regularizer.batch_norm.use": SWITCH}
LR = {"optimizer.lr": (3e-3, 0.3)}
WITHOUT_DROPOUT = {**L2, **NORM, **LR}

OF_THREE = "searches L2, dropout, BatchNorm and the learning rate; trial 0 uses no method"
OF_TWO = "searches L2, BatchNorm and the learning rate; trial 0 uses no method"
OF_A_BASELINE = "searches the learning rate alone: no method of regularization is chosen (the search of a baseline)"
OF_DROPOUT = "searches dropout and the learning rate; trial 0 uses no method"
SEARCHES: list[tuple[str, dict[str, tuple[Any, ...]], dict[str, str], str]] = [
    # What is typed; what is searched; what of the methods every trial is given; the first line.
    ("", {**L2, **DROPOUT, **NORM, **LR}, {}, OF_THREE),
    ("regularizer=none", LR, {}, OF_A_BASELINE),
    ("regularizer=none regularizer.batch_norm=false", LR, {"batch_norm": "False"}, OF_A_BASELINE),
    ("experiment=article_baseline", LR, {}, OF_A_BASELINE),
    ("regularizer=dropout", {**DROPOUT, **LR}, {}, OF_DROPOUT),
    ("regularizer=[l1,l2]", {**L1, **L2, **LR}, {}, "searches L1, L2 and the learning rate; trial 0 uses no method"),
    (
        "regularizer.dropout=interval(0,0.3)",
        {**L2, **DROPOUT, "regularizer.dropout.p": (0.0, 0.3), **NORM, **LR},
        {},
        OF_THREE,
    ),
    (
        "regularizer.dropout=0.1,0.3",
        {**L2, **DROPOUT, "regularizer.dropout.p": (0.1, 0.3), **NORM, **LR},
        {},
        OF_THREE,
    ),
    ("regularizer.dropout=choice(false,true)", {**L2, **DROPOUT, **NORM, **LR}, {}, OF_THREE),
    (
        "regularizer.dropout=0.3",
        {**L2, "regularizer.dropout.use": SWITCH, **NORM, **LR},
        {"dropout.p": "0.3"},
        OF_THREE,
    ),
    *[
        (f"regularizer.dropout={value}", WITHOUT_DROPOUT, {"dropout.use": "False"}, OF_TWO)
        for value in ("0", "0.0", "false")
    ],
    ("regularizer.dropout.use=false", WITHOUT_DROPOUT, {"dropout.use": "False"}, OF_TWO),
    ("regularizer.dropout=null", WITHOUT_DROPOUT, {"dropout": "null"}, OF_TWO),
    *[
        (
            f"regularizer.{typed}=true",
            {**L2, "regularizer.dropout.p": (0.05, 0.8), **NORM, **LR},
            {"dropout.use": "True"},
            "searches L2, BatchNorm, dropout's p and the learning rate; every trial uses dropout; "
            "trial 0 uses no other method",
        )
        for typed in ("dropout", "dropout.use")
    ],
    (
        "regularizer.batch_norm=true",
        {**L2, **DROPOUT, **LR},
        {"batch_norm.use": "True"},
        "searches L2, dropout and the learning rate; every trial uses BatchNorm; trial 0 uses no other method",
    ),
    (
        "regularizer=batch_norm regularizer.batch_norm=true",
        LR,
        {"batch_norm.use": "True"},
        "searches the learning rate; every trial uses BatchNorm",
    ),
    (
        "regularizer.batch_norm=false",
        {**L2, **DROPOUT, **LR},
        {"batch_norm.use": "False"},
        "searches L2, dropout and the learning rate; trial 0 uses no method",
    ),
    (
        "regularizer.lambda=tag(log,interval(1e-5,1e-3))",
        {**L2, "regularizer.l2.lambda": (1e-5, 1e-3), **DROPOUT, **NORM, **LR},
        {},
        OF_THREE,
    ),
    (
        "regularizer.lambda=1e-3",
        {"regularizer.l2.use": SWITCH, **DROPOUT, **NORM, **LR},
        {"l2.lambda": "0.001"},
        OF_THREE,
    ),
    (
        "regularizer.lambda=0",
        {**DROPOUT, **NORM, **LR},
        {"l2.use": "False"},
        "searches dropout, BatchNorm and the learning rate; trial 0 uses no method",
    ),
    ("regularizer.lambda=null", {**L2, **DROPOUT, **NORM, **LR}, {"lambda": "null"}, OF_THREE),
    (
        "regularizer=elastic_net regularizer.l1_ratio=0",
        {**ELASTIC_NET, **LR},
        {"elastic_net.l1_ratio": "0"},
        "searches elastic net and the learning rate; trial 0 uses no method",
    ),
    (
        "regularizer=elastic_net regularizer.l1_ratio=interval(0.1,0.9)",
        {**ELASTIC_NET, "regularizer.elastic_net.l1_ratio": (0.1, 0.9), **LR},
        {},
        "searches elastic net and the learning rate; trial 0 uses no method",
    ),
    (
        "regularizer=l1 regularizer.l1.scope=weights,all",
        {**L1, "regularizer.l1.scope": ("weights", "all"), **LR},
        {},
        "searches L1 and the learning rate; trial 0 uses no method",
    ),
    (
        "optimizer.lr=0.1",
        {**L2, **DROPOUT, **NORM},
        {},
        "searches L2, dropout and BatchNorm; trial 0 uses no method",
    ),
    (
        "regularizer=l2 optimizer=sgd,adam regularizer.lambda=1e-3 optimizer.lr=interval(0.01,0.1)",
        {"regularizer.l2.use": SWITCH, "optimizer": ("sgd", "adam"), "optimizer.lr": (0.01, 0.1)},
        {"l2.lambda": "0.001"},
        "searches L2, the learning rate and optimizer; trial 0 uses no method",
    ),
    ("regularizer=dropout regularizer.dropout.p=0", LR, {"dropout.p": "0"}, OF_A_BASELINE),
    ("regularizer=[dropout,l2] regularizer.l2.lambda=0", {**DROPOUT, **LR}, {"l2.lambda": "0"}, OF_DROPOUT),
    ("regularizer=augmentation regularizer.augmentation.shift=0", LR, {"augmentation.shift": "0"}, OF_A_BASELINE),
    (
        "regularizer=dropout regularizer.dropout=choice(true)",
        {"regularizer.dropout.use": (True,), "regularizer.dropout.p": (0.05, 0.8), **LR},
        {},
        "searches dropout's p and the learning rate; every trial uses dropout",
    ),
    (
        "hydra.sweeper.initial_trials=[{regularizer.l2.use:true}]",
        {**L2, **DROPOUT, **NORM, **LR},
        {},
        "searches L2, dropout, BatchNorm and the learning rate",
    ),
]  # fmt: skip


def settled(*overrides: str) -> tuple[Search, str]:
    """Return the search that is begun with these arguments, and the line that it prints first; nothing is built."""
    with initialize_config_dir(str(config_folder())):
        loader = GlobalHydra.instance().config_loader()
        config = loader.load_configuration("config", ["sweep=regularization", *overrides], RunMode.MULTIRUN)
        with read_write(config.hydra), open_dict(config.hydra):
            searched.settle(config, loader)
            line = searched.describe(config, loader)
        arguments = [str(override) for override in config.hydra.overrides.task]
        return read_search(config.hydra.sweeper, arguments, config, loader), line


def bounds(distribution: Any) -> tuple[Any, ...]:
    is_choice = isinstance(distribution, optuna.distributions.CategoricalDistribution)
    return tuple(distribution.choices) if is_choice else (distribution.low, distribution.high)


@pytest.mark.parametrize(("typed", "space", "given", "line"), SEARCHES, ids=[typed for typed, *_ in SEARCHES])
def test_what_is_typed_says_what_is_searched(
    typed: str, space: dict[str, tuple[Any, ...]], given: dict[str, str], line: str
) -> None:
    search, expected = settled(*typed.split())
    assert expected == line
    assert {name: bounds(each) for name, each in search.space.distributions.items()} == space
    fixed = {key.removeprefix("regularizer."): value for key, value in search.space.fixed.items() if "zer." in key}
    assert {key: value for key, value in fixed.items() if not key.startswith("optimizer")} == given
    for name in space:
        method, _, setting = name.removeprefix("regularizer.").partition(".")
        is_setting = name.startswith("regularizer.") and setting != "use"
        others = {f"regularizer.{method}.use": [True]} if is_setting else None
        assert (search.space.conditions[name].others if name in search.space.conditions else None) == others
    if "initial_trials" not in typed:
        off = {name: False for name, values in space.items() if name.endswith(".use") and False in values}
        # A method that every trial uses has its preset's settings there.
        used = {name: 0.5 for name in space if name == "regularizer.dropout.p" and given.get("dropout.use") == "True"}
        composed = {"optimizer": "sgd"} if "optimizer" in space else {}
        (first,) = search.initial
        assert {name: value for name, value in first.items() if name != "optimizer.lr"} == {**composed, **off, **used}
        assert ("optimizer.lr" in first) == ("optimizer.lr" in space), "at the rate that was composed"


SGD, ADAM, ADAMW = "optimizer=sgd", "optimizer=adam", "optimizer=adamw"
BRANCHES: list[tuple[str, dict[str, tuple[str, ...]], dict[str, Any]]] = [
    # What is typed; keys with several ranges, or with one that some branches lack, and where each counts; trial 0.
    ("optimizer=choice(sgd,adam)", {"optimizer.lr": (SGD, ADAM)}, {"optimizer": "sgd", "optimizer.lr": 0.05}),
    (
        "optimizer=choice(adam,adamw)",  # one learning rate, and the λ of one means another one under the other
        {"regularizer.l2.lambda": (ADAM, ADAMW)},
        {"optimizer": "adam", "optimizer.lr": 0.001},
    ),
    (
        "optimizer=choice(sgd,adam,adamw)",
        {"optimizer.lr": (SGD, "optimizer=adam|adamw"), "regularizer.l2.lambda": ("optimizer=sgd|adam", ADAMW)},
        {"optimizer": "sgd", "optimizer.lr": 0.05},
    ),
    (
        "optimizer=choice(adamw,sgd) model=choice(cnn,mlp) model.hidden=choice([32],[64]) optimizer.momentum=0.5,0.9",
        {
            "optimizer.lr": (ADAMW, SGD),
            "regularizer.l2.lambda": (ADAMW, SGD),
            "model.hidden": ("model=mlp",),
            "optimizer.momentum": (SGD,),
        },
        {"optimizer": "sgd", "model": "mlp", "optimizer.lr": 0.05, "optimizer.momentum": 0.9},
    ),
    (
        "optimizer=choice(sgd,adam) optimizer.lr=interval(0.01,0.1) regularizer.lambda=1e-3",
        {},
        {"optimizer": "sgd", "optimizer.lr": 0.05},
    ),
]


@pytest.mark.parametrize(("typed", "where", "first"), BRANCHES, ids=[typed for typed, *_ in BRANCHES])
def test_ranges_of_presets_count_in_their_own_branch(
    typed: str, where: dict[str, tuple[str, ...]], first: dict[str, Any]
) -> None:
    """A range that follows what is searched has a parameter of its own for each range; others have one for all."""
    search, _ = settled("regularizer=[l2,dropout]", *typed.split())
    found: dict[str, list[str]] = {}
    for name, others in search.space.where.items():
        words = [f"{other}={'|'.join(map(str, values))}" for other, values in others.items()]
        found.setdefault(key_of_parameter(name), []).append(" ".join(words))
    assert {key: tuple(places) for key, places in found.items()} == where
    (initial,) = search.initial
    assert {key: value for key, value in initial.items() if not key.endswith(".use")} == first
    assert {key: value for key, value in initial.items() if key.endswith(".use")} == {
        "regularizer.l2.use": False, "regularizer.dropout.use": False,
    }  # fmt: skip
    assert by_key(search.space.given(initial)) == initial, "the default branch allows what it is composed to"


ADDED = {
    "optimizer.momentum=interval(0.5,0.99)": {"optimizer.momentum": 0.9},
    "optimizer.momentum=interval(0.1,0.5)": {},
    "optimizer.momentum=0.5,0.9 trainer.epochs=range(1,100)": {"optimizer.momentum": 0.9, "trainer.epochs": 30},
    "trainer.epochs=range(1,30)": {},
    "model.hidden=choice([32],[128,128])": {"model.hidden": "[128,128]"},
    "model.hidden=choice([32],[64])": {},
    "trainer.loss=null,mse trainer.class_weights=balanced,null": {
        "trainer.loss": "null",
        "trainer.class_weights": "null",
    },
    "optimizer=choice(adamw,sgd) optimizer.momentum=0.5,0.9 optimizer.betas=choice([0.8,0.99],[0.9,0.999])": {
        "optimizer": "sgd",
        "optimizer.momentum": 0.9,
    },
    "optimizer=choice(adamw,nadam) optimizer.betas=choice([0.8,0.99],[0.9,0.999])": {
        "optimizer": "adamw",
        "optimizer.betas": "[0.9,0.999]",
    },
    "regularizer.dropout.p=0.2,0.5": {},
    "regularizer.dropout.p=0.2,0.5 regularizer.dropout.use=true": {"regularizer.dropout.p": 0.5},
}
"""What is typed; what trial 0 has of it: the default where it is among the values, in the branch that has the key."""


@pytest.mark.parametrize("typed", ADDED)
def test_trial_0_has_the_default_of_a_range_of_ones_own(typed: str) -> None:
    search, _ = settled("regularizer=[l2,dropout]", *typed.split())
    (first,) = search.initial
    assert {k: v for k, v in first.items() if not k.endswith(".use") and k != "optimizer.lr"} == ADDED[typed]
    assert by_key(search.space.given(first)) == first, "the space allows them"


def test_a_search_over_optimizers_and_networks(regsweep: Regsweep, tmp_path: Path) -> None:
    """Each trial has the keys of its own branch, within its ranges; a method that a network has no place for is off."""
    done = regsweep(
        *("-m", "sweep=regularization", "regularizer=[l2,dropout]", "hydra.sweep.dir=s", "seed=3"),
        *("optimizer=choice(sgd,adamw)", "model=choice(mlp,linear)", "optimizer.momentum=interval(0.5,0.9)"),
        *("optimizer.betas=choice([0.9,0.99],[0.8,0.99])", "model.hidden=choice([4],[8])"),
        *("hydra/launcher=basic", "hydra/sweeper/sampler=random", "hydra.sweeper.n_trials=8"),
        *("trainer.epochs=1", "dataset.train_size=40"),
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.out.splitlines()[:2] == [
        "searches L2, dropout, the learning rate, optimizer, model, optimizer.momentum, optimizer.betas and "
        "model.hidden; trial 0 uses no method",
        "dropout is searched with model=mlp alone: Linear has no place for it (no layer of dropout, no argument "
        "dropout)",
    ]
    with (tmp_path / "s" / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {(row["optimizer"], row["model"]) for row in rows} == {
        (optimizer, model) for optimizer in ("sgd", "adamw") for model in ("mlp", "linear")
    }
    lr, penalty = {"sgd": (3e-3, 0.3), "adamw": (1e-4, 1e-2)}, {"sgd": (1e-6, 1e-1), "adamw": (1e-3, 100)}
    for row in rows:
        assert row["status"] == "complete"
        is_sgd, is_mlp = row["optimizer"] == "sgd", row["model"] == "mlp"
        assert bool(row["optimizer.momentum"]) == is_sgd
        assert bool(row["optimizer.betas"]) != is_sgd
        assert bool(row["model.hidden"]) == is_mlp
        assert is_mlp or row["regularizer.dropout.use"] == "False"
        assert lr[row["optimizer"]][0] <= float(row["optimizer.lr"]) <= lr[row["optimizer"]][1]
        if row["regularizer.l2.use"] == "True":
            low, high = penalty[row["optimizer"]]
            assert low <= float(row["regularizer.l2.lambda"]) <= high
    assert (rows[0]["optimizer"], rows[0]["model"], rows[0]["regularizer.l2.use"]) == ("sgd", "mlp", "False")
    assert "optimizer.lr" in read_sweep(tmp_path / "s").settings


def test_where_trials_are_named_only_they_need_a_place(tmp_path: Path, regsweep: Regsweep) -> None:
    # Beside sweep=regularization, which names BatchNorm, for which the network has no place.
    trials = json.dumps([{"regularizer": "none", "regularizer.l2": 0.01}])
    (tmp_path / "named.json").write_text(trials)
    named = ("hydra/sweeper=regsweep", *(f"hydra.sweeper.{each}" for each in (
        "params=null", "pruner=null", "initial_trials=named.json", "n_trials=1", "direction=maximize"
    )))  # fmt: skip
    small = ("model=linear", "trainer.epochs=1", "dataset.train_size=100", "hydra/launcher=basic")
    done = regsweep("-m", "sweep=regularization", *named, *small, "hydra.sweep.dir=s")
    assert done.code == 0, done.err
    assert "L2 λ=0.01" in done.out


def test_a_grid_of_listed_values_begins_with_no_trial_of_its_own() -> None:
    lists = ("regularizer=dropout", "regularizer.dropout=0.1,0.3", "optimizer.lr=0.1,0.2")
    search, line = settled("hydra/sweeper/sampler=grid", *lists)
    assert (search.initial, search.limits.n_trials) == ([], 8)
    assert line == "searches dropout and the learning rate"


@pytest.mark.parametrize(
    ("preset", "typed", "line"),
    [
        ("  dropout: 0.3", "", "searches the learning rate; every trial uses dropout"),
        ("  dropout: {use: true, p: 0.3}\n  lambda: null", "", "searches the learning rate; every trial uses dropout"),
        ("  dropout: 0", "", OF_A_BASELINE),
        (
            "  mixup: 0.3",
            "regularizer=l1",
            "searches L1 and the learning rate; every trial uses mixup; trial 0 uses no other method",
        ),
    ],
)
def test_a_method_that_an_experiment_puts_into_every_trial_is_named(
    tmp_path: Path, preset: str, typed: str, line: str
) -> None:
    experiment = tmp_path / "own" / "experiment" / "short.yaml"
    experiment.parent.mkdir(parents=True)
    experiment.write_text(f"# @package _global_\ndefaults:\n  - override /regularizer: none\nregularizer:\n{preset}\n")
    _, found = settled("experiment=short", f"hydra.searchpath=[{tmp_path / 'own'}]", *typed.split())
    assert found == line


def test_a_range_of_a_key_that_its_preset_does_not_set_is_refused(tmp_path: Path) -> None:
    preset = tmp_path / "own" / "regularizer" / "ranged.yaml"
    preset.parent.mkdir(parents=True)
    preset.write_text("# @package _global_\nsearch:\n  regularizer.dropout.use: choice(false, true)\n")
    with pytest.raises(ConfigError, match=r"^regularizer\.dropout\.use=…: a preset has a range for it"):
        settled("regularizer=ranged", f"hydra.searchpath=[{tmp_path / 'own'}]")


def test_a_trial_uses_all_that_it_drew_and_no_more(regsweep: Regsweep, tmp_path: Path) -> None:
    """A setting is drawn where its method is used, and only there; study, configuration, record and table agree."""
    done = regsweep(
        *("-m", "sweep=regularization", "regularizer=[l1,dropout,batch_norm]"),
        *("regularizer.dropout=interval(0.1,0.3)", "regularizer.solver=subgradient", "hydra.sweep.dir=s", "seed=3"),
        *("hydra/launcher=basic", "hydra/sweeper/sampler=random", "hydra.sweeper.n_trials=6"),
        *("trainer.epochs=1", "dataset.train_size=40", "model.hidden=[4]"),
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.out.startswith("searches L1, dropout, BatchNorm and the learning rate; trial 0 uses no method\n")
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{tmp_path / 's' / 'study.db'}")
    with (tmp_path / "s" / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    settings = {"l1": ["lambda"], "dropout": ["p"], "batch_norm": []}
    kinds = set()
    for trial, row in zip(study.trials, rows, strict=True):
        record = RunRecord.read(tmp_path / "s" / str(trial.number) / "result.json")
        config = OmegaConf.load(tmp_path / "s" / str(trial.number) / ".hydra" / "config.yaml")
        assert record.methods is not None
        used = sorted(record.methods)
        kinds.add(tuple(used))
        drawn = {name: trial.params[f"regularizer.{name}.use"] for name in settings}
        assert used == sorted(name for name, is_used in drawn.items() if is_used)
        of_used = {f"regularizer.{name}.{key}" for name in used for key in settings[name]}
        assert set(trial.params) == {*(f"regularizer.{name}.use" for name in settings), *of_used, "optimizer.lr"}
        for key, value in trial.params.items():
            assert OmegaConf.select(config, key) == value
            assert row[key] == str(value)
        assert {key for key in row if "." in key and row[key]} == set(trial.params)
        for name in used:
            recorded = record.methods[name].settings
            assert {key: recorded[key] for key in settings[name]} == {
                key: trial.params[f"regularizer.{name}.{key}"] for key in settings[name]
            }
        assert record.batch_norm is drawn["batch_norm"]
        if "l1" in used:
            assert record.methods["l1"].settings["solver"] == "subgradient"
    assert study.trials[0].params == {
        "regularizer.l1.use": False, "regularizer.dropout.use": False, "regularizer.batch_norm.use": False,
        "optimizer.lr": 0.05,
    }  # fmt: skip
    assert all({name in kind for kind in kinds} == {False, True} for name in settings), "each is used, and is not"


EXPERIMENT = """# @package _global_
defaults:
  - override /regularizer: none
optimizer:
  lr: 0.02
"""


def test_an_experiment_without_methods_is_the_search_of_a_baseline(regsweep: Regsweep, tmp_path: Path) -> None:
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    (tmp_path / "conf" / "experiment" / "mine.yaml").write_text(EXPERIMENT)
    done = regsweep(
        *("--config-dir", "conf", "-m", "sweep=regularization", "experiment=mine", "hydra.sweep.dir=s"),
        *("hydra/launcher=basic", "hydra.sweeper.n_trials=2"),
        *("trainer.epochs=1", "dataset.train_size=40", "model.hidden=[4]"),
    )
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == OF_A_BASELINE
    assert "to draw report.html: regsweep report s\n" in done.out
    assert "regsweep confirm" not in done.out, "nothing regularizes"
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{tmp_path / 's' / 'study.db'}")
    assert study.trials[0].params == {"optimizer.lr": 0.02}
    assert list(study.trials[1].params) == ["optimizer.lr"]
    record = RunRecord.read(tmp_path / "s" / "0" / "result.json")
    assert (record.methods, record.batch_norm) == ({}, False)
