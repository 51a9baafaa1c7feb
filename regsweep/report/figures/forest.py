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
from regsweep.report.figures.theme import BLUE, GREY, ORANGE, new_figure, reference_line, shade

if TYPE_CHECKING:
    from regsweep.report.confirmation import Against, Confirmation

NAME, TITLE = "forest", "What each configuration gains over the tuned network without regularization"
ROW_HEIGHT = 100
OWN_BELOW = 0.42
"""How far below its first difference a configuration's second one stands, in rows."""

SIGN_WIDTH = 7.3
"""Pixels, on the average."""

LONGEST_LINE = 26
"""Signs of a name, to the left of the axis."""


def draw(evidence: Evidence) -> Drawing:
    """Draw paired differences in test accuracy from both baselines, best on top, in percentage points."""
    confirmation = evidence.confirmation
    if confirmation is None:
        command = "go on with regsweep resume" if evidence.sweep.is_comparison else "run regsweep confirm"
        return Drawing(NAME, TITLE, missing=f"nothing was confirmed on fresh seeds yet: {command}")
    if not confirmation.has_comparisons:
        return Drawing(NAME, TITLE, missing="no configuration has two complete seeds that the baseline has, too")
    rows = table(confirmation)
    names = rows["name"].unique()
    heights = {name: len(names) - 1 - place for place, name in enumerate(names)}
    seeds = [_seeds(confirmation, row) for row in rows.to_dict("records")]
    extent = _extent(rows, seeds)
    figure = new_figure(110 + ROW_HEIGHT * len(names))
    reference_line(figure, 0)
    for row, differences in zip(rows.to_dict("records"), seeds, strict=True):
        is_own = row["against"] == OWN
        _draw_row(figure, heights[row["name"]] - OWN_BELOW * is_own, row, differences, extent)
    figure.update_xaxes(title_text="difference in test accuracy (percentage points)", range=extent)
    figure.update_yaxes(visible=False, range=[-0.75, len(names) - 0.5])
    left = max(len(line) for name in [*names, OWN_LABEL] for line in _lines(name))
    right = max(len(_numbers(row)) for row in rows.to_dict("records"))
    margin = {"l": 24 + SIGN_WIDTH * left, "r": 24 + SIGN_WIDTH * right, "t": 30}
    figure.update_layout(margin=margin, showlegend=False)
    figure.add_annotation(text="◂ worse   better ▸", x=0, y=1, yref="paper", yanchor="bottom", showarrow=False)
    return Drawing(NAME, TITLE, _caption(confirmation, rows), figure, rows)


TUNED, OWN = "tuned baseline", "the same network without regularization"
OWN_LABEL = "the same without"


def table(confirmation: Confirmation) -> pd.DataFrame:
    """Return a row per comparison, the configuration furthest ahead of the tuned baseline first: points, p, claim."""
    rows = []
    candidates = [each for each in confirmation.candidates if each.against_tuned.comparison]
    for candidate in sorted(candidates, key=lambda each: -_mean(each.against_tuned)):
        for name, title, against in (
            ("tuned", TUNED, candidate.against_tuned),
            ("own", OWN, candidate.against_own),
        ):
            if against is None or against.comparison is None:
                continue
            comparison = against.comparison
            interval, wide = comparison.interval, comparison.interval_with_images
            rows.append(
                {
                    "name": candidate.name,
                    "trial": candidate.trial,
                    "against": title,
                    "num_seeds": comparison.num_seeds,
                    "difference_points": 100 * comparison.mean,
                    "low_points": 100 * interval.low,
                    "high_points": 100 * interval.high,
                    "low_with_images_points": 100 * wide.low if wide else np.nan,
                    "high_with_images_points": 100 * wide.high if wide else np.nan,
                    "p_value": _or_nan(comparison.p_value),
                    "adjusted_p_value": _or_nan(candidate.claim.adjusted_p_value),
                    "claim": {1: "better", -1: "worse", 0: ""}[candidate.claim.sign],
                    "rests_here": candidate.claim.rests_on == name,
                    "num_better": comparison.num_better,
                    "num_equal": comparison.num_equal,
                    "probability_better": comparison.probability_better,
                    "selected_for_accuracy": candidate.selected_for,
                    "confirmed_test_accuracy": candidate.mean("test_accuracy"),
                }
            )
    return pd.DataFrame(rows)


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _mean(against: Against) -> float:
    assert against.comparison is not None
    return against.comparison.mean


def _seeds(confirmation: Confirmation, row: Mapping[Hashable, Any]) -> np.ndarray:
    """Return a row's differences in points, one per seed."""
    candidate = next(each for each in confirmation.candidates if each.name == row["name"])
    against = candidate.against_own if row["against"] == OWN else candidate.against_tuned
    assert against is not None
    return 100 * np.asarray(against.differences)


def _draw_row(
    figure: go.Figure, y: float, row: Mapping[Hashable, Any], differences: np.ndarray, extent: tuple[float, float]
) -> None:
    """Draw one configuration at height `y`: name and numbers over intervals, mean and seeds."""
    mean, low, high = row["difference_points"], row["low_points"], row["high_points"]
    wide = (row["low_with_images_points"], row["high_with_images_points"])
    name = html.escape(row["name"], quote=False)
    is_own = row["against"] == OWN
    colour = ORANGE if is_own else BLUE
    hover = f"<b>{name}</b><br>against {row['against']}: {_points(mean)} points, interval {_ends(low, high)}"
    hover += f"<br>better in {row['num_better']} of {row['num_seeds']} seeds"
    if not np.isnan(wide[0]):
        hover += f"<br>over seeds and test images {_ends(*wide)}"
        _add_line(figure, np.clip(wide, *extent), y, 1.6, colour)
    _add_line(figure, np.clip((low, high), *extent), y, 6, colour)
    figure.add_scatter(
        x=[mean],
        y=[y],
        mode="markers",
        marker={
            "symbol": ("square" if is_own else "diamond") + ("" if row["claim"] else "-open"),
            "size": 12 if is_own else 15,
            "color": colour,
            "line": {"width": 2.5, "color": colour},
        },
        hovertext=[hover],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    figure.add_scatter(
        x=differences,
        y=[y - 0.18] * len(differences),
        mode="markers",
        marker={"symbol": "circle", "size": 6, "color": shade(GREY, 0.75)},
        hovertemplate="one seed: %{x:+.2f} points<extra></extra>",
    )
    numbers = _numbers(row)
    label = "<br>".join(html.escape(line, quote=False) for line in _lines(OWN_LABEL if is_own else row["name"]))
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
    return f"{numbers}   p = {_p(row['adjusted_p_value'])}" if row["rests_here"] and row["p_value"] >= 0 else numbers


def _lines(name: str) -> list[str]:
    return textwrap.wrap(name, LONGEST_LINE) or [""]


def _ends(low: float, high: float) -> str:
    return f"{_points(low)} to {_points(high)}"


def _points(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−").replace("+inf", "∞").replace("inf", "∞")


def _add_line(figure: go.Figure, ends: np.ndarray, y: float, width: float, colour: str) -> None:
    figure.add_scatter(x=list(ends), y=[y, y], mode="lines", line={"color": colour, "width": width}, hoverinfo="skip")


def _extent(rows: pd.DataFrame, seeds: list[np.ndarray]) -> tuple[float, float]:
    """Return the ends of the axis: zero and all that is drawn and finite, with some air."""
    names = ["low_points", "high_points", "low_with_images_points", "high_with_images_points"]
    ends = np.concatenate([rows[names].to_numpy(float).ravel(), *seeds, [0.0]])
    ends = ends[np.isfinite(ends)]
    air = 0.06 * np.ptp(ends) or 1.0
    return float(ends.min() - air), float(ends.max() + air)


def _caption(confirmation: Confirmation, rows: pd.DataFrame) -> str:
    seeds = count(len(confirmation.seeds), "seed")
    parts = [
        f"Test accuracy minus that of {confirmation.baseline.name} (diamond) and, where that difference is shown, of "
        f"the same network without regularization at its own other settings (square), paired by seed ({seeds}; a small "
        "point each)."
    ]
    k = len(confirmation.candidates)
    together = f" (95 % for all {k} configurations together)" if k > 1 else ""
    filled = "Filled: shown against both baselines, as both intervals leave out zero on one side"
    if confirmation.is_sequential:
        parts.append(f"Thick line: 95 % anytime-valid interval{together}. {filled}.")
        return " ".join(parts)
    if confirmation.overlap is not None:
        parts.append(
            f"Thick line: 95 % t interval over splits, corrected for what they have in common{together}. {filled}."
        )
        return " ".join(parts)
    has_images = rows["low_with_images_points"].notna().any()
    images = "; thin line: over seeds and test images." if has_images else ", on this test set."
    parts.append(f"Thick line: 95 % t interval over seeds{together}{images}")
    parts.append(f"p: the larger of both exact sign-flip tests, adjusted after Holm. {filled} and p is at most 0.05.")
    return " ".join(parts)


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.0095 else f"{value:.1g}"  # noqa: PLR2004
