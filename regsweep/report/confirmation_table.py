"""The confirmation in the terminal: every configuration against its baselines, and the answer."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from regsweep.numbers import show_number
from regsweep.report.ablation import Ablation
from regsweep.report.answer.sentences import answer
from regsweep.report.confirmation import SCORE, Against, Candidate, Confirmation, Trained
from regsweep.report.printed import print_line
from regsweep.report.sweep import Sweep
from regsweep.report.terms import Terms


def print_confirmation(sweep: Sweep, confirmation: Confirmation, console: Console) -> None:
    """Print each configuration's test accuracy, and a row against each of its baselines; then the answer.

    In a terminal of 80 columns no number is broken: only names are.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    terms = confirmation.terms
    direction = "" if terms.maximize else ", lower is better"
    table.add_column(f"configuration: {escape(terms.title)}{direction}", overflow="fold")
    headings = ["points" if terms.is_own else "gain", "95 % interval", "better in", "p", "p (Holm)"]
    for heading in headings if confirmation.has_p_values else headings[:3]:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_row(escape(_headed(terms, confirmation.baseline)))
    for candidate in confirmation.candidates:
        style = "bold green" if candidate.claim.sign > 0 else None
        table.add_row(escape(_headed(terms, candidate)), style=style)
        rows = [
            ("tuned", "the tuned baseline", candidate.against_tuned),
            ("own", own_title(terms, candidate.kind), candidate.against_own),
        ]
        for name, title, against in rows:
            cells = [f"  vs. {title}", *_numbers(terms, candidate, name, against)]
            table.add_row(*(escape(cell) for cell in cells), style=style)
    console.print(table)
    print_line(console, "; ".join(_legend(confirmation)))
    if confirmation.ablation is not None:
        console.print(_ablation_table(terms, confirmation.ablation))
    for line in [*confirmation.problems, *answer(sweep, confirmation)]:
        print_line(console, line)


def _ablation_table(terms: Terms, ablation: Ablation) -> Table:
    """Return a row for each addition of an ingredient: to the rest of the mixture, and alone."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"what each ingredient of {escape(ablation.mixture)}, adds", overflow="fold")
    has_p_value = any(each.adjusted_p_value is not None for each in ablation.additions)
    for heading in ["points", "95 % interval", "p (Holm)"][: 3 if has_p_value else 2]:
        table.add_column(heading, justify="right", no_wrap=True)
    for each in sorted(ablation.additions, key=lambda each: each.ingredient):
        cells = [f"{each.ingredient} {each.to}", "–", ""]
        if each.comparison is not None:
            cells[1:] = [terms.signed(each.comparison.mean), terms.ends(each.comparison.interval)]
        cells += [f"{each.adjusted_p_value:.2g}"] if each.adjusted_p_value is not None else []
        table.add_row(*map(escape, cells), style="bold green" if each.sign > 0 else None)
    return table


def _legend(confirmation: Confirmation) -> list[str]:
    """Return what the columns mean."""
    k = len(confirmation.candidates)
    about = [f"95 % for all {k} configurations together"] if k > 1 else []
    about += ["valid however often results are looked at"] if confirmation.is_sequential else []
    about += ["corrected for what splits have in common"] if confirmation.overlap is not None else []
    lines = [f"intervals: {', '.join(about)}"] if about else []
    if confirmation.has_p_values:
        lines.append("p (Holm): adjusted for all configurations, in the row that decides, the one with the larger p")
    return lines


def own_title(terms: Terms, kind: Sequence[str]) -> str:
    """Return what a configuration's own baseline is called beside it."""
    if terms.baseline:
        return f"the same with {terms.without}"
    return f"the same without {'them' if len(kind) > 1 else 'it'}"


def _numbers(terms: Terms, candidate: Candidate, name: str, against: Against | None) -> list[str]:
    if against is None:
        return ["", "not trained"]
    comparison = against.comparison
    if comparison is None:
        return ["–"]
    cells = [
        terms.signed(comparison.mean),
        terms.ends(comparison.interval),
        f"{comparison.num_better} of {comparison.num_seeds}",
    ]
    if comparison.p_value is None or candidate.claim.adjusted_p_value is None:
        return cells
    rests_here = name == (candidate.claim.rests_on or "tuned")
    return [*cells, f"{comparison.p_value:.2g}", f"{candidate.claim.adjusted_p_value:.2g}" if rests_here else ""]


def _headed(terms: Terms, trained: Trained) -> str:
    """Return a configuration's name, with mean and standard deviation of what is compared."""
    values = trained.complete[SCORE].astype(float)
    if len(values) <= 1:
        return f"{trained.name}: –"
    if terms.is_own:
        return f"{trained.name}: {100 * values.mean():.2f} ± {100 * values.std():.2f} %"
    return f"{trained.name}: {terms.value(float(values.mean()))} ± {show_number(float(values.std()))}"
