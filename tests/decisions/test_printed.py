"""What terminals of several widths show: no word and no number is broken, and no command."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from regsweep.paths import SweepPaths
from regsweep.report.command import report
from regsweep.report.printed import MOST_ROWS, Column, in_lines, print_columns, print_line
from regsweep.report.sweep import read_sweep
from regsweep.report.table import outcome, print_table
from tests.decisions.handmade import write_sweep

NAMES = ("l2", "l2.lambda", "dropout", "dropout.p", "batch_norm", "optimizer.lr", "momentum", "label_smoothing.amount")


def shown(columns: Sequence[Column], width: int, num_rows: int) -> list[str]:
    file = io.StringIO()
    print_columns(Console(file=file, width=width, highlight=False), columns, [None] * num_rows, all_in="s/trials.csv")
    return [line.rstrip() for line in file.getvalue().splitlines()]


def settings(num: int, num_rows: int) -> list[Column]:
    return [
        Column("trial", [str(number) for number in range(num_rows)]),
        *(Column(name, [f"{0.123456 * (row + 1):.7f}" for row in range(num_rows)], True) for name in NAMES[:num]),
        Column("validation accuracy", [f"{0.9 - row / 1000:.4f}" for row in range(num_rows)]),
        Column("status", ["complete"] * num_rows, is_left=True),
    ]


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("num", [0, 1, 4, 6, 8])
def test_a_table_fits_and_nothing_in_it_is_broken(width: int, num: int) -> None:
    columns = settings(num, 3)
    lines = shown(columns, width, 3)
    assert max(map(len, lines)) <= width
    words = {word for line in lines for part in line.split() for word in (part, part.partition("=")[2])}
    assert {cell for column in columns for cell in column.cells} <= words
    assert {word for column in columns if not column.is_setting for word in column.heading.split()} <= words
    assert all(name in words or any(f"{name}=" in line for line in lines) for name in NAMES[:num])


def test_a_table_has_as_many_columns_as_fit() -> None:
    """All with whole headings; else headings in several lines; else the settings share the last column."""
    wide, narrow, together = (shown(settings(num, 2), 76, 2) for num in (2, 4, 6))
    assert wide[0].split() == ["trial", "l2", "l2.lambda", "validation", "accuracy", "status"]
    assert narrow[0].split() == ["validation"]
    assert narrow[1].split() == ["trial", "l2", "l2.lambda", "dropout", "dropout.p", "accuracy", "status"]
    assert together[1].split() == ["trial", "accuracy", "status", "settings"]
    assert together[2].split()[:5] == ["0", "0.9000", "complete", "l2=0.1234560", "l2.lambda=0.1234560"]


@pytest.mark.parametrize("width", [30, 40, 50])
def test_where_the_settings_have_no_room_beside_a_row_they_stand_below_it(width: int) -> None:
    lines = shown(settings(4, 2), width, 2)
    assert max(map(len, lines)) <= width
    rows = [place for place, line in enumerate(lines) if line.endswith("complete")]
    assert [lines[place].split()[:2] for place in rows] == [["0", "0.9000"], ["1", "0.8990"]]
    between = " ".join(lines[rows[0] + 1 : rows[1]]).split()
    assert between == ["l2=0.1234560", "l2.lambda=0.1234560", "dropout=0.1234560", "dropout.p=0.1234560"]
    assert " ".join(lines[rows[1] + 1 :]).split()[-1] == "dropout.p=0.2469120"


def test_what_a_trial_does_not_set_is_no_word_of_its_settings() -> None:
    columns = [*settings(6, 2), Column("warmup", ["–", "3"], is_setting=True)]
    lines = " ".join(shown(columns, 80, 2))
    assert lines.count("warmup=") == 1
    assert "warmup=3" in lines


def test_settings_that_are_the_same_everywhere_stand_below() -> None:
    same = Column("momentum", ["0.9"] * 2, is_setting=True)
    lines = shown([*settings(1, 2), same], 80, 2)
    assert lines[0].split() == ["trial", "l2", "validation", "accuracy", "status"], "the status is no setting"
    assert lines[-1] == "in all rows: momentum 0.9"
    assert shown([*settings(1, 1), Column("momentum", ["0.9"], is_setting=True)], 80, 1)[0].endswith(" momentum")
    late = Column("momentum", ["0.9"] * (MOST_ROWS + 4) + ["0.5"], is_setting=True)
    lines = shown([*settings(0, MOST_ROWS + 5), late], 80, MOST_ROWS + 5)
    assert "momentum" in lines[0].split(), "also where the row that differs is not shown"


@pytest.mark.parametrize(("num_rows", "last"), [(MOST_ROWS, None), (MOST_ROWS + 1, "21"), (1500, "1,500")])
def test_of_many_rows_the_first_are_shown(num_rows: int, last: str | None) -> None:
    lines = shown(settings(1, num_rows), 80, num_rows)
    numbers = [int(line.split()[0]) for line in lines[1:] if line.split()[0].isdigit()]
    assert numbers == list(range(MOST_ROWS))
    expected = [] if last is None else [f"the best {MOST_ROWS} of {last}; all are in s/trials.csv"]
    assert [line for line in lines if line.startswith("the best")] == expected


COMMAND = "regsweep compare regularizer=l1,l2 dataset=fashion_mnist dataset.train_size=1000 trainer.epochs=15 model=mlp"
SENTENCE = "To tune each of them, and then compare, which takes about as long as the sweep took, and a little more"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{SENTENCE}: {COMMAND}", [f"{SENTENCE}:", f"    {COMMAND}"]),
        (f"{SENTENCE}: cd /a && python train.py", [f"{SENTENCE}:", "    cd /a && python train.py"]),
        (f"{SENTENCE}: it is so", [f"{SENTENCE}: it is so"]),
        ("best: trial 3", ["best: trial 3"]),
        ("go on with regsweep resume s", ["go on with regsweep resume s"]),
    ],
)
def test_a_command_at_the_end_stays_whole(line: str, expected: list[str]) -> None:
    """In a terminal it has a line of its own, and the sentence is broken between words; a file has one line."""
    terminal, file = io.StringIO(), io.StringIO()
    print_line(Console(file=terminal, width=80, highlight=False, force_terminal=True, color_system=None), line)
    print_line(Console(file=file, width=80, highlight=False), line)
    assert file.getvalue() == f"{line}\n"
    lines = terminal.getvalue().splitlines()
    assert [" ".join(text.split()) for text in expected] == _joined(lines)
    assert all(len(text) <= 80 for text in lines if not text.startswith("    "))
    assert all(text in lines for text in expected if text.startswith("    ")), "a command is one line"


def _joined(lines: list[str]) -> list[str]:
    """Return sentences and commands, each as one line."""
    sentence = " ".join(line.strip() for line in lines if not line.startswith("    "))
    return [sentence, *(line.strip() for line in lines if line.startswith("    "))]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("gains 0.89 points here", 12, ["gains", "0.89 points", "here"]),
        ("gains 0.89 pointsmen", 12, ["gains 0.89", "pointsmen"]),
        ("baseline: 81.03 ± 0.78 %", 23, ["baseline:", "81.03 ± 0.78 %"]),
        ("baseline: 81.03 ± 0.78 %", 24, ["baseline: 81.03 ± 0.78 %"]),
        ("the 95 % interval", 6, ["the", "95 %", "interval"]),
        ("from −4.56 to −1.22", 10, ["from", "−4.56 to −1.22"]),
        ("from 92.20 % to 94.09 %", 12, ["from", "92.20 % to 94.09 %"]),
        ("from one to 3", 10, ["from one", "to 3"]),
        ("adjusted p = 0.0059.", 14, ["adjusted", "p = 0.0059."]),
        ("for 20 seeds", 7, ["for 20", "seeds"]),
        ("      a folder/with/a/long/name", 12, ["      a", "folder/with/a/long/name"]),
        ("      folder/with/a/long/name", 12, ["      folder/with/a/long/name"]),
        ("", 12, [""]),
        ("data    digits: train 200", 16, ["data    digits:", "        train", "        200"]),
        ("cat: 114, dog: 117, x", 14, ["cat: 114,", "dog: 117, x"]),
    ],
)
def test_a_number_stands_with_its_unit(text: str, width: int, expected: list[str]) -> None:
    assert in_lines(text, width) == expected
    terminal = io.StringIO()
    print_line(Console(file=terminal, width=width, highlight=False, force_terminal=True, color_system=None), text)
    assert terminal.getvalue().splitlines() == expected


def test_in_a_heading_too() -> None:
    columns = [*settings(4, 2), Column("95 % interval", ["0.9220 to 0.9409"] * 2)]
    lines = shown(columns, 90, 2)
    assert any(line.endswith("   95 %") for line in lines)
    assert not any(word == "%" for line in lines for word in [line.split()[-1]] if "95" not in line)


DRAW, CONFIRM = "to draw report.html: regsweep report s", "on fresh seeds: regsweep confirm s"


def ended(dropout: float, seed: int = 0, **more: Any) -> dict[str, Any]:
    overrides = {"regularizer.dropout": dropout, "seed": seed}
    return {"overrides": overrides, "seed": seed, "accuracy": 0.5 + dropout / 10, **more}


DIED: dict[str, Any] = {"accuracy": None, "status": "failed", "error": "it died"}


@pytest.mark.parametrize(
    ("trials", "is_confirmed", "expected"),
    [
        ([ended(0.1), ended(0.2)], False, [DRAW, CONFIRM]),
        ([ended(0.1), ended(0.2)], True, [DRAW]),
        ([ended(0.1, **DIED), ended(0.2)], False, [DRAW, CONFIRM]),
        ([ended(0.1, **DIED), ended(0.2, **DIED)], False, [DRAW]),
        ([ended(0.1)], False, []),
        ([{"overrides": {"optimizer.lr": rate}} for rate in (0.1, 0.2)], False, [DRAW]),
        # Over seeds the answer says it, below the table.
        ([ended(d, seed) for d in (0.1, 0.2) for seed in (0, 1)], False, [CONFIRM, DRAW]),
        ([ended(d, seed) for d in (0.1, 0.2) for seed in (0, 1)], True, [DRAW]),
    ],
)
def test_what_can_be_done_next_is_offered_and_nothing_else(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    trials: list[dict[str, Any]],
    is_confirmed: bool,
    expected: list[str],
) -> None:
    plan = SweepPaths(write_sweep(tmp_path / "s", trials)).confirmation.plan
    if is_confirmed:
        plan.parent.mkdir()
        plan.touch()
    report(Path("s"))
    offered = [line for line in capsys.readouterr().out.splitlines() if ": regsweep " in line]
    assert [line[-len(end) :] for line, end in zip(offered, expected, strict=True)] == expected


def failed(errors: Sequence[str | None]) -> list[dict[str, Any]]:
    return [
        {"overrides": {"optimizer.lr": 0.1}, "accuracy": None if error else 0.5, "error": error} for error in errors
    ]


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([None, "a", "b"], ["trial 1: a", "trial 2: b"]),
        (["a", "b", "a"], ["trials 0 and 2: a", "trial 1: b"]),
        (["a"] * 5, ["trials 0, 1, 2, 3 and 4: a"]),
        (["a"] * 8 + ["b"], ["trials 0, 1, 2, 3, 4 and 3 more: a", "trial 8: b"]),
        # The most frequent reasons, in the order of their trials.
        ([*"abcdef", "f"], ["trial 0: a", "trial 1: b", "trial 2: c", "trial 3: d", "trials 5 and 6: f",
                            "1 more reason in s/trials.csv"]),
    ],
)  # fmt: skip
def test_why_trials_failed_takes_a_few_lines(tmp_path: Path, errors: Sequence[str | None], expected: list[str]) -> None:
    write_sweep(tmp_path / "s", failed(errors))
    assert outcome(read_sweep(Path("s")))[1:] == expected


def test_fifteen_hundred_trials_print_a_screen(tmp_path: Path) -> None:
    rows = [{"overrides": {"optimizer.lr": 0.1 + n / 1e4}, "accuracy": 0.5 + n / 1e4} for n in range(1500)]
    rows[7] |= {"accuracy": None, "error": "out of memory"}
    file = io.StringIO()
    print_table(read_sweep(write_sweep(tmp_path / "s", rows)), Console(file=file, width=80, highlight=False))
    lines = file.getvalue().splitlines()
    assert len(lines) < 30
    assert re.match(r" *1499 ", lines[1]), "the best first"
    assert any(line.startswith("best: trial 1499") for line in lines)
    assert "1,500 trials: 1,500 complete" in lines
