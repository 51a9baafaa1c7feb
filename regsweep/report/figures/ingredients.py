"""What each ingredient of a confirmed mixture adds: to the rest of it, and alone."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regsweep.report.ablation import REST
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.theme import BLUE, GREY, ORANGE, label_rows, new_figure, reference_line

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import plotly.graph_objects as go

    from regsweep.report.ablation import Ablation
    from regsweep.report.confirmation import Confirmation

NAME, TITLE = "ingredients", "What each ingredient of the mixture adds"
ROW_HEIGHT = 160
ALONE_BELOW = 0.45
"""How far below what an ingredient adds to the rest it stands what it adds alone, in rows."""
SEEDS_BELOW = 0.11
"""How far below its mean the differences of an addition's seeds stand, in rows."""


def draw(evidence: Evidence) -> Drawing:
    """Draw each addition with its interval, in percentage points, in the order of what is added to the rest."""
    confirmation = evidence.confirmation
    ablation = confirmation.ablation if confirmation is not None else None
    if confirmation is None or ablation is None:
        return Drawing(NAME, TITLE, missing="no mixture was taken apart: regsweep confirm --ablate does that")
    rows, seeds = _rows(ablation), _seeds(ablation)
    if rows.empty:
        return Drawing(NAME, TITLE, missing="no ingredient has two complete seeds that what it is added to has, too")
    order = rows.sort_values(["to", "points"], ascending=False, key=lambda s: s == REST if s.name == "to" else s)
    heights = {name: -place for place, name in enumerate(order["ingredient"].drop_duplicates())}
    extent = _extent(rows, seeds)
    figure = new_figure(110 + ROW_HEIGHT * len(heights))
    reference_line(figure, 0)
    for row in rows.to_dict("records"):
        y = heights[row["ingredient"]] - (0 if row["to"] == REST else ALONE_BELOW)
        of_row = seeds[(seeds["ingredient"] == row["ingredient"]) & (seeds["to"] == row["to"])]
        _draw_row(figure, y, row, of_row, extent)
    figure.update_xaxes(title_text="difference in test accuracy (percentage points)", range=extent)
    figure.update_yaxes(visible=False, range=[-len(heights) + 0.25, 0.5])
    figure.update_layout(margin={"t": 30}, showlegend=False)
    caption = _caption(ablation.mixture, len(ablation.additions), rows, confirmation)
    return Drawing(NAME, TITLE, caption, figure, seeds.merge(rows, on=["ingredient", "to"]))


def _rows(ablation: Ablation) -> pd.DataFrame:
    """Return a row per addition that is compared, in percentage points."""
    return pd.DataFrame(
        [
            {
                "ingredient": each.ingredient,
                "to": each.to,
                "points": 100 * each.comparison.mean,
                "low_points": 100 * each.comparison.interval.low,
                "high_points": 100 * each.comparison.interval.high,
                "adjusted_p_value": each.adjusted_p_value,
                "shown": {1: "adds", -1: "takes away", 0: ""}[each.sign],
            }
            for each in ablation.additions
            if each.comparison is not None
        ]
    )


def _seeds(ablation: Ablation) -> pd.DataFrame:
    """Return a row per seed of an addition: its difference, and the run that was trained for it."""
    return pd.DataFrame(
        [
            {
                "ingredient": each.ingredient,
                "to": each.to,
                "seed": seed,
                "folder": each.part.folder_of(seed),
                "seed_points": 100 * float(difference),
            }
            for each in ablation.additions
            if each.comparison is not None
            for seed, difference in zip(each.seeds, each.differences, strict=True)
        ]
    )


def _draw_row(
    figure: go.Figure, y: float, row: Mapping[Hashable, Any], seeds: pd.DataFrame, extent: tuple[float, float]
) -> None:
    """Draw one addition at height `y`: its name over interval and mean, its seeds below."""
    is_rest = row["to"] == REST
    colour = BLUE if is_rest else ORANGE
    interval = np.clip([row["low_points"], row["high_points"]], *extent)
    figure.add_scatter(x=list(interval), y=[y, y], mode="lines", line={"color": colour, "width": 6}, hoverinfo="skip")
    symbol = ("diamond" if is_rest else "square") + ("" if row["shown"] else "-open")
    name = html.escape(f"{row['ingredient']} {row['to']}", quote=False)
    figure.add_scatter(
        x=[row["points"]],
        y=[y],
        mode="markers",
        marker={"symbol": symbol, "size": 14, "color": colour, "line": {"width": 2.5, "color": colour}},
        hovertext=[f"{name}: {row['points']:+.2f} points"],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    figure.add_scatter(
        x=seeds["seed_points"],
        y=[y - SEEDS_BELOW] * len(seeds),
        mode="markers",
        marker={"symbol": "circle", "size": 6, "color": GREY},
        customdata=list(seeds["folder"]),
        text=list(seeds["seed"]),
        hovertemplate="seed %{text}: %{x:+.2f} points<extra></extra>",
    )
    label_rows(figure, {y: name})


def _extent(rows: pd.DataFrame, seeds: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of the axis: zero and all that is finite, with some air."""
    drawn = np.append(rows[["points", "low_points", "high_points"]].to_numpy(float), seeds["seed_points"])
    ends = np.append(drawn[np.isfinite(drawn)], 0.0)
    air = 0.06 * np.ptp(ends) or 1.0
    return float(ends.min() - air), float(ends.max() + air)


def _caption(mixture: str, num: int, rows: pd.DataFrame, confirmation: Confirmation) -> str:
    kind = "anytime-valid intervals" if confirmation.is_sequential else "t intervals over seeds"
    kind = kind if confirmation.overlap is None else "t intervals over splits, corrected for what they have in common"
    is_rest = rows["to"] == REST
    sentences = (
        (is_rest.any(), f"Diamond: test accuracy of {mixture}, minus that of the same without the ingredient."),
        ((~is_rest).any(), "Square: the ingredient alone, minus none, at the same other settings."),
        (True, "Small points: seeds."),
        (True, f"Nothing was tuned again. Lines: {kind}, 95 % for all {num} together."),
        ((rows["shown"] != "").any(), "Filled: shown."),
    )
    return " ".join(sentence for is_true, sentence in sentences if is_true)
