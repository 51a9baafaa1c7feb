"""Dropout: in training each unit is set to 0 with probability p, and the others are divided by 1 − p."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regsweep.fields import number
from regsweep.methods import Method, MethodSettings, Paper

if TYPE_CHECKING:
    from torch import Tensor, nn

RATE = "drop_rate"
"""The attribute from which networks of timm and torchvision that have no layer of dropout read its probability."""


class Dropout(Method):
    """`torch.nn.Dropout` where the network has a place for it: the argument ``dropout`` of its constructor.

    Without that argument, the probability of each layer of dropout that the network has is set, whatever its own was;
    and where it has none, that of networks that compute dropout by their attribute ``drop_rate``.
    """

    name, title = "dropout", "dropout"
    paper = Paper(
        "Dropout",
        "Srivastava, N., Hinton, G., Krizhevsky, A., Sutskever, I. and Salakhutdinov, R. (2014). Dropout: a simple way "
        "to prevent neural networks from overfitting. Journal of Machine Learning Research, 15, 1929–1958.",
    )
    off = {"p": 0.0}
    arguments = ("dropout",)

    class Settings(MethodSettings):
        """The probability."""

        p: float = number(
            "must be a probability of dropping, 0 or more and below 1, for example regularizer.dropout=0.5",
            ge=0,
            lt=1,
            default=0.5,
        )

    def adapt(self, model: nn.Module, example: Tensor) -> list[str]:
        """Set the probability of the network's layers of dropout."""
        if not self.settings.use:
            return []
        p, layers = self.settings.p, dropout_layers(model)
        if layers:
            before = described_rates([layer.p for layer in layers])
            for layer in layers:
                layer.p = p
            return [f"set in {_counted(len(layers))}, p={before} before"]
        rated = [module for module in model.modules() if _has_rate(module)]
        for module in rated:
            setattr(module, RATE, p)
        if not _acts(model, rated, example):
            raise self.no_place(type(model).__name__, "no layer of dropout, no argument dropout")
        return [f"set as {RATE} of {_counted(len(rated), 'module')}"]


def dropout_layers(model: nn.Module) -> list[nn.Dropout]:
    """Return the network's layers of dropout: of units, of maps, and alpha dropout."""
    from torch.nn.modules.dropout import _DropoutNd

    return [module for module in model.modules() if isinstance(module, _DropoutNd)]  # type: ignore[misc]


def own_dropout(model: nn.Module) -> str | None:
    """Return the dropout that a network has without any method, in words; None where it has none."""
    acting = [layer.p for layer in dropout_layers(model) if layer.p > 0]
    return f"p={described_rates(acting)} in {_counted(len(acting))}" if acting else None


def described_rates(rates: list[float]) -> str:
    """Return probabilities as one: ``0.5``, or from the least to the largest, ``0.1 to 0.5``."""
    low, high = min(rates), max(rates)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _counted(number: int, what: str = "layer") -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"


def _has_rate(module: nn.Module) -> bool:
    rate = vars(module).get(RATE)
    return isinstance(rate, int | float) and not isinstance(rate, bool)


def _acts(model: nn.Module, rated: list[nn.Module], example: Tensor) -> bool:
    """Return whether the attributes change what the network computes in training. Leaves everything as it was."""
    import torch

    if not rated:
        return False
    rates = [getattr(module, RATE) for module in rated]
    modes = {module: module.training for module in model.modules()}
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    outputs = []
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        model.train()
        for tried in (0.0, 0.5):
            for module in rated:
                setattr(module, RATE, tried)
            torch.manual_seed(0)
            outputs.append(model(example))
        for name, buffer in model.named_buffers():
            buffer.copy_(buffers[name])
    for module, is_training in modes.items():
        module.training = is_training
    for module, rate in zip(rated, rates, strict=True):
        setattr(module, RATE, rate)
    return not torch.equal(*outputs)
