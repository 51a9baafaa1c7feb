"""The confidence penalty is −β times the entropy of the prediction (Pereyra et al., 2017, equation 3)."""

import math
from collections.abc import Callable

import pytest
import torch
from scipy.stats import entropy

from regsweep.build import build
from regsweep.config import RunConfig
from regsweep.errors import ConfigError, DivergedError
from regsweep.regularizers.confidence_penalty import ConfidencePenalty
from regsweep.training import Training
from tests.regularizers.made import batch, method, parameters


def test_it_is_minus_beta_times_the_mean_entropy() -> None:
    shares = torch.tensor([[0.5, 0.4, 0.1], [1 / 3, 1 / 3, 1 / 3], [0.98, 0.01, 0.01]], dtype=torch.float64)
    term = method(ConfidencePenalty, beta=0.3).extra_loss(shares.log() + 5, batch(size=3), parameters([0.0]))
    assert term.item() == pytest.approx(-0.3 * entropy(shares.numpy(), axis=1).mean(), rel=1e-12)
    assert term.shape == ()


def test_an_even_prediction_is_the_least() -> None:
    term = method(ConfidencePenalty, beta=1.0).extra_loss(torch.zeros(4, 10), batch(size=4), parameters([0.0]))
    assert term.item() == pytest.approx(-math.log(10), rel=1e-6)


def test_outputs_of_squared_errors_have_no_entropy(configure: Callable[..., RunConfig]) -> None:
    typed = ("regularizer=confidence_penalty", "dataset.train_size=200")
    build(configure(*typed, "trainer.loss=cross_entropy"))
    with pytest.raises(
        ConfigError, match=r"^regularizer\.confidence_penalty\.beta=0\.1: .* with trainer\.loss=mse there"
    ):
        build(configure(*typed, "trainer.loss=mse"))


@pytest.mark.parametrize("lr", ["1e8", "1e30"])
def test_a_learning_rate_that_is_too_high_is_not_blamed_on_it(configure: Callable[..., RunConfig], lr: str) -> None:
    config = configure("regularizer=confidence_penalty", f"optimizer.lr={lr}", "dataset.train_size=200")
    member = build(config).member(config)
    Training([member]).run()
    assert isinstance(member.error, DivergedError)
    assert str(member.error).endswith("; try a lower optimizer.lr")
    assert "confidence_penalty" not in str(member.error)
