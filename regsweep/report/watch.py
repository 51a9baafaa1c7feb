"""``regsweep report DIR --watch``: the page of a sweep that runs, served on this machine alone, and read only."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from regsweep.errors import RegsweepError

HOST = "127.0.0.1"
SECONDS = 5
"""Between two reloads of the page."""


class Latest:
    """The page as the records have it now, made anew where one of them has changed.

    Args:
        folder: the sweep's.
        make: returns the page; what it cannot read yet leaves the page as it was.
    """

    def __init__(self, folder: Path, make: Callable[[], str]) -> None:
        self._folder, self._make = folder, make
        self._lock = threading.Lock()
        self._seen: object = None
        self._page = ""

    def page(self) -> str:
        """Return the page.

        Raises:
            RegsweepError: when there is none yet, and none can be made.
        """
        with self._lock:
            seen = self._state()
            if seen != self._seen:
                try:
                    self._page, self._seen = self._make(), seen
                except RegsweepError:
                    if not self._page:
                        raise
            return self._page

    def _state(self) -> object:
        """Return what changes whenever a trial ends: the tables' times, of the sweep and of the parts of it."""
        tables = [self._folder, *self._folder.glob("confirmation/*"), *self._folder.glob("searches/*")]
        files = [place / "trials.csv" for place in tables] + [self._folder / "confirmation" / "plan.json"]
        return [(str(file), file.stat().st_mtime_ns) for file in files if file.is_file()]


class _Handler(SimpleHTTPRequestHandler):
    """Answers requests to read: the page, and what lies in the folders that it links to."""

    def __init__(self, *arguments: Any, latest: Latest, **options: Any) -> None:
        self._latest = latest
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        """Answer a request to read."""
        if not self._is_from_here():
            self.send_error(403, "asked under another name than this machine's own")
        elif urlsplit(self.path).path in ("/", "/report.html"):
            self._send_page()
        else:
            super().do_GET()

    def do_HEAD(self) -> None:
        """Answer as for a page, without one."""
        self.send_error(405)

    def _is_from_here(self) -> bool:
        """Return whether the request names this machine: a page from elsewhere cannot make a browser do so."""
        return self.headers.get("Host", "").rpartition(":")[0] in (HOST, "localhost")

    def _send_page(self) -> None:
        try:
            page = self._latest.page().encode()
        except RegsweepError as error:
            self.send_error(503, "no page yet", str(error))
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Log nothing: the terminal belongs to the sweep."""


def server_of(folder: Path, latest: Latest) -> ThreadingHTTPServer:
    """Return a server of the page and of the files in `folder`, at a free port."""
    return ThreadingHTTPServer((HOST, 0), partial(_Handler, latest=latest, directory=str(folder)))


def serve(folder: Path, make: Callable[[], str], say: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C.

    Args:
        folder: the sweep's.
        make: returns the page.
        say: is called with the page's address.

    Raises:
        RegsweepError: when no page can be made.
    """
    latest = Latest(folder, make)
    latest.page()
    with server_of(folder, latest) as server:
        address = f"http://{HOST}:{server.server_port}/"
        say(f"{address} shows the sweep as it is, anew every {SECONDS} seconds; Ctrl-C ends it")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return
