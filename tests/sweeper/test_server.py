"""A study on a real PostgreSQL, which is restarted while the sweep runs."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import optuna
import pytest

from tests.sweeper.audit import FOLDER, completed, finish, start, wait_until

BINARIES = {name: shutil.which(name) for name in ("initdb", "pg_ctl", "postgres", "setpriv")}


@dataclass(frozen=True)
class Server:
    """A cluster of its own, which ends with the test."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://me:s3cret@127.0.0.1:{self.port}/postgres"

    def control(self, *command: str) -> None:
        """Run a command of PostgreSQL's, which refuses to be run by root."""
        other = ("setpriv", "--reuid=nobody", "--clear-groups") if os.geteuid() == 0 else ()
        subprocess.run([*other, *command], cwd=self.folder, check=True, stdout=subprocess.DEVNULL, timeout=60)

    def pg_ctl(self, action: str) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        data, log = str(self.folder / "data"), str(self.folder / "log")
        self.control("pg_ctl", action, "-w", "-D", data, "-l", log, "-o", options)


@pytest.fixture
def server() -> Iterator[Server]:
    pytest.importorskip("psycopg")
    missing = [name for name, path in BINARIES.items() if path is None]
    if missing:
        pytest.skip(f"needs PostgreSQL: no {missing[0]} here")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:  # pytest's own is closed to other users
        server = Server(Path(place), port)
        if os.geteuid() == 0:
            shutil.chown(place, "nobody")
        password = server.folder / "password"
        password.write_text("s3cret")
        password.chmod(0o644)
        arguments = ("-D", str(server.folder / "data"), "-U", "me", "-A", "scram-sha-256", "--no-sync")
        server.control("initdb", *arguments, f"--pwfile={password}")
        server.pg_ctl("start")
        try:
            yield server
        finally:
            server.pg_ctl("stop")


@pytest.mark.faults
def test_a_restart_of_the_server_loses_nothing(server: Server, tmp_path: Path) -> None:
    process = start(tmp_path, f"hydra.sweeper.storage={server.url}", "hydra.sweeper.n_trials=6", "seconds=0.7")
    wait_until(process, lambda: len(completed(tmp_path)) >= 2)
    before = completed(tmp_path)
    server.pg_ctl("restart")
    code, printed = finish(process)
    assert code == 0, printed
    assert len(before) < 6, "the restart came in the middle"
    assert before.items() <= completed(tmp_path).items()
    study = optuna.load_study(study_name=None, storage=server.url)
    assert [trial.number for trial in study.trials] == list(range(6))
    assert {trial.state.name for trial in study.trials} == {"COMPLETE"}
    folder = tmp_path / FOLDER
    assert [path for path in folder.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()] == []
