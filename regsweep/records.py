"""Records are written whole or not at all.

Each file is written beside its place, flushed to the disk and moved there in one step, so a reader never
sees half a record and an interrupted run leaves none.
"""

import csv
import errno
import functools
import io
import itertools
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from regsweep.errors import RecordError, show
from regsweep.plain_yaml import parse

_T = TypeVar("_T")


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


def delete_unfinished(folder: Path) -> None:
    """Delete the records in `folder` that a process was writing when it was killed. The folder must be owned."""
    for leftover in unfinished(folder / "*"):
        leftover.unlink(missing_ok=True)


def unfinished(path: Path) -> Iterator[Path]:
    """Yield the beginnings of the record `path` that processes were writing, or still are."""
    return path.parent.glob(f".{path.name}.*.tmp")


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
        content = json.loads(_read_text(path))
    except RecursionError as error:
        raise RecordError(f"{path}: not a readable record (nested too deeply)") from error
    except ValueError as error:
        raise RecordError(f"{path}: not a readable record ({show(error)})") from error
    if not isinstance(content, dict):
        raise RecordError(f"{path}: not a record")
    return content


def read_as(path: Path, kind: type[_T]) -> _T:
    """Return the record at `path` as a `kind`, a dataclass; what else the record has is left out.

    Raises:
        RecordError: when it cannot be read, lacks a field, or one is of another type or a number that is not finite.
    """
    from pydantic import ValidationError  # noqa: PLC0415  (a report that reads none need not wait for it)

    content = read_json(path)
    try:
        found: _T = _adapter(cast(Any, kind)).validate_json(json.dumps(content, allow_nan=False), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        wrong = ": ".join([*filter(None, [".".join(map(str, first["loc"]))]), first["msg"]])
        raise RecordError(f"{path}: not a readable record ({show(wrong)})") from error
    except ValueError as error:  # a number that is not finite
        raise RecordError(f"{path}: not a readable record ({show(error)})") from error
    return found


@functools.cache
def _adapter(kind: type[Any]) -> Any:
    from pydantic import TypeAdapter  # noqa: PLC0415

    return TypeAdapter(kind)


def read_yaml(path: Path) -> Any:
    """Return the plain content of the file at `path`, interpolations as they are written.

    Raises:
        RecordError: when it is missing, or not YAML.
    """
    try:
        return parse(_read_text(path))
    except ValueError as error:
        raise RecordError(f"{path}: not readable YAML ({show(error)})") from error


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror})") from error


def set_aside(path: Path, reason: str = "damaged") -> Path:
    """Add `reason` to the name of the file or folder at `path`, and return where it lies now; nothing is written over.

    Raises:
        RecordError: when it cannot be renamed.
    """
    names = (f"{path.name}.{reason}{'' if number == 1 else f'-{number}'}" for number in itertools.count(1))
    place = next(place for name in names if not os.path.lexists(place := path.with_name(name)))
    try:
        return path.rename(place)
    except OSError as error:
        raise write_error(place, error) from error


def write_error(path: Path, error: OSError) -> RecordError:
    """Return the error of a write that failed, with the next step."""
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
