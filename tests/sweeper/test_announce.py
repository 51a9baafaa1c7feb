"""A sweep says before its first trial what it minimizes and what it maximizes."""

import io
import logging
import re
from pathlib import Path

import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.study import StudyDirection

from regsweep.sweeper.announce import announce, announce_best, shown_value
from regsweep.sweeper.space import NOT_SET
from tests.sweeper.audit import run_here

LEAST, MOST = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE


@pytest.mark.parametrize(
    ("directions", "objectives", "lines"),
    [
        ([LEAST], [], ["minimizing value (what the job returns)"]),
        ([MOST, LEAST], [], ["maximizing value_0, minimizing value_1 (what the job returns)"]),
        ([LEAST], ["val_loss"], ["minimizing val_loss"]),
        ([MOST], ["accuracy"], ["maximizing accuracy"]),
        ([LEAST], ["accuracy"], ["! minimizing accuracy: set hydra.sweeper.direction=maximize to maximize it"]),
        ([MOST], ["val_loss"], ["! maximizing val_loss: set hydra.sweeper.direction=minimize to minimize it"]),
        ([LEAST, LEAST], ["loss", "size"], ["minimizing loss", "minimizing size"]),
        (
            [LEAST, MOST],
            ["size", "loss"],
            [
                "minimizing size",
                "! maximizing loss: set hydra.sweeper.direction=[minimize,minimize] to minimize it",
            ],
        ),
    ],
)
def test_each_direction_is_logged_and_a_doubtful_one_is_a_warning(
    caplog: pytest.LogCaptureFixture, directions: list[StudyDirection], objectives: list[str], lines: list[str]
) -> None:
    caplog.set_level(logging.INFO, logger="hydra_plugins.regsweep")  # an earlier sweep may have silenced it
    announce(directions, objectives)
    marks = {"INFO": "", "WARNING": "! "}
    assert [marks[record.levelname] + record.message for record in caplog.records] == lines


def test_what_the_best_trial_s_branch_does_not_have_is_not_named(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="hydra_plugins.regsweep")
    study, params = optuna.create_study(), {"optimizer": "adam", "optimizer.momentum": NOT_SET}
    choices: dict[str, BaseDistribution] = {name: CategoricalDistribution([value]) for name, value in params.items()}
    study.add_trial(optuna.trial.create_trial(params=params, distributions=choices, value=0.5))
    announce_best(study, study.best_trial)
    assert caplog.messages[-1] == "best: trial 0, 0.5, optimizer=adam"


def test_it_comes_before_the_first_trial(tmp_path: Path) -> None:
    fails = ("hydra.sweeper.params=null", "x=choice(1.0)", "fail=true", "hydra.sweeper.n_trials=1")
    _, printed = run_here(tmp_path, "hydra.sweeper.objectives=[size]", *fails)
    warning = "minimizing size: set hydra.sweeper.direction=maximize to maximize it"
    assert -1 < printed.find(warning) < printed.index("x is above 0"), printed


class Terminal(io.StringIO):
    """What is printed counts as shown on a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_best_stands_on_a_line_of_its_own_below_what_the_terminal_showed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(io, "StringIO", Terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    arguments = ("hydra.sweeper.n_trials=4", "hydra.sweeper.params=null", "x=interval(0.5,1.5)")
    pool = ("hydra/launcher=pool", "hydra.launcher.workers=1")
    _, printed = run_here(tmp_path, *arguments, *pool)
    lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).strip() for line in printed.splitlines()]
    logged = [line for line in lines if "best: trial" in line]
    assert len(logged) == 1, printed
    found = re.fullmatch(r"\[[^]]*\]\[HYDRA\] best: trial (\d+), (\S+), x=(\S+)", logged[0])
    assert found is not None, "nothing stands before it"
    assert len(found[3]) <= len("0.0012"), "with so many digits as a person writes"
    before = [line for line in lines if line.startswith("best     trial")]
    assert before[-1].split()[:4] == ["best", "trial", found[1], found[2]], "the last state of the terminal agrees"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0029935300069243113, "0.00299"),
        ("0.9141687898722635", "0.914"),
        (1024.0, "1024"),
        (7, "7"),
        ("l1", "l1"),
        ("1.2.3", "1.2.3"),
        (True, "True"),
    ],
)
def test_a_value_is_shown_as_a_person_writes_it(value: object, shown: str) -> None:
    assert shown_value(value) == shown
