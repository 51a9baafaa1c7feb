"""The confirmation in the terminal: every configuration against its baselines, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from regsweep.numbers import show_number
from regsweep.report.ablation import Ablation
from regsweep.report.answer.sentences import answer
from regsweep.report.confirmation import SCORE, Against, Candidate, Confirmation, Trained
from regsweep.report.printed import in_lines, print_line
from regsweep.report.sweep import Sweep
from regsweep.report.terms import Terms


def print_confirmation(sweep: Sweep, confirmation: Confirmation, console: Console) -> None:
    """Print what each configuration reached on fresh seeds, and a row against each of its baselines; then the answer.

    In a terminal of 80 columns no number is broken: only names are.
    """
    terms, rows = confirmation.terms, [([_headed(confirmation.terms, confirmation.baseline)], False)]
    for candidate in confirmation.candidates:
        is_better = candidate.claim.sign > 0
        rows.append(([_headed(terms, candidate)], is_better))
        for name, title, against in (
            ("tuned", "the tuned baseline", candidate.against_tuned),
            ("own", own_title(terms, candidate.kind), candidate.against_own),
        ):
            rows.append(([f"  vs. {title}", *_numbers(terms, candidate, name, against)], is_better))
    direction = "" if terms.maximize else ", lower is better"
    headings = ["points" if terms.is_in_points else "gain", "95 % interval", "better in", "p", "p (Holm)"]
    headings = [
        f"configuration: {terms.title}{direction}",
        *(headings if confirmation.has_p_values else headings[:3]),
    ]
    console.print(_table(headings, rows, console.width))
    print_line(console, "; ".join(_legend(confirmation)))
    if confirmation.ablation is not None:
        console.print(_ablation_table(terms, confirmation.ablation))
    for line in [*confirmation.problems, *answer(sweep, confirmation)]:
        print_line(console, line)


def _table(headings: Sequence[str], rows: Sequence[tuple[list[str], bool]], width: int) -> Table:
    """Return a table whose first column takes what the others leave of `width`; rows that are true are marked."""
    numbers = [[heading, *(cells[i] for cells, _ in rows if i < len(cells))] for i, heading in enumerate(headings)][1:]
    left = max(_NARROWEST, width - sum(_GAP + max(map(cell_len, each)) for each in numbers))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, heading in enumerate(headings):
        justify: Literal["right", "left"] = "right" if i else "left"
        table.add_column(escape("\n".join(in_lines(heading, left))), justify=justify, no_wrap=True, overflow="fold")
    for (first, *others), is_marked in rows:
        cells = ["\n".join(in_lines(first, left)), *others]
        table.add_row(*map(escape, cells), style="bold green" if is_marked else None)
    return table


_GAP, _NARROWEST = 2, 20


def _ablation_table(terms: Terms, ablation: Ablation) -> Table:
    """Return a row for each addition of an ingredient: to the rest of the mixture, and alone."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"what each ingredient of {escape(ablation.mixture)}, adds", overflow="fold")
    has_p_value = any(each.adjusted_p_value is not None for each in ablation.additions)
    for heading in ["points" if terms.is_in_points else "gain", "95 % interval", "p (Holm)"][: 3 if has_p_value else 2]:
        table.add_column(heading, justify="right", no_wrap=True)
    for each in sorted(ablation.additions, key=lambda each: each.ingredient):
        cells = [f"{each.ingredient} {each.to}", "–", ""]
        if each.comparison is not None:
            cells[1:] = [terms.signed(each.comparison.mean, each.without), terms.ends(each.comparison.interval)]
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
        terms.signed(comparison.mean, against.of_baseline),
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
    if terms.is_in_points:
        return f"{trained.name}: {100 * values.mean():.2f} ± {100 * values.std():.2f} %"
    return f"{trained.name}: {terms.value(float(values.mean()))} ± {show_number(float(values.std()))}"
