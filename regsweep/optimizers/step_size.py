"""How far each step of an optimizer goes, which a proximal step must know.

A minimum of loss + λ Σ|w| has a loss gradient of −λ sign(w) wherever w is not 0. The soft threshold keeps such
a point fixed only when it is λ times what the optimizer makes of a steady gradient of 1. With learning rate η, and the
other letters as in PyTorch's documentation of each:

    SGD       η (1 − τ) / (1 − μ)        the momentum buffer adds up to (1 − τ) / (1 − μ); Nesterov's g + μb to the same
    Adam      η / (√v̂ + ε)               per coordinate (Yun et al., 2021, ProxGen); v̂ is the largest one with amsgrad
    NAdam     η / (√v̂ + ε)               its weights of gradient and average add up to 1
    RAdam     η r / (√v̂ + ε/√(1 − β₂ᵗ))  r rectifies; η while the variance is not known (ρ ≤ 5)
    Adamax    η / u                      u is the largest gradient of late
    RMSprop   η / (√v + ε) / (1 − μ)     centered: v without the square of the average gradient
    Adagrad   η / (1 + (t−1)κ) / (√s + ε)   s is the sum of squares, κ the decay of the rate
    Adadelta  η √(u + ε) / √(v + ε)      u averages the squares of its steps
    ASGD      η / (1 + ληt)^α

    AdamW, Adafactor, Muon, and NAdam and RAdam with decoupled weight decay: η, decoupled from the scaling, as their
    weight decay is; for Muon the parameter's own.

So λ has the same minimum under all but the last. How many weights end exactly zero also follows momentum, learning rate
and epochs: the noise of the gradients lifts weights over the threshold.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import ASGD, SGD, Adadelta, Adagrad, Adam, Adamax, NAdam, Optimizer, RAdam, RMSprop

from regsweep.errors import ConfigError
from regsweep.optimizers.meaning import is_decoupled, why_no_step_size
from regsweep.optimizers.muon import MuonWithAdamW

State = dict[str, Tensor]
Settings = dict[str, Any]


def step_size(optimizer: Optimizer, parameter: Parameter) -> float | Tensor:
    """Return the step size for the proximal map of a parameter that has a gradient, after the optimizer's step.

    Raises:
        ConfigError: under an optimizer that has none.
    """
    cls = type(optimizer)
    if isinstance(optimizer, MuonWithAdamW):
        return optimizer.lr_of(parameter)
    # All groups share the learning rate and its companions; they differ in weight decay alone.
    settings = optimizer.param_groups[0]
    if is_decoupled(cls, settings):
        lr: float | Tensor = settings["lr"]
        return lr
    if cls not in _STEADY:
        reason = why_no_step_size(cls)
        raise ConfigError("optimizer", cls.__name__, f"{reason}; choose one of torch.optim, adam for example")
    return _STEADY[cls](optimizer.state[parameter], settings)


def _sgd(_: State, settings: Settings) -> float | Tensor:
    lr: float | Tensor = settings["lr"]
    momentum: float = settings["momentum"]
    share: float = 1 - settings["dampening"] if momentum else 1
    return lr * share / (1 - momentum)


def _adam(state: State, settings: Settings) -> Tensor:
    squares = state["max_exp_avg_sq" if settings.get("amsgrad") else "exp_avg_sq"]
    corrected = squares / (1 - settings["betas"][1] ** _steps(state))
    return torch.reciprocal(corrected.sqrt_().add_(settings["eps"])).mul_(settings["lr"])


def _radam(state: State, settings: Settings) -> Tensor:
    steps, decay = _steps(state), settings["betas"][1]
    correction = 1 - decay**steps
    largest = 2 / (1 - decay) - 1
    length = largest - 2 * steps * decay**steps / correction
    # Of a variance that is not known yet the square root is that of a negative number; it is not used.
    share = (length - 4) * (length - 2) * largest / ((largest - 4) * (largest - 2) * length)
    scale = (share * correction).clamp(min=0).sqrt() / state["exp_avg_sq"].sqrt().add_(settings["eps"])
    scale = torch.where(length > 5, scale, 1.0)  # noqa: PLR2004
    return scale.mul_(settings["lr"])


def _adamax(state: State, settings: Settings) -> Tensor:
    return torch.reciprocal(state["exp_inf"]).mul_(settings["lr"])


def _rmsprop(state: State, settings: Settings) -> Tensor:
    squares = state["square_avg"]
    if settings["centered"]:
        squares = squares.addcmul(state["grad_avg"], state["grad_avg"], value=-1)
    scale = torch.reciprocal(squares.sqrt().add_(settings["eps"])).mul_(settings["lr"])
    return scale.div_(1 - settings["momentum"])


def _adagrad(state: State, settings: Settings) -> Tensor:
    decay = 1 + (_steps(state) - 1) * settings["lr_decay"]
    return torch.reciprocal(state["sum"].sqrt().add_(settings["eps"])).mul_(settings["lr"]).div_(decay)


def _adadelta(state: State, settings: Settings) -> Tensor:
    eps: float = settings["eps"]
    ratio = (state["acc_delta"] + eps).div_(state["square_avg"] + eps)
    return ratio.sqrt_().mul_(settings["lr"])


def _asgd(state: State, _: Settings) -> Tensor:
    return state["eta"]  # of the next step


def _steps(state: State) -> Tensor:
    return state["step"].double()  # it stays on its device: reading the number would wait for it


_STEADY: dict[type[Optimizer], Callable[[State, Settings], float | Tensor]] = {
    SGD: _sgd,
    Adam: _adam,
    NAdam: _adam,
    RAdam: _radam,
    Adamax: _adamax,
    RMSprop: _rmsprop,
    Adagrad: _adagrad,
    Adadelta: _adadelta,
    ASGD: _asgd,
}
"""What each makes of a steady gradient of 1."""
