"""The sweeper on a little application: what the stock Optuna sweeper does, and what it lacks."""

from __future__ import annotations

import csv
import json
import math
import sqlite3
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml

from regsweep.errors import ConfigError
from regsweep.sweeper import TrialValue
from regsweep.sweeper.engine import Engine, Limits, _Job
from regsweep.sweeper.job import RecordedTask
from regsweep.sweeper.redact import is_redacted, redact
from regsweep.sweeper.signals import Stop
from regsweep.sweeper.space import SearchSpace
from tests.sweeper.audit import FOLDER, run_here


def study_of(tmp_path: Path) -> optuna.Study:
    return optuna.load_study(study_name=None, storage=f"sqlite:///{tmp_path / FOLDER / 'study.db'}")


def rows_of(tmp_path: Path) -> list[dict[str, str]]:
    with (tmp_path / FOLDER / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def sweep(tmp_path: Path, *arguments: str) -> str:
    code, printed = run_here(tmp_path, *arguments)
    assert code == 0, printed
    return printed


def test_it_minimizes_and_names_the_best(tmp_path: Path) -> None:
    sweep(tmp_path, "hydra.sweeper.n_trials=6")
    study = study_of(tmp_path)
    assert len(study.trials) == 6
    assert study.best_value == min((t.params["x"] - 1) ** 2 + t.params["y"] ** 2 for t in study.trials)
    results = yaml.safe_load((tmp_path / FOLDER / "optimization_results.yaml").read_text())
    number = study.best_trial.number
    assert results == {
        "name": "optuna", "best_params": study.best_params, "best_value": study.best_value,
        "best_trial": {"number": number, "folder": str(number)},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("override", "distribution"),
    [
        ("x=interval(1,4)", optuna.distributions.FloatDistribution(1, 4)),
        ("x=interval(1.0,4.0)", optuna.distributions.FloatDistribution(1, 4)),
        ("x=tag(log,interval(1e-3,1.0))", optuna.distributions.FloatDistribution(1e-3, 1, log=True)),
        ("x=choice(1.0,2.5)", optuna.distributions.CategoricalDistribution([1.0, 2.5])),
        ("x=1.0,2.5", optuna.distributions.CategoricalDistribution([1.0, 2.5])),
        ("x=range(1,10,3)", optuna.distributions.IntDistribution(1, 7, step=3)),
    ],
)
def test_the_search_space_is_written_as_for_the_stock_sweeper(
    override: str, distribution: optuna.distributions.BaseDistribution
) -> None:
    assert SearchSpace.parse([override], {}).distributions == {"x": distribution}


def test_the_command_line_comes_before_the_configuration(tmp_path: Path) -> None:
    sweep(tmp_path, "x=choice(1.0,2.0)", "y=0.5", "hydra.sweeper.n_trials=3")
    assert {trial.params["x"] for trial in study_of(tmp_path).trials} <= {1.0, 2.0}
    assert all("y" not in trial.params for trial in study_of(tmp_path).trials)


def test_trials_that_fail_are_told_with_the_reason_and_never_best(tmp_path: Path) -> None:
    sweep(tmp_path, "fail=true", "hydra.sweeper.initial_trials=[{x: 2.0, y: 0.0}]", "hydra.sweeper.n_trials=4")
    rows = rows_of(tmp_path)
    failed = [row for row in rows if row["status"] == "failed"]
    assert failed
    assert all(float(row["x"]) > 0 and row["error"] == "ValueError: x is above 0" for row in failed)
    assert study_of(tmp_path).best_params["x"] <= 0


def test_a_job_may_leave_its_working_folder(tmp_path: Path) -> None:
    """Later trials would not find the sweep's folder, which is relative here."""
    given = "hydra.sweeper.initial_trials=[{x: 2.0},{x: -2.0}]"
    sweep(tmp_path, "move=true", "fail=true", given, "hydra.sweeper.n_trials=3")
    rows = rows_of(tmp_path)
    assert [row["error"] for row in rows[:2]] == ["ValueError: x is above 0", ""]
    assert all((tmp_path / FOLDER / row["folder"] / "trial.json").is_file() for row in rows)


def last_line(printed: str) -> str:
    return printed.strip().splitlines()[-1]


def test_a_sweep_without_a_complete_trial_ends_with_1_and_says_why(tmp_path: Path) -> None:
    code, printed = run_here(tmp_path, "kind=nan", "hydra.sweeper.n_trials=2", full_error=False)
    assert code == 1
    assert last_line(printed) == "no trial is complete: 2 failed, 0 were pruned; trial 1: the objective is nan"


@pytest.mark.parametrize(
    ("arguments", "there"),
    [
        ((), "the job returned no metric named los; did you mean loss? there is loss, size"),
        (("x=choice(1.0,2.0)", "hydra.sweeper.max_retries=1"), "the job returned no metric named los; did you mean"),
        (("kind=nan",), "the job returned no metric named los; did you mean loss? there is loss, size"),
    ],
)
def test_a_metric_that_no_job_returns_ends_the_sweep_at_once(
    tmp_path: Path, arguments: tuple[str, ...], there: str
) -> None:
    code, printed = run_here(tmp_path, "hydra.sweeper.objectives=[los]", *arguments, full_error=False)
    assert code == 1
    assert "Traceback" not in printed
    assert last_line(printed).startswith(f"trial 0: {there}")
    (trial,) = study_of(tmp_path).trials
    (row,) = rows_of(tmp_path)
    record = json.loads((tmp_path / FOLDER / "0" / "trial.json").read_text())
    assert trial.state.name == "FAIL"
    assert row["status"] == record["status"] == "failed"
    assert row["error"] == record["error"] == trial.user_attrs["error"]
    assert not (tmp_path / FOLDER / "optimization_results.yaml").exists(), "nothing is best"


def test_a_job_that_fails_before_it_returns_a_metric_does_not_end_the_sweep(tmp_path: Path) -> None:
    named = ("hydra.sweeper.objectives=[loss]", "hydra.sweeper.initial_trials=[{x: 2.0},{x: -2.0}]")
    sweep(tmp_path, *named, "fail=true", "hydra.sweeper.n_trials=2")
    assert [row["status"] for row in rows_of(tmp_path)] == ["failed", "complete"]


def test_a_metric_that_is_not_finite_fails_the_trial_alone(tmp_path: Path) -> None:
    code, _ = run_here(tmp_path, "hydra.sweeper.objectives=[loss]", "kind=nan", "hydra.sweeper.n_trials=2")
    assert code == 1
    assert [row["error"] for row in rows_of(tmp_path)] == ["the objective is nan"] * 2


def test_the_job_s_own_error_goes_before_a_missing_metric() -> None:
    task = RecordedTask(lambda _: None, ["loss"], 1)
    record = task._judge(TrialValue(math.nan, error="the data are gone"))
    assert (record.status, record.error, record.missing_objective) == ("failed", "the data are gone", None)


def test_an_objective_that_is_not_finite_is_a_failure(tmp_path: Path) -> None:
    run_here(tmp_path, "kind=nan", "hydra.sweeper.n_trials=2")
    assert [row["error"] for row in rows_of(tmp_path)] == ["the objective is nan"] * 2


def test_too_many_failures_end_the_sweep_where_asked(tmp_path: Path) -> None:
    rate = "hydra.sweeper.max_failure_rate=0.0"
    code, printed = run_here(tmp_path, "fail=true", "x=2.0", rate, full_error=False)
    assert code == 1
    lines = printed.strip().splitlines()
    assert (
        lines[-1] == f"1 of 1 trials failed, {rate.replace('0.0', '0')} allows fewer; trial 0: ValueError: x is above 0"
    )
    assert sum("trials failed" in line for line in lines) == 1
    assert len(study_of(tmp_path).trials) == 1


def test_a_pruned_trial_is_pruned_everywhere(tmp_path: Path) -> None:
    pruner = "hydra.sweeper.pruner={_target_: optuna.pruners.MedianPruner, n_startup_trials: 2}"
    sweep(tmp_path, pruner, "hydra.sweeper.n_trials=5")
    states = {trial.number: trial.state.name for trial in study_of(tmp_path).trials}
    pruned = {number for number, state in states.items() if state == "PRUNED"}
    assert pruned
    assert {int(row["number"]) for row in rows_of(tmp_path) if row["status"] == "pruned"} == pruned
    for number in pruned:
        assert json.loads((tmp_path / FOLDER / str(number) / "trial.json").read_text())["status"] == "pruned"
        assert study_of(tmp_path).trials[number].intermediate_values


def test_named_objectives_make_a_front(tmp_path: Path) -> None:
    objectives = ("hydra.sweeper.objectives=[loss,size]", "hydra.sweeper.direction=[minimize,minimize]")
    sweep(tmp_path, *objectives, "hydra.sweeper.n_trials=4")
    results = yaml.safe_load((tmp_path / FOLDER / "optimization_results.yaml").read_text())
    front = {trial.number: list(trial.values) for trial in study_of(tmp_path).best_trials}
    assert {solution["number"]: solution["values"] for solution in results["solutions"]} == front
    for trial, row in zip(study_of(tmp_path).trials, rows_of(tmp_path), strict=True):
        x, y = trial.params["x"], trial.params["y"]
        expected = pytest.approx([(x - 1) ** 2 + y**2, abs(x) + abs(y)])
        assert trial.values == expected, "in the order in which they were named"
        assert [float(row["loss"]), float(row["size"])] == expected


def test_further_metrics_are_kept_with_the_trial(tmp_path: Path) -> None:
    sweep(tmp_path, "hydra.sweeper.n_trials=2")
    for trial in study_of(tmp_path).trials:
        assert trial.user_attrs["size"] == abs(trial.params["x"]) + abs(trial.params["y"])


def test_a_configuration_is_not_trained_twice(tmp_path: Path) -> None:
    arguments = ("x=choice(1.0,2.0)", "y=0.0", "hydra.sweeper.n_trials=4")
    sweep(tmp_path, *arguments)
    rows = rows_of(tmp_path)
    assert sum(row["duplicate_of"] == "" for row in rows) == 2
    for row in rows:
        if row["duplicate_of"]:
            assert row["value"] == rows[int(row["duplicate_of"])]["value"]
    (tmp_path / "again").mkdir()
    sweep(tmp_path / "again", *arguments[:2], "hydra.sweeper.n_trials=3", "hydra.sweeper.rerun_duplicates=true")
    assert "duplicate_of" not in rows_of(tmp_path / "again")[0]


def test_fixed_trials_come_first(tmp_path: Path) -> None:
    sweep(tmp_path, "hydra.sweeper.initial_trials=[{x: 1.0, y: 0.0},{x: -2.0}]", "hydra.sweeper.n_trials=3")
    trials = study_of(tmp_path).trials
    assert trials[0].params == {"x": 1.0, "y": 0.0}
    assert trials[1].params["x"] == -2.0


def test_a_parameter_is_searched_only_where_its_condition_holds(tmp_path: Path) -> None:
    conditions = "+hydra.sweeper.conditions.y={unless: {x: 1.0}, otherwise: 0.0}"
    sweep(tmp_path, conditions, "x=choice(1.0,2.0)", "hydra.sweeper.n_trials=5")
    trials = study_of(tmp_path).trials
    assert {trial.params["x"] for trial in trials} == {1.0, 2.0}
    assert all(("y" in trial.params) == (trial.params["x"] == 2.0) for trial in trials)


@pytest.mark.parametrize(
    "launcher",
    ["basic", pytest.param("pool hydra.launcher.workers=1", marks=pytest.mark.full)],  # two may draw alike at a time
)
def test_a_parameter_without_a_value_elsewhere_is_left_out_there(tmp_path: Path, launcher: str) -> None:
    """Adam has no momentum: `optimizer.momentum=0` would fail each of its trials."""
    condition = "+hydra.sweeper.conditions={optimizer.momentum: {when: {optimizer: sgd}}}"
    space = ("optimizer=sgd,adam", "optimizer.momentum=choice(0.5,0.9)", "x=choice(1.0,2.0)", "y=0.0")
    arguments = (condition, *space, *f"hydra/launcher={launcher}".split())
    code, printed = run_here(tmp_path, *arguments, "hydra.sweeper.n_trials=7")
    assert code == 0, printed
    (tmp_path / FOLDER / "6" / "trial.json").unlink()
    with sqlite3.connect(tmp_path / FOLDER / "study.db") as file:  # as a kill inside of trial 6 leaves it
        file.execute("UPDATE trials SET state = 'RUNNING' WHERE number = 6")
        file.execute("DELETE FROM trial_values WHERE trial_id = (SELECT trial_id FROM trials WHERE number = 6)")
    code, printed = run_here(tmp_path, *arguments, "hydra.sweeper.n_trials=8")
    assert code == 0, printed
    assert "6 done kept, 1 interrupted rerun, 1 left" in printed
    rows = rows_of(tmp_path)
    assert [row["status"] for row in rows] == ["complete"] * 8
    assert {row["optimizer"] for row in rows} == {"sgd", "adam"}
    for row, trial in zip(rows, study_of(tmp_path).trials, strict=True):
        has_momentum = row["optimizer"] == "sgd"
        assert ("optimizer.momentum" in trial.params) == bool(row["optimizer.momentum"]) == has_momentum
        overrides = tmp_path / FOLDER / row["number"] / ".hydra" / "overrides.yaml"
        if not row["duplicate_of"]:
            assert ("optimizer.momentum" in overrides.read_text()) == has_momentum
    adams = [row["x"] for row in rows if row["optimizer"] == "adam" and not row["duplicate_of"]]
    assert len(adams) == len(set(adams)), "the same configuration of Adam does not run twice"


def test_a_condition_may_name_what_is_added_with_or_without_the_sign() -> None:
    """Adam's configuration has no momentum, so a search over both adds it."""
    for name, other in (("momentum", "kind"), ("+momentum", "+kind")):
        space = SearchSpace.parse(["+kind=sgd,adam", "+momentum=0.5,0.9"], {name: {"when": {other: "sgd"}}})
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        drawn = [space.draw(study.ask()) for _ in range(20)]
        assert {one["+kind"] for one in drawn} == {"sgd", "adam"}
        assert all(("+momentum" in one) == (one["+kind"] == "sgd") for one in drawn)
        assert space.overrides_of({"+kind": "adam"}) == ["+kind=adam"]


def test_a_job_without_metrics_is_shown_how_to_return_them() -> None:
    record = RecordedTask(lambda _: None, ["loss"], 1)._judge(3.5)
    assert record.error == "the job returned no metric named loss; return a dictionary, or TrialValue(number, metrics)"


@pytest.mark.parametrize("value", ["always", {"when": 1}, {"when": {"x": 1}, "else": 0}, {"when": {"z": 1}}])
def test_a_condition_that_makes_no_sense_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match=r"hydra\.sweeper\.conditions\.y="):
        SearchSpace.parse(["x=1,2", "y=3,4"], {"y": value})


def test_a_timeout_starts_no_further_trial(tmp_path: Path) -> None:
    printed = sweep(tmp_path, "seconds=0.1", "hydra.sweeper.timeout=0.5", "hydra.sweeper.n_trials=100")
    assert "trials were not started" in printed
    assert 1 <= len(study_of(tmp_path).trials) <= 6


def test_a_failed_trial_is_retried_under_its_own_number(tmp_path: Path) -> None:
    run_here(tmp_path, "kind=nan", "hydra.sweeper.n_trials=2", "hydra.sweeper.max_retries=1")
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir() if path.is_dir()) == ["0", "1"]
    assert len(study_of(tmp_path).trials) == 2


def test_passwords_are_redacted() -> None:
    url = "postgresql+psycopg://me:s3cr:t@host/db"
    assert redact(f"storage: {url}") == "storage: postgresql+psycopg://me:***@host/db"
    assert redact("sqlite:////tmp/a@b.db") == "sqlite:////tmp/a@b.db"
    assert redact("mysql://host/db?user=me&password=s3cret&x=1") == "mysql://host/db?user=me&password=***&x=1"
    assert redact("postgresql://me:it's@host/db") == "postgresql://me:***@host/db"
    for kept in ("${oc.env:URL}", "postgresql://me:${oc.env:PW}@host/db", "mysql://h/db?password=${oc.env:PW}"):
        assert redact(kept) == kept
        assert not is_redacted(kept)


def test_jobs_are_launched_without_the_password_and_the_sweep_has_it(tmp_path: Path) -> None:
    """The query is one that SQLite's driver takes for a part of the file's name."""
    url = f"sqlite:///file:{tmp_path}/study.db?password=s3cret&uri=true"
    code, printed = run_here(tmp_path, "hydra/launcher=submitit_local", "hydra.sweeper.n_jobs=1",
                             "hydra.sweeper.n_trials=1", f'hydra.sweeper.storage="{url}"')  # fmt: skip
    assert code == 0, printed
    assert (tmp_path / "study.db").is_file()
    written = [path for path in (tmp_path / FOLDER).rglob("*") if path.is_file()]
    assert any(path.suffix == ".pkl" for path in written), "submitit has pickled the job"
    assert [path for path in written if b"s3cret" in path.read_bytes()] == []
    assert (tmp_path / FOLDER / ".submitit").stat().st_mode & 0o777 == 0o700


def test_a_condition_may_name_what_is_fixed_and_what_has_a_condition_itself() -> None:
    conditions = {
        "c": {"when": {"b": 0}, "otherwise": 7},
        "b": {"when": {"a": True}, "otherwise": 0},
    }
    fixed = SearchSpace.parse(["a=true", "b=1,2", "c=3,4"], conditions)
    assert list(fixed.draw(optuna.create_study().ask())) == ["b"]
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    space = SearchSpace.parse(["c=3,4", "b=1,2", "a=true,false"], conditions)
    drawn = [space.draw(study.ask()) for _ in range(20)]
    assert {one["a"] for one in drawn} == {True, False}
    for one in drawn:
        assert set(one) == ({"a", "b"} if one["a"] else {"a", "c"})
        assert ("b=0" in space.overrides_of(one)) == (not one["a"])
        assert ("c=7" in space.overrides_of(one)) == one["a"]
    with pytest.raises(ConfigError, match="break it"):
        SearchSpace.parse(["b=1,2", "c=3,4"], {**conditions, "b": {"when": {"c": 7}, "otherwise": 0}})


def test_another_sweep_s_study_is_refused(tmp_path: Path) -> None:
    storage = f"hydra.sweeper.storage=sqlite:///{tmp_path}/shared.db"
    sweep(tmp_path, storage, "hydra.sweeper.n_trials=2")
    code, printed = run_here(tmp_path, storage, "hydra.sweeper.n_trials=2", "hydra.sweep.dir=other")
    assert code != 0
    assert "hydra.sweeper.study_name=sweep: is the study of " in printed
    assert not list((tmp_path / "other").glob("[0-9]*"))


def test_a_changed_configuration_is_refused(tmp_path: Path) -> None:
    sweep(tmp_path, "hydra.sweeper.n_trials=2")
    code, printed = run_here(tmp_path, "hydra.sweeper.n_trials=3", "fail=true")
    assert code != 0
    assert "fail=True: the sweep began with False" in printed
    sweep(tmp_path, "hydra.sweeper.n_trials=3")
    assert len(rows_of(tmp_path)) == 3


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "+hydra.sweeper.n_trialz=2",
            "hydra.sweeper.n_trialz=2: no such key; did you mean hydra.sweeper.n_trials? there is",
        ),
        ("+hydra.sweeper.anything=2", "hydra.sweeper.anything=2: no such key; there is conditions, direction, initial"),
        (
            "hydra/launcher=pool +hydra.launcher.worker=2",
            "hydra.launcher.worker=2: no such key; did you mean hydra.launc",
        ),
        (
            "hydra/launcher=pool hydra.launcher.workers=0",
            "hydra.launcher.workers=0: must be a whole number of 1 or more",
        ),
        (
            "+hydra.sweeper.conditions.y={when:{z:1},otherwise:0}",
            "hydra.sweeper.conditions.y=z: no parameter of this sweep; there is x, y",
        ),
        (
            "hydra.sweeper.params=null hydra.sweeper.initial_trials=[{x:1.0}]",
            "hydra.sweeper.n_trials=12: nothing is searched and one trial is named; name more in hydra.sweeper.initial",
        ),
        ("hydra.sweeper.initial_trials=nowhere.yaml", "hydra.sweeper.initial_trials=nowhere.yaml: cannot be read ("),
        ("hydra.sweeper.n_jobs=-1", "hydra.sweeper.n_jobs=-1: must be a whole number of 1 or more"),
        ("hydra.sweeper.max_retries=-1", "hydra.sweeper.max_retries=-1: must be a whole number of 0 or more"),
        ("hydra.sweeper.timeout=0", "hydra.sweeper.timeout=0.0: must be seconds above 0, or null"),
        (
            "hydra/launcher=pool hydra.sweeper.trial_timeout=-1",
            "hydra.sweeper.trial_timeout=-1.0: must be seconds above 0, or null",
        ),
        (
            "hydra.sweeper.trial_timeout=60",
            "hydra.sweeper.trial_timeout=60.0: BasicLauncher cannot end a running trial; use hydra/launcher=pool",
        ),
        ("hydra.sweep.subdir=trial_${hydra.job.num}", "this sweeper finds its trials by their numbers"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(tmp_path: Path, override: str, message: str) -> None:
    code, printed = run_here(tmp_path, *override.split(), full_error=False)
    assert code != 0
    (line,) = printed.strip().splitlines()
    assert message in line
    assert not (tmp_path / FOLDER).exists()


def test_a_trial_that_takes_too_long_is_cancelled_alone(tmp_path: Path) -> None:
    """The other worker, and its own slot, go on."""
    pool = ("hydra/launcher=pool", "hydra.launcher.workers=2", "hydra.sweeper.trial_timeout=2")
    trials = "[{seconds:60.0},{seconds:0.0},{seconds:60.0},{seconds:0.0}]"
    named = ("hydra.sweeper.params=null", f"hydra.sweeper.initial_trials={trials}", "hydra.sweeper.n_trials=4")
    code, printed = run_here(tmp_path, *pool, *named)
    assert code == 0, printed
    assert [row["status"] for row in rows_of(tmp_path)] == ["failed", "complete", "failed", "complete"]
    reason = "cancelled: it ran longer than hydra.sweeper.trial_timeout=2 seconds"
    assert {row["error"] for row in rows_of(tmp_path)} == {reason, ""}
    assert f"trial 0 failed: {reason}" in printed


def test_a_wrong_number_of_objectives_fails_the_trial(tmp_path: Path) -> None:
    run_here(tmp_path, "hydra.sweeper.direction=[minimize,minimize]", "hydra.sweeper.n_trials=2")
    assert {row["error"] for row in rows_of(tmp_path)} == {"the job returned 1 numbers for 2 directions"}


def test_a_trial_that_runs_again_is_judged_by_its_new_steps() -> None:
    """At its first step it is within the warm-up, whatever steps its earlier attempt had reached."""
    study = optuna.create_study(pruner=optuna.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=3))
    better = study.ask()
    for step in range(1, 6):
        better.report(0.5, step)
    study.tell(better, 0.5)
    again = study.ask()
    for step in range(1, 6):
        again.report(100.0, step)
    settings: Any = {"reuse_duplicates": False, "on_start": lambda *_: None, "on_end": lambda *_: None}
    engine = Engine(study, SearchSpace.parse([], {}), Path(), Limits(1), stop=Stop(), **settings)
    engine._running[again.number] = _Job(again, [])
    assert not engine.should_prune(again.number, 1.0, 1)
    assert study.trials[again.number].intermediate_values[1] == 1.0
