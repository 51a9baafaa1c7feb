"""Searches, side by side: a part of ``python benchmarks/performance.py``.

Hydra's own Optuna sweeper runs the article's loop (benchmarks/article_sweep.py), one trial after the other with all
cores, as it comes. regsweep runs the article's network over the same space, on the same images, with as many epochs,
and evaluates the same images after each: with one worker, with two, and with two and pruning. Seconds are those of the
whole command, imports included.
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

TRIALS, EPOCHS = 10, 6
STOCK = "stock sweeper, article's loop"
PRUNED = "regsweep, 2 workers, hyperband"
OWN = {
    "regsweep, 1 worker of 2 threads": ["hydra.launcher.workers=1", "device.threads=2"],
    "regsweep, 2 workers": ["hydra.launcher.workers=2"],
    PRUNED: ["hydra.launcher.workers=2", "hydra/sweeper/pruner=hyperband"],
}


@dataclass(frozen=True)
class Search:
    """A finished search.

    Attributes:
        seconds: of the whole command.
        reached: for each trial that ran to its end, seconds from the start and its validation accuracy.
    """

    seconds: float
    reached: list[tuple[float, float]]

    @property
    def best(self) -> float:
        """Return the best validation accuracy."""
        return max(accuracy for _, accuracy in self.reached)

    def seconds_to(self, accuracy: float) -> float:
        """Return when a trial first had this accuracy or more."""
        return min((ended for ended, reached in self.reached if reached >= accuracy), default=float("inf"))


def print_table(root: Path, rounds: int, trials: int = TRIALS, epochs: int = EPOCHS) -> None:
    """Let the searches run in turn, each round with another seed of the samplers."""
    searches: dict[str, list[Search]] = {name: [] for name in (STOCK, *OWN)}
    for seed in range(rounds):
        searches[STOCK].append(_stock(root, seed, trials, epochs))
        for name, arguments in OWN.items():
            searches[name].append(_own(root, seed, trials, epochs, arguments))
    print(f"\n### Searches: {trials} trials of at most {epochs} epochs on 10,000 images of MNIST, {rounds} rounds\n")
    print("| | seconds | trials an hour | stock / this | best validation accuracy | stock / this, to the same best |")
    print("|---|---|---|---|---|---|")
    stock = searches[STOCK]
    for name, found in searches.items():
        pairs = list(zip(stock, found, strict=True))
        cells = [
            _cell([search.seconds for search in found], ".1f"),
            f"{statistics.median(3600 * trials / search.seconds for search in found):,.0f}",
            _cell([a.seconds / b.seconds for a, b in pairs], ".2f"),
            ", ".join(f"{search.best:.4f}" for search in found),
            _cell([_to_the_same(a, b) for a, b in pairs], ".1f"),
        ]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _to_the_same(stock: Search, ours: Search) -> float:
    """Return how much longer the stock sweeper takes to the accuracy that both reach: the lower of the two bests."""
    common = min(stock.best, ours.best)
    return stock.seconds_to(common) / ours.seconds_to(common)


def _stock(root: Path, seed: int, trials: int, epochs: int) -> Search:
    command = [sys.executable, str(Path(__file__).with_name("article_sweep.py")), "-m", f"dataset.root={root}"]
    command += [f"epochs={epochs}", f"hydra.sweeper.n_trials={trials}", f"hydra.sweeper.sampler.seed={seed}"]
    return _search(command, trials, "ended.json")


def _own(root: Path, seed: int, trials: int, epochs: int, arguments: list[str]) -> Search:
    command = [sys.executable, "-m", "regsweep", "-m", "sweep=regularization", "model=cnn", "dataset=mnist"]
    command += [f"dataset.root={root}", "dataset.train_size=10000", "dataset.val_fraction=0.1"]
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
    return Search(seconds, found)


def _cell(values: list[float], style: str) -> str:
    return f"{statistics.median(values):{style}} ({min(values):{style}} to {max(values):{style}})"
