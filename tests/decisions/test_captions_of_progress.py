"""The words of the figure of the best so far: there where the sweep makes them true, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsweep.report.figures import Evidence, progress
from tests.decisions.captions import SEEDED, TWO, Case, check, eight, without, words
from tests.decisions.traces import LOSS, of

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


@pytest.mark.parametrize("case", PROGRESS.values(), ids=PROGRESS)
def test_the_figure_says_what_its_sweep_shows(tmp_path: Path, case: Case) -> None:
    check(case, words(progress.draw(Evidence(case.sweep(tmp_path)))))
