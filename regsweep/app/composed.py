"""What a trial was composed of: what was typed, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from regsweep import records
from regsweep.errors import RecordError, show
from regsweep.paths import RunPaths
from regsweep.sweeper.space import text_of

_NOWHERE: Any = object()


@dataclass(frozen=True)
class Composed:
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
    def read(folder: Path) -> Composed:
        """Return the trial in `folder`.

        Raises:
            RecordError: when what Hydra left of it cannot be read.
        """
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
        return Composed(overrides, signs, _load(RunPaths(folder).config), dict(choices))

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

    def value(self, key: str) -> Any:
        """Return the value of `key`; of a config group, and of what is no plain value, its text."""
        value = None if key in self.choices else OmegaConf.select(self.config, key)
        return self.text(key) if value is None or OmegaConf.is_config(value) else value


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
    config = _load(path)
    try:
        dict(config.regularizer)
    except (OmegaConfBaseException, AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{path}: not the configuration of a run ({show(error)})") from error
    return config


def _load(path: Path) -> DictConfig:
    try:
        config = OmegaConf.create(records.read_yaml(path))
    except (OmegaConfBaseException, ValueError) as error:
        raise RecordError(f"{path}: not the configuration of a run ({show(error)})") from error
    if not isinstance(config, DictConfig):
        raise RecordError(f"{path}: not the configuration of a run (a list)")
    return config
