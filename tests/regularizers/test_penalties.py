"""What each penalty promises mathematically, against float64 closed forms."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from regsweep.config import AdamConfig, OptimizerConfig, SGDConfig
from regsweep.optimizers import build_optimizer, step_sizes
from regsweep.regularizers import PENALTIES, Penalty
from regsweep.regularizers.elastic_net import ElasticNet
from regsweep.regularizers.l1 import L1
from regsweep.regularizers.l2 import L2
from regsweep.scope import ParameterGroups

WEIGHTS = np.array([[1.5, -0.25, 0.0], [-2.0, 0.125, 3.0]])

finite = st.floats(-10, 10, allow_nan=False)


def tensor(values: np.ndarray) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def sgd(lr: float = 0.1, momentum: float = 0.0) -> SGDConfig:
    return SGDConfig(name="sgd", lr=lr, momentum=momentum)


def adam(name: str = "adam", lr: float = 0.01) -> AdamConfig:
    return AdamConfig.model_validate({"name": name, "lr": lr, "betas": (0.9, 0.999), "eps": 1e-8})


def minimize(
    gradient_of: object, start: np.ndarray, config: OptimizerConfig, penalty: Penalty, steps: int
) -> np.ndarray:
    """Minimize ½‖w − target‖²-like losses: `gradient_of(w)` is a loss; return the weights in the end."""
    weight = nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer = build_optimizer(config, ParameterGroups({"w": weight}, {}), penalty.weight_decay)
    for _ in range(steps):
        optimizer.zero_grad()
        gradient_of(weight).backward()  # type: ignore[operator]
        with torch.no_grad():
            penalty.add_gradient([weight])
            optimizer.step()
            penalty.shrink(step_sizes(optimizer, [weight]))
    return weight.detach().numpy()


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        (L1(0.3), 0.3 * np.abs(WEIGHTS).sum()),
        (L2(0.3), 0.3 * np.square(WEIGHTS).sum()),
        (
            ElasticNet(0.3, l1_ratio=0.25),
            0.3 * (0.25 * np.abs(WEIGHTS).sum() + 0.75 * np.square(WEIGHTS).sum()),
        ),
        (PENALTIES["none"](0.0), 0.0),
    ],
)
def test_the_value_is_the_formula(penalty: Penalty, expected: float) -> None:
    assert penalty.value([tensor(WEIGHTS)]) == pytest.approx(expected, rel=1e-12)


def test_every_module_registers_its_penalty() -> None:
    assert set(PENALTIES) == {"none", "l1", "l2", "elastic_net"}


@given(st.lists(finite, min_size=1, max_size=8), st.floats(1e-6, 5), st.floats(1e-4, 1))
def test_the_proximal_step_is_the_soft_threshold(weights: list[float], strength: float, step_size: float) -> None:
    weight = torch.tensor(weights, dtype=torch.float64)
    L1(strength).shrink([(weight, step_size)])
    expected = [np.sign(w) * max(abs(w) - strength * step_size, 0) for w in weights]
    np.testing.assert_allclose(weight.numpy(), expected, rtol=0, atol=1e-12)
    assert all(weight[i] == 0 for i, w in enumerate(weights) if abs(w) <= strength * step_size * (1 - 1e-12))


@given(st.lists(finite, min_size=1, max_size=8), st.floats(1e-6, 5))
def test_the_subgradient_is_lambda_times_the_sign(weights: list[float], strength: float) -> None:
    weight = torch.tensor(weights, dtype=torch.float64, requires_grad=True)
    weight.grad = torch.zeros_like(weight)
    with torch.no_grad():
        L1(strength, solver="subgradient").add_gradient([weight])
    np.testing.assert_allclose(weight.grad.numpy(), strength * np.sign(weights), rtol=1e-12)


@pytest.mark.parametrize("config", [sgd(), sgd(momentum=0.9), adam()], ids=["sgd", "momentum", "adam"])
def test_l2_has_the_gradient_of_lambda_w_squared(config: OptimizerConfig) -> None:
    """One step with the penalty equals one step of the optimizer on the gradient of loss + λΣw²."""
    strength, target = 0.05, torch.tensor(WEIGHTS).flip(0)

    def step(penalty: Penalty, extra: float) -> np.ndarray:
        return minimize(lambda w: ((w - target) ** 2).sum() + extra * (w**2).sum(), WEIGHTS, config, penalty, steps=5)

    np.testing.assert_allclose(step(L2(strength), 0.0), step(L2(0.0), strength), rtol=1e-10)


@pytest.mark.parametrize("config", [sgd(), sgd(lr=0.01, momentum=0.9), adam()], ids=["sgd", "momentum", "adam"])
@pytest.mark.parametrize("solver_penalty", [L1(0.4), ElasticNet(0.8, l1_ratio=0.5)], ids=["l1", "elastic_net"])
def test_the_minimum_is_the_closed_form(config: OptimizerConfig, solver_penalty: Penalty) -> None:
    """On ½Σa(w − b)² the minimum is known, and λ means the same under SGD of any momentum and under Adam.

    L1: w = sign(b) max(|b| − λ/a, 0). With an L2 part of μ: w = sign(b) max(a|b| − λ₁, 0) / (a + 2μ).
    """
    a = np.array([1.0, 2.0, 0.5, 1.0, 4.0])
    b = np.array([1.0, -0.1, 0.9, 0.3, -1.0])
    l1, l2 = (0.4, 0.0) if isinstance(solver_penalty, L1) else (0.4, 0.4)
    expected = np.sign(b) * np.maximum(a * np.abs(b) - l1, 0) / (a + 2 * l2)
    ta, tb = torch.tensor(a), torch.tensor(b)
    found = minimize(lambda w: 0.5 * (ta * (w - tb) ** 2).sum(), np.zeros(5) + 0.5, config, solver_penalty, steps=1500)
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert ((found == 0) == (expected == 0)).all(), "zero exactly where the closed form is zero"


def test_the_subgradient_never_settles_on_zero() -> None:
    target = torch.tensor([0.1, -0.2, 0.3])
    found = minimize(lambda w: 0.5 * ((w - target) ** 2).sum(), np.ones(3), sgd(lr=0.03), L1(1.0, "subgradient"), 500)
    assert (found != 0).all()
    assert (np.abs(found) < 0.1).all()


def test_under_adamw_penalties_are_decoupled_from_the_scaling() -> None:
    """Without a gradient of the loss, AdamW with L2 multiplies by 1 − 2ηλ; with L1 it subtracts ηλ."""
    lr, strength = 0.01, 0.5
    after_l2 = minimize(lambda w: (w * 0).sum(), WEIGHTS, adam("adamw", lr), L2(strength), steps=3)
    np.testing.assert_allclose(after_l2, WEIGHTS * (1 - 2 * lr * strength) ** 3, rtol=1e-12)
    after_l1 = minimize(lambda w: (w * 0).sum(), WEIGHTS, adam("adamw", lr), L1(strength), steps=3)
    np.testing.assert_allclose(
        after_l1, np.sign(WEIGHTS) * np.maximum(np.abs(WEIGHTS) - 3 * lr * strength, 0), atol=1e-12
    )


@pytest.mark.parametrize("name", sorted(PENALTIES))
def test_strength_zero_changes_nothing(name: str) -> None:
    weight = tensor(WEIGHTS)
    weight.grad = torch.ones_like(weight)
    penalty = PENALTIES[name](0.0)
    with torch.no_grad():
        penalty.add_gradient([weight])
        penalty.shrink([(weight, 0.1)])
    assert penalty.weight_decay == 0
    assert torch.equal(weight.grad, torch.ones_like(weight))
    np.testing.assert_array_equal(weight.detach().numpy(), WEIGHTS)
