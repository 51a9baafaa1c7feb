"""Words in figures. What comes from a configuration or a path stays text: Plotly reads some HTML in labels."""

import html
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from regsweep.errors import show
from regsweep.names import short_names
from regsweep.numbers import count, show_number
from regsweep.report.sweep import as_text

MOST_SETTINGS = 20_000
"""So many settings stand in the texts beside trials that are pointed at, or none: a click shows them, too."""
LONGEST = 40
"""Signs of a value or name from a configuration that stand in a label."""


def text(value: Any) -> str:
    """Return `value` as one short line, safe for Plotly's labels.

    Quotation marks stay as they are: Plotly knows no name for them, and needs none.
    """
    if isinstance(value, float | np.floating):
        return show_number(float(value))
    line = show(bool(value) if isinstance(value, np.bool_) else value)
    return html.escape(line if len(line) <= LONGEST else line[: LONGEST - 1] + "…", quote=False)


def hovers(trials: pd.DataFrame, swept: Sequence[str], shown: Iterable[str]) -> list[str]:
    """Return the text beside a trial that is pointed at: its number, `shown` (parallel), the parameters that vary.

    Where these would be very many, they are left out, so that the page stays one file that can be sent.
    Of pooled rows it is their ``title`` in place of the number.
    """
    names = [
        (text(name), trials[key]) for key, name in short_names(swept).items() if as_text(trials[key]).nunique() > 1
    ]
    names = names if len(trials) * len(names) <= MOST_SETTINGS else []
    lines = []
    titles = trials["title"] if "title" in trials else [f"trial {number}" for number in trials["number"]]
    for i, (title, value) in enumerate(zip(titles, shown, strict=True)):
        parameters = [f"{name} {text(values.iloc[i])}" for name, values in names]
        lines.append("<br>".join([f"<b>{title}</b>", value, *parameters]))
    return lines


def power(value: float) -> str:
    """Return a strength as a tick's label: 0.003, 1e-4."""
    is_short = value < 0.001 and float(f"{value:.0e}") == value  # noqa: PLR2004
    return f"{value:.0e}".replace("e-0", "e-") if is_short else show_number(value)


def each_point(number: int, noun: str) -> str:
    """Return what the points are: ``Each point is one of 2 complete trials``."""
    return f"The one point is a {noun}" if number == 1 else f"Each point is one of {count(number, noun)}"
