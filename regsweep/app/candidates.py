"""Which configurations of a sweep are confirmed, and what makes each: the overrides of a trial, by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from regsweep.errors import RegsweepError
from regsweep.paths import RunPaths
from regsweep.report.sweep import Sweep
from regsweep.sweeper.space import text_of

_UNREGULARIZED = {
    "regularizer": "none",
    "regularizer.penalty": "none",
    "regularizer.lambda": "0",
    "regularizer.dropout": "0",
}


@dataclass(frozen=True)
class Configuration:
    """What is trained on every seed.

    Attributes:
        name: in plain words.
        trial: its number in the sweep that it was chosen in.
        selected_for: the validation accuracy that it was chosen for, a fraction.
        parameters: the values that tell it from the others, by key.
        overrides: every key that makes it, as typed.
    """

    name: str
    trial: int
    selected_for: float
    parameters: dict[str, Any]
    overrides: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Return it as it stands in the plan."""
        return asdict(self)


@dataclass(frozen=True)
class _Trial:
    """A trial as it was composed."""

    overrides: dict[str, str]
    config: DictConfig
    choices: DictConfig

    @staticmethod
    def read(folder: Path) -> _Trial:
        paths = RunPaths(folder)
        try:
            lines = OmegaConf.to_container(OmegaConf.load(paths.overrides))
            config = OmegaConf.load(paths.config)
            hydra: Any = OmegaConf.load(paths.config.with_name("hydra.yaml"))
        except (OSError, ValueError) as error:
            raise RegsweepError(f"{folder}: its configuration cannot be read ({error})") from error
        assert isinstance(lines, list)
        assert isinstance(config, DictConfig)
        pairs = (str(line).partition("=") for line in lines if "=" in str(line))
        return _Trial({key: value for key, _, value in pairs}, config, hydra.hydra.runtime.choices)

    def text(self, key: str) -> str:
        """Return the value of `key` as it would be typed, whether or not it was."""
        if key in self.overrides:
            return self.overrides[key]
        if key in self.choices:
            return text_of(self.choices[key])
        value = OmegaConf.select(self.config, key)
        return text_of(OmegaConf.to_container(value) if OmegaConf.is_config(value) else value)


def fixed_overrides(folder: Path, without: set[str]) -> list[str]:
    """Return what the trial in `folder` was typed with, but for the keys in `without`."""
    given = _Trial.read(folder).overrides
    return [f"{key}={value}" for key, value in given.items() if key not in without]


def composed(folder: Path) -> DictConfig:
    """Return the configuration of the trial in `folder`, as it was composed."""
    return _Trial.read(folder).config


def choose(sweep: Sweep, top: int) -> list[dict[str, Any]]:
    """Return the rows of the `top` best configurations that regularize, each once, the best first.

    A configuration that was run with several seeds counts by its mean, and stands for its best trial.

    Raises:
        RegsweepError: when not one is complete.
    """
    settings = [key for key in sweep.swept if key != "seed"]
    complete = sweep.trials[(sweep.trials["status"] == "complete") & sweep.trials[sweep.objective].notna()]
    if complete.empty:
        raise RegsweepError(f"{sweep.folder}: no complete trial to confirm")
    same = complete[settings].astype(str).agg("\n".join, axis=1) if settings else complete["number"].astype(str)
    means = complete.groupby(same)[sweep.objective].mean().sort_values(ascending=False, kind="stable")
    chosen: list[dict[str, Any]] = []
    for key, mean in means.items():
        runs = complete[(same == key) & complete["duplicate_of"].isna()]
        best = runs.sort_values(sweep.objective, ascending=False, kind="stable").iloc[0]
        row = {str(name): value for name, value in best.items()}
        if regularizes(_Trial.read(sweep.folder / str(row["folder"])).config):
            chosen.append({**row, "selected_for": float(mean)})
        if len(chosen) == top:
            break
    if not chosen:
        raise RegsweepError(f"{sweep.folder}: no complete trial regularizes; there is nothing to compare with none")
    return chosen


def regularizes(config: DictConfig) -> bool:
    """Return whether a composed configuration has a penalty, dropout, or BatchNorm turned on."""
    regularizer = config.regularizer
    has_penalty = regularizer.penalty != "none" and float(regularizer["lambda"]) != 0
    return has_penalty or regularizer.dropout != 0 or regularizer.batch_norm is True


def unregularized(sweep: Sweep, rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return what makes the network without regularization, as typed.

    Where the sweep turned BatchNorm on or off, by its key or by a preset, the baseline is without; elsewhere it keeps
    what all have: the model's own habit (null), or none.
    """
    own = [composed(sweep.folder / str(row["folder"])).regularizer.batch_norm for row in rows]
    is_turned = "regularizer.batch_norm" in sweep.swept or any(value is True for value in own)
    return {**_UNREGULARIZED, "regularizer.batch_norm": "false" if is_turned else text_of(own[0])}


def configurations(
    sweep: Sweep, rows: list[dict[str, Any]], baseline: Sweep, baseline_row: Mapping[str, Any]
) -> list[Configuration]:
    """Return the baseline and the chosen rows as configurations that set the same keys."""
    folders = [baseline.folder / str(baseline_row["folder"]), *(sweep.folder / str(row["folder"]) for row in rows)]
    trials = [_Trial.read(folder) for folder in folders]
    swept = dict.fromkeys(key for key in (*sweep.swept, *baseline.swept) if key != "seed")
    typed = dict.fromkeys(
        key for trial in trials for key in trial.overrides if key.partition(".")[0] == "regularizer" or key in swept
    )
    keys = [*dict.fromkeys([*swept, *typed])]
    found: list[Configuration] = []
    for row, trial in zip([baseline_row, *rows], trials, strict=True):
        overrides = {key: trial.text(key) for key in keys}
        shown = {key: _value(trial, key) for key in swept}
        name = describe(trial.config) if found else "no regularization (tuned)"
        found.append(Configuration(name, int(row["number"]), float(row["selected_for"]), shown, overrides))
    return _told_apart(found)


def describe(config: DictConfig) -> str:
    """Return what regularizes a composed configuration: ``L2 with λ=0.0003, dropout 0.35 and BatchNorm``."""
    regularizer = config.regularizer
    parts = []
    if regularizer.penalty != "none" and float(regularizer["lambda"]) != 0:
        names = {"l1": "L1", "l2": "L2", "elastic_net": "elastic net"}
        mixture = "" if regularizer.l1_ratio is None else f" and ρ={float(regularizer.l1_ratio):.2g}"
        name = names.get(regularizer.penalty, regularizer.penalty)
        parts.append(f"{name} with λ={float(regularizer['lambda']):.2g}{mixture}")
    if regularizer.dropout:
        parts.append(f"dropout {float(regularizer.dropout):.2g}")
    if regularizer.batch_norm:
        parts.append("BatchNorm")
    return " and ".join([", ".join(parts[:-1]), *parts[-1:]]).removeprefix(" and ") or "no regularization"


def _told_apart(found: list[Configuration]) -> list[Configuration]:
    """Add the trial's number to names that occur more than once."""
    names = [configuration.name for configuration in found]
    return [
        Configuration(**{**c.as_dict(), "name": f"{c.name} (trial {c.trial})"}) if names.count(c.name) > 1 else c
        for c in found
    ]


def _value(trial: _Trial, key: str) -> Any:
    value = None if key in trial.choices else OmegaConf.select(trial.config, key)
    return trial.text(key) if value is None or OmegaConf.is_config(value) else value
