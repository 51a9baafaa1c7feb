"""How much of the scores' variance each parameter explains by itself, and how much it would by chance.

In a grid that is the main effect of a factor in an analysis of variance (Fisher 1925), as a share of the total sum of
squares: the first-order index of Sobol' (1993). Where trials are missing, factors overlap, and each has the sum of
squares that it adds to all others (type II, Yates 1934; the same as by means where none is missing). In a search it is
the share of a curve of second degree through each parameter, taken by itself, as there are too few trials for all
together; ranks stand in place of the values, so that no scale has to be known.

Scores that are shuffled among the trials have no effect, so what they give is chance. What chance reaches are quantiles
of that, one per parameter, at the one level at which 5 % of all shuffles exceed any of them (Westfall and Young 1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from regsweep.statistics.checks import FloatArray

SHUFFLES = 2000
LEVEL = 0.05
CHUNK = 4_000_000
"""Numbers that are shuffled at a time."""
_SMALL = 1e-9
"""Of a column that others hold already, what rounding leaves."""


@dataclass(frozen=True)
class MainEffects:
    """The share of each parameter, and what chance reaches.

    Attributes:
        shares_K: of the scores' variance, from 0 to 1.
        chance_K: all of which only 5 % of shuffled scores stay not below; from 0 to 1.
    """

    shares_K: FloatArray
    chance_K: FloatArray

    @property
    def is_above(self) -> NDArray[np.bool_]:
        """Whether each share is above chance."""
        return self.shares_K > self.chance_K + _SMALL


@dataclass(frozen=True)
class Design:
    """What each of K parameters has to explain the scores of N trials with.

    Attributes:
        bases: for each parameter orthonormal columns (N, d), each of mean zero.
        together: such a basis of all parameters, where there are trials enough to fit them at once; else None.
    """

    bases: list[FloatArray]
    together: FloatArray | None = None


def main_effects(scores_N: FloatArray, design: Design, *, shuffles: int = SHUFFLES) -> MainEffects:
    """Return the share of the variance of `scores_N` that lies in each parameter's basis, and what chance reaches.

    Args:
        scores_N: not all the same.
        design: as `of_factors` and `of_curves` return it.
        shuffles: drawn by a generator of fixed seed.
    """
    y_N = np.asarray(scores_N, dtype=float)
    y_N = (y_N - y_N.mean()) / np.linalg.norm(y_N - y_N.mean())
    random = np.random.default_rng(0)
    found = [_by_chance(y_N, np.arange(len(y_N))[None], design)]  # the scores as they are count as one of the shuffles
    step = max(1, CHUNK // len(y_N))
    for first in range(0, shuffles, step):
        places_SN = np.broadcast_to(np.arange(len(y_N)), (min(step, shuffles - first), len(y_N)))
        found.append(_by_chance(y_N, random.permuted(places_SN, axis=1), design))
    shares_K, quantiles_K = (
        np.array([_share(y_N, basis) for basis in design.bases]),
        _joint_quantiles(np.concatenate(found)),
    )
    if design.together is None:
        return MainEffects(shares_K, quantiles_K)
    # Ratios to what stays unexplained have no upper end; a share and that, together, are what the others leave.
    left_K = shares_K + max(1 - float(_share(y_N, design.together)), 0.0)
    return MainEffects(shares_K, left_K * quantiles_K / (1 + quantiles_K))


def _by_chance(y_N: FloatArray, places_SN: NDArray[np.int64], design: Design) -> FloatArray:
    """Return each parameter's share where the scores stand in other places, (S, K).

    Where all parameters are fitted at once it is the ratio to what that leaves unexplained, and what the others explain
    stays in its place: what is shuffled is the rest (Freedman and Lane 1983). Else a strong effect would hide weak
    ones.
    """
    if design.together is None:
        y_SN = y_N[places_SN]
        return np.column_stack([_share(y_SN, basis) for basis in design.bases])
    left_N, found = y_N - design.together @ (design.together.T @ y_N), []
    for basis in design.bases:
        rest_SN = (left_N + basis @ (basis.T @ y_N))[places_SN]
        unexplained = (rest_SN**2).sum(axis=1) - _share(rest_SN, design.together)
        found.append(_share(rest_SN, basis) / np.maximum(unexplained, _SMALL**2))
    return np.column_stack(found)


def of_factors(codes_KN: Sequence[NDArray[np.int64]]) -> Design:
    """Return for each factor, given by the number of each trial's level, what it adds to all others."""
    dummies = [np.eye(int(codes_N.max()) + 1)[codes_N] for codes_N in codes_KN]
    ones = np.ones((len(codes_KN[0]), 1))
    bases = [_added(own, np.hstack([ones, *dummies[:k], *dummies[k + 1 :]])) for k, own in enumerate(dummies)]
    together = _added(np.hstack(dummies), ones)
    return Design(bases, together if together.shape[1] < len(ones) - 1 else None)


def of_curves(values_KN: Sequence[NDArray[np.object_]]) -> Design:
    """Return a basis for each parameter: its levels, or a curve of second degree through ranks of its numbers.

    A parameter need not be set in each trial (None). Whether it is set counts as its own doing, unless that follows
    from the value of another one, which then has the share.
    """
    found = []
    for k, values_N in enumerate(values_KN):
        is_set_N = np.array([value is not None for value in values_N])
        others = [other_N for j, other_N in enumerate(values_KN) if j != k]
        before = np.ones((len(values_N), 1))
        own = _columns(values_N, is_set_N)
        if is_set_N.all():
            found.append(_added(own, before))
        elif any(_follows(is_set_N, other_N) for other_N in others):
            found.append(_added(own, np.column_stack([before, is_set_N])))
        else:
            found.append(_added(np.column_stack([is_set_N, own]), before))
    return Design(found)


def _columns(values_N: NDArray[np.object_], is_set_N: NDArray[np.bool_]) -> FloatArray:
    """Return the columns of what is set, zero elsewhere."""
    given = values_N[is_set_N]
    if all(isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_) for value in given):
        ranks = stats.rankdata(given.astype(float))
        ranks = (ranks - ranks.mean()) / len(ranks)
        columns = np.column_stack([ranks, ranks**2])
    else:
        codes = np.unique([str(value) for value in given], return_inverse=True)[1]
        columns = np.eye(int(codes.max()) + 1)[codes]
    placed = np.zeros((len(values_N), columns.shape[1]))
    placed[is_set_N] = columns
    return placed


def _follows(is_set_N: NDArray[np.bool_], other_N: NDArray[np.object_]) -> bool:
    """Return whether each value of the other parameter, set in all trials and one of a few, goes with one state."""
    names = np.array(["" if value is None else str(value) for value in other_N])
    levels = np.unique(names)
    if "" in levels or len(levels) > len(names) // 2:
        return False
    return all(len(np.unique(is_set_N[names == level])) == 1 for level in levels)


def _added(own: FloatArray, before: FloatArray) -> FloatArray:
    """Return an orthonormal basis of what the columns `own` add to those `before`."""
    left = own - before @ np.linalg.lstsq(before, own, rcond=None)[0]
    basis, sizes, _ = np.linalg.svd(left, full_matrices=False)
    added: FloatArray = basis[:, sizes > _SMALL * np.sqrt(len(own))]
    return added


def _share(y: FloatArray, basis: FloatArray) -> FloatArray:
    """Return the squares of `y` (…, N) that lie in a basis."""
    share: FloatArray = ((y @ basis) ** 2).sum(axis=-1)
    return share


def _joint_quantiles(shares_SK: FloatArray) -> FloatArray:
    """Return for each column the quantile at the level at which 5 % of the rows exceed any of them."""
    num_rows = len(shares_SK)
    ranks_SK = stats.rankdata(shares_SK, method="max", axis=0)
    highest_S = np.sort(ranks_SK.max(axis=1))
    rank = int(highest_S[int(np.ceil((1 - LEVEL) * num_rows)) - 1])
    quantiles: FloatArray = np.sort(shares_SK, axis=0)[rank - 1]
    return quantiles
