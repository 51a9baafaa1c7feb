"""Kills, signals, full disks, two owners: nothing that was finished is lost, and the sweep goes on.

Short here; the whole of it with ``pytest -m faults`` (some minutes).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sweeper.audit import FOLDER, audit, completed, finish, kill_group, members, run, run_here, start, wait_until

PLACES = ["task", "trial.json", "told", "trials.csv", "optimization_results.yaml"]
"""Inside a trial; while its record is written; between record and telling; while the sweep's tables are written."""

BASIC, POOL = "basic", "pool"
FULL = [(PLACES[n % len(PLACES)], random.Random(n).randint(1, 11)) for n in range(50)]  # noqa: S311
N_TRIALS = 12


def kill_and_resume(tmp_path: Path, launcher: str, kills: list[tuple[str, int]], n_trials: int = N_TRIALS) -> None:
    """Kill a sweep at each place in turn, then let it end, and audit it."""
    chosen = (f"hydra/launcher={launcher}", f"hydra.sweeper.n_trials={n_trials}")
    before: dict[str, str] = {}
    for place, times in kills:
        (tmp_path / "killed").unlink(missing_ok=True)
        code, _ = run(tmp_path, *chosen, kill=f"{place}:{_reachable(launcher, place, times)}")
        assert code == -signal.SIGKILL
        assert (tmp_path / "killed").read_text() == place, "it was killed where it was meant to be"
        now = completed(tmp_path)
        assert before.items() <= now.items(), "counts never fall"
        before = now
    code, printed = _go_on(launcher)(tmp_path, *chosen)
    assert code == 0, printed
    assert "resume: " in printed
    audit(tmp_path, n_trials, before)


def _go_on(launcher: str) -> Callable[..., tuple[int, str]]:
    """Return what goes on with a sweep; a pool has to end with its process, to show that no worker is left."""
    return run if launcher == POOL else run_here


def _reachable(launcher: str, place: str, times: int) -> int:
    """Return how often a sweep of twelve trials is sure to reach `place`, at most `times`."""
    if launcher == POOL and place in ("task", "trial.json"):
        return 1 + times // 4  # each of two workers counts for itself, and may get few of the trials
    if place == "optimization_results.yaml":
        return min(times, 2)  # written for the first trial, for each that is better, and at the end
    return times


def test_kills_lose_nothing(tmp_path: Path) -> None:
    """One sweep, killed three times; each place many times with `pytest -m faults`."""
    kill_and_resume(tmp_path, BASIC, [("task", 2), ("told", 2), ("trials.csv", 2)], n_trials=5)


@pytest.mark.faults
@pytest.mark.parametrize(("place", "times"), [("task", 4), ("told", 3)])
def test_a_kill_of_a_pool_loses_nothing(tmp_path: Path, place: str, times: int) -> None:
    kill_and_resume(tmp_path, POOL, [(place, times)])


@pytest.mark.faults
@pytest.mark.parametrize("launcher", [BASIC, POOL])
@pytest.mark.parametrize(("place", "times"), FULL)
def test_fifty_kills_lose_nothing(tmp_path: Path, launcher: str, place: str, times: int) -> None:
    kill_and_resume(tmp_path, launcher, [(place, times)])


@pytest.mark.faults
@pytest.mark.parametrize("launcher", [BASIC, POOL])
@pytest.mark.parametrize("seed", range(10))
def test_five_kills_in_a_row_lose_nothing(tmp_path: Path, launcher: str, seed: int) -> None:
    chosen = random.Random(seed)  # noqa: S311
    kill_and_resume(tmp_path, launcher, [(chosen.choice(PLACES[:-1]), chosen.randint(1, 2)) for _ in range(5)])


@pytest.mark.faults
@pytest.mark.parametrize("launcher", [BASIC, POOL])
@pytest.mark.parametrize("seed", range(10))
def test_kills_from_outside_at_random_moments_lose_nothing(tmp_path: Path, launcher: str, seed: int) -> None:
    arguments = (f"hydra/launcher={launcher}", "seconds=0.5")
    process = start(tmp_path, *arguments)
    wait_until(process, (tmp_path / FOLDER / "0" / "pid").exists)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=2 * random.Random(seed).random())  # noqa: S311
    kill_group(process)
    before = completed(tmp_path)
    assert len(before) < N_TRIALS, "it was killed before its end"
    code, printed = run(tmp_path, *arguments)
    assert code == 0, printed
    audit(tmp_path, N_TRIALS, before)


def stop_and_resume(
    tmp_path: Path, launcher: str, signum: signal.Signals, after: int, n_trials: int = N_TRIALS
) -> None:
    """Stop a sweep by a signal after some trials, within ten seconds, and let it go on."""
    arguments = (f"hydra/launcher={launcher}", "seconds=0.2", f"hydra.sweeper.n_trials={n_trials}")
    process = start(tmp_path, *arguments)
    wait_until(process, lambda: len(completed(tmp_path)) >= after)
    if signum == signal.SIGINT:
        os.killpg(process.pid, signum)  # as a terminal does
    else:
        os.kill(process.pid, signum)
    out, err = process.communicate(timeout=10)
    deadline = time.monotonic() + 5  # a process that was ended takes a moment to disappear
    while members(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not members(process), "no child is left"
    before = completed(tmp_path)
    assert after <= len(before) < n_trials, "it was stopped before its end"
    assert process.returncode != 0
    assert f"stopped: {len(before)} done; resume with: " in out + err
    code, printed = _go_on(launcher)(tmp_path, *arguments)
    assert code == 0, printed
    audit(tmp_path, n_trials, before)


@pytest.mark.parametrize(
    ("launcher", "signum"),
    [
        pytest.param(BASIC, signal.SIGINT, marks=pytest.mark.faults),
        pytest.param(BASIC, signal.SIGTERM, marks=pytest.mark.faults),
        (POOL, signal.SIGINT),
    ],
)
def test_a_signal_stops_and_loses_nothing(tmp_path: Path, launcher: str, signum: signal.Signals) -> None:
    stop_and_resume(tmp_path, launcher, signum, after=1, n_trials=8)


@pytest.mark.faults
@pytest.mark.parametrize("launcher", [BASIC, POOL])
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seed", range(20))
def test_twenty_signals_lose_nothing(tmp_path: Path, launcher: str, signum: signal.Signals, seed: int) -> None:
    stop_and_resume(tmp_path, launcher, signum, after=random.Random(seed).randint(1, 9))  # noqa: S311


def test_a_second_signal_stops_at_once(tmp_path: Path) -> None:
    """The first one ends the sweep at its next statement, which a trial that blocks in C never reaches."""
    arguments = ("seconds=1", "hydra.sweeper.n_trials=1")
    process = start(tmp_path, *arguments)
    wait_until(process, (tmp_path / FOLDER / "0" / "pid").exists)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode != 0
    code, printed = run_here(tmp_path, *arguments)
    assert code == 0, printed
    audit(tmp_path, 1, {})


def kill_a_worker(tmp_path: Path, number: int, max_retries: int, n_trials: int = N_TRIALS) -> str:
    """Kill the worker that runs the trial with this number, while another runs beside it; return what was printed."""
    pid = tmp_path / FOLDER / str(number) / "pid"
    process = start(
        tmp_path, "hydra/launcher=pool", "hydra.launcher.workers=2", "seconds=0.5",
        f"hydra.sweeper.max_retries={max_retries}", f"hydra.sweeper.n_trials={n_trials}",
    )  # fmt: skip
    wait_until(process, lambda: pid.exists() and pid.read_text())
    before = completed(tmp_path)
    os.kill(int(pid.read_text()), signal.SIGKILL)
    code, printed = finish(process)
    assert code == 0, printed
    assert f"trial {number} failed: killed by signal 9 (out of memory?)" in printed
    audit(tmp_path, n_trials, before)
    records = {path.parent.name: json.loads(path.read_text()) for path in (tmp_path / FOLDER).glob("*/trial.json")}
    failed = [name for name, record in records.items() if record["status"] != "complete"]
    assert failed == ([] if max_retries else [str(number)]), "the others are unharmed"
    return printed


@pytest.mark.parametrize("max_retries", [pytest.param(0, marks=pytest.mark.faults), 1])
def test_a_worker_dies_alone(tmp_path: Path, max_retries: int) -> None:
    printed = kill_a_worker(tmp_path, 3, max_retries, n_trials=6)
    assert ("it runs again" in printed) == bool(max_retries)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(20))
def test_twenty_workers_die_alone(tmp_path: Path, seed: int) -> None:
    kill_a_worker(tmp_path, random.Random(seed).randint(0, N_TRIALS - 1), max_retries=seed % 2)  # noqa: S311


@pytest.mark.faults  # by default in tests/app/test_owner.py
def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    arguments = ("seconds=0.5", "hydra.sweeper.n_trials=8")
    first = start(tmp_path, *arguments)
    wait_until(first, lambda: completed(tmp_path))
    code, printed = run_here(tmp_path, *arguments)
    assert code != 0
    assert f"in use by pid {first.pid} on host {os.uname().nodename}" in printed
    assert finish(first)[0] == 0
    audit(tmp_path, 8, {})


@pytest.mark.faults
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")
def test_a_full_disk_is_said_and_the_sweep_goes_on_once_there_is_room(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        code, printed = run_here(tmp_path, "hydra.sweeper.n_trials=20")
        assert code != 0
        assert "disk full writing" in printed or "database or disk is full" in printed or "No space left" in printed
        before = completed(tmp_path)
        assert before
        subprocess.run(["mount", "-o", "remount,size=8m", str(folder)], check=True)
        code, printed = run_here(tmp_path, "hydra.sweeper.n_trials=20")
        assert code == 0, printed
        audit(tmp_path, 20, before)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
