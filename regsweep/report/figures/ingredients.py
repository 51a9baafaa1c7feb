"""What each ingredient of a confirmed mixture adds: to the rest of it, and alone."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regsweep.report.ablation import REST
from regsweep.report.figures.difference_marks import add_interval, add_mean, add_seeds
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.forest import axis_of_differences
from regsweep.report.figures.theme import BLUE, ORANGE, label_rows, new_figure, reference_line

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import plotly.graph_objects as go

    from regsweep.report.ablation import Ablation
    from regsweep.report.confirmation import Confirmation
    from regsweep.report.terms import Terms

NAME, TITLE = "ingredients", "What each ingredient of the mixture adds"
ROW_HEIGHT = 160
ALONE_BELOW = 0.45
"""How far below what an ingredient adds to the rest it stands what it adds alone, in rows."""
SEEDS_BELOW = 0.11
"""How far below its mean the differences of an addition's seeds stand, in rows."""


def draw(evidence: Evidence) -> Drawing:
    """Draw each addition with its interval, of accuracies in percentage points, in the order of what the rest gains."""
    confirmation = evidence.confirmation
    ablation = confirmation.ablation if confirmation is not None else None
    if confirmation is None or ablation is None:
        return Drawing(NAME, TITLE, missing="no mixture was taken apart: regsweep confirm --ablate does that")
    terms = confirmation.terms
    rows, seeds = _rows(ablation, terms), _seeds(ablation, terms)
    if rows.empty:
        return Drawing(NAME, TITLE, missing="no ingredient has two complete seeds that what it is added to has, too")
    order = rows.sort_values(["to", "gain"], ascending=False, key=lambda s: s == REST if s.name == "to" else s)
    heights = {name: -place for place, name in enumerate(order["ingredient"].drop_duplicates())}
    extent = _extent(rows, seeds)
    figure = new_figure(110 + ROW_HEIGHT * len(heights))
    reference_line(figure, 0)
    for row in rows.to_dict("records"):
        y = heights[row["ingredient"]] - (0 if row["to"] == REST else ALONE_BELOW)
        of_row = seeds[(seeds["ingredient"] == row["ingredient"]) & (seeds["to"] == row["to"])]
        _draw_row(figure, y, row, of_row, extent, terms=terms)
    figure.update_xaxes(title_text=axis_of_differences(terms), range=extent)
    figure.update_yaxes(visible=False, range=[-len(heights) + 0.25, 0.5])
    figure.update_layout(margin={"t": 30}, showlegend=False)
    caption = _caption(ablation.mixture, len(ablation.additions), rows, confirmation)
    data = seeds.merge(rows.drop(columns="share"), on=["ingredient", "to"])
    in_points = {"gain": "points", "low": "low_points", "high": "high_points", "seed_gain": "seed_points"}
    return Drawing(NAME, TITLE, caption, figure, data.rename(columns=in_points if terms.is_in_points else {}))


def _rows(ablation: Ablation, terms: Terms) -> pd.DataFrame:
    """Return a row per addition that is compared, as it is shown."""
    return pd.DataFrame(
        [
            {
                "ingredient": each.ingredient,
                "to": each.to,
                "gain": terms.scale * each.comparison.mean,
                "low": terms.scale * each.comparison.interval.low,
                "high": terms.scale * each.comparison.interval.high,
                "share": terms.share(each.comparison.mean, each.without),
                "adjusted_p_value": each.adjusted_p_value,
                "shown": {1: "adds", -1: "takes away", 0: ""}[each.sign],
            }
            for each in ablation.additions
            if each.comparison is not None
        ]
    )


def _size(terms: Terms, row: Mapping[Hashable, Any]) -> str:
    if terms.is_in_points:
        return f"{row['gain']:+.2f} points"
    share = f" ({row['share']})" if row["share"] else ""
    return f"{terms.signed(row['gain'])}{share}"


def _seeds(ablation: Ablation, terms: Terms) -> pd.DataFrame:
    """Return a row per seed of an addition: its difference, and the run that was trained for it."""
    return pd.DataFrame(
        [
            {
                "ingredient": each.ingredient,
                "to": each.to,
                "seed": seed,
                "folder": each.part.folder_of(seed),
                "seed_gain": terms.scale * float(difference),
            }
            for each in ablation.additions
            if each.comparison is not None
            for seed, difference in zip(each.seeds, each.differences, strict=True)
        ]
    )


def _draw_row(
    figure: go.Figure,
    y: float,
    row: Mapping[Hashable, Any],
    seeds: pd.DataFrame,
    extent: tuple[float, float],
    *,
    terms: Terms,
) -> None:
    """Draw one addition at height `y`: its name over interval and mean, its seeds below."""
    is_rest = row["to"] == REST
    colour = BLUE if is_rest else ORANGE
    symbol = ("diamond" if is_rest else "square") + ("" if row["shown"] else "-open")
    name = html.escape(f"{row['ingredient']} {row['to']}", quote=False)
    add_interval(figure, (row["low"], row["high"]), y, colour, extent=extent)
    add_mean(figure, row["gain"], y, colour, symbol=symbol, size=14, hover=f"{name}: {_size(terms, row)}")
    number = f"%{{x:{'+.2f' if terms.is_in_points else '+.4~g'}}}{terms.unit}"
    add_seeds(figure, seeds["seed_gain"], seeds, y - SEEDS_BELOW, number=number)
    label_rows(figure, {y: name})


def _extent(rows: pd.DataFrame, seeds: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of the axis: zero and all that is finite, with some air."""
    drawn = np.append(rows[["gain", "low", "high"]].to_numpy(float), seeds["seed_gain"])
    ends = np.append(drawn[np.isfinite(drawn)], 0.0)
    air = 0.06 * np.ptp(ends) or 1.0
    return float(ends.min() - air), float(ends.max() + air)


def _difference(terms: Terms, mixture: str) -> str:
    if terms.maximize:
        return f"{terms.title} of {mixture}, minus that of the same without the ingredient."
    return f"{terms.title} of the same without the ingredient, minus that of {mixture}."


def _caption(mixture: str, num: int, rows: pd.DataFrame, confirmation: Confirmation) -> str:
    kind = "anytime-valid intervals" if confirmation.is_sequential else "t intervals over seeds"
    kind = kind if confirmation.overlap is None else "t intervals over splits, corrected for what they have in common"
    alone = "the ingredient alone, minus none" if confirmation.terms.maximize else "none, minus the ingredient alone"
    is_rest = rows["to"] == REST
    sentences = (
        (is_rest.any(), f"Diamond: {_difference(confirmation.terms, mixture)}"),
        ((~is_rest).any(), f"Square: {alone}, at the same other settings."),
        (True, "Small points: seeds."),
        (True, f"Nothing was tuned again. Lines: {kind}, 95 % for all {num} together."),
        ((rows["shown"] != "").any(), "Filled: shown."),
    )
    return " ".join(sentence for is_true, sentence in sentences if is_true)
