"""Words that several sentences of the answer share."""

from __future__ import annotations

from regsweep.report.confirmation import Against, Candidate, Confirmation, Trained
from regsweep.report.terms import Terms
from regsweep.statistics.intervals import Overlap


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
    """Return size and interval of a difference, in per cent first where it is given so."""
    comparison, terms = against.compared, confirmation.terms
    size, share = terms.size(comparison.mean), terms.share(comparison.mean, against.of_baseline)
    interval = f"{interval_name(confirmation)} {terms.ends(comparison.interval)}"
    return f"{share} ({size}; {interval})" if share else f"{size} ({interval})"


def changes(terms: Terms, *, is_better: bool) -> str:
    """Return what a configuration does to what is compared: ``lowers the test rmse``."""
    return f"{'raises' if is_better == terms.maximize else 'lowers'} the {terms.title}"


def interval_name(confirmation: Confirmation) -> str:
    """Return what the intervals are: with several configurations all of them hold together with 95 %."""
    together = "simultaneous " if len(confirmation.candidates) > 1 else ""
    return f"{together}95 % {kind_of_interval(confirmation)}"


def kind_of_interval(confirmation: Confirmation) -> str:
    """Return what kind the intervals are of."""
    if confirmation.is_sequential:
        return "anytime-valid interval"
    return "interval" if confirmation.overlap is None else "interval over splits"


def in_common(overlap: Overlap, examples: str = "images") -> str:
    """Return what the splits of two seeds have in common, in words."""
    of_test = "" if overlap.test is None else f" and {100 * overlap.test:.2g} % of the test {examples}"
    return f"Two splits have {100 * overlap.train:.2g} % of the training {examples}{of_test} in common"
