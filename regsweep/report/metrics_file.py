"""The file that an application wrote its metrics to, one in each job's folder: JSON, YAML or CSV."""

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from regsweep.errors import RecordError, RegsweepError, show
from regsweep.records import read_yaml

KINDS = (".json", ".yaml", ".yml", ".csv")


def require_metrics_name(name: str) -> None:
    """Refuse a name that is no file of such a kind inside each job's folder.

    Raises:
        RegsweepError: saying what is.
    """
    path = PurePath(name)
    if path.suffix.lower() not in KINDS or path.is_absolute() or ".." in path.parts or "\0" in name:
        kinds = ", ".join(KINDS[:-1])
        raise RegsweepError(
            f"--metrics {show(name)}: name a file inside each job's folder ({kinds} or {KINDS[-1]}), "
            "for example --metrics metrics.json"
        )


def read_metrics(path: Path) -> dict[str, float]:
    """Return the numbers in the file at `path` by name, nested ones by dotted names; NaN for null and what is infinite.

    Of a CSV file the last value of each column counts: the last row's, unless that leaves the cell empty.

    Raises:
        RecordError: when it cannot be read.
    """
    kind = path.suffix.lower()
    try:
        if kind == ".csv":
            return _last_values(path)
        content = json.loads(path.read_bytes()) if kind == ".json" else read_yaml(path)
        if not isinstance(content, dict):
            raise RecordError(f"{path}: not a dictionary of metrics")
        return {name: _finite(value) for name, value in _flat(content) if _is_number(value)}
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise RecordError(f"{path}: not a readable metrics file ({show(error)})") from error


def _last_values(path: Path) -> dict[str, float]:
    values: dict[str, float] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, skipinitialspace=True):
            for name, cell in row.items():
                if isinstance(name, str) and isinstance(cell, str) and cell.strip():
                    number = _number(cell)
                    values |= {} if number is None else {name: number}
    return values


def _number(cell: str) -> float | None:
    try:
        return _finite(float(cell))
    except ValueError:
        return None


def _flat(content: dict[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _finite(value: float | None) -> float:
    try:
        return float(value) if value is not None and math.isfinite(value) else math.nan
    except OverflowError:
        return math.nan
