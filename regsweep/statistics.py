"""How sure one can be that a configuration beats the baseline: intervals, exact p-values, and how many seeds they need.

Shapes: S seeds, N images of the test set. A difference is the accuracy of a configuration minus the baseline's, both
trained with the same seed; per image it is correct minus correct: -1, 0 or 1.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.power import TTestPower

FloatArray = NDArray[np.float64]

# Accuracies are fractions of a count: differences below this are noise of their floating point, and count as ties.
NOISE = 1e-12
RESAMPLES = 99_999  # at least 2^16: sign patterns of up to 16 seeds are enumerated
MIXTURE_VARIANCE = 1.0
MOST_SEEDS = 10**12
LARGEST_EFFECT = 10.0
EACH_POWER = 0.88
EQUAL = 0.00005
"""Mean differences below this are called equal: with two decimals they are 0.00 points."""

FEWEST_IMAGES = 10
"""Images that differ, below which there is no claim about other images: with none of 360, all would be sure."""


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
        differences_S: the paired differences of accuracy.
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
    d_S = _checked(differences_S, "differences", ndim=1)
    if is_sequential and overlap is not None:
        raise ValueError("over splits there is one look, at a number of seeds fixed beforehand")
    confidence = 1 - level / num_configurations
    with_images = None
    if images_SN is not None:
        d_SN = _checked(images_SN, "images", ndim=2)
        if len(d_SN) != len(d_S) or not np.allclose(d_SN.mean(1), d_S, rtol=0, atol=1e-6):
            raise ValueError("images: their means are not the differences of accuracy; other seeds or another test set")
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


def side_shown(comparison: Comparison | None, adjusted_p_value: float | None, level: float = 0.05) -> int:
    """Return 1 where a configuration is shown to be better than a baseline, -1 where worse, 0 where neither is shown.

    This is the one rule for what is shown: the interval that is printed leaves out zero, and, where there is a p-value,
    the adjusted one is at most `level`. Either alone contradicts the other in some experiments: at ten seeds and three
    configurations in 7 %. Means that are equal are on no side.
    """
    if comparison is None or comparison.is_equal:
        return 0
    if adjusted_p_value is not None and adjusted_p_value > level:
        return 0
    return int(np.sign(comparison.mean)) if excludes_zero(comparison.interval) else 0


def excludes_zero(interval: Interval) -> bool:
    """Return whether zero lies outside of `interval`."""
    return interval.low > 0 or interval.high < 0


def count_differing(images_SN: ArrayLike) -> int:
    """Return how many images any seed's pair of networks classifies differently."""
    return int(np.asarray(images_SN).any(axis=0).sum())


@dataclass(frozen=True)
class Claim:
    """What is shown of a configuration, against both of its baselines.

    Attributes:
        sign: 1 where it is shown to be better than both, -1 where worse, 0 where nothing is claimed.
        p_value: the larger of the two; the first alone where the second was not trained; 1 where there is none; None
            after several looks.
        adjusted_p_value: the same by Holm over all configurations.
        rests_on: the comparison that decides, ``tuned`` or ``own``: the one of the larger p-value, after several looks
            the one whose interval is nearer to zero; None where `own` was not trained.
    """

    sign: int
    p_value: float | None
    adjusted_p_value: float | None
    rests_on: str | None


Pair = tuple[Comparison | None, Comparison | None]
"""A configuration against the tuned baseline, and against its own."""


def claim(tuned: Sequence[Comparison | None], own: Sequence[Comparison | None], *, level: float = 0.05) -> list[Claim]:
    """Return what is claimed of each configuration, in the order given.

    A difference from a baseline that was tuned apart can be the tuning's: its luck, or a learning rate that suits the
    regularized network better. So a claim takes two differences of one sign: from the tuned baseline, and from the
    same network without regularization at the configuration's own other settings. Neither is enough alone, so both must
    be shown (`side_shown`; an intersection-union test, Berger, 1982), and the larger p-value is adjusted by Holm (1979)
    over the configurations: a difference that is not there is claimed of any of them in at most `level` of experiments.

    Args:
        tuned: each configuration against the tuned baseline; None where it never trained: that claims nothing, and
            counts among the configurations.
        own: each against the same network without regularization; None where that was not trained.
        level: of all claims together.
    """
    pairs = list(zip(tuned, own, strict=True))
    p_values = _larger_p_values(pairs)
    claims = []
    for (first, second), p_value, adjusted in zip(pairs, p_values, _adjusted(p_values), strict=True):
        sides = {side_shown(each, adjusted, level) for each in (first, second)}
        rests_on = None
        if first and second:
            is_own = _nearness(second) > _nearness(first)
            rests_on = "own" if is_own else "tuned"
        claims.append(Claim(sides.pop() if len(sides) == 1 else 0, p_value, adjusted, rests_on))
    return claims


def are_shown(tuned: Sequence[Comparison | None], *, level: float = 0.05) -> list[bool]:
    """Return which differences from the tuned baseline are shown: those that a second baseline could make a claim.

    To raise a p-value rejects nothing more in Holm's procedure: elsewhere the second baseline could change no claim.
    """
    adjusted = _adjusted(_larger_p_values([(each, None) for each in tuned]))
    return [side_shown(each, p_value, level) != 0 for each, p_value in zip(tuned, adjusted, strict=True)]


def _larger_p_values(pairs: Sequence[Pair]) -> list[float | None]:
    """Return the larger p-value of each pair, 1 where the first is missing; None each after several looks."""
    if any(each.p_value is None for pair in pairs for each in pair if each):
        return [None] * len(pairs)
    found = [[each.p_value for each in pair if each and each.p_value is not None] for pair in pairs]
    return [max(each) if pair[0] else 1.0 for each, pair in zip(found, pairs, strict=True)]


def _adjusted(p_values: Sequence[float | None]) -> list[float | None]:
    known = [p_value for p_value in p_values if p_value is not None]
    return [*holm(known)] if len(known) == len(p_values) else [None] * len(p_values)


def _nearness(comparison: Comparison) -> float:
    """Return what grows as a difference is less clear: its p-value, or how near its interval is to zero."""
    if comparison.p_value is not None:
        return comparison.p_value
    return -max(comparison.interval.low, -comparison.interval.high)


def t_interval(differences_S: ArrayLike, confidence: float = 0.95) -> Interval:
    """Return Student's t interval of the mean difference, for one look at a number of seeds fixed beforehand.

    Differences that are all equal have no spread: the interval is that one value (zero for networks that never differ).

    Raises:
        ValueError: fewer than two differences, one that is not finite, or a confidence outside (0, 1).
    """
    d_S = _checked(differences_S, "differences", ndim=1)
    _check_share(confidence, "confidence")
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
    _check_count(num_splits, "num_splits")
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
    d_S = _checked(differences_S, "differences", ndim=1)
    _check_share(confidence, "confidence")
    num_seeds, mean = len(d_S), float(d_S.mean())
    u = _largest_u(num_seeds, confidence)
    if u == math.inf:
        return Interval(-math.inf, math.inf)
    squares = 0.0 if np.ptp(d_S) <= NOISE else float(((d_S - mean) ** 2).sum())
    half = math.sqrt(u * squares / num_seeds)
    return Interval(mean - half, mean + half)


def _largest_u(num_seeds: int, confidence: float) -> float:
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
        differences_SN: correct minus the baseline's correct, per seed and image: -1, 0 or 1.
        confidence: 0 < confidence < 1.

    Raises:
        ValueError: fewer than two seeds or images, a value that is not finite, or a confidence outside (0, 1).
    """
    d_SN = _checked(differences_SN, "images", ndim=2)
    _check_share(confidence, "confidence")
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


def sign_flip_p_value(differences_S: ArrayLike) -> float:
    """Return the two-sided p-value of the mean difference under all ways to flip the differences' signs (Fisher, 1935).

    Exact for any distribution that is symmetric around zero where the two networks are equal. Up to 16 seeds all 2^S
    patterns are enumerated; above, 99,999 are drawn by a generator of fixed seed, and the p-value is never below
    2/100,000. Equal networks (all differences zero) have p = 1.

    Raises:
        ValueError: fewer than two differences, or one that is not finite.
    """
    d_S = _checked(differences_S, "differences", ndim=1)
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
    _check_count(num_seeds, "num_seeds")
    _check_count(num_configurations, "num_configurations")
    return min(1.0, math.ldexp(num_configurations, 1 - num_seeds))


def least_seeds(num_configurations: int, level: float = 0.05) -> int:
    """Return the smallest number of seeds with which any difference can be shown at `level`: k 2^(1-S) ≤ level."""
    _check_share(level, "level")
    num_seeds = 2
    while least_p_value(num_seeds, num_configurations) > level:
        num_seeds += 1
    return num_seeds


def seeds_needed(
    difference: float,
    spread: float,
    num_configurations: int = 1,
    level: float = 0.05,
    power: float = EACH_POWER,
    *,
    is_sequential: bool = False,
) -> int:
    """Return how many paired seeds show a true difference with a probability of 80 %, against both baselines.

    The differences from the two have the configuration's own runs in common, half of their variance: where each is
    shown with 88 %, both are with 80 %.

    By the power of a paired two-sided t test at level / k (Bonferroni, at which Holm's first step stands), counting
    only tests that come out on the right side; at least `least_seeds`, at most 10^12. With the least number of seeds
    the sign-flip test shows a difference only where every seed is on one side, so that probability counts there, too.
    Where results are looked at more than once it is the power of `anytime_interval` at the last look: its ends are
    where |t| is √(u (S - 1)).

    Args:
        difference: the true difference, above zero, in the unit of `spread`.
        spread: standard deviation of the paired difference over seeds; 0 where it does not vary.
        num_configurations: configurations that are compared with the baseline.
        level: significance level for all of them together.
        power: probability to show the difference from one baseline; 0.88 for 0.8 against two.
        is_sequential: whether results are looked at more than once.

    Raises:
        ValueError: a difference that is not above zero, a negative spread, or a level or power outside (0, 1).
    """
    if not 0 < difference < math.inf or not 0 <= spread < math.inf:
        raise ValueError(f"needs difference > 0 and spread >= 0, not difference={difference} and spread={spread}")
    _check_share(power, "power")
    least = 2 if is_sequential else least_seeds(num_configurations, level)
    # Beyond ten standard deviations the least number is enough, and the power is no longer computable.
    effect = min(difference / spread, LARGEST_EFFECT) if spread else LARGEST_EFFECT

    def power_with(num_seeds: int) -> float:
        if is_sequential:
            t = math.sqrt(_largest_u(num_seeds, 1 - level / num_configurations) * (num_seeds - 1))
            return float(stats.nct.sf(t, num_seeds - 1, effect * math.sqrt(num_seeds))) if t < math.inf else 0.0
        one_side = level / num_configurations / 2
        of_t_test = float(TTestPower().power(effect, num_seeds, one_side, alternative="larger"))
        all_on_one_side = float(stats.norm.cdf(effect)) ** num_seeds
        return min(of_t_test, all_on_one_side) if num_seeds == least else of_t_test

    return least + bisect_left(range(least, MOST_SEEDS), power, key=power_with)


def _rounded_mean(values: FloatArray, axis: int) -> Any:
    """Mean without the noise of floating point, so that patterns that tie are counted as ties."""
    return np.round(np.mean(values, axis=axis) / NOISE) * NOISE


def _checked(values: ArrayLike, name: str, ndim: int) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != ndim or min(array.shape) <= 1:  # one value has no spread
        shape = "a list of at least 2 seeds" if ndim == 1 else "at least 2 seeds × 2 images"
        raise ValueError(f"{name}: needs {shape}, not an array of shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: every value must be a finite number; {int((~np.isfinite(array)).sum())} are not")
    return array


def _check_share(value: float, name: str) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name}={value}: must lie between 0 and 1")


def _check_count(value: int, name: str) -> None:
    if value < 1:
        raise ValueError(f"{name}={value}: must be at least 1")
