"""The words of the figures of courses and of epochs: there where the sweep makes them true, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsweep.report.figures import Evidence, intermediate_values, results_by_epochs
from tests.decisions.captions import Case, check, course, seeded, without, words
from tests.decisions.traces import LOSS, of

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


@pytest.mark.parametrize("case", COURSES.values(), ids=COURSES)
def test_the_courses_say_what_their_sweep_shows(tmp_path: Path, case: Case) -> None:
    check(case, words(intermediate_values.draw(Evidence(case.sweep(tmp_path)))))


@pytest.mark.parametrize("case", EPOCHS.values(), ids=EPOCHS)
def test_the_results_by_epochs_say_what_their_sweep_shows(tmp_path: Path, case: Case) -> None:
    check(case, words(results_by_epochs.draw(Evidence(case.sweep(tmp_path)))))
