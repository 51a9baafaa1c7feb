"""The confidence penalty is −β times the entropy of the prediction (Pereyra et al., 2017, equation 3)."""

import math

import pytest
import torch
from scipy.stats import entropy

from regsweep.regularizers.confidence_penalty import ConfidencePenalty
from tests.regularizers.made import batch, method, parameters


def test_it_is_minus_beta_times_the_mean_entropy() -> None:
    shares = torch.tensor([[0.5, 0.4, 0.1], [1 / 3, 1 / 3, 1 / 3], [0.98, 0.01, 0.01]], dtype=torch.float64)
    term = method(ConfidencePenalty, beta=0.3).extra_loss(shares.log() + 5, batch(size=3), parameters([0.0]))
    assert term.item() == pytest.approx(-0.3 * entropy(shares.numpy(), axis=1).mean(), rel=1e-12)
    assert term.shape == ()


def test_an_even_prediction_is_the_least() -> None:
    term = method(ConfidencePenalty, beta=1.0).extra_loss(torch.zeros(4, 10), batch(size=4), parameters([0.0]))
    assert term.item() == pytest.approx(-math.log(10), rel=1e-6)
