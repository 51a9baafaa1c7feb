"""Hydra's help, broken between words where it is wider than the terminal, as that of the subcommands is."""

from __future__ import annotations

import io
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout

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
    """Return a help text in lines of at most `width` signs; a longer word, and the configuration, stay as they are."""
    above, heading, config = text.partition(_CONFIG)
    return "\n".join(_broken(line, width) for line in above.split("\n")) + heading + config


def _broken(line: str, width: int) -> str:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    if len(line) <= width:
        return line
    return textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
