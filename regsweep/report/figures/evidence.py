"""What figures are drawn from, and what a figure is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

if TYPE_CHECKING:
    from regsweep.report.confirmation import Confirmation
    from regsweep.report.sweep import Sweep


@dataclass(frozen=True)
class Evidence:
    """A sweep, and what its best configurations did on fresh seeds where that was tried."""

    sweep: Sweep
    confirmation: Confirmation | None = None


@dataclass(frozen=True)
class Drawing:
    """One figure, or the reason why there is none: exactly one of `figure` and `missing` is set.

    Attributes:
        name: stem of its files.
        title: plain text.
        caption: how to read it, and what was left out of it; plain text.
        figure: drawn for a light page, on a transparent ground.
        data: what the figure shows, as a table.
        missing: why the data cannot support it, in one line.
        words: what it shows, in place of the words that are made of its marks; empty where those do.
    """

    name: str
    title: str
    caption: str = ""
    figure: go.Figure | None = None
    data: pd.DataFrame | None = None
    missing: str | None = None
    words: str = ""

    def __post_init__(self) -> None:
        assert (self.figure is None) != (self.missing is None)
        assert (self.figure is None) == (self.data is None)
