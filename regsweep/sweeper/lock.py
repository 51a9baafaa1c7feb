"""One owner per folder, of a sweep or of a trial: a lock that names its process and host.

The operating system holds the lock for the process and drops it when that dies, however it dies. So it shows which
trials are still being trained after their sweep was killed. The file's content is for people.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from regsweep import records
from regsweep.errors import RecordError
from regsweep.paths import shown

NAME = ".lock"


@dataclass
class _Hold:
    """A lock of this process, and how often it was taken."""

    handle: int
    depth: int = 1


_holds: dict[Path, _Hold] = {}


def _let_go() -> None:
    """Close the handles in a process that was forked from the owner: it owns nothing, and may live longer."""
    for hold in _holds.values():
        os.close(hold.handle)
    _holds.clear()


os.register_at_fork(after_in_child=_let_go)


class FolderLock:
    """Own a folder meanwhile; the process that owns it may take the lock again.

    Args:
        folder: an existing folder.
        on_wait: receives the owner, when that is another process, and then the lock waits for that process to let
            go or to die; None: it does not wait.

    Raises:
        RecordError: when another process owns it and it does not wait, naming that process and its host; when the
            folder cannot be written.
    """

    def __init__(self, folder: Path, on_wait: Callable[[str], None] | None = None) -> None:
        self._path = folder.resolve() / NAME
        self._on_wait = on_wait

    def __enter__(self) -> FolderLock:
        """Take the lock."""
        if hold := _holds.get(self._path):
            hold.depth += 1
            return self
        try:
            _holds[self._path] = _Hold(self._lock())
        except OSError as error:
            raise records.write_error(self._path, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it back."""
        hold = _holds.get(self._path)
        if hold is None:
            return  # in a process that was forked meanwhile, which owns nothing
        hold.depth -= 1
        if not hold.depth:
            del _holds[self._path]
            self._path.unlink(missing_ok=True)
            os.close(hold.handle)

    def _lock(self) -> int:
        while True:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                self._await(handle)
                if self._is_in_place(handle):
                    os.ftruncate(handle, 0)
                    os.pwrite(handle, f"pid {os.getpid()} on host {socket.gethostname()}\n".encode(), 0)
                    return handle
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)  # its owner deleted it between our opening and our locking it

    def _await(self, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _read_owner(handle)
            if self._on_wait is None:
                raise RecordError(f"{self._path.parent}: in use by {owner}") from None
            self._on_wait(owner)
            fcntl.flock(handle, fcntl.LOCK_EX)

    def _is_in_place(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), self._path.stat())
        except FileNotFoundError:
            return False


def await_owners(folders: Iterable[Path], report: Callable[[str], None]) -> None:
    """Wait until no other process owns any of `folders`; where one does, `report` first receives which owns which.

    Raises:
        RecordError: when a lock cannot be read or taken.
    """
    owners = {folder: owner for folder in folders if (owner := _owner_of(folder))}
    if owners:
        listed = ", ".join(f"{shown(folder)} ({owner})" for folder, owner in owners.items())
        report(f"waiting for what still runs: {listed}")
    for folder in owners:
        with FolderLock(folder, on_wait=lambda _: None):
            pass


def _owner_of(folder: Path) -> str | None:
    path = folder / NAME
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise records.write_error(path, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_owner(handle)
    finally:
        os.close(handle)
    return None


def _read_owner(handle: int) -> str:
    return os.pread(handle, 200, 0).decode(errors="replace").strip() or "another process"
