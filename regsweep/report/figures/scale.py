"""Whether a parameter's axis is a log axis: one rule for all figures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from regsweep.errors import RecordError
from regsweep.job_folders import settings_file
from regsweep.paths import ComparisonPaths, SweepPaths
from regsweep.records import read_yaml
from regsweep.report.hydra_files import at

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

DECADE = 10
"""Values that span so much or more stand on a log axis, where no range says how they were drawn."""
ROUNDING = 1e-9
"""What a product of two numbers may be off by."""


def is_log(sweep: Sweep, keys: Iterable[str], values: pd.Series) -> bool:
    """Return whether `values` stand on a log axis: all are positive, and a range of the search says so.

    Where no range of these is on record (the values were listed, or the settings are lost), they do if they span
    a decade or more.

    Args:
        sweep: of the trials.
        keys: the swept keys that the values may have been drawn for.
        values: those that are drawn.
    """
    numbers = pd.to_numeric(values.dropna(), errors="coerce")
    if numbers.empty or not (numbers > 0).all():
        return False
    ranges = _ranges(sweep)
    scales = {_scale(ranges[plain]) for key in keys if (plain := key.removeprefix("params.")) in ranges} - {None}
    if len(scales) == 1:
        return scales == {"log"}
    return bool(numbers.max() >= DECADE * numbers.min() * (1 - ROUNDING))


def _ranges(sweep: Sweep) -> dict[str, Any]:
    """Return what the sweep's settings have for each key that it searched or listed; empty where they are lost.

    Each search of a comparison has settings of its own.
    """
    if sweep.is_comparison:
        searches = sorted(ComparisonPaths(sweep.folder).searches.glob("*/"))
        return {key: value for search in searches for key, value in _settings(SweepPaths(search).multirun).items()}
    first = [settings_file(sweep.folder / folder) for folder in sweep.trials["folder"].head(1)]
    return _settings(SweepPaths(sweep.folder).multirun, *first)


def _settings(*files: Path) -> dict[str, Any]:
    """Return what the first of these files that can be read has for each key that was searched or listed."""
    for file in files:
        try:
            hydra = at(read_yaml(file), "hydra")
        except RecordError:
            continue
        params, typed = at(hydra, "sweeper", "params"), at(hydra, "overrides", "task")
        ranges = {str(key): value for key, value in params.items()} if isinstance(params, dict) else {}
        for line in typed if isinstance(typed, list) else []:
            key, _, value = str(line).partition("=")
            ranges[key] = value
        return {key.lstrip("+"): value for key, value in ranges.items()}
    return {}


def _scale(value: Any) -> str | None:
    """Return how a range was drawn from, as Hydra writes it or as older Optuna sweepers did; None: it is no range."""
    if isinstance(value, dict):
        has_log = value.get("log") is True or value.get("type") == "loguniform" or "log" in (value.get("tags") or ())
        is_range = "low" in value or value.get("type") in ("uniform", "int", "float")
        return "log" if has_log else "linear" if is_range else None
    if re.match(r"tag\((.*,)?\s*log\s*,", str(value)):
        return "log"
    return "linear" if re.match(r"(tag\(.*,)?\s*interval\(", str(value)) else None
