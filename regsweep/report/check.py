"""``regsweep check DIR``: what a confirmation shows, as an exit code."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from regsweep.errors import RegsweepError
from regsweep.numbers import show_number
from regsweep.paths import ComparisonPaths, SweepPaths
from regsweep.report.command import Parser
from regsweep.report.confirmation import Candidate, Confirmation
from regsweep.report.printed import say
from regsweep.report.read_confirmation import read_confirmation
from regsweep.report.sweep import command_to_confirm
from regsweep.statistics.comparison import Comparison

SHOWN, OPEN, NOT_THERE = 0, 4, 5
"""Exit codes: a gain is shown, neither is known, there is none."""


def main(arguments: list[str]) -> None:
    """Run the subcommand with its own arguments, and end with its exit code.

    Raises:
        SystemExit: with `SHOWN`, `OPEN` or `NOT_THERE`.
    """
    parser = Parser(
        prog="regsweep check",
        description=f"End with {SHOWN} where a contestant is shown to be better than both of its baselines by "
        f"--by points, with {NOT_THERE} where all are shown not to be, else with {OPEN}.",
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="of a comparison, or of a sweep that was confirmed")
    parser.add_argument(
        "--by",
        type=_points,
        default=0.0,
        metavar="POINTS",
        help="of test accuracy; of another objective, per cent of the tuned baseline's value; of another "
        "application's number, in its own unit (default: 0)",
    )
    given = parser.parse_args(arguments)
    if not given.folder.is_dir():
        raise RegsweepError(f"{given.folder}: no such folder")
    confirmation = read_confirmation(given.folder)
    if confirmation is None:
        raise RegsweepError(_why_nothing(given.folder))
    code, line = check(confirmation, _sought(confirmation, given.by))
    say(f"{line}{_missing(confirmation) if code == OPEN else ''}")
    raise SystemExit(code)


def _sought(confirmation: Confirmation, typed: float) -> float:
    """Return the gain that is sought as a difference of what is compared."""
    terms, of_baseline = confirmation.terms, confirmation.baseline.mean()
    if terms.is_in_points and typed > 100:  # noqa: PLR2004
        raise RegsweepError(f"--by {typed:g}: must be points or per cent from 0 to 100, for example 0.5")
    sought = terms.threshold(typed, of_baseline)
    if sought is None and typed:
        raise RegsweepError(
            f"--by {typed:g}: is per cent of the tuned baseline's {terms.title}, which is {terms.value(of_baseline)}: "
            "no per cent can be taken of it; leave --by out"
        )
    return sought or 0.0


def _why_nothing(folder: Path) -> str:
    command = command_to_confirm(folder)
    if ComparisonPaths(folder).record.is_file():
        return f"{folder}: the comparison has trained nothing on fresh seeds yet; go on with {command}"
    is_sweep = SweepPaths(folder).command.is_file()
    return f"{folder}: nothing was confirmed here; run {command if is_sweep else 'regsweep confirm, or compare'}"


def _missing(confirmation: Confirmation) -> str:
    """Return how many seeds are complete, where that is not all that were planned, and how to go on."""
    num_whole, num_planned = confirmation.num_whole, confirmation.num_planned
    if num_whole >= num_planned:
        return ""
    verb = "is" if num_whole == 1 else "are"
    return f"; {num_whole} of {num_planned} planned seeds {verb} complete: go on with {confirmation.go_on}"


def check(confirmation: Confirmation, by: float) -> tuple[int, str]:
    """Return the exit code of a confirmation, and the reason in a line.

    Args:
        confirmation: its intervals are those that decide what is shown.
        by: the gain that is sought, in the unit of what is compared; of accuracy a fraction.
    """
    terms, of_baseline = confirmation.terms, confirmation.baseline.mean()
    gain = f"{terms.scale * by:g}{terms.unit}" if by else "more than 0"
    if by and terms.is_relative:
        gain = f"{100 * by / of_baseline:g} % of the tuned baseline's {terms.title} ({show_number(by)})"
    lows = {each.name: _low(each) for each in confirmation.candidates if each.claim.sign > 0}
    reached = [name for name, low in lows.items() if (low >= by if by else low > 0)]
    if reached:
        return SHOWN, f"shown: {reached[0]}, by {terms.size(lows[reached[0]], of_baseline)} or more"
    highs = [_high(each) for each in confirmation.candidates]
    if all(high < by if by else high <= 0 for high in highs):
        return NOT_THERE, f"not there: no contestant gains {gain}"
    return OPEN, f"open: whether a contestant gains {gain} is not settled"


def _low(candidate: Candidate) -> float:
    """Return the least gain over both baselines that the intervals allow."""
    return min(each.interval.low for each in _comparisons(candidate))


def _high(candidate: Candidate) -> float:
    """Return the largest gain over both baselines that the intervals allow; none of one that never trained."""
    return min((each.interval.high for each in _comparisons(candidate)), default=_untrained(candidate))


def _untrained(candidate: Candidate) -> float:
    return -math.inf if candidate.complete.empty else math.inf


def _comparisons(candidate: Candidate) -> list[Comparison]:
    pairs = (candidate.against_tuned, candidate.against_own)
    return [each.comparison for each in pairs if each is not None and each.comparison is not None]


def _points(text: str) -> float:
    try:
        points = float(text)
    except ValueError:
        points = math.nan
    if not 0 <= points < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: must be points or per cent from 0 to 100, for example 0.5")
    return points
