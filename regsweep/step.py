"""One step of training: gather a batch, forward, backward, update.

Shapes: N images in all, B of a batch, C channels, H rows, W columns, K classes.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import Parameter, functional
from torch.optim import Optimizer

from regsweep.data import Split
from regsweep.device import autocast
from regsweep.errors import DeviceError, show
from regsweep.optimizers import step_sizes
from regsweep.regularizers import Penalty

WARM_UP_STEPS = 3
"""Steps of each size of batch before one is captured, in which everything is allocated that later steps reuse."""

Thunk = Callable[[], None]


class Step:
    """A step on the images of `split`, which changes the weights in place and never waits for the device.

    Attributes:
        total_loss: sum of the batches' mean cross-entropies since it was last set to 0, on the device.
    """

    def __init__(
        self,
        model: nn.Module,
        split: Split,
        optimizer: Optimizer,
        penalty: Penalty,
        *,
        penalized: Sequence[Parameter],
        precision: str,
    ) -> None:
        self._model, self._split, self._optimizer = model, split, optimizer
        self._penalty, self._penalized, self._precision = penalty, penalized, precision
        self.device = split.labels_N.device
        self.total_loss = torch.zeros((), device=self.device)

    def __call__(self, index_B: Tensor) -> None:
        """Train on the images that `index_B` (on the device) chooses."""
        images_BCHW, labels_B = self._split.images_NCHW[index_B], self._split.labels_N[index_B]
        with autocast(self.device, self._precision):
            logits_BK = self._model(images_BCHW)
        loss = functional.cross_entropy(logits_BK.float(), labels_B)
        torch.autograd.backward(loss)
        with torch.no_grad():
            self._penalty.add_gradient(self._penalized)
            self._optimizer.step()
            self._penalty.shrink(step_sizes(self._optimizer, self._penalized))
        self._optimizer.zero_grad(set_to_none=True)  # here, not before: the next forward pass has its memory
        self.total_loss += loss.detach()


class RepeatedStep:
    """A step that is captured once for each size of batch and then repeated, which spares its operations' launches.

    A captured step reads its batch from one place, so each batch is copied there. An epoch has batches of two sizes at
    most. What the network decides in Python is decided once, at the capture: so it must do the same operations in
    every step.

    Args:
        step: the step to repeat.
        capture: takes a call without arguments and the device, and returns a call that does the same again. It need
            not do it itself.
    """

    def __init__(self, step: Step, capture: Callable[[Thunk, torch.device], Thunk]) -> None:
        self._step, self._capture = step, capture
        self._num_made: Counter[int] = Counter()
        self._index_B: dict[int, Tensor] = {}
        self._repeat: dict[int, Thunk] = {}

    @property
    def total_loss(self) -> Tensor:
        """Return the step's own sum."""
        return self._step.total_loss

    def __call__(self, index_B: Tensor) -> None:
        """Train on the images that `index_B` (on the device) chooses."""
        size = len(index_B)
        if self._num_made[size] < WARM_UP_STEPS:
            self._num_made[size] += 1
            self._step(index_B)
            return
        if size not in self._repeat:
            place_B = self._index_B[size] = index_B.clone()
            self._repeat[size] = self._capture(lambda: self._step(place_B), self._step.device)
        self._index_B[size].copy_(index_B)
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
    except RuntimeError as error:
        reason = f"a step of this network cannot be captured ({show(error)})"
        raise DeviceError(f"device.cuda_graphs=true: {reason}; set it to false") from error

    def replay() -> None:
        with torch.cuda.device(device):
            graph.replay()

    return replay
