"""What ``regsweep confirm`` compares with what: from its command line, or from a plan that was made before."""

from __future__ import annotations

import argparse
from dataclasses import replace

from regsweep import records
from regsweep.app import keyed
from regsweep.errors import RegsweepError
from regsweep.paths import SweepPaths, shown
from regsweep.report.hydra_files import at
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.terms import TEST_ACCURACY, Terms
from regsweep.started import Command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Let a subcommand name what it compares with what."""
    parser.add_argument(
        "--baseline",
        metavar="KEY=VALUE",
        nargs="+",
        action="extend",
        type=_pair,
        help="compare with the trials' own program at these values, tuned as the sweep was, in place of the network "
        "without regularization; of any Hydra application",
    )
    parser.add_argument("--seed-key", metavar="KEY", help="of another application: the key of its seed (default: seed)")
    parser.add_argument(
        "--objective", metavar="NAME", help="of another application: the number to compare by (default: the study's)"
    )
    direction = parser.add_mutually_exclusive_group()
    direction.add_argument("--minimize", action="store_const", const=True, help="less of that number is better")
    direction.add_argument("--maximize", action="store_const", const=False, dest="minimize", help="more of it is")


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key or not value:
        raise argparse.ArgumentTypeError(f"{text}: must be KEY=VALUE; the sweep's folder stands before --baseline")
    return key.lstrip("+"), value


def read(given: argparse.Namespace) -> tuple[Sweep, Terms]:
    """Return the sweep that is confirmed, and on which terms.

    Raises:
        RegsweepError: when they are not those of its plan, or not possible for this sweep.
    """
    paths = SweepPaths(given.folder)
    is_own = records.read_as(paths.command, Command).is_own
    baseline = dict(given.baseline or ())
    if paths.confirmation.plan.exists():
        terms = Terms.of_plan(records.read_json(paths.confirmation.plan))
        _require_same(given, baseline, terms)
    elif is_own:
        _require_own(given, baseline)
        sweep = read_sweep(given.folder)
        terms = Terms.of_task(sweep.task, sweep.objective, chosen_most=sweep.maximize, baseline=baseline)
    else:
        terms = _of_application(given, baseline)
    if is_own:
        sweep = read_sweep(given.folder)
        _require_one_data_set(sweep)
    else:
        sweep = read_sweep(given.folder, objective=terms.objective, minimize=not terms.maximize)
        sweep = replace(sweep, named_seed=terms.seed_key)
    if terms.baseline:
        keyed.require_keys(sweep, terms)
        terms = keyed.with_signs(sweep, terms)
    return sweep, terms


def _require_one_data_set(sweep: Sweep) -> None:
    if not sweep.data_keys:
        return
    names = ", ".join(sweep.data_sets)
    raise RegsweepError(
        f"{shown(sweep.folder)}: its trials are on several data sets ({names}), whose scores are no comparison; sweep "
        "each data set alone, and confirm that"
    )


def _of_application(given: argparse.Namespace, baseline: dict[str, str]) -> Terms:
    sweep = read_sweep(given.folder, objective=given.objective, minimize=given.minimize)
    seed_key = given.seed_key or "seed"
    place = shown(given.folder)
    if not baseline:
        keys = ", ".join(key for key in sweep.swept if key != seed_key)
        raise RegsweepError(
            f"{place}: a sweep of another application; name what it is compared with: --baseline KEY=VALUE "
            f"(the sweep varied {keys})"
        )
    directions = at(records.read_yaml(SweepPaths(given.folder).multirun), "hydra", "sweeper", "direction")
    if given.objective is None and isinstance(directions, list) and len(directions) > 1:
        raise RegsweepError(f"{place}: has {len(directions)} objectives; name the one to compare by: --objective NAME")
    return Terms(baseline, seed_key, sweep.objective, sweep.maximize, is_own=False)


def _require_own(given: argparse.Namespace, baseline: dict[str, str]) -> None:
    methods = Terms()
    for key, value in baseline.items():
        if methods.compares(key):
            raise RegsweepError(
                f"--baseline {key}={value}: methods are compared with none without --baseline; leave it out, or tune "
                "each with regsweep compare"
            )
    for name, value in (("--seed-key", given.seed_key), ("--objective", given.objective)):
        if value is not None:
            raise RegsweepError(
                f"{name} {value}: belongs to another application's sweep; regsweep's own runs are compared by their "
                f"{TEST_ACCURACY.replace('_', ' ')} on fresh values of seed; leave it out"
            )
    if given.minimize is not None:
        flag = "--minimize" if given.minimize else "--maximize"
        raise RegsweepError(f"{flag}: belongs to another application's sweep; of accuracy more is better")


def _require_same(given: argparse.Namespace, baseline: dict[str, str], terms: Terms) -> None:
    began = {
        "--baseline": (baseline or None, terms.baseline, terms.without or "none"),
        "--seed-key": (given.seed_key, terms.seed_key, terms.seed_key),
        "--objective": (given.objective, terms.objective, terms.objective),
        "--minimize": (given.minimize, not terms.maximize, "maximize" if terms.maximize else "minimize"),
    }
    for flag, (value, before, words) in began.items():
        if value is not None and value != before:
            place = shown(SweepPaths(given.folder).confirmation.folder)
            raise RegsweepError(
                f"{flag}: this sweep's confirmation was begun with another ({words}); leave it out, or move {place} "
                "away to confirm anew"
            )


def trials_of(text: str) -> list[int]:
    """Return the numbers of trials that were typed.

    Raises:
        argparse.ArgumentTypeError: for what is none, and for a number that is there twice.
    """
    numbers = text.split(",")
    if not all(number.isdecimal() for number in numbers) or len({*map(int, numbers)}) < len(numbers):
        raise argparse.ArgumentTypeError(f"{text}: must be numbers of trials, each once, for example --trials 3,5")
    return [int(number) for number in numbers]
