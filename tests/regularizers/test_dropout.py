"""Dropout: units are 0 or x/(1 − p) in training, and as they are in evaluation."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from regsweep.build import build
from regsweep.config import RunConfig


def dropouts(model: nn.Module) -> list[nn.Dropout]:
    return [module for module in model.modules() if isinstance(module, nn.Dropout)]


@pytest.mark.parametrize("p", [0.2, 0.5])
def test_units_are_dropped_or_scaled(configure: Callable[..., RunConfig], p: float) -> None:
    """In training each unit is 0 or x/(1 − p), and p of them are 0 (Srivastava et al., 2014, inverted)."""
    dropout, _ = dropouts(build(configure(f"regularizer.dropout={p}")).model)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        units = torch.rand(200, 500) + 0.5
        dropped = dropout.train()(units)
    is_zero = dropped == 0
    torch.testing.assert_close(dropped[~is_zero], (units / (1 - p))[~is_zero])
    assert is_zero.double().mean().item() == pytest.approx(p, abs=0.01)
    assert torch.equal(dropout.eval()(units), units)


@pytest.mark.parametrize(("model", "places"), [("mlp", 2), ("cnn", 1)])
def test_it_stands_where_the_network_has_a_place(configure: Callable[..., RunConfig], model: str, places: int) -> None:
    """After each hidden layer of the MLP; before the last layer of the CNN."""
    chosen = dropouts(build(configure("regularizer=dropout", f"model={model}", "regularizer.dropout.p=0.3")).model)
    assert [dropout.p for dropout in chosen] == [0.3] * places
    assert all(dropout.p == 0 for dropout in dropouts(build(configure(f"model={model}")).model))
