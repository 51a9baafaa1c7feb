"""The score over a method's strength, with the trials without the method on a tick of their own, left of a break.

One figure is of λ, whichever penalty it weighs; each other method whose main setting varies has one of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regsweep.numbers import count
from regsweep.report.figures.captions import named_best, not_known, strength_name, the_best
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.families import families
from regsweep.report.figures.labels import each_point, hovers, text
from regsweep.report.figures.points import Score, complete, configurations, fold, is_grid, score, thin
from regsweep.report.figures.pruned import place_pruned, with_last_value
from regsweep.report.figures.regularized import (
    BATCH_NORM,
    PENALTY,
    STRENGTH,
    MainSetting,
    main_settings,
    others_than,
    roles,
    settings,
)
from regsweep.report.figures.scale import is_log
from regsweep.report.figures.seeds import of_trial
from regsweep.report.figures.stems import stem
from regsweep.report.figures.strength_marks import (
    Over,
    add_line,
    add_means,
    add_points,
    add_pruned_trials,
    add_ring,
    around_none,
    finish,
    looks_of,
    panels,
)
from regsweep.report.figures.theme import dots

if TYPE_CHECKING:
    from collections.abc import Mapping

    import plotly.graph_objects as go

    from regsweep.report.sweep import Sweep

NAME, TITLE = "over_lambda", "over the strength of the penalty"
ASIDE = 0.15
"""How far configurations of one strength stand apart, as a part of the way to the next strength."""

SEED = 6
"""Size of a point that is a seed, beside the mean."""


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
        return Drawing(stem(sweep, NAME), score(sweep).titled(TITLE), missing=missing)
    num_left_out = len(done.difference(found.index))
    found = found.loc[found.index.intersection(done)]
    on_log = is_log(sweep, _keys_of_lambda(sweep), strengths)
    without = f"Trials without a penalty stand at “none”{': a log axis has no place for 0' if on_log else ''}."
    over = Over(stem(sweep, NAME), TITLE, STRENGTH, text(strength_name(sweep)), without, is_log=on_log)
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


def _over_setting(sweep: Sweep, setting: MainSetting, values: pd.Series) -> Over:
    """Return how a method's figure is drawn."""
    return Over(
        stem(sweep, f"over_{setting.name}"),
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


def _draw(sweep: Sweep, over: Over, every: pd.Series, found: pd.DataFrame, kinds: pd.Series) -> Drawing:
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
    data[over.column] = data.get(over.column, strengths)
    data = data.assign(kind=kinds, is_best=data["number"].isin(best.numbers if best else ()))
    drawing = _placed(sweep, over, trials, data.assign(_strength=strengths), axis)
    if pooled is None:
        means = _means(drawing[trials["duplicate_of"].isna()], trials[sweep.swept])
    else:
        pooled = pooled[pooled.index.isin(drawing.index)]
        data = _with_means(sweep, data, pooled)
        means = _means_of_seeds(drawing, pooled[sweep.objective] * axis.factor)
    looks = looks_of(drawing["kind"])
    given_up = with_last_value(sweep)
    given_up = given_up[given_up.index.isin(every.index)]
    folded = fold(drawing["_value"], axis, maximize=sweep.maximize, has_pruned=not given_up.empty)
    is_drawn = folded.holds(means["mean"])
    num_beyond = int((~is_drawn).sum()) if pooled is None else 0
    means = means.assign(mean=means["mean"].where(is_drawn))  # a gap: beyond the edge a line has no true height
    symbols = drawing["kind"].map({kind: look["symbol"] for kind, look in looks.items()})
    drawing = drawing.assign(_y=folded.y, _is_far=folded.is_far, _symbol=symbols.mask(folded.is_far, folded.symbol))
    drawn, thinned = thin(drawing, {best.number} if best else set())
    figure = panels(float(every.isna().mean()))
    pruned = place_pruned(sweep, axis, folded, given_up)
    add_pruned_trials(figure, pruned, every)
    _add_kinds(figure, looks, means, drawn, 8 if pooled is None else SEED)
    ring, has_intervals = drawing[drawing["is_best"]].assign(_name=named_best(sweep)), None
    if pooled is not None:
        is_within = folded.holds(pooled[sweep.objective] * axis.factor)
        num_beyond += int((~is_within).sum())
        has_intervals = bool((pooled["high"] > pooled["low"])[is_within].any())
        middles = add_means(figure, drawing, pooled[is_within], axis, looks)
        ring = middles[middles["number"] == (best.number if best else None)].assign(_name=named_best(sweep, "mean"))
    add_ring(figure, ring)
    finish(figure, every.dropna(), axis, over, drawing["_x"][drawing["_strength"].notna()])
    caption = (
        _caption(drawing, over, "" if ring.empty else the_best(sweep), has_intervals=has_intervals)
        + _on_means(means, len(looks), of_seeds=pooled is not None)
        + _on_settings(sweep, over, drawing)
        + folded.note
        + (" Means beyond the edge are not drawn." if num_beyond else "")
        + thinned
        + pruned.note
    )
    data = pd.concat([data.assign(status="complete"), _rows_of(given_up, every, sweep, over.column)])
    return Drawing(over.name, axis.titled(over.words), caption, figure, data)


def _add_kinds(
    figure: go.Figure, looks: Mapping[str, dict[str, Any]], means: pd.DataFrame, drawn: pd.DataFrame, size: int
) -> None:
    """Add the lines and the points of each kind."""
    for kind, look in looks.items():
        for _, joined in means[means["kind"] == kind].groupby("family", sort=False):
            add_line(figure, joined, look)
        add_points(figure, drawn[drawn["kind"] == kind], look, dots(len(drawn), size))


def _with_means(sweep: Sweep, data: pd.DataFrame, pooled: pd.DataFrame) -> pd.DataFrame:
    """Return each trial's row with the mean of its configuration, and the ends of the mean's interval."""
    means = pooled.set_index("number")[[sweep.objective, "low", "high"]].rename(columns={sweep.objective: "mean"})
    return data.assign(configuration=data["number"].map(of_trial(sweep))).join(means, on="configuration")


def _placed(sweep: Sweep, over: Over, trials: pd.DataFrame, data: pd.DataFrame, axis: Score) -> pd.DataFrame:
    """Return `data` with the place and the text of each trial; those of one configuration stand above each other."""
    strengths = data["_strength"]
    beside = pd.Series(around_none(len(strengths)), index=strengths.index)
    if sweep.seed_key is not None:
        beside = beside.groupby(trials["number"].map(of_trial(sweep))).transform("first").fillna(beside)
    drawing = data.assign(
        _x=strengths.where(strengths.notna(), beside),
        _value=data[sweep.objective] * axis.factor,
        _hover=hovers(trials, sweep.swept, map(axis.show, trials[sweep.objective])),
        family=families(sweep, over.is_of)[data.index],
    )
    return drawing if sweep.seed_key is None else drawing.assign(_x=_aside(drawing, is_log=over.is_log))


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


def _caption(drawing: pd.DataFrame, over: Over, ringed: str, *, has_intervals: bool | None) -> str:
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


def _on_settings(sweep: Sweep, over: Over, drawing: pd.DataFrame) -> str:
    """Return the caption's sentences on what else the trials differ in."""
    is_moved = (drawing["_x"] != drawing["_strength"])[drawing["_strength"].notna()].any()
    are_beside = sweep.seed_key is not None and is_moved
    are_others = others_than(sweep, over.method)[drawing.index].nunique() > 1
    return (" Configurations of one strength stand beside each other." if are_beside else "") + (
        " Trials differ in other settings, too." if are_others else ""
    )


def _on_means(means: pd.DataFrame, num_kinds: int, *, of_seeds: bool) -> str:
    """Return the caption's sentence on the lines; nothing where none has two ends."""
    on_axis = means[means["_strength"].notna() & means["mean"].notna()]
    if on_axis.empty or on_axis.groupby(["kind", "family"]).size().max() < 2:  # noqa: PLR2004
        return ""
    if of_seeds:
        return " Lines join the means that differ in the strength alone."
    which = "all trials" if num_kinds == 1 else "the trials of one colour"
    return f" Lines join the means of {which} with the same strength."
