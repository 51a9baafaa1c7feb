"""Members of one training do not notice each other, nor that one was saved and taken up again."""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD

from regsweep import weights
from regsweep.build import build
from regsweep.config import RunConfig
from regsweep.data import Dataset, Split
from regsweep.errors import DivergedError, MethodError, NetworkError, Pruned
from regsweep.hooks import Methods
from regsweep.member import EpochRow, Member, Observer, Settings, Silent
from regsweep.methods import Method, MethodSettings, Parameters
from regsweep.regularizers.early_stopping import EarlyStopping
from regsweep.training import Training

Configure = Callable[..., RunConfig]
QUICK = ("dataset.train_size=100", "trainer.batch_size=32", "trainer.epochs=3")
DIFFERENT = [
    ("regularizer=[dropout,mixup,l1]", "model.hidden=[16]", "seed=1", *QUICK),
    (
        "regularizer=[dropout,sam,batch_norm]", "regularizer.dropout=0.2", "model.hidden=[24,16]", "optimizer=adam",
        "optimizer.schedule=cosine", "optimizer.warmup=0.2", "seed=2", *QUICK,
    ),
    (
        "regularizer=[dropout,gaussian_noise,l2,ema]", "model=cnn", "optimizer.lr=0.02", "trainer.restore_best=true",
        "seed=3", *QUICK, "trainer.batch_size=20",
    ),
]  # fmt: skip
"""Three trainings that draw random numbers, each in its own way; one has more steps than the others."""


def left_by(member: Member) -> tuple[Any, ...]:
    """Return all that a training leaves, without its times, and leave the kept weights in its network."""
    history = [astuple(replace(row, train_seconds=0, evaluate_seconds=0)) for row in member.history]
    best = (member.best.epoch, member.best.score) if member.best else None
    return weights.digest(member.model), weights.digest(member.trained()), history, best, member.step


@pytest.fixture
def make(configure: Configure) -> Callable[..., Member]:
    """Return a function that makes a member of a configuration."""

    def make(overrides: tuple[str, ...], observer: Observer | None = None) -> Member:
        config = configure(*overrides)
        return build(config).member(config, observer)

    return make


def test_members_that_take_turns_are_those_that_are_trained_one_after_the_other(make: Callable[..., Member]) -> None:
    alone = []
    for overrides in DIFFERENT:
        member = make(overrides)
        Training([member]).run()
        alone.append(left_by(member))
    assert len({digest for digest, *_ in alone}) == 3
    assert [steps for *_, steps in alone] == [12, 12, 15]
    for order in ([0, 1, 2], [2, 0, 1]):
        members = {place: make(DIFFERENT[place]) for place in order}
        Training(list(members.values())).run()
        assert [left_by(members[place]) for place in (0, 1, 2)] == alone


def test_trainings_that_take_turns_are_those_that_are_run_one_after_the_other(make: Callable[..., Member]) -> None:
    alone, alternating = ([make(overrides) for overrides in DIFFERENT[:2]] for _ in range(2))
    for member in alone:
        Training([member]).run()
    trainings = [Training([member]) for member in alternating]
    for _ in range(3):
        for training in trainings:
            training.epoch()
    assert not any(training.members for training in trainings)
    assert [left_by(member) for member in alternating] == [left_by(member) for member in alone]


class Saving(Silent):
    """Keeps the state of a member after its first epoch, as a file would."""

    def __init__(self) -> None:
        self.member: Member | None = None
        self.saved = io.BytesIO()

    def on_epoch(self, row: EpochRow) -> None:
        if row.epoch == 1:
            assert self.member is not None
            torch.save(self.member.state_dict(), self.saved)


@pytest.mark.parametrize("overrides", DIFFERENT, ids=lambda each: each[0])
def test_a_member_that_was_saved_and_taken_up_ends_as_one_that_ran_straight_through(
    make: Callable[..., Member], overrides: tuple[str, ...]
) -> None:
    saving = Saving()
    straight = saving.member = make(overrides, saving)
    training = Training([straight])
    training.epoch()
    in_memory = straight.state_dict()
    training.run()
    expected = left_by(straight)
    saved = torch.load(io.BytesIO(saving.saved.getvalue()), weights_only=False)
    for state in (saved, in_memory, in_memory):  # which neither the training nor the first that took it up changed
        torch.rand(5)
        resumed = make(overrides)
        resumed.load_state_dict(state)
        assert (resumed.epoch, len(resumed.history)) == (1, 1)
        Training([resumed]).run()
        assert left_by(resumed) == expected


def test_a_member_that_is_done_is_not_trained_on(make: Callable[..., Member]) -> None:
    done, again = make(DIFFERENT[0]), make(DIFFERENT[0])
    Training([done]).run()
    again.load_state_dict(done.state_dict())
    Training([again]).run()
    assert left_by(again) == left_by(done)

    stopped = make((*DIFFERENT[0], "regularizer.early_stopping=1", "trainer.epochs=50"))
    Training([stopped]).run()
    assert len(stopped.history) < 50
    assert stopped.is_done
    num_steps, digest = stopped.step, weights.digest(stopped.model)
    Training([stopped]).run()
    assert (stopped.step, weights.digest(stopped.model)) == (num_steps, digest)


class Network(nn.Module):
    """A network with dropout, whose logits are multiplied by `scale` in its training steps from `since` on.

    A scale of None raises.
    """

    def __init__(self, scale: float | None = 1.0, since: int = 0) -> None:
        super().__init__()
        self.linear, self.dropout = nn.Linear(4, 3), nn.Dropout(0.5)
        self.scale, self.since, self.steps = scale, since, 0

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.linear(self.dropout(images.flatten(1)))
        self.steps += self.training
        if self.steps <= self.since:
            return logits
        if self.scale is None:
            raise RuntimeError("no such layer")
        return logits * self.scale


class Failing(Method):
    """A method that fails before the sixth step."""

    name, title = "failing", "failing"

    def before_step(self, step: int) -> None:
        if step == 5:
            raise ValueError("it failed")


class FailingBetweenGradients(Method):
    """A method that fails after its first gradient."""

    name, title = "failing", "failing"

    def around(self, parameters: Parameters) -> Iterator[None]:
        yield
        raise ValueError("it failed")


class FailingAtTheEnd(Method):
    """A method that fails after the second epoch."""

    name, title = "failing", "failing"

    def should_stop(self, history: Sequence[EpochRow]) -> bool:
        if len(history) == 2:
            raise ValueError("it failed")
        return False


class Pruning(Silent):
    """Gives a training up after its second epoch."""

    def on_epoch(self, row: EpochRow) -> None:
        if row.epoch == 2:
            raise Pruned("pruned at step 2")


def dataset() -> Dataset:
    images = torch.randn(30, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    whole = Split(images, torch.arange(30) % 3)
    return Dataset("synthetic", ("a", "b", "c"), whole, whole, whole)


def made(seed: int, model: nn.Module, *methods: Method, observer: Observer | None = None) -> Member:
    torch.manual_seed(seed)
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    settings = Settings(epochs=4, batch_size=8)
    optimizer = SGD(model.parameters(), lr=0.1)
    return Member(model, dataset(), optimizer, Methods(methods), settings=settings, seed=seed, observer=observer)


def test_a_member_that_ends_early_leaves_alone() -> None:
    """At its first step, in the middle of an epoch, at the end of one, and whatever it was that ended it."""
    stopping = EarlyStopping(EarlyStopping.Settings(patience=3))
    makers: dict[str, Callable[[], Member]] = {
        "first": lambda: made(0, Network()),
        "diverges at once": lambda: made(1, Network(math.nan), stopping),
        "diverges": lambda: made(2, Network(math.inf, since=9)),
        "second": lambda: made(3, Network()),
        "pruned": lambda: made(4, Network(), observer=Pruning()),
        "raises at once": lambda: made(5, Network(None)),
        "raises": lambda: made(6, Network(None, since=6)),
        "method fails": lambda: made(7, Network(), Failing(MethodSettings())),
        "method fails between gradients": lambda: made(8, Network(), FailingBetweenGradients(MethodSettings())),
        "method fails at the end": lambda: made(9, Network(), FailingAtTheEnd(MethodSettings())),
        "third": lambda: made(10, Network()),
    }
    together = {name: make() for name, make in makers.items()}
    Training(list(together.values())).run()
    for name, make in makers.items():
        alone = make()
        Training([alone]).run()
        assert repr(together[name].error) == repr(alone.error), name
        assert left_by(together[name]) == left_by(alone), name
    failed = "regularizer.failing: around failed (ValueError: it failed)"
    assert str(together["method fails between gradients"].error) == failed
    assert {name: (type(member.error), len(member.history)) for name, member in together.items()} == {
        "first": (type(None), 4),
        "diverges at once": (DivergedError, 0),
        "diverges": (DivergedError, 2),
        "second": (type(None), 4),
        "pruned": (Pruned, 2),
        "raises at once": (NetworkError, 0),
        "raises": (NetworkError, 1),
        "method fails": (MethodError, 1),
        "method fails between gradients": (MethodError, 0),
        "method fails at the end": (MethodError, 2),
        "third": (type(None), 4),
    }
