"""What a user would write instead: the article's loop as a Hydra application, for the stock Optuna sweeper.

After each epoch it evaluates what regsweep evaluates, 5,000 training images too.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import hydra
import torch
from contestants import BATCH, TRAIN_SAMPLE, Pictures, article_accuracy, article_epoch, article_network
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from torch.utils.data import DataLoader, Subset

from regsweep.config import DatasetConfig
from regsweep.data import load_dataset


@hydra.main(config_path=".", config_name="article_sweep")
def main(cfg: DictConfig) -> float:
    """Train with the sampled values; return the accuracy on the validation images."""
    dataset = load_dataset(DatasetConfig.model_validate(dict(cfg.dataset)))
    train: Any = Pictures(dataset.train)
    validation: Any = Pictures(dataset.validation)
    sample: Any = Subset(train, range(0, len(train), -(-len(train) // TRAIN_SAMPLE)))
    torch.manual_seed(0)
    model = article_network(dataset.input_shape[-1], batch_norm=cfg.batch_norm, dropout=cfg.dropout)
    optimizer = torch.optim.SGD(model.parameters(), lr=cfg.lr, weight_decay=cfg.weight_decay)
    loader: Any = DataLoader(train, batch_size=BATCH, shuffle=True)
    accuracy = 0.0
    for _ in range(cfg.epochs):
        article_epoch(model, loader, optimizer)
        article_accuracy(model, DataLoader(sample, batch_size=BATCH))
        accuracy = article_accuracy(model, DataLoader(validation, batch_size=BATCH))
    record = {"status": "complete", "ended": time.time(), "metrics": {"validation": {"accuracy": accuracy}}}
    (Path(HydraConfig.get().runtime.output_dir) / "result.json").write_text(json.dumps(record))
    return accuracy


if __name__ == "__main__":
    main()
