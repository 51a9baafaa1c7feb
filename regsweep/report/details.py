"""What a report shows of single trials. All of it is optional: what is missing or damaged is None."""

import json
import os
import re
import shlex
from collections.abc import Sequence
from contextlib import suppress
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pandas.errors import ParserError

from regsweep import records
from regsweep.errors import RecordError
from regsweep.job_folders import settings_file
from regsweep.paths import RunPaths, SweepPaths, place_typed_in
from regsweep.report.hydra_files import at
from regsweep.report.sweep import Sweep

_FLAGS = ("--config-dir", "-cd")
_PASSWORD = re.compile(r"://[^\s/@]*:[^\s@]+@|[?&](?:password|passwd|pwd)=", re.IGNORECASE)


def read_history(sweep: Sweep, number: int) -> pd.DataFrame | None:
    """Return a trial's history, as `history_in` has it."""
    paths = _paths(sweep, number)
    return None if paths is None else history_in(paths.folder)


def history_in(folder: Path) -> pd.DataFrame | None:
    """Return the history of the run in `folder`, a row per epoch: ``epoch``, ``train_accuracy`` and so on.

    Rows that are no epochs, and the rest of a half-written line, are left out; cells that are no numbers are NaN.
    """
    try:
        table = pd.read_csv(StringIO(RunPaths(folder).history.read_text(encoding="utf-8")), on_bad_lines="skip")
    except (OSError, ValueError, ParserError):
        return None
    if "epoch" not in table:
        return None
    numbers = table.apply(pd.to_numeric, errors="coerce").astype(float)
    epochs = numbers[numbers["epoch"].between(1, 2**31) & (numbers["epoch"] % 1 == 0)]
    return None if epochs.empty else epochs.astype({"epoch": int}).reset_index(drop=True)


def read_course(folder: Path, column: str) -> list[tuple[int, float]]:
    """Return the epochs in the history of the run in `folder`, each with its number in `column`; empty without one.

    It is what `read_history` has of them, without a table: for hundreds of runs.
    """
    try:
        head, *lines = RunPaths(folder).history.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []
    names = head.split(",")
    if "epoch" not in names or column not in names:
        return []
    found = []
    for line in lines:
        cells = dict(zip(names, line.split(","), strict=False))
        with suppress(ValueError, KeyError, OverflowError):
            epoch, value = float(cells["epoch"]), float(cells[column])
            if epoch >= 1 and epoch == int(epoch):
                found.append((int(epoch), value))
    return found


def read_result(sweep: Sweep, number: int) -> dict[str, Any] | None:
    """Return a trial's ``result.json``: histogram, sparsity, versions, git, machine and so on."""
    paths = _paths(sweep, number)
    return None if paths is None else result_in(paths.folder)


def result_in(folder: Path) -> dict[str, Any] | None:
    """Return the ``result.json`` of the run in `folder`."""
    return _json(RunPaths(folder).result)


def read_command(sweep: Sweep) -> dict[str, Any] | None:
    """Return what the sweep was started with: ``arguments``, ``working_folder``, ``import_path``."""
    command = _json(SweepPaths(sweep.folder).command)
    return None if command is None else _without_passwords(command)


def read_flags(sweep: Sweep) -> list[str]:
    """Return what named configuration folders of the user's own at the start: a flag, and Hydra's search path."""
    arguments = (read_command(sweep) or {}).get("arguments") or []
    joined = [argument for argument in arguments if argument.startswith("--config-dir=")]
    flag = joined or [word for flag, folder in pairwise(arguments) if flag in _FLAGS for word in (flag, folder)]
    return [*flag, *(argument for argument in arguments if argument.lstrip("+").startswith("hydra.searchpath="))]


def show_command(sweep: Sweep, words: Sequence[str]) -> str:
    """Return a command line to be typed here that finds modules, data and configurations where the sweep did."""
    place, line = (read_command(sweep) or {}).get("working_folder"), shlex.join(words)
    is_here = not isinstance(place, str) or not Path(place).is_dir() or Path(place).resolve() == place_typed_in()
    return line if is_here else f"cd {shlex.quote(str(place))} && {line}"


def read_override_lines(folder: Path) -> list[str]:
    """Return the overrides of the job in `folder`, each as it was typed; empty where they cannot be read."""
    try:
        lines = records.read_yaml(RunPaths(folder).overrides)
    except RecordError:
        return []
    return [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []


def read_program(sweep: Sweep) -> list[str]:
    """Return what another application was started with, as far as it is known: Python, its script, its configuration.

    Hydra records the script's name without its folder, so it is looked for where the command was typed, and beside
    the configuration.
    """
    for folder in sweep.trials["folder"].head(5):
        try:
            hydra = at(records.read_yaml(settings_file(sweep.folder / folder)), "hydra")
        except RecordError:
            continue
        cwd, sources, job = at(hydra, "runtime", "cwd"), at(hydra, "runtime", "config_sources"), at(hydra, "job")
        if not isinstance(cwd, str):
            continue
        places = [
            (at(source, "provider"), Path(path))
            for source in (sources if isinstance(sources, list) else [])
            if isinstance(path := at(source, "path"), str) and path.startswith("/")
        ]
        near = [Path(cwd), *(path for _, path in places), *(path.parent for _, path in places)]
        named = [place / f"{at(job, 'name')}.py" for place in near]
        script = next((file for file in named if file.is_file()), None)
        program = ["python", os.path.relpath(script, cwd)] if script else []
        return [*program, *_config_flags(at(job, "config_name"), places, script, cwd)]
    return []


def _config_flags(name: Any, places: Sequence[tuple[Any, Path]], script: Path | None, cwd: str) -> list[str]:
    """Return the options that chose the configuration: all that does not stand in the script itself.

    Args:
        name: of the configuration.
        places: folders of configurations, each with who named it to Hydra.
        script: the application's file; None where it is not found.
        cwd: where the command was typed.
    """
    code = ""
    if script is not None:
        with suppress(OSError):
            code = script.read_text(encoding="utf-8", errors="replace")

    def written(argument: str) -> list[str]:
        return re.findall(rf"\b{argument}\s*=\s*[\"']([^\"']*)[\"']", code)

    flags = []
    for provider, path in places:
        if provider == "command-line":
            flags += ["--config-dir", os.path.relpath(path, cwd)]
        elif provider == "main":
            beside = script.parent if script else Path(cwd)
            own = [os.path.normpath(beside / folder) for folder in written("config_path") or ["."]]
            flags += [] if str(path) in own else ["--config-path", str(path)]
    if isinstance(name, str) and name not in [own.removesuffix(".yaml") for own in written("config_name")]:
        flags += ["--config-name", name]
    return flags


def read_config(sweep: Sweep, number: int) -> dict[str, Any] | None:
    """Return a trial's composed configuration as plain values, URLs with a password left out.

    Interpolations are resolved; all stay as they are written where one refers to what only the run itself had, or
    to the environment, which is another one by now.
    """
    paths = _paths(sweep, number)
    try:
        config = None if paths is None else records.read_yaml(paths.config)
        if not isinstance(config, dict):
            return None
        text = json.dumps(config, default=str)
    except (RecordError, ValueError, TypeError, RecursionError):
        return None
    if "${" in text and "oc.env" not in text:
        with suppress(OmegaConfBaseException, ValueError, TypeError, RecursionError):
            config = OmegaConf.to_container(OmegaConf.create(config), resolve=True)
    plain: dict[str, Any] = _without_passwords(config)
    return plain


def _paths(sweep: Sweep, number: int) -> RunPaths | None:
    folders = sweep.trials.loc[sweep.trials["number"] == number, "folder"]
    return None if folders.empty else RunPaths(sweep.folder / folders.iloc[0])


def _json(path: Path) -> dict[str, Any] | None:
    try:
        return records.read_json(path)
    except RecordError:
        return None


def _without_passwords(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _without_passwords(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_without_passwords(value) for value in content]
    is_secret = isinstance(content, str) and _PASSWORD.search(content)
    return "(a URL with a password, not shown)" if is_secret else content
