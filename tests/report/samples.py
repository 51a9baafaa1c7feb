"""Hand-made sweeps of every kind, and such as are hard to lay out; their pages are opened in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from regsweep.report.answer.sentences import answer
from regsweep.report.figures import Evidence, compare_sweeps, draw_all
from regsweep.report.page import Headed, comparison_page, sweep_page
from regsweep.report.read_confirmation import read_confirmation
from regsweep.report.sweep import read_sweep
from tests.decisions.confirmable import SWEEP, write_command
from tests.decisions.confirmations import Made, confirmed
from tests.decisions.handmade import dumped, write_sweep

LAYERS = {
    name: {"low": -1.0, "high": 1.0, "counts": [3, 50, 812, 50, 3], "zeros": zeros}
    for name, zeros in (("hidden.0", 123456), ("hidden.3", 9), ("output", 0))
}


def search(folder: Path) -> Path:
    """Return a search of 24 trials: eight pruned, two failed, one collapsed, one stopped; some have exact zeros."""
    rng = np.random.default_rng(0)
    trials = []
    for number in range(24):
        strength = float(10 ** rng.uniform(-6, -2))
        overrides: dict[str, Any] = {
            "regularizer.l1.use": bool(number % 3),
            "regularizer.dropout.use": bool(number % 2),
            "regularizer.batch_norm.use": bool(number % 4 < 2),
            "optimizer.lr": float(10 ** rng.uniform(-3, -0.5)),
        }
        if number % 3:
            overrides["regularizer.l1.lambda"] = strength
        if number % 2:
            overrides["regularizer.dropout.p"] = float(rng.uniform(0.1, 0.6))
        final = 0.9 + 0.05 * float(rng.random()) - (0.05 if strength > 1e-3 and number % 3 else 0)
        is_pruned = number % 3 == 2
        epochs = 3 if is_pruned else 10
        trial: dict[str, Any] = {
            "overrides": overrides,
            "accuracy": final,
            "sparsity": min(0.95, 60 * strength) if number % 3 else 0.0,
            "history": [final * (1 - 0.5 ** (epoch + 1)) for epoch in range(epochs)],
            "seconds": 5.0 + number % 5,
        }
        if is_pruned:
            trial |= {"status": "pruned", "accuracy": trial["history"][-1]}
        trials.append(trial)
    trials[6] |= {"status": "failed", "error": "RuntimeError: the data loader was killed by signal: Killed"}
    trials[9] |= {"status": "diverged", "error": "the loss is NaN in epoch 2, batch 17"}
    trials[12] |= {"accuracy": 0.0980, "history": [0.0980] * 10}
    trials[15] |= {"status": "interrupted"}
    write_sweep(folder, trials)
    for file in folder.glob("*/result.json"):
        record = json.loads(file.read_text())
        record["histogram"] = LAYERS
        record["sparsity"]["layers"] = {"hidden.0": record["sparsity"]["overall"], "hidden.3": 0.01, "output": 0.0}
        record["near_zero"] = {"overall": 0.3, "layers": dict.fromkeys(LAYERS, 0.3)}
        file.write_text(json.dumps(record))
        (file.parent / "run.log").write_text("[10:00:01] epoch 1: 90 %\n" * 20)
    return folder


def over_seeds(folder: Path) -> Path:
    """Return a grid over seeds whose configurations have long names; one of them collapsed."""
    names = [f"regularizer.{name}" for name in ("l2", "dropout", "batch_norm")]
    trials = []
    for settings in product((0.0, 1e-4, 1e-3, 1e-2), (0.0, 0.3), (False, True)):
        for seed in (0, 1):
            accuracy = 0.1 if settings == (1e-2, 0.3, True) else 0.8 + 0.05 * settings[2] + 0.001 * seed
            overrides = {**dict(zip(names, settings, strict=True)), "seed": seed}
            trials.append({"overrides": overrides, "seed": seed, "accuracy": accuracy})
    return write_sweep(folder, trials)


def with_confirmation(folder: Path) -> Path:
    """Return a sweep whose best configurations were trained on fresh seeds; one of their names is long."""
    write_command(write_sweep(folder, SWEEP, ["seed=0"]), ["-m", "seed=0"])
    rng = np.random.default_rng(1)
    gains = [list(rng.normal(mean, 0.002, 8)) for mean in (0.0, 0.01, -0.004)]
    long = "elastic net λ=0.00000123 ρ=0.35 with dropout 0.345, mixup α=0.21 and BatchNorm, at lr 0.00345"
    confirmed(folder, Made("dropout 0.3", gains[0]), Made(long, gains[1], gains[1][::-1]), Made("L2 λ=0.001", gains[2]))
    return folder


def one_run(folder: Path) -> Path:
    """Return a single run."""
    run = write_sweep(folder.with_name(f"{folder.name} of one"), [{"overrides": {"optimizer.lr": 0.1}}]) / "0"
    record = json.loads((run / "result.json").read_text())
    (run / "result.json").write_text(json.dumps(record | {"histogram": LAYERS}))
    return run.rename(folder)


def of_another_application(folder: Path) -> Path:
    """Return another application's sweep, with an Optuna study; its numbers are tiny, huge and long."""
    folder.mkdir()
    storage = f"sqlite:///{folder / 'study.db'}"
    names = ["net.encoder.attention.number_of_heads_per_layer", "x", "scale"]
    params = {names[0]: "range(1, 17)", "x": "interval(-1e12, 1e12)", "scale": "tag(log, interval(1e-12, 1e-3))"}
    settings = {"sweeper": {"storage": storage, "params": params}, "overrides": {"task": []}}
    (folder / "multirun.yaml").write_text(dumped({"hydra": settings}))
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(storage=storage, direction="minimize")
    rng = np.random.default_rng(2)
    for number in range(20):
        values = [int(rng.integers(1, 17)), float(rng.uniform(-1e12, 1e12)), float(10 ** rng.uniform(-12, -3))]
        job = folder / str(number) / ".hydra"
        job.mkdir(parents=True)
        given = dict(zip(names, values, strict=True))
        (job / "overrides.yaml").write_text(dumped([f"{name}={value!r}" for name, value in given.items()]))
        (job / "config.yaml").write_text(dumped(given))
        study.enqueue_trial(given)
        trial = study.ask()
        trial.suggest_int(names[0], 1, 16)
        trial.suggest_float("x", -1e12, 1e12)
        trial.suggest_float("scale", 1e-12, 1e-3, log=True)
        is_pruned = number % 4 == 3
        for step in range(2 if is_pruned else 6):
            trial.report(1.23456789e9 / (step + 1) + values[1] / 1e4, step)
        state = optuna.trial.TrialState.PRUNED if is_pruned else None
        study.tell(trial, None if is_pruned else 2.05761315e8 + values[1] / 1e4, state=state)
    return folder


def with_many_parameters(folder: Path) -> Path:
    """Return a search over 14 parameters: long names, 24 categories, numbers tiny and huge, 16 methods on and off."""
    rng = np.random.default_rng(3)
    penalties = ("l1", "l2", "elastic_net")
    trials = []
    for number in range(60):
        overrides: dict[str, Any] = {
            "optimizer.lr": float(f"{10 ** rng.uniform(-9, -1):.6g}"),
            "model.number_of_units_in_each_of_the_hidden_layers": int(rng.choice([16, 128, 1024, 1048576])),
            "dataset.augmentation.policy": f"policy-{rng.integers(24):02d}-of-a-long-name",
            "trainer.batch_size": int(rng.choice([32, 64, 128])),
            "optimizer.momentum": round(float(rng.uniform(0.5, 0.999)), 5),
            "model.activation": str(rng.choice(["relu", "gelu", "leaky_rectified_linear_unit"])),
            "model.initial_scale": float(f"{rng.uniform(1e5, 9e8):.8g}"),
            "trainer.gradient_accumulation_steps": int(rng.integers(1, 9)),
        }
        for name in (*penalties, "dropout", "mixup", "smoothing", "batch_norm", "flips"):
            is_used = bool(rng.random() < 0.4)
            main = {"dropout": "p", "mixup": "alpha", "smoothing": "epsilon"}.get(name, "lambda")
            overrides[f"regularizer.{name}.use"] = is_used
            if is_used and name not in ("batch_norm", "flips"):
                value = 10 ** rng.uniform(-9, -1) if name in penalties else rng.uniform(0.1, 0.9)
                overrides[f"regularizer.{name}.{main}"] = float(f"{value:.6g}")
        trial: dict[str, Any] = {"overrides": overrides, "accuracy": 0.98 + 0.0199 * float(rng.random())}
        trial["methods"] = _sixteen(rng)
        if number % 10 == 3:
            trial |= {"accuracy": 0.1}
        if number % 7 == 5:
            trial |= {"status": "pruned", "accuracy": 0.5, "history": [0.3, 0.5]}
        trials.append(trial)
    return write_sweep(folder, trials)


def _sixteen(rng: np.random.Generator) -> dict[str, Any]:
    """Return what a record says of methods: each of sixteen in a part of the trials."""
    found = {}
    for n in range(16):
        if rng.random() < 0.5:
            continue
        title = f"method {n}" if n % 3 else f"regularization of the kind number {n}"
        value = float(f"{10 ** rng.uniform(-8, -1):.4g}")
        paper = [title, f"Author, A. (2000). On {title}."]
        words = {"title": title, "description": f"{title} λ={value:g}", "main": "lambda", "reference": paper}
        found[f"method_{n}"] = {**words, "settings": {"lambda": value}, "is_penalty": n < 6}
    return found


def listed_strengths(folder: Path) -> Path:
    """Return a grid of strengths that lie close together, with dropout rates and long categories."""
    trials = []
    strengths = (0.0, 1e-7, 3e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
    for n, (strength, dropout) in enumerate(product(strengths, (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6))):
        accuracy = 0.1 if strength == 1e-2 else 0.9 + 0.09 * ((7 * n) % 11) / 11
        overrides = {"regularizer.l1": strength, "regularizer.dropout": dropout}
        overrides |= {"regularizer.batch_norm": bool(n % 2)}
        trials.append({"overrides": overrides, "accuracy": accuracy, "sparsity": min(1.0, 100 * strength)})
    return write_sweep(folder, trials)


Write = Callable[[Path], Path]
KINDS: dict[str, Write] = {
    "search": search,
    "seeds": over_seeds,
    "confirmed": with_confirmation,
    "run": one_run,
    "foreign": of_another_application,
}
"""A sweep of each kind."""
HARD: dict[str, Write] = {"many_parameters": with_many_parameters, "listed_strengths": listed_strengths}
"""Sweeps that are hard to lay out."""


def write_page(folder: Path) -> Path:
    """Write the page of a sweep into its folder, and return it."""
    sweep = read_sweep(folder)
    evidence = Evidence(sweep, read_confirmation(folder))
    page = sweep_page(evidence, draw_all(evidence), answer(sweep, evidence.confirmation))
    (folder / "report.html").write_text(page)
    return folder / "report.html"


def write_comparison(place: Path, folders: list[Path]) -> Path:
    """Write the page that compares the sweeps in these folders into `place`, and return it."""
    evidence = [Evidence(read_sweep(folder), read_confirmation(folder)) for folder in folders]
    headed = [
        Headed(f"./{each.sweep.folder.name}/report.html", each.sweep.folder.name, answer(each.sweep, each.confirmation))
        for each in evidence
    ]
    (place / "comparison.html").write_text(comparison_page(place, headed, compare_sweeps(evidence)))
    return place / "comparison.html"
