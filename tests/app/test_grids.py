"""Grids: every combination of listed values, in the sweeper's own loop, through the command line."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Regsweep, Shell
from tests.sweeper.audit import kill_group

QUICK = ("trainer.epochs=1", "dataset.train_size=100", "model=linear")
GRID = ("-m", "regularizer=none,l1", "seed=0,1", *QUICK, "hydra.sweep.dir=g")

SLOW = """
import os, signal, time
import torch
from pathlib import Path
from regsweep.models.linear import Linear

class Slow(Linear):
    def forward(self, images_BCHW):
        if self.training:
            with (Path(__file__).parent / "trained").open("a") as file:
                print(os.getpid(), file=file)
            time.sleep(float(os.environ.get("PAUSE", "0")))
        return super().forward(images_BCHW)

class Killed(Linear):
    def forward(self, images_BCHW):
        if os.environ.get("KILLED") and torch.is_grad_enabled():  # no check before the training
            os.kill(os.getpid(), signal.SIGKILL)
        return super().forward(images_BCHW)
"""


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def weights(folder: Path, numbers: int) -> list[str]:
    return [json.loads((folder / str(n) / "result.json").read_text())["weights_sha256"] for n in range(numbers)]


def test_the_trials_are_those_of_hydra_s_own_sweeper(regsweep: Regsweep, tmp_path: Path) -> None:
    """Overrides, weights, table and printed lines; and it has no trial that a search would have chosen."""
    ours = regsweep(*GRID)
    theirs = regsweep(*GRID[:-1], "hydra.sweep.dir=h", "hydra/sweeper=basic")
    assert (ours.code, theirs.code) == (0, 0), ours.err + theirs.err
    assert ours.out == re.sub(r"(?<= )h(?=[ /\n])", "g", theirs.out)
    for n in range(4):
        assert (tmp_path / f"g/{n}/.hydra/overrides.yaml").read_text() == (
            tmp_path / f"h/{n}/.hydra/overrides.yaml"
        ).read_text()
    assert weights(tmp_path / "g", 4) == weights(tmp_path / "h", 4)
    assert (tmp_path / "g" / "study.db").is_file()
    assert not (tmp_path / "g" / "optimization_results.yaml").exists()
    assert not (tmp_path / "h" / "study.db").exists()


def test_what_would_make_a_search_s_task_another_one_may_be_listed(regsweep: Regsweep, tmp_path: Path) -> None:
    done = regsweep("-m", "dataset.train_size=100,150", "trainer.epochs=1,2", "model=linear", "hydra.sweep.dir=g")
    assert done.code == 0, done.err
    found = [(row["dataset.train_size"], row["trainer.epochs"]) for row in rows(tmp_path / "g")]
    assert found == [("100", "1"), ("100", "2"), ("150", "1"), ("150", "2")]


@pytest.mark.full
def test_folders_may_have_names_of_one_s_own(regsweep: Regsweep, tmp_path: Path) -> None:
    done = regsweep(*GRID, "hydra.sweep.subdir=${hydra.job.override_dirname}", "hydra.sweeper.max_retries=1")
    assert done.code == 0, done.err
    names = [
        f"dataset.train_size=100,model=linear,regularizer={method},seed={seed},trainer.epochs=1"
        for method in ("none", "l1")
        for seed in (0, 1)
    ]
    assert [row["folder"] for row in rows(tmp_path / "g")] == names
    assert all((tmp_path / "g" / name / "result.json").is_file() for name in names)
    again = regsweep("resume", "g")
    assert again.code == 0, again.err
    assert "resume: 4 done kept, 0 interrupted rerun, 0 left" in again.out
    confirmed = regsweep("confirm", "g", "--seeds", "2", "--top", "1")
    assert confirmed.code == 0, confirmed.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("hydra.sweep.subdir=${seed}",),
            "hydra.sweep.subdir=${seed}: trials 0 and 2 would both lie in 0; add ${hydra.job.num} to it",
        ),
        (
            (
                "hydra.sweep.subdir=${hydra.job.override_dirname}",
                "hydra.job.config.override_dirname.exclude_keys=[regularizer]",
            ),
            "would both lie in",
        ),
        (("optimizer.lr=interval(0.1,0.2)",), "an interval needs a search: add sweep=regularization, or list values"),
        (("hydra.sweeper.n_jobs=0",), "hydra.sweeper.n_jobs=0: must be a whole number of 1 or more"),
        (("hydra.sweeper.n_trials=5",), "hydra.sweeper.n_trials=5: no such key"),
        (
            ("+hydra.sweeper.retries=5",),
            "hydra.sweeper.retries=5: no such key; did you mean hydra.sweeper.max_retries?",
        ),
        (("sweep=grids",), "sweep=grids: no such option; did you mean sweep=grid?"),
    ],
)
def test_what_a_grid_cannot_be_is_refused_before_a_folder_exists(
    regsweep: Regsweep, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = regsweep(*GRID, *arguments)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert not (tmp_path / "g").exists()


def test_a_grid_has_its_trials_from_the_start(regsweep: Regsweep, tmp_path: Path) -> None:
    assert regsweep(*GRID).code == 0
    done = regsweep("resume", "g", "n_trials=9")
    assert (done.code, done.err) == (
        2,
        "regsweep: n_trials=9: a grid has one trial for each of its combinations; leave it out\n",
    )


@pytest.mark.full  # its loop is that of a search, which is killed by default
def test_a_grid_that_is_killed_goes_on(regsweep: Regsweep, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    typed = ("-m", "seed=0,1,2,3", *QUICK, "model._target_=slow.Slow", "hydra.sweep.dir=g")
    process = subprocess.Popen(
        [sys.executable, "-m", "regsweep", *typed], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "PAUSE": "0.5"}, start_new_session=True,
    )  # fmt: skip
    while not (tmp_path / "g" / "1" / "trial.json").exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)
    kill_group(process)
    before = {path: path.read_bytes() for path in tmp_path.glob("g/*/result.json")}
    assert 2 <= len(before) < 4
    (tmp_path / "g" / "study.db").unlink()  # it can be made again
    done = regsweep("resume", "g")
    assert done.code == 0, done.err
    assert f"resume: {len(before)} done kept" in done.out
    assert "4 trials: 4 complete" in done.out
    assert before.items() <= {path: path.read_bytes() for path in tmp_path.glob("g/*/result.json")}.items()


@pytest.mark.full  # a search's worker is killed by default
@pytest.mark.parametrize("retries", [0, 1])
def test_a_killed_worker_ends_its_own_trial_in_one_line(
    regsweep: Regsweep, shell: Shell, monkeypatch: pytest.MonkeyPatch, retries: int
) -> None:
    """With retries within this process, whose pool takes seconds to start once; without as a process of its own."""
    Path("killed.py").write_text(SLOW)  # a module of its own: this process may have one called slow
    monkeypatch.setenv("KILLED", "1")
    listed = "model._target_=regsweep.models.linear.Linear,killed.Killed"
    pool = ("hydra/launcher=pool", "hydra.launcher.workers=1", f"hydra.sweeper.max_retries={retries}")
    command = ("-m", listed, *QUICK, *pool, "hydra.sweep.dir=g")
    done = regsweep(*command) if retries else shell(sys.executable, "-m", "regsweep", *command)
    assert done.code == 1
    killed = f"trial 1 failed: killed by signal {signal.SIGKILL.value} (out of memory?)"
    assert done.out.splitlines().count(killed) == 1
    assert done.out.count(f"{killed}; it runs again") == retries
    assert "Traceback" not in done.out + done.err
    assert "2 trials: 1 complete, 1 failed" in done.out
    assert [row["status"] for row in rows(Path("g"))] == ["complete", "failed"]


@pytest.mark.full
@pytest.mark.parametrize(("n_jobs", "batches"), [(None, 1), (1, 4)])
def test_a_launcher_of_batches_gets_the_whole_grid(
    shell: Shell, tmp_path: Path, n_jobs: int | None, batches: int
) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    (tmp_path / "slow.py").write_text(SLOW)
    size = () if n_jobs is None else (f"hydra.sweeper.n_jobs={n_jobs}",)
    typed = (*GRID, "model._target_=slow.Slow", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", *size)
    done = shell(
        sys.executable,
        "-m",
        "regsweep",
        *typed,
        "hydra.verbose=[hydra_plugins]",
        "hydra.hydra_logging.loggers.hydra_plugins.level=INFO",
    )
    assert done.code == 0, done.err
    assert (done.out + done.err).count("Launching jobs") == batches
