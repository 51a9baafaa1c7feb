"""``regsweep confirm DIR``: a sweep's best kinds against the network without regularization, on fresh seeds."""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from contextlib import suppress
from pathlib import Path

from regsweep import records
from regsweep.app import choosing, planning, terms
from regsweep.app.ablation import NO_MIXTURE, count_parts
from regsweep.app.candidates import Configuration
from regsweep.app.plan import CONTENDERS, DEFAULT_TOP, Plan
from regsweep.app.splits import NEW_SPLITS, ONE_LOOK, describe_new_splits, draw_anew, require_same_seeds
from regsweep.app.stages import (
    Origin,
    await_sweeps,
    choose_contenders,
    count_baseline_trials,
    count_ended,
    run_ablation,
    run_own_baselines,
    run_seeds,
    tune_baseline,
)
from regsweep.app.versions import require_this_version
from regsweep.errors import RegsweepError
from regsweep.numbers import about, count, show_number
from regsweep.paths import ComparisonPaths, SweepPaths, shown
from regsweep.report.alone import stdout_for_json, write
from regsweep.report.command import Parser, add_json, report_confirmed
from regsweep.report.confirmation import FEWEST_SEEDS, LEVEL, Candidate, Confirmation
from regsweep.report.effort import seconds_a_trial, spread_of_differences
from regsweep.report.files import ReportPaths
from regsweep.report.printed import say
from regsweep.report.read_confirmation import read_confirmation
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.terms import Terms
from regsweep.statistics.p_values import least_p_value, least_seeds
from regsweep.statistics.power import seeds_needed
from regsweep.sweeper.lock import FolderLock

ROUND = 5
"""Seeds between two looks at a difference that may have settled."""

DEFAULT_SEEDS, MOST_SEEDS, DEFAULT_MARGIN = 10, 30, 0.25

_ANNOUNCED_SIZES = (0.25, 0.5, 1.0)


def main(arguments: list[str]) -> None:
    """Run the subcommand with its own arguments; exit code 1 where a run is not complete."""
    given = _parser().parse_args(arguments)
    with stdout_for_json(given.json) as output:
        sweep = _run(given)
    if given.json:
        write(output, records.read_json(ReportPaths(sweep.folder).summary))
    require_complete(sweep)


def _run(given: argparse.Namespace) -> Sweep:
    """Confirm the sweep, report, and return it."""
    paths = SweepPaths(given.folder)
    if not paths.command.is_file():
        raise RegsweepError(f"{given.folder}: no sweep to confirm (there is no {paths.command.name})")
    if given.folder.absolute().parent.name == paths.confirmation.folder.name:
        outer = shown(given.folder.absolute().parent.parent)
        raise RegsweepError(f"{given.folder}: is part of a confirmation; confirm {outer}")
    if ComparisonPaths(given.folder.absolute().parent).record.exists():
        raise RegsweepError(f"{given.folder}: is a part of a comparison that times its epochs; nothing to confirm")
    if given.margin is not None and not given.until_settled:
        raise RegsweepError(f"--margin {given.margin:g}: has a meaning only with --until-settled; add that")
    if ComparisonPaths(given.folder).record.exists():
        place = shlex.quote(str(shown(given.folder)))
        raise RegsweepError(f"{given.folder}: is a comparison; go on with regsweep resume {place}")
    if given.trials and given.top is not None:
        raise RegsweepError(f"--top {given.top}: has no meaning beside --trials, which names each kind; leave it out")
    require_this_version(given.folder, paths.multirun)
    sweep, agreed = terms.read(given)
    if given.until_settled and given.margin is None and not agreed.is_own:
        raise RegsweepError(
            f"--until-settled: name the largest difference of {agreed.title} that does not matter, with --margin"
        )
    if given.ablate and agreed.baseline:
        raise RegsweepError(
            f"--ablate: takes mixtures of methods apart; with --baseline {agreed.without} there are none"
        )
    for problem in sweep.problems:  # what cannot be read is not among what is chosen from
        say(f"{shown(sweep.folder)}/{problem}")
    try:
        paths.confirmation.folder.mkdir(exist_ok=True)
        with FolderLock(paths.confirmation.folder):
            await_sweeps(paths.confirmation)
            _confirm(sweep, given, agreed)
    except BrokenPipeError:
        raise  # whoever read the output has gone
    except OSError as error:
        raise records.write_error(paths.confirmation.folder, error) from error
    finally:
        with suppress(OSError):
            paths.confirmation.folder.rmdir()  # where nothing was begun
    report_confirmed(sweep)
    return sweep


def _confirm(sweep: Sweep, given: argparse.Namespace, agreed: Terms) -> None:
    """Train the runs of the plan that are not there yet."""
    plan = planning.read_or_choose(sweep, given.top, given.trials or (), agreed)
    if given.ablate and not any(len(sweep.kind(rows[0].number)) > 1 for rows in plan.kinds):
        raise RegsweepError(NO_MIXTURE)
    num_seeds = given.seeds or _num_seeds(plan, until_settled=given.until_settled)
    origin = Origin.of(sweep)
    if given.new_splits or plan.overlap is not None:
        if given.until_settled:
            raise RegsweepError(f"--until-settled: {ONE_LOOK}; give --seeds N instead")
        anew = f"move {shown(plan.paths.folder)} away to confirm anew"
        require_same_seeds(plan.paths, plan.num_seeds, num_seeds, anew)
        draw_anew(origin, sweep, plan, num_seeds)
    plan.intend(num_seeds, until_settled=given.until_settled, has_begun=count_ended(plan.paths.seeds) > 0)
    _announce(sweep, plan, num_seeds, until_settled=given.until_settled)
    if given.ablate or plan.ablation is not None:
        _announce_ablation(sweep, plan, num_seeds)
    if not plan.contenders:
        tune_baseline(sweep, plan)
        choosing.take_contenders(plan, sweep)
    say(*choosing.better_in_sweep(plan, sweep))
    choose(origin, plan)
    margin = DEFAULT_MARGIN if given.margin is None else given.margin
    for num in [*range(ROUND, num_seeds, ROUND), num_seeds] if given.until_settled else [num_seeds]:
        train_on_seeds(origin, sweep, plan, num)
        if given.ablate or plan.ablation is not None:
            run_ablation(origin, plan, num)
        if given.until_settled and _is_within(_read(sweep), margin):
            say(f"\nsettled after {num} seeds")
            return
    if given.until_settled:
        say(f"\nnot settled after {num_seeds} seeds")


def _num_seeds(plan: Plan, *, until_settled: bool) -> int:
    """Return how many seeds are meant where no number is given: as many as before, or until it is settled the most."""
    if until_settled and not plan.is_sequential:
        return MOST_SEEDS
    return plan.num_seeds or (MOST_SEEDS if until_settled else DEFAULT_SEEDS)


def choose(origin: Origin, plan: Plan) -> None:
    """Choose the configuration of each kind, as far as that was not done, and print them."""
    if len(plan.configurations) < len(plan.contenders):
        choose_contenders(origin, plan)
        say(f"\nchosen: {'; '.join(_shown(each, plan.terms) for each in plan.configurations)}")


def train_on_seeds(origin: Origin, sweep: Sweep, plan: Plan, num_seeds: int) -> None:
    """Train all configurations on the first `num_seeds` fresh seeds, and beside those that differ a second baseline."""
    run_seeds(origin, plan, num_seeds)
    begun = [place for place, own in enumerate(plan.own_of) if own is not None]
    plan.add_own_baselines(sorted({*begun, *_are_shown(sweep)}), num_seeds)
    run_own_baselines(origin, plan)


def _are_shown(sweep: Sweep) -> list[int]:
    """Return the places of the candidates whose difference from the tuned baseline is shown."""
    return [place for place, candidate in enumerate(_read(sweep).candidates) if candidate.is_shown]


def _read(sweep: Sweep) -> Confirmation:
    confirmation = read_confirmation(sweep.folder)
    assert confirmation is not None
    return confirmation


def require_complete(sweep: Sweep) -> None:
    """End with exit code 1 where a run is not complete.

    Raises:
        SystemExit: then, after saying so.
    """
    paths = SweepPaths(sweep.folder).confirmation
    folders = [folder for folder in (paths.seeds, paths.own, paths.ablation) if folder.is_dir()]
    statuses = [status for folder in folders for status in read_sweep(folder).trials["status"]]
    num_lost = sum(status != "complete" for status in statuses)
    if num_lost:
        sys.stderr.write(
            f"{num_lost} of {len(statuses)} runs are not complete, and count as the answer has it; "
            f"to train all anew, move {shown(paths.folder)} away\n"
        )
        raise SystemExit(1)


def _is_within(confirmation: Confirmation, margin: float) -> bool:
    """Return whether a confirmation is settled, with the margin as it was typed."""
    within = confirmation.terms.threshold(margin, confirmation.baseline.mean())
    return within is not None and is_settled(confirmation, within)


def is_settled(confirmation: Confirmation, margin: float) -> bool:
    """Return whether each difference is shown, or lies within `margin` (a fraction) of zero with its whole interval."""
    return all(_is_settled(candidate, margin) for candidate in confirmation.candidates)


def _is_settled(candidate: Candidate, margin: float) -> bool:
    comparison = candidate.against_tuned.comparison
    if comparison is None:
        return candidate.num_lost == len(candidate.runs)  # it never trained, and more seeds would not help
    return candidate.claim.sign != 0 or max(-comparison.interval.low, comparison.interval.high) <= margin


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="regsweep confirm",
        description="Tune the network without regularization as long as the sweep was, train it and the best "
        "configuration of each kind of regularization on fresh seeds, open the test set, and report what is shown. "
        "Started again, it goes on.",
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="the sweep's folder")
    add_json(parser)
    terms.add_arguments(parser)
    parser.add_argument(
        "--trials", type=terms.trials_of, metavar="N,…", help="confirm these trials in place of the best of each kind"
    )
    parser.add_argument("--top", type=count_of, metavar="K", help=f"how many kinds (default: {DEFAULT_TOP})")
    parser.add_argument(
        "--seeds",
        type=seeds_of,
        metavar="N",
        help=f"how many seeds (default: {DEFAULT_SEEDS}); with --until-settled at most (default: {MOST_SEEDS})",
    )
    parser.add_argument(
        "--ablate",
        action="store_true",
        help="also train the best mixture without each of its ingredients, and each alone, at the mixture's settings",
    )
    add_new_splits(parser)
    parser.add_argument(
        "--until-settled",
        action="store_true",
        help=f"look every {ROUND} seeds and stop when each difference is shown, or shown to be within --margin",
    )
    parser.add_argument(
        "--margin",
        type=_size,
        metavar="POINTS",
        help="with --until-settled: the largest difference that does not matter; of other objectives than accuracy in "
        f"per cent of the tuned baseline's value (default: {DEFAULT_MARGIN})",
    )
    return parser


def add_new_splits(parser: argparse.ArgumentParser) -> None:
    """Add the option with which each seed draws a split."""
    parser.add_argument(
        NEW_SPLITS,
        action="store_true",
        help="let each seed draw a split of the data, too; a test set of the data set's own stays",
    )


def count_of(text: str, least: int = 1) -> int:
    """Return a number that was typed."""
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number of {least} or more")
    return int(text)


def seeds_of(text: str) -> int:
    """Return a number of seeds that was typed."""
    return count_of(text, FEWEST_SEEDS)


def _size(text: str) -> float:
    try:
        size = float(text)
    except ValueError:
        size = math.nan
    if not 0 < size < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: must be points or per cent above 0, for example 0.25")
    return size


def _shown(configuration: Configuration, agreed: Terms) -> str:
    is_share = agreed.is_choice_percent
    value = f"{configuration.selected_for:.4f}" if is_share else show_number(configuration.selected_for, 5)
    return f"{configuration.name} (trial {configuration.trial}, {agreed.title_of_choice} {value})"


def _announce(sweep: Sweep, plan: Plan, num_seeds: int, *, until_settled: bool) -> None:
    """Print the number of runs beforehand, and the differences that so many seeds can show."""
    k, seeds = len(plan.kinds), plan.seeds(num_seeds)
    kinds = "one kind" if k == 1 else f"{k} kinds"
    what = "trial" if len(plan.named) == 1 else "trials"
    best = f"{what} {', '.join(map(str, plan.named))}" if plan.named else f"the best of {kinds}"
    if k < plan.top:
        say(f"the sweep has complete trials of no more than {kinds} of regularization")
    if plan.num_trials != len(sweep.trials):
        say(
            f"the sweep has {len(sweep.trials)} trials now, and this confirms the best of its first {plan.num_trials}; "
            f"to confirm anew, move {shown(plan.paths.folder)} away"
        )
    num_tuning = 0 if plan.contenders else count_baseline_trials(sweep, plan) - count_ended(plan.paths.baseline)
    num_choosing = 0 if plan.configurations else _count_choosing(sweep, plan) - count_ended(plan.paths.choosing)
    num_runs = max(0, (k + 1) * num_seeds - count_ended(plan.paths.seeds))
    if not num_tuning + num_choosing + num_runs:
        return
    num_own = max(0, k * num_seeds - count_ended(plan.paths.own))
    time, time_own = (
        about(seconds_a_trial(sweep) * number) for number in (num_tuning + num_choosing + num_runs, num_own)
    )
    # Trial 0 of the baseline's search may be among its best.
    at_most = "up to " if not plan.contenders and count_baseline_trials(sweep, plan) > CONTENDERS else ""
    lines = [
        f"confirm {shown(sweep.folder)}: {best} and the tuned baseline on seeds {seeds[0]} to {seeds[-1]}",
        f"{count(num_tuning, 'trial')} of tuning, {at_most}{count(num_choosing, 'run')} to choose on seeds "
        f"{plan.choosing_seeds[0]} to {plan.choosing_seeds[-1]}, {count(num_runs, 'run')} "
        f"{'with the test set' if plan.terms.is_own else 'to compare'}: {time} at the sweep's pace",
        f"where differences are shown, up to {num_own} more, of second baselines: {time_own}",
    ]
    if sweep.objectives or not plan.terms.is_chosen_by_same:
        word = "most" if plan.terms.chosen_most else "least"
        lines.append(f"chosen by the {word} {plan.terms.title_of_choice}; compared by {plan.terms.title}")
    say(*lines)
    if plan.overlap is not None:
        say(describe_new_splits(plan.overlap, num_seeds))
        return
    if until_settled:
        say(f"looks every {ROUND} seeds; what 5 seeds can settle is little, so it may take them all")
        return
    spread = spread_of_differences(sweep) if plan.terms.is_own else None
    if spread is not None:
        _announce_seeds(sweep, plan.terms, spread, k)
    if num_seeds < least_seeds(k, LEVEL):
        of = "one configuration" if k == 1 else f"{k} configurations"
        say(
            f"{num_seeds} seeds cannot show a difference: the smallest possible p-value of {of} is "
            f"{least_p_value(num_seeds, k):.2g}; take --seeds {least_seeds(k, LEVEL)} or more"
        )


def _announce_seeds(sweep: Sweep, terms: Terms, spread: float, num_configurations: int) -> None:
    """Print how many seeds show which difference."""
    best = sweep.best()
    value = math.nan if best is None else best.mean
    needed = []
    for typed in _ANNOUNCED_SIZES:
        difference = terms.threshold(typed, value)
        if difference is None:
            return  # no per cent can be taken of the value
        unit = " %" if terms.is_relative else f" point{'s' * (typed != 1)}"
        needed.append(f"{seeds_needed(difference, spread, num_configurations)} for {typed:g}{unit}")
    say(
        f"seeds needed to show a difference: {', '.join(needed)} (80 % power; "
        f"two runs differ by about {terms.size(spread, value)}, estimated from the sweep)"
    )


def _announce_ablation(sweep: Sweep, plan: Plan, num_seeds: int) -> None:
    """Print how many runs take the best mixture apart, as far as that was not done."""
    num_ingredients = next(n for rows in plan.kinds if (n := len(sweep.kind(rows[0].number))) > 1)
    num_runs = count_parts(num_ingredients) * num_seeds - count_ended(plan.paths.ablation)
    if num_runs > 0:
        say(
            f"{num_runs} more without an ingredient of the best mixture or with one alone: "
            f"{about(seconds_a_trial(sweep) * num_runs)}; its second baseline is trained in any case"
        )


def _count_choosing(sweep: Sweep, plan: Plan) -> int:
    """Return how many runs it takes to choose: the baseline will have as many configurations as trials."""
    if plan.contenders:
        choosing.compare_contenders(plan)
        return len(plan.choosing_runs)
    # Trial 0 of the baseline's search may be none of the best; where keys were named it is not compared.
    num_baselines = min(CONTENDERS + (not plan.terms.baseline), count_baseline_trials(sweep, plan))
    sizes = [num_baselines, *choosing.sizes_on_choosing_seeds(plan, sweep)]
    return len(plan.choosing_seeds) * sum(size for size in sizes if size > 1)
