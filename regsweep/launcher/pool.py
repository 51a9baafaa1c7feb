"""A pool of worker processes: each runs one job at a time, and dies alone.

A worker that is killed takes its own job along and nothing else; the next job gets a new worker.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import connection, forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import cloudpickle
from hydra.core.utils import JobReturn

from regsweep.errors import RecordError
from regsweep.launcher.jobs import Ended, Reported, capabilities_of
from regsweep.launcher.share import Machine, changed_environment
from regsweep.launcher.worker import Call, Setup, Task, answer, serve

PATIENCE_SECONDS = 2.0
"""How long a worker that must end may take before it is killed."""


_LINE = re.compile(r"[^\r\n]+")

# Workers are forked from a server process that has imported what they all need: a new one takes milliseconds, where
# importing torch takes seconds. The server has no threads and trains nothing, so that forking it is safe, unlike
# forking the sweep itself.
_SERVER = multiprocessing.get_context("forkserver")


def warm_up(preload: Sequence[str], num_workers: int | None) -> None:
    """Start the server that workers are forked from, which imports the modules `preload` meanwhile.

    A server that runs already stays as it is.
    """
    machine = Machine.here()
    _SERVER.set_forkserver_preload(list(preload))
    resource_tracker.ensure_running()  # by the server otherwise, and that lets go of signals in between
    with changed_environment(machine.share_of(0, machine.count_workers(num_workers))), _no_ctrl_c():
        forkserver.ensure_running()
    atexit.unregister(_end_server)  # once, however often it is warmed up
    atexit.register(_end_server)


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what `function` returns, called in a process of its own that is forked from the server.

    So this process need not import what the server has imported.

    Raises:
        RegsweepError: that it raised.
        RuntimeError: for any other error, with its traceback.
    """
    made = Call(function, arguments, str(Path.cwd()), sys.path, dict(os.environ))
    ours, theirs = multiprocessing.Pipe()
    process = _SERVER.Process(target=answer, args=(theirs, cloudpickle.dumps(made)), daemon=True)
    process.start()
    theirs.close()
    try:
        kind, content = cloudpickle.loads(ours.recv_bytes())
    except EOFError as error:
        process.join()
        raise RuntimeError(f"the process that checks ended with exit code {process.exitcode}") from error
    finally:
        ours.close()
    process.join()
    if kind == "refused":
        kind_of_error, message, attributes = content
        refusal = kind_of_error.__new__(kind_of_error)
        Exception.__init__(refusal, message)
        vars(refusal).update(attributes)
        raise refusal
    if kind == "failed":
        raise RuntimeError(content)
    return content


@contextmanager
def _no_ctrl_c() -> Iterator[None]:
    """Let a process that is started meanwhile ignore Ctrl-C; here it is handled afterwards.

    It reaches the whole group. The server ignores it only once it has imported everything, and its imports would end in
    a traceback.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_server() -> None:
    """Kill the server: one that still imports would keep this process's output open after its end."""
    server: Any = forkserver._forkserver
    pid, server._forkserver_pid = server._forkserver_pid, None
    if pid is None:
        return
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        return  # it is gone already


@dataclass
class _Worker:
    process: ForkServerProcess
    channel: Connection
    number: int | None = None  # of the job that it runs
    began: float | None = None
    is_cancelled: bool = False


class Pool:
    """Workers that live until `close`; see `regsweep.launcher.jobs.Jobs`.

    Args:
        setup: of the workers.
        machine: what the workers share.
        num_workers: how many.
        takes_reports: whether jobs report, and wait for the answers.
        returns: whether to keep what Hydra returns of each job, in `returned`.
        show: called with what a job printed, whole lines, and its number; None: it is printed here.
    """

    def __init__(
        self,
        setup: Setup,
        machine: Machine,
        num_workers: int,
        *,
        takes_reports: bool = False,
        returns: bool = False,
        show: Callable[[str, int], None] | None = None,
    ) -> None:
        self.capabilities = capabilities_of("PoolLauncher")
        self._setup, self._machine, self.num_slots = setup, machine, num_workers
        self.returned: dict[int, JobReturn] = {}
        self._takes_reports, self._returns = takes_reports, returns
        self._show = show or (print_of if num_workers > 1 else _print)
        self._workers: list[_Worker | None] = [None] * self.num_slots

    def start(self, number: int, overrides: Sequence[str]) -> None:
        """Start a job in a free worker, in a new one where none is alive."""
        slot = next(i for i, worker in enumerate(self._workers) if worker is None or worker.number is None)
        worker = self._workers[slot]
        if worker is not None and not worker.process.is_alive():
            worker.channel.close()  # it died between two jobs
            worker = None
        if worker is None:
            worker = self._workers[slot] = self._hire(slot)
        task = Task(number, tuple(overrides), self._takes_reports, self._returns)
        worker.number, worker.began, worker.is_cancelled = number, None, False
        _send(worker, task)

    def wait(self, timeout: float | None = None) -> list[Ended | Reported]:
        """Show what workers print, and return what they report and the jobs that have ended; see `Jobs.wait`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            busy = [worker for worker in self._workers if worker and worker.number is not None]
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            # Its end too: a child that it leaves behind would hold its side of the channel open.
            ready = connection.wait(
                [*(worker.channel for worker in busy), *(worker.process.sentinel for worker in busy)], left
            )
            stirred = [worker for worker in busy if worker.channel in ready or worker.process.sentinel in ready]
            events = [event for worker in stirred if (event := self._receive(worker))]
            if events or not ready:
                return events

    def answer(self, number: int, *, give_up: bool) -> None:
        """Let the worker that reported go on; see `Jobs.answer`."""
        worker = self._worker_of(number)
        if worker is not None:
            _send(worker, give_up)

    def began(self, number: int) -> float | None:
        """Return when a worker took the job, which a new one does once it has imported the application."""
        worker = self._worker_of(number)
        return None if worker is None else worker.began

    def cancel(self, number: int) -> None:
        """Kill the job's worker; the next job in its slot has a new one."""
        worker = self._worker_of(number)
        if worker is not None:
            worker.is_cancelled = True
            worker.process.kill()

    def close(self) -> None:
        """End all workers, and what they run."""
        workers = [worker for worker in self._workers if worker]
        self._workers = [None] * self.num_slots
        for worker in workers:
            worker.process.terminate()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for worker in workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.channel.close()

    def _hire(self, slot: int) -> _Worker:
        share = self._machine.share_of(slot, self.num_slots)
        ours, theirs = multiprocessing.Pipe()
        with changed_environment(share):  # a server that starts only now takes its threads from there
            process = _SERVER.Process(target=serve, args=(theirs,), name=f"worker-{slot}", daemon=True)
            process.start()
        theirs.close()
        worker = _Worker(process, ours)
        _send(worker, replace(self._setup, environment={**os.environ, **share}))
        return worker

    def _worker_of(self, number: int) -> _Worker | None:
        return next((worker for worker in self._workers if worker and worker.number == number), None)

    def _receive(self, worker: _Worker) -> Ended | Reported | None:
        """Take one message, and return what it reports, or the job where it has ended."""
        number = worker.number
        assert number is not None
        try:
            if not worker.channel.poll():
                return self._bury(worker, number)  # all its messages were received
            kind, *content = cloudpickle.loads(worker.channel.recv_bytes())
        except (EOFError, OSError):
            return self._bury(worker, number)
        if kind == "text":
            self._show(content[0], number)
        elif kind == "began":
            worker.began = time.monotonic()
        elif kind == "report":
            return Reported(number, *content)
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
        if worker.is_cancelled:
            return Ended(number, "cancelled")
        if code is not None and code < 0:
            guess = " (out of memory?)" if -code == signal.SIGKILL else ""
            return Ended(number, f"killed by signal {-code}{guess}")
        return Ended(number, f"its worker ended with exit code {code}")


def print_of(lines: str, number: int) -> None:
    """Print what a job printed, with its number."""
    _print(numbered(lines, number), number)


def _print(lines: str, number: int) -> None:
    with suppress(BrokenPipeError):  # whoever read it has gone; the jobs go on
        sys.stdout.write(lines)
        sys.stdout.flush()


def numbered(lines: str, number: int) -> str:
    """Return what a job printed, each line with the trial's number, which other jobs' lines may stand between."""
    mine = re.compile(rf"\btrial {number}\b")
    return _LINE.sub(lambda line: line[0] if mine.search(line[0]) else f"trial {number}: {line[0]}", lines)


def _send(worker: _Worker, message: Any) -> None:
    try:
        worker.channel.send_bytes(cloudpickle.dumps(message))
    except OSError:
        return  # it has just died; `wait` notices that and reports it
