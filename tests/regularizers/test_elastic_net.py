"""Elastic net: λ [ρ Σ|w| + (1 − ρ) Σw²] is an L1 penalty of λρ and an L2 penalty of λ(1 − ρ)."""

import numpy as np
import pytest
import torch

from regsweep.config import OptimizerConfig
from regsweep.methods import Update
from regsweep.regularizers.elastic_net import ElasticNet
from regsweep.regularizers.l1 import L1
from regsweep.regularizers.l2 import L2
from tests.regularizers.made import method, parameters
from tests.regularizers.minimum import OPTIMIZERS, WEIGHTS, A, B, adam, minimize, nothing, quadratic, sgd


def test_its_value_is_the_formula() -> None:
    net = method(ElasticNet, strength=0.3, l1_ratio=0.25)
    expected = 0.3 * (0.25 * np.abs(WEIGHTS).sum() + 0.75 * np.square(WEIGHTS).sum())
    assert net.value(parameters(WEIGHTS)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_the_minimum_is_the_closed_form(optimizer: OptimizerConfig) -> None:
    """On ½Σa(w − b)²: w = sign(b) max(a|b| − λρ, 0) / (a + 2λ(1 − ρ)), under SGD of any momentum and under Adam."""
    net = method(ElasticNet, strength=0.8, l1_ratio=0.25)
    expected = np.sign(B) * np.maximum(A * np.abs(B) - 0.2, 0) / (A + 2 * 0.6)
    found = minimize(quadratic, np.full(5, 0.5), optimizer, net, steps=700)
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert ((found == 0) == (expected == 0)).all(), "zero exactly where the closed form is zero"
    assert 0 < (found == 0).sum() < 5


def test_under_adamw_both_parts_are_decoupled_from_the_scaling() -> None:
    """Without a gradient of the loss, each step multiplies by 1 − 2ηλ(1 − ρ) and then subtracts ηλρ."""
    lr, strength, ratio, expected = 0.01, 0.5, 0.25, WEIGHTS
    for _ in range(3):
        decayed = expected * (1 - 2 * lr * strength * (1 - ratio))
        expected = np.sign(decayed) * np.maximum(np.abs(decayed) - lr * strength * ratio, 0)
    net = method(ElasticNet, strength=strength, l1_ratio=ratio)
    np.testing.assert_allclose(minimize(nothing, WEIGHTS, adam("adamw", lr), net, steps=3), expected, atol=1e-12)


@pytest.mark.parametrize("solver", ["proximal", "subgradient"])
@pytest.mark.parametrize("optimizer", [sgd(), adam(), adam("adamw")], ids=["sgd", "adam", "adamw"])
def test_its_ends_are_l1_alone_and_l2_alone(optimizer: OptimizerConfig, solver: str) -> None:
    for ratio, end in ((1.0, method(L1, strength=0.3, solver=solver)), (0.0, method(L2, strength=0.3))):
        net = method(ElasticNet, strength=0.3, l1_ratio=ratio, solver=solver)
        ours, theirs = (minimize(quadratic, np.ones(5), optimizer, each, steps=20) for each in (net, end))
        np.testing.assert_array_equal(ours, theirs)


def test_strength_zero_changes_nothing() -> None:
    given = parameters(WEIGHTS)
    net = method(ElasticNet, strength=0.0, l1_ratio=0.5)
    with torch.no_grad():
        net.before_update(given, 0.1)
        net.on_weights(Update(given, 0.1, lambda _: 0.1))
    weight = given.every["w0"]
    assert weight.grad is not None
    assert torch.equal(weight.grad, torch.ones_like(weight))
    np.testing.assert_array_equal(weight.detach().numpy(), WEIGHTS)
    assert net.weight_decay() == net.value(given) == 0
