"""One owner per sweep folder: a lock that names its process and host, and that a dead owner's successor takes over."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from types import TracebackType

from regsweep.errors import RecordError

NAME = ".lock"


class FolderLock:
    """Own a sweep's folder meanwhile.

    The operating system holds the lock for the process and drops it when that dies, however it dies; what the file
    says is for people.

    Raises:
        RecordError: when another process owns it, naming that process and its host.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._handle: int | None = None

    def __enter__(self) -> FolderLock:
        """Take the lock."""
        handle = self._lock()
        while not self._is_in_place(handle):
            os.close(handle)  # its owner deleted it between our opening and our locking it
            handle = self._lock()
        os.ftruncate(handle, 0)
        os.write(handle, f"pid {os.getpid()} on host {socket.gethostname()}\n".encode())
        self._handle = handle
        return self

    def _lock(self) -> int:
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(handle, 200).decode(errors="replace").strip()
            os.close(handle)
            raise RecordError(f"{self._path.parent}: in use by {owner or 'another process'}") from None
        return handle

    def _is_in_place(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), self._path.stat())
        except FileNotFoundError:
            return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it back."""
        if self._handle is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._handle)
