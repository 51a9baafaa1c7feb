"""Augmentation: shifts and flips of the images, each by draws of its own; what they cannot show is refused."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from scipy import stats
from torch.nn import functional

from regsweep.errors import ConfigError
from regsweep.regularizers.augmentation import Augmentation
from tests.regularizers.made import batch, method, num_operations, task


def test_each_image_is_one_of_its_shifts_with_continued_edges() -> None:
    torch.manual_seed(0)
    given = batch(size=300, shape=(2, 5, 6))
    shifted = method(Augmentation, shift=1).on_batch(given).inputs
    padded = functional.pad(given.inputs, [1, 1, 1, 1], mode="replicate")
    places = [(top, left) for top in range(3) for left in range(3)]
    candidates = torch.stack([padded[..., top : top + 5, left : left + 6] for top, left in places])
    is_it = (candidates == shifted).flatten(2).all(2)
    assert is_it.any(0).all()
    counts = is_it.sum(1)
    assert counts.sum() == 300
    assert all(15 <= count <= 60 for count in counts.tolist()), "each of the nine places is drawn about as often"


def test_half_of_the_images_are_mirrored() -> None:
    torch.manual_seed(0)
    given = batch(size=400)
    flipped = method(Augmentation, shift=0, flip=True).on_batch(given).inputs
    is_own, is_mirrored = ((flipped == other).flatten(1).all(1) for other in (given.inputs, given.inputs.flip(-1)))
    assert torch.equal(is_own, ~is_mirrored)
    assert is_mirrored.double().mean().item() == pytest.approx(0.5, abs=0.08)


def test_images_are_shifted_and_mirrored_each_by_itself() -> None:
    """An image that is shifted to the left is not more often mirrored than another."""
    torch.manual_seed(0)
    given = batch(size=3000, shape=(3, 4, 6))
    moved = method(Augmentation, shift=1, flip=True).on_batch(given).inputs
    padded = functional.pad(given.inputs, [1, 1, 1, 1], mode="replicate")
    crops = [padded[..., top : top + 4, left : left + 6] for top in range(3) for left in range(3)]
    candidates = torch.stack([each for crop in crops for each in (crop, crop.flip(-1))])
    counts = (candidates == moved).flatten(2).all(2).sum(1)
    assert counts.sum() == 3000
    assert stats.chisquare(counts.numpy()).pvalue > 0.001
    channels_last = replace(given, inputs=given.inputs.contiguous(memory_format=torch.channels_last))
    assert method(Augmentation, shift=1).on_batch(channels_last).inputs.is_contiguous(memory_format=torch.channels_last)


def test_a_batch_of_many_images_takes_as_many_operations_as_one_of_few() -> None:
    few, many = (num_operations(method(Augmentation, shift=1, flip=True), batch(size=size)) for size in (4, 64))
    assert few == many > 0


@pytest.mark.parametrize(
    ("settings", "changes", "reason"),
    [
        ({"shift": 8}, {}, r"shift=8: must be below half a side of the images, which are 8×8"),
        ({"shift": 4}, {}, r"shift=4: must be below half a side"),
        ({"shift": 1, "flip": True}, {}, r"flip=true: a mirrored image of digits shows something else"),
        ({"shift": 2, "flip": True}, {"is_mirrored": False, "dataset": "mnist"}, "of mnist"),
    ],
)
def test_what_the_data_have_no_place_for_is_refused(
    settings: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        method(Augmentation, **settings).check(task(**changes))


@pytest.mark.parametrize("is_mirrored", [True, None])
def test_flips_are_taken_where_they_may_be_right(is_mirrored: bool | None) -> None:
    method(Augmentation, shift=3, flip=True).check(task(is_mirrored=is_mirrored))


def test_it_is_described_by_what_it_does() -> None:
    names = [
        Augmentation.describe(Augmentation.Settings(shift=s, flip=f)) for s, f in ((2, False), (0, True), (1, True))
    ]
    assert names == [
        "augmentation (shifts of up to 2 px)",
        "augmentation (flips)",
        "augmentation (shifts of up to 1 px and flips)",
    ]
