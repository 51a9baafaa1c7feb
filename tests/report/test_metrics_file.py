"""The metrics files of other applications: what counts in each kind, and the true cause where nothing can be read."""

import math
from pathlib import Path

import pytest

from regsweep.errors import RecordError, RegsweepError
from regsweep.report.metrics_file import find_metrics, read_metrics
from regsweep.report.sweep import read_sweep
from tests.conftest import Regsweep

READ: dict[str, tuple[str, str, dict[str, float]]] = {
    "a list per epoch": ("m.json", '{"loss": [0.5, 0.2], "val": {"acc": [0.1, 0.9]}}', {"loss": 0.2, "val.acc": 0.9}),
    "an epoch without a value": ("m.json", '{"loss": [0.5, 0.2, null]}', {"loss": 0.2}),
    "a diverged last epoch": ("m.json", '{"loss": [0.5, NaN]}', {"loss": math.nan}),
    "lists in YAML": ("m.yaml", "loss: [0.5, 0.2]\n", {"loss": 0.2}),
    "a list of dictionaries": ("m.json", '[{"loss": 1, "acc": 0.1}, {"loss": 0.5}]', {"loss": 0.5, "acc": 0.1}),
    "of dictionaries in YAML": (
        "m.yml",
        "- {loss: 1, acc: 0.1}\n- {loss: 0.5, acc: null}\n",
        {"loss": 0.5, "acc": 0.1},
    ),
    "of dictionaries under a key": (
        "m.json",
        '{"step": 2, "log": [{"loss": 1}, {"loss": 0.5}, {"val": {"acc": 0.9}}]}',
        {"step": 2, "log.loss": 0.5, "log.val.acc": 0.9},
    ),
    "JSON Lines": ("m.jsonl", '{"loss": 1, "note": "a"}\n\n{"loss": 0.5}\n{"acc": 0.9}\n', {"loss": 0.5, "acc": 0.9}),
    "JSON Lines called JSON": ("m.json", '{"loss": 1}\r\n{"loss": 0.5}', {"loss": 0.5}),
    "one line": ("m.jsonl", '{"loss": 1}\n', {"loss": 1}),
    "an unfinished last line": ("m.jsonl", '{"loss": 1}\n{"loss": 0.5}\n{"loss": 0.', {"loss": 0.5}),
    "an unfinished second line": ("m.json", '{"loss": 1}\r\n{"loss', {"loss": 1}),
    "beside what is no number": (
        "m.json",
        '{"loss": 1, "matrix": [[1], [2]], "names": ["a"], "none": []}',
        {"loss": 1},
    ),
    "commas": ("m.csv", "epoch,loss\n1,0.5\n2,\n", {"epoch": 2, "loss": 0.5}),
    "tabs": ("m.csv", "epoch\tval, loss\n1\t0.5\n2\t0.2\n", {"epoch": 2, "val, loss": 0.2}),
    "tabs by name": ("m.TSV", "epoch\tloss\n1\t0.5\n", {"epoch": 1, "loss": 0.5}),
    "semicolons": ("m.csv", '\ufeff"loss, val";acc\n0.5;0.9\n0.2;\n', {"loss, val": 0.2, "acc": 0.9}),
    "decimal commas": ("m.csv", "epoch;loss\n1;0,25\n", {"epoch": 1, "loss": 0.25}),
    "one column": ("m.csv", "\nloss\n0.5\n", {"loss": 0.5}),
}


@pytest.mark.parametrize(("name", "content", "expected"), READ.values(), ids=READ)
def test_what_counts_in_a_metrics_file(tmp_path: Path, name: str, content: str, expected: dict[str, float]) -> None:
    (tmp_path / name).write_text(content, newline="")
    assert read_metrics(tmp_path / name) == pytest.approx(expected, nan_ok=True)


NOT_READ: dict[str, tuple[str, bytes, str]] = {
    "empty": ("m.json", b"", "an empty file"),
    "blank": ("m.csv", b" \n\n", "an empty file"),
    "empty YAML": ("m.yaml", b"\n", "an empty file"),
    "torn": ("m.json", b'{"loss": 1', "not readable JSON (Expecting ',' delimiter: line 1"),
    "JSON Lines torn within": (
        "m.jsonl",
        b'{"loss": 1}\n{"loss\n{"loss": 2}\n',
        "not readable JSON (Invalid control character at: line 2",
    ),
    "JSON Lines with a wrong last line": (
        "m.jsonl",
        b'{"loss": 1}\n{"loss": low}',
        "not readable JSON (Expecting value",
    ),
    "a torn list over several lines": ("m.json", b'[\n{"loss": 1},\n{"lo', "not readable JSON ("),
    "a text": ("m.json", b"loss 0.5", "not readable JSON"),
    "not UTF-8": ("m.csv", b"loss\n\xff\n", "not readable CSV"),
    "nested too deeply": ("m.json", b"[" * 100_000, "not readable JSON"),
    "a list of lists": ("m.json", b"[[1, 0.5], [2, 0.4]]", "a list of lists without names; a dictionary"),
    "a list of numbers": ("m.yaml", b"[0.5, 0.2]", "a list of numbers without names; a dictionary"),
    "lines of numbers": ("m.jsonl", b"0.5\n0.2\n", "a list of numbers without names; a dictionary"),
    "a number": ("m.json", b"0.5", "no dictionary; a dictionary"),
    "only texts": ("m.json", b'{"loss": "low", "names": ["a"], "ok": true}', "no numbers in it"),
    "only a list of lists": ("m.json", b'{"matrix": [[1, 2], [3, 4]]}', "no numbers in it"),
    "an empty list": ("m.json", b"[]", "no numbers in it"),
    "only a header": ("m.csv", b"epoch;loss\n", "no numbers in it"),
}


@pytest.mark.parametrize(("name", "content", "cause"), NOT_READ.values(), ids=NOT_READ)
def test_a_metrics_file_without_metrics_is_named_with_its_cause(
    tmp_path: Path, name: str, content: bytes, cause: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordError) as error:
        read_metrics(tmp_path / name)
    assert str(error.value).startswith(f"{tmp_path / name}: {cause}")


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.json").mkdir()
    with pytest.raises(RecordError, match=r"m\.json: cannot be read \(Is a directory\)"):
        read_metrics(tmp_path / "m.json")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("m.csv", "m.csv"),
        ("none.csv", None),
        ("*.csv", "m.csv"),
        ("?.csv", "m.csv"),
        ("??.csv", None),
        ("*.yaml", None),  # Hydra's own are hidden
        ("**/*.yaml", None),
        ("logs/*/metrics.jsonl", "logs/version [0]/metrics.jsonl"),
        ("**/metrics.jsonl", "logs/version [0]/metrics.jsonl"),
        ("*/version [0]/*.jsonl", "logs/version [0]/metrics.jsonl"),
        ("d*.json", None),  # a folder
    ],
)
def test_a_pattern_finds_the_one_file_of_a_job(tmp_path: Path, pattern: str, found: str | None) -> None:
    job = tmp_path / "x=*[1]?"
    for name in ("m.csv", ".hydra/config.yaml", "logs/version [0]/metrics.jsonl", "d.json/file"):
        (job / name).parent.mkdir(parents=True, exist_ok=True)
        (job / name).touch()
    assert find_metrics(job, pattern) == (job / found if found else None)


def jobs_with(folder: Path, *files: dict[str, str]) -> Path:
    """Return `folder` with a job of another application for each of `files`: contents by name."""
    for number, contents in enumerate(files):
        (folder / str(number) / ".hydra").mkdir(parents=True)
        (folder / str(number) / ".hydra" / "overrides.yaml").write_text(f"- lr={number}\n")
        for name, content in contents.items():
            (folder / str(number) / name).write_text(content)
    return folder


def test_several_files_that_match_are_named_and_none_is_read(tmp_path: Path) -> None:
    folder = jobs_with(tmp_path, {"a.csv": "acc\n0.1\n"}, {"b.csv": "acc\n0.2\n", "a.csv": "acc\n0.3\n"}, {})
    sweep = read_sweep(folder, metrics="*.csv", objective="acc")
    assert list(sweep.trials["status"]) == ["complete", "unreadable", "interrupted"]
    assert list(sweep.trials["acc"]) == pytest.approx([0.1, math.nan, math.nan], nan_ok=True)
    assert sweep.problems == ["1: several files match --metrics *.csv (a.csv, b.csv); name one"]


NOTHING_READ: dict[str, tuple[list[dict[str, str]], str]] = {
    "no file": ([{}, {}], "no job's folder has such a file with numbers in it (jobs: interrupted)"),
    "empty": ([{}, {"m.json": ""}], "(jobs: interrupted, unreadable); 1/m.json: an empty file"),
    "lists": ([{"m.json": "[[1]]"}], "(jobs: unreadable); 0/m.json: a list of lists without names"),
    "one of them": (
        [{"m.json": '{"loss": 1}'}, {"m.json": '{"acc": '}],
        "--objective acc: no such number in these trials; there are: loss; 1/m.json: not readable JSON",
    ),
}


@pytest.mark.parametrize(("files", "cause"), NOTHING_READ.values(), ids=NOTHING_READ)
def test_the_report_names_the_true_cause_in_one_line(
    regsweep: Regsweep, tmp_path: Path, files: list[dict[str, str]], cause: str
) -> None:
    folder = jobs_with(tmp_path / "jobs", *files)
    done = regsweep("report", str(folder), "--metrics", "m.json", "--objective", "acc")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert cause in done.err


@pytest.mark.parametrize("pattern", ["m.*", "**.csv", "../*.csv"])
def test_a_pattern_that_names_no_file_of_a_job_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(RegsweepError) as error:
        read_sweep(jobs_with(tmp_path, {"m.csv": "acc\n0.1\n"}), metrics=pattern)
    assert f"--metrics {pattern}: name a file inside each job's folder" in str(error.value)
