"""Jobs that outlive their sweep, which was killed: who goes on with it waits for them and trains none again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from regsweep.sweeper.job import owned
from regsweep.sweeper.lock import await_owners
from tests.sweeper.audit import FOLDER, audit, finish, start, wait_until

JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.sweeper.n_jobs=2")
QUEUED = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.sweeper.n_jobs=4", "seconds=0.5")
SUBMITIT = ("hydra/launcher=submitit_local", "hydra.launcher.submitit_folder=submitit/%j", "hydra.sweeper.n_jobs=2")
# A worker ends with its sweep, but for one that computes in C just then.
POOL = ("hydra/launcher=pool", "hydra.launcher.workers=2", "holds_interpreter=true")


@contextmanager
def killed_alone(cwd: Path, *arguments: str) -> Iterator[list[int]]:
    """Kill a sweep without its jobs, once two of them wait at the gate; yield their processes."""
    os.mkfifo(cwd / "gate")
    process = start(cwd, *arguments)
    with nobody_left(process):
        wait_until(process, lambda: len(trained(cwd)) == 2)
        process.kill()
        process.wait()
        yield [int((cwd / FOLDER / str(number) / "pid").read_text()) for number in range(2)]


@contextmanager
def nobody_left(process: subprocess.Popen[str]) -> Iterator[None]:
    """Afterwards, kill what is left of the group of `process`: idle workers of joblib would stay for minutes."""
    with process:
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def opened(gate: Path) -> Iterator[None]:
    """Let everybody through the gate meanwhile."""
    handle = os.open(gate, os.O_RDWR)
    try:
        yield
    finally:
        os.close(handle)


def trained(cwd: Path) -> list[str]:
    """Return the numbers of the trials whose training began, as often as it did."""
    path = cwd / "gate.trained"
    return sorted(path.read_text().split()) if path.exists() else []


def waiting_line(process: subprocess.Popen[str]) -> str:
    """Return the line in which the process says for whom it waits."""
    assert process.stdout is not None
    return next(line for line in process.stdout if "waiting for what still runs: " in line)


@pytest.mark.parametrize(
    ("launcher", "n_trials"),
    [
        pytest.param(JOBLIB, 2, id="joblib", marks=pytest.mark.faults),
        pytest.param(JOBLIB, 6, id="joblib-and-on", marks=pytest.mark.faults),
        pytest.param(QUEUED, 6, id="joblib-queued", marks=pytest.mark.faults),
        pytest.param(SUBMITIT, 6, id="submitit", marks=pytest.mark.faults),
        pytest.param(POOL, 6, id="pool", marks=pytest.mark.faults),
    ],
)
def test_a_sweep_that_goes_on_waits_for_the_jobs_that_still_run(
    tmp_path: Path, launcher: tuple[str, ...], n_trials: int
) -> None:
    arguments = (*launcher, "gate=gate", f"hydra.sweeper.n_trials={n_trials}")
    with killed_alone(tmp_path, *arguments) as pids:
        again = start(tmp_path, *arguments)
        line = waiting_line(again)
        for number, pid in enumerate(pids):
            assert f"{FOLDER}/{number} (pid {pid} on host {os.uname().nodename})" in line
        assert trained(tmp_path) == ["0", "1"]
        with opened(tmp_path / "gate"):
            code, printed = finish(again)
    assert code == 0, printed
    audit(tmp_path, n_trials, {})
    if launcher != POOL:  # whose orphans end at the gate
        assert "resume: 2 done kept, " in printed
        assert trained(tmp_path) == [str(number) for number in range(n_trials)]


@pytest.mark.faults
def test_a_signal_ends_the_waiting_and_no_job(tmp_path: Path) -> None:
    arguments = (*JOBLIB, "gate=gate", "hydra.sweeper.n_trials=2")
    with killed_alone(tmp_path, *arguments):
        again = start(tmp_path, *arguments)
        waiting_line(again)
        again.send_signal(signal.SIGINT)
        code, printed = finish(again)
        assert code != 0
        assert "stopped: 0 done; resume with: " in printed
        again = start(tmp_path, *arguments)
        waiting_line(again)
        with opened(tmp_path / "gate"):
            code, printed = finish(again)
    assert code == 0, printed
    assert trained(tmp_path) == ["0", "1"]
    audit(tmp_path, 2, {})


@pytest.mark.faults
def test_a_job_that_is_killed_while_it_is_waited_for_runs_again(tmp_path: Path) -> None:
    arguments = (*JOBLIB, "gate=gate", "hydra.sweeper.n_trials=2")
    with killed_alone(tmp_path, *arguments) as pids:
        again = start(tmp_path, *arguments)
        waiting_line(again)
        os.kill(pids[0], signal.SIGKILL)
        with opened(tmp_path / "gate"):
            code, printed = finish(again)
    assert code == 0, printed
    assert "resume: 1 done kept, 1 interrupted rerun, 0 left" in printed
    assert trained(tmp_path) == ["0", "0", "1"]
    audit(tmp_path, 2, {})


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.faults
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_job_that_its_launcher_loses_is_not_trained_again(tmp_path: Path, n_jobs: int) -> None:
    """submitit watches a job through a process between them; without that, it gives the job up, which runs on."""
    os.mkfifo(tmp_path / "gate")
    arguments = (*SUBMITIT, f"hydra.sweeper.n_jobs={n_jobs}", "gate=gate", "hydra.sweeper.n_trials=2")
    process = start(tmp_path, *arguments)
    with nobody_left(process):
        wait_until(process, lambda: len(trained(tmp_path)) == n_jobs)
        pid = int((tmp_path / FOLDER / "0" / "pid").read_text())
        os.kill(parent_of(pid), signal.SIGKILL)
        again = process
        if n_jobs > 1:
            process.wait()
            assert process.returncode != 0
            assert process.stderr is not None
            expected = next(line for line in process.stderr if "a job of trials 0 to 1 was lost (" in line)
            assert expected.endswith("; resume, which waits for those that still run\n")
            again = start(tmp_path, *arguments)
        assert f"{FOLDER}/0 (pid {pid} on host {os.uname().nodename})" in waiting_line(again)
        with opened(tmp_path / "gate"):
            code, printed = finish(again)
    assert code == 0, printed
    assert trained(tmp_path) == ["0", "1"]
    audit(tmp_path, 2, {})


def test_only_the_owner_of_a_folder_deletes_what_is_half_written_there(tmp_path: Path) -> None:
    for name in (".result.json.x.tmp", "checkpoint"):
        (tmp_path / name).touch()
    with owned(tmp_path, 0):
        assert {path.name for path in tmp_path.iterdir()} == {".lock", "checkpoint"}
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


HOLDING = """
import multiprocessing, subprocess, time
from pathlib import Path
from regsweep.sweeper.lock import FolderLock
with FolderLock(Path.cwd()):
    children = [subprocess.Popen(["sleep", "60"])]
    for method in ("fork", "spawn", "forkserver"):
        children.append(multiprocessing.get_context(method).Process(target=time.sleep, args=(60,)))
        children[-1].start()
    print(*[child.pid for child in children], flush=True)
    time.sleep(60)
"""


def test_a_child_of_a_job_that_is_killed_does_not_keep_its_folder(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING], cwd=tmp_path, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    children = [int(pid) for pid in process.stdout.readline().split()]
    assert len(children) == 4
    process.kill()
    process.wait()
    expected: list[str] = []
    await_owners([tmp_path], expected.append)
    for child in children:
        os.kill(child, 0)  # it lives
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert (tmp_path / ".lock").exists()
    assert not expected
