"""The loop's promises: modes, batches, divergence, determinism."""

import math
from collections.abc import Callable, Mapping

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.optim import SGD

from regsweep import loop, seeding, weights
from regsweep.build import build
from regsweep.config import RunConfig
from regsweep.data import Dataset, Split
from regsweep.errors import DivergedError
from regsweep.loop import EpochRow
from regsweep.metrics import evaluate
from regsweep.regularizers import NoPenalty, Penalty
from regsweep.regularizers.l2 import L2


class Recorder:
    def __init__(self) -> None:
        self.rows: list[EpochRow] = []
        self.steps = 0

    def on_step(self) -> None:
        self.steps += 1

    def on_epoch(self, row: EpochRow) -> None:
        self.rows.append(row)


class Watched(nn.Module):
    """A network that notes, at each call, its mode and the batch it is shown."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)
        self.norm = nn.BatchNorm1d(3)
        self.scale = scale
        self.calls: list[tuple[bool, int]] = []
        self.seen: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        self.calls.append((self.training, len(images)))
        self.seen.append(images[:, 0, 0, 0].clone())
        logits: Tensor = self.norm(self.linear(images.flatten(1))) * self.scale
        return logits


def dataset(train: int = 13, validation: int = 7) -> Dataset:
    def split(count: int) -> Split:
        generator = torch.Generator().manual_seed(count)
        return Split(torch.randn(count, 1, 2, 2, generator=generator), torch.arange(count) % 3)

    return Dataset("synthetic", ("a", "b", "c"), split(train), split(validation), split(5))


def fit(
    model: nn.Module,
    data: Dataset,
    *,
    lr: float = 0.1,
    epochs: int = 3,
    batch_size: int = 4,
    restore_best: bool = False,
    penalty: Penalty = NoPenalty(),  # noqa: B008  (it has no state)
) -> tuple[Recorder, int | None]:
    recorder = Recorder()
    covered: Mapping[str, nn.Parameter] = dict(model.named_parameters())
    settings = loop.Settings(epochs, batch_size, restore_best=restore_best)
    optimizer = SGD(model.parameters(), lr=lr)
    best = loop.train(
        model,
        data,
        optimizer,
        penalty,
        penalized=covered,
        settings=settings,
        batch_order=seeding.generator(0, "batches"),
        observer=recorder,
    )
    return recorder, best


def test_every_phase_sets_its_mode() -> None:
    model = Watched()
    recorder, _ = fit(model, dataset(train=12))
    a_single_epoch = [(True, 4)] * 3 + [(False, 12), (False, 7)]
    assert model.calls == a_single_epoch * 3
    assert recorder.steps == 9


def test_the_last_row_has_the_last_weights_metrics() -> None:
    model, data = Watched(), dataset()
    recorder, _ = fit(model, data)
    last = recorder.rows[-1]
    assert data.validation is not None
    assert last.train == evaluate(model, data.train.images_NCHW, data.train.labels_N)
    assert last.validation == evaluate(model, data.validation.images_NCHW, data.validation.labels_N)
    assert last.train != recorder.rows[0].train


def test_each_epoch_has_the_penalty_of_its_own_weights() -> None:
    model = Watched()
    recorder, _ = fit(model, dataset(), penalty=L2(0.25))
    first, *_, last = (row.penalty for row in recorder.rows)
    assert last == pytest.approx(
        0.25 * sum(p.detach().double().square().sum().item() for p in model.parameters()), rel=1e-6
    )
    assert first != last


@pytest.mark.parametrize(
    ("images", "batch_size", "sizes"),
    [
        (12, 4, [4, 4, 4]),
        (13, 4, [4, 3, 3, 3]),
        (14, 4, [4, 4, 3, 3]),
        (3, 4, [3]),
        (1026, 64, [61] * 6 + [60] * 11),
        (5, 2, [2, 2]),  # the fifth image alone is left out
    ],
)
def test_batches_are_of_one_size_but_for_one_image(images: int, batch_size: int, sizes: list[int]) -> None:
    """No small last batch enters BatchNorm's statistics just before the evaluation, and none of one image at all."""
    model = Watched()
    fit(model, dataset(train=images), epochs=1, batch_size=batch_size)
    assert [size for training, size in model.calls if training] == sizes
    assert loop.num_steps(images, batch_size) == len(sizes)


@given(images=st.integers(1, 3000), batch_size=st.integers(1, 200))
def test_an_epoch_leaves_out_one_image_at_most(images: int, batch_size: int) -> None:
    found = loop._batches(dataset(train=images).train, batch_size, torch.Generator())
    sizes = [len(batch) for batch in found]
    assert len(found) == loop.num_steps(images, batch_size)
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1
    assert images - sum(sizes) == (1 if batch_size == 2 and images % 2 and images > 1 else 0)


def test_each_epoch_shows_every_image_once_in_a_new_order() -> None:
    model, data = Watched(), dataset(train=12)
    fit(model, data, epochs=2)
    epochs = [torch.cat(model.seen[start : start + 3]) for start in (0, 5)]
    for shown in epochs:
        assert torch.equal(shown.sort().values, data.train.images_NCHW[:, 0, 0, 0].sort().values)
    assert not torch.equal(epochs[0], epochs[1])


def shown_order(*, stream_seed: int, global_seed: int) -> Tensor:
    """Return the training images, by their first pixel, in the order in which the loop showed them."""
    model, data, recorder = Watched(), dataset(train=12), Recorder()
    torch.manual_seed(global_seed)
    settings, order = loop.Settings(epochs=2, batch_size=4), seeding.generator(stream_seed, "batches")
    optimizer = SGD(model.parameters(), lr=0.1)
    loop.train(
        model, data, optimizer, NoPenalty(), penalized={}, settings=settings, batch_order=order, observer=recorder
    )
    return torch.cat([seen for seen, (training, _) in zip(model.seen, model.calls, strict=True) if training])


def test_the_batch_order_follows_its_own_stream_alone() -> None:
    """So runs of one seed see the same batches, whatever else was drawn before: dropout, other weights."""
    assert torch.equal(shown_order(stream_seed=0, global_seed=1), shown_order(stream_seed=0, global_seed=2))
    assert not torch.equal(shown_order(stream_seed=0, global_seed=1), shown_order(stream_seed=1, global_seed=1))


def test_dropout_draws_from_a_stream_that_the_weights_do_not_shift(configure: Callable[..., RunConfig]) -> None:
    drawn = []
    for overrides in (("model.hidden=[8]",), ("model.hidden=[64,64]",)):
        build(configure(*overrides))
        drawn.append(torch.rand(5))
    assert torch.equal(*drawn)
    assert torch.initial_seed() == seeding.derive(0, "noise")


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_loss_of_the_evaluation_that_is_not_finite_is_a_divergence(split: str) -> None:
    data = dataset()
    held_out = data.train if split == "train" else data.validation
    assert held_out is not None
    held_out.images_NCHW[:] = held_out.images_NCHW.sign() * 3e38
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    settings, order = loop.Settings(epochs=1, batch_size=4), seeding.generator(0, "batches")
    optimizer = SGD(model.parameters(), lr=1e-30)
    with pytest.raises(DivergedError):
        loop.train(
            model, data, optimizer, NoPenalty(), penalized={}, settings=settings, batch_order=order, observer=Recorder()
        )


def test_the_streams_of_a_seed_are_apart() -> None:
    seeds = {
        seeding.derive(seed, stream)
        for seed in range(50)
        for stream in ("weights", "batches", "noise", "split", "subset", "labels")
    }
    assert len(seeds) == 300


@pytest.mark.parametrize("scale", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_stops_the_training(scale: float) -> None:
    recorder = Recorder()
    model = Watched(scale)
    settings = loop.Settings(epochs=5, batch_size=4)
    with pytest.raises(DivergedError, match=r"diverged at epoch 1: the loss is nan; try a lower optimizer\.lr"):
        loop.train(
            model,
            dataset(),
            SGD(model.parameters(), lr=0.1),
            NoPenalty(),
            penalized={},
            settings=settings,
            batch_order=seeding.generator(0, "batches"),
            observer=recorder,
        )
    assert not recorder.rows


def test_it_ends_with_the_last_epoch_or_the_best() -> None:
    """With a learning rate that is far too high the last epoch is not the best one."""
    results = {}
    for restore_best in (False, True):
        torch.manual_seed(3)
        model, data = Watched(), dataset(train=60, validation=40)
        recorder, best = fit(model, data, lr=5.0, epochs=12, restore_best=restore_best)
        assert data.validation is not None
        results[restore_best] = evaluate(model, data.validation.images_NCHW, data.validation.labels_N).accuracy
        by_epoch = [row.validation.accuracy for row in recorder.rows if row.validation]
        assert best == by_epoch.index(max(by_epoch)) + 1
    assert by_epoch[-1] < max(by_epoch), "the case is one in which it matters"
    assert results == {False: by_epoch[-1], True: max(by_epoch)}


def test_training_metrics_are_taken_on_a_fixed_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TRAIN_SAMPLE", 5)
    model = Watched()
    fit(model, dataset(train=12), epochs=1)
    assert [size for training, size in model.calls if not training] == [4, 7]


@pytest.mark.parametrize("model", ["mlp", "cnn"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_same_seed_gives_the_same_weights_bit_for_bit(
    configure: Callable[..., RunConfig], model: str, optimizer: str
) -> None:
    def digest(seed: int) -> str:
        config = configure(
            "regularizer=[l1,dropout,batchnorm]",
            f"model={model}",
            f"optimizer={optimizer}",
            "dataset.train_size=150",
            f"seed={seed}",
        )
        parts = build(config)
        settings = loop.Settings(epochs=3, batch_size=32)
        order = seeding.generator(config.seed, "batches")
        loop.train(
            parts.model,
            parts.dataset,
            parts.optimizer,
            parts.penalty,
            penalized=parts.groups.penalized,
            settings=settings,
            batch_order=order,
            observer=Recorder(),
        )
        return weights.digest(parts.model)

    assert digest(0) == digest(0)
    assert digest(0) != digest(1)


def test_metrics_are_accuracy_and_mean_cross_entropy() -> None:
    """Against float64 by hand, over more than one evaluation batch."""
    images = torch.randn(2500, 1, 2, 2)
    labels = torch.randint(0, 3, (2500,))
    linear = nn.Linear(4, 3)
    metrics = evaluate(nn.Sequential(nn.Flatten(), linear), images, labels)
    logits = (images.flatten(1).double() @ linear.weight.double().T + linear.bias.double()).detach()
    expected = -(logits - logits.logsumexp(1, keepdim=True))[torch.arange(2500), labels].mean().item()
    assert metrics.loss == pytest.approx(expected, rel=1e-5)
    assert metrics.accuracy == (logits.argmax(1) == labels).double().mean().item()
