"""Trials an hour under each launcher, and how long workers wait: ``python benchmarks/launchers.py [--root FOLDER]``.

The same random search (20 trials of 30 epochs, with a thread each) runs under every launcher, in turn, for some rounds.
Trials an hour are counted over the whole command, start-up included, and between the start of the first trial and
the end of the last. Idle is the share of that time which the workers did not spend on a trial.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from table import print_header, print_row, spread

SEARCH = ["-m", "sweep=regularization", "hydra/sweeper/sampler=random", "hydra.sweep.dir=sweep"]
WORKERS = 2
STYLES = {"whole": ",.0f", "steady": ",.0f", "idle": ".0%"}
LAUNCHERS = {
    "basic": ["hydra/launcher=basic"],
    "joblib": ["hydra/launcher=joblib", f"hydra.sweeper.n_jobs={WORKERS}"],
    "pool": ["hydra/launcher=pool", f"hydra.launcher.workers={WORKERS}"],
    "pool, Hyperband": ["hydra/launcher=pool", f"hydra.launcher.workers={WORKERS}", "hydra/sweeper/pruner=hyperband"],
}


@dataclass(frozen=True)
class Timing:
    """One sweep: trials an hour over the command and over its trials, and the idle share of the workers."""

    whole: float
    steady: float
    idle: float


def measure(arguments: list[str], trials: int, workers: int) -> Timing:
    """Run one sweep in a folder of its own."""
    with tempfile.TemporaryDirectory() as place:
        began = time.perf_counter()
        command = [sys.executable, "-m", "regsweep", *SEARCH, f"hydra.sweeper.n_trials={trials}", *arguments]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        whole = time.perf_counter() - began
        if done.returncode:
            raise SystemExit(done.stderr)
        spans = [_span(Path(place) / "sweep" / str(number)) for number in range(trials)]
    busy = sum(end - start for start, end in spans)
    length = max(end for _, end in spans) - min(start for start, _ in spans)
    return Timing(3600 * trials / whole, 3600 * trials / length, 1 - busy / (workers * length))


def _span(trial: Path) -> tuple[float, float]:
    """Return when a trial began (Hydra writes its configuration) and ended (its record is written)."""
    return (trial / ".hydra" / "overrides.yaml").stat().st_mtime, (trial / "trial.json").stat().st_mtime


def main() -> None:
    """Print a table per data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, help="folder with Fashion-MNIST; without it, digits alone")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=20)
    given = parser.parse_args()
    sets = {"digits": ["dataset=digits"]}
    if given.root:
        root = f"dataset.root={given.root.absolute()}"
        sets["Fashion-MNIST, 5,000 images"] = ["dataset=fashion_mnist", root, "dataset.train_size=5000"]
    for name, dataset in sets.items():
        timings: dict[str, list[Timing]] = {launcher: [] for launcher in LAUNCHERS}
        for _ in range(given.rounds):
            for launcher, arguments in LAUNCHERS.items():
                workers = 1 if launcher == "basic" else WORKERS
                timings[launcher].append(measure([*dataset, *arguments], given.trials, workers))
        print(f"\n{name}, {given.trials} trials, median of {given.rounds} rounds (least to most)")
        print_header("launcher", "trials an hour, whole command", "between first start and last end", "idle")
        for launcher, all_of_it in timings.items():
            cells = [spread([getattr(timing, field) for timing in all_of_it], style) for field, style in STYLES.items()]
            print_row(launcher, *cells)


if __name__ == "__main__":
    main()
