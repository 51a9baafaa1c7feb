"""Which sweeper a sweep is composed with. A single run reads this, so nothing here imports Optuna."""

from omegaconf import DictConfig


def is_optuna(config: DictConfig) -> bool:
    """Return whether the sweep draws from Optuna, by this project's sweeper or the stock one."""
    return str(config.hydra.sweeper.get("_target_", "")).endswith(("optuna_sweeper.OptunaSweeper", "RegsweepSweeper"))


def is_own_grid(config: DictConfig) -> bool:
    """Return whether the sweep is a grid that this project's sweeper runs."""
    return str(config.hydra.sweeper.get("_target_", "")).endswith("sweeper.plugin.GridSweeper")


def is_stock_optuna(config: DictConfig) -> bool:
    """Return whether the sweeper is Hydra's own Optuna sweeper."""
    return str(config.hydra.sweeper.get("_target_", "")).endswith("optuna_sweeper.OptunaSweeper")


def is_grid(config: DictConfig) -> bool:
    """Return whether an Optuna sweep tries every combination of listed values."""
    return str(config.hydra.sweeper.sampler.get("_target_")).endswith("GridSampler")
