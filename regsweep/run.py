"""One run: build, train, evaluate, record. It knows no Hydra; a configuration and a folder come in."""

import io
import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from regsweep import loop, provenance, records, seeding, weights
from regsweep.build import Parts, build, has_batch_norm
from regsweep.config import RunConfig
from regsweep.data import Dataset, describe
from regsweep.errors import DivergedError, Pruned, RecordError, show
from regsweep.metrics import Metrics, evaluate_each
from regsweep.paths import RunPaths
from regsweep.progress import Reporter

_log = logging.getLogger("regsweep")

HISTORY_COLUMNS = (
    "epoch",
    "train_accuracy",
    "train_loss",
    "validation_accuracy",
    "validation_loss",
    "penalty",
    "train_seconds",
    "evaluate_seconds",
)


@dataclass(frozen=True)
class Outcome:
    """What a run ends with.

    Attributes:
        metrics: by split (``train``, ``validation``, ``test``), as far as they were taken.
        sparsity: the share of weights that are exactly zero.
        near_zero: the share below 0.001 in magnitude, exact zeros among them.
    """

    metrics: dict[str, Metrics]
    sparsity: float
    near_zero: float

    def named_metrics(self) -> dict[str, float]:
        """Return every number by the name that it has in ``trials.csv``."""
        named = {f"{split}_{name}": v for split, m in self.metrics.items() for name, v in m.as_dict().items()}
        return {**named, "sparsity": self.sparsity, "near_zero": self.near_zero}


def run(
    config: RunConfig,
    folder: Path,
    *,
    is_trial: bool,
    report: Callable[[float, int], None] | None = None,
    show_bar: bool = True,
) -> Outcome:
    """Train what `config` describes, leave the record in `folder`, and return the outcome.

    A run that diverges or fails leaves a record too, with the reason; one that is interrupted leaves none.

    Args:
        config: the validated configuration.
        folder: an existing folder.
        is_trial: whether it is one of a sweep, which by default keeps the test set closed and no weights.
        report: hears the validation accuracy after each epoch but the last; may raise `Pruned` to end the run there.
        show_bar: whether to show a progress bar where there is a terminal.

    Raises:
        RegsweepError: when it cannot be built, diverges, or cannot be recorded.
    """
    began = time.perf_counter()
    paths = RunPaths(folder)
    if paths.result.exists():
        raise RecordError(f"{paths.result} is there already; give each run a folder of its own (hydra.sweep.subdir)")
    parts: Parts | None = None
    reporter: Reporter | None = None
    try:
        parts = build(config)
        if not is_trial:
            _introduce(parts, config)
        reporter = _reporter(parts, config, is_trial, report)
        with reporter.shown(bar=show_bar):
            best_epoch = _train(parts, config, reporter)
        return _finish(paths, config, parts, reporter, best_epoch=best_epoch, is_trial=is_trial, began=began)
    except RecordError:
        raise
    except Exception as error:
        _record_failure(paths, config, parts, error=error, reporter=reporter, total=time.perf_counter() - began)
        raise


def _finish(
    paths: RunPaths,
    config: RunConfig,
    parts: Parts,
    reporter: Reporter,
    *,
    best_epoch: int | None,
    is_trial: bool,
    began: float,
) -> Outcome:
    """Open the test set where that is wanted, and record the trained network. The record itself comes last."""
    trained = time.perf_counter()
    # The epoch whose weights the network has now.
    kept = reporter.history[best_epoch - 1 if best_epoch and config.trainer.restore_best else -1]
    metrics = {"train": kept.train} | ({"validation": kept.validation} if kept.validation else {})
    if _opens(config.trainer.test, is_trial):
        metrics["test"], correct_N = _open_test(parts)
        if not math.isfinite(metrics["test"].loss):
            raise DivergedError(kept.epoch, metrics["test"].loss)
        if is_trial:
            _write_test_correct(paths.test_correct, correct_N)
    seconds = _seconds(reporter, began, time.perf_counter() - trained)
    if _opens(config.trainer.save_weights, is_trial):
        _write_weights(paths.weights, parts)
    _write_history(paths.history, reporter)
    sparsity, near_zero = weights.count_zeros(parts.model), weights.count_near_zeros(parts.model)
    content = {
        "status": "complete",
        "error": None,
        "metrics": {name: value.as_dict() for name, value in metrics.items()},
        "penalty": kept.penalty,
        "best_epoch": best_epoch,
        "epochs": len(reporter.history),
        "sparsity": sparsity,
        "near_zero": near_zero,
        "histogram": weights.histograms(parts.model),
        "weights_sha256": weights.digest(parts.model),
        "parameters": parts.groups.counts(),
        "seconds": seconds,
    }
    records.write_json(paths.result, {**content, **_provenance(config, parts)})
    return Outcome(metrics, sparsity["overall"], near_zero["overall"])


def _opens(setting: bool | None, is_trial: bool) -> bool:
    return not is_trial if setting is None else setting


def _reporter(parts: Parts, config: RunConfig, is_trial: bool, report: Callable[[float, int], None] | None) -> Reporter:
    num_images, batch_size = len(parts.dataset.train), config.trainer.batch_size
    steps = loop.num_steps(num_images, batch_size)
    return Reporter(config.trainer.epochs, steps, num_images / steps, lines=not is_trial, report=report)


def _train(parts: Parts, config: RunConfig, reporter: Reporter) -> int | None:
    settings = loop.Settings(
        epochs=config.trainer.epochs,
        batch_size=config.trainer.batch_size,
        precision=parts.precision,
        cuda_graphs=config.device.cuda_graphs,
        restore_best=config.trainer.restore_best,
    )
    batch_order = seeding.generator(config.seed, "batches")
    return loop.train(
        parts.model,
        parts.dataset,
        parts.optimizer,
        parts.penalty,
        penalized=parts.groups.penalized,
        settings=settings,
        batch_order=batch_order,
        observer=reporter,
    )


def _open_test(parts: Parts) -> tuple[Metrics, Tensor]:
    test = parts.dataset.test
    return evaluate_each(parts.model, test.images_NCHW, test.labels_N, parts.precision)


def _introduce(parts: Parts, config: RunConfig) -> None:
    for line in describe(parts.dataset):
        _log.info(line)
    regularizer = config.regularizer
    penalty = "no penalty" if regularizer.penalty == "none" else f"{regularizer.penalty} λ={regularizer.strength:g}"
    norm = "BatchNorm on" if has_batch_norm(parts.model) else "BatchNorm off"
    _log.info(f"model        {config.model.target.rpartition('.')[2]} on {parts.device}, {parts.precision}")
    _log.info(f"regularizer  {penalty}, dropout {regularizer.dropout:g}, {norm}")
    _log.info(f"             {parts.groups}")
    trainer = f"{config.trainer.epochs} epochs, batch {config.trainer.batch_size}, seed {config.seed}"
    _log.info(f"optimizer    {config.optimizer.name} lr={config.optimizer.lr:g}, {trainer}")


def _seconds(reporter: Reporter | None, began: float, last_evaluation: float = 0.0) -> dict[str, float]:
    history = reporter.history if reporter else []
    return {
        "train": sum(row.train_seconds for row in history),
        "evaluate": sum(row.evaluate_seconds for row in history) + last_evaluation,
        "total": time.perf_counter() - began,
    }


def _provenance(config: RunConfig, parts: Parts | None) -> dict[str, Any]:
    return {
        "seed": config.seed,
        "class_sizes": _class_sizes(parts.dataset) if parts else {},
        "ended": time.time(),
        "versions": provenance.versions(),
        "git": provenance.git(),
        "machine": {
            **provenance.machine(),
            "device": str(parts.device) if parts else config.device.name,
            "precision": parts.precision if parts else config.device.precision,
            "threads": torch.get_num_threads(),
        },
    }


def _class_sizes(dataset: Dataset) -> dict[str, list[int]]:
    splits = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    return {
        name: torch.bincount(split.labels_N, minlength=dataset.num_classes).tolist()
        for name, split in splits.items()
        if split is not None
    }


def _write_history(path: Path, reporter: Reporter) -> None:
    rows = []
    for row in reporter.history:
        flat: dict[str, Any] = {column: getattr(row, column) for column in HISTORY_COLUMNS if hasattr(row, column)}
        for name in ("train", "validation"):
            metrics: Metrics | None = getattr(row, name)
            flat |= {f"{name}_{key}": value for key, value in asdict(metrics).items()} if metrics else {}
        rows.append(flat)
    records.write_csv(path, HISTORY_COLUMNS, rows)


def _write_weights(path: Path, parts: Parts) -> None:
    # Cloned one by one: safetensors takes neither shared memory nor other memory orders.
    state = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in parts.model.state_dict().items()
    }
    records.write_bytes(path, safetensors.torch.save(state))


def _write_test_correct(path: Path, correct_N: Tensor) -> None:
    content = io.BytesIO()
    np.save(content, correct_N.cpu().numpy())
    records.write_bytes(path, content.getvalue())


def _last_metrics(reporter: Reporter | None) -> dict[str, dict[str, float]]:
    last = reporter.history[-1] if reporter and reporter.history else None
    metrics = {"train": last.train, "validation": last.validation} if last else {}
    return {name: value.as_dict() for name, value in metrics.items() if value is not None}


def _record_failure(
    paths: RunPaths,
    config: RunConfig,
    parts: Parts | None,
    *,
    error: Exception,
    reporter: Reporter | None,
    total: float,
) -> None:
    status = "diverged" if isinstance(error, DivergedError) else "pruned" if isinstance(error, Pruned) else "failed"
    if reporter is not None:
        _write_history(paths.history, reporter)
    content = {
        "status": status,
        "error": f"{type(error).__name__}: {show(error)}" if status == "failed" else str(error),
        "metrics": _last_metrics(reporter) if status == "pruned" else {},
        "epochs": len(reporter.history) if reporter else 0,
        "seconds": {**_seconds(reporter, 0.0), "total": total},
    }
    records.write_json(paths.result, {**content, **_provenance(config, parts)})
