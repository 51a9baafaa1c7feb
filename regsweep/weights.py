"""Facts about the weights themselves: zeros, histograms, a digest."""

import hashlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from regsweep.scope import cover, weight_parameters

HISTOGRAM_BINS = 50
NEAR_ZERO = 1e-3


def count_zeros(model: nn.Module) -> dict[str, Any]:
    """Return the share of exact zeros among the trained weights (matrices and kernels), per layer and over all."""
    return _share(model, lambda weight: weight == 0)


def count_near_zeros(model: nn.Module) -> dict[str, Any]:
    """Return the share of weights below `NEAR_ZERO` in magnitude, exact zeros among them, as `count_zeros` does.

    The noise of the gradients lifts weights over an L1 penalty's threshold, and off zero, for a few steps: these count
    here, however strong the noise was in the last step.
    """
    return _share(model, lambda weight: weight.abs() < NEAR_ZERO)


def histograms(model: nn.Module) -> dict[str, Any]:
    """Return a histogram of each layer's weights.

    Equal bins from ``low`` to ``high`` with the ``counts`` of weights that are not zero; exact ``zeros`` apart.
    """
    return {
        name: _histogram(weight.detach().float().cpu().flatten()) for name, weight in weight_parameters(model).items()
    }


def digest(model: nn.Module) -> str:
    """Return the SHA-256 of all parameters and buffers: equal for weights that are equal bit for bit."""
    sha = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        sha.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()


def _share(model: nn.Module, is_counted: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    weights = cover(model, "weights")
    counts = {name: int(is_counted(weight).sum()) for name, weight in weights.items()}
    total = sum(weight.numel() for weight in weights.values())
    return {
        "overall": sum(counts.values()) / total if total else 0.0,
        "layers": {name: counts[name] / weight.numel() for name, weight in weights.items()},
    }


def _histogram(values: Tensor) -> dict[str, Any]:
    shown = values[values != 0]
    bound = shown.abs().max().item() if len(shown) else 1.0
    counts = torch.histc(shown, bins=HISTOGRAM_BINS, min=-bound, max=bound)
    return {"low": -bound, "high": bound, "counts": counts.int().tolist(), "zeros": len(values) - len(shown)}
