"""The words of the figures of weights and of exact zeros: there where the sweep makes them true, and only there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from regsweep.report.figures import Evidence, weights
from tests.decisions.captions import FAILED, FOLLOW, TWO, Case, check, seeded, words
from tests.decisions.traces import of

LAYER = {"low": -1.0, "high": 1.0, "counts": [1, 2, 3, 4], "zeros": 0}
SPARSE = {**LAYER, "zeros": 30}


def weighed(
    strength: float, accuracy: float, layer: Mapping[str, Any], names: str = "a", **more: Any
) -> dict[str, Any]:
    share = layer["zeros"] / 40
    return of(strength, accuracy=accuracy, histogram=dict.fromkeys(names, layer), sparsity=share, **more)


HISTOGRAM = {
    "the best of two": Case(
        [weighed(0.1, 0.5, LAYER), weighed(0.2, 0.6, SPARSE)],
        ["Weights of trial 1, the best; counts on a log scale, biases left out.", FOLLOW, "[exact zeros]"],
        ["largest", "seed"],
    ),
    "one trial": Case([weighed(0.1, 0.5, LAYER)], ["Weights of trial 0; "], ["best", "λ", "[exact zeros]"]),
    "zeros without a penalty": Case([weighed(0.0, 0.5, SPARSE)], ["75.0 % exact zeros"], ["λ"]),
    "two are the best": Case([weighed(x, 0.5, LAYER) for x in (0.1, 0.2)], ["trial 0, the first of the 2 best; "]),
    "many layers": Case([weighed(0.1, 0.5, LAYER, "abcdefghij")], [" The 9 largest of 10 layers."]),
    "seeds": Case(
        [seeded(weighed(0.1, 0.5, LAYER), s) for s in (0, 1)],
        ["Weights of trial 0, a seed of the best configuration; "],
    ),
    "none is complete": Case(FAILED, ["no trial is complete"], ["best"]),
}
ZEROS = {
    "the best has none": Case(
        [weighed(0.1, 0.5, SPARSE, "ab"), weighed(0.2, 0.6, LAYER)],
        [f"Trial 0, the best that has exact zeros (50.00 %). First layer on top. {FOLLOW}"],
        ["of all"],
    ),
    "the best has some": Case(
        [weighed(0.1, 0.7, SPARSE), weighed(0.2, 0.6, LAYER)], ["Trial 0, the best (70.00 %). At"], ["First layer"]
    ),
    "one trial": Case([weighed(0.0, 0.5, SPARSE)], ["Trial 0 (50.00 %)."], ["best", "λ"]),
    "two are the best": Case([weighed(x, 0.5, SPARSE) for x in (0.1, 0.2)], ["Trial 0, the first of the 2 best (50"]),
    "seeds": Case(
        [seeded(weighed(0.1, 0.5, SPARSE), s) for s in (0, 1)],
        ["Trial 0, a seed of the best configuration (mean 50.00 %)."],
    ),
    "none is known to have any": Case(TWO, ["no complete trial has exact zeros on record"]),
}


@pytest.mark.parametrize("case", HISTOGRAM.values(), ids=HISTOGRAM)
def test_the_histogram_says_what_its_sweep_shows(tmp_path: Path, case: Case) -> None:
    check(case, words(weights.draw_histogram(Evidence(case.sweep(tmp_path)))))


@pytest.mark.parametrize("case", ZEROS.values(), ids=ZEROS)
def test_the_exact_zeros_say_what_their_sweep_shows(tmp_path: Path, case: Case) -> None:
    check(case, words(weights.draw_zeros(Evidence(case.sweep(tmp_path)))))
