"""The settings of the sweeper and the launcher of a sweep: all are checked before the first trial starts."""

import importlib
import importlib.util
import re
from collections.abc import Iterable, Sequence

from omegaconf import DictConfig, OmegaConf

from regsweep.app.sweeper_kinds import is_stock_optuna
from regsweep.errors import ConfigError, RegsweepError, show
from regsweep.sweeper.branches import Branch
from regsweep.sweeper.settings import require_sensible
from regsweep.sweeper.space import read_trials

ANOTHER_TASK = ("seed", "trainer.epochs", "dataset")
"""Keys that make the task another one: a search over them would choose the easiest task."""

_NOWHERE = object()

_PARTS = ("constraints_func", "crossover", "independent_sampler", "mutation", "wrapped_pruner")
"""Settings of samplers and pruners that are code; a mere name would be called only after the first trial."""


def require_launcher(target: str) -> None:
    """Refuse a launcher whose package is not installed.

    Raises:
        ConfigError: naming the package.
    """
    if target.endswith("RayPoolLauncher") and importlib.util.find_spec("ray") is None:
        raise ConfigError("hydra/launcher", "ray_pool", "needs another package: pip install 'regsweep[ray]'")
    package = re.match(r"hydra_plugins\.hydra_(joblib|ray|submitit)_launcher\b", target)
    if package is None:
        return
    try:
        importlib.import_module(package[0])
    except ImportError as error:
        extra = {"submitit": "slurm"}.get(package[1], package[1])
        raise ConfigError(
            "hydra/launcher", package[1], f"needs another package: pip install 'regsweep[{extra}]'"
        ) from error


def check_settings(config: DictConfig, swept: set[str], branches: Sequence[Branch] = ()) -> None:
    """Refuse settings that would fail after the first trials, or quietly do something else.

    Args:
        config: the composed configuration, with Hydra's own.
        swept: the keys that the command line sweeps.
        branches: of the search.

    Raises:
        ConfigError: naming the setting.
    """
    sweeper = config.hydra.sweeper
    if is_stock_optuna(config):
        _check_limits(sweeper)
    else:
        require_sensible(config.hydra)
    named = read_trials(sweeper.get("initial_trials") or [])
    for name, trial in [(name, each) for each in named for name in each]:
        # A sweep without a search composes each of its trials, and so checks what is added or lies in another option.
        is_composed = not swept and (name.startswith("+") or name.partition(".")[0] in trial)
        is_there = OmegaConf.select(config, name, default=_NOWHERE) is not _NOWHERE
        if not is_composed and not is_there and not any(branch.has(name) for branch in branches):
            raise ConfigError("hydra.sweeper.initial_trials", name, "no such key; see them all with --cfg job")
    _require_same_task([*swept, *map(str, sweeper.params or {})])
    _require_followed_ranges(config, swept)
    if sweeper.storage is not None:
        _require_storage(str(sweeper.storage))


def _require_same_task(swept: Iterable[str]) -> None:
    """Refuse to search what makes the task another one."""
    for key in swept:
        if key == "seed":
            reason = "a search would choose the luckiest seed; compare seeds in a grid, without Optuna"
            raise ConfigError(key, "…", reason)
        if key in ANOTHER_TASK or key.startswith("dataset."):
            reason = "a search would choose the easiest task; fix it, or compare tasks in a grid, without Optuna"
            raise ConfigError(key, "…", reason)


def _check_limits(sweeper: DictConfig) -> None:
    if sweeper.custom_search_space is not None:
        allowed = "names code to run, and a configuration may not; describe the space in hydra.sweeper.params"
        raise ConfigError("hydra.sweeper.custom_search_space", sweeper.custom_search_space, allowed)
    for name in ("n_trials", "n_jobs"):
        if type(sweeper[name]) is not int or sweeper[name] < 1:
            raise ConfigError(f"hydra.sweeper.{name}", sweeper[name], "must be a whole number of 1 or more")
    rate = sweeper.max_failure_rate
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise ConfigError("hydra.sweeper.max_failure_rate", rate, "must be a share from 0 to 1")


def _require_followed_ranges(config: DictConfig, swept: set[str]) -> None:
    """Refuse to vary what a range was chosen by, and what a pruner was made for: it compares trials of one length."""
    sweeper = OmegaConf.to_container(config.hydra.sweeper, resolve=False)
    assert isinstance(sweeper, dict)
    followers = {key: (value, f"the range of {key}", "a range") for key, value in (sweeper["params"] or {}).items()}
    for name, value in (sweeper.get("pruner") or {}).items():
        key = f"hydra.sweeper.pruner.{name}"
        followers[key] = (value, key, "a number")
    for key, (value, follower, fixed) in followers.items():
        for chosen_by in re.findall(r"\$\{([\w.]+)\}", str(value)):
            # A range follows a config group into each of its branches.
            above = {chosen_by.partition(".")[0]} if follower == key else set()
            if key not in swept and swept & {chosen_by, *above}:
                allowed = f"{follower} follows it and cannot while it varies; fix one, or give {key} {fixed}"
                raise ConfigError(chosen_by, "…", allowed)


def _require_storage(url: str) -> None:
    from optuna.storages import get_storage  # noqa: PLC0415

    try:
        get_storage(url)
    except Exception as error:
        # Not the URL, which may hold a password.
        raise RegsweepError(f"hydra.sweeper.storage: cannot be opened ({type(error).__name__})") from error


def require_made(group: str, config: DictConfig | None) -> None:
    """Make the sampler or the pruner (`group`) once, so that its mistakes are known before the first trial.

    Raises:
        ConfigError: naming the part that is wrong.
    """
    if config is None:
        return
    from hydra.utils import instantiate  # noqa: PLC0415

    for part in _PARTS:
        if isinstance(config.get(part), str):
            allowed = "must be an object, not its name: {_target_: optuna.…}, or null"
            raise ConfigError(f"hydra.sweeper.{group}.{part}", config[part], allowed)
    name = str(config.get("_target_")).rpartition(".")[2]
    if name == "CmaEsSampler" and importlib.util.find_spec("cmaes") is None:
        raise ConfigError("hydra/sweeper/sampler", "cmaes", "needs another package: pip install cmaes")
    try:
        instantiate(config)
    except Exception as error:
        raise ConfigError(
            f"hydra/sweeper/{group}", name, f"cannot be made ({type(error).__name__}: {show(error)})"
        ) from error
