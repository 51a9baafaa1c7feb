"""The pool: what a worker gets of the machine, what comes back of a job, and the same numbers under every launcher."""

from __future__ import annotations

import json
import os
import re
import sys
import textwrap
from pathlib import Path

import pandas as pd
import pytest

from regsweep.errors import ConfigError
from regsweep.launcher import pool
from regsweep.launcher.share import Machine, changed_environment
from tests.app.test_command_line import ODD
from tests.conftest import Regsweep, Shell, run_script_in
from tests.sweeper.audit import APP, FOLDER, audit, kill_group, run, start
from tests.test_readme import POOLED, run_line

SWEEP = ("-m", "sweep=regularization", "regularizer=l1", "trainer.epochs=2", "dataset.train_size=200",
         "model=cnn", "hydra.sweeper.n_trials=3", "hydra/sweeper/sampler=random")  # fmt: skip


@pytest.mark.parametrize(("cores", "workers", "threads"), [(2, 2, "1"), (2, 1, "2"), (16, 5, "3"), (2, 8, "1")])
def test_cores_are_divided_between_the_workers(cores: int, workers: int, threads: str) -> None:
    share = Machine(cores).share_of(workers - 1, workers)
    assert share["OMP_NUM_THREADS"] == share["MKL_NUM_THREADS"] == threads
    assert "CUDA_VISIBLE_DEVICES" not in share


def test_several_gpus_are_dealt_out_and_one_is_shared() -> None:
    several = Machine(16, ("0", "GPU-8f3", "5"))
    assert several.count_workers(None) == 3
    assert [several.share_of(worker, 5)["CUDA_VISIBLE_DEVICES"] for worker in range(5)] == [
        "0",
        "GPU-8f3",
        "5",
        "0",
        "GPU-8f3",
    ]
    one = Machine(16, ("0",))
    assert one.count_workers(None) == 1
    assert one.count_workers(4) == 4
    assert "CUDA_VISIBLE_DEVICES" not in one.share_of(3, 4)
    assert Machine(6).count_workers(None) == 6


def test_the_gpus_that_are_hidden_are_not_dealt_out() -> None:
    with changed_environment({"CUDA_VISIBLE_DEVICES": "2, GPU-1"}):
        assert Machine.here().gpus == ("2", "GPU-1")
    with changed_environment({"CUDA_VISIBLE_DEVICES": "-1"}):
        assert Machine.here().gpus == ()
    assert 1 <= Machine.here().cores <= len(os.sched_getaffinity(0))


def digests(folder: Path) -> dict[str, str]:
    return {path.parent.name: json.loads(path.read_text())["weights_sha256"] for path in folder.glob("*/result.json")}


def test_a_trial_gives_the_same_numbers_in_the_pool(
    regsweep: Regsweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the README's command, in a folder of an odd name."""
    place = tmp_path / ODD
    place.mkdir()
    monkeypatch.chdir(place)
    for command, folder in ((POOLED[0], "grid"), (re.sub("hydra.launcher[^ ]*", "", POOLED[0]), "basic_grid")):
        done = run_line(regsweep, f"{command} hydra.sweep.dir={folder}")
        assert done.code == 0, done.err
    assert len(digests(place / "grid")) == 4
    assert digests(place / "grid") == digests(place / "basic_grid")


@pytest.mark.full
def test_a_trial_of_a_search_gives_the_same_numbers_in_the_pool(regsweep: Regsweep, tmp_path: Path) -> None:
    for launcher in ("basic", "pool"):
        done = regsweep(*SWEEP, f"hydra/launcher={launcher}", f"hydra.sweep.dir={launcher}")
        assert done.code == 0, done.err
        assert "trial 2: validation" in done.out
    assert len(digests(tmp_path / "pool")) == 3
    assert digests(tmp_path / "pool") == digests(tmp_path / "basic")


@pytest.mark.full
@pytest.mark.parametrize("launcher", ["joblib", "ray", "ray_pool", "submitit_local"])
def test_a_trial_gives_the_same_numbers_under_every_launcher(shell: Shell, tmp_path: Path, launcher: str) -> None:
    pytest.importorskip(f"hydra_plugins.hydra_{launcher.partition('_')[0]}_launcher")
    for name in ("basic", launcher):
        chosen = (f"hydra/launcher={name}", f"hydra.sweep.dir={name}", "hydra.sweeper.n_jobs=2")
        done = shell(sys.executable, "-m", "regsweep", *SWEEP, *chosen)
        assert done.code == 0, done.err
    assert len(digests(tmp_path / launcher)) == 3
    assert digests(tmp_path / launcher) == digests(tmp_path / "basic")


@pytest.mark.parametrize("launcher", ["joblib", "ray", "submitit_local"])
@pytest.mark.full  # tests/sweeper/test_orphans.py runs joblib by default
def test_other_engines_run_batches(tmp_path: Path, launcher: str) -> None:
    pytest.importorskip(f"hydra_plugins.hydra_{launcher.partition('_')[0]}_launcher")
    code, printed = run(tmp_path, f"hydra/launcher={launcher}", "hydra.sweeper.n_jobs=3", "hydra.sweeper.n_trials=6")
    assert code == 0, printed
    for path in (tmp_path / FOLDER).glob(".submitit*"):
        path.rename(tmp_path / path.name)  # what submitit writes of its own is not ours to audit
    audit(tmp_path, 6, {})


@pytest.mark.full
def test_a_job_may_have_children_and_threads_that_print_while_it_reports(tmp_path: Path) -> None:
    pruner = "hydra.sweeper.pruner={_target_: optuna.pruners.MedianPruner}"
    code, printed = run(tmp_path, "hydra/launcher=pool", "children=true", "hydra.sweeper.n_trials=4", pruner)
    assert code == 0, printed
    assert printed.count("x" * 1000) == 4 * 50
    audit(tmp_path, 4, {})


@pytest.mark.faults
def test_a_worker_s_death_is_noticed_while_a_child_of_its_job_lives(tmp_path: Path) -> None:
    process = start(tmp_path, "hydra/launcher=pool", "orphan=true", "hydra.sweeper.n_trials=2")
    try:
        assert process.wait(timeout=50) == 1, "the child sleeps for longer"
    finally:
        kill_group(process)
    rows = pd.read_csv(tmp_path / FOLDER / "trials.csv")
    assert set(rows["error"]) == {"killed by signal 9 (out of memory?)"}


def test_a_refusal_in_a_process_that_is_called_arrives_whole() -> None:
    """What wraps it names the key that was typed."""

    def refuse() -> None:
        raise ConfigError("regularizer.dropout", 0.5, "Linear has no place for it")

    with pytest.raises(ConfigError) as raised:
        pool.call(refuse)
    error = raised.value
    assert str(error) == "regularizer.dropout=0.5: Linear has no place for it"
    assert (error.key, error.value, error.allowed) == ("regularizer.dropout", 0.5, "Linear has no place for it")


INTERRUPTED = {
    "in a process that is called": """
        def interrupt():
            os.killpg(0, signal.SIGINT)
            time.sleep(60)
        pool.call(interrupt)
    """,
    "while the server imports": """
        pool.warm_up(["slow"], 1)
        time.sleep(1)
        os.killpg(0, signal.SIGINT)
    """,
}


@pytest.mark.parametrize(
    "place",
    [pytest.param(place, marks=[pytest.mark.full] * (place == "in a process that is called")) for place in INTERRUPTED],
)
def test_ctrl_c_is_heard_by_the_sweep_s_own_process_alone(shell: Shell, tmp_path: Path, place: str) -> None:
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(5)\n")
    code = f"""
import os, signal, time
from regsweep.launcher import pool
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests may run in the background, where it is ignored
os.setsid()
try:
{textwrap.indent(textwrap.dedent(INTERRUPTED[place]), "    ")}
except KeyboardInterrupt:
    time.sleep(2)  # others would complain meanwhile
    print("stopped")
"""
    done = shell(sys.executable, "-c", code, env={"PYTHONPATH": str(tmp_path)})
    assert (done.code, done.out, done.err) == (0, "stopped\n", "")


@pytest.mark.full
def test_hydra_s_own_sweepers_run_in_the_pool(regsweep: Regsweep, shell: Shell) -> None:
    quick = ("trainer.epochs=1", "dataset.train_size=100", "model.hidden=[8]", "hydra/launcher=pool")
    # Whole processes: Hydra lets the launcher go only at their end, where a complaint changes no exit code.
    done = shell(sys.executable, "-m", "regsweep", "-m", "regularizer=none,l1,l2", *quick, "hydra.sweep.dir=grid")
    assert (done.code, done.err) == (0, "")
    assert "3 trials: 3 complete" in done.out
    search = ("hydra/sweeper=optuna", "hydra.sweeper.direction=maximize", "regularizer.dropout=interval(0.0,0.5)")
    done = regsweep("-m", *search, *quick, "hydra.sweeper.n_jobs=2", "hydra.sweeper.n_trials=4", "hydra.sweep.dir=s")
    assert done.code == 0, done.err
    assert "4 trials: 4 complete" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("hydra.launcher.workers=0",), "hydra.launcher.workers=0: must be a whole number of 1 or more"),
        (("hydra/launcher=joblib",), "hydra.sweeper.n_jobs=null: JoblibLauncher runs batches; set how many trials"),
        (
            ("hydra/launcher=joblib", "hydra.sweeper.n_jobs=2", "hydra/sweeper/pruner=median"),
            "hydra.sweeper.pruner=MedianPruner: JoblibLauncher gives no way back from a running job",
        ),
    ],
)
def test_what_a_launcher_cannot_do_is_refused_before_a_folder_exists(
    regsweep: Regsweep, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = regsweep("-m", "sweep=regularization", *arguments)
    assert done.code == 2
    assert message in done.err
    assert not list(tmp_path.iterdir())


def test_an_application_without_a_main_guard_is_refused(tmp_path: Path) -> None:
    app = tmp_path / "bare.py"
    app.write_text(APP.read_text().replace('if __name__ == "__main__":\n    main()', "main()"))
    (tmp_path / "config.yaml").write_text((APP.parent / "config.yaml").read_text().replace("  - optimizer: sgd\n", ""))
    code, printed = run_script_in(tmp_path, app, "-m", "hydra/launcher=pool", "hydra.sweep.dir=s", full_error=False)
    assert code != 0
    guard = """bare.py has no "if __name__ == '__main__':" guard, which worker processes need"""
    assert f"hydra/launcher=pool: {guard}; add it or use hydra/launcher=basic" in printed
    assert not (tmp_path / "s").exists()


@pytest.mark.full
def test_with_colours_asked_for_a_trial_has_one_line_and_no_worker_a_bar(shell: Shell) -> None:
    """Where the output is a file: a worker writes into a pipe, and must not take it for a terminal."""
    quick = ("trainer.epochs=2", "dataset.train_size=200", "hydra.sweep.dir=s", "hydra.launcher.workers=1")
    command = (sys.executable, "-m", "regsweep", "-m", "hydra/launcher=pool", "seed=0,1", *quick)
    done = shell(*command, env={"FORCE_COLOR": "1", "COLUMNS": "80"})
    assert done.code == 0
    printed = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\n", done.out + done.err)
    assert len(re.findall(r"^trial 0: validation ", printed, re.MULTILINE)) == 1
    assert "trial 0: trial 0" not in printed
    assert "images/s" not in printed
