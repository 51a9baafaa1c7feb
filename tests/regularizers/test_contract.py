"""Every preset of conf/regularizer keeps the same promises."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from regsweep import loop, seeding, weights
from regsweep.build import Parts, build, build_penalty
from regsweep.config import RunConfig
from regsweep.paths import RunPaths, config_folder
from regsweep.records import read_json
from regsweep.run import run

PRESETS = sorted(path.stem for path in (config_folder() / "regularizer").glob("*.yaml") if path.stem != "base")
QUICK = ("trainer.epochs=2", "dataset.train_size=200", "model.hidden=[16]")

Configure = Callable[..., RunConfig]


def test_there_are_presets() -> None:
    assert PRESETS == ["article", "batchnorm", "dropout", "elastic_net", "l1", "l2", "none"]


@pytest.mark.parametrize("preset", PRESETS)
def test_it_trains_to_finite_numbers(preset: str, configure: Configure, tmp_path: Path) -> None:
    outcome = run(configure(f"regularizer={preset}", *QUICK), tmp_path, is_trial=False)
    assert all(math.isfinite(metrics.loss) and 0 <= metrics.accuracy <= 1 for metrics in outcome.metrics.values())


@pytest.mark.parametrize("preset", PRESETS)
def test_it_acts_in_training_only(preset: str, configure: Configure) -> None:
    """In evaluation mode the same images give the same logits, one by one or together."""
    parts = build(configure(f"regularizer={preset}", *QUICK))
    parts.model.eval()
    images = parts.dataset.test.images_NCHW[:8]
    with torch.no_grad():
        together, alone = parts.model(images), torch.cat([parts.model(image[None]) for image in images])
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize("preset", PRESETS)
def test_strength_zero_is_no_penalty_bit_for_bit(preset: str, configure: Configure) -> None:
    config = configure(f"regularizer={preset}", "regularizer.lambda=0", *QUICK)
    without = configure(
        f"regularizer={preset}",
        "regularizer.penalty=none",
        "regularizer.lambda=0",
        "regularizer.l1_ratio=null",
        *QUICK,
    )
    assert _trained_digest(config) == _trained_digest(without)


@pytest.mark.parametrize("preset", PRESETS)
def test_it_changes_the_weights_where_it_says_so(preset: str, configure: Configure) -> None:
    with_it = _trained_digest(configure(f"regularizer={preset}", *QUICK))
    without = _trained_digest(configure(*QUICK))
    assert (with_it == without) == (preset == "none")


@pytest.mark.parametrize("preset", PRESETS)
def test_the_groups_hold_every_parameter_once(preset: str, configure: Configure) -> None:
    parts = build(configure(f"regularizer={preset}", *QUICK))
    held = [id(parameter) for group in parts.optimizer.param_groups for parameter in group["params"]]
    assert sorted(held) == sorted(id(parameter) for parameter in parts.model.parameters())
    assert parts.penalty.strength == build_penalty(configure(f"regularizer={preset}").regularizer).strength


def test_the_scope_leaves_biases_and_norms_free(configure: Configure) -> None:
    parts = build(configure("regularizer=[l2,batchnorm]", "model=cnn"))
    assert set(parts.groups.penalized) == {"conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight"}
    everything = build(configure("regularizer=[l2,batchnorm]", "model=cnn", "regularizer.scope=all"))
    assert not everything.groups.free
    assert set(everything.groups.penalized) == {name for name, _ in everything.model.named_parameters()}


def test_presets_compose(configure: Configure) -> None:
    regularizer = configure("regularizer=[l2,dropout,batchnorm]").regularizer
    assert (regularizer.penalty, regularizer.dropout, regularizer.batch_norm) == ("l2", 0.5, True)


def test_the_article_s_mixture_is_its_weight_decay(configure: Configure) -> None:
    """The article passes weight_decay=0.01 for all parameters, dropout 0.5 and BatchNorm2d."""
    parts = build(configure("regularizer=article", "model=cnn"))
    assert {group["weight_decay"] for group in parts.optimizer.param_groups} == {0.01}
    assert [module.p for module in parts.model.modules() if isinstance(module, nn.Dropout)] == [0.5]
    assert sum(isinstance(module, nn.BatchNorm2d) for module in parts.model.modules()) == 2


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_l2_is_weight_decay_over_a_whole_training(configure: Configure, momentum: float) -> None:
    """Our build and loop against a loop written out here, with torch's SGD(weight_decay=2λ) on the matrices."""
    config = configure("regularizer=l2", "regularizer.lambda=0.005", f"optimizer.momentum={momentum}", *QUICK)
    ours, plain = build(config), build(config)
    matrices = [p for p in plain.model.parameters() if p.ndim > 1]
    biases = [p for p in plain.model.parameters() if p.ndim == 1]
    groups: list[dict[str, Any]] = [{"params": matrices, "weight_decay": 0.01}, {"params": biases}]
    optimizer = torch.optim.SGD(groups, lr=config.optimizer.lr, momentum=momentum)
    order = seeding.generator(config.seed, "batches")
    train = plain.dataset.train
    for _ in range(config.trainer.epochs):
        parts = math.ceil(len(train) / config.trainer.batch_size)
        for batch in torch.tensor_split(torch.randperm(len(train), generator=order), parts):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(plain.model(train.images_NCHW[batch]), train.labels_N[batch])
            torch.autograd.backward(loss)
            optimizer.step()
    _train(ours, config)
    for name, weight in ours.model.named_parameters():
        torch.testing.assert_close(weight, plain.model.get_parameter(name), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("probability", [0.2, 0.5])
def test_dropout_drops_or_scales(probability: float, configure: Configure) -> None:
    """In training each unit is 0 or x/(1 − p), and p of them are 0 (Srivastava et al., 2014, inverted)."""
    parts = build(configure(f"regularizer.dropout={probability}"))
    dropout = next(module for module in parts.model.modules() if isinstance(module, nn.Dropout))
    units = torch.rand(200, 500) + 0.5
    dropped = dropout.train()(units)
    is_zero = dropped == 0
    torch.testing.assert_close(dropped[~is_zero], (units / (1 - probability))[~is_zero])
    assert is_zero.double().mean().item() == pytest.approx(probability, abs=0.01)
    assert torch.equal(dropout.eval()(units), units)


def test_batchnorm_normalizes_over_the_batch(configure: Configure) -> None:
    """In training each unit has mean 0 and variance 1 over the batch (Ioffe and Szegedy, 2015, algorithm 1)."""
    parts = build(configure("regularizer=batchnorm"))
    norm = next(module for module in parts.model.modules() if isinstance(module, nn.BatchNorm1d))
    out = norm.train()(torch.randn(512, 128) * 3 + 2).double()
    torch.testing.assert_close(out.mean(0), torch.zeros(128, dtype=torch.float64), atol=1e-4, rtol=0)
    torch.testing.assert_close(out.var(0, unbiased=False), torch.ones(128, dtype=torch.float64), atol=1e-3, rtol=0)


def test_proximal_l1_ends_with_exact_zeros_and_subgradient_does_not(configure: Configure, tmp_path: Path) -> None:
    shares = {}
    for solver in ("proximal", "subgradient"):
        config = configure(
            "regularizer=l1",
            "regularizer.lambda=3e-3",
            f"regularizer.solver={solver}",
            *QUICK,
            "trainer.epochs=30",
        )
        folder = tmp_path / solver
        folder.mkdir()
        run(config, folder, is_trial=False)
        shares[solver] = read_json(RunPaths(folder).result)["sparsity"]["overall"]
    assert shares["proximal"] > 0.2
    assert shares["subgradient"] == 0


def _trained_digest(config: RunConfig) -> str:
    parts = build(config)
    _train(parts, config)
    return weights.digest(parts.model)


def _train(parts: Parts, config: RunConfig) -> None:
    loop.train(
        parts.model,
        parts.dataset,
        parts.optimizer,
        parts.penalty,
        penalized=parts.groups.penalized,
        settings=loop.Settings(config.trainer.epochs, config.trainer.batch_size),
        batch_order=seeding.generator(config.seed, "batches"),
        observer=_Silent(),
    )


class _Silent:
    def on_step(self) -> None: ...

    def on_epoch(self, row: object) -> None: ...
