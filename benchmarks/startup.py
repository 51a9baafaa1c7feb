"""How long a command takes before it does anything: a part of ``python benchmarks/performance.py``."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

from table import print_header, print_row, spread

COMMANDS = {
    "`--cfg job`": ["-m", "regsweep", "--cfg", "job"],
    "`--help`": ["-m", "regsweep", "--help"],
    "for comparison: `import torch`": ["-c", "import torch"],
    "for comparison: `import torch, torchvision`": ["-c", "import torch, torchvision"],
}
# A run that ends with its first step, and says how long ago its process was asked for.
FIRST_STEP = """
import os, sys, time
from regsweep import cli, progress
def first_step(self):
    print(time.time() - float(os.environ["ASKED"]), flush=True)
    os._exit(0)
progress.Reporter.on_step = first_step
sys.argv = ["regsweep", "device=cpu"]
cli.main()
"""
SEARCH = ["-m", "regsweep", "-m", "sweep=regularization", "device=cpu", "trainer.epochs=1", "hydra.sweep.dir=sweep"]


def print_table(runs: int) -> None:
    """Take each time so often, in turn, and print seconds."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(runs):
        for name, arguments in COMMANDS.items():
            with tempfile.TemporaryDirectory() as place:
                seconds[name].append(_run(arguments, place)[0])
        with tempfile.TemporaryDirectory() as place:
            seconds["a single run on digits, to its first step"].append(float(_run(["-c", FIRST_STEP], place)[1]))
        before, after = _around_trials()
        seconds["a search on digits, to its first trial"].append(before)
        seconds["a search on digits, from the end of its last trial"].append(after)
    print(f"\n### Start-up, {runs} runs\n")
    print_header("", "seconds")
    for name, found in seconds.items():
        print_row(name, spread(found, ".2f"))


def _around_trials() -> tuple[float, float]:
    """Return how many seconds a search takes before its first trial and after its last."""
    with tempfile.TemporaryDirectory() as place:
        asked = time.time()
        whole, _ = _run([*SEARCH, "hydra.sweeper.n_trials=2"], place)
        records = [json.loads(path.read_text()) for path in Path(place).glob("sweep/*/result.json")]
    began = min(record["ended"] - record["seconds"]["total"] for record in records)
    return began - asked, asked + whole - max(record["ended"] for record in records)


def _run(arguments: list[str], place: str) -> tuple[float, str]:
    """Run Python, and return the seconds that it took and the last line that it printed."""
    asked = time.time()
    environment = {**os.environ, "ASKED": str(asked)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    took = time.time() - asked
    if done.returncode:
        raise SystemExit(done.stderr)
    return took, done.stdout.splitlines()[-1] if done.stdout else ""


def print_imports(runs: int, most: int = 12) -> None:
    """Print how long a single run on digits spends on the modules of each package, those that it imports included not.

    ``python -X importtime`` itself slows imports down a little.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as place:
            for package, seconds in _imports(place).items():
                found[package].append(seconds)
    print(f"\n### Imports of a single run on digits, {runs} runs\n")
    print_header("package", "seconds")
    for package in sorted(found, key=lambda each: -median(found[each]))[:most]:
        print_row(f"`{package}`", spread(found[package], ".2f"))
    unused = sorted(UNUSED - found.keys())
    print(f"\nnot imported: {', '.join(unused)}")


UNUSED = {"optuna", "plotly", "statsmodels", "torchmetrics", "torchvision"}
"""Packages that a single run has no use for."""


def _imports(place: str) -> dict[str, float]:
    """Return the seconds of each package's modules, without those of other packages that they import."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "regsweep", "device=cpu", "trainer.epochs=1"],
        cwd=place, capture_output=True, text=True, check=True,
    )  # fmt: skip
    seconds: dict[str, float] = defaultdict(float)
    for own, module in re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)$", done.stderr, flags=re.MULTILINE):
        seconds[module.partition(".")[0]] += int(own) / 1e6
    return seconds


if __name__ == "__main__":
    print_table(5)
    print_imports(5)
