"""A step that is repeated computes what a step computes; on a CUDA device it never waits."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from regsweep import loop, seeding, weights
from regsweep.build import Parts, build
from regsweep.config import RunConfig
from regsweep.loop import EpochRow
from regsweep.step import WARM_UP_STEPS, RepeatedStep, Step, Thunk

Configure = Callable[..., RunConfig]
BATCH = 32
COMBINATIONS = [("l1", "sgd"), ("l1", "adam"), ("elastic_net", "adamw"), ("l2", "sgd")]
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


class Silent:
    def on_step(self) -> None:
        pass

    def on_epoch(self, row: EpochRow) -> None:
        pass


def step_of(parts: Parts) -> Step:
    penalized = list(parts.groups.penalized.values())
    return Step(
        parts.model, parts.dataset.train, parts.optimizer, parts.penalty, penalized=penalized, precision="float32"
    )


def overrides(penalty: str, optimizer: str) -> list[str]:
    chosen = [f"regularizer=[{penalty},dropout,batchnorm]", f"optimizer={optimizer}", "model=cnn"]
    return [*chosen, "dataset.train_size=150"]


def batches(epochs: int) -> list[Tensor]:
    """150 images in batches of 32: four whole ones and one of 22, an epoch."""
    order = torch.Generator().manual_seed(0)
    return [index for _ in range(epochs) for index in torch.split(torch.randperm(150, generator=order), BATCH)]


@pytest.mark.parametrize(("penalty", "optimizer"), COMBINATIONS)
def test_a_repeated_step_trains_as_a_step_does(configure: Configure, penalty: str, optimizer: str) -> None:
    captured: list[Thunk] = []

    def call_again(thunk: Thunk) -> Thunk:
        captured.append(thunk)
        return thunk

    left = []
    for repeats in (False, True):
        parts = build(configure(*overrides(penalty, optimizer)))
        plain = step_of(parts)
        step = RepeatedStep(plain, BATCH, call_again) if repeats else plain
        parts.model.train()
        for index in batches(3):
            step(index)
        left.append((weights.digest(parts.model), step.total_loss.item()))
    assert left[0] == left[1]
    assert len(captured) == 1


def test_what_is_captured_is_not_run_a_second_time(configure: Configure) -> None:
    """A capture notes the kernels and runs none: only the repetition trains, on the batch at hand."""
    parts = build(configure(*overrides("l2", "sgd")))
    repeated: list[Tensor] = []
    step = RepeatedStep(step_of(parts), BATCH, lambda _: lambda: repeated.append(step._index_B.clone()))
    given = [index for index in batches(2) if len(index) == BATCH]
    for index in given:
        step(index)
    assert len(repeated) == len(given) - WARM_UP_STEPS
    assert all(torch.equal(a, b) for a, b in zip(repeated, given[WARM_UP_STEPS:], strict=True))


def train(parts: Parts, *, cuda_graphs: bool) -> str:
    settings = loop.Settings(epochs=3, batch_size=BATCH, cuda_graphs=cuda_graphs)
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
    return weights.digest(parts.model)


@needs_cuda
@pytest.mark.parametrize(("penalty", "optimizer"), COMBINATIONS)
def test_a_cuda_graph_trains_as_the_step_does(configure: Configure, penalty: str, optimizer: str) -> None:
    """But for dropout, which draws other masks in a graph: its counter is kept on the device."""
    given = [*overrides(penalty, optimizer), "device=cuda", "regularizer.dropout=0"]
    trained = []
    for cuda_graphs in (False, True):
        parts = build(configure(*given))
        train(parts, cuda_graphs=cuda_graphs)
        trained.append(torch.cat([parameter.detach().flatten().cpu() for parameter in parts.model.parameters()]))
    torch.testing.assert_close(trained[0], trained[1], rtol=1e-3, atol=1e-4)


@needs_cuda
@pytest.mark.parametrize(("penalty", "optimizer"), COMBINATIONS)
def test_a_step_never_waits_for_the_device(configure: Configure, penalty: str, optimizer: str) -> None:
    parts = build(configure(*overrides(penalty, optimizer), "device=cuda"))
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
