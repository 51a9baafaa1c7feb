"""The door: a composed configuration is validated here once and becomes frozen, typed values.

Nothing below this module takes a Hydra or OmegaConf object. Each field carries, beside its check, the words
that a user reads when the check fails.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

from regsweep.chosen import Chosen, choose
from regsweep.errors import ConfigError
from regsweep.fields import Section, field, number
from regsweep.names import listed
from regsweep.objectives import Kind
from regsweep.signatures import suggest

LARGEST_IMAGE = 1024
"""Rows and columns of an image at most."""

NUM_SEEDS = 2**32
"""Seeds there are, from 0."""


class ModelConfig(Section):
    """The network: its class and the class's own parameters."""

    model_config = ConfigDict(extra="allow")

    target: str = field("must name a class or a function as module.name", alias="_target_", pattern=r"^\w+(\.\w+)+$")

    @property
    def parameters(self) -> dict[str, Any]:
        """The class's own parameters, by name."""
        return dict(self.model_extra or {})


TORCH_OPTIMIZERS = {
    "adadelta": "Adadelta",
    "adafactor": "Adafactor",
    "adagrad": "Adagrad",
    "adam": "Adam",
    "adamax": "Adamax",
    "adamw": "AdamW",
    "asgd": "ASGD",
    "muon": "Muon",
    "nadam": "NAdam",
    "nesterov": "SGD",
    "radam": "RAdam",
    "rmsprop": "RMSprop",
    "rprop": "Rprop",
    "sgd": "SGD",
}
"""The optimizers that have a name, each with its class of torch.optim."""

IMPOSSIBLE_OPTIMIZERS = {
    "LBFGS": "it evaluates the loss several times in a step, by a closure, and a step here has one gradient of one "
    "batch; choose adam or sgd",
    "SparseAdam": "it takes sparse gradients alone, which no network here has; choose adam",
}
"""Classes of torch.optim that cannot train here, each with the reason."""

_SET_BY_REGSWEEP = "regsweep sets it; leave it out"
NOT_SETTINGS = {
    "weight_decay": "L2 is the way to say it: regularizer=l2 with regularizer.lambda, which is half of a weight_decay",
    **dict.fromkeys(("params", "foreach", "fused", "differentiable", "maximize"), _SET_BY_REGSWEEP),
    "capturable": "device.cuda_graphs sets it; leave it out",
}
"""Arguments of an optimizer's constructor that are no settings of a run, each with the reason."""

CHECKED_SETTINGS = {"momentum", "betas", "eps"}
"""Settings whose values are checked here."""

_Beta = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]


class OptimizerConfig(Section):
    """The optimizer: PyTorch's by its name, or a class; and the class's own settings.

    Its learning rate may change from step to step (`regsweep.schedules`). Values that `CHECKED_SETTINGS` names are
    checked here for PyTorch's classes, everything else against the constructor when the class is known
    (`regsweep.optimizers`).
    """

    model_config = ConfigDict(extra="allow")

    name: str = field(
        f"must be {', '.join(TORCH_OPTIMIZERS)}; another class: optimizer=own optimizer._target_=module.Class"
    )
    target: str | None = field(
        "must name a class as module.Class, for example torch.optim.RMSprop",
        alias="_target_",
        pattern=r"^\w+(\.\w+)+$",
        default=None,
    )
    lr: float = number("must be a finite number above 0, for example optimizer.lr=0.05", gt=0)
    schedule: Literal["constant", "cosine", "one_cycle"] = field("must be constant, cosine or one_cycle")
    warmup: float = number("must be a share of the steps, 0 or more and below 1, for example 0.05", ge=0, lt=1)
    momentum: float = number(
        "must be 0 or more and below 1, for example optimizer.momentum=0.9", ge=0, lt=1, default=None
    )
    betas: tuple[_Beta, _Beta] = field(
        "must be two numbers of 0 or more and below 1, for example optimizer.betas=[0.9,0.999]",
        strict=False,
        default=None,
    )
    eps: Annotated[float, Field(gt=0, allow_inf_nan=False)] | list[Any] = field(
        "must be a finite number above 0, for example optimizer.eps=1e-8", default=None
    )

    @field_validator("momentum", "betas", "eps", mode="wrap")
    @classmethod
    def _of_torch(cls, value: Any, check: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        target = info.data.get("target")
        return check(value) if target is None or target.startswith("torch.optim.") else value

    @model_validator(mode="after")
    def _has_a_class(self) -> Self:
        if self.target is None and self.name not in TORCH_OPTIMIZERS:
            key, value = ("_target_", None) if "target" in self.model_fields_set else ("name", self.name)
            allowed = type(self).model_fields["name" if key == "name" else "target"].description
            raise ConfigError(f"optimizer.{key}", value, str(allowed))
        for name in NOT_SETTINGS.keys() & self.settings.keys():
            raise ConfigError(f"optimizer.{name}", self.settings[name], NOT_SETTINGS[name])
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """The class's own settings that are given, by name."""
        checked = {name: getattr(self, name) for name in CHECKED_SETTINGS & self.model_fields_set}
        return {**(self.model_extra or {}), **checked}

    @property
    def title(self) -> str:
        """The name, or the class's."""
        return self.name if self.target is None else self.target.rpartition(".")[2]


class DeviceConfig(Section):
    """Where to compute, and in which precision."""

    name: str = field(
        "must be auto, cpu, cuda or mps (or cuda:1 for the second GPU)",
        pattern=r"^(auto|cpu|mps|cuda(:\d{1,2})?)$",
    )
    precision: Literal["auto", "float32", "bfloat16"] = field("must be auto, float32 or bfloat16")
    cuda_graphs: bool = field("must be true or false", default=False)
    threads: int | None = field("must be a whole number of CPU threads, 1 or more, or null", ge=1, le=1024)


DatasetName = Literal[
    "digits",
    "mnist",
    "fashion_mnist",
    "kmnist",
    "cifar10",
    "image_folder",
    "breast_cancer",
    "wine",
    "diabetes",
    "arrays",
    "table",
    "torch",
]

DATASETS: tuple[str, ...] = get_args(DatasetName)
"""The data sets that `dataset` takes by name; the last three are of the user's own files and classes."""

_KIND_BY_TARGETS, _OF_NUMBERS = ("arrays", "table", "torch"), ("diabetes",)

_HAVE = {
    "image_size": ("image_folder",),
    "path": ("arrays", "table"),
    "target": ("table",),
    "ignore": ("table",),
    "group_column": ("arrays", "table"),
    "standardize": ("arrays", "table"),
    "factory": ("torch",),
    "arguments": ("torch",),
    "stream": ("image_folder", "arrays", "torch"),
}
"""The data sets that have a setting; those that are not here are of all."""


class DatasetConfig(Section):
    """The data, how many examples to train on, and how they are split."""

    name: DatasetName = field(f"must be {', '.join(DATASETS[:-1])} or {DATASETS[-1]}")
    root: str = field("must be the path of a folder", min_length=1, pattern=r"^[^\x00]+$")
    download: bool = field("must be true or false")
    train_size: int | None = field("must be a whole number of 2 or more, or null for all training examples", ge=2)
    label_noise: float = number(
        "must be a share of 0 or more and below 1, for example dataset.label_noise=0.2", ge=0, lt=1
    )
    val_fraction: float | None = number(
        "must be a share of 0 or more and below 1, for example dataset.val_fraction=0.2, or null for the data set's "
        "own validation examples, else 0.2",
        ge=0,
        lt=1,
    )
    split_seed: int = field("must be a whole number from 0 to 4294967295", ge=0, lt=NUM_SEEDS)
    image_size: int | None = field(
        f"must be a whole number from 4 to {LARGEST_IMAGE}, or null for the images' own size", ge=4, le=LARGEST_IMAGE
    )
    path: str | None = field("must be the path of a file", default=None, min_length=1, pattern=r"^[^\x00]+$")
    target: str | None = field("must be the name of a column", default=None, min_length=1)
    ignore: tuple[str, ...] = field("must be a list of names of columns", default=(), strict=False)
    group_column: str | None = field("must be the name of a column or of an array, or null", default=None, min_length=1)
    standardize: bool | None = field("must be true or false", default=None)
    factory: str | None = field(
        "must be the name of a class or function, module.name",
        default=None,
        alias="_target_",
        pattern=r"^\w+(\.\w+)+$",
    )
    arguments: dict[str, Any] | None = field("must be a dictionary of arguments by name, or null", default=None)
    stream: bool | None = field("must be true, false, or null for what fits into memory", default=None)

    def __hash__(self) -> int:
        return hash(self.model_dump_json())  # arguments are a dictionary

    @property
    def title(self) -> str:
        """The data set in a word: the name of the user's own file or class, where it is one."""
        if self.path is not None:
            return Path(self.path).name
        return self.name if self.factory is None else self.factory.rpartition(".")[2]

    @property
    def can_standardize(self) -> bool:
        """Whether ``dataset.standardize=true`` would scale inputs that are given as they are."""
        is_off = not self.standardize if self.name == "arrays" else self.standardize is False
        return is_off and self.name in _HAVE["standardize"]

    @property
    def kind(self) -> Kind | None:
        """The kind of task; None where only the targets say it."""
        if self.name in _KIND_BY_TARGETS:
            return None
        return "regression" if self.name in _OF_NUMBERS else "classification"

    @field_validator("root", "path")
    @classmethod
    def _at_home(cls, path: str | None) -> str | None:
        # The shell leaves the ~ in dataset.root=~/data alone.
        return None if path is None else str(Path(path).expanduser())

    @model_validator(mode="after")
    def _has_these_settings(self) -> Self:
        for name, having in _HAVE.items():
            value = getattr(self, name)
            if self.name not in having and value not in (None, ()):
                key = f"dataset.{type(self).model_fields[name].alias or name}"
                raise ConfigError(key, value, f"{self.name} has no such setting, only {listed(having)}")
        return self


class TrainerConfig(Section):
    """The loop's settings, and what a run leaves behind."""

    epochs: int = field("must be a whole number of 1 or more, for example trainer.epochs=30", ge=1, le=10**6)
    batch_size: int = field("must be a whole number of 1 or more, for example trainer.batch_size=64", ge=1, le=10**6)
    loss: Literal["cross_entropy", "mse", "huber"] | None = field(
        "must be cross_entropy, mse, huber, or null for the task's own", default=None
    )
    class_weights: Literal["balanced"] | None = field("must be balanced or null", default=None)
    restore_best: bool = field("must be true or false")
    initial_weights: str | None = field(
        "must be the path of a .safetensors or a .pt file, or null", default=None, min_length=1
    )
    initial_weights_except: tuple[str, ...] = field(
        "must be a list of patterns of names, for example [fc.*]", default=(), strict=False
    )
    freeze: tuple[str, ...] = field(
        "must be a list of patterns of names of parameters, for example [features.*]", default=(), strict=False
    )
    test: bool | None = field("must be true, false, or null (single runs yes, trials of a sweep no)")
    save_weights: bool | None = field("must be true, false, or null (single runs yes, trials of a sweep no)")


def _chosen(values: Any) -> Any:
    return choose(values) if isinstance(values, Mapping) else values


class RunConfig(Section):
    """Everything that one run is made from."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: ModelConfig
    regularizer: Annotated[Chosen, BeforeValidator(_chosen)]
    optimizer: OptimizerConfig
    device: DeviceConfig
    dataset: DatasetConfig
    trainer: TrainerConfig
    task: Literal["auto", "classification", "regression"] = field(
        "must be auto, classification or regression", default="auto"
    )
    objective: str | None = field(
        "must be the name of a number, for example objective=auroc, or null for the task's own",
        default=None,
    )
    objective_direction: Literal["maximize", "minimize"] | None = field(
        "must be maximize, minimize, or null for what the name implies", default=None
    )
    seed: int = field("must be a whole number from 0 to 4294967295", ge=0, lt=NUM_SEEDS)


def validate(values: Mapping[str, Any]) -> RunConfig:
    """Return the frozen configuration that `values` (nested plain dicts) describe.

    Raises:
        ConfigError: for the first key that is unknown, missing or has a value that is not allowed.
    """
    try:
        return RunConfig.model_validate(values)
    except ValidationError as invalid:
        raise _explain(invalid, values) from None


def _explain(invalid: ValidationError, values: Mapping[str, Any]) -> ConfigError:
    error = invalid.errors(include_url=False)[0]
    path = [str(part) for part in error["loc"]]
    section = _section(path[0]) if len(path) > 1 else RunConfig
    known = {info.alias or name: info for name, info in section.model_fields.items()}
    if error["type"] == "extra_forbidden":
        return ConfigError(".".join(path), error["input"], f"no such key; {suggest(path[-1], known)}")
    if error["type"] == "missing" and path[2:] == []:
        return ConfigError(".".join(path), None, "is missing from the configuration")
    key = path[:2] if section is not RunConfig else path[:1]
    info: FieldInfo = known[key[-1]]
    return ConfigError(".".join(key), _value_at(key, values), info.description or error["msg"])


def _section(name: str) -> type[Section]:
    section = RunConfig.model_fields[name].annotation
    assert isinstance(section, type)
    assert issubclass(section, Section)
    return section


def _value_at(path: list[str], values: Any) -> Any:
    for part in path:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values
