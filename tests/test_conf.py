"""Every YAML under conf/ composes, alone and with a sweep, and none is forgotten."""

from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from regsweep.app import door
from regsweep.app.door import validate_composed
from regsweep.app.main import _TRUSTED
from regsweep.config import RunConfig
from regsweep.errors import RegsweepError
from regsweep.names import OPTIMIZERS
from regsweep.paths import config_folder
from regsweep.regularizers import METHODS
from regsweep.run import run
from tests.conftest import plain_methods

FILES = sorted(path.relative_to(config_folder()) for path in config_folder().rglob("*.yaml"))
PRUNERS = [path for path in FILES if path.parent == Path("hydra/sweeper/pruner")]
LAUNCHERS = [path for path in FILES if path.parent == Path("hydra/launcher")]
OPTIONS = [path for path in FILES if len(path.parts) == 2 and path.stem != "base"]


def test_none_is_forgotten() -> None:
    presets = {path.stem for path in FILES if path.parent == Path("regularizer")}
    assert presets == {*METHODS, "none", "article", "batchnorm"}, (
        "a preset for each method, and three of several or none"
    )
    assert {path.parts[0] for path in OPTIONS} == {
        "dataset", "device", "experiment", "model", "optimizer", "regularizer", "sweep", "trainer",
    }  # fmt: skip
    optimizers = {path.stem for path in FILES if path.parent == Path("optimizer")} - {"base", "own"}
    assert optimizers == set(OPTIMIZERS), "each has a name in reports"
    assert {path.suffix for path in config_folder().rglob("*") if path.is_file()} == {".yaml"}


@pytest.mark.parametrize("option", OPTIONS, ids=str)
def test_it_composes_and_is_valid(option: Path) -> None:
    """A preset that sets a key of no effect would be found out by the validation, which forbids extra keys."""
    named = ["model._target_=mine.Net"] if option == Path("model/own.yaml") else []  # it is for what the user names
    with initialize_config_dir(str(config_folder())):
        cfg = compose("config", overrides=[f"{option.parent}={option.stem}", *named], return_hydra_config=True)
    if option == Path("optimizer/own.yaml"):
        with pytest.raises(RegsweepError, match=r"^optimizer\._target_=null: must name a class"):
            validate_composed(cfg)
        cfg.optimizer["_target_"] = "torch.optim.RAdam"
    config = validate_composed(cfg)
    assert isinstance(config, RunConfig)
    group = option.parts[0]
    if group in ("dataset", "device", "optimizer"):
        assert getattr(config, group).name == option.stem
    OmegaConf.set_struct(cfg, False)
    if group in ("regularizer", "dataset", "trainer", "device"):
        OmegaConf.update(cfg, f"{group}.no_such_key", 1)
        with pytest.raises(Exception, match=f"{group}.no_such_key=1: no such (key|method)"):
            validate_composed(cfg)


def test_an_interpolation_follows_what_is_set() -> None:
    with initialize_config_dir(str(config_folder())):
        cfg = compose("config", overrides=["trainer.batch_size=${trainer.epochs}", "model.hidden=[32,64]"])
    assert validate_composed(cfg).trainer.batch_size == 30
    values = door.unresolved(cfg)
    changed = door.with_value(door.with_value(values, "trainer.epochs", 7), "model.hidden.1", 8)
    run = door.validate_unresolved(changed)
    assert (run.trainer.batch_size, run.model.model_dump()["hidden"]) == (7, [32, 8])
    assert values == door.unresolved(cfg), "what is shared is not changed"
    for value, expected in (
        ("${nothing}", "Interpolation key 'nothing' not found"),
        ("???", "Missing mandatory value"),
    ):
        with pytest.raises(RegsweepError, match=expected):
            door.validate_unresolved(door.with_value(values, "trainer.batch_size", value))


@pytest.mark.parametrize("pruner", PRUNERS, ids=str)
def test_every_pruner_composes_and_is_one_that_optuna_can_ask(pruner: Path) -> None:
    chosen = f"hydra/sweeper/pruner={pruner.stem}"
    with initialize_config_dir(str(config_folder())):
        cfg = compose("config", overrides=["sweep=regularization", chosen], return_hydra_config=True)
    made = instantiate(cfg.hydra.sweeper.pruner, _execution_whitelist_=_TRUSTED)
    assert isinstance(made, optuna.pruners.BasePruner)


CHOSEN = [
    ((), ["l2", "dropout", "batch_norm"]),
    (("regularizer=none",), []),
    (("regularizer=dropout",), ["dropout"]),
    (("regularizer=[elastic_net,batchnorm]",), ["elastic_net", "batch_norm"]),
    (("regularizer=article",), ["l2", "dropout", "batch_norm"]),
    (("experiment=article_baseline",), []),
    (("experiment=article_regularized",), ["l2", "dropout", "batch_norm"]),
    (("experiment=article_regularized", "regularizer=l1"), ["l1"]),
]


@pytest.mark.parametrize(("overrides", "names"), CHOSEN, ids=[",".join(overrides) for overrides, _ in CHOSEN])
def test_the_sweep_searches_the_methods_that_are_chosen(overrides: tuple[str, ...], names: list[str]) -> None:
    """By the command line, or by an experiment; its own only where nobody chose."""
    settings = {"l1": "lambda", "l2": "lambda", "elastic_net": "lambda", "dropout": "p"}
    expected = {f"regularizer.{name}.{key}" for name in names for key in ("use", settings.get(name, "use"))}
    assert set(params_of(*overrides)) == {*expected, "optimizer.lr"}


def params_of(*overrides: str) -> dict[str, str]:
    with initialize_config_dir(str(config_folder())):
        cfg = compose("config", overrides=["sweep=regularization", *overrides], return_hydra_config=True)
    return {str(key): str(value) for key, value in cfg.hydra.sweeper.params.items()}


RANGES = {
    **{(optimizer, penalty): f"1e-6, {upper}" for optimizer in ("sgd", "adam")
       for penalty, upper in (("l1", "1e-2"), ("l2", "1e-1"), ("elastic_net", "1e-2"))},
    ("adamw", "l1"): "1e-4, 2",
    ("adamw", "l2"): "1e-3, 100",
    ("adamw", "elastic_net"): "1e-4, 3",
    ("muon", "l2"): "1e-3, 100",
    ("rmsprop", "l1"): "1e-6, 1e-2",
}  # fmt: skip


@pytest.mark.parametrize(("optimizer", "penalty"), RANGES)
def test_the_sweep_s_range_is_the_optimizer_s_and_the_penalty_s(optimizer: str, penalty: str) -> None:
    lr = "3e-3, 0.3" if optimizer == "sgd" else "1e-4, 1e-2"
    assert params_of(f"regularizer={penalty}", f"optimizer={optimizer}") == {
        f"regularizer.{penalty}.use": "choice(false, true)",
        f"regularizer.{penalty}.lambda": f"tag(log, interval({RANGES[optimizer, penalty]}))",
        "optimizer.lr": f"tag(log, interval({lr}))",
    }


@pytest.mark.parametrize("penalty", ["l1", "l2", "elastic_net"])
def test_adamw_s_range_ends_where_no_weights_are_left(
    penalty: str, configure: Callable[..., RunConfig], tmp_path: Path
) -> None:
    upper = RANGES["adamw", penalty].split(", ")[1]
    config = configure("optimizer=adamw", f"regularizer={penalty}", f"regularizer.lambda={upper}", "device.threads=1")
    outcome = run(config, tmp_path, is_trial=True)
    assert outcome.numbers["near_zero"] > 0.99
    assert outcome.numbers["sparsity"] == 0 if penalty == "l2" else outcome.numbers["sparsity"] > 0.99
    assert outcome.metrics["validation"]["accuracy"] < 0.2


def test_the_article_s_experiments_are_the_article_s(configure: Callable[..., RunConfig]) -> None:
    baseline, regularized = (
        configure("experiment=article_baseline"),
        configure("experiment=article_regularized"),
    )
    for config in (baseline, regularized):
        assert (config.model.target, config.dataset.name, config.dataset.val_fraction) == (
            "regsweep.models.cnn.CNN",
            "mnist",
            0.0,
        )
        assert (
            config.optimizer.name,
            config.optimizer.lr,
            config.trainer.epochs,
            config.trainer.batch_size,
        ) == ("sgd", 0.01, 10, 64)
        assert getattr(config.optimizer, "momentum") == 0  # noqa: B009
    assert plain_methods(baseline.regularizer) == {}
    assert plain_methods(regularized.regularizer) == {
        "batch_norm": {},
        "dropout": {"p": 0.5},
        "l2": {"lambda": 0.005, "scope": "all"},
    }
