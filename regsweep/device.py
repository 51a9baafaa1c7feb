"""The device and the precision to compute in."""

from contextlib import AbstractContextManager, nullcontext

import torch

from regsweep.errors import DeviceError

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
