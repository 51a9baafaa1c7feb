"""The best configuration of each kind, by its mean over further seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from regsweep.app import keyed
from regsweep.app.candidates import (
    Configuration,
    Run,
    configurations,
    ranked,
    titles,
    trial_0,
)
from regsweep.app.plan import CONTENDERS, Plan, Untuned
from regsweep.errors import RegsweepError
from regsweep.numbers import show_number
from regsweep.paths import shown
from regsweep.report.regularization import Regularization
from regsweep.report.sweep import Sweep


def take_contenders(plan: Plan, sweep: Sweep, baseline: Sweep | None = None) -> None:
    """Take in the baseline's best configurations, now that it is tuned.

    Args:
        sweep: in which the kinds were found.
        baseline: the search of the baseline; None: that of the confirmation.

    Raises:
        RegsweepError: when none of its trials is complete.
    """
    baseline = baseline or plan.read_sweep(plan.paths.baseline)
    best = [row for row, _ in zip(ranked(baseline), range(CONTENDERS), strict=False)]
    place = shown(baseline.folder)
    if not best:
        raise RegsweepError(f"{place}: no trial of the baseline is complete, so there is nothing to compare with")
    first = None if plan.terms.baseline else trial_0(baseline)
    firsts = [_trial_0(plan, sweep, kind) for kind in range(len(plan.kinds))]
    if plan.terms.baseline:
        if not all(keyed.is_baseline(baseline, row, plan.terms) for row in best):
            other = f"one of its best trials is without {plan.terms.without}"
            raise RegsweepError(f"{place}: {other}; this is a fault of regsweep")
        baselines, others = keyed.configurations(sweep, plan.rows, baseline, best, plan.terms)
    else:
        kinds = [baseline.regularization.get(int(row["number"]), Regularization()) for row in best]
        if any(each.used(is_turned=sweep.turns_batch_norm) for each in kinds):
            raise RegsweepError(f"{place}: one of its best trials regularizes; this is a fault of regsweep")
        baselines, others = configurations(
            sweep,
            [*plan.rows, *(row for row in firsts if row is not None)],
            baseline,
            [*best, *([] if first is None else [first])],
        )
    left = iter(others)
    found = [baselines[: len(best)], *([next(left) for _ in rows] for rows in plan.kinds)]
    # Trial 0 of its search was not tuned.
    first_trials = [None if first is None else baselines[-1].at_own_settings(baselines[-1], plan.terms)]
    first_trials += [None if row is None else next(left) for row in firsts]
    plan.first_trials = _first_trial_of_each(plan)
    plan.first_trials += first_trials[len(plan.first_trials) :]
    plan.contenders += found[len(plan.contenders) :]
    plan.write()


def better_in_sweep(plan: Plan, sweep: Sweep) -> list[str]:
    """Return a line where the sweep itself has a better trial without any method than the baseline's own search."""
    if plan.terms.baseline or not plan.contenders:
        return []
    best = next((row for row in ranked(sweep) if not sweep.kind(int(row["number"]))), None)
    tuned = max(plan.terms.sign_of_choice * each.selected_for for each in plan.contenders[0])
    if best is None or plan.terms.sign_of_choice * best["selected_for"] <= tuned:
        return []
    found, other = (show_number(value, 4) for value in (best["selected_for"], plan.terms.sign_of_choice * tuned))
    return [
        f"the baseline may be tuned too little: trial {best['number']} of the sweep, which uses no method, has a "
        f"better {plan.terms.title_of_choice} ({found}) than the best trial of the baseline's own search ({other})"
    ]


def _trial_0(plan: Plan, sweep: Sweep, kind: int) -> dict[str, Any] | None:
    """Return trial 0 of the search of a kind, where that is of the kind; None elsewhere, and in a grid.

    A trial that was named by hand was not chosen, so there is nothing to compare the choice with.
    """
    if plan.named or plan.terms.baseline:
        return None
    if plan.keys:
        return trial_0(sweep, plan.keys[kind])
    row = trial_0(sweep)
    if row is None or titles(sweep.kind(int(row["number"]))) != titles(sweep.kind(plan.kinds[kind][0].number)):
        return None
    return row


def compare_contenders(plan: Plan) -> None:
    """Let the configurations of each kind run on the choosing seeds; none where a kind has only one."""
    groups = on_choosing_seeds(plan)
    sizes = [len(group) for group in groups for _ in group]
    runs = [Run(place, seed) for seed in plan.choosing_seeds for place, size in enumerate(sizes) if size > 1]
    plan.choosing_runs += [run for run in runs if run not in plan.choosing_runs]
    plan.write()


def sizes_on_choosing_seeds(plan: Plan, sweep: Sweep) -> list[int]:
    """Return how many configurations of each kind, the baseline left out, will run on the choosing seeds."""
    firsts = [_trial_0(plan, sweep, kind) for kind in range(len(plan.kinds))]
    return [
        len(rows) + (first is not None and int(first["number"]) not in [row.number for row in rows])
        for rows, first in zip(plan.kinds, firsts, strict=True)
    ]


def on_choosing_seeds(plan: Plan) -> list[list[Configuration]]:
    """Return the contenders of each kind, and behind them trial 0 of its search where that is none of them."""
    return [
        [*group, *([] if first is None or _is_among(first, group) else [first])]
        for group, first in zip(plan.contenders, _first_trial_of_each(plan), strict=True)
    ]


def _first_trial_of_each(plan: Plan) -> list[Configuration | None]:
    """Return trial 0 of the search of each kind; a plan of before these were compared has none."""
    return [*plan.first_trials, *[None] * (len(plan.contenders) - len(plan.first_trials))]


def take_best(plan: Plan, values: Mapping[int, Mapping[int, float]]) -> None:
    """Take the configuration of each kind with the best mean, the earliest of equals.

    Trial 0 of a search that is none of the contenders is not chosen, whatever it reaches: it shows whether what was
    chosen is better than what the search began with.

    Args:
        values: what the sweep is ranked by (its objective), by place among all that run on the choosing seeds
            and by seed; none for those that were not compared, or have no run that counts.
    """
    chosen: list[Configuration] = []
    plan.untuned, start = [], 0
    for group, contenders, first in zip(
        on_choosing_seeds(plan), plan.contenders, _first_trial_of_each(plan), strict=True
    ):
        reached = [values.get(start + place, {}) for place in range(len(group))]
        sign, tried = plan.terms.sign_of_choice, reached[: len(contenders)]
        means = [sign * fmean(by_seed.values()) if by_seed else -math.inf for by_seed in tried]
        best = means.index(max(means))
        chosen.append(group[best])
        plan.untuned.append(_beside(first, group, reached, best))
        start += len(group)
    plan.configurations = _told_apart(chosen)
    plan.own_of += [None] * (len(chosen) - 1 - len(plan.own_of))
    plan.write()


def _is_among(configuration: Configuration, others: Sequence[Configuration]) -> bool:
    return any(configuration.overrides == other.overrides for other in others)


def _beside(
    first: Configuration | None, group: Sequence[Configuration], reached: Sequence[Mapping[int, float]], best: int
) -> Untuned | None:
    """Return trial 0 of a search beside what was chosen; None where there is none, it was chosen, or no seed has both.

    Args:
        first: trial 0.
        group: what ran on the choosing seeds, trial 0 among it.
        reached: what each had by seed.
        best: the place of what was chosen.
    """
    place = next((i for i, each in enumerate(group) if first is not None and _is_among(first, [each])), best)
    seeds = sorted(reached[place].keys() & reached[best].keys())
    if first is None or place == best or not seeds:
        return None
    accuracy, of_chosen = (fmean(reached[each][seed] for seed in seeds) for each in (place, best))
    if not math.isfinite(accuracy) or not math.isfinite(of_chosen):  # a run diverged, and no number says how bad it is
        return None
    return Untuned(first.name, accuracy, of_chosen, len(seeds))


def _told_apart(found: list[Configuration]) -> list[Configuration]:
    """Add the trial's number to names that occur more than once."""
    names = [configuration.name for configuration in found]
    return [replace(c, name=f"{c.name} (trial {c.trial})") if names.count(c.name) > 1 else c for c in found]
