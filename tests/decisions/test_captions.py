"""What figures say follows from the data: each sentence on a sweep where it is true, and on one where it would not be.

Figures' words are their title, their caption or why they are missing, the names in their legends (in brackets), the
titles of their axes and the words drawn in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regsweep.report.figures import (
    Drawing,
    Evidence,
    curves,
    front,
    heatmap,
    importance,
    intermediate_values,
    on_and_off,
    points,
    progress,
    results_by_epochs,
    seeds,
    slices,
    strength,
    timeline,
    weights,
)
from regsweep.report.sweep import Sweep, read_sweep
from tests.decisions.handmade import write_sweep
from tests.decisions.traces import BATCH_NORM, DROPOUT, LOSS, of, pooled_grid

Trials = list[dict[str, Any]]
Change = Callable[[Sweep], Sweep]
RATE = "optimizer.lr"


def words(drawing: Drawing) -> str:
    """Return all that is written in a figure and about it, a line each."""
    found = [drawing.title, drawing.caption or drawing.missing or ""]
    if drawing.figure is not None:
        layout = drawing.figure.layout
        found += [f"[{trace.name}]" for trace in drawing.figure.data if trace.showlegend is not False and trace.name]
        found += [axis.title.text or "" for axis in (*drawing.figure.select_xaxes(), *drawing.figure.select_yaxes())]
        found += [each.text for each in layout.annotations]
    return "\n".join(found)


def of_others(strength: float, accuracy: float | None = 0.6, **columns: Any) -> dict[str, Any]:
    """Return a trial of a search, whose learning rate was drawn."""
    return with_keys(of(strength, accuracy=accuracy, **columns), **{RATE: 0.0123456 * (1 + 7 * strength)})


def with_keys(trial: Mapping[str, Any], **overrides: Any) -> dict[str, Any]:
    return {**trial, "overrides": {**trial["overrides"], **overrides}}


def of_keys(accuracy: float | None, overrides: Mapping[str, Any], **columns: Any) -> dict[str, Any]:
    return {"overrides": dict(overrides), "accuracy": accuracy, **columns}


def seeded(trial: Mapping[str, Any], seed: int) -> dict[str, Any]:
    return {**with_keys(trial, seed=seed), "seed": seed}


def foreign(sweep: Sweep) -> Sweep:
    """Return a sweep as if another application had made it."""
    return replace(sweep, is_own=False, regularization={})


def two_objectives(sweep: Sweep) -> Sweep:
    return replace(sweep, objectives={"validation_accuracy": True, "sparsity": True})


def without(column: str, *places: int) -> Change:
    """Return what takes a column's values from the records."""

    def change(sweep: Sweep) -> Sweep:
        trials = sweep.trials.copy()
        trials.loc[list(places) or trials.index, column] = np.nan
        return replace(sweep, trials=trials)

    return change


@dataclass(frozen=True)
class Case:
    """A sweep, and what is and what is not said of it."""

    trials: Trials
    has: Sequence[str] = ()
    lacks: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[Change] = ()

    def sweep(self, folder: Path) -> Sweep:
        sweep = read_sweep(write_sweep(folder / "s", self.trials), **self.options)
        for change in self.changes:
            sweep = change(sweep)
        return sweep


def check(case: Case, said: str) -> None:
    for text in case.has:
        assert text in said
    for text in case.lacks:
        assert text not in said


def eight(low: float = 0.80) -> Trials:
    """Return eight trials of 0.80 to 0.87."""
    return [of(0.001 * (n + 1), accuracy=low + 0.01 * n, loss=low + 0.01 * n) for n in range(8)]


def pruned(strength: float, value: float | None, epochs: int = 2, **columns: Any) -> dict[str, Any]:
    return of(strength, accuracy=value, loss=value, status="pruned", history=[value or 0.1] * epochs, **columns)


TWO = [of(0.1, accuracy=0.5), of(0.2, accuracy=0.6)]
TIED = [of(0.1, accuracy=0.6), of(0.2, accuracy=0.6)]
FAILED = [of(0.1, status="failed", error="no"), of(0.2, status="failed", error="no")]
WITHOUT_SCORE = [of(0.1, accuracy=None), of(0.2, accuracy=None)]
L1_AND_L2 = [
    of_keys(0.5, {"regularizer.l1": 0.1}),
    of_keys(0.6, {"regularizer.l1": 0.2}),
    of_keys(0.9, {"regularizer.l1": 0.1, "regularizer.l2": 0.1}),
]
SEEDED = [seeded(of(a, accuracy=0.5 + a + 0.01 * s), s) for a in (0.1, 0.2) for s in (0, 1)]
EQUAL_SEEDS = [seeded(of(a, accuracy=0.5 + a), s) for a in (0.1, 0.2) for s in (0, 1)]
REPEATED = {"overrides": of(0.1)["overrides"], "accuracy": 0.5, "duplicate_of": 0}
WEIGHT_DECAY = [of_keys(0.5 + x, {"optim.weight_decay": x, "net.dropout": d}) for x in (0.01, 0.02) for d in (0.1, 0.2)]

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

DIFFER = "sides differ in other settings, too: a difference between the medians need not be the method's doing."
ON_AND_OFF = {
    "pairs of all": Case(
        [of(a, accuracy=0.5 + a, norm=n) for a in (0.1, 0.2) for n in (False, True)],
        ["Each point is a complete trial, without the method on the left and with it on the right.",
         "A line joins the means of trials that agree in everything but the method.", "[worse or equal]"],
        ["differ", "No two", "beyond", "[a pair that is better with it]"],
    ),
    "no pair": Case(
        [of(0.1, accuracy=0.5), of(0.2, accuracy=0.6, norm=True)], [f"Trials of the two {DIFFER}"], ["line", "No two"]
    ),
    "pairs of one method alone": Case(
        [of(0.1, norm=True), of(0.1), of(0.2, 0.5), of(0.3, 0.5)],
        ["A line joins", "No two agree in all else in the panel of dropout.", DIFFER],
    ),
    "every pair has an end beyond the edge": Case(
        [of(0.1 * n, accuracy=0.8 + 0.01 * n) for n in range(1, 9)] + [of(0.1, norm=True, accuracy=0.1)],
        ["1 pair with an end beyond the edge counted, but not joined by a line."],
        ["A line joins"],
    ),
    "seeds": Case(
        [seeded(of(norm=n, accuracy=0.5 + 0.1 * n + 0.01 * s), s) for n in (False, True) for s in (0, 1)],
        ["Each large point is a configuration's mean over its seeds, each small one a seed, without the method on",
         "joins the means of configurations that agree"],
        ["complete trial"],
    ),
    "none is complete": Case(
        [pruned(0.0, 0.5), pruned(0.1, 0.4)], ["No complete trial stands here. 2 pruned trials"], ["point", "differ"]
    ),
    "equal but for rounding": Case(
        [of(norm=True, accuracy=0.1 + 0.2), of(accuracy=0.3)], ["BatchNorm<br>1 pair: 0 better"], ["better with it"]
    ),
    "no method": Case(TWO, ["no method is known to be on in some complete trials and off in others"], ["pruned"]),
    "no method, and pruned ones": Case([*TWO, pruned(0.3, 0.4)], ["in some complete or pruned trials"]),
    "a loss": Case(TWO, ["Validation loss with and without each method"], ["Accuracy"], LOSS),
}  # fmt: skip


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

PROGRESS = {
    "two trials": Case(
        TWO,
        ["The best so far, over trials and over seconds", "the line is their best validation accuracy until then.",
         "\nseconds since the first trial began\n"],
        ["one seed", "Not drawn", "The line begins", "sweep began", "mean"],
    ),
    "a loss": Case(TWO, ["the line is their best validation loss until then."], ["accuracy"], LOSS),
    "seeds": Case(
        SEEDED,
        ["one seed of a configuration; the line is the best mean validation accuracy until then of the configurations "
         "of which every complete seed had ended.", "[best mean so far]"],
        ["[best so far]"],
    ),
    "no seconds": Case(
        TWO,
        ["The best so far, over trials\n", " Not drawn over seconds: 2 complete trials without any on record."],
        ["\nseconds"],
        changes=[without("total_seconds"), without("ended")],
    ),
    "one without seconds": Case(
        TWO,
        [" Not drawn over seconds: 1 complete trial without any on record."],
        changes=[without("total_seconds", 1), without("ended")],
    ),
    "the first one's seconds are lost": Case(
        TWO, ["\nseconds since the first trial ended\n"], ["began"], changes=[without("total_seconds")]
    ),
    "the best is far below at first": Case(
        [of(0.5, accuracy=0.1), *eight()], [" The line begins where the best is within the axis."]
    ),
    "one trial": Case(TWO[:1], ["The best so far\n1 complete trial: there is no course to show"], ["seconds"]),
}  # fmt: skip


def course(*values: float, strength: float = 0.1, **columns: Any) -> dict[str, Any]:
    return of(strength, accuracy=values[-1], history=[*values], **columns)


COURSES = {
    "one pruned": Case(
        [course(0.4, 0.5), course(0.4, 0.6), course(0.2, status="pruned")],
        ["Each line is a trial: 2 complete trials, and 1 pruned one.", "A cross marks where the pruned one was given "
         "up, after epoch 1.", "[best: trial 1]", "[given up here]"],
        ["Crosses", "no course", "the best 2"],
    ),
    "two pruned": Case(
        [course(0.4, 0.5), course(0.2, status="pruned"), course(0.2, 0.3, status="pruned")],
        ["Crosses mark where pruned ones were given up, after epochs 1 to 2.", "1 complete trial, and 2 pruned ones."],
    ),
    "none pruned": Case([course(0.4, 0.5), course(0.4, 0.6)], ["2 complete trials."], ["ross", "pruned"]),
    "another objective": Case(
        [course(0.4, 0.5, sparsity=0.9), course(0.4, 0.6)],
        ["[best in sparsity: trial 0]", "\nvalidation accuracy (%)"],
        ["[best: "],
        {"objective": "sparsity"},
    ),
    "two are the best": Case([course(0.4, 0.5), course(0.4, 0.5)], ["[first of the 2 best: trial 0]"]),
    "seeds": Case([seeded(course(0.4, 0.5 + 0.1 * s), s) for s in (0, 1)], ["[best: 2 seeds]"]),
    "one trial": Case([course(0.4)], ["fewer than two trials"], ["learning curves"]),
    "one epoch": Case(
        [course(0.4), course(0.5)],
        ["validation accuracy: no complete trial has a history.csv with it for two epochs"],
        ["pruned"],
    ),
}  # fmt: skip

EPOCHS = {
    "one stopped early": Case(
        [course(0.4, 0.5), course(0.5), of(status="failed", error="no")],
        ["Of 2 trials 1 ended before 2 epochs, the most that one of them trained: 1 complete."],
        ["Strokes", "median", "pruned", "left out"],
    ),
    "three stopped early": Case(
        [course(0.4, 0.5), *(course(0.5) for _ in range(3))],
        ["Strokes: medians of 3 or more trials.", "[median, complete]"],
    ),
    "one without epochs": Case(
        [course(0.4, 0.5), course(0.5), course(0.6)],
        ["Of 2 trials", " 1 complete trial without its number of epochs on record left out."],
        changes=[without("epochs", 2)],
    ),
    "all the same": Case(
        [course(0.4), course(0.5)], ["the number of epochs trained is the same in all complete trials"], ["on record"]
    ),
    "all the same that have it": Case(
        [course(0.4), course(0.5)],
        ["the same in all complete trials that have it on record"],
        changes=[without("epochs", 1)],
    ),
    "none has it": Case([course(0.4), course(0.5)], ["is not on record"], changes=[without("epochs")]),
    "a loss": Case([course(0.4), course(0.5)], ["Validation loss by the number"], ["Accuracy"], LOSS),
}

BARE, BETTER = course(0.4, 0.5, strength=0.0), course(0.4, 0.6)


def lost(number: int) -> Change:
    """Return what takes a trial's history from its folder."""

    def change(sweep: Sweep) -> Sweep:
        (sweep.folder / str(number) / "history.csv").unlink()
        return sweep

    return change


CURVES = {
    "the best and the best without": Case(
        [BARE, BETTER],
        ["Accuracy after each epoch, in evaluation mode; the shaded band is the gap", "best: trial 1<br>gap in the end "
         "30.0 points", "without regularization: trial 0"],
        ["No ", "Thick", "this run"],
    ),
    "none is without": Case([BETTER, course(0.4, 0.5)], [" No complete trial is known to have no regularization."]),
    "the best is without": Case([course(0.4, 0.9, strength=0.0), BETTER], ["best, without regularization"], ["known"]),
    "the history of the one without is lost": Case(
        [BARE, BETTER],
        [" No history.csv of two or more epochs is on record of this one: without regularization: trial 0."],
        ["known", "has no regularization"],
        changes=[lost(0)],
    ),
    "the best's history is lost": Case(
        [BARE, BETTER],
        [" No history.csv of two or more epochs is on record of this one: best: trial 1."],
        ["has no regularization"],
        changes=[lost(1)],
    ),
    "both are lost": Case(
        [BARE, BETTER],
        ["no history.csv of the best, or of the best without regularization, with the accuracies of two or more"],
        changes=[lost(0), lost(1)],
    ),
    "two are the best": Case([BETTER, BETTER], ["first of the 2 best: trial 0"]),
    "two objectives": Case([BARE, BETTER], ["best in validation accuracy: trial 1"], changes=[two_objectives]),
    "seeds": Case(
        [seeded(course(0.4, 0.5 + 0.1 * s), s) for s in (0, 1)],
        ["Thick lines are means over the seeds, thin ones single seeds.", "No configuration is known to have no"],
    ),
    "one trial": Case([BETTER], ["this run<br>"], ["No ", "best"]),
    "validation above training": Case([course(0.4, 0.95)], ["gap in the end −5.0 points"], ["-5.0"]),
    "none is complete": Case(FAILED, ["no trial is complete"]),
    "none has a score": Case(WITHOUT_SCORE, ["no complete trial has a validation accuracy"], ["is complete"]),
}  # fmt: skip

LAYER = {"low": -1.0, "high": 1.0, "counts": [1, 2, 3, 4], "zeros": 0}
SPARSE = {**LAYER, "zeros": 30}
FOLLOW = "At one λ the share of exact zeros also follows momentum, learning rate and epochs."


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
    "zeros without a penalty": Case([weighed(0.0, 0.5, SPARSE)], ["75.0% exact zeros"], ["λ"]),
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
         "not joined by its line: the configuration of trial 16 (10.00 %, 90.0% zeros)."],
        ["trial below"],
    ),
    "a pruned one is better": Case(
        [of(accuracy=0.5, sparsity=0.2), of(accuracy=0.4), pruned(0.0, 0.9, sparsity=0.9)],
        ["On the front: no other of these", "[on the front]", "1 pruned trial: a cross"],
    ),
    "a loss": Case(TWO, ["Validation loss against exact zeros"], ["Accuracy"], LOSS),
    "one trial": Case([of(0.1, sparsity=0.1)], ["one complete trial is not a front"]),
}  # fmt: skip


def ran(*spans: tuple[float, float, str]) -> Trials:
    return [of(0.1 * n, seconds=e - s, ended=1e9 + e, status=how) for n, (s, e, how) in enumerate(spans, start=1)]


TIMELINE = {
    "one at a time": Case(
        ran((0, 4, "complete"), (4, 8, "complete")),
        ["Of 2 trials one ran at a time, over 8.0 s. In 0 % of the time none did."],
        ["Each stands", "The longest", "workers'", "again", "[failed", "[pruned]"],
    ),
    "two at once": Case(
        ran((0, 4, "complete"), (0, 8, "diverged")),
        ["at most 2 ran at once", "Each stands on the first row that was free; which worker ran it is not on record.",
         "In 25 % of the workers' time none did.", "[diverged]"],
        ["failed"],
    ),
    "a pause": Case(
        ran((0, 4, "complete"), (8, 12, "failed")), ["The longest time in which none ran was 4.0 s.", "[failed]"],
        ["diverged", "Nothing ran"],
    ),
    "hardly any ran": Case(
        ran((0, 1, "complete"), (999, 1000, "complete")), ["In more than 99 % of the time none did."], ["100 %"]
    ),
    "an interrupted one": Case(
        [*ran((0, 4, "complete"), (8, 12, "complete")), of(status="interrupted")],
        ["Of 2 trials one ran", " 1 trial without times on record left out."],
        ["Nothing ran"],
    ),
    "a repeated one": Case([*TWO, REPEATED], [" 1 trial repeated an earlier one and did not run."], ["left out"]),
    "one trial": Case(TWO[:1], ["start and end of 1 trial on record: two are needed"]),
}  # fmt: skip

SEEDS = {
    "two seeds each": Case(
        SEEDED,
        ["Each large point is a configuration's mean over its seeds with its 95 % t interval, each small one a seed."],
        ["none where", "grey line", "left out", "more", "edge"],
    ),
    "one with a single seed": Case(
        [*SEEDED, seeded(of(0.3, accuracy=0.5), 0)], ["interval (none where there is one seed, or all are equal), each"]
    ),
    "equal seeds": Case(EQUAL_SEEDS, ["mean over its seeds, each small"], ["interval"]),
    "one without regularization": Case(
        [*SEEDED, *(seeded(of(accuracy=0.5 + 0.1 * s), s) for s in (0, 1))],
        ["The grey line is the mean without regularization."],
    ),
    "one without regularization, that failed": Case(
        [*SEEDED, seeded(of(status="failed", error="no"), 0)],
        [" 1 configuration without a complete seed left out."],
        ["grey line"],
    ),
    "one without regularization, far below": Case(
        [seeded(of(0.01 * n, accuracy=0.8 + 0.01 * n if n else 0.1), s) for n in range(9) for s in (0, 1)],
        [" 1 configuration below 81.00 %: an open triangle at the left edge. Seeds and interval are not drawn there."],
        ["grey line"],
    ),
    "two without regularization": Case(
        [seeded(with_keys(of(accuracy=0.5 + a), **{RATE: a}), s) for a in (0.1, 0.2) for s in (0, 1)],
        lacks=["grey line"],
    ),
    "many": Case(
        [seeded(of(0.01 * n, accuracy=0.5), s) for n in range(1, 43) for s in (0, 1)],
        [" 2 more configurations not drawn."],
    ),
    "none is complete": Case([seeded(of(status="failed", error="no"), s) for s in (0, 1)], ["no trial is complete"]),
}  # fmt: skip

FIGURES: dict[str, tuple[Callable[[Evidence], Drawing], Mapping[str, Case]]] = {
    "strength": (strength.draw, STRENGTH),
    "dropout": (lambda evidence: strength.draw_others(evidence)[0], DROPOUTS),
    "heatmap": (heatmap.draw, MAP),
    "on and off": (on_and_off.draw, ON_AND_OFF),
    "importance": (importance.draw, IMPORTANCE),
    "slices": (slices.draw, SLICES),
    "progress": (progress.draw, PROGRESS),
    "courses": (intermediate_values.draw, COURSES),
    "epochs": (results_by_epochs.draw, EPOCHS),
    "curves": (curves.draw, CURVES),
    "histogram": (weights.draw_histogram, HISTOGRAM),
    "zeros": (weights.draw_zeros, ZEROS),
    "front": (front.draw, FRONT),
    "timeline": (timeline.draw, TIMELINE),
    "seeds": (seeds.draw, SEEDS),
}
ALL = [
    pytest.param(draw, case, id=f"{figure}: {name}")
    for figure, (draw, cases) in FIGURES.items()
    for name, case in cases.items()
]


@pytest.mark.parametrize(("draw", "case"), ALL)
def test_a_figure_says_what_its_sweep_shows(tmp_path: Path, draw: Callable[[Evidence], Drawing], case: Case) -> None:
    check(case, words(draw(Evidence(case.sweep(tmp_path)))))


def test_where_points_are_thinned_out_their_numbers_are_given_as_far_as_panels_agree(tmp_path: Path) -> None:
    sweep = read_sweep(write_sweep(tmp_path / "s", eight()))
    drawn, note = points.thin(sweep.trials, {5}, 3)
    assert note == f" {len(drawn)} of 8 points are drawn; the table of trials has all."
    assert points.thin(sweep.trials, set(), 8)[1] == "", "all are drawn"
    assert points.thinned([note, note]) == note
    assert points.thinned([note, ""]) == " Of the points of some panels a part is drawn; the table of trials has all."
    assert points.thinned(["", ""]) == ""
