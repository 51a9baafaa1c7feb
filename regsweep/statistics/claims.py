"""What is shown of a configuration, against both of its baselines, and of how many at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from regsweep.statistics.comparison import Comparison
from regsweep.statistics.intervals import excludes_zero
from regsweep.statistics.p_values import holm


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
