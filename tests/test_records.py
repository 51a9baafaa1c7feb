"""Records are whole or absent."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from regsweep import records
from regsweep.errors import RecordError


def test_a_record_reads_back(tmp_path: Path) -> None:
    content = {"λ": 1e-4, "counts": [1, 2, 3], "nested": {"none": None, "text": 'a "quoted" [1,\n 2]'}}
    records.write_json(tmp_path / "r.json", content)
    assert records.read_json(tmp_path / "r.json") == content
    assert '"counts": [ 1, 2, 3 ]' in (tmp_path / "r.json").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_number_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        records.write_json(tmp_path / "r.json", {"loss": float("nan")})
    assert not list(tmp_path.iterdir())


def test_rows_become_csv_with_empty_cells(tmp_path: Path) -> None:
    records.write_csv(tmp_path / "t.csv", ("a", "b"), [{"a": 1, "b": "x,y"}, {"a": 2}])
    assert (tmp_path / "t.csv").read_text() == 'a,b\n1,"x,y"\n2,\n'


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\x00", b"\xff", b"[" * 100_000])
def test_a_broken_record_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(RecordError, match=r"r\.json: not"):
        records.read_json(tmp_path / "r.json")
    with pytest.raises(RecordError, match=r"r\.json: not"):
        records.read_as(tmp_path / "r.json", Named)


@pytest.mark.parametrize(
    "content", [b"a: [", b"\x00", b"\xff", b"[" * 100_000, b"!!python/object/apply:os.getpid []", b"a: &a [1]\nb: [*a]"]
)
def test_broken_yaml_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.yaml").write_bytes(content)
    with pytest.raises(RecordError, match=r"c\.yaml: not readable YAML \(.+\)"):
        records.read_yaml(tmp_path / "c.yaml")


@pytest.mark.parametrize("read", [records.read_json, records.read_yaml])
def test_what_is_no_file_is_named(tmp_path: Path, read: Callable[[Path], object]) -> None:
    for name, reason in (("gone", "No such file"), (".", "Is a directory")):
        with pytest.raises(RecordError, match=f"cannot be read \\({reason}"):
            read(tmp_path / name)


@dataclass(frozen=True)
class Named:
    name: str
    number: float = 0.0


def test_a_record_is_read_as_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    records.write_json(path, {"name": "λ", "number": 1, "more": []})
    assert records.read_as(path, Named) == Named("λ", 1.0)
    for content, wrong in (({}, "name: Field required"), ({"name": 1}, "name: .*string"),
                           ({"name": "", "number": "1"}, "number: .*number")):  # fmt: skip
        records.write_json(path, content)
        with pytest.raises(RecordError, match=rf"r\.json: not a readable record \({wrong}"):
            records.read_as(path, Named)


def test_what_is_damaged_is_set_aside_and_writes_over_nothing(tmp_path: Path) -> None:
    for content in ("first", "second"):
        (tmp_path / "r.json").write_text(content)
        records.set_aside(tmp_path / "r.json")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "r.json.damaged": "first",
        "r.json.damaged-2": "second",
    }


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"cannot write .*r\.json: No such file or directory"):
        records.write_json(tmp_path / "gone" / "r.json", {})


def test_a_write_that_is_killed_leaves_the_old_record(tmp_path: Path) -> None:
    """A process that dies in the middle of writing leaves the record that was there."""
    path = tmp_path / "r.json"
    records.write_json(path, {"version": 1})
    script = (
        "import os, signal, sys; from pathlib import Path; from regsweep import records\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"records.write_json(Path({str(path)!r}), {{'version': 2}})\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -9
    assert json.loads(path.read_text()) == {"version": 1}


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root, to mount a small disk")
def test_a_full_disk_is_said(tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        records.write_text(tmp_path / "first.txt", "kept")
        with pytest.raises(RecordError, match=r"disk full writing .*big\.txt"):
            records.write_text(tmp_path / "big.txt", "x" * 200_000)
        assert [path.name for path in tmp_path.iterdir()] == ["first.txt"]
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
