"""How the sweeps of a confirmation are started, gone on with and ended: what would train is replaced here."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from regsweep.app import choosing, planning, stages
from regsweep.app.plan import Plan
from regsweep.errors import RecordError, RegsweepError
from regsweep.paths import SweepPaths
from regsweep.report.sweep import Sweep
from regsweep.report.terms import Terms
from regsweep.sweeper.engine import NoCompleteTrialError
from regsweep.sweeper.signals import Terminated
from tests.decisions.confirmable import COMMAND, OFF, SWEEP, made, trial, write_command
from tests.decisions.handmade import write_sweep, write_trial

NAMED = [
    *("hydra/sweeper=regsweep", "hydra.sweeper.study_name=confirmation"),
    *(f"hydra.sweeper.{name}=null" for name in ("params", "pruner", "storage", "objectives", "timeout")),
]
UNREGULARIZED = ["regularizer=none", "regularizer.dropout=null", "regularizer.batch_norm=false", "regularizer.l2=null"]


def planned(tmp_path: Path, trials: Sequence[Mapping[str, Any]], arguments: Sequence[str]) -> tuple[Sweep, Plan]:
    """Return a sweep with these arguments, and the plan of its confirmation, the baseline tuned."""
    sweep = made(tmp_path / "s", trials, arguments)
    paths = SweepPaths(sweep.folder).confirmation
    paths.folder.mkdir()
    plan = planning.read_or_choose(sweep, None)
    write_sweep(paths.baseline, [trial(0.5, 0.05)])
    choosing.take_contenders(plan, sweep)
    return sweep, plan


@pytest.mark.parametrize(
    ("arguments", "kept", "more"),
    [
        pytest.param(["-m", "seed=0", "optimizer.lr=0.1,0.2"], [], [], id="what was searched is not"),
        pytest.param(
            ["--multirun", "sweep=regularization", "hydra/launcher=basic", "+hydra.launcher.timeout=60"],
            ["hydra/launcher=basic", "+hydra.launcher.timeout=60"],
            [],
            id="where it runs",
        ),
        pytest.param(
            ["--config-dir", "here", "-cn=mine", "hydra.searchpath=[file://x]", "hydra.job.chdir=true"],
            ["--config-dir", "here", "-cn=mine", "hydra.searchpath=[file://x]", "hydra.job.chdir=true"],
            [],
            id="where it finds its configuration",
        ),
        pytest.param(
            ["hydra.sweeper.n_jobs=7", "hydra.sweeper.max_retries=2", "hydra.sweeper.n_trials=40"],
            ["hydra.sweeper.n_jobs=7", "hydra.sweeper.max_retries=2"],
            [],
            id="how many at a time and how often",
        ),
        pytest.param(
            ["hydra/launcher=submitit_slurm"],
            ["hydra/launcher=submitit_slurm"],
            ["hydra.sweeper.n_jobs=4"],
            id="a batch is a seed of all configurations",
        ),
        pytest.param(["hydra/launcher=pool"], ["hydra/launcher=pool"], [], id="the pool has no batches"),
        pytest.param(
            ["hydra/launcher=joblib", "hydra.sweeper.n_jobs=2"],
            ["hydra/launcher=joblib", "hydra.sweeper.n_jobs=2"],
            [],
            id="a batch as large as was said",
        ),
    ],
)
def test_a_sweep_of_named_runs_keeps_how_it_runs_and_what_all_trials_had(
    tmp_path: Path, arguments: list[str], kept: list[str], more: list[str]
) -> None:
    fixed = {"dataset": "mnist", "trainer.epochs": 3, "trainer.test": False, "trainer.save_weights": True}
    trials = [{**each, "overrides": {**each["overrides"], **fixed}} for each in SWEEP]
    sweep, plan = planned(tmp_path, trials, [*arguments, *(f"{key}={value}" for key, value in fixed.items())])
    made = [{**contender.overrides, "seed": 7} for contenders in plan.contenders for contender in contenders]
    for test, text in ((True, "true"), (False, "false")):
        typed = stages._named_trials(stages.Origin.of(sweep), plan, plan.paths.choosing, made, test=test)
        assert typed == [
            *kept,
            *("dataset=mnist", "trainer.epochs=3"),
            f"trainer.test={text}",
            *NAMED,
            "hydra.sweeper.initial_trials=${hydra.sweep.dir}/../choosing.json",
            *more,
        ]


@pytest.mark.parametrize(
    ("arguments", "trials", "expected"),
    [
        pytest.param(
            [
                *("-m", "sweep=regularization", "regularizer=l1", "+regularizer.l1.scope=all", "seed=3"),
                *("optimizer.lr=0.1,0.2", "hydra.sweep.dir=x"),
                *("hydra.sweeper.n_trials=9", "hydra.sweeper.storage=u", "hydra.sweeper.study_name=n"),
            ],
            SWEEP,
            ["sweep=regularization", "optimizer.lr=0.1,0.2", *UNREGULARIZED, "seed=0"],
            id="a search is the same search",
        ),
        pytest.param(
            ["-m", "optimizer.lr=0.1,0.2", "trainer.epochs=3"],
            SWEEP,
            [
                *("optimizer.lr=0.1,0.2", "trainer.epochs=3", *UNREGULARIZED),
                *("seed=0", "sweep=regularization"),
            ],
            id="a grid has no search of its own",
        ),
        pytest.param(
            ["hydra/sweeper=regsweep", "optimizer.lr=0.2", "hydra.sweeper.initial_trials=[]", "hydra/launcher=ray"],
            [trial(0.5, 0.2, 7), trial(0.9, 0.2, 7, dropout=0.2)],
            [
                *("hydra/sweeper=regsweep", "hydra/launcher=ray", "regularizer=none", "regularizer.dropout=null"),
                *("seed=7", "optimizer.lr=tag(log, interval(0.02, 2))"),
                *("hydra.sweeper.initial_trials=[{optimizer.lr: 0.2}]", "hydra.sweeper.n_jobs=2"),
            ],
            id="the rate is searched in any case",
        ),
    ],
)
def test_the_baseline_is_tuned_as_the_sweep_was(
    tmp_path: Path, arguments: list[str], trials: list[dict[str, Any]], expected: list[str]
) -> None:
    sweep, plan = planned(tmp_path, trials, arguments)
    assert stages._search_of_baseline(stages.Origin.of(sweep), sweep, plan) == expected


@pytest.mark.parametrize(
    ("accuracies", "said"),
    [
        ({0: 0.5, 1: 0.49}, []),  # no better than the tuned one
        ({0: 0.45}, []),
        ({}, []),
        ({0: 0.55, 1: 0.625}, ["trial 1 of the sweep, which uses no method, has a better validation accuracy (0.625)"]),
    ],
)
def test_a_better_trial_without_a_method_in_the_sweep_itself_is_told(
    tmp_path: Path, accuracies: dict[int, float], said: list[str]
) -> None:
    without = [trial(accuracy, 0.1 * (n + 1)) for n, accuracy in accuracies.items()]
    failed = trial(0.99, 0.9) | {"status": "failed", "error": "it died"}
    sweep, plan = planned(tmp_path, [*without, trial(0.9, 0.2, dropout=0.2), failed], ["-m"])
    lines = choosing.better_in_sweep(plan, sweep)
    assert len(lines) == len(said)
    assert all(part in line for part, line in zip(said, lines, strict=True))
    assert all(line.endswith("than the best trial of the baseline's own search (0.5)") for line in lines)
    plan.contenders = []
    assert choosing.better_in_sweep(plan, sweep) == [], "the baseline is not tuned yet"


def test_the_baseline_begins_where_the_sweep_began_though_its_rate_was_fixed(tmp_path: Path) -> None:
    trials = [trial(0.5, 0.2, 7), trial(0.9, 0.2, 7, dropout=0.2)]
    sweep, plan = planned(tmp_path, trials, ["sweep=regularization", "optimizer.lr=0.2"])
    settings = yaml.safe_load((sweep.folder / "multirun.yaml").read_text())
    first = {"regularizer.dropout.use": False, "optimizer": "sgd", "optimizer.momentum": 0.9}
    settings["hydra"]["sweeper"] = {**settings["hydra"].get("sweeper", {}), "initial_trials": [first]}
    (sweep.folder / "multirun.yaml").write_text(yaml.safe_dump(settings))
    typed = 'hydra.sweeper.initial_trials=[{optimizer: "sgd", optimizer.momentum: 0.9, optimizer.lr: 0.2}]'
    assert typed in stages._search_of_baseline(stages.Origin.of(sweep), sweep, plan)


def test_a_key_that_is_added_is_that_key(tmp_path: Path) -> None:
    """Typed with + or ++ it must not overrule what makes a configuration: the baseline would regularize."""
    typed = {"++regularizer.dropout": 0.5, "++optimizer.lr": 0.3, "++seed": 3, "++trainer.test": False}
    typed |= {"+model.width": 4}
    trials = [
        {"overrides": {"regularizer.batch_norm": on, **typed}, "config": OFF, "accuracy": 0.9 - on / 10, "seed": 3}
        for on in (False, True)
    ]
    arguments = ["-m", "regularizer.batch_norm=false,true", *(f"{key}={value}" for key, value in typed.items())]
    sweep, plan = planned(tmp_path, trials, [*arguments, "~trainer.patience"])
    with (sweep.folder / "0" / ".hydra" / "overrides.yaml").open("a") as file:
        file.write("- ~trainer.patience\n")
    keys = ("regularizer", "regularizer.batch_norm", "++optimizer.lr", "regularizer.dropout")
    dropout = "{use: true, p: 0.5}"
    assert [group[0].overrides for group in plan.contenders] == [
        dict(zip(keys, values, strict=True))
        for values in (
            ("none", "false", "0.05", "null"),
            ("none", "false", "0.3", dropout),
            ("none", "{use: true}", "0.3", dropout),
        )
    ]
    made = [{**contender.overrides, "seed": 7} for contenders in plan.contenders for contender in contenders]
    named = stages._named_trials(stages.Origin.of(sweep), plan, plan.paths.seeds, made, test=True)
    assert named[:3] == ["~trainer.patience", "+model.width=4", "trainer.test=true"]
    own = plan.contenders[2][0].at_own_settings(plan.contenders[0][0], Terms())
    assert own.overrides == dict(zip(keys, ("none", "false", "0.3", "null"), strict=True))


MISSING = "1 of 2 runs in s/confirmation/seeds were not made, for the reason above; "
GO_ON = "go on with: regsweep confirm s\n"


@pytest.mark.parametrize(
    ("exit_code", "num_made", "ends"),
    [
        (0, 2, (0, "")),
        (1, 2, (0, "")),  # some of them failed, and the rest is worth having
        (2, 2, (2, "")),
        (3, 1, (3, "")),
        (0, 1, (1, MISSING + GO_ON)),
    ],
)
def test_how_a_sweep_of_a_confirmation_ends(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    exit_code: int,
    num_made: int,
    ends: tuple[int, str],
) -> None:
    sweep, folder = made(tmp_path / "s"), SweepPaths(tmp_path / "s").confirmation.seeds

    def call(*_: object) -> int:
        write_sweep(folder, [trial(0.5)] * num_made)
        return exit_code

    code = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "call", call)
        try:
            stages.run_sweep(stages.Origin.of(sweep), folder, 2, lambda: ["x=1"])
        except SystemExit as stop:
            code = int(stop.code or 0)
    assert (code, capsys.readouterr().out) == ends


def test_a_damaged_record_of_a_run_that_ended_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sweep knows the end of that run, and would not run it again."""
    sweep, folder = made(tmp_path / "s"), SweepPaths(tmp_path / "s").confirmation.seeds

    def call(*_: object) -> int:
        write_sweep(folder, [trial(0.5)] * 3)
        (folder / "1" / "result.json").write_text("{")
        return 0

    monkeypatch.setattr(stages, "call", call)
    with pytest.raises(
        RecordError, match=r"^s/confirmation/seeds/1/result\.json: not a readable record .*; restore it"
    ):
        stages.run_sweep(stages.Origin.of(sweep), folder, 3, lambda: ["x=1"])


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_sweep_that_has_begun_goes_on_and_one_without_a_record_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_lost: bool
) -> None:
    sweep, folder = made(tmp_path / "s"), SweepPaths(tmp_path / "s").confirmation.seeds
    calls: list[tuple[list[str], Path, list[str]]] = []

    def call(*given: Any) -> int:
        calls.append(given)
        if not folder.exists():
            write_sweep(folder, [{"status": "interrupted"}])
        elif not (folder / "1").exists():
            write_trial(folder / "1", 1, trial(0.5))
            write_trial(folder / "2", 2, trial(0.5))
            if not is_lost:
                write_command(folder, ["-m", "the", "first"])
        return 0

    monkeypatch.setattr(stages, "call", call)
    anew = ["-m", "x=1", "hydra.callbacks.regsweep.table=false"]
    begun = [*anew, "hydra.sweeper.n_trials=3", f'hydra.sweep.dir="{folder}"']
    for typed in (begun, begun, ["resume", str(folder), "n_trials=3"]):
        with pytest.raises(SystemExit):
            stages.run_sweep(stages.Origin.of(sweep), folder, 3, lambda: ["x=1"])
        assert calls[-1] == (typed, tmp_path, ["/code"])
        if len(calls) == 2:
            assert not (folder / "1").exists(), "what no trial had ended in was removed"
            call()
    arguments = json.loads(SweepPaths(folder).command.read_text())["arguments"]
    assert arguments == (anew if is_lost else ["-m", "the", "first"])
    assert (folder / "1" / "result.json").exists()


def test_a_command_without_what_it_needs_is_damaged(tmp_path: Path) -> None:
    sweep = made(tmp_path / "s")
    for missing in COMMAND:
        content = {name: value for name, value in COMMAND.items() if name != missing}
        SweepPaths(sweep.folder).command.write_text(json.dumps(content))
        with pytest.raises(RecordError, match=r"command\.json: not a readable record"):
            stages.run_sweep(stages.Origin.of(sweep), tmp_path / "seeds", 1, list)


@pytest.mark.parametrize("ends", [KeyboardInterrupt, Terminated])
def test_a_confirmation_that_is_stopped_says_how_to_go_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ends: type[KeyboardInterrupt],
) -> None:
    sweep = made(tmp_path / "s")

    def call(*_: object) -> int:
        raise ends

    monkeypatch.setattr(stages, "call", call)
    with pytest.raises(ends) as stopped:
        stages.run_sweep(stages.Origin.of(sweep), tmp_path / "seeds", 2, lambda: ["x=1"])
    assert f"go on with: {stopped.value.go_on}\n" == GO_ON  # type: ignore[attr-defined]


def test_what_a_killed_confirmation_had_started_is_waited_for_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each sweep and each of its trials."""
    paths = SweepPaths(tmp_path).confirmation
    places = [
        place
        for sweep in (paths.baseline, paths.choosing, paths.seeds, paths.own, paths.ablation)
        for place in (sweep, sweep / "0")
    ]
    asked: list[Path] = []

    def await_owners(folders: Sequence[Path], report: Callable[[str], None]) -> None:
        asked.extend(folders)
        report("waiting")

    for place in places:
        place.mkdir(parents=True)
    monkeypatch.setattr(stages, "await_owners", await_owners)
    stages.await_sweeps(paths)
    assert asked == places
    assert capsys.readouterr().out == "waiting\n" * 5


@pytest.mark.parametrize(("num_ended", "is_started"), [(7, True), (8, False)])
def test_a_baseline_that_was_tuned_is_not_tuned_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_ended: int, *, is_started: bool
) -> None:
    sweep = made(tmp_path / "s")
    SweepPaths(sweep.folder).confirmation.folder.mkdir()
    plan = planning.read_or_choose(sweep, 1)
    write_sweep(plan.paths.baseline, [trial(0.5)] * num_ended)
    started: list[int] = []
    monkeypatch.setattr(stages, "run_sweep", lambda *given: started.append(given[2]))
    stages.tune_baseline(sweep, plan)
    assert started == ([8] if is_started else [])


def test_a_run_whose_record_cannot_be_read_has_not_ended(tmp_path: Path) -> None:
    write_sweep(tmp_path / "s", [trial(0.5), trial(0.5), trial(0.5) | {"status": "failed", "error": "it died"}])
    assert stages.count_ended(tmp_path / "s") == 3
    (tmp_path / "s" / "1" / "result.json").write_text("{")
    assert stages.count_ended(tmp_path / "s") == 2
    assert stages.count_ended(tmp_path / "nothing") == 0


def surroundings() -> tuple[Any, ...]:
    """Return what a command of regsweep finds, and may change."""
    return sys.argv, sys.path[:], dict(os.environ), Path.cwd(), logging.getLogger().handlers[:]


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        (None, 0),
        (SystemExit(), 0),
        (SystemExit(0), 0),
        (SystemExit(3), 3),
        (SystemExit("no number"), 1),
        (OSError("no space"), 1),
    ],
)
def test_a_sweep_of_a_confirmation_runs_as_if_it_had_been_typed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ends: BaseException | None,
    code: int,
) -> None:
    """In its sweep's place, and with what that could import; afterwards all is as before."""
    found: list[tuple[Any, ...]] = []

    def start() -> None:
        found.append(surroundings())
        os.environ["HYDRA_FULL_ERROR"] = "changed"
        sys.path.insert(0, str(tmp_path))
        logging.getLogger().addHandler(logging.NullHandler())
        if ends is not None:
            raise ends

    monkeypatch.setattr(stages, "start", start)
    monkeypatch.setenv("PYTHONPATH", "/given")
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    before = surroundings()
    assert stages.call(["-m", "x=1"], tmp_path, ["", "/code", sys.path[-1]]) == code
    ((argv, paths, environment, place, _),) = found
    assert (argv, place) == (["regsweep", "-m", "x=1"], tmp_path)
    assert paths == [*before[1], "/code"]
    assert environment == {**before[2], "PYTHONPATH": "/code:/given"}
    assert surroundings() == before
    assert ("no space" in capsys.readouterr().err) == isinstance(ends, OSError)


def test_what_a_network_of_its_own_set_at_its_import_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is imported once, and the next sweep of the confirmation needs it, too."""
    monkeypatch.setenv("THEIRS", "before")
    monkeypatch.setattr(sys, "path", sys.path[:])

    def start() -> None:
        os.environ["THEIRS"] = "set"
        sys.path.append("/theirs")

    monkeypatch.setattr(stages, "start", start)
    before = sys.path[:]
    assert stages.call(["-m", "x=1"], tmp_path, ["/code"]) == 0
    assert (os.environ["THEIRS"], sys.path) == ("set", [*before, "/theirs"])


def test_a_sweep_without_a_complete_trial_may_still_be_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Second baselines that all diverge count with the largest class."""

    def start() -> None:
        raise NoCompleteTrialError("no trial is complete: 6 failed")

    monkeypatch.setattr(stages, "start", start)
    assert stages.call(["-m", "x=1"], tmp_path, []) == 1
    assert capsys.readouterr().err.startswith("regsweep: no trial is complete")


@pytest.mark.parametrize("error", [RegsweepError("wrong"), BrokenPipeError(), KeyboardInterrupt()])
def test_what_the_command_line_handles_passes_through_a_confirmation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def resume(arguments: list[str]) -> None:
        assert arguments == ["s", "n_trials=3"]
        raise error

    monkeypatch.setattr(stages, "resume", resume)
    before = surroundings()
    with pytest.raises(type(error)):
        stages.call(["resume", "s", "n_trials=3"], tmp_path, [])
    assert surroundings() == before
