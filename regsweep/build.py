"""From a validated configuration to the objects that the training works with."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import Optimizer

from regsweep import seeding
from regsweep.config import RunConfig
from regsweep.data import Dataset, load_dataset
from regsweep.device import resolve_device, resolve_precision, set_threads
from regsweep.errors import ConfigError
from regsweep.hooks import Methods
from regsweep.member import Member, Observer, Settings, num_steps, smallest_batch
from regsweep.memory import give_back_freed_memory, keep_freed_memory
from regsweep.methods import Method, Task
from regsweep.methods.calls import call
from regsweep.metrics import Scoring
from regsweep.models import build_model
from regsweep.names import name_of
from regsweep.optimizers import build_optimizer
from regsweep.regularizers.batch_norm import has_batch_norm
from regsweep.schedules import require_steps
from regsweep.scope import cover, trained_parameters
from regsweep.scoring import build_scoring


@dataclass(frozen=True)
class Parts:
    """What a run is made of, all on one device."""

    device: torch.device
    precision: str
    dataset: Dataset
    model: nn.Module
    methods: Methods
    optimizer: Optimizer
    scoring: Scoring

    def member(self, config: RunConfig, observer: Observer | None = None) -> Member:
        """Return the training of these parts."""
        settings = Settings(
            epochs=config.trainer.epochs,
            batch_size=config.trainer.batch_size,
            precision=self.precision,
            cuda_graphs=config.device.cuda_graphs,
            restore_best=config.trainer.restore_best,
            schedule=config.optimizer.schedule,
            warmup=config.optimizer.warmup,
        )
        return Member(
            self.model,
            self.dataset,
            self.optimizer,
            self.methods,
            settings=settings,
            seed=config.seed,
            scoring=self.scoring,
            observer=observer,
        )


def build(config: RunConfig) -> Parts:
    """Return the parts that `config` describes; the same seed gives the same initial weights.

    Seeds torch's global generator with the stream of the weights.

    Raises:
        RegsweepError: when the device, the data or a part of the model is not to be had.
    """
    set_threads(config.device.threads)
    device, dataset, model, methods = _build_network(config)
    scoring = build_scoring(config, dataset).to(device)
    if device.type == "cpu":
        (give_back_freed_memory if dataset.train.is_streamed else keep_freed_memory)()
    precision = resolve_precision(config.device.precision, device, model)
    model = (model.to(memory_format=torch.channels_last) if dataset.has_images else model).to(device)
    optimizer = _build_optimizer(config, model, methods)
    return Parts(device, precision, dataset.to(device), model, Methods(methods), optimizer, scoring)


def _build_optimizer(config: RunConfig, model: nn.Module, methods: list[Method]) -> Optimizer:
    weight_decay, scope = _weight_decay(methods)
    decayed = cover(model, scope)
    others = {name: parameter for name, parameter in trained_parameters(model).items() if name not in decayed}
    is_scheduled = config.optimizer.schedule != "constant" or config.optimizer.warmup > 0
    return build_optimizer(
        config.optimizer,
        decayed,
        others,
        weight_decay,
        capturable=config.device.cuda_graphs,
        scheduled=is_scheduled,
    )


def _weight_decay(methods: list[Method]) -> tuple[float, str]:
    """Return the weight decay of the optimizer, and what it covers."""
    decays = [(call(method, "weight_decay"), getattr(method.settings, "scope", "weights")) for method in methods]
    return max(decays, default=(0.0, "weights"))  # one of them at most is not 0, by its role


def require_buildable(config: RunConfig) -> Dataset:
    """Build what can fail, without an optimizer, which imports torch's compiler and cannot fail; return the data.

    Raises:
        RegsweepError: as `build` does.
    """
    name_of(config.regularizer.in_use)  # as the record will have it
    _, dataset, _, methods = _build_network(config)
    _weight_decay(methods)
    build_scoring(config, dataset)
    return dataset


def _build_network(config: RunConfig) -> tuple[torch.device, Dataset, nn.Module, list[Method]]:
    device = resolve_device(config.device.name)
    dataset = load_dataset(config.dataset, config.task, device)
    methods = config.regularizer.make()
    _require_graphs(config, device, methods)
    _require_validation(config, dataset, methods)
    steps = num_steps(len(dataset.train), config.trainer.batch_size) * config.trainer.epochs
    require_steps(config.optimizer.schedule, config.optimizer.warmup, steps)
    torch.manual_seed(seeding.derive(config.seed, "weights"))
    model = build_model(config.model, input_shape=dataset.input_shape, num_classes=dataset.num_outputs, methods=methods)
    smallest = smallest_batch(len(dataset.train), config.trainer.batch_size)
    if has_batch_norm(model) and smallest == 1:
        raise ConfigError(
            "trainer.batch_size", config.trainer.batch_size, "BatchNorm needs batches of 2 examples or more"
        )
    task = Task(model, dataset.name, dataset.kind, dataset.input_shape, dataset.is_mirrored, smallest)
    for method in methods:
        method.require_meaning(task)
        call(method, "check", task)
    return device, dataset, model, methods


def _require_graphs(config: RunConfig, device: torch.device, methods: list[Method]) -> None:
    if not config.device.cuda_graphs:
        return
    if device.type != "cuda":
        raise ConfigError("device.cuda_graphs", True, f"only a CUDA device has them, this is {device}; set it to false")
    if Methods(methods).gradient_rounds:
        reason = "a method takes a second gradient with the same dropout, and a graph cannot; set it to false"
        raise ConfigError("device.cuda_graphs", True, reason)


def _require_validation(config: RunConfig, dataset: Dataset, methods: list[Method]) -> None:
    """Refuse to keep the best validation epoch without validation examples."""
    keys = {"trainer.restore_best": True} if config.trainer.restore_best else {}
    keys |= {f"regularizer.{method.name}": method.main_value() for method in methods if method.keeps_best_epoch}
    if keys and dataset.validation is None:
        key, value = next(iter(keys.items()))
        raise ConfigError(key, value, "needs validation examples; set dataset.val_fraction above 0, for example 0.1")
