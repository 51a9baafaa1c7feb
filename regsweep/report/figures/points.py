"""Which trials a figure shows, on which scale, and what they were regularized with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regsweep.names import place_of
from regsweep.numbers import count, show_number
from regsweep.report.pooled import mean_interval

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

MOST_POINTS = 3000
"""A browser draws so many with ease; beyond, evenly spaced ones are drawn."""

MOST_VALUES = 12
"""So many different values of a parameter can be a grid's; more are a search's."""
LEAST_WON = 1.5
"""An axis is folded where it would be so many times as long otherwise."""
LEAST_FOLDED = 8
"""Among fewer scores none is called an outlier."""

BEYOND = 3
"""So many times the height of complete trials an axis goes on for pruned ones: a quarter of it is theirs at least."""

ROUNDING = 1e-12
"""What differences that cancel may be off by, on an axis."""

PENALTY, STRENGTH = "regularizer.penalty", "regularizer.lambda"
DROPOUT, BATCH_NORM = "regularizer.dropout", "regularizer.batch_norm"
"""Columns of `settings`."""
_TITLES = {DROPOUT: "dropout", BATCH_NORM: "BatchNorm"}
ROLES = {
    PENALTY: ("penalty",),
    STRENGTH: ("lambda", "lambda_", "lambd", "weight_decay"),
    DROPOUT: ("dropout", "dropout_rate", "p_dropout"),
    BATCH_NORM: ("batch_norm", "batchnorm", "use_batch_norm", "use_bn"),
}
"""What a swept key is by its last part, in this project and in others."""


@dataclass(frozen=True)
class Score:
    """The axis of what trials are ranked by: accuracies in percent, anything else as it is.

    Attributes:
        column: of the table.
        title: with a note where less is better, and where scores of several data sets stand beside each other.
        factor: from the table to the axis.
    """

    column: str
    title: str
    factor: float

    def show(self, value: float) -> str:
        """Return a value of the table as text, on this axis' scale."""
        return self.label(value * self.factor)

    def titled(self, rest: str) -> str:
        """Return a figure's title: an accuracy by that word alone, whichever examples it is of."""
        words = self.column.replace("_", " ")
        if self.factor == 100:  # noqa: PLR2004
            words = "balanced accuracy" if words.endswith("balanced accuracy") else "accuracy"
        return f"{words[:1].upper()}{words[1:]} {rest}"

    def label(self, y: float) -> str:
        """Return a place on this axis as text."""
        return f"{y:.2f} %" if self.factor == 100 else show_number(y, 4)  # noqa: PLR2004

    def difference(self, step: float) -> str:
        """Return a distance on this axis as text, with its sign."""
        is_share = self.factor == 100  # noqa: PLR2004
        size = f"{abs(step):.2f}" if is_share else show_number(abs(step) if abs(step) > ROUNDING else 0.0)
        sign = "" if float(size) == 0 else "−" if step < 0 else "+"
        return f"{sign}{size}{' points' if is_share else ''}"


def score(sweep: Sweep, column: str | None = None) -> Score:
    """Return the axis of `column`, which is the sweep's objective where none is named."""
    name = column or sweep.objective
    values = pd.to_numeric(sweep.trials[name], errors="coerce")
    is_share = sweep.is_percent(name) if sweep.is_own else name.lower().endswith(("accuracy", "acc"))
    is_share = is_share and not (values > 1).any()
    words = name.replace("_", " ")
    note = " (lower is better)" if name == sweep.objective and not sweep.maximize else ""
    note += ", several data sets" if sweep.data_keys else ""
    return Score(name, f"{words} (%){note}", 100.0) if is_share else Score(name, f"{words}{note}", 1.0)


def complete(sweep: Sweep, *, repeats: bool = True) -> pd.DataFrame:
    """Return the complete trials that have a score; without `repeats`, none that only repeats another's number."""
    trials = sweep.trials
    values = pd.to_numeric(trials[sweep.objective], errors="coerce")
    kept: pd.Series = (trials["status"] == "complete") & values.abs().lt(np.inf)
    if not repeats:
        kept &= trials["duplicate_of"].isna()
    scored: pd.DataFrame = trials.assign(**{sweep.objective: values})
    return scored[kept]


def configurations(sweep: Sweep) -> pd.DataFrame:
    """Return a row per configuration that has a score, in the order of their first trials; without seeds, per trial.

    A row is that of the configuration's first trial, its index too, with the mean in place of the score (and of the
    sparsity). Where seeds were swept there are further columns: ``low`` and ``high`` of the mean's 95 % interval (the
    mean itself where there is none), ``seeds`` (every score, by trial), ``title`` (which trials these are).
    """
    trials = complete(sweep, repeats=False)
    if sweep.seed_key is None:
        return trials
    by_number = trials.set_index("number")
    kept = sorted((each for each in sweep.configurations if each.values), key=lambda each: each.number)
    rows = trials[trials["number"].isin([each.number for each in kept])].sort_values("number", kind="stable")
    intervals = [mean_interval(sweep, each) for each in kept]
    return rows.assign(
        **{sweep.objective: [each.mean for each in kept]},
        sparsity=[pd.to_numeric(by_number.loc[[*each.numbers], "sparsity"], errors="coerce").mean() for each in kept],
        low=[each.mean if found is None else found.low for each, found in zip(kept, intervals, strict=True)],
        high=[each.mean if found is None else found.high for each, found in zip(kept, intervals, strict=True)],
        seeds=pd.Series([dict(zip(e.numbers, e.values, strict=True)) for e in kept], index=rows.index, dtype=object),
        title=[f"mean of {count(len(each.values), 'seed')}: trial{_listed(each.numbers)}" for each in kept],
    )


def _listed(numbers: Sequence[int]) -> str:
    return f"s {', '.join(map(str, numbers))}" if len(numbers) > 1 else f" {numbers[0]}"


def noun(sweep: Sweep) -> str:
    """Return what a row of `configurations` is."""
    return "complete trial" if sweep.seed_key is None else "configuration"


def others_than(sweep: Sweep, name: str | None) -> pd.Series:
    """Return text that is the same for trials that agree in everything but a method, or the penalties, if not named.

    What such a method has beside its main setting is among the rest.
    """
    keys = [key for key in sweep.settings if not _regularizes(sweep, key)]
    rows = [[str(value) for value in row] for row in sweep.trials[keys].itertuples(index=False)]
    if not sweep.is_own:
        found = settings(sweep)
        rest: list[Any] = [
            [row, *of] for row, of in zip(rows, found[[DROPOUT, BATCH_NORM]].astype(str).values.tolist(), strict=True)
        ]
    else:
        rest = [[row, _rest(sweep, number, name)] for row, number in zip(rows, sweep.trials["number"], strict=True)]
    return pd.Series([json.dumps(each, sort_keys=True, default=str) for each in rest], index=sweep.trials.index)


def _rest(sweep: Sweep, number: int, name: str | None) -> dict[str, Any]:
    """Return a trial's methods and their settings, without what `others_than` leaves out."""
    rest = {}
    for key, method in sweep.used(number).items():
        is_left_out = method.is_penalty if name is None else key == name
        kept = {k: v for k, v in method.settings.items() if not is_left_out or k not in ("use", method.main)}
        if kept or not is_left_out:
            rest[key] = kept
    return rest


def thin(trials: pd.DataFrame, keep: set[Any], most: int = MOST_POINTS) -> tuple[pd.DataFrame, str]:
    """Return at most about `most` trials, evenly spaced and those of `keep` (numbers), and a note on it."""
    if len(trials) <= most:
        return trials, ""
    spaced = np.zeros(len(trials), dtype=bool)
    spaced[np.linspace(0, len(trials) - 1, most).astype(int)] = True
    drawn = trials[spaced | trials["number"].isin(keep)]
    return drawn, f" {len(drawn):,} of {len(trials):,} points are drawn; the table of trials has all."


def thinned(notes: Iterable[str]) -> str:
    """Return one note for the notes that `thin` gave on a figure's panels."""
    found = list(dict.fromkeys(notes))
    if len(found) < 2:  # noqa: PLR2004
        return "".join(found)
    return " Of the points of some panels a part is drawn; the table of trials has all."


@dataclass(frozen=True)
class Folded:
    """Scores as they are drawn: those far worse than all others stand at the edge of the worse side.

    Attributes:
        y: where each point is drawn.
        is_far: which points stand at the edge.
        edge: the worst score that is drawn in its place; None where all are.
        words: what a point is, beyond which score those at the edge are, and at which edge.
        symbol: of a point at the edge.
        sign: 1 where more is better, else -1.
    """

    y: pd.Series
    is_far: pd.Series
    edge: float | None = None
    words: tuple[str, str, str] = ("", "", "")
    symbol: str = "triangle-down-open"
    sign: int = 1

    @property
    def note(self) -> str:
        """The caption's sentence on the points at the edge; empty where there is none."""
        return self.note_of(self.is_far.index)

    def note_of(self, drawn: pd.Index) -> str:
        """Return the same of a figure that has a place for these points alone."""
        number = int(self.is_far[self.is_far.index.isin(drawn)].sum())
        what, beyond, side = self.words
        triangles = "an open triangle" if number == 1 else "open triangles"
        return f" {count(number, what)} {beyond}: {triangles} at the {side} edge." if number else ""

    def holds(self, values: pd.Series) -> pd.Series:
        """Return which of other values, on the same scale, are drawn in their place: a line joins no others."""
        return values.notna() if self.edge is None else self.sign * values >= self.sign * self.edge


def fold(
    values: pd.Series,
    unit: Score,
    *,
    maximize: bool,
    least: int = LEAST_FOLDED,
    what: str = "trial",
    is_along_x: bool = False,
    has_pruned: bool = False,
) -> Folded:
    """Return where to draw `values` (on the axis' scale), so that a few very bad trials do not squeeze all others.

    The fence is that of a box plot, at three lengths of the box; all stay in their places where little is won, and
    where there are fewer than `least`. With pruned trials beside them, which are worse, the axis goes on for `BEYOND`
    times as long. The note calls each of them `what`.
    """
    sign = 1 if maximize else -1
    gains = sign * values
    if len(values) < least:
        return Folded(values, gains < -np.inf, sign=sign)
    first, third = np.quantile(gains, [0.25, 0.75])
    is_far = gains < first - 3 * max(third - first, 0.01 * abs(third))
    edge, best = float(gains[~is_far].min()), float(gains.max())
    if best - gains.min() <= LEAST_WON * (best - edge):
        return Folded(values, is_far & False, sign=sign)
    if has_pruned:
        edge -= BEYOND * (best - edge)
        is_far = gains < edge
        if not is_far.any():
            return Folded(values, is_far, sign=sign)
    sides = (("left", "left"), ("right", "right")) if is_along_x else (("lower", "down"), ("upper", "up"))
    beyond, (side, symbol) = ("below", sides[0]) if maximize else ("above", sides[1])
    words = (what, f"{beyond} {unit.label(sign * edge)}", side)
    y = values.mask(is_far, sign * (edge - 0.06 * (best - edge)))
    return Folded(y, is_far, sign * edge, words, f"triangle-{symbol}-open", sign)


def is_grid(values: pd.Series) -> bool:
    """Return whether these numbers were typed and not drawn: few, of at most three digits."""
    different = values.dropna().unique()
    return len(different) <= MOST_VALUES and all(float(f"{value:.3g}") == value for value in different)


def roles(sweep: Sweep) -> dict[str, str]:
    """Return which swept key is the penalty, its strength, dropout and BatchNorm, for those that were swept."""
    found: dict[str, str] = {}
    for role, names in ROLES.items():
        keys = [key for key in sweep.swept if key.rpartition(".")[2].lower() in names]
        if role in keys or len(keys) == 1:  # with two, which one is meant is anyone's guess
            found[role] = role if role in keys else keys[0]
    return found


def settings(sweep: Sweep) -> pd.DataFrame:
    """Return what each trial was regularized with, parallel to the sweep's trials.

    Columns: `PENALTY` (a name, ``none`` without one, several joined by +), `STRENGTH` (λ, 0 without a penalty, NaN
    where several have one), `DROPOUT`, `BATCH_NORM` (``off``, ``on`` or empty where unknown). It is read from this
    project's own records; of another application's trials, from swept keys with usual names.
    """
    found = _of_records(sweep) if sweep.is_own else _of_keys(sweep)
    return pd.DataFrame(found, index=sweep.trials.index, columns=[PENALTY, STRENGTH, DROPOUT, BATCH_NORM])


def _of_records(sweep: Sweep) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number in sweep.trials["number"]:
        known = sweep.regularization.get(number)
        if known is None:
            rows.append({PENALTY: "", STRENGTH: np.nan, DROPOUT: np.nan, BATCH_NORM: ""})
            continue
        penalties = [method for method in known.methods.values() if method.is_penalty]
        strengths = _numbers(method.settings.get(method.main or "") for method in penalties)
        dropout = known.methods.get("dropout")
        rows.append(
            {
                PENALTY: " + ".join(method.title for method in penalties) or "none",
                STRENGTH: strengths[0] if len(strengths) == 1 else np.nan if strengths else 0.0,
                DROPOUT: 0.0 if dropout is None else _numbers([dropout.settings.get("p")])[0],
                BATCH_NORM: {True: "on", False: "off", None: ""}[known.batch_norm],
            }
        )
    return rows


def _of_keys(sweep: Sweep) -> dict[str, pd.Series]:
    trials, keys = sweep.trials, roles(sweep)
    unknown = pd.Series(None, index=trials.index, dtype=object)
    columns = {role: trials[keys[role]] if role in keys else unknown for role in ROLES}
    strength = pd.to_numeric(columns[STRENGTH], errors="coerce")
    penalty = columns[PENALTY].map(lambda value: None if _is_absent(value) else str(value))
    strength = strength.mask(penalty == "none", 0.0)
    penalty = penalty.mask(strength == 0, "none")
    return {
        PENALTY: penalty.where(penalty.notna(), ""),
        STRENGTH: strength,
        DROPOUT: pd.to_numeric(columns[DROPOUT], errors="coerce"),
        BATCH_NORM: columns[BATCH_NORM].map(_switch),
    }


@dataclass(frozen=True)
class Usage:
    """How the trials of a sweep used a method; the series are parallel to the sweep's trials.

    Attributes:
        title: in plain words.
        switch: ``off``, ``on``, or empty where it is not known.
        others: text that is the same for trials that agree in everything but this method.
    """

    title: str
    switch: pd.Series
    others: pd.Series


@dataclass(frozen=True)
class _Used:
    """What regularized a trial: settings by title, and the titles of which it is not known."""

    methods: dict[str, Any] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()


def usages(sweep: Sweep) -> list[Usage]:
    """Return how the trials used each method that one of them had: of each trial's record, or of its swept keys."""
    trials, swept = sweep.trials, [key for key in sweep.settings if not _regularizes(sweep, key)]
    titles, used = _used_by_records(sweep) if sweep.is_own else _used_by_keys(sweep)
    rest = [[str(value) for value in row] for row in trials[swept].itertuples(index=False)]
    found = []
    for title in titles:
        switch = ["" if title in each.unknown else "on" if title in each.methods else "off" for each in used]
        others = [
            json.dumps([{**each.methods, title: None}, sorted(each.unknown), row], sort_keys=True, default=str)
            for each, row in zip(used, rest, strict=True)
        ]
        series = (pd.Series(values, index=trials.index, dtype=object) for values in (switch, others))
        found.append(Usage(title, *series))
    return found


def _regularizes(sweep: Sweep, key: str) -> bool:
    return key.partition(".")[0] == "regularizer" if sweep.is_own else key in roles(sweep).values()


def _used_by_records(sweep: Sweep) -> tuple[list[str], list[_Used]]:
    of_trials = {number: sweep.used(number) for number in sweep.regularization}
    methods = {name: method for used in of_trials.values() for name, method in used.items()}
    titles = {name: method.title for name, method in sorted(methods.items(), key=lambda item: place_of(item[1]))}
    found = []
    for number in sweep.trials["number"]:
        known = sweep.regularization.get(number)
        unknown = frozenset(title for name, title in titles.items() if known is None or not known.is_known(name))
        used = {method.title: method.settings for method in of_trials.get(number, {}).values()}
        found.append(_Used(used, unknown))
    return list(titles.values()), found


def _used_by_keys(sweep: Sweep) -> tuple[list[str], list[_Used]]:
    found = settings(sweep)
    keys = {role: key for role, key in roles(sweep).items() if role not in (PENALTY, STRENGTH)}
    has_penalty, penalties = len(keys) < len(roles(sweep)), sorted({*found[PENALTY]} - {"", "none"}) or ["penalty"]
    titles = [*(penalties if has_penalty else []), *(_TITLES[role] for role in keys)]
    trials = []
    for penalty, strength, dropout, batch_norm in found.itertuples(index=False):
        name = penalty or ("none" if strength == 0 else "penalty" if strength > 0 else "")
        states = {_TITLES[DROPOUT]: _state(dropout), _TITLES[BATCH_NORM]: batch_norm}
        used = {title: dropout if title == _TITLES[DROPOUT] else True for title in states if states[title] == "on"}
        used |= {name: strength} if name not in ("", "none") else {}
        unknown = {title for title, state in states.items() if not state}
        trials.append(_Used(used, frozenset(unknown | (set(penalties) if not name else set()))))
    return titles, trials


def _state(strength: float) -> str:
    return "" if np.isnan(strength) else "on" if strength > 0 else "off"


@dataclass(frozen=True)
class MainSetting:
    """The main setting of a method that is no penalty; the series are parallel to the sweep's trials.

    Attributes:
        name: of the method, as in the records.
        title: in plain words.
        key: of the setting.
        values: numbers; NaN where the method was not used, or nothing is known of the trial.
        is_known: whether it is known how the trial used it: with a number, or not at all.
    """

    name: str
    title: str
    key: str
    values: pd.Series
    is_known: pd.Series


def main_settings(sweep: Sweep) -> list[MainSetting]:
    """Return the main settings of the methods that are no penalties, as the records have them."""
    of_trials = [
        None if (known := sweep.regularization.get(number)) is None else known.methods
        for number in sweep.trials["number"]
    ]
    methods = {name: method for used in of_trials if used for name, method in used.items() if not method.is_penalty}
    found = []
    for name, method in sorted(methods.items(), key=lambda item: place_of(item[1])):
        if method.main is None:
            continue
        used = [None if each is None else each.get(name) for each in of_trials]
        given = _numbers(None if each is None else each.settings.get(method.main) for each in used)
        values = pd.Series(given, index=sweep.trials.index, dtype=float)
        is_absent = np.array([each is not None and name not in each for each in of_trials], dtype=bool)
        found.append(MainSetting(name, method.title, method.main, values, values.notna() | is_absent))
    return found


def _numbers(values: Iterable[Any]) -> list[float]:
    return [
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) else np.nan for value in values
    ]


def without_regularization(sweep: Sweep) -> pd.Series:
    """Return which trials are known to have had no regularization, parallel to the sweep's trials."""
    if sweep.is_own:
        numbers = sweep.trials["number"]
        return numbers.map(lambda number: number in sweep.regularization and not sweep.kind(number)).astype(bool)
    found = settings(sweep)
    return (found[STRENGTH] == 0) & (found[DROPOUT].fillna(0) == 0) & (found[BATCH_NORM] != "on")


def _is_absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _switch(value: Any) -> str:
    return {"true": "on", "false": "off", "1": "on", "0": "off"}.get(str(value).lower(), "")
