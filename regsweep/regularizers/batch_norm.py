"""BatchNorm: each unit is normalized by mean and variance over the batch (Ioffe and Szegedy, 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regsweep.errors import ConfigError
from regsweep.methods import Method, Paper, Task

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.nn.modules.batchnorm import _BatchNorm

_OUTPUTS = ("Softmax", "Softmax2d", "LogSoftmax", "Softmin", "MultiheadAttention")
"""Modules among torch's activations that no hidden layer ends with."""


class BatchNorm(Method):
    """BatchNorm where the network has a place for it: the argument ``batch_norm`` of its constructor.

    Not chosen, the network is as it is; with ``use=false`` BatchNorm is taken out of a network that has it.

    Without that argument it is taken out layer by layer, its scale and shift with it, and put only into
    ``nn.Sequential``, between a linear or convolutional layer and its activation, of a network that has none.
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

    def adapt(self, model: nn.Module, example: Tensor) -> list[str]:
        """Take BatchNorm out of the network, or put it in."""
        if not self.settings.use:
            num_places = _take_out(model)
            return [f"taken out of {_counted(num_places)}"] if num_places else []
        if has_batch_norm(model):
            return []
        num_places = _put_in(model, example)
        if not num_places:
            why = "no layer with its activation behind it in an nn.Sequential, no argument batch_norm"
            raise self.no_place(type(model).__name__, why)
        return [f"put in at {_counted(num_places)}, each before an activation"]


def has_batch_norm(model: nn.Module) -> bool:
    """Return whether a layer of `model` normalizes over the batch."""
    from torch.nn.modules.batchnorm import _BatchNorm

    return any(isinstance(module, _BatchNorm) for module in model.modules())


def _counted(number: int) -> str:
    return f"{number} place{'s' if number != 1 else ''}"


def _take_out(model: nn.Module) -> int:
    """Put in the place of each BatchNorm what it does besides; return how many there were."""
    from torch.nn.modules.batchnorm import _BatchNorm

    num_places = 0
    for module in list(model.modules()):
        for name, child in list(module._modules.items()):
            rest = _rest_of(child) if isinstance(child, _BatchNorm) else None
            if rest is not None:
                setattr(module, name, rest)
                num_places += 1
    return num_places


def _rest_of(norm: _BatchNorm) -> nn.Module | None:
    """Return what a BatchNorm does besides: nothing, or, of timm's, an activation; None where that is unknown."""
    from torch import nn

    parts = dict(norm.named_children())
    if type(norm).__module__.startswith("torch.nn."):
        return nn.Identity()
    if type(norm).__module__.startswith("timm.") and list(parts) == ["drop", "act"]:
        return nn.Sequential(parts["drop"], parts["act"])
    return None


def _put_in(model: nn.Module, example: Tensor) -> int:
    """Put BatchNorm between a layer and its activation in each ``nn.Sequential``; return in how many places.

    The layers keep their names: that of the new one is its layer's with ``_batch_norm``.
    """
    from torch import nn

    outputs = _dimensions(model, example)
    num_places = 0
    for sequential in [each for each in model.modules() if type(each).forward is nn.Sequential.forward]:
        layers = list(sequential._modules.items())
        following = [layer for _, layer in layers[1:]] + [None]
        places = {
            name: made
            for (name, layer), after in zip(layers, following, strict=True)
            if layer and _is_activation(after) and (made := _norm_of(layer, outputs.get(layer))) is not None
        }
        if places:
            _insert(sequential, places)
            num_places += len(places)
    return num_places


def _dimensions(model: nn.Module, example: Tensor) -> dict[nn.Module, int]:
    """Return the dimensions of what each layer with weights returns for the examples, but for the last of them."""
    import torch

    found: dict[nn.Module, int] = {}

    def note(module: nn.Module, _: Any, output: Any) -> None:
        found.pop(module, None)
        found[module] = output.ndim

    hooks = [module.register_forward_hook(note) for module in model.modules() if _features(module) is not None]
    modes = {module: module.training for module in model.modules()}
    with torch.no_grad():
        model.eval()
        model(example)
    for module, is_training in modes.items():
        module.training = is_training
    for hook in hooks:
        hook.remove()
    return dict(list(found.items())[:-1])


def _features(module: nn.Module) -> int | None:
    """Return how many units or maps a linear or convolutional layer makes; None for another module."""
    from torch import nn
    from torch.nn.modules.conv import _ConvNd

    if isinstance(module, nn.Linear):
        return module.out_features
    return module.out_channels if isinstance(module, _ConvNd) else None


def _norm_of(layer: nn.Module, dimensions: int | None) -> nn.Module | None:
    """Return BatchNorm for what a layer makes; None where it is no layer to normalize."""
    from torch import nn

    features = _features(layer)
    if features is None or dimensions is None or (isinstance(layer, nn.Linear) and dimensions != 2):  # noqa: PLR2004
        return None
    kinds: dict[int, type[nn.Module]] = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}
    return kinds[dimensions](features)


def _is_activation(module: nn.Module | None) -> bool:
    from torch.nn.modules import activation

    return type(module).__module__ == activation.__name__ and type(module).__name__ not in _OUTPUTS


def _insert(sequential: nn.Module, places: dict[str, nn.Module]) -> None:
    layers = list(sequential._modules.items())  # named_children() leaves out one that stands there twice
    sequential._modules.clear()
    for name, layer in layers:
        sequential.add_module(name, layer)
        if name in places:
            sequential.add_module(f"{name}_batch_norm", places[name])
