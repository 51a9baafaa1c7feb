"""A trial whose record was written, and whose end never reached the sweep, is taken from that record."""

from __future__ import annotations

import logging
import math
from pathlib import Path

from regsweep import records
from regsweep.errors import Pruned, RecordError
from regsweep.paths import RunPaths
from regsweep.run_record import RunRecord, TaskRecord
from regsweep.sweeper import TrialValue

_log = logging.getLogger("regsweep")


def finished_before(folder: Path) -> TrialValue | None:
    """Return the result of the finished run in `folder`, None where there is none; a damaged record is set aside.

    Raises:
        Pruned: when it was pruned.
    """
    path = RunPaths(folder).result
    if not path.exists():
        return None
    try:
        return _read(path)
    except RecordError as error:
        _log.warning(f"{error}: set aside as {records.set_aside(path).name}, and trial {folder.name} runs again")
        return None


def _read(path: Path) -> TrialValue:
    record = RunRecord.read(path)
    if record.status == "pruned":
        raise Pruned(record.error)
    if record.status != "complete":
        return TrialValue(math.nan, error=record.error or record.status)
    numbers, name = record.numbers(), f"validation_{(record.task or TaskRecord()).objective}"
    if not {name, "sparsity"} <= numbers.keys():
        raise RecordError(f"{path}: not a readable record (no {name.replace('_', ' ')}, or no sparsity)")
    return TrialValue(numbers[name], numbers)
