"""The words of the figures of the score over a strength: there where the sweep makes them true, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsweep.report.figures import Evidence, strength
from tests.decisions.captions import (
    EQUAL_SEEDS,
    L1_AND_L2,
    SEEDED,
    TIED,
    TWO,
    WEIGHT_DECAY,
    Case,
    check,
    eight,
    foreign,
    of_keys,
    of_others,
    pruned,
    two_objectives,
    with_keys,
    without,
    words,
)
from tests.decisions.traces import LOSS, of, pooled_grid

STRENGTH = {
    "two trials": Case(
        TWO,
        ["Each point is one of 2 complete trials; the ring marks the best.", "[best: trial 1]", "\nλ\n"],
        ["“none”", "Lines", "other settings", "pruned", "edge", "left out"],
    ),
    "one complete trial": Case(
        [TWO[0], pruned(0.2, 0.4)], ["The one point is a complete trial; the ring"], ["Each point"]
    ),
    "none is complete": Case(
        [pruned(0.1, 0.4), pruned(0.2, 0.3)], ["No complete trial stands here. 2 pruned trials"], ["ring", "[best"]
    ),
    "the best has two penalties": Case(
        L1_AND_L2,
        ["one of 2 complete trials. ", " 1 complete trial with several penalties, or no λ on record: left out."],
        ["ring", "[best"],
    ),
    "two are the best": Case(TIED, ["the ring marks the first of the 2 best.", "[first of the 2 best: trial 0]"]),
    "two objectives": Case(
        TWO,
        ["the ring marks the best in validation accuracy.", "[best in validation accuracy: trial 1]"],
        changes=[two_objectives],
    ),
    "some without": Case([*TWO, of()], ["Trials without a penalty stand at “none”."], ["log"]),
    "some without, over decades": Case(
        [of(1e-4), of(1e-2), of()],
        ["Trials without a penalty stand at “none”: a log axis has no place for 0.", "\nλ (log scale)"],
    ),
    "a loss": Case(TWO, ["Validation loss over the strength", "(lower is better)"], ["Accuracy"], LOSS),
    "an accuracy": Case(TWO, ["Accuracy over the strength of the penalty"], ["lower is better"]),
    "no penalty": Case(
        [of(), of(dropout=0.1)], ["no λ above 0 among the complete trials"], ["pruned", "loss", "more than one"]
    ),
    "no penalty, a loss": Case([of(), of(dropout=0.1)], ["Validation loss over"], ["Accuracy"], LOSS),
    "none among pruned ones": Case([of(), pruned(0.0, 0.5)], ["no λ above 0 among the complete and pruned trials"]),
    "two penalties of one strength each": Case(
        [of_keys(0.5, {"regularizer.l1": 0.1}), of_keys(0.5, {"regularizer.l2": 0.2})],
        ["with no penalty more than one λ above 0 among the complete trials"],
        ["no λ above"],
    ),
    "weight decay": Case(WEIGHT_DECAY, ["\nweight_decay\n"], ["λ"], changes=[foreign]),
    "of two data sets": Case(
        [with_keys(t, dataset=d) for t in TWO for d in ("digits", "letters")],
        ["\nvalidation accuracy (%), several data sets"],
    ),
    "of one data set, of two sizes": Case(
        [with_keys(t, **{"dataset.name": "digits", "dataset.train_size": n}) for t in TWO for n in (8, 9)],
        ["\nvalidation accuracy (%)"],
        ["several data sets"],
    ),
    "no key of a strength": Case(
        [of_keys(0.5, {"x.a": 1}), of_keys(0.5, {"x.a": 2})],
        ["no swept key is known to be the strength of a penalty"],
        ["λ"],
        changes=[foreign],
    ),
    "weight decay of one value": Case(
        WEIGHT_DECAY[:2], ["more than one weight_decay above 0"], ["λ"], changes=[foreign]
    ),
    "the learning rate differs": Case(
        [of_others(0.1), of_others(0.2)], ["Trials differ in other settings, too."], ["Lines"]
    ),
    "dropout differs": Case([*TWO, of(0.2, 0.5)], ["Trials differ in other settings, too."]),
    "the penalty's own two keys differ": Case(
        [
            of_keys(0.5, {"regularizer.l2.use": True, "regularizer.l2.lambda": 0.1}),
            of_keys(0.6, {"regularizer.l2.use": True, "regularizer.l2.lambda": 0.2}),
            of_keys(0.6, {"regularizer.l2.use": False}),
        ],
        ["stand at “none”"],
        ["other settings"],
    ),
    "a grid": Case(
        [of(a, d, accuracy=0.5 + a) for a in (0.1, 0.2) for d in (0.0, 0.5)],
        ["Lines join the means of all trials with the same strength."],
    ),
    "a grid of two kinds": Case(
        [of(a, d, norm=n, accuracy=0.5 + a) for a in (0.1, 0.2) for d in (0.0, 0.5) for n in (False, True)],
        ["Lines join the means of the trials of one colour with the same strength."],
        ["all trials"],
    ),
    "seeds": Case(
        SEEDED,
        ["4 complete trials, a seed of a configuration; strokes are the means with their 95 % t intervals; the ring "
         "marks the best of them.", "[best: mean]"],
    ),
    "seeds without spread": Case(EQUAL_SEEDS, ["strokes are the means; the ring"], ["interval"]),
    "a mean beyond the edge": Case(pooled_grid(), ["Means beyond the edge are not drawn."]),
    "no mean beyond the edge": Case(pooled_grid()[:27], lacks=["beyond the edge", "triangle"]),
    "one far below": Case(
        [*eight(), of(0.1, accuracy=0.1)], [" 1 trial below 80.00 %: an open triangle at the lower edge."]
    ),
    "two far below": Case(
        [*eight(), of(0.1, accuracy=0.1), of(0.2, accuracy=0.1)],
        [" 2 trials below 80.00 %: open triangles at the lower edge."],
    ),
    "one far above": Case(
        [*eight(), of(0.1, loss=9)], [" 1 trial above 0.87: an open triangle at the upper edge."], options=LOSS
    ),
    "none far": Case(eight(), lacks=["triangle", "edge"]),
    "one pruned": Case(
        [*TWO, pruned(0.3, 0.4)],
        [" 1 pruned trial: a cross at its last value, after 2 epochs; nothing else is computed from it.", "[pruned]"],
        ["triangle"],
    ),
    "one pruned after one epoch": Case([*TWO, pruned(0.3, 0.4, 1)], ["value, after 1 epoch; "]),
    "two pruned": Case(
        [*TWO, pruned(0.3, 0.4), pruned(0.3, 0.4, 1)],
        [" 2 pruned trials: crosses at their last values, after 1 to 2 epochs; nothing else is computed from them."],
    ),
    "pruned, without its epochs": Case(
        [*TWO, pruned(0.3, 0.4), pruned(0.3, 0.4)], ["their last values; nothing"], ["after"],
        changes=[without("epochs", 3)],
    ),
    "pruned, one with two penalties": Case(
        [*L1_AND_L2, {**L1_AND_L2[0], "status": "pruned"}, {**L1_AND_L2[2], "status": "pruned"}],
        [" 1 of 2 pruned trials: a cross at its last value"],
        ["lack"],
    ),
    "pruned, none with a value": Case([*TWO, pruned(0.3, None)], [" 1 pruned trial not drawn."], ["cross", "[pruned]"]),
    "pruned, all at the edge": Case(
        [*eight(), pruned(0.3, 0.1)],
        [" 1 pruned trial: a grey triangle at the lower edge, as its last value is below 59.00 %, after 2 epochs; "],
        ["cross"],
    ),
    "pruned, two at the edge": Case(
        [*eight(), pruned(0.3, 9.0), pruned(0.3, 8.0)],
        [" 2 pruned trials: grey triangles at the upper edge, as their last values are above 1.08, after 2 epochs; "],
        ["cross"],
        LOSS,
    ),
    "pruned, some at the edge": Case(
        [*eight(), pruned(0.3, 0.1), pruned(0.3, 0.8)],
        [": crosses at their last values (1 below 59.00 %: a grey triangle at the lower edge), after 2 epochs; "],
    ),
}  # fmt: skip

DROPOUTS = {
    "some without": Case(
        [of(), of(dropout=0.1), of(dropout=0.2)], ["Trials without dropout stand at “none”."], ["log"]
    ),
    "all with": Case([of(dropout=0.1), of(dropout=0.2)], ["\ndropout: p\n"], ["“none”", "other settings"]),
    "the penalty differs": Case([of(0.1, 0.1), of(0.2, 0.2)], ["Trials differ in other settings, too."]),
    "BatchNorm differs": Case([of(dropout=0.1), of(dropout=0.2, norm=True)], ["differ in other settings, too."]),
}


@pytest.mark.parametrize("case", STRENGTH.values(), ids=STRENGTH)
def test_the_figure_of_lambda_says_what_its_sweep_shows(tmp_path: Path, case: Case) -> None:
    check(case, words(strength.draw(Evidence(case.sweep(tmp_path)))))


@pytest.mark.parametrize("case", DROPOUTS.values(), ids=DROPOUTS)
def test_the_figure_of_another_method_says_what_its_sweep_shows(tmp_path: Path, case: Case) -> None:
    check(case, words(strength.draw_others(Evidence(case.sweep(tmp_path)))[0]))
