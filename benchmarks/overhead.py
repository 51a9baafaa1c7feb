"""What a sweep itself costs per trial: ``python benchmarks/overhead.py [--trials 1000]``.

A thousand trials of an application that does next to nothing, under Hydra's own Optuna sweeper and under this
project's, one after the other and in a pool of two workers; TPE over four parameters, SQLite study.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from table import print_header, print_row

APPLICATION = Path(__file__).with_name("nothing.py")
SPACE = ["x=interval(-5.0,5.0)", "y=interval(-5.0,5.0)", "z=interval(-5.0,5.0)", "kind=range(1,100)"]
SWEEPERS = {
    "Hydra's Optuna sweeper": ["hydra/sweeper=optuna", "hydra.sweeper.storage=sqlite:///study.db"],
    "regsweep, basic": ["hydra/sweeper=regsweep"],
    "regsweep, pool of 2": ["hydra/sweeper=regsweep", "hydra/launcher=pool", "hydra.launcher.workers=2"],
}

# Run in a process of its own, so that the peak is that of this sweep: it prints the megabytes of its largest child.
MEASURED = "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL); \
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024); sys.exit(code)"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    trials = parser.parse_args().trials
    print(f"ms a trial, {trials} trials\n")
    print_header("sweeper", "all", "first tenth", "last tenth", "last / first", "peak memory, MB")
    for name, arguments in SWEEPERS.items():
        with tempfile.TemporaryDirectory() as place:
            command = [sys.executable, str(APPLICATION), "-m", "hydra.sweep.dir=sweep", "hydra.sweeper.sampler.seed=0"]
            command += [f"hydra.sweeper.n_trials={trials}", *arguments, *SPACE]
            done = subprocess.run(
                [sys.executable, "-c", MEASURED, *command], cwd=place, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise SystemExit(done.stderr)
            # Hydra writes a trial's configuration when it begins.
            times = [(Path(place) / "sweep" / str(n) / ".hydra" / "config.yaml").stat().st_mtime for n in range(trials)]
        tenth = trials // 10
        every = [
            1000 * (times[b] - times[a]) / (b - a)
            for a, b in ((0, trials - 1), (0, tenth), (trials - tenth, trials - 1))
        ]
        cells = [f"{milliseconds:.0f}" for milliseconds in every]
        print_row(name, *cells, f"{every[2] / every[1]:.2f}", done.stdout.strip())


if __name__ == "__main__":
    main()
