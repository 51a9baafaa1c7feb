"""A pool of worker processes: each runs one job at a time, and dies alone.

A worker that is killed takes its own job along and nothing else; the next job gets a new worker.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

import cloudpickle
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from regsweep.errors import RecordError
from regsweep.launcher.jobs import Ended, OnReport
from regsweep.launcher.share import Machine, changed_environment
from regsweep.launcher.worker import Setup, Task, serve

PATIENCE_SECONDS = 2.0
"""How long a worker that is told to end may take before it is killed."""


@dataclass
class _Worker:
    process: SpawnProcess
    channel: Connection
    number: int | None = None  # of the job that it runs


class Pool:
    """Workers that live until `close`; see `regsweep.launcher.jobs.Jobs`.

    Args:
        context: Hydra's.
        task: what each job calls.
        config: the sweep's configuration, from which each job is composed.
        machine: what the workers share.
        num_workers: how many.
        on_report: hears the jobs' reports; None: nobody does.
        returns: whether to keep what Hydra returns of each job, in `returned`.
    """

    def __init__(
        self,
        context: HydraContext,
        task: TaskFunction,
        config: DictConfig,
        machine: Machine,
        num_workers: int,
        *,
        on_report: OnReport | None = None,
        returns: bool = False,
    ) -> None:
        self._machine, self.num_slots = machine, num_workers
        self.returned: dict[int, JobReturn] = {}
        self._on_report, self._returns = on_report, returns
        self._setup = Setup(context, task, config, Singleton.get_state(), os.getcwd(), sys.path)  # noqa: PTH109
        self._workers: list[_Worker | None] = [None] * self.num_slots

    def start(self, number: int, overrides: Sequence[str]) -> None:
        """Start a job in a free worker, in a new one where none is alive."""
        slot = next(i for i, worker in enumerate(self._workers) if worker is None or worker.number is None)
        worker = self._workers[slot]
        if worker is None or not worker.process.is_alive():
            worker = self._workers[slot] = self._hire(slot)
        task = Task(number, tuple(overrides), self._on_report is not None, self._returns)
        worker.number = number
        _send(worker, task)

    def wait(self) -> list[Ended]:
        """Show what workers print, answer what they report, and return the jobs that have ended; see `Jobs.wait`."""
        while True:
            busy = {worker.channel: worker for worker in self._workers if worker and worker.number is not None}
            ended = [self._hear(busy[ready]) for ready in connection.wait(list(busy)) if isinstance(ready, Connection)]
            if any(ended):
                return [job for job in ended if job]

    def close(self) -> None:
        """End all workers, and what they run."""
        workers = [worker for worker in self._workers if worker]
        self._workers = [None] * self.num_slots
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join(PATIENCE_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.channel.close()

    def _hire(self, slot: int) -> _Worker:
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=serve, args=(theirs,), name=f"worker-{slot}", daemon=True)
        with changed_environment(self._machine.share_of(slot, self.num_slots)):
            process.start()
        theirs.close()
        worker = _Worker(process, ours)
        _send(worker, self._setup)
        return worker

    def _hear(self, worker: _Worker) -> Ended | None:
        """Take one message, and return the job where that says that it ended."""
        number = worker.number
        assert number is not None
        try:
            kind, *content = cloudpickle.loads(worker.channel.recv_bytes())
        except (EOFError, OSError):
            return self._bury(worker, number)
        if kind == "text":
            sys.stdout.write(content[0])
        elif kind == "report":
            assert self._on_report is not None
            _send(worker, self._on_report(number, *content))
        elif kind == "unwritable":
            raise RecordError(content[0])
        elif kind == "exit":
            raise SystemExit(content[0])
        else:
            job, error = content
            worker.number = None
            if job is not None:
                self.returned[number] = job
            return Ended(number, error)
        return None

    def _bury(self, worker: _Worker, number: int) -> Ended:
        worker.process.join(PATIENCE_SECONDS)
        worker.channel.close()
        self._workers[self._workers.index(worker)] = None
        code = worker.process.exitcode
        if code is not None and code < 0:
            guess = " (out of memory?)" if -code == signal.SIGKILL else ""
            return Ended(number, f"killed by signal {-code}{guess}")
        return Ended(number, f"its worker ended with exit code {code}")


def _send(worker: _Worker, message: Any) -> None:
    try:
        worker.channel.send_bytes(cloudpickle.dumps(message))
    except OSError:
        return  # it has just died; `wait` hears of that and says so
