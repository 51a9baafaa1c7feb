"""A method of regularization: its settings, its words, and the places in a training at which it acts.

The hooks stand in the order of a step. A step calls only those that a class overrides, so the others cost nothing.

    once    check, model_settings, adapt, weight_decay, start
    step 0  before_step      outside: ordinary Python, and random numbers
    step 1  on_batch         outside: stages image < mix < targets
    step 2  extra_loss       inside
    step 3  around           inside
    step 4  before_update    inside: stages penalty < clip < noise < decay
    step 5  the optimizer
    step 6  on_weights       inside: stages shrink < project
    step 7  after_step       outside
    epoch   evaluated, should_stop
    record  value, record

What is *inside* may be captured as a CUDA graph and repeated: it must do the same operations in every step, on tensors
that stay in their places, and decide nothing in Python. It draws no random numbers: a method draws *outside*, into its
own tensors, from torch's global generator, which then stands at a stream of the method's own, derived from its name. So
no method shifts the random numbers of another, of the network's dropout, or of the order of the batches.

Methods act in the order of their stages, then of their names, never in the order in which they were chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from regsweep.errors import ConfigError, show
from regsweep.fields import Section, field, number
from regsweep.methods.paper import Paper
from regsweep.numbers import show_number

if TYPE_CHECKING:
    from torch import Tensor, nn

    from regsweep.member import EpochRow
    from regsweep.methods.parameters import Batch, Parameters, Run, Update
    from regsweep.objectives import Kind

STAGES = {
    "on_batch": ("image", "mix", "targets"),
    "before_update": ("penalty", "clip", "noise", "decay"),
    "on_weights": ("shrink", "project"),
}
"""The order within a hook: for example, the shares of mixed examples are smoothed, not the other way round."""


HOOKS = (
    "check",
    "model_settings",
    "adapt",
    "weight_decay",
    "start",
    "before_step",
    "on_batch",
    "extra_loss",
    "around",
    "before_update",
    "on_weights",
    "after_step",
    "evaluated",
    "should_stop",
    "value",
    "record",
)
"""All hooks, in the order of a step. `regsweep.methods.calls` calls them and checks what they return."""


DECAY = "decay of the weights"
"""A role of several methods."""


class MethodSettings(Section):
    """The settings of a method. The first one that a class adds is its main setting, which the short form sets."""

    use: bool = field("must be true or false", default=True)


Scope = Literal["weights", "all"]


def scope(default: str = "weights") -> Any:
    """Return the field of the setting ``scope``: which parameters a method covers."""
    return field("must be weights (matrices and kernels) or all", default=default)


@dataclass(frozen=True)
class Task:
    """What is to be trained, known before the first step.

    Attributes:
        model: the network.
        dataset: name of the data set.
        kind: ``classification`` or ``regression``.
        input_shape: of one example: channels, rows and columns of an image.
        is_mirrored: whether an image and its mirror image show the same; None where that is not known.
        smallest_batch: examples of the smallest batch.
        no_step_size: why the optimizer has no step size for a proximal map (`Update.step_size`); empty where it has.
        has_lengths: whether the optimizer's step depends on the length of the gradient, not on its signs alone.
        loss: the name of the loss.
    """

    model: nn.Module
    dataset: str
    kind: Kind
    input_shape: tuple[int, ...]
    is_mirrored: bool | None
    smallest_batch: int
    no_step_size: str = ""
    has_lengths: bool = True
    loss: str = "cross_entropy"


class Method:
    """Base class of all methods; what a hook returns or does here is what a method without it does.

    Args:
        settings: of the class's own `Settings`.

    Attributes:
        name: of the key, ``regularizer.NAME``, and of the preset.
        title: in plain words.
        paper: what describes it; None for a method without a paper.
        symbol: the sign of the main setting, before its value in `describe`.
        signs: those of further settings, by key, that `describe` always names.
        role: of two methods with the same one a run can have only one; None: no such limit.
        stage: by hook, one of `STAGES`; by default the first.
        off: values of settings that are the same as the method's absence; empty where there are none.
        arguments: arguments of a network's constructor that the method sets; where it does not name them, see `adapt`.
        acts_in_evaluation: whether it changes the network that is evaluated, kept and saved, or when training ends.
        keeps_best_epoch: whether the run ends with the weights of its best validation epoch.
        can_take_out: whether ``use=false`` is more than absence: takes something out of the network.
        needs_classes: whether it has a meaning only where classes are predicted.
        needs_images: whether it has one only where an example is an image.
        example: settings that act within three epochs on digits, for the contract suite.
        state: tensors that a training that goes on later needs.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[Paper | None] = None
    symbol: ClassVar[str] = ""
    signs: ClassVar[Mapping[str, str]] = {}
    role: ClassVar[str | None] = None
    stage: ClassVar[Mapping[str, str]] = {}
    off: ClassVar[Mapping[str, Any]] = {}
    arguments: ClassVar[tuple[str, ...]] = ()
    acts_in_evaluation: ClassVar[bool] = False
    keeps_best_epoch: ClassVar[bool] = False
    can_take_out: ClassVar[bool] = False
    needs_classes: ClassVar[bool] = False
    needs_images: ClassVar[bool] = False
    example: ClassVar[Mapping[str, Any]] = {}

    class Settings(MethodSettings):
        """None but whether it is used."""

    settings: Any

    def __init__(self, settings: MethodSettings) -> None:
        self.settings = settings
        self.state: dict[str, Tensor] = {}

    @classmethod
    def main_setting(cls) -> str | None:
        """Return the key of the setting that the short form ``regularizer.NAME=value`` sets; None without one."""
        return next((key for key in cls.setting_fields() if key != "use"), None)

    @classmethod
    def setting_fields(cls) -> dict[str, str]:
        """Return the name of each setting's field by its key."""
        return {info.alias or name: name for name, info in cls.Settings.model_fields.items()}

    @classmethod
    def is_off(cls, settings: Any) -> bool:
        """Return whether the method with these settings is the same as its absence."""
        fields = cls.setting_fields()
        return bool(cls.off) and all(getattr(settings, fields[key]) == value for key, value in cls.off.items())

    @classmethod
    def describe(cls, settings: Any) -> str:
        """Return the method with its settings in plain words: ``mixup α=0.2``, ``L1 λ=0.01 (scope=all)``.

        The main one is always named, a further one where it differs from the default.
        """
        main, fields = cls.main_setting(), cls.setting_fields()
        values = {key: getattr(settings, name) for key, name in fields.items()}
        words = [cls.title]
        if main is not None:
            words.append(f"{cls.symbol}={_shown(values[main])}" if cls.symbol else _shown(values[main]))
        words += [f"{sign}={_shown(values[key])}" for key, sign in cls.signs.items()]
        further = [
            f"{key}={_shown(values[key])}"
            for key, name in sorted(fields.items(), key=lambda item: item[0] == "scope")  # of several methods, so last
            if key not in ("use", main, *cls.signs) and values[key] != cls.Settings.model_fields[name].default
        ]
        return " ".join([*words, *([f"({', '.join(further)})"] if further else [])])

    def refuse(self, setting: str, allowed: str) -> ConfigError:
        """Return the error of a setting that is not possible here; `allowed` has the reason and the next step."""
        value = getattr(self.settings, self.setting_fields()[setting])
        return ConfigError(f"regularizer.{self.name}.{setting}", value, allowed)

    def require_meaning(self, task: Task) -> None:
        """Refuse the method where it has no meaning for such data.

        Raises:
            ConfigError: with the reason.
        """
        missing = [
            words
            for needs, is_there, words in (
                (self.needs_classes, task.kind == "classification", "classes, and numbers are predicted here"),
                (self.needs_images, len(task.input_shape) == len("CHW"), f"images, and {task.dataset} has none"),
            )
            if needs and not is_there
        ]
        if missing:
            allowed = f"{self.title} needs {missing[0]}; leave it out"
            raise ConfigError(f"regularizer.{self.name}", self.main_value(), allowed)

    def check(self, task: Task) -> None:
        """Refuse what the network or the data have no place for.

        Raises:
            ConfigError: see `refuse`.
        """

    def main_value(self) -> Any:
        """Return the value of the main setting; of a method without one, whether it is used."""
        return getattr(self.settings, self.setting_fields()[self.main_setting() or "use"])

    def model_settings(self) -> dict[str, Any]:
        """Return arguments for the network's constructor: by default each of `arguments` is the main setting."""
        return dict.fromkeys(self.arguments, self.main_value())

    def adapt(self, model: nn.Module, example: Tensor) -> list[str]:
        """Change a new network in place, where its constructor does not name all of `arguments`.

        Draws no random numbers, and keeps the parameters that are there, and their names.

        Args:
            model: the network.
            example: two examples (2, …).

        Returns:
            What was changed, in words, a line each.

        Raises:
            ConfigError: where the method is used and there is nothing to change; see `no_place`.
        """
        return []

    def no_place(self, network: str, reason: str = "") -> ConfigError:
        """Return the error of a method that a network (its name) has no place for."""
        why = f" ({reason})" if reason else ""
        allowed = f"{network} has no place for it{why}; choose another model or leave it off"
        return ConfigError(f"regularizer.{self.name}", self.main_value(), allowed)

    def weight_decay(self) -> float:
        """Return what the optimizer multiplies each covered w by and adds to its gradient: 2λ for λ Σw²."""
        return 0.0

    def start(self, run: Run) -> None:
        """Make the state; no step has been made yet."""

    def before_step(self, step: int) -> None:
        """Change own tensors in place, before step `step` (from 0)."""

    def on_batch(self, batch: Batch) -> Batch:
        """Return another batch of as many examples, with targets of the same kind in every step."""
        return batch

    def extra_loss(self, logits_BK: Tensor, batch: Batch, parameters: Parameters) -> Tensor:
        """Return a term of the loss, a number ()."""
        raise NotImplementedError

    def around(self, parameters: Parameters) -> Iterator[None]:
        """Yield to have the gradient at the present weights put into each ``.grad``; weights must be restored.

        The last gradient is the step's. Each is taken with the same dropout, and the first alone updates BatchNorm's
        statistics.
        """
        yield

    def before_update(self, parameters: Parameters, lr: float | Tensor) -> None:
        """Change gradients or weights in place; `parameters` are those that have a gradient."""

    def on_weights(self, update: Update) -> None:
        """Change the weights in place, after the optimizer's step."""

    def after_step(self, model: nn.Module, step: int) -> None:
        """Change own state, after step `step` (from 0)."""

    def evaluated(self, model: nn.Module) -> nn.Module:
        """Return the network that is evaluated, kept and saved: a copy, if it is another one."""
        return model

    def should_stop(self, history: Sequence[EpochRow]) -> bool:
        """Return whether the training ends after the last epoch of `history`."""
        return False

    def value(self, parameters: Parameters) -> float:
        """Return the value of a penalty, its strength included."""
        return 0.0

    def record(self, model: nn.Module) -> dict[str, float]:
        """Return numbers for the record, by name; `model` is the network that is kept, at the end of its epoch."""
        return {}


def _shown(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return show_number(float(value), 2) if is_number else show(value)


class Penalty(Method):
    """A term λ·(something of the weights) that is added to the loss.

    The settings of a run's one penalty have a short key: ``regularizer.lambda`` for ``regularizer.l1.lambda``.
    """

    off: ClassVar[Mapping[str, Any]] = {"lambda": 0.0}
    symbol = "λ"

    class Settings(MethodSettings):
        """The strength, and what it covers."""

        strength: float = number(
            "must be a finite number of 0 or more, for example regularizer.lambda=1e-4",
            alias="lambda",
            ge=0,
            default=1e-4,
        )
        scope: Scope = scope()
