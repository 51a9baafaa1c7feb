"""Seeds in figures: beside the mean of a configuration, with its interval, every seed is a point."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from regsweep.numbers import count
from regsweep.pooling import Pooled
from regsweep.report.figures.captions import no_result, the_best
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import text
from regsweep.report.figures.points import Score, configurations, fold, score
from regsweep.report.figures.theme import BEST, BLUE, GREY, label_rows, new_figure, reference_line, small
from regsweep.report.pooled import Pools, seeds_in_words

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

NAME, TITLE = "configurations", "Each configuration, seed by seed"
MOST_ROWS = 40
"""So many configurations are drawn; the table has all."""
ROW_HEIGHT = 48


def draw(evidence: Evidence) -> Drawing:
    """Draw a row per configuration, the best mean on top: its seeds, its mean, and the interval of that."""
    sweep = evidence.sweep
    rows = configurations(sweep)
    if rows.empty:
        return Drawing(NAME, TITLE, missing=no_result(sweep))
    order = [each.number for each in sweep.configurations if each.values][:MOST_ROWS]
    rows = rows.set_index("number", drop=False).loc[order]
    axis, pools = score(sweep), Pools(sweep)
    heights = list(range(len(rows) - 1, -1, -1))
    figure = new_figure(110 + ROW_HEIGHT * len(rows))
    bare = [each.mean for each in pools.without if each.values]
    means = axis.factor * rows[sweep.objective]
    folded = fold(means, axis, maximize=sweep.maximize, what="configuration", is_along_x=True)
    has_line = len(bare) == 1 and bool(folded.holds(axis.factor * pd.Series(bare)).all())
    if has_line:
        reference_line(figure, axis.factor * bare[0])
    near = rows[~folded.is_far]  # the best come first
    add_seeds(figure, near, heights[: len(near)], axis, BLUE, is_along_x=True)
    ends = {name: axis.factor * rows[name] for name in ("low", "high")}
    figure.add_scatter(
        x=folded.y,
        y=heights,
        mode="markers",
        name="mean",
        marker={
            "color": [BEST if i == 0 else BLUE for i in range(len(rows))],
            "size": 11,
            "symbol": [folded.symbol if is_far else "diamond" for is_far in folded.is_far],
        },
        error_x=bars(rows.assign(low=rows["low"].mask(folded.is_far)), means, axis.factor, GREY),
        customdata=order,
        hovertext=[
            f"{text(pools.names[number])}<br>mean {axis.label(mean)}, {title}"
            for number, mean, title in zip(order, means, rows["title"], strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    by_number = {each.number: each for each in sweep.configurations}
    label_rows(figure, {y: _label(pools, by_number[number]) for y, number in zip(heights, order, strict=True)})
    figure.update_yaxes(range=[-0.5, len(rows) - 0.05])
    figure.update_xaxes(title_text=axis.title)
    has_intervals = bool((near["high"] > near["low"]).any())
    caption = _caption(near, has_intervals=has_intervals, has_line=has_line)
    caption += f" Orange: {the_best(sweep, what='mean')}." if len(rows) > 1 else ""
    left_out = sum(not each.values for each in sweep.configurations)
    caption += f" {count(left_out, 'configuration')} without a complete seed left out." if left_out else ""
    more = len(configurations(sweep)) - len(rows)
    caption += f" {count(more, 'more configuration')} not drawn." if more else ""
    data = _seeds_of(rows, pools, axis).merge(_of_means(rows, pools, axis, ends), on="configuration")
    caption += f"{folded.note} Seeds and interval are not drawn there." if folded.note else ""
    return Drawing(NAME, TITLE, caption, figure, data)


def _caption(near: pd.DataFrame, *, has_intervals: bool, has_line: bool) -> str:
    """Return how to read the points.

    Args:
        near: the configurations that are drawn in their places, with their seeds.
        has_intervals: whether one of them has an interval.
        has_line: whether a line stands at the mean without regularization.
    """
    interval = ""
    if has_intervals:
        is_lacking = bool((near["high"] <= near["low"]).any())
        why = " (none where there is one seed, or all are equal)" if is_lacking else ""
        interval = f" with its 95 % t interval{why}"
    caption = f"Each large point is a configuration's mean over its seeds{interval}, each small one a seed."
    return caption + (" The grey line is the mean without regularization." if has_line else "")


def _seeds_of(rows: pd.DataFrame, pools: Pools, axis: Score) -> pd.DataFrame:
    """Return a row per seed."""
    return pd.DataFrame(
        [
            {"configuration": pools.names[number], "trial": trial, axis.column: value}
            for number, seeds in zip(rows["number"], rows["seeds"], strict=True)
            for trial, value in seeds.items()
        ]
    )


def _of_means(rows: pd.DataFrame, pools: Pools, axis: Score, ends: Mapping[str, pd.Series]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "configuration": [pools.names[number] for number in rows["number"]],
            "mean": rows[axis.column].to_numpy(),
            **{name: (values / axis.factor).to_numpy() for name, values in ends.items()},
        }
    )


def _label(pools: Pools, pooled: Pooled) -> str:
    """Return a configuration's name and its seeds, in a line of their own where some are lost, and there are words."""
    name, seeds = text(pools.names[pooled.number]), text(seeds_in_words(pooled))
    return f"{name}{small(seeds)}" if pooled.lost else f"{name}  {small(seeds).removeprefix('<br>')}"


def bars(rows: pd.DataFrame, means: pd.Series, factor: float, colour: str) -> dict[str, Any]:
    """Return the intervals of pooled rows as Plotly draws them, from `means` on; none where seeds agree.

    Args:
        rows: those of `configurations`.
        means: of the rows, on the axis.
        factor: of the axis.
        colour: of the bars.
    """
    above, below = factor * rows["high"].astype(float) - means, means - factor * rows["low"].astype(float)
    has_spread = rows["high"] > rows["low"]
    ends = {"array": above.where(has_spread), "arrayminus": below.where(has_spread), "symmetric": False}
    return {"type": "data", **ends, "color": colour, "thickness": 1.6, "width": 4}


def add_seeds(
    figure: go.Figure,
    rows: pd.DataFrame,
    places: Iterable[float],
    axis: Score,
    colour: str,
    *,
    is_along_x: bool = False,
    cell: Mapping[str, int] | None = None,
) -> None:
    """Add every seed of pooled rows as a small point.

    Args:
        figure: to add to.
        rows: those of `configurations`.
        places: of each row on the other axis.
        axis: of the score.
        colour: of the points.
        is_along_x: whether the score is on the x axis.
        cell: row and column of the panel.
    """
    found = [
        (place, trial, axis.factor * value)
        for place, seeds in zip(places, rows["seeds"], strict=True)
        for trial, value in seeds.items()
    ]
    others, scores = [place for place, _, _ in found], [value for _, _, value in found]
    figure.add_scatter(
        x=scores if is_along_x else others,
        y=others if is_along_x else scores,
        mode="markers",
        name="a seed",
        legendgroup="a seed",
        showlegend=not any(trace.name == "a seed" for trace in figure.data),
        marker={"color": colour, "size": 6, "symbol": "circle-open"},
        customdata=[trial for _, trial, _ in found],
        hovertext=[f"trial {trial}: {axis.label(value)}" for _, trial, value in found],
        hovertemplate="%{hovertext}<extra></extra>",
        **(cell or {}),
    )


def of_trial(sweep: Sweep) -> dict[Hashable, int]:
    """Return the first trial of the configuration of each trial that is pooled, both by number."""
    return {number: each.number for each in sweep.configurations for number in each.numbers}
