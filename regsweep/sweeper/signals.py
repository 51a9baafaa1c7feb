"""SIGINT and SIGTERM stop a sweep: at once while it waits for a job, otherwise before it waits again.

Raised in the middle of a transaction, an interrupt would leave the study locked. So outside of `interruptible` a
signal is only noted.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SHOW_CURSOR = "\x1b[?25h"


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""

    exit_code = 143


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM raise `Terminated` meanwhile, wherever the process is; a second one ends it at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(signum: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise Terminated


class Stop:
    """Handles both signals while it is entered; a second one ends the process at once."""

    def __init__(self) -> None:
        self._noted: int | None = None
        self._is_interruptible = False
        self._before: dict[int, signal._HANDLER] = {}

    def __enter__(self) -> Stop:
        """Handle them, where this thread can; one that this process was started to ignore stays ignored."""
        if threading.current_thread() is threading.main_thread():
            handled = [s for s in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(s) != signal.SIG_IGN]
            self._before = {signum: signal.signal(signum, self._handle) for signum in handled}
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Handle them no longer; raise for one that was noted and has raised nothing yet."""
        for signum, handler in self._before.items():
            signal.signal(signum, handler)
        if kind is None:
            self.raise_if_noted()

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let a signal raise `KeyboardInterrupt`, or `Terminated`, meanwhile; one that was noted does so here."""
        self._is_interruptible = True
        try:
            self.raise_if_noted()
            yield
        finally:
            self._is_interruptible = False

    @contextmanager
    def uninterruptible(self) -> Iterator[None]:
        """Only note a signal meanwhile, within `interruptible`."""
        was, self._is_interruptible = self._is_interruptible, False
        try:
            yield
        finally:
            self._is_interruptible = was
        if was:
            self.raise_if_noted()

    def raise_if_noted(self) -> None:
        """Raise for a signal that was noted."""
        if self._noted is not None:
            raise Terminated if self._noted == signal.SIGTERM else KeyboardInterrupt

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        if self._noted is not None:
            if sys.stdout.isatty():
                os.write(1, SHOW_CURSOR.encode())  # the live table hides it
            os._exit(128 + signum)
        self._noted = signum
        if self._is_interruptible:
            self.raise_if_noted()
