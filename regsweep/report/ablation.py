"""What each ingredient of a confirmed mixture adds: to the rest of it, and alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

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
        comparison: of what is compared on fresh seeds; None with fewer than two pairs.
        adjusted_p_value: by Holm over all additions of the mixture; None after several looks, and over splits.
        sign: 1 where it is shown to add, -1 where it is shown to take away, 0 where neither is.
        without: the mean of what it is added to, over these seeds.
    """

    ingredient: str
    to: str
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
    runs: pd.DataFrame,
    name: str,
    mixture: Mapping[int, float],
    nothing: Mapping[int, float],
    *,
    level: float,
    is_sequential: bool,
    overlap: Overlap | None = None,
    terms: Terms | None = None,
) -> Ablation:
    """Return what a mixture's ingredients add.

    Args:
        plan: the ablation, as the plan of the confirmation has it.
        runs: the trials of its parts: ``number``, ``seed``, ``status``, and what is compared.
        name: of the mixture.
        mixture: what is compared, the test accuracy for one, of the mixture by seed.
        nothing: that of the network without regularization at the same other settings.
        level: of all that is shown together.
        is_sequential: whether results were looked at more than once.
        overlap: of the seeds' splits; None where all have one split.
        terms: by which number they are compared; None: by test accuracy.
    """
    terms = terms or Terms()
    parts = _values(plan["runs"], runs, len(plan["parts"]), terms.objective)
    alone = [parts[place] for place in plan["alone"]]
    places = zip(plan["ingredients"], plan["alone"], strict=True)
    descriptions = [plan["parts"][place]["ingredients"][key][1] for key, place in places]
    pairs = [(text, REST, mixture, parts[place]) for text, place in zip(descriptions, plan["without"], strict=True)]
    pairs += [(text, ALONE, ours, nothing) for text, ours in zip(descriptions, alone, strict=True)]
    k = len(pairs)

    def compared(ours: Mapping[int, float], theirs: Mapping[int, float]) -> tuple[Comparison | None, float]:
        seeds = sorted(ours.keys() & theirs.keys())
        if len(seeds) < 2:  # noqa: PLR2004  (one has no spread)
            return None, math.nan
        differences = terms.sign * np.array([ours[seed] - theirs[seed] for seed in seeds])
        without = float(np.mean([theirs[seed] for seed in seeds]))
        options: Any = {"num_configurations": k, "is_sequential": is_sequential, "overlap": overlap}
        return compare(differences, None, level, resolution=terms.resolution(without), **options), without

    found = [compared(ours, theirs) for *_, ours, theirs in pairs]
    comparisons = [comparison for comparison, _ in found]
    adjusted: Sequence[float | None] = [None] * len(pairs)
    if not is_sequential and overlap is None:
        adjusted = holm([each.p_value if each and each.p_value is not None else 1.0 for each in comparisons])
    return Ablation(
        name,
        [
            Addition(text, to, each, p_value, side_shown(each, p_value, level), without)
            for (text, to, *_), (each, without), p_value in zip(pairs, found, adjusted, strict=True)
        ],
    )


def _values(
    planned: Sequence[Mapping[str, int]], runs: pd.DataFrame, num_parts: int, column: str
) -> list[dict[int, float]]:
    """Return what is compared of each part by seed, of the runs that are complete."""
    found: list[dict[int, float]] = [{} for _ in range(num_parts)]
    for row in runs.to_dict("records"):
        if row["status"] == "complete" and not pd.isna(row.get(column)):
            run = planned[int(row["number"])]
            found[run["configuration"]][int(run["seed"])] = float(row[column])
    return found
