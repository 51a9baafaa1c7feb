"""How fast, against what: ``python benchmarks/performance.py --root FOLDER [--only training]``.

Everything in one run, the contestants in turn. On the article's two networks, on MNIST and on digits:

(a) article: the loop that the article prints, which decodes every image anew.
(b) lightning: the same model and data loader under Lightning's Trainer (``pip install lightning``; without it, left
out).
(c) regsweep in float32, and (d) as it comes; on a CUDA device, with CUDA graphs too.
(e) the bare operations of (d), and the rate of the machine's own large matrix product.

Then searches: the stock Optuna sweeper around (a), regsweep with one and two workers. Then start-up. These are on the
CPU, and so are the comparisons with pruning, which have to be asked for: --only pruning takes some 40 minutes a round,
--only pruning-digits some minutes.
Test accuracy over seeds has a command of its own, benchmarks/accuracy.py, and so has where a step's time goes,
benchmarks/profile_step.py.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import startup
import sweeps
import training
from contestants import Task

PARTS = ("training", "sweeps", "startup")
LONG = {"pruning": sweeps.MNIST, "pruning-digits": sweeps.DIGITS}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("data"), help="folder with torchvision's MNIST")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument(
        "--only", choices=[*PARTS, *LONG], action="append", help="this part; can be given more than once"
    )
    given = parser.parse_args()
    parts, root = given.only or PARTS, given.root.absolute()
    if "training" in parts:
        tasks = [
            Task(dataset, root, regularized, epochs, given.device)
            for dataset, epochs in (("mnist", 1), ("digits", 20))
            for regularized in (True, False)
        ]
        for task in tasks:
            training.print_table(task, given.rounds)
        training.print_shares(tasks[0])
    if "sweeps" in parts:
        sweeps.print_table(root, given.rounds)
    if "startup" in parts:
        startup.print_table(runs=5)
        startup.print_imports(runs=5)
    for name, images in LONG.items():
        if name in parts:
            sweeps.print_pruning(images, root, given.rounds)


if __name__ == "__main__":
    main()
