"""What a confirmation will take: how many configurations, seconds, and by how much two runs differ."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from regsweep.report.effort import count_configurations, seconds_a_trial, spread_of_differences
from regsweep.report.sweep import Sweep, read_sweep
from tests.decisions.handmade import write_sweep

LAMBDA = "regularizer.lambda"
OTHER = {"overrides": {LAMBDA: 0.5}, "accuracy": 0.1, "status": "failed"}


def read(folder: Path, trials: list[dict[str, Any]]) -> Sweep:
    return read_sweep(write_sweep(folder / "s", trials))


def of(penalty: float, seed: int | None = None, **columns: Any) -> dict[str, Any]:
    return {"overrides": {LAMBDA: penalty, **({} if seed is None else {"seed": seed})}, "seed": seed or 0, **columns}


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        ([of(0.1), of(0.2), of(0.3)], 3),
        ([of(0.1, 0), of(0.1, 1), of(0.2, 0), of(0.2, 1), of(0.2, 2)], 2),
        ([of(0.1), of(0.2), of(0.1, duplicate_of=0)], 2),
        ([of(0.1), of(0.2, status="failed")], 2),
        ([{"overrides": {"seed": seed}} for seed in range(3)], 1),
        ([{"overrides": {}}], 1),
        ([], 1),
    ],
)
def test_configurations_are_counted_without_seeds_and_repetitions(
    tmp_path: Path, trials: list[dict[str, Any]], expected: int
) -> None:
    assert count_configurations(read(tmp_path, trials)) == expected


@pytest.mark.parametrize(
    ("trials", "cores", "expected"),
    [
        # One after the other, from the end of the first to the end of the last 30 seconds for 40 seconds of work.
        ([of(i, seconds=10.0, ended=1e9 + 10 * i) for i in range(4)], 4, 7.5),
        # Two side by side: 20 seconds for 60 seconds of work.
        ([of(i, seconds=10.0, ended=1e9 + 10 * (i // 2)) for i in range(6)], 6, 10.0 / 3),
        # All records of one moment, as a copy has them: as many at a time as there are cores.
        ([of(i, seconds=10.0, ended=1e9) for i in range(4)], 2, 5.0),
        # It waited between the trials, which is none of theirs.
        ([of(i, seconds=10.0, ended=1e9 + 1000 * i) for i in range(4)], 4, 10.0),
        # The median of the complete trials: neither a failed one nor a slow one tells how long they take.
        (
            [of(i, seconds=s, ended=1e9 + 1000 * i) for i, s in enumerate((10.0, 11.0, 12.0, 13.0, 90.0))]
            + [of(9, seconds=0.5, ended=1e9, status="failed")],
            4,
            12.0,
        ),
        ([of(1, seconds=10.0, status="failed")], 1, 0.0),
        ([], 1, 0.0),
        ([of(1, seconds=0.0, ended=1e9), of(2, seconds=0.0, ended=1e9)], 1, 0.0),
        ([of(i, seconds=0.1, ended=1e9) for i in range(4)], 2, 0.05),
    ],
)
def test_seconds_of_a_trial_are_those_of_the_sweep_as_it_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trials: list[dict[str, Any]], cores: int, expected: float
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert seconds_a_trial(read(tmp_path, trials)) == pytest.approx(expected)


def test_where_the_number_of_cores_is_not_known_one_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    trials = [of(i, seconds=10.0, ended=1e9) for i in range(4)]
    assert seconds_a_trial(read(tmp_path, trials)) == pytest.approx(10.0)


FLAT = [0.1, 0.9, 0.1, 0.9, 0.1, 0.9]
"""Epochs in which a network still learns: what happens there is no spread."""


@pytest.mark.parametrize(
    ("trials", "variance"),
    [
        # With seeds: variances of [0.5, 0.6] and [0.7, 0.9], 0.005 and 0.02, whatever happened within the runs.
        ([of(1, s, accuracy=a, history=[*FLAT, 0, 0, 1]) for s, a in enumerate((0.5, 0.6))]
         + [of(2, s, accuracy=a) for s, a in enumerate((0.7, 0.9))], 0.0125),
        # A parameter that some lack, as Adam has no momentum, is a value as any other.
        ([of(1, s, accuracy=a) for s, a in enumerate((0.5, 0.6))]
         + [{**of(1, s, accuracy=a), "overrides": {**of(1, s)["overrides"], "optimizer.momentum": 0.9}}
            for s, a in enumerate((0.7, 0.9))], 0.0125),
        # Of two nothing is known, as their configurations were lost: they are not like each other.
        ([of(1, s, accuracy=a) for s, a in enumerate((0.5, 0.6))]
         + [{"overrides": {}, "seed": s, "accuracy": a} for s, a in enumerate((0.1, 0.9))], 0.005),
        # A configuration with one seed, and one that failed, say nothing.
        ([of(1, s, accuracy=a) for s, a in enumerate((0.5, 0.6))] + [of(2, 0, accuracy=0.9), of(3, 0, accuracy=0.1)]
         + [of(3, 1, status="failed")], 0.005),
        # Without seeds: the variance of the last third of the epochs, of nine or more.
        ([of(1, history=[*FLAT, 0.5, 0.6, 0.7])], 0.01),
        ([of(1, history=[*FLAT, 0.1, 0.5, 0.6, 0.7])], 0.01),
        ([of(1, history=[*FLAT, 0.5, 0.6, 0.7]), of(2, history=[*FLAT, 0.7, 0.7, 0.7])], 0.005),
        ([of(1, history=[*FLAT, 0.5, 0.6, 0.7]), of(2, history=[0.1, 0.9] * 4)], 0.01),
        ([of(1, history=[*FLAT, 0.5, 0.6, 0.7]), of(2, history=[*FLAT, 0, 0, 9], status="failed")], 0.01),
        ([of(1, history=[*FLAT, 0.5, 0.6, 0.7]), of(2, history=[*FLAT, 0, 0, 9], status="pruned")], 0.01),
        # The ten best alone: an eleventh that is worse wanders elsewhere.
        ([of(i, accuracy=0.6 + i / 100, history=[*FLAT, 0.5, 0.6, 0.7]) for i in range(10)]
         + [of(99, accuracy=0.59, history=[*FLAT, 0, 0, 1])], 0.01),
        ([of(1, history=[0.1, 0.9] * 4)], None),
        ([of(1, history=[0.6] * 9)], None),
        ([of(1, 0, accuracy=0.5), of(2, 0, accuracy=0.6)], None),
        ([], None),
    ],
)  # fmt: skip
def test_two_runs_differ_by_what_the_sweep_tells(
    tmp_path: Path, trials: list[dict[str, Any]], variance: float | None
) -> None:
    """The difference of two runs has twice the variance of one."""
    spread = spread_of_differences(read(tmp_path, trials))
    assert spread == (None if variance is None else pytest.approx((2 * variance) ** 0.5))


@pytest.mark.parametrize(("minimize", "variance"), [(True, 0.01), (False, (9 * 0.01 + 0.81) / 10)])
def test_the_best_trials_are_those_of_the_sweep_s_direction(tmp_path: Path, variance: float, *, minimize: bool) -> None:
    """Ten trials wander alike; the eleventh, of the highest loss, wanders further."""
    alike = [of(i, loss=0.5 + i / 100, history=[*FLAT, 0.5, 0.6, 0.7]) for i in range(10)]
    folder = write_sweep(tmp_path / "s", [*alike, of(99, loss=9.0, history=[*FLAT, 0.1, 1.0, 1.9])])
    spread = spread_of_differences(read_sweep(folder, objective="validation_loss", minimize=minimize))
    assert spread == pytest.approx((2 * variance) ** 0.5)
