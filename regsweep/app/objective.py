"""The objective of a sweep, and the direction that follows from it: settled once, before any trial starts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from omegaconf import DictConfig, OmegaConf

from regsweep.app.grammar import literal
from regsweep.app.sweeper_kinds import is_stock_optuna
from regsweep.config import RunConfig
from regsweep.errors import ConfigError
from regsweep.names import listed
from regsweep.objectives import Kind, Objective, metrics_of, objective_of
from regsweep.run_record import SHARES, SPLITS, is_of_epoch
from regsweep.signatures import offer

_SAME_FOR_ALL = ("objective", "objective_direction", "task")
"""Keys that make the numbers of two trials no comparison."""


def settle(
    config: DictConfig, swept: Collection[str], runs: Sequence[RunConfig], with_torch: Callable[..., Kind]
) -> None:
    """Set a sweep's kind of task, objective and direction in the configuration, as far as they were left open.

    The configuration is written down before trial 0, so a report knows them then.

    Args:
        config: the sweep's, with Hydra's own.
        swept: the keys that vary.
        runs: one of each kind that is built differently.
        with_torch: calls a function where torch is at hand.

    Raises:
        ConfigError: when trials would have different objectives, or the direction is not the objective's.
    """
    for key in _SAME_FOR_ALL:
        if key in swept:
            allowed = "trials that are judged by different numbers are no comparison; give it one value"
            raise ConfigError(key, "…", allowed)
    by_kind = {_kind(run, with_torch): run for run in runs}
    if len(by_kind) > 1:
        names = listed(sorted({run.dataset.name for run in by_kind.values()}))
        allowed = f"some of {names} have classes, some numbers to predict; sweep each kind of task alone"
        raise ConfigError("dataset", "…", allowed)
    ((kind, run),) = by_kind.items()
    config.task = kind
    several = config.hydra.sweeper.get("objectives")
    objective = objective_of(run.objective, kind, run.objective_direction)
    if several is not None:
        if run.objective is not None:
            allowed = "hydra.sweeper.objectives names what is searched for; leave one of them out"
            raise ConfigError("objective", run.objective, allowed)
        _check_several(config, kind, [str(each) for each in several])
        return
    config.objective = run.objective or objective.name
    _settle_direction(config, objective)


def _kind(run: RunConfig, with_torch: Callable[..., Kind]) -> Kind:
    return run.dataset.kind or with_torch(kind_of_data, run)


def kind_of_data(run: RunConfig) -> Kind:
    """Return the kind of the run's task, by its targets."""
    from regsweep.data import load_dataset  # noqa: PLC0415  (torch)

    return load_dataset(run.dataset, run.task).kind


def _settle_direction(config: DictConfig, objective: Objective) -> None:
    sweeper = config.hydra.sweeper
    if "direction" not in sweeper:  # Hydra's own grid
        return
    names = _directions(config)
    better = "maximize" if objective.maximize else "minimize"
    if names == [better]:
        return
    if len(names) > 1 or _is_typed(config, "hydra.sweeper.direction") or is_stock_optuna(config):
        allowed = f"{objective.name.replace('_', ' ')} is {better}d; set hydra.sweeper.direction={better}"
        raise ConfigError("hydra.sweeper.direction", ",".join(names), allowed)
    sweeper.direction = better
    config.hydra.overrides.hydra.append(f"++hydra.sweeper.direction={literal(better)}")


def _directions(config: DictConfig) -> list[str]:
    direction = config.hydra.sweeper.direction
    directions = direction if OmegaConf.is_list(direction) else [direction]
    return [str(getattr(each, "name", each)).lower() for each in directions]


def _is_typed(config: DictConfig, key: str) -> bool:
    return any(str(each).lstrip("+").startswith(f"{key}=") for each in config.hydra.overrides.hydra)


def _check_several(config: DictConfig, kind: Kind, names: list[str]) -> None:
    """Refuse objectives that a complete trial does not have, and a pruner by one that is known only at the end."""
    metrics = metrics_of(kind)
    known = [*(f"{split}_{metric}" for split in SPLITS[:2] for metric in metrics), *SHARES]
    tested = [f"test_{metric}" for metric in metrics]
    key = "hydra.sweeper.objectives"
    for name in names:
        if name in tested and config.trainer.test is not True:
            raise ConfigError(key, name, "trials keep the test set closed; add trainer.test=true")
        if name not in [*known, *tested]:
            raise ConfigError(key, name, f"no such number; {offer(name, known)}")
    if config.hydra.sweeper.get("pruner") is not None and len(names) == 1 and not is_of_epoch(names[0]):
        each = ", ".join(name for name in known if is_of_epoch(name))
        allowed = f"not known after each epoch, so no trial is pruned by it; use one of {each}, or no pruner"
        raise ConfigError(key, names[0], allowed)
