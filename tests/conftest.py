"""What the tests share: the command line, a small configuration, real data where it is at hand."""

import fcntl
import functools
import gc
import io
import logging
import os
import runpy
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_dir
from hypothesis import HealthCheck, settings
from omegaconf import DictConfig, OmegaConf

from regsweep import cli
from regsweep.app import door
from regsweep.app.door import NOT_OF_A_RUN
from regsweep.app.search_space import _parsed as parsed
from regsweep.chosen import Chosen, plain_settings
from regsweep.config import RunConfig
from regsweep.data import load_dataset
from regsweep.paths import config_folder

# Two tests run side by side, on one core each; so do the processes that they start.
os.environ.setdefault("OMP_NUM_THREADS", "1")
torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
# Where nothing compiled may be kept, each of them would compile the project anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell starts what runs in the background with Ctrl-C ignored, and the commands under test would ignore it, too.
signal.signal(signal.SIGINT, signal.default_int_handler)
# However busy the machine is.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Finished:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


Shell = Callable[..., Finished]
Regsweep = Callable[..., Finished]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works in an empty folder of its own, and reads its data anew."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REGSWEEP_WORKING_FOLDER", raising=False)
    monkeypatch.delenv("REGSWEEP_TYPED_IN", raising=False)
    load_dataset.cache_clear()


@contextmanager
def logging_as_before() -> Iterator[None]:
    """Undo at the end what Hydra does to logging."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("hydra", "hydra_plugins"):  # an application of another configuration speaks there
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """The next test must not write into this one's streams."""
    with logging_as_before():
        yield


def exit_code() -> int:
    """Run the command line of ``sys.argv`` within this process."""
    try:
        cli.main()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


def run_in(folder: Path, *arguments: str) -> None:
    """Run the command line within this process, in `folder`; for what several tests share, which has no fixtures."""
    with logging_as_before(), pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("REGSWEEP_WORKING_FOLDER", raising=False)
        patch.delenv("REGSWEEP_TYPED_IN", raising=False)
        patch.setattr(sys, "argv", ["regsweep", *arguments])
        assert exit_code() == 0


def run_script_in(folder: Path, script: Path, *arguments: str, full_error: bool = True) -> tuple[int, str]:
    """Run a Hydra application within this process, which saves its imports; return its exit code and what it printed.

    With `full_error` Hydra raises its errors, with what lies behind them; else it prints them as by default.
    """
    printed, code = io.StringIO(), 0
    with redirect_stdout(printed), redirect_stderr(printed), logging_as_before(), pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HYDRA_FULL_ERROR", str(int(full_error)))
        patch.setattr(sys, "argv", [str(script), *arguments])
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as stop:
            code = int(bool(stop.code))
        except Exception:  # noqa: BLE001  (as an interpreter ends)
            traceback.print_exc()
            code = 1
    return code, printed.getvalue()


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder `name` that `make` filled, once for all workers of pytest: the others wait for it."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    place, done = base / name, base / f"{name}.made"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place)
            done.touch()
    return place


@pytest.fixture(scope="session")
def search_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a real search of three trials, to be read only."""
    arguments = ("-m", "sweep=regularization", "regularizer=l1", "hydra/launcher=basic", "hydra.sweeper.n_trials=3")
    quick = ("trainer.epochs=2", "dataset.train_size=200", "model.hidden=[16]", "hydra.sweep.dir=sweep")
    return made_once(tmp_path_factory, "search", lambda place: run_in(place, *arguments, *quick)) / "sweep"


@pytest.fixture
def search(search_once: Path, tmp_path: Path) -> Path:
    """Return a copy of the search that a test may damage, or go on from."""
    return Path(shutil.copytree(search_once, tmp_path / "sweep"))


@pytest.fixture
def regsweep(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Finished]:
    """Return a function that runs the command line within this process, which saves the imports."""

    def run(*arguments: str) -> Finished:
        monkeypatch.setattr(sys, "argv", ["regsweep", *arguments])
        capsys.readouterr()
        code = exit_code()
        captured = capsys.readouterr()
        return Finished(code, captured.out, captured.err)

    return run


@pytest.fixture
def shell(tmp_path: Path) -> Callable[..., Finished]:
    """Return a function that runs a command as a process of its own, as a user would."""

    def run(*command: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Finished:
        done = subprocess.run(
            command,
            cwd=cwd or tmp_path,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def configure() -> Callable[..., RunConfig]:
    """Return a function that composes and validates a configuration; on the CPU, unless a device is named.

    Only what chooses from groups is composed; other keys are set as where a sweep is checked, in a hundredth of that.
    """

    def run(*overrides: str) -> RunConfig:
        choices = [override for override in overrides if _is_choice(override)]
        if not any(choice.startswith("device=") for choice in choices):
            choices.append("device=cpu")
        values = door.unresolved(composed(*choices))
        for override in overrides:
            if override not in choices:
                values = door.with_value(values, *parsed(override))
        return door.validate_unresolved(values)

    return run


def _is_choice(override: str) -> bool:
    key = override.partition("=")[0]
    return key.startswith(("+", "~")) or (config_folder() / key).is_dir()


@functools.lru_cache
def composed(*overrides: str) -> DictConfig:
    """Return a configuration that Hydra composed, a tenth of a second each, to be read only."""
    with initialize_config_dir(str(config_folder())):
        return compose("config", overrides=list(overrides))


def plain_configuration(*overrides: str) -> dict[str, Any]:
    """Return a configuration as plain values, to be changed and validated."""
    plain = OmegaConf.to_container(composed(*overrides), resolve=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items() if key not in NOT_OF_A_RUN}


def plain_methods(chosen: Chosen) -> dict[str, dict[str, Any]]:
    """Return the settings of the methods that a configuration has, by their names."""
    return {use.method.name: plain_settings(use.settings) for use in chosen.in_use}


@pytest.fixture
def values() -> dict[str, Any]:
    """Return the default configuration as plain values."""
    return plain_configuration()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder with MNIST and Fashion-MNIST, or skip where this machine has none."""
    folder = Path(os.environ.get("REGSWEEP_DATA", PROJECT.parent / "shared" / "data"))
    if not (folder / "MNIST" / "raw" / "train-images-idx3-ubyte").is_file():
        pytest.skip(f"needs MNIST and Fashion-MNIST in {folder} (or in the folder that REGSWEEP_DATA names)")
    return folder


def pytest_collection_finish() -> None:
    """Keep what was imported out of the garbage collector's way, and let it come seldom.

    Each of its rounds would go through all of it, and composing configurations makes as many objects as a round needs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
