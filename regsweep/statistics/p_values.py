"""Exact p-values of paired differences, and their adjustment for the number of configurations."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from regsweep.statistics.checks import NOISE, FloatArray, check_count, check_share, checked

RESAMPLES = 99_999  # at least 2^16: sign patterns of up to 16 seeds are enumerated


def sign_flip_p_value(differences_S: ArrayLike) -> float:
    """Return the two-sided p-value of the mean difference under all ways to flip the differences' signs (Fisher, 1935).

    Exact for any distribution that is symmetric around zero where the two networks are equal. Up to 16 seeds all 2^S
    patterns are enumerated; above, 99,999 are drawn by a generator of fixed seed, and the p-value is never below
    2/100,000. Equal networks (all differences zero) have p = 1.

    Raises:
        ValueError: fewer than two differences, or one that is not finite.
    """
    d_S = checked(differences_S, "differences", ndim=1)
    test = stats.permutation_test(
        (d_S,),
        _rounded_mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=10_000,
        rng=np.random.default_rng(0),
    )
    return float(test.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for their number (Holm, 1979), in the order given.

    Raises:
        ValueError: a p-value outside [0, 1].
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError(f"p-values lie between 0 and 1, not {list(p_values)}")
    p_K = np.array(p_values, dtype=float)
    order_K, k = np.argsort(p_K), len(p_K)
    # Not statsmodels' multipletests, which collects the garbage of the whole process each time: 0.2 s with PyTorch.
    p_K[order_K] = np.minimum(1.0, np.maximum.accumulate((k - np.arange(k)) * p_K[order_K]))
    return [float(p) for p in p_K]


def least_p_value(num_seeds: int, num_configurations: int) -> float:
    """Return the smallest adjusted p-value that the sign-flip test can reach: k 2^(1-S), at most 1."""
    check_count(num_seeds, "num_seeds")
    check_count(num_configurations, "num_configurations")
    return min(1.0, math.ldexp(num_configurations, 1 - num_seeds))


def least_seeds(num_configurations: int, level: float = 0.05) -> int:
    """Return the smallest number of seeds with which any difference can be shown at `level`: k 2^(1-S) ≤ level."""
    check_share(level, "level")
    num_seeds = 2
    while least_p_value(num_seeds, num_configurations) > level:
        num_seeds += 1
    return num_seeds


def _rounded_mean(values: FloatArray, axis: int) -> Any:
    """Mean without the noise of floating point, so that patterns that tie are counted as ties."""
    return np.round(np.mean(values, axis=axis) / NOISE) * NOISE
