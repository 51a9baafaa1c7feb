"""How often an interval over splits holds the truth: ``python benchmarks/splits.py [--experiments 1000]``.

Every experiment draws a pool of images from a population, splits it ten times as ``confirm --new-splits`` does
(`regsweep.data.load.draw`, stratified, seed by seed), trains two classifiers on each split, and has the intervals of
the difference of their test accuracies. The truth is the mean over all experiments: the difference that such splits of
such pools have on average. Where the test set stays, it is one of `TEST_SET` images in all experiments.

Images are points in `DIMENSIONS` dimensions from `CLASSES` classes of three normal clusters each, which overlap. The
classifiers: ridge regression with a strong penalty and with a weak one, which has no seed, so that all variance is the
images'; and a network of one hidden layer trained by SGD, with dropout and without, of fewer experiments. "Linear" is
no classifier but the worst case: a difference that is a mean over training images plus one over test images.

Shapes: E experiments, S splits, R = E S runs, N images, D dimensions.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from table import print_header, print_row
from torch import Tensor
from torch.nn import functional

from regsweep.config import DatasetConfig
from regsweep.data.dataset import Raw, Source
from regsweep.data.load import Drawn, draw
from regsweep.data.overlap import measure_overlap
from regsweep.statistics.comparison import compare
from regsweep.statistics.intervals import Interval, Overlap, t_interval

CLASSES, DIMENSIONS, SPREAD = 10, 16, 1.1
SPLITS, TEST_SET = 10, 2000
AT_ONCE = 10
"""Experiments whose runs are trained together."""

HIDDEN, EPOCHS, BATCH, RATE, DROPOUT = 32, 15, 50, 0.5, 0.2
WEAK, STRONG = 1.0, 300.0
NETWORKS = 5
"""Of the network there are so many times fewer experiments."""

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Pool:
    """How a pool is split.

    Attributes:
        title: of the table's row.
        size: images, those of a test set that stays left out.
        validation: share of them, or of what the test part leaves, that is held out.
        train_size: images to train on; None: all that are left.
        has_test: whether a test set stays.
    """

    title: str
    size: int
    validation: float
    train_size: int | None
    has_test: bool

    @property
    def config(self) -> DatasetConfig:
        """Return the configuration of such a split."""
        return DatasetConfig(
            name="digits",
            root="data",
            download=False,
            train_size=self.train_size,
            label_noise=0.0,
            val_fraction=self.validation,
            split_seed=0,
            image_size=None,
        )

    @property
    def source(self) -> Source:
        """Return the labels of a pool, and no images."""
        labels = torch.arange(self.size) % CLASSES
        raw = Raw(torch.empty(self.size, 0), labels)
        return Source(tuple(map(str, range(CLASSES))), raw, None, raw if self.has_test else None)


POOLS = [
    Pool("1,000 of 54,000, the test set stays", 60_000, 0.1, 1000, has_test=True),
    Pool("0.8 of all 1,000, the test set stays", 1000, 0.2, None, has_test=True),
    Pool("all 1,797 drawn: 1,149 to train on, 360 to test", 1797, 0.2, None, has_test=False),
]


class Population:
    """What images are drawn from."""

    def __init__(self) -> None:
        self._centres = np.random.default_rng(0).normal(0, 1, (CLASSES, 3, DIMENSIONS))

    def draw(self, labels: Index, noise: np.random.Generator) -> NDArray[np.float64]:
        """Return an image of each label."""
        centres = self._centres[labels, noise.integers(0, 3, labels.shape)]
        drawn: NDArray[np.float64] = centres + noise.normal(0, SPREAD, (*labels.shape, DIMENSIONS))
        return drawn


@dataclass(frozen=True)
class Runs:
    """What runs are trained and tested on: images (R, N, D) and labels (R, N); of one test set, (N, D) and (N,)."""

    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor


def experiments(pool: Pool, num: int, seed: int) -> Iterator[Runs]:
    """Yield the runs of `num` experiments, some at a time, those of one experiment behind one another."""
    population, noise = Population(), np.random.default_rng(seed)
    source, config = pool.source, pool.config
    labels = source.train.targets.numpy()
    test_labels = noise.integers(0, CLASSES, TEST_SET)
    test_set = population.draw(test_labels, noise)
    # Pools are drawn anew each time, so that the same few splits can be taken again and again.
    splits = [draw(source, config.model_copy(update={"split_seed": s})) for s in range(1, 1 + 4 * SPLITS)]
    for first in range(0, num, AT_ONCE):
        made = [
            _images(population, labels, splits[place : place + SPLITS], noise)
            for place in (SPLITS * (number % 4) for number in range(first, min(num, first + AT_ONCE)))
        ]
        train, train_labels, test, of_test = (np.concatenate(parts) for parts in zip(*made, strict=True))
        if pool.has_test:
            test, of_test = test_set, test_labels
        yield Runs(*(torch.from_numpy(a) for a in (train.astype("f4"), train_labels, test.astype("f4"), of_test)))


def _images(population: Population, labels: Index, splits: list[Drawn], noise: np.random.Generator) -> list[Index]:
    """Return images and labels of the training and test parts of these splits of one pool, (S, N, D) and (S, N)."""
    train_SN = np.stack([each.train for each in splits])
    test_SN = np.stack([np.arange(0) if each.test is None else each.test for each in splits])
    used = np.unique(np.concatenate([train_SN.ravel(), test_SN.ravel()]))
    images = population.draw(labels[used], noise)
    train, test = np.searchsorted(used, train_SN), np.searchsorted(used, test_SN)
    return [images[train], labels[train_SN], images[test], labels[test_SN]]


def ridge(runs: Runs, penalty: float) -> Tensor:
    """Return which test images ridge regression on the classes has right, (R, N)."""
    train, test = (functional.pad(each, (0, 1), value=1.0) for each in (runs.train, runs.test))
    targets = 2 * functional.one_hot(runs.train_labels, CLASSES).float() - 1
    squares = train.transpose(1, 2) @ train + penalty * torch.eye(DIMENSIONS + 1)
    weights = torch.linalg.solve(squares, train.transpose(1, 2) @ targets)
    right: Tensor = (test @ weights).argmax(-1) == runs.test_labels
    return right


def network(runs: Runs, dropout: float, seed: int) -> Tensor:
    """Return which test images a network has right, (R, N); runs of one seed share initial weights and batch order."""
    count, size, _ = runs.train.shape
    weights, order, noise = (torch.Generator().manual_seed(3 * seed + each) for each in range(3))
    first = torch.randn(count, DIMENSIONS, HIDDEN, generator=weights) / math.sqrt(DIMENSIONS)
    second = torch.randn(count, HIDDEN, CLASSES, generator=weights) / math.sqrt(HIDDEN)
    biases = [torch.zeros(count, 1, width) for width in (HIDDEN, CLASSES)]
    targets, rows = functional.one_hot(runs.train_labels, CLASSES).float(), torch.arange(count)[:, None]
    for epoch in range(EPOCHS):
        shuffled = torch.rand(count, size, generator=order).argsort(1)
        rate = RATE * 0.5 * (1 + math.cos(math.pi * epoch / EPOCHS))
        for start in range(0, size - BATCH + 1, BATCH):
            batch = shuffled[:, start : start + BATCH]
            images = runs.train[rows, batch]
            kept = (torch.rand(count, BATCH, HIDDEN, generator=noise) >= dropout).float() / (1 - dropout)
            hidden = torch.baddbmm(biases[0], images, first).relu() * kept
            error = (torch.softmax(torch.baddbmm(biases[1], hidden, second), 2) - targets[rows, batch]) / BATCH
            back = error @ second.transpose(1, 2) * kept * (hidden > 0)
            first -= rate * images.transpose(1, 2) @ back
            second -= rate * hidden.transpose(1, 2) @ error
            biases[0] -= rate * back.sum(1, keepdim=True)
            biases[1] -= rate * error.sum(1, keepdim=True)
    hidden = (runs.test @ first + biases[0]).relu()
    right: Tensor = (hidden @ second + biases[1]).argmax(-1) == runs.test_labels
    return right


LEARNERS: dict[str, Callable[[Runs, int], Tensor]] = {
    "ridge": lambda runs, _: ridge(runs, STRONG).float() - ridge(runs, WEAK).float(),
    "linear": lambda runs, _: 2 * runs.train[:, :, :1].mean(1) + runs.test[..., 1],
    "network": lambda runs, seed: network(runs, DROPOUT, seed).float() - network(runs, 0.0, seed).float(),
}
"""Correct minus correct of two classifiers, or what stands for it, (R, N)."""


@dataclass(frozen=True)
class Found:
    """The intervals of one experiment.

    Attributes:
        differences: of test accuracy, one per split.
        plain: the t interval, as if splits were independent.
        corrected: that of `regsweep.statistics.comparison.compare`.
    """

    differences: NDArray[np.float64]
    plain: Interval
    corrected: Interval


def find(pool: Pool, learner: str, overlap: Overlap, num: int, seed: int) -> list[Found]:
    """Return the intervals of all experiments."""
    found = []
    for number, runs in enumerate(experiments(pool, num, seed)):
        for images_SN in LEARNERS[learner](runs, number).numpy().astype(float).reshape(-1, SPLITS, runs.test.shape[-2]):
            differences = images_SN.mean(1)
            corrected = compare(differences, overlap=overlap).interval
            found.append(Found(differences, t_interval(differences), corrected))
    return found


def print_coverage(pool: Pool, learner: str, num: int, seed: int) -> None:
    """Print a row: the correlation between splits, and how often each interval holds the truth."""
    overlap = measure_overlap(pool.config, range(1, 1 + SPLITS), source=pool.source)
    found = find(pool, learner, overlap, num, seed)
    d_ES = np.array([each.differences for each in found])
    truth, within, between = d_ES.mean(), d_ES.var(1, ddof=1).mean(), d_ES.mean(1).var(ddof=1)
    common = between - within / SPLITS
    widths = [(each.corrected.high - each.corrected.low) / (each.plain.high - each.plain.low) for each in found]
    held = [[one.low <= truth <= one.high for one in (each.plain, each.corrected)] for each in found]
    test = "–" if overlap.test is None else f"{overlap.test:.3f}"
    cells = [f"{overlap.train:.3f}", test, f"{common / (common + within):.2f}", *map(_share, np.array(held).T)]
    print_row(pool.title, learner, f"{len(found):,}", *cells, f"{np.median(widths):.2f}")


def _share(happened_E: NDArray[np.bool_]) -> str:
    mean = float(happened_E.mean())
    return f"{100 * mean:.1f} ± {100 * math.sqrt(mean * (1 - mean) / len(happened_E)):.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(f"\nIntervals over {SPLITS} splits: % of experiments that hold the truth, ± standard error\n")
    overlaps = ("overlap, training", "overlap, test", "correlation found")
    print_header("splits", "classifier", "experiments", *overlaps, "t interval", "corrected", "times as wide")
    for pool in POOLS:
        for learner in LEARNERS:
            num = given.experiments // (NETWORKS if learner == "network" else 1)
            print_coverage(pool, learner, max(2, num), given.seed)


if __name__ == "__main__":
    main()
