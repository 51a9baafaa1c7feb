"""Searches, side by side: two parts of ``python benchmarks/performance.py``.

Hydra's own Optuna sweeper runs the article's loop (benchmarks/article_sweep.py), one trial after the other with all
cores, as it comes. regsweep runs the article's network over the same ranges (its penalty can also be absent, and its
first trial is the network without regularization), with the same optimizer, on the same images, with as many epochs,
and evaluates the same images after each. After each epoch 11,000 images are evaluated, 6,000 of them for validation.
All of it on the CPU. Seconds are those of the whole command, imports included.

Trials an hour are compared in short searches, without pruning. With pruning, which may make twice as many trials, it is
the time to the same best validation accuracy that is compared, in searches as long as they are by default.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

STOCK = "stock sweeper, article's loop"
SHORT = {"trials": 12, "epochs": 8}
ONE = "regsweep, 1 worker of 2 threads"
TWO = "regsweep, 2 workers"
DEFAULT = {"trials": 20, "epochs": 30}
PRUNED = "regsweep, 2 workers, successive halving"


@dataclass(frozen=True)
class Search:
    """A finished search.

    Attributes:
        trials: how many, those that were given up included.
        seconds: of the whole command.
        reached: for each trial that ran to its end, seconds from the start and its validation accuracy.
    """

    trials: int
    seconds: float
    reached: list[tuple[float, float]]

    @property
    def trials_an_hour(self) -> float:
        """Return their number by the time of the whole command."""
        return 3600 * self.trials / self.seconds

    @property
    def best(self) -> float:
        """Return the best validation accuracy."""
        return max(accuracy for _, accuracy in self.reached)

    def seconds_to(self, accuracy: float) -> float:
        """Return when a trial first had this accuracy or more."""
        return min((ended for ended, reached in self.reached if reached >= accuracy), default=float("inf"))


def print_table(root: Path, rounds: int, trials: int = SHORT["trials"], epochs: int = SHORT["epochs"]) -> None:
    """Let the searches without pruning run in turn, each round with another seed of the samplers."""
    stock, one, two = [], [], []
    for seed in range(rounds):
        stock.append(_stock(root, seed, trials, epochs))
        one.append(_own(root, seed, trials, epochs, ["hydra.launcher.workers=1", "device.threads=2"]))
        two.append(_own(root, seed, trials, epochs, ["hydra.launcher.workers=2"]))
    print(f"\n### Searches: {trials} trials of {epochs} epochs on 5,000 images of MNIST, {rounds} rounds\n")
    print("| | seconds | trials an hour, this / stock | best validation accuracy |")
    print("|---|---|---|---|")
    for name, found in ((STOCK, stock), (ONE, one), (TWO, two)):
        cells = [
            _cell([search.seconds for search in found], ".1f"),
            _cell([b.trials_an_hour / a.trials_an_hour for a, b in zip(stock, found, strict=True)], ".2f"),
            ", ".join(f"{search.best:.4f}" for search in found),
        ]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def print_pruning(root: Path, rounds: int, trials: int = DEFAULT["trials"], epochs: int = DEFAULT["epochs"]) -> None:
    """Let the stock search and the pruned one run in turn; print when they were how good.

    To be as good as the best of n trials of the stock search takes n + 1 draws from the same distribution in the mean,
    but that best trial is the (n + 1) / 2-th of its search in the mean: to compare the two favours the stock search.
    So each search is also asked when it first reached one accuracy, the same for all: the least of the stock's bests.
    """
    stock, pruned = [], []
    arguments = ["hydra.launcher.workers=2", "hydra/sweeper/pruner=successive_halving"]
    for seed in range(rounds):
        stock.append(_stock(root, seed, trials, epochs))
        print(stock[-1], file=sys.stderr, flush=True)
        pruned.append(_own(root, seed, 2 * trials, epochs, arguments))
        print(pruned[-1], file=sys.stderr, flush=True)
    common = min(search.best for search in stock)
    print(f"\n### Pruning: trials of at most {epochs} epochs on 5,000 images of MNIST, {rounds} rounds\n")
    print(
        "| | trials | to their end | seconds | best validation accuracy | seconds to the stock's best | the stock's "
        f"until it had it / this | the stock's whole search / this | seconds to {common:.4f} |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, found in ((STOCK, stock), (PRUNED, pruned)):
        needed = [b.seconds_to(a.best) for a, b in zip(stock, found, strict=True)]
        cells = [
            f"{found[0].trials}",
            ", ".join(str(len(search.reached)) for search in found),
            _cell([search.seconds for search in found], ".0f"),
            ", ".join(f"{search.best:.4f}" for search in found),
            ", ".join(f"{seconds:.0f}" for seconds in needed),
            ", ".join(f"{a.seconds_to(a.best) / b:.1f}" for a, b in zip(stock, needed, strict=True)),
            ", ".join(f"{a.seconds / b:.1f}" for a, b in zip(stock, needed, strict=True)),
            ", ".join(f"{search.seconds_to(common):.0f}" for search in found),
        ]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _stock(root: Path, seed: int, trials: int, epochs: int) -> Search:
    command = [sys.executable, str(Path(__file__).with_name("article_sweep.py")), "-m", f"dataset.root={root}"]
    command += [f"epochs={epochs}", f"hydra.sweeper.n_trials={trials}", f"hydra.sweeper.sampler.seed={seed}"]
    return _search(command, trials, "ended.json")


def _own(root: Path, seed: int, trials: int, epochs: int, arguments: list[str]) -> Search:
    command = [sys.executable, "-m", "regsweep", "-m", "sweep=regularization", "model=cnn", "dataset=mnist"]
    command += [f"dataset.root={root}", "dataset.train_size=5000", "dataset.val_fraction=0.1", "device=cpu"]
    command += ["optimizer.momentum=0", "regularizer.scope=all"]
    command += [f"trainer.epochs={epochs}", f"hydra.sweeper.n_trials={trials}", f"hydra.sweeper.sampler.seed={seed}"]
    return _search([*command, *arguments], trials, "result.json")


def _search(command: list[str], trials: int, record: str) -> Search:
    with tempfile.TemporaryDirectory() as place:
        began = time.time()
        done = subprocess.run(
            [*command, "hydra.sweep.dir=sweep"], cwd=place, capture_output=True, text=True, check=False
        )
        seconds = time.time() - began
        if done.returncode:
            raise SystemExit(done.stderr)
        found = []
        for number in range(trials):
            content = json.loads((Path(place) / "sweep" / str(number) / record).read_text())
            if content.get("status", "complete") == "complete":
                accuracy = (
                    content["accuracy"] if record == "ended.json" else content["metrics"]["validation"]["accuracy"]
                )
                found.append((content["ended"] - began, accuracy))
    return Search(trials, seconds, found)


def _cell(values: list[float], style: str) -> str:
    return f"{statistics.median(values):{style}} ({min(values):{style}} to {max(values):{style}})"
