"""What a trial's record says of how its job ended."""

from __future__ import annotations

import math
import pickle
import time
from pathlib import Path
from typing import Any

import pytest
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from regsweep.errors import Pruned, RecordError
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
            TrialValue(1.0, {"n": 3}),
            [],
            2,
            TrialRecord("failed", [], {"n": 3.0}, "the job returned 1 numbers for 2 directions"),
            id="too few, with others",
        ),
        pytest.param(
            3.0,
            ["loss"],
            1,
            TrialRecord(
                "failed",
                error="the job returned no metric named loss; return a dictionary, or TrialValue(number, metrics)",
                missing_objective="loss",
            ),
            id="no names at all",
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


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the job that Hydra says is running."""
    folder = tmp_path / "3"
    folder.mkdir()
    says = {"runtime": {"output_dir": str(folder)}, "output_subdir": None, "job": {"num": 3}}
    monkeypatch.setattr(HydraConfig.instance(), "cfg", OmegaConf.create({"hydra": says}))
    return folder


def run(task: Any) -> Any:
    return RecordedTask(task, [], 1)(OmegaConf.create({"x": 1}))


def raising(error: BaseException) -> Any:
    def task(_: DictConfig) -> float:
        raise error

    return task


@pytest.mark.parametrize(
    ("task", "record"),
    [
        (lambda cfg: cfg.x + 1, TrialRecord("complete", [2.0])),
        (raising(Pruned("pruned at step 2")), TrialRecord("pruned", error="pruned at step 2")),
        (raising(SystemExit(2)), TrialRecord("failed", error="the job called sys.exit(2)")),
        (raising(SystemExit()), TrialRecord("failed", error="the job called sys.exit(None)")),
        (raising(ValueError("one\ntwo")), TrialRecord("failed", error="ValueError: one two")),
    ],
)
def test_the_end_of_a_job_is_recorded_with_its_seconds(trial: Path, task: Any, record: TrialRecord) -> None:
    began = time.perf_counter()

    def slow(cfg: DictConfig) -> Any:
        time.sleep(0.01)
        return task(cfg)

    assert run(slow) == (2 if record.status == "complete" else None)
    found = TrialRecord.read(trial, 1)
    assert found is not None
    assert 0.01 <= found.seconds <= time.perf_counter() - began
    assert TrialRecord(**{**vars(found), "seconds": 0.0}) == record
    assert not list(trial.glob(".*")), "it is owned no longer"


@pytest.mark.parametrize("error", [RecordError("disk full"), SystemExit(RecordError.exit_code), KeyboardInterrupt()])
def test_what_is_not_the_trials_own_fault_leaves_no_record(trial: Path, error: BaseException) -> None:
    with pytest.raises(type(error)):
        run(raising(error))
    assert TrialRecord.read(trial, 1) is None


def test_a_job_that_was_recorded_does_not_run_again(trial: Path) -> None:
    """Neither does one that failed; what an earlier start left half written is deleted."""
    for recorded in (TrialRecord("complete", [0.5], {"n": 1.0}, seconds=2.0), TrialRecord("failed", error="it died")):
        recorded.write(trial)
        (trial / "result.json.tmp").touch()
        assert run(raising(AssertionError("it runs"))) is None
        assert TrialRecord.read(trial, 1) == recorded


def test_a_record_of_another_number_of_objectives_is_no_record(trial: Path) -> None:
    TrialRecord("complete", [0.5]).write(trial)
    with pytest.raises(RecordError, match=r"3/trial\.json: not a readable record \(1 values of 2\)$"):
        TrialRecord.read(trial, 2)
    TrialRecord("failed").write(trial)
    assert TrialRecord.read(trial, 2) == TrialRecord("failed")


def test_the_next_job_starts_where_this_one_did(trial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Path.cwd()
    run(lambda _: monkeypatch.chdir(trial))
    assert Path.cwd() == here


def test_the_storages_password_does_not_stay_in_what_hydra_wrote(trial: Path) -> None:
    HydraConfig.get().output_subdir = ".hydra"
    file = trial / ".hydra" / "hydra.yaml"
    file.parent.mkdir()
    file.write_text("storage: postgresql://me:secret@host/db\n")
    run(lambda _: 1.0)
    assert "secret" not in file.read_text()
    assert "host/db" in file.read_text()


def test_a_value_travels_with_its_companions() -> None:
    value = pickle.loads(pickle.dumps(TrialValue(0.5, {"n": 1.0}, "it diverged")))  # noqa: S301
    assert (value, value.metrics, value.error) == (0.5, {"n": 1.0}, "it diverged")
