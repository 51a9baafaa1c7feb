"""The intervals cover, the p-values are exact, and equal networks are seldom called different.

Shapes: S seeds, N images, D draws of a simulation.
"""

import gc
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from regsweep.statistics.claims import are_shown, claim, side_shown
from regsweep.statistics.comparison import Comparison, compare, count_differing
from regsweep.statistics.intervals import (
    Interval,
    Overlap,
    anytime_interval,
    seeds_and_images_interval,
    splits_interval,
    t_interval,
    widening,
)
from regsweep.statistics.p_values import holm, least_p_value, least_seeds, sign_flip_p_value
from regsweep.statistics.power import seeds_needed

FloatArray = NDArray[np.float64]

# Differences of accuracy on a test set of 10,000 images.
counts = st.integers(-500, 500).map(lambda count: count / 10_000)
differences = st.lists(counts, min_size=2, max_size=12)
five_seeds = (0.001, 0.002, 0.003, 0.004, 0.005)


@pytest.fixture
def _quick_collection() -> None:
    """Statsmodels collects garbage in every call of Holm: leave it nothing to walk through, nor the tests after."""
    gc.freeze()


def covers(interval: Interval, value: float) -> bool:
    return interval.low <= value <= interval.high


def ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


def test_t_interval_by_hand() -> None:
    # mean 3, variance (4 + 1 + 0 + 1 + 4) / 4 = 2.5, standard error √(2.5 / 5) = 0.707107, t(0.975; 4) = 2.776445:
    # 3 ± 1.963243, in thousandths.
    assert ends(t_interval(five_seeds)) == pytest.approx((0.001036757, 0.004963243), abs=1e-9)


def test_t_interval_is_scipys() -> None:
    values_S = np.random.default_rng(1).normal(0.002, 0.003, 10)
    expected = stats.t.interval(0.9, 9, values_S.mean(), stats.sem(values_S))
    assert ends(t_interval(values_S, 0.9)) == pytest.approx(expected)


@pytest.mark.parametrize("heavy_tailed", [False, pytest.param(True, marks=pytest.mark.full)])
def test_t_interval_covers(heavy_tailed: bool) -> None:
    generator = np.random.default_rng(2)
    values_DS = generator.standard_t(5, (2000, 10)) if heavy_tailed else generator.normal(size=(2000, 10))
    share = np.mean([covers(t_interval(values_S), 0) for values_S in values_DS])
    assert 0.93 <= share <= 0.97


def test_anytime_interval_by_hand() -> None:
    # S = 5, r = 6, q = (6 · 400)^(1/5) = 4.742873, u = 3.742873 / (1 - 4.742873 / 6) = 17.86409, Σ(d - mean)² = 10:
    # 3 ± √(17.86409 · 10 / 5) = 3 ± 5.977306, in thousandths.
    assert ends(anytime_interval(five_seeds)) == pytest.approx((-0.002977306, 0.008977306), abs=1e-8)


@pytest.mark.parametrize("num_seeds", [5, 10, 40])
def test_anytime_interval_ends_where_the_mixture_says(num_seeds: int) -> None:
    """At its ends, the t statistic is 1/α times as likely under effects drawn from N(0, 1) as under none."""
    values_S = np.random.default_rng(num_seeds).normal(0.3, 1, num_seeds)
    interval = anytime_interval(values_S, 0.9)
    for end in ends(interval):
        t = (values_S.mean() - end) / stats.sem(values_S)

        def integrand(effect: float, t: float = t) -> float:
            likelihood = stats.nct.pdf(t, num_seeds - 1, math.sqrt(num_seeds) * effect)
            return float(likelihood * stats.norm.pdf(effect))

        mixture, _ = integrate.quad(integrand, -8, 8, points=[t / math.sqrt(num_seeds)], limit=200)
        assert mixture / stats.t.pdf(t, num_seeds - 1) == pytest.approx(10, rel=1e-5)


@pytest.mark.parametrize("num_seeds", [2, 3, 4])
def test_anytime_interval_is_unbounded_with_few_seeds(num_seeds: int) -> None:
    assert ends(anytime_interval(five_seeds[:num_seeds])) == (-math.inf, math.inf)


def test_anytime_interval_covers_at_every_look() -> None:
    """One in twenty experiments may ever exclude the truth; a t interval that is looked at as often errs far more."""
    values_DS = np.random.default_rng(3).normal(1, 2, (300, 50))
    ever_missed = sum(any(not covers(anytime_interval(d_S[:n]), 1) for n in range(2, 51)) for d_S in values_DS)
    ever_missed_by_t = sum(
        any(not covers(t_interval(d_S[:n]), 1) for n in (2, 5, 10, 20, 30, 40, 50)) for d_S in values_DS[:100]
    )
    assert ever_missed / 300 <= 0.05
    assert ever_missed_by_t / 100 > 0.1


@given(differences)
def test_intervals_turn_with_the_sign(values: list[float]) -> None:
    turned = [-value for value in values]
    for interval in (t_interval, anytime_interval):
        assert ends(interval(turned)) == pytest.approx(tuple(-end for end in reversed(ends(interval(values)))))


@given(differences, st.sampled_from([0.125, 0.5, 3.0, 100.0]))
def test_intervals_scale_with_the_unit(values: list[float], scale: float) -> None:
    for interval in (t_interval, anytime_interval):
        scaled = ends(interval([scale * value for value in values]))
        assert scaled == pytest.approx(tuple(scale * end for end in ends(interval(values))), abs=1e-12)


@given(differences)
def test_looking_at_every_seed_costs_width(values: list[float]) -> None:
    fixed, anytime = t_interval(values), anytime_interval(values)
    assert anytime.low <= fixed.low + 1e-12
    assert fixed.high <= anytime.high + 1e-12


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_differences_without_spread(value: float) -> None:
    """The noise of floating point, as in 0.3 - 0.2 and 0.2 - 0.1, is no spread."""
    values_S = value + 1e-17 * np.arange(6)
    for interval in (t_interval(values_S), anytime_interval(values_S)):
        assert interval.low == interval.high == pytest.approx(value)
    cells_SN = np.full((6, 4), value)
    assert ends(seeds_and_images_interval(cells_SN)) == pytest.approx((value, value))
    assert sign_flip_p_value(values_S) == (1.0 if value == 0 else 2 / 2**6)


# Mean 3, variance s² = 2.5, t(0.975; 4) = 2.776445, in thousandths; half = t √(s² (1/5 + ρ/(1 - ρ))).
OVERLAPS = [
    pytest.param(Overlap(0.0), 1.963243, id="nothing in common: the t interval"),
    pytest.param(Overlap(0.2), 2.944865, id="one test set: √(0.5 + 0.625)"),
    pytest.param(Overlap(0.6, 0.2), 5.723788, id="the larger of the two: √(0.5 + 3.75)"),
    pytest.param(Overlap(0.2, 0.6), 5.723788, id="be it of the test images"),
]


@pytest.mark.parametrize(("overlap", "half"), OVERLAPS)
def test_splits_interval_by_hand(overlap: Overlap, half: float) -> None:
    found = splits_interval(five_seeds, overlap)
    assert ends(found) == pytest.approx((0.003 - half / 1000, 0.003 + half / 1000), abs=1e-9)
    half *= 4.604095 / 2.776445  # t(0.995; 4)
    surer = splits_interval(five_seeds, overlap, 0.99)
    assert ends(surer) == pytest.approx((0.003 - half / 1000, 0.003 + half / 1000), abs=1e-8)


def test_splits_interval_covers_where_splits_are_as_correlated_as_their_overlap() -> None:
    """A common part of variance 0.4 and one of each split of 0.6: the overlap is 0.4. The t interval does not."""
    noise = np.random.default_rng(0)
    d_DS = noise.normal(0, math.sqrt(0.4), (1000, 1)) + noise.normal(0, math.sqrt(0.6), (1000, 10))
    shares = [
        np.mean([covers(interval(d_S), 0.0) for d_S in d_DS])
        for interval in (t_interval, lambda d_S: splits_interval(d_S, Overlap(0.4)))
    ]
    assert shares[0] < 0.65
    assert shares[1] == pytest.approx(0.95, abs=0.02)


def test_a_comparison_over_splits_goes_by_its_interval_alone() -> None:
    """Whatever images differ, which may be others for each seed."""
    images_SN = np.random.default_rng(2).choice([-1.0, 0.0, 1.0], (10, 400), p=[0.02, 0.9, 0.08])
    d_S, overlap = images_SN.mean(1), Overlap(0.6, 0.2)
    found = compare(d_S, images_SN, num_configurations=2, overlap=overlap)
    assert found.interval == splits_interval(d_S, overlap, 0.975)
    assert (found.p_value, found.interval_with_images) == (None, None)
    with pytest.raises(ValueError, match="one look"):
        compare(d_S, overlap=overlap, is_sequential=True)


def test_over_splits_what_the_t_interval_would_show_is_not_shown() -> None:
    wide, narrow = (compare(five_seeds, overlap=Overlap(share)) for share in (0.6, 0.01))
    assert t_interval(five_seeds).low > 0
    assert (side_shown(wide, None), side_shown(narrow, None)) == (0, 1)
    assert are_shown([wide, narrow]) == [False, True]
    claims = claim([wide, narrow, narrow], [narrow, narrow, wide])
    assert [each.sign for each in claims] == [0, 1, 0]
    assert [each.rests_on for each in claims] == ["tuned", "tuned", "own"]
    assert {(each.p_value, each.adjusted_p_value) for each in claims} == {(None, None)}


def test_seeds_and_images_interval_where_images_differ_more_than_seeds() -> None:
    """Sums of squares 0, 8/3 and 4/3 on 2, 2 and 4 degrees: V = 4/3, of degrees V²/(1/18 + 8/9 + 1/36) = 64/35."""
    low, high = ends(seeds_and_images_interval([[1, 0, 0], [1, 0, 0], [1, -1, 1]]))
    half = stats.t.ppf(0.975, 64 / 35) * math.sqrt(4 / 27)
    assert (low, high) == pytest.approx((1 / 3 - half, 1 / 3 + half))


def test_seeds_and_images_interval_by_hand() -> None:
    # Means of seeds 1/2, 1/2, 0, of images 1, -1/3, of all 1/3.
    # M_S = 2 (1/36 + 1/36 + 4/36) / 2 = 1/6, M_N = 3 (4/9 + 4/9) / 1 = 8/3,
    # rest (-1/6, 1/6), (-1/6, 1/6), (1/3, -1/3): M_E = (4/36 + 2/9) / (2 · 1) = 1/6.
    # Variance (1/6 + 8/3 - 1/6) / 6 = 4/9, freedom (64/9) / (1/72 + 64/9 + 1/72) = 256/257.
    half = 2 / 3 * stats.t.ppf(0.975, 256 / 257)
    interval = seeds_and_images_interval([[1, 0], [1, 0], [1, -1]])
    assert ends(interval) == pytest.approx((1 / 3 - half, 1 / 3 + half))


def test_images_that_do_not_matter_leave_the_interval_over_seeds() -> None:
    cells_SN = np.repeat([[-1.0], [0.0], [1.0], [1.0]], 50, axis=1)
    assert ends(seeds_and_images_interval(cells_SN)) == pytest.approx(ends(t_interval([-1, 0, 1, 1])), rel=1e-6)


@given(st.integers(0, 2**32), st.integers(2, 6), st.integers(2, 30))
def test_images_never_narrow_the_interval(seed: int, num_seeds: int, num_images: int) -> None:
    cells_SN = np.random.default_rng(seed).integers(-1, 2, (num_seeds, num_images))
    over_seeds, over_both = t_interval(cells_SN.mean(1)), seeds_and_images_interval(cells_SN)
    assert over_both.low <= over_seeds.low
    assert over_seeds.high <= over_both.high


@pytest.mark.full
def test_seeds_and_images_interval_covers_where_both_are_drawn() -> None:
    """Two networks of unequal accuracy: the interval over seeds alone takes this test set for all images."""
    generator = np.random.default_rng(4)
    num_seeds, num_images, draws = 10, 500, 800

    def correct_sn(margin: float, difficulty_n: FloatArray) -> FloatArray:
        of_image_n = generator.normal(0, 0.3, num_images)  # an image that this network finds hard with every seed
        of_seed_s = generator.normal(0, 0.03, (num_seeds, 1))
        of_both_sn = generator.normal(0, 0.3, (num_seeds, num_images))
        correct: FloatArray = (margin + difficulty_n + of_image_n + of_seed_s + of_both_sn > 0).astype(np.float64)
        return correct

    deviation = math.sqrt(1 + 0.3**2 + 0.03**2 + 0.3**2)
    truth = stats.norm.cdf(1.9 / deviation) - stats.norm.cdf(1.7 / deviation)
    by_seeds = by_both = 0
    for _ in range(draws):
        difficulty_n = generator.normal(size=num_images)
        cells_SN = correct_sn(1.9, difficulty_n) - correct_sn(1.7, difficulty_n)
        by_seeds += covers(t_interval(cells_SN.mean(1)), truth)
        by_both += covers(seeds_and_images_interval(cells_SN), truth)
    assert 0.93 <= by_both / draws <= 0.97
    assert by_seeds / draws < 0.85


@pytest.mark.full
@pytest.mark.parametrize("kind", ["errors", "losses"])
def test_seeds_and_images_interval_covers_means_of_errors_and_of_losses(kind: str) -> None:
    """Absolute errors beside noise that both networks share; cross-entropy, whose differences have a heavy tail."""
    generator = np.random.default_rng(6)
    num_seeds, num_images, draws = 10, 360, 800

    def cells_sn(num_images: int) -> FloatArray:
        shared_n = generator.normal(size=num_images)

        def each_sn(mean: float, scale: float) -> FloatArray:
            of_image_n = generator.normal(0, scale, num_images)
            of_seed_s = generator.normal(0, 0.05, (num_seeds, 1))
            value_sn = shared_n + of_image_n + of_seed_s + generator.normal(0, 0.3, (num_seeds, num_images))
            return np.abs(value_sn) if kind == "errors" else np.logaddexp(0, -(mean + value_sn))

        return each_sn(2.0, 0.6) - each_sn(2.2, 0.4)

    truth = np.mean([cells_sn(20_000).mean() for _ in range(300)])
    by_seeds = by_both = 0
    for _ in range(draws):
        cells_SN = cells_sn(num_images)
        by_seeds += covers(t_interval(cells_SN.mean(1)), float(truth))
        by_both += covers(seeds_and_images_interval(cells_SN), float(truth))
    assert 0.93 <= by_both / draws <= 0.97
    assert by_seeds / draws < 0.85


def test_sign_flip_by_hand() -> None:
    # |±3 ± 2 ± 1| is at least the observed |3 + 2 - 1| = 4 for 3 + 2 + 1, 3 + 2 - 1 and their opposites: 4 of 8.
    assert sign_flip_p_value([0.03, 0.02, -0.01]) == 4 / 8
    assert sign_flip_p_value([0.001 * rank for rank in range(1, 11)]) == 2 / 1024


def test_sign_flip_counts_ties_despite_floating_point() -> None:
    """0.3 - 0.2, 0.2 - 0.1 and 0.9 - 0.8 differ in their last bits: every pattern ties or is further out."""
    assert sign_flip_p_value([0.3 - 0.2, 0.2 - 0.1, 0.8 - 0.9]) == 1.0
    # These sum to 0, in floating point not quite: every pattern is as far out.
    assert sign_flip_p_value([0.8, 0.9, -0.9, -0.6, -0.2]) == 1.0
    # Like ±1 ± 1 ± 1 ± 1, observed 2: all but the six patterns that sum to 0.
    assert sign_flip_p_value([0.3 - 0.2, 0.2 - 0.1, 0.8 - 0.9, 0.4 - 0.3]) == 10 / 16


@given(differences)
@settings(max_examples=50)
def test_sign_flip_enumerates(values: list[float]) -> None:
    """Counted here in whole images, which knows no noise."""
    images_S = np.rint(np.array(values) * 10_000).astype(int)
    signs_PS = 1 - 2 * (np.arange(2 ** len(images_S))[:, None] >> np.arange(len(images_S)) & 1)
    expected = np.mean(np.abs(signs_PS @ images_S) >= abs(images_S.sum()))
    assert sign_flip_p_value(values) == pytest.approx(expected, abs=1e-12)
    assert sign_flip_p_value([-value for value in values]) == pytest.approx(expected, abs=1e-12)


def test_sign_flip_with_many_seeds_is_drawn_and_repeats() -> None:
    """Exact up to 16 seeds; above, never more certain than the number of patterns drawn allows."""
    assert sign_flip_p_value([0.01] * 16) == 2 / 2**16
    assert sign_flip_p_value([0.01] * 40) == 2 / 100_000
    values_S = np.random.default_rng(5).normal(0.3, 1, 40)
    assert sign_flip_p_value(values_S) == sign_flip_p_value(values_S)
    assert sign_flip_p_value(values_S) == pytest.approx(stats.ttest_1samp(values_S, 0).pvalue, abs=0.01)


@pytest.mark.usefixtures("_quick_collection")
@pytest.mark.parametrize("k", [1, 2, 5, 10])
def test_holm_is_statsmodels(k: int) -> None:
    rng = np.random.default_rng(k)
    for _ in range(20):
        p_values = [float(p) for p in rng.choice([0.5, 1.0, *rng.random(4) ** 4], k)]  # with ties
        assert holm(p_values) == list(multipletests(p_values, method="holm")[1])


def test_holm_by_hand() -> None:
    # In order: 3 · 0.01, then 2 · 0.03, then the larger of 1 · 0.04 and the one before.
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(("num_configurations", "seeds"), [(1, 6), (3, 7), (20, 10)])
def test_the_least_seeds_are_just_enough(num_configurations: int, seeds: int) -> None:
    # 2^-5 = 0.03125, 3 · 2^-6 = 0.047 and 20 · 2^-9 = 0.039 are within 0.05; twice that is not.
    assert least_seeds(num_configurations) == seeds
    assert least_p_value(seeds, num_configurations) <= 0.05 < least_p_value(seeds - 1, num_configurations)
    alike = [[0.001 * rank for rank in range(1, seeds + 1)]] * num_configurations
    claims = claim([compare(each) for each in alike], [None] * num_configurations)
    assert claims[0].adjusted_p_value == pytest.approx(least_p_value(seeds, num_configurations))


def test_least_p_value_is_at_most_one() -> None:
    assert least_p_value(2, 5) == 1.0


@pytest.mark.parametrize(("effect", "num_configurations"), [(0.5, 1), (0.1, 1), (1.0, 3), (0.002, 5)])
def test_seeds_needed_is_statsmodels(effect: float, num_configurations: int) -> None:
    solved = TTestPower().solve_power(effect, alpha=0.05 / num_configurations, power=0.88)
    assert seeds_needed(0.01 * effect, 0.01, num_configurations) == math.ceil(solved)


def test_seeds_needed_from_the_tables() -> None:
    # A paired t test of effect size 0.5 at 5 % and 80 %: 34 pairs (Cohen, 1988; G*Power gives 33.4).
    assert seeds_needed(0.001, 0.002, power=0.8) == 34


def test_two_baselines_are_both_beaten_in_80_percent() -> None:
    """The differences from both have the configuration's runs in common: half of their variance."""
    num_seeds, noise = seeds_needed(0.5, math.sqrt(2)), np.random.default_rng(3)
    ours, tuned, own = (noise.normal(shift, 1, (400, num_seeds)) for shift in (0.5, 0, 0))
    intervals = [(t_interval(row), t_interval(other)) for row, other in zip(ours - tuned, ours - own, strict=True)]
    share = np.mean([one.low > 0 and other.low > 0 for one, other in intervals])
    assert abs(share - 0.8) < 3 * 0.02


@pytest.mark.parametrize(("effect", "num_configurations"), [(0.5, 1), (0.6, 4)])
def test_with_so_many_seeds_the_last_of_several_looks_shows_it(effect: float, num_configurations: int) -> None:
    num_seeds = seeds_needed(effect, 0.7, num_configurations, is_sequential=True)
    assert num_seeds > seeds_needed(effect, 0.7, num_configurations)
    draws = np.random.default_rng(0).normal(effect, 0.7, (2000, num_seeds))
    shown = [anytime_interval(each, 1 - 0.05 / num_configurations).low > 0 for each in draws]
    assert np.mean(shown) == pytest.approx(0.88, abs=3 * math.sqrt(0.88 * 0.12 / 2000))


@pytest.mark.parametrize(
    ("effect", "num_configurations", "expected"),
    [
        (math.inf, 1, 5),  # up to four seeds nothing is excluded
        (math.inf, 3, 6),
        (1.85, 1, 10),  # at nine it is 87.3 %
        (1.6, 3, 14),
    ],
)
def test_seeds_needed_until_a_look_shows_it(effect: float, num_configurations: int, expected: int) -> None:
    assert seeds_needed(1, 1 / effect, num_configurations, is_sequential=True) == expected


def test_a_stricter_level_needs_more_seeds() -> None:
    assert seeds_needed(1, 0, 3, 0.01) == least_seeds(3, 0.01) > least_seeds(3)


def test_seeds_needed_is_never_fewer_than_can_show_anything() -> None:
    for spread in (0.0, 1e-12, 1e-3):
        assert seeds_needed(0.01, spread, num_configurations=3) == 7
    # A t test of effect 1.7 is content with 6; all 6 on one side are Φ(1.7)^6 = 0.95543^6 = 76 %.
    assert TTestPower().power(1.7, 6, 0.05) > 0.88
    assert seeds_needed(1.7, 1.0) == 7


@given(st.floats(1e-3, 20), st.floats(1.01, 3), st.integers(1, 10))
@settings(max_examples=50)
def test_a_smaller_difference_needs_more_seeds(effect: float, factor: float, num_configurations: int) -> None:
    assert seeds_needed(effect, factor, num_configurations) >= seeds_needed(effect, 1, num_configurations)


def test_comparison_counts_seeds() -> None:
    one, other = compare([0.3 - 0.2, 0.2 - 0.1, 0.1, 0.0, -0.1]), compare([-0.5, -0.4, -0.3, -0.2, -0.1])
    assert (one.num_better, one.num_equal, one.num_seeds, one.probability_better) == (3, 1, 5, 0.7)
    assert (other.num_better, other.num_equal, other.probability_better) == (0, 0, 0)
    assert (one.mean, other.mean) == pytest.approx((0.04, -0.3))
    assert one.interval_with_images is None
    assert other.p_value == 2 / 32


def test_comparison_with_images() -> None:
    cells_SN = np.random.default_rng(6).integers(-1, 2, (10, 200))
    both, without = (compare(cells_SN.mean(1), images_SN, level=0.1) for images_SN in (cells_SN, None))
    assert both.interval_with_images == seeds_and_images_interval(cells_SN, 0.9)
    assert both.interval == t_interval(cells_SN.mean(1), 0.9)
    assert without.interval_with_images is None


def test_the_intervals_of_several_configurations_hold_together() -> None:
    """Each has confidence 1 − level/k (Bonferroni)."""
    cells_SN = np.random.default_rng(6).integers(-1, 2, (10, 200))
    among, looked_at = (
        compare(cells_SN.mean(1), cells_SN, 0.1, num_configurations=4, is_sequential=is_sequential)
        for is_sequential in (False, True)
    )
    assert among.interval == t_interval(cells_SN.mean(1), 0.975)
    assert among.interval_with_images == seeds_and_images_interval(cells_SN, 0.975)
    assert among.p_value == sign_flip_p_value(cells_SN.mean(1))
    assert looked_at.interval == anytime_interval(cells_SN.mean(1), 0.975)
    assert (looked_at.interval_with_images, looked_at.p_value) == (None, None)


@pytest.mark.parametrize(("num_differing", "has_interval"), [(0, False), (9, False), (10, True)])
def test_few_images_that_differ_say_nothing_of_others(num_differing: int, has_interval: bool) -> None:
    cells_SN = np.zeros((10, 360))
    cells_SN[np.arange(num_differing) % 10, np.arange(num_differing)] = 1
    assert count_differing(cells_SN) == num_differing
    assert (compare(cells_SN.mean(1), cells_SN).interval_with_images is not None) == has_interval


UP = [0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004]
LESS = [0.002, -0.001, 0.003, 0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004]  # p = 4/1024: only the one sign matters
MIXED = [0.004, -0.005, 0.003, -0.004, 0.005, -0.003, 0.004, -0.005, 0.003, -0.004]
DOWN = [-value for value in UP]


@pytest.mark.parametrize(
    ("tuned", "own", "signs", "rests_on", "p_values"),
    [
        pytest.param([UP], [UP], [1], ["tuned"], [2 / 1024], id="better than both"),
        pytest.param([DOWN], [DOWN], [-1], ["tuned"], [2 / 1024], id="worse than both"),
        pytest.param([UP], [DOWN], [0], ["tuned"], [2 / 1024], id="opposite signs"),
        pytest.param([UP], [None], [0], [None], [2 / 1024], id="the second is not trained"),
        pytest.param([UP], [LESS], [1], ["own"], [4 / 1024], id="it rests on the larger p"),
        pytest.param([LESS], [UP], [1], ["tuned"], [4 / 1024], id="on the first, where that is larger"),
        pytest.param([None], [UP], [0], [None], [1.0], id="never trained"),
        pytest.param([UP, None], [UP, None], [1, 0], ["tuned", None], [2 / 1024, 1.0], id="one never trained"),
    ],
)
def test_a_claim_takes_two_baselines(
    tuned: list[list[float] | None],
    own: list[list[float] | None],
    signs: list[int],
    rests_on: list[str | None],
    p_values: list[float],
) -> None:
    def made(all_differences: list[list[float] | None]) -> list[Comparison | None]:
        return [None if each is None else compare(each) for each in all_differences]

    found = claim(made(tuned), made(own))
    assert [each.sign for each in found] == signs
    assert [each.rests_on for each in found] == rests_on
    assert [each.p_value for each in found] == pytest.approx(p_values)
    # Holm: the smallest of k counts k times, one that never trained among them.
    assert found[0].adjusted_p_value == pytest.approx(min(1.0, len(tuned) * p_values[0]))


def test_a_claim_that_the_second_baseline_does_not_carry_is_none() -> None:
    (found,) = claim([compare(UP)], [compare(MIXED)])
    assert (found.sign, found.rests_on) == (0, "own")
    assert found.p_value == compare(MIXED).p_value
    assert found.p_value is not None
    assert found.p_value > 0.05


def looked_at(differences: list[float], num_configurations: int = 1) -> Comparison:
    return compare(differences, num_configurations=num_configurations, is_sequential=True)


def test_a_second_baseline_is_due_where_the_first_difference_is_shown() -> None:
    up, mixed = compare(UP), compare(MIXED)
    assert are_shown([up, mixed, None]) == [True, False, False]
    # 26 times 2/1024 is above 0.05: those that never trained keep their place.
    assert are_shown([up, *[None] * 24]) == [True, *[False] * 24]
    assert are_shown([up, *[None] * 25]) == [False] * 26
    assert are_shown([looked_at(DOWN), looked_at(MIXED)]) == [True, False]


# Mean 0.12 points, standard deviation 0.1619, so t = 2.343: above t(0.975, 9) = 2.262, below t(0.9875, 9) = 2.685.
SMALL = [0.003, 0.003, 0.003, 0.0, 0.0, 0.0, 0.003, 0.0, -0.001, 0.001]


@pytest.mark.parametrize(
    ("differences", "num_configurations", "adjusted_p_value", "side"),
    [
        (UP, 1, 0.05, 1),
        (UP, 1, 0.0501, 0),  # the p-value is too large
        (UP, 25, 0.05, 1),
        (DOWN, 1, 0.05, -1),
        (MIXED, 1, 0.01, 0),  # the interval holds zero
        (SMALL, 1, 0.05, 1),
        (SMALL, 2, 0.05, 0),  # so does the one of two configurations together
        ([0.0] * 10, 1, 0.01, 0),
        ([0.00004] * 10, 1, 0.01, 0),  # called equal
        ([0.00006] * 10, 1, 0.01, 1),
    ],
)
def test_what_is_shown_takes_the_p_value_and_the_interval(
    differences: list[float], num_configurations: int, adjusted_p_value: float, side: int
) -> None:
    assert side_shown(compare(differences, num_configurations=num_configurations), adjusted_p_value) == side


def test_nothing_is_shown_of_what_never_trained() -> None:
    assert side_shown(None, 0.01) == 0


def test_one_look_goes_by_p_values_too_and_several_by_intervals_alone() -> None:
    """Five seeds on one side: p = 2/32 shows nothing, and both intervals leave out zero."""
    one, several = compare(UP[:5]), looked_at(UP[:5])
    assert one.p_value == 2 / 32
    assert one.interval.low > several.interval.low > 0
    assert (are_shown([one]), are_shown([several])) == ([False], [True])
    assert [each.sign for each in (*claim([one], [one]), *claim([several], [several]))] == [0, 1]
    assert [each.adjusted_p_value for each in (*claim([one], [one]), *claim([several], [several]))] == [2 / 32, None]


@pytest.mark.parametrize("is_sequential", [False, True])
def test_networks_that_never_differ_are_on_no_side(*, is_sequential: bool) -> None:
    """Their intervals hold zero and nothing else."""
    same = compare([0.0] * 10, is_sequential=is_sequential)
    assert are_shown([same]) == [False]
    for own in (same, compare(UP, is_sequential=is_sequential), compare(DOWN, is_sequential=is_sequential)):
        (found,) = claim([same], [own])
        assert found.sign == 0


@pytest.mark.parametrize(("own", "sign", "rests_on"), [(UP, 1, "tuned"), (MIXED, 0, "own"), (DOWN, 0, "tuned")])
def test_after_several_looks_both_intervals_leave_out_zero(own: list[float], sign: int, rests_on: str) -> None:
    (found,) = claim([looked_at(UP)], [looked_at(own)])
    assert (found.sign, found.rests_on) == (sign, rests_on)


@pytest.mark.full
@pytest.mark.usefixtures("_quick_collection")
def test_equal_networks_are_seldom_called_different() -> None:
    """Twenty networks of one true accuracy, the three that look best confirmed on ten fresh seeds, one baseline."""
    generator = np.random.default_rng(7)
    alarms = 0
    for _ in range(400):
        validation_accuracy = generator.binomial(1000, 0.95, 20)
        top = np.argsort(validation_accuracy)[-3:]
        of_seed_S = generator.normal(0, 0.01, 10)  # what two networks of the same seed share
        accuracy_CS = np.clip(0.95 + of_seed_S + generator.normal(0, 0.005, (21, 10)), 0, 1).round(4)
        alarms += any(are_shown([compare(accuracy_CS[configuration] - accuracy_CS[20]) for configuration in top]))
    assert 0.01 <= alarms / 400 <= 0.05


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: t_interval([0.1]), "differences: needs a list of at least 2 seeds"),
        (lambda: anytime_interval([[0.1, 0.2]]), "differences: needs a list"),
        (lambda: sign_flip_p_value([0.1, 0.2, math.nan]), "every value must be a finite number; 1 are not"),
        (lambda: sign_flip_p_value([]), "at least 2 seeds"),
        (lambda: t_interval([0.1, 0.2], confidence=95), "confidence=95: must lie between 0 and 1"),
        (lambda: anytime_interval([0.1, 0.2], confidence=1), "confidence=1: must lie between 0 and 1"),
        (lambda: seeds_and_images_interval([[0, 1]] * 2, confidence=0), "confidence=0: must lie between 0 and 1"),
        (lambda: claim([None, None], [None]), "shorter"),
        (lambda: seeds_and_images_interval([0, 1]), "images: needs at least 2 seeds × 2 images"),
        (lambda: seeds_and_images_interval([[0], [1]]), "images: needs at least 2 seeds × 2 images"),
        (lambda: compare([0.5, 0.5], [[1, 0], [1, 1]]), "means are not the differences"),
        (lambda: compare([0.5, 0.5], [[1, 0]] * 3), "means are not the differences"),
        (lambda: splits_interval([0.1, 0.2], Overlap(1.0)), "must be shares of 0 or more and below 1"),
        (lambda: splits_interval([0.1, 0.2], Overlap(0.5, 1.0)), "must be shares of 0 or more and below 1"),
        (lambda: splits_interval([0.1], Overlap(0.5)), "differences: needs a list of at least 2 seeds"),
        (lambda: widening(Overlap(0.5), 0), "num_splits=0: must be at least 1"),
        (lambda: holm([0.5, 1.5]), "p-values lie between 0 and 1"),
        (lambda: holm([math.nan]), "p-values lie between 0 and 1"),
        (lambda: least_p_value(10, 0), "num_configurations=0: must be at least 1"),
        (lambda: seeds_needed(0, 1), "difference > 0"),
        (lambda: seeds_needed(0.1, math.nan), "spread >= 0"),
        (lambda: seeds_needed(0.1, 1, power=1), "power=1: must lie between 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_one_clear_line(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says) as error:
        call()
    assert "\n" not in str(error.value)
