"""The program of another Hydra application is started as its sweep was."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from pathlib import Path

from regsweep.errors import RegsweepError
from regsweep.report.printed import say
from regsweep.started import Command
from regsweep.sweeper.signals import Terminated, terminable


def run(command: Command) -> int:
    """Run another application's program, after printing what is run, and return its exit code.

    SIGINT and SIGTERM are passed on to it, and it is waited for: its sweep prints how far it is.

    Raises:
        RegsweepError: when its working folder, interpreter or script is gone.
        KeyboardInterrupt: when a signal came, after it has ended.
    """
    require_there(command)
    words = [command.interpreter, *command.program, *command.arguments]
    say(f"runs in {command.working_folder}: {shlex.join(words)}")
    places = [*command.import_path, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(places))}
    stop: KeyboardInterrupt | None = None
    with terminable():
        # In a group of its own, so that Ctrl-C comes to it once, from here: a second one would stop it at once.
        process = subprocess.Popen(words, cwd=command.working_folder, env=environment, start_new_session=True)  # noqa: S603
        while process.poll() is None:
            try:
                process.wait()
            except KeyboardInterrupt as error:
                stop = error
                process.send_signal(signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT)
    if stop is not None:
        raise stop
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def require_there(command: Command) -> None:
    """Refuse a program that cannot be started any longer.

    Raises:
        RegsweepError: naming what is gone.
    """
    if not Path(command.working_folder).is_dir():
        raise RegsweepError(f"{command.working_folder}: the sweep's working folder is gone")
    if not Path(command.interpreter).is_file():
        raise RegsweepError(f"{command.interpreter}: the Python that ran the sweep is gone; go on with its own command")
    if command.program[0] != "-m" and not Path(command.program[0]).is_file():
        raise RegsweepError(f"{command.program[0]}: the script that ran the sweep is gone")
