"""Label smoothing: torch's own argument, and mixed targets smoothed after they were mixed."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from regsweep.regularizers.label_smoothing import LabelSmoothing
from tests.regularizers.made import batch, method


@pytest.mark.parametrize("epsilon", [0.1, 0.4, 0.9])
def test_it_is_torch_s_argument(epsilon: float) -> None:
    given = batch(num_classes=5)
    logits = torch.randn(8, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    smoothed = method(LabelSmoothing, epsilon=epsilon).on_batch(given)
    expected = functional.cross_entropy(logits, given.labels, label_smoothing=epsilon)
    torch.testing.assert_close(smoothed.loss(logits), expected, rtol=1e-6, atol=0)


def test_shares_are_smoothed_as_labels_are() -> None:
    """(1 − ε) y + ε/K of shares 0.7 and 0.3 among 3 classes, ε = 0.3."""
    given = replace(batch(size=1), targets=torch.tensor([[0.7, 0.3, 0.0]], dtype=torch.float64))
    smoothed = method(LabelSmoothing, epsilon=0.3).on_batch(given).targets
    torch.testing.assert_close(smoothed, torch.tensor([[0.59, 0.31, 0.1]], dtype=torch.float64))
