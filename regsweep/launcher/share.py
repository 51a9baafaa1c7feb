"""What each worker gets of the machine: its share of the cores, and one GPU where there are several."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Machine:
    """What there is to share.

    Attributes:
        cores: that this process may use, of the machine, its affinity and its container.
        gpus: the CUDA devices that this process sees, by the names that ``CUDA_VISIBLE_DEVICES`` takes.
    """

    cores: int
    gpus: tuple[str, ...] = ()

    @staticmethod
    def here() -> Machine:
        """Return this machine."""
        from joblib import cpu_count  # noqa: PLC0415  (numpy)

        return Machine(int(cpu_count()), tuple(_visible_gpus(os.environ)))

    def count_workers(self, requested: int | None) -> int:
        """Return how many workers to run: as many as requested, else one per GPU, else one per core."""
        return requested or len(self.gpus) or self.cores

    def share_of(self, worker: int, num_workers: int) -> dict[str, str]:
        """Return what the worker with that index (from 0) has in its environment beside everything else.

        Threads are the cores divided by the workers, one at least. Where there are several GPUs, worker i is bound
        to GPU i modulo their number; where there is one, all share it.
        """
        share = dict.fromkeys(_THREADS, str(max(1, self.cores // num_workers)))
        if len(self.gpus) > 1:
            share[_VISIBLE] = self.gpus[worker % len(self.gpus)]
        return share


def _visible_gpus(environment: Mapping[str, str]) -> list[str]:
    if _VISIBLE in environment:
        return [name.strip() for name in environment[_VISIBLE].split(",") if name.strip() not in ("", "-1")]
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    try:
        query = [command, "--query-gpu=index", "--format=csv,noheader"]
        done = subprocess.run(query, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.split() if done.returncode == 0 else []


@contextmanager
def changed_environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Change this process's environment meanwhile, for the processes that are started in it."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
