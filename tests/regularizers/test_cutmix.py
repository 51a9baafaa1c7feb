"""CutMix: a box of another image, and of its target the box's share of the pixels (Yun et al., 2019, section 3.1)."""

import pytest
import torch

from regsweep.regularizers.cutmix import CutMix
from tests.regularizers.made import batch, method


def test_each_pixel_is_of_one_of_the_two_images_and_targets_count_them() -> None:
    given, cutmix = batch(size=5, shape=(2, 9, 7)), method(CutMix, alpha=1.0)
    torch.manual_seed(0)
    seen = set()
    for _ in range(50):
        state = torch.get_rng_state()
        other = cutmix.draw(given)[1]
        torch.set_rng_state(state)
        cut = cutmix.on_batch(given)
        is_own = (cut.inputs == given.inputs).all(1)
        assert torch.equal(is_own | (cut.inputs == given.inputs[other]).all(1), torch.ones(5, 9, 7, dtype=torch.bool))
        moved = other != torch.arange(5)
        if not moved.any():
            continue
        boxes = ~is_own[moved]
        assert (boxes == boxes[0]).all(), "one box for a batch"
        rows, columns = boxes[0].any(1).sum().item(), boxes[0].any(0).sum().item()
        assert boxes[0].sum() == rows * columns, "it is a rectangle"
        own = 1 - boxes[0].double().mean().item()
        seen.add(round(own, 2))
        one_hot = torch.nn.functional.one_hot(given.labels, 3).float()
        torch.testing.assert_close(cut.targets, own * one_hot + (1 - own) * one_hot[other])
    assert len(seen) > 10


def test_the_box_has_the_drawn_share_where_it_is_not_clipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sides √(1 − λ) of the image's: λ = 0.75 leaves a box of half the sides, a quarter of the pixels."""
    given, cutmix = batch(size=2, shape=(1, 16, 16)), method(CutMix, alpha=1.0)
    monkeypatch.setattr(cutmix, "draw", lambda _: (0.75, torch.tensor([1, 0])))
    own = {round(1 - cutmix.on_batch(given).targets[0, 1].item(), 4) for _ in range(60)}
    assert min(own) == 0.75
    assert all(0.75 <= share <= 1 - 1 / 16 for share in own), "at the edges it is clipped, to a quarter of it at least"
