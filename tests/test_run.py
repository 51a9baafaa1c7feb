"""One run's folder holds what the output contract says."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from regsweep.build import build
from regsweep.config import RunConfig
from regsweep.data import load_dataset
from regsweep.errors import DivergedError, RecordError
from regsweep.metrics import evaluate
from regsweep.run import run
from regsweep.run_record import SHARES, RunRecord

EACH_EPOCH = [f"{split}_{metric}" for split in ("train", "validation") for metric in ("accuracy", "loss")]
Configure = Callable[..., RunConfig]
QUICK = ("trainer.epochs=3", "dataset.train_size=200")


def record(folder: Path) -> dict[str, Any]:
    content = json.loads((folder / "result.json").read_text())
    assert isinstance(content, dict)
    return content


def test_a_single_run_records_everything(configure: Configure, tmp_path: Path) -> None:
    outcome = run(configure("regularizer=l1", "regularizer.lambda=3e-3", "seed=5", *QUICK), tmp_path, is_trial=False)
    result = record(tmp_path)
    assert (result["status"], "error" in result, result["seed"], result["epochs"]) == ("complete", False, 5, 3)
    assert result["methods"]["l1"]["settings"] == {"lambda": 3e-3, "scope": "weights", "solver": "proximal"}
    assert (list(result["methods"]), result["batch_norm"], result["own_batch_norm"]) == (["l1"], False, False)
    assert set(result["metrics"]) == {"train", "validation", "test"}
    assert result["metrics"]["test"] == {
        "accuracy": outcome.metrics["test"]["accuracy"],
        "loss": outcome.metrics["test"].loss,
    }
    assert result["best_epoch"] in (1, 2, 3)
    assert result["methods"]["l1"]["parameters"] == {"covered": 64 * 128 + 128 * 128 + 1280, "free": 266}
    assert set(result["seconds"]) == {"train", "evaluate", "total"}
    assert result["seconds"]["total"] >= result["seconds"]["train"] > 0
    assert result["versions"]["torch"] == torch.__version__.partition("+")[0] or torch.__version__.startswith(
        result["versions"]["torch"]
    )
    assert {"processor", "system", "device", "threads"} <= set(result["machine"])
    assert re.fullmatch(r"[0-9a-f]{64}", result["weights_sha256"])


MADE_OF = [
    ("model=mlp", (), [], False, False),
    ("model=mlp", ("regularizer=[dropout,batchnorm]",), ["batch_norm", "dropout"], True, False),
    (
        "model=mlp",
        ("regularizer=[l2,dropout]", "regularizer.lambda=0", "regularizer.dropout.use=false"),
        [],
        False,
        False,
    ),
    ("model=resnet18", (), [], True, True),
    ("model=resnet18", ("regularizer.batch_norm=false",), [], False, True),
]  # fmt: skip


@pytest.mark.parametrize("made_of", MADE_OF, ids=[f"{model} {overrides}" for model, overrides, *_ in MADE_OF])
def test_the_record_has_what_the_run_used(
    configure: Configure, tmp_path: Path, made_of: tuple[str, tuple[str, ...], list[str], bool, bool]
) -> None:
    """Also where it used nothing: no methods is not the same as methods that are not known."""
    model, overrides, methods, batch_norm, own = made_of
    run(configure(model, *overrides, "trainer.epochs=1", "dataset.train_size=20"), tmp_path, is_trial=True)
    read = RunRecord.read(tmp_path / "result.json")
    assert read.methods is not None
    assert (list(read.methods), read.batch_norm, read.own_batch_norm) == (methods, batch_norm, own)


@pytest.mark.parametrize(
    ("chosen", "line"),
    [
        ((), "sgd lr=0.05, 1 epoch, batch 64, seed 0"),
        (("optimizer.schedule=cosine",), "sgd lr=0.05 schedule=cosine, 1 epoch, batch 64, seed 0"),
        (
            ("optimizer=adam", "optimizer.warmup=0.25", "trainer.epochs=2"),
            "adam lr=0.001 warmup=0.25, 2 epochs, batch 64, seed 0",
        ),
        (
            ("optimizer.schedule=one_cycle", "optimizer.warmup=0.1", "trainer.epochs=12"),
            "sgd lr=0.05 schedule=one_cycle warmup=0.1, 12 epochs, batch 64, seed 0",
        ),
    ],
)
def test_a_run_names_its_optimizer_with_the_schedule_of_the_rate(
    configure: Configure, tmp_path: Path, caplog: pytest.LogCaptureFixture, chosen: tuple[str, ...], line: str
) -> None:
    config = configure("model.hidden=[8]", "dataset.train_size=20", "trainer.epochs=1", *chosen)
    with caplog.at_level("INFO", "regsweep"):
        run(config, tmp_path, is_trial=False)
    assert f"optimizer    {line}" in caplog.messages


WEIGHTS, BIASES = 64 * 16 + 160, 16 + 10
SCOPES = [
    (("regularizer=[l1,l2]", "regularizer.l2.scope=all"), {"l1": (WEIGHTS, BIASES), "l2": (WEIGHTS + BIASES, 0)}),
    (("regularizer=[weight_decay,max_norm,dropout]",), {"weight_decay": (WEIGHTS, BIASES)}),
    ((), {}),
]


@pytest.mark.parametrize(("chosen", "expected"), SCOPES, ids=[" ".join(chosen) for chosen, _ in SCOPES])
def test_each_method_with_a_scope_says_what_it_covers(
    configure: Configure,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    chosen: tuple[str, ...],
    expected: dict[str, tuple[int, int]],
) -> None:
    config = configure(*chosen, "model.hidden=[16]", "trainer.epochs=1", "dataset.train_size=20")
    with caplog.at_level("INFO", "regsweep"):
        run(config, tmp_path, is_trial=False)
    methods = record(tmp_path)["methods"]
    counts = {name: method["parameters"] for name, method in methods.items() if method["parameters"]}
    assert counts == {name: {"covered": covered, "free": free} for name, (covered, free) in expected.items()}
    lines = [line.strip() for line in caplog.messages if " covers " in line]
    tensors = {BIASES: 2, WEIGHTS: 2, WEIGHTS + BIASES: 4}
    assert lines == [
        f"{methods[name]['title']} covers {covered:,} parameters in {tensors[covered]} tensors, "
        + (f"leaves {free:,} parameters in {tensors[free]} tensors free" if free else "which are all")
        for name, (covered, free) in expected.items()
    ]


def test_zeros_and_histograms_count_the_weights(configure: Configure, tmp_path: Path) -> None:
    run(configure("regularizer=l1", "regularizer.lambda=1e-2", *QUICK), tmp_path, is_trial=False)
    result, state = record(tmp_path), safetensors.torch.load_file(tmp_path / "model.safetensors")
    layers = ["features.0.weight", "features.4.weight", "classifier.weight"]
    assert list(result["sparsity"]["layers"]) == list(result["histogram"]) == layers
    zeros = {name: int((state[name] == 0).sum()) for name in layers}
    assert sum(zeros.values()) > 0
    for name in layers:
        histogram = result["histogram"][name]
        assert result["sparsity"]["layers"][name] == zeros[name] / state[name].numel()
        assert (histogram["zeros"], sum(histogram["counts"])) == (
            zeros[name],
            state[name].numel() - zeros[name],
        )
        assert histogram["high"] == pytest.approx(state[name].abs().max().item())
        near = int((state[name].abs() < 1e-3).sum())
        assert result["near_zero"]["layers"][name] == near / state[name].numel() >= result["sparsity"]["layers"][name]
    assert 0 < result["sparsity"]["overall"] < result["near_zero"]["overall"] < 1
    assert result["sparsity"]["overall"] == pytest.approx(
        sum(zeros.values()) / sum(state[name].numel() for name in layers)
    )


def test_the_penalty_is_logged_apart_from_the_cross_entropy(configure: Configure, tmp_path: Path) -> None:
    config = configure("regularizer=elastic_net", "regularizer.lambda=1e-2", "regularizer.l1_ratio=0.3", *QUICK)
    run(config, tmp_path, is_trial=False)
    state = safetensors.torch.load_file(tmp_path / "model.safetensors")
    covered = [weight.double() for name, weight in state.items() if weight.ndim > 1]
    expected = 1e-2 * sum(0.3 * weight.abs().sum().item() + 0.7 * weight.square().sum().item() for weight in covered)
    result = record(tmp_path)
    assert result["penalty"] == pytest.approx(expected, rel=1e-5)
    parts = build(config)
    parts.model.load_state_dict(state)
    test = evaluate(parts.model, parts.dataset.test, parts.scoring)
    assert result["metrics"]["test"]["loss"] == pytest.approx(test.loss, rel=1e-6), (
        "the weights on disk give the metrics on disk"
    )


def test_the_history_has_a_row_per_epoch(configure: Configure, tmp_path: Path) -> None:
    run(configure("regularizer=l2", *QUICK), tmp_path, is_trial=False)
    with (tmp_path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    numbers = [f"{split}_{name}" for split in ("train", "validation") for name in ("accuracy", "loss")]
    assert list(rows[0]) == ["epoch", *numbers, "penalty", "train_seconds", "evaluate_seconds"]
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert float(rows[-1]["validation_accuracy"]) == record(tmp_path)["metrics"]["validation"]["accuracy"]
    assert all(float(row["penalty"]) > 0 for row in rows)


def test_a_trial_keeps_the_test_set_closed_and_no_weights(configure: Configure, tmp_path: Path) -> None:
    run(configure(*QUICK), tmp_path, is_trial=True)
    assert set(record(tmp_path)["metrics"]) == {"train", "validation"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history.csv", "result.json"]


@pytest.mark.parametrize("stops", [False, True])
def test_a_trial_is_asked_about_while_there_is_something_to_give_up(
    configure: Configure, tmp_path: Path, *, stops: bool
) -> None:
    """Not after its last epoch, be it that of the configuration or that of early stopping."""
    stopping = ("regularizer.early_stopping=2", "optimizer.lr=0.3", "trainer.epochs=60", "dataset.train_size=100")
    config = configure(*(stopping if stops else QUICK))
    reports: list[tuple[float, int]] = []
    run(config, tmp_path, is_trial=True, report=lambda value, epoch: reports.append((value, epoch)))
    with (tmp_path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert 1 < len(rows) < 60
    assert reports == [(float(row["validation_accuracy"]), int(row["epoch"])) for row in rows[:-1]]


@pytest.mark.parametrize("name", EACH_EPOCH)
def test_a_run_reports_the_number_that_is_asked_for(configure: Configure, name: str, tmp_path: Path) -> None:
    reports: list[float] = []
    run(configure(*QUICK), tmp_path, is_trial=True, report=lambda value, _: reports.append(value), reported=name)
    with (tmp_path / "history.csv").open() as file:
        assert reports == [float(row[name]) for row in csv.DictReader(file)][:-1]


def test_a_trial_opens_them_when_asked(configure: Configure, tmp_path: Path) -> None:
    run(configure("trainer.test=true", "trainer.save_weights=true", *QUICK), tmp_path, is_trial=True)
    assert "test" in record(tmp_path)["metrics"]
    assert (tmp_path / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("typed", "objective", "files"),
    [
        ("dataset=digits", "accuracy", {"test_correct"}),
        ("dataset=digits objective=loss trainer.class_weights=balanced", "loss", {"test_correct", "test_errors"}),
        ("dataset=digits objective=balanced_accuracy", "balanced_accuracy", {"test_correct"}),
        ("dataset=diabetes objective=mae", "mae", {"test_errors"}),
        ("dataset=diabetes objective=loss trainer.loss=huber", "loss", {"test_errors"}),
        ("dataset=diabetes", "rmse", set()),
    ],
)
def test_a_trial_leaves_what_its_test_objective_is_the_mean_of(
    configure: Configure, tmp_path: Path, typed: str, objective: str, files: set[str]
) -> None:
    """Weights of classes count in the training alone, so a loss is a plain mean in any case."""
    run(configure("trainer.test=true", "trainer.epochs=1", *typed.split()), tmp_path, is_trial=True)
    found = {path.stem: np.load(path) for path in tmp_path.glob("*.npy")}
    assert found.keys() == files
    result = record(tmp_path)
    for name, metric in {"test_correct": "accuracy", "test_errors": objective}.items():
        if name in found:
            assert found[name].shape == (result["task"]["sizes"]["test"],)
            assert found[name].dtype == (bool if metric == "accuracy" else np.float32), "as a report asks for it"
            assert found[name].mean(dtype=float) == pytest.approx(result["metrics"]["test"][metric], rel=1e-12)


def test_the_best_epoch_is_the_recorded_one_when_restored(configure: Configure, tmp_path: Path) -> None:
    run(
        configure("trainer.restore_best=true", "optimizer.lr=0.5", "trainer.epochs=8", "dataset.train_size=200"),
        tmp_path,
        is_trial=False,
    )
    result = record(tmp_path)
    with (tmp_path / "history.csv").open() as file:
        accuracies = [float(row["validation_accuracy"]) for row in csv.DictReader(file)]
    assert result["metrics"]["validation"]["accuracy"] == max(accuracies) == accuracies[result["best_epoch"] - 1]


def test_a_run_that_diverges_is_recorded_as_such(configure: Configure, tmp_path: Path) -> None:
    with pytest.raises(DivergedError):
        run(configure("optimizer.lr=1e30", *QUICK), tmp_path, is_trial=False)
    result = record(tmp_path)
    assert (result["status"], result["metrics"]) == ("diverged", {})
    assert result["error"].startswith("diverged at epoch 1: the loss is ")
    assert not (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize("is_trial", [False, True])
def test_a_test_loss_that_is_not_finite_is_a_divergence(
    configure: Configure, tmp_path: Path, *, is_trial: bool
) -> None:
    config = configure("trainer.test=true", "trainer.save_weights=true", *QUICK)
    inputs = load_dataset(config.dataset, config.task, torch.device("cpu")).test.inputs  # as the run asks for it
    inputs[:] = inputs.sign() * 3e38
    with pytest.raises(DivergedError):
        run(config, tmp_path, is_trial=is_trial)
    result = record(tmp_path)
    assert (result["status"], result["metrics"]) == ("diverged", {})
    assert result["error"].startswith("diverged at epoch 3: the loss is ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history.csv", "result.json"]


def test_a_run_returns_the_numbers_that_a_sweep_may_optimize(configure: Configure, tmp_path: Path) -> None:
    closed = run(configure(*QUICK), tmp_path, is_trial=True)
    assert set(closed.numbers) == {*EACH_EPOCH, *SHARES}
    (tmp_path / "open").mkdir()
    opened = run(configure("trainer.test=true", *QUICK), tmp_path / "open", is_trial=True)
    assert set(opened.numbers) == {*EACH_EPOCH, *SHARES, "test_accuracy", "test_loss"}


def test_the_same_seed_leaves_the_same_record(configure: Configure, tmp_path: Path) -> None:
    kept = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        run(configure("regularizer=[l1,dropout]", *QUICK), tmp_path / name, is_trial=True)
        result = record(tmp_path / name)
        kept.append({key: value for key, value in result.items() if key not in ("seconds", "ended")})
    assert kept[0] == kept[1]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_both_precisions_learn(configure: Configure, tmp_path: Path, precision: str) -> None:
    config = configure(f"device.precision={precision}", "model=cnn", "trainer.epochs=8", "dataset.train_size=500")
    outcome = run(config, tmp_path, is_trial=False)
    assert outcome.metrics["test"]["accuracy"] > 0.85


def test_bfloat16_is_computed_in_and_weights_stay_float32(configure: Configure) -> None:
    digests = set()
    for precision in ("float32", "bfloat16"):
        config = configure(f"device.precision={precision}", *QUICK)
        parts = build(config)
        digests.add(evaluate(parts.model, parts.dataset.test, parts.scoring, precision).loss)
        assert {parameter.dtype for parameter in parts.model.parameters()} == {torch.float32}
    assert len(digests) == 2


@pytest.mark.parametrize("restore_best", [False, True])
def test_the_weights_on_disk_give_every_metric_on_disk(
    configure: Configure, tmp_path: Path, restore_best: bool
) -> None:
    """Also those that the training took itself, of the last epoch or the best; in the precision that it chose."""
    settings = ["model=cnn", "optimizer.lr=0.3", "trainer.epochs=16", "dataset.train_size=40"]
    settings += ["device.precision=bfloat16"]
    config = configure(f"trainer.restore_best={str(restore_best).lower()}", *settings)
    run(config, tmp_path, is_trial=False)
    result, parts = record(tmp_path), build(config)
    assert result["best_epoch"] < 16, "the case is one in which it matters"
    parts.model.load_state_dict(safetensors.torch.load_file(tmp_path / "model.safetensors"))
    assert result["machine"]["precision"] == parts.precision
    for name in ("train", "validation", "test"):
        split = getattr(parts.dataset, name)
        again = evaluate(parts.model, split, parts.scoring, parts.precision)
        assert result["metrics"][name] == again.values, name


def test_a_record_is_never_overwritten(configure: Configure, tmp_path: Path) -> None:
    run(configure(*QUICK), tmp_path, is_trial=True)
    before = (tmp_path / "result.json").read_bytes()
    with pytest.raises(RecordError, match="is there already"):
        run(configure("seed=1", *QUICK), tmp_path, is_trial=True)
    assert (tmp_path / "result.json").read_bytes() == before
