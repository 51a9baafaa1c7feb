"""λ × dropout, with BatchNorm off and on side by side: where it is good, and where nobody looked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regsweep.numbers import count, show_number
from regsweep.report.figures.captions import not_known, repeats_left_out, strength_name
from regsweep.report.figures.cells import Bins, dropout_bins, strength_bins
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import text
from regsweep.report.figures.points import Folded, Score, configurations, fold, noun, score
from regsweep.report.figures.pruned import with_last_value
from regsweep.report.figures.regularized import BATCH_NORM, DROPOUT, PENALTY, STRENGTH, settings
from regsweep.report.figures.theme import GREY, INK, INK_ON_BEST, INK_TURNS, LIGHT, SEQUENTIAL, new_figure

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

NAME = "lambda_dropout_map"
BESIDE_MAP = 170
"""Pixels of what stands beside the cells: axes, and the scale of colours."""
LETTER = 7
"""Pixels of a digit."""
MOST_WORDS = 7
"""In so many columns a cell has room for its number of trials beside the mean."""
LEAST_TRIALS = 5
"""From so many trials or cells on, those that are far from all others are beyond the colours."""
FINE = 300
"""From so many trials on, bins are half as wide."""


@dataclass(frozen=True)
class _Colours:
    """From the worst to the best mean that is not far from all others.

    Attributes:
        worst, best: the ends of the scale.
        has_more: whether there are means beyond the worst end.
    """

    worst: float
    best: float
    has_more: bool

    @property
    def is_higher_better(self) -> bool:
        """Whether the scale rises to its best end."""
        return self.best >= self.worst

    def is_beyond(self, mean: float) -> bool:
        """Return whether a mean is worse than the worst end."""
        return mean < self.worst if self.is_higher_better else mean > self.worst

    def ink(self, mean: float) -> str:
        """Return the colour of words in the cell of a mean."""
        way = (mean - self.worst) / (self.best - self.worst) if self.best != self.worst else 1.0
        return INK if way < INK_TURNS else INK_ON_BEST


@dataclass(frozen=True)
class _Map:
    """What all panels have in common.

    Attributes:
        columns, rows: of the cells.
        axis: of the scores.
        colours: of the means.
        is_alone: whether no cell has several trials.
        what: a trial is.
        strength: what λ is called; safe for Plotly.
    """

    columns: Bins
    rows: Bins
    axis: Score
    colours: _Colours
    is_alone: bool
    what: str
    strength: str


def draw(evidence: Evidence) -> Drawing:
    """Draw the mean of each cell; a cell without a trial is a dotted frame, one with a pruned trial has a cross."""
    sweep = evidence.sweep
    trials = every = configurations(sweep)
    title = f"{strength_name(sweep)} and dropout together"
    found = settings(sweep).loc[trials.index.union(with_last_value(sweep).index)]
    all_found = found
    penalties = found[PENALTY][found[STRENGTH] > 0].value_counts()
    known = found[STRENGTH].notna() & found[DROPOUT].notna()
    known &= found[PENALTY].isin(["none", *penalties.index[:1]])  # one penalty's λ has no meaning for another's
    trials, found = trials[trials.index.isin(found.index[known])], found[known]
    shown = "complete trials" if len(all_found) == len(every) else "complete and pruned trials"
    if len(found) < len(all_found):
        shown += f" with one penalty at most and a known {strength_name(sweep)} and dropout"
    for name, column in ((strength_name(sweep), found[STRENGTH]), ("dropout", found[DROPOUT])):
        if column.nunique() < 2:  # noqa: PLR2004
            missing = not_known(sweep, STRENGTH, DROPOUT) or f"{name} takes fewer than two values among the {shown}"
            return Drawing(NAME, title, missing=missing)
    if trials.empty:
        return Drawing(NAME, title, missing=f"none of the {shown} is complete")
    if not ((found[STRENGTH] > 0) & (found[DROPOUT] > 0)).any():
        return Drawing(NAME, title, missing=f"none of the {shown} has both")
    axis, what = score(sweep), noun(sweep).split()[-1]
    is_fine = len(trials) >= FINE
    columns, rows = strength_bins(found[STRENGTH], is_fine=is_fine), dropout_bins(found[DROPOUT], is_fine=is_fine)
    data = pd.DataFrame({"batch_norm": found[BATCH_NORM], "row": rows.index, "column": columns.index})
    given_up = data.drop(index=trials.index)
    grouped = data.loc[trials.index].assign(y=trials[sweep.objective] * axis.factor).groupby(list(data))["y"]
    cells = grouped.agg(["mean", "size"]).reset_index()
    switches = [name for name in ("off", "on", "") if (data["batch_norm"] == name).any()]
    folded = fold(trials[sweep.objective] * axis.factor, axis, maximize=sweep.maximize, least=LEAST_TRIALS)
    colours = _colours(cells["mean"], folded, axis, maximize=sweep.maximize)
    drawn = _Map(columns, rows, axis, colours, bool((cells["size"] == 1).all()), what, text(strength_name(sweep)))
    titles = [f"BatchNorm {name}" if name else "BatchNorm unknown" for name in switches]
    figure = new_figure(
        max(130 + 44 * len(rows.labels), 300),
        columns=len(switches),
        subplot_titles=titles if len(switches) > 1 else None,
        shared_yaxes=True,
        horizontal_spacing=0.03,
    )
    for i, switch in enumerate(switches):
        _add_map(figure, cells[cells["batch_norm"] == switch], drawn, column=i + 1)
    for i, switch in enumerate(switches):
        _add_words(figure, cells[cells["batch_norm"] == switch], drawn, column=i + 1)
        _add_pruned(figure, given_up[given_up["batch_norm"] == switch], columns, rows, column=i + 1)
    _finish(figure, drawn, maximize=sweep.maximize)
    figure.update_layout(meta={"least_width": _least_width(figure, columns, len(switches))})
    table = _table(cells, given_up, columns.labels, rows.labels, switches, what=what)
    caption = _caption(table, drawn)
    if switches == ["on"]:
        caption += " All have BatchNorm."
    caption += f" Of {len(penalties)} penalties {penalties.index[0]} alone is shown." if len(penalties) > 1 else ""
    left_out = len(every) - len(trials)
    if left_out:
        caption += f" {count(left_out, noun(sweep))} with another penalty, several or unknown settings: left out."
    caption += repeats_left_out(sweep) + _pruned_in_words(sweep, len(given_up))
    title += ", with BatchNorm off and on" if {"off", "on"} <= {*switches} else ""
    return Drawing(NAME, title, caption, figure, table)


def _colours(means: pd.Series, folded: Folded, axis: Score, *, maximize: bool) -> _Colours:
    """Return the scale of the cells, so that one collapsed trial does not leave all others in one colour.

    Its ends leave out cells that are worse than any trial that is not far from the others, and of those left each that
    is far from the other cells.
    """
    within = means[folded.holds(means)]
    within = means if within.empty else within
    far = fold(within, axis, maximize=maximize, least=LEAST_TRIALS).is_far
    worst, best = sorted((float(within[~far].min()), float(within[~far].max())), reverse=not maximize)
    return _Colours(worst, best, has_more=len(within[~far]) < len(means))


def _finish(figure: go.Figure, drawn: _Map, *, maximize: bool) -> None:
    """Label the axes, and add the scale of colours from the worst to the best end."""
    axis, colours = drawn.axis, drawn.colours
    figure.update_xaxes(title_text=drawn.strength)
    figure.update_yaxes(title_text="dropout", row=1, col=1)
    bar = {"title": {"text": axis.title, "side": "right", "font": {"size": 13}}, "thickness": 12, "outlinewidth": 0}
    scale = {"colorscale": SEQUENTIAL, "reversescale": not maximize, **_ends(colours)}
    figure.update_layout(coloraxis={**scale, "colorbar": bar})


def _least_width(figure: go.Figure, columns: Bins, num_panels: int) -> int:
    """Return the pixels that the words of the cells, and the ticks below them, need beside each other."""
    in_cells = [
        words.partition("<br>")[0]
        for trace in figure.select_traces({"type": "scatter", "mode": "text"})
        for words in trace.text
    ]
    letters = max(map(len, [*in_cells, *columns.ticks.values()]))
    return BESIDE_MAP + num_panels * len(columns.labels) * (LETTER * letters + 4)


def _ends(colours: _Colours) -> dict[str, float]:
    low, high = sorted((colours.worst, colours.best))
    return {"cmin": low, "cmax": high}


def _add_map(figure: go.Figure, cells: pd.DataFrame, drawn: _Map, *, column: int) -> None:
    """Add one panel: filled cells, which hold their words, and dotted frames where there is no trial."""
    columns, rows, axis = drawn.columns, drawn.rows, drawn.axis
    x, y = columns.labels, rows.labels
    means = np.full((len(y), len(x)), np.nan)
    words = np.full(means.shape, "", dtype=object)
    hover = np.full(means.shape, "", dtype=object)
    for i, j, mean, size in zip(cells["row"], cells["column"], cells["mean"], cells["size"], strict=True):
        means[i, j] = mean
        words[i, j] = _words(drawn, mean, size)
        shown = f"mean {axis.show(mean / axis.factor)} of {count(size, drawn.what)}"
        hover[i, j] = f"{drawn.strength} {x[j]}, dropout {y[i]}<br>{shown}"
    missing = np.argwhere(np.isnan(means))
    means, words, hover = (
        np.insert(table, columns.gap, np.nan if table is means else "", axis=1) for table in (means, words, hover)
    )
    figure.add_heatmap(
        z=means,
        x=columns.edges,
        y=rows.edges,
        text=words,
        hovertext=hover,
        hovertemplate="%{hovertext}<extra></extra>",
        hoverongaps=False,
        xgap=3,
        ygap=3,
        coloraxis="coloraxis",
        row=1,
        col=column,
    )
    for left, low in ((columns.starts[j], rows.starts[i]) for i, j in missing):
        figure.add_shape(
            type="rect",
            **{"x0": left + 0.04, "x1": left + 0.96, "y0": low + 0.06, "y1": low + 0.94},
            line={"color": GREY, "width": 1, "dash": "dot"},
            row=1,
            col=column,
        )
    plain = {"showgrid": False, "showline": False, "tickangle": 0}
    for update, bins in ((figure.update_xaxes, columns), (figure.update_yaxes, rows)):
        ends = [-0.01, bins.starts[-1] + 1.01]
        update(tickvals=list(bins.ticks), ticktext=list(bins.ticks.values()), range=ends, row=1, col=column, **plain)


def _add_pruned(figure: go.Figure, given_up: pd.DataFrame, columns: Bins, rows: Bins, *, column: int) -> None:
    """Add a cross in the lower right corner of each cell with pruned trials, in colours that show on any cell."""
    numbers = given_up.groupby(["row", "column"]).size()
    if numbers.empty:
        return
    figure.add_scatter(
        x=[columns.starts[j] + 0.92 for _, j in numbers.index],
        y=[rows.starts[i] + 0.15 for i, _ in numbers.index],
        mode="markers",
        name="pruned",
        showlegend=False,
        marker={"symbol": "x", "size": 8, "color": LIGHT["background"], "line": {"color": LIGHT["text"], "width": 1}},
        hovertext=[count(number, "pruned trial") for number in numbers],
        hovertemplate="%{hovertext}<extra></extra>",
        row=1,
        col=column,
    )


def _beyond(colours: _Colours) -> str:
    """Return the sign of a cell whose mean is beyond the worst end of the colours."""
    return "▾" if colours.is_higher_better else "▴"


def _words(drawn: _Map, mean: float, size: int) -> str:
    """Return what stands in a cell: its mean, a sign where the colours end before it, and its number of trials."""
    shown = f"{mean:.1f}" if drawn.axis.factor != 1 else show_number(mean)
    shown += f" {_beyond(drawn.colours)}" if drawn.colours.is_beyond(mean) else ""
    if drawn.is_alone or len(drawn.columns.labels) > MOST_WORDS:
        return shown
    return f"{shown}<br><span style='font-size:10px'>n = {size}</span>"


def _add_words(figure: go.Figure, cells: pd.DataFrame, drawn: _Map, *, column: int) -> None:
    """Write the words of a panel's cells: Plotly's own have too little contrast with colours of the middle."""
    words = np.array(figure.data[column - 1].text, dtype=object)
    words = np.delete(words, drawn.columns.gap, axis=1)
    figure.add_scatter(
        x=drawn.columns.starts[cells["column"]] + 0.5,
        y=drawn.rows.starts[cells["row"]] + 0.5,
        mode="text",
        text=[words[i, j] for i, j in zip(cells["row"], cells["column"], strict=True)],
        textfont={"size": 12, "color": [drawn.colours.ink(mean) for mean in cells["mean"]]},
        hoverinfo="skip",
        showlegend=False,
        row=1,
        col=column,
    )


def _pruned_in_words(sweep: Sweep, num_drawn: int) -> str:
    total = int((sweep.trials["status"] == "pruned").sum())
    if total == 0:
        return ""
    if num_drawn == 0:
        return f" {count(total, 'pruned trial')} not drawn."
    of_all = count(total, "pruned trial") if num_drawn == total else f"{num_drawn:,} of {count(total, 'pruned trial')}"
    cell = "its cell" if num_drawn == 1 else "the cell of each"
    return f" {of_all}: a cross in the corner of {cell}, in no mean."


def _table(
    cells: pd.DataFrame, given_up: pd.DataFrame, x: list[str], y: list[str], switches: list[str], *, what: str
) -> pd.DataFrame:
    """Return a row for each cell, those without a trial among them, in the units of the axis."""
    places = pd.MultiIndex.from_product([switches, range(len(y)), range(len(x))], names=["batch_norm", "row", "column"])
    num_pruned = given_up.groupby(places.names).size()
    table = cells.set_index(places.names).reindex(places).assign(num_pruned=num_pruned.reindex(places)).reset_index()
    return pd.DataFrame(
        {
            "batch_norm": table["batch_norm"],
            "lambda": [x[column] for column in table["column"]],
            "dropout": [y[row] for row in table["row"]],
            "mean": table["mean"],
            f"num_{what}s": table["size"].fillna(0).astype(int),
            "num_pruned": table["num_pruned"].fillna(0).astype(int),
        }
    )


def _caption(table: pd.DataFrame, drawn: _Map) -> str:
    what, colours = drawn.what, drawn.colours
    empty = int((table[f"num_{what}s"] == 0).sum())
    is_pooled = what == "configuration"
    kind = what if is_pooled else "complete trial"
    n = "" if len(drawn.columns.labels) > MOST_WORDS else "n "
    cell = f"one {kind}" if drawn.is_alone else f"the mean of the {n}{kind}s in it"
    parts = [f"Each filled cell is {cell}."]
    parts += ["A configuration counts by the mean of its seeds."] if is_pooled else []
    frames = "A dotted frame: 1 cell" if empty == 1 else f"Dotted frames: {empty:,} cells"
    parts += [f"{frames} without a complete trial."] if empty else []
    if colours.has_more:
        side = "below" if colours.is_higher_better else "above"
        parts.append(f"{_beyond(colours)}: {side} {drawn.axis.label(colours.worst)}, where the colours end.")
    return " ".join(parts)
