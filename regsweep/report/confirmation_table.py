"""The confirmation in the terminal: every configuration against the tuned baseline, and the answer."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from regsweep.report.answer import answer, points_range
from regsweep.report.confirmation import Candidate, Confirmation
from regsweep.report.sweep import Sweep


def print_confirmation(sweep: Sweep, confirmation: Confirmation, console: Console) -> None:
    """Print one row per configuration (test accuracy over the seeds, difference from the baseline), then the answer."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    headings = ("configuration", "test accuracy", "difference", "95 % interval", "better in", "p (Holm)")
    for heading in headings[:5] if confirmation.is_sequential else headings:
        table.add_column(heading, justify="left" if heading == "configuration" else "right", overflow="fold")
    table.add_row(escape(confirmation.baseline.name), _accuracy(confirmation, confirmation.baseline))
    for candidate, comparison in zip(confirmation.candidates, confirmation.comparisons, strict=False):
        cells = [
            candidate.name,
            _accuracy(confirmation, candidate),
            f"{100 * comparison.mean:+.2f}",
            points_range(confirmation.interval(comparison)),
            f"{comparison.num_better} of {comparison.num_seeds}",
            *([] if confirmation.is_sequential else [f"{comparison.adjusted_p_value:.2g}"]),
        ]
        is_better = confirmation.is_shown(comparison) and comparison.mean > 0
        table.add_row(*(escape(cell) for cell in cells), style="bold green" if is_better else None)
    console.print(table)
    for line in [*confirmation.problems, *answer(sweep, confirmation)]:
        console.print(escape(line), soft_wrap=True)


def _accuracy(confirmation: Confirmation, candidate: Candidate) -> str:
    """Return mean and standard deviation over the paired seeds, in percent."""
    values = candidate.runs.loc[candidate.runs["seed"].isin(confirmation.seeds), "test_accuracy"].astype(float)
    return f"{100 * values.mean():.2f} ± {100 * values.std():.2f} %" if len(values) > 1 else "–"
