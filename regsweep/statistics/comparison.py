"""One configuration against one baseline."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from regsweep.statistics.checks import NOISE, checked
from regsweep.statistics.intervals import (
    Interval,
    Overlap,
    anytime_interval,
    seeds_and_images_interval,
    splits_interval,
    t_interval,
)
from regsweep.statistics.p_values import sign_flip_p_value

EQUAL = 0.00005
"""Mean differences below this are called equal: with two decimals they are 0.00 points."""

FEWEST_IMAGES = 10
"""Images that differ, below which there is no claim about other images: with none of 360, all would be sure."""


@dataclass(frozen=True)
class Comparison:
    """One configuration against one baseline; differences are fractions, above zero where the configuration is better.

    Args:
        mean: mean difference over the seeds.
        interval: of the mean difference over seeds, on this test set: the t interval; after several looks that of the
            confidence sequence; over splits that of `splits_interval`.
        interval_with_images: the t interval where the test images were drawn, too; None where they are not known, where
            fewer than `FEWEST_IMAGES` of them differ, after several looks, and over splits.
        p_value: exact sign-flip test; None after several looks, and over splits.
        num_better: seeds in which the configuration is better.
        num_equal: seeds in which both are equal.
        num_seeds: pairs in all.
        probability_better: share of seeds in which the configuration is better; one half for each tie.
        resolution: the size of a mean difference below which it is called equal.
    """

    mean: float
    interval: Interval
    interval_with_images: Interval | None
    p_value: float | None
    num_better: int
    num_equal: int
    num_seeds: int
    probability_better: float
    resolution: float = EQUAL

    @property
    def is_equal(self) -> bool:
        """Whether the mean difference is called none."""
        return abs(self.mean) < self.resolution or self.mean == 0


def compare(
    differences_S: ArrayLike,
    images_SN: ArrayLike | None = None,
    level: float = 0.05,
    *,
    num_configurations: int = 1,
    is_sequential: bool = False,
    resolution: float = EQUAL,
    overlap: Overlap | None = None,
) -> Comparison:
    """Return the comparison of a configuration with a baseline.

    Its intervals have confidence 1 - `level`/k, so that those of all k configurations hold together with confidence
    1 - `level` (Bonferroni).

    Args:
        differences_S: the paired differences of accuracy, or of another mean over images.
        images_SN: the differences of the same seeds and of each image, or None. Where each seed has test images of its
            own, a column is no image.
        level: 0 < level < 1.
        num_configurations: k, those that are compared with the baseline.
        is_sequential: whether results were looked at more than once.
        resolution: the size of a mean difference below which it is called equal.
        overlap: of the seeds' splits; None where all have one split.

    Raises:
        ValueError: fewer than two seeds, a value that is not finite, images of other seeds, or several looks over
            splits, for which there is no interval.
    """
    d_S = checked(differences_S, "differences", ndim=1)
    if is_sequential and overlap is not None:
        raise ValueError("over splits there is one look, at a number of seeds fixed beforehand")
    confidence = 1 - level / num_configurations
    with_images = None
    if images_SN is not None:
        d_SN = checked(images_SN, "images", ndim=2)
        nearness = 1e-6 * max(1.0, float(np.abs(d_SN).max()))
        if len(d_SN) != len(d_S) or not np.allclose(d_SN.mean(1), d_S, rtol=0, atol=nearness):
            raise ValueError("images: their means are not the differences; other seeds or another test set")
        if count_differing(d_SN) >= FEWEST_IMAGES and not is_sequential and overlap is None:
            with_images = seeds_and_images_interval(d_SN, confidence)
    if overlap is not None:
        interval = splits_interval(d_S, overlap, confidence)
    else:
        interval = (anytime_interval if is_sequential else t_interval)(d_S, confidence)
    num_better = int((d_S > NOISE).sum())
    num_equal = int((np.abs(d_S) <= NOISE).sum())
    return Comparison(
        mean=float(d_S.mean()),
        interval=interval,
        interval_with_images=with_images,
        p_value=None if is_sequential or overlap is not None else sign_flip_p_value(d_S),
        num_better=num_better,
        num_equal=num_equal,
        num_seeds=len(d_S),
        probability_better=(num_better + num_equal / 2) / len(d_S),
        resolution=resolution,
    )


def count_differing(images_SN: ArrayLike) -> int:
    """Return how many images any seed's pair of networks classifies, or predicts, differently."""
    return int(np.asarray(images_SN).any(axis=0).sum())
