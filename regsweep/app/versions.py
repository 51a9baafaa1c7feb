"""What an earlier version made can be read, and not gone on with."""

from pathlib import Path
from typing import Any

from regsweep import records
from regsweep.errors import RecordError, RegsweepError
from regsweep.paths import RunPaths, shown
from regsweep.report.regularization import is_before_0_3
from regsweep.run_record import RunRecord


def require_this_version(folder: Path, config: Path) -> None:
    """Refuse to go on with a sweep or run that an earlier version made.

    Args:
        folder: of the sweep or the run.
        config: the file with its composed configuration.

    Raises:
        RegsweepError: naming the version.
    """
    places = (config, *(RunPaths(trial).config for trial in _trials(folder)))
    content = next(filter(None, map(_content, places)), None)  # of a trial where the sweep's own is lost
    if is_before_0_3(content):
        version = _version(folder)
        raise RegsweepError(
            f"{shown(folder)}: made by regsweep {version}, whose keys below regularizer were others; regsweep report "
            "shows it, and only that version goes on with it"
        )


def _content(path: Path) -> Any:
    try:
        return records.read_yaml(path)
    except RecordError:
        return None  # whoever needs it names it


def _trials(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9]*"))


def _version(folder: Path) -> str:
    """Return the version that the first readable record names."""
    for place in (folder, *_trials(folder)):
        try:
            return str(RunRecord.read(RunPaths(place).result).versions["regsweep"])
        except (RecordError, KeyError):
            continue
    return "before 0.3"
