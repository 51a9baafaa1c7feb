"""One seed, several independent streams: what is drawn for one purpose never shifts another.

So two runs of one seed share initial weights (where shapes match) and batch order whatever their
regularization is, and differ by it alone.
"""

import hashlib
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor

_NUMBERS = {"weights": 0, "batches": 1, "noise": 2, "split": 3, "subset": 4, "labels": 5}
"""The numbers of the streams that were there first; those of others are hashes of their names."""


def derive(seed: int, stream: str) -> int:
    """Return the seed (0 to 2³²−1) of one stream.

    Args:
        seed: the run's or the split's seed, 0 to 2³²−1.
        stream: ``weights`` (initial), ``batches`` (their order), ``noise`` (dropout), ``split``, ``subset``
            or ``labels`` (which are flipped), or any other name.
    """
    number = _NUMBERS[stream] if stream in _NUMBERS else int(hashlib.sha256(stream.encode()).hexdigest()[:16], 16)
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def generator(seed: int, stream: str) -> torch.Generator:
    """Return a generator on the CPU for one stream."""
    return torch.Generator().manual_seed(derive(seed, stream))


class Stream:
    """A stream of random numbers at which torch's global generators, of the CPU and of a device, can stand.

    Used as a context, it lets them stand there, and afterwards where they stood before.

    Args:
        seed: of the stream.
        device: on which numbers are drawn, beside the CPU.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self._device = device
        devices = [torch.device("cpu")] if device.type == "cpu" else [torch.device("cpu"), device]
        self._states = [torch.Generator(device=each).manual_seed(seed).get_state() for each in devices]
        self._before: list[Tensor] = []

    def enter(self) -> None:
        """Let the global generators stand at this stream."""
        set_random_states(self._states, self._device)

    def leave(self) -> None:
        """Remember where they stand now, as this stream's place."""
        self._states = random_states(self._device)

    def __enter__(self) -> None:
        self._before = random_states(self._device)
        self.enter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
        set_random_states(self._before, self._device)

    def state_dict(self) -> dict[str, Any]:
        """Return the stream's place."""
        return {"states": [state.clone() for state in self._states]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go to a place that `state_dict` returned."""
        self._states = [each.clone() for each in state["states"]]


def random_states(device: torch.device) -> list[Tensor]:
    """Return where torch's global generators stand: the CPU's and, where it is another one, the device's."""
    if device.type == "cuda":
        return [torch.get_rng_state(), torch.cuda.get_rng_state(device)]
    return [torch.get_rng_state(), torch.mps.get_rng_state()] if device.type == "mps" else [torch.get_rng_state()]


def set_random_states(states: list[Tensor], device: torch.device) -> None:
    """Let torch's global generators stand where `random_states` returned."""
    torch.set_rng_state(states[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[1], device)
    elif device.type == "mps":
        torch.mps.set_rng_state(states[1])
