"""What ``summary.json`` holds, for scripts."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regsweep import __version__
from regsweep.report.figures.evidence import Evidence
from regsweep.report.summary import plain, summary
from regsweep.report.sweep import read_sweep
from regsweep.statistics.intervals import anytime_interval, t_interval
from regsweep.statistics.power import seeds_needed
from tests.conftest import PROJECT
from tests.decisions.confirmations import Made, confirmed
from tests.decisions.handmade import write_sweep

UP = [0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004]
LESS = [0.002, -0.001, *UP[2:]]
MIXED = [0.004, -0.005, 0.003, 0.0, 0.005, -0.003, 0.004, -0.005, 0.003, -0.004]
ANYTIME_NEEDED = seeds_needed(abs(float(np.mean(MIXED[1:]))), float(np.std(MIXED[1:], ddof=1)), 2, is_sequential=True)
NEEDED = seeds_needed(abs(float(np.mean(MIXED[1:]))), float(np.std(MIXED[1:], ddof=1)), 2)
TRIALS: list[dict[str, Any]] = [
    {"overrides": {"optimizer.lr": 0.1}, "accuracy": 0.5},
    {"overrides": {"optimizer.lr": 0.2}, "accuracy": 0.7, "test": 0.6, "sparsity": 0.25},
    {"overrides": {"optimizer.lr": 0.3}, "status": "failed", "error": "it died"},
]
BEST = {
    **{"train_accuracy": 0.9, "train_loss": 0.5, "validation_accuracy": 0.7, "validation_loss": 1.0},
    **{"test_accuracy": 0.6, "test_loss": 1.0, "train_seconds": 4.5, "evaluate_seconds": 1.5, "total_seconds": 6.0},
}


def test_a_sweep_in_full(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "s", TRIALS)
    record = json.loads((folder / "1" / "result.json").read_text())
    (folder / "1" / "result.json").write_text(json.dumps({**record, "versions": {"torch": "2.9"}}))
    (folder / "0" / "result.json").write_text("{")
    found = summary(Evidence(read_sweep(folder)), ["Trial 1."], ["report.html"])
    assert found == {
        "made_by": f"regsweep {__version__}",
        "kind": "sweep",
        "answer": ["Trial 1."],
        "objective": "validation_accuracy",
        "direction": "maximize",
        "objectives": {},
        "front": [],
        "num_trials": {"total": 3, "complete": 1, "failed": 1, "unreadable": 1},
        "best_by_data_set": {},
        "best_trial": {"number": 1, "folder": "1", "parameters": {"optimizer.lr": 0.2}, "metrics": BEST},
        "seed_key": None,
        "best_configuration": None,
        "configurations": [],
        "confirmation": None,
        "versions": {"torch": "2.9"},
        "skipped": read_sweep(folder).problems,
        "files": ["report.html"],
    }
    assert len(found["skipped"]) == 1
    by_zeros = summary(Evidence(read_sweep(folder, objective="sparsity", minimize=True)), [], [])
    assert (by_zeros["objective"], by_zeros["direction"]) == ("sparsity", "minimize")
    assert by_zeros["best_trial"]["metrics"] == {**BEST, "sparsity": 0.25}


def test_the_documentation_s_example_prints_what_is_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = read_sweep(write_sweep(tmp_path / "my_comparison", TRIALS))
    found = confirmed(tmp_path / "c", Made("high", UP, UP), Made("open", MIXED))
    content = summary(Evidence(sweep, found), [], [])
    (sweep.folder / "summary.json").write_text(json.dumps(content))
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", (PROJECT / "docs" / "agents.md").read_text(), re.DOTALL)
    exec(block, {})  # noqa: S102
    high = content["confirmation"]["candidates"][0]["against_tuned_baseline"]
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"high {high['mean']} {high['interval']} ")


def test_a_sweep_without_a_best_trial(tmp_path: Path) -> None:
    found = summary(Evidence(read_sweep(write_sweep(tmp_path / "s", TRIALS[2:]))), [], [])
    assert (found["best_trial"], found["versions"], found["confirmation"]) == (None, None, None)


SEEDS = list(range(4, 14))
TRAINED = {"trial": 7, "parameters": {}, "selected_for": 0.86, "trial_0": None}


@pytest.mark.parametrize("is_sequential", [False, True])
def test_a_confirmation_in_full(tmp_path: Path, *, is_sequential: bool) -> None:
    sweep = read_sweep(write_sweep(tmp_path / "s", TRIALS))
    made = [Made("high", UP, LESS, ("L2", "dropout")), Made("open", [None, *MIXED[1:]])]
    both = confirmed(tmp_path / "c", *made, is_sequential=is_sequential)
    found = summary(Evidence(sweep, both), [], [])["confirmation"]
    assert found == {
        "compared_by": {"name": "test_accuracy", "direction": "maximize"},
        "baseline_keys": {},
        "chosen_by": {"name": "validation_accuracy", "direction": "maximize"},
        "seed_key": "seed",
        "seeds": SEEDS,
        "num_planned_seeds": 10,
        "is_sequential": is_sequential,
        "new_splits": None,
        "baseline": {
            **TRAINED,
            "name": "no regularization (tuned)",
            "kind": [],
            "selected_for": 0.85,
            "mean": pytest.approx(0.8),
            "values": {str(seed): 0.8 for seed in SEEDS},
        },
        "candidates": [better_candidate(is_sequential=is_sequential), open_candidate(is_sequential=is_sequential)],
        "ablation": None,
        "once_more": None,  # the records made here have no overrides
        "skipped": both.problems,
    }
    assert "open, seed 4: diverged" in found["skipped"]
    json.dumps(found, allow_nan=False)


def better_candidate(*, is_sequential: bool) -> dict[str, Any]:
    counts = {"p_value": 2 / 1024, "num_better": 10, "num_equal": 0, "probability_better": 1.0}
    own_counts = {"p_value": 4 / 1024, "num_better": 9, "num_equal": 0, "probability_better": 0.9}
    own, own_mean = "no regularization for high", 0.804 - float(np.mean(LESS))
    p_values = (None, None) if is_sequential else (4 / 1024, 8 / 1024)
    return {
        **TRAINED,
        "name": "high",
        "kind": ["L2", "dropout"],
        "mean": pytest.approx(0.804),
        "values": {str(seed): pytest.approx(0.8 + UP[i]) for i, seed in enumerate(SEEDS)},
        "against_tuned_baseline": against("no regularization (tuned)", 0.8, UP, counts, is_sequential=is_sequential),
        "against_own_baseline": against(own, own_mean, LESS, own_counts, is_sequential=is_sequential),
        "claim": claim_of("better", "against_own_baseline", *p_values),
        "seeds_needed": None,
    }


def open_candidate(*, is_sequential: bool) -> dict[str, Any]:
    """Its first seed diverged, and it was not trained beside a baseline of its own."""
    counts = {"p_value": 476 / 512, "num_better": 4, "num_equal": 1, "probability_better": 0.5}
    tuned, differences = "no regularization (tuned)", MIXED[1:]
    p_values = (None, None) if is_sequential else (476 / 512, 476 / 512)
    return {
        **TRAINED,
        "name": "open",
        "kind": ["dropout"],
        "mean": pytest.approx(0.8 + np.mean(differences)),
        "values": {str(seed): pytest.approx(0.8 + MIXED[i]) if i else None for i, seed in enumerate(SEEDS)},
        "against_tuned_baseline": against(tuned, 0.8, differences, counts, is_sequential=is_sequential),
        "against_own_baseline": None,
        "claim": claim_of(None, "not trained", *p_values),
        "seeds_needed": ANYTIME_NEEDED if is_sequential else NEEDED,
    }


def claim_of(claim: str | None, rests_on: str, p_value: float | None, adjusted: float | None) -> dict[str, Any]:
    return {"claim": claim, "rests_on": rests_on, "p_value": p_value, "adjusted_p_value": adjusted}


def against(
    baseline: str, mean: float, differences: list[float], counts: dict[str, float], *, is_sequential: bool
) -> dict[str, Any]:
    """Return the comparison on the last seeds, one for each difference; a p-value needs that there was one look."""
    interval = (anytime_interval if is_sequential else t_interval)(differences, 0.975)  # of two configurations
    return {
        **counts,
        "baseline": baseline,
        "baseline_mean": pytest.approx(mean),
        "seeds": SEEDS[-len(differences) :],
        "mean": pytest.approx(np.mean(differences)),
        "standard_deviation": pytest.approx(np.std(differences, ddof=1)),
        "interval": pytest.approx([interval.low, interval.high]),
        "interval_with_images": None,
        "p_value": None if is_sequential else pytest.approx(counts["p_value"]),
        "num_seeds": len(differences),
        "num_diverged": 0,
    }


def test_a_single_seed_and_a_worse_one_are_claimed_as_they_are(tmp_path: Path) -> None:
    sweep = read_sweep(write_sweep(tmp_path / "s", TRIALS))
    down = [-value for value in UP]
    worse = summary(Evidence(sweep, confirmed(tmp_path / "c", Made("low", down, down))), [], [])
    assert worse["confirmation"]["candidates"][0]["claim"]["claim"] == "worse"
    assert worse["confirmation"]["candidates"][0]["claim"]["rests_on"] == "against_tuned_baseline"
    single = summary(Evidence(sweep, confirmed(tmp_path / "d", Made("one", UP[:1]))), [], [])
    assert single["confirmation"]["candidates"][0]["against_tuned_baseline"] is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (math.inf, None),
        (np.float64("nan"), None),
        (None, None),
        (False, False),
        ("l1", "l1"),
        (Path("a/b"), "a/b"),
    ],
)
def test_values_as_json_has_them(value: object, expected: object) -> None:
    found = plain(value)
    assert (found, type(found)) == (expected, type(expected))
