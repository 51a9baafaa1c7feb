"""What a difference rests on: examples, splits, the search that chose, and single seeds."""

from __future__ import annotations

from regsweep.report.answer import phrases
from regsweep.report.confirmation import CHOSEN_BY, Against, Candidate, Confirmation
from regsweep.report.sweep import Sweep
from regsweep.report.terms import TEST_ACCURACY, Terms
from regsweep.statistics.comparison import FEWEST_IMAGES


def how_far(confirmation: Confirmation, candidate: Candidate) -> str:
    """Return which examples and splits the answer holds for, and how far what the sweep chose by held."""
    terms, subject = confirmation.terms, phrases.subject(candidate, starts=False)
    if not terms.is_own:
        return (
            f"{terms.title.capitalize()} on fresh seeds: {terms.value(candidate.mean())}; in the sweep {subject} had "
            f"{terms.value(candidate.selected_for)}."
        )
    return (
        f"{_scope(confirmation, candidate.against_tuned)}; in the sweep {subject} had a {terms.title_of_choice} of "
        f"{terms.value_of_choice(candidate.selected_for)}, on fresh seeds "
        f"{terms.value_of_choice(candidate.mean(CHOSEN_BY))}."
    )


def _scope(confirmation: Confirmation, tuned: Against) -> str:
    comparison, overlap, examples = tuned.compared, confirmation.overlap, confirmation.examples
    test_set = "this test set"
    if confirmation.num_images is not None:
        test_set += f" of {confirmation.num_images:,} {examples}"
    if overlap is not None and overlap.test is not None:
        return (
            f"This holds for such {examples} split anew: each seed drew training, validation and test {examples}. "
            f"{phrases.in_common(overlap, examples)}, and the intervals allow for that. The settings were chosen on "
            f"{examples} of which some are now test {examples}"
        )
    if overlap is not None:
        return (
            f"This holds for {test_set}, which is the data set's own and stayed, and for such training {examples} "
            f"split anew: each seed drew a split of the rest. {phrases.in_common(overlap, examples)}, and the "
            "intervals allow for that"
        )
    scope = f"This holds for one split of the data and {test_set}"
    if comparison.interval_with_images is not None:
        return (
            f"{scope} (for others of their kind the interval is "
            f"{confirmation.terms.ends(comparison.interval_with_images)}{confirmation.terms.unit})"
        )
    if tuned.num_differing is not None and tuned.num_differing < FEWEST_IMAGES:
        word = "classified" if confirmation.terms.objective == TEST_ACCURACY else "predicted"
        return (
            f"{scope} ({_count(tuned.num_differing)} {word} differently: too few for an answer about other {examples})"
        )
    return f"{scope}{_over_seeds_alone(confirmation)}"


def _over_seeds_alone(confirmation: Confirmation) -> str:
    """Return why no interval counts the test examples as drawn; nothing of accuracy, of which it may."""
    terms = confirmation.terms
    if terms.objective == TEST_ACCURACY:
        return ""
    is_mean = confirmation.task.is_mean
    why = f"the {terms.title} of each example is not on record" if is_mean else "it is no mean over examples"
    return f" (the interval of a {terms.title} is over seeds alone: {why})"


def chosen_by(confirmation: Confirmation) -> list[str]:
    """Return that configurations were chosen by another number than is compared, where they were; own sweeps' alone."""
    terms = confirmation.terms
    if terms.is_chosen_by_same:
        return []
    word = "most" if terms.chosen_most else "least"
    return [
        f"The sweep looked for the {word} {terms.title_of_choice}, so configurations were chosen by that; what is "
        f"compared here is {terms.title}."
    ]


def overtuned(confirmation: Confirmation) -> list[str]:
    """Return what is known of each search whose trial 0 is better than its choice, on the seeds of the choice."""
    lines, terms = [], confirmation.terms
    for each in (confirmation.baseline, *confirmation.candidates):
        first = each.untuned
        if first is not None and first.is_better(terms):
            lines.append(
                f"The search of {phrases.subject(each, starts=False)} may have overfitted the validation "
                f"{confirmation.examples}: over the {first.num_seeds} seeds on which it was chosen its mean "
                f"{terms.title_of_choice} is {terms.value_of_choice(first.of_chosen)}, that of trial 0 of the search "
                f"({first.name}) is {terms.value_of_choice(first.accuracy)}. On so few seeds this can be chance."
            )
    return lines


def of_own_dropout(sweep: Sweep) -> list[str]:
    """Return what stands in for dropout where its method is not used, of a network that has dropout of its own."""
    if sweep.own_dropout is None:
        return []
    start = "Where dropout is not used, in the baseline too, the network"
    if sweep.keeps_dropout:
        return [f"{start} has dropout of its own ({sweep.own_dropout}); regularizer.dropout=0 would be without."]
    return [f"{start}'s own ({sweep.own_dropout}) is set to 0."]


def _count(num_images: int) -> str:
    return "none is" if num_images == 0 else "one is" if num_images == 1 else f"{num_images} are"


def seed_without_effect(confirmation: Confirmation) -> list[str]:
    """Return a warning where no run differs from another of its configuration, though each had another seed."""
    if confirmation.terms.is_own or not confirmation.is_seed_without_effect:
        return []
    return [
        f"Careful: other values of {confirmation.terms.seed_key} changed nothing, so nothing is known of chance: name "
        "the key that the jobs' random numbers follow, with --seed-key."
    ]


def far_seeds(terms: Terms, candidate: Candidate) -> list[str]:
    """Return a warning where single seeds differ so much that intervals and p-values are not to be trusted."""
    lines = []
    tuned, own = candidate.against_tuned, candidate.against_own
    against_own = None if own is None or own.far_seeds == tuned.far_seeds else own  # the tuned baseline may be its own
    for against, whom in ((tuned, "the tuned baseline"), (against_own, "its own baseline")):
        if against is not None and (far := against.far_seeds):
            seeds = ", ".join(f"{terms.difference(difference)}{terms.unit} on seed {seed}" for seed, difference in far)
            subject = phrases.subject(candidate, starts=False)
            lines.append(
                f"Careful: the difference of {subject} from {whom} is {seeds}, far from the other seeds'. The "
                "intervals assume that no seed collapses: look at these runs, and at the median."
            )
    return lines
