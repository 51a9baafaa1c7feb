"""Words that several sentences of the answer share."""

from __future__ import annotations

from collections.abc import Sequence

from regsweep.report.confirmation import Against, Candidate, Confirmation, Trained
from regsweep.report.terms import Terms
from regsweep.statistics.intervals import Overlap


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def subject(candidate: Trained, *, starts: bool = True) -> str:
    """Return a configuration as the subject of a sentence, which it starts or not."""
    name = f"{candidate.name}," if ", at " in candidate.name else candidate.name
    return name[0].upper() + name[1:] if starts else name


def same_network(terms: Terms, candidate: Candidate) -> str:
    """Return what a configuration's own baseline is."""
    if terms.baseline:
        return f"the same with {terms.without}"
    return f"the same network without {'them' if len(candidate.kind) > 1 else 'it'}"


def side(against: Against) -> str:
    """Return on which side of its baseline a configuration is."""
    return "ahead of" if against.compared.mean > 0 else "behind"


def difference(confirmation: Confirmation, against: Against) -> str:
    """Return size and interval of a difference."""
    comparison = against.compared
    return (
        f"{confirmation.terms.size(comparison.mean)} ({interval_name(confirmation)} "
        f"{confirmation.terms.ends(comparison.interval)})"
    )


def interval_name(confirmation: Confirmation) -> str:
    """Return what the intervals are: with several configurations all of them hold together with 95 %."""
    together = "simultaneous " if len(confirmation.candidates) > 1 else ""
    return f"{together}95 % {kind_of_interval(confirmation)}"


def kind_of_interval(confirmation: Confirmation) -> str:
    """Return what kind the intervals are of."""
    if confirmation.is_sequential:
        return "anytime-valid interval"
    return "interval" if confirmation.overlap is None else "interval over splits"


def in_common(overlap: Overlap) -> str:
    """Return what the splits of two seeds have in common, in words."""
    of_test = "" if overlap.test is None else f" and {100 * overlap.test:.2g} % of the test images"
    return f"Two splits have {100 * overlap.train:.2g} % of the training images{of_test} in common"
