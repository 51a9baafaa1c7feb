"""What ``regsweep check`` decides, as an exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from regsweep.paths import ComparisonPaths, SweepPaths
from regsweep.report.check import check
from tests.conftest import Regsweep
from tests.decisions.confirmable import made as made_sweep
from tests.decisions.confirmable import trial
from tests.decisions.confirmations import Made, confirmed

# Mean 0.4 points; alone the interval is 0.34 to 0.46, of two configurations 0.33 to 0.47.
UP = [0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004]
MORE = [value + 0.01 for value in UP]
DOWN = [-value for value in UP]
WIDE = [0.03, -0.02, 0.03, -0.02, 0.02, -0.01, 0.01, 0.01, 0.0, -0.008]  # −0.93 to 1.77 points
NONE = [0.0] * 10
LOST = [None] * 10


@pytest.mark.parametrize(
    ("made", "by", "code"),
    [
        ([Made("a", UP, UP)], 0.0, 0),
        ([Made("a", UP, UP)], 0.33, 0),
        ([Made("a", UP, UP)], 0.35, 4),  # between the ends
        ([Made("a", UP, UP)], 0.45, 4),
        ([Made("a", UP, UP)], 0.47, 5),
        ([Made("a", MORE, UP)], 0.35, 4),  # the smaller gain counts
        ([Made("a", MORE, UP)], 0.47, 5),
        ([Made("a", MORE, MORE)], 0.47, 0),
        ([Made("a", UP)], 0.0, 4),  # its second baseline is not trained
        ([Made("a", UP, DOWN)], 0.0, 5),  # behind the same network without it
        ([Made("a", DOWN, DOWN)], 0.0, 5),
        ([Made("a", DOWN)], 0.0, 5),
        ([Made("a", NONE)], 0.0, 5),  # never another network
        ([Made("a", WIDE)], 0.0, 4),
        ([Made("a", WIDE)], 2.0, 5),
        ([Made("a", DOWN, DOWN), Made("b", UP, UP)], 0.3, 0),
        ([Made("a", DOWN, DOWN), Made("b", WIDE)], 0.0, 4),
        ([Made("a", UP, UP), Made("b", LOST)], 0.0, 0),
        ([Made("a", DOWN), Made("b", LOST)], 0.0, 5),
        ([Made("a", LOST)], 0.0, 5),
        ([Made("a", UP[:6], UP[:6])], 0.0, 0),  # six seeds on one side: p = 2/64
        ([Made("a", UP[:5], UP[:5])], 0.0, 4),  # five are too few, though the interval leaves out zero
    ],
)
def test_the_exit_code_of_a_confirmation(tmp_path: Path, made: list[Made], by: float, code: int) -> None:
    assert check(confirmed(tmp_path, *made), by / 100)[0] == code


@pytest.mark.parametrize(
    ("made", "typed", "expected"),
    [
        (UP, ["--by", "0.3"], (0, "shown: dropout 0.2, by 0.34 points or more")),
        (UP, [], (0, "shown: dropout 0.2, by 0.34 points or more")),
        (UP, ["--by", "0.4"], (4, "open: whether a contestant gains 0.4 points is not settled")),
        (UP, ["--by", "0.5"], (5, "not there: no contestant gains 0.5 points")),
        (UP, ["--by", "100"], (5, "not there: no contestant gains 100 points")),
        (WIDE, [], (4, "open: whether a contestant gains more than 0 is not settled")),
        (DOWN, ["--by", "0"], (5, "not there: no contestant gains more than 0")),
    ],
)
def test_the_command_prints_its_reason(
    regsweep: Regsweep, tmp_path: Path, made: list[float], typed: list[str], expected: tuple[int, str]
) -> None:
    confirmed(tmp_path / "c", Made("dropout 0.2", made, made))
    done = regsweep("check", "c", *typed)
    assert (done.code, done.out.strip()) == expected


def test_of_what_was_begun_the_next_command_is_named(regsweep: Regsweep, tmp_path: Path) -> None:
    """A contestant without a complete trial has no runs, and does not hide that a seed is complete."""
    made_sweep(tmp_path / "s", [trial(0.5)])
    assert "s: nothing was confirmed here; run regsweep confirm s" in regsweep("check", "s").err
    confirmed(tmp_path / "s", Made("dropout 0.2", UP[:1]), num_planned=3)
    plan = SweepPaths(tmp_path / "s").confirmation.plan
    plan.write_text(json.dumps({**json.loads(plan.read_text()), "lost": {"l2": {"name": "L2", "kind": ["L2"]}}}))
    line = "open: whether a contestant gains more than 0 is not settled; 1 of 3 planned seeds is complete: go on with "
    done = regsweep("check", "s")
    assert (done.code, done.out.strip()) == (4, f"{line}regsweep confirm s")
    record = {"contestants": ["none", "dropout", "l2"], "num_trials": 1}
    ComparisonPaths(tmp_path / "s").record.write_text(json.dumps(record))
    done = regsweep("check", "s")
    assert (done.code, done.out.strip()) == (4, f"{line}regsweep resume s")
    shutil.rmtree(SweepPaths(tmp_path / "s").confirmation.folder)
    done = regsweep("check", "s")
    assert done.code == 2
    assert "s: the comparison has trained nothing on fresh seeds yet; go on with regsweep resume s" in done.err


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (("check", "nowhere"), "nowhere: no such folder"),
        (("check", "empty"), "empty: nothing was confirmed here; run regsweep confirm, or compare"),
        (("check", "empty", "--by", "-1"), "argument --by: -1: must be points or per cent from 0 to 100"),
        (("check", "empty", "--by", "much"), "argument --by: much: must be points or per cent from 0 to 100"),
        (("check", "c", "--by", "100.5"), "--by 100.5: must be points or per cent from 0 to 100, for example 0.5"),
    ],
)
def test_without_a_confirmation_there_is_no_verdict(
    regsweep: Regsweep, tmp_path: Path, typed: tuple[str, ...], expected: str
) -> None:
    (tmp_path / "empty").mkdir()
    confirmed(tmp_path / "c", Made("a", UP, UP))
    done = regsweep(*typed)
    assert (done.code, expected in done.err) == (2, True)
