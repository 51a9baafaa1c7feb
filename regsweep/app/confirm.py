"""``regsweep confirm DIR``: a sweep's best configurations against the tuned unregularized network, on fresh seeds."""

from __future__ import annotations

import argparse
import math
from contextlib import suppress
from pathlib import Path

from regsweep import records
from regsweep.app.candidates import Configuration
from regsweep.app.plan import DEFAULT_TOP, Plan
from regsweep.app.stages import count_ended, run_seeds, tune_baseline
from regsweep.errors import RegsweepError
from regsweep.paths import SweepPaths, shown
from regsweep.report.command import Parser, report_confirmed
from regsweep.report.confirmation import FEWEST_SEEDS, LEVEL, Confirmation, read_confirmation
from regsweep.report.effort import count_configurations, seconds_a_trial, spread_of_differences
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.table import show_value
from regsweep.statistics import least_p_value, least_seeds, seeds_needed
from regsweep.sweeper.lock import FolderLock

ROUND = 5
"""Seeds between two looks at a difference that may have settled."""

DEFAULT_SEEDS, MOST_SEEDS, DEFAULT_MARGIN = 10, 30, 0.25

_ANNOUNCED_POINTS = (0.25, 0.5, 1.0)


def main(arguments: list[str]) -> None:
    """Run the subcommand with its own arguments; exit code 1 where a run is not complete."""
    given = _parser().parse_args(arguments)
    paths = SweepPaths(given.folder)
    if not paths.command.is_file():
        raise RegsweepError(f"{given.folder}: no sweep to confirm (there is no {paths.command.name})")
    if given.folder.absolute().parent.name == paths.confirmation.folder.name:
        outer = shown(given.folder.absolute().parent.parent)
        raise RegsweepError(f"{given.folder}: is part of a confirmation; confirm {outer}")
    if given.margin is not None and not given.until_settled:
        raise RegsweepError(f"--margin {given.margin:g}: has a meaning only with --until-settled; add that")
    sweep = read_sweep(given.folder)
    try:
        paths.confirmation.folder.mkdir(exist_ok=True)
        with FolderLock(paths.confirmation.folder):
            _confirm(sweep, given)
    except BrokenPipeError:
        raise  # whoever read the output has gone
    except OSError as error:
        raise records.write_error(paths.confirmation.folder, error) from error
    finally:
        with suppress(OSError):
            paths.confirmation.folder.rmdir()  # where nothing was begun
    report_confirmed(sweep)
    _require_complete(sweep)


def _confirm(sweep: Sweep, given: argparse.Namespace) -> None:
    """Train what the plan says, as far as that was not done."""
    plan = Plan.read_or_choose(sweep, given.top)
    num_seeds = given.seeds or plan.num_seeds or (MOST_SEEDS if given.until_settled else DEFAULT_SEEDS)
    plan.intend(num_seeds, until_settled=given.until_settled)
    _announce(sweep, plan, num_seeds, until_settled=given.until_settled)
    if not plan.configurations:
        tune_baseline(sweep, plan)
        plan.take_baseline(sweep)
        print(f"its best: trial {plan.configurations[0].trial}, {_settings(plan.configurations[0])}")  # noqa: T201
    margin = (DEFAULT_MARGIN if given.margin is None else given.margin) / 100
    for count in [*range(ROUND, num_seeds, ROUND), num_seeds] if given.until_settled else [num_seeds]:
        run_seeds(sweep, plan, count)
        plan.look(count)
        confirmation = read_confirmation(sweep.folder) if given.until_settled else None
        if confirmation is not None and is_settled(confirmation, margin):
            print(f"\nsettled after {count} seeds")  # noqa: T201
            return
    if given.until_settled:
        print(f"\nnot settled after {num_seeds} seeds")  # noqa: T201


def _require_complete(sweep: Sweep) -> None:
    """End with exit code 1 where a run is not complete.

    Raises:
        SystemExit: then, after saying so.
    """
    seeds = SweepPaths(sweep.folder).confirmation.seeds
    statuses = read_sweep(seeds).trials["status"]
    num_lost = int((statuses != "complete").sum())
    if num_lost:
        print(  # noqa: T201
            f"{num_lost} of {len(statuses)} runs are not complete, and their seeds left out; "
            f"to train all anew, delete {shown(seeds)}"
        )
        raise SystemExit(1)


def is_settled(confirmation: Confirmation, margin: float) -> bool:
    """Return whether each anytime-valid interval leaves out zero, or lies within `margin` (a fraction) of it."""
    intervals = [comparison.anytime for comparison in confirmation.comparisons]
    return bool(intervals) and all(i.low > 0 or i.high < 0 or max(-i.low, i.high) <= margin for i in intervals)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="regsweep confirm",
        description="Tune the network without regularization as long as the sweep was, train it and the sweep's best "
        "configurations on fresh seeds, open the test set, and say what is shown. Started again, it goes on.",
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="the sweep's folder")
    parser.add_argument("--top", type=_count, metavar="K", help=f"how many configurations (default: {DEFAULT_TOP})")
    parser.add_argument(
        "--seeds",
        type=_seeds,
        metavar="N",
        help=f"how many seeds (default: {DEFAULT_SEEDS}); with --until-settled at most (default: {MOST_SEEDS})",
    )
    parser.add_argument(
        "--until-settled",
        action="store_true",
        help=f"look every {ROUND} seeds and stop when each difference is shown, or shown to be within --margin",
    )
    parser.add_argument(
        "--margin",
        type=_points,
        metavar="POINTS",
        help=f"with --until-settled: the largest difference that does not matter (default: {DEFAULT_MARGIN} points)",
    )
    return parser


def _count(text: str, least: int = 1) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number of {least} or more")
    return int(text)


def _seeds(text: str) -> int:
    return _count(text, FEWEST_SEEDS)


def _points(text: str) -> float:
    try:
        points = float(text)
    except ValueError:
        points = math.nan
    if not 0 < points < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: must be percentage points above 0, for example 0.25")
    return points


def _settings(baseline: Configuration) -> str:
    settings = {key.rpartition(".")[2]: value for key, value in baseline.parameters.items() if "regularizer" not in key}
    shown_settings = " ".join(f"{key}={show_value(value)}" for key, value in settings.items())
    return f"validation accuracy {baseline.selected_for:.4f}, {shown_settings}"


def _announce(sweep: Sweep, plan: Plan, num_seeds: int, *, until_settled: bool) -> None:
    """Say beforehand what it takes, and what so many seeds can show."""
    k, seeds = len(plan.chosen), plan.seeds(num_seeds)
    if k < plan.top:
        print(f"no more than {k} of the sweep's configurations are complete and regularize")  # noqa: T201
    if plan.num_trials != len(sweep.trials):
        print(  # noqa: T201
            f"the sweep has {len(sweep.trials)} trials now, and this confirms the best of its first {plan.num_trials}; "
            f"to confirm anew, delete {shown(plan.paths.folder)}"
        )
    num_tuning = 0 if plan.configurations else count_configurations(sweep) - count_ended(plan.paths.baseline)
    num_runs = max(0, (k + 1) * num_seeds - count_ended(plan.paths.seeds))
    if not num_tuning + num_runs:
        return
    minutes = seconds_a_trial(sweep) * (num_runs + num_tuning) / 60
    print(  # noqa: T201
        f"confirm {shown(sweep.folder)}: the top {k} and the tuned baseline on seeds {seeds[0]} to {seeds[-1]}\n"
        f"{num_tuning} trials of tuning and {num_runs} runs, about {max(minutes, 0.1):.1f} minutes at the sweep's pace"
    )
    if until_settled:
        print(f"looks every {ROUND} seeds; what 5 seeds can settle is little, so it may take them all")  # noqa: T201
        return
    spread = spread_of_differences(sweep)
    if spread is not None:
        needed = [f"{seeds_needed(points / 100, spread, k)} for {points:g} points" for points in _ANNOUNCED_POINTS]
        print(  # noqa: T201
            f"seeds needed to show a difference: {', '.join(needed)} (80 % power; "
            f"two runs differ by about {100 * spread:.2f} points, as far as the sweep tells)"
        )
    if num_seeds < least_seeds(k, LEVEL):
        of = "one configuration" if k == 1 else f"{k} configurations"
        print(  # noqa: T201
            f"{num_seeds} seeds cannot show a difference: the smallest possible p-value of {of} is "
            f"{least_p_value(num_seeds, k):.2g}; take --seeds {least_seeds(k, LEVEL)} or more"
        )
