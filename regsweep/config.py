"""The door: a composed configuration is validated here once and becomes frozen, typed values.

Nothing below this module takes a Hydra or OmegaConf object. Each field carries, beside its check, the words
that a user reads when the check fails.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo

from regsweep.chosen import Chosen, choose
from regsweep.errors import ConfigError
from regsweep.fields import Section, field, number
from regsweep.signatures import suggest

LARGEST_IMAGE = 1024
"""Rows and columns of an image at most."""

NUM_SEEDS = 2**32
"""Seeds there are, from 0."""


class ModelConfig(Section):
    """The network: its class and the class's own parameters."""

    model_config = ConfigDict(extra="allow")

    target: str = field("must name a class as module.Class", alias="_target_", pattern=r"^\w+(\.\w+)+$")

    @property
    def parameters(self) -> dict[str, Any]:
        """The class's own parameters, by name."""
        return dict(self.model_extra or {})


class ScheduledConfig(Section):
    """An optimizer, whose learning rate may change from step to step (`regsweep.schedules`)."""

    lr: float = number("must be a finite number above 0, for example optimizer.lr=0.05", gt=0)
    schedule: Literal["constant", "cosine", "one_cycle"] = field("must be constant, cosine or one_cycle")
    warmup: float = number("must be a share of the steps, 0 or more and below 1, for example 0.05", ge=0, lt=1)


class SGDConfig(ScheduledConfig):
    """Stochastic gradient descent, with momentum where it is not 0."""

    name: Literal["sgd"]
    momentum: float = number("must be 0 or more and below 1, for example optimizer.momentum=0.9", ge=0, lt=1)


class AdamConfig(ScheduledConfig):
    """Adam (Kingma and Ba, 2015) and AdamW (Loshchilov and Hutter, 2019)."""

    name: Literal["adam", "adamw"]
    betas: tuple[
        Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)],
        Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)],
    ] = field("must be two numbers of 0 or more and below 1, for example optimizer.betas=[0.9,0.999]", strict=False)
    eps: float = number("must be a finite number above 0, for example optimizer.eps=1e-8", gt=0)


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

_HAVE = {
    "image_size": ("image_folder",),
    "path": ("arrays", "table"),
    "target": ("table",),
    "ignore": ("table",),
    "group_column": ("arrays", "table"),
    "standardize": ("arrays", "table"),
    "factory": ("torch",),
    "arguments": ("torch",),
    "stream": ("torch",),
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
                raise ConfigError(key, value, f"{self.name} has no such setting, only {' and '.join(having)}")
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
    test: bool | None = field("must be true, false, or null (single runs yes, trials of a sweep no)")
    save_weights: bool | None = field("must be true, false, or null (single runs yes, trials of a sweep no)")


OptimizerConfig = SGDConfig | AdamConfig


def _chosen(values: Any) -> Any:
    return choose(values) if isinstance(values, Mapping) else values


class RunConfig(Section):
    """Everything that one run is made from."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: ModelConfig
    regularizer: Annotated[Chosen, BeforeValidator(_chosen)]
    optimizer: OptimizerConfig = Field(discriminator="name", description="must be sgd, adam or adamw")
    device: DeviceConfig
    dataset: DatasetConfig
    trainer: TrainerConfig
    task: Literal["auto", "classification", "regression"] = field(
        "must be auto, classification or regression", default="auto"
    )
    objective: str | None = field(
        "must name a number, for example objective=balanced_accuracy, or be null for the task's own", default=None
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
    # pydantic names the chosen class of a union in its path; the user's key does not have it.
    path = [str(part) for part in error["loc"] if part not in ("sgd", "adam", "adamw")]
    section = _section(path[0], values) if len(path) > 1 else RunConfig
    known = {info.alias or name: info for name, info in section.model_fields.items()}
    if error["type"] == "extra_forbidden":
        return ConfigError(".".join(path), error["input"], f"no such key; {suggest(path[-1], known)}")
    if error["type"] == "missing":
        return ConfigError(".".join(path), None, "is missing from the configuration")
    if path == ["optimizer"]:
        path.append("name")
        return ConfigError(".".join(path), _value_at(path, values), str(known["optimizer"].description))
    key = path[:2] if section is not RunConfig else path[:1]
    info: FieldInfo = known[key[-1]]
    return ConfigError(".".join(key), _value_at(key, values), info.description or error["msg"])


def _section(name: str, values: Mapping[str, Any]) -> type[Section]:
    if name == "optimizer":
        return SGDConfig if values["optimizer"]["name"] == "sgd" else AdamConfig
    section = RunConfig.model_fields[name].annotation
    assert isinstance(section, type)
    assert issubclass(section, Section)
    return section


def _value_at(path: list[str], values: Any) -> Any:
    for part in path:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values
