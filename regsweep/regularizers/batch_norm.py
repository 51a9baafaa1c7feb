"""BatchNorm: each unit is normalized by mean and variance over the batch (Ioffe and Szegedy, 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regsweep.errors import ConfigError
from regsweep.methods import Method, Paper, Task
from regsweep.signatures import parameters_of

if TYPE_CHECKING:
    from torch import nn


class BatchNorm(Method):
    """BatchNorm where the network has a place for it: the argument ``batch_norm`` of its constructor.

    Not chosen, the network is as it is; with ``use=false`` BatchNorm is taken out of a network that has it.
    """

    name, title = "batch_norm", "BatchNorm"
    paper = Paper(
        "BatchNorm",
        "Ioffe, S. and Szegedy, C. (2015). Batch normalization: accelerating deep network training by reducing "
        "internal covariate shift. International Conference on Machine Learning, 448–456.",
    )
    arguments = ("batch_norm",)
    can_take_out = True

    def check(self, task: Task) -> None:
        """Refuse to take BatchNorm out of a network that cannot be without it."""
        if not self.settings.use and has_batch_norm(task.model):
            reason = f"{type(task.model).__name__} cannot be without it; leave it out, or choose another model"
            raise ConfigError("regularizer.batch_norm", False, reason)


def has_batch_norm(model: nn.Module) -> bool:
    """Return whether a layer of `model` normalizes over the batch."""
    from torch.nn.modules.batchnorm import _BatchNorm

    return any(isinstance(module, _BatchNorm) for module in model.modules())


def has_by_default(model: nn.Module) -> bool:
    """Return whether a network of this class has BatchNorm without any method."""
    argument = parameters_of(type(model)).get("batch_norm")
    return has_batch_norm(model) if argument is None else bool(argument.default)
