"""The gradient of a step: one trial and several side by side differ here, and nowhere else.

Shapes: B examples of a batch, K classes, or M numbers that are predicted.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from regsweep.device import network_error, outputs_of
from regsweep.errors import FAULTS
from regsweep.member import Member
from regsweep.methods import Batch


class Gradient(Protocol):
    """Puts the gradient of each member's loss into its parameters' ``.grad``."""

    def __call__(self, members: Sequence[Member], batches: Sequence[Batch]) -> list[Tensor]:
        """Return each member's mean loss on its batch, numbers () without a graph."""


class Alone:
    """A forward and a backward pass for each member."""

    def __call__(self, members: Sequence[Member], batches: Sequence[Batch]) -> list[Tensor]:
        """Return each member's mean loss on its batch."""
        return [self._of(member, batch) for member, batch in zip(members, batches, strict=True)]

    def _of(self, member: Member, batch: Batch) -> Tensor:
        outputs = outputs_of(member.model, batch.inputs, member.settings.precision)
        outputs = outputs.to(torch.promote_types(outputs.dtype, torch.float32))
        loss = batch.loss(outputs)
        total = member.methods.total_loss(loss, outputs, batch)
        try:
            torch.autograd.backward(total)
        except FAULTS as error:
            raise network_error(member.model, batch.inputs, error, " in its backward pass") from error
        return loss.detach()
