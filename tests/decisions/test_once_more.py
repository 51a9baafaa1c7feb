"""Which configuration the last command trains once more."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from regsweep.paths import RunPaths, SweepPaths
from regsweep.report.once_more import of_winner, winner
from regsweep.report.sweep import read_sweep
from regsweep.report.terms import Terms
from tests.decisions.confirmable import made as made_sweep
from tests.decisions.confirmable import trial
from tests.decisions.confirmations import Made, confirmed

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
