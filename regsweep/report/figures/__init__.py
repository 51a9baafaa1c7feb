"""The figures of a report: each is drawn from evidence, or left out with the reason."""

from regsweep.report.figures import (
    curves,
    forest,
    front,
    heatmap,
    importance,
    ingredients,
    intermediate_values,
    on_and_off,
    parallel_coordinates,
    progress,
    results_by_epochs,
    seeds,
    slices,
    strength,
    timeline,
    weights,
)
from regsweep.report.figures.compare import compare_sweeps
from regsweep.report.figures.evidence import Drawing, Evidence

__all__ = ["Drawing", "Evidence", "compare_sweeps", "draw_all"]


def draw_all(evidence: Evidence) -> list[Drawing]:
    """Return every figure of a report, in the order in which they are read."""
    is_ablated = evidence.confirmation is not None and evidence.confirmation.ablation is not None
    return [
        forest.draw(evidence),
        *([ingredients.draw(evidence)] if is_ablated else []),
        *([seeds.draw(evidence)] if evidence.sweep.seed_key is not None else []),
        strength.draw(evidence),
        *strength.draw_others(evidence),
        heatmap.draw(evidence),
        on_and_off.draw(evidence),
        importance.draw(evidence),
        parallel_coordinates.draw(evidence),
        slices.draw(evidence),
        progress.draw(evidence),
        intermediate_values.draw(evidence),
        results_by_epochs.draw(evidence),
        curves.draw(evidence),
        weights.draw_histogram(evidence),
        weights.draw_zeros(evidence),
        front.draw(evidence),
        timeline.draw(evidence),
    ]
