"""L2: λ Σw² is SGD with a weight decay of 2λ, and covers what its scope says."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from regsweep import seeding
from regsweep.build import build
from regsweep.config import OptimizerConfig, RunConfig
from regsweep.methods import Parameters
from regsweep.regularizers.l2 import L2
from regsweep.scope import cover
from regsweep.training import Training
from tests.regularizers.made import method, parameters
from tests.regularizers.minimum import OPTIMIZERS, WEIGHTS, A, B, adam, minimize, nothing, quadratic

Configure = Callable[..., RunConfig]
QUICK = ("trainer.epochs=2", "dataset.train_size=200", "model.hidden=[16]")


def test_its_value_is_the_formula_over_what_is_covered() -> None:
    weights = parameters(WEIGHTS, [7.0])
    l2 = method(L2, strength=0.3)
    assert l2.value(weights) == pytest.approx(0.3 * (np.square(WEIGHTS).sum() + 49), rel=1e-12)
    covered = Parameters(weights.every, {"w0": weights.every["w0"]})
    assert l2.value(covered) == pytest.approx(0.3 * np.square(WEIGHTS).sum(), rel=1e-12)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_it_has_the_gradient_of_lambda_w_squared(optimizer: OptimizerConfig) -> None:
    """Steps with the penalty are steps of the optimizer on the gradient of loss + λΣw²."""
    strength, target = 0.05, torch.tensor(WEIGHTS).flip(0)

    def after(penalty: L2, extra: float) -> np.ndarray:
        def loss(w: torch.Tensor) -> torch.Tensor:
            return ((w - target) ** 2).sum() + extra * (w**2).sum()

        return minimize(loss, WEIGHTS, optimizer, penalty, steps=5)

    ours = after(method(L2, strength=strength), 0.0)
    np.testing.assert_allclose(ours, after(method(L2, strength=0.0), strength), rtol=1e-10)
    assert not np.allclose(ours, after(method(L2, strength=0.0), 0.0), rtol=1e-7, atol=0)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_the_minimum_is_the_closed_form(optimizer: OptimizerConfig) -> None:
    """On ½Σa(w − b)²: w = a b/(a + 2λ), under SGD of any momentum and under Adam, and never exactly 0."""
    found = minimize(quadratic, np.full(5, 0.5), optimizer, method(L2, strength=0.4), steps=700)
    np.testing.assert_allclose(found, A * B / (A + 0.8), atol=2e-3)
    assert (found != 0).all()


def test_under_adamw_it_is_decoupled_from_the_scaling() -> None:
    """Without a gradient of the loss, each step multiplies by 1 − 2ηλ."""
    found = minimize(nothing, WEIGHTS, adam("adamw", 0.01), method(L2, strength=0.5), steps=3)
    np.testing.assert_allclose(found, WEIGHTS * (1 - 2 * 0.01 * 0.5) ** 3, rtol=1e-12)


def test_strength_zero_changes_nothing() -> None:
    l2 = method(L2, strength=0.0)
    assert l2.weight_decay() == l2.value(parameters(WEIGHTS)) == 0


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_it_is_weight_decay_over_a_whole_training(configure: Configure, momentum: float) -> None:
    """Our build and training against a loop written out here, with torch's SGD(weight_decay=2λ) on the matrices."""
    config = configure("regularizer=l2", "regularizer.lambda=0.005", f"optimizer.momentum={momentum}", *QUICK)
    ours, plain = build(config), build(config)
    matrices = [p for p in plain.model.parameters() if p.ndim > 1]
    biases = [p for p in plain.model.parameters() if p.ndim == 1]
    groups: list[dict[str, Any]] = [{"params": matrices, "weight_decay": 0.01}, {"params": biases}]
    optimizer = torch.optim.SGD(groups, lr=config.optimizer.lr, momentum=momentum)
    order = seeding.generator(config.seed, "batches")
    train = plain.dataset.train
    for _ in range(config.trainer.epochs):
        parts = -(-len(train) // config.trainer.batch_size)
        for batch in torch.tensor_split(torch.randperm(len(train), generator=order), parts):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(plain.model(train.inputs[batch]), train.targets[batch])
            torch.autograd.backward(loss)
            optimizer.step()
    Training([ours.member(config)]).run()
    for name, weight in ours.model.named_parameters():
        torch.testing.assert_close(weight, plain.model.get_parameter(name), rtol=1e-5, atol=1e-6)


WEIGHTS_OF_CNN = {"conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight"}


@pytest.mark.parametrize("preset", ["l2", "l1", "elastic_net"])
def test_the_scope_leaves_biases_and_norms_free(configure: Configure, preset: str) -> None:
    """Where each number is 1, a penalty's value is λ times how many it covers, for Σ|w| and Σw² alike."""
    for scope in ("weights", "all"):
        chosen = (f"regularizer=[{preset},batch_norm]", f"regularizer.scope={scope}", "regularizer.lambda=0.5")
        config = configure(*chosen, "model=cnn")
        parts = build(config)
        everything = dict(parts.model.named_parameters())
        assert set(cover(parts.model, scope)) == (WEIGHTS_OF_CNN if scope == "weights" else set(everything))
        for parameter in everything.values():
            nn.init.ones_(parameter)
        names = WEIGHTS_OF_CNN if scope == "weights" else everything
        value = parts.member(config).methods.values()[preset]
        assert value == pytest.approx(0.5 * sum(everything[name].numel() for name in names))


@pytest.mark.parametrize(
    ("chosen", "decayed", "rate"),
    [
        (["regularizer=l2", "regularizer.lambda=0.25"], WEIGHTS_OF_CNN, 0.5),
        (["regularizer=l2", "regularizer.lambda=0.25", "regularizer.scope=all"], None, 0.5),
        (["regularizer=elastic_net", "regularizer.lambda=0.25", "regularizer.l1_ratio=0.2"], WEIGHTS_OF_CNN, 0.4),
        (["regularizer=[l1,l2]", "regularizer.l1.scope=all", "regularizer.l2.lambda=0.25"], WEIGHTS_OF_CNN, 0.5),
        (["regularizer=[l1,dropout]"], set(), 0.0),
        (["regularizer=none"], set(), 0.0),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_the_optimizer_s_groups_hold_every_parameter_once_and_decay_those_covered(
    configure: Configure, chosen: list[str], decayed: set[str] | None, rate: float
) -> None:
    parts = build(configure(*chosen, "regularizer.batch_norm=true", "model=cnn"))
    names = {id(parameter): name for name, parameter in parts.model.named_parameters()}
    held = [id(parameter) for group in parts.optimizer.param_groups for parameter in group["params"]]
    assert sorted(held) == sorted(names)
    rates = {names[id(p)]: group["weight_decay"] for group in parts.optimizer.param_groups for p in group["params"]}
    assert {name for name, own in rates.items() if own} == (set(names.values()) if decayed is None else decayed)
    assert {rates[name] for name in decayed or rates if rates[name]} == ({rate} if rate else set())
