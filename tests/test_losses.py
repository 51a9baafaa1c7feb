"""Weights of classes against the closed form and scikit-learn; weighted losses against a sum over examples."""

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional

from regsweep.losses import Loss
from regsweep.scoring import balanced_weights

LABELS = torch.tensor([0] * 7 + [1] * 2 + [2] * 5)
OUTPUTS = torch.randn(14, 3, generator=torch.Generator().manual_seed(0))
WEIGHTS = balanced_weights(torch.bincount(LABELS))


def test_every_class_weighs_alike() -> None:
    assert WEIGHTS.tolist() == pytest.approx([14 / (3 * 7), 14 / (3 * 2), 14 / (3 * 5)])
    assert (WEIGHTS * torch.bincount(LABELS)).tolist() == pytest.approx([14 / 3] * 3)
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=LABELS.numpy())
    assert WEIGHTS.tolist() == pytest.approx(theirs.tolist())
    assert balanced_weights(torch.tensor([3, 0, 1])).tolist() == pytest.approx([4 / 9, 0, 4 / 3]), "none"


@pytest.mark.parametrize("name", ["cross_entropy", "mse"])
def test_a_weighted_loss_is_the_mean_of_the_classes_means(name: str) -> None:
    """Balanced: each class has the same part of it, however many examples it has."""
    loss = Loss(name, 3, WEIGHTS)  # type: ignore[arg-type]
    if name == "cross_entropy":
        each = functional.cross_entropy(OUTPUTS, LABELS, reduction="none")
    else:
        each = (OUTPUTS - functional.one_hot(LABELS, 3)).square().mean(1)
    expected = torch.stack([each[label == LABELS].mean() for label in range(3)]).mean()
    assert loss.mean(OUTPUTS, LABELS).item() == pytest.approx(expected.item(), rel=1e-5)
    assert loss.total(OUTPUTS, LABELS).item() == pytest.approx(each.sum().item(), rel=1e-5), "evaluation has no weights"
