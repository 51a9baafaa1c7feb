"""What Hydra leaves of a multirun: the folders of its jobs, what was overridden in each, and with which values.

They are read as plain values; OmegaConf comes in where one is an interpolation.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from regsweep.errors import RecordError, RegsweepError, show
from regsweep.paths import RunPaths, SweepPaths
from regsweep.plain_yaml import read_scalar
from regsweep.records import read_yaml

Job = tuple[int, Path]
"""Number and folder."""

DEEPEST = 5
"""Levels below a sweep's folder that hydra.sweep.subdir may put its jobs at."""


def find_jobs(folder: Path) -> list[Job]:
    """Return the jobs of the multirun in `folder` in the order of their numbers: folders named so, or any below it.

    With another hydra.sweep.subdir the number stands in each job's own .hydra/hydra.yaml; where two jobs have the
    same one (the folder was used twice), they are numbered in the order of their folders.

    Raises:
        RegsweepError: when several multiruns lie in `folder`.
    """
    is_sweep = SweepPaths(folder).multirun.is_file() or SweepPaths(folder).optimization_results.is_file()
    with os.scandir(folder) as entries:
        named = [entry for entry in entries if re.fullmatch(r"0|[1-9][0-9]{0,8}", entry.name) and entry.is_dir()]
    numbered = sorted((int(entry.name), folder / entry.name) for entry in named)
    jobs = [job for job in numbered if is_sweep or _is_job(job[1])]
    if any(_is_job(path) for _, path in jobs):
        return jobs
    below = list(_jobs_below(folder))
    if not below:
        return jobs
    numbers = {path: _number(path) for path in below}
    if None not in numbers.values() and len(set(numbers.values())) == len(below):
        found = sorted((number, path) for path, number in numbers.items() if number is not None)
        _require_no_level_between(folder, found, is_sweep=is_sweep)
        return found
    if not is_sweep:
        raise RegsweepError(f"{show(folder)}: several sweeps lie in it; give one of them")
    return list(enumerate(sorted(below)))


def _is_job(path: Path) -> bool:
    paths = RunPaths(path)
    return any(file.exists() for file in (paths.overrides.parent, paths.result, paths.trial))


def _jobs_below(folder: Path) -> Iterable[Path]:
    """Yield the folders with a .hydra in them, leaving out those of another sweep that lies inside this one."""
    for place, names, files in os.walk(folder):
        path = Path(place)
        depth = len(path.parts) - len(folder.parts)
        if depth and (RunPaths(path).overrides.parent.name in names or SweepPaths(path).multirun.name in files):
            if SweepPaths(path).multirun.name not in files:
                yield path
            names.clear()
        elif depth == DEEPEST:
            names.clear()


def settings_file(path: Path) -> Path:
    """Return where a job's folder has Hydra's own settings."""
    return RunPaths(path).config.with_name("hydra.yaml")


def _number(path: Path) -> int | None:
    try:
        text = settings_file(path).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    found = re.search(r"^  job:\n(?:    .*\n)*?    num: (\d{1,9})$", text, re.MULTILINE)
    return int(found[1]) if found else None


def _require_no_level_between(folder: Path, jobs: Sequence[Job], *, is_sweep: bool) -> None:
    """Refuse a folder whose only content is a sweep's folder: there lies what belongs to the sweep."""
    parents = {path.parent for number, path in jobs if path.name == str(number)}
    if not is_sweep and len(parents) == 1 and len({path.parent for _, path in jobs}) == 1:
        raise RegsweepError(f"{show(folder)}: no sweep itself; give {show(parents.pop())}")


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
    return [key for key in keys if key not in given or _is_several(given[key])]


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
    return [key for key in keys if key in varied or key in first or key not in given or _is_several(given[key])]


def _is_several(value: str) -> bool:
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
