"""What each ingredient of a confirmed mixture adds: to the rest of it, and alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from regsweep.report.confirmation import FEWEST_SEEDS, Trained
from regsweep.report.terms import Terms
from regsweep.statistics.claims import side_shown
from regsweep.statistics.comparison import Comparison, compare
from regsweep.statistics.intervals import Overlap
from regsweep.statistics.p_values import holm

REST, ALONE = "to the rest", "alone"


@dataclass(frozen=True)
class Addition:
    """What an ingredient adds, on the same seeds.

    Attributes:
        ingredient: in plain words, with its settings.
        to: ``to the rest``: the mixture minus the mixture without it; ``alone``: the ingredient minus nothing.
        part: what was trained for it: the mixture without the ingredient, or the ingredient alone.
        other: what that is compared with: the mixture, or the network without regularization at its other settings;
            None where that was not trained.
        seeds: those on which both are complete.
        differences: a number per seed, above zero where the mixture, or the ingredient, is better.
        comparison: of what is compared on fresh seeds; None with fewer than two pairs.
        adjusted_p_value: by Holm over all additions of the mixture; None after several looks, and over splits.
        sign: 1 where it is shown to add, -1 where it is shown to take away, 0 where neither is.
        without: the mean of what it is added to, over these seeds.
    """

    ingredient: str
    to: str
    part: Trained
    other: Trained | None
    seeds: list[int]
    differences: np.ndarray
    comparison: Comparison | None
    adjusted_p_value: float | None
    sign: int
    without: float = math.nan


@dataclass(frozen=True)
class Ablation:
    """What the ingredients of a mixture add, at the mixture's own other settings, not tuned again.

    Attributes:
        mixture: in plain words.
        additions: two for each ingredient.
    """

    mixture: str
    additions: list[Addition]


def read(
    plan: Mapping[str, Any],
    parts: Sequence[Trained],
    mixture: Trained,
    nothing: Trained | None,
    *,
    level: float,
    is_sequential: bool,
    overlap: Overlap | None = None,
    terms: Terms | None = None,
) -> Ablation:
    """Return what a mixture's ingredients add.

    Args:
        plan: the ablation, as the plan of the confirmation has it.
        parts: the networks with some of its methods.
        mixture: that with all.
        nothing: that with none, at the same other settings; None where it was not trained.
        level: of all that is shown together.
        is_sequential: whether results were looked at more than once.
        overlap: of the seeds' splits; None where all have one split.
        terms: by which number they are compared; None: by test accuracy.
    """
    terms = terms or Terms()
    places = zip(plan["ingredients"], plan["alone"], strict=True)
    names = [plan["parts"][place]["ingredients"][key][1] for key, place in places]
    pairs: list[tuple[str, str, Trained, Trained | None]]
    pairs = [(name, REST, parts[place], mixture) for name, place in zip(names, plan["without"], strict=True)]
    pairs += [(name, ALONE, parts[place], nothing) for name, place in zip(names, plan["alone"], strict=True)]
    paired = [_by_seed(*((other, part) if to == REST else (part, other))) for _, to, part, other in pairs]

    def compared(by_seed: Mapping[int, tuple[float, float]]) -> tuple[np.ndarray, Comparison | None, float]:
        differences = terms.sign * np.array([ours - theirs for ours, theirs in by_seed.values()])
        if len(by_seed) < FEWEST_SEEDS:
            return differences, None, math.nan
        without = float(np.mean([theirs for _, theirs in by_seed.values()]))
        options: Any = {"num_configurations": len(pairs), "is_sequential": is_sequential, "overlap": overlap}
        return differences, compare(differences, None, level, resolution=terms.resolution(without), **options), without

    found = [compared(each) for each in paired]
    comparisons = [comparison for _, comparison, _ in found]
    adjusted: Sequence[float | None] = [None] * len(pairs)
    if not is_sequential and overlap is None:
        adjusted = holm([each.p_value if each and each.p_value is not None else 1.0 for each in comparisons])
    return Ablation(
        mixture.name,
        [
            Addition(*pair, [*by_seed], differences, each, p_value, side_shown(each, p_value, level), without)
            for pair, by_seed, (differences, each, without), p_value in zip(pairs, paired, found, adjusted, strict=True)
        ],
    )


def _by_seed(ours: Trained | None, theirs: Trained | None) -> dict[int, tuple[float, float]]:
    """Return what is compared of both, by seed, where both are complete."""
    if ours is None or theirs is None:
        return {}
    mine, others = ours.by_seed(), theirs.by_seed()
    return {seed: (mine[seed], others[seed]) for seed in sorted(mine.keys() & others.keys())}
