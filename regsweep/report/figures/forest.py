"""The headline: what each configuration gains over the tuned baseline, on fresh seeds."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import count
from regsweep.report.figures.theme import BLUE, GREY, new_figure, reference_line, shade

if TYPE_CHECKING:
    from regsweep.report.confirmation import Confirmation

NAME, TITLE = "forest", "What each configuration gains over the tuned network without regularization"
ROW_HEIGHT = 64
SIGN_WIDTH = 7.3
"""Pixels, on the average."""

LONGEST_LINE = 26
"""Signs of a name, to the left of the axis."""


def draw(evidence: Evidence) -> Drawing:
    """Draw paired differences in test accuracy, best on top, in percentage points."""
    confirmation = evidence.confirmation
    if confirmation is None:
        return Drawing(NAME, TITLE, missing="nothing was confirmed on fresh seeds yet: run regsweep confirm")
    if not confirmation.comparisons:
        return Drawing(NAME, TITLE, missing="fewer than two seeds are complete for the baseline and all configurations")
    rows = table(confirmation)
    seeds = [100 * np.asarray(confirmation.differences[i]) for i in rows["candidate"]]
    extent = _extent(rows, seeds)
    figure = new_figure(110 + ROW_HEIGHT * len(rows))
    reference_line(figure, 0)
    for place, (row, differences) in enumerate(zip(rows.to_dict("records"), seeds, strict=True)):
        _draw_row(figure, len(rows) - 1 - place, row, differences, extent)
    figure.update_xaxes(title_text="difference in test accuracy (percentage points)", range=extent)
    figure.update_yaxes(visible=False, range=[-0.55, len(rows) - 0.3])
    left = max(len(line) for name in rows["name"] for line in _lines(name))
    right = max(len(_numbers(row)) for row in rows.to_dict("records"))
    margin = {"l": 24 + SIGN_WIDTH * left, "r": 24 + SIGN_WIDTH * right, "t": 30}
    figure.update_layout(margin=margin, showlegend=False)
    figure.add_annotation(text="◂ worse   better ▸", x=0, y=1, yref="paper", yanchor="bottom", showarrow=False)
    return Drawing(NAME, TITLE, _caption(confirmation, rows), figure, rows.drop(columns="candidate"))


def table(confirmation: Confirmation) -> pd.DataFrame:
    """Return a row per configuration, best mean first: differences in points, p values, what it was selected for."""
    rows = []
    for i, (candidate, comparison) in enumerate(zip(confirmation.candidates, confirmation.comparisons, strict=True)):
        interval, wide = confirmation.interval(comparison), comparison.interval_with_images
        has_wide = wide is not None and not confirmation.is_sequential  # it is for one look only
        rows.append(
            {
                "candidate": i,
                "name": candidate.name,
                "trial": candidate.trial,
                "num_seeds": comparison.num_seeds,
                "difference_points": 100 * comparison.mean,
                "low_points": 100 * interval.low,
                "high_points": 100 * interval.high,
                "low_with_images_points": 100 * wide.low if wide and has_wide else np.nan,
                "high_with_images_points": 100 * wide.high if wide and has_wide else np.nan,
                "p_value": np.nan if confirmation.is_sequential else comparison.p_value,
                "adjusted_p_value": np.nan if confirmation.is_sequential else comparison.adjusted_p_value,
                "is_shown": confirmation.is_shown(comparison),
                "num_better": comparison.num_better,
                "num_equal": comparison.num_equal,
                "probability_better": comparison.probability_better,
                "selected_for_accuracy": candidate.selected_for,
                "confirmed_test_accuracy": confirmation.mean(candidate, "test_accuracy"),
            }
        )
    return pd.DataFrame(rows).sort_values("difference_points", ascending=False, kind="stable", ignore_index=True)


def _draw_row(
    figure: go.Figure, y: int, row: Mapping[Hashable, Any], differences: np.ndarray, extent: tuple[float, float]
) -> None:
    """Draw one configuration at height `y`: name and numbers over intervals, mean and seeds."""
    mean, low, high = row["difference_points"], row["low_points"], row["high_points"]
    wide = (row["low_with_images_points"], row["high_with_images_points"])
    name = html.escape(row["name"], quote=False)
    hover = f"<b>{name}</b><br>{_points(mean)} points, interval {_ends(low, high)}"
    hover += f"<br>better in {row['num_better']} of {row['num_seeds']} seeds"
    if not np.isnan(wide[0]):
        hover += f"<br>over seeds and test images {_ends(*wide)}"
        _add_line(figure, np.clip(wide, *extent), y, 1.6)
    _add_line(figure, np.clip((low, high), *extent), y, 6)
    figure.add_scatter(
        x=[mean],
        y=[y],
        mode="markers",
        marker={
            "symbol": "diamond" if row["is_shown"] else "diamond-open",
            "size": 15,
            "color": BLUE,
            "line": {"width": 2.5, "color": BLUE},
        },
        hovertext=[hover],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    figure.add_scatter(
        x=differences,
        y=[y - 0.24] * len(differences),
        mode="markers",
        marker={"symbol": "circle", "size": 6, "color": shade(GREY, 0.75)},
        hovertemplate="one seed: %{x:+.2f} points<extra></extra>",
    )
    numbers = _numbers(row)
    label = "<br>".join(html.escape(line, quote=False) for line in _lines(row["name"]))
    for text, x, anchor, align, shift in ((label, 0, "right", "right", -12), (numbers, 1, "left", "left", 12)):
        figure.add_annotation(
            text=text,
            x=x,
            xref="paper",
            xanchor=anchor,
            xshift=shift,
            align=align,
            y=y,
            yanchor="middle",
            showarrow=False,
        )


def _numbers(row: Mapping[Hashable, Any]) -> str:
    numbers = f"<b>{_points(row['difference_points'])}</b>  [{_ends(row['low_points'], row['high_points'])}]"
    return numbers if np.isnan(row["adjusted_p_value"]) else f"{numbers}   p = {_p(row['adjusted_p_value'])}"


def _lines(name: str) -> list[str]:
    return textwrap.wrap(name, LONGEST_LINE) or [""]


def _ends(low: float, high: float) -> str:
    return f"{_points(low)} to {_points(high)}"


def _points(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−").replace("+inf", "∞").replace("inf", "∞")


def _add_line(figure: go.Figure, ends: np.ndarray, y: int, width: float) -> None:
    figure.add_scatter(x=list(ends), y=[y, y], mode="lines", line={"color": BLUE, "width": width}, hoverinfo="skip")


def _extent(rows: pd.DataFrame, seeds: list[np.ndarray]) -> tuple[float, float]:
    """Return the ends of the axis: zero and all that is drawn and finite, with some air."""
    names = ["low_points", "high_points", "low_with_images_points", "high_with_images_points"]
    ends = np.concatenate([rows[names].to_numpy(float).ravel(), *seeds, [0.0]])
    ends = ends[np.isfinite(ends)]
    air = 0.06 * np.ptp(ends) or 1.0
    return float(ends.min() - air), float(ends.max() + air)


def _caption(confirmation: Confirmation, rows: pd.DataFrame) -> str:
    seeds = count(len(confirmation.seeds), "seed")
    parts = [f"Test accuracy minus that of {confirmation.baseline.name}, paired by seed ({seeds}; a small point each)."]
    if confirmation.is_sequential:
        parts.append("Thick line: anytime-valid interval, at 95 % for all configurations together.")
        parts.append("Filled diamond: it excludes zero.")
        return " ".join(parts)
    has_images = rows["low_with_images_points"].notna().any()
    images = "; thin line: over seeds and test images." if has_images else ", on this test set."
    parts.append(f"Thick line: 95 % t interval over seeds{images}")
    parts.append("p: exact sign-flip test, adjusted after Holm; filled diamond: at most 0.05.")
    return " ".join(parts)


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.0095 else f"{value:.1g}"  # noqa: PLR2004
