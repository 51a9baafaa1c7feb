"""The device and the precision to compute in."""

import traceback
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch
from torch import Tensor, nn

from regsweep.errors import FAULTS, DeviceError, NetworkError, RegsweepError, told
from regsweep.paths import shown, working_folder

_OWN_CHOICE = torch.get_num_threads()


def set_threads(threads: int | None) -> None:
    """Compute with so many CPU threads; None: with PyTorch's own choice.

    Sums are split between threads, and so rounded in another order: the last bits of a result depend on their number.
    """
    torch.set_num_threads(threads or _OWN_CHOICE)


def resolve_device(name: str) -> torch.device:
    """Return the device called `name`: auto, cpu, mps, cuda or cuda:N.

    ``auto`` is CUDA where there is a CUDA device, else MPS, else the CPU.

    Raises:
        DeviceError: when the named device is absent. There is no silent way back to the CPU.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            found = f"this machine has {count} CUDA device(s)" if count else "this machine has no CUDA device"
            raise DeviceError(f"device={name}: {found}; use device=cpu (or device=auto)")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise DeviceError("device=mps: this machine has no MPS device; use device=cpu (or device=auto)")
    return device


def autocast(device: torch.device, precision: str) -> AbstractContextManager[None]:
    """Return the context of the forward pass: bfloat16 autocast, or nothing for float32."""
    if precision == "bfloat16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def outputs_of(model: nn.Module, inputs: Tensor, precision: str) -> Tensor:
    """Return what a network makes of a batch (B, …), in the precision of the forward pass.

    Raises:
        NetworkError: when it raises anything, whatever it is; naming it and the shape of the batch.
    """
    try:
        with autocast(inputs.device, precision):
            outputs: Tensor = model(inputs)
    except RegsweepError:  # of a method that has a layer in it
        raise
    except FAULTS as error:
        raise network_error(model, inputs, error) from error
    return outputs


def network_error(model: nn.Module, inputs: Tensor, error: BaseException, of: str = "") -> NetworkError:
    """Return the error of a network that raised another one for a batch (B, …), in a part `of` the step.

    It names the line of the user's own code that was the last one.
    """
    places = [each for each in traceback.extract_tb(error.__traceback__) if _is_user_s(Path(each.filename))]
    place = f", in {shown(Path(places[-1].filename))}, line {places[-1].lineno}" if places else ""
    reason = f"failed{of} on a batch of {tuple(inputs.shape)} ({told(error)}{place})"
    return NetworkError(f"the network {type(model).__name__} {reason}")


def _is_user_s(file: Path) -> bool:
    """Return whether code is of the working folder; regsweep and an environment of packages may lie in it, too."""
    is_installed = not {"site-packages", "dist-packages"}.isdisjoint(file.parts)
    return working_folder() in file.parents and Path(__file__).parent not in file.parents and not is_installed


def resolve_precision(name: str, device: torch.device, model: nn.Module) -> str:
    """Return ``float32`` or ``bfloat16`` for the precision called `name`: one of them, or auto.

    ``auto`` is bfloat16 on a processor that multiplies bfloat16 numbers itself, for a network with 2-d convolutions:
    there it was measured to be faster on images of 28×28 and 32×32 and about as fast on 8×8, and on MNIST as accurate
    (docs/performance.md).
    A network whose gradients bfloat16 spoils is left out by `regsweep.build`.
    """
    if name != "auto":
        return name
    has_convolutions = any(isinstance(module, nn.Conv2d) for module in model.modules())
    return "bfloat16" if device.type == "cpu" and has_convolutions and _multiplies_bfloat16() else "float32"


def _multiplies_bfloat16() -> bool:
    # An older PyTorch does not know; there it is taken for a processor that does not.
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return capabilities.get("avx512_bf16", False)
