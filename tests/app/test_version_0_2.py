"""Sweeps that version 0.2 made: they are shown as they are, and neither gone on with nor changed.

The files are those of a real search (``-m sweep=regularization regularizer=l1``, four trials of an epoch), cut down to
what is read of them.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from regsweep.names import name_of
from regsweep.report.sweep import read_sweep
from tests.conftest import Regsweep

COMMAND = ["-m", "sweep=regularization", "regularizer=l1", "hydra/launcher=basic", "hydra.sweeper.n_trials=4",
           "trainer.epochs=1", "dataset.train_size=100", "model.hidden=[8]", "hydra.sweep.dir=s"]  # fmt: skip
GIVEN = ["sweep=regularization", "regularizer=l1", "trainer.epochs=1", "dataset.train_size=100", "model.hidden=[8]"]

TRIALS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    # What the sweep set; what the run ended with; what regularized it.
    (
        {"penalty": "none", "lambda": 0, "dropout": 0.0, "batch_norm": False, "lr": 0.05},
        {"status": "complete", "train": 0.11, "validation": 0.09722222222222222, "penalty": 0.0},
        "no regularization",
    ),
    (
        {"penalty": "l1", "lambda": 5.6e-05, "dropout": 0.48, "batch_norm": False, "lr": 0.059},
        {"status": "complete", "train": 0.12, "validation": 0.10416666666666667, "penalty": 0.0026},
        "L1 λ=5.6e-5 with dropout 0.48",
    ),
    (
        {"penalty": "l1", "lambda": 0.0082, "dropout": 0.0, "batch_norm": True, "lr": 0.16},
        {"status": "complete", "train": 0.17, "validation": 0.1527777777777778, "penalty": 0.39},
        "L1 λ=0.0082 with BatchNorm",
    ),
    (
        {"penalty": "none", "lambda": 0, "dropout": 0.31, "batch_norm": True, "lr": 0.29},
        {"status": "diverged"},
        "dropout 0.31 with BatchNorm",
    ),
]
CONFIG = {
    "dataset": {"name": "digits", "root": "data", "download": False, "train_size": 100, "label_noise": 0.0,
                "val_fraction": 0.2, "split_seed": 0, "image_size": None},
    "model": {"_target_": "regsweep.models.mlp.MLP", "hidden": [8]},
    "device": {"name": "auto", "precision": "auto", "cuda_graphs": False, "threads": 1},
    "trainer": {"epochs": 1, "batch_size": 64, "restore_best": False, "test": None, "save_weights": None},
    "sweep": {"lambda": {"sgd": {"l1": "tag(log, interval(1e-6, 1e-2))"}},
              "lr": {"sgd": "tag(log, interval(3e-3, 0.3))"}},
    "seed": 0,
}  # fmt: skip
SWEEPER = {
    "_target_": "regsweep.sweeper.plugin.RegsweepSweeper",
    "direction": "maximize",
    "study_name": "regularization",
    "n_trials": 4,
    "params": {
        "regularizer.penalty": "choice(none, ${regularizer.penalty})",
        "regularizer.lambda": "${sweep.lambda.${optimizer.name}.${regularizer.penalty}}",
        "regularizer.dropout": "interval(0.0, 0.8)",
        "regularizer.batch_norm": "choice(false, true)",
        "optimizer.lr": "${sweep.lr.${optimizer.name}}",
    },
    "conditions": {"regularizer.lambda": {"unless": {"regularizer.penalty": "none"}, "otherwise": 0}},
}
SEARCHED = (
    "regularizer.penalty",
    "regularizer.lambda",
    "regularizer.dropout",
    "regularizer.batch_norm",
    "optimizer.lr",
)


def composed(penalty: str, strength: float, dropout: float, batch_norm: bool | None, lr: float) -> dict[str, Any]:
    regularizer = {"penalty": penalty, "lambda": strength, "l1_ratio": None, "scope": "weights", "solver": "proximal",
                   "dropout": dropout, "batch_norm": batch_norm}  # fmt: skip
    return {**CONFIG, "optimizer": {"name": "sgd", "lr": lr, "momentum": 0.9}, "regularizer": regularizer}


def record(ended: dict[str, Any]) -> dict[str, Any]:
    is_complete = ended["status"] == "complete"
    splits = ("train", "validation") if is_complete else ()
    return {
        "status": ended["status"],
        "error": None if is_complete else "diverged at epoch 1: the loss is nan; try a lower optimizer.lr",
        "metrics": {split: {"accuracy": ended[split], "loss": 2.29} for split in splits},
        **({"penalty": ended["penalty"], "best_epoch": 1} if is_complete else {}),
        "epochs": int(is_complete),
        **({"sparsity": {"overall": 0.0, "layers": {"classifier.weight": 0.0}}} if is_complete else {}),
        **({"near_zero": {"overall": 0.0068, "layers": {"classifier.weight": 0.0}}} if is_complete else {}),
        "parameters": {"penalized": 5168, "free": 26},
        "seconds": {"train": 0.0029, "evaluate": 0.0015, "total": 0.011},
        "seed": 0,
        "ended": 1795804909.53,
        "versions": {"python": "3.11.7", "regsweep": "0.2.0", "torch": "2.9.0"},
        "git": None,
        "machine": {"system": "Linux", "processor": "x", "device": "cpu", "precision": "float32", "threads": 1},
    }


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    is_json = path.suffix == ".json"
    path.write_text(json.dumps(content) if is_json else yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return the folder of a search that version 0.2 made."""
    sweep = tmp_path / "s"
    write(sweep / "command.json", {"arguments": COMMAND, "working_folder": str(tmp_path), "import_path": []})
    callbacks = {"regsweep": {"_target_": "regsweep.app.callback.RunCallback", "table": True}}
    runtime = {"cwd": str(tmp_path), "choices": {"sweep": "regularization", "regularizer": "l1", "optimizer": "sgd"}}
    hydra = {"sweeper": SWEEPER, "callbacks": callbacks, "runtime": runtime, "overrides": {"hydra": [], "task": GIVEN}}
    write(sweep / "multirun.yaml", {"hydra": hydra, **composed("l1", 1e-4, 0.0, None, 0.05)})
    for number, (drawn, ended, _) in enumerate(TRIALS):
        folder = sweep / str(number)
        typed = [f"{key}={str(value).lower()}" for key, value in zip(SEARCHED, drawn.values(), strict=True)]
        write(folder / ".hydra" / "config.yaml", composed(*drawn.values()))
        write(folder / ".hydra" / "overrides.yaml", [*typed, *GIVEN])
        write(folder / ".hydra" / "hydra.yaml", {"hydra": {**hydra, "job": {"num": number}}})
        write(folder / "result.json", record(ended))
        values = [ended["validation"]] if "validation" in ended else None
        write(folder / "trial.json", {"status": "complete" if values else "failed", "values": values, "error": None})
    return sweep


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_is_shown(regsweep: Regsweep, old: Path) -> None:
    done = regsweep("report", "s")
    assert (done.code, done.err) == (0, "")
    sweep = read_sweep(old)
    assert sweep.problems == []
    assert sweep.swept == list(SEARCHED)
    assert [name_of(sweep.kind(number)) for number in range(4)] == [name for *_, name in TRIALS]
    lines = [line.split() for line in done.out.splitlines()]
    header = [
        "trial",
        "penalty",
        "lambda",
        "dropout",
        "batch_norm",
        "lr",
        "validation",
        "accuracy",
        "status",
        "seconds",
    ]
    table = lines.index(header)
    assert [cells[:8] for cells in lines[table + 1 : table + 5]] == [
        ["2", "l1", "0.0082", "0", "true", "0.16", "0.1528", "complete"],
        ["1", "l1", "5.6e-5", "0.48", "false", "0.059", "0.1042", "complete"],
        ["0", "none", "0", "0", "false", "0.05", "0.0972", "complete"],
        ["3", "none", "0", "0.31", "true", "0.29", "–", "diverged"],
    ]
    assert "4 trials: 3 complete, 1 diverged\n" in done.out
    with (old / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["regularizer.lambda"]) for row in rows] == [0, 5.6e-05, 0.0082, 0]
    page = (old / "report.html").read_text()
    for figure in ("Accuracy over the strength of the penalty", "λ and dropout together, with BatchNorm off and on"):
        assert f">{figure}</h3>" in page


@pytest.mark.parametrize("lost", ["", "multirun.yaml", "*/result.json"])
@pytest.mark.parametrize(
    ("command", "folder"),
    [("resume s", "s"), ("resume s n_trials=9", "s"), ("confirm s", "s"), ("confirm s --seeds 6", "s"),
     ("reproduce s/1", "s/1")],
)  # fmt: skip
def test_it_is_neither_gone_on_with_nor_changed(
    regsweep: Regsweep, old: Path, command: str, folder: str, lost: str
) -> None:
    """Also where the file that says so is lost."""
    for path in old.glob(lost) if lost else []:
        path.unlink()
    before = files(old)
    done = regsweep(*command.split())
    assert files(old) == before
    assert (done.code, done.out) == (2, "")
    if command.startswith("reproduce") and lost.endswith("result.json"):
        assert "holds no finished run" in done.err
    else:
        version = "before 0.3" if lost.endswith("result.json") else "0.2.0"  # no record names it any longer
        assert done.err == (
            f"regsweep: {folder}: made by regsweep {version}, whose keys below regularizer were others; "
            "regsweep report shows it, and only that version goes on with it\n"
        )
