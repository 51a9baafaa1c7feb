"""``regsweep``: a subcommand, or else Hydra's command line."""

import logging
import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from regsweep.errors import RegsweepError
from regsweep.paths import remember_place
from regsweep.version import VERSION


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # The output may be closed: its reader has ended (`| head`), or there is none (`>&-`). A training
    # goes on; what only prints stops.
    sys.stdout, sys.stderr = (sys.stdout or _nowhere(), sys.stderr or _nowhere())
    complains, logging.raiseExceptions = logging.raiseExceptions, False
    try:
        _command()
    except BrokenPipeError:
        raise SystemExit(1) from None
    finally:
        logging.raiseExceptions = complains
        _flush()


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w")


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # Python would flush once more at its end, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _command() -> None:
    commands: dict[str, Callable[[list[str]], None]] = {
        "compare": _compare,
        "report": _report,
        "check": _check,
        "confirm": _confirm,
        "resume": _resume,
        "reproduce": _reproduce,
        "predict": _predict,
    }
    if sys.argv[1:] == ["--version"]:
        print(f"regsweep {VERSION}")  # noqa: T201
        return
    try:
        _require_posix()
        remember_place()
        first = sys.argv[1] if len(sys.argv) > 1 else ""
        if first in commands:
            commands[first](sys.argv[2:])
        else:
            _require_no_command(first, commands)
            _start()
    except RegsweepError as error:
        sys.stderr.write(f"regsweep: {error}\n")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt as stop:
        sys.stderr.write("regsweep: stopped\n")
        if go_on := getattr(stop, "go_on", ""):
            sys.stderr.write(f"go on with: {go_on}\n")
        raise SystemExit(getattr(stop, "exit_code", 130)) from None


def _require_posix() -> None:
    """Refuse a system without the file locks and processes that sweeps are made of."""
    if os.name != "posix":
        raise RegsweepError(f"runs on Linux and macOS, not on {sys.platform}; on Windows use WSL")


def _require_no_command(word: str, commands: Iterable[str]) -> None:
    """Refuse a word that can only be meant for a command: Hydra's settings have a sign in them."""
    if re.fullmatch(r"[a-z]\w*", word):
        from regsweep.signatures import offer  # noqa: PLC0415

        raise RegsweepError(f"{word}: no such command; {offer(word, commands)}; a setting is KEY=VALUE")


def _start() -> None:
    from regsweep.app.start import start  # noqa: PLC0415

    start()


def _compare(arguments: list[str]) -> None:
    from regsweep.app import compare  # noqa: PLC0415

    compare.main(arguments)


def _resume(arguments: list[str]) -> None:
    from regsweep.app import start  # noqa: PLC0415

    if not arguments or not (Path(arguments[0]) / "command.json").is_file():
        start.resume(arguments)
        return
    from regsweep.app import compare  # noqa: PLC0415

    folder, *settings = arguments
    if not compare.is_comparison(Path(folder)):
        start.resume(arguments)
    elif settings:
        raise RegsweepError(
            f"{settings[0]}: a comparison goes on as it is; for more seeds or contestants type regsweep compare again, "
            f"with hydra.sweep.dir={folder}"
        )
    else:
        compare.resume(Path(folder))


def _confirm(arguments: list[str]) -> None:
    from regsweep.app import confirm  # noqa: PLC0415

    confirm.main(arguments)


def _reproduce(arguments: list[str]) -> None:
    from regsweep.app import reproduce  # noqa: PLC0415

    reproduce.main(arguments)


def _predict(arguments: list[str]) -> None:
    from regsweep.app import predict  # noqa: PLC0415

    predict.main(arguments)


def _check(arguments: list[str]) -> None:
    from regsweep.report import check  # noqa: PLC0415

    check.main(arguments)


def _report(arguments: list[str]) -> None:
    from regsweep.report import command  # noqa: PLC0415

    command.main(arguments)
