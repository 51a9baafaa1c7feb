"""What each ingredient of a confirmed mixture adds: to the rest of it, and alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from regsweep.report.confirmation import FEWEST_SEEDS, Trained
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
        differences: of the test accuracies, a fraction per seed.
        comparison: of the test accuracies; None with fewer than two pairs.
        adjusted_p_value: by Holm over all additions of the mixture; None after several looks, and over splits.
        sign: 1 where it is shown to add, -1 where it is shown to take away, 0 where neither is.
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
    """
    places = zip(plan["ingredients"], plan["alone"], strict=True)
    names = [plan["parts"][place]["ingredients"][key][1] for key, place in places]
    pairs: list[tuple[str, str, Trained, Trained | None]]
    pairs = [(name, REST, parts[place], mixture) for name, place in zip(names, plan["without"], strict=True)]
    pairs += [(name, ALONE, parts[place], nothing) for name, place in zip(names, plan["alone"], strict=True)]
    paired = [_differences(*((other, part) if to == REST else (part, other))) for _, to, part, other in pairs]
    comparisons = [
        compare(
            np.array([*each.values()]),
            None,
            level,
            num_configurations=len(pairs),
            is_sequential=is_sequential,
            overlap=overlap,
        )
        if len(each) >= FEWEST_SEEDS
        else None
        for each in paired
    ]
    adjusted: Sequence[float | None] = [None] * len(pairs)
    if not is_sequential and overlap is None:
        adjusted = holm([each.p_value if each and each.p_value is not None else 1.0 for each in comparisons])
    return Ablation(
        mixture.name,
        [
            Addition(*pair, [*by_seed], np.array([*by_seed.values()]), each, p_value, side_shown(each, p_value, level))
            for pair, by_seed, each, p_value in zip(pairs, paired, comparisons, adjusted, strict=True)
        ],
    )


def _differences(ours: Trained | None, theirs: Trained | None) -> dict[int, float]:
    """Return by how much test accuracy is higher, by seed, where both are complete."""
    if ours is None or theirs is None:
        return {}
    mine, others = ours.by_seed(), theirs.by_seed()
    return {seed: mine[seed] - others[seed] for seed in sorted(mine.keys() & others.keys())}
