"""A sweep's folder has one owner, and a start that ends at any point leaves a folder that can be used."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Regsweep

QUICK = ("hydra/launcher=basic", "dataset.train_size=200", "model.hidden=[16]")
GRID = ("-m", *QUICK, "optimizer.lr=0.1,0.2")
SEARCH = ("-m", "sweep=regularization", *QUICK)
LONG = "trainer.epochs=100000"

KILLING = """
import os, signal, sys
fsync, left = os.fsync, int(sys.argv.pop(1))
def killing(fd):
    global left
    fsync(fd)
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
os.fsync = killing
from regsweep import cli
cli.main()
"""


def begun(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a sweep that does not end by itself, and return it once it trains."""
    command = [sys.executable, "-m", "regsweep", *arguments, LONG]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("*/0/.hydra/overrides.yaml")):
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.05)
    return process


@contextmanager
def held(folder: Path) -> Iterator[int]:
    """Let another process own `folder` meanwhile; yield its number."""
    code = (
        "import sys, pathlib\n"
        "from regsweep.sweeper.lock import FolderLock\n"
        "with FolderLock(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
    finally:
        process.communicate()


def require_refused(regsweep: Regsweep, sweep: Path, pid: int, arguments: tuple[str, ...], *extension: str) -> None:
    """Neither `resume` nor a second start touches a sweep that another process owns."""
    before = {path: path.read_bytes() for path in sweep.glob("*.*") if path.suffix in (".json", ".yaml")}
    assert {path.name for path in before} >= {"command.json", "multirun.yaml"}
    for again in (("resume", str(sweep), *extension), arguments):
        done = regsweep(*again)
        assert done.code == 3
        assert done.err == f"regsweep: {sweep}: in use by pid {pid} on host {os.uname().nodename}\n"
    assert {path: path.read_bytes() for path in before} == before


def test_a_sweep_of_another_process_is_neither_started_nor_resumed_nor_changed(
    regsweep: Regsweep, search: Path
) -> None:
    with held(search) as pid:
        require_refused(regsweep, search, pid, (*SEARCH, f"hydra.sweep.dir={search}"), "n_trials=30")
    assert regsweep("resume", str(search)).code == 0


@pytest.mark.faults
@pytest.mark.parametrize(("arguments", "extension"), [(SEARCH, ("n_trials=30",)), (GRID, ())])
def test_a_sweep_that_runs_is_neither_started_nor_resumed_nor_changed(
    regsweep: Regsweep, tmp_path: Path, arguments: tuple[str, ...], extension: tuple[str, ...]
) -> None:
    arguments = (*arguments, "hydra.sweep.dir=s")
    first = begun(tmp_path, *arguments)
    try:
        require_refused(regsweep, tmp_path / "s", first.pid, (*arguments, LONG), *extension)
    finally:
        first.kill()
        first.communicate()


@contextmanager
def files_no_larger_than(num_bytes: int) -> Iterator[None]:
    """Let every write beyond that size fail, as on a disk that is full."""
    # Compiled modules would be cut short, too, and every later import of them would fail.
    writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        os.environ.pop("PYTHONDONTWRITEBYTECODE")
        sys.dont_write_bytecode = writes_bytecode
        signal.signal(signal.SIGXFSZ, before)


@pytest.mark.parametrize(
    ("arguments", "failing"),
    [
        (GRID, "multirun.yaml"),
        (SEARCH, "command.json"),
        pytest.param(GRID, "command.json", marks=pytest.mark.faults),
        pytest.param(SEARCH, "multirun.yaml", marks=pytest.mark.faults),
    ],
)
def test_a_start_that_cannot_write_leaves_a_folder_that_can_be_used(
    regsweep: Regsweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], failing: str
) -> None:
    arguments = (*arguments, "trainer.epochs=1", "hydra.sweep.dir=s")
    if arguments[1].startswith("sweep"):
        arguments += ("hydra.sweeper.n_trials=2",)
    # command.json has it and must be the smaller file; each command of an earlier test has left its folder there.
    monkeypatch.setattr(sys, "path", [place for place in sys.path if not place.startswith(tempfile.gettempdir())])
    with files_no_larger_than({"command.json": 100, "multirun.yaml": 3000}[failing]):
        done = regsweep(*arguments)
    assert done.code == 3
    assert f"cannot write {tmp_path / 's' / failing}: {os.strerror(errno.EFBIG)}" in done.err
    goes_on = (*arguments,) if failing == "command.json" else ("resume", "s")
    done = regsweep(*goes_on)
    assert done.code == 0, done.err
    assert "2 trials: 2 complete" in done.out
    assert {path.name for path in (tmp_path / "s").iterdir()} >= {"command.json", "multirun.yaml", "0", "1"}


@pytest.mark.faults
@pytest.mark.parametrize(("number", "is_begun"), [(1, False), (2, True)])
def test_a_start_that_is_killed_leaves_a_folder_that_can_be_used(
    regsweep: Regsweep, tmp_path: Path, number: int, is_begun: bool
) -> None:
    """While its first record is half written, and while its second is."""
    arguments = (*GRID, "trainer.epochs=1", "hydra.sweep.dir=s")
    killed = subprocess.run(
        [sys.executable, "-c", KILLING, str(number), *arguments], cwd=tmp_path, capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "s" / "command.json").exists() == is_begun
    if is_begun:
        done = regsweep(*arguments)
        assert done.code == 2
        assert "a sweep began here; go on with regsweep resume s, or choose another" in done.err
    done = regsweep("resume", "s") if is_begun else regsweep(*arguments)
    assert done.code == 0, done.err
    assert "2 trials: 2 complete" in done.out
    assert not list((tmp_path / "s").glob(".*"))
