"""Records are whole or absent."""

import json
import os
import subprocess
import sys
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


@pytest.mark.parametrize("content", ["", "{", "[1]", "\x00"])
def test_a_broken_record_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "r.json").write_text(content)
    with pytest.raises(RecordError, match=r"r\.json: not"):
        records.read_json(tmp_path / "r.json")


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
