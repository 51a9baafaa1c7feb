"""What tests of captions share: a sweep with what is and what is not said of it, and how to read a figure's words.

Figures' words are their title, their caption or why they are missing, the names in their legends (in brackets), the
titles of their axes and the words drawn in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from regsweep.report.figures import Drawing
from regsweep.report.sweep import Sweep, read_sweep
from tests.decisions.handmade import write_sweep
from tests.decisions.traces import of

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


def course(*values: float, strength: float = 0.1, **columns: Any) -> dict[str, Any]:
    return of(strength, accuracy=values[-1], history=[*values], **columns)


FOLLOW = "At one λ the share of exact zeros also follows momentum, learning rate and epochs."
