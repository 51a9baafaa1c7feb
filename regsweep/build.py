"""From a validated configuration to the objects that the training works with."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import nn
from torch.optim import Optimizer

from regsweep import seeding
from regsweep.chosen import Use
from regsweep.config import RunConfig
from regsweep.data import Dataset, load_dataset
from regsweep.device import resolve_device, resolve_precision, set_threads
from regsweep.errors import ConfigError
from regsweep.hooks import Methods
from regsweep.losses import LOSSES
from regsweep.member import Member, Observer, Settings, num_steps, smallest_batch
from regsweep.memory import give_back_freed_memory, keep_freed_memory
from regsweep.methods import Method, Task
from regsweep.methods.calls import call
from regsweep.metrics import EVALUATION_BATCH, Scoring
from regsweep.models import (
    NUM_PROBED,
    Initial,
    Network,
    build_model,
    places_without,
    require_batches,
    require_finite,
    resolve_target,
    strides_over_single_pixels,
)
from regsweep.names import name_of
from regsweep.optimizers import build_optimizer, has_lengths, require_possible, why_no_step_size
from regsweep.regularizers import METHODS
from regsweep.regularizers.batch_norm import has_batch_norm
from regsweep.regularizers.dropout import Dropout
from regsweep.schedules import require_steps
from regsweep.scope import cover, trained_parameters
from regsweep.scoring import build_scoring, require_computed


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
    adapted: list[str] = field(default_factory=list)
    own_batch_norm: bool = False
    own_dropout: str | None = None

    @property
    def has_dropout(self) -> bool:
        """Whether the network has dropout: the method's, or its own where no method set that."""
        return _has_dropout(self.own_dropout, self.methods.all)

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
    device, dataset, network, methods = _build_network(config)
    model = network.model
    scoring = build_scoring(config, dataset).to(device)
    if device.type == "cpu":
        (give_back_freed_memory if dataset.train.is_streamed else keep_freed_memory)()
    precision = resolve_precision(config.device.precision, device, model)
    if config.device.precision == "auto" and precision == "bfloat16":
        precision = "float32" if strides_over_single_pixels(model, dataset.train.first(NUM_PROBED)) else precision
    model = (model.to(memory_format=torch.channels_last) if dataset.has_images else model).to(device)
    optimizer = _build_optimizer(config, model, methods)
    return Parts(
        device,
        precision,
        dataset.to(device),
        model,
        Methods(methods),
        optimizer,
        scoring,
        network.adapted,
        network.own_batch_norm,
        network.own_dropout,
    )


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


def require_buildable(config: RunConfig, *, takes_batches: bool = False) -> tuple[Dataset, list[str]]:
    """Build what can fail, without a training.

    Args:
        config: of the run.
        takes_batches: whether its network is known to take whole batches, with other methods. Presets are.

    Returns:
        The data, and what is to be known of the network: see `network_lines`.

    Raises:
        RegsweepError: as `build` does.
    """
    name_of(config.regularizer.in_use)  # as the record will have it
    _, dataset, network, methods = _build_network(config)
    if not takes_batches:
        if not config.model.target.startswith(_PRESETS):
            _require_batches(config, dataset, network.model)
        _require_finite(config, dataset, network.model)
    _weight_decay(methods)
    require_computed(build_scoring(config, dataset), dataset)
    return dataset, network_lines(network.adapted, network.own_dropout, methods)


def _require_batches(config: RunConfig, dataset: Dataset, model: nn.Module) -> None:
    """Refuse a network that cannot take batches as large as those of the run.

    Larger ones than `_MOST_PROBED` are left to the first step, whose error says as much.

    Raises:
        ConfigError: naming the shape.
    """
    num, size = len(dataset.train), config.trainer.batch_size
    largest = math.ceil(num / math.ceil(num / size))
    judged = dataset.train if dataset.validation is None else dataset.validation
    wanted = (
        (judged, {min(len(judged), EVALUATION_BATCH), len(judged) % EVALUATION_BATCH}),
        (dataset.train, {largest, smallest_batch(num, size)}),
    )
    most = _MOST_PROBED // math.prod(dataset.input_shape)
    evaluated, trained = (
        [split.first(each) for each in sorted(sizes - {0, NUM_PROBED}) if each <= most] for split, sizes in wanted
    )
    require_batches(model, config.model.target, dataset.num_outputs, evaluated=evaluated, trained=trained)


_PRESETS = "regsweep.models."
"""Networks that take whole batches of any size: it would be seconds of a ResNet-18 before each run."""


def _require_finite(config: RunConfig, dataset: Dataset, model: nn.Module) -> None:
    example = dataset.train.first(NUM_PROBED)
    is_large = example.abs().max() > _LARGE and not dataset.has_images and config.dataset.can_standardize
    next_step = "set dataset.standardize=true" if is_large else "mend the network, or its initial weights"
    require_finite(model, config.model.target, example, next_step)


_LARGE = 1e4
"""Inputs that only data which are not standardized have."""

_MOST_PROBED = 2**20
"""Numbers in a batch that passes a network before the first training: 250 coloured pictures of 32×32 have fewer."""


def network_lines(adapted: Iterable[str], own_dropout: str | None, methods: Sequence[Method]) -> list[str]:
    """Return what was changed in the network that its target makes, a line each, and dropout that no method set."""
    lines = [f"adapted      {line}" for line in adapted]
    if own_dropout is None or any(isinstance(method, Dropout) for method in methods):
        return lines
    return [*lines, f"model        has dropout of its own, {own_dropout}; regularizer.dropout=0 is without"]


def _has_dropout(own_dropout: str | None, methods: Sequence[Method]) -> bool:
    given = [method.settings.use for method in methods if isinstance(method, Dropout)]
    return any(given) if given else own_dropout is not None


def find_without_place(config: RunConfig, names: Iterable[str]) -> dict[str, str]:
    """Return those of the methods `names` that the network has no place for, each with the reason."""
    target = resolve_target(config.model.target)
    reasons = {}
    for name in names:
        if name in METHODS and places_without(target, METHODS[name]):
            chosen = replace(config.regularizer, uses=(Use(METHODS[name], METHODS[name].Settings()),))
            try:
                _build_network(config.model_copy(update={"regularizer": chosen}))
            except ConfigError as error:
                if error.key != f"regularizer.{name}":
                    raise
                reasons[name] = error.allowed.partition(";")[0]
    return reasons


def _build_network(config: RunConfig) -> tuple[torch.device, Dataset, Network, list[Method]]:
    device = resolve_device(config.device.name)
    dataset = load_dataset(config.dataset, config.task, device)
    methods = config.regularizer.make()
    _require_graphs(config, device, methods)
    _require_validation(config, dataset, methods)
    steps = num_steps(len(dataset.train), config.trainer.batch_size) * config.trainer.epochs
    require_steps(config.optimizer.schedule, config.optimizer.warmup, steps)
    torch.manual_seed(seeding.derive(config.seed, "weights"))
    trainer = config.trainer
    network = build_model(
        config.model,
        input_shape=dataset.input_shape,
        num_classes=dataset.num_outputs,
        methods=methods,
        example=dataset.train.first(NUM_PROBED),
        initial=Initial(trainer.initial_weights, trainer.initial_weights_except, trainer.freeze),
    )
    model = network.model
    smallest = smallest_batch(len(dataset.train), config.trainer.batch_size)
    if has_batch_norm(model) and smallest == 1:
        raise ConfigError(
            "trainer.batch_size", config.trainer.batch_size, "BatchNorm needs batches of 2 examples or more"
        )
    optimizer = require_possible(config.optimizer, model, cuda_graphs=config.device.cuda_graphs)
    task = Task(
        model,
        dataset.name,
        dataset.kind,
        dataset.input_shape,
        dataset.is_mirrored,
        smallest,
        why_no_step_size(optimizer),
        has_lengths(optimizer),
        config.trainer.loss or LOSSES[dataset.kind][0],
    )
    for method in methods:
        method.require_meaning(task)
        call(method, "check", task)
    return device, dataset, network, methods


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
