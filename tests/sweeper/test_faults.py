"""Kills, signals, full disks, two owners: nothing that was finished is lost, and the sweep goes on.

Short here; the whole of it with ``pytest -m faults`` (some minutes).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
from pathlib import Path

import pytest

from tests.sweeper.audit import FOLDER, audit, completed, finish, kill_group, run, start

PLACES = ["task", "trial.json", "told", "trials.csv", "optimization_results.yaml"]
"""Inside a trial; while its record is written; between record and telling; while the sweep's tables are written."""

SHORT = [(place, 4) for place in PLACES]
FULL = [(PLACES[n % len(PLACES)], random.Random(n).randint(1, 11)) for n in range(50)]  # noqa: S311
N_TRIALS = 12


def kill_and_resume(tmp_path: Path, kills: list[tuple[str, int]]) -> None:
    """Kill a sweep at each place in turn, then let it end, and audit it."""
    before: dict[str, str] = {}
    for place, times in kills:
        (tmp_path / "killed").unlink(missing_ok=True)
        code, _ = run(tmp_path, kill=f"{place}:{times}")
        assert code == -signal.SIGKILL
        assert (tmp_path / "killed").read_text() == place, "it was killed where it was meant to be"
        now = completed(tmp_path)
        assert before.items() <= now.items(), "counts never fall"
        before = now
    code, printed = run(tmp_path)
    assert code == 0, printed
    assert "resume: " in printed
    audit(tmp_path, N_TRIALS, before)


@pytest.mark.parametrize(("place", "times"), SHORT)
def test_a_kill_loses_nothing(tmp_path: Path, place: str, times: int) -> None:
    kill_and_resume(tmp_path, [(place, times)])


def test_several_kills_in_a_row_lose_nothing(tmp_path: Path) -> None:
    kill_and_resume(tmp_path, [("task", 2), ("told", 2), ("trials.csv", 2)])


@pytest.mark.faults
@pytest.mark.parametrize(("place", "times"), FULL)
def test_fifty_kills_lose_nothing(tmp_path: Path, place: str, times: int) -> None:
    kill_and_resume(tmp_path, [(place, times)])


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(10))
def test_five_kills_in_a_row_lose_nothing(tmp_path: Path, seed: int) -> None:
    chosen = random.Random(seed)  # noqa: S311
    kill_and_resume(tmp_path, [(chosen.choice(PLACES), chosen.randint(1, 2)) for _ in range(5)])


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(10))
def test_kills_from_outside_at_random_moments_lose_nothing(tmp_path: Path, seed: int) -> None:
    process = start(tmp_path, "seconds=0.05")
    try:
        process.wait(timeout=0.9 + random.Random(seed).random())  # noqa: S311
    except subprocess.TimeoutExpired:
        kill_group(process)
    before = completed(tmp_path)
    assert len(before) < N_TRIALS, "it was killed before its end"
    code, printed = run(tmp_path, "seconds=0.05")
    assert code == 0, printed
    audit(tmp_path, N_TRIALS, before)


def stop_and_resume(tmp_path: Path, signum: signal.Signals, after: int) -> None:
    """Stop a sweep by a signal after some trials, within ten seconds, and let it go on."""
    process = start(tmp_path, "seconds=0.2")
    while len(completed(tmp_path)) < after:
        assert process.poll() is None
    os.kill(process.pid, signum)
    out, err = process.communicate(timeout=10)
    before = completed(tmp_path)
    assert after <= len(before) < N_TRIALS, "it was stopped before its end"
    assert process.returncode != 0
    assert f"stopped: {len(before)} done; resume with: " in out + err
    code, printed = run(tmp_path, "seconds=0.2")
    assert code == 0, printed
    audit(tmp_path, N_TRIALS, before)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_and_loses_nothing(tmp_path: Path, signum: signal.Signals) -> None:
    stop_and_resume(tmp_path, signum, after=2)


@pytest.mark.faults
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seed", range(20))
def test_twenty_signals_lose_nothing(tmp_path: Path, signum: signal.Signals, seed: int) -> None:
    stop_and_resume(tmp_path, signum, after=random.Random(seed).randint(1, 9))  # noqa: S311


def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    first = start(tmp_path, "seconds=0.3")
    while not completed(tmp_path):
        assert first.poll() is None
    code, printed = run(tmp_path)
    assert code != 0
    assert f"in use by pid {first.pid} on host {os.uname().nodename}" in printed
    assert finish(first)[0] == 0
    audit(tmp_path, N_TRIALS, {})


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")
def test_a_full_disk_is_said_and_the_sweep_goes_on_once_there_is_room(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        code, printed = run(tmp_path, "hydra.sweeper.n_trials=40")
        assert code != 0
        assert "disk full writing" in printed or "database or disk is full" in printed or "No space left" in printed
        before = completed(tmp_path)
        assert before
        subprocess.run(["mount", "-o", "remount,size=8m", str(folder)], check=True)
        code, printed = run(tmp_path, "hydra.sweeper.n_trials=40")
        assert code == 0, printed
        audit(tmp_path, 40, before)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
