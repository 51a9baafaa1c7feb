"""The words of the figure of two methods together: there where the sweep makes them true, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsweep.report.figures import Evidence, heatmap
from tests.decisions.captions import (
    RATE,
    REPEATED,
    TWO,
    WEIGHT_DECAY,
    Case,
    check,
    foreign,
    of_keys,
    pruned,
    seeded,
    with_keys,
    words,
)
from tests.decisions.traces import BATCH_NORM, DROPOUT, of

SQUARE = [of(a, d, accuracy=0.5 + a + d) for a in (0.1, 0.2) for d in (0.1, 0.2)]
MAP = {
    "a trial in each cell": Case(
        SQUARE,
        ["λ and dropout together\n", "Each filled cell is one complete trial.", "\nλ\n"],
        ["rame", "mean of", "BatchNorm", "penalties", "colours end", "pruned", "left out"],
    ),
    "one cell's trial failed": Case(
        [*SQUARE[:3], {**SQUARE[3], "status": "failed"}],
        ["A dotted frame: 1 cell without a complete trial."],
        ["without a trial"],
    ),
    "two cells are empty": Case([SQUARE[0], SQUARE[3]], ["Dotted frames: 2 cells without a complete trial."]),
    "two trials in a cell": Case(
        [*SQUARE, SQUARE[0]], ["Each filled cell is the mean of the n complete trials in it."]
    ),
    "no room for n": Case(
        [of(0.01 * a, d, accuracy=0.6) for a in range(8) for d in (0.1, 0.2, 0.2)],
        ["Each filled cell is the mean of the complete trials in it."],
    ),
    "seeds": Case(
        [seeded(trial, s) for trial in SQUARE for s in (0, 1)],
        ["Each filled cell is one configuration. A configuration counts by the mean of its seeds."],
    ),
    "several configurations of seeds in a cell": Case(
        [seeded(with_keys(trial, **{RATE: r}), s) for trial in SQUARE for s in (0, 1) for r in (1, 2)],
        ["Each filled cell is the mean of the n configurations in it."],
    ),
    "all have BatchNorm": Case([{**with_keys(t, **{BATCH_NORM: True})} for t in SQUARE], [" All have BatchNorm."]),
    "none has both": Case(
        [of(0.1, 0.0, accuracy=0.6), of(0.2, 0.0, accuracy=0.6), of(0.0, 0.1, accuracy=0.6)],
        ["none of the complete trials has both"],
        ["filled cell"],
    ),
    "BatchNorm off and on": Case(
        [with_keys(t, **{BATCH_NORM: n}) for t in SQUARE for n in (False, True)],
        ["λ and dropout together, with BatchNorm off and on"],
        ["All have"],
    ),
    "two penalties": Case(
        [*SQUARE, of_keys(0.6, {"regularizer.l1": 0.1, DROPOUT: 0.1})],
        [" Of 2 penalties L2 alone is shown. 1 complete trial with another penalty, several or unknown settings: left"],
    ),
    "two penalties at once": Case(
        [with_keys(trial, **{"regularizer.l1": 0.1}) for trial in SQUARE],
        ["λ takes fewer than two values among the complete trials with one penalty at most and a known λ and dropout"],
    ),
    "no key of either": Case(
        [of_keys(0.5, {"x.a": 1}), of_keys(0.5, {"x.a": 2})],
        ["no swept key is known to be the strength of a penalty or a dropout rate"],
        ["takes"],
        changes=[foreign],
    ),
    "one λ": Case(SQUARE[:2], ["λ takes fewer than two values among the complete trials"], ["at most", "pruned"]),
    "one dropout rate": Case(TWO, ["dropout takes fewer than two values among the complete trials"]),
    "none is complete": Case(
        [{**trial, "status": "pruned"} for trial in SQUARE], ["none of the complete and pruned trials is complete"]
    ),
    "weight decay": Case(
        WEIGHT_DECAY, ["weight_decay and dropout together\n", "\nweight_decay\n"], ["λ"], changes=[foreign]
    ),
    "one collapsed": Case(
        [*(of(a, d, accuracy=0.8 + a + d) for a in (0.01, 0.02, 0.03) for d in (0.01, 0.02)),
         of(0.01, 0.03, accuracy=0.1)],
        ["▾: below 82.00 %, where the colours end."],
    ),
    "one pruned": Case(
        [*SQUARE, pruned(0.1, 0.2)], [" 1 pruned trial: a cross in the corner of its cell, in no mean."]
    ),
    "two pruned in one cell": Case(
        [*SQUARE, pruned(0.1, 0.2), pruned(0.1, 0.3)],
        [" 2 pruned trials: a cross in the corner of the cell of each, in no mean."],
    ),
    "pruned without a value": Case([*SQUARE, pruned(0.1, None)], [" 1 pruned trial not drawn."], ["cross"]),
    "one repeats another": Case([*SQUARE, REPEATED], [" 1 trial that repeated an earlier one left out."]),
}  # fmt: skip


@pytest.mark.parametrize("case", MAP.values(), ids=MAP)
def test_the_figure_says_what_its_sweep_shows(tmp_path: Path, case: Case) -> None:
    check(case, words(heatmap.draw(Evidence(case.sweep(tmp_path)))))
