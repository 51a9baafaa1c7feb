"""The differences from the baselines: every one that is shown, the largest that is not, and why some are missing."""

from __future__ import annotations

from collections.abc import Sequence

from regsweep.report.answer import phrases
from regsweep.report.answer.limits import far_seeds, how_far, seed_without_effect
from regsweep.report.answer.settling import unfinished
from regsweep.report.confirmation import FEWEST_SEEDS, LEVEL, Against, Candidate, Confirmation
from regsweep.run_record import TaskRecord
from regsweep.statistics.intervals import excludes_zero
from regsweep.statistics.p_values import least_p_value, least_seeds


def of_differences(confirmation: Confirmation) -> list[str]:
    """Return every difference that is shown, then the largest that is not, then what they rest on."""
    paired = [candidate for candidate in confirmation.candidates if candidate.against_tuned.comparison]
    candidates = sorted(paired, key=_ahead, reverse=True)
    unpaired = _unpaired(confirmation)
    if not candidates:
        return unpaired
    shown = [candidate for candidate in candidates if candidate.is_shown]
    others = [candidate for candidate in candidates if not candidate.is_shown]
    few_seeds = None if shown else _too_few(confirmation)
    lines = [few_seeds] if few_seeds else []
    lines += [_shown(confirmation, candidate) for candidate in shown]
    largest = _largest(others)
    lines += _not_shown(confirmation, largest, among=len(others), is_all=not shown)
    lines += [*unpaired, how_far(confirmation, (shown or largest)[0])]
    lines += [line for candidate in candidates for line in far_seeds(confirmation.terms, candidate)]
    lines += seed_without_effect(confirmation)
    return [*lines, *unfinished(confirmation)]


def _unpaired(confirmation: Confirmation) -> list[str]:
    """Return why configurations have fewer than two seeds on which they and the tuned baseline trained."""
    num_seeds, baseline = len(confirmation.seeds), confirmation.baseline
    if confirmation.is_waiting:
        num_whole = confirmation.num_whole
        return [
            f"{num_whole} of {confirmation.num_planned} seeds {'is' if num_whole == 1 else 'are'} complete. Where each "
            f"draws a split of its own, there is no answer before all are: go on with {confirmation.go_on}."
        ]
    lines, waiting = [], []
    for candidate in confirmation.candidates:
        if candidate.against_tuned.comparison:
            continue
        num_complete, num_runs, subject = len(candidate.complete), len(candidate.runs), phrases.subject(candidate)
        if not num_complete:
            lines.append(f"{subject} never trained to the end.")
        elif candidate.num_lost and baseline.num_lost and num_complete >= FEWEST_SEEDS:
            lines.append(
                f"{subject} trained to the end on {num_complete} of {num_runs} seeds, the tuned baseline on "
                f"{len(baseline.complete)} of {len(baseline.runs)}: too few are left to both for an answer about it."
            )
        elif candidate.num_lost:
            lines.append(
                f"{subject} trained to the end on {num_complete} of {num_runs} seeds: too few for an answer about it."
            )
        else:
            waiting.append(candidate)
    if waiting and baseline.num_lost:
        lines.append(
            f"The tuned baseline failed or diverged on {baseline.num_lost} of {num_seeds} seeds: too few are left for "
            "an answer."
        )
    elif waiting:
        num_whole = confirmation.num_whole
        lines.append(
            f"{num_whole} of {confirmation.num_planned} seeds {'is' if num_whole == 1 else 'are'} complete: too few "
            f"for an answer. Go on with {confirmation.go_on}."
        )
    return lines


def _shown(confirmation: Confirmation, candidate: Candidate) -> str:
    """Return the sentence on a difference from the tuned baseline that is shown, and what may be claimed of it."""
    tuned, own = candidate.against_tuned, candidate.against_own
    subject, same = phrases.subject(candidate), phrases.same_network(confirmation.terms, candidate)
    first = f"the tuned baseline by {phrases.difference(confirmation, tuned)}"
    evidence = _evidence(confirmation, candidate)
    if own is None or own.comparison is None:
        ahead = f"{subject} is {phrases.side(tuned)} {first}; {evidence}. Nothing is claimed"
        return f"{ahead}{_why_nothing(confirmation, own, same)}."
    diverged = _diverged(own, confirmation.task)
    second = f"{phrases.difference(confirmation, own)}{_on_fewer_seeds(tuned, own)}{diverged}"
    if candidate.claim.sign:
        is_better = candidate.claim.sign > 0
        if confirmation.terms.is_relative and not candidate.num_lost:
            changes = phrases.changes(confirmation.terms, is_better=is_better)
            sizes = f"by {phrases.difference(confirmation, tuned)} against the tuned baseline and by {second}"
            return f"{subject} {changes} {sizes} against {same}; {evidence}."
        verb = "is behind" if not is_better else "is ahead of" if candidate.num_lost else "beats"
        return f"{subject} {verb} {first} and {same} by {second}; {evidence}."
    beside = f"{same}: {second}" if own.compared.is_equal else f"{same} by {second}"
    return (
        f"{subject} is {phrases.side(tuned)} {first}{_beside_own(candidate, beside)}. Nothing is claimed; {evidence}."
    )


def _why_nothing(confirmation: Confirmation, own: Against | None, same: str) -> str:
    """Return why a difference from the tuned baseline that is shown gives no claim, where the other one is missing."""
    if own is None:
        return f" before {same} is trained on them, too: go on with {confirmation.go_on}"
    num_runs = len(own.baseline.runs)
    if own.num_diverged:
        return (
            f": {same} diverged on {own.num_diverged} of {num_runs} seeds, and what that is worth in "
            f"{confirmation.terms.title} is not known"
        )
    return f": {same} failed on {own.baseline.num_lost} of {num_runs} seeds"


def _beside_own(candidate: Candidate, beside: str) -> str:
    """Return how a difference from the own baseline, which gives no claim, is joined to the one that is shown."""
    tuned, own = candidate.against_tuned, candidate.against_own
    assert own is not None
    if own.compared.is_equal:
        return f", but equal to {beside}"
    if tuned.compared.mean * own.compared.mean < 0:
        return f", but {phrases.side(own)} {beside}"
    if candidate.claim.rests_on == "own" or not excludes_zero(own.compared.interval):
        return f", but {phrases.side(own)} {beside}, which is not shown"
    return f" and {phrases.side(own)} {beside}: both together are not shown"


def _ahead(candidate: Candidate) -> float:
    """Return by how much a configuration is ahead of the tuned baseline."""
    return candidate.against_tuned.compared.mean


def _largest(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the one of the largest difference, and the one that is furthest ahead where that is another."""
    if not candidates:
        return []
    largest, first = max(candidates, key=lambda each: abs(_ahead(each))), max(candidates, key=_ahead)
    is_behind = _ahead(first) < 0 or first.against_tuned.compared.is_equal
    return [largest] if first is largest or is_behind else [largest, first]


def _not_shown(confirmation: Confirmation, candidates: Sequence[Candidate], *, among: int, is_all: bool) -> list[str]:
    """Return the sentences on the largest of `among` differences that are not shown, and on what is furthest ahead."""
    lines: list[str] = []
    for candidate, place in zip(candidates, ("the largest", "the furthest ahead"), strict=False):
        is_equal = candidate.against_tuned.compared.is_equal
        start = "Not shown" if lines or not is_all else "No difference is shown"
        others = f" Of the {among} differences that are not shown it is {place}." if among > 1 and not is_equal else ""
        what = f"{phrases.subject(candidate, starts=False)} is {_place(confirmation, candidate.against_tuned)}"
        lines.append(f"{start}: {what}; {_evidence(confirmation, candidate)}.{others}")
    return lines


def _place(confirmation: Confirmation, tuned: Against) -> str:
    """Return where a configuration stands beside the tuned baseline, and by how much."""
    if tuned.compared.is_equal:
        return f"equal to the tuned baseline: {phrases.difference(confirmation, tuned)}"
    return f"{phrases.side(tuned)} the tuned baseline by {phrases.difference(confirmation, tuned)}"


def _evidence(confirmation: Confirmation, candidate: Candidate) -> str:
    """Return on how many pairs a difference rests, why these are fewer than the seeds, and the p-value."""
    lost = []
    if candidate.num_lost:
        lost.append(f"on {candidate.num_lost} of {len(candidate.runs)} it failed or diverged")
    if confirmation.baseline.num_lost:
        num_lost, num_runs = confirmation.baseline.num_lost, len(confirmation.baseline.runs)
        lost.append(f"on {num_lost} of {num_runs} the tuned baseline failed or diverged")
    reasons = f" ({' and '.join(lost)})" if lost else ""
    return f"{len(candidate.against_tuned.seeds)} paired seeds{reasons}{_p_value(candidate)}"


def _too_few(confirmation: Confirmation) -> str | None:
    """Return why so few seeds cannot show a difference, None where they can."""
    k = len(confirmation.candidates)
    n = max(len(candidate.against_tuned.seeds) for candidate in confirmation.candidates)
    if not confirmation.has_p_values or n >= least_seeds(k, LEVEL):
        return None
    among = f"with {k} configurations " if k > 1 else ""
    return (
        f"{n} paired seeds cannot show a difference: {among}the smallest possible p-value is {least_p_value(n, k):.2g}"
        f"; take {least_seeds(k, LEVEL)} or more."
    )


def _on_fewer_seeds(tuned: Against, own: Against) -> str:
    """Return on how many seeds the second difference rests, where its baseline failed on some."""
    return f" on {len(own.seeds)} of these seeds" if len(own.seeds) < len(tuned.seeds) else ""


def _diverged(own: Against, task: TaskRecord) -> str:
    """Return on how many seeds the own baseline diverged, and what it counts as there."""
    if not own.num_diverged:
        return ""
    answer = "with the largest class"
    if task.objective != "accuracy":
        answer = f"as if it always answered {'the mean' if task.kind == 'regression' else 'one class'}"
    return f", where that diverged on {own.num_diverged} of {len(own.seeds)} seeds and counts {answer}"


def _p_value(candidate: Candidate) -> str:
    p_value = candidate.claim.adjusted_p_value
    return "" if p_value is None else f", adjusted p = {p_value:.2g}"
