"""Sweeps made by hand: a few records, in which it is plain what is to be chosen and what is not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import yaml

from regsweep.app.grammar import literal
from regsweep.objectives import OBJECTIVES
from regsweep.report.regularization import Regularization
from regsweep.run_record import TaskRecord, UsedMethod
from regsweep.sweeper.space import text_of

CALLBACK = "regsweep.app.callback.RunCallback"

METHODS: dict[str, tuple[str, str, str | None, bool]] = {
    "l1": ("L1", "λ=", "lambda", True),
    "l2": ("L2", "λ=", "lambda", True),
    "elastic_net": ("elastic net", "λ=", "lambda", True),
    "dropout": ("dropout", "", "p", False),
    "batch_norm": ("BatchNorm", "", None, False),
    "mixup": ("mixup", "α=", "alpha", False),
    "flips": ("mirror images", "", None, False),
    "smoothing": ("label smoothing", "ε=", "epsilon", False),
}
"""Title, sign and key of the main setting, and whether it is a penalty; a report must not depend on which there are."""


def task(objective: str, /, **others: Any) -> dict[str, Any]:
    """Return what a record says of a task that is judged by `objective`, on a table of ten numbers."""
    known = OBJECTIVES[objective]
    is_regression = known.kinds == ("regression",)
    made = TaskRecord(
        "regression" if is_regression else "classification",
        objective,
        known.maximize,
        is_percent=known.is_percent,
        is_mean=known.is_mean,
        loss="mse" if is_regression else "cross_entropy",
        sizes={"train": 282, "validation": 71, "test": 89},
        input_shape=[10],
        outputs=["progression"] if is_regression else ["no", "yes"],
    )
    return asdict(replace(made, **others))


def dumped(content: Any) -> str:
    """Return `content` as YAML, by the dumper in C: there are thousands of files."""
    return str(yaml.dump(content, Dumper=yaml.CSafeDumper))


def write_sweep(folder: Path, trials: Sequence[Mapping[str, Any]], typed: Sequence[str] = ()) -> Path:
    """Write the records of a sweep into `folder`, trial n being `trials[n]`, and return it.

    Args:
        folder: is made.
        trials: for each what differs from 60 % validation accuracy after three epochs and 6 seconds: ``overrides`` (by
            dotted key), ``accuracy``, ``loss``, ``test`` (accuracies are fractions), ``status``, ``error``,
            ``seconds``, ``ended``, ``sparsity``, ``seed``, ``duplicate_of``, ``history`` (validation accuracy by
            epoch), ``config`` (further keys of the configuration), ``choices`` (option by config group),
            ``own_batch_norm`` (whether the network has BatchNorm by itself), ``own_dropout`` (in words), ``histogram``
            and ``near_zero`` (of the weights, as in records), ``methods`` (what the record says of them, where it does
            not follow from the keys).
            ``task`` (as `task` returns it: ``accuracy`` and ``test`` are then of its objective).
            With a key ``regularizer.penalty`` the trial is one of version 0.2, whose records had no methods.
        typed: what the sweep was started with, as Hydra keeps it: each key with all its values.
    """
    folder.mkdir(parents=True)
    settings = {"hydra": {"callbacks": {"regsweep": {"_target_": CALLBACK}}, "overrides": {"task": list(typed)}}}
    (folder / "multirun.yaml").write_text(dumped(settings))
    for number, trial in enumerate(trials):
        write_trial(folder / str(number), number, trial)
    return folder


def write_trial(place: Path, number: int, trial: Mapping[str, Any]) -> None:
    """Write what Hydra and the trial itself leave in a trial's folder."""
    overrides = trial.get("overrides", {})
    (place / ".hydra").mkdir(parents=True)
    typed = [f"{key}={literal(v) if isinstance(v, Mapping) else text_of(v)}" for key, v in overrides.items()]
    (place / ".hydra" / "overrides.yaml").write_text(dumped(typed))
    choices = trial.get("choices", {})
    set_keys = {key.lstrip("+"): value for key, value in overrides.items() if key not in choices}
    composed = nested({**trial.get("config", {}), **set_keys})
    (place / ".hydra" / "config.yaml").write_text(dumped(composed))
    hydra = {"hydra": {"job": {"num": number}, "runtime": {"choices": choices}}}
    (place / ".hydra" / "hydra.yaml").write_text(dumped(hydra))
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
        **{key: trial[key] for key in ("histogram", "near_zero") if key in trial},
        "seconds": {"train": 0.75 * seconds, "evaluate": 0.25 * seconds, "total": seconds},
        "seed": trial.get("seed", 0),
        "ended": trial.get("ended", 1e9 + number),
        **({"task": trial["task"]} if "task" in trial else {}),
        "class_sizes": {"test": [40, 60]} if _kind(trial) == "classification" else {},
        **_made_of(composed.get("regularizer") or {}, trial),
    }
    (place / "result.json").write_text(json.dumps(record))
    name = _objective(trial)
    rows = [f"{epoch},0.9,{accuracy}" for epoch, accuracy in enumerate(history, start=1)]
    (place / "history.csv").write_text("\n".join([f"epoch,train_{name},validation_{name}", *rows, ""]))


def regularization(regularizer: Mapping[str, Any], *, own_batch_norm: bool = False) -> Regularization:
    """Return what regularizes a run with these keys below ``regularizer``: plain values or settings, by name."""
    methods = {}
    for name, value in regularizer.items():
        if name not in METHODS or value is None:
            continue
        title, sign, main, is_penalty = METHODS[name]
        short = {"use": value} if main is None or isinstance(value, bool) else {main: value}
        settings = {"use": True, **(value if isinstance(value, Mapping) else short)}
        if main == "lambda" and regularizer.get("lambda") is not None:  # the one penalty's
            settings["lambda"] = regularizer["lambda"]
        if settings.pop("use") and (main is None or settings.get(main)):
            shown = f"{title} {sign}{settings[main]:g}" if main else title
            paper = [title, f"{title.capitalize()}, A. (2000). On {title}."]
            methods[name] = UsedMethod(title, shown, settings, main, paper, is_penalty)
    node = regularizer.get("batch_norm")
    is_out = node is False or (isinstance(node, Mapping) and not node.get("use", True))
    return Regularization(methods, "batch_norm" in methods or (own_batch_norm and not is_out), own_batch_norm)


def _made_of(regularizer: Mapping[str, Any], trial: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the record says of methods; nothing in version 0.2."""
    if "penalty" in regularizer:
        return {}
    found = regularization(regularizer, own_batch_norm=trial.get("own_batch_norm", False))
    methods = {name: asdict(method) for name, method in found.methods.items()}
    return {
        "methods": trial.get("methods", methods),
        "batch_norm": found.batch_norm,
        "own_batch_norm": found.own_batch_norm,
        **_dropout(regularizer.get("dropout"), trial.get("own_dropout"), is_used="dropout" in found.methods),
    }


def _dropout(node: Any, own: str | None, *, is_used: bool) -> dict[str, Any]:
    """Return what the record says of dropout: a key that is there and does not use it takes the network's own out."""
    return {"dropout": is_used or (own is not None and node is None), "own_dropout": own}


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted keys as nested dictionaries."""
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *parents, last = key.split(".")
        place = tree
        for name in parents:
            if place.get(name) is None:
                place[name] = {}
            place = place[name]
        place[last] = value
    return tree


def _metrics(trial: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    accuracy, name = trial.get("accuracy", 0.6), _objective(trial)
    validation = {} if accuracy is None else {"loss": trial.get("loss", 1.0), name: accuracy}
    test = {"test": {"loss": 1.0, name: trial["test"]}} if "test" in trial else {}
    return {"train": {"loss": 0.5, name: 0.9}, "validation": validation, **test}


def _objective(trial: Mapping[str, Any]) -> str:
    return str(trial.get("task", {}).get("objective", "accuracy"))


def _kind(trial: Mapping[str, Any]) -> str:
    return str(trial.get("task", {}).get("kind", "classification"))


def _flat(trial: Mapping[str, Any]) -> dict[str, float]:
    return {f"{split}_{name}": v for split, values in _metrics(trial).items() for name, v in values.items()}
