"""Which configurations of a sweep are confirmed, and what makes each: the overrides of a trial, by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from regsweep import records
from regsweep.errors import RecordError, RegsweepError, show
from regsweep.numbers import show_number
from regsweep.paths import RunPaths
from regsweep.report.habits import batch_norm_habit
from regsweep.report.sweep import Sweep
from regsweep.report.table import show_value
from regsweep.sweeper.space import text_of

_NOWHERE: Any = object()

_BATCH_NORM = "regularizer.batch_norm"

_UNREGULARIZED = {
    "regularizer": "none",
    "regularizer.penalty": "none",
    "regularizer.lambda": "0",
    "regularizer.dropout": "0",
}


NAMES = {"l1": "L1", "l2": "L2", "elastic_net": "elastic net"}


@dataclass(frozen=True)
class Configuration:
    """What is trained on every seed.

    Attributes:
        name: in plain words.
        kind: what regularizes it; empty for a network without regularization.
        trial: its number in the sweep that it was chosen in.
        selected_for: the validation accuracy that it was chosen for, a fraction.
        parameters: the values that tell it from the others, by key.
        overrides: every key that makes it, as typed, with the + or ++ of a key that is added.
    """

    name: str
    kind: list[str]
    trial: int
    selected_for: float
    parameters: dict[str, Any]
    overrides: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Return it as it stands in the plan."""
        return asdict(self)

    def without_regularization(self, baseline: Configuration) -> Configuration:
        """Return the same network without regularization: `baseline`'s regularizer, and its own other settings."""
        overrides, parameters = (
            {
                **{key: value for key, value in own.items() if not _regularizes(key)},
                **{key: value for key, value in theirs.items() if _regularizes(key)},
            }
            for own, theirs in ((self.overrides, baseline.overrides), (self.parameters, baseline.parameters))
        )
        return Configuration(
            f"no regularization{settings_of(parameters)}", [], self.trial, self.selected_for, parameters, overrides
        )


@dataclass(frozen=True)
class _Trial:
    """A trial as it was composed.

    Attributes:
        overrides: what was typed, by key.
        signs: the + or ++ that was typed before a key.
        config: what it came to.
        choices: options by config group.
    """

    overrides: dict[str, str]
    signs: dict[str, str]
    config: DictConfig
    choices: Mapping[str, Any]

    @staticmethod
    def read(folder: Path) -> _Trial:
        paths = RunPaths(folder)
        settings = paths.config.with_name("hydra.yaml")
        lines, hydra = _lines(folder), records.read_yaml(settings)
        try:
            choices = hydra["hydra"]["runtime"]["choices"].items()
        except (KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"{settings}: not the settings of a run of Hydra's") from error
        set_lines = [line for line in lines if "=" in line and not line.startswith("~")]
        overrides = {key_of(line): line.partition("=")[2] for line in set_lines}
        signs = {key_of(line): line[: len(line) - len(line.lstrip("+"))] for line in set_lines}
        return _Trial(overrides, signs, composed(folder), dict(choices))

    def has(self, key: str) -> bool:
        """Return whether there is such a key: Adam has no momentum."""
        is_composed = OmegaConf.select(self.config, key, default=_NOWHERE) is not _NOWHERE
        return key in self.overrides or key in self.choices or is_composed

    def text(self, key: str) -> str:
        """Return the value of `key` as it would be typed, whether or not it was."""
        if key in self.overrides:
            return self.overrides[key]
        if key in self.choices:
            return text_of(self.choices[key])
        value = OmegaConf.select(self.config, key)
        return text_of(OmegaConf.to_container(value) if OmegaConf.is_config(value) else value)


def fixed_overrides(folder: Path, without: set[str]) -> list[str]:
    """Return what the trial in `folder` was typed to set, but for the keys in `without`."""
    return [line for line in _lines(folder) if "=" in line and key_of(line) not in without]


def _lines(folder: Path) -> list[str]:
    path = RunPaths(folder).overrides
    lines = records.read_yaml(path)
    if not isinstance(lines, list):
        raise RecordError(f"{path}: not a list of overrides")
    return [str(line) for line in lines]


def key_of(override: str) -> str:
    """Return the key that an override sets, adds (+, ++) or deletes (~)."""
    return override.partition("=")[0].lstrip("+~")


def composed(folder: Path) -> DictConfig:
    """Return the configuration of the trial in `folder`, as it was composed.

    Raises:
        RecordError: when it cannot be read.
    """
    path = RunPaths(folder).config
    try:
        config: DictConfig = OmegaConf.create(records.read_yaml(path))
        describe(config)
    except (OmegaConfBaseException, AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{path}: not the configuration of a run ({show(error)})") from error
    return config


def ranked(sweep: Sweep) -> Iterator[dict[str, Any]]:
    """Yield a row per configuration that is complete, the best first, the earliest of equals.

    A configuration that was run with several seeds counts by their mean, and stands for its best trial.
    """
    settings = [key for key in sweep.swept if key != "seed"]
    is_scored = (sweep.trials["status"] == "complete") & sweep.trials[sweep.objective].notna()
    complete = sweep.trials[is_scored & sweep.trials["duplicate_of"].isna()].sort_values("number")
    sign = -1 if sweep.maximize else 1
    groups: dict[str, list[dict[str, Any]]] = {}  # in the order of their first trials
    for row in complete.to_dict("records"):
        groups.setdefault("\n".join(str(row[key]) for key in settings), []).append({str(k): v for k, v in row.items()})
    if not settings:
        groups = {str(number): [row] for number, row in enumerate(row for rows in groups.values() for row in rows)}
    means = {same: fmean(row[sweep.objective] for row in rows) for same, rows in groups.items()}
    for same in sorted(means, key=lambda same: sign * means[same]):  # a stable order: the earliest of equals first
        yield {**min(groups[same], key=lambda row: sign * row[sweep.objective]), "selected_for": means[same]}


def choose_kinds(sweep: Sweep, top: int, most: int) -> list[list[dict[str, Any]]]:
    """Return the rows of the best `most` configurations, at most, of each of the `top` best kinds, the best first.

    A kind is the set of what regularizes: each penalty, dropout, BatchNorm. It is as good as its best configuration.

    Raises:
        RegsweepError: when nothing that regularizes is complete.
    """
    kinds: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    num_complete = 0
    for row in ranked(sweep):
        num_complete += 1
        kind = tuple(kind_of(composed(sweep.folder / str(row["folder"])), is_turned=turns_batch_norm(sweep)))
        if kind and (kind in kinds or len(kinds) < top):
            rows = kinds.setdefault(kind, [])
            rows.extend([row][: most - len(rows)])
        if len(kinds) == top and all(len(rows) == most for rows in kinds.values()):
            break
    if not num_complete:
        raise RegsweepError(f"{sweep.folder}: no complete trial to confirm")
    if not kinds:
        raise RegsweepError(f"{sweep.folder}: no complete trial regularizes; there is nothing to compare with none")
    return list(kinds.values())


def turns_batch_norm(sweep: Sweep) -> bool:
    """Return whether the sweep turns BatchNorm on and off by its key."""
    return _BATCH_NORM in sweep.swept


def kind_of(config: DictConfig, *, is_turned: bool = False) -> list[str]:
    """Return the names of what regularizes a composed configuration: its penalty, dropout, BatchNorm.

    Where a model has BatchNorm of its own accord, it is part of the network, unless the sweep turns it on and off.

    Args:
        config: the configuration.
        is_turned: whether its sweep turns BatchNorm on and off by its key.
    """
    regularizer = config.regularizer
    habit = batch_norm_habit(OmegaConf.select(config, "model._target_"))
    has_batch_norm = habit if regularizer.batch_norm is None else regularizer.batch_norm
    has_penalty = regularizer.penalty != "none" and float(regularizer["lambda"]) != 0
    return [
        *([NAMES.get(regularizer.penalty, regularizer.penalty)] if has_penalty else []),
        *(["dropout"] if regularizer.dropout else []),
        *(["BatchNorm"] if has_batch_norm and (is_turned or not habit) else []),
    ]


def unregularized(sweep: Sweep, rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return what makes the network without regularization, as typed.

    Where the sweep turned BatchNorm on or off, by its key or by a preset, the baseline is without; elsewhere it keeps
    what all have: the model's own habit (null), or none.
    """
    own = [composed(sweep.folder / str(row["folder"])) for row in rows]
    is_turned = turns_batch_norm(sweep) or any("BatchNorm" in kind_of(config) for config in own)
    return {**_UNREGULARIZED, _BATCH_NORM: "false" if is_turned else text_of(own[0].regularizer.batch_norm)}


def configurations(
    sweep: Sweep, rows: list[dict[str, Any]], baseline: Sweep, baseline_rows: list[dict[str, Any]]
) -> tuple[list[Configuration], list[Configuration]]:
    """Return the baseline's rows, and the chosen ones, as configurations that set the same keys, if they have them."""
    places = [*((baseline, row) for row in baseline_rows), *((sweep, row) for row in rows)]
    trials = [_Trial.read(source.folder / str(row["folder"])) for source, row in places]
    swept = dict.fromkeys(key for key in (*sweep.swept, *baseline.swept) if key != "seed")
    typed = dict.fromkeys(key for trial in trials for key in trial.overrides if _regularizes(key) or key in swept)
    signs = {key: sign for trial in trials for key, sign in trial.signs.items() if sign}
    is_turned = turns_batch_norm(sweep)
    found: list[Configuration] = []
    for (_, row), trial in zip(places, trials, strict=True):
        overrides = {signs.get(key, "") + key: trial.text(key) for key in (swept | typed) if trial.has(key)}
        parameters = {key: _value(trial, key) for key in swept if trial.has(key)}
        is_baseline = len(found) < len(baseline_rows)
        name = "no regularization (tuned)" if is_baseline else describe(trial.config, is_turned=is_turned)
        found.append(
            Configuration(
                f"{name}{settings_of(parameters)}",
                kind_of(trial.config, is_turned=is_turned),
                int(row["number"]),
                float(row["selected_for"]),
                parameters,
                overrides,
            )
        )
    return found[: len(baseline_rows)], found[len(baseline_rows) :]


def describe(config: DictConfig, *, is_turned: bool = False) -> str:
    """Return what regularizes a composed configuration: ``L2 λ=0.0003 with dropout 0.35 and BatchNorm``."""
    regularizer = config.regularizer
    ratio = "" if regularizer.l1_ratio is None else f" ρ={show_number(float(regularizer.l1_ratio), 2)}"
    parts = {
        "dropout": f"dropout {show_number(float(regularizer.dropout), 2)}",
        "BatchNorm": "BatchNorm",
    }
    strength = f"λ={show_number(float(regularizer['lambda']), 2)}{ratio}"
    kind = kind_of(config, is_turned=is_turned)
    first, *others = [parts.get(name, f"{name} {strength}") for name in kind] or ["no regularization"]
    return f"{first} with {' and '.join(others)}" if others else first


def settings_of(parameters: Mapping[str, Any]) -> str:
    """Return what else was tuned, as a name's end: ``, at lr 0.0031``; nothing where nothing was."""
    others = {key.rpartition(".")[2]: value for key, value in parameters.items() if not _regularizes(key)}
    settings = [f"{name} {show_value(value)}" for name, value in others.items()]
    return f", at {' and '.join(settings)}" if settings else ""


def _regularizes(key: str) -> bool:
    return key_of(key).partition(".")[0] == "regularizer"


def _value(trial: _Trial, key: str) -> Any:
    value = None if key in trial.choices else OmegaConf.select(trial.config, key)
    return trial.text(key) if value is None or OmegaConf.is_config(value) else value
