"""Records are written whole or not at all.

Each file is written beside its place, flushed to the disk and moved there in one step, so a reader never
sees half a record and an interrupted run leaves none.
"""

import csv
import errno
import io
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from regsweep.errors import RecordError


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically.

    Raises:
        RecordError: when the disk is full or the folder cannot be written.
    """
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise write_error(path, error) from error


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, in UTF-8."""
    write_bytes(path, text.encode())


def write_json(path: Path, content: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write `content` to `path` atomically; numbers that are not finite are refused, as JSON has none."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    # A list of numbers reads better in one line; raw newlines stand only between JSON's own tokens.
    text = re.sub(r"\[\n[^\[\]{}\"]*\]", lambda numbers: re.sub(r"\s+", " ", numbers[0]), text)
    write_text(path, text + "\n")


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write `rows` to `path` atomically, with a header; a missing value is an empty cell."""
    header = dict(zip(columns, columns, strict=True))
    write_text(path, csv_lines(columns, [header, *rows]))


def csv_lines(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a line of CSV per row."""
    text = io.StringIO()
    csv.DictWriter(text, fieldnames=columns, lineterminator="\n").writerows(rows)
    return text.getvalue()


def read_json(path: Path) -> dict[str, Any]:
    """Return the record at `path`.

    Raises:
        RecordError: when it cannot be read, is not JSON or is not a record.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: not a readable record ({error})") from error
    if not isinstance(content, dict):
        raise RecordError(f"{path}: not a record")
    return content


def write_error(path: Path, error: OSError) -> RecordError:
    """Return what to tell a user of a write that failed."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RecordError(f"disk full writing {path}; free some space and run again")
    reason = error.strerror or str(error)
    return RecordError(
        f"cannot write {path}: {reason}; choose a folder that you can write to with hydra.run.dir or hydra.sweep.dir"
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
