"""Which trials a figure shows and where: bad ones at the edge, and what another application's keys are taken for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from regsweep.report.figures import Evidence, strength
from regsweep.report.figures.points import Score, fold, thin, thinned
from regsweep.report.figures.regularized import (
    BATCH_NORM,
    DROPOUT,
    PENALTY,
    STRENGTH,
    roles,
    usages,
    without_regularization,
)
from regsweep.report.sweep import Sweep, read_sweep
from tests.decisions.captions import eight
from tests.decisions.handmade import write_sweep
from tests.decisions.traces import LAMBDA, read

UNIT = Score("loss", "loss", 1.0)
NEAR = [10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0, 20.0]


def foreign(folder: Path, *rows: dict[str, Any]) -> Sweep:
    """Return another application's sweep with these keys, whose scores are 0.5, 0.6, ..."""
    trials = [{"overrides": row, "accuracy": 0.5 + n / 10} for n, row in enumerate(rows)]
    return replace(read(folder / "s", trials), is_own=False, regularization={})


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("far", "has_pruned", "height"),
    [
        ([], False, None),
        ([-1.0], False, None),  # the axis would be 1.1 times as long
        ([-500.0], False, 10 - 0.06 * 10),
        ([-500.0, -40.0], False, 10 - 0.06 * 10),
        ([-500.0], True, -20 - 0.06 * 40),  # pruned ones have three times the room below
        ([-19.0], True, None),
    ],
)
def test_what_is_far_worse_stands_just_beyond_the_worst_of_the_others(
    far: list[float], sign: int, height: float | None, *, has_pruned: bool
) -> None:
    values = sign * pd.Series([*far, *NEAR])
    folded = fold(values, UNIT, maximize=sign > 0, has_pruned=has_pruned)
    num_far = len(far) if height is not None else 0
    assert list(folded.is_far) == [True] * num_far + [False] * (len(values) - num_far)
    assert list(folded.y[num_far:]) == list(values[num_far:])
    if height is not None:
        assert list(folded.y[:num_far]) == pytest.approx([sign * height] * num_far)
        assert folded.symbol == f"triangle-{'down' if sign > 0 else 'up'}-open"
        assert folded.edge is not None
        assert folded.edge == pytest.approx(sign * (-20 if has_pruned else 10))
    within = folded.holds(sign * pd.Series([-1000.0, 10.0]))
    assert list(within) == [height is None, True]


def test_among_few_none_is_far() -> None:
    assert not fold(pd.Series([-500.0, *NEAR[:6]]), UNIT, maximize=True).is_far.any()
    assert fold(pd.Series([-500.0, *NEAR[:7]]), UNIT, maximize=True).is_far.any()


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["optim.weight_decay"], {STRENGTH: "optim.weight_decay"}),
        (["train.optim.weight_decay", "net.Dropout"], {STRENGTH: "train.optim.weight_decay", DROPOUT: "net.Dropout"}),
        (["net.use_bn", "reg.penalty"], {BATCH_NORM: "net.use_bn", PENALTY: "reg.penalty"}),
        (["encoder.dropout", "decoder.dropout"], {}),  # which one is meant is anyone's guess
        (["net.dropout", DROPOUT], {DROPOUT: DROPOUT}),
        (["optim.lr", "weight_decay.start"], {}),
    ],
)
def test_a_key_is_what_its_last_part_says(tmp_path: Path, keys: list[str], expected: dict[str, str]) -> None:
    rows = [dict.fromkeys(keys, value) for value in (0.1, 0.2)]
    assert roles(foreign(tmp_path, *rows)) == expected


DECAY, RATE, NORM, NAME = "optim.weight_decay", "net.dropout", "net.batch_norm", "reg.penalty"
ROWS: list[tuple[dict[str, Any], bool]] = [
    ({DECAY: 0.0, RATE: 0.0, NORM: False}, True),
    ({DECAY: 0.1, RATE: 0.0, NORM: False}, False),
    ({DECAY: 0.0, RATE: 0.2, NORM: False}, False),
    ({DECAY: 0.0, RATE: 0.0, NORM: True}, False),
    ({DECAY: 0.0}, True),
    ({RATE: 0.0}, False),  # its weight decay is not known
]
"""Settings, and whether they are known to be without regularization."""


def test_of_keys_a_trial_without_regularization_has_none_in_any(tmp_path: Path) -> None:
    found = without_regularization(foreign(tmp_path, *(row for row, _ in ROWS)))
    assert list(found) == [expected for _, expected in ROWS]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            [row for row, _ in ROWS],
            {
                "penalty": ["off", "on", "off", "off", "off", ""],
                "dropout": ["off", "off", "on", "off", "", "off"],
                "BatchNorm": ["off", "off", "off", "on", "", ""],
            },
        ),
        (
            [{NAME: "l1", DECAY: 0.1}, {NAME: "l2", DECAY: 0.1}, {NAME: "none", DECAY: 0.1}, {NAME: "l1", DECAY: 0.0}],
            {"l1": ["on", "off", "off", "off"], "l2": ["off", "on", "off", "off"]},
        ),
        ([{NAME: "l1"}, {NAME: "none"}], {"l1": ["on", "off"]}),
    ],
)
def test_of_keys_each_method_is_on_off_or_not_known(
    tmp_path: Path, rows: list[dict[str, Any]], expected: dict[str, list[str]]
) -> None:
    found = {usage.title: list(usage.switch) for usage in usages(foreign(tmp_path, *rows))}
    assert found == expected


@pytest.mark.parametrize(
    ("others", "differ"),
    [
        ([{}, {}, {}], False),
        ([{"optimizer.lr": 0.1}, {"optimizer.lr": 0.2}, {"optimizer.lr": 0.1}], True),
        ([{DROPOUT: 0.1}, {DROPOUT: 0.2}, {DROPOUT: 0.1}], True),
    ],
)
def test_a_figure_over_lambda_says_where_trials_differ_in_more(
    tmp_path: Path, others: list[dict[str, Any]], *, differ: bool
) -> None:
    trials = [
        {"overrides": {LAMBDA: 0.1 * (n + 1), **other}, "accuracy": 0.5 + n / 10} for n, other in enumerate(others)
    ]
    caption = strength.draw(Evidence(read(tmp_path / "s", trials))).caption
    assert ("Trials differ in other settings, too." in caption) is differ


def test_where_points_are_thinned_out_their_numbers_are_given_as_far_as_panels_agree(tmp_path: Path) -> None:
    sweep = read_sweep(write_sweep(tmp_path / "s", eight()))
    drawn, note = thin(sweep.trials, {5}, 3)
    assert note == f" {len(drawn)} of 8 points are drawn; the table of trials has all."
    assert thin(sweep.trials, set(), 8)[1] == "", "all are drawn"
    assert thinned([note, note]) == note
    assert thinned([note, ""]) == " Of the points of some panels a part is drawn; the table of trials has all."
    assert thinned(["", ""]) == ""
