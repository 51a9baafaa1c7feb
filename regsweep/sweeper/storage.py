"""Where the study is kept: a file in the sweep's folder, or a database server, which may be away for a while."""

from __future__ import annotations

import functools
import logging
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import RDBStorage, get_storage
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError

from regsweep import records
from regsweep.errors import RegsweepError
from regsweep.sweeper.redact import redact

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from sqlalchemy.engine.interfaces import DBAPIConnection

_log = logging.getLogger("regsweep")

AWAY = (StorageInternalError, OperationalError, InterfaceError)
"""What a call to the study raises where its database cannot be reached, or cannot write."""


def is_away(error: BaseException) -> bool:
    """Return whether a database cannot be reached or written now. What it lacks, a table or a column, is damage."""
    cause = error.__cause__ if isinstance(error, StorageInternalError) else error
    code = getattr(getattr(cause, "orig", None), "sqlite_errorcode", None)
    return isinstance(error, AWAY) and code != sqlite3.SQLITE_ERROR


_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before each further call: a minute in all, in which a server restarts."""


def open_storage(url: str) -> BaseStorage:
    """Return the storage at `url`; on a server, one that outlasts a restart and connections that were closed.

    A file is not waited for: where its disk is full, the sweep ends at once.

    Raises:
        OperationalError: when a server cannot be reached to begin with.
        RegsweepError: when it is no URL, or its driver is not installed.
    """
    try:
        if url.startswith("sqlite"):
            return get_storage(url)
        opened = get_storage(RDBStorage(url, engine_kwargs={"pool_pre_ping": True}))
    except (ImportError, ValueError, ArgumentError) as error:
        # Not the URL, which may hold a password.
        raise RegsweepError(f"hydra.sweeper.storage: cannot be opened ({type(error).__name__})") from error
    return cast("BaseStorage", _PatientStorage(opened))


def open_file(path: Path) -> BaseStorage:
    """Return the storage in the file at `path`, which does not wait for the disk at each of a trial's twenty commits.

    That outlasts the end of any process. Where the machine itself loses power the file may be damaged, and is then
    rebuilt from the records, which do wait.

    Raises:
        RecordError: when a new file cannot be written.
    """
    if not path.exists():
        path.with_name(f"{path.name}-journal").unlink(missing_ok=True)  # of a file that was lost, not of this one
        records.write_bytes(path, _empty_file())
    storage = RDBStorage(f"sqlite:///{quote(str(path))}")
    event.listen(storage.engine, "connect", _do_not_wait)
    storage.engine.dispose()  # those that it has opened so far
    return get_storage(storage)


@functools.cache
def _empty_file() -> bytes:
    """Return a file without a study, which takes Optuna a fifth of a second and dozens of waits for the disk to make.

    A comparison starts a sweep for each contestant, and some more.
    """
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "study.db"
        RDBStorage(f"sqlite:///{quote(str(file))}").engine.dispose()
        return file.read_bytes()


def _do_not_wait(connection: DBAPIConnection, _: object) -> None:
    connection.cursor().execute("PRAGMA synchronous = OFF")


def reason(error: BaseException) -> str:
    """Return in one line, without a password, why a call to the study failed."""
    return " ".join(redact(str(error.__cause__ or error)).split("\n")[0].split())


class _PatientStorage:
    """Hands every call on to `storage`, and calls again, for about a minute, while that is away."""

    def __init__(self, storage: BaseStorage) -> None:
        self._storage = storage

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._storage, name)
        return _patient(name, found) if callable(found) else found


def _patient(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def patient(*arguments: Any, **named: Any) -> Any:
        for number, pause in enumerate(_PAUSES):
            try:
                return call(*arguments, **named)
            except AWAY as error:
                if number == 0:
                    _log.warning(f"the study's database does not answer ({reason(error)}); trying for a minute")
                time.sleep(pause)
            except UpdateFinishedTrialError:
                if number == 0 or name != "set_trial_state_values":
                    raise
                return True  # written by the call before, whose answer was lost
        return call(*arguments, **named)

    return patient
