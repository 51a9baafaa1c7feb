"""What hooks are given, made by hand."""

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from regsweep.losses import Loss
from regsweep.methods import Batch, Method, Parameters, Run, Task


def method(cls: type[Method], **settings: Any) -> Any:
    """Return a method with these settings, by their fields' names."""
    return cls(cls.Settings(**settings))


def batch(size: int = 8, num_classes: int = 3, shape: tuple[int, int, int] = (1, 4, 4), seed: int = 0) -> Batch:
    """Return a batch of random images in float64, its labels 0, 1, 2, 0, …"""
    images = torch.randn(size, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    labels = torch.arange(size) % num_classes
    return Batch(images, labels, labels, Loss("cross_entropy", num_classes))


def parameters(*weights: Any) -> Parameters:
    """Return these weights as float64 parameters w0, w1, …, all covered, each with a gradient of ones."""
    named = {}
    for place, weight in enumerate(weights):
        named[f"w{place}"] = nn.Parameter(torch.as_tensor(weight, dtype=torch.float64).clone())
        named[f"w{place}"].grad = torch.ones_like(named[f"w{place}"])
    return Parameters(named, named)


def run(model: nn.Module) -> Run:
    """Return a run that is about to begin."""
    every = dict(model.named_parameters())
    return Run(Parameters(every, every))


def task(**changes: Any) -> Task:
    """Return a task of 8×8 digits."""
    values: dict[str, Any] = {
        "model": nn.Identity(),
        "dataset": "digits",
        "kind": "classification",
        "input_shape": (1, 8, 8),
        "is_mirrored": False,
        "smallest_batch": 64,
    }
    return Task(**(values | changes))


def num_operations(method: Method, batch: Batch) -> int:
    """Return how many operations `on_batch` takes."""
    counter = _Counter()
    with counter:
        method.on_batch(batch)
    return counter.num


class _Counter(TorchFunctionMode):
    """Counts operations."""

    num: int = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.num += 1
        return func(*args, **(kwargs or {}))


def own_test(name: str) -> Path:
    """Return where the test of the method `name` lies."""
    return Path(__file__).parent / f"test_{name}.py"
