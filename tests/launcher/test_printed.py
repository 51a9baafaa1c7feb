"""What a job prints in a worker: whole lines are sent at once, the rest at its end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from regsweep.launcher.pool import numbered
from regsweep.launcher.worker import Printed


def many_small(out: Printed) -> None:
    for _ in range(1_000_000):
        out.write("x")


def two_halves(out: Printed) -> None:
    letter = "ä".encode()
    out.buffer.write(letter[:1])
    out.buffer.write(letter[1:] + b"\n")


PRINTED: dict[str, tuple[Callable[[Printed], object], list[str]]] = {
    "a line": (lambda out: print("one", file=out), ["one\n"]),
    "a line in parts": (lambda out: print("a", "b", sep="-", end="!\n", file=out), ["a-b!\n"]),
    "the last line has no end": (lambda out: print("one\ntwo", end="", file=out), ["one\n", "two\n"]),
    "flushed before its end": (lambda out: print("10 %", end="", flush=True, file=out), ["10 %\n"]),
    "a progress bar": (lambda out: out.write("1 %\r2 %\r3 %"), ["1 %\r2 %\r", "3 %\n"]),
    "a million letters one by one": (many_small, ["x" * 1_000_000 + "\n"]),
    "bytes": (lambda out: out.buffer.write(b"x\n"), ["x\n"]),
    "bytes that are not UTF-8": (lambda out: out.buffer.write(b"\xff\n"), ["\ufffd\n"]),
    "a letter in two halves": (two_halves, ["ä\n"]),
    "text that is not UTF-8": (lambda out: out.write("\udcff\n"), ["?\n"]),
    "nothing": (lambda out: out.write(""), []),
}


@pytest.mark.parametrize(("do", "lines"), PRINTED.values(), ids=PRINTED)
def test_every_line_is_sent_and_the_last_one_is_ended(do: Callable[[Printed], object], lines: list[str]) -> None:
    sent: list[str] = []
    printed = Printed(sent.append)
    do(printed)
    printed.end_line()
    parts = [part for text in sent for part in ([text] if "\r" in text else text.splitlines(keepends=True))]
    assert parts == lines


def test_a_line_is_sent_before_the_job_ends() -> None:
    sent: list[str] = []
    out = Printed(sent.append)
    out.write("a\nb")
    assert sent
    assert sent[0].startswith("a\n")
    out.end_line()
    assert "".join(sent) == "a\nb\n"


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ("one\ntwo\n", "trial 3: one\ntrial 3: two\n"),
        ("1 %\r2 %\r", "trial 3: 1 %\rtrial 3: 2 %\r"),
        ("\n", "\n"),
        ("trial 3: train 0.9\n", "trial 3: train 0.9\n"),
        ("[INFO] trial 3 failed\n  why\n", "[INFO] trial 3 failed\ntrial 3:   why\n"),
        ("as trial 33\n", "trial 3: as trial 33\n"),
    ],
)
def test_each_line_carries_its_trial_s_number_once(lines: str, shown: str) -> None:
    assert numbered(lines, 3) == shown
