"""Where a report's own files lie, and whose they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from regsweep import records
from regsweep.errors import RecordError, RegsweepError
from regsweep.paths import SweepPaths
from regsweep.report.hydra_files import at
from regsweep.report.rows import FIRST

COMPARISON = "comparison.html"
"""Several sweeps side by side, in the working folder."""
MADE_BY = "made_by"
"""The key of ``summary.json`` with the name of its author."""
SWEEPERS = ("regsweep.sweeper.plugin.RegsweepSweeper", "regsweep.sweeper.plugin.GridSweeper")
"""The targets of ``hydra/sweeper=regsweep`` and ``regsweep_grid``, as a sweep's settings name them."""


@dataclass(frozen=True)
class ReportPaths:
    """The files that a report writes into a sweep's folder."""

    folder: Path

    @property
    def page(self) -> Path:
        """Everything on one page."""
        return self.folder / "report.html"

    @property
    def summary(self) -> Path:
        """The answer and the numbers behind it, for scripts."""
        return self.folder / "summary.json"

    @property
    def trials(self) -> Path:
        """One row per trial."""
        return SweepPaths(self.folder).trials

    @property
    def figures(self) -> Path:
        """Figures for papers, and what they show as tables."""
        return self.folder / "figures"


def written_before(paths: ReportPaths) -> list[str]:
    """Return the files that an earlier report wrote here, relative to the folder; empty where there was none."""
    try:
        summary = records.read_json(paths.summary)
    except RecordError:
        return []
    files = summary.get("files")
    is_ours = str(summary.get(MADE_BY)).startswith("regsweep") and isinstance(files, list)
    return [str(file) for file in files] if is_ours and files else []


def writes_trials(paths: ReportPaths) -> bool:
    """Return whether the report writes another application's ``trials.csv``: this project's sweeper keeps its own."""
    return not (_is_of_our_sweeper(paths) and paths.trials.is_file())


def require_free(paths: ReportPaths, files: Iterable[str]) -> None:
    """Refuse to write over what another application, or its user, left in its folder.

    Raises:
        RegsweepError: when one of `files` (relative to the folder) exists and neither an earlier report nor this
            project's sweeper wrote it.
    """
    ours = set(written_before(paths))
    if _is_of_our_sweeper(paths):
        ours.add(paths.trials.name)
    if not _is_table_of_trials(paths.trials):
        ours.discard(paths.trials.name)  # somebody has put another one in its place
    for file in files:
        if file not in ours and (paths.folder / file).exists():
            raise RegsweepError(
                f"{paths.folder / file}: exists and was not written by regsweep report; rename it, then report again"
            )


def _is_of_our_sweeper(paths: ReportPaths) -> bool:
    """Return whether this project's sweeper made the sweep, and so its ``trials.csv``."""
    try:
        settings = records.read_yaml(SweepPaths(paths.folder).multirun)
    except RecordError:
        return False
    return bool(at(settings, "hydra", "sweeper", "_target_") in SWEEPERS)


def _is_table_of_trials(path: Path) -> bool:
    """Return whether the file begins with the columns with which report and sweeper begin theirs."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline().rstrip("\r\n").split(",")[: len(FIRST)] == FIRST
    except (OSError, ValueError):
        return False
