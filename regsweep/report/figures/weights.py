"""What the penalty did to the weights: histograms on a log scale, and exact zeros."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regsweep.numbers import count, show_share
from regsweep.report.details import read_result
from regsweep.report.figures.captions import no_result, the_best, zeros_follow
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import text
from regsweep.report.figures.points import complete, configurations, score
from regsweep.report.figures.theme import BLUE, GREY, ORANGE, label_rows, new_figure, small

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

HISTOGRAM_NAME, HISTOGRAM_TITLE = "weight_histogram", "Weights, layer by layer"
ZEROS_NAME, ZEROS_TITLE = "zeros_per_layer", "Exact zeros per layer"
MOST_PANELS = 9


def draw_histogram(evidence: Evidence) -> Drawing:
    """Draw how many weights of each layer have which value; exact zeros are a bar of their own."""
    best = evidence.sweep.best()
    if best is None:
        return Drawing(HISTOGRAM_NAME, HISTOGRAM_TITLE, missing=no_result(evidence.sweep))
    is_pooled = evidence.sweep.seed_key is not None
    record = read_result(evidence.sweep, best.number)
    layers, near_zero = _layers(record), _near_zero(record)
    if not layers:
        missing = f"the record of trial {best.number} holds no histogram of its weights"
        return Drawing(HISTOGRAM_NAME, HISTOGRAM_TITLE, missing=missing)
    largest = sorted(layers, key=lambda name: -_size(layers[name]))[:MOST_PANELS]
    shown = [name for name in layers if name in largest]
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    titles = [f"{text(name)}<br>{_zeros(layers[name], near_zero.get(name))}" for name in shown]
    figure = new_figure(
        120 + 230 * rows,
        rows=rows,
        columns=columns,
        subplot_titles=titles,
        horizontal_spacing=0.09,
        vertical_spacing=0.36 / rows,
    )
    in_legend: set[str] = set()
    for i, name in enumerate(shown):
        _add_layer(figure, layers[name], in_legend, row=i // columns + 1, col=i % columns + 1)
    for i in range(max(len(shown) - columns, 0), len(shown)):
        figure.update_xaxes(title_text="weight", row=i // columns + 1, col=i % columns + 1)
    for row in range(rows):
        figure.update_yaxes(title_text="weights (log)", row=row + 1, col=1)
    has_zeros = any(layers[name]["zeros"] for name in shown)
    legend = {"y": 0.99, "yref": "container", "yanchor": "top"}
    figure.update_layout(
        bargap=0, barmode="overlay", margin={"t": 90 if has_zeros else 56}, legend=legend, showlegend=has_zeros
    )
    which = "" if len(evidence.sweep.trials) == 1 else f", {the_best(evidence.sweep)}"
    which = f", a seed of {the_best(evidence.sweep, what='configuration')}" if is_pooled else which
    caption = f"Weights of trial {best.number}{which}; counts on a log scale, biases left out."
    caption += zeros_follow(evidence.sweep, [best.number]) if has_zeros else ""
    if len(layers) > len(shown):
        caption += f" The {len(shown)} largest of {len(layers)} layers."
    data = pd.concat([_bins(layers[name]).assign(layer=name) for name in layers])
    return Drawing(HISTOGRAM_NAME, HISTOGRAM_TITLE, caption, figure, data)


def draw_zeros(evidence: Evidence) -> Drawing:
    """Draw the share of exact zeros in each layer, for the best trial that has any, before that of near zeros."""
    sweep = evidence.sweep
    trials = complete(sweep) if sweep.seed_key is None else configurations(sweep)
    sparse = trials[pd.to_numeric(trials["sparsity"], errors="coerce") > 0]
    if sparse.empty:
        return Drawing(ZEROS_NAME, ZEROS_TITLE, missing="no complete trial has exact zeros on record")
    scores = sparse[sweep.objective]
    trial = sparse.iloc[int(scores.argmax() if sweep.maximize else scores.argmin())]
    record = read_result(sweep, trial["number"])
    layers, near_zero = _layers(record), _near_zero(record)
    if not layers:
        missing = f"the record of trial {trial['number']} holds no zeros by layer"
        return Drawing(ZEROS_NAME, ZEROS_TITLE, missing=missing)
    data = pd.DataFrame(
        {
            "layer": list(layers),
            "weights": [_size(layer) for layer in layers.values()],
            "zeros": [int(layer["zeros"]) for layer in layers.values()],
            "share": [_share(layer) for layer in layers.values()],
            "near_zero": [near_zero.get(name, np.nan) for name in layers],
        }
    )
    longest = data[["share", "near_zero"]].max(axis=1)
    figure = new_figure(110 + 60 * len(data))
    shown = {name: f"{_zeros(layer, near_zero.get(name))}, of {_size(layer):,}" for name, layer in layers.items()}
    for name, x, colour in (("within ±0.001 of zero", longest, GREY), ("exactly zero", data["share"], ORANGE)):
        figure.add_bar(
            x=100 * x,
            y=list(range(len(data))),
            orientation="h",
            width=0.28,
            name=name,
            marker={"color": colour},
            hovertext=list(shown.values()),
            hovertemplate="%{hovertext}<extra></extra>",
        )
    label_rows(figure, {place: f"{text(name)}{small(shown[name])}" for place, name in enumerate(layers)})
    figure.update_yaxes(range=[len(data) - 0.7, -0.95])
    figure.update_xaxes(title_text="weights (% of the layer's)", range=[0, min(105 * longest.max(), 100)])
    figure.update_layout(barmode="overlay", margin={"t": 56}, showlegend=bool(near_zero))
    order = " First layer on top." if len(data) > 1 else ""
    caption = f"Trial {trial['number']}{_standing(sweep, trial)}.{order}{zeros_follow(sweep, [trial['number']])}"
    return Drawing(ZEROS_NAME, ZEROS_TITLE, caption, figure, data)


def _standing(sweep: Sweep, trial: pd.Series) -> str:
    best = sweep.best()
    value = score(sweep).show(trial[sweep.objective])
    is_best = best is not None and best.number == trial["number"]
    if len(sweep.trials) == 1:
        return f" ({value})"
    what, seed, mean = ("", "", "") if sweep.seed_key is None else ("configuration", "a seed of ", "mean ")
    others = f"the best {what}".strip() + " that has exact zeros"
    return f", {seed}{the_best(sweep, what=what) if is_best else others} ({mean}{value})"


def _layers(record: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    """Return each layer's histogram from a record; those that are not as they should be are left out."""
    histogram = (record or {}).get("histogram")
    if not isinstance(histogram, Mapping):
        return {}
    return {str(name): layer for name, layer in histogram.items() if _is_whole(layer)}


def _near_zero(record: Mapping[str, Any] | None) -> dict[str, float]:
    """Return each layer's share of weights within ±0.001 of zero; that is in no record of version 0.1."""
    near_zero = (record or {}).get("near_zero")
    layers = near_zero.get("layers") if isinstance(near_zero, Mapping) else None
    if not isinstance(layers, Mapping):
        return {}
    return {str(name): share for name, share in layers.items() if isinstance(share, int | float) and 0 <= share <= 1}


def _is_whole(layer: Any) -> bool:
    if not isinstance(layer, Mapping) or not {"low", "high", "counts", "zeros"} <= set(layer):
        return False
    counts = layer["counts"]
    numbers = [layer["low"], layer["high"], layer["zeros"], *(counts if isinstance(counts, list) else [None])]
    return len(numbers) > 3 and all(isinstance(n, int | float) and np.isfinite(n) for n in numbers) and _size(layer) > 0  # noqa: PLR2004


def _size(layer: Mapping[str, Any]) -> int:
    return int(sum(layer["counts"]) + layer["zeros"])


def _share(layer: Mapping[str, Any]) -> float:
    return float(layer["zeros"] / _size(layer))


def _zeros(layer: Mapping[str, Any], near_zero: float | None) -> str:
    exact = f"{show_share(_share(layer))} exact zeros" if layer["zeros"] else "no exact zeros"
    return exact if near_zero is None else f"{exact}, {show_share(near_zero)} within ±0.001"


def _bins(layer: Mapping[str, Any]) -> pd.DataFrame:
    """Return a row per bin: ``low``, ``high``, ``count``; the exact zeros are the row from 0 to 0."""
    edges = np.linspace(layer["low"], layer["high"], len(layer["counts"]) + 1)
    bins = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": layer["counts"]})
    return pd.concat([bins, pd.DataFrame({"low": [0.0], "high": [0.0], "count": [layer["zeros"]]})], ignore_index=True)


def _add_layer(figure: go.Figure, layer: Mapping[str, Any], in_legend: set[str], *, row: int, col: int) -> None:
    """Add one layer: grey bins of weights that are not zero, and one bar for the exact zeros in their midst."""
    bins = _bins(layer).iloc[:-1]
    width = float(bins["high"].iloc[0] - bins["low"].iloc[0])
    figure.add_bar(
        x=(bins["low"] + bins["high"]) / 2,
        y=bins["count"].where(bins["count"] > 0),
        width=width,
        name="weights that are not zero",
        marker={"color": BLUE, "cornerradius": 0, "line": {"width": 0}},
        hovertemplate="%{y:,} weights near %{x:.3g}<extra></extra>",
        showlegend="weights" not in in_legend,
        legendgroup="weights",
        row=row,
        col=col,
    )
    if layer["zeros"]:
        figure.add_bar(
            x=[0],
            y=[layer["zeros"]],
            width=1.3 * width,
            name="exact zeros",
            marker={"color": ORANGE, "cornerradius": 0},
            hovertemplate=f"{count(layer['zeros'], 'weight')} exactly zero<extra></extra>",
            showlegend="zeros" not in in_legend,
            legendgroup="zeros",
            row=row,
            col=col,
        )
    in_legend |= {"weights", "zeros"} if layer["zeros"] else {"weights"}
    most = max(*bins["count"], layer["zeros"], 2)
    figure.update_yaxes(type="log", range=[np.log10(0.6), np.log10(most) + 0.12], dtick=1, row=row, col=col)
