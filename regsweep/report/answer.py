"""The answer in a few sentences: what was shown, what was not, and how far to trust it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from regsweep.numbers import show_number
from regsweep.pooling import Pooled
from regsweep.report import once_more
from regsweep.report.ablation import REST, Addition
from regsweep.report.confirmation import FEWEST_SEEDS, LEVEL, Against, Candidate, Confirmation, Trained
from regsweep.report.pooled import why_not_pooled
from regsweep.report.pooled_answer import of_seeds, untuned
from regsweep.report.sweep import Sweep
from regsweep.report.table import count_statuses
from regsweep.report.terms import Terms
from regsweep.statistics import (
    FEWEST_IMAGES,
    Comparison,
    Overlap,
    excludes_zero,
    least_p_value,
    least_seeds,
    seeds_needed,
)

MOST_SEEDS = 1000
"""More are not counted."""


def answer(sweep: Sweep, confirmation: Confirmation | None) -> list[str]:
    """Return the answer of a sweep and its confirmation, in plain words."""
    if confirmation is not None:
        return [
            *_verdict(sweep, confirmation),
            *_confirmed(confirmation),
            *_overtuned(confirmation),
            *of_ingredients(confirmation),
            *_settling(confirmation),
            *_winner(sweep, confirmation),
            *untuned(sweep),
        ]
    best = sweep.best()
    if best is None:
        return [_nothing_to_rank(sweep)]
    return _of_trials(sweep, best) if sweep.seed_key is None else of_seeds(sweep)


def _of_trials(sweep: Sweep, best: Pooled) -> list[str]:
    """Return the answer of a sweep of single trials of which nothing is confirmed."""
    if len(sweep.trials) == 1:
        return [f"One run{_value_of(sweep, best.mean)}; a single run compares nothing."]
    lines = [f"Trial {best.number} is the best of {len(sweep.trials)}{_value_of(sweep, best.mean)}."]
    if sweep.is_comparison:
        return [*lines, "The comparison is not complete: go on with regsweep resume."]
    if sweep.is_own:
        return [
            *lines,
            "It was selected for that value, on one seed, and is not yet an answer: "
            "regsweep confirm compares it with the tuned network without regularization on fresh seeds.",
            *untuned(sweep),
        ]
    reason = why_not_pooled(sweep)
    return [
        *lines,
        *([reason] if reason else []),
        "It was selected for that value, which flatters it: run it again on fresh seeds before believing it.",
    ]


def _nothing_to_rank(sweep: Sweep) -> str:
    num_complete = count_statuses(sweep).get("complete", 0)
    if num_complete:
        name = sweep.objective.replace("_", " ")
        return f"None of the {num_complete} complete trials has a {name}, so there is nothing to rank them by."
    return "No trial is complete, so there is no answer yet."


def _verdict(sweep: Sweep, confirmation: Confirmation) -> list[str]:
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
        parts += [f"{_listed(titles)} {one if len(titles) == 1 else several}"] if titles else []
    lost = [" + ".join(each.kind) for each in confirmation.candidates if each.complete.empty]
    parts += [f"{_listed(lost)} never trained to the end"] if lost else []
    line = "; ".join(parts)
    lines = [f"{line[0].upper()}{line[1:]}."]
    if confirmation.added:
        k = len(confirmation.candidates)
        was = "was" if len(confirmation.added) == 1 else "were"
        who = _listed(confirmation.added)
        lines.append(
            f"{who[0].upper()}{who[1:]} {was} added after others had been trained on fresh seeds; intervals and "
            f"p-values are for all {k} together."
        )
    return lines


def _is_same(candidate: Candidate) -> bool:
    """Return whether a configuration differs from the tuned baseline on no seed, as where a bound is never reached."""
    differences = candidate.against_tuned.differences
    return len(differences) > 1 and not differences.any()


def _settling(confirmation: Confirmation) -> list[str]:
    """Return how many seeds would show the differences that are not shown, were they as large as they look."""
    needed = ((seeds_still_needed(confirmation, each), each.name) for each in confirmation.candidates)
    parts = [(count, name) for count, name in needed if count is not None]
    if not parts:
        return []
    parts.sort()
    counts = [f"{count} for {name}" for count, name in parts if count <= MOST_SEEDS]
    beyond = [name for count, name in parts if count > MOST_SEEDS]
    if beyond:
        names = "the others" if counts and len(beyond) > 1 else _listed(beyond)
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
    is_waiting = (candidate.is_shown and candidate.against_own is None) or _unfinished(confirmation)
    if confirmation.overlap is not None or candidate.claim.sign or is_waiting:
        return None
    pairs = [each for each in (candidate.against_tuned, candidate.against_own) if each and each.comparison]
    if len({_mean(each) > 0 for each in pairs}) != 1 or any(map(_is_equal, pairs)):
        return None
    k, goes_on = len(confirmation.candidates), confirmation.is_sequential
    needed = max(
        seeds_needed(abs(_mean(each)), float(np.std(each.differences, ddof=1)), k, is_sequential=goes_on)
        for each in pairs
    )
    return max(needed, len(confirmation.seeds) + 1) if goes_on else needed


def _winner(sweep: Sweep, confirmation: Confirmation) -> list[str]:
    """Return the command that trains once more what helps most; where nothing is shown to help, the tuned baseline."""
    command = once_more.of_winner(sweep, confirmation) if confirmation.has_comparisons else None
    if command is None:
        return []
    winner = once_more.winner(confirmation)
    keep = " and keep its weights" if confirmation.terms.is_own else ""
    if winner is confirmation.baseline:
        return [f"Nothing is shown to help; to train the tuned baseline once more{keep}: {command}"]
    return [f"To train {_subject(winner, starts=False)} once more{keep.replace('its', 'the')}: {command}"]


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def _value_of(sweep: Sweep, value: float) -> str:
    if sweep.objective.endswith("accuracy") and 0 <= value <= 1:
        return f", with {100 * value:.2f} % {sweep.objective.replace('_', ' ')}"
    return f", with {sweep.objective.replace('_', ' ')} {show_number(value, 5)}"


def _confirmed(confirmation: Confirmation) -> list[str]:
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
    lines += [*unpaired, _how_far(confirmation, (shown or largest)[0])]
    lines += [line for candidate in candidates for line in _far_seeds(confirmation.terms, candidate)]
    lines += _seed_without_effect(confirmation)
    return [*lines, *_unfinished(confirmation)]


def _unpaired(confirmation: Confirmation) -> list[str]:
    """Return why configurations have fewer than two seeds on which they and the tuned baseline trained."""
    num_seeds, baseline = len(confirmation.seeds), confirmation.baseline
    if confirmation.is_waiting:
        num_whole = _count_whole(confirmation)
        return [
            f"{num_whole} of {confirmation.num_planned} seeds {'is' if num_whole == 1 else 'are'} complete. Where each "
            f"draws a split of its own, there is no answer before all are: go on with {confirmation.go_on}."
        ]
    lines, waiting = [], []
    for candidate in confirmation.candidates:
        if candidate.against_tuned.comparison:
            continue
        num_complete, num_runs = len(candidate.complete), len(candidate.runs)
        if not num_complete:
            lines.append(f"{_subject(candidate)} never trained to the end.")
        elif candidate.num_lost and baseline.num_lost and num_complete >= FEWEST_SEEDS:
            lines.append(
                f"{_subject(candidate)} trained to the end on {num_complete} of {num_runs} seeds, the tuned baseline "
                f"on {len(baseline.complete)} of {len(baseline.runs)}: too few are left to both for an answer about it."
            )
        elif candidate.num_lost:
            lines.append(
                f"{_subject(candidate)} trained to the end on {num_complete} of {num_runs} seeds: too few for an "
                "answer about it."
            )
        else:
            waiting.append(candidate)
    if waiting and baseline.num_lost:
        lines.append(
            f"The tuned baseline failed or diverged on {baseline.num_lost} of {num_seeds} seeds: too few are left for "
            "an answer."
        )
    elif waiting:
        num_whole = _count_whole(confirmation)
        lines.append(
            f"{num_whole} of {confirmation.num_planned} seeds {'is' if num_whole == 1 else 'are'} complete: too few "
            f"for an answer. Go on with {confirmation.go_on}."
        )
    return lines


def _count_whole(confirmation: Confirmation) -> int:
    """Return on how many seeds the runs of all configurations have ended."""
    every = (confirmation.baseline, *confirmation.candidates)
    return len(set.intersection(*(each.ended_seeds for each in every)))


def _shown(confirmation: Confirmation, candidate: Candidate) -> str:
    """Return the sentence on a difference from the tuned baseline that is shown, and what may be claimed of it."""
    tuned, own = candidate.against_tuned, candidate.against_own
    subject, same = _subject(candidate), _same_network(confirmation.terms, candidate)
    first = f"the tuned baseline by {_difference(confirmation, tuned)}"
    evidence = _evidence(confirmation, candidate)
    if own is None or own.comparison is None:
        ahead = f"{subject} is {_side(tuned)} {first}; {evidence}. Nothing is claimed"
        if own is None:
            return f"{ahead} before {same} is trained on them, too: go on with {confirmation.go_on}."
        return f"{ahead}: {same} failed on {own.baseline.num_lost} of {len(own.baseline.runs)} seeds."
    second = f"{_difference(confirmation, own)}{_on_fewer_seeds(tuned, own)}{_diverged(own)}"
    if candidate.claim.sign:
        is_better = candidate.claim.sign > 0
        verb = "is behind" if not is_better else "is ahead of" if candidate.num_lost else "beats"
        return f"{subject} {verb} {first} and {same} by {second}; {evidence}."
    beside = f"{same}: {second}" if _is_equal(own) else f"{same} by {second}"
    return f"{subject} is {_side(tuned)} {first}{_beside_own(candidate, beside)}. Nothing is claimed; {evidence}."


def _beside_own(candidate: Candidate, beside: str) -> str:
    """Return how a difference from the own baseline, which gives no claim, is joined to the one that is shown."""
    tuned, own = candidate.against_tuned, candidate.against_own
    assert own is not None
    if _is_equal(own):
        return f", but equal to {beside}"
    if _mean(tuned) * _mean(own) < 0:
        return f", but {_side(own)} {beside}"
    if candidate.claim.rests_on == "own" or not excludes_zero(_comparison(own).interval):
        return f", but {_side(own)} {beside}, which is not shown"
    return f" and {_side(own)} {beside}: both together are not shown"


def _largest(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the one of the largest difference, and the one that is furthest ahead where that is another."""
    if not candidates:
        return []
    largest, first = (max(candidates, key=key) for key in (lambda c: abs(_mean(c.against_tuned)), _ahead))
    is_behind = _ahead(first) < 0 or _is_equal(first.against_tuned)
    return [largest] if first is largest or is_behind else [largest, first]


def _not_shown(confirmation: Confirmation, candidates: Sequence[Candidate], *, among: int, is_all: bool) -> list[str]:
    """Return the sentences on the largest of `among` differences that are not shown, and on what is furthest ahead."""
    lines: list[str] = []
    for candidate, place in zip(candidates, ("the largest", "the furthest ahead"), strict=False):
        is_equal = _is_equal(candidate.against_tuned)
        start = "Not shown" if lines or not is_all else "No difference is shown"
        others = f" Of the {among} differences that are not shown it is {place}." if among > 1 and not is_equal else ""
        what = f"{_subject(candidate, starts=False)} is {_place(confirmation, candidate.against_tuned)}"
        lines.append(f"{start}: {what}; {_evidence(confirmation, candidate)}.{others}")
    return lines


def _place(confirmation: Confirmation, tuned: Against) -> str:
    """Return where a configuration stands beside the tuned baseline, and by how much."""
    if _is_equal(tuned):
        return f"equal to the tuned baseline: {_difference(confirmation, tuned)}"
    return f"{_side(tuned)} the tuned baseline by {_difference(confirmation, tuned)}"


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


def _how_far(confirmation: Confirmation, candidate: Candidate) -> str:
    """Return which images and splits the answer holds for, and how far the sweep's validation accuracy held."""
    terms, subject = confirmation.terms, _subject(candidate, starts=False)
    if not terms.is_own:
        return (
            f"{terms.title.capitalize()} on fresh seeds: {terms.value(candidate.mean())}; in the sweep {subject} had "
            f"{terms.value(candidate.selected_for)}."
        )
    return (
        f"{_scope(confirmation, candidate.against_tuned)}; in the sweep {subject} had a validation accuracy of "
        f"{100 * candidate.selected_for:.2f} %, on fresh seeds {100 * candidate.mean('validation_accuracy'):.2f} %."
    )


def _scope(confirmation: Confirmation, tuned: Against) -> str:
    comparison, overlap = _comparison(tuned), confirmation.overlap
    test_set = "this test set"
    if confirmation.num_images is not None:
        test_set += f" of {confirmation.num_images:,} images"
    if overlap is not None and overlap.test is not None:
        return (
            "This holds for such images split anew: each seed drew training, validation and test images. "
            f"{in_common(overlap)}, and the intervals allow for that. The settings were chosen on images of which some "
            "are now test images"
        )
    if overlap is not None:
        return (
            f"This holds for {test_set}, which is the data set's own and stayed, and for such training images split "
            f"anew: each seed drew a split of the rest. {in_common(overlap)}, and the intervals allow for that"
        )
    scope = f"This holds for one split of the data and {test_set}"
    if comparison.interval_with_images is not None:
        return (
            f"{scope} (for others of their kind the interval is "
            f"{confirmation.terms.ends(comparison.interval_with_images)} points)"
        )
    if tuned.num_differing is not None and tuned.num_differing < FEWEST_IMAGES:
        return (
            f"{scope} ({_count(tuned.num_differing)} classified differently: too few for an answer about other images)"
        )
    return scope


def in_common(overlap: Overlap) -> str:
    """Return what the splits of two seeds have in common, in words."""
    of_test = "" if overlap.test is None else f" and {100 * overlap.test:.2g} % of the test images"
    return f"Two splits have {100 * overlap.train:.2g} % of the training images{of_test} in common"


def _overtuned(confirmation: Confirmation) -> list[str]:
    """Return a sentence for each search that chose worse than its trial 0, on the seeds on which it was chosen."""
    lines = []
    for each in (confirmation.baseline, *confirmation.candidates):
        first = each.untuned
        if first is not None and first.is_better:
            lines.append(
                f"The search of {_subject(each, starts=False)} overtuned: over the {first.num_seeds} seeds on which it "
                f"was chosen it has a mean validation accuracy of {100 * first.of_chosen:.2f} %, trial 0 of that "
                f"search ({first.name}) has {100 * first.accuracy:.2f} %."
            )
    return lines


def _count(num_images: int) -> str:
    return "none is" if num_images == 0 else "one is" if num_images == 1 else f"{num_images} are"


def _seed_without_effect(confirmation: Confirmation) -> list[str]:
    """Return a warning where no run differs from another of its configuration, though each had another seed."""
    if confirmation.terms.is_own or not confirmation.is_seed_without_effect:
        return []
    return [
        f"Careful: other values of {confirmation.terms.seed_key} changed nothing, so nothing is known of chance: name "
        "the key that the jobs' random numbers follow, with --seed-key."
    ]


def _far_seeds(terms: Terms, candidate: Candidate) -> list[str]:
    """Return a warning where single seeds differ so much that intervals and p-values are not to be trusted."""
    lines = []
    tuned, own = candidate.against_tuned, candidate.against_own
    against_own = None if own is None or own.far_seeds == tuned.far_seeds else own  # the tuned baseline may be its own
    for against, whom in ((tuned, "the tuned baseline"), (against_own, "its own baseline")):
        if against is not None and (far := against.far_seeds):
            seeds = ", ".join(f"{terms.difference(difference)}{terms.unit} on seed {seed}" for seed, difference in far)
            subject = _subject(candidate, starts=False)
            lines.append(
                f"Careful: the difference of {subject} from {whom} is {seeds}, far from the other seeds'. The "
                "intervals assume that no seed collapses: look at these runs, and at the median."
            )
    return lines


def _unfinished(confirmation: Confirmation) -> list[str]:
    missing = confirmation.num_planned - len(confirmation.seeds)
    if missing <= 0 or not confirmation.is_sequential:
        return []
    verb = "was" if missing == 1 else "were"
    return [f"{missing} of the {confirmation.num_planned} planned seeds {verb} not trained."]


def _subject(candidate: Trained, *, starts: bool = True) -> str:
    name = f"{candidate.name}," if ", at " in candidate.name else candidate.name
    return name[0].upper() + name[1:] if starts else name


def _same_network(terms: Terms, candidate: Candidate) -> str:
    if terms.baseline:
        return f"the same with {terms.without}"
    return f"the same network without {'them' if len(candidate.kind) > 1 else 'it'}"


def _on_fewer_seeds(tuned: Against, own: Against) -> str:
    """Return on how many seeds the second difference rests, where its baseline failed on some."""
    return f" on {len(own.seeds)} of these seeds" if len(own.seeds) < len(tuned.seeds) else ""


def _diverged(own: Against) -> str:
    if not own.num_diverged:
        return ""
    return f", where that diverged on {own.num_diverged} of {len(own.seeds)} seeds and counts with the largest class"


def _comparison(against: Against) -> Comparison:
    assert against.comparison is not None
    return against.comparison


def _mean(against: Against) -> float:
    return _comparison(against).mean


def _ahead(candidate: Candidate) -> float:
    return _mean(candidate.against_tuned)


def _is_equal(against: Against) -> bool:
    return _comparison(against).is_equal


def _side(against: Against) -> str:
    return "ahead of" if _mean(against) > 0 else "behind"


def _difference(confirmation: Confirmation, against: Against) -> str:
    """Return size and interval of a difference."""
    comparison = _comparison(against)
    return (
        f"{confirmation.terms.size(comparison.mean)} ({interval_name(confirmation)} "
        f"{confirmation.terms.ends(comparison.interval)})"
    )


def of_ingredients(confirmation: Confirmation) -> list[str]:
    """Return what each ingredient of the best mixture adds, a sentence each; nothing where that was not trained."""
    ablation = confirmation.ablation
    if ablation is None:
        return []
    name = ablation.mixture
    lines = [f"What each ingredient of {name}, adds, at these settings, which were not tuned again without it:"]
    for ingredient in dict.fromkeys(each.ingredient for each in ablation.additions):
        parts = [_addition(confirmation, each) for each in ablation.additions if each.ingredient == ingredient]
        lines.append(f"{ingredient[0].upper()}{ingredient[1:]} {' and '.join(parts)}.")
    return lines


def _addition(confirmation: Confirmation, addition: Addition) -> str:
    if addition.comparison is None:
        return f"has too few complete seeds {addition.to}"
    mean, terms = addition.comparison.mean, confirmation.terms
    interval = f"simultaneous 95 % {_kind_of_interval(confirmation)} {terms.ends(addition.comparison.interval)}"
    if addition.sign:
        points = terms.size(mean)
        if addition.sign > 0:
            return f"adds {points} {addition.to} ({interval})"
        return f"takes away {points} {'from the rest' if addition.to == REST else addition.to} ({interval})"
    return f"is not shown to add anything {addition.to} ({terms.difference(mean)}{terms.unit}, {interval})"


def interval_name(confirmation: Confirmation) -> str:
    """Return what the intervals are: with several configurations all of them hold together with 95 %."""
    together = "simultaneous " if len(confirmation.candidates) > 1 else ""
    return f"{together}95 % {_kind_of_interval(confirmation)}"


def _kind_of_interval(confirmation: Confirmation) -> str:
    if confirmation.is_sequential:
        return "anytime-valid interval"
    return "interval" if confirmation.overlap is None else "interval over splits"


def _p_value(candidate: Candidate) -> str:
    p_value = candidate.claim.adjusted_p_value
    return "" if p_value is None else f", adjusted p = {p_value:.2g}"
