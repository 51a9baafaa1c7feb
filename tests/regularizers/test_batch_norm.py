"""BatchNorm: units normalized over the batch in training, by running statistics in evaluation."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from regsweep import weights
from regsweep.build import build
from regsweep.config import RunConfig
from regsweep.errors import ConfigError

Configure = Callable[..., RunConfig]


def norms(model: nn.Module) -> list[_BatchNorm]:
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


def units() -> Tensor:
    return torch.randn(512, 128, generator=torch.Generator().manual_seed(0)) * 3 + 2


def test_it_normalizes_over_the_batch(configure: Configure) -> None:
    """In training each unit has mean 0 and variance 1 over the batch (Ioffe and Szegedy, 2015, algorithm 1)."""
    norm, _ = norms(build(configure("regularizer=batch_norm")).model)
    out = norm.train()(units()).double()
    torch.testing.assert_close(out.mean(0), torch.zeros(128, dtype=torch.float64), atol=1e-4, rtol=0)
    torch.testing.assert_close(out.var(0, unbiased=False), torch.ones(128, dtype=torch.float64), atol=1e-3, rtol=0)


def test_in_evaluation_it_normalizes_by_statistics_that_follow_the_batches(configure: Configure) -> None:
    """A tenth of each batch's mean and unbiased variance joins nine tenths of what was, from 0 and 1."""
    norm, _ = norms(build(configure("regularizer=batch_norm")).model)
    given = units()
    norm.train()(given)
    mean, variance = 0.1 * given.double().mean(0), 0.9 + 0.1 * given.double().var(0)
    expected = (given.double() - mean) / (variance + 1e-5).sqrt()
    torch.testing.assert_close(norm.eval()(given).double(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("chosen", "places"),
    [
        (["model=mlp"], 0),
        (["model=mlp", "regularizer=batch_norm"], 2),
        (["model=mlp", "regularizer.batch_norm=true"], 2),
        (["model=mlp", "regularizer.batch_norm=false"], 0),
        (["model=mlp", "regularizer=batch_norm", "regularizer.batch_norm.use=false"], 0),
        (["model=cnn", "regularizer=batch_norm"], 2),
        (["model=resnet18"], 20),
        (["model=resnet18", "regularizer.batch_norm=false"], 0),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_it_is_put_in_left_alone_or_taken_out(configure: Configure, chosen: list[str], places: int) -> None:
    assert len(norms(build(configure(*chosen)).model)) == places


def test_taken_out_of_a_network_without_it_is_the_network(configure: Configure) -> None:
    taken_out, as_it_is = (build(configure(*chosen)).model for chosen in (["regularizer.batch_norm=false"], []))
    assert weights.digest(taken_out) == weights.digest(as_it_is)


class OwnNorm(nn.BatchNorm1d):
    """Who knows what it does besides."""


class Normalized(nn.Module):
    """A network that cannot be without it."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, num_classes), OwnNorm(num_classes))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.layers(images)
        return logits


def test_it_is_not_taken_out_of_a_network_that_cannot_be_without_it(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGSWEEP_ALLOW_MODULES", "tests")
    target = f"model._target_={__name__}.Normalized"
    own = ("~model.hidden", target)
    assert len(norms(build(configure(*own)).model)) == 1
    with pytest.raises(ConfigError, match=r"regularizer\.batch_norm=false: Normalized cannot be without it"):
        build(configure(*own, "regularizer.batch_norm=false"))
    assert len(norms(build(configure(*own, "regularizer.batch_norm=true")).model)) == 1, "it has it already"


def test_batches_of_one_image_are_refused(configure: Configure) -> None:
    with pytest.raises(ConfigError, match=r"trainer\.batch_size=1: BatchNorm needs batches of 2 examples or more"):
        build(configure("regularizer=batch_norm", "trainer.batch_size=1"))
