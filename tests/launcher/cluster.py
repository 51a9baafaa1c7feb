"""A Ray cluster of several nodes on this machine, by ``ray start``, as its documentation has it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

RAY = Path(sys.executable).parent / "ray"
PORT = 6399


class Cluster:
    """Nodes of one core each; the first is the head.

    Args:
        folder: for what Ray writes.
        cpus: cores of each node.
    """

    def __init__(self, folder: Path, cpus: tuple[int, ...]) -> None:
        self._folder = folder
        self.address = f"127.0.0.1:{PORT}"
        self.env = {**os.environ, "RAY_TMPDIR": str(folder), "RAY_AUTH_MODE": "disabled"}
        self.cpus = cpus

    def start(self) -> None:
        """Start the head, then the other nodes."""
        head, *others = self.cpus
        self._ray("start", "--head", f"--port={PORT}", f"--num-cpus={head}", "--include-dashboard=false")
        for number in others:
            self.add(number)

    def add(self, cpus: int) -> None:
        """Start a further node."""
        self._ray("start", f"--address={self.address}", f"--num-cpus={cpus}")

    def raylets(self) -> list[int]:
        """Return the nodes' processes, the oldest first: that of the head."""
        found = [int(path.name) for path in Path("/proc").glob("[0-9]*") if self._is_ours(path)]
        return sorted(found, key=lambda pid: int(_stat(pid)[19]))

    def kill_a_node(self) -> None:
        """Kill the raylet of the youngest node, and all that it started, as when a machine goes."""
        raylet = self.raylets()[-1]
        for pid in (raylet, *_below(raylet)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """Stop all nodes."""
        subprocess.run([RAY, "stop", "--force"], env=self.env, capture_output=True, check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _is_ours(self, path: Path) -> bool:
        try:
            words = (path / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            return False
        return words[0].endswith("/raylet") and any(str(self._folder) in word for word in words)

    def _ray(self, *words: str) -> None:
        subprocess.run([RAY, *words], env=self.env, capture_output=True, check=True, timeout=120)


def _stat(pid: int) -> list[str]:
    """Return the fields of a process from its state on; see proc(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _below(pid: int) -> list[int]:
    """Return all processes that a process started, and those that these started."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(path.name)] = int(_stat(int(path.name))[1])
    found = [child for child, parent in parents.items() if parent == pid]
    return [*found, *(each for child in found for each in _below(child))]
