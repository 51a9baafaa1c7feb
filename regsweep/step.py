"""One step of a training: a batch, a gradient, an update.

Shapes: N examples in all, B of a batch.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from regsweep.errors import DeviceError, NetworkError, show
from regsweep.gradient import Gradient
from regsweep.member import Member
from regsweep.methods import Batch
from regsweep.seeding import random_states, set_random_states

WARM_UP_STEPS = 3
"""Steps of each size of batch before one is captured, in which everything is allocated that later steps reuse."""

Thunk = Callable[[], None]
Capture = Callable[[Thunk, torch.device], Thunk]
"""Takes a call without arguments and the device, and returns a call that does the same again. It need not do it."""


class Step:
    """A step of `member`, which changes its weights in place and never waits for the device.

    Args:
        member: the training.
        gradient: how it comes by a gradient.
        capture: captures the step's inside once for each size of batch, to be repeated; None: it is done anew.
    """

    def __init__(self, member: Member, gradient: Gradient, capture: Capture | None = None) -> None:
        self._member, self._gradient = member, gradient
        # What is drawn or read in Python comes from outside; else a captured step gathers the batch itself.
        self._comes_from_outside = member.methods.changes_batches or member.dataset.train.is_streamed
        inside: Callable[..., None] = self._changed if self._comes_from_outside else self._gathered
        self._inside = inside if capture is None else Repeated(inside, capture, member.device)

    def __call__(self, index_B: Tensor) -> None:
        """Train on the examples that `index_B` (on the device) chooses."""
        member = self._member
        member.begin_step()
        if self._comes_from_outside:
            batch = self.batch(index_B)
            self._inside(batch.inputs, batch.targets, batch.labels)
        else:
            self._inside(index_B)
        member.end_step()

    def batch(self, index_B: Tensor) -> Batch:
        """Return the examples that `index_B` (on the device) chooses, as the methods leave them."""
        inputs, targets = self._member.examples(index_B)
        batch = Batch(inputs, targets, targets, self._member.scoring.loss)
        return self._member.methods.on_batch(batch)

    def _gathered(self, index_B: Tensor) -> None:
        self._train(self.batch(index_B))

    def _changed(self, inputs: Tensor, targets: Tensor, labels: Tensor) -> None:
        self._train(Batch(inputs, targets, labels, self._member.scoring.loss))

    def _train(self, batch: Batch) -> None:
        has_rounds = self._member.methods.gradient_rounds
        self.update(self._rounds(batch) if has_rounds else self._gradient([self._member], [batch])[0])

    def update(self, loss: Tensor) -> None:
        """Update the weights by the gradients, and add `loss` to the epoch's."""
        member = self._member
        with torch.no_grad():
            member.methods.before_update(member.lr)
            member.optimizer.step()
            member.methods.on_weights(member.lr, member.step_size)
        member.optimizer.zero_grad(set_to_none=True)  # here, not before: the next forward pass has its memory
        member.total_loss += loss

    def _rounds(self, batch: Batch) -> Tensor:
        """Take a gradient as often as a method wants one: each with the same noise, only the first counted.

        The loss is that of the first, at the weights before the step.
        """
        member, loss = self._member, None
        before = random_states(member.device)
        with torch.no_grad():
            for _ in member.methods.around():
                with torch.enable_grad():
                    if loss is None:
                        (loss,) = self._gradient([member], [batch])
                        after = random_states(member.device)
                    else:
                        set_random_states(before, member.device)
                        member.optimizer.zero_grad(set_to_none=True)
                        with _without_statistics(member.model):
                            self._gradient([member], [batch])
                        set_random_states(after, member.device)
        assert loss is not None, "the methods refuse to take none"
        return loss


@contextmanager
def _without_statistics(model: nn.Module) -> Iterator[None]:
    """Let BatchNorm normalize by the batch and leave its running statistics, and its count, as they are."""
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
    for module in norms:
        module.track_running_stats = False
    try:
        yield
    finally:
        for module in norms:
            module.track_running_stats = True


class Repeated:
    """A function of tensors that is captured once for each size of them and then repeated.

    That spares its operations' launches. A captured function reads its tensors from one place, so each call copies them
    there. An epoch has batches of two sizes at most. What is decided in Python is decided once, at the capture: so the
    function must do the same operations in every call.

    Args:
        function: to repeat.
        capture: see `Capture`.
        device: on which it computes.
    """

    def __init__(self, function: Callable[..., None], capture: Capture, device: torch.device) -> None:
        self._function, self._capture, self._device = function, capture, device
        self._num_made: Counter[int] = Counter()
        self._places: dict[int, list[Tensor]] = {}
        self._repeat: dict[int, Thunk] = {}

    def __call__(self, *tensors: Tensor) -> None:
        """Do what the function does."""
        size = len(tensors[0])
        if self._num_made[size] < WARM_UP_STEPS:
            self._num_made[size] += 1
            self._function(*tensors)
            return
        if size not in self._repeat:
            places = self._places[size] = [tensor.clone() for tensor in tensors]
            self._repeat[size] = self._capture(lambda: self._function(*places), self._device)
        for place, tensor in zip(self._places[size], tensors, strict=True):
            place.copy_(tensor)
        self._repeat[size]()


def capture_cuda_graph(thunk: Thunk, device: torch.device) -> Thunk:
    """Return the replay of a CUDA graph of the kernels that `thunk` launches on `device`; runs none of them.

    Raises:
        DeviceError: when `thunk` waits for the device, or does what a graph cannot hold.
    """
    graph, make_stream = torch.cuda.CUDAGraph(), cast(Callable[[torch.device], torch.cuda.Stream], torch.cuda.Stream)
    # The stream that is captured must be one of the device that computes, which need not be the first.
    try:
        with torch.cuda.device(device), torch.cuda.graph(graph, stream=make_stream(device)):
            thunk()
    except (RuntimeError, NetworkError) as error:
        reason = f"a step of this network cannot be captured ({show(error)})"
        raise DeviceError(f"device.cuda_graphs=true: {reason}; set it to false") from error

    def replay() -> None:
        with torch.cuda.device(device):
            graph.replay()

    return replay
