"""Losses against their closed forms in float64, with and without weights of the classes."""

import math

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor

from regsweep.losses import LOSSES, Loss
from regsweep.scoring import balanced_weights

OUTPUTS = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0], [2.0, 2.0, -4.0], [0.3, 0.1, 0.2]], dtype=torch.float64)
LABELS = torch.tensor([2, 1, 0, 0])
SHARES = torch.tensor([[0.2, 0.0, 0.8], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]], dtype=torch.float64)
NUMBERS = torch.tensor([[1.2, 0.0, 0.5], [0.0, 0.0, -1.0], [2.0, 1.0, 2.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
WEIGHTS = torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)


def cross_entropy(outputs: Tensor, shares: Tensor) -> list[float]:
    """Return −Σ share · log softmax of each example, number by number."""
    return [
        -sum(share * (z - math.log(sum(math.exp(each) for each in row))) for z, share in zip(row, of_row, strict=True))
        for row, of_row in zip(outputs.tolist(), shares.tolist(), strict=True)
    ]


def squares(outputs: Tensor, numbers: Tensor) -> list[float]:
    return [
        sum((a - b) ** 2 for a, b in zip(row, of_row, strict=True)) / 3
        for row, of_row in zip(outputs.tolist(), numbers.tolist(), strict=True)
    ]


def huber(outputs: Tensor, numbers: Tensor) -> list[float]:
    def each(difference: float) -> float:
        return difference**2 / 2 if difference < 1 else difference - 0.5

    return [
        sum(each(abs(a - b)) for a, b in zip(row, of_row, strict=True)) / 3
        for row, of_row in zip(outputs.tolist(), numbers.tolist(), strict=True)
    ]


ONE_HOT = torch.eye(3, dtype=torch.float64)[LABELS]
CASES = [
    ("cross_entropy", LABELS, cross_entropy(OUTPUTS, ONE_HOT)),
    ("cross_entropy", SHARES, cross_entropy(OUTPUTS, SHARES)),
    ("mse", LABELS, squares(OUTPUTS, ONE_HOT)),
    ("mse", LABELS % 2, squares(OUTPUTS, torch.eye(3, dtype=torch.float64)[LABELS % 2])),  # without the last class
    ("mse", SHARES, squares(OUTPUTS, SHARES)),
    ("mse", NUMBERS, squares(OUTPUTS, NUMBERS)),
    ("huber", NUMBERS, huber(OUTPUTS, NUMBERS)),
]


@pytest.mark.parametrize(("name", "targets", "expected"), CASES)
def test_a_loss_is_the_mean_over_examples_of_which_each_has_its_own(
    name: str, targets: Tensor, expected: list[float]
) -> None:
    loss = Loss(name, 3)  # type: ignore[arg-type]
    assert loss.mean(OUTPUTS, targets).item() == pytest.approx(sum(expected) / 4, rel=1e-6)
    assert loss.each(OUTPUTS, targets).tolist() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", ["cross_entropy", "mse"])
def test_weights_count_in_training_alone(name: str) -> None:
    """Σ w(y) loss / Σ w(y), as torch's weighted cross-entropy has it; a run is judged by losses without weights."""
    loss = Loss(name, 3, WEIGHTS)  # type: ignore[arg-type]
    each = {"cross_entropy": cross_entropy, "mse": squares}[name](OUTPUTS, ONE_HOT)
    weights = [3.0, 1.0, 0.5, 0.5]
    expected = sum(w * value for w, value in zip(weights, each, strict=True)) / sum(weights)
    assert loss.mean(OUTPUTS, LABELS).item() == pytest.approx(expected, rel=1e-6)
    assert loss.mean(OUTPUTS, ONE_HOT).item() == pytest.approx(expected, rel=1e-6), "classes as shares are the same"
    assert loss.mean(OUTPUTS, LABELS).item() != pytest.approx(sum(each) / 4, rel=1e-3)
    assert loss.each(OUTPUTS, LABELS).tolist() == pytest.approx(each, rel=1e-6)


@pytest.mark.parametrize("name", ["cross_entropy", "mse"])
def test_an_example_that_is_a_mixture_of_classes_has_the_mixture_of_their_weights(name: str) -> None:
    """Of cross-entropy each class's part has its own weight."""
    loss = Loss(name, 3, WEIGHTS)  # type: ignore[arg-type]
    weights = [0.2 * 0.5 + 0.8 * 3.0, 1.0, 0.5 * 0.5 + 0.5 * 1.0, 0.5]
    if name == "mse":
        total = sum(w * value for w, value in zip(weights, squares(OUTPUTS, SHARES), strict=True))
    else:
        total = sum(cross_entropy(OUTPUTS, SHARES * WEIGHTS))
    assert loss.mean(OUTPUTS, SHARES).item() == pytest.approx(total / sum(weights), rel=1e-6)


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    labels = np.repeat([0, 1, 2], [2, 5, 13])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    assert balanced_weights(torch.tensor([2, 5, 13])).tolist() == pytest.approx(expected.tolist())
    assert balanced_weights(torch.tensor([4, 0])).tolist() == [0.5, 0.0]


@pytest.mark.parametrize(("name", "expected"), [("cross_entropy", 1 / (1 + math.exp(-20))), ("mse", 1 - 1e-9)])
def test_shares_of_classes_are_float64(name: str, expected: float) -> None:
    """In float32 both would be 1."""
    outputs = torch.tensor([[20.0, 0.0]] if name == "cross_entropy" else [[1 - 1e-9, 1e-9]], dtype=torch.float64)
    given = outputs.float() if name == "cross_entropy" else outputs
    assert Loss(name, 2).shares(given)[0, 0].item() == pytest.approx(expected, abs=1e-13)  # type: ignore[arg-type]


def test_weights_go_to_the_device_of_the_training() -> None:
    moved = Loss("mse", 3, WEIGHTS).to(torch.device("meta"))
    assert moved.weights_K is not None
    assert (moved.name, moved.num_outputs, moved.weights_K.device.type) == ("mse", 3, "meta")
    assert Loss("mse", 3).to(torch.device("meta")) == Loss("mse", 3)


def test_each_kind_of_task_begins_with_its_own_loss() -> None:
    assert {kind: names[0] for kind, names in LOSSES.items()} == {
        "classification": "cross_entropy",
        "regression": "mse",
    }
