"""What reading a sweep gives before it is a table: a row per trial, and what could not be read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from regsweep import records
from regsweep.errors import RecordError, RegsweepError, show
from regsweep.report.regularization import Regularization
from regsweep.report.task import numbers_of
from regsweep.run_record import TaskRecord

OBJECTIVE = "validation_accuracy"

NUMBERS = numbers_of([TaskRecord()])
"""Columns of numbers that an own trial of classification by accuracy may be ranked by, in their order."""
FIRST = ["number", "folder", "status"]
LAST = ["error", "duplicate_of", "ended"]

_T = TypeVar("_T")


@dataclass
class Rows:
    """The trials.

    Attributes:
        rows: by column; what is missing is left out.
        swept: columns of the swept parameters.
        metrics: further columns of numbers that the application has.
        objective: the column that trials are ranked by.
        maximize: whether more of it is better.
        problems: one line per record that was skipped.
        regularization: what regularized each trial, by its number, as far as that is known.
        objectives: where the sweep had several, the column of each, and whether more of it is better.
        steps: number and step of what trials reported to an Optuna study while they ran, and the objective's value then
            (NaN: they reported another number).
        task: what the trials had to do.
        numbers: columns of numbers that follow from their tasks, in their order.
    """

    rows: list[dict[str, Any]]
    swept: list[str]
    metrics: list[str] = field(default_factory=list)
    objective: str = OBJECTIVE
    maximize: bool = True
    problems: list[str] = field(default_factory=list)
    regularization: dict[int, Regularization] = field(default_factory=dict)
    objectives: dict[str, bool] = field(default_factory=dict)
    steps: list[tuple[int, int, float]] = field(default_factory=list)
    task: TaskRecord = field(default_factory=TaskRecord)
    numbers: list[str] = field(default_factory=lambda: [*NUMBERS])


def table_columns(swept: Sequence[str], metrics: Sequence[str] = (), numbers: Sequence[str] = NUMBERS) -> list[str]:
    """Return the columns of a table of trials, in their order; a swept seed stands among the parameters, once."""
    return list(dict.fromkeys([*FIRST, *swept, *metrics, *numbers, *LAST]))


def write_rows(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write ``trials.csv``: all columns but the time of the record."""
    shown = [name for name in columns if name != "ended"]
    records.write_csv(path, shown, [{name: row.get(name) for name in shown} for row in rows])


def column_of(key: str) -> str:
    """Return the column of a swept parameter: its key, or with a prefix where the table has another such column."""
    taken = {*FIRST, *NUMBERS, *LAST} - {"seed"}  # of a swept seed the record has the same
    return f"params.{key}" if key in taken else key


def require_objective(name: str, columns: Sequence[str]) -> None:
    """Refuse an objective that no trial has.

    Raises:
        RegsweepError: naming the columns that are there.
    """
    if name not in columns:
        there = ", ".join(map(show, columns)) or "none"
        raise RegsweepError(f"--objective {show(name)}: no such number in these trials; there are: {there}")


def plain_text(text: str) -> str:
    """Return `text` with what UTF-8 has no sign for (half of a surrogate pair) spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


class Problems:
    """Collects a line per record that is skipped, with its path from the sweep's folder.

    Args:
        folder: the sweep's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.lines: list[str] = []

    def add(self, problem: object) -> str:
        """Note the problem, and return its line."""
        line = plain_text(" ".join(str(problem).replace(f"{self._folder}/", "").split()))
        self.lines.append(line)
        return line

    def skip(self, read: Callable[[Path], _T], path: Path) -> _T | None:
        """Return what `read` returns of the file at `path`; None, and a line, where it cannot be read."""
        try:
            return read(path)
        except RecordError as error:
            self.add(error)
        return None

    def name_gaps(self, numbers: Sequence[int]) -> None:
        """Note the trials whose folders are missing: the numbers left out, in one line."""
        pairs = zip([-1, *numbers], numbers, strict=False)
        gaps = [
            f"{low + 1}" if high == low + 2 else f"{low + 1} to {high - 1}" for low, high in pairs if high > low + 1
        ]
        if gaps:
            some = ", ".join(gaps[:20]) + (" …" if len(gaps) > 20 else "")  # noqa: PLR2004  (one line)
            self.add(f"{some}: no such folder, so these trials are missing")
