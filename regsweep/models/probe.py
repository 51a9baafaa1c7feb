"""Two examples pass a new network, before anything is trained: do they fit, and are its outputs what a task needs?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.lazy import LazyModuleMixin

from regsweep.errors import FAULTS, ConfigError, told

KEY = "model._target_"
NUM_PROBED = 2
"""Examples that pass each new network; a whole batch passes it once, before the first training."""
CHANNELS = 3
"""Of a coloured picture."""


def require_images(name: str, input_shape: tuple[int, ...]) -> None:
    """Refuse examples that are no images, for the preset `name`.

    Raises:
        ConfigError: then.
    """
    if len(input_shape) != len("CHW"):
        reason = f"needs images (channels, rows, columns), and an example is {input_shape}; choose model=mlp or linear"
        raise ConfigError("model", name, reason)


def repeat_grey(model: nn.Module, example: Tensor) -> list[str]:
    """Let grey pictures be repeated to three channels where the first convolution asks for three.

    The names of all layers and parameters stay as they are, so weights can be loaded from elsewhere, and elsewhere.

    Returns:
        What was done, in words; nothing where nothing was.
    """
    first = next((module for module in model.modules() if isinstance(module, _ConvNd)), None)
    is_grey = example.ndim == 4 and example.shape[1] == 1  # noqa: PLR2004  (B, C, H, W)
    if not (is_grey and isinstance(first, nn.Conv2d) and first.in_channels == CHANNELS):
        return []
    model.register_forward_pre_hook(_with_three_channels)
    return ["input: grey pictures are repeated to three channels"]


def _with_three_channels(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    images_B1HW, *others = inputs
    return images_B1HW.expand(-1, CHANNELS, -1, -1), *others


def settle_shapes(model: nn.Module, target: str, example: Tensor) -> None:
    """Let lazy layers take their shapes, and draw their weights, from two examples (2, …).

    Raises:
        ConfigError: when the network does not take them.
    """
    if any(isinstance(module, LazyModuleMixin) and module.has_uninitialized_params() for module in model.modules()):
        with evaluating(model):
            _outputs(model, target, example)


def require_logits(model: nn.Module, target: str, example: Tensor, num_classes: int) -> None:
    """Refuse a network that does not make (2, K) numbers of two examples (2, …), in evaluation and in training.

    Leaves its buffers and torch's generators as they were.

    Raises:
        ConfigError: naming the shapes.
    """
    require_batches(model, target, num_classes, evaluated=[example], trained=[example])


def require_batches(
    model: nn.Module, target: str, num_classes: int, *, evaluated: Iterable[Tensor], trained: Iterable[Tensor]
) -> None:
    """Refuse a network that does not make (B, K) numbers of each batch (B, …); else as `require_logits`.

    Args:
        model: it is left as it was.
        target: in errors.
        num_classes: K.
        evaluated: batches that it gets in evaluation mode.
        trained: those in training.

    Raises:
        ConfigError: naming the shapes.
    """
    with _kept_state(model):
        with evaluating(model):
            for batch in evaluated:
                _require(_outputs(model, target, batch), target, batch, num_classes, "")
        with _kept_modes(model), torch.no_grad():
            model.train()
            for batch in trained:
                _require(_outputs(model, target, batch), target, batch, num_classes, " in training")


def require_finite(model: nn.Module, target: str, example: Tensor, next_step: str) -> None:
    """Refuse a network whose outputs for two examples (2, …) have no finite loss; it is left as it was.

    An output of minus infinity, by which a network leaves a class out, is none to refuse.

    Args:
        model: with its initial weights.
        target: in errors.
        example: two examples.
        next_step: in errors.

    Raises:
        ConfigError: with the largest input, which may be the reason.
    """
    with _kept_state(model), evaluating(model):
        outputs = _outputs(model, target, example).float()
    if outputs.logsumexp(1).isfinite().all():
        return
    found = "NaN" if outputs.isnan().any() else "infinity"
    size = f"{example.float().abs().max().item():.3g}"
    reason = f"returns {found} for the first examples, before any training (their inputs are up to {size} in size)"
    raise ConfigError(KEY, target, f"{reason}; {next_step}")


def strides_over_single_pixels(model: nn.Module, example: Tensor) -> bool:
    """Return whether a convolution with a stride gets maps of one pixel.

    In bfloat16 oneDNN leaves those parts of its gradient that see padding alone as they were in memory, NaN included
    (measured with torch 2.14 on a processor with AVX-512 and AMX); in float32 they are 0.
    """
    found: list[bool] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        found.append(inputs[0].shape[2:].numel() == 1)

    strided = [each for each in model.modules() if isinstance(each, _ConvNd) and max(each.stride) > 1]
    hooks = [each.register_forward_pre_hook(note) for each in strided if max(each.kernel_size) > 1]
    if hooks:
        with evaluating(model):
            model(example)
    for hook in hooks:
        hook.remove()
    return any(found)


def _outputs(model: nn.Module, target: str, example: Tensor) -> Any:
    given = example.clone()  # the data are held once, for every epoch and run
    try:
        outputs = model(given)
    except FAULTS as error:
        several = (
            f"a batch of {tuple(example.shape)}"
            if len(example) > NUM_PROBED
            else f"examples of {tuple(example.shape[1:])}"
        )
        reason = f"cannot take {several} ({told(error)})"
        raise ConfigError(KEY, target, reason) from error
    if not torch.equal(given, example):
        raise ConfigError(KEY, target, "changes its inputs in place, and they are needed again; let it copy them first")
    return outputs


def _require(outputs: Any, target: str, example: Tensor, num_classes: int, when: str) -> None:
    wanted = (len(example), num_classes)
    next_step = f"give its last layer {num_classes} outputs"
    if not isinstance(outputs, Tensor):
        found, next_step = type(outputs).__name__, "leave further outputs out (model.aux_logits=false of torchvision's)"
    elif tuple(outputs.shape) != wanted or not outputs.is_floating_point():
        found = f"{tuple(outputs.shape)} {str(outputs.dtype).removeprefix('torch.')}"
    else:
        return
    of = f"{len(example)} examples of {tuple(example.shape[1:])}"
    allowed = f"returns {found} for {of}{when}; it must return a Tensor {wanted} of floating point; {next_step}"
    raise ConfigError(KEY, target, allowed)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Let the network be evaluated without gradients; then each module is in the mode of before."""
    with _kept_modes(model), torch.no_grad():
        model.eval()
        yield


@contextmanager
def _kept_state(model: nn.Module) -> Iterator[None]:
    """Restore the network's buffers and torch's generators at the end; a fault, which ends all, leaves the buffers."""
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with torch.random.fork_rng(devices=[]):
        yield
    with torch.no_grad():
        for name, buffer in model.named_buffers():
            if name in buffers:
                buffer.copy_(buffers[name])


@contextmanager
def _kept_modes(model: nn.Module) -> Iterator[None]:
    modes = {module: module.training for module in model.modules()}
    try:
        yield
    finally:
        for module, is_training in modes.items():
            module.training = is_training
