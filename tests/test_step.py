"""A step that is repeated computes what a step computes; on a CUDA device it never waits."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW

from regsweep import training, weights
from regsweep.build import build
from regsweep.config import RunConfig
from regsweep.gradient import Alone
from regsweep.hooks import Methods
from regsweep.member import Member, Settings
from regsweep.optimizers import build_optimizer
from regsweep.scope import trained_parameters
from regsweep.step import WARM_UP_STEPS, Repeated, Step, Thunk
from regsweep.training import Training

Configure = Callable[..., RunConfig]
IMAGES, BATCH, SIZES = 152, 32, [31, 31, 30, 30, 30]
COMBINATIONS = [
    ("l1", "sgd", "float32"),
    ("l1", "adam", "float32"),
    ("elastic_net", "adamw", "float32"),
    ("l2", "sgd", "bfloat16"),
    ("mixup,max_norm,ema", "sgd", "float32"),  # mixup draws on the CPU, and changes the batch before what is captured
    ("weight_decay,gradient_clipping,confidence_penalty", "adam", "float32"),
]
each_combination = pytest.mark.parametrize(("methods", "optimizer", "precision"), COMBINATIONS)
WAITING = ("aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select", "aten::equal")
"""Operations after which the process knows values on the device, so on a CUDA device it waits for them."""

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def overrides(methods: str, optimizer: str, precision: str) -> list[str]:
    chosen = [f"regularizer=[{methods},dropout,batch_norm]", f"optimizer={optimizer}", "model=cnn"]
    numbers = [f"dataset.train_size={IMAGES}", f"trainer.batch_size={BATCH}", "trainer.epochs=3"]
    return [*chosen, *numbers, f"device.precision={precision}"]


def member_of(config: RunConfig, *, cuda_graphs: bool | None = None) -> Member:
    """Return a training; with `cuda_graphs` it captures its steps on a CPU too, by what a test puts there."""
    made = build(config).member(config)
    if cuda_graphs is not None:
        made.settings = replace(made.settings, cuda_graphs=cuda_graphs)
    return made


def train(made: Member) -> Member:
    Training([made]).run()
    if made.error is not None:
        raise made.error
    return made


def batches(epochs: int) -> list[Tensor]:
    """The batches of an epoch have the `SIZES`."""
    order = torch.Generator().manual_seed(0)
    return [index for _ in range(epochs) for index in torch.split(torch.randperm(IMAGES, generator=order), SIZES)]


@each_combination
def test_a_repeated_step_trains_as_a_step_does(
    configure: Configure, methods: str, optimizer: str, precision: str
) -> None:
    captured: list[Thunk] = []

    def call_again(thunk: Thunk, _: torch.device) -> Thunk:
        captured.append(thunk)
        return thunk

    left = []
    for capture in (None, call_again):
        made = member_of(configure(*overrides(methods, optimizer, precision)))
        step = Step(made, Alone(), capture)
        made.model.train()
        with made.noise:
            for index in batches(3):
                step(index)
        left.append((weights.digest(made.trained()), weights.digest(made.model), made.total_loss.item(), made.step))
    assert left[0] == left[1]
    assert len(captured) == 2


def test_a_capture_trains_nothing_and_its_repetition_does(configure: Configure) -> None:
    made = member_of(configure(*overrides("l2", "sgd", "float32")))
    thunks: list[Thunk] = []
    calls: list[int] = []

    def note(thunk: Thunk, device: torch.device) -> Thunk:
        assert device == torch.device("cpu")
        thunks.append(thunk)
        return lambda: calls.append(made.step)

    made.model.train()
    step = Step(made, Alone(), note)
    given = [index for index in batches(2) if len(index) == 30]
    for index in given[:WARM_UP_STEPS]:
        step(index)
    warmed_up = weights.digest(made.model)
    for index in given[WARM_UP_STEPS:]:
        step(index)
    assert weights.digest(made.model) == warmed_up
    assert calls == list(range(WARM_UP_STEPS, len(given)))
    assert len(thunks) == 1
    thunks[0]()
    assert weights.digest(made.model) != warmed_up


def test_a_repetition_reads_the_tensors_at_hand_from_the_places_of_the_capture() -> None:
    read: list[tuple[Tensor, Tensor]] = []
    places: set[tuple[int, int]] = set()

    def function(images: Tensor, labels: Tensor) -> None:
        read.append((images.clone(), labels.clone()))
        if len(read) > 2 * WARM_UP_STEPS:
            places.add((images.data_ptr(), labels.data_ptr()))

    repeated = Repeated(function, lambda thunk, _: thunk, torch.device("cpu"))
    given = [(torch.rand(size, 2), torch.rand(size)) for _ in range(WARM_UP_STEPS + 3) for size in (4, 5)]
    for tensors in given:
        repeated(*tensors)
    assert len(read) == len(given)
    for ours, theirs in zip(read, given, strict=True):
        assert torch.equal(ours[0], theirs[0])
        assert torch.equal(ours[1], theirs[1])
    assert len(places) == 2, "one for each size"
    assert not places & {(images.data_ptr(), labels.data_ptr()) for images, labels in given}


def test_after_the_warm_up_of_each_size_every_batch_is_repeated(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    repeated: Counter[int] = Counter()

    def count(thunk: Thunk, _: torch.device) -> Thunk:
        size, capture = given[-1], len(captured)
        captured.append(size)

        def repeat() -> None:
            repeated[size] += 1
            assert given[-1] == captured[capture]
            thunk()

        return repeat

    captured: list[int] = []
    given: list[int] = []
    called = Repeated.__call__

    def watch(step: Repeated, index_B: Tensor) -> None:
        given.append(len(index_B))
        called(step, index_B)

    monkeypatch.setattr(training, "capture_cuda_graph", count)
    monkeypatch.setattr(Repeated, "__call__", watch)
    quick = ("model.hidden=[8]", "dataset.train_size=1026", "trainer.batch_size=64", "trainer.epochs=2")
    train(member_of(configure("regularizer=batch_norm", *quick), cuda_graphs=True))
    made = Counter(given)
    assert made == {61: 2 * 6, 60: 2 * 11}
    assert sorted(captured) == [60, 61], "once for each size"
    assert repeated == {size: number - WARM_UP_STEPS for size, number in made.items()}


def test_a_training_repeats_a_captured_step_where_it_is_asked_to(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    captured: list[torch.device] = []

    def call_again(thunk: Thunk, device: torch.device) -> Thunk:
        captured.append(device)
        return thunk

    monkeypatch.setattr(training, "capture_cuda_graph", call_again)
    left = []
    for cuda_graphs in (False, True):
        made = train(member_of(configure(*overrides("l2", "sgd", "float32")), cuda_graphs=cuda_graphs))
        left.append(weights.digest(made.model))
        assert len(captured) == (len(set(SIZES)) if cuda_graphs else 0)
    assert left[0] == left[1]


def test_a_step_is_captured_though_the_images_are_fewer_than_a_batch(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    captured: list[Thunk] = []

    def call_again(thunk: Thunk, _: torch.device) -> Thunk:
        captured.append(thunk)
        return thunk

    monkeypatch.setattr(training, "capture_cuda_graph", call_again)
    given = [*overrides("l2", "sgd", "float32"), "dataset.train_size=20", f"trainer.epochs={WARM_UP_STEPS + 1}"]
    train(member_of(configure(*given), cuda_graphs=True))
    assert len(captured) == 1


@pytest.mark.parametrize(("methods", "optimizer"), [("l1", "sgd"), ("l1", "adam"), ("weight_decay", "adamw")])
def test_a_scheduled_rate_that_a_graph_can_read_is_the_rate(configure: Configure, methods: str, optimizer: str) -> None:
    """It is a tensor that stays in its place; the optimizer and the methods compute with it as with a number."""
    left = []
    for capturable in (False, True):
        quick = ("model.hidden=[16]", f"dataset.train_size={IMAGES}", "trainer.epochs=2", "optimizer.schedule=cosine")
        config = configure(f"regularizer={methods}", f"optimizer={optimizer}", *quick)
        parts = build(config)
        built = build_optimizer(
            config.optimizer, trained_parameters(parts.model), {}, 0.0, capturable=capturable, scheduled=True
        )
        rates = [group["lr"] for group in built.param_groups]
        assert all(isinstance(rate, Tensor) for rate in rates) == capturable
        made = train(replace(parts, optimizer=built).member(config))
        assert not capturable or all(group["lr"] is rate for group, rate in zip(built.param_groups, rates, strict=True))
        left.append(torch.cat([parameter.detach().flatten() for parameter in made.model.parameters()]))
    torch.testing.assert_close(left[0], left[1], rtol=1e-4, atol=1e-6)


def counted(act: Callable[[], object]) -> dict[str, int]:
    """Return how often each operation was done in the course of `act`."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        act()
    return {event.key: event.count for event in profile.key_averages()}


@pytest.mark.parametrize(
    ("methods", "precision"), [("l1", "float32"), ("l2", "bfloat16"), ("sam,max_norm,ema", "float32")]
)
def test_how_often_an_epoch_waits_does_not_depend_on_its_steps(
    configure: Configure, methods: str, precision: str
) -> None:
    """With SGD: on a CPU, PyTorch's fused Adam asks for its own counters."""
    waits = []
    for train_size in (64, 192):
        given = [*overrides(methods, "sgd", precision), f"dataset.train_size={train_size}", "trainer.epochs=1"]
        done = counted(partial(train, member_of(configure(*given))))
        assert done["aten::convolution"] > train_size / BATCH
        waits.append([done.get(name, 0) for name in WAITING])
    assert waits[0] == waits[1]
    assert waits[0][0] > 0  # the epoch's own numbers


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_step_sizes_are_not_waited_for(configure: Configure, optimizer: str) -> None:
    made = member_of(configure(*overrides("l1", optimizer, "float32")))
    made.model.train()
    Step(made, Alone())(batches(1)[0])
    for parameter in made.model.parameters():
        parameter.grad = torch.ones_like(parameter)
    with torch.no_grad():
        done = counted(lambda: made.methods.on_weights(made.lr, made.step_size))
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
            built = build_optimizer(config.optimizer, trained_parameters(model), {}, 0.0)
            assert all(group["fused"] for group in built.param_groups)
        else:
            plain = {"sgd": SGD, "adam": Adam, "adamw": AdamW}[optimizer]
            momentum = {"momentum": config.optimizer.momentum} if optimizer == "sgd" else {}
            built = plain(model.parameters(), lr=config.optimizer.lr, **momentum, weight_decay=0.0, fused=False)
        step = Step(Member(model, data, built, Methods([]), settings=Settings(1, BATCH), seed=0), Alone())
        for index in batches(2):
            step(index)
        left.append(torch.cat([parameter.detach().flatten() for parameter in model.parameters()]))
    torch.testing.assert_close(left[0], left[1], rtol=1e-4, atol=1e-6)


@needs_cuda
@each_combination
def test_a_cuda_graph_trains_as_the_step_does(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, methods: str, optimizer: str, precision: str
) -> None:
    # As cuDNN chooses its algorithms by itself, two plain runs part from each other as far as from a graph.
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    given = [*overrides(methods, optimizer, precision), "device=cuda"]
    trained = []
    for cuda_graphs in (False, True):
        made = train(member_of(configure(*given, f"device.cuda_graphs={str(cuda_graphs).lower()}")))
        trained.append(weights.digest(made.model))
    assert trained[0] == trained[1]


@needs_cuda
@pytest.mark.parametrize(
    ("methods", "optimizer", "precision"), [each for each in COMBINATIONS if not each[0].startswith("mixup")]
)
def test_a_step_never_waits_for_the_device(configure: Configure, methods: str, optimizer: str, precision: str) -> None:
    made = member_of(configure(*overrides(methods, optimizer, precision), "device=cuda"))
    step = Step(made, Alone())
    made.model.train()
    given = [index.to("cuda") for index in batches(1)]
    step(given[0])
    torch.cuda.set_sync_debug_mode("error")
    try:
        for index in given[1:]:
            step(index)
    finally:
        torch.cuda.set_sync_debug_mode("default")
