"""What tests of figures share: small sweeps made by hand, and how to find what a figure draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from regsweep.report.figures import Drawing
from regsweep.report.sweep import Sweep, read_sweep
from tests.decisions.handmade import write_sweep

LAMBDA, DROPOUT, BATCH_NORM = (f"regularizer.{key}" for key in ("l2", "dropout", "batch_norm"))
PLAIN = {LAMBDA: 0.0, DROPOUT: 0.0, BATCH_NORM: False}
OF_0_2 = {LAMBDA: "regularizer.lambda", DROPOUT: DROPOUT, BATCH_NORM: BATCH_NORM}
"""The keys of a sweep that version 0.2 made, by those of now."""
LOSS: dict[str, Any] = {"objective": "validation_loss", "minimize": True}


def read(folder: Path, trials: list[dict[str, Any]], *, is_of_0_2: bool = False, **options: Any) -> Sweep:
    if is_of_0_2:
        trials = [
            trial
            | {"overrides": {"regularizer.penalty": "l2", **{OF_0_2[k]: v for k, v in trial["overrides"].items()}}}
            for trial in trials
        ]
    return read_sweep(write_sweep(folder, trials), **options)


def of(penalty: float = 0.0, dropout: float = 0.0, *, norm: bool = False, **columns: Any) -> dict[str, Any]:
    """Return a trial with these settings."""
    return {"overrides": {**PLAIN, LAMBDA: penalty, DROPOUT: dropout, BATCH_NORM: norm}, **columns}


def grid() -> list[dict[str, Any]]:
    """Return every trial of 3 λ × 2 dropout × BatchNorm, each with an accuracy of its own; one of them failed."""
    settings = [(p, d, n) for n in (False, True) for d in (0.0, 0.5) for p in (0.0, 1e-4, 1e-3)]
    trials = [of(p, d, norm=n, accuracy=0.5 + 0.03 * i, loss=2 - 0.1 * i) for i, (p, d, n) in enumerate(settings)]
    trials[10] = of(1e-4, 0.5, norm=True, status="failed", error="it died")
    return trials


def traces(drawing: Drawing) -> list[Any]:
    assert drawing.figure is not None, drawing.missing
    return list(drawing.figure.data)


def named(drawing: Drawing, name: str) -> Any:
    """Return the one trace whose name begins so."""
    found = [trace for trace in traces(drawing) if (trace.name or "").startswith(name)]
    assert len(found) == 1, [trace.name for trace in traces(drawing)]
    return found[0]


def labels_of(drawing: Drawing) -> dict[float, str]:
    """Return what is written above each row, by its place."""
    assert drawing.figure is not None, drawing.missing
    return {each.y: each.text for each in drawing.figure.layout.annotations if each.yref != "paper"}


def dots_of(drawing: Drawing, axis: str = "x") -> list[Any]:
    """Return the traces of trials in the panel with this x axis."""
    return [trace for trace in traces(drawing) if trace.mode == "markers" and (trace.xaxis or "x") == axis]


def panels_of(drawing: Drawing) -> dict[str, dict[str, list[Any]]]:
    """Return the traces of each method's panel, by their names."""
    assert drawing.figure is not None, drawing.missing
    titles = [title.text.partition("<br>")[0] for title in drawing.figure.layout.annotations]
    axes = ["x", *(f"x{number}" for number in range(2, len(titles) + 1))]
    panels: dict[str, dict[str, list[Any]]] = {title: {} for title in titles}
    for trace in drawing.figure.data:
        panels[titles[axes.index(trace.xaxis)]].setdefault(trace.name, []).append(trace)
    return panels


def ys(panel: dict[str, list[Any]], name: str) -> list[float]:
    """Return y of the points of one side, which all stand there."""
    (trace,) = panel[name]
    assert all(abs(x - {"without": 0, "with": 1}[name]) < 0.4 for x in trace.x)
    return sorted(trace.y)


FAR = {
    "accuracy": ([0.90, 0.89, 0.88, 0.87, 0.86, 0.85, 0.84, 0.83, 0.82, 0.10, 0.05], {}, ("below 82.00 %", "lower")),
    "loss": ([0.40, 0.41, 0.42, 0.43, 0.44, 0.45, 0.46, 0.47, 0.48, 9.00, 9.50], LOSS, ("above 0.48", "upper")),
}
"""Nine scores and two that are far worse, from the best to the worst."""


def far(key: str, folder: Path, order: list[int], sparsities: list[float] | None = None) -> Sweep:
    """Return a sweep of these scores in an order."""
    values, options, _ = FAR[key]
    scores = [values[i] for i in order]
    zeros = sparsities or [0.0] * len(scores)
    column = "loss" if options else "accuracy"
    trials = [
        of(0.001 * (i + 1), 0.01 * i) | {"sparsity": s, column: v}
        for i, (v, s) in enumerate(zip(scores, zeros, strict=True))
    ]
    return read(folder / "s", trials, **options)


def pooled_grid() -> list[dict[str, Any]]:
    """Return five λ × dropout on three seeds; one configuration collapsed on all."""
    settings = [(penalty, rate) for penalty in (0.0, 1e-4, 1e-3, 1e-2, 0.1) for rate in (0.0, 0.5)]
    trials = []
    for i, (penalty, rate) in enumerate(settings):
        for seed in (0, 1, 2):
            made = of(penalty, rate, accuracy=0.1 if i == 9 else 0.80 + 0.01 * i + 0.001 * seed, seed=seed)
            made["overrides"]["seed"] = seed
            trials.append(made)
    return trials
