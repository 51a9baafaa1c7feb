"""Every file of a sweep, damaged in every way, under every command: a line that names it, and no record lost.

A cell for each file and for each damage here, in the cheapest command that reads it; the whole matrix with
``pytest -m "faults or not faults" tests/app/test_damaged_files.py``.
"""

from __future__ import annotations

import hashlib
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.app.test_confirm import confirmed_grid, confirmed_once
from tests.conftest import Finished, exit_code

__all__ = ["confirmed_grid", "confirmed_once"]

Cell = tuple[str, str, str]
"""Command, file, damage."""


def _not_a_number(content: bytes) -> bytes:
    sign = b"NaN" if content.startswith(b"{") else b".nan"
    return re.sub(rb"(?<![\w.-])-?\d+(\.\d+)?(e[-+]?\d+)?(?![\w.-])", sign, content)


def _values_of_another_type(content: bytes) -> bytes:
    try:
        keys = list(yaml.safe_load(content))
    except (yaml.YAMLError, TypeError, UnicodeDecodeError):
        return b"{}"
    return yaml.safe_dump({str(key): [{}] for key in keys}, default_flow_style=True).encode()


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "half": lambda content: content[: len(content) // 2],
    "garbage": lambda content: random.Random(1).randbytes(max(1000, len(content))),  # noqa: S311
    "another type": lambda _: b"[1, 2]\n",
    "text": lambda _: b"hello\n",
    "values of another type": _values_of_another_type,
    "nesting": lambda _: b"[" * 100_000,
    "NaN": _not_a_number,
    "tag": lambda _: b"!!python/object/apply:pathlib.Path.touch [owned]\n",
    "aliases": lambda _: b"a: &a [1]\nb: &b [*a, *a]\nc: [*b, *b]\n",
}
WAYS = [*DAMAGES, "missing", "folder"]

OF_A_SWEEP = ["multirun.yaml", "command.json", "study.db", "trials.csv", "optimization_results.yaml"]
OF_A_TRIAL = [
    *("result.json", "trial.json", "history.csv"),
    *(".hydra/config.yaml", ".hydra/overrides.yaml", ".hydra/hydra.yaml"),
]
OF_A_CONFIRMATION = [
    *("plan.json", "seeds.json", "choosing.json"),
    *(f"seeds/{name}" for name in ("command.json", "multirun.yaml", "study.db", "trials.csv")),
    *(f"seeds/0/{name}" for name in (*OF_A_TRIAL, "test_correct.npy")),
    *(f"baseline/{name}" for name in ("command.json", "study.db", "0/result.json")),
    *(f"choosing/{name}" for name in ("command.json", "study.db", "0/result.json")),
]
COMMANDS = ["report", "resume", "resume without study.db", "reproduce"]

CELLS = [(command, file, way) for command in COMMANDS for file in OF_A_SWEEP for way in WAYS]
CELLS += [(command, f"1/{name}", way) for command in COMMANDS for name in OF_A_TRIAL for way in WAYS]
CELLS = [(command, file, way) for command, file, way in CELLS if not command.endswith(file)]

CELLS_OF_A_CONFIRMATION = [
    (command, f"confirmation/{file}", way)
    for command in ("report", "confirm")
    for file in OF_A_CONFIRMATION
    for way in WAYS
]
CELLS_OF_A_CONFIRMATION += [
    ("confirm", file, way)
    for file in ("multirun.yaml", "command.json", *(f"0/{name}" for name in OF_A_TRIAL if name != "trial.json"))
    for way in WAYS
]
IN_ANY_CASE = {
    ("resume", "study.db", "garbage"),
    ("resume", "multirun.yaml", "nesting"),
    ("resume", "command.json", "values of another type"),
    ("report", "trials.csv", "missing"),
    ("report", "optimization_results.yaml", "tag"),
    ("report", "1/history.csv", "half"),
    ("report", "1/.hydra/overrides.yaml", "another type"),
    ("reproduce", "1/trial.json", "empty"),
    ("reproduce", "1/result.json", "NaN"),
    ("reproduce", "1/result.json", "folder"),
    ("reproduce", "1/.hydra/config.yaml", "aliases"),
    ("reproduce", "1/.hydra/hydra.yaml", "text"),
}


def damage(file: Path, way: str) -> None:
    content = file.read_bytes()
    file.unlink()
    if way == "folder":
        file.mkdir()
    elif way != "missing":
        file.write_bytes(DAMAGES[way](content))


def digests(folder: Path, file: str) -> dict[str, str]:
    """Return the digest of every record of a trial, and of what it set, but `file`."""
    names = ("result.json", "trial.json", "overrides.yaml")
    paths = [path for name in names for path in folder.rglob(name) if path.is_file()]
    found = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    return {name: digest for name, digest in found.items() if name != file}


def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: str) -> Finished:
    """Run the command line within this process, and hear its child processes too."""
    monkeypatch.setattr(sys, "argv", ["regsweep", *arguments])
    capfd.readouterr()
    code = exit_code()
    return Finished(code, *capfd.readouterr())


def require_named(done: Finished, file: str) -> None:
    printed = " ".join((done.out + done.err).split())
    assert "Traceback" not in printed
    assert done.code in (0, 1, 2, 3), printed
    if done.code:
        # A number that is another one cannot be told from one that came out differently.
        assert Path(file).name in printed or "NOT reproduced" in printed, printed


@pytest.mark.parametrize(
    "cell", [pytest.param(cell, marks=[] if cell in IN_ANY_CASE else [pytest.mark.faults], id=", ".join(cell))
             for cell in CELLS]
)  # fmt: skip
def test_a_damaged_file_is_named_and_no_record_is_lost(
    search: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], cell: Cell
) -> None:
    command, file, way = cell
    before = digests(search, file)
    damage(search / file, way)
    if command == "resume without study.db" and (search / "study.db").is_file():
        (search / "study.db").unlink()
    verb, *arguments = command.split()[:1]
    arguments += [str(search / "1" if verb == "reproduce" else search)]
    done = run(monkeypatch, capfd, verb, *arguments)
    require_named(done, file)
    after = digests(search, file)
    assert before.items() <= after.items()
    assert not Path("owned").exists(), "no tag is obeyed"


@pytest.mark.faults
@pytest.mark.parametrize("cell", CELLS_OF_A_CONFIRMATION, ids=", ".join)
def test_a_damaged_file_of_a_confirmation_is_named_and_no_record_is_lost(
    confirmed_grid: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], cell: Cell
) -> None:
    """The confirmation is to go on with one seed more."""
    command, file, way = cell
    before = digests(confirmed_grid, file)
    damage(confirmed_grid / file, way)
    more = ["--seeds", "3"] if command == "confirm" else []
    require_named(run(monkeypatch, capfd, command, str(confirmed_grid), *more), file)
    assert before.items() <= digests(confirmed_grid, file).items()
    assert not Path("owned").exists(), "no tag is obeyed"
