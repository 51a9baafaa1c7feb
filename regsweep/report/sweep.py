"""From a sweep's folder to a table: one row per trial."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from regsweep import records
from regsweep.errors import RecordError, RegsweepError
from regsweep.paths import RunPaths, SweepPaths

OBJECTIVE = "validation_accuracy"


@dataclass(frozen=True)
class Sweep:
    """A sweep, or a single run, as its records tell it.

    Attributes:
        folder: where it lies.
        trials: one row per trial, in their order: ``number``, ``folder``, ``status``, the swept parameters by
            their dotted keys, metrics, seconds. Status is what the record says, ``interrupted`` where there is
            none, ``unreadable`` where it cannot be read.
        swept: the names of the columns that hold swept parameters.
    """

    folder: Path
    trials: pd.DataFrame
    swept: list[str]

    def ranked(self) -> pd.DataFrame:
        """Return the trials, best validation accuracy first, those without one last."""
        return self.trials.sort_values(OBJECTIVE, ascending=False, na_position="last", kind="stable")

    def best(self) -> Mapping[str, Any] | None:
        """Return the best complete trial's row, the first of equals; None where none is complete."""
        complete = self.trials[self.trials["status"] == "complete"]
        scored = complete[complete[OBJECTIVE].notna()]
        return (
            None
            if scored.empty
            else {str(name): value for name, value in scored.iloc[int(scored[OBJECTIVE].argmax())].items()}
        )


def load_sweep(folder: Path | str) -> Sweep:
    """Return the records under `folder`: a grid, an Optuna sweep (finished or not) or a single run.

    Raises:
        RegsweepError: when `folder` holds none of these.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise RegsweepError(f"{folder}: {'not a folder' if folder.exists() else 'no such folder'}")
    if RunPaths(folder).config.is_file():
        overrides = _overrides(RunPaths(folder))
        return _sweep(folder, [(0, folder)], list(overrides))
    trials = _trial_folders(folder)
    if not trials and not SweepPaths(folder).multirun.is_file():
        raise RegsweepError(f"{folder}: neither a sweep nor a run; give a folder such as multirun/<date>/<time>")
    return _sweep(
        folder, trials, _swept_keys(folder, [given for _, path in trials if (given := _overrides(RunPaths(path)))])
    )


def _trial_folders(folder: Path) -> list[tuple[int, Path]]:
    """Return number and folder of each trial: by their names, or in their order where hydra.sweep.subdir set others."""
    inside = [path for path in folder.iterdir() if path.name.isdecimal() and path.is_dir()]
    is_sweep = SweepPaths(folder).multirun.is_file()
    numbered = sorted((int(path.name), path) for path in inside if is_sweep or RunPaths(path).overrides.is_file())
    if numbered or not is_sweep:
        return numbered
    return list(enumerate(sorted(path.parent for path in folder.rglob(".hydra"))))


def _sweep(folder: Path, trials: list[tuple[int, Path]], swept: list[str]) -> Sweep:
    rows = [_row(number, path, folder, swept) for number, path in trials]
    first = ["number", "folder", "status", *swept]
    metrics = [f"{split}_{metric}" for split in ("validation", "train", "test") for metric in ("accuracy", "loss")]
    last = [
        "penalty",
        "sparsity",
        "best_epoch",
        "epochs",
        "train_seconds",
        "evaluate_seconds",
        "total_seconds",
        "seed",
        "error",
        "duplicate_of",
    ]
    columns = dict.fromkeys([*first, *metrics, *last])  # a swept seed stands among the parameters, once
    return Sweep(folder, pd.DataFrame(rows, columns=list(columns)), swept)


def _row(number: int, path: Path, folder: Path, swept: list[str]) -> dict[str, Any]:
    paths = RunPaths(path)
    row: dict[str, Any] = {"number": number, "folder": str(path.relative_to(folder))}
    row |= _values(paths, swept)
    if not paths.result.is_file():
        return {**row, "status": "interrupted", **_told(paths, swept)}
    try:
        record = records.read_json(paths.result)
        for split, metrics in record["metrics"].items():
            row |= {f"{split}_{name}": value for name, value in metrics.items()}
        row |= {f"{name}_seconds": value for name, value in record["seconds"].items()}
        row["status"] = record["status"]
        row |= {name: record.get(name) for name in ("penalty", "best_epoch", "epochs", "seed", "error")}
        row["sparsity"] = record.get("sparsity", {}).get("overall")
    except (RecordError, KeyError, AttributeError, TypeError) as error:
        return {**row, "status": "unreadable", "error": str(error)}
    return row


def _told(paths: RunPaths, swept: list[str]) -> dict[str, Any]:
    """Return what the sweep says of a trial that left no record itself: a killed worker's, or a duplicate."""
    try:
        told = records.read_json(paths.trial)
    except RecordError:
        return {}
    earlier = told.get("duplicate_of")
    if earlier is not None:
        same = RunPaths(paths.folder.with_name(str(earlier)))
        return {**_values(same, swept), **told["metrics"], "status": told["status"], "duplicate_of": earlier}
    return {name: told.get(name) for name in ("status", "error")} if told.get("status") == "failed" else {}


def _swept_keys(folder: Path, overrides: list[dict[str, str]]) -> list[str]:
    """Return the keys that the sweep varied, in the order in which they were given.

    These differ between trials, or were set by the sweeper and not by the command line, or the command line gave
    them several values or a range.
    """
    given = _multirun_overrides(SweepPaths(folder).multirun)
    keys = dict.fromkeys(key for trial in overrides for key in trial)
    return [
        key
        for key in keys
        if key not in given or _is_sweep(given[key]) or len({trial.get(key) for trial in overrides}) > 1
    ]


def _is_sweep(value: str) -> bool:
    """Return whether `value`, as typed, is Hydra's syntax for several values."""
    without_lists = re.sub(r"\[.*?\]|\{.*?\}|'.*?'|\".*?\"", "", value)
    return "," in without_lists or re.match(r"(interval|choice|range|glob|tag|shuffle|sort)\(", value) is not None


def _values(paths: RunPaths, keys: list[str]) -> dict[str, Any]:
    """Return the value of each key: typed, from the composed configuration; of a group, the option's name."""
    overrides = _overrides(paths)
    try:
        config = OmegaConf.load(paths.config)
    except (OSError, OmegaConfBaseException, ValueError):
        config = OmegaConf.create()
    values = {}
    for key in keys:
        value = OmegaConf.select(config, key, default=None) if key.isascii() else None
        values[key] = overrides.get(key) if value is None or OmegaConf.is_config(value) else value
    return values


def _overrides(paths: RunPaths) -> dict[str, str]:
    return _read_overrides(paths.overrides)


def _read_overrides(path: Path) -> dict[str, str]:
    try:
        lines = OmegaConf.to_container(OmegaConf.load(path))
    except (OSError, OmegaConfBaseException, ValueError):
        return {}
    return _as_dict(lines)


def _multirun_overrides(path: Path) -> dict[str, str]:
    try:
        config = OmegaConf.load(path)
    except (OSError, OmegaConfBaseException, ValueError):
        return {}
    return _as_dict(OmegaConf.to_container(config.hydra.overrides.task))


def _as_dict(lines: Any) -> dict[str, str]:
    return dict(str(line).split("=", 1) for line in lines if "=" in str(line)) if isinstance(lines, list) else {}
