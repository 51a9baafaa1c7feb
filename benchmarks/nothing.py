"""A Hydra application that does next to nothing: what a sweep of it takes is the sweep's own overhead."""

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig

ConfigStore.instance().store(name="config", node={"x": 0.0, "y": 0.0, "z": 0.0, "kind": 1})


@hydra.main(config_path=None, config_name="config", execution_whitelist=["regsweep.*", "optuna.*", "hydra_plugins.*"])
def main(cfg: DictConfig) -> float:
    """Return a bowl's height."""
    return float((cfg.x - 1) ** 2 + cfg.y**2 + cfg.z**2 + cfg.kind)


if __name__ == "__main__":
    main()
