"""What an earlier version made can be read, and not gone on with."""

from pathlib import Path

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
    try:
        content = records.read_yaml(config)
    except RecordError:
        return  # whoever needs it names it
    if is_before_0_3(content):
        version = _version(folder)
        raise RegsweepError(
            f"{shown(folder)}: made by regsweep {version}, whose keys below regularizer were others; regsweep report "
            f"shows it, and pip install 'regsweep=={version}' goes on with it"
        )


def _version(folder: Path) -> str:
    for place in (folder, *sorted(folder.glob("[0-9]*"))):
        try:
            return str(RunRecord.read(RunPaths(place).result).versions["regsweep"])
        except (RecordError, KeyError):
            continue
    return "0.2.0"
