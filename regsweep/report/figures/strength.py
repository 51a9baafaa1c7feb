"""The score over a method's strength, with the trials without the method on a tick of their own, left of a break.

One figure is of λ, whichever penalty it weighs; each other method whose main setting varies has one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from regsweep.numbers import count, show_number
from regsweep.report.figures.captions import named_best, not_known, strength_name, the_best
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.families import families
from regsweep.report.figures.labels import each_point, hovers, power, text
from regsweep.report.figures.points import (
    BATCH_NORM,
    PENALTY,
    STRENGTH,
    MainSetting,
    Score,
    complete,
    configurations,
    fold,
    is_grid,
    main_settings,
    others_than,
    roles,
    score,
    settings,
    thin,
)
from regsweep.report.figures.pruned import Pruned, add_pruned, only, place_pruned, with_last_value
from regsweep.report.figures.scale import is_log
from regsweep.report.figures.seeds import bars, of_trial
from regsweep.report.figures.theme import (
    BEST,
    POINTS,
    SERIES,
    SERIES_SYMBOL,
    SWITCH_COLOUR,
    SWITCH_SYMBOL,
    dots,
    new_figure,
)

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep
    from regsweep.run_record import UsedMethod

NAME, TITLE = "accuracy_over_lambda", "over the strength of the penalty"
ASIDE = 0.15
"""How far configurations of one strength stand apart, as a part of the way to the next strength."""

SEED = 6
"""Size of a point that is a seed, beside the mean."""

LABEL_WIDTH = 0.05
"""Of a listed value on the axis, as a part of the axis."""


@dataclass(frozen=True)
class _Over:
    """What a figure's trials are drawn over.

    Attributes:
        name: of the figure.
        words: the end of its title.
        column: of its table.
        label: of the axis, safe for Plotly.
        without: the caption's words on the trials that stand at “none”.
        is_log: whether the axis is a log axis.
        method: whose strength it is, as the records name it; None: that of any penalty.
    """

    name: str
    words: str
    column: str
    label: str
    without: str
    is_log: bool
    method: str | None = None

    def is_of(self, name: str, method: UsedMethod) -> bool:
        """Return whether the strength is this method's."""
        return method.is_penalty if self.method is None else name == self.method


def draw(evidence: Evidence) -> Drawing:
    """Draw every complete and every pruned trial at its λ, and the mean line where several trials share one."""
    sweep = evidence.sweep
    done, given_up = complete(sweep).index, with_last_value(sweep).index
    every = settings(sweep).loc[done.union(given_up)]
    found = every[every[STRENGTH].notna()]
    strengths = found[STRENGTH].where(found[STRENGTH] > 0)
    if strengths.groupby(found[PENALTY]).nunique().max() < 2 or strengths.isna().all():  # noqa: PLR2004
        shown = "complete trials" if given_up.empty else "complete and pruned trials"
        few = "no" if strengths.isna().all() else "with no penalty more than one"
        missing = not_known(sweep, STRENGTH) or f"{few} {strength_name(sweep)} above 0 among the {shown}"
        return Drawing(NAME, score(sweep).titled(TITLE), missing=missing)
    num_left_out = len(done.difference(found.index))
    found = found.loc[found.index.intersection(done)]
    on_log = is_log(sweep, _keys_of_lambda(sweep), strengths)
    without = f"Trials without a penalty stand at “none”{': a log axis has no place for 0' if on_log else ''}."
    over = _Over(NAME, TITLE, STRENGTH, text(strength_name(sweep)), without, is_log=on_log)
    drawing = _draw(sweep, over, strengths, found, _kinds(found))
    reason = f" {count(num_left_out, 'complete trial')} with several penalties, or no λ on record: left out."
    return replace(drawing, caption=drawing.caption + reason) if num_left_out else drawing


def draw_others(evidence: Evidence) -> list[Drawing]:
    """Draw the same over the main setting of each other method for which that takes several values."""
    sweep = evidence.sweep
    done = complete(sweep).index
    shown = done.union(with_last_value(sweep).index)
    found = settings(sweep)
    drawings = []
    for setting in main_settings(sweep):
        values = setting.values[shown][setting.is_known[shown]]
        if values.nunique() > 1:
            here = found.loc[values.index.intersection(done)]
            drawings.append(_draw(sweep, _over_setting(sweep, setting, values), values, here, _by_batch_norm(here)))
    return drawings


def _over_setting(sweep: Sweep, setting: MainSetting, values: pd.Series) -> _Over:
    """Return how a method's figure is called; its name may be any text of a record, and a file's name is none."""
    name = re.sub(r"\W", "_", setting.name, flags=re.ASCII)
    return _Over(
        f"accuracy_over_{name}",
        f"over {setting.title}",
        f"regularizer.{setting.name}.{setting.key}",
        f"{text(setting.title)}: {text(setting.key)}",
        f"Trials without {setting.title} stand at “none”.",
        is_log=is_log(sweep, _keys(setting.name, setting.key), values),
        method=setting.name,
    )


def _keys(name: str, main: str) -> list[str]:
    """Return the keys that a method's main setting may have been swept as."""
    return [f"regularizer.{name}.{main}", f"regularizer.{name}"]


def _keys_of_lambda(sweep: Sweep) -> list[str]:
    """Return the keys that λ may have been swept as."""
    key = roles(sweep).get(STRENGTH)
    if not sweep.is_own:
        return [key] if key else []
    methods = {name: each for known in sweep.regularization.values() for name, each in known.methods.items()}
    own = [key for name, each in methods.items() if each.is_penalty and each.main for key in _keys(name, each.main)]
    return [*own, STRENGTH]


def _draw(sweep: Sweep, over: _Over, every: pd.Series, found: pd.DataFrame, kinds: pd.Series) -> Drawing:
    """Draw the trials at their strengths.

    Args:
        sweep: of the trials.
        over: what they are drawn over.
        every: the strength of each complete and each pruned trial, NaN without the method.
        found: `settings` of the complete ones.
        kinds: parallel to `found`.
    """
    strengths = every[found.index]
    trials = complete(sweep).loc[found.index]
    axis, best = score(sweep), sweep.best()
    pooled = None if sweep.seed_key is None else configurations(sweep)
    data = trials[["number", sweep.objective]].join(found)
    if over.column not in data:
        data[over.column] = strengths
    data = data.assign(kind=kinds, is_best=data["number"].isin(best.numbers if best else ()))
    drawing = _placed(sweep, over, trials, data.assign(_strength=strengths), axis)
    if pooled is None:
        means = _means(drawing[trials["duplicate_of"].isna()], trials[sweep.swept])
    else:
        pooled = pooled[pooled.index.isin(drawing.index)]
        data = _with_means(sweep, data, pooled)
        means = _means_of_seeds(drawing, pooled[sweep.objective] * axis.factor)
    looks = _looks(drawing["kind"])
    given_up = with_last_value(sweep)
    given_up = given_up[given_up.index.isin(every.index)]
    folded = fold(drawing["_value"], axis, maximize=sweep.maximize, has_pruned=not given_up.empty)
    is_drawn = folded.holds(means["mean"])
    num_beyond = int((~is_drawn).sum()) if pooled is None else 0
    means = means.assign(mean=means["mean"].where(is_drawn))  # a gap: beyond the edge a line has no true height
    symbols = drawing["kind"].map({kind: look["symbol"] for kind, look in looks.items()})
    drawing = drawing.assign(_y=folded.y, _is_far=folded.is_far, _symbol=symbols.mask(folded.is_far, folded.symbol))
    drawn, thinned = thin(drawing, {best.number} if best else set())
    figure = _panels(float(every.isna().mean()))
    pruned = place_pruned(sweep, axis, folded, given_up)
    _add_pruned(figure, pruned, every)
    for kind, look in looks.items():
        for _, joined in means[means["kind"] == kind].groupby("family", sort=False):
            _add_line(figure, joined, look)
        _add_points(figure, drawn[drawn["kind"] == kind], look, dots(len(drawn), 8 if pooled is None else SEED))
    ring, has_intervals = drawing[drawing["is_best"]].assign(_name=named_best(sweep)), None
    if pooled is not None:
        is_within = folded.holds(pooled[sweep.objective] * axis.factor)
        num_beyond += int((~is_within).sum())
        has_intervals = bool((pooled["high"] > pooled["low"])[is_within].any())
        middles = _add_means(figure, drawing, pooled[is_within], axis, looks)
        ring = middles[middles["number"] == (best.number if best else None)].assign(_name=named_best(sweep, "mean"))
    _add_ring(figure, ring)
    _finish(figure, every.dropna(), axis, over, drawing["_x"][drawing["_strength"].notna()])
    are_others = others_than(sweep, over.method)[drawing.index].nunique() > 1
    are_beside = pooled is not None and (drawing["_x"] != drawing["_strength"])[drawing["_strength"].notna()].any()
    caption = (
        _caption(drawing, over, "" if ring.empty else the_best(sweep), has_intervals=has_intervals)
        + _on_means(means, len(looks), of_seeds=pooled is not None)
        + (" Configurations of one strength stand beside each other." if are_beside else "")
        + (" Trials differ in other settings, too." if are_others else "")
        + folded.note
        + (" Means beyond the edge are not drawn." if num_beyond else "")
        + thinned
        + pruned.note
    )
    data = pd.concat([data.assign(status="complete"), _rows_of(given_up, every, sweep, over.column)])
    return Drawing(over.name, axis.titled(over.words), caption, figure, data)


def _with_means(sweep: Sweep, data: pd.DataFrame, pooled: pd.DataFrame) -> pd.DataFrame:
    """Return each trial's row with the mean of its configuration, and the ends of the mean's interval."""
    means = pooled.set_index("number")[[sweep.objective, "low", "high"]].rename(columns={sweep.objective: "mean"})
    return data.assign(configuration=data["number"].map(of_trial(sweep))).join(means, on="configuration")


def _placed(sweep: Sweep, over: _Over, trials: pd.DataFrame, data: pd.DataFrame, axis: Score) -> pd.DataFrame:
    """Return `data` with the place and the text of each trial; those of one configuration stand above each other."""
    strengths = data["_strength"]
    beside = pd.Series(_beside(len(strengths)), index=strengths.index)
    if sweep.seed_key is not None:
        beside = beside.groupby(trials["number"].map(of_trial(sweep))).transform("first").fillna(beside)
    drawing = data.assign(
        _x=strengths.where(strengths.notna(), beside),
        _value=data[sweep.objective] * axis.factor,
        _hover=hovers(trials, sweep.swept, map(axis.show, trials[sweep.objective])),
        family=families(sweep, over.is_of)[data.index],
    )
    return drawing if sweep.seed_key is None else drawing.assign(_x=_aside(drawing, is_log=over.is_log))


def _add_pruned(figure: go.Figure, pruned: Pruned, strengths: pd.Series) -> None:
    """Add the pruned trials on both sides of the break."""
    here = strengths[pruned.trials.index]
    x = here.fillna(pd.Series(-_beside(len(here) + 1)[1:], index=here.index))  # beside the complete ones, too
    for column, kept in ((1, here.isna()), (_last_panel(figure), here.notna())):
        add_pruned(figure, x[kept], only(pruned, kept), cell={"row": 1, "col": column})


def _rows_of(given_up: pd.DataFrame, strengths: pd.Series, sweep: Sweep, column: str) -> pd.DataFrame:
    """Return the pruned trials' rows of the figure's table."""
    rows = given_up[["number", sweep.objective]].join(settings(sweep))
    rows[column] = strengths[rows.index] if column != STRENGTH else rows[STRENGTH]
    return rows.assign(kind="pruned", is_best=False, status="pruned")


def _kinds(found: pd.DataFrame) -> pd.Series:
    """Return what the colours distinguish: the penalty where there are several, else BatchNorm."""
    if len(set(found[PENALTY]) - {"", "none"}) > 1:
        return found[PENALTY].map({"none": "no penalty"}).fillna(found[PENALTY])
    return _by_batch_norm(found)


def _by_batch_norm(found: pd.DataFrame) -> pd.Series:
    """Return the same of BatchNorm; where no trial had it, there is nothing to tell apart."""
    if (found[BATCH_NORM] == "off").all():
        return found[BATCH_NORM].map({"off": "trial"})
    return found[BATCH_NORM].map({"off": "BatchNorm off", "on": "BatchNorm on", "": "trial"})


def _looks(kinds: pd.Series) -> dict[str, dict[str, Any]]:
    """Return name, colour and symbol of each kind of point."""
    names = sorted(set(kinds))
    looks: dict[str, dict[str, Any]] = {}
    for i, name in enumerate(name for name in names if name != "no penalty"):
        switch = name.removeprefix("BatchNorm ") if name.startswith("BatchNorm ") else None
        colour = SWITCH_COLOUR[switch] if switch else SERIES[i % len(SERIES)]
        symbol = SWITCH_SYMBOL[switch] if switch else SERIES_SYMBOL[(i + i // len(SERIES)) % len(SERIES_SYMBOL)]
        looks[name] = {"name": text(name), "color": colour, "symbol": symbol, "in_legend": len(names) > 1}
    if "no penalty" in names:
        looks["no penalty"] = {"name": "no penalty", "color": POINTS, "symbol": "circle", "in_legend": True}
    return looks


def _beside(number: int) -> np.ndarray:
    """Return places around 0 that keep neighbours apart (golden angle), the same each time."""
    return np.asarray(0.6 * np.sin(2.39996 * np.arange(number)))


def _panels(share_of_none: float) -> go.Figure:
    """Return the axes: "none" left of a break where there are such trials, the axis of strengths right of it."""
    if share_of_none == 0:
        return new_figure(440)
    left = 0.08 + 0.2 * share_of_none
    figure = new_figure(440, columns=2, column_widths=[left, 1 - left], horizontal_spacing=0.025, shared_yaxes=True)
    figure.update_xaxes(range=[-1, 1], tickvals=[0], ticktext=["none"], showgrid=False, row=1, col=1)
    figure.update_yaxes(showline=False, ticks="", row=1, col=2)
    for x in (figure.layout.xaxis.domain[1], figure.layout.xaxis2.domain[0]):  # the two strokes of a broken axis
        figure.add_annotation(text="∕", x=x, y=0, xref="paper", yref="paper", yanchor="middle", showarrow=False)
    return figure


def _sides(figure: go.Figure, frame: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield each panel's column and the rows that belong there, none of them empty."""
    is_none = frame["_strength"].isna()
    last = _last_panel(figure)
    for column, side in ((1, frame[is_none]), (last, frame[~is_none])):
        if not side.empty:
            yield column, side


def _last_panel(figure: go.Figure) -> int:
    return len(list(figure.select_xaxes()))


def _add_points(figure: go.Figure, points: pd.DataFrame, look: dict[str, Any], size: dict[str, Any]) -> None:
    """Add one kind of trial on both sides of the break; those far worse than all others are triangles.

    They come last: the legend shows the first point's symbol.
    """
    for i, (column, side) in enumerate(_sides(figure, points.sort_values("_is_far", kind="stable"))):
        figure.add_scatter(
            x=side["_x"],
            y=side["_y"],
            mode="markers",
            name=look["name"],
            legendgroup=look["name"],
            showlegend=look["in_legend"] and i == 0,
            marker={"color": look["color"], "symbol": list(side["_symbol"]), **size},
            customdata=list(side["number"]),
            hovertext=side["_hover"],
            hovertemplate="%{hovertext}<extra></extra>",
            row=1,
            col=column,
        )


def _means(drawing: pd.DataFrame, swept: pd.DataFrame) -> pd.DataFrame:
    """Return the mean per kind and strength of a grid, most of whose strengths have several trials; else no rows.

    Where another parameter was drawn and not typed, trials at one strength differ in it, and so would their means.
    """
    is_typed = all(is_grid(pd.to_numeric(swept[key], errors="coerce").astype(float)) for key in swept)
    means = drawing.groupby(["kind", "_strength"], dropna=False)["_value"].agg(["mean", "size"]).reset_index()
    is_repeated = (means["size"][means["_strength"].notna()] > 1).mean() > 0.5  # noqa: PLR2004
    means = means.assign(family=means["kind"], _x=means["_strength"])
    return means if is_typed and is_repeated and len(swept.columns) > 1 else means.iloc[:0]


def _aside(drawing: pd.DataFrame, *, is_log: bool) -> pd.Series:
    """Return where trials stand: in a grid, those of one strength that differ in other settings beside each other."""
    x, strengths = drawing["_x"], drawing["_strength"].dropna()
    names = drawing["family"][strengths.index].unique()
    values = np.sort(strengths.unique())
    if len(values) < 2 or not is_grid(strengths) or drawing.groupby("_strength")["family"].nunique().max() < 2:  # noqa: PLR2004
        return x
    places = np.log10(values) if is_log else values
    steps = dict(zip(names, ASIDE * np.diff(places).min() * np.linspace(-1, 1, len(names)), strict=True))
    shift = drawing["family"][strengths.index].map(steps)
    return (x * 10**shift if is_log else x + shift).where(drawing["_strength"].notna(), x)


def _means_of_seeds(drawing: pd.DataFrame, means: pd.Series) -> pd.DataFrame:
    """Return the mean of each configuration that is one of several which agree in everything but the strength."""
    rows = drawing.loc[means.index, ["kind", "family", "_strength", "_x"]].assign(mean=means)
    rows = rows[rows["_strength"].notna()].sort_values("_strength", kind="stable")
    return rows[rows.groupby("family")["_strength"].transform("nunique") > 1]


def _add_line(figure: go.Figure, means: pd.DataFrame, look: dict[str, Any]) -> None:
    """Add the line through one kind's means, and a level stroke for the mean without the method."""
    for column, side in _sides(figure, means):
        is_none = bool(side["_strength"].isna().all())
        figure.add_scatter(
            x=[-0.8, 0.8] if is_none else side["_x"],
            y=[side["mean"].iloc[0]] * 2 if is_none else side["mean"],
            mode="lines",
            line={"color": look["color"], "width": 2},
            legendgroup=look["name"],
            showlegend=False,
            hoverinfo="skip",
            row=1,
            col=column,
        )


def _add_means(
    figure: go.Figure, drawing: pd.DataFrame, pooled: pd.DataFrame, axis: Score, looks: dict[str, dict[str, Any]]
) -> pd.DataFrame:
    """Add each configuration's mean with its interval where its first trial stands, and return them."""
    means = drawing.loc[pooled.index].assign(
        _y=axis.factor * pooled[axis.column], low=pooled["low"], high=pooled["high"], _title=pooled["title"]
    )
    for kind, look in looks.items():
        for column, side in _sides(figure, means[means["kind"] == kind]):
            figure.add_scatter(
                x=side["_x"],
                y=side["_y"],
                mode="markers",
                name=f"mean, {look['name']}",
                showlegend=False,
                marker={"color": look["color"], "symbol": "line-ew-open", "size": 16, "line": {"width": 3}},
                error_y=bars(side, side["_y"], axis.factor, look["color"]),
                customdata=list(side["number"]),
                hovertext=[f"{axis.label(y)}, {title}" for y, title in zip(side["_y"], side["_title"], strict=True)],
                hovertemplate="%{hovertext}<extra></extra>",
                row=1,
                col=column,
            )
    return means


def _add_ring(figure: go.Figure, best: pd.DataFrame) -> None:
    for column, side in _sides(figure, best):
        figure.add_scatter(
            x=side["_x"],
            y=side["_y"],
            mode="markers",
            name=side["_name"].iloc[0],
            marker={"symbol": "circle-open", "size": 16, "color": BEST, "line": {"width": 2.5}},
            showlegend=True,
            hoverinfo="skip",
            row=1,
            col=column,
        )


def _finish(figure: go.Figure, strengths: pd.Series, axis: Score, over: _Over, drawn_at: pd.Series) -> None:
    """Label the axes, which hold all of `drawn_at`; a grid's strengths are ticks of their own."""
    values = sorted(strengths.unique())
    every = pd.concat([strengths, drawn_at])
    ends = np.array([every.min(), every.max()])
    low, high = np.log10(ends) if over.is_log else ends
    air = 0.04 * (high - low)
    ticks: dict[str, Any] = {}
    if is_grid(strengths):
        places = np.log10(values) if over.is_log else np.array(values)
        labels = [(power if over.is_log else show_number)(value) for value in values]
        ticks = {"tickvals": values, "ticktext": _with_room(labels, places), "tickangle": 0}
    elif over.is_log:
        ticks = {"dtick": 1 if high - low > 1 else "D2", "exponentformat": "e"}
    figure.update_xaxes(
        type="log" if over.is_log else "linear",
        title_text=f"{over.label}{' (log scale)' if over.is_log else ''}",
        range=[low - air, high + air],
        row=1,
        col=_last_panel(figure),
        **ticks,
    )
    figure.update_yaxes(title_text=axis.title, row=1, col=1)


def _with_room(labels: list[str], places: np.ndarray) -> list[str]:
    """Return the labels, from right to left, that the one before leaves room for; the others empty."""
    least, last, kept = LABEL_WIDTH * (places[-1] - places[0]), np.inf, []
    for label, place in zip(reversed(labels), reversed(places), strict=True):
        has_room = last - place >= least
        last = place if has_room else last
        kept.append(label if has_room else "")
    return kept[::-1]


def _caption(drawing: pd.DataFrame, over: _Over, ringed: str, *, has_intervals: bool | None) -> str:
    """Return how to read the points.

    Args:
        drawing: the complete trials.
        over: what they are drawn over.
        ringed: what the ring marks; empty where the best is not among them.
        has_intervals: whether a mean has one; None where no seeds were swept.
    """
    if drawing.empty:
        return "No complete trial stands here."
    each = each_point(len(drawing), "complete trial")
    ring = f"; the ring marks {ringed}" if ringed else ""
    if has_intervals is not None:
        intervals = " with their 95 % t intervals" if has_intervals else ""
        ring += " of them" if ringed else ""
        each += f", a seed of a configuration; strokes are the means{intervals}"
    without = f" {over.without}" if drawing["_strength"].isna().any() else ""
    return f"{each}{ring}.{without}"


def _on_means(means: pd.DataFrame, num_kinds: int, *, of_seeds: bool) -> str:
    """Return the caption's sentence on the lines; nothing where none has two ends."""
    on_axis = means[means["_strength"].notna() & means["mean"].notna()]
    if on_axis.empty or on_axis.groupby(["kind", "family"]).size().max() < 2:  # noqa: PLR2004
        return ""
    if of_seeds:
        return " Lines join the means that differ in the strength alone."
    which = "all trials" if num_kinds == 1 else "the trials of one colour"
    return f" Lines join the means of {which} with the same strength."
