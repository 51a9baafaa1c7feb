"""The words of the front of score and exact zeros: there where the sweep makes them true, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsweep.report.figures import Evidence, front
from tests.decisions.captions import FOLLOW, TWO, Case, check, pruned, seeded, without, words
from tests.decisions.traces import LOSS, of

FRONT = {
    "two of three": Case(
        [of(0.1, accuracy=0.5, sparsity=0.2), of(0.2, accuracy=0.6, sparsity=0.1), of(0.3, accuracy=0.4)],
        ["Each point is one of 3 complete trials. On the front: no other of these is at least", FOLLOW, "[a trial]"],
        ["left out", "joined", "final"],
    ),
    "all are on the front": Case(
        [of(accuracy=0.5, sparsity=0.2), of(accuracy=0.6, sparsity=0.1)], ["[on the front]"], ["[a trial]", "λ"]
    ),
    "one without zeros on record": Case(
        [of(0.1, accuracy=0.5, sparsity=0.2), of(0.2, sparsity=0.1), of(0.3)],
        ["one of 2 complete trials", " 1 complete trial without zeros on record left out."],
        changes=[without("sparsity", 2)],
    ),
    "one configuration far below": Case(
        [seeded(of(0.01 * n, accuracy=0.8 + 0.01 * n if n < 9 else 0.1, sparsity=0.1 * n), s)
         for n in range(1, 10) for s in (0, 1)],
        ["9 configurations, at the means of both over its seeds", " 1 configuration below 81.00 %: an open triangle",
         "not joined by its line: the configuration of trial 16 (10.00 %, 90.0 % zeros)."],
        ["trial below"],
    ),
    "a pruned one is better": Case(
        [of(accuracy=0.5, sparsity=0.2), of(accuracy=0.4), pruned(0.0, 0.9, sparsity=0.9)],
        ["On the front: no other of these", "[on the front]", "1 pruned trial: a cross"],
    ),
    "a loss": Case(TWO, ["Validation loss against exact zeros"], ["Accuracy"], LOSS),
    "one trial": Case([of(0.1, sparsity=0.1)], ["one complete trial is not a front"]),
}  # fmt: skip


@pytest.mark.parametrize("case", FRONT.values(), ids=FRONT)
def test_the_figure_says_what_its_sweep_shows(tmp_path: Path, case: Case) -> None:
    check(case, words(front.draw(Evidence(case.sweep(tmp_path)))))
