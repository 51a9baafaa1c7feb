"""``regsweep confirm --ablate``: the best mixture without each of its ingredients, and each of them alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from regsweep.app.candidates import Configuration, Run
from regsweep.errors import RegsweepError

NO_MIXTURE = "--ablate: none of the kinds that are confirmed is a mixture of two methods or more"


@dataclass
class Ablation:
    """What is trained to tell what each ingredient of a mixture adds; all at the mixture's own other settings.

    Attributes:
        mixture: its place among the configurations, the baseline left out: from 0.
        ingredients: names of its methods.
        parts: the networks with some of them, each once.
        without: for each ingredient, which of `parts` has all others.
        alone: for each ingredient, which of `parts` has that one.
        runs: the trials of `parts`, in the order in which they were added.
    """

    mixture: int
    ingredients: list[str]
    parts: list[Configuration]
    without: list[int]
    alone: list[int]
    runs: list[Run] = field(default_factory=list)

    def add_seeds(self, seeds: Sequence[int]) -> None:
        """Let all parts run on these seeds; what ran keeps its place."""
        runs = [Run(place, seed) for seed in seeds for place in range(len(self.parts))]
        self.runs += [run for run in runs if run not in self.runs]


def count_parts(num_ingredients: int) -> int:
    """Return how many networks take a mixture apart; of two methods, each is what is left without the other."""
    return 2 if num_ingredients == 2 else 2 * num_ingredients  # noqa: PLR2004


def plan_ablation(baseline: Configuration, others: Sequence[Configuration]) -> Ablation:
    """Return the ablation of the first of `others` that is a mixture: the best one.

    Args:
        baseline: whose keys stand in place of a method that is left out.
        others: what is confirmed, the best first.

    Raises:
        RegsweepError: when none is a mixture.
    """
    place = next((place for place, each in enumerate(others) if len(each.ingredients) > 1), None)
    if place is None:
        raise RegsweepError(NO_MIXTURE)
    mixture, parts = others[place], list[Configuration]()

    def place_of(kept: Sequence[str]) -> int:
        part = mixture.with_some(kept, baseline)
        if part not in parts:
            parts.append(part)
        return parts.index(part)

    names = list(mixture.ingredients)
    without = [place_of([other for other in names if other != name]) for name in names]
    return Ablation(place, names, parts, without, [place_of([name]) for name in names])
