"""What each change to a step gains: ``python benchmarks/variants.py [--threads 2] [--rounds 10]``.

The article's two networks on random images of 28×28 in batches of 64: its operations on tensors, and then one change
after the other. The variants take turns in one process, 30 steps each.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from contestants import BATCH, LR, WEIGHT_DECAY
from table import print_header, print_row, spread
from torch import Tensor, nn

from regsweep.memory import keep_freed_memory
from regsweep.models.cnn import CNN

IMAGES, STEPS = 20_000, 30
CHANGES: dict[str, dict[str, Any]] = {
    "as the article computes, on tensors": {},
    "`channels_last`": {"memory_format": torch.channels_last},
    "pooling before ReLU": {"network": CNN},
    "ReLU in place": {"in_place": True},
    "fused SGD": {"fused": True},
    "bfloat16": {"bfloat16": True},
}
"""Each is made on top of those before it."""


def main() -> None:
    """Print a table for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    keep_freed_memory()
    inputs, targets = torch.randn(IMAGES, 1, 28, 28), torch.randint(10, (IMAGES,))
    for regularized in (True, False):
        made: dict[str, Any] = {}
        steps = {}
        for name, change in CHANGES.items():
            made |= change
            steps[name] = variant(inputs, targets, regularized, **made)
        print_table("regularized" if regularized else "without regularization", steps, given.rounds)


class ReluFirst(CNN):
    """The network in the article's order: ReLU, then pooling."""

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Return logits (B, K)."""
        maps = self.pool(self.relu(self.bn1(self.conv1(images_BCHW))))
        maps = self.pool(self.relu(self.bn2(self.conv2(maps))))
        logits_BK: Tensor = self.fc2(self.dropout(self.relu(self.fc1(maps.flatten(1)))))
        return logits_BK


def variant(
    inputs: Tensor,
    targets: Tensor,
    regularized: bool,
    *,
    memory_format: torch.memory_format = torch.contiguous_format,
    network: type[CNN] = ReluFirst,
    in_place: bool = False,
    fused: bool | None = None,
    bfloat16: bool = False,
) -> Callable[[Tensor], None]:
    """Return a step that trains on the images that its argument chooses."""
    torch.manual_seed(0)
    model: Any = network((1, 28, 28), 10, 0.5 if regularized else 0.0, regularized).to(memory_format=memory_format)
    model.relu.inplace = in_place
    decay = WEIGHT_DECAY if regularized else 0.0
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, weight_decay=decay, fused=fused)

    def step(index_B: Tensor) -> None:
        with torch.autocast("cpu", torch.bfloat16) if bfloat16 else contextlib.nullcontext():
            logits_BK = model(inputs[index_B])
        loss = nn.functional.cross_entropy(logits_BK.float(), targets[index_B])
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()

    return step


def print_table(network: str, steps: dict[str, Callable[[Tensor], None]], rounds: int) -> None:
    """Let the variants take turns; ratios are of the same round."""
    spent: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds + 1):
        batches = torch.split(torch.randperm(IMAGES), BATCH)[:STEPS]
        for name, step in list(steps.items())[:: -1 if number % 2 else 1]:
            began = time.perf_counter()
            for index_B in batches:
                step(index_B)
            if number:  # the first round warms up
                spent[name].append(1000 * (time.perf_counter() - began) / STEPS)
    print()
    print_header(f"each row adds ({network}, {torch.get_num_threads()} threads)", "ms a step", "first row / this")
    first = next(iter(spent.values()))
    for name, found in spent.items():
        ratios = [a / b for a, b in zip(first, found, strict=True)]
        print_row(name, f"{statistics.median(found):.1f}", spread(ratios, ".2f"))


if __name__ == "__main__":
    main()
