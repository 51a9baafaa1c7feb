"""What a method covers, by its setting ``scope``: one rule, and its counts are printed.

``weights`` means matrices and kernels: parameters of two or more dimensions that do not belong to a
normalization layer. Biases and normalization's scale and shift stay free. ``all`` means every parameter, as
PyTorch's ``weight_decay`` does.
"""

from torch import nn
from torch.nn import Parameter
from torch.nn.modules.batchnorm import _NormBase

_NORMALIZATIONS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.LocalResponseNorm)


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


def trained_parameters(model: nn.Module) -> dict[str, Parameter]:
    """Return the parameters of `model` that are trained, by name, each once."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def cover(model: nn.Module, scope: str) -> dict[str, Parameter]:
    """Return the parameters that are trained and that `scope` covers: ``weights`` or ``all``."""
    trained = trained_parameters(model)
    weights = weight_parameters(model)
    return trained if scope == "all" else {name: weight for name, weight in trained.items() if name in weights}


def count_covered(model: nn.Module, scope: str) -> dict[str, int]:
    """Return how many numbers are covered by `scope`, and how many of those that are trained are not."""
    covered, free = _divided(model, scope)
    return {"covered": _numbers(covered), "free": _numbers(free)}


def describe_scope(model: nn.Module, scope: str) -> str:
    """Return what is covered by `scope`, and what is not, in words with counts."""
    covered, free = _divided(model, scope)
    return f"covers {_describe(covered)}, " + (f"leaves {_describe(free)} free" if free else "which are all")


def _divided(model: nn.Module, scope: str) -> tuple[dict[str, Parameter], dict[str, Parameter]]:
    covered = cover(model, scope)
    free = {name: parameter for name, parameter in trained_parameters(model).items() if name not in covered}
    return covered, free


def _numbers(parameters: dict[str, Parameter]) -> int:
    return sum(parameter.numel() for parameter in parameters.values())


def _describe(parameters: dict[str, Parameter]) -> str:
    return f"{_numbers(parameters):,} parameters in {len(parameters)} tensors"
