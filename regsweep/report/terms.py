"""What a confirmation compares with what, by which number, and how that number is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from regsweep.names import listed
from regsweep.numbers import show_ends, show_number
from regsweep.report.task import metric_in
from regsweep.run_record import TaskRecord
from regsweep.statistics.comparison import EQUAL
from regsweep.statistics.intervals import Interval

TEST_ACCURACY = "test_accuracy"
VALIDATION_ACCURACY = "validation_accuracy"

FAR_SHARE = 0.01
"""A distance from the other seeds' differences that is not far: a fraction of an accuracy, or of the baseline's value.
"""

_DIGITS = 3
"""Significant ones of a difference, of a number that is no accuracy."""
_DIGITS_OF_SHARE = 2
"""Of a difference in per cent of the baseline's value."""


@dataclass(frozen=True)
class Terms:
    """What is compared with what, and by which number.

    Attributes:
        baseline: keys that make the baseline, and their values, as typed; empty: the network without regularization.
        seed_key: the key that takes the seed.
        objective: the column of the number that runs on fresh seeds are compared by.
        maximize: whether more of it is better.
        is_own: whether the runs are this project's own, and not another application's.
        signs: the + of those of these keys that are added to the application's configuration.
        chosen_by: of this project's own runs, the column by which the sweep, and then the choosing seeds, choose.
        chosen_most: whether more of that is better.
        is_percent: of this project's own runs, whether they are compared by a share that is shown in percent.
    """

    baseline: dict[str, str] = field(default_factory=dict)
    seed_key: str = "seed"
    objective: str = TEST_ACCURACY
    maximize: bool = True
    is_own: bool = True
    signs: dict[str, str] = field(default_factory=dict)
    chosen_by: str = VALIDATION_ACCURACY
    chosen_most: bool = True
    is_percent: bool = True

    @staticmethod
    def of_plan(plan: Mapping[str, Any]) -> Terms:
        """Return those of a plan as it was written down; plans of before have none, and are of this project's runs."""
        return Terms(**plan.get("terms", {}))

    @staticmethod
    def of_task(
        task: TaskRecord, chosen_by: str, *, chosen_most: bool, baseline: Mapping[str, str] | None = None
    ) -> Terms:
        """Return those of this project's own runs, which are compared by the objective on the test examples.

        Args:
            task: of the runs.
            chosen_by: the column by which the sweep chooses.
            chosen_most: whether more of that is better.
            baseline: keys that make the baseline, and their values, as typed.
        """
        return Terms(
            dict(baseline or {}),
            objective=f"test_{task.objective}",
            maximize=task.maximize,
            chosen_by=chosen_by,
            chosen_most=chosen_most,
            is_percent=task.is_percent,
        )

    def compares(self, key: str) -> bool:
        """Return whether `key`, as typed, is one of those in which a configuration differs from its own baseline.

        What lies below a key of the baseline's is: where that is a config group, its option decides it.
        """
        plain = key.partition("=")[0].lstrip("+~")
        if not self.baseline:
            return plain.partition(".")[0] == "regularizer"
        return any(plain == each or plain.startswith(f"{each}.") for each in self.baseline)

    def typed(self, key: str) -> str:
        """Return a key of the baseline's, or the seed's, as it is typed."""
        return self.signs.get(key, "") + key

    @property
    def choice(self) -> tuple[str, bool]:
        """Return by which column configurations are chosen, and whether more of it is better.

        What runs on fresh seeds are compared by is another one of this project's own runs: on their test examples.
        """
        return (self.chosen_by, self.chosen_most) if self.is_own else (self.objective, self.maximize)

    @property
    def is_chosen_by_same(self) -> bool:
        """Whether configurations are chosen by the number that is compared, on the validation examples."""
        return not self.is_own or self.chosen_by == f"validation_{metric_in(self.objective)}"

    @property
    def sign_of_choice(self) -> int:
        """Return 1 where more of what configurations are chosen by is better, -1 where less is."""
        return 1 if self.choice[1] else -1

    @property
    def title_of_choice(self) -> str:
        """Return what the number is called that configurations are chosen by."""
        return self.choice[0].replace("_", " ")

    @property
    def is_choice_percent(self) -> bool:
        """Whether configurations are chosen by a share that is shown in percent."""
        is_same = metric_in(self.chosen_by) == metric_in(self.objective)
        return self.is_own and (self.is_percent if is_same else self.chosen_by.endswith("accuracy"))

    def value_of_choice(self, value: float) -> str:
        """Return the number as it is shown that configurations are chosen by."""
        return f"{100 * value:.2f} %" if self.is_choice_percent else show_number(value, 5)

    def resolution_of_choice(self, value: float) -> float:
        """Return the size of a difference below which what is chosen by is called equal to `value`."""
        return EQUAL * abs(value) if self.is_own and not self.is_choice_percent else EQUAL

    @property
    def sign(self) -> int:
        """Return 1 where more is better, -1 where less is."""
        return 1 if self.maximize else -1

    @property
    def is_in_points(self) -> bool:
        """Whether differences are shown in percentage points: those of shares, of this project's own runs."""
        return self.is_own and self.is_percent

    @property
    def is_relative(self) -> bool:
        """Whether differences are shown in per cent of the baseline's value, too, and thresholds are given so."""
        return self.is_own and not self.is_percent

    @property
    def scale(self) -> int:
        """Return by what a number is multiplied where it is shown: accuracies are shown in percent."""
        return 100 if self.is_in_points else 1

    def resolution(self, baseline: float) -> float:
        """Return the size of a mean difference below which it is called equal, beside a baseline of this value."""
        return EQUAL * self._unit_of_thresholds(baseline)

    def least_far(self, baseline: float) -> float:
        """Return a distance from the other seeds' differences that is not far, however near those are."""
        return FAR_SHARE * self._unit_of_thresholds(baseline)

    def _unit_of_thresholds(self, baseline: float) -> float:
        if not self.is_own:
            return 0.0
        return 1.0 if self.is_percent else abs(baseline) if math.isfinite(baseline) else 0.0

    def threshold(self, typed: float, baseline: float) -> float | None:
        """Return as a difference what was typed: points, or per cent of the baseline's value, or another's own unit.

        None where no per cent can be taken, as that value is not above zero.
        """
        if not self.is_relative:
            return typed / self.scale
        return typed / 100 * baseline if baseline > 0 else None

    @property
    def title(self) -> str:
        """Return what the number is called."""
        return self.objective.replace("_", " ")

    @property
    def unit(self) -> str:
        """Return the unit of a difference, with the space before it; nothing where none is known."""
        return " points" if self.is_in_points else ""

    @property
    def without(self) -> str:
        """Return what a configuration's own baseline has in place of what is compared: ``noise=0``; else nothing."""
        return listed([f"{key}={value}" for key, value in self.baseline.items()])

    def value(self, value: float) -> str:
        """Return the number as it is shown: ``97.12 %``."""
        return f"{100 * value:.2f} %" if self.is_in_points else show_number(value, 5)

    def difference(self, difference: float) -> str:
        """Return a difference with its sign, without the unit."""
        if not self.is_in_points:
            return show_number(difference, _DIGITS).replace("-", "−")
        return f"{100 * difference:.2f}".replace("inf", "∞").replace("-0.00", "0.00").replace("-", "−")

    def share(self, difference: float, baseline: float) -> str:
        """Return the size of a difference in per cent of the baseline's value: ``3.1 %``.

        Nothing where differences are in points or of another application, and where that value is not above zero.
        """
        if not self.is_relative or not baseline > 0 or not math.isfinite(difference):
            return ""
        return f"{show_number(100 * abs(difference) / baseline, _DIGITS_OF_SHARE)} %"

    def size(self, difference: float, baseline: float = math.nan) -> str:
        """Return the size of a difference with its unit: ``1.20 points``, or ``3.1 % (1.63)``."""
        size, share = f"{self.difference(abs(difference))}{self.unit}", self.share(difference, baseline)
        return f"{share} ({size})" if share else size

    def signed(self, difference: float, baseline: float = math.nan) -> str:
        """Return a difference, a plus before it where it is above zero, without the unit; per cent behind it."""
        text, share = self.difference(difference), self.share(difference, baseline)
        text = text if text.startswith("−") or (difference == 0 and not self.is_in_points) else f"+{text}"
        return f"{text} ({share})" if share else text

    def ends(self, interval: Interval) -> str:
        """Return an interval of differences."""
        if self.is_in_points:
            return f"{self.difference(interval.low)} to {self.difference(interval.high)}"
        return " to ".join(show_ends(interval.low, interval.high, _DIGITS)).replace("-", "−")
