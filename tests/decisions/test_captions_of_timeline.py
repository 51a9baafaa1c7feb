"""The words of the figure of when each trial ran: there where the sweep makes them true, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsweep.report.figures import Evidence, timeline
from tests.decisions.captions import REPEATED, TWO, Case, Trials, check, words
from tests.decisions.traces import of


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


@pytest.mark.parametrize("case", TIMELINE.values(), ids=TIMELINE)
def test_the_figure_says_what_its_sweep_shows(tmp_path: Path, case: Case) -> None:
    check(case, words(timeline.draw(Evidence(case.sweep(tmp_path)))))
