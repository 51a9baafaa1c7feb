"""Confirmations made by hand: the differences are given, and what is claimed of them is plain."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from regsweep.paths import SweepPaths
from regsweep.report.confirmation import Confirmation
from regsweep.report.read_confirmation import read_confirmation
from regsweep.report.terms import Terms
from regsweep.run_record import TaskRecord
from tests.decisions.handmade import write_sweep

FIRST_SEED = 4
BASE = 0.8
"""Test accuracy of the tuned baseline on every seed."""


@dataclass(frozen=True)
class Made:
    """A configuration: its differences from the tuned baseline and from its own, fractions, one per seed.

    A difference of None is a run that diverged; in `own` it is the baseline's run that did. `own` is None where it was
    not trained; `is_own_tuned`: the tuned baseline is its own.
    """

    name: str
    tuned: Sequence[float | None]
    own: Sequence[float | None] | None = None
    kind: Sequence[str] = ("dropout",)
    selected_for: float = 0.86
    is_own_tuned: bool = False
    untuned: Mapping[str, object] | None = None
    """Trial 0 of its search beside it, as the plan has it."""


def confirmed(
    folder: Path,
    *made: Made,
    is_sequential: bool = False,
    num_planned: int | None = None,
    num_lost: int = 0,
    overlap: Mapping[str, float | None] | None = None,
    task: Mapping[str, Any] | None = None,
    base: float = BASE,
) -> Confirmation:
    """Return the confirmation that is read back from what is written into `folder`.

    Args:
        folder: is made.
        made: the configurations.
        is_sequential: whether the number of seeds followed from the outcome.
        num_planned: seeds; None: as many as there are.
        num_lost: the first seeds on which the tuned baseline diverged.
        overlap: what the seeds' splits have in common; None where all have one split.
        task: as `handmade.task` returns it; None: classification by accuracy. Differences are gains: where less is
            better, so much less.
        base: of the tuned baseline, on every seed.
    """
    judged_by = None if task is None else TaskRecord(**task)
    sign = 1 if judged_by is None or judged_by.maximize else -1
    folder.mkdir(parents=True, exist_ok=True)
    paths = SweepPaths(folder).confirmation
    num_seeds = len(made[0].tuned)
    seeds = range(FIRST_SEED, FIRST_SEED + num_seeds)
    trials = []
    for place, seed in enumerate(seeds):
        values = [None if place < num_lost else 0.0, *(each.tuned[place] for each in made)]
        trials += [_run(seed, None if value is None else base + sign * value, task) for value in values]
    _write(paths.seeds, trials)
    second, own_trials = _second_baselines(made, seeds, base, sign, task)
    if own_trials:
        _write(paths.own, own_trials)
    names = [_configuration("no regularization (tuned)", [], 0.85)]
    names += [_configuration(each.name, list(each.kind), each.selected_for) for each in made]
    plan = {
        "configurations": names,
        "num_seeds": num_planned or num_seeds,
        "is_sequential": is_sequential,
        **second,
        **({} if overlap is None else {"overlap": overlap}),
        **({} if judged_by is None else {"terms": asdict(_terms(judged_by))}),
        **({"untuned": [None, *(each.untuned for each in made)]} if any(each.untuned for each in made) else {}),
    }
    paths.plan.write_text(json.dumps(plan))
    found = read_confirmation(folder)
    assert found is not None
    return found


def _second_baselines(
    made: Sequence[Made], seeds: Sequence[int], base: float, sign: int, task: Mapping[str, Any] | None
) -> tuple[dict[str, Any], list[Any]]:
    """Return what the plan has of the second baselines, and their trials."""
    own_of: list[int | None] = []
    runs, trials, baselines = [], [], []
    for each in made:
        if each.is_own_tuned or each.own is None:
            own_of.append(0 if each.is_own_tuned else None)
            continue
        baselines.append(_configuration(f"no regularization for {each.name}", [], 0.0))
        own_of.append(len(baselines))
        for place, (seed, difference) in enumerate(zip(seeds, each.own, strict=True)):
            gain = None if difference is None else (each.tuned[place] or 0.0) - difference
            runs.append({"configuration": len(baselines) - 1, "seed": seed})
            trials.append(_run(seed, None if gain is None else base + sign * gain, task))
    return {"own_of": own_of, "own_baselines": baselines, "own_runs": runs}, trials


def ablated(folder: Path, *parts: Sequence[float | None]) -> Confirmation:
    """Take the first configuration of the confirmation in `folder`, "a" with "b", apart, and return what is there then.

    Args:
        folder: of the sweep, which was confirmed.
        parts: test accuracies of "b" alone, and of "a" alone, one per seed; None: it diverged.
    """
    paths = SweepPaths(folder).confirmation
    plan = json.loads(paths.plan.read_text())
    seeds = [FIRST_SEED + place for place in range(len(parts[0]))]
    runs = [{"configuration": part, "seed": seed} for seed in seeds for part in range(2)]
    values = [parts[run["configuration"]][run["seed"] - FIRST_SEED] for run in runs]
    _write(paths.ablation, [_run(run["seed"], value, None) for run, value in zip(runs, values, strict=True)])
    parameters = {"regularizer.a": 1, "regularizer.b": 2, "optimizer.lr": 0.1}
    plan["ablation"] = {
        "mixture": 0,
        "ingredients": ["a", "b"],
        "parts": [
            _configuration(f"{name}, at lr 0.1", [name], 0.85)
            | {"ingredients": {name: [name, name]}, "parameters": parameters}
            for name in ("b", "a")
        ],
        "without": [0, 1],
        "alone": [1, 0],
        "runs": runs,
    }
    paths.plan.write_text(json.dumps(plan))
    found = read_confirmation(folder)
    assert found is not None
    return found


def _write(folder: Path, trials: list[dict[str, object]]) -> None:
    write_sweep(folder, trials)
    (folder / "command.json").write_text(json.dumps({"arguments": [], "working_folder": "", "import_path": []}))


def _terms(task: TaskRecord) -> Terms:
    return Terms.of_task(task, f"validation_{task.objective}", chosen_most=task.maximize)


def _run(seed: int, value: float | None, task: Mapping[str, Any] | None) -> dict[str, object]:
    run: dict[str, object] = {"overrides": {"seed": seed, "optimizer.lr": 0.1}, "seed": seed}
    run |= {} if task is None else {"task": task}
    if value is None:
        return {**run, "status": "diverged", "error": "diverged"}
    return {**run, "accuracy": 0.85, "test": value}


def _configuration(name: str, kind: list[str], selected_for: float) -> dict[str, object]:
    return {"name": name, "kind": kind, "trial": 7, "parameters": {}, "selected_for": selected_for, "overrides": {}}


def write_errors(folder: Path, sweep: str, number: int, errors_N: np.ndarray, objective: str) -> None:
    """Write the error, or the loss, of each test example of a confirmation's run, and the objective that follows."""
    place = folder / "confirmation" / sweep / str(number)
    errors_N = errors_N.astype(np.float32)
    record = json.loads((place / "result.json").read_text())
    record["metrics"]["test"][objective] = float(errors_N.mean(dtype=float))
    (place / "result.json").write_text(json.dumps(record))
    np.save(place / "test_errors.npy", errors_N)


def write_correct(folder: Path, sweep: str, number: int, correct_N: np.ndarray) -> None:
    """Write which test images a run of a confirmation classified correctly, and the accuracy that follows."""
    place = folder / "confirmation" / sweep / str(number)
    record = json.loads((place / "result.json").read_text())
    record["metrics"]["test"]["accuracy"] = float(correct_N.mean())
    (place / "result.json").write_text(json.dumps(record))
    np.save(place / "test_correct.npy", correct_N)
