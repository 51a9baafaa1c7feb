"""What every optimizer that has a name, and a class of one's own, promises in a training."""

import math
from typing import Any

import pytest
import torch
import yaml
from torch import nn
from torch.optim import Optimizer

from regsweep import weights
from regsweep.build import build
from regsweep.config import TORCH_OPTIMIZERS, RunConfig, validate
from regsweep.member import Member
from regsweep.optimizers.resolve import FIXED, resolve_class, settings_of
from regsweep.paths import config_folder
from regsweep.signatures import parameters_of
from regsweep.training import Training
from tests.conftest import PROJECT, plain_configuration


class Lion(Optimizer):
    """Steps by the sign of an average of the gradients (Chen et al., 2023)."""

    def __init__(self, params: Any, lr: float = 1e-4, beta: float = 0.9) -> None:
        super().__init__(params, {"lr": lr, "beta": beta})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for weight in (each for each in group["params"] if each.grad is not None):
                average = self.state[weight].setdefault("average", torch.zeros_like(weight))
                average.lerp_(weight.grad, 1 - group["beta"])
                weight.add_(average.sign(), alpha=-group["lr"])


class Mixed(nn.Module):
    """A network of a kernel, matrices and vectors; the last layer takes no part."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.kernel, self.first = nn.Conv2d(1, 4, 3), nn.Linear(144, 16)
        self.last, self.unused = nn.Linear(16, num_classes), nn.Linear(2, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.last(self.first(self.kernel(images).relu().flatten(1)).relu())
        return logits


EPOCHS = 3
NAMES = [*TORCH_OPTIMIZERS, "own"]
each_name = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def _own_classes_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGSWEEP_ALLOW_MODULES", "tests")


def config_of(name: str, **optimizer: Any) -> RunConfig:
    """Return a small configuration in which two penalties and a schedule act, where the optimizer has them."""
    values = plain_configuration(f"optimizer={name}", "device=cpu", "device.precision=float32")
    values["model"] = {"_target_": f"{__name__}.Mixed"}
    values["dataset"] |= {"train_size": 64}
    values["trainer"] |= {"epochs": EPOCHS, "batch_size": 32}
    has_step_size = name not in ("rprop", "own")
    values["regularizer"]["elastic_net"] = {"lambda": 1e-3, "solver": "proximal" if has_step_size else "subgradient"}
    values["optimizer"] |= {"schedule": "constant" if name == "rprop" else "cosine", **optimizer}
    if name == "own":
        values["optimizer"] |= {"_target_": f"{__name__}.Lion", "beta": 0.8}
    return validate(values)


def trained(config: RunConfig, state: dict[str, Any] | None = None) -> Member:
    member = build(config).member(config)
    if state is not None:
        member.load_state_dict(state)
    Training([member]).run()
    assert member.error is None, member.error
    return member


@each_name
def test_it_trains_and_a_training_that_goes_on_is_one_that_ran_straight_through(name: str) -> None:
    """Its bits follow from the seed, and from the state after any epoch; what has no gradient stays as it is."""
    config = config_of(name)
    straight = build(config).member(config)
    before = {key: value.clone() for key, value in straight.model.state_dict().items()}
    training = Training([straight])
    training.epoch()
    state = straight.state_dict()
    training.run()
    assert len(straight.history) == EPOCHS
    losses = [row.train.loss for row in straight.history]
    assert all(map(math.isfinite, losses))
    after = straight.model.state_dict()
    changed = {key for key in before if not torch.equal(after[key], before[key])}
    assert changed == {key for key in before if not key.startswith("unused")}
    resumed = trained(config, state)
    assert weights.digest(resumed.model) == weights.digest(straight.model)
    assert [row.train.loss for row in resumed.history] == losses


OUR_DEFAULTS = {"momentum": {"sgd", "nesterov"}}
"""Settings whose default is not PyTorch's, with the optimizers."""


def test_each_has_a_preset_with_a_range_pytorch_s_defaults_and_a_row_of_the_readme() -> None:
    presets = {path.stem: yaml.safe_load(path.read_text()) for path in (config_folder() / "optimizer").glob("*.yaml")}
    assert presets.keys() == {*NAMES}
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    for name, preset in presets.items():
        assert preset["search"].keys() == {"optimizer.lr"}
        assert preset["search"]["optimizer.lr"].startswith("tag(log, interval(")
        assert preset["ranges"]["like"] in ("sgd", "adam", "adamw")
        assert f"`{name}`" in readme
        config = validate(plain_configuration(f"optimizer={name}")).optimizer if name != "own" else None
        if config is not None:
            cls = resolve_class(config)
            parameters = parameters_of(cls)
            for key, value in settings_of(config, cls).items():
                if key not in FIXED.get(name, ()) and name not in OUR_DEFAULTS.get(key, ()):
                    assert value == parameters[key].default, f"{name}: {key}"


def test_the_name_and_the_class_are_the_same_optimizer() -> None:
    by_name = config_of("radam", schedule="constant")
    by_class = config_of("own", schedule="constant").optimizer.model_dump(by_alias=True)
    values = {**by_class, "_target_": "torch.optim.RAdam", "lr": by_name.optimizer.lr}
    settings = {key: values[key] for key in ("name", "_target_", "lr", "schedule", "warmup")}
    other = by_name.model_copy(update={"optimizer": type(by_name.optimizer).model_validate(settings)})
    assert weights.digest(trained(by_name).model) == weights.digest(trained(other).model)
