"""The words of the figure of the score over each parameter: there where the sweep makes them true, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsweep.report.figures import Evidence, slices
from tests.decisions.captions import (
    RATE,
    REPEATED,
    SEEDED,
    TIED,
    TWO,
    Case,
    check,
    of_keys,
    pruned,
    seeded,
    two_objectives,
    words,
)
from tests.decisions.traces import LOSS, of

SLICES = {
    "two trials": Case(
        TWO,
        ["Accuracy over each parameter\n", "Each point is one of 2 complete trials, the later the bluer; the ring "
         "marks the best.", "[best]"],
        ["differ", "Only", "searched", "more param"],
    ),
    "two parameters": Case([of(0.1, 0.1), of(0.2, 0.2)], ["Trials differ in the other parameters, too."]),
    "one complete trial": Case([TWO[0], pruned(0.2, 0.4)], ["The one point is a complete trial; the ring"], ["bluer"]),
    "none is complete": Case(
        [pruned(0.1, 0.4), pruned(0.2, 0.4)], ["No complete trial stands here."], ["ring", "[best"]
    ),
    "two are the best": Case(TIED, ["the ring marks the first of the 2 best.", "[first of the 2 best]"]),
    "two objectives": Case(TWO, ["the ring marks the best in validation accuracy."], changes=[two_objectives]),
    "the best has no such parameter": Case(
        [of_keys(0.5, {RATE: 0.1}), of_keys(0.6, {RATE: 0.2}), of_keys(0.9, {"x.other": 1})],
        ["Each point is one of 2 complete trials, the later the bluer.", "Only trials that have it stand in the panel"],
        ["ring", "[best"],
    ),
    "two have their own parameter": Case(
        [of_keys(0.5, {RATE: n, "x.a": n}) for n in (1, 2)] + [of_keys(0.5, {"x.b": 3}), of_keys(0.5, {"x.b": 4})],
        ["Only trials that have them stand in the panels of lr, a, b."],
    ),
    "seeds": Case(SEEDED, ["one of 2 configurations at the mean of its seeds"], ["trials, "]),
    "one configuration far below": Case(
        [seeded(of(0.01 * n, accuracy=0.8 + 0.01 * n if n < 9 else 0.1), s) for n in range(1, 10) for s in (0, 1)],
        [" 1 configuration below 81.00 %: an open triangle at the lower edge."],
        ["trial below"],
    ),
    "one that is far below has no place": Case(
        [*(of_keys(0.8 + 0.01 * n, {RATE: 0.1 * n}) for n in range(8)), of_keys(0.1, {"x.other": 1})],
        lacks=["triangle"],
    ),
    "a pruned one has no place": Case(
        [of_keys(0.5, {RATE: 0.1}), of_keys(0.6, {RATE: 0.2}), of_keys(0.9, {"x.other": 1}, status="pruned")],
        [" 1 pruned trial not drawn."],
        ["cross", "[pruned]"],
    ),
    "one repeats another": Case([*TWO, REPEATED], ["one of 2 complete", " 1 trial that repeated an earlier one left"]),
    "one value": Case(
        [of(0.1), of(0.1)], ["no parameter takes two values among the complete trials"], ["pruned", "searched"]
    ),
    "one value of a loss": Case([of(0.1), of(0.1)], ["Validation loss over each"], ["Accuracy"], LOSS),
}  # fmt: skip


@pytest.mark.parametrize("case", SLICES.values(), ids=SLICES)
def test_the_figure_says_what_its_sweep_shows(tmp_path: Path, case: Case) -> None:
    check(case, words(slices.draw(Evidence(case.sweep(tmp_path)))))
