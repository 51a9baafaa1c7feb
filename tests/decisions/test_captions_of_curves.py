"""The words of the learning curves: there where the sweep makes them true, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsweep.report.figures import Evidence, curves
from regsweep.report.sweep import Sweep
from tests.decisions.captions import (
    FAILED,
    WITHOUT_SCORE,
    Case,
    Change,
    check,
    course,
    seeded,
    two_objectives,
    words,
)

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


@pytest.mark.parametrize("case", CURVES.values(), ids=CURVES)
def test_the_figure_says_what_its_sweep_shows(tmp_path: Path, case: Case) -> None:
    check(case, words(curves.draw(Evidence(case.sweep(tmp_path)))))
