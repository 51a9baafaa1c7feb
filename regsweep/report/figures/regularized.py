"""What the trials of a figure were regularized with: by this project's records, or by the usual names of swept keys."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regsweep.names import place_of

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

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
        dropout, own = known.methods.get("dropout"), np.nan if known.keeps_dropout else 0.0
        rows.append(
            {
                PENALTY: " + ".join(method.title for method in penalties) or "none",
                STRENGTH: strengths[0] if len(strengths) == 1 else np.nan if strengths else 0.0,
                DROPOUT: own if dropout is None else _numbers([dropout.settings.get("p")])[0],
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
