"""The confirmation in the terminal, at the width of most of them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from regsweep.report.confirmation_table import print_confirmation
from regsweep.report.sweep import read_sweep
from tests.decisions.confirmations import Made, confirmed
from tests.decisions.handmade import write_sweep

UP = [0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004]
WIDE = [0.03, -0.02, 0.03, -0.02, 0.02, -0.01, 0.01, 0.01, 0.0, -0.008]


def printed(tmp_path: Path, *made: Made, width: int, is_sequential: bool = False) -> list[str]:
    sweep = read_sweep(write_sweep(tmp_path / "s", [{"overrides": {"optimizer.lr": 0.1}}] * 2))
    found = confirmed(tmp_path / "c", *made, is_sequential=is_sequential)
    file = io.StringIO()
    print_confirmation(sweep, found, Console(file=file, width=width, highlight=False))
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [80, 160])
def test_no_number_is_broken(tmp_path: Path, width: int) -> None:
    both = Made("dropout 0.18 with BatchNorm, at lr 0.0031", UP, UP, ("dropout", "BatchNorm"))
    lines = printed(tmp_path, both, Made("L2 λ=0.0003, at lr 0.052", WIDE), width=width)
    rows = [" ".join(line.split()) for line in lines]
    assert rows[0] == "configuration: test accuracy points 95 % interval better in p p (Holm)"
    assert "vs. the tuned baseline +0.40 0.33 to 0.47 10 of 10 0.002 0.0039" in rows
    assert "vs. the same without them +0.40 0.33 to 0.47 10 of 10 0.002" in rows, "Holm's beside the larger p alone"
    assert "vs. the tuned baseline +0.42 −1.18 to 2.02 5 of 10 0.5 0.5" in rows
    assert any("intervals: 95 % for all 2 configurations together" in row for row in rows)
    assert "vs. the same without it not trained" in rows
    table = " ".join(rows[: rows.index("vs. the same without it not trained")])
    assert "no regularization (tuned): 80.00 ± 0.00 %" in table
    assert "dropout 0.18 with BatchNorm, at lr 0.0031: 80.40 ± 0.08 %" in table
    assert max(map(len, lines[: rows.index("vs. the same without it not trained")])) <= width


def test_a_mean_stands_with_its_unit(tmp_path: Path) -> None:
    names = [f"dropout with {'x' * n}" for n in range(1, 16)]
    lines = printed(tmp_path, *(Made(name, UP) for name in names), width=80)
    assert sum("80.40 ± 0.08 %" in line for line in lines) == len(names)
    assert not any(line.strip() in ("%", "0.08 %", "± 0.08 %") for line in lines)


def test_holms_p_value_stands_beside_what_the_claim_rests_on(tmp_path: Path) -> None:
    rows = [" ".join(line.split()) for line in printed(tmp_path, Made("dropout 0.2", UP, WIDE), width=100)]
    assert "vs. the tuned baseline +0.40 0.34 to 0.46 10 of 10 0.002" in rows
    assert "vs. the same without it +0.42 −0.93 to 1.77 5 of 10 0.5 0.5" in rows


def test_after_several_looks_there_are_no_p_values(tmp_path: Path) -> None:
    rows = printed(tmp_path, Made("dropout 0.2", UP, UP), width=80, is_sequential=True)
    assert rows[0].split()[-1] == "in"
    assert not any("Holm" in row for row in rows)


def test_a_configuration_with_one_run_has_no_mean(tmp_path: Path) -> None:
    rows = printed(tmp_path, Made("dropout 0.2", [0.01, *[None] * 9]), width=80)
    assert "dropout 0.2: –" in [row.strip() for row in rows]
    assert "vs. the tuned baseline –" in [" ".join(row.split()) for row in rows]


def test_many_files_of_one_fault_are_one_line(tmp_path: Path) -> None:
    lines = [row for row in printed(tmp_path, Made("dropout 0.2", UP), width=80) if "test_correct.npy" in row]
    assert len(lines) == 1
    assert "seeds/1/test_correct.npy: missing (and 9 more like it); no interval for other test images" in lines[0]
