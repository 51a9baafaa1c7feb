"""Random erasing: a box of 2 to 33 % of an image becomes 0 with probability p (Zhong et al., 2020, algorithm 1)."""

import pytest
import torch

from regsweep.regularizers.random_erasing import RandomErasing
from tests.regularizers.made import batch, method


@pytest.mark.parametrize("p", [0.3, 1.0])
def test_as_many_images_as_the_probability_says_lose_a_box_of_their_own(p: float) -> None:
    torch.manual_seed(0)
    given = batch(size=400, shape=(1, 12, 12))
    erased = method(RandomErasing, p=p).on_batch(given)
    is_zero = (erased.inputs == 0).flatten(1)
    assert torch.equal(erased.inputs[erased.inputs != 0], given.inputs[erased.inputs != 0])
    assert is_zero.any(1).double().mean().item() == pytest.approx(p, abs=0.08)
    shares = is_zero[is_zero.any(1)].double().mean(1)
    assert 0.005 < shares.min() < 0.08, "a box of 2 %, in whole pixels"
    assert 0.25 < shares.max() < 0.4
    assert len({tuple(row.tolist()) for row in is_zero[is_zero.any(1)]}) > 50, "not the same box in each"
    assert torch.equal(erased.targets, given.targets)
