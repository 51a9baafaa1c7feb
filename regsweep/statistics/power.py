"""How many seeds show a difference."""

import math
from bisect import bisect_left

from scipy import stats
from statsmodels.stats.power import TTestPower

from regsweep.statistics.checks import check_share
from regsweep.statistics.intervals import largest_u
from regsweep.statistics.p_values import least_seeds

MOST_SEEDS = 10**12

LARGEST_EFFECT = 10.0

EACH_POWER = 0.88


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
    check_share(power, "power")
    least = 2 if is_sequential else least_seeds(num_configurations, level)
    # Beyond ten standard deviations the least number is enough, and the power is no longer computable.
    effect = min(difference / spread, LARGEST_EFFECT) if spread else LARGEST_EFFECT

    def power_with(num_seeds: int) -> float:
        if is_sequential:
            t = math.sqrt(largest_u(num_seeds, 1 - level / num_configurations) * (num_seeds - 1))
            return float(stats.nct.sf(t, num_seeds - 1, effect * math.sqrt(num_seeds))) if t < math.inf else 0.0
        one_side = level / num_configurations / 2
        of_t_test = float(TTestPower().power(effect, num_seeds, one_side, alternative="larger"))
        all_on_one_side = float(stats.norm.cdf(effect)) ** num_seeds
        return min(of_t_test, all_on_one_side) if num_seeds == least else of_t_test

    return least + bisect_left(range(least, MOST_SEEDS), power, key=power_with)
