"""A sweep over seeds: each configuration's mean with its interval, and its difference from no regularization.

Everything here is of the examples that the sweep was ranked by, and of configurations that were not chosen beforehand:
it says where to look, and shows nothing. `regsweep confirm` and `regsweep compare` do that, on fresh seeds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from regsweep.errors import show
from regsweep.names import listed, short_names
from regsweep.numbers import show_number, show_signed_ends
from regsweep.pooling import Pooled, seed_keys
from regsweep.report.sweep import Sweep
from regsweep.report.table import settings_in_words
from regsweep.report.task import bounds_of
from regsweep.statistics.checks import NOISE
from regsweep.statistics.intervals import Interval, t_interval

LEVEL = 0.05


@dataclass(frozen=True)
class Difference:
    """A configuration minus the one without regularization, paired by seed.

    Attributes:
        baseline: the one without.
        by_seed: the differences of the objective on the seeds that both have, in its own unit and sign.
        interval: of the mean; None with fewer than two seeds, and where all differences are equal.
    """

    baseline: Pooled
    by_seed: dict[int, float]
    interval: Interval | None

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return float(np.mean(list(self.by_seed.values())))


@dataclass(frozen=True)
class Pools:
    """The configurations of a sweep over seeds."""

    sweep: Sweep

    @cached_property
    def configurations(self) -> list[Pooled]:
        """All, the best first."""
        return self.sweep.configurations

    @cached_property
    def names(self) -> dict[int, str]:
        """Each configuration's name in words, by the number of its first trial."""
        shown = short_names(self.sweep.settings)
        names = {each.number: self._name(each, shown) for each in self.configurations}
        counts = Counter(names.values())
        return {number: f"{name} (trial {number})" if counts[name] > 1 else name for number, name in names.items()}

    def _name(self, pooled: Pooled, shown: dict[str, str]) -> str:
        return settings_in_words(self.sweep, self.sweep.row(pooled.number), shown) or "the one configuration"

    @cached_property
    def without(self) -> list[Pooled]:
        """Those without regularization, as far as that is known: of this project's own sweeps."""
        return [each for each in self.configurations if self._is_without(each)]

    def _is_without(self, pooled: Pooled) -> bool:
        """Return whether a configuration has no method; where no record is left, by the preset that it chose."""
        if pooled.number in self.sweep.regularization:
            return not self.sweep.kind(pooled.number)
        return "regularizer" in self.sweep.swept and self.sweep.row(pooled.number)["regularizer"] == "none"

    @cached_property
    def num_compared(self) -> int:
        """k: all that regularize, those too that never trained to the end; 0 where none is without."""
        return len(self.configurations) - len(self.without) if self.without else 0

    @cached_property
    def differences(self) -> dict[int, Difference]:
        """The difference of each configuration, by the number of its first trial, where there is one.

        It is taken from the configuration without regularization that agrees in all other settings; where the sweep has
        one such configuration alone, from that.
        """
        found = {}
        for each in self.configurations:
            baseline = None if each in self.without or not each.values else self._baseline_of(each)
            if baseline is None:
                continue
            theirs, ours = baseline.by_seed, each.by_seed
            both = sorted(seed for seed in ours if seed is not None and seed in theirs)
            paired = {seed: ours[seed] - theirs[seed] for seed in both}
            if paired:
                confidence = 1 - LEVEL / self.num_compared
                found[each.number] = Difference(baseline, paired, interval(list(paired.values()), confidence))
        return found

    def _baseline_of(self, pooled: Pooled) -> Pooled | None:
        same = [each for each in self.without if self._others(each) == self._others(pooled)]
        return same[0] if same else self.without[0] if len(self.without) == 1 else None

    def _others(self, pooled: Pooled) -> list[str]:
        """Return the values of all settings that do not regularize."""
        row = self.sweep.row(pooled.number)
        return [str(row[key]) for key in self.sweep.settings if key.partition(".")[0] != "regularizer"]


def interval(values: Sequence[float], confidence: float = 1 - LEVEL) -> Interval | None:
    """Return the t interval of the mean; None where there is no spread to judge it by: one value, or equal ones."""
    return t_interval(values, confidence) if len(values) > 1 and np.ptp(values) > NOISE else None


def mean_interval(sweep: Sweep, pooled: Pooled) -> Interval | None:
    """Return the interval of a configuration's mean; of an accuracy, the part of it from 0 to 1.

    A mean accuracy lies there, so what is cut off cannot hold it: the coverage stays. So do others, within their own
    bounds.
    """
    found = interval(pooled.values)
    if found is None:
        return None
    least, most = bounds_of(sweep.objective) if sweep.is_own else (-np.inf, np.inf)
    if is_share(sweep):
        least, most = 0.0, 1.0
    return Interval(max(found.low, least), min(found.high, most))


def is_share(sweep: Sweep) -> bool:
    """Return whether the objective is an accuracy, which is shown in percent and differs by points."""
    values = pd.to_numeric(sweep.trials[sweep.objective], errors="coerce").dropna()
    return sweep.is_percent() and bool(values.between(0, 1).all())


def seeds_of(pooled: Pooled) -> str:
    """Return on how many seeds a configuration is complete: ``3``, or ``2 of 3 (1 diverged)``."""
    lost = ", ".join(f"{count} {status}" for status, count in pooled.lost.items())
    return f"{len(pooled.values)} of {pooled.num_seeds} ({lost})" if lost else str(len(pooled.values))


def seeds_in_words(pooled: Pooled) -> str:
    """Return the same in words: ``3 seeds``, or ``2 of 3 seeds (1 diverged)``."""
    number, _, lost = seeds_of(pooled).partition(" (")
    return f"{number} seed{'' if number == '1' else 's'}{f' ({lost}' if lost else ''}"


def signed(sweep: Sweep, difference: float) -> str:
    """Return a difference of the objective as text: of accuracies in points, with its sign."""
    if is_share(sweep):
        text = f"{100 * difference:+.2f}"
        return (text[1:] if float(text) == 0 else text).replace("-", "−")
    size = show_number(abs(difference) if abs(difference) > NOISE else 0.0)
    return f"{'' if float(size) == 0 else '−' if difference < 0 else '+'}{size}"


def share_of_baseline(sweep: Sweep, difference: Difference) -> str:
    """Return a mean difference in per cent of the baseline's mean over its seeds, with its sign: ``−3.1 %``.

    Nothing of shares, which differ by points, of another application's number, and where that mean is not above zero.
    """
    baseline = float(np.mean([difference.baseline.by_seed[seed] for seed in difference.by_seed]))
    if not sweep.is_own or is_share(sweep) or baseline <= 0 or abs(difference.mean) <= NOISE:
        return ""
    return f"{'−' if difference.mean < 0 else '+'}{show_number(100 * abs(difference.mean) / baseline, 2)} %"


def signed_ends(sweep: Sweep, interval: Interval) -> str:
    """Return an interval of differences of the objective as text, both ends with the same number of decimals."""
    if is_share(sweep):
        return f"{signed(sweep, interval.low)} to {signed(sweep, interval.high)}"
    low, high = (end if abs(end) > NOISE else 0.0 for end in (interval.low, interval.high))
    return show_signed_ends(low, high)


def why_not_pooled(sweep: Sweep) -> str | None:
    """Return why no key of another application's sweep is taken for its seed, where several could be."""
    found = seed_keys({key: sweep.trials[key] for key in sweep.swept})
    if sweep.is_own or sweep.seed_key is not None or len(found) < 2:  # noqa: PLR2004
        return None
    return f"{listed([show(each) for each in found])} may all be the seed, so no trials are pooled."
