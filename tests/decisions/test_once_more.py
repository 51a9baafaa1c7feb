"""Which configuration the last command trains once more, and what that command is."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from regsweep.paths import RunPaths, SweepPaths
from regsweep.report.once_more import of_winner, winner
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.terms import Terms
from tests.decisions.confirmable import made as made_sweep
from tests.decisions.confirmable import trial
from tests.decisions.confirmations import Made, confirmed
from tests.decisions.handmade import dumped

UP = [0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004]
MORE = [value + 0.01 for value in UP]
DOWN = [-value for value in UP]


@pytest.mark.parametrize(
    ("made", "name"),
    [
        ([Made("a", UP, UP), Made("b", MORE, MORE)], "b"),
        ([Made("a", MORE, MORE), Made("b", UP, UP)], "a"),
        ([Made("a", MORE), Made("b", UP, UP)], "b"),  # the larger difference is not shown against both
        ([Made("a", MORE, DOWN), Made("b", DOWN, DOWN)], "no regularization (tuned)"),
        ([Made("a", [None] * 10), Made("b", UP, UP)], "b"),
    ],
)
def test_the_largest_gain_that_is_shown_wins(tmp_path: Path, made: list[Made], name: str) -> None:
    assert winner(confirmed(tmp_path, *made)).name == name


DROPOUT = {"title": "dropout", "description": "dropout 0.5", "settings": {"p": 0.5, "scope": None, "spatial": True}}
SHRINK = {"title": "shrinking", "description": "shrinking 0.3", "settings": {"rate": 0.3}}
OWN = "++regularizer.shrink={_target_: mine.Shrink, use: true, rate: 0.3}"
PRESET = (
    "'regularizer=[dropout]' regularizer.dropout.p=0.5 regularizer.dropout.scope=null regularizer.dropout.spatial=true"
)


def command_of(
    folder: Path,
    lines: Sequence[str],
    record: dict[str, Any],
    command: dict[str, Any],
    *,
    terms: Terms | None = None,
    first: float | None = 0.004,
) -> str | None:
    """Return the command for a winner whose first complete run left these overrides and this record."""
    found = confirmed(folder, Made("a", [first, *UP[1:]], [first, *UP[1:]]))
    for number in (1, 3):
        run = RunPaths(SweepPaths(folder).confirmation.seeds / str(number))
        if first is None or number == 1:
            run.overrides.write_text(dumped([*lines]))
            run.result.write_text(json.dumps({**json.loads(run.result.read_text()), **record}))
    SweepPaths(folder).command.write_text(json.dumps({"arguments": [], "working_folder": "", **command}))
    return of_winner(Sweep(folder, pd.DataFrame(), []), replace(found, terms=terms or found.terms))


@pytest.mark.parametrize(
    ("lines", "record", "arguments", "expected"),
    [
        pytest.param(
            ["seed=4", "regularizer=none", "regularizer.dropout={use: true, p: 0.1}", "+model.x=1", "~model.y"],
            {"methods": {"dropout": DROPOUT}},
            ["-m", "seed=1,2"],
            f"{PRESET} seed=4 +model.x=1 '~model.y'",
            id="its record decides, and not what was typed",
        ),
        pytest.param(
            ["sweep=x", "trainer.test=true", "+trainer.save_weights=false", "device.threads=1", "optimizer.lr=0.1"],
            {"methods": {}},
            [],
            "regularizer=none optimizer.lr=0.1",
            id="keys of a sweep's trial are left out",
        ),
        pytest.param(
            ["regularizer.batch_norm=False", "regularizer.l2=null"],
            {"methods": {}, "machine": {"device": "cpu", "threads": 2}},
            [],
            "regularizer=none regularizer.batch_norm=False device.threads=2",
            id="BatchNorm stays out, on as many threads",
        ),
        pytest.param(
            ["regularizer.dropout=false", "regularizer.l2=null"],
            {"methods": {}},
            [],
            "regularizer=none regularizer.dropout=false",
            id="so does dropout of the network's own",
        ),
        pytest.param(
            [OWN, "seed=4"],
            {"methods": {"dropout": DROPOUT, "shrink": SHRINK}, "machine": {"device": "cuda", "threads": 2}},
            ["-m", "--config-dir", "my own"],
            f"--config-dir 'my own' {PRESET} '{OWN}' seed=4",
            id="a method of the user's own, with its folder",
        ),
    ],
)
def test_the_command_of_the_winner(
    tmp_path: Path, lines: list[str], record: dict[str, Any], arguments: list[str], expected: str
) -> None:
    assert command_of(tmp_path, lines, record, {"arguments": arguments}) == f"regsweep {expected}"


def test_a_run_that_diverged_is_not_repeated(tmp_path: Path) -> None:
    command = command_of(tmp_path / "a", ["seed=5"], {"methods": {}}, {}, first=None)
    assert command == "regsweep regularizer=none seed=5"


def test_without_a_record_there_is_no_command(tmp_path: Path) -> None:
    assert command_of(tmp_path, ["seed=4"], {"methods": 3}, {}) is None


PROGRAM = {"interpreter": "python3", "program": ["my app.py"], "working_folder": "/a b"}
TERMS = Terms({"noise": "0"}, "run.seed", "value", is_own=False)


@pytest.mark.parametrize(
    ("lines", "command", "expected"),
    [
        (
            ["run.seed=4", "+noise=0.1"],
            {**PROGRAM, "arguments": ["--multirun", "-m", "noise=0,0.1", "--config-name", "c", "-cd=d"]},
            "cd '/a b' && python3 'my app.py' --config-name c -cd=d run.seed=4 +noise=0.1",
        ),
        (["run.seed=4"], {"arguments": ["-m"]}, None),
        ([], {**PROGRAM, "arguments": ["-m"]}, None),
    ],
)
def test_the_command_of_another_application(
    tmp_path: Path, lines: list[str], command: dict[str, Any], expected: str | None
) -> None:
    assert command_of(tmp_path, lines, {}, command, terms=TERMS) == expected


SEARCHPATH = "hydra.searchpath=[file://my conf]"
OF_APPLICATION = {"program": ["app.py"], "interpreter": "python"}


@pytest.mark.parametrize(
    ("arguments", "program", "words"),
    [
        pytest.param(
            ["-m", SEARCHPATH, "model=mine", "seed=0,1"],
            {},
            ["regsweep", SEARCHPATH, "regularizer=none", "model=mine", "seed=4"],
            id="a search path",
        ),
        pytest.param(
            ["--config-dir", "conf", "-m", "seed=0,1"],
            {},
            ["regsweep", "--config-dir", "conf", "regularizer=none", "model=mine", "seed=4"],
            id="a flag",
        ),
        pytest.param(
            ["-m", "-cn", "other", SEARCHPATH, "hydra.job.chdir=true", "hydra.sweep.dir=s", "lr=1,2"],
            OF_APPLICATION,
            ["python", "app.py", "-cn", "other", SEARCHPATH, "hydra.job.chdir=true", "model=mine", "seed=4"],
            id="another application",
        ),
    ],
)
@pytest.mark.parametrize("is_here", [True, False])
def test_the_command_finds_what_the_sweep_found(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    program: dict[str, Any],
    words: list[str],
    *,
    is_here: bool,
) -> None:
    place = tmp_path / "my place"
    place.mkdir()
    sweep = made_sweep(place / "s", [trial(0.5), trial(0.9, l2=0.1)])
    found = confirmed(sweep.folder, Made("L2", UP, UP))
    command = {"arguments": arguments, "working_folder": str(place), "import_path": [], **program}
    SweepPaths(sweep.folder).command.write_text(json.dumps(command))
    run = RunPaths(SweepPaths(sweep.folder).confirmation.seeds / "1")
    run.overrides.write_text("[model=mine, seed=4]")
    monkeypatch.chdir(place if is_here else tmp_path)
    terms = Terms(baseline={"noise": "0"}, is_own=False) if program else Terms()
    typed = of_winner(read_sweep(sweep.folder), replace(found, terms=terms))
    assert typed is not None
    go_there = f"cd {shlex.quote(str(place))} && "
    # Another application's page may be read anywhere, so the folder is always named.
    assert typed.startswith(go_there) == (not is_here or bool(program))
    assert shlex.split(typed.removeprefix(go_there)) == words
