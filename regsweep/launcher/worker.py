"""A worker: a process that runs one job after the other for as long as the sweep lives.

Messages are tuples, pickled. To the worker: the `Setup` once, then a `Task` per job, and True or False in answer to
a report. From the worker: ``("began",)``, ``("text", printed)``, ``("report", value, step)``, and at the end of a job
``("ended", what it returned or None, error or None)``, ``("unwritable", message)`` or ``("exit", code)``.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection, current_process, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cloudpickle
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, run_job, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from regsweep.errors import ConfigError, RecordError, RegsweepError
from regsweep.launcher.jobs import failure_of, one_line
from regsweep.reporting import listening, watching


@dataclass(frozen=True)
class Setup:
    """What a worker needs for all of its jobs.

    Attributes:
        context: Hydra's.
        task: what each job calls.
        config: the sweep's configuration, from which each job is composed.
        singletons: Hydra's, as they are in the sweep's own process.
        working_folder: that jobs run in.
        import_path: where they find their modules.
        environment: of the worker.
    """

    context: HydraContext
    task: TaskFunction
    config: DictConfig
    singletons: Any
    working_folder: str
    import_path: list[str]
    environment: dict[str, str]

    @staticmethod
    def here(context: HydraContext, task: TaskFunction, config: DictConfig) -> Setup:
        """Return that of workers that find what this process finds; its environment is left out.

        Raises:
            ConfigError: when the application cannot be pickled.
        """
        setup = Setup(context, task, config, Singleton.get_state(), str(Path.cwd()), sys.path[:], {})
        try:
            cloudpickle.dumps(setup)
        except Exception as error:
            launcher = HydraConfig.get().runtime.choices.get("hydra/launcher")
            allowed = f"the application cannot travel to a worker ({one_line(error)}); use hydra/launcher=basic"
            raise ConfigError("hydra/launcher", launcher, allowed) from error
        return setup


@dataclass(frozen=True)
class Task:
    """One job.

    Attributes:
        number: the job's number.
        overrides: in Hydra's grammar.
        is_heard: whether its reports are answered.
        returns: whether to send back what Hydra returns of it.
    """

    number: int
    overrides: tuple[str, ...]
    is_heard: bool
    returns: bool


@dataclass(frozen=True)
class Call:
    """A function to call, and where."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    working_folder: str
    import_path: list[str]
    environment: dict[str, str]


def answer(channel: Connection, content: bytes) -> None:
    """Make the pickled `Call` in `content`, and send what it returned, or the error that it raised."""
    _ignore_ctrl_c()
    call: Call = cloudpickle.loads(content)
    _settle(call.environment, call.import_path, call.working_folder)
    try:
        outcome = ("returned", call.function(*call.arguments))
    except RegsweepError as error:
        outcome = ("refused", (type(error), str(error), vars(error)))
    except Exception:  # noqa: BLE001  (whatever it is, the caller reports it)
        outcome = ("failed", traceback.format_exc())
    with suppress(BrokenPipeError):  # the process that called has ended
        channel.send_bytes(cloudpickle.dumps(outcome))


def _ignore_ctrl_c() -> None:
    """Leave Ctrl-C, which reaches the whole group, to the process that ends this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # a job's own processes may want to receive it


def _settle(environment: dict[str, str], import_path: list[str], working_folder: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = import_path
    os.chdir(working_folder)


def serve(channel: Connection) -> None:
    """Run what comes through `channel`, until it closes or the sweep's process is gone."""
    _ignore_ctrl_c()
    # The sweep ends its workers as it ends daemons; but a daemon could have no children, and data loaders are some.
    current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    printed = Printed(lambda lines: _send(channel, ("text", lines)))
    sys.stdout = sys.stderr = printed
    try:
        setup: Setup = cloudpickle.loads(channel.recv_bytes())
        _settle(setup.environment, setup.import_path, setup.working_folder)
        while True:
            task: Task = cloudpickle.loads(channel.recv_bytes())
            _send(channel, ("began",))
            outcome = _outcome(setup, task, channel)
            printed.end_line()
            _send(channel, outcome)
    except EOFError:
        return


def _outcome(setup: Setup, task: Task, channel: Connection) -> tuple[Any, ...]:
    def should_prune(value: float, step: int) -> bool:
        _send(channel, ("report", value, step))
        return bool(cloudpickle.loads(channel.recv_bytes()))

    try:
        # A bar of one worker would stand between the lines of all; with FORCE_COLOR it would draw one into its pipe.
        with listening(should_prune if task.is_heard else None), watching(is_shown=True):
            job = _run(setup, task)
        return ("ended", job if task.returns else None, failure_of(job))
    except RecordError as error:
        return ("unwritable", str(error))
    except SystemExit as stop:
        return ("exit", stop.code)
    except Exception as error:  # noqa: BLE001  (it could not even be composed; the sweep reports it)
        return ("ended", None, one_line(error))


def _run(setup: Setup, task: Task) -> JobReturn:
    setup_globals()
    Singleton.set_state(setup.singletons)
    config = setup.context.config_loader.load_sweep_config(setup.config, list(task.overrides))
    with open_dict(config):
        config.hydra.job.id = f"{config.hydra.job.name}_{task.number}"
        config.hydra.job.num = task.number
    HydraConfig.instance().set_config(config)
    return run_job(
        hydra_context=setup.context,
        task_function=setup.task,
        config=config,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )


_sending = threading.Lock()  # a job's own threads may print while it reports


def _send(channel: Connection, message: tuple[Any, ...]) -> None:
    try:
        content = cloudpickle.dumps(message)
    except Exception as error:  # noqa: BLE001  (whatever a user's result dies of when pickled)
        content = cloudpickle.dumps(("ended", None, f"what the job returned cannot travel: {one_line(error)}"))
    with _sending:
        channel.send_bytes(content)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


class Printed(io.TextIOWrapper):
    """Standard output and error of a worker: whole lines go to the sweep, which knows where to show them.

    Args:
        send: takes whole lines.
    """

    def __init__(self, send: Callable[[str], None]) -> None:
        self._lines = _Lines(send)
        raw: Any = self._lines  # takes all that it is given, so that it needs no buffer before it
        super().__init__(raw, encoding="utf-8", errors="replace", newline="", line_buffering=True)

    def end_line(self) -> None:
        """Send a last line that was not ended, and end it: another job's lines follow."""
        self.flush()
        self._lines.end()


class _Lines(io.RawIOBase):
    """Sends whole lines of the bytes that are written."""

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send
        self._unfinished = bytearray()
        self._lock = threading.Lock()

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, content: Any) -> int:
        """Send what is whole lines of it, with what came before."""
        new = bytes(content)
        end = max(new.rfind(b"\n"), new.rfind(b"\r")) + 1  # a progress bar ends its lines with the latter
        with self._lock:
            if end:
                self._send((bytes(self._unfinished) + new[:end]).decode(errors="replace"))
                self._unfinished.clear()
            self._unfinished += new[end:]
        return len(new)

    def end(self) -> None:
        """Send what is left, as a line."""
        if self._unfinished:
            self.write(b"\n")

    def fileno(self) -> int:
        """Return the process's own output, for processes that a job starts."""
        return 1
