"""``regsweep confirm DIR``: a sweep's best configurations against the tuned unregularized network, on fresh seeds."""

from __future__ import annotations

import argparse
from pathlib import Path

from regsweep.app.candidates import Configuration
from regsweep.app.plan import DEFAULT_TOP, Plan
from regsweep.app.stages import count_ended, run_seeds, tune_baseline
from regsweep.errors import RegsweepError
from regsweep.paths import SweepPaths, shown
from regsweep.report.confirmation import LEVEL, Confirmation, read_confirmation
from regsweep.report.effort import count_configurations, seconds_a_trial, spread_of_differences
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.table import show_value
from regsweep.statistics import least_p_value, least_seeds, seeds_needed

ROUND = 5
"""Seeds between two looks at a difference that may have settled."""

DEFAULT_SEEDS, MOST_SEEDS, DEFAULT_MARGIN = 10, 30, 0.25

_ANNOUNCED_POINTS = (0.25, 0.5, 1.0)


def main(arguments: list[str]) -> None:
    """Run the subcommand with its own arguments."""
    given = _parser().parse_args(arguments)
    command = SweepPaths(given.folder).command
    if not command.is_file():
        raise RegsweepError(f"{given.folder}: no sweep to confirm (there is no {command.name})")
    sweep = read_sweep(given.folder)
    num_seeds = given.seeds or (MOST_SEEDS if given.until_settled else DEFAULT_SEEDS)
    plan = Plan.read_or_choose(sweep, given.top)
    _announce(sweep, plan, num_seeds)
    if not plan.configurations:
        tune_baseline(sweep, plan)
        plan.take_baseline(sweep)
        print(f"its best: trial {plan.configurations[0].trial}, {_settings(plan.configurations[0])}")  # noqa: T201
    looks = [*range(ROUND, num_seeds, ROUND), num_seeds] if given.until_settled else [num_seeds]
    for count in looks:
        run_seeds(sweep, plan, count)
        plan.look(count, until_settled=given.until_settled)
        confirmation = read_confirmation(sweep.folder)
        if confirmation is not None and given.until_settled and is_settled(confirmation, given.margin / 100):
            break
    _conclude(sweep)


def is_settled(confirmation: Confirmation, margin: float) -> bool:
    """Return whether each anytime-valid interval leaves out zero, or lies within `margin` (a fraction) of it."""
    intervals = [comparison.anytime for comparison in confirmation.comparisons]
    return bool(intervals) and all(i.low > 0 or i.high < 0 or max(-i.low, i.high) <= margin for i in intervals)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="regsweep confirm",
        description="Tune the network without regularization as long as the sweep was, train it and the sweep's best "
        "configurations on fresh seeds, open the test set, and say what is shown. Started again, it goes on.",
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="the sweep's folder")
    parser.add_argument("--top", type=_count, metavar="K", help=f"how many configurations (default: {DEFAULT_TOP})")
    parser.add_argument(
        "--seeds",
        type=_count,
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
        type=float,
        default=DEFAULT_MARGIN,
        metavar="POINTS",
        help=f"differences that do not matter, in percentage points of accuracy (default: {DEFAULT_MARGIN})",
    )
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number of 1 or more")
    return int(text)


def _settings(baseline: Configuration) -> str:
    settings = {key.rpartition(".")[2]: value for key, value in baseline.parameters.items() if "regularizer" not in key}
    shown_settings = " ".join(f"{key}={show_value(value)}" for key, value in settings.items())
    return f"validation accuracy {baseline.selected_for:.4f}, {shown_settings}"


def _announce(sweep: Sweep, plan: Plan, num_seeds: int) -> None:
    """Say beforehand what it takes, and what so many seeds can show."""
    k, seeds = len(plan.chosen), plan.seeds(num_seeds)
    num_tuning = 0 if plan.configurations else count_configurations(sweep) - count_ended(plan.paths.baseline)
    num_runs = max(0, (k + 1) * num_seeds - count_ended(plan.paths.seeds))
    if not num_tuning + num_runs:
        return
    minutes = seconds_a_trial(sweep) * (num_runs + num_tuning) / 60
    lines = [
        f"confirm {shown(sweep.folder)}: the top {k} and the tuned baseline on seeds {seeds[0]} to {seeds[-1]}",
        f"{num_tuning} trials of tuning and {num_runs} runs, about {max(minutes, 0.1):.1f} minutes at the sweep's pace",
    ]
    spread = spread_of_differences(sweep)
    if spread is not None:
        needed = [f"{seeds_needed(points / 100, spread, k)} for {points:g} points" for points in _ANNOUNCED_POINTS]
        lines.append(
            f"seeds needed to show a difference: {', '.join(needed)} (80 % power; "
            f"two runs differ by about {100 * spread:.2f} points, as far as the sweep tells)"
        )
    if num_seeds < least_seeds(k, LEVEL):
        lines.append(
            f"{num_seeds} seeds cannot show a difference: the smallest possible p-value of {k} configurations is "
            f"{least_p_value(num_seeds, k):.2g}; take --seeds {least_seeds(k, LEVEL)} or more"
        )
    print("\n".join(lines))  # noqa: T201


def _conclude(sweep: Sweep) -> None:
    from regsweep.report.command import report_confirmed  # noqa: PLC0415  (plotly)

    report_confirmed(sweep)
