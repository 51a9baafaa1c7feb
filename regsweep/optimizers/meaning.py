"""What the strength λ of a penalty means under each optimizer.

*Coupled*: the penalty is a part of the loss. The gradient 2λw of L2 joins that of the loss before the optimizer scales
it, and the threshold of L1 has the scale of each coordinate's step. The minimum is that of loss + λ Σw², or of
loss + λ Σ|w|, under each of these optimizers, so λ means the same.

*Decoupled*: the penalty acts beside the optimizer's scaling, relative to the learning rate alone. Each step multiplies
the weights by 1 − 2ηλ (L2), or moves them towards 0 by ηλ (L1), so λ has another scale.

Which of the two is PyTorch's own weight decay under each optimizer. L1 follows it, so that both parts of an elastic net
have one scale.
"""

from typing import Any

from torch.optim import ASGD, Adafactor, Optimizer, Rprop

from regsweep.optimizers.muon import MuonWithAdamW
from regsweep.optimizers.resolve import is_of_torch
from regsweep.signatures import parameters_of


def is_decoupled(cls: type[Optimizer], settings: dict[str, Any]) -> bool:
    """Return whether penalties are decoupled.

    Args:
        cls: the optimizer's class.
        settings: those of a parameter group.
    """
    return cls in (Adafactor, MuonWithAdamW) or (is_of_torch(cls) and bool(settings.get("decoupled_weight_decay")))


def has_own_decay(cls: type[Optimizer]) -> bool:
    """Return whether the ``weight_decay`` of a group is the L2 penalty; else 2λw is added to the gradients."""
    return cls is MuonWithAdamW or (is_of_torch(cls) and "weight_decay" in parameters_of(cls))


def why_no_step_size(cls: type[Optimizer]) -> str:
    """Return why there is no step size for a proximal map under `cls`; an empty text where there is one."""
    if cls is Rprop:
        return "Rprop's step has the same length for every gradient, so a soft threshold has no λ"
    if not is_of_torch(cls):
        return f"how far {cls.__name__} steps is not known, and the soft threshold follows that"
    return ""


def has_lengths(cls: type[Optimizer]) -> bool:
    """Return whether a step depends on the length of the gradient, not on its signs alone."""
    return cls is not Rprop


def describe_strength(optimizer: Optimizer, *, has_penalty: bool) -> str:
    """Return in a line what a run must say of its λ, or of a decay that it did not choose; else an empty text."""
    settings = optimizer.param_groups[0]
    if is_decoupled(type(optimizer), settings) and has_penalty:
        return "λ is decoupled from the loss: a step multiplies by 1 − 2ηλ (L2), or moves to 0 by ηλ (L1)"
    if isinstance(optimizer, ASGD) and settings["lambd"]:
        return f"lambd={settings['lambd']:g} decays all parameters, as L2 λ={settings['lambd'] / 2:g} (scope=all)"
    return ""
