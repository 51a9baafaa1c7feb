"""Dropout: in training each unit is set to 0 with probability p, and the others are divided by 1 − p."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regsweep.fields import number
from regsweep.methods import Method, MethodSettings, Paper
from regsweep.names import listed

if TYPE_CHECKING:
    from torch import Tensor, nn

RATE = "drop_rate"
"""The attribute from which networks of timm and torchvision that have no layer of dropout read its probability."""

LAYER, ATTENTION, BETWEEN = "layer", "attention layer", "recurrent layer"
_WITHIN = {
    "torch.nn.modules.activation.MultiheadAttention": (ATTENTION, ("dropout",)),
    "torch.nn.modules.rnn.RNNBase": (BETWEEN, ("dropout",)),
    "torchvision.models.swin_transformer.ShiftedWindowAttention": (ATTENTION, ("attention_dropout", "dropout")),
}
"""Classes that compute dropout themselves, and the attributes from which they read its probability in each pass."""


class Dropout(Method):
    """`torch.nn.Dropout` where the network has a place for it: the argument ``dropout`` of its constructor.

    Without that argument, the probability of all dropout that the network has is set, whatever it was: of its layers of
    dropout, within attention, and between the layers of recurrent networks; where it has none, that of networks that
    compute dropout by their attribute ``drop_rate``.

    Not chosen, the network is as it is; with ``use=false``, or p = 0, the dropout of its own is set to 0.
    """

    name, title = "dropout", "dropout"
    paper = Paper(
        "Dropout",
        "Srivastava, N., Hinton, G., Krizhevsky, A., Sutskever, I. and Salakhutdinov, R. (2014). Dropout: a simple way "
        "to prevent neural networks from overfitting. Journal of Machine Learning Research, 15, 1929–1958.",
    )
    off = {"p": 0.0}
    arguments = ("dropout",)
    can_take_out = True

    class Settings(MethodSettings):
        """The probability."""

        p: float = number(
            "must be a probability of dropping, 0 or more and below 1, for example regularizer.dropout=0.5",
            ge=0,
            lt=1,
            default=0.5,
        )

    def model_settings(self) -> dict[str, Any]:
        """Return the probability for the network's constructor: 0 where dropout is not used."""
        return {"dropout": self.settings.p if self.settings.use else 0.0}

    def adapt(self, model: nn.Module, example: Tensor) -> list[str]:
        """Set the probability of the network's own dropout."""
        places = dropout_places(model)
        if not self.settings.use:
            acting = [place for place in places or _rated(model) if place.p > 0]
            line = f"set to 0 in {_counted(acting)}, p={_described(acting)} before" if acting else ""
            _set(acting, 0.0)
            return [line] if line else []
        if places:
            line = f"set in {_counted(places)}, p={_described(places)} before"
            _set(places, self.settings.p)
            return [line]
        rated = _rated(model)
        if not _acts(model, rated, example):
            raise self.no_place(type(model).__name__, "no layer of dropout, no argument dropout")
        _set(rated, self.settings.p)
        return [f"set as {RATE} of {_counted(rated)}"]


@dataclass(frozen=True)
class Place:
    """Where a network has dropout: the attribute of a module that holds its probability."""

    module: nn.Module
    attribute: str
    kind: str

    @property
    def p(self) -> float:
        """The probability."""
        return float(getattr(self.module, self.attribute))


def dropout_places(model: nn.Module) -> list[Place]:
    """Return where the network has dropout: of units, of maps, alpha dropout, in attention, between recurrent layers.

    A module that is used twice is there once. ``drop_rate`` is none of them.
    """
    return [place for module in model.modules() for place in _places_of(module)]


def own_dropout(model: nn.Module) -> str | None:
    """Return the dropout that a network has, in words (``p=0.5 in 2 layers``); None where it has none."""
    acting = [place for place in dropout_places(model) or _rated(model) if place.p > 0]
    return f"p={_described(acting)} in {_counted(acting)}" if acting else None


def described_rates(rates: list[float]) -> str:
    """Return probabilities as one: ``0.5``, or from the least to the largest, ``0.1 to 0.5``."""
    low, high = min(rates), max(rates)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _places_of(module: nn.Module) -> list[Place]:
    from torch import nn
    from torch.nn.modules.dropout import _DropoutNd

    if isinstance(module, _DropoutNd):
        return [Place(module, "p", LAYER)]
    if isinstance(module, nn.RNNBase) and module.num_layers == 1:
        return []  # there is nothing between its layers
    names = [f"{each.__module__}.{each.__qualname__}" for each in type(module).__mro__]
    kind, attributes = next((_WITHIN[name] for name in names if name in _WITHIN), ("", ()))
    return [Place(module, attribute, kind) for attribute in attributes if _is_number(getattr(module, attribute, None))]


def _rated(model: nn.Module) -> list[Place]:
    return [Place(module, RATE, "module") for module in model.modules() if _is_number(vars(module).get(RATE))]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _set(places: list[Place], p: float) -> None:
    for place in places:
        setattr(place.module, place.attribute, p)


def _described(places: list[Place]) -> str:
    return described_rates([place.p for place in places])


def _counted(places: list[Place]) -> str:
    """Return the number of modules of each kind: ``25 layers and 12 attention layers``."""
    modules = {kind: len({id(place.module) for place in places if place.kind == kind}) for kind in _kinds(places)}
    return listed([f"{number} {kind}{'s' if number != 1 else ''}" for kind, number in modules.items()])


def _kinds(places: list[Place]) -> list[str]:
    return sorted({place.kind for place in places}, key=[LAYER, ATTENTION, BETWEEN, "module"].index)


def _acts(model: nn.Module, rated: list[Place], example: Tensor) -> bool:
    """Return whether the attributes change what the network computes in training. Leaves everything as it was."""
    import torch

    if not rated:
        return False
    rates = [place.p for place in rated]
    modes = {module: module.training for module in model.modules()}
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    outputs = []
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        model.train()
        for tried in (0.0, 0.5):
            _set(rated, tried)
            torch.manual_seed(0)
            outputs.append(model(example))
        for name, buffer in model.named_buffers():
            buffer.copy_(buffers[name])
    for module, is_training in modes.items():
        module.training = is_training
    for place, rate in zip(rated, rates, strict=True):
        _set([place], rate)
    return not torch.equal(*outputs)
