"""What λ means under each optimizer. Coupled: the minimum is that of loss + λ·penalty; decoupled: a step shortens.

All in float64, against closed forms on ½ Σ a (w − b)². One row of `COUPLED` or `DECOUPLED` is an optimizer.
"""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import Optimizer

from regsweep.config import TORCH_OPTIMIZERS, OptimizerConfig
from regsweep.errors import ConfigError
from regsweep.methods import Method
from regsweep.optimizers import build_optimizer, resolve_class, step_size, why_no_step_size
from regsweep.optimizers.meaning import describe_strength
from regsweep.regularizers.elastic_net import ElasticNet
from regsweep.regularizers.l1 import L1
from regsweep.regularizers.l2 import L2
from regsweep.schedules import factor_of
from tests.regularizers.made import method
from tests.regularizers.minimum import A, B, minimize, named, nothing

STRENGTH = 0.4
COUPLED: dict[str, OptimizerConfig] = {
    "sgd": named("sgd", 0.1),
    "sgd with dampening": named("sgd", 0.02, momentum=0.9, dampening=0.5),
    "nesterov": named("nesterov", 0.01, momentum=0.9),
    "adam": named("adam", 0.01),
    "adam with amsgrad": named("adam", 0.01, amsgrad=True),
    "nadam": named("nadam", 0.01),
    "radam": named("radam", 0.03),
    "adamax": named("adamax", 0.01),
    "rmsprop": named("rmsprop", 0.003),
    "rmsprop with momentum": named("rmsprop", 0.002, momentum=0.7),
    # Without noise a variance is 0 at the minimum, and the step endless: a large ε takes the place of the noise.
    "rmsprop, centered": named("rmsprop", 0.01, centered=True, eps=0.1),
    "adagrad": named("adagrad", 0.3),
    "adagrad with decay": named("adagrad", 0.5, lr_decay=1e-3),
    "adadelta": named("adadelta", 0.5, eps=1e-5),
    "asgd": named("asgd", 0.1, lambd=1e-9),
}
DECOUPLED: dict[str, OptimizerConfig] = {
    "adamw": named("adamw", 0.01),
    "adam": named("adam", 0.01, decoupled_weight_decay=True),
    "nadam": named("nadam", 0.01, decoupled_weight_decay=True),
    "radam": named("radam", 0.01, decoupled_weight_decay=True),
    "adafactor": named("adafactor", 0.01),
    "muon": named("muon", 0.01, adamw_lr_ratio=0.5),
}
BY_SIGNS = {"rprop": named("rprop", 0.01, step_sizes=[1e-9, 1.0])}

each_coupled = pytest.mark.parametrize("config", COUPLED.values(), ids=COUPLED)
each_decoupled = pytest.mark.parametrize("config", DECOUPLED.values(), ids=DECOUPLED)


def test_every_optimizer_with_a_name_has_a_row() -> None:
    assert {each.name for each in (*COUPLED.values(), *DECOUPLED.values(), *BY_SIGNS.values())} == {*TORCH_OPTIMIZERS}


def quadratic(weight: torch.Tensor) -> torch.Tensor:
    return 0.5 * (torch.tensor(A) * (weight - torch.tensor(B)) ** 2).sum()


def minimum(config: OptimizerConfig, penalty: Method) -> np.ndarray:
    return minimize(quadratic, np.full(5, 0.5), config, penalty, steps=800)


@each_coupled
def test_coupled_the_optimality_conditions_of_the_elastic_net_hold(config: OptimizerConfig) -> None:
    """So both of its penalties have the scale of the loss, and what the lasso makes zero is exactly zero.

    The gradient of loss and Σw² is −λρ sign(w) where w is not 0, and at most λρ where it is.
    """
    found = minimum(config, method(ElasticNet, strength=STRENGTH, l1_ratio=0.6))
    l1, l2 = 0.6 * STRENGTH, 0.4 * STRENGTH
    gradient, kept = A * (found - B) + 2 * l2 * found, found != 0
    np.testing.assert_array_equal(kept, A * np.abs(B) > l1, "zero exactly where the closed form is zero")
    np.testing.assert_allclose(gradient[kept], -l1 * np.sign(found[kept]), atol=8e-3)
    assert (np.abs(gradient[~kept]) <= l1).all()


MATRIX = np.array([[1.5, -0.25, 0.001], [-2.0, 0.125, 3.0]])


@each_decoupled
@pytest.mark.parametrize("start", [MATRIX, MATRIX[0]], ids=["matrix", "vector"])
def test_decoupled_a_step_shortens_by_what_the_rate_and_lambda_say(config: OptimizerConfig, start: np.ndarray) -> None:
    """Without a gradient of the loss; under Muon a vector has AdamW's rate."""
    if config.name == "muon" and start.ndim == 1:
        pytest.skip("needs a matrix beside it, below")
    rate = config.lr * STRENGTH
    found = minimize(nothing, start, config, method(L2, strength=STRENGTH), steps=3)
    np.testing.assert_allclose(found, start * (1 - 2 * rate) ** 3, rtol=1e-12)
    found = minimize(nothing, start, config, method(L1, strength=STRENGTH), steps=3)
    np.testing.assert_allclose(found, np.sign(start) * np.maximum(np.abs(start) - 3 * rate, 0), atol=1e-12)


def test_under_muon_each_parameter_has_the_rate_of_its_own_optimizer() -> None:
    matrix, kernel = nn.Parameter(torch.ones(2, 3)), nn.Parameter(torch.ones(2, 2, 3, 3))
    optimizer = build_optimizer(DECOUPLED["muon"], {"matrix": matrix, "kernel": kernel}, {}, 2 * STRENGTH)
    for weight in (matrix, kernel):
        weight.grad = torch.zeros_like(weight)
    optimizer.step()
    assert [step_size(optimizer, each) for each in (matrix, kernel)] == [0.01, 0.005]
    for weight, rate in ((matrix, 0.01), (kernel, 0.005)):
        torch.testing.assert_close(weight, torch.full_like(weight, 1 - 2 * rate * STRENGTH))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        # PyTorch dampens nothing where there is no momentum.
        ({}, 0.02), ({"dampening": 0.5}, 0.02), ({"momentum": 0.9}, 0.2), ({"momentum": 0.9, "dampening": 0.5}, 0.1),
    ],
)  # fmt: skip
def test_the_step_size_of_sgd(settings: dict[str, float], expected: float) -> None:
    weight = nn.Parameter(torch.ones(2, 2))
    optimizer = build_optimizer(named("sgd", 0.02, **settings), {"weight": weight}, {}, 0.0)
    assert step_size(optimizer, weight) == pytest.approx(expected)


def test_a_schedule_keeps_the_ratio_of_muon_s_and_adamw_s_rates() -> None:
    weights = {"matrix": nn.Parameter(torch.ones(2, 3)), "bias": nn.Parameter(torch.ones(2))}
    optimizer = build_optimizer(DECOUPLED["muon"], weights, {}, 0.0)
    factor = factor_of("cosine", 0.0, 4)
    assert factor is not None
    for group in optimizer.param_groups:
        group["lr"] *= factor(2)
    assert [float(group["lr"]) for group in optimizer.param_groups] == pytest.approx([0.005, 0.0025])
    matrix = weights["matrix"]
    assert step_size(optimizer, matrix) == pytest.approx(0.005)


class Own(Optimizer):
    """An optimizer whose weight decay is its own: a share of each weight, whatever the learning rate."""

    def __init__(self, params: Any, lr: float = 0.1, weight_decay: float = 0.3) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for weight in group["params"]:
                weight.mul_(1 - group["weight_decay"]).add_(weight.grad, alpha=-group["lr"])


OWN = named("own", 0.1, _target_=f"{__name__}.Own")


def test_of_an_own_class_l2_is_coupled_and_its_own_weight_decay_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGSWEEP_ALLOW_MODULES", "tests")
    found = minimum(OWN, method(L2, strength=STRENGTH))
    np.testing.assert_allclose(found, A * B / (A + 2 * STRENGTH), atol=1e-6)
    np.testing.assert_allclose(minimum(OWN, method(L2, strength=0.0)), B, atol=1e-6)
    assert "Own steps is not known" in why_no_step_size(resolve_class(OWN))
    with pytest.raises(ConfigError, match="how far Own steps is not known"):
        minimum(OWN, method(L1, strength=STRENGTH))


STRENGTHS = [
    (named("asgd", 0.1, lambd=1e-4), False, "lambd=0.0001 decays all parameters, as L2 λ=5e-05 (scope=all)"),
    (named("asgd", 0.1, lambd=0.0), True, ""),
    (named("adamw", 0.1), True, "λ is decoupled from the loss: a step multiplies by 1 − 2ηλ (L2), or moves to 0 by "),
    (named("adamw", 0.1), False, ""),
    (named("adam", 0.1), True, ""),
    (named("sgd", 0.1), True, ""),
]


@pytest.mark.parametrize(("config", "has_penalty", "line"), STRENGTHS)
def test_a_run_says_what_its_strength_means_where_that_is_not_usual(
    config: OptimizerConfig, *, has_penalty: bool, line: str
) -> None:
    optimizer = build_optimizer(config, {"weight": nn.Parameter(torch.ones(2, 2))}, {}, 0.0)
    found = describe_strength(optimizer, has_penalty=has_penalty)
    assert found.startswith(line)
    assert bool(found) == bool(line)


def test_asgd_decays_as_that_l2_does() -> None:
    """By lambd = 2λ, without a gradient of the loss."""
    decayed = minimize(nothing, MATRIX, named("asgd", 0.1, lambd=2e-2), method(L2, strength=0.0), steps=1)
    coupled = minimize(nothing, MATRIX, named("asgd", 0.1, lambd=0.0), method(L2, strength=1e-2), steps=1)
    np.testing.assert_allclose(decayed, coupled, rtol=1e-12)


def test_under_rprop_l2_and_a_subgradient_have_their_minimum() -> None:
    rprop = BY_SIGNS["rprop"]
    found = minimum(rprop, method(L1, strength=STRENGTH, solver="subgradient"))
    np.testing.assert_allclose(found, np.sign(B) * np.maximum(np.abs(B) - STRENGTH / A, 0), atol=2e-3)
    np.testing.assert_allclose(minimum(rprop, method(L2, strength=STRENGTH)), A * B / (A + 2 * STRENGTH), atol=2e-3)
    assert "same length for every gradient" in why_no_step_size(resolve_class(BY_SIGNS["rprop"]))
