"""Weights that a network starts from, of a file, and parameters that are not trained, by patterns of their names."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from regsweep.errors import ConfigError, show

_MOST = 3
"""Names that a line lists."""


@dataclass(frozen=True)
class Initial:
    """What the trainer says of the weights that a network starts from.

    Attributes:
        weights: path of a file; None: as the network makes them.
        left_out: patterns of names whose tensors are not taken from it.
        frozen: patterns of names of parameters that are not trained.
    """

    weights: str | None = None
    left_out: Sequence[str] = ()
    frozen: Sequence[str] = ()


def load_initial(model: nn.Module, initial: Initial) -> list[str]:
    """Copy the weights of a file into a network: all of them, but for those that are left out.

    Returns:
        What was done, in words; nothing where there is no file.

    Raises:
        ConfigError: when the file cannot be read, or does not fit: another name, or a tensor of another shape.
    """
    if initial.weights is None and initial.left_out:
        allowed = "belongs to trainer.initial_weights, which names no file; leave it out"
        raise ConfigError("trainer.initial_weights_except", show(list(initial.left_out)), allowed)
    if initial.weights is None:
        return []
    own, read = model.state_dict(), _read(initial.weights)
    left_out = {name for name in {**own, **read} if _matches(name, initial.left_out)}
    for pattern in initial.left_out:
        if not any(fnmatchcase(name, pattern) for name in own):
            raise _nothing("trainer.initial_weights_except", pattern, list(own))
    faults = {
        "has no": [name for name in own if name not in read and name not in left_out],
        "has, and the network has not,": [name for name in read if name not in own and name not in left_out],
        "has in another shape": [
            f"{name} {tuple(read[name].shape)} for {tuple(own[name].shape)}"
            for name in own
            if name in read and name not in left_out and read[name].shape != own[name].shape
        ],
    }
    found = "; ".join(f"{reason} {_listed(names)}" for reason, names in faults.items() if names)
    if found:
        allowed = f"the file {found}; leave layers out with trainer.initial_weights_except, [fc.*] for example"
        raise ConfigError("trainer.initial_weights", initial.weights, allowed)
    taken = {name: tensor for name, tensor in read.items() if name not in left_out}
    model.load_state_dict(taken, strict=False)
    without = f", without {_listed(sorted(left_out & set(own)))}" if left_out else ""
    return [f"initial weights: {len(taken)} tensors of {initial.weights}{without}"]


def freeze(model: nn.Module, initial: Initial) -> list[str]:
    """Keep the parameters that the patterns name from being trained.

    A BatchNorm of which no parameter is trained normalizes by its running statistics, which stay as they are.

    Returns:
        What was done, in words.

    Raises:
        ConfigError: for a pattern that matches no parameter, and where nothing is left to train.
    """
    if not initial.frozen:
        return []
    parameters = dict(model.named_parameters())
    for pattern in initial.frozen:
        if not any(fnmatchcase(name, pattern) for name in parameters):
            raise _nothing("trainer.freeze", pattern, list(parameters))
    frozen = {name: each for name, each in parameters.items() if _matches(name, initial.frozen)}
    for parameter in frozen.values():
        parameter.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in parameters.values()):
        raise ConfigError("trainer.freeze", show(list(initial.frozen)), "leaves no parameter to train")
    norms = [module for module in model.modules() if isinstance(module, _NormBase) and _is_frozen(module)]
    for norm in norms:
        norm.register_forward_pre_hook(_in_evaluation)
    numbers = sum(parameter.numel() for parameter in frozen.values())
    kept = f", statistics of {len(norms)} normalization layers" if norms else ""
    return [f"frozen: {numbers:,} parameters in {len(frozen)} tensors{kept}"]


def _is_frozen(module: nn.Module) -> bool:
    own = list(module.parameters(recurse=False))
    return bool(own) and not any(parameter.requires_grad for parameter in own)


def _in_evaluation(module: nn.Module, _: Any) -> None:
    module.training = False  # whatever the network around it is told


def _read(path: str) -> dict[str, Tensor]:
    """Return the tensors of a file, by name."""
    key = "trainer.initial_weights"
    if not Path(path).is_file():
        raise ConfigError(key, path, "no such file; give the path of a .safetensors or a .pt file")
    try:
        if path.endswith(".safetensors"):
            return safetensors.torch.load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (safetensors.SafetensorError, pickle.UnpicklingError, RuntimeError, OSError, EOFError, KeyError) as error:
        reason = f"cannot be read as weights ({type(error).__name__}: {show(error)})"
        raise ConfigError(key, path, f"{reason}; save model.state_dict() with safetensors or torch.save") from error
    if not isinstance(content, dict) or not all(isinstance(each, Tensor) for each in content.values()):
        names = _listed([str(name) for name in content]) if isinstance(content, dict) else type(content).__name__
        raise ConfigError(key, path, f"holds {names}, not tensors by name; save model.state_dict() alone")
    return content


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _nothing(key: str, pattern: str, names: list[str]) -> ConfigError:
    return ConfigError(key, pattern, f"matches nothing; the network has {_listed(names)}")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{', '.join(names[:_MOST])}{more}"
