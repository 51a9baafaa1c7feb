"""What each ingredient of a confirmed mixture adds: to the rest of it, and alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

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
        comparison: of the test accuracies; None with fewer than two pairs.
        adjusted_p_value: by Holm over all additions of the mixture; None after several looks, and over splits.
        sign: 1 where it is shown to add, -1 where it is shown to take away, 0 where neither is.
    """

    ingredient: str
    to: str
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
    runs: pd.DataFrame,
    name: str,
    mixture: Mapping[int, float],
    nothing: Mapping[int, float],
    *,
    level: float,
    is_sequential: bool,
    overlap: Overlap | None = None,
) -> Ablation:
    """Return what a mixture's ingredients add.

    Args:
        plan: the ablation, as the plan of the confirmation has it.
        runs: the trials of its parts: ``number``, ``seed``, ``status``, ``test_accuracy``.
        name: of the mixture.
        mixture: test accuracy of the mixture by seed.
        nothing: that of the network without regularization at the same other settings.
        level: of all that is shown together.
        is_sequential: whether results were looked at more than once.
        overlap: of the seeds' splits; None where all have one split.
    """
    parts = _accuracies(plan["runs"], runs, len(plan["parts"]))
    alone = [parts[place] for place in plan["alone"]]
    places = zip(plan["ingredients"], plan["alone"], strict=True)
    descriptions = [plan["parts"][place]["ingredients"][key][1] for key, place in places]
    pairs = [(text, REST, mixture, parts[place]) for text, place in zip(descriptions, plan["without"], strict=True)]
    pairs += [(text, ALONE, ours, nothing) for text, ours in zip(descriptions, alone, strict=True)]
    k = len(pairs)

    def compared(ours: Mapping[int, float], theirs: Mapping[int, float]) -> Comparison | None:
        seeds = sorted(ours.keys() & theirs.keys())
        if len(seeds) < 2:  # noqa: PLR2004  (one has no spread)
            return None
        differences = np.array([ours[seed] - theirs[seed] for seed in seeds])
        return compare(differences, None, level, num_configurations=k, is_sequential=is_sequential, overlap=overlap)

    comparisons = [compared(ours, theirs) for *_, ours, theirs in pairs]
    adjusted: Sequence[float | None] = [None] * len(pairs)
    if not is_sequential and overlap is None:
        adjusted = holm([each.p_value if each and each.p_value is not None else 1.0 for each in comparisons])
    return Ablation(
        name,
        [
            Addition(text, to, each, p_value, side_shown(each, p_value, level))
            for (text, to, *_), each, p_value in zip(pairs, comparisons, adjusted, strict=True)
        ],
    )


def _accuracies(planned: Sequence[Mapping[str, int]], runs: pd.DataFrame, num_parts: int) -> list[dict[int, float]]:
    """Return the test accuracy of each part by seed, of the runs that are complete."""
    found: list[dict[int, float]] = [{} for _ in range(num_parts)]
    for row in runs.to_dict("records"):
        if row["status"] == "complete" and not pd.isna(row["test_accuracy"]):
            run = planned[int(row["number"])]
            found[run["configuration"]][int(run["seed"])] = float(row["test_accuracy"])
    return found
