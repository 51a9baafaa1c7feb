"""What the head of a page says: what was trained on what, the best configuration, and the one without any method."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from regsweep.report.page.confirmed import table
from regsweep.report.page.head import lines
from regsweep.report.sweep import read_sweep
from regsweep.report.terms import Terms
from tests.decisions.confirmations import Made, confirmed
from tests.decisions.handmade import write_sweep

MLP = "MLP (hidden=[128,64])"
CONFIG = {
    "model._target_": "regsweep.models.mlp.MLP",
    "model.hidden": [128, 64],
    "optimizer.name": "sgd",
    "trainer.epochs": 1,
    "trainer.batch_size": 64,
    "dataset.name": "digits",
    "dataset.label_noise": 0.0,
}
SIZES = {"train": [10, 12, 11], "validation": [3, 3, 3], "test": [400, 400, 400]}


def head(folder: Path, trials: list[dict[str, Any]], *, is_confirmed: bool = False, **config: Any) -> dict[str, str]:
    """Return the lines of a sweep of these trials, by name."""
    write_sweep(folder, [{"config": {**CONFIG, **config}, **trial} for trial in trials])
    for path in folder.glob("*/result.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "class_sizes": SIZES}))
    return dict(lines(read_sweep(folder), is_confirmed=is_confirmed))


def l2(strength: float, accuracy: float, **others: Any) -> dict[str, Any]:
    return {"overrides": {"regularizer.l2.lambda": strength, **others}, "accuracy": accuracy}


NONE = {"overrides": {"regularizer.l2.use": False}, "accuracy": 0.7}


def test_what_was_trained_on_what(tmp_path: Path) -> None:
    found = head(tmp_path / "s", [l2(0.1, 0.6), l2(0.2, 0.8)])
    assert found["Trained"] == f"{MLP}, SGD, 1 epoch, 64 images a step"
    assert found["On"] == "digits: 33 train / 9 validation / 1,200 test images; 3 classes of 10 to 12 training images"


def test_a_network_that_a_function_makes_by_name_has_that_name(tmp_path: Path) -> None:
    config: dict[str, Any] = {
        "model._target_": "timm.create_model",
        "model.model_name": "resnet18",
        "model.in_chans": 1,
    }
    found = head(tmp_path / "s", [l2(0.1, 0.6), l2(0.2, 0.8)], **{"model.hidden": None, **config})
    assert found["Trained"] == "create_model(resnet18) (in_chans=1), SGD, 1 epoch, 64 images a step"


@pytest.mark.parametrize(
    ("key", "values", "expected"),
    [
        ("trainer.epochs", [2, 3], {"Trained": f"{MLP}, SGD, several numbers of epochs, 64 images a step"}),
        ("trainer.batch_size", [8, 9], {"Trained": f"{MLP}, SGD, 1 epoch, several numbers of images a step"}),
        ("model", ["mlp", "cnn"], {"Trained": "several networks, SGD, 1 epoch, 64 images a step"}),
        ("optimizer", ["sgd", "adam"], {"Trained": f"{MLP}, several optimizers, 1 epoch, 64 images a step"}),
        ("optimizer.lr", [0.1, 0.2], {"Trained": f"{MLP}, SGD, 1 epoch, 64 images a step"}),
        ("dataset.train_size", [100, 200], {"On": "several data sets, or parts of one"}),
    ],
)  # fmt: skip
def test_what_a_sweep_varied_has_no_single_value(
    tmp_path: Path, key: str, values: list[Any], expected: dict[str, str]
) -> None:
    choices = {key: "x"} if "." not in key else {}
    trials = [{"overrides": {key: value}, "choices": choices, "accuracy": 0.5} for value in values]
    assert expected.items() <= head(tmp_path / "s", trials).items()


@pytest.mark.parametrize(
    ("sizes", "noise", "expected"),
    [
        (
            {"train": [5, 5]},
            0.2,
            "digits: 10 train images, 20 % of the training labels replaced; 2 classes of 5 training images",
        ),
        (None, 0.0, "digits"),
        ({"test": [40, 60]}, 0.0, "digits: 100 test images"),
        ({"test": [40, 60]}, None, "100 test images"),
    ],
)  # fmt: skip
def test_the_data_are_described_as_far_as_they_are_known(
    tmp_path: Path, sizes: dict[str, list[int]] | None, noise: float | None, expected: str
) -> None:
    """Without a configuration the name is not known."""
    config = {} if noise is None else {**CONFIG, "dataset.label_noise": noise}
    folder = write_sweep(tmp_path / "s", [{"config": config, **l2(0.1, 0.6)}] * 2)
    for path in folder.glob("*/result.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "class_sizes": sizes}))
    assert dict(lines(read_sweep(folder), is_confirmed=False))["On"] == expected


def test_the_best_and_the_best_without_a_method(tmp_path: Path) -> None:
    worse = {**NONE, "accuracy": 0.65}
    failed = {**NONE, "accuracy": 0.99, "status": "pruned"}
    found = head(tmp_path / "s", [worse, NONE, l2(0.1, 0.6), l2(0.2, 0.8), failed])
    assert found["Best"] == "L2 λ=0.2: 80.00 % validation accuracy, trial 3, out of 4 complete trials"
    assert found["Without regularization"] == "no regularization: 70.00 % validation accuracy, trial 1"


@pytest.mark.parametrize(
    ("trials", "is_confirmed"),
    [
        ([NONE, l2(0.1, 0.6)], False),  # the best has no method
        ([l2(0.1, 0.6), l2(0.2, 0.8)], False),  # all have one
        ([NONE, l2(0.1, 0.8)], True),  # a table has it
        ([{**NONE, "status": "failed", "accuracy": None}, l2(0.1, 0.8)], False),
    ],
)
def test_where_there_is_nothing_to_set_beside_the_best(
    tmp_path: Path, trials: list[dict[str, Any]], *, is_confirmed: bool
) -> None:
    found = head(tmp_path / "s", trials, is_confirmed=is_confirmed)
    assert "Without regularization" not in found
    assert ("Best" in found) != is_confirmed


def test_over_seeds_it_is_a_mean_and_no_trial(tmp_path: Path) -> None:
    values = ((0.1, 0, 0.9), (0.1, 1, 0.5), (0.2, 0, 0.8), (0.2, 1, 0.8))
    trials = [{**l2(strength, accuracy, seed=seed), "seed": seed} for strength, seed, accuracy in values]
    found = head(tmp_path / "s", trials)
    assert found["Best"] == "L2 λ=0.2: mean validation accuracy 80.00 % over 2 seeds"


def test_a_single_run_is_not_the_best(tmp_path: Path) -> None:
    assert list(head(tmp_path / "s", [l2(0.1, 0.6)])) == ["Trained", "On"]


def test_the_confirmed_table_has_absolute_accuracies_and_differences(tmp_path: Path) -> None:
    found = confirmed(tmp_path / "c", Made("dropout 0.5", [0.02, 0.03, 0.02, 0.03, 0.02, 0.03]), Made("L1", [0.0] * 6))
    shown = table(found)
    assert shown is not None
    baseline, dropout, l1 = (row["cells"] for row in shown["rows"])
    assert len({len(row["cells"]) for row in shown["rows"]} | {len(shown["headings"])}) == 1
    assert baseline[1] == f"{100 * found.baseline.mean():.2f} %"
    assert dropout[1] == f"{100 * found.candidates[0].mean():.2f} %"
    assert (dropout[3], dropout[4], l1[4]) == ("6 of 6", "+2.50", "+0.00")
    assert set(baseline[4:]) == {""}, "it is not compared with itself"
    signs = [each.claim.sign > 0 for each in found.candidates]
    assert [row["is_best"] for row in shown["rows"]] == [False, *signs]
    assert table(None) is None
    assert len(shown["headings"]) == 7, "none was compared with a baseline of its own: no column of dashes"
    assert shown["note"] == ""


@pytest.mark.parametrize("terms", [{}, {"baseline": {"noise": "0"}, "is_own": False, "objective": "score"}])
def test_a_configuration_s_own_baseline_has_its_columns_and_a_word_on_what_it_is(
    tmp_path: Path, terms: dict[str, Any]
) -> None:
    gains = [0.02, 0.03, 0.02, 0.03, 0.02, 0.03]
    found = confirmed(tmp_path / "c", Made("dropout 0.5", gains, gains), Made("L1", [0.0] * 6))
    shown = table(replace(found, terms=Terms(**terms)))
    assert shown is not None
    assert "minus its own baseline" in shown["headings"]
    assert len({len(row["cells"]) for row in shown["rows"]} | {len(shown["headings"])}) == 1
    same = "the same with noise=0" if terms else "the same network without regularization"
    assert shown["note"] == f"Its own baseline: {same}, at its own other settings."
