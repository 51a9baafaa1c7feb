"""What a penalty covers: one rule, and its counts are printed.

``weights`` means matrices and kernels: parameters of two or more dimensions that do not belong to a
normalization layer. Biases and normalization's scale and shift stay free. ``all`` means every parameter, as
PyTorch's ``weight_decay`` does.
"""

from dataclasses import dataclass

from torch import nn
from torch.nn import Parameter
from torch.nn.modules.batchnorm import _NormBase

_NORMALIZATIONS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.LocalResponseNorm)


@dataclass(frozen=True)
class ParameterGroups:
    """Every trainable parameter, once: those that the penalty covers and those that it leaves free."""

    penalized: dict[str, Parameter]
    free: dict[str, Parameter]

    def counts(self) -> dict[str, int]:
        """Return how many numbers each group holds."""
        return {"penalized": _numbers(self.penalized), "free": _numbers(self.free)}

    def __str__(self) -> str:
        return f"penalty covers {_describe(self.penalized)}, leaves {_describe(self.free)} free"


def weight_parameters(model: nn.Module) -> dict[str, Parameter]:
    """Return the matrices and kernels of `model`, by name."""
    normalizing = {
        id(parameter)
        for module in model.modules()
        if isinstance(module, _NORMALIZATIONS)
        for parameter in module.parameters(recurse=False)
    }
    return {
        name: parameter
        for name, parameter in model.named_parameters()
        if parameter.ndim > 1 and id(parameter) not in normalizing
    }


def group_parameters(model: nn.Module, scope: str) -> ParameterGroups:
    """Return the trainable parameters of `model`, split by `scope`: ``weights`` or ``all``."""
    trainable = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    covered = set(trainable) if scope == "all" else set(weight_parameters(model))
    groups = ParameterGroups(
        penalized={name: parameter for name, parameter in trainable.items() if name in covered},
        free={name: parameter for name, parameter in trainable.items() if name not in covered},
    )
    assert len(groups.penalized) + len(groups.free) == len(trainable), "the groups must partition all parameters"
    return groups


def _numbers(parameters: dict[str, Parameter]) -> int:
    return sum(parameter.numel() for parameter in parameters.values())


def _describe(parameters: dict[str, Parameter]) -> str:
    return f"{_numbers(parameters):,} parameters in {len(parameters)} tensors"
