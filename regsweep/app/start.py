"""A run or a sweep starts from its arguments: those of the command line, or those of a confirmation's own sweeps."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from regsweep.app import program
from regsweep.app.help import fitting
from regsweep.app.resume import RESUMED, read_going_on, restore
from regsweep.errors import RegsweepError
from regsweep.paths import WORKING_FOLDER, SweepPaths, enter_working_folder, shown


def start() -> None:
    """Start Hydra with the arguments in ``sys.argv``."""
    enter_working_folder()
    # Hydra then raises its errors instead of printing them over many lines; each is printed in one line here.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    from regsweep.app import door  # noqa: PLC0415
    from regsweep.app import main as application  # noqa: PLC0415
    from regsweep.sweeper.signals import terminable  # noqa: PLC0415

    try:
        with terminable(), fitting(sys.argv[1:]):
            application.main()
    except door.HYDRA_ERRORS as error:
        raise door.interrupt_behind(error) or door.one_line(error) from error
    except ValueError as error:
        if door.is_hydras_own(error):
            raise door.one_line(error) from error
        raise


def resume(arguments: list[str]) -> None:
    """Go on with a sweep, as ``regsweep resume`` with these arguments does.

    Raises:
        RegsweepError: when it cannot go on.
        SystemExit: with the exit code of another application's sweep, where that is not 0.
    """
    going_on = read_going_on(arguments)
    if not going_on.command.is_own:
        if code := program.run(going_on.command):
            raise SystemExit(code)
        return
    where = f"the sweep's own arguments stand in {shown(SweepPaths(going_on.folder).command)}"
    restore(going_on)
    try:
        start()
    except RegsweepError as error:
        if error.exit_code != RegsweepError.exit_code:
            raise
        raise RegsweepError(f"{error}; {where}") from error
    except SystemExit as refused:  # by what Hydra called, which has printed the reason
        if refused.code == RegsweepError.exit_code:
            sys.stderr.write(f"regsweep: {where}\n")
        raise


@contextmanager
def as_typed(arguments: Sequence[str], folder: Path, import_path: Sequence[str]) -> Iterator[None]:
    """Let this process meanwhile be one in which ``regsweep`` was typed in `folder`, with more places to import from.

    So the sweeps of a confirmation share what is started once for a process: that from which workers are forked takes
    seconds to import everything.
    """
    argv, place, paths = sys.argv, Path.cwd(), sys.path[:]
    environment = {name: os.environ.get(name) for name in _OURS}
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    added = [each for each in import_path if each and each not in sys.path]
    try:
        os.chdir(folder)
        sys.argv = ["regsweep", *arguments]
        sys.path.extend(added)
        # Not every launcher passes sys.path on to its jobs.
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [*added, os.environ.get("PYTHONPATH")]))
        yield
    finally:
        for handler in set(root.handlers) - set(handlers):
            handler.close()
        root.handlers[:] = handlers
        root.setLevel(level)
        # What a network's own module has set once, when it was imported, stays.
        for name, value in environment.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        theirs = [each for each in sys.path if each not in (*paths, *added, str(folder))]
        sys.argv, sys.path[:] = argv, [*paths, *theirs]
        os.chdir(place)


_OURS = ("PYTHONPATH", "HYDRA_FULL_ERROR", WORKING_FOLDER, RESUMED)
"""What a start sets in the environment."""
