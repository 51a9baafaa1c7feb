"""Hydra's help, broken between words where it is wider than the terminal, as that of the subcommands is."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout

from regsweep.wrapping import wrapped

_ASKS = {"-h", "--help", "--hydra-help"}
_CONFIG = "== Config =="
"""Below it stands the configuration, which is YAML: no line of it is broken."""


@contextmanager
def fitting(arguments: Sequence[str]) -> Iterator[None]:
    """Break what is printed meanwhile, if `arguments` ask for help."""
    if not _ASKS & set(arguments):
        yield
        return
    text = io.StringIO()
    try:
        with redirect_stdout(text):
            yield
    finally:
        sys.stdout.write(broken(text.getvalue(), shutil.get_terminal_size().columns))


def broken(text: str, width: int) -> str:
    """Return a help text in lines of at most `width` cells; a longer word, and the configuration, stay as they are."""
    above, heading, config = text.partition(_CONFIG)
    return "\n".join(each for line in above.split("\n") for each in _broken(line, width)) + heading + config


def _broken(line: str, width: int) -> list[str]:
    return wrapped(line, width, below=" " * (len(line) - len(line.lstrip()) + 2))
