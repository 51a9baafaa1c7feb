"""What the page shows of a single run that is clicked on: curves, zeros by layer, the end of its log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from regsweep.report.details import history_in, result_in
from regsweep.report.page.confirmed_runs import runs
from regsweep.report.page.security import finite
from regsweep.run_record import SPLITS

if TYPE_CHECKING:
    from regsweep.report.confirmation import Confirmation
    from regsweep.report.sweep import Sweep
    from regsweep.run_record import TaskRecord

MOST_BEST = 200
"""So many of the best trials have such a panel, beside every one that failed and every run of a confirmation."""

MOST_LINES, MOST_SIGNS = 15, 3000
"""Of a log, from its end."""

MOST_BYTES = 8 * 2**20
"""Of all of these, the best trials first, then those that failed, then the runs of a confirmation."""

MOST_EPOCHS = 200
"""A longer curve has so many of its epochs, evenly spaced."""


def panels(sweep: Sweep, confirmation: Confirmation | None = None) -> dict[str, dict[str, Any]]:
    """Return what is on record of the best trials, of those that failed and of the runs of a confirmation.

    A trial's key is its number, that of a confirmation's run its folder; a mark that is clicked on has it as well.
    What the table of trials lacks, the confirmation's runs, is named whether or not there is room for its details.
    """
    ranked = sweep.ranked()
    failed = ranked[ranked["status"].isin(["failed", "diverged", "unreadable"])]
    shown = pd.concat([ranked.head(MOST_BEST), failed])
    found = runs(sweep, confirmation)
    folders = {str(number): str(folder) for number, folder in zip(shown["number"], shown["folder"], strict=True)}
    folders |= {folder: folder for folder in found}
    names = [f"{split}_{each['name']}" for each in curves(sweep.task) for split in SPLITS[1::-1]]
    size = 0
    for key, folder in folders.items():
        details = _details(sweep.folder / folder, names)
        size += len(json.dumps(details))
        if size > MOST_BYTES:
            break
        if details:
            found[key] = found.get(key, {}) | details
    return found


def curves(task: TaskRecord) -> list[dict[str, Any]]:
    """Return the numbers whose curves a panel has: name, factor from the record to the axis, title of the axis."""
    words = task.objective.replace("_", " ")
    shown = {"name": task.objective, "factor": 100, "title": f"{words} (%)"}
    shown = shown if task.is_percent else {"name": task.objective, "factor": 1, "title": words}
    return [shown, *([] if task.objective == "loss" else [{"name": "loss", "factor": 1, "title": "loss"}])]


def _details(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "curves": _curves(history_in(folder), names),
        "zeros": _zeros(result_in(folder)),
        "log": _end_of_log(folder),
    }
    return {name: part for name, part in parts.items() if part}


def _curves(history: pd.DataFrame | None, names: Sequence[str]) -> dict[str, list[Any]] | None:
    if history is None:
        return None
    step = -(-len(history) // MOST_EPOCHS)
    rows = pd.concat([history.iloc[::step], history.iloc[[-1]]]).drop_duplicates("epoch")
    kept = [name for name in names if name in rows and rows[name].notna().any()]
    found = {name: [finite(float(f"{value:.6g}")) for value in rows[name]] for name in kept}
    return {"epoch": [int(epoch) for epoch in rows["epoch"]], **found} if found else None


def _zeros(result: dict[str, Any] | None) -> list[list[Any]] | None:
    """Return of each layer its name and the shares of its weights that are exactly zero, and near zero."""
    if result is None:
        return None
    shares = [(result.get(name) or {}) for name in ("sparsity", "near_zero")]
    layers = [each.get("layers") if isinstance(each, dict) else None for each in shares]
    if not all(isinstance(each, dict) for each in layers):
        return None
    rows = [[str(name), *(each.get(name) for each in layers if each is not None)] for name in layers[0] or ()]
    is_whole = all(isinstance(share, int | float) for row in rows for share in row[1:])
    return [finite(row) for row in rows] if rows and is_whole else None


def _end_of_log(folder: Path) -> str:
    """Return the last lines of the job's log; nothing where there is none."""
    for file in sorted(folder.glob("*.log"))[:1]:
        try:
            with file.open("rb") as log:
                log.seek(0, 2)
                log.seek(max(0, log.tell() - MOST_SIGNS))
                text = log.read().decode("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-MOST_LINES:])
    return ""
