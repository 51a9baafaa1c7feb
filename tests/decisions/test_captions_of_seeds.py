"""The words of the figure of configurations over their seeds: there where the sweep makes them true, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsweep.report.figures import Evidence, seeds
from tests.decisions.captions import EQUAL_SEEDS, RATE, SEEDED, Case, check, seeded, with_keys, words
from tests.decisions.traces import of

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


@pytest.mark.parametrize("case", SEEDS.values(), ids=SEEDS)
def test_the_figure_says_what_its_sweep_shows(tmp_path: Path, case: Case) -> None:
    check(case, words(seeds.draw(Evidence(case.sweep(tmp_path)))))
