"""What several captions say, as it follows from a sweep."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from regsweep.names import key_of_parameter, short_names
from regsweep.numbers import count
from regsweep.pooling import are_equal
from regsweep.report.branch_ranges import branch_ranges
from regsweep.report.figures.points import complete
from regsweep.report.figures.regularized import DROPOUT, STRENGTH, roles

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

ROLE_WORDS = {STRENGTH: "the strength of a penalty", DROPOUT: "a dropout rate"}


def no_result(sweep: Sweep) -> str:
    """Return why a sweep has no best trial."""
    is_complete = (sweep.trials["status"] == "complete").any()
    return f"no complete trial has a {sweep.objective.replace('_', ' ')}" if is_complete else "no trial is complete"


def the_best(sweep: Sweep, column: str | None = None, *, what: str = "") -> str:
    """Return what the best trial or configuration is called: the first of equals, and by which of several numbers.

    Of several data sets it is the highest score (or the lowest), which is best on its own data alone.

    Args:
        sweep: with a complete trial.
        column: the number that a figure shows; None: the objective.
        what: it is; empty where that is plain.
    """
    means = [each.mean for each in sweep.configurations if each.values]
    num_equal = sum(are_equal(mean, means[0]) for mean in means)
    by = f" in {sweep.objective.replace('_', ' ')}" if sweep.objectives or column not in (None, sweep.objective) else ""
    extreme = "highest" if sweep.maximize else "lowest"
    best = f"{extreme if sweep.data_keys else 'best'} {what}".strip()
    return f"the {best}{by}" if num_equal == 1 else f"the first of the {num_equal:,} {best}{'s' if what else ''}{by}"


def named_best(sweep: Sweep, what: str | None = None, column: str | None = None) -> str:
    """Return the name of the best in a legend: with its trial, or `what` it is drawn as; empty where there is none."""
    best = sweep.best()
    return "" if best is None else f"{the_best(sweep, column).removeprefix('the ')}: {what or f'trial {best.number}'}"


def repeats_left_out(sweep: Sweep) -> str:
    """Return a caption's sentence on the trials that `configurations` leaves out, as they repeat another's number."""
    number = len(complete(sweep)) - len(complete(sweep, repeats=False))
    return f" {count(number, 'trial')} that repeated an earlier one left out." if number else ""


def ranges_follow(sweep: Sweep, keys: Iterable[str]) -> str:
    """Return a caption's sentence on those of these keys whose range is another one beside other values."""
    names = [name for key, of_trial in branch_ranges(sweep).items() if key in {*keys} for name in of_trial.dropna()]
    found = dict.fromkeys(names)
    if not found:
        return ""
    keyed = {name: key_of_parameter(name) for name in found}
    short = short_names(list(dict.fromkeys(keyed.values())))
    listed = ", ".join(short[key] + name.removeprefix(key) for name, key in keyed.items())
    return f" Ranges of their own: {listed}; a difference between them may be that of what stands in brackets."


def zeros_follow(sweep: Sweep, numbers: Iterable[Any]) -> str:
    """Return what one must know of exact zeros that a penalty made: nothing where none of these trials has one."""
    if not any(method.is_penalty for number in numbers for method in sweep.kind(number)):
        return ""
    return " At one λ the share of exact zeros also follows momentum, learning rate and epochs."


def not_known(sweep: Sweep, *wanted: str) -> str:
    """Return that no swept key is known to be one of these roles; nothing where each is, or records have them."""
    lacking = [ROLE_WORDS[role] for role in wanted if role not in roles(sweep)] if not sweep.is_own else []
    return f"no swept key is known to be {' or '.join(lacking)}" if lacking else ""


def strength_name(sweep: Sweep) -> str:
    """Return what λ is called: in another application's sweep by its key, as its λ may be another."""
    key = None if sweep.is_own else roles(sweep).get(STRENGTH)
    name = short_names([key])[key] if key else "lambda"
    return "λ" if name.startswith("lambd") else name
