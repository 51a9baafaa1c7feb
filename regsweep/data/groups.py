"""Splits of grouped examples: patients with several pictures, sessions with several rows. No group is in two parts.

Shapes: N examples, G groups, K classes.
"""

import math
from collections.abc import Sequence

import numpy as np
from sklearn.model_selection import ShuffleSplit

_DRAWS = 100
"""Divisions of the groups that are drawn; the one whose sizes come nearest to what was asked for is taken."""

_AT_LEAST_TWO = 2


def hold_out_groups(
    groups_N: np.ndarray, labels_N: np.ndarray | None, share: float, seed: int, outputs: Sequence[str] = ()
) -> np.ndarray:
    """Return which examples are held out (N, boolean): whole groups, with about a `share` of each class.

    Where numbers are predicted, with about that share of the examples.

    Args:
        groups_N: the group of each example.
        labels_N: the class of each example, 0 to K−1; None where numbers are predicted.
        share: to hold out, above 0 and below 1.
        seed: of the draws.
        outputs: the names of the classes, for errors.

    Raises:
        ValueError: when there are too few groups, in all or with a class.
    """
    place_N = np.unique(groups_N, return_inverse=True)[1]
    counts_GK = np.zeros((place_N.max() + 1, 1 if labels_N is None else len(outputs)), np.int64)
    np.add.at(counts_GK, (place_N, np.zeros_like(place_N) if labels_N is None else labels_N), 1)
    having = (counts_GK > 0).sum(0)
    if having.min() < _AT_LEAST_TWO:
        what = "there is" if labels_N is None else f"class {outputs[having.argmin()]} lies in"
        raise ValueError(f"{what} {having.min()} group; 2 or more are needed")
    if math.ceil(share * len(counts_GK)) == len(counts_GK):
        raise ValueError(f"of {len(counts_GK)} groups none would be left to train on")
    draws = ShuffleSplit(_DRAWS, test_size=share, random_state=seed).split(counts_GK)
    total_K = counts_GK.sum(0)
    held_out = [held_out for _, held_out in draws]
    sums = [counts_GK[each].sum(0) for each in held_out]
    distances = [
        np.abs(sum_K / total_K - share).max() if (sum_K > 0).all() and (sum_K < total_K).all() else np.inf
        for sum_K in sums
    ]
    if np.isinf(min(distances)):
        raise ValueError(f"no division of {len(counts_GK)} groups has every class on both sides")
    return np.isin(place_N, held_out[int(np.argmin(distances))])
