"""The file that an application wrote its metrics to, one in each job's folder: JSON, JSON Lines, YAML or CSV."""

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

from regsweep.errors import RecordError, RegsweepError, show
from regsweep.records import read_yaml

KINDS = (".json", ".jsonl", ".yaml", ".yml", ".csv", ".tsv")
DELIMITERS = "\t;,"


def require_metrics_name(name: str) -> None:
    """Refuse a name that is no file of such a kind inside each job's folder.

    Raises:
        RegsweepError: saying what is.
    """
    path = PurePath(name)
    no_part = any(part == ".." or ("**" in part and part != "**") for part in path.parts)
    if path.suffix.lower() not in KINDS or path.is_absolute() or no_part or "\0" in name:
        kinds = ", ".join(KINDS[:-1])
        raise RegsweepError(
            f"--metrics {show(name)}: name a file inside each job's folder ({kinds} or {KINDS[-1]}), "
            "for example --metrics metrics.json"
        )


def find_metrics(job: Path, name: str) -> Path | None:
    """Return the file in the folder `job` that is called `name`, or alone matches it; None where there is none.

    Args:
        job: the job's folder.
        name: from that folder; a pattern where it has a `*` or `?`, with `**` for any folders, but no hidden ones.

    Raises:
        RecordError: when several files match.
    """
    if not re.search(r"[*?]", name):
        return job / name if (job / name).exists() else None
    matches = (match.relative_to(job) for match in job.glob(name.replace("[", "[[]")) if match.is_file())
    found = sorted({str(match) for match in matches if not any(part.startswith(".") for part in match.parts)})
    if len(found) > 1:
        raise RecordError(f"{job}: several files match --metrics {show(name)} ({show(', '.join(found))}); name one")
    return job / found[0] if found else None


def read_metrics(path: Path) -> dict[str, float]:
    """Return the numbers in the file at `path` by name, nested ones by dotted names; NaN for null and what is infinite.

    Of a list, of the rows of a CSV file and of the lines of JSON Lines the last value of each name counts: the last
    row's, unless that leaves the cell empty, or has null there.

    Raises:
        RecordError: when it cannot be read, or has no numbers in it.
    """
    values: dict[str, float] = {}
    for name, value in _read(path):
        if value is None:
            values.setdefault(name, math.nan)
        else:
            values[name] = _finite(value)
    if not values:
        raise RecordError(f"{path}: no numbers in it")
    return values


def _read(path: Path) -> Sequence[tuple[str, float | None]]:
    """Return each number and null in the file with its name, in their order."""
    kind = path.suffix.lower()
    language = {".csv": "CSV", ".tsv": "CSV", ".yaml": "YAML", ".yml": "YAML"}.get(kind, "JSON")
    try:
        content = path.read_bytes()
        if not content.strip():
            raise RecordError(f"{path}: an empty file")
        if language == "CSV":
            return list(_cells(content.decode("utf-8-sig")))
        loaded = read_yaml(path) if language == "YAML" else _load_json(content)
        return list(_numbers(_require_dictionaries(loaded, path)))
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError, csv.Error) as error:
        raise RecordError(f"{path}: not readable {language} ({show(error)})") from error


def _load_json(content: bytes) -> Any:
    """Return the JSON value; of several, one after the other as in JSON Lines, their list.

    A last line that a killed job has not written to its end does not count.
    """
    text = content.decode(json.detect_encoding(content))
    try:
        values = _values(text)
    except ValueError:
        before, _, last = text.rpartition("\n")
        is_unfinished = last.startswith("{") and last.count("{") > last.count("}")
        if not (before.strip() and is_unfinished):
            raise
        values = _values(before)
    return values[0] if len(values) == 1 else values


def _values(text: str) -> list[Any]:
    """Return the JSON values that stand in `text` one after the other."""
    text = text.strip()
    decoder, values, end = json.JSONDecoder(), [], 0
    while end < len(text):
        value, end = decoder.raw_decode(text, end)
        values.append(value)
        while text[end : end + 1].isspace():
            end += 1
    return values


def _require_dictionaries(content: Any, path: Path) -> Any:
    """Return the content of a file: a dictionary, or a list of them; without a name nothing is a metric."""
    for item in content if isinstance(content, list) else [content]:
        if not isinstance(item, dict):
            kind = "lists" if isinstance(item, list) else "numbers" if _is_number(item) else "values"
            what = f"a list of {kind} without names" if isinstance(content, list) else "no dictionary"
            raise RecordError(f"{path}: {what}; a dictionary of metrics, or a list of them, can be read")
    return content


def _numbers(content: Any, *names: str) -> Iterator[tuple[str, float | None]]:
    """Return the numbers and nulls, those of a list one after the other; lists of lists have no last value."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from _numbers(value, *names, str(name))
    elif isinstance(content, list):
        for item in content:
            if not isinstance(item, list):
                yield from _numbers(item, *names)
    elif _is_number(content):
        yield ".".join(names), content


def _cells(text: str) -> Iterator[tuple[str, float]]:
    """Return the cells that are numbers; between semicolons the decimal sign may be a comma."""
    text = text.lstrip("\r\n")
    headers = {sign: next(csv.reader(io.StringIO(text, newline=""), delimiter=sign), []) for sign in DELIMITERS}
    delimiter = max(headers, key=lambda sign: len(headers[sign]))
    for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True):
        for name, cell in row.items():
            if isinstance(name, str) and isinstance(cell, str):
                try:
                    yield name, float(cell.replace(",", ".") if delimiter == ";" else cell)
                except ValueError:
                    continue


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _finite(value: float) -> float:
    try:
        return float(value) if math.isfinite(value) else math.nan
    except OverflowError:
        return math.nan
