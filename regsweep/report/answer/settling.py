"""How many seeds would show what is not shown yet."""

from __future__ import annotations

import numpy as np

from regsweep.names import listed
from regsweep.report.confirmation import Candidate, Confirmation
from regsweep.statistics.power import seeds_needed

MOST_SEEDS = 1000
"""More are not counted."""


def settling(confirmation: Confirmation) -> list[str]:
    """Return how many seeds would show the differences that are not shown, were they as large as they look."""
    needed = ((seeds_still_needed(confirmation, each), each.name) for each in confirmation.candidates)
    parts = [(count, name) for count, name in needed if count is not None]
    if not parts:
        return []
    parts.sort()
    counts = [f"{count} for {name}" for count, name in parts if count <= MOST_SEEDS]
    beyond = [name for count, name in parts if count > MOST_SEEDS]
    if beyond:
        names = "the others" if counts and len(beyond) > 1 else listed(beyond)
        counts.append(f"more than {MOST_SEEDS:,} for {names}")
    way = "go on to" if confirmation.is_sequential else "start anew with"
    start = f"To show what is not shown, were it as large as it looks, {way} so many seeds"
    return [f"{start}: {'; '.join(counts)}."]


def seeds_still_needed(confirmation: Confirmation, candidate: Candidate) -> int | None:
    """Return how many seeds would show what is not shown of a configuration, were it as large as it looks.

    None where something is shown, where differences are equal or of two signs, where planned seeds or the second
    baseline are not trained yet, and over splits. After several looks these are the seeds to go on to, else those to
    start anew with.
    """
    is_waiting = (candidate.is_shown and candidate.against_own is None) or unfinished(confirmation)
    if confirmation.overlap is not None or candidate.claim.sign or is_waiting:
        return None
    pairs = [each for each in (candidate.against_tuned, candidate.against_own) if each and each.comparison]
    if len({each.compared.mean > 0 for each in pairs}) != 1 or any(each.compared.is_equal for each in pairs):
        return None
    k, goes_on = len(confirmation.candidates), confirmation.is_sequential
    needed = max(
        seeds_needed(abs(each.compared.mean), float(np.std(each.differences, ddof=1)), k, is_sequential=goes_on)
        for each in pairs
    )
    return max(needed, len(confirmation.seeds) + 1) if goes_on else needed


def unfinished(confirmation: Confirmation) -> list[str]:
    """Return that planned seeds were not trained; nothing where all were."""
    missing = confirmation.num_planned - len(confirmation.seeds)
    if missing <= 0 or not confirmation.is_sequential:
        return []
    verb = "was" if missing == 1 else "were"
    return [f"{missing} of the {confirmation.num_planned} planned seeds {verb} not trained."]
