"""A sweep says before its first trial what it minimizes and what it maximizes."""

import logging
from pathlib import Path

import pytest
from optuna.study import StudyDirection

from regsweep.sweeper.announce import announce
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


def test_it_comes_before_the_first_trial(tmp_path: Path) -> None:
    fails = ("hydra.sweeper.params=null", "x=choice(1.0)", "fail=true", "hydra.sweeper.n_trials=1")
    _, printed = run_here(tmp_path, "hydra.sweeper.objectives=[size]", *fails)
    warning = "minimizing size: set hydra.sweeper.direction=maximize to maximize it"
    assert -1 < printed.find(warning) < printed.index("x is above 0"), printed
