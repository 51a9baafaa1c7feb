"""Text in lines as wide as a terminal, which counts cells: a sign of Japanese, or an emoji, takes two of them."""

from __future__ import annotations

from rich.cells import cell_len

NO_BREAK = "\u00a0"
"""In place of a space at which no line ends; it becomes a space again."""


def wrapped(text: str, width: int, *, below: str = "") -> list[str]:
    """Return a text in lines of at most `width` cells, broken at spaces.

    A word that is longer stays whole.

    Args:
        text: one line; what it is indented by stays.
        width: in cells.
        below: what all lines but the first begin with.
    """
    lines = [text[: len(text) - len(text.lstrip(" "))]]
    for word in text.strip(" ").split(" "):
        begun = lines[-1] if lines[-1].strip() else ""
        longer = f"{begun} {word}" if begun else f"{lines[-1]}{word}"
        if not begun or cell_len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(f"{below}{word}")
    return [line.rstrip(" ").replace(NO_BREAK, " ") for line in lines]
