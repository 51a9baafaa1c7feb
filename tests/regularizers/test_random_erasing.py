"""Random erasing: a box of 2 to 33 % of an image becomes 0 with probability p (Zhong et al., 2020, algorithm 1)."""

from dataclasses import replace

import pytest
import torch
from scipy import stats

from regsweep.regularizers.random_erasing import RandomErasing
from tests.regularizers.made import batch, method, num_operations


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


def box(is_zero: torch.Tensor) -> tuple[float, ...]:
    """Return first row, height, first column and width of what is erased of an image."""
    rows, columns = (is_zero.any(axis).nonzero().flatten().tolist() for axis in (1, 0))
    return (rows[0], len(rows), columns[0], len(columns)) if rows else (0, 0, 0, 0)


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 4, 12)], ids=["square", "flat"])
def test_boxes_are_distributed_as_torchvision_s(shape: tuple[int, int, int]) -> None:
    """In a flat image many a box is drawn again, as it is higher than the image."""
    from torchvision.transforms import v2  # noqa: PLC0415  (at the head it would be imported at each collection)

    torch.manual_seed(0)
    given = batch(size=3000, shape=shape)
    erased = method(RandomErasing, p=1.0).on_batch(given).inputs
    ours = [box(image[0] == 0) for image in erased]
    transform = v2.RandomErasing(p=1.0)
    drawn = [transform.make_params([given.inputs[0]]) for _ in range(3000)]
    theirs = [(each["i"], each["h"], each["j"], each["w"]) if each["v"] is not None else (0, 0, 0, 0) for each in drawn]
    theirs = [each if each[1] and each[3] else (0, 0, 0, 0) for each in theirs]
    for number, (one, other) in enumerate(zip(zip(*ours, strict=True), zip(*theirs, strict=True), strict=True)):
        assert stats.ks_2samp(one, other).pvalue > 0.001, ("first row", "height", "first column", "width")[number]
    area, their_area = ([height * width for _, height, _, width in boxes] for boxes in (ours, theirs))
    assert stats.ks_2samp(area, their_area).pvalue > 0.001


def test_a_batch_of_many_images_takes_as_many_operations_as_one_of_few() -> None:
    few, many = (num_operations(method(RandomErasing, p=1.0), batch(size=size)) for size in (4, 64))
    assert few == many > 0


def test_the_images_keep_their_memory_order() -> None:
    images = torch.randn(4, 3, 8, 8).contiguous(memory_format=torch.channels_last)
    erased = method(RandomErasing, p=1.0).on_batch(replace(batch(size=4), inputs=images)).inputs
    assert erased.is_contiguous(memory_format=torch.channels_last)
