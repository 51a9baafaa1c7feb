"""From a validated configuration to the objects that the loop works with."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer

from regsweep import seeding
from regsweep.config import RegularizerConfig, RunConfig
from regsweep.data import Dataset, load_dataset
from regsweep.device import resolve_device, resolve_precision, set_threads
from regsweep.errors import ConfigError
from regsweep.memory import keep_freed_memory
from regsweep.models import build_model
from regsweep.optimizers import build_optimizer
from regsweep.regularizers import PENALTIES, Penalty
from regsweep.scope import ParameterGroups, group_parameters
from regsweep.signatures import select_accepted


@dataclass(frozen=True)
class Parts:
    """What a run is made of, all on one device."""

    device: torch.device
    precision: str
    dataset: Dataset
    model: nn.Module
    groups: ParameterGroups
    penalty: Penalty
    optimizer: Optimizer


def build(config: RunConfig) -> Parts:
    """Return the parts that `config` describes; the same seed gives the same initial weights.

    Seeds torch's global generator: with the stream of the weights before the model is built, with that of the
    noise after it.

    Raises:
        RegsweepError: when the device, the data or a part of the model is not to be had.
    """
    set_threads(config.device.threads)
    device, dataset, model = _build_network(config)
    if device.type == "cpu":
        keep_freed_memory()
    precision = resolve_precision(config.device.precision, device, model)
    model = model.to(memory_format=torch.channels_last).to(device)
    groups = group_parameters(model, config.regularizer.scope)
    penalty = build_penalty(config.regularizer)
    optimizer = build_optimizer(config.optimizer, groups, penalty.weight_decay, capturable=config.device.cuda_graphs)
    return Parts(device, precision, dataset.to(device), model, groups, penalty, optimizer)


def require_buildable(config: RunConfig) -> Dataset:
    """Build what can fail, without an optimizer, which imports torch's compiler and cannot fail; return the data.

    Raises:
        RegsweepError: as `build` does.
    """
    _, dataset, _ = _build_network(config)
    return dataset


def _build_network(config: RunConfig) -> tuple[torch.device, Dataset, nn.Module]:
    device = resolve_device(config.device.name)
    if config.device.cuda_graphs and device.type != "cuda":
        raise ConfigError("device.cuda_graphs", True, f"only a CUDA device has them, this is {device}; set it to false")
    dataset = load_dataset(config.dataset)
    if config.trainer.restore_best and dataset.validation is None:
        raise ConfigError(
            "trainer.restore_best",
            True,
            "needs validation images; set dataset.val_fraction above 0, for example 0.1",
        )
    torch.manual_seed(seeding.derive(config.seed, "weights"))
    model = build_model(
        config.model,
        input_shape=dataset.input_shape,
        num_classes=dataset.num_classes,
        dropout=config.regularizer.dropout,
        batch_norm=config.regularizer.batch_norm,
    )
    torch.manual_seed(seeding.derive(config.seed, "noise"))
    _require_batches(model, config, len(dataset.train))
    return device, dataset, model


def build_penalty(config: RegularizerConfig) -> Penalty:
    """Return the penalty that `config` describes."""
    cls = PENALTIES[config.penalty]
    settings = {"strength": config.strength, "solver": config.solver}
    if config.l1_ratio is not None:
        settings["l1_ratio"] = config.l1_ratio
    return cls(**select_accepted(cls, settings))


def has_batch_norm(model: nn.Module) -> bool:
    """Return whether a layer of `model` normalizes over the batch."""
    return any(isinstance(module, _BatchNorm) for module in model.modules())


def _require_batches(model: nn.Module, config: RunConfig, num_images: int) -> None:
    if has_batch_norm(model) and min(config.trainer.batch_size, num_images) == 1:
        raise ConfigError(
            "trainer.batch_size", config.trainer.batch_size, "BatchNorm needs batches of 2 images or more"
        )
