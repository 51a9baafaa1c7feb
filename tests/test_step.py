"""A step that is repeated computes what a step computes; on a CUDA device it never waits."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW

from regsweep import loop, seeding, weights
from regsweep.build import Parts, build
from regsweep.config import RunConfig, SGDConfig
from regsweep.loop import EpochRow
from regsweep.optimizers import build_optimizer, step_sizes
from regsweep.regularizers import NoPenalty
from regsweep.scope import group_parameters
from regsweep.step import WARM_UP_STEPS, RepeatedStep, Step, Thunk

Configure = Callable[..., RunConfig]
IMAGES, BATCH, SIZES = 152, 32, [31, 31, 30, 30, 30]
COMBINATIONS = [
    ("l1", "sgd", "float32"),
    ("l1", "adam", "float32"),
    ("elastic_net", "adamw", "float32"),
    ("l2", "sgd", "bfloat16"),
]
each_combination = pytest.mark.parametrize(("penalty", "optimizer", "precision"), COMBINATIONS)
WAITING = ("aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select", "aten::equal")
"""Operations after which the process knows values on the device, so on a CUDA device it waits for them."""

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


class Silent:
    def on_step(self) -> None:
        pass

    def on_epoch(self, row: EpochRow) -> None:
        pass


def step_of(parts: Parts) -> Step:
    penalized = list(parts.groups.penalized.values())
    return Step(
        parts.model, parts.dataset.train, parts.optimizer, parts.penalty, penalized=penalized, precision=parts.precision
    )


def overrides(penalty: str, optimizer: str, precision: str) -> list[str]:
    chosen = [f"regularizer=[{penalty},dropout,batchnorm]", f"optimizer={optimizer}", "model=cnn"]
    return [*chosen, f"dataset.train_size={IMAGES}", f"device.precision={precision}"]


def batches(epochs: int) -> list[Tensor]:
    """The batches of an epoch have the `SIZES`."""
    order = torch.Generator().manual_seed(0)
    return [index for _ in range(epochs) for index in torch.split(torch.randperm(IMAGES, generator=order), SIZES)]


@each_combination
def test_a_repeated_step_trains_as_a_step_does(
    configure: Configure, penalty: str, optimizer: str, precision: str
) -> None:
    captured: list[Thunk] = []

    def call_again(thunk: Thunk, _: torch.device) -> Thunk:
        captured.append(thunk)
        return thunk

    left = []
    for repeats in (False, True):
        parts = build(configure(*overrides(penalty, optimizer, precision)))
        plain = step_of(parts)
        step = RepeatedStep(plain, call_again) if repeats else plain
        parts.model.train()
        for index in batches(3):
            step(index)
        left.append((weights.digest(parts.model), step.total_loss.item()))
    assert left[0] == left[1]
    assert len(captured) == 2


def test_a_repetition_trains_on_the_batch_at_hand(configure: Configure) -> None:
    """A capture notes the kernels and runs none: only the repetition trains."""
    parts = build(configure(*overrides("l2", "sgd", "float32")))
    repeated: list[Tensor] = []

    def note(_: Thunk, device: torch.device) -> Thunk:
        assert device == torch.device("cpu")
        return lambda: repeated.append(step._index_B[30].clone())

    parts.model.train()
    step = RepeatedStep(step_of(parts), note)
    given = [index for index in batches(2) if len(index) == 30]
    for index in given[:WARM_UP_STEPS]:
        step(index)
    warmed_up = weights.digest(parts.model)
    for index in given[WARM_UP_STEPS:]:
        step(index)
    assert weights.digest(parts.model) == warmed_up
    assert all(torch.equal(a, b) for a, b in zip(repeated, given[WARM_UP_STEPS:], strict=True))


def test_after_the_warm_up_of_each_size_every_batch_is_repeated(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    repeated: Counter[int] = Counter()

    def count(thunk: Thunk, _: torch.device) -> Thunk:
        size, capture = len(given[-1]), len(captured)
        captured.append(size)

        def repeat() -> None:
            repeated[size] += 1
            assert len(given[-1]) == captured[capture]
            thunk()

        return repeat

    captured: list[int] = []
    given: list[Tensor] = []
    called = RepeatedStep.__call__

    def watch(step: RepeatedStep, index_B: Tensor) -> None:
        given.append(index_B)
        called(step, index_B)

    monkeypatch.setattr(loop, "capture_cuda_graph", count)
    monkeypatch.setattr(RepeatedStep, "__call__", watch)
    parts = build(configure("regularizer=batchnorm", "model.hidden=[8]", "dataset.train_size=1026"))
    train(parts, cuda_graphs=True, epochs=2, batch_size=64)
    made = Counter(len(index_B) for index_B in given)
    assert made == {61: 2 * 6, 60: 2 * 11}
    assert sorted(captured) == [60, 61], "once for each size"
    assert repeated == {size: number - WARM_UP_STEPS for size, number in made.items()}


def train(parts: Parts, *, cuda_graphs: bool, epochs: int = 3, batch_size: int = BATCH) -> None:
    settings = loop.Settings(epochs, batch_size, precision=parts.precision, cuda_graphs=cuda_graphs)
    loop.train(
        parts.model,
        parts.dataset,
        parts.optimizer,
        parts.penalty,
        penalized=parts.groups.penalized,
        settings=settings,
        batch_order=seeding.generator(0, "batches"),
        observer=Silent(),
    )


def test_the_loop_repeats_a_captured_step_where_it_is_asked_to(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    captured: list[torch.device] = []

    def call_again(thunk: Thunk, device: torch.device) -> Thunk:
        captured.append(device)
        return thunk

    monkeypatch.setattr(loop, "capture_cuda_graph", call_again)
    for cuda_graphs in (False, True):
        train(build(configure(*overrides("l2", "sgd", "float32"))), cuda_graphs=cuda_graphs)
        assert len(captured) == (len(set(SIZES)) if cuda_graphs else 0)


def test_a_step_is_captured_though_the_images_are_fewer_than_a_batch(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    captured: list[Thunk] = []

    def call_again(thunk: Thunk, _: torch.device) -> Thunk:
        captured.append(thunk)
        return thunk

    monkeypatch.setattr(loop, "capture_cuda_graph", call_again)
    given = [*overrides("l2", "sgd", "float32"), "dataset.train_size=20"]
    train(build(configure(*given)), cuda_graphs=True, epochs=WARM_UP_STEPS + 1)
    assert len(captured) == 1


def counted(act: Callable[[], None]) -> dict[str, int]:
    """Return how often each operation was done in the course of `act`."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        act()
    return {event.key: event.count for event in profile.key_averages()}


@pytest.mark.parametrize(("penalty", "precision"), [("l1", "float32"), ("l2", "bfloat16")])
def test_how_often_an_epoch_waits_does_not_depend_on_its_steps(
    configure: Configure, penalty: str, precision: str
) -> None:
    """With SGD: on a CPU, PyTorch's fused Adam asks for its own counters."""
    waits = []
    for train_size in (64, 192):
        parts = build(configure(*overrides(penalty, "sgd", precision), f"dataset.train_size={train_size}"))
        done = counted(partial(train, parts, cuda_graphs=False, epochs=1))
        assert done["aten::convolution"] > train_size / BATCH
        waits.append([done.get(name, 0) for name in WAITING])
    assert waits[0] == waits[1]
    assert waits[0][0] > 0  # the epoch's own numbers


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_step_sizes_are_not_waited_for(configure: Configure, optimizer: str) -> None:
    parts = build(configure(*overrides("l1", optimizer, "float32")))
    parts.model.train()
    step_of(parts)(batches(1)[0])
    penalized = list(parts.groups.penalized.values())
    with torch.no_grad():
        done = counted(lambda: parts.penalty.shrink(step_sizes(parts.optimizer, penalized)))
    assert done["aten::copy_"] > 0
    assert not done.keys() & set(WAITING)


class Alternating(nn.Module):
    """A network whose second layer takes part in every other step alone, as under stochastic depth."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(64, 16), nn.Linear(16, 16), nn.Linear(16, 10)
        self.calls = 0

    def forward(self, images: Tensor) -> Tensor:
        self.calls += 1
        units = self.first(images.flatten(1))
        logits: Tensor = self.last(self.second(units) if self.calls % 2 == 0 else units)
        return logits


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_a_parameter_may_have_its_first_gradient_later(configure: Configure, optimizer: str) -> None:
    """And is stepped as PyTorch's plain optimizers step it."""
    left = []
    for fused in (True, False):
        config = configure(f"optimizer={optimizer}", f"dataset.train_size={IMAGES}")
        torch.manual_seed(0)
        model, data = Alternating(), build(config).dataset
        if fused:
            built = build_optimizer(config.optimizer, group_parameters(model, "all"), 0.0)
            assert all(group["fused"] for group in built.param_groups)
        else:
            plain = {"sgd": SGD, "adam": Adam, "adamw": AdamW}[optimizer]
            momentum = {"momentum": config.optimizer.momentum} if isinstance(config.optimizer, SGDConfig) else {}
            built = plain(model.parameters(), lr=config.optimizer.lr, **momentum, weight_decay=0.0, fused=False)
        step = Step(model, data.train, built, NoPenalty(), penalized=[], precision="float32")
        for index in batches(2):
            step(index)
        left.append(torch.cat([parameter.detach().flatten() for parameter in model.parameters()]))
    torch.testing.assert_close(left[0], left[1], rtol=1e-4, atol=1e-6)


@needs_cuda
@each_combination
def test_a_cuda_graph_trains_as_the_step_does(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, penalty: str, optimizer: str, precision: str
) -> None:
    # As cuDNN chooses its algorithms by itself, two plain runs part from each other as far as from a graph.
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    given = [*overrides(penalty, optimizer, precision), "device=cuda"]
    trained = []
    for cuda_graphs in (False, True):
        parts = build(configure(*given, f"device.cuda_graphs={str(cuda_graphs).lower()}"))
        train(parts, cuda_graphs=cuda_graphs)
        trained.append(weights.digest(parts.model))
    assert trained[0] == trained[1]


@needs_cuda
@each_combination
def test_a_step_never_waits_for_the_device(configure: Configure, penalty: str, optimizer: str, precision: str) -> None:
    parts = build(configure(*overrides(penalty, optimizer, precision), "device=cuda"))
    step = step_of(parts)
    parts.model.train()
    given = [index.to("cuda") for index in batches(1)]
    step(given[0])
    torch.cuda.set_sync_debug_mode("error")
    try:
        for index in given[1:]:
            step(index)
    finally:
        torch.cuda.set_sync_debug_mode("default")
