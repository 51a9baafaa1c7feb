"""Any Hydra application: it reports its steps, and its configuration asks for the sweeper and the pool."""

import hydra
from omegaconf import DictConfig

from regsweep.sweeper import report


@hydra.main(config_path=".", config_name="config", execution_whitelist=["regsweep.*", "optuna.*"])
def main(cfg: DictConfig) -> float:
    """Minimize Rosenbrock's function by gradient descent with momentum."""
    x, y, vx, vy = -1.0, 1.0, 0.0, 0.0
    loss = 0.0
    for step in range(1, cfg.steps + 1):
        vx = cfg.momentum * vx - cfg.lr * (-2 * (1 - x) - 400 * x * (y - x**2))
        vy = cfg.momentum * vy - cfg.lr * 200 * (y - x**2)
        x, y = max(-2.0, min(2.0, x + vx)), max(-2.0, min(2.0, y + vy))
        loss = (1 - x) ** 2 + 100 * (y - x**2) ** 2
        if step % 10 == 0:
            report(loss, step)  # raises where the sweep's pruner gives the trial up
    return loss


if __name__ == "__main__":
    main()
