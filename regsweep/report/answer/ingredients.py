"""What each ingredient of the best mixture adds."""

from __future__ import annotations

from regsweep.report.ablation import REST, Addition
from regsweep.report.answer import phrases
from regsweep.report.confirmation import Confirmation


def of_ingredients(confirmation: Confirmation) -> list[str]:
    """Return what each ingredient of the best mixture adds, a sentence each; nothing where that was not trained."""
    ablation = confirmation.ablation
    if ablation is None:
        return []
    name = ablation.mixture
    lines = [f"What each ingredient of {name}, adds, at these settings, which were not tuned again without it:"]
    for ingredient in dict.fromkeys(each.ingredient for each in ablation.additions):
        parts = [_addition(confirmation, each) for each in ablation.additions if each.ingredient == ingredient]
        lines.append(f"{ingredient[0].upper()}{ingredient[1:]} {' and '.join(parts)}.")
    return lines


def _addition(confirmation: Confirmation, addition: Addition) -> str:
    if addition.comparison is None:
        return f"has too few complete seeds {addition.to}"
    mean, terms = addition.comparison.mean, confirmation.terms
    interval = f"simultaneous 95 % {phrases.kind_of_interval(confirmation)} {terms.ends(addition.comparison.interval)}"
    if addition.sign:
        points = f"{'' if terms.is_in_points else 'a gain of '}{terms.size(mean, addition.without)}"
        if addition.sign > 0:
            return f"adds {points} {addition.to} ({interval})"
        return f"takes away {points} {'from the rest' if addition.to == REST else addition.to} ({interval})"
    return f"is not shown to add anything {addition.to} ({terms.difference(mean)}{terms.unit}, {interval})"
