"""Searches, side by side: two parts of ``python benchmarks/performance.py``.

Hydra's own Optuna sweeper runs the article's loop (benchmarks/article_sweep.py), one trial after the other with all
cores, as it comes. regsweep runs the article's network over the same ranges (its penalty and its dropout can also be
absent, and its first trial is the network without regularization), with the same optimizer, on the same images, with
as many epochs, and evaluates the same images after each. After each epoch 11,000 images are evaluated, 6,000 of them
for validation. All of it on the CPU. Seconds are those of the whole command, imports included.

Trials an hour are compared in short searches, without pruning. With pruning it is the time to some validation accuracy
that is compared, with trials of as many epochs as regsweep trains by default: the stock search makes as many trials as
regsweep does by default, the pruned one as many as begin in a quarter of the time that the stock search of its round
took. That is done on digits too: of its 1,437 training images 288 are for validation.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from table import print_header, print_row, spread

STOCK = "stock sweeper, article's loop"
ONE = "regsweep, 1 worker of 2 threads"
TWO = "regsweep, 2 workers"
SHORT = {"trials": 12, "epochs": 8}
DEFAULT = {"trials": 20, "epochs": 30}
PRUNER = "successive_halving"
MANY = 1000  # trials, which nothing reaches before its time is up


@dataclass(frozen=True)
class Images:
    """What is trained on, of the same size for both.

    Attributes:
        dataset: its name.
        title: how many of them, in words.
        arguments: overrides that both applications know.
        levels: validation accuracies for the table of the effort.
    """

    dataset: str
    title: str
    arguments: tuple[str, ...]
    levels: tuple[float, ...]


MNIST = Images(
    dataset="mnist",
    title="5,000 images of MNIST",
    arguments=("dataset.train_size=5000", "dataset.val_fraction=0.1"),
    levels=(0.97, 0.975, 0.9775, 0.98),
)
DIGITS = Images(
    dataset="digits",
    title="digits",
    arguments=("dataset.train_size=null", "dataset.val_fraction=0.2"),
    levels=(0.98, 0.985, 0.99, 0.993),
)


@dataclass(frozen=True)
class Search:
    """A finished search.

    Attributes:
        trials: how many there were.
        seconds: of the whole command.
        reached: for each trial that ran all of its epochs, seconds from the start and its validation accuracy.
    """

    trials: int
    seconds: float
    reached: list[tuple[float, float]]

    @property
    def trials_an_hour(self) -> float:
        """Return the number that ran all of their epochs by the time of the whole command."""
        return 3600 * len(self.reached) / self.seconds

    @property
    def best(self) -> float:
        """Return the best validation accuracy; 0 where no trial ran all of its epochs."""
        return max((accuracy for _, accuracy in self.reached), default=0.0)

    def seconds_to(self, accuracy: float) -> float:
        """Return when a trial first had this accuracy or more; infinity where none had."""
        return min((ended for ended, reached in self.reached if reached >= accuracy), default=math.inf)

    def count(self, accuracy: float) -> int:
        """Return how many trials had this accuracy or more."""
        return sum(reached >= accuracy for _, reached in self.reached)


def print_table(root: Path, rounds: int, trials: int = SHORT["trials"], epochs: int = SHORT["epochs"]) -> None:
    """Let the searches without pruning run in turn, each round with another seed of the samplers."""
    contestants: dict[str, Callable[[int], Search]] = {
        STOCK: lambda seed: _stock(MNIST, root, seed, trials, epochs),
        ONE: lambda seed: _own(MNIST, root, seed, trials, epochs, "hydra.launcher.workers=1", "device.threads=2"),
        TWO: lambda seed: _own(MNIST, root, seed, trials, epochs, "hydra.launcher.workers=2"),
    }
    searches = _in_turn(contestants, rounds)
    print(f"\n### Searches: {trials} trials of {epochs} epochs on {MNIST.title}, {rounds} rounds\n")
    print_header("", "seconds", "trials an hour, this / stock", "best validation accuracy")
    for name, found in searches.items():
        ratios = [b.trials_an_hour / a.trials_an_hour for a, b in zip(searches[STOCK], found, strict=True)]
        seconds = spread([search.seconds for search in found], ".1f")
        print_row(name, seconds, spread(ratios, ".2f"), ", ".join(f"{search.best:.4f}" for search in found))


def print_pruning(
    images: Images, root: Path, rounds: int, trials: int = DEFAULT["trials"], epochs: int = DEFAULT["epochs"]
) -> None:
    """Let the stock search and a pruned one run in turn, and print how soon each was how good."""
    stock, pruned = [], []
    for seed in range(rounds):
        stock.append(_said(_stock(images, root, seed, trials, epochs)))
        limit = f"hydra.sweeper.timeout={stock[-1].seconds / 4}"
        arguments = ("hydra.launcher.workers=2", f"hydra/sweeper/pruner={PRUNER}", limit)
        pruned.append(_said(_own(images, root, seed, MANY, epochs, *arguments)))
    print(f"\n### Pruning: trials of at most {epochs} epochs on {images.title}, {rounds} rounds\n")
    print_times(stock, pruned)
    print_effort(stock, pruned, images.levels)


def print_times(stock: list[Search], pruned: list[Search]) -> None:
    """Print when each pruned search was first as good as the best of the stock search of its round.

    Where both draw their trials from the same distribution this favours the stock search: a fresh search needs n draws
    in the median to be as good as the best of n, and with 2n is not in one case of three, while the stock search had
    its best after (n + 1) / 2 in the mean.
    """
    stock_columns = ("stock: trials", "seconds", "best", "had it after")
    own_columns = ("pruned: trials", "all epochs", "seconds", "best", "the stock's best after")
    print_header("round", *stock_columns, *own_columns, "stock's time to its best / this", "stock's whole time / this")
    for number, (a, b) in enumerate(zip(stock, pruned, strict=True)):
        own, needed = a.seconds_to(a.best), b.seconds_to(a.best)
        is_reached = needed < math.inf
        sign, needed = ("", needed) if is_reached else ("<", b.seconds)  # a ratio of what it took at the least
        cells = [f"{number}", f"{a.trials}", f"{a.seconds:.0f}", f"{a.best:.4f}", f"{own:.0f}", f"{b.trials}"]
        cells += [f"{len(b.reached)}", f"{b.seconds:.0f}", f"{b.best:.4f}"]
        cells += [f"{needed:.0f}" if is_reached else "never"]
        cells += [f"{sign}{ratio:.1f}" for ratio in (own / needed, a.seconds / needed)]
        print_row(*cells)


def print_effort(stock: list[Search], pruned: list[Search], levels: tuple[float, ...]) -> None:
    """Print seconds of search for each trial that was as good as some accuracy, over all rounds together."""
    each_columns = ("seconds for each", "pruned: trials", "seconds for each", "stock / pruned")
    print()
    print_header("validation accuracy or more", "stock: trials", *each_columns)
    for level in levels:
        cells, each = [f"{level}"], []
        for searches in (stock, pruned):
            count = sum(search.count(level) for search in searches)
            each.append(sum(search.seconds for search in searches) / count if count else math.inf)
            cells += [f"{count}", f"{each[-1]:.0f}" if count else "none"]
        cells.append("–" if math.inf in each else f"{each[0] / each[1]:.1f}")
        print_row(*cells)


def _in_turn(contestants: dict[str, Callable[[int], Search]], rounds: int) -> dict[str, list[Search]]:
    """Let each search once a round, every other round in reverse."""
    searches: dict[str, list[Search]] = {name: [] for name in contestants}
    for seed in range(rounds):
        for name in list(contestants)[:: -1 if seed % 2 else 1]:
            searches[name].append(_said(contestants[name](seed)))
    return searches


def _said(search: Search) -> Search:
    """Return `search`, and say to standard error what came of it."""
    print(search, file=sys.stderr, flush=True)
    return search


def _stock(images: Images, root: Path, seed: int, trials: int, epochs: int) -> Search:
    command = [sys.executable, str(Path(__file__).with_name("article_sweep.py")), "-m", f"dataset.root={root}"]
    command += [f"dataset.name={images.dataset}", *images.arguments]
    command += [f"epochs={epochs}", f"hydra.sweeper.n_trials={trials}", f"hydra.sweeper.sampler.seed={seed}"]
    return _search(command, trials)


def _own(images: Images, root: Path, seed: int, trials: int, epochs: int, *arguments: str) -> Search:
    command = [sys.executable, "-m", "regsweep", "-m", "sweep=regularization", "model=cnn", "device=cpu"]
    command += [f"dataset={images.dataset}", f"dataset.root={root}", *images.arguments]
    command += ["optimizer.momentum=0", "regularizer.scope=all"]
    command += [f"trainer.epochs={epochs}", f"hydra.sweeper.n_trials={trials}", f"hydra.sweeper.sampler.seed={seed}"]
    return _search([*command, *arguments], trials)


def _search(command: list[str], trials: int) -> Search:
    with tempfile.TemporaryDirectory() as place:
        began = time.time()
        done = subprocess.run(
            [*command, "hydra.sweep.dir=sweep"], cwd=place, capture_output=True, text=True, check=False
        )
        seconds = time.time() - began
        if done.returncode not in (0, 1):  # 1: it went to its end, but some trial diverged
            raise SystemExit(done.stderr)
        records = [Path(place) / "sweep" / str(number) / "result.json" for number in range(trials)]
        contents = [json.loads(record.read_text()) for record in records if record.is_file()]
    if not contents:
        raise SystemExit(done.stderr)
    reached = [
        (content["ended"] - began, content["metrics"]["validation"]["accuracy"])
        for content in contents
        if content["status"] == "complete"
    ]
    return Search(len(contents), seconds, reached)
