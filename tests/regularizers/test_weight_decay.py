"""Decoupled weight decay is what torch's AdamW does with its argument (Loshchilov and Hutter, 2019, algorithm 2)."""

import torch
from torch import nn

from regsweep.methods import Parameters
from regsweep.regularizers.weight_decay import WeightDecay
from tests.regularizers.made import method, parameters


def test_with_adam_it_is_adamw_bit_for_bit() -> None:
    start = torch.randn(7, 5, generator=torch.Generator().manual_seed(0))
    target = torch.randn(7, 5, generator=torch.Generator().manual_seed(1))
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    adam, adamw = torch.optim.Adam([ours], lr=0.01), torch.optim.AdamW([theirs], lr=0.01, weight_decay=0.3)
    decay = method(WeightDecay, rate=0.3)
    for _ in range(20):
        for weight, optimizer in ((ours, adam), (theirs, adamw)):
            optimizer.zero_grad()
            torch.autograd.backward(((weight - target) ** 2).sum())
            if weight is ours:
                with torch.no_grad():
                    decay.before_update(Parameters({"w": weight}, {"w": weight}), 0.01)
            optimizer.step()
    assert torch.equal(ours, theirs)


def test_it_shortens_what_it_covers_by_one_minus_eta_r() -> None:
    given = parameters([2.0, -4.0], [1.0])
    with torch.no_grad():
        method(WeightDecay, rate=0.5).before_update(Parameters(given.every, {"w0": given.every["w0"]}), 0.1)
    assert given.every["w0"].tolist() == [1.9, -3.8]
    assert given.every["w1"].tolist() == [1.0]
