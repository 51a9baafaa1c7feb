"""Gradient clipping: the gradient of all parameters together is shortened to a length of c (Pascanu et al., 2013)."""

import pytest
import torch

from regsweep.regularizers.gradient_clipping import GradientClipping
from tests.regularizers.made import method, parameters


@pytest.mark.parametrize(("norm", "factor"), [(1.0, 1 / 13), (26.0, 1.0)])
def test_all_gradients_are_shortened_by_one_factor(norm: float, factor: float) -> None:
    given = parameters([0.0, 0.0], [[0.0]])
    given.every["w0"].grad = torch.tensor([3.0, 4.0], dtype=torch.float64)
    given.every["w1"].grad = torch.tensor([[12.0]], dtype=torch.float64)
    with torch.no_grad():
        method(GradientClipping, norm=norm).before_update(given, 0.1)
    clipped = torch.cat([weight.grad.flatten() for weight in given.every.values() if weight.grad is not None])
    torch.testing.assert_close(clipped, factor * torch.tensor([3.0, 4.0, 12.0], dtype=torch.float64), rtol=1e-6, atol=0)
