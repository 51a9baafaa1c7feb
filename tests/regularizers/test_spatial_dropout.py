"""Spatial dropout: whole feature maps are 0 or x/(1 − p), where the network has a place for it."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from regsweep.build import build
from regsweep.config import RunConfig


@pytest.mark.parametrize("p", [0.2, 0.5])
def test_maps_are_dropped_as_a_whole_in_the_cnn(configure: Callable[..., RunConfig], p: float) -> None:
    model = build(configure("model=cnn", f"regularizer.spatial_dropout={p}")).model
    (drop,) = (module for module in model.modules() if isinstance(module, nn.Dropout2d))
    seen = []
    drop.register_forward_hook(lambda _, given, result: seen.append((given[0], result)))
    with torch.no_grad():
        model.train()(torch.randn(64, 1, 8, 8))
    assert len(seen) == 2, "after each of the two poolings"
    for maps, dropped in seen:
        is_zero = (dropped == 0).flatten(2).all(2)
        torch.testing.assert_close(dropped[~is_zero], (maps / (1 - p))[~is_zero])
        is_dropped = is_zero & (maps != 0).flatten(2).any(2)
        assert is_dropped.double().mean().item() == pytest.approx(p, abs=0.05)
