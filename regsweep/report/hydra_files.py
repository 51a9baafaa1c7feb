"""What Hydra leaves of a multirun: the folders of its jobs, what was overridden in each, and with which values.

They are read as plain values; OmegaConf comes in where one is an interpolation.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from regsweep.errors import RecordError
from regsweep.plain_yaml import read_scalar
from regsweep.records import read_yaml


def read_overrides(path: Path) -> dict[str, str]:
    """Return what each key was set to, as it was typed, from a job's .hydra/overrides.yaml.

    Raises:
        RecordError: when it cannot be read or is no list.
    """
    return _as_dict(read_yaml(path), path)


def read_given(path: Path) -> dict[str, str]:
    """Return what each key was set to on the command line of the multirun, from its multirun.yaml.

    Raises:
        RecordError: when it cannot be read or does not contain it.
    """
    return _as_dict(at(read_yaml(path), "hydra", "overrides", "task"), path)


def read_searched(path: Path) -> list[str]:
    """Return the keys that the sweeper of a multirun searched by its own settings, from its multirun.yaml.

    Raises:
        RecordError: when it cannot be read or does not contain it.
    """
    content = read_yaml(path)
    params, given = at(content, "hydra", "sweeper", "params"), _as_dict(at(content, "hydra", "overrides", "task"), path)
    keys = [str(key).lstrip("+") for key in params] if isinstance(params, dict) else []
    return [key for key in keys if key not in given or is_several(given[key])]


def at(content: Any, *names: str) -> Any:
    """Return what stands there in nested dictionaries; None where nothing does."""
    for name in names:
        content = content.get(name) if isinstance(content, dict) else None
    return content


def _as_dict(lines: Any, path: Path) -> dict[str, str]:
    """Return a list of overrides by key, without the signs of adding (+, ++), those that delete (~) left out."""
    if not isinstance(lines, list):
        raise RecordError(f"{path}: not a list of overrides")
    typed = [line for line in lines if isinstance(line, str) and "=" in line and not line.startswith("~")]
    return dict(line.lstrip("+").split("=", 1) for line in typed)


def find_swept(
    overrides: Sequence[Mapping[str, str]],
    given: Mapping[str, str] | None,
    searched: Iterable[str] = (),
    *,
    first: Sequence[str] = (),
) -> list[str]:
    """Return the keys that the sweep varied, in the order in which they were given.

    These differ between trials, or were set by the sweeper and not by the command line, or the command line gave
    them several values or a range.

    Args:
        overrides: those of each job.
        given: those of the command line; None where they are not known, as Hydra's Optuna sweeper leaves them unsaid.
        searched: keys known to be searched, from the study or the sweeper's own settings.
        first: keys that stand first, in this order, whether or not a job has them.
    """
    keys = [*dict.fromkeys([*first, *(key for job in overrides for key in job)])]
    varied = {key for key in keys if any(job.get(key) != overrides[0].get(key) for job in overrides)} | {*searched}
    if given is None:
        return [key for key in keys if key in varied] or keys
    return [key for key in keys if key in varied or key in first or key not in given or is_several(given[key])]


def is_several(value: str) -> bool:
    """Return whether `value`, as typed, is Hydra's syntax for several values."""
    without_lists = re.sub(r"\[.*?\]|\{.*?\}|'.*?'|\".*?\"", "", value)
    return "," in without_lists or re.match(r"(interval|choice|range|glob|tag|shuffle|sort)\(", value) is not None


def find_values(config: Any, overrides: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Return the value of each key: typed, from the composed configuration; of a group, the option's name.

    Args:
        config: plain content of .hydra/config.yaml; None where it is not readable.
        overrides: what was typed, or what a study drew, for what the configuration does not have.
        keys: dotted.
    """
    values = {}
    for key in keys:
        value = _select(config, key)
        if value is None or isinstance(value, dict | list):
            value = overrides.get(key)
            # A study has values, and no text of them.
            value = value if isinstance(config, dict) or not isinstance(value, str) else read_scalar(value)
        values[key] = value
    return values


def _select(config: Any, key: str) -> Any:
    value = config
    for name in key.split("."):
        if isinstance(value, str) and "${" in value:
            return resolve(config, key)
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, str) and "${" in value:
        return resolve(config, key)
    return None if value == "???" else value  # OmegaConf's sign of what is missing


def resolve(config: Any, key: str) -> Any:
    """Return a value that refers to others; None where it refers to what only the run itself had."""
    if "oc.env" in str(config):
        return None  # the environment is another one by now, and not meant to be shown
    try:
        value = OmegaConf.select(OmegaConf.create(config), key, default=None)
    except (OmegaConfBaseException, ValueError, RecursionError):
        return None
    return None if OmegaConf.is_config(value) else value
