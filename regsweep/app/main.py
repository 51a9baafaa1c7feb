"""The Hydra application's entry: composed configurations come in here, one per run or trial."""

from __future__ import annotations

import functools
import logging
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig
from rich.cells import cell_len

from regsweep import records
from regsweep.app.door import validate_composed
from regsweep.app.finished import finished_before
from regsweep.app.refuse import refuse
from regsweep.app.resume import is_trial_of_resumed
from regsweep.errors import NetworkError, Pruned, RecordError, RegsweepError, show
from regsweep.names import Named, place_of, short_names
from regsweep.numbers import show_number, show_share
from regsweep.objectives import short_name
from regsweep.paths import SweepPaths, config_folder, shown
from regsweep.pooling import DATA_KEYS
from regsweep.report.hydra_files import is_several
from regsweep.run_record import is_of_epoch
from regsweep.started import Command
from regsweep.sweeper import TrialValue, is_watched, report
from regsweep.sweeper.job import owned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from regsweep.sweeper.tables import TrialRows

_log = logging.getLogger("regsweep")

# What a configuration may name as a `_target_` for Hydra itself to call. Models do not go through Hydra:
# `regsweep.models.resolve` has a rule of its own for them.
_TRUSTED = [
    "regsweep.app.callback.RunCallback",
    "hydra.experimental.callbacks.*",
    "hydra_plugins.*",
    "optuna.samplers.*",
    "optuna.pruners.*",
    "regsweep.sweeper.pruners.SuccessiveHalvingPruner",
    "regsweep.sweeper.plugin.RegsweepSweeper",
    "regsweep.sweeper.plugin.GridSweeper",
    "regsweep.launcher.plugin.PoolLauncher",
    "regsweep.launcher.plugin.RayPoolLauncher",
    "regsweep.app.log_lines.Lines",
    "logging.FileHandler",
    "logging.StreamHandler",
    "logging.Formatter",
]


def _job(cfg: DictConfig) -> float:
    """Run one composed configuration and return its validation accuracy (NaN where there is none).

    A trial that fails or diverges returns NaN, which a sweep takes as a failure and goes on. A single run that
    fails ends the process.
    """
    runtime = HydraConfig.get()
    folder = Path(runtime.runtime.output_dir)
    if runtime.mode != RunMode.MULTIRUN:
        return _run(cfg, folder, is_trial=False)
    try:
        with owned(folder, runtime.job.num):
            finished = finished_before(folder) if is_trial_of_resumed(folder) else None
            if finished is None:
                return _run(cfg, folder, is_trial=True)
    except RecordError as error:
        refuse(error)
    _log.info(f"trial {runtime.job.num}: finished before, its result is read from its record")
    return finished


def _trial_rows(folder: Path, swept: list[str]) -> TrialRows:
    from regsweep.report.own import OwnRows  # noqa: PLC0415  (a job has no use for it)

    return OwnRows(folder, swept)


def _names_returned(config: DictConfig) -> list[str]:
    """Return the name of what a trial returns; the sweep's objective is settled."""
    return [f"validation_{short_name(str(config.objective))}"]


_job.trial_rows = _trial_rows  # type: ignore[attr-defined]
_job.names_returned = _names_returned  # type: ignore[attr-defined]
_job.ranked_apart = [*DATA_KEYS]  # type: ignore[attr-defined]
main = hydra.main(config_path=str(config_folder()), config_name="config", execution_whitelist=_TRUSTED)(_job)


def _run(cfg: DictConfig, folder: Path, *, is_trial: bool) -> float:
    from regsweep.progress import show_objective  # noqa: PLC0415  (imports torch, which --help does not need)
    from regsweep.run import run  # noqa: PLC0415

    runtime = HydraConfig.get()
    words = [""]
    try:
        config = validate_composed(cfg)
        words = _made_of(config.regularizer.in_use, runtime.overrides.task)
        outcome = run(
            config,
            folder,
            is_trial=is_trial,
            report=report if is_trial else None,
            reported=_reported(runtime.sweeper),
            show_bar=not is_watched(),
        )
    except Pruned as pruned:
        _log.info(in_one_line(f"trial {runtime.job.num} {pruned}", words))
        raise
    except RecordError as error:
        refuse(error)
    except RegsweepError as error:
        if not is_trial:
            refuse(error)
        # Of what a user's own network raises, the log has the whole story.
        _log.error(f"trial {runtime.job.num} {error}", exc_info=isinstance(error, NetworkError))
        return TrialValue(math.nan, error=str(error))
    except Exception as error:
        if not is_trial:
            raise
        _log.exception(f"trial {runtime.job.num} failed: {type(error).__name__}")
        return TrialValue(math.nan, error=f"{type(error).__name__}: {show(error)}")
    values = [f"{name} {show_objective(metrics)}" for name, metrics in outcome.metrics.items()]
    if is_trial:
        # The last is the one that trials are made for: of the validation images, or of the test set where it is open.
        _log.info(in_one_line(f"trial {runtime.job.num}: {values[-1]}", words))
    else:
        _log.info(f"{outcome.objective.replace('_', ' '):<12} {'  '.join(values)}")
        zero, near_zero = outcome.numbers["sparsity"], outcome.numbers["near_zero"]
        if zero:
            _log.info(f"weights      {show_share(zero)} exactly zero, {show_share(near_zero)} within ±0.001")
        _log.info(f"record       {shown(folder)}")
    validation = outcome.metrics.get("validation")
    return TrialValue(validation.value if validation else math.nan, outcome.numbers)


def _reported(sweeper: DictConfig) -> str | None:
    """Return the number that trials report while they run, by which they are given up; None: the objective."""
    names = [name for name in sweeper.get("objectives") or [] if is_of_epoch(str(name))]
    return str(names[0]) if len(names) == 1 else None


def _made_of(methods: Iterable[Named], overrides: Sequence[str]) -> list[str]:
    """Return a trial's methods and its other overrides in words, the longest form first."""
    pairs = [(key.lstrip("+~"), value) for key, _, value in (override.partition("=") for override in overrides)]
    same = _same_for_all(Path(HydraConfig.get().sweep.dir))
    return made_of(methods, [(key, value) for key, value in pairs if key not in same])


def made_of(methods: Iterable[Named], pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return the methods of a trial with its other overrides; then with fewer digits; then without their settings."""
    others = [(key, value) for key, value in pairs if not re.match(_NOT_SHOWN, key)]
    names = short_names([key for key, _ in others])
    used = sorted(methods, key=place_of)
    whole = " + ".join(each.description for each in used) or "no regularization"
    titles = " + ".join(each.title for each in used) or "no regularization"
    return [
        ", ".join([form, *(f"{names[key]} {_rounded(value, digits)}" for key, value in others)])
        for form, digits in ((whole, 3), (whole, 2), (titles, 3))
    ]


def in_one_line(start: str, words: Sequence[str]) -> str:
    """Return a trial's line with the first of `words` that leaves it one line, or else the last; its record has all."""
    lines = [f"{start}  {each}" for each in words]
    return next((line for line in lines if cell_len(line) <= _WIDTH), lines[-1])


_WIDTH = 80
"""Of a terminal that nobody has made wider."""


@functools.cache
def _same_for_all(sweep: Path) -> frozenset[str]:
    """Return the keys that the sweep's command line gives one value: those of all its trials."""
    try:
        arguments = records.read_as(SweepPaths(sweep).command, Command).arguments
    except RecordError:
        return frozenset()
    pairs = [(key.lstrip("+~"), value) for key, sign, value in (each.partition("=") for each in arguments) if sign]
    return frozenset(key for key, value in pairs if not is_several(value))


_NOT_SHOWN = r"(sweep|experiment|regularizer)\b"
"""Keys of overrides that add nothing to the methods' own words, or are the same for all trials."""


def _rounded(value: str, digits: int) -> str:
    return show_number(float(value), digits) if re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", value) else value
