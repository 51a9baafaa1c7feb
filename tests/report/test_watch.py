"""``report --watch``: the page of a sweep that runs, on this machine alone and read only."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from regsweep.errors import RegsweepError
from regsweep.report.watch import Latest
from tests.conftest import Regsweep


@pytest.fixture
def address(search: Path) -> Iterator[str]:
    """Return the address at which a real search's page is served."""
    process = subprocess.Popen(
        [sys.executable, "-m", "regsweep", "report", search.name, "--watch"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    yield line.split()[0]
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 0, "Ctrl-C is how it ends"
    assert line.endswith("shows the sweep as it is, anew every 5 seconds; Ctrl-C ends it\n")


def ask(address: str, path: str, method: str = "GET", host: str | None = None) -> tuple[int, str]:
    place = urlsplit(address)
    assert place.hostname == "127.0.0.1"
    connection = http.client.HTTPConnection(place.hostname, place.port or 0, timeout=30)
    connection.request(method, path, headers={} if host is None else {"Host": host})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_the_page_is_served_and_nothing_can_be_written(address: str, search: Path) -> None:
    before = sorted(path.name for path in search.iterdir())
    code, page = ask(address, "/")
    assert code == 200
    assert re.search(r'<html lang="en" data-seconds="5">', page)
    assert "location.reload()" in page
    assert ask(address, "/0/result.json") == (200, (search / "0" / "result.json").read_text())
    assert [ask(address, "/", method)[0] for method in ("POST", "PUT", "DELETE", "HEAD")] == [501, 501, 501, 405]
    assert ask(address, "/../command.json")[0] == 200, "within the folder"
    assert ask(address, "/../../../etc/passwd")[0] == 404
    assert ask(address, "/", host="example.org:80")[0] == 403, "as a page from elsewhere would ask"
    assert sorted(path.name for path in search.iterdir()) == before, "no file was made"
    (search / "2" / "result.json").unlink()
    (search / "2" / "trial.json").unlink()
    os.utime(search / "trials.csv")
    assert "2 complete" in ask(address, "/")[1], "the records as they are now"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sweep", "--watch", "--json"), "--watch: shows the page of one folder"),
        (("sweep", "sweep2", "--watch"), "--watch: shows the page of one folder"),
        (("nowhere", "--watch"), "nowhere: no such folder"),
    ],
)
@pytest.mark.usefixtures("search")
def test_what_cannot_be_watched_is_refused(regsweep: Regsweep, arguments: tuple[str, ...], message: str) -> None:
    shutil.copytree("sweep", "sweep2")
    done = regsweep("report", *arguments)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.splitlines()) == 1


def test_the_page_is_made_anew_where_a_table_has_changed_and_only_there(tmp_path: Path) -> None:
    made: list[int] = []
    fails = [False]

    def make() -> str:
        if fails[0]:
            raise RegsweepError("half written")
        made.append(len(made))
        return f"page {len(made)}"

    latest = Latest(tmp_path, make)
    assert [latest.page(), latest.page()] == ["page 1"] * 2
    for name in ("trials.csv", "confirmation/seeds/trials.csv", "searches/l1/trials.csv", "confirmation/plan.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a")
        before = latest.page()
        assert before == f"page {len(made)}"
        assert latest.page() == before
    assert len(made) == 5
    time.sleep(0.01)
    (tmp_path / "trials.csv").write_text("b")
    fails[0] = True
    assert latest.page() == "page 5", "what cannot be read now leaves the page as it was"
    fails[0] = False
    assert latest.page() == "page 6", "and is read the next time"
    fails[0] = True
    with pytest.raises(RegsweepError, match="half written"):
        Latest(tmp_path, make).page()
