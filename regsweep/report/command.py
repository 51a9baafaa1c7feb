"""``regsweep report DIR``: the table in the terminal, and ``trials.csv``."""

import argparse
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from regsweep import records
from regsweep.paths import RunPaths, SweepPaths, shown
from regsweep.report.sweep import OBJECTIVE, Sweep, load_sweep
from regsweep.report.table import count_statuses, print_table


def main(arguments: list[str]) -> None:
    """Run the subcommand with its own arguments."""
    parser = argparse.ArgumentParser(
        prog="regsweep report", description="Print a sweep's table, best trial first, and write trials.csv."
    )
    parser.add_argument(
        "folder",
        metavar="DIR",
        type=Path,
        help="folder of a sweep (multirun/<date>/<time>) or of a single run",
    )
    report(parser.parse_args(arguments).folder)


def report(folder: Path) -> dict[str, int]:
    """Print the table of the sweep in `folder`, write its ``trials.csv``, and return the counts by status."""
    sweep = load_sweep(folder)
    paths = SweepPaths(folder)
    records.write_text(paths.trials, sweep.trials.to_csv(index=False))
    _name_best_trial(paths, sweep)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160
    print_table(sweep, console)
    if not RunPaths(folder).config.is_file():
        console.print(f"      {shown(paths.trials)}", soft_wrap=True, markup=False)
    return count_statuses(sweep)


def _name_best_trial(paths: SweepPaths, sweep: Sweep) -> None:
    """Add the best trial's number and folder to the results that Hydra's Optuna sweeper wrote."""
    best = sweep.best()
    if best is None or not paths.optimization_results.is_file():
        return
    results = OmegaConf.load(paths.optimization_results)
    assert isinstance(results, DictConfig)
    if results.get("best_value") == best[OBJECTIVE]:
        results["best_trial"] = {"number": int(best["number"]), "folder": best["folder"]}
        records.write_text(paths.optimization_results, OmegaConf.to_yaml(results))
