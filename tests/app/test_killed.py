"""Sweeps and confirmations of which a process is killed or stopped: what still runs is waited for, nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Regsweep
from tests.sweeper.audit import members, wait_until
from tests.sweeper.test_orphans import nobody_left, opened, waiting_line

pytestmark = pytest.mark.faults

REGSWEEP = (sys.executable, "-m", "regsweep")
SMALL = (
    "model=linear",
    "model._target_=gated.Gated",
    "trainer.epochs=2",
    "dataset.train_size=200",
    "hydra.sweep.dir=s",
)
GRID = ("-m", *SMALL, "optimizer.lr=0.1,0.2", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
SEARCH = ("-m", "sweep=regularization", *SMALL, "hydra/launcher=submitit_local", "hydra.sweeper.n_jobs=2",
          "hydra.sweeper.n_trials=2")  # fmt: skip
KINDS = ("-m", *SMALL, "regularizer=none,l2")
CONFIRM = ("confirm", "s", "--top", "1", "--seeds", "2")

MODEL = """
import os
from pathlib import Path
import torch
from hydra.core.hydra_config import HydraConfig
from regsweep.models.linear import Linear

HERE = Path(__file__).parent

class Gated(Linear):
    has_passed = False

    def forward(self, images_BCHW):
        if torch.is_grad_enabled() and not self.has_passed:  # no check before the training
            self.has_passed = True
            folder = HydraConfig.get().runtime.output_dir
            with (HERE / "trained").open("a") as file:
                print(os.getpid(), folder, file=file)
            if (HERE / "closed").read_text() in folder:
                os.open(HERE / "gate", os.O_RDONLY)
        return super().forward(images_BCHW)
"""
"""A network whose training waits at a named pipe until somebody opens that, in the folders that a file names."""


@pytest.fixture(autouse=True)
def _gated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "gated", raising=False)  # an earlier test's, which lies elsewhere
    (tmp_path / "gated.py").write_text(MODEL)
    (tmp_path / "closed").write_text("/s/")
    os.mkfifo(tmp_path / "gate")


def start(cwd: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*REGSWEEP, *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip


@contextmanager
def training(cwd: Path, *arguments: str, num_trials: int) -> Iterator[tuple[subprocess.Popen[str], dict[str, int]]]:
    """Start a command; once so many trials wait at the gate, yield it, and their folders with their processes."""
    process = start(cwd, *arguments)
    closed = (cwd / "closed").read_text()

    def waiting() -> dict[str, int]:
        return {folder: pid for folder, pid in trained(cwd) if closed in f"/{folder}"}

    with nobody_left(process):
        wait_until(process, lambda: len(waiting()) == num_trials)
        yield process, waiting()


@contextmanager
def killed_alone(cwd: Path, *arguments: str, num_trials: int) -> Iterator[dict[str, int]]:
    """Kill a command, as `training` starts it, without the processes of its trials; yield these trials."""
    with training(cwd, *arguments, num_trials=num_trials) as (process, waiting):
        process.kill()
        process.wait()
        yield waiting


def trained(cwd: Path) -> list[tuple[str, int]]:
    """Return folder and process of each training that began."""
    path = cwd / "trained"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(str(Path(folder).relative_to(cwd)), int(pid)) for pid, folder in (line.split(" ", 1) for line in lines)]


def require_trained_once(cwd: Path) -> None:
    assert set(Counter(folder for folder, _ in trained(cwd)).values()) == {1}


@pytest.mark.parametrize("sweep", [pytest.param(GRID, id="grid"), pytest.param(SEARCH, id="search")])
def test_resume_waits_for_the_trials_that_still_run(tmp_path: Path, sweep: tuple[str, ...]) -> None:
    with killed_alone(tmp_path, *sweep, num_trials=2) as running:
        assert sorted(running) == ["s/0", "s/1"]
        again = start(tmp_path, "resume", "s")
        line = waiting_line(again)
        for folder, pid in running.items():
            assert f"{folder} (pid {pid} on host {os.uname().nodename})" in line
        with opened(tmp_path / "gate"):
            printed, _ = again.communicate()
    assert again.returncode == 0, printed
    assert "2 trials: 2 complete" in printed
    require_trained_once(tmp_path)


@pytest.mark.parametrize("stage", ["baseline", "seeds"])
def test_a_confirmation_waits_for_the_trials_that_it_had_started(
    regsweep: Regsweep, tmp_path: Path, stage: str
) -> None:
    (tmp_path / "closed").write_text(f"/s/confirmation/{stage}/")
    assert regsweep(*KINDS, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2").code == 0
    with killed_alone(tmp_path, *CONFIRM, num_trials=2) as running:
        assert sorted(running) == [f"s/confirmation/{stage}/0", f"s/confirmation/{stage}/1"]
        again = start(tmp_path, *CONFIRM)
        line = waiting_line(again)
        for folder, pid in running.items():
            assert f"{folder} (pid {pid} on host {os.uname().nodename})" in line
        with opened(tmp_path / "gate"):
            printed, _ = again.communicate()
    assert again.returncode == 0, printed
    require_trained_once(tmp_path)


@pytest.fixture
def seeds_begun(regsweep: Regsweep, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Return a confirmation whose first run on fresh seeds waits at the gate."""
    (tmp_path / "closed").write_text("/s/confirmation/seeds/")
    assert regsweep(*KINDS, "hydra/launcher=basic").code == 0
    with training(tmp_path, *CONFIRM, num_trials=1) as (process, _):
        yield process


def require_goes_on(regsweep: Regsweep, cwd: Path) -> None:
    """Confirm to the end; the one run that was broken off is the only one that is trained again."""
    with opened(cwd / "gate"):
        done = regsweep(*CONFIRM)
    assert done.code == 0, done.err
    counts = Counter(folder for folder, _ in trained(cwd))
    assert counts.pop("s/confirmation/seeds/0") == 2
    assert set(counts.values()) == {1}
    assert not list(cwd.rglob("*.tmp"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_a_confirmation_alone_ends_it_and_it_goes_on(
    regsweep: Regsweep, tmp_path: Path, seeds_begun: subprocess.Popen[str], number: signal.Signals
) -> None:
    process = seeds_begun
    second = regsweep(*CONFIRM)
    assert second.code == 3
    assert f"confirmation: in use by pid {process.pid} on host {os.uname().nodename}" in second.err
    process.send_signal(number)
    printed, _ = process.communicate()
    assert process.returncode == 128 + number
    assert "go on with: regsweep confirm s" in printed
    assert not members(process), "no child is left"
    require_goes_on(regsweep, tmp_path)
