"""What a trial's record says of what its job returned."""

from __future__ import annotations

import math
from typing import Any

import pytest

from regsweep.sweeper.job import RecordedTask, TrialRecord, TrialValue

BOTH = {"loss": 1, "size": 2.5}


@pytest.mark.parametrize(
    ("returned", "objectives", "num_objectives", "record"),
    [
        pytest.param(3, [], 1, TrialRecord("complete", [3.0]), id="a number"),
        pytest.param((1, 2.0), [], 2, TrialRecord("complete", [1.0, 2.0]), id="several in their order"),
        pytest.param(BOTH, ["loss", "size"], 2, TrialRecord("complete", [1.0, 2.5], BOTH), id="named"),
        pytest.param(
            BOTH, ["size", "loss"], 2, TrialRecord("complete", [2.5, 1.0], BOTH), id="in the order of the names"
        ),
        pytest.param(TrialValue(7.0, BOTH), [], 1, TrialRecord("complete", [7.0], BOTH), id="a number with others"),
        pytest.param(TrialValue(7.0, BOTH), ["size"], 1, TrialRecord("complete", [2.5], BOTH), id="one of the others"),
        pytest.param(
            {"loss": 0.0, "size": math.inf, "n": math.nan},
            ["loss"],
            1,
            TrialRecord("complete", [0.0], {"loss": 0.0}),
            id="what is not finite is left out",
        ),
        pytest.param(
            TrialValue(math.nan, {"size": 2}, "it diverged"),
            [],
            1,
            TrialRecord("failed", [], {"size": 2.0}, "it diverged"),
            id="the job says why there is none",
        ),
        pytest.param(math.nan, [], 1, TrialRecord("failed", error="the objective is nan"), id="not finite"),
        pytest.param(
            [1.0, math.inf], [], 2, TrialRecord("failed", error="the objective is [1.0, inf]"), id="one not finite"
        ),
        pytest.param(
            {"loss": math.inf},
            ["loss"],
            1,
            TrialRecord("failed", error="the objective is inf"),
            id="the named one not finite",
        ),
        pytest.param(
            1.0, [], 2, TrialRecord("failed", error="the job returned 1 numbers for 2 directions"), id="too few"
        ),
        pytest.param(
            {"loss": 1.0},
            [],
            1,
            TrialRecord("failed", [], {"loss": 1.0}, "the objective is nan"),
            id="named ones that nobody asked for",
        ),
        pytest.param("a", [], 1, TrialRecord("failed", error="the job returned 'a' instead of a number"), id="a text"),
        pytest.param(
            None, [], 1, TrialRecord("failed", error="the job returned None instead of a number"), id="nothing"
        ),
        pytest.param(
            {"loss": "low"},
            ["loss"],
            1,
            TrialRecord("failed", error="the job returned {'loss': 'low'} instead of a number"),
            id="a name without a number",
        ),
    ],
)
def test_what_a_job_returned(returned: Any, objectives: list[str], num_objectives: int, record: TrialRecord) -> None:
    assert RecordedTask(lambda _: None, objectives, num_objectives)._judge(returned) == record


def test_an_objective_that_is_missing_is_named_with_those_there_are() -> None:
    record = RecordedTask(lambda _: None, ["size", "los"], 2)._judge(BOTH)
    assert (record.status, record.missing_objective, record.metrics) == ("failed", "los", BOTH)
    assert record.error is not None
    assert record.error.startswith("the job returned no metric named los; ")
    assert "loss" in record.error
