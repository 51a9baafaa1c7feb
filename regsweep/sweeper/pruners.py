"""Optuna's pruners, as runs of a known length need them."""

from __future__ import annotations

import math

import optuna


class SuccessiveHalvingPruner(optuna.pruners.SuccessiveHalvingPruner):
    """Asynchronous successive halving (Li et al., 2020) that compares early and lets what it keeps run to its end.

    Optuna's compares after ``min_resource · η^k`` steps for every k, however long the runs: with 3 and η = 3 after 3, 9
    and 27, and of trials of 30 steps it then gives up two of three that have three steps to go. Here the number of
    comparisons is given; they lie at about ``η^-num_rungs``, …, ``η^-1`` of a run.

    Args:
        max_resource: steps of a whole run.
        reduction_factor: η: one of as many trials goes on.
        num_rungs: how often a trial is compared.

    Raises:
        ValueError: for fewer than one step or comparison; Optuna's too, for η below 2.
    """

    def __init__(self, max_resource: int, reduction_factor: int = 3, num_rungs: int = 2) -> None:
        if max_resource < 1 or num_rungs < 1:
            raise ValueError(f"max_resource={max_resource}, num_rungs={num_rungs}: must be 1 or more")
        # Rounded up, so that the rung after the last lies at a run's end or beyond it.
        first = math.ceil(max_resource / reduction_factor**num_rungs)
        super().__init__(min_resource=first, reduction_factor=reduction_factor)
