"""Settings of both sweepers, as Hydra knows them, and what of them makes no sense."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, DictConfig, OmegaConf

from regsweep.direction import is_minimized
from regsweep.errors import ConfigError
from regsweep.launcher.jobs import capabilities_of
from regsweep.launcher.plugin import PoolLauncherConf, RayPoolLauncherConf
from regsweep.signatures import offer
from regsweep.sweeper.redact import redact


@dataclass
class RegsweepSweeperConf:
    """The keys of the stock Optuna sweeper, and more."""

    _target_: str = "regsweep.sweeper.plugin.RegsweepSweeper"
    defaults: list[Any] = field(default_factory=lambda: ["_self_", {"sampler": "tpe"}, {"pruner": None}])

    sampler: Any = MISSING
    # Which values of the objective are better; sweep=regularization and this project's grids set maximize.
    direction: Any = "minimize"
    # URL of the database that holds Optuna's study; null: the file study.db in the sweep's folder.
    storage: str | None = None
    # Name of the study; null: sweep. sweep=regularization sets regularization.
    study_name: str | None = None
    # How many trials the search has in all, those before a resume included.
    n_trials: int = 20
    # Trials at a time; null: as many as the pool has workers, with the basic launcher 1.
    n_jobs: int | None = None
    # The sweep stops when more than this share of the trials running at a time fails; 1.0: never.
    max_failure_rate: float = 1.0
    # What is searched: keys and their ranges, beside those of the command line; also lists of ranges that each have a
    # condition: [{when: {optimizer: sgd}, range: "interval(0.01, 1)"}, …].
    params: dict[str, Any] | None = None

    # Which trials are given up early: a pruner of Optuna; null: none.
    pruner: Any = None
    # How often a trial that fails runs again.
    max_retries: int = 0
    # Seconds after which no further trial starts; null: no limit.
    timeout: float | None = None
    # Seconds after which a running trial is cancelled, and has failed; null: no limit.
    trial_timeout: float | None = None
    # Which parameters are drawn only where others have some value. By parameter: {when: {other parameter: value or
    # list of values}, otherwise: value}, or unless in place of when; without otherwise the parameter is left out.
    conditions: dict[str, Any] | None = field(default_factory=dict)
    # Trials to start from, each a dictionary of parameters, or a YAML or JSON file with such a list; what a trial
    # leaves out is drawn. Where nothing is searched they are the whole sweep, and may set any key.
    initial_trials: Any = field(default_factory=list)
    # Names of the metrics to optimize, in the order of `direction`; null: what the job returns.
    objectives: list[str] | None = None
    # true: train a configuration that this sweep has already run once more.
    rerun_duplicates: bool = False


@dataclass
class GridSweeperConf:
    """A grid: every combination of the listed values."""

    _target_: str = "regsweep.sweeper.plugin.GridSweeper"
    # Which values of the objective are better; sweep=regularization and this project's grids set maximize.
    direction: Any = "minimize"
    # Trials at a time; null: as many as the pool has workers, with the basic launcher 1, in a batch of another one all.
    n_jobs: int | None = None
    # The sweep stops when more than this share of the trials running at a time fails; 1.0: never.
    max_failure_rate: float = 1.0
    # How often a trial that fails runs again.
    max_retries: int = 0
    # Seconds after which no further trial starts; null: no limit.
    timeout: float | None = None
    # Seconds after which a running trial is cancelled, and has failed; null: no limit.
    trial_timeout: float | None = None
    # Keys and their values, beside those of the command line.
    params: dict[str, Any] | None = None


for _name, _conf in (("regsweep", RegsweepSweeperConf), ("regsweep_grid", GridSweeperConf)):
    ConfigStore.instance().store(group="hydra/sweeper", name=_name, node=_conf, provider="regsweep")


def require_keys_of_params(sweeper: DictConfig) -> None:
    """Refuse dictionaries in ``hydra.sweeper.params``, which a key with dots makes: they would set another key.

    Raises:
        ConfigError: with what is to be typed.
    """
    for name, given in (sweeper.get("params") or {}).items():
        key, value = str(name), given
        while OmegaConf.is_dict(value) and len(value):
            inner, value = next(iter(value.items()))
            key = f"{key}.{inner}"
        if key != name:
            raise range_below_params(key, str(value))


def range_below_params(key: str, value: str) -> ConfigError:
    """Return the error of a range that was typed as ``hydra.sweeper.params.KEY=VALUE``."""
    typed = f"'++hydra.sweeper.params={{{key}: \"{value}\"}}'"
    reason = "its dots make dictionaries, which nothing reads" if "." in key else "no single key can be set there"
    allowed = f"{reason}; type {key}='{value}', or {typed}"
    return ConfigError(f"hydra.sweeper.params.{key}", value, allowed)


def require_sensible(hydra: DictConfig) -> None:
    """Refuse what the sweeper would stumble over after the first trials, or would quietly do wrongly.

    Raises:
        ConfigError: for the first such key.
    """
    _require_known_keys(hydra)
    sweeper = hydra.sweeper
    require_keys_of_params(sweeper)
    is_grid = str(sweeper.get("_target_")) == GridSweeperConf._target_
    for name, least in (("n_trials", 1), ("n_jobs", 1), ("max_retries", 0)):
        if is_grid and name == "n_trials":
            continue
        value = sweeper[name]
        if (type(value) is not int or value < least) and not (name == "n_jobs" and value is None):
            raise ConfigError(f"hydra.sweeper.{name}", value, f"must be a whole number of {least} or more")
    directions = sweeper.direction if OmegaConf.is_list(sweeper.direction) else [sweeper.direction]
    for direction in directions:
        if str(getattr(direction, "name", direction)).lower() not in ("minimize", "maximize"):
            raise ConfigError("hydra.sweeper.direction", direction, "must be minimize or maximize, or a list of them")
    names = [str(name) for name in sweeper.get("objectives") or []]
    if names and len(names) != len(directions):
        of = ",".join("minimize" if is_minimized(name) else "maximize" for name in names)
        allowed = f"each needs a direction, in their order: add hydra.sweeper.direction=[{of}]"
        raise ConfigError("hydra.sweeper.objectives", f"[{','.join(names)}]", allowed)
    rate = sweeper.max_failure_rate
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise ConfigError("hydra.sweeper.max_failure_rate", rate, "must be a share from 0 to 1")
    for name in ("timeout", "trial_timeout"):
        value = sweeper[name]
        if value is not None and not 0 < value < math.inf:
            raise ConfigError(f"hydra.sweeper.{name}", value, "must be seconds above 0, or null")
    require_cancels(hydra)
    if is_grid:
        return
    subdir = OmegaConf.to_container(hydra.sweep, resolve=False)["subdir"]  # type: ignore[call-overload, index]
    if str(subdir) != "${hydra.job.num}":
        allowed = "this sweeper finds its trials by their numbers; leave it as it is"
        raise ConfigError("hydra.sweep.subdir", subdir, allowed)
    require_batch_size(hydra)
    require_way_back(hydra)


def require_cancels(hydra: DictConfig) -> None:
    """Refuse a limit for each trial where a running one cannot be ended.

    Raises:
        ConfigError: naming the key.
    """
    limit, launcher = hydra.sweeper.trial_timeout, str(hydra.launcher.get("_target_"))
    if limit is not None and not capabilities_of(launcher).cancels:
        allowed = f"{launcher.rpartition('.')[2]} cannot end a running trial; use hydra/launcher=pool, or leave it null"
        raise ConfigError("hydra.sweeper.trial_timeout", limit, allowed)


def _require_known_keys(hydra: DictConfig) -> None:
    """Refuse keys that were added with + and that nothing would read."""
    for group, schema in (
        ("sweeper", RegsweepSweeperConf),
        ("sweeper", GridSweeperConf),
        ("launcher", PoolLauncherConf),
        ("launcher", RayPoolLauncherConf),
    ):
        given = OmegaConf.to_container(hydra[group], resolve=False)
        assert isinstance(given, dict)
        if given.get("_target_") != schema._target_:
            continue  # a launcher of Hydra's, which refuses them itself
        known = {key.name for key in fields(schema)} - {"_target_", "defaults"}
        for name in [str(key) for key in given if key != "_target_" and key not in known]:
            allowed = f"no such key; {offer(name, known, f'hydra.{group}.')}"
            raise ConfigError(f"hydra.{group}.{name}", redact(str(given[name])), allowed)


def require_way_back(hydra: DictConfig) -> None:
    """Refuse to prune where a job's reports do not arrive while it runs, or where Optuna cannot.

    Raises:
        ConfigError: naming the launcher or the directions.
    """
    pruner, direction = hydra.sweeper.get("pruner"), hydra.sweeper.direction
    if pruner is None:
        return
    launcher = str(hydra.launcher.get("_target_")).rpartition(".")[2]
    if not capabilities_of(launcher).takes_reports:
        name = str(pruner.get("_target_")).rpartition(".")[2]
        allowed = f"{launcher} gives no way back from a running job; use hydra/launcher=pool or basic, or no pruner"
        raise ConfigError("hydra.sweeper.pruner", name, allowed)
    if OmegaConf.is_list(direction) and len(direction) > 1:
        raise ConfigError("hydra.sweeper.pruner", "set", "Optuna prunes for a single objective; leave it null")


def require_batch_size(hydra: DictConfig) -> None:
    """Refuse a launcher that runs batches without their size: one trial at a time is not what it was chosen for.

    Raises:
        ConfigError: naming the key.
    """
    launcher = str(hydra.launcher.get("_target_")).rpartition(".")[2]
    if hydra.sweeper.n_jobs is None and not capabilities_of(launcher).takes_reports:
        allowed = f"{launcher} runs batches; set how many trials run at a time, for example hydra.sweeper.n_jobs=2"
        raise ConfigError("hydra.sweeper.n_jobs", None, allowed)
