"""Gaussian noise: x + σε with ε ~ N(0, 1)."""

import pytest
import torch
from scipy import stats

from regsweep.regularizers.gaussian_noise import GaussianNoise
from tests.regularizers.made import batch, method


@pytest.mark.parametrize("std", [0.1, 2.0])
def test_what_is_added_is_normal_noise_of_that_standard_deviation(std: float) -> None:
    torch.manual_seed(0)
    given = batch(size=500)
    noise = (method(GaussianNoise, std=std).on_batch(given).inputs - given.inputs).flatten().numpy()
    assert stats.kstest(noise / std, "norm").pvalue > 0.001
    assert noise.std() == pytest.approx(std, rel=0.05)
