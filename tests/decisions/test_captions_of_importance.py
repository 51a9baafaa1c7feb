"""The words of the figure of what the score depends on: there where the sweep makes them true, and only there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regsweep.report.figures import Evidence, importance
from tests.decisions.captions import RATE, Case, Trials, check, of_keys, seeded, two_objectives, words
from tests.decisions.traces import DROPOUT


def searched(number: int, **columns: Any) -> Trials:
    """Return trials whose accuracy is the learning rate's doing."""
    rng = np.random.default_rng(0)
    rows = zip(rng.random(number).tolist(), rng.random(number).tolist(), strict=True)
    return [of_keys(0.5 + 0.4 * rate, {RATE: rate, DROPOUT: rest}, **columns) for rate, rest in rows]


def factorial(*, is_far: bool = False) -> Trials:
    """Return a grid of three parameters of which the first decides; one trial failed."""
    rows = [(a, b, c) for a in (0.1, 0.2, 0.3) for b in (1, 2) for c in (3, 4)]
    trials = [of_keys(0.5 + a + 0.001 * b, {RATE: a, "x.b": b, "x.c": c}) for a, b, c in rows]
    trials[5] = {**trials[5], "status": "failed"}
    return [{**trials[0], "accuracy": -9.0}, *trials[1:]] if is_far else trials


IMPORTANCE = {
    "a search": Case(
        searched(20),
        ["Above chance: lr. Not above it: dropout.", "the share of the variance of the scores' ranks among 20 complete",
         "a curve through it", "Marks: what a bar reaches by chance.", "[not above chance]", "scores' ranks (%)"],
        ["combination", "main effect", "Ranks stand"],
    ),
    "several objectives": Case(
        searched(20),
        ["variance of the ranks of validation accuracy among 20 complete", "of validation accuracy (%)"],
        ["the scores"],
        changes=[two_objectives],
    ),
    "a grid": Case(
        factorial(),
        ["the share of the variance of the scores among 11 complete trials that its main effect explains",
         "1 combination of the grid without a result: each bar is what a parameter adds to all others."],
        ["curve", "anks"],
    ),
    "a whole grid": Case(
        [t for t in factorial() if "status" not in t] + [of_keys(0.7, {RATE: 0.2, "x.b": 1, "x.c": 4})],
        lacks=["combination"],
    ),
    "all above chance": Case(
        [of_keys(0.1 * a + 0.01 * b, {"x.a": a, "x.b": 2 * b}) for a in (1, 2, 3, 4) for b in (1, 3, 5, 9)],
        ["Above chance: a, b."],
        ["Not above it", "[not above chance]"],
    ),
    "few": Case(searched(9), ["9 complete trials; importance needs at least 10"]),
    "one parameter": Case(
        [of_keys(0.5 + 0.01 * n, {RATE: 0.1 * n}) for n in range(10)],
        ["fewer than two parameters vary among 10 complete trials, seeds apart"],
    ),
    "all equal": Case([{**t, "accuracy": 0.5} for t in searched(10)], ["all complete trials have the same score"]),
    "equal means of seeds that differ": Case(
        [{**seeded(t, s), "accuracy": 0.5 + 0.1 * s} for t in searched(10) for s in (0, 1)],
        ["all configurations have the same mean"],
        ["score"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", IMPORTANCE.values(), ids=IMPORTANCE)
def test_the_figure_says_what_its_sweep_shows(tmp_path: Path, case: Case) -> None:
    check(case, words(importance.draw(Evidence(case.sweep(tmp_path)))))
