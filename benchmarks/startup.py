"""How long a command takes before it does anything: a part of ``python benchmarks/performance.py``."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

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
COMMANDS = {
    "`--cfg job`": ["-m", "regsweep", "--cfg", "job"],
    "`--help`": ["-m", "regsweep", "--help"],
    "a single run on digits, to the first step": ["-c", FIRST_STEP],
    "for comparison: `import torch`": ["-c", "import torch"],
    "for comparison: `import torch, torchvision`": ["-c", "import torch, torchvision"],
}


def print_table(runs: int) -> None:
    """Run each command some times, in turn, and print seconds."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as place:
        for _ in range(runs):
            for name, arguments in COMMANDS.items():
                asked = time.time()
                done = subprocess.run(
                    [sys.executable, *arguments],
                    cwd=place,
                    env={**os.environ, "ASKED": str(asked)},
                    capture_output=True,
                    text=True,
                    check=False,
                )
                took = time.time() - asked
                if done.returncode:
                    raise SystemExit(done.stderr)
                seconds[name].append(float(done.stdout.splitlines()[-1]) if "first step" in name else took)
    print(f"\n### Start-up, {runs} runs\n")
    print("| | seconds |")
    print("|---|---|")
    for name, found in seconds.items():
        print(f"| {name} | {statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f}) |", flush=True)


if __name__ == "__main__":
    print_table(5)
