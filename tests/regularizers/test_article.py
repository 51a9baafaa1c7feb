"""The article's mixture, and presets that compose as it does."""

from collections.abc import Callable

from torch import nn

from regsweep.build import build
from regsweep.config import RunConfig
from tests.conftest import plain_methods

Configure = Callable[..., RunConfig]


def test_it_is_the_article_s_weight_decay_dropout_and_batch_norm(configure: Configure) -> None:
    """The article passes weight_decay=0.01 for all parameters, and has dropout 0.5 and BatchNorm2d."""
    parts = build(configure("regularizer=article", "model=cnn"))
    (group,) = parts.optimizer.param_groups
    assert group["weight_decay"] == 0.01
    assert len(group["params"]) == len(list(parts.model.parameters()))
    assert [module.p for module in parts.model.modules() if isinstance(module, nn.Dropout)] == [0.5]
    assert sum(isinstance(module, nn.BatchNorm2d) for module in parts.model.modules()) == 2


def test_it_is_its_presets_with_its_numbers(configure: Configure) -> None:
    numbers = ("regularizer.lambda=0.005", "regularizer.scope=all")
    composed = configure("regularizer=[l2,dropout,batch_norm]", *numbers).regularizer
    assert composed == configure("regularizer=article").regularizer
    assert plain_methods(composed) == {"batch_norm": {}, "dropout": {"p": 0.5}, "l2": {"lambda": 0.005, "scope": "all"}}


def test_presets_compose(configure: Configure) -> None:
    """Two penalties too, in whatever order; batchnorm is batch_norm."""
    chosen = configure("regularizer=[l2,dropout,batchnorm]").regularizer
    assert plain_methods(chosen) == {
        "batch_norm": {},
        "dropout": {"p": 0.5},
        "l2": {"lambda": 1e-3, "scope": "weights"},
    }
    assert configure("regularizer=[batch_norm,dropout,l2]").regularizer == chosen
    assert list(plain_methods(configure("regularizer=[l1,l2]").regularizer)) == ["l1", "l2"]
