"""Where a step's time goes: ``python benchmarks/profile_step.py --root FOLDER [--precision float32] [--threads 2]``.

Milliseconds of the article's regularized network on MNIST, forward and backward, layer by layer: the clock is read
before and after each layer, and as each layer's gradient arrives. Medians over the steps.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from contestants import BATCH, Task, own_parts
from table import print_header, print_row
from torch import nn


class Clock:
    """Milliseconds between one reading and the next, by what happened between them."""

    def __init__(self) -> None:
        self.spent: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._last = 0.0

    def start(self) -> None:
        """Begin a step."""
        self._last = time.perf_counter()

    def read(self, name: str, way: str) -> None:
        """Note the time since the last reading, spent on the layer `name` forward or backward."""
        now = time.perf_counter()
        self.spent[name, way].append(1000 * (now - self._last))
        self._last = now


def timed_step(parts: Any, clock: Clock, index_B: Any) -> None:
    """Make a step of the article's network, reading the clock after every layer."""
    model, train, optimizer = parts.model, parts.dataset.train, parts.optimizer

    def after(tensor: Any, name: str, then: str) -> Any:
        clock.read(name, "forward")
        if tensor.requires_grad:
            tensor.register_hook(lambda _: clock.read(then, "backward"))
        return tensor

    clock.start()
    images_BCHW, labels_B = train.inputs[index_B], train.targets[index_B]
    clock.read("gathering the batch", "forward")
    with torch.autocast("cpu", torch.bfloat16, enabled=parts.precision == "bfloat16"):
        maps = after(model.conv1(images_BCHW), "conv1", "bn1")
        maps = after(model.bn1(maps), "bn1", "pool1")
        maps = after(model.relu(model.pool(maps)), "pool1", "conv2")
        maps = after(model.conv2(maps), "conv2", "bn2")
        maps = after(model.bn2(maps), "bn2", "pool2")
        units = after(model.relu(model.pool(maps)).flatten(1), "pool2", "fc1")
        units = after(model.dropout(model.relu(model.fc1(units))), "fc1", "fc2 and loss")
        logits_BK = model.fc2(units)
    loss = nn.functional.cross_entropy(logits_BK.float(), labels_B)
    clock.read("fc2 and loss", "forward")
    torch.autograd.backward(loss)
    clock.read("conv1", "backward")
    optimizer.step()
    optimizer.zero_grad()
    clock.read("the optimizer", "forward")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("data"), help="folder with torchvision's MNIST")
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16"], default="auto")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=600)
    given = parser.parse_args()
    task = Task("mnist", given.root, regularized=True, epochs=1)
    _, parts = own_parts(task, f"device.precision={given.precision}", f"device.threads={given.threads}")
    clock = Clock()
    for index_B in torch.split(torch.randperm(len(parts.dataset.train)), BATCH)[: given.steps]:
        timed_step(parts, clock, index_B)
    middle = {part: statistics.median(found[20:]) for part, found in clock.spent.items()}
    whole = sum(middle.values())
    print(f"{parts.precision}, {given.threads} threads: {whole:.2f} ms a step\n")
    print_header("", "forward, ms", "backward, ms", "share")
    for name in dict.fromkeys(name for name, _ in middle):
        forward, backward = (middle.get((name, way), 0.0) for way in ("forward", "backward"))
        print_row(name, f"{forward:.2f}", f"{backward:.2f}", f"{(forward + backward) / whole:.0%}")


if __name__ == "__main__":
    main()
