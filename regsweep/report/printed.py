"""What a terminal of any width shows: tables whose numbers and words stay whole, sentences, and commands to copy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.segment import Segment, Segments
from rich.table import Table

from regsweep.wrapping import NO_BREAK, wrapped

MOST_ROWS = 20
"""Rows that a table has, at most."""

WIDTH = 160
"""Of a table that goes into a file or another program."""

LEAST_OF_SETTINGS = 24
"""Width of the column that the settings share, below which they stand below each row in its place."""

_GAP = 2
_INDENT = "    "
_COMMAND = re.compile(r"(.*?): ((?:regsweep|python|cd) \S.*)")
"""A command to copy stands at the end of its line, behind a colon."""
_KEPT = re.compile(
    r"(?<=\d) (?=%|±|(?:points?|s|min|h)\b)|(?<=±) (?=\d)|(?<=[\d%]) to (?=[+−-]?\d)"
    r"|(?<=\bp) = (?=\d)|(?<=\w:) (?=\d+(?:,| training))"
)
"""Where no line is broken: between a number and its unit or its class, in an interval, in a p-value."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: in words.
        cells: one per row.
        is_setting: whether it is one of the settings, which may share a column where the terminal is narrow.
        is_left: whether its cells are aligned to the left.
    """

    heading: str
    cells: Sequence[str]
    is_setting: bool = False
    is_left: bool = False

    @property
    def width(self) -> int:
        """Of its widest cell or line of the heading."""
        return max(map(cell_len, [*self.cells, *self.heading.split("\n")]), default=0)


def console() -> Console:
    """Return the terminal, or whatever the output goes to."""
    found = Console(highlight=False)
    if not found.is_terminal:
        found.width = WIDTH
    return found


def print_columns(console: Console, columns: Sequence[Column], styles: Sequence[str | None], *, all_in: str) -> None:
    """Print the first rows of a table, and where all are.

    Settings that are the same in all rows stand below it. Where the rest is too wide, the words of a heading stand
    below one another, and where that is not enough, the settings share a column, or the lines below each row.

    Args:
        console: to print to.
        columns: with a cell for each row.
        styles: of each row.
        all_in: the file that has all rows.
    """
    num_rows = len(styles)
    cut = [replace(each, cells=each.cells[:MOST_ROWS]) for each in columns]
    fixed = [c for c in columns if c.is_setting and num_rows > 1 and len(set(c.cells)) == 1]
    shown = [each for each, whole in zip(cut, columns, strict=True) if whole not in fixed]
    if not _fit(shown, console.width):
        shown = [replace(each, heading="\n".join(_words(each.heading))) for each in shown]
    below: Sequence[str] = []
    if not _fit(shown, console.width):
        shown = _with_settings_together(shown)
        if shown[-1].heading == _TOGETHER and not _fit(shown[:-1], console.width - LEAST_OF_SETTINGS - _GAP):
            *shown, settings = shown
            below = settings.cells
    table = Table(box=None, pad_edge=False, header_style="bold")
    for each in shown:
        # A column of words in place of cells may be broken between them, others nowhere.
        table.add_column(
            escape(each.heading),
            justify="left" if each.is_left else "right",
            no_wrap=each.heading != _TOGETHER,
            overflow="fold",
        )
    for row, style in zip(zip(*(each.cells for each in shown), strict=True), styles, strict=False):
        table.add_row(*map(escape, row), style=style)
    _print_rows(console, table, below)
    if fixed:
        print_line(console, f"in all rows: {', '.join(f'{each.heading} {each.cells[0]}' for each in fixed)}")
    if num_rows > MOST_ROWS:
        print_line(console, f"the best {MOST_ROWS} of {num_rows:,}; all are in {all_in}")


_TOGETHER = "settings"


def _print_rows(console: Console, table: Table, below: Sequence[str]) -> None:
    """Print a table, and below each of its rows the text of that row, if there is any."""
    if not below:
        console.print(table)
        return
    lines = console.render_lines(table, pad=False)
    num_of_heading = len(lines) - len(below)
    for place, line in enumerate(lines):
        console.print(Segments([*line, Segment.line()]), end="")
        if place >= num_of_heading:
            for each in in_lines(below[place - num_of_heading], console.width - len(_INDENT)):
                console.print(escape(f"{_INDENT}{each}"), soft_wrap=True)


def _fit(columns: Sequence[Column], width: int) -> bool:
    return sum(each.width + _GAP for each in columns) - _GAP <= width


def _with_settings_together(columns: Sequence[Column]) -> list[Column]:
    """Return the columns with one for all settings, the last, in which a setting is a word."""
    settings = [each for each in columns if each.is_setting]
    others = [each for each in columns if not each.is_setting]
    names = ["_".join(each.heading.split()) for each in settings]
    rows = zip(*(each.cells for each in settings), strict=True)
    words = [" ".join(f"{n}={c}" for n, c in zip(names, row, strict=True) if c not in ("", "–")) for row in rows]
    return [*others, Column(_TOGETHER, words, is_setting=True, is_left=True)] if settings else others


def print_line(console: Console, line: str) -> None:
    """Print a sentence; in a terminal it is broken between words, and a command at its end stands in a line of its own.

    A command is printed as one line, however long, so that it can be copied.
    """
    if not console.is_terminal:
        console.print(escape(line), soft_wrap=True)
        return
    sentence, command = split_command(line)
    for each in in_lines(sentence, console.width):
        console.print(escape(each), soft_wrap=True)
    if command:
        console.print(escape(f"    {command}"), soft_wrap=True)


def say(*lines: str) -> None:
    """Print sentences to the standard output, each as `print_line` does."""
    to = console()
    for line in lines:
        print_line(to, line)


def in_lines(text: str, width: int) -> list[str]:
    """Return a text in lines of at most `width` cells, broken between words; a number stands with its unit.

    A word that is longer stays whole. Lines stand below the text of the first, if a name stands before that.
    """
    name = re.match(r"\S+ {2,}", text)
    return wrapped(_kept(text), width, below=" " * cell_len(name[0]) if name else "")


def _words(text: str) -> list[str]:
    """Return the parts between which a line may be broken."""
    return [word.replace(NO_BREAK, " ") for word in _kept(text).split(" ")]


def _kept(text: str) -> str:
    return _KEPT.sub(lambda found: found[0].replace(" ", NO_BREAK), text)


def split_command(line: str) -> tuple[str, str]:
    """Return a sentence, and the command at its end; nothing where there is none."""
    found = _COMMAND.fullmatch(line)
    return (f"{found[1]}:", found[2]) if found else (line, "")
