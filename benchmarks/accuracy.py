"""Test accuracy over seeds, the article's loop against regsweep: ``python benchmarks/accuracy.py --root FOLDER``.

Both of the article's networks on the whole of MNIST, ten epochs, one thread. The article's images are decoded once and
kept, which changes no number; initial weights, batch order and dropout are drawn apart, so the seeds are not paired.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from contestants import Task, article_images, own, task_network
from table import print_header, print_row

SIDES = ("article", "regsweep")


def article_test_accuracy(task: Task) -> float:
    """Return the test accuracy that the article's loop ends with."""
    import torch  # noqa: PLC0415
    from contestants import BATCH, LR, WEIGHT_DECAY, article_accuracy, article_epoch  # noqa: PLC0415
    from torch.utils.data import DataLoader  # noqa: PLC0415

    torch.set_num_threads(1)
    train: Any
    test: Any
    train, test = ([images[index] for index in range(len(images))] for images in article_images(task))
    model = task_network(task)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, weight_decay=WEIGHT_DECAY if task.regularized else 0)
    loader = DataLoader(train, batch_size=BATCH, shuffle=True)
    for _ in range(task.epochs):
        article_epoch(model, loader, optimizer)
    return article_accuracy(model, DataLoader(test, batch_size=BATCH))


def main() -> None:
    """Print the accuracies of each side, one after the other, then a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("data"), help="folder with torchvision's MNIST")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--regularized", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        task = Task("mnist", given.root, given.regularized, given.epochs, seed=given.seed)
        print(article_test_accuracy(task) if given.side == "article" else own(task, "device.threads=1").accuracy)
        return
    differences = []
    print_header("network", "side", "test accuracy by seed", "mean ± standard deviation")
    for regularized in (False, True):
        means = {}
        for side in SIDES:
            command = [sys.executable, __file__, "--root", str(given.root), "--epochs", str(given.epochs)]
            command += ["--side", side, *(["--regularized"] if regularized else [])]
            found = []
            for seed in range(given.seeds):
                done = subprocess.run([*command, "--seed", str(seed)], capture_output=True, text=True, check=False)
                if done.returncode:
                    raise SystemExit(done.stderr)
                found.append(100 * float(done.stdout.splitlines()[-1]))
            means[side] = statistics.mean(found)
            name = "regularized" if regularized else "baseline"
            listed = ", ".join(f"{accuracy:.2f}" for accuracy in found)
            spread = f" ± {statistics.stdev(found):.2f}" if len(found) > 1 else ""
            print_row(name, side, listed, f"{means[side]:.2f}{spread}")
        differences.append(f"{means['regsweep'] - means['article']:+.2f}")
    print(f"\ndifferences of the means: {' and '.join(differences)} points")


if __name__ == "__main__":
    main()
