"""Which configuration the last command trains once more."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsweep.report.once_more import winner
from tests.decisions.confirmations import Made, confirmed

UP = [0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004]
MORE = [value + 0.01 for value in UP]
DOWN = [-value for value in UP]


@pytest.mark.parametrize(
    ("made", "name"),
    [
        ([Made("a", UP, UP), Made("b", MORE, MORE)], "b"),
        ([Made("a", MORE, MORE), Made("b", UP, UP)], "a"),
        ([Made("a", MORE), Made("b", UP, UP)], "b"),  # the larger difference is not shown against both
        ([Made("a", MORE, DOWN), Made("b", DOWN, DOWN)], "no regularization (tuned)"),
        ([Made("a", [None] * 10), Made("b", UP, UP)], "b"),
    ],
)
def test_the_largest_gain_that_is_shown_wins(tmp_path: Path, made: list[Made], name: str) -> None:
    assert winner(confirmed(tmp_path, *made)).name == name
