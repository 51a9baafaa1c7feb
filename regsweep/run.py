"""One run: build, train, evaluate, record. It knows no Hydra; a configuration and a folder come in."""

import io
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from regsweep import objectives, provenance, records, weights
from regsweep.build import Parts, build, network_lines
from regsweep.chosen import plain_settings
from regsweep.config import OptimizerConfig, RunConfig
from regsweep.data import describe
from regsweep.errors import DivergedError, NetworkError, Pruned, RecordError, RegsweepError, told
from regsweep.member import Member, num_steps
from regsweep.metrics import Metrics, OfEach, evaluate_each
from regsweep.names import name_of, network_name
from regsweep.numbers import count
from regsweep.optimizers import describe_strength
from regsweep.paths import RunPaths
from regsweep.preparation_record import PreparationRecord
from regsweep.progress import Reporter
from regsweep.regularizers.batch_norm import has_batch_norm
from regsweep.run_record import RunRecord, TaskRecord, UsedMethod
from regsweep.scope import count_covered, describe_scope
from regsweep.training import Training

_log = logging.getLogger("regsweep")

_HISTORY_ENDS = ("penalty", "train_seconds", "evaluate_seconds")
"""The last columns of ``history.csv``, after the numbers of each split."""


@dataclass(frozen=True)
class Outcome:
    """What a run ends with.

    Attributes:
        objective: the name of the number by which runs are compared.
        metrics: by split (``train``, ``validation``, ``test``), as far as they were taken.
        numbers: every number by the name that it has in ``trials.csv``.
    """

    objective: str
    metrics: dict[str, Metrics]
    numbers: dict[str, float]


@dataclass
class _Begun:
    """What there is of a run; everything is None until it is made."""

    parts: Parts | None = None
    member: Member | None = None


def run(
    config: RunConfig,
    folder: Path,
    *,
    is_trial: bool,
    report: Callable[[float, int], None] | None = None,
    reported: str | None = None,
    show_bar: bool = True,
) -> Outcome:
    """Train what `config` describes, leave the record in `folder`, and return the outcome.

    A run that diverges or fails leaves a record too, with the reason; one that is interrupted leaves none.

    Args:
        config: the validated configuration.
        folder: an existing folder.
        is_trial: whether it is one of a sweep, which by default keeps the test set closed and no weights.
        report: called with a number after each epoch but the last; may raise `Pruned` to end the run.
        reported: which number that is, ``validation_loss`` for one; None: the objective on the validation examples.
        show_bar: whether to show a progress bar where there is a terminal.

    Raises:
        RegsweepError: when it cannot be built, diverges, or cannot be recorded.
    """
    began = time.perf_counter()
    paths = RunPaths(folder)
    if paths.result.exists():
        raise RecordError(f"{paths.result} is there already; give each run a folder of its own (hydra.sweep.subdir)")
    begun = _Begun()
    try:
        parts = begun.parts = build(config)
        if not is_trial:
            _introduce(parts, config)
        reporter = _reporter(parts, config, is_trial, report, reported)
        member = begun.member = parts.member(config, reporter)
        with reporter.shown(bar=show_bar):
            _train(member)
        return _finish(paths, config, parts, member, is_trial=is_trial, began=began)
    except RecordError:
        raise
    except Exception as error:
        if begun.member is not None and isinstance(error, RegsweepError):
            error.exit_code = DivergedError.exit_code  # something was trained
        _record_failure(paths, config, begun, error=error, total=time.perf_counter() - began)
        raise


def _train(member: Member) -> None:
    Training([member]).run()
    if member.error is not None:
        raise member.error


def _finish(
    paths: RunPaths, config: RunConfig, parts: Parts, member: Member, *, is_trial: bool, began: float
) -> Outcome:
    """Open the test set where that is wanted, and record the trained network. The record itself comes last."""
    ended = time.perf_counter()
    kept, model = member.kept, member.trained()
    metrics = {"train": kept.train} | ({"validation": kept.validation} if kept.validation else {})
    if _opens(config.trainer.test, is_trial):
        metrics["test"], of_each = _open_test(parts, model)
        if not math.isfinite(metrics["test"].loss):
            raise DivergedError(kept.epoch, metrics["test"].loss)
        if is_trial:
            _write_each(paths.test_correct, of_each.correct_N)
            _write_each(paths.test_errors, of_each.objective_N)
    seconds = _seconds(member, began, time.perf_counter() - ended)
    numbers = member.records()
    if _opens(config.trainer.save_weights, is_trial):
        _write_weights(paths.weights, model)
        _preparation(parts).write(paths.preparation)
    _write_history(paths.history, member)
    record = RunRecord(
        "complete",
        metrics={name: dict(value.values) for name, value in metrics.items()},
        penalty=kept.penalty,
        best_epoch=member.best.epoch if member.best else None,
        epochs=len(member.history),
        **_zeros(parts.model),
        histogram=weights.histograms(parts.model),
        weights_sha256=weights.digest(model),
        seconds=seconds,
        **_made_of(config, parts, numbers),
    )
    record.write(paths.result)
    return Outcome(parts.scoring.objective.name, metrics, record.numbers())


def _opens(setting: bool | None, is_trial: bool) -> bool:
    return not is_trial if setting is None else setting


def _reporter(
    parts: Parts, config: RunConfig, is_trial: bool, report: Callable[[float, int], None] | None, reported: str | None
) -> Reporter:
    num_examples, batch_size = len(parts.dataset.train), config.trainer.batch_size
    steps = num_steps(num_examples, batch_size)
    return Reporter(
        config.trainer.epochs,
        steps,
        num_examples / steps,
        lines=not is_trial,
        report=report,
        reported=reported or f"validation_{parts.scoring.objective.name}",
    )


def _open_test(parts: Parts, model: nn.Module) -> tuple[Metrics, OfEach]:
    return evaluate_each(model, parts.dataset.test, parts.scoring, parts.precision)


def _introduce(parts: Parts, config: RunConfig) -> None:
    for line in [*describe(parts.dataset), *objectives.describe(parts.scoring.objective)]:
        _log.info(line)
    norm = "with" if has_batch_norm(parts.model) else "without"
    model = f"{network_name(config.model.target, config.model.parameters)} {norm} BatchNorm"
    _log.info(f"model        {model}, on {parts.device}, {parts.precision}")
    for line in network_lines(parts.adapted, parts.own_dropout, parts.methods.all):
        _log.info(line)
    _log.info(f"regularizer  {name_of(config.regularizer.in_use)}")
    for use in config.regularizer.in_use:
        if use.scope is not None:
            _log.info(f"             {use.title} {describe_scope(parts.model, use.scope)}")
    epochs = count(config.trainer.epochs, "epoch")
    trainer = f"{epochs}, batch {config.trainer.batch_size}, seed {config.seed}"
    _log.info(f"optimizer    {_describe_optimizer(config.optimizer)}, {trainer}")
    has_penalty = any(use.is_penalty for use in config.regularizer.in_use)
    if strength := describe_strength(parts.optimizer, has_penalty=has_penalty):
        _log.info(f"             {strength}")


def _describe_optimizer(optimizer: OptimizerConfig) -> str:
    schedule = f" schedule={optimizer.schedule}" if optimizer.schedule != "constant" else ""
    warmup = f" warmup={optimizer.warmup:g}" if optimizer.warmup else ""
    return f"{optimizer.title} lr={optimizer.lr:g}{schedule}{warmup}"


def _seconds(member: Member | None, began: float, last_evaluation: float = 0.0) -> dict[str, float]:
    history = member.history if member else []
    return {
        "train": sum(row.train_seconds for row in history),
        "evaluate": sum(row.evaluate_seconds for row in history) + last_evaluation,
        "total": time.perf_counter() - began,
    }


def _zeros(model: nn.Module) -> dict[str, Any]:
    """Return the shares of zeros among the weights that were trained: an average over steps has no exact ones."""
    return {"sparsity": weights.count_zeros(model), "near_zero": weights.count_near_zeros(model)}


def _made_of(
    config: RunConfig, parts: Parts | None, numbers: dict[str, dict[str, float]] | None = None
) -> dict[str, Any]:
    """Return the part of a record that describes what the run was made of, as it was resolved."""
    return {
        "methods": _used(config, parts, numbers or {}),
        "batch_norm": has_batch_norm(parts.model) if parts else None,
        "own_batch_norm": parts.own_batch_norm if parts else None,
        "dropout": parts.has_dropout if parts else None,
        "own_dropout": parts.own_dropout if parts else None,
        "adapted": parts.adapted if parts else [],
        "seed": config.seed,
        "class_sizes": parts.dataset.class_sizes if parts else {},
        "task": _task(parts) if parts else None,
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


def _used(config: RunConfig, parts: Parts | None, numbers: dict[str, dict[str, float]]) -> dict[str, UsedMethod]:
    return {
        use.method.name: UsedMethod(
            use.title,
            use.description,
            plain_settings(use.settings),
            use.main,
            list(use.method.paper or ()),
            use.is_penalty,
            numbers.get(use.method.name, {}),
            count_covered(parts.model, use.scope) if parts and use.scope else {},
        )
        for use in config.regularizer.in_use
    }


def _task(parts: Parts) -> TaskRecord:
    dataset, objective = parts.dataset, parts.scoring.objective
    return TaskRecord(
        dataset.kind,
        objective.name,
        objective.maximize,
        is_percent=objective.is_percent,
        is_mean=objective.is_mean,
        loss=parts.scoring.loss.name,
        sizes={name: len(split) for name, split in dataset.splits.items()},
        input_shape=list(dataset.input_shape),
        outputs=list(dataset.outputs),
        deviations=dataset.deviations,
    )


def _preparation(parts: Parts) -> PreparationRecord:
    dataset = parts.dataset
    return PreparationRecord(
        dataset.kind,
        list(dataset.outputs),
        list(dataset.input_shape),
        **dataset.constants(),
        precision=parts.precision,
    )


def _write_history(path: Path, member: Member) -> None:
    rows = []
    for row in member.history:
        flat: dict[str, Any] = {"epoch": row.epoch}
        for name in ("train", "validation"):
            metrics: Metrics | None = getattr(row, name)
            values = metrics.values if metrics else dict.fromkeys(row.train.values)
            flat |= {f"{name}_{key}": value for key, value in values.items()}
        rows.append(flat | {column: getattr(row, column) for column in _HISTORY_ENDS})
    columns = list(rows[0]) if rows else ["epoch", *_HISTORY_ENDS]
    records.write_csv(path, columns, rows)


def _write_weights(path: Path, model: nn.Module) -> None:
    # Cloned one by one: safetensors takes neither shared memory nor other memory orders.
    state = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in model.state_dict().items()
    }
    records.write_bytes(path, safetensors.torch.save(state))


def _write_each(path: Path, values_N: Tensor | None) -> None:
    if values_N is not None:
        content = io.BytesIO()
        np.save(content, values_N.cpu().numpy())
        records.write_bytes(path, content.getvalue())


def _last_metrics(member: Member | None) -> dict[str, dict[str, float]]:
    last = member.history[-1] if member and member.history else None
    metrics = {"train": last.train, "validation": last.validation} if last else {}
    return {name: dict(value.values) for name, value in metrics.items() if value is not None}


def _record_failure(paths: RunPaths, config: RunConfig, begun: _Begun, *, error: Exception, total: float) -> None:
    member = begun.member
    if member is not None:
        _write_history(paths.history, member)
    is_diverged, is_pruned = isinstance(error, DivergedError), isinstance(error, Pruned)
    RunRecord(
        "diverged" if is_diverged else "pruned" if is_pruned else "failed",
        error=str(error) if is_diverged or is_pruned or isinstance(error, NetworkError) else told(error),
        metrics=_last_metrics(member) if is_pruned else {},
        epochs=len(member.history) if member else 0,
        **(_zeros(begun.parts.model) if is_pruned and begun.parts else {}),
        seconds={**_seconds(member, 0.0), "total": total},
        **_made_of(config, begun.parts),
    ).write(paths.result)
