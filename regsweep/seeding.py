"""One seed, several independent streams: what is drawn for one purpose never shifts another.

So two runs of one seed share initial weights (where shapes match) and batch order whatever their
regularization is, and differ by it alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

_STREAMS = ("weights", "batches", "noise", "split", "subset", "labels")


def derive(seed: int, stream: str) -> int:
    """Return the seed (0 to 2³²−1) of one stream.

    Args:
        seed: the run's or the split's seed, 0 to 2³²−1.
        stream: ``weights`` (initial), ``batches`` (their order), ``noise`` (dropout), ``split``, ``subset``
            or ``labels`` (which are flipped).
    """
    return int(np.random.SeedSequence([seed, _STREAMS.index(stream)]).generate_state(1)[0])


def generator(seed: int, stream: str) -> torch.Generator:
    """Return a generator on the CPU for one stream."""
    return torch.Generator().manual_seed(derive(seed, stream))


@contextmanager
def preserved_random_state() -> Iterator[None]:
    """Leave torch's global generator on the CPU as it was found."""
    state = torch.get_rng_state()
    try:
        yield
    finally:
        torch.set_rng_state(state)
