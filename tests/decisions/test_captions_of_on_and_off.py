"""The words of the figure with and without each method: there where the sweep makes them true, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsweep.report.figures import Evidence, on_and_off
from tests.decisions.captions import TWO, Case, check, pruned, seeded, words
from tests.decisions.traces import LOSS, of

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


@pytest.mark.parametrize("case", ON_AND_OFF.values(), ids=ON_AND_OFF)
def test_the_figure_says_what_its_sweep_shows(tmp_path: Path, case: Case) -> None:
    check(case, words(on_and_off.draw(Evidence(case.sweep(tmp_path)))))
