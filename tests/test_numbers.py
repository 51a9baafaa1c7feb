"""Numbers are written as a person writes them, on the page as in the terminal."""

import json
import math
import re
import shutil
import subprocess
from importlib.resources import files

import numpy as np
import pytest

from regsweep.numbers import count, show_ends, show_number, show_signed_ends

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
    (1234.5, "1235"),
    (-1234.5, "-1235"),
    (1.125, "1.13"),
    (0.0625, "0.0625"),
    (1235000.5, "1.24e6"),
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


ENDS = [
    (0.47179752665670294, 0.5355608462302175, 5, ("0.47180", "0.53556")),
    (0.47179752665670294, 0.5355608462302175, 3, ("0.472", "0.536")),
    (0.4, 0.5, 5, ("0.4", "0.5")),
    (0.4, 0.53, 5, ("0.40", "0.53")),
    (1, 3, 5, ("1", "3")),
    (1, 2.5, 5, ("1.0", "2.5")),
    (-0.1, 10.25, 3, ("-0.1", "10.3")),
    (-0.004, 4.5678, 3, ("-0.004", "4.568")),
    (-1e-17, 0.5123, 3, ("0.0000", "0.5123")),
    (1234.6, 12345.6, 3, ("1235", "12346")),
    (1.5e-5, 2.31e-5, 3, ("1.5e-5", "2.31e-5")),
    (-math.inf, 0.5, 3, ("−∞", "0.5")),
    (0.0, 0.125, 3, ("0.000", "0.125")),
    (-0.0, 0.125, 3, ("0.000", "0.125")),
]


@pytest.mark.parametrize(("low", "high", "digits", "texts"), ENDS)
def test_both_ends_of_an_interval_have_as_many_decimals(
    low: float, high: float, digits: int, texts: tuple[str, str]
) -> None:
    assert show_ends(low, high, digits) == texts


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(-0.0123, 0.43, "−0.012 to +0.430"), (0.1, 0.25, "+0.10 to +0.25"), (-math.inf, math.inf, "−∞ to ∞")],
)
def test_differences_have_their_signs(low: float, high: float, text: str) -> None:
    assert show_signed_ends(low, high) == text


NODE = shutil.which("node")


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 trials"), (1, "1 trial"), (2, "2 trials"), (1500, "1,500 trials")]
)
def test_a_noun_has_its_number(number: int, expected: str) -> None:
    assert count(number, "trial") == expected


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_the_page_has_the_same_rule() -> None:
    script = files("regsweep.report.page").joinpath("table.js").read_text(encoding="utf-8")
    rule = re.search(r"^  function shortened\(.*?^  }$", script, re.MULTILINE | re.DOTALL)
    assert rule is not None
    draw = np.random.default_rng(0)
    values = [float(value) for value, _ in SHOWN if math.isfinite(value)]
    values += (draw.choice((-1, 1), 500) * 10 ** draw.uniform(-8, 12, 500)).tolist()
    values += (draw.integers(1, 10**6, 500) / 2 ** draw.integers(0, 12, 500)).tolist()  # halves, to be rounded
    pairs = [(value, digits) for value in values for digits in (3, 5)]
    shown = f"console.log(JSON.stringify({json.dumps(pairs)}.map((pair) => shortened(...pair))))"
    done = subprocess.run([str(NODE), "-e", rule[0] + shown], capture_output=True, text=True, check=True)
    there = json.loads(done.stdout)
    assert there == [show_number(value, digits) for value, digits in pairs]
