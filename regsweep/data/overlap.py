"""How many examples the splits of several seeds have in common."""

from collections.abc import Sequence
from itertools import combinations
from statistics import fmean

import numpy as np

from regsweep.config import DatasetConfig
from regsweep.data.dataset import Source
from regsweep.data.load import draw
from regsweep.data.sources import load_source
from regsweep.statistics.intervals import Overlap


def measure_overlap(
    config: DatasetConfig,
    seeds: Sequence[int],
    task: str = "auto",
    *,
    also: Sequence[int] = (),
    source: Source | None = None,
) -> Overlap:
    """Return what the splits that these seeds draw have in common: means over all pairs, of examples that are drawn.

    Args:
        config: of the data; its own `split_seed` has no part in it.
        seeds: two or more, each in place of `split_seed`.
        task: ``classification``, ``regression`` or ``auto``: which examples are drawn follows it.
        also: further seeds, whose splits must be possible and are not measured.
        source: the examples; None: what `config` names.

    Raises:
        DatasetError: when the data are missing, damaged or too few.
        ConfigError: when they are too few for the configuration.
    """
    found = source or load_source(config, task)
    drawn = [draw(found, config.model_copy(update={"split_seed": seed})) for seed in (*seeds, *also)][: len(seeds)]
    tests = [each.test for each in drawn if each.test is not None]
    return Overlap(_in_common([each.train for each in drawn]), _in_common(tests) if tests else None)


def _in_common(parts: Sequence[np.ndarray]) -> float:
    """Return the mean share of a part that another has, too; of groups, parts differ a little in size."""
    pairs = combinations(parts, 2)
    return fmean(
        2 * len(np.intersect1d(one, other, assume_unique=True)) / (len(one) + len(other)) for one, other in pairs
    )
