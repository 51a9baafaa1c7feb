"""Numbers are written as a person writes them."""

import math

import numpy as np
import pytest

from regsweep.report.numbers import show_number

SHOWN = [
    (1024, "1024"),
    (1024.0, "1024"),
    (-3, "-3"),
    (0.0, "0"),
    (100000, "100000"),
    (20240613, "20240613"),
    (4294967295.0, "4294967295"),
    (1234.6, "1235"),
    (-1234.6, "-1235"),
    (123456.7, "123457"),
    (999999.7, "1e6"),
    (1234567.8, "1.23e6"),
    (1e12, "1e12"),
    (0.0030539203720234345, "0.00305"),
    (0.1, "0.1"),
    (0.5000001, "0.5"),
    (12.34, "12.3"),
    (99.96, "100"),
    (0.000123456, "0.000123"),
    (0.0001, "0.0001"),
    (0.0000999999, "0.0001"),
    (0.0000154321, "1.54e-5"),
    (1e-5, "1e-5"),
    (-2.5e-7, "-2.5e-7"),
    (5e-324, "4.94e-324"),
    (math.nan, "–"),
    (math.inf, "∞"),
]


@pytest.mark.parametrize(("value", "text"), SHOWN)
def test_a_number_is_shown_as_a_person_writes_it(value: float, text: str) -> None:
    assert show_number(value) == show_number(np.float64(value)) == text


def test_more_digits_where_trials_are_told_apart_by_them() -> None:
    assert show_number(0.0029759123, 5) == "0.0029759"
    assert show_number(12345.678, 5) == "12346"
