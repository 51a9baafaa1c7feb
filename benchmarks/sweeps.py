"""Searches, side by side: a part of ``python benchmarks/performance.py``.

Hydra's own Optuna sweeper runs the article's loop (benchmarks/article_sweep.py), one trial after the other with all
cores, as it comes. regsweep runs the article's network over the same ranges (its penalty can also be absent, and its
first trial is the network without regularization), with the same optimizer, on the same images, with as many epochs,
and evaluates the same images after each: with one worker, with two, and with two and pruning, which may make twice as
many trials. After each epoch 11,000 images are evaluated, 6,000 of them for validation. All of it on the CPU. Seconds
are those of the whole command, imports included.
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

TRIALS, EPOCHS = 12, 8
STOCK = "stock sweeper, article's loop"
OWN = {
    "regsweep, 1 worker of 2 threads": ["hydra.launcher.workers=1", "device.threads=2"],
    "regsweep, 2 workers": ["hydra.launcher.workers=2"],
    "regsweep, 2 workers, hyperband": ["hydra.launcher.workers=2", "hydra/sweeper/pruner=hyperband"],
}


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


def print_table(root: Path, rounds: int, trials: int = TRIALS, epochs: int = EPOCHS) -> None:
    """Let the searches run in turn, each round with another seed of the samplers."""
    searches: dict[str, list[Search]] = {name: [] for name in (STOCK, *OWN)}
    for seed in range(rounds):
        searches[STOCK].append(_stock(root, seed, trials, epochs))
        for name, arguments in OWN.items():
            searches[name].append(_own(root, seed, trials * (2 if "hyperband" in name else 1), epochs, arguments))
    print(f"\n### Searches: at most {epochs} epochs on 5,000 images of MNIST, {rounds} rounds\n")
    print(
        "| | trials | seconds | trials an hour, this / stock | best validation accuracy | seconds to the stock's best |"
    )
    print("|---|---|---|---|---|---|")
    stock = searches[STOCK]
    for name, found in searches.items():
        pairs = list(zip(stock, found, strict=True))
        cells = [
            f"{found[0].trials}",
            _cell([search.seconds for search in found], ".1f"),
            _cell([b.trials_an_hour / a.trials_an_hour for a, b in pairs], ".2f"),
            ", ".join(f"{search.best:.4f}" for search in found),
            ", ".join(_time_to(a, b) for a, b in pairs),
        ]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _time_to(stock: Search, ours: Search) -> str:
    """Return when a search first was as good as the stock's best trial, and how much longer that one took."""
    seconds = ours.seconds_to(stock.best)
    if seconds == float("inf"):
        return "never"
    return f"{seconds:.1f} ({stock.seconds_to(stock.best) / seconds:.1f}×)"


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
