"""The training loop. It knows tensors and nothing of configurations, files, Hydra or Optuna."""

import time
from collections.abc import Callable, Sequence

from torch import Tensor

from regsweep.gradient import Alone, Gradient
from regsweep.member import Member
from regsweep.step import Step, capture_cuda_graph


class Training:
    """Members that are trained side by side, a step of each in turn; one that ends leaves alone.

    Each is trained bit for bit as if it were alone: torch's global generator, the one thing that they share, is
    exchanged when the member changes.

    Args:
        members: with equally many training images and batches of the same size.
        gradient: how they come by their gradients; None: each `Alone`.

    Attributes:
        members: those that are not done.
    """

    def __init__(self, members: Sequence[Member], gradient: Gradient | None = None) -> None:
        self.members = [member for member in members if not member.is_done]
        self._turn: Member | None = None
        self._steps = {
            member: Step(member, gradient or Alone(), capture_cuda_graph if member.settings.cuda_graphs else None)
            for member in self.members
        }

    def run(self) -> None:
        """Train all members to their ends; what ended one early stands in its `error`."""
        while self.members:
            self.epoch()

    def epoch(self) -> None:
        """Make one pass over the training images for each member, and evaluate each."""
        seconds = dict.fromkeys(self.members, 0.0)
        batches = {member: self._begin(member) for member in self.members}
        for place in range(max(map(len, batches.values()))):
            for member in [each for each in self.members if place < len(batches[each])]:
                began = time.perf_counter()
                self._take_turn(member, self._steps[member], batches[member][place])
                seconds[member] += time.perf_counter() - began
        self._end_turn()  # an observer may keep the member's state, and its random numbers are part of it
        for member in tuple(self.members):
            began = time.perf_counter()
            member.wait()
            seconds[member] += time.perf_counter() - began
            self._take_turn(member, self._end_epoch, member, seconds[member])
        self._end_turn()

    def _begin(self, member: Member) -> tuple[Tensor, ...]:
        member.model.train()
        member.total_loss.zero_()
        return member.batches()

    def _end_epoch(self, member: Member, train_seconds: float) -> None:
        member.end_epoch(train_seconds)
        if member.is_done:
            self.members.remove(member)

    def _take_turn(self, member: Member, act: Callable[..., None], *arguments: object) -> None:
        """Let `member` act; an error of its own ends it alone."""
        if self._turn is not member:
            self._end_turn()
            member.noise.enter()
            self._turn = member
        try:
            act(*arguments)
        except Exception as error:  # noqa: BLE001  (of its network or its methods, whatever it is)
            member.error = error
            self.members.remove(member)

    def _end_turn(self) -> None:
        """Keep the place at which the random numbers of the member whose turn it was stand."""
        if self._turn is not None:
            self._turn.noise.leave()
            self._turn = None
