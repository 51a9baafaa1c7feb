"""Starting the little application, here or as a process of its own, killing it, and the audit of what is left."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import optuna

from tests.conftest import run_script_in

APP = Path(__file__).parent / "app" / "app.py"
FOLDER = "sweep"


def start(cwd: Path, *arguments: str, kill: str = "") -> subprocess.Popen[str]:
    """Start a sweep in a process group of its own."""
    command = [sys.executable, str(APP), "-m", f"hydra.sweep.dir={FOLDER}", *arguments]
    env = {**os.environ, "KILL": kill, "HYDRA_FULL_ERROR": "1"}
    return subprocess.Popen(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return exit code and everything that was printed."""
    out, err = process.communicate(timeout=120)
    return process.returncode, out + err


def run(cwd: Path, *arguments: str, kill: str = "") -> tuple[int, str]:
    """Start a sweep and wait for its end."""
    return finish(start(cwd, *arguments, kill=kill))


def run_here(cwd: Path, *arguments: str, full_error: bool = True) -> tuple[int, str]:
    """Run a sweep within this process; return as `run` does."""
    return run_script_in(cwd, APP, "-m", f"hydra.sweep.dir={FOLDER}", *arguments, full_error=full_error)


def wait_until(process: subprocess.Popen[str], is_so: Callable[[], object]) -> None:
    """Wait while `process` runs; it must not end before."""
    while not is_so():
        assert process.poll() is None
        time.sleep(0.02)  # it needs the core


def kill_group(process: subprocess.Popen[str]) -> None:
    """Kill the whole process group, as a scheduler or the kernel would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def members(process: subprocess.Popen[str]) -> list[str]:
    """Return the command lines of the living processes of the group of `process`."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            state, _, group = (path / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(group) == process.pid and state != "Z":
                found.append((path / "cmdline").read_text().replace("\0", " "))
        except (OSError, ValueError):
            continue  # it ended meanwhile
    return found


def completed(cwd: Path) -> dict[str, str]:
    """Return the digest of every record of a trial that was written."""
    folder = cwd / FOLDER
    return {path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*/trial.json")}


def audit(cwd: Path, n_trials: int, before: dict[str, str]) -> None:
    """Check everything that must hold after a sweep was resumed and has ended."""
    folder = cwd / FOLDER
    after = completed(cwd)
    assert before.items() <= after.items(), "a finished trial was changed"
    folders = sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())
    assert folders == list(range(n_trials)), "one folder per trial, as many as asked for"
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{folder / 'study.db'}")
    assert [trial.number for trial in study.trials] == folders
    states = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
    for trial in study.trials:
        record = json.loads((folder / str(trial.number) / "trial.json").read_text())
        assert trial.state.name == states[record["status"]], "study and folders agree, none is running"
        if record["status"] == "complete":
            assert trial.values == record["values"]
    assert not list(folder.rglob("*.tmp")), "no temporary file is left"
    with (folder / "trials.csv").open() as file:
        assert [int(row["number"]) for row in csv.DictReader(file)] == folders
    drawn = [tuple(trial.params.items()) for trial in study.trials]
    assert len(set(drawn)) == n_trials, "the sampler does not repeat its draws"
