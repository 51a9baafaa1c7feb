"""L1: λ Σ|w|, its soft threshold with exact zeros, and its subgradient."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from regsweep import weights
from regsweep.build import build
from regsweep.config import OptimizerConfig, RunConfig
from regsweep.methods import Parameters, Update
from regsweep.regularizers.l1 import L1
from regsweep.training import Training
from tests.regularizers.made import method, parameters
from tests.regularizers.minimum import OPTIMIZERS, WEIGHTS, A, B, adam, minimize, nothing, quadratic, sgd

finite = st.floats(-10, 10, allow_nan=False)


def test_its_value_is_the_formula_over_what_is_covered() -> None:
    weights = parameters(WEIGHTS, [7.0])
    l1 = method(L1, strength=0.3)
    assert l1.value(weights) == pytest.approx(0.3 * (np.abs(WEIGHTS).sum() + 7), rel=1e-12)
    covered = Parameters(weights.every, {"w0": weights.every["w0"]})
    assert l1.value(covered) == pytest.approx(0.3 * np.abs(WEIGHTS).sum(), rel=1e-12)


@given(st.lists(finite, min_size=1, max_size=8), st.floats(1e-6, 5), st.floats(1e-4, 1))
def test_the_proximal_step_is_the_soft_threshold(values: list[float], strength: float, step_size: float) -> None:
    given = parameters(values)
    with torch.no_grad():
        method(L1, strength=strength).on_weights(Update(given, 0.1, lambda _: step_size))
    found = given.every["w0"].detach().numpy()
    expected = [np.sign(w) * max(abs(w) - strength * step_size, 0) for w in values]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert all(found[i] == 0 for i, w in enumerate(values) if abs(w) <= strength * step_size * (1 - 1e-12))


@given(st.lists(finite, min_size=1, max_size=8), st.floats(1e-6, 5))
def test_the_subgradient_is_lambda_times_the_sign(values: list[float], strength: float) -> None:
    """It is added to the gradient, which is 1 here; the weights stay for the optimizer."""
    given = parameters(values)
    l1 = method(L1, strength=strength, solver="subgradient")
    with torch.no_grad():
        l1.before_update(given, 0.1)
        l1.on_weights(Update(given, 0.1, lambda _: 0.1))
    gradient = given.every["w0"].grad
    assert gradient is not None
    np.testing.assert_allclose(gradient.numpy(), 1 + strength * np.sign(values), rtol=1e-12)
    assert given.every["w0"].tolist() == values


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_the_minimum_is_the_closed_form(optimizer: OptimizerConfig) -> None:
    """On ½Σa(w − b)²: w = sign(b) max(|b| − λ/a, 0), and λ means the same under SGD of any momentum and under Adam."""
    expected = np.sign(B) * np.maximum(np.abs(B) - 0.4 / A, 0)
    found = minimize(quadratic, np.full(5, 0.5), optimizer, method(L1, strength=0.4), steps=700)
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert ((found == 0) == (expected == 0)).all(), "zero exactly where the closed form is zero"


def test_the_subgradient_never_settles_on_zero() -> None:
    target = torch.tensor([0.1, -0.2, 0.3])
    l1 = method(L1, strength=1.0, solver="subgradient")
    found = minimize(lambda w: 0.5 * ((w - target) ** 2).sum(), np.ones(3), sgd(lr=0.03), l1, steps=500)
    assert (found != 0).all()
    assert (np.abs(found) < 0.1).all()


def test_under_adamw_it_is_decoupled_from_the_scaling() -> None:
    """Without a gradient of the loss, each step subtracts ηλ."""
    found = minimize(nothing, WEIGHTS, adam("adamw", 0.01), method(L1, strength=0.5), steps=3)
    np.testing.assert_allclose(found, np.sign(WEIGHTS) * np.maximum(np.abs(WEIGHTS) - 3 * 0.01 * 0.5, 0), atol=1e-12)


@pytest.mark.parametrize("solver", ["proximal", "subgradient"])
def test_strength_zero_changes_nothing(solver: str) -> None:
    given = parameters(WEIGHTS)
    l1 = method(L1, strength=0.0, solver=solver)
    with torch.no_grad():
        l1.before_update(given, 0.1)
        l1.on_weights(Update(given, 0.1, lambda _: 0.1))
    weight = given.every["w0"]
    assert weight.grad is not None
    assert torch.equal(weight.grad, torch.ones_like(weight))
    np.testing.assert_array_equal(weight.detach().numpy(), WEIGHTS)
    assert l1.weight_decay() == l1.value(given) == 0


def test_a_training_ends_with_exact_zeros_under_the_proximal_solver_alone(configure: Callable[..., RunConfig]) -> None:
    shares = {}
    for solver in ("proximal", "subgradient"):
        chosen = ("regularizer=l1", "regularizer.lambda=3e-3", f"regularizer.solver={solver}")
        config = configure(*chosen, "trainer.epochs=30", "dataset.train_size=200", "model.hidden=[16]")
        member = build(config).member(config)
        Training([member]).run()
        shares[solver] = weights.count_zeros(member.trained())["overall"]
    assert shares["proximal"] > 0.2
    assert shares["subgradient"] == 0
