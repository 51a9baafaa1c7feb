"""Tables in Markdown, row by row."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def print_header(*names: str) -> None:
    """Print the first two lines of a table."""
    print_row(*names)
    print("|---" * len(names) + "|")


def print_row(*cells: str) -> None:
    """Print a line, at once."""
    print(f"| {' | '.join(cells)} |", flush=True)


def spread(values: Sequence[float], style: str) -> str:
    """Return the median, and in brackets the least and the most."""
    return f"{statistics.median(values):{style}} ({min(values):{style}} to {max(values):{style}})"
