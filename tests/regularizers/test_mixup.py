"""Mixup: λx + (1 − λ)x′ and λy + (1 − λ)y′ with one λ ~ Beta(α, α) (Zhang et al., 2018, equation 1)."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import stats

from regsweep.build import require_buildable
from regsweep.config import RunConfig
from regsweep.errors import ConfigError
from regsweep.methods import Mixing
from regsweep.regularizers.cutmix import CutMix
from regsweep.regularizers.mixup import Mixup
from tests.regularizers.made import batch, method, task


def test_pixels_and_targets_are_mixed_by_one_share() -> None:
    given = batch(size=6)
    torch.manual_seed(0)
    share, other = method(Mixup, alpha=0.7).draw(given)
    torch.manual_seed(0)
    mixed = method(Mixup, alpha=0.7).on_batch(given)
    assert 0 < share < 1
    assert sorted(other.tolist()) == list(range(6))
    torch.testing.assert_close(mixed.inputs, share * given.inputs + (1 - share) * given.inputs[other])
    one_hot = torch.nn.functional.one_hot(given.labels, 3).float()
    torch.testing.assert_close(mixed.targets, share * one_hot + (1 - share) * one_hot[other])
    assert torch.equal(mixed.labels, given.labels)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
def test_shares_are_of_the_beta_distribution(alpha: float) -> None:
    torch.manual_seed(1)
    mixup, given = method(Mixup, alpha=alpha), batch(size=2)
    shares = [mixup.draw(given)[0] for _ in range(2000)]
    assert stats.kstest(shares, stats.beta(alpha, alpha).cdf).pvalue > 0.001
    assert np.std(shares) == pytest.approx(stats.beta(alpha, alpha).std(), rel=0.1)


@pytest.mark.parametrize("alpha", [1e-300, 1e-6, 0.009])
@pytest.mark.parametrize("cls", [Mixup, CutMix])
def test_a_tiny_alpha_takes_one_of_the_two_images_each_as_often(cls: type[Mixing], alpha: float) -> None:
    """The limit of Beta(α, α) for α → 0."""
    torch.manual_seed(1)
    mixing, given = method(cls, alpha=alpha), batch(size=6)
    mixing.check(task())
    shares = [mixing.draw(given)[0] for _ in range(1000)]
    assert set(shares) == {0.0, 1.0}
    assert np.mean(shares) == pytest.approx(0.5, abs=0.05)
    assert mixing.on_batch(given).inputs.isfinite().all()


def test_a_share_of_0_leaves_another_image_and_of_1_the_image_itself() -> None:
    torch.manual_seed(0)
    mixup, given, seen = method(Mixup, alpha=1e-6), batch(size=6), set()
    for _ in range(20):
        state = torch.get_rng_state()
        share, other = mixup.draw(given)
        torch.set_rng_state(state)
        mixed = mixup.on_batch(given)
        assert torch.equal(mixed.inputs, given.inputs if share else given.inputs[other])
        assert torch.equal(mixed.targets.argmax(1), given.labels if share else given.labels[other])
        seen.add(share)
    assert seen == {0.0, 1.0}


def test_batches_of_one_are_refused_before_training(configure: Callable[..., RunConfig]) -> None:
    with pytest.raises(ConfigError, match="batches of 2 examples or more"):
        require_buildable(configure("regularizer=mixup", "trainer.batch_size=1"))
