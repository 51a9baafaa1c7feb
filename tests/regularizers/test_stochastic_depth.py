"""Stochastic depth: a block's branch is skipped or divided by 1 − p; p grows with depth (Huang et al., 2016)."""

from collections.abc import Callable

import pytest
import torch

from regsweep.build import build
from regsweep.config import RunConfig
from regsweep.models.residual import SkippableBlock


def test_the_blocks_of_resnet18_are_skipped_by_the_linear_rule(configure: Callable[..., RunConfig]) -> None:
    model = build(configure("model=resnet18", "regularizer.stochastic_depth=0.4", "dataset.train_size=32")).model
    blocks = [module for module in model.modules() if isinstance(module, SkippableBlock)]
    assert [block.branch_or_none.p for block in blocks] == pytest.approx([0.4 * place / 8 for place in range(1, 9)])


@pytest.mark.parametrize("p", [0.3, 0.7])
def test_a_branch_is_skipped_or_scaled_for_each_image_by_itself(p: float) -> None:
    torch.manual_seed(0)
    block = SkippableBlock(4, 4, norm_layer=torch.nn.Identity)
    plain = SkippableBlock(4, 4, norm_layer=torch.nn.Identity)
    plain.load_state_dict(block.state_dict())
    block.skip(p)
    images = torch.randn(500, 4, 5, 5)
    with torch.no_grad():
        summed, branch = block.train()(images), plain.bn2(plain.conv2(plain.conv1(images).relu()))
    skipped = (images.relu() == summed).flatten(1).all(1)
    assert skipped.double().mean().item() == pytest.approx(p, abs=0.07)
    expected = (images + branch / (1 - p)).relu()[~skipped]
    torch.testing.assert_close(summed[~skipped], expected, rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        assert torch.equal(block.eval()(images), plain.eval()(images))
