"""Keys whose range follows another one in a search, the learning rate's the optimizer for example: which counts where.

Both are read from ``hydra.sweeper.params``: several ranges, each with its ``when``, or a text that refers to others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from regsweep import records
from regsweep.errors import RecordError
from regsweep.names import parameter_name
from regsweep.paths import SweepPaths
from regsweep.report.details import read_config
from regsweep.report.hydra_files import at, resolve

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep


def branch_ranges(sweep: Sweep) -> dict[str, pd.Series]:
    """Return by key what the range of each trial is called, ``optimizer.lr (optimizer=adam)``, by the table's index.

    Only of keys with several ranges; None for a trial without the key.
    """
    try:
        params = at(records.read_yaml(SweepPaths(sweep.folder).multirun), "hydra", "sweeper", "params")
    except RecordError:
        return {}
    found: dict[str, pd.Series] = {}
    for key, value in params.items() if isinstance(params, dict) else ():
        column = str(key).lstrip("+")
        if column not in sweep.settings:
            continue
        names = None
        if isinstance(value, list) and all(isinstance(each, dict) and "when" in each for each in value):
            names = _by_condition(sweep, column, [each["when"] for each in value])
        elif isinstance(value, str) and "${" in value:
            names = _by_reference(sweep, column, value)
        if names is not None and names.dropna().nunique() > 1:
            found[column] = names
    return found


def _by_condition(sweep: Sweep, column: str, conditions: list[Mapping[str, Any]]) -> pd.Series:
    names = pd.Series(None, index=sweep.trials.index, dtype=object)
    for condition in conditions:
        counts = sweep.trials[column].notna()
        for other, values in condition.items():
            allowed = [str(each) for each in (values if isinstance(values, list) else [values])]
            counts &= sweep.trials[other].map(str).isin(allowed) if other in sweep.trials else False
        names[counts] = parameter_name(column, condition)
    return names


def _by_reference(sweep: Sweep, column: str, text: str) -> pd.Series | None:
    """Return the names of ranges that follow one swept key of words; None where none of them explains the ranges."""
    for other in [each for each in sweep.settings if each != column and _has_words(sweep.trials[each])]:
        options = sweep.trials[other].where(sweep.trials[column].notna()).dropna().map(str)
        ranges = {option: _range(sweep, options[options == option].index, text) for option in options.unique()}
        if None in ranges.values() or len({*ranges.values()}) < 2:  # noqa: PLR2004
            continue
        alike = {each: [option for option, found in ranges.items() if found == each] for each in ranges.values()}
        named = {
            option: parameter_name(column, {other: some[0] if len(some) == 1 else some})
            for some in alike.values()
            for option in some
        }
        return options.map(named).reindex(sweep.trials.index)
    return None


def _range(sweep: Sweep, rows: pd.Index, text: str) -> str | None:
    """Return the range that `text` came to in the first of these trials that has a configuration."""
    for number in sweep.trials.loc[rows, "number"]:
        config = read_config(sweep, int(number))
        if config is not None:
            found = resolve({**config, "_range": text}, "_range")
            return None if found is None else str(found)
    return None


def _has_words(column: pd.Series) -> bool:
    return any(isinstance(value, str) for value in column)
