"""The answer in two sentences: what was shown, and how far to trust it."""

from __future__ import annotations

from regsweep.report.confirmation import LEVEL, Candidate, Confirmation
from regsweep.report.sweep import Sweep
from regsweep.statistics import Comparison, Interval, least_p_value, least_seeds


def answer(sweep: Sweep, confirmation: Confirmation | None) -> list[str]:
    """Return what a sweep and its confirmation have to say, one or two sentences in plain words."""
    if confirmation is not None and confirmation.comparisons:
        return _confirmed(confirmation)
    if confirmation is not None:
        return [
            f"{len(confirmation.seeds)} of {confirmation.num_planned} seeds are complete for every configuration: "
            "too few to say anything. Go on with regsweep confirm."
        ]
    best = sweep.best()
    if best is None:
        return ["No trial is complete, so there is nothing to say yet."]
    if len(sweep.trials) == 1:
        return [f"One run{_value_of(sweep, best)}; a single run compares nothing."]
    lines = [f"Trial {best['number']} is the best of {len(sweep.trials)}{_value_of(sweep, best)}."]
    if not sweep.is_own:
        return [
            *lines,
            "It was selected for that value, which flatters it: run it again on fresh seeds before believing it.",
        ]
    return [
        *lines,
        "It was selected for that value, on one seed, and is not yet an answer: "
        "regsweep confirm compares it with the tuned network without regularization on fresh seeds.",
    ]


def _value_of(sweep: Sweep, best: object) -> str:
    value = float(best[sweep.objective])  # type: ignore[index]
    if sweep.objective.endswith("accuracy") and 0 <= value <= 1:
        return f", with {100 * value:.2f} % {sweep.objective.replace('_', ' ')}"
    return f", with {sweep.objective.replace('_', ' ')} {value:.6g}"


def _confirmed(confirmation: Confirmation) -> list[str]:
    pairs = list(zip(confirmation.candidates, confirmation.comparisons, strict=True))
    shown = [pair for pair in pairs if confirmation.is_shown(pair[1])]
    candidate, comparison = max(shown or pairs, key=lambda pair: pair[1].mean)
    size, side = _points(comparison.mean), "ahead of" if comparison.mean >= 0 else "behind"
    numbers = _numbers(confirmation, comparison)
    if not shown and (short := _too_few(confirmation)):
        return [short, f"So far {candidate.name} is {side} the tuned baseline by {size} ({numbers})."]
    num_lost = confirmation.num_lost(candidate)
    if num_lost:
        size += f", on the seeds on which it trained; on {num_lost} of {len(candidate.runs)} it failed or diverged"
    if not shown:
        first = f"No difference shown: {candidate.name} is {side} the tuned baseline by {size} ({numbers})."
    elif comparison.mean > 0:
        verb = "is ahead of" if num_lost else "beats"
        first = f"{candidate.name} {verb} the tuned baseline by {size} ({numbers})."
    else:
        first = f"No configuration beats the tuned baseline: {candidate.name} is behind it by {size} ({numbers})."
    return [first[0].upper() + first[1:], _how_far(confirmation, candidate, comparison), *_unfinished(confirmation)]


def _too_few(confirmation: Confirmation) -> str | None:
    """Return why so few seeds cannot show a difference, None where they can."""
    k, n = len(confirmation.candidates), len(confirmation.seeds)
    if confirmation.is_sequential or n >= least_seeds(k, LEVEL):
        return None
    among = f"with {k} configurations " if k > 1 else ""
    return (
        f"{n} paired seeds cannot show a difference: {among}the smallest possible p-value is {least_p_value(n, k):.2g}"
        f"; take {least_seeds(k, LEVEL)} or more."
    )


def _how_far(confirmation: Confirmation, candidate: Candidate, comparison: Comparison) -> str:
    images = comparison.interval_with_images
    scope = "This is said of this test set"
    if images is not None:
        others = f"for others of their kind the interval is {points_range(images)} points"
        scope += f" of {confirmation.num_images:,} images ({others})"
    confirmed = confirmation.mean(candidate, "validation_accuracy")
    return (
        f"{scope}; the validation accuracy of {100 * candidate.selected_for:.2f} % that it was selected for is "
        f"{100 * confirmed:.2f} % on fresh seeds."
    )


def _unfinished(confirmation: Confirmation) -> list[str]:
    missing = confirmation.num_planned - len(confirmation.baseline.runs)
    if missing <= 0 or not confirmation.is_sequential:
        return []
    return [f"{missing} of the {confirmation.num_planned} planned seeds were not trained."]


def _numbers(confirmation: Confirmation, comparison: Comparison) -> str:
    interval = points_range(confirmation.interval(comparison))
    if confirmation.is_sequential:
        return f"95 % anytime-valid interval {interval}, {comparison.num_seeds} paired seeds"
    return (
        f"95 % interval {interval}, {comparison.num_seeds} paired seeds, adjusted p = {comparison.adjusted_p_value:.2g}"
    )


def _points(difference: float) -> str:
    return f"{abs(100 * difference):.2f} points"


def points_range(interval: Interval) -> str:
    """Return an interval of differences in percentage points."""
    return f"{_signed(interval.low)} to {_signed(interval.high)}"


def _signed(difference: float) -> str:
    return f"{100 * difference:.2f}".replace("-", "−").replace("inf", "∞")
