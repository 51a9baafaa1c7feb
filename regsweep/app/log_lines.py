"""Lines of the log on a terminal: broken between words, and not in the middle of a number."""

from __future__ import annotations

import logging
import re
import shutil
import sys

from rich.cells import cell_len

from regsweep.wrapping import NO_BREAK, wrapped

_KEPT = re.compile(r"(?<=: )(?:regsweep|python|cd) \S.*|(?<=\w:) (?=\d)")
"""Where no line is broken: in a command at its end, and between a class and its number of labels."""


class Lines(logging.Formatter):
    """Formats as `logging.Formatter` does, and breaks a line where the standard output is a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or lines, of a record."""
        line = super().format(record)
        return broken(line, shutil.get_terminal_size().columns) if sys.stdout.isatty() else line


def broken(line: str, width: int) -> str:
    """Return a line in parts of at most `width` cells; those below stand below its text, if a name stands before it.

    A traceback stays as it is, and so do a command at the end and a word that are longer.
    """
    if "\n" in line or cell_len(line) <= width:
        return line
    name = re.match(r"\S* {2,}", line)
    kept = _KEPT.sub(lambda found: found[0].replace(" ", NO_BREAK), line)
    return "\n".join(wrapped(kept, width, below=" " * cell_len(name[0]) if name else ""))
