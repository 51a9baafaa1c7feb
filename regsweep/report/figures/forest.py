"""The headline: what each configuration gains over the tuned baseline, on fresh seeds."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regsweep.numbers import count, show_signed_ends
from regsweep.paths import RunPaths
from regsweep.report.confirmation import SCORE
from regsweep.report.figures.captions import no_result
from regsweep.report.figures.difference_marks import THIN, add_interval, add_mean, add_seeds
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.theme import BLUE, ORANGE, label_rows, new_figure, reference_line
from regsweep.report.sweep import command_to_confirm

if TYPE_CHECKING:
    from regsweep.report.confirmation import Against, Confirmation
    from regsweep.report.sweep import Sweep
    from regsweep.report.terms import Terms

NAME, TITLE = "forest", "What each configuration gains over the tuned network without regularization"
ROW_HEIGHT = 170
TOP = 0.5
"""Of the axis: the first row stands at 0."""

OWN_BELOW = 0.42
"""How far below its first difference a configuration's second one stands, in rows."""

SEEDS_BELOW = 0.1
LONGEST_LINE = 44
"""Signs of a name: as wide as a small screen."""


def draw(evidence: Evidence) -> Drawing:
    """Draw paired differences from both baselines, best on top: of accuracies in percentage points."""
    confirmation = evidence.confirmation
    if confirmation is None:
        return Drawing(NAME, TITLE, missing=_why_unconfirmed(evidence.sweep))
    title = f"What each gains over the tuned baseline, {confirmation.terms.without}"
    title = title if confirmation.terms.baseline else TITLE
    if not confirmation.has_comparisons:
        return Drawing(NAME, title, missing=_why_none(confirmation))
    rows = table(confirmation)
    heights, bottom = _heights(rows)
    seeds = [_seeds(confirmation, row) for row in rows.to_dict("records")]
    extent = _extent(rows, [each["seed_difference"].to_numpy(float) for each in seeds])
    figure = new_figure(130 + round(ROW_HEIGHT * (TOP - bottom)))
    reference_line(figure, 0)
    for row, of_row in zip(rows.to_dict("records"), seeds, strict=True):
        is_own = row["against"] == OWN
        y = heights[row["name"]] - OWN_BELOW * is_own
        _draw_row(figure, y, row, of_row, extent=extent, confirmation=confirmation)
    figure.update_xaxes(title_text=axis_of_differences(confirmation.terms), range=extent)
    figure.update_yaxes(visible=False, range=[bottom, TOP])
    figure.update_layout(margin={"t": 50}, showlegend=False)  # Plotly's buttons stand above the words
    for x, anchor, text in ((0, "left", "◂ worse"), (1, "right", "better ▸")):
        at = {"x": x, "xref": "paper", "xanchor": anchor, "y": 1, "yref": "paper", "yanchor": "bottom"}
        figure.add_annotation(text=text, showarrow=False, **at)
    return Drawing(NAME, title, _caption(confirmation, rows), figure, by_seed(rows, seeds))


def _why_unconfirmed(sweep: Sweep) -> str:
    """Return that nothing was confirmed, and the command that does it where that needs nothing but the folder."""
    if sweep.best() is None:
        return no_result(sweep)
    if RunPaths(sweep.folder).config.is_file():
        return "a single run compares nothing"
    is_ready = sweep.is_own and not sweep.objectives
    return "nothing was confirmed on fresh seeds yet" + (
        f"; run {command_to_confirm(sweep.folder)}" if is_ready else ""
    )


def _why_none(confirmation: Confirmation) -> str:
    if confirmation.is_waiting:
        num_seeds = count(confirmation.num_planned, "seed")
        return f"each seed draws a split of its own: nothing is compared before all {num_seeds} have been trained"
    return "no configuration has two complete seeds that the baseline has, too"


def _heights(rows: pd.DataFrame) -> tuple[dict[str, float], float]:
    """Return the height of each configuration's row, from 0 downwards, and where the last one ends."""
    heights, bottom = {}, 0.0
    for name in rows["name"].unique():
        heights[name] = bottom
        bottom -= 1.0 if (rows["name"][rows["against"] == OWN] == name).any() else 1.0 - OWN_BELOW
    return heights, bottom + 0.25


def axis_of_differences(terms: Terms) -> str:
    """Return the title of an axis of gains."""
    if terms.is_in_points:
        return f"difference in {terms.title} (percentage points)"
    return f"gain in {terms.title}" + ("" if terms.maximize else " (how much lower it is)")


TUNED, OWN = "tuned baseline", "the same network without regularization"


def _own_label(terms: Terms) -> str:
    return f"the same with {terms.without}" if terms.baseline else "the same without"


def table(confirmation: Confirmation) -> pd.DataFrame:
    """Return a row per comparison, the configuration furthest ahead of the tuned baseline first.

    Differences of accuracy are in percentage points, others in the unit of what is compared.
    """
    rows, terms = [], confirmation.terms
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
                    "difference": terms.scale * comparison.mean,
                    "low": terms.scale * interval.low,
                    "high": terms.scale * interval.high,
                    "low_with_images": terms.scale * wide.low if wide else np.nan,
                    "high_with_images": terms.scale * wide.high if wide else np.nan,
                    "p_value": _or_nan(comparison.p_value),
                    "adjusted_p_value": _or_nan(candidate.claim.adjusted_p_value),
                    "claim": {1: "better", -1: "worse", 0: ""}[candidate.claim.sign],
                    "rests_here": candidate.claim.rests_on == name,
                    "num_better": comparison.num_better,
                    "num_equal": comparison.num_equal,
                    "probability_better": comparison.probability_better,
                    "selected_for": candidate.selected_for,
                    "confirmed": candidate.mean(),
                }
            )
    return pd.DataFrame(rows)


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _mean(against: Against) -> float:
    assert against.comparison is not None
    return against.comparison.mean


def _seeds(confirmation: Confirmation, row: Mapping[Hashable, Any]) -> pd.DataFrame:
    """Return a row per paired seed of a comparison.

    ``value`` and ``baseline_value`` are what was reached, ``seed_difference`` is in the unit of the comparison's.
    """
    candidate = next(each for each in confirmation.candidates if each.name == row["name"])
    against = candidate.against_own if row["against"] == OWN else candidate.against_tuned
    assert against is not None
    ours, theirs = (each.runs.drop_duplicates("seed").set_index("seed") for each in (candidate, against.baseline))
    values = ours.loc[against.seeds, SCORE].to_numpy(float)
    differences = np.asarray(against.differences, dtype=float)
    return pd.DataFrame(
        {
            "seed": against.seeds,
            "folder": ours.loc[against.seeds, "folder"].to_numpy(object),
            "value": values,
            "baseline_folder": theirs.loc[against.seeds, "folder"].to_numpy(object),
            "baseline_value": values - confirmation.terms.sign * differences,
            "seed_difference": confirmation.terms.scale * differences,
        }
    )


def by_seed(rows: pd.DataFrame, seeds: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return a row per comparison and seed: what identifies the comparison, the seed's own numbers, then the means."""
    first = ["name", "trial", "against"]
    own = pd.concat(seeds, keys=rows.index)
    data = rows.loc[own.index.get_level_values(0)].reset_index(drop=True).join(own.reset_index(drop=True))
    return data[[*first, *own, *(name for name in rows if name not in first)]]


def _draw_row(
    figure: go.Figure,
    y: float,
    row: Mapping[Hashable, Any],
    of_row: pd.DataFrame,
    *,
    extent: tuple[float, float],
    confirmation: Confirmation,
) -> None:
    """Draw one configuration at height `y`: name and numbers over intervals, mean and seeds (`of_row`)."""
    terms = confirmation.terms
    mean, low, high = row["difference"], row["low"], row["high"]
    wide = (row["low_with_images"], row["high_with_images"])
    name = html.escape(row["name"], quote=False)
    is_own = row["against"] == OWN
    colour = ORANGE if is_own else BLUE
    hover = f"<b>{name}</b><br>against {row['against']}: {_shown(terms, mean)}{terms.unit}"
    share = terms.share(mean, float(of_row["baseline_value"].mean()))
    hover += f" ({share} of its value)" if share else ""
    hover += f", interval {_ends(terms, low, high)}"
    hover += f"<br>better in {row['num_better']} of {row['num_seeds']} seeds"
    if not np.isnan(wide[0]):
        hover += f"<br>over seeds and test {confirmation.examples} {_ends(terms, *wide)}"
        add_interval(figure, wide, y, colour, extent=extent, width=THIN)
    add_interval(figure, (low, high), y, colour, extent=extent)
    symbol = ("square" if is_own else "diamond") + ("" if row["claim"] else "-open")
    add_mean(figure, mean, y, colour, symbol=symbol, size=12 if is_own else 15, hover=hover)
    number = f"%{{x:+{'.2f' if terms.is_in_points else '.3g'}}}{terms.unit}"
    add_seeds(figure, of_row["seed_difference"], of_row, y - SEEDS_BELOW, number=number)
    lines = [html.escape(line, quote=False) for line in _lines(_own_label(terms) if is_own else row["name"])]
    label_rows(figure, {y: "<br>".join([*lines, _numbers(terms, row)])})


def _numbers(terms: Terms, row: Mapping[Hashable, Any]) -> str:
    numbers = f"<b>{_shown(terms, row['difference'])}</b>  [{_ends(terms, row['low'], row['high'])}]"
    return f"{numbers}   p = {_p(row['adjusted_p_value'])}" if row["rests_here"] and row["p_value"] >= 0 else numbers


def _lines(name: str) -> list[str]:
    return textwrap.wrap(name, LONGEST_LINE) or [""]


def _ends(terms: Terms, low: float, high: float) -> str:
    if terms.is_in_points:
        return f"{_shown(terms, low)} to {_shown(terms, high)}"
    return show_signed_ends(low, high)


def _shown(terms: Terms, value: float) -> str:
    return terms.signed(value / terms.scale).replace("+∞", "∞")


def _extent(rows: pd.DataFrame, seeds: list[np.ndarray]) -> tuple[float, float]:
    """Return the ends of the axis: zero and all that is drawn and finite, with some air."""
    names = ["low", "high", "low_with_images", "high_with_images"]
    ends = np.concatenate([rows[names].to_numpy(float).ravel(), *seeds, [0.0]])
    ends = ends[np.isfinite(ends)]
    air = 0.06 * np.ptp(ends) or 1.0
    return float(ends.min() - air), float(ends.max() + air)


def _caption(confirmation: Confirmation, rows: pd.DataFrame) -> str:
    terms = confirmation.terms
    same = f"the same with {terms.without}" if terms.baseline else "the same network without regularization"
    what = f"{terms.title[0].upper()}{terms.title[1:]} minus that of {confirmation.baseline.name}"
    if not terms.maximize:
        what = f"{terms.title[0].upper()}{terms.title[1:]} of {confirmation.baseline.name} minus its own"
    has_own = bool((rows["against"] == OWN).any())
    own = f" and, where that was trained, of {same} at its own other settings (square)" if has_own else ""
    low, high = rows["num_seeds"].min(), rows["num_seeds"].max()
    seeds = count(high, "seed") if low == high else f"{low} to {high} seeds"
    parts = [f"{what} (diamond){own}, paired by seed ({seeds}; a small point each).", _interval(confirmation, rows)]
    has_p = bool((rows["rests_here"] & (rows["p_value"] >= 0)).any())
    if has_p:
        k = len(confirmation.candidates)
        parts.append(f"p: the larger of both sign-flip tests{', adjusted after Holm' if k > 1 else ''}.")
    if (rows["claim"] != "").any():
        and_p = " and p is at most 0.05" if has_p else ""
        parts.append(f"Filled: shown against both baselines, as both intervals leave out zero on one side{and_p}.")
    return " ".join(parts)


def _interval(confirmation: Confirmation, rows: pd.DataFrame) -> str:
    """Return the caption's sentence on the lines."""
    k = len(confirmation.candidates)
    together = f" for all {k} configurations together" if k > 1 else ""
    if confirmation.is_sequential:
        return f"Thick line: anytime-valid interval, 95 %{together}."
    if confirmation.overlap is not None:
        return f"Thick line: t interval over splits, corrected for what they have in common, 95 %{together}."
    has_images = rows["low_with_images"].notna().any()
    images = f"; thin line: over seeds and test {confirmation.examples}" if has_images else ", on this test set"
    return f"Thick line: t interval over seeds, 95 %{together}{images}."


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.0095 else f"{value:.1g}"  # noqa: PLR2004
