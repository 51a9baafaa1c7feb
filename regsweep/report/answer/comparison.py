"""Of a comparison, in one line: what helps, what hurts, what is not settled."""

from __future__ import annotations

from regsweep.names import listed
from regsweep.report.confirmation import Candidate, Confirmation
from regsweep.report.sweep import Sweep


def of_contestants(sweep: Sweep, confirmation: Confirmation) -> list[str]:
    """Return in one line, of a comparison, what helps, what hurts and what is not settled."""
    if not sweep.is_comparison or not confirmation.has_comparisons:
        return []
    trained = [each for each in confirmation.candidates if not each.complete.empty]
    parts = []
    for one, several, group in (
        ("helps", "help", [each for each in trained if each.claim.sign > 0]),
        ("hurts", "hurt", [each for each in trained if each.claim.sign < 0]),
        ("changed nothing", "changed nothing", [each for each in trained if _is_same(each)]),
        ("is not settled", "are not settled", [each for each in trained if not each.claim.sign and not _is_same(each)]),
    ):
        titles = [" + ".join(each.kind) for each in group]
        parts += [f"{listed(titles)} {one if len(titles) == 1 else several}"] if titles else []
    lost = [" + ".join(each.kind) for each in confirmation.candidates if each.complete.empty]
    parts += [f"{listed(lost)} never trained to the end"] if lost else []
    line = "; ".join(parts)
    lines = [f"{line[0].upper()}{line[1:]}."]
    if confirmation.added:
        k = len(confirmation.candidates)
        was = "was" if len(confirmation.added) == 1 else "were"
        who = listed(confirmation.added)
        lines.append(
            f"{who[0].upper()}{who[1:]} {was} added after others had been trained on fresh seeds; intervals and "
            f"p-values are for all {k} together."
        )
    return lines


def _is_same(candidate: Candidate) -> bool:
    """Return whether a configuration differs from the tuned baseline on no seed, as where a bound is never reached."""
    differences = candidate.against_tuned.differences
    return len(differences) > 1 and not differences.any()
