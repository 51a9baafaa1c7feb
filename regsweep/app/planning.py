"""A new plan of what is confirmed, or the one that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from regsweep.app import keyed
from regsweep.app.candidates import (
    best_of_contestant,
    choose_kinds,
)
from regsweep.app.plan import CHOOSING_SEEDS, CONTENDERS, DEFAULT_TOP, SEEDS_LEFT, Lost, Plan, Row
from regsweep.config import NUM_SEEDS
from regsweep.errors import RecordError, RegsweepError
from regsweep.paths import ConfirmationPaths, RunPaths, SweepPaths, shown
from regsweep.report.sweep import Sweep
from regsweep.report.terms import Terms


def read_or_choose(sweep: Sweep, top: int | None, named: Sequence[int] = (), terms: Terms | None = None) -> Plan:
    """Return the plan in the sweep's folder, or a new one of its `top` kinds, or of the trials `named`.

    Raises:
        RecordError: when it is damaged or cannot be written, or is missing beside finished trials.
        RegsweepError: when it was made for another number of kinds, or for other trials.
    """
    paths = SweepPaths(sweep.folder).confirmation
    terms = terms or Terms.of_task(sweep.task, sweep.objective, chosen_most=sweep.maximize)
    if not paths.plan.exists():
        _require_no_records(paths)
        if named:
            kinds = keyed.named(sweep, named, terms)
        elif terms.baseline:
            kinds = keyed.differing(sweep, terms, CONTENDERS)
        else:
            kinds = choose_kinds(sweep, top or DEFAULT_TOP, CONTENDERS)
        # Another application's sweep has one kind, which no number of kinds could make more.
        num_kinds = len(kinds) if named or terms.baseline else top or DEFAULT_TOP
        return _begin(sweep, paths, kinds, num_kinds, terms=terms, named=named)
    plan = Plan.read(paths)
    if named and [*named] != plan.named:
        began = f"--trials {','.join(map(str, plan.named))}" if plan.named else "without it"
        raise RegsweepError(
            f"--trials {','.join(map(str, named))}: this sweep's confirmation was begun {began}; "
            f"leave it out, or move {shown(paths.folder)} away to confirm anew"
        )
    if top is not None and top != plan.top:
        raise RegsweepError(
            f"--top {top}: this sweep's confirmation was begun with --top {plan.top}; "
            f"leave it out, or move {shown(paths.folder)} away to confirm anew"
        )
    return plan


def of_comparison(sweep: Sweep, contestants: Mapping[str, Lost]) -> Plan:
    """Return the plan in the folder of a comparison, or a new one of its contestants.

    Args:
        sweep: the trials of all its searches.
        contestants: by the key of each, what it is where none of its trials is complete.

    Raises:
        RecordError: when it is damaged or cannot be written, or is missing beside finished trials.
    """
    paths = SweepPaths(sweep.folder).confirmation
    if paths.plan.exists():
        plan = Plan.read(paths)
        _add(plan, sweep, {key: each for key, each in contestants.items() if key not in (*plan.keys, *plan.lost)})
        return plan
    _require_no_records(paths)
    chosen = {key: rows for key in contestants if (rows := best_of_contestant(sweep, key, CONTENDERS))}
    if not chosen:
        error = RegsweepError(f"{shown(sweep.folder)}: no trial of any contestant is complete; nothing to confirm")
        error.exit_code = 1  # it was trained
        raise error
    plan = _begin(sweep, paths, list(chosen.values()), len(contestants), keys=list(chosen))
    plan.lost = {key: lost for key, lost in contestants.items() if key not in chosen}
    plan.write()
    return plan


def _add(plan: Plan, sweep: Sweep, contestants: Mapping[str, Lost]) -> None:
    """Add contestants, whose searches have ended, behind those that are there."""
    for key, contestant in contestants.items():
        rows = best_of_contestant(sweep, key, CONTENDERS)
        if rows:
            plan.keys.append(key)
            plan.kinds.append([_row(row) for row in rows])
        else:
            plan.lost[key] = contestant
        plan.added += [contestant.name] if plan.seed_runs else []
    plan.num_trials = len(sweep.trials)
    plan.top += len(contestants)
    plan.write()


def _begin(
    sweep: Sweep,
    paths: ConfirmationPaths,
    chosen: Sequence[Sequence[Mapping[str, Any]]],
    top: int,
    *,
    keys: Sequence[str] = (),
    terms: Terms | None = None,
    named: Sequence[int] = (),
) -> Plan:
    terms = terms or Terms.of_task(sweep.task, sweep.objective, chosen_most=sweep.maximize)
    used = keyed.seeds_of(sweep, terms) if terms.baseline else {int(s) for s in sweep.trials["seed"].dropna()}
    kinds = [[_row(row) for row in rows] for rows in chosen]
    choosing, start = further_seeds(used)
    plan = Plan(paths, kinds, len(sweep.trials), top, choosing, start, keys=[*keys], terms=terms, named=[*named])
    plan.write()
    return plan


def _require_no_records(paths: ConfirmationPaths) -> None:
    """Refuse to begin beside trials whose plan is lost: theirs could be taken for another configuration's."""
    for sweep in (paths.baseline, paths.choosing, paths.seeds, paths.own, paths.ablation):
        if any(RunPaths(folder).is_ended for folder in sweep.glob("[0-9]*")):
            raise RecordError(
                f"{paths.plan}: missing beside finished trials; restore it, or move {shown(paths.folder)} away "
                "to confirm anew"
            )


def further_seeds(used: set[int]) -> tuple[list[int], int]:
    """Return the seeds on which configurations are chosen after a sweep that used some, and the first fresh one."""
    first = _first_unused(used)
    return list(range(first, first + CHOOSING_SEEDS)), first + CHOOSING_SEEDS


def _first_unused(used: set[int]) -> int:
    """Return the first of `SEEDS_LEFT` seeds that are not used: after the largest that is, where there is room."""
    return next(
        first
        for first in sorted({1, *(seed + 1 for seed in used)}, reverse=True)
        if first + SEEDS_LEFT <= NUM_SEEDS and used.isdisjoint(range(first, first + SEEDS_LEFT))
    )


def _row(row: Mapping[str, Any]) -> Row:
    return Row(int(row["number"]), str(row["folder"]), float(row["selected_for"]))
