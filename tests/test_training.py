"""A training's promises: modes, batches, divergence, determinism."""

import math
import time
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.optim import SGD

from regsweep import member as member_module
from regsweep import seeding, weights
from regsweep.build import build
from regsweep.config import RunConfig
from regsweep.data import Dataset, Split
from regsweep.errors import DivergedError
from regsweep.hooks import Methods
from regsweep.member import EpochRow, Member, Observer, Settings, num_steps, smallest_batch
from regsweep.methods import Batch, Method, MethodSettings, Parameters
from regsweep.metrics import Scoring, evaluate
from regsweep.regularizers import METHODS
from regsweep.regularizers.l1 import L1
from regsweep.regularizers.l2 import L2
from regsweep.training import Training

Configure = Callable[..., RunConfig]


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


def member(
    model: nn.Module,
    data: Dataset,
    *methods: Method,
    lr: float = 0.1,
    epochs: int = 3,
    batch_size: int = 4,
    restore_best: bool = False,
    seed: int = 0,
    observer: Observer | None = None,
) -> Member:
    optimizer = SGD(model.parameters(), lr=lr)
    settings = Settings(epochs, batch_size, restore_best=restore_best)
    return Member(model, data, optimizer, Methods(methods), settings=settings, seed=seed, observer=observer)


def fit(made: Member) -> Member:
    Training([made]).run()
    if made.error is not None:
        raise made.error
    return made


def test_every_phase_sets_its_mode() -> None:
    model, recorder = Watched(), Recorder()
    fit(member(model, dataset(train=12), observer=recorder))
    a_single_epoch = [(True, 4)] * 3 + [(False, 12), (False, 7)]
    assert model.calls == a_single_epoch * 3
    assert recorder.steps == 9


def test_the_last_row_has_the_last_weights_metrics() -> None:
    model, data, recorder = Watched(), dataset(), Recorder()
    trained = fit(member(model, data, observer=recorder))
    last = trained.history[-1]
    assert recorder.rows == trained.history
    assert trained.kept is last
    assert data.validation is not None
    assert last.train == evaluate(model, data.train, trained.scoring)
    assert last.validation == evaluate(model, data.validation, trained.scoring)
    assert last.train != trained.history[0].train


def test_the_seconds_of_members_that_take_turns_add_up_to_no_more_than_the_time_that_passed() -> None:
    members = [member(Watched(), dataset()) for _ in range(2)]
    training = Training(members[:])
    began = time.perf_counter()
    training.run()
    passed = time.perf_counter() - began
    rows = [row for each in members for row in each.history]
    seconds = [second for row in rows for second in (row.train_seconds, row.evaluate_seconds)]
    assert min(seconds) > 0
    assert 0.2 * passed < sum(seconds) <= passed


def test_each_epoch_has_the_penalties_of_its_own_weights() -> None:
    model = Watched()
    penalties = L1(L1.Settings(strength=0.125)), L2(L2.Settings(strength=0.25, scope="all"))
    first, *_, last = (row.penalty for row in fit(member(model, dataset(), *penalties)).history)
    by_hand = 0.125 * model.linear.weight.detach().double().abs().sum().item()
    by_hand += 0.25 * sum(p.detach().double().square().sum().item() for p in model.parameters())
    assert last == pytest.approx(by_hand, rel=1e-6)
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
    fit(member(model, dataset(train=images), epochs=1, batch_size=batch_size))
    assert [size for training, size in model.calls if training] == sizes
    assert num_steps(images, batch_size) == len(sizes)
    assert smallest_batch(images, batch_size) == min(sizes)


@given(images=st.integers(1, 3000), batch_size=st.integers(1, 200))
def test_an_epoch_leaves_out_one_image_at_most(images: int, batch_size: int) -> None:
    found = member(Watched(), dataset(train=images), batch_size=batch_size).batches()
    sizes = [len(batch) for batch in found]
    assert len(found) == num_steps(images, batch_size)
    assert min(sizes) == smallest_batch(images, batch_size)
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1
    assert images - sum(sizes) == (1 if batch_size == 2 and images % 2 and images > 1 else 0)


def test_each_epoch_shows_every_image_once_in_a_new_order() -> None:
    model, data = Watched(), dataset(train=12)
    fit(member(model, data, epochs=2))
    epochs = [torch.cat(model.seen[start : start + 3]) for start in (0, 5)]
    for shown in epochs:
        assert torch.equal(shown.sort().values, data.train.inputs[:, 0, 0, 0].sort().values)
    assert not torch.equal(epochs[0], epochs[1])


def shown_order(*, seed: int, global_seed: int) -> Tensor:
    """Return the training images, by their first pixel, in the order in which they were shown."""
    model = Watched()
    torch.manual_seed(global_seed)
    fit(member(model, dataset(train=12), epochs=2, seed=seed))
    return torch.cat([seen for seen, (training, _) in zip(model.seen, model.calls, strict=True) if training])


def test_the_batch_order_follows_its_own_stream_alone() -> None:
    """So runs of one seed see the same batches, whatever else was drawn before: dropout, other weights."""
    assert torch.equal(shown_order(seed=0, global_seed=1), shown_order(seed=0, global_seed=2))
    assert not torch.equal(shown_order(seed=0, global_seed=1), shown_order(seed=1, global_seed=1))


class Drawing(Watched):
    """A network that draws a number in each step from where a layer with dropout would: torch's global generator."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[float] = []

    def forward(self, images: Tensor) -> Tensor:
        if self.training:
            self.drawn.append(torch.rand(()).item())
        return super().forward(images)


def test_dropout_draws_from_a_stream_that_nothing_else_shifts() -> None:
    """Neither the weights nor what is drawn elsewhere between a training's epochs."""
    expected = torch.rand(9, generator=seeding.generator(3, "noise")).tolist()
    model = Drawing()
    training = Training([member(model, dataset(train=12), seed=3)])
    for _ in range(3):
        torch.rand(7)
        training.epoch()
    assert model.drawn == expected


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_loss_of_the_evaluation_that_is_not_finite_is_a_divergence(split: str) -> None:
    data = dataset()
    held_out = data.train if split == "train" else data.validation
    assert held_out is not None
    held_out.inputs[:] = held_out.inputs.sign() * 3e38
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    with pytest.raises(DivergedError):
        fit(member(model, data, epochs=1, lr=1e-30))


STREAMS = ["weights", "batches", "noise", "split", "subset", "labels", *(f"method {name}" for name in METHODS)]


def test_the_streams_of_a_seed_are_apart() -> None:
    seeds = {seeding.derive(seed, stream) for seed in range(50) for stream in STREAMS}
    assert len(seeds) == 50 * len(STREAMS)


@pytest.mark.parametrize("scale", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_stops_the_training(scale: float) -> None:
    made = member(Watched(scale), dataset(), epochs=5)
    with pytest.raises(DivergedError, match=r"diverged at epoch 1: the loss is nan; try a lower optimizer\.lr"):
        fit(made)
    assert not made.history


class Infinite(Method):
    """A term of the loss that is infinite in the second epoch."""

    name, title = "infinite", "infinite"

    def before_step(self, step: int) -> None:
        self.value_now = math.inf if step >= 4 else 0.0

    def extra_loss(self, logits_BK: Tensor, batch: Batch, parameters: Parameters) -> Tensor:
        return logits_BK.sum() * self.value_now


def test_a_divergence_names_the_method_whose_term_is_not_finite() -> None:
    with pytest.raises(DivergedError, match=r"epoch 2: .*the term of regularizer\.infinite is not finite"):
        fit(member(Watched(), dataset(), Infinite(MethodSettings())))


def test_it_ends_with_the_last_epoch_or_the_best() -> None:
    """With a learning rate that is far too high the last epoch is not the best one."""
    results = {}
    for restore_best in (False, True):
        torch.manual_seed(3)
        model, data = Watched(), dataset(train=60, validation=40)
        made = fit(member(model, data, lr=5.0, epochs=12, restore_best=restore_best))
        assert data.validation is not None
        kept = evaluate(made.trained(), data.validation, made.scoring)
        assert made.kept.validation == kept
        results[restore_best] = kept["accuracy"]
        by_epoch = [row.validation["accuracy"] for row in made.history if row.validation]
        assert made.best is not None
        assert made.best.epoch == by_epoch.index(max(by_epoch)) + 1
    assert by_epoch[-1] < max(by_epoch), "the case is one in which it matters"
    assert results == {False: by_epoch[-1], True: max(by_epoch)}


class Counting(Method):
    """A method whose record has the number of steps, and of calls, until then; it draws a number, too."""

    name, title = "counting", "counting"
    steps, calls = 0, 0

    def after_step(self, model: nn.Module, step: int) -> None:
        self.steps += 1

    def record(self, model: nn.Module) -> dict[str, float]:
        self.calls += 1
        torch.rand(3)
        return {"steps": self.steps, "calls": self.calls, "weight": model.get_parameter("linear.weight").sum().item()}


@pytest.mark.parametrize("restore_best", [False, True])
def test_a_method_s_numbers_are_of_the_epoch_that_is_kept(*, restore_best: bool) -> None:
    torch.manual_seed(3)
    model, data = Drawing(), dataset(train=60, validation=40)
    made = fit(member(model, data, Counting(MethodSettings()), lr=5.0, epochs=12, restore_best=restore_best))
    records, epoch = made.records()["counting"], made.kept.epoch
    assert (epoch < 12) == restore_best, "the case is one in which it matters"
    assert records["steps"] == 15 * epoch
    assert records["weight"] == made.trained().get_parameter("linear.weight").sum().item()
    assert records["calls"] <= epoch if restore_best else records["calls"] == 1
    expected = torch.rand(15 * 12, generator=seeding.generator(0, "noise")).tolist()
    assert model.drawn == expected, "what it draws shifts no other stream"


def test_training_metrics_are_taken_on_a_fixed_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member_module, "TRAIN_SAMPLE", 5)
    model = Watched()
    fit(member(model, dataset(train=12), epochs=1))
    assert [size for training, size in model.calls if not training] == [4, 7]


@pytest.mark.parametrize("model", ["mlp", "cnn"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_same_seed_gives_the_same_weights_bit_for_bit(configure: Configure, model: str, optimizer: str) -> None:
    def digest(seed: int) -> str:
        config = configure(
            "regularizer=[l1,dropout,batch_norm]",
            f"model={model}",
            f"optimizer={optimizer}",
            "dataset.train_size=150",
            "trainer.epochs=3",
            "trainer.batch_size=32",
            f"seed={seed}",
        )
        return weights.digest(fit(build(config).member(config)).trained())

    assert digest(0) == digest(0)
    assert digest(0) != digest(1)


def test_metrics_are_accuracy_and_mean_cross_entropy() -> None:
    """Against float64 by hand, over more than one evaluation batch."""
    images = torch.randn(2500, 1, 2, 2)
    labels = torch.randint(0, 3, (2500,))
    linear = nn.Linear(4, 3)
    metrics = evaluate(nn.Sequential(nn.Flatten(), linear), Split(images, labels), Scoring.of_classes(3))
    logits = (images.flatten(1).double() @ linear.weight.double().T + linear.bias.double()).detach()
    expected = -(logits - logits.logsumexp(1, keepdim=True))[torch.arange(2500), labels].mean().item()
    assert metrics.loss == pytest.approx(expected, rel=1e-5)
    assert metrics["accuracy"] == (logits.argmax(1) == labels).double().mean().item()
