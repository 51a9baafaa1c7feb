"""The order in which the methods of a run act: by stage, then by name, never as they were given."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from regsweep.hooks import Methods
from regsweep.methods import Batch, Method, Parameters, Update
from regsweep.methods.method import STAGES
from regsweep.regularizers.gradient_clipping import GradientClipping
from regsweep.regularizers.l1 import L1
from tests.regularizers import made


class Noting(Method):
    """A method that notes its name in each hook that has stages."""

    def note(self) -> None:
        raise AssertionError

    def on_batch(self, batch: Batch) -> Batch:
        self.note()
        return batch

    def before_update(self, parameters: Parameters, lr: float | Tensor) -> None:
        self.note()

    def on_weights(self, update: Update) -> None:
        self.note()


def begun(methods: list[Method]) -> Methods:
    found, every = Methods(methods), dict(nn.Linear(2, 2).named_parameters())
    found.begin({"weights": {"weight": every["weight"]}, "all": every}, 0, torch.device("cpu"))
    return found


@pytest.mark.parametrize("hook", STAGES)
def test_methods_act_by_stage_then_by_name(hook: str) -> None:
    stages = [*STAGES[hook], STAGES[hook][0]]
    names = [*"zyxwv"[: len(STAGES[hook])], "a"]  # the later the stage, the earlier the name
    noted: list[str] = []

    def of(name: str, stage: str) -> Method:
        own = {"name": name, "stage": {hook: stage}, "note": lambda _: noted.append(name)}
        noting: Method = made.method(type(name, (Noting,), own))
        return noting

    methods = begun([of(name, stage) for name, stage in zip(names, stages, strict=True)][::-1])
    act: dict[str, Callable[[], object]] = {
        "on_batch": lambda: methods.on_batch(made.batch()),
        "before_update": lambda: methods.before_update(0.1),
        "on_weights": lambda: methods.on_weights(0.1, lambda _: 0.1),
    }
    act[hook]()
    assert noted == ["a", *names[:-1]]


def test_the_gradient_is_clipped_with_the_penalty_s_part() -> None:
    """As that of a penalty in the loss would be."""
    methods = begun([made.method(GradientClipping, norm=0.1), made.method(L1, strength=5.0, solver="subgradient")])
    weights = [parameter for held in methods._parameters.values() for parameter in held.every.values()]
    for weight in weights:
        weight.grad = torch.ones_like(weight)
    with torch.no_grad():
        methods.before_update(0.1)
    norm = sum(float(weight.grad.square().sum()) for weight in {*weights} if weight.grad is not None) ** 0.5
    assert norm == pytest.approx(0.1, rel=1e-4)


class Largest(Method):
    """A method whose term is the largest weight that it covers, and whose record holds the sum of a network's."""

    name, title = "largest", "largest"

    def extra_loss(self, logits_BK: Tensor, batch: Batch, parameters: Parameters) -> Tensor:
        return torch.stack([weight.max() for weight in parameters.covered.values()]).max()

    def record(self, model: nn.Module) -> dict[str, float]:
        return {"sum": sum(float(weight.detach().sum()) for weight in model.parameters())}


def test_a_term_of_the_loss_has_the_parameters_and_a_record_the_network() -> None:
    methods = begun([made.method(Largest)])
    (parameters,) = methods._parameters.values()
    batch = made.batch()
    logits_BK = torch.zeros(len(batch.inputs), batch.num_classes)
    total = methods.total_loss(torch.tensor(2.0), logits_BK, batch)
    assert total.item() == pytest.approx(2 + max(weight.max().item() for weight in parameters.covered.values()))
    other = nn.Linear(1, 1)
    with torch.no_grad():
        other.weight.fill_(2)
        other.bias.fill_(3)
    assert methods.records(other) == {"largest": {"sum": 5.0}}
