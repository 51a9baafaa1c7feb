"""The answer in a few sentences: what was shown, what was not, and how far to trust it."""

from __future__ import annotations

from regsweep.numbers import show_number
from regsweep.pooling import Pooled
from regsweep.report import once_more
from regsweep.report.answer import phrases
from regsweep.report.answer.comparison import of_contestants
from regsweep.report.answer.differences import of_differences
from regsweep.report.answer.ingredients import of_ingredients
from regsweep.report.answer.limits import chosen_by, of_own_dropout, overtuned
from regsweep.report.answer.pooled import of_data_sets, of_seeds, untuned
from regsweep.report.answer.settling import settling
from regsweep.report.confirmation import Confirmation
from regsweep.report.pooled import why_not_pooled
from regsweep.report.sweep import Sweep, command_to_confirm
from regsweep.report.table import count_statuses, left_to_run, on_the_front


def answer(sweep: Sweep, confirmation: Confirmation | None) -> list[str]:
    """Return the answer of a sweep and its confirmation, in plain words."""
    if confirmation is not None:
        return [
            *of_contestants(sweep, confirmation),
            *of_differences(confirmation),
            *chosen_by(confirmation),
            *overtuned(confirmation),
            *of_ingredients(confirmation),
            *of_own_dropout(sweep),
            *settling(confirmation),
            *_winner(sweep, confirmation),
            *untuned(sweep),
        ]
    if sweep.objectives:
        return [*left_to_run(sweep), *on_the_front(sweep)]
    best = sweep.best()
    if best is None:
        return [_nothing_to_rank(sweep), *left_to_run(sweep)]
    if sweep.data_keys:
        return [*left_to_run(sweep), *of_data_sets(sweep)]
    found = _of_trials(sweep, best) if sweep.seed_key is None else of_seeds(sweep)
    return [*left_to_run(sweep), *found, *of_own_dropout(sweep)]


def _of_trials(sweep: Sweep, best: Pooled) -> list[str]:
    """Return the answer of a sweep of single trials of which nothing is confirmed."""
    if len(sweep.trials) == 1:
        return [f"One run{_value_of(sweep, best.mean)}; a single run compares nothing."]
    num_equal = sweep.num_equal(best)
    tie = f" (the first of {num_equal:,} with this value)" if num_equal > 1 else ""
    lines = [f"Trial {best.number} is the best of {len(sweep.trials):,}{_value_of(sweep, best.mean)}{tie}."]
    if sweep.is_comparison:
        return [*lines, f"The comparison is not complete; to go on: {command_to_confirm(sweep.folder)}"]
    if sweep.is_own:
        return [
            *lines,
            "It was selected for that value, on one seed, and is not yet an answer; to compare it with the tuned "
            f"network without regularization, on fresh seeds: {command_to_confirm(sweep.folder)}",
            *untuned(sweep),
        ]
    reason = why_not_pooled(sweep)
    return [
        *lines,
        *([reason] if reason else []),
        "It was selected for that value, which flatters it: run it again on fresh seeds before believing it.",
    ]


def _nothing_to_rank(sweep: Sweep) -> str:
    num_complete = count_statuses(sweep).get("complete", 0)
    if num_complete:
        name = sweep.objective.replace("_", " ")
        return f"None of the {num_complete} complete trials has a {name}, so there is nothing to rank them by."
    return "No trial is complete, so there is no answer yet."


def _value_of(sweep: Sweep, value: float) -> str:
    if sweep.is_percent() and 0 <= value <= 1:
        return f", with {100 * value:.2f} % {sweep.objective.replace('_', ' ')}"
    return f", with {sweep.objective.replace('_', ' ')} {show_number(value, 5)}"


def _winner(sweep: Sweep, confirmation: Confirmation) -> list[str]:
    """Return the command that trains once more what helps most; where nothing is shown to help, the tuned baseline."""
    command = once_more.of_winner(sweep, confirmation) if confirmation.has_comparisons else None
    if command is None:
        return []
    winner = once_more.winner(confirmation)
    keep = " and keep its weights" if confirmation.terms.is_own else ""
    if winner is confirmation.baseline:
        return [f"Nothing is shown to help; to train the tuned baseline once more{keep}: {command}"]
    return [f"To train {phrases.subject(winner, starts=False)} once more{keep.replace('its', 'the')}: {command}"]
