"""An application of milliseconds, whose jobs take a seed; its noise helps, and its rate is to be tuned."""

import math
import random

import hydra
from omegaconf import DictConfig

from regsweep.sweeper import TrialValue


@hydra.main(config_path=".", config_name="config", execution_whitelist=["regsweep.*", "optuna.*"])
def main(cfg: DictConfig) -> TrialValue:
    """Return a loss that falls with the noise, and beside it a score that does not."""
    by_seed = random.Random(cfg.run.seed)  # noqa: S311
    by_run = random.Random(f"{cfg.run.seed} {cfg.noise} {cfg.lr}")  # noqa: S311
    loss = 0.5 + 0.05 * (math.log10(cfg.lr) + 2) ** 2 - 0.08 * min(cfg.noise, 0.4)
    loss += by_seed.gauss(0, 0.02) + by_run.gauss(0, 0.005)
    return TrialValue(loss, {"score": 10.0 + by_run.gauss(0, 1.0), "constant": cfg.noise})


if __name__ == "__main__":
    main()
