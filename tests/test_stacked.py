"""Several members can have one forward and one backward pass, and are what they are alone.

That is the seam of `regsweep.gradient`: nothing else of a training differs between one trial and several side by side.
"""

from collections.abc import Callable, Sequence
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.optim import SGD, Adam, Optimizer

from regsweep import weights
from regsweep.data import Dataset, Split
from regsweep.gradient import Gradient
from regsweep.hooks import Methods
from regsweep.member import Member, Settings
from regsweep.methods import Batch
from regsweep.models.cnn import CNN
from regsweep.models.mlp import MLP
from regsweep.regularizers.confidence_penalty import ConfidencePenalty
from regsweep.regularizers.l1 import L1
from regsweep.regularizers.l2 import L2
from regsweep.regularizers.label_smoothing import LabelSmoothing
from regsweep.regularizers.max_norm import MaxNorm
from regsweep.step import Step
from regsweep.training import Training
from tests.regularizers.made import method

EPOCHS, BATCH_SIZE, IMAGES = 4, 8, 40
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "MLP": lambda: MLP((1, 8, 8), 5, hidden=(16, 12)),
    "MLP with BatchNorm": lambda: MLP((1, 8, 8), 5, batch_norm=True, hidden=(16, 12)),
    "CNN with BatchNorm": lambda: CNN((1, 8, 8), 5, batch_norm=True),
}
OPTIMIZERS: list[Callable[..., Optimizer]] = [
    partial(SGD, lr=0.05, momentum=0.9),
    partial(Adam, lr=3e-3, eps=1e-4),
    partial(SGD, lr=0.1, weight_decay=2e-3),
]


class Stacked:
    """One forward and one backward pass for all members, whose parameters and buffers become views of one storage."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._network = members[0].model
        self._parameters, self._buffers = stack_module_state([member.model for member in members])
        for place, member in enumerate(members):
            for name, parameter in member.model.named_parameters():
                parameter.data = self._parameters[name].detach()[place]
            for name, buffer in member.model.named_buffers():
                buffer.set_(self._buffers[name][place])

    def __call__(self, members: Sequence[Member], batches: Sequence[Batch]) -> list[Tensor]:
        inputs = torch.stack([batch.inputs for batch in batches])
        each_logits = vmap(self._forward)(self._parameters, self._buffers, inputs)
        losses = [batch.loss(logits) for batch, logits in zip(batches, each_logits, strict=True)]
        each = zip(members, losses, each_logits, batches, strict=True)
        torch.autograd.backward([member.methods.total_loss(*of_member) for member, *of_member in each])
        for name, stacked in self._parameters.items():
            assert stacked.grad is not None
            for member, gradient in zip(members, stacked.grad, strict=True):
                member.model.get_parameter(name).grad = gradient
            stacked.grad = None
        return [loss.detach() for loss in losses]

    def _forward(self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], inputs: Tensor) -> Tensor:
        logits: Tensor = functional_call(self._network, (parameters, buffers), inputs)
        return logits


def three(network: str) -> list[Member]:
    """Return three members in float64 that differ in seeds, methods, optimizers and rates."""
    images = torch.randn(IMAGES, 1, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    data = Split(images, torch.arange(IMAGES) % 5)
    dataset = Dataset("synthetic", ("a", "b", "c", "d", "e"), data, data, data)
    chosen = [
        [method(L1, strength=2e-2), method(LabelSmoothing, epsilon=0.2), method(MaxNorm, norm=1.5)],
        [method(L1, strength=1e-2), method(ConfidencePenalty, beta=0.1), method(MaxNorm, norm=0.8)],
        [method(L1, strength=3e-2), method(L2, strength=1e-3), method(LabelSmoothing, epsilon=0.1)],
    ]
    members = []
    for seed, methods in enumerate(chosen):
        torch.manual_seed(seed)
        model = NETWORKS[network]().double()
        settings = Settings(EPOCHS, BATCH_SIZE, schedule="cosine")
        optimizer = OPTIMIZERS[seed](model.parameters())
        members.append(Member(model, dataset, optimizer, Methods(methods), settings=settings, seed=seed))
    return members


def train_together(members: list[Member]) -> None:
    gradient: Gradient = Stacked(members)
    steps = [Step(member, gradient) for member in members]
    for _ in range(EPOCHS):
        for member in members:
            member.model.train()
        for indices in zip(*(member.batches() for member in members), strict=True):
            for member in members:
                member.begin_step()
            batches = [step.batch(index) for step, index in zip(steps, indices, strict=True)]
            for member, step, loss in zip(members, steps, gradient(members, batches), strict=True):
                step.update(loss)
                member.end_step()
        for member in members:
            member.wait()
            member.end_epoch(0.0)


@pytest.mark.parametrize("network", NETWORKS)
def test_three_members_with_one_gradient_are_the_three_alone(network: str) -> None:
    alone, together = three(network), three(network)
    for member in alone:
        Training([member]).run()
    train_together(together)
    for one, other in zip(alone, together, strict=True):
        assert one.error is None
        assert one.step == other.step == 20
        assert one.history[-1].train["accuracy"] == other.history[-1].train["accuracy"]
        assert one.history[-1].penalty == pytest.approx(other.history[-1].penalty, rel=1e-12)
        states = one.model.state_dict(), other.model.state_dict()
        assert states[0].keys() == states[1].keys()
        for name, expected in states[0].items():  # BatchNorm's running statistics, and their count, are among them
            torch.testing.assert_close(states[1][name], expected, rtol=0, atol=1e-12)
        zeros = [weights.count_zeros(member.model) for member in (one, other)]
        assert zeros[0] == zeros[1]
        assert zeros[0]["overall"] > 0
    storages = {
        parameter.untyped_storage().data_ptr() for member in together for parameter in member.model.parameters()
    }
    assert len(storages) == len(list(together[0].model.parameters())), "they are views of one storage, to the end"
