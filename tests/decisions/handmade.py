"""Sweeps made by hand: a few records, in which it is plain what is to be chosen and what is not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from regsweep.sweeper.space import text_of

CALLBACK = "regsweep.app.callback.RunCallback"


def write_sweep(folder: Path, trials: Sequence[Mapping[str, Any]], typed: Sequence[str] = ()) -> Path:
    """Write the records of a sweep into `folder`, trial n being `trials[n]`, and return it.

    Args:
        folder: is made.
        trials: for each what differs from 60 % validation accuracy after three epochs and 6 seconds: ``overrides`` (by
            dotted key), ``accuracy``, ``loss``, ``test`` (accuracies are fractions), ``status``, ``error``,
            ``seconds``, ``ended``, ``sparsity``, ``seed``, ``duplicate_of``, ``history`` (validation accuracy by
            epoch), ``config`` (further keys of the configuration), ``choices`` (option by config group); None for a
            trial without a record.
        typed: what the sweep was started with, as Hydra keeps it: each key with all its values.
    """
    folder.mkdir(parents=True)
    settings = {"hydra": {"callbacks": {"regsweep": {"_target_": CALLBACK}}, "overrides": {"task": list(typed)}}}
    (folder / "multirun.yaml").write_text(yaml.safe_dump(settings))
    for number, trial in enumerate(trials):
        write_trial(folder / str(number), number, trial)
    return folder


def write_trial(place: Path, number: int, trial: Mapping[str, Any]) -> None:
    """Write what Hydra and the trial itself leave in a trial's folder."""
    overrides = trial.get("overrides", {})
    (place / ".hydra").mkdir(parents=True)
    typed = [f"{key}={text_of(value)}" for key, value in overrides.items()]
    (place / ".hydra" / "overrides.yaml").write_text(yaml.safe_dump(typed))
    choices = trial.get("choices", {})
    set_keys = {key.lstrip("+"): value for key, value in overrides.items() if key not in choices}
    composed = {**trial.get("config", {}), **set_keys}
    (place / ".hydra" / "config.yaml").write_text(yaml.safe_dump(nested(composed)))
    hydra = {"hydra": {"job": {"num": number}, "runtime": {"choices": choices}}}
    (place / ".hydra" / "hydra.yaml").write_text(yaml.safe_dump(hydra))
    status = trial.get("status", "complete")
    if status == "interrupted":
        return
    if "duplicate_of" in trial:
        again = {"status": status, "duplicate_of": trial["duplicate_of"], "metrics": _flat(trial)}
        (place / "trial.json").write_text(json.dumps(again))
        return
    history = trial.get("history", [trial.get("accuracy", 0.6)] * 3)
    seconds = trial.get("seconds", 6.0)
    record = {
        "status": status,
        "error": trial.get("error"),
        "metrics": _metrics(trial) if status in ("complete", "pruned") else {},
        "penalty": 0.0,
        "best_epoch": 1,
        "epochs": len(history),
        "sparsity": {"overall": trial.get("sparsity", 0.0)},
        "seconds": {"train": 0.75 * seconds, "evaluate": 0.25 * seconds, "total": seconds},
        "seed": trial.get("seed", 0),
        "ended": trial.get("ended", 1e9 + number),
        "class_sizes": {"test": [40, 60]},
    }
    (place / "result.json").write_text(json.dumps(record))
    rows = [f"{epoch},0.9,{accuracy}" for epoch, accuracy in enumerate(history, start=1)]
    (place / "history.csv").write_text("\n".join(["epoch,train_accuracy,validation_accuracy", *rows, ""]))


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted keys as nested dictionaries."""
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *parents, last = key.split(".")
        place = tree
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = value
    return tree


def _metrics(trial: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    accuracy = trial.get("accuracy", 0.6)
    validation = {} if accuracy is None else {"accuracy": accuracy, "loss": trial.get("loss", 1.0)}
    test = {"test": {"accuracy": trial["test"], "loss": 1.0}} if "test" in trial else {}
    return {"train": {"accuracy": 0.9, "loss": 0.5}, "validation": validation, **test}


def _flat(trial: Mapping[str, Any]) -> dict[str, float]:
    return {f"{split}_{name}": v for split, values in _metrics(trial).items() for name, v in values.items()}
