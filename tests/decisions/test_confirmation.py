"""What is read from a confirmation's records: which runs pair, what is shown, and which images are believed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from regsweep.report.confirmation import Confirmation
from regsweep.report.figures import Evidence
from regsweep.report.read_confirmation import read_confirmation
from regsweep.report.summary import summary
from regsweep.report.sweep import read_sweep
from regsweep.statistics.intervals import t_interval
from tests.decisions.confirmations import Made, confirmed, write_correct
from tests.decisions.handmade import write_sweep

UP = [0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004]
# −0.47 points; the fixed interval is −0.83 to −0.11, the anytime-valid one −1.08 to 0.14.
ONE_LOOK = [-0.01, 0.0, -0.01, 0.0, -0.008, 0.001, -0.009, -0.001, -0.01, 0.0]


def read(folder: Path) -> Confirmation:
    found = read_confirmation(folder)
    assert found is not None
    return found


@pytest.mark.parametrize(("is_sequential", "is_shown", "sign"), [(False, True, -1), (True, False, 0)])
def test_what_one_look_shows_several_may_not(tmp_path: Path, *, is_sequential: bool, is_shown: bool, sign: int) -> None:
    found = confirmed(tmp_path, Made("dropout 0.2", ONE_LOOK, ONE_LOOK), is_sequential=is_sequential)
    assert (found.candidates[0].is_shown, found.candidates[0].claim.sign) == (is_shown, sign)


def test_a_contestant_that_never_trained_counts_among_all(tmp_path: Path) -> None:
    """It makes the intervals wider and the p-values larger, as if it had been trained."""
    alone = confirmed(tmp_path, Made("a", UP, UP)).candidates[0]
    plan = tmp_path / "confirmation" / "plan.json"
    lost = {"mixup": {"name": "mixup", "kind": ["mixup"]}}
    plan.write_text(json.dumps({**json.loads(plan.read_text()), "lost": lost, "keys": ["a"], "added": ["mixup"]}))
    found = read(tmp_path)
    candidate, never = found.candidates
    assert (never.name, never.kind, never.complete.empty, never.claim.sign) == ("mixup", ["mixup"], True, 0)
    assert (alone.claim.adjusted_p_value, candidate.claim.adjusted_p_value) == (2 / 1024, 4 / 1024)
    for each, confidence in ((alone, 0.95), (candidate, 0.975)):
        assert each.against_tuned.comparison is not None
        interval, expected = each.against_tuned.comparison.interval, t_interval(UP, confidence)
        assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))
    assert (found.added, found.go_on) == (["mixup"], "regsweep resume")


@pytest.mark.parametrize(("num_seeds", "is_compared"), [(1, False), (2, True)])
def test_two_pairs_can_be_compared(tmp_path: Path, num_seeds: int, *, is_compared: bool) -> None:
    found = confirmed(tmp_path, Made("dropout 0.2", UP[:num_seeds]))
    assert (found.candidates[0].against_tuned.comparison is not None) == is_compared
    assert found.has_comparisons == is_compared


def test_any_record_tells_the_share_of_the_largest_class(tmp_path: Path) -> None:
    confirmed(tmp_path, Made("high", UP, [*UP[:8], None, None]))
    for number in range(3):
        file = tmp_path / "confirmation" / "seeds" / str(number) / "result.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "class_sizes": None}))
    own = read(tmp_path).candidates[0].against_own
    assert own is not None
    np.testing.assert_allclose(own.differences[-2:], [0.203, 0.204])  # 60 % beside 80.3 and 80.4 %


@pytest.mark.parametrize(
    ("error", "is_believed"), [(0.0, True), (1e-12, True), (1e-6, False), (0.01, False), (0.5, False)]
)
def test_images_of_another_accuracy_than_the_record_are_not_believed(
    tmp_path: Path, error: float, *, is_believed: bool
) -> None:
    confirmed(tmp_path, Made("dropout 0.2", [0.0] * 3))
    for number in range(6):
        write_correct(tmp_path, "seeds", number, np.arange(100) >= 20 + number % 2)
    file = tmp_path / "confirmation" / "seeds" / "2" / "result.json"
    record = json.loads(file.read_text())
    record["metrics"]["test"]["accuracy"] -= error
    file.write_text(json.dumps(record))
    found = read(tmp_path)
    assert (found.candidates[0].against_tuned.num_differing == 1) == is_believed
    problems = [line for line in found.problems if "test_correct.npy" in line]
    assert len(problems) == (0 if is_believed else 1)
    if problems:
        assert "seeds/2/test_correct.npy: cannot be used (it is not of this run: another accuracy)" in problems[0]


def test_files_of_one_fault_are_counted_and_others_are_not(tmp_path: Path) -> None:
    confirmed(tmp_path, Made("a", UP), Made("b", UP))
    for number in range(30):
        write_correct(tmp_path, "seeds", number, np.arange(1000) >= 200)
    (tmp_path / "confirmation" / "seeds" / "1" / "test_correct.npy").unlink()  # of the first, on its first seed
    assert [line.partition("npy: ")[2] for line in read(tmp_path).problems] == [
        "missing; no interval for other test images"
    ]
    for number in range(1, 30, 3):
        (tmp_path / "confirmation" / "seeds" / str(number) / "test_correct.npy").unlink(missing_ok=True)
    for number in (2, 5, 8):  # each is cut at another place, and has another path
        file = tmp_path / "confirmation" / "seeds" / str(number) / "test_correct.npy"
        file.write_bytes(file.read_bytes()[: 200 + number])
    for number in (11, 14):
        file = tmp_path / "confirmation" / "seeds" / str(number) / "test_correct.npy"
        file.unlink()
        file.mkdir()
    lines = [line.partition("seeds/")[2] for line in read(tmp_path).problems]
    assert lines[0] == "1/test_correct.npy: missing (and 9 more like it); no interval for other test images"
    assert lines[1].startswith("2/test_correct.npy: cannot be used (it is no whole array of NumPy's) (and 2 more")
    assert lines[2].startswith("11/test_correct.npy: cannot be used (Is a directory) (and 1 more like it)")
    assert len(lines) == 3


def test_each_baseline_has_its_own_images_and_parameters(tmp_path: Path) -> None:
    """Of 1,000 test images the configuration has 20 more right than the tuned baseline, and 30 more than its own."""
    confirmed(tmp_path, Made("dropout 0.2", [0.02] * 6, [0.03] * 6))
    plan = tmp_path / "confirmation" / "plan.json"
    content = json.loads(plan.read_text())
    content["configurations"][1]["parameters"] = {"optimizer.lr": 0.003, "regularizer.dropout": 0.2}
    plan.write_text(json.dumps(content))
    for seed in range(6):
        write_correct(tmp_path, "seeds", 2 * seed, np.arange(1000) >= 200)
        write_correct(tmp_path, "seeds", 2 * seed + 1, np.arange(1000) >= 180)
        write_correct(tmp_path, "own_baselines", seed, np.arange(1000) >= 210)
    found = read(tmp_path)
    (candidate,) = found.candidates
    assert candidate.parameters == {"optimizer.lr": 0.003, "regularizer.dropout": 0.2}
    assert candidate.against_own is not None
    assert (candidate.against_tuned.num_differing, candidate.against_own.num_differing) == (20, 30)
    sweep = read_sweep(write_sweep(tmp_path / "s", [{"overrides": {"optimizer.lr": 0.1}}] * 2))
    (written,) = summary(Evidence(sweep, found), [], [])["confirmation"]["candidates"]
    assert written["parameters"] == candidate.parameters
    for name, against in (("tuned", candidate.against_tuned), ("own", candidate.against_own)):
        assert against.comparison is not None
        interval = against.comparison.interval_with_images
        assert interval is not None
        assert written[f"against_{name}_baseline"]["interval_with_images"] == [interval.low, interval.high]
