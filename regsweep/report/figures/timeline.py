"""What ran when: the trials of a sweep on the rows of the workers that they would need, and how long those were idle.

A trial's start is its end less its seconds, as both are on record. Which worker ran it is not: each trial stands on the
first row that was free.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regsweep.numbers import count, duration
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.theme import BLUE, GREY, LIGHT, ORANGE, new_figure

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

NAME, TITLE = "timeline", "What ran when"
TOLERANCE = 0.01
"""Seconds by which the end of one trial may overlap the start of the next on one worker: two clocks are involved."""
LEAST = 0.0007
"""The half of a bar, as a part of the axis, that is seen on a small screen, too."""
MOST_ADDED = 0.1
"""The part of the axis that bars may cover in excess, were all trials on one row; many stay thinner than that."""
FEW = 300
"""So many trials have gaps between them."""
FAILED = "failed"
"""How a trial ended that is neither complete nor pruned; the legend has how."""
LOOKS: dict[str, dict[str, Any]] = {
    "complete": {"color": BLUE, "width": 14},
    "pruned": {"color": GREY, "width": 7},
    FAILED: {"color": ORANGE, "width": 14},
}
UNITS = ((600, 1, "seconds"), (5 * 3600, 60, "minutes"), (np.inf, 3600, "hours"))
"""An axis of so many seconds, its unit in seconds, and the unit's name."""


def draw(evidence: Evidence) -> Drawing:
    """Draw a bar per trial, as long as it ran, and say which share of the workers' time none ran."""
    sweep = evidence.sweep
    data = _bars(sweep)
    if len(data) < 2:  # noqa: PLR2004
        return Drawing(NAME, TITLE, missing=f"start and end of {count(len(data), 'trial')} on record: two are needed")
    span = float(data["end"].max())
    if span <= 0:
        return Drawing(NAME, TITLE, missing="all trials ended at once, as far as is on record")
    _, unit, words = next(each for each in UNITS if span <= each[0])
    num_rows = int(data["row"].max()) + 1
    figure = new_figure(min(140 + 26 * num_rows, 900))
    least = min(LEAST, MOST_ADDED / len(data)) * span
    for kind, look in LOOKS.items():
        _add_bars(figure, data[data["kind"] == kind], kind, look, unit=unit, least=least)
    if len(data) <= FEW and (data["end"] - data["start"]).min() > 2 * least:
        _add_gaps(figure, data, unit)
    _add_again(figure, data[data["ran_again"]], unit)
    figure.update_xaxes(
        title_text=f"{words} since the first trial began", range=[-0.01 * span / unit, 1.01 * span / unit]
    )
    figure.update_yaxes(
        title_text="worker",
        tickvals=list(range(num_rows)) if num_rows <= 20 else None,  # noqa: PLR2004
        ticktext=[str(row + 1) for row in range(num_rows)] if num_rows <= 20 else None,  # noqa: PLR2004
        range=[num_rows - 0.4, -0.6],
        showgrid=False,
    )
    table = data.drop(columns="kind").rename(columns={"start": "start_seconds", "end": "end_seconds"})
    return Drawing(NAME, TITLE, _caption(sweep, data, span), figure, table)


def _bars(sweep: Sweep) -> pd.DataFrame:
    """Return number, status, start and end (seconds since the first start), and row of each trial with both times."""
    trials = sweep.trials
    ended = pd.to_numeric(trials["ended"], errors="coerce").astype(float)
    seconds = pd.to_numeric(trials["total_seconds"], errors="coerce").astype(float)
    timed = ended.notna() & (seconds > 0) & trials["duplicate_of"].isna()
    data = trials.loc[timed, ["number", "status"]].assign(start=(ended - seconds)[timed], end=ended[timed])
    data = data.sort_values(["start", "number"], kind="stable")
    if not data.empty:
        data[["start", "end"]] -= data["start"].min()
    data["row"] = rows_of(data["start"], data["end"])
    data["kind"] = data["status"].where(data["status"].isin(["complete", "pruned"]), FAILED)
    data["ran_again"] = data["number"].isin(_ran_again(sweep))
    return data


def rows_of(starts: Sequence[float] | pd.Series, ends: Sequence[float] | pd.Series) -> list[int]:
    """Return for each interval, in the order of their starts, the first row that is free by then."""
    free: list[int] = []
    busy: list[tuple[float, int]] = []
    rows: list[int] = []
    for start, end in zip(starts, ends, strict=True):
        while busy and busy[0][0] <= start + TOLERANCE:
            heapq.heappush(free, heapq.heappop(busy)[1])
        row = heapq.heappop(free) if free else len(busy)
        heapq.heappush(busy, (end, row))
        rows.append(row)
    return rows


def _ran_again(sweep: Sweep) -> set[int]:
    """Return the trials of which an earlier attempt was killed: its folder is kept beside the trial's."""
    by_folder = dict(zip(sweep.trials["folder"], sweep.trials["number"], strict=True))
    beside = (re.fullmatch(r"(.+)\.failed(-\d+)?", path.name) for path in sweep.folder.glob("*.failed*"))
    return {int(by_folder[found[1]]) for found in beside if found and found[1] in by_folder}


def _add_bars(
    figure: go.Figure, rows: pd.DataFrame, kind: str, look: dict[str, Any], *, unit: float, least: float
) -> None:
    """Add the trials of one kind as one line with gaps; its middles are there to be pointed at."""
    if rows.empty:
        return
    start, end = rows["start"] / unit, rows["end"] / unit
    middle, least = (start + end) / 2, least / unit
    start, middle, end = (
        each.round(4) for each in (start.clip(upper=middle - least), middle, end.clip(lower=middle + least))
    )
    hover = [
        f"<b>trial {number}</b>, {status}<br>{duration(seconds)}"
        for number, status, seconds in zip(rows["number"], rows["status"], rows["end"] - rows["start"], strict=True)
    ]
    figure.add_scatter(
        x=np.column_stack([start, middle, end, np.full(len(rows), np.nan)]).ravel(),
        y=np.repeat(rows["row"].to_numpy(float), 4),
        mode="lines",
        name=" or ".join(sorted(rows["status"].unique())),
        showlegend=True,
        line=look,
        customdata=np.repeat(rows["number"].to_numpy(), 4).tolist(),
        hovertext=[text for each in hover for text in ("", each, "", "")],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _add_gaps(figure: go.Figure, data: pd.DataFrame, unit: float) -> None:
    """Part a trial from the one before with a thin stroke in the colour of the page."""
    figure.add_scatter(
        x=data["start"] / unit,
        y=data["row"],
        mode="markers",
        showlegend=False,
        marker={"symbol": "line-ns-open", "size": 14, "color": LIGHT["background"], "line": {"width": 1.5}},
        hoverinfo="skip",
    )


def _add_again(figure: go.Figure, rows: pd.DataFrame, unit: float) -> None:
    if not rows.empty:
        figure.add_scatter(
            x=rows["start"] / unit,
            y=rows["row"],
            mode="markers",
            name="ran again",
            marker={
                "symbol": "triangle-right",
                "size": 12,
                "color": ORANGE,
                "line": {"color": LIGHT["text"], "width": 1},
            },
            hoverinfo="skip",
        )


def _caption(sweep: Sweep, data: pd.DataFrame, span: float) -> str:
    """Return how many ran at once, the idle share, and what has no time on record."""
    num_rows = int(data["row"].max()) + 1
    busy = float((data["end"] - data["start"]).sum())
    idle = max(0.0, 1 - busy / (num_rows * span))
    ran = "one ran at a time" if num_rows == 1 else f"at most {num_rows} ran at once"
    rows = "" if num_rows == 1 else " Each stands on the first row that was free; which worker ran it is not on record."
    share = "more than 99" if 0.995 <= idle < 1 else f"{100 * idle:.0f}"  # noqa: PLR2004
    time = "the time" if num_rows == 1 else "the workers' time"
    parts = [f"Of {count(len(data), 'trial')} {ran}, over {duration(span)}.{rows} In {share} % of {time} none did."]
    pause = _longest_pause(data)
    if pause > 0.1 * span:
        parts.append(f"The longest time in which none ran was {duration(pause)}.")
    again = int(data["ran_again"].sum())
    if again:
        which = "a triangle" if again == 1 else "triangles"
        parts.append(f"{count(again, 'trial')} ran again after an attempt that was killed ({which}).")
    repeats = int(sweep.trials["duplicate_of"].notna().sum())
    if repeats:
        parts.append(f"{count(repeats, 'trial')} repeated an earlier one and did not run.")
    left_out = len(sweep.trials) - len(data) - repeats
    if left_out:
        parts.append(f"{count(left_out, 'trial')} without times on record left out.")
    return " ".join(parts)


def _longest_pause(data: pd.DataFrame) -> float:
    """Return the longest time in which no trial ran, in seconds."""
    ended = data["end"].cummax().shift()
    return max(0.0, float((data["start"] - ended).max()))
