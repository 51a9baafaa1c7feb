"""The learning rate of each step is the schedule's, as torch's schedulers have it, after a linear warm-up."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR

from regsweep.build import build, require_buildable
from regsweep.config import RunConfig, validate
from regsweep.errors import ConfigError
from regsweep.member import Silent
from regsweep.schedules import factor_of
from regsweep.training import Training

Configure = Callable[..., RunConfig]
LR = 0.3


def rates(schedule: str, num_steps: int, warmup: float = 0.0) -> list[float]:
    factor = factor_of(schedule, warmup, num_steps)
    return [LR * (factor(step) if factor else 1.0) for step in range(num_steps)]


def rates_of_torch(make: Callable[[SGD], LRScheduler], num_steps: int) -> list[float]:
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR)
    scheduler, found = make(optimizer), []
    for step in range(num_steps):
        found.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if step < num_steps - 1:
            scheduler.step()
    return found


@pytest.mark.parametrize("num_steps", [1, 2, 3, 4, 10, 11, 500])
def test_each_step_has_the_rate_of_torch_s_scheduler(num_steps: int) -> None:
    cosine = rates_of_torch(lambda optimizer: CosineAnnealingLR(optimizer, T_max=num_steps), num_steps)
    assert rates("cosine", num_steps) == pytest.approx(cosine, rel=1e-9, abs=1e-15)
    one_cycle = rates_of_torch(
        lambda optimizer: OneCycleLR(optimizer, max_lr=LR, total_steps=num_steps, cycle_momentum=False), num_steps
    )
    assert rates("one_cycle", num_steps) == pytest.approx(one_cycle, rel=1e-12)


def test_cosine_is_its_formula() -> None:
    assert rates("cosine", 4) == pytest.approx([LR, LR * (2 + math.sqrt(2)) / 4, LR / 2, LR * (2 - math.sqrt(2)) / 4])


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle"])
@pytest.mark.parametrize(("num_steps", "warmup", "num_warming"), [(100, 0.1, 10), (40, 0.05, 2), (7, 0.5, 4)])
def test_the_warm_up_rises_linearly_to_where_the_schedule_begins(
    schedule: str, num_steps: int, warmup: float, num_warming: int
) -> None:
    """Step n (from 1) of w that warm up has n/(w + 1) of the first rate, which comes next; then it goes its own way."""
    found, alone = rates(schedule, num_steps, warmup), rates(schedule, num_steps - num_warming)
    rising = [alone[0] * n / (num_warming + 1) for n in range(1, num_warming + 1)]
    assert found == pytest.approx(rising + alone, rel=1e-12)


@given(
    schedule=st.sampled_from(["constant", "cosine", "one_cycle"]),
    num_steps=st.integers(1, 60),
    warmup=st.floats(0, 1, exclude_max=True),
)
def test_a_rate_is_above_zero_and_no_higher_than_the_optimizer_s(schedule: str, num_steps: int, warmup: float) -> None:
    """However few the steps are: one of them at least is the schedule's."""
    found = rates(schedule, num_steps, warmup)
    assert len(found) == num_steps
    assert all(0 < rate <= LR * (1 + 1e-12) for rate in found)


@pytest.mark.parametrize(("num_steps", "found"), [(1, [1]), (2, [1 / 2, 1]), (3, [1 / 3, 2 / 3, 1])])
def test_a_warm_up_of_nearly_all_steps_leaves_the_schedule_one(num_steps: int, found: list[float]) -> None:
    for schedule, first in (("constant", 1.0), ("cosine", 1.0), ("one_cycle", 1 / 25 / 1e4)):
        assert rates(schedule, num_steps, 0.999) == pytest.approx([LR * first * rate for rate in found], rel=1e-9)


class Rates(Silent):
    """Notes the learning rates of each step's groups of parameters."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._optimizer = optimizer
        self.found: list[set[float]] = []

    def on_step(self) -> None:
        self.found.append({group["lr"] for group in self._optimizer.param_groups})


def trained(config: RunConfig) -> list[set[float]]:
    parts = build(config)
    noted = Rates(parts.optimizer)
    Training([parts.member(config, noted)]).run()
    return noted.found


QUICK = ("dataset.train_size=90", "trainer.batch_size=32", "model.hidden=[8]", f"optimizer.lr={LR}")


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_every_step_of_a_training_has_its_rate_in_each_group(configure: Configure, optimizer: str) -> None:
    chosen = ("regularizer=l2", f"optimizer={optimizer}", *QUICK, "trainer.epochs=4")
    found = trained(configure(*chosen, "optimizer.schedule=cosine", "optimizer.warmup=0.25"))
    assert found == [{rate} for rate in rates("cosine", 12, 0.25)]
    assert len(set.union(*found)) > 8


def test_a_constant_rate_without_a_warm_up_is_left_as_it_is(configure: Configure) -> None:
    """Whoever changes it, an observer for one, has changed it for good."""
    assert factor_of("constant", 0.0, 100) is None
    config = configure(*QUICK, "trainer.epochs=2")
    assert (config.optimizer.schedule, config.optimizer.warmup) == ("constant", 0.0)
    assert trained(config) == [{LR}] * 6
    parts = build(config)

    class Halving(Rates):
        def on_step(self) -> None:
            super().on_step()
            for group in parts.optimizer.param_groups:
                group["lr"] /= 2

    noted = Halving(parts.optimizer)
    Training([parts.member(config, noted)]).run()
    assert noted.found == [{LR / 2**step} for step in range(6)]


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_a_training_of_very_few_steps_ends(configure: Configure, schedule: str, epochs: int) -> None:
    given = ("dataset.train_size=30", "trainer.batch_size=32", "model.hidden=[8]", f"trainer.epochs={epochs}")
    found = trained(configure(*given, f"optimizer.schedule={schedule}", "optimizer.warmup=0.9", f"optimizer.lr={LR}"))
    assert found == [{rate} for rate in rates(schedule, epochs, 0.9)]


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("schedule", "linear", "must be constant, cosine or one_cycle"),
        ("schedule", None, "must be constant, cosine or one_cycle"),
        *[("warmup", value, "must be a share of the steps") for value in (1, 1.5, -0.1, math.nan, "5%", True)],
    ],
)
def test_another_schedule_or_share_is_refused(values: dict[str, Any], key: str, value: Any, allowed: str) -> None:
    values["optimizer"][key] = value
    with pytest.raises(ConfigError, match=rf"^optimizer\.{key}=.*: {allowed}"):
        validate(values)


ONE_CYCLE = ("optimizer.schedule=one_cycle", "dataset.train_size=64", "model.hidden=[8]", f"optimizer.lr={LR}")


@pytest.mark.parametrize(
    ("batch_size", "epochs", "warmup", "found"),
    [
        (64, 1, 0, "1 step"),
        (64, 9, 0, "9 steps"),
        (16, 2, 0, "8 steps"),
        (16, 5, 0.6, "8 steps after the warm-up"),
        (64, 10, 0, None),
        (16, 5, 0.5, None),
    ],
)
def test_one_cycle_of_too_few_steps_is_refused_before_training(
    configure: Callable[..., RunConfig], batch_size: int, epochs: int, warmup: float, found: str | None
) -> None:
    numbers = (f"trainer.batch_size={batch_size}", f"trainer.epochs={epochs}", f"optimizer.warmup={warmup}")
    config = configure(*ONE_CYCLE, *numbers)
    if found is None:
        expected = rates("one_cycle", epochs * 64 // batch_size, warmup)
        assert trained(config) == [{rate} for rate in expected]
        return
    line = rf"^optimizer\.schedule=one_cycle: needs 10 steps or more to rise and fall, and has {found}; raise "
    with pytest.raises(ConfigError, match=line):
        require_buildable(config)
