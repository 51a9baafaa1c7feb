"""What a confirmation compares with what, by which number, and how that number is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from regsweep.numbers import show_ends, show_number
from regsweep.statistics.comparison import EQUAL
from regsweep.statistics.intervals import Interval

TEST_ACCURACY = "test_accuracy"
VALIDATION_ACCURACY = "validation_accuracy"

_DIGITS = 3
"""Significant ones of a difference, of a number that is no accuracy."""


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
    """

    baseline: dict[str, str] = field(default_factory=dict)
    seed_key: str = "seed"
    objective: str = TEST_ACCURACY
    maximize: bool = True
    is_own: bool = True
    signs: dict[str, str] = field(default_factory=dict)
    chosen_by: str = VALIDATION_ACCURACY
    chosen_most: bool = True

    @staticmethod
    def of_plan(plan: Mapping[str, Any]) -> Terms:
        """Return those of a plan as it was written down; plans of before have none, and are of this project's runs."""
        return Terms(**plan.get("terms", {}))

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

        What runs on fresh seeds are compared by is another one of this project's own runs: their test accuracy.
        """
        return (self.chosen_by, self.chosen_most) if self.is_own else (self.objective, self.maximize)

    @property
    def sign_of_choice(self) -> int:
        """Return 1 where more of what configurations are chosen by is better, -1 where less is."""
        return 1 if self.choice[1] else -1

    @property
    def title_of_choice(self) -> str:
        """Return what the number is called that configurations are chosen by."""
        return self.choice[0].replace("_", " ")

    def value_of_choice(self, value: float) -> str:
        """Return the number as it is shown that configurations are chosen by."""
        is_accuracy = self.is_own and self.chosen_by.endswith("accuracy")
        return f"{100 * value:.2f} %" if is_accuracy else show_number(value, 5)

    @property
    def sign(self) -> int:
        """Return 1 where more is better, -1 where less is."""
        return 1 if self.maximize else -1

    @property
    def scale(self) -> int:
        """Return by what a number is multiplied where it is shown: accuracies are shown in percent."""
        return 100 if self.is_own else 1

    @property
    def resolution(self) -> float:
        """Return the size of a mean difference below which it is called equal."""
        return EQUAL if self.is_own else 0.0

    @property
    def title(self) -> str:
        """Return what the number is called."""
        return self.objective.replace("_", " ")

    @property
    def unit(self) -> str:
        """Return the unit of a difference, with the space before it; nothing where none is known."""
        return " points" if self.is_own else ""

    @property
    def without(self) -> str:
        """Return what a configuration's own baseline has in place of what is compared: ``noise=0``; else nothing."""
        return " and ".join(f"{key}={value}" for key, value in self.baseline.items())

    def value(self, value: float) -> str:
        """Return the number as it is shown: ``97.12 %``."""
        return f"{100 * value:.2f} %" if self.is_own else show_number(value, 5)

    def difference(self, difference: float) -> str:
        """Return a difference with its sign, without the unit."""
        if not self.is_own:
            return show_number(difference, _DIGITS).replace("-", "−")
        return f"{100 * difference:.2f}".replace("inf", "∞").replace("-0.00", "0.00").replace("-", "−")

    def size(self, difference: float) -> str:
        """Return the size of a difference with its unit: ``1.20 points``."""
        return f"{self.difference(abs(difference))}{self.unit}"

    def signed(self, difference: float) -> str:
        """Return a difference, a plus before it where it is above zero, without the unit."""
        text = self.difference(difference)
        return text if text.startswith("−") or (difference == 0 and not self.is_own) else f"+{text}"

    def ends(self, interval: Interval) -> str:
        """Return an interval of differences."""
        if self.is_own:
            return f"{self.difference(interval.low)} to {self.difference(interval.high)}"
        return " to ".join(show_ends(interval.low, interval.high, _DIGITS)).replace("-", "−")
