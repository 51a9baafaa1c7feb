"""Intervals of a mean difference: over seeds, over splits, over seeds and images, and at every look."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from regsweep.statistics.checks import NOISE, check_count, check_share, checked

MIXTURE_VARIANCE = 1.0


@dataclass(frozen=True)
class Interval:
    """Both ends of an interval; infinite where the data do not bound it."""

    low: float
    high: float


@dataclass(frozen=True)
class Overlap:
    """What the splits of any two seeds have in common, on the average over pairs; shares from 0 to below 1.

    Attributes:
        train: of the images that one is trained on, those that the other is trained on, too.
        test: the same of test images; None where all seeds have one test set.
    """

    train: float
    test: float | None = None

    @property
    def correlation(self) -> float:
        """The most that the differences of two splits can be correlated."""
        return max(self.train, self.test or 0.0)


def excludes_zero(interval: Interval) -> bool:
    """Return whether zero lies outside of `interval`."""
    return interval.low > 0 or interval.high < 0


def t_interval(differences_S: ArrayLike, confidence: float = 0.95) -> Interval:
    """Return Student's t interval of the mean difference, for one look at a number of seeds fixed beforehand.

    Differences that are all equal have no spread: the interval is that one value (zero for networks that never differ).

    Raises:
        ValueError: fewer than two differences, one that is not finite, or a confidence outside (0, 1).
    """
    d_S = checked(differences_S, "differences", ndim=1)
    check_share(confidence, "confidence")
    if np.ptp(d_S) <= NOISE:
        return Interval(float(d_S.mean()), float(d_S.mean()))
    interval = stats.ttest_1samp(d_S, 0.0).confidence_interval(confidence)
    return Interval(float(interval.low), float(interval.high))


def splits_interval(differences_S: ArrayLike, overlap: Overlap, confidence: float = 0.95) -> Interval:
    """Return the interval of the mean difference over splits of such images, for one look.

    Splits of one pool have images in common, so their differences are correlated, with ρ: the mean of S of them has the
    variance s² (1/S + ρ/(1 - ρ)), s² being the variance among them (Nadeau and Bengio, 2003). A difference varies with
    its test images, its training images and its seed. Two means over images of which a share o is common have a
    correlation of o; what depends on several images together has o² or less (Hoeffding, 1948), and what depends on the
    seed has none. So ρ is at most the larger of the two overlaps, which counts here (`Overlap.correlation`): how much
    of the variance each part brings cannot be known from so few splits. Where seeds bring much of it, the interval is
    wider than it has to be. Like Nadeau and Bengio, who count the test images alone, it leaves out that an image may be
    tested on in one split and trained on in another. Differences that are all equal give that one value.

    Raises:
        ValueError: fewer than two differences, one that is not finite, a confidence outside (0, 1), or an overlap
            outside [0, 1).
    """
    plain = t_interval(differences_S, confidence)
    mean, half = (plain.low + plain.high) / 2, (plain.high - plain.low) / 2
    times = widening(overlap, len(np.asarray(differences_S)))
    return Interval(mean - times * half, mean + times * half)


def widening(overlap: Overlap, num_splits: int) -> float:
    """Return how many times as wide as the t interval `splits_interval` is.

    Raises:
        ValueError: an overlap outside [0, 1), or no split.
    """
    check_count(num_splits, "num_splits")
    if not 0 <= overlap.correlation < 1:
        raise ValueError(f"{overlap}: must be shares of 0 or more and below 1")
    return math.sqrt(1 + num_splits * overlap.correlation / (1 - overlap.correlation))


def anytime_interval(differences_S: ArrayLike, confidence: float = 0.95) -> Interval:
    """Return the interval of a confidence sequence: one may look after every seed, and stop when satisfied.

    With probability `confidence` the true mean lies in the intervals of *all* numbers of seeds at once. An interval
    holds the means μ against which a t test's likelihood ratio stays below 1/α, with effect sizes drawn from N(0, g)
    under the alternative (Lai, 1976; as a test martingale: Pérez-Ortiz, Lardy, de Heide and Grünwald, 2024; Wang and
    Ramdas, 2025). With u = S (mean - μ)² / Σ(d - mean)² and r = 1 + S g,

        e(μ) = r^(-1/2) [(1 + u) / (1 + u/r)]^(S/2) < 1/α   ⟺   u < (q - 1) / (1 - q/r),   q = (r/α²)^(1/S),

    and nothing is excluded while q ≥ r: at 95 %, up to four seeds. g = 1 expects differences of about one standard
    deviation, which is what ten seeds can show; from 10 to 20 seeds no other g is more than 1 % narrower. Like the t
    test it takes the differences for normal. Differences that are all equal give that one value once it is bounded.

    Raises:
        ValueError: fewer than two differences, one that is not finite, or a confidence outside (0, 1).
    """
    d_S = checked(differences_S, "differences", ndim=1)
    check_share(confidence, "confidence")
    num_seeds, mean = len(d_S), float(d_S.mean())
    u = largest_u(num_seeds, confidence)
    if u == math.inf:
        return Interval(-math.inf, math.inf)
    squares = 0.0 if np.ptp(d_S) <= NOISE else float(((d_S - mean) ** 2).sum())
    half = math.sqrt(u * squares / num_seeds)
    return Interval(mean - half, mean + half)


def largest_u(num_seeds: int, confidence: float) -> float:
    """Return the u of `anytime_interval` at the ends of the interval; infinite where nothing is excluded."""
    r = 1 + num_seeds * MIXTURE_VARIANCE
    q = (r / (1 - confidence) ** 2) ** (1 / num_seeds)
    return math.inf if q >= r else (q - 1) / (1 - q / r)


def seeds_and_images_interval(differences_SN: ArrayLike, confidence: float = 0.95) -> Interval:
    """Return an interval of the mean difference where seeds and test images were both drawn.

    Each image is seen by every seed: two crossed random effects with one value per cell. With the mean squares of the
    two-way analysis of variance, M_S (seeds), M_N (images) and M_E (rest), the grand mean has

        variance              V / (S N),   V = M_S + M_N - M_E
        degrees of freedom    V² / [M_S²/(S-1) + M_N²/(N-1) + M_E²/((S-1)(N-1))]

    (Cornfield and Tukey, 1956; Satterthwaite, 1946; Owen, 2007, resamples both instead). A variance component that
    comes out below zero is set to zero: M_S and M_N count as no less than M_E. Images only add noise, so the interval
    is never made narrower than the t interval over the seeds. Cells that are all equal give that one value.

    Args:
        differences_SN: correct minus the baseline's correct, per seed and image: -1, 0 or 1; or the baseline's error,
            or loss, minus the configuration's.
        confidence: 0 < confidence < 1.

    Raises:
        ValueError: fewer than two seeds or images, a value that is not finite, or a confidence outside (0, 1).
    """
    d_SN = checked(differences_SN, "images", ndim=2)
    check_share(confidence, "confidence")
    num_seeds, num_images = d_SN.shape
    mean, seeds_S, images_N = float(d_SN.mean()), d_SN.mean(1), d_SN.mean(0)
    freedom_S, freedom_N = num_seeds - 1, num_images - 1
    rest_SN = d_SN - seeds_S[:, None] - images_N[None, :] + mean
    of_rest = float((rest_SN**2).sum()) / (freedom_S * freedom_N)
    of_seeds = max(num_images * float(((seeds_S - mean) ** 2).sum()) / freedom_S, of_rest)
    of_images = max(num_seeds * float(((images_N - mean) ** 2).sum()) / freedom_N, of_rest)
    total = of_seeds + of_images - of_rest
    if total <= NOISE**2:
        return Interval(mean, mean)
    freedom = total**2 / (of_seeds**2 / freedom_S + of_images**2 / freedom_N + of_rest**2 / (freedom_S * freedom_N))
    half = float(stats.t.ppf((1 + confidence) / 2, freedom)) * math.sqrt(total / d_SN.size)
    over_seeds = t_interval(seeds_S, confidence)
    return Interval(min(mean - half, over_seeds.low), max(mean + half, over_seeds.high))
