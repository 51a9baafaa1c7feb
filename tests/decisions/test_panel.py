"""Which trials have a panel on the page, and what stands in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regsweep.report.confirmation import Confirmation
from regsweep.report.page import panel, trials
from regsweep.report.sweep import Sweep, read_sweep
from tests.decisions.confirmations import Made, ablated, confirmed
from tests.decisions.handmade import write_sweep


def ranked(num: int, **others: Any) -> list[dict[str, Any]]:
    return [{"overrides": {"optimizer.lr": 0.1}, "accuracy": 0.5 + n / 1e4, **others} for n in range(num)]


def test_the_best_and_every_one_that_failed_have_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel, "MOST_BEST", 3)
    rows = ranked(6)
    rows[1] |= {"accuracy": None, "status": "failed", "error": "out of memory"}
    rows[2] |= {"accuracy": None, "status": "diverged", "error": "NaN"}
    rows += ranked(2, status="pruned")
    folder = write_sweep(tmp_path / "s", rows)
    (folder / "0" / "result.json").write_text("no record")
    assert set(panel.panels(read_sweep(folder))) == {"5", "4", "3", "1", "2", "0"}


def test_all_of_them_are_not_more_than_a_page_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = read_sweep(write_sweep(tmp_path / "s", ranked(6)))
    one = len(json.dumps(panel.panels(sweep)["5"]))
    monkeypatch.setattr(panel, "MOST_BYTES", 3 * one)
    assert list(panel.panels(sweep)) == ["5", "4", "3"], "the best come first"


def a_confirmation(tmp_path: Path) -> tuple[Sweep, Confirmation]:
    """Return a sweep of which two were confirmed; a seed of each diverged, and one has a baseline of its own."""
    folder = write_sweep(tmp_path / "s", ranked(2))
    first = Made("dropout 0.3", [0.01, 0.02, None], own=[0.03, 0.05, 0.01])
    found = confirmed(folder, first, Made("L2", [None, -0.01, 0.0]))
    return read_sweep(folder), found


def test_every_run_of_a_confirmation_has_one(tmp_path: Path) -> None:
    """By its folder: three configurations on three seeds, and a baseline's three."""
    found = {key: each for key, each in panel.panels(*a_confirmation(tmp_path)).items() if key not in ("0", "1")}
    assert set(found) == {
        *(f"confirmation/seeds/{n}" for n in range(9)),
        *(f"confirmation/own_baselines/{n}" for n in range(3)),
    }
    titles = {key: each["title"] for key, each in found.items()}
    assert titles["confirmation/seeds/4"] == "dropout 0.3, seed 5"
    assert titles["confirmation/seeds/3"] == "no regularization (tuned), seed 5"
    assert titles["confirmation/own_baselines/1"] == "no regularization for dropout 0.3, seed 5"
    assert all(each["folder"] == f"./{key}/" for key, each in found.items())
    assert all(each["command"].endswith(key) for key, each in found.items())
    assert found["confirmation/seeds/4"]["curves"]["epoch"] == [1, 2, 3]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (
            "confirmation/seeds/4",
            {
                "test accuracy": ["82.00 %"],
                "gain over the tuned baseline": ["+2.00 points", "confirmation/seeds/3"],
                "gain over its own baseline": ["+5.00 points", "confirmation/own_baselines/1"],
            },
        ),
        ("confirmation/own_baselines/1", {"test accuracy": ["77.00 %"]}),
        ("confirmation/seeds/3", {"test accuracy": ["80.00 %"]}),
        ("confirmation/seeds/5", {"test accuracy": ["79.00 %"],
                                  "gain over the tuned baseline": ["−1.00 points", "confirmation/seeds/3"]}),
        ("confirmation/seeds/7", {}),
    ],
)  # fmt: skip
def test_a_run_of_a_confirmation_says_what_the_figure_says(
    tmp_path: Path, key: str, expected: dict[str, list[str]]
) -> None:
    """A run that diverged reached nothing and gains nothing."""
    found = panel.panels(*a_confirmation(tmp_path))[key]
    about = {name: rest for name, *rest in found["facts"] if name not in ("seed", "status", "seconds")}
    assert about == expected
    assert (found["error"] is None) is bool(expected)


def test_what_took_a_mixture_apart_has_one_too(tmp_path: Path) -> None:
    """The mixture has 81, 82 and 83 %, nothing 78 % on each seed; the second run of "a" alone diverged."""
    folder = write_sweep(tmp_path / "s", ranked(2))
    confirmed(folder, Made("a with b", [0.01, 0.02, 0.03], own=[0.03, 0.04, 0.05], kind=("a", "b")))
    found = panel.panels(read_sweep(folder), ablated(folder, [0.79, 0.80, 0.81], [0.76, None, 0.75]))
    keys = [f"confirmation/ablation/{n}" for n in range(6)]
    assert [found[key]["title"] for key in keys] == [
        f"{name}, at lr 0.1, seed {seed}" for seed in (4, 5, 6) for name in ("b", "a")
    ]
    facts = [[fact for fact in found[key]["facts"] if fact[0] not in ("status", "seconds", "seed")] for key in keys]
    mixture, nothing = "confirmation/seeds/5", "confirmation/own_baselines/2"
    assert facts[4] == [
        ["lr", "0.1"],
        ["test accuracy", "81.00 %"],
        ["what a adds to it", "+2.00 points", mixture],
        ["what b adds alone", "+3.00 points", nothing],
    ]
    assert facts[5][2:] == [
        ["what b adds to it", "+8.00 points", mixture],
        ["what a adds alone", "−3.00 points", nothing],
    ]
    assert facts[3] == [["lr", "0.1"]], "it diverged"
    assert found[keys[3]]["error"] == "diverged"
    assert all(found[key]["command"].endswith(key) and "curves" in found[key] for key in keys)


def test_without_room_a_run_of_a_confirmation_is_named_and_has_no_details(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep, found = a_confirmation(tmp_path)
    of_trials = sum(len(json.dumps(each)) for each in panel.panels(sweep).values())
    monkeypatch.setattr(panel, "MOST_BYTES", of_trials)
    panels = panel.panels(sweep, found)
    assert {key for key, each in panels.items() if "curves" in each} == {"0", "1"}, "the trials come first"
    assert panels["confirmation/seeds/4"]["title"] == "dropout 0.3, seed 5"


@pytest.mark.parametrize(
    ("num_epochs", "expected"), [(1, [1]), (4, [1, 2, 3, 4]), (5, [1, 3, 5]), (7, [1, 3, 5, 7]), (8, [1, 3, 5, 7, 8])]
)
def test_a_long_curve_keeps_its_last_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_epochs: int, expected: list[int]
) -> None:
    monkeypatch.setattr(panel, "MOST_EPOCHS", 4)
    history = [0.1 * epoch for epoch in range(1, num_epochs + 1)]
    found = panel.panels(read_sweep(write_sweep(tmp_path / "s", ranked(1, history=history))))["0"]["curves"]
    assert found["epoch"] == expected
    assert found["validation_accuracy"] == pytest.approx([0.1 * epoch for epoch in expected])
    assert "validation_loss" not in found, "the records have none"


def test_the_log_ends_with_its_last_lines(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "s", ranked(3))
    (folder / "0" / "app.log").write_text("".join(f"line {n}\n" for n in range(40)))
    (folder / "1" / "app.log").write_bytes(b"\xff" * 5000 + b"\nlast <b>line</b>\n")
    found = panel.panels(read_sweep(folder))
    lines = found["0"]["log"].splitlines()
    assert (len(lines), lines[-1]) == (panel.MOST_LINES, "line 39")
    assert found["1"]["log"].splitlines()[-1] == "last <b>line</b>"
    assert len(found["1"]["log"]) <= panel.MOST_SIGNS
    assert "log" not in found["2"]


@pytest.mark.parametrize(
    ("sparsity", "near", "expected"),
    [
        ({"layers": {"a": 0.25, "b": 0.0}}, {"layers": {"a": 0.5, "b": 0.125}}, [["a", 0.25, 0.5], ["b", 0.0, 0.125]]),
        ({"layers": {"a": 0.25}}, {"layers": {}}, None),
        ({"overall": 0.25}, {"overall": 0.5}, None),
        (None, None, None),
        ({"layers": {"a": "<x>"}}, {"layers": {"a": 0.5}}, None),
    ],
)
def test_zeros_by_layer_as_far_as_they_are_on_record(
    tmp_path: Path, sparsity: Any, near: Any, expected: list[list[Any]] | None
) -> None:
    folder = write_sweep(tmp_path / "s", ranked(1))
    path = folder / "0" / "result.json"
    sweep = read_sweep(folder)
    path.write_text(json.dumps({**json.loads(path.read_text()), "sparsity": sparsity, "near_zero": near}))
    assert panel.panels(sweep)["0"].get("zeros") == expected


def test_without_a_script_the_table_is_the_same(tmp_path: Path) -> None:
    rows = ranked(3)
    rows[1] |= {"accuracy": None, "status": "failed", "error": "x"}
    found = trials.plain(trials.table(read_sweep(write_sweep(tmp_path / "s", rows))))
    lr, accuracy = (found["headings"].index(name) for name in ("trial", "validation accuracy (%)"))
    assert [(row[lr], row[accuracy]) for row in found["rows"]] == [("2", "50.02"), ("0", "50.00"), ("1", "–")]
