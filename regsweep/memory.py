"""The memory that tensors on a CPU lie in."""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_NEVER = 2**31 - 1
_BYTES = 2**30


def keep_freed_memory() -> None:
    """Let glibc keep what is freed, for the next step, where it would give it back to the system and fetch it anew.

    A step of a convolutional network frees and allocates tens of megabytes, and each page that the system gives must
    first be filled with zeros: a fifth of the step (docs/performance.md). No value changes by it. Blocks of a
    gigabyte or more are still given back. Elsewhere than on glibc it does nothing.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _BYTES)
        mallopt(_M_TRIM_THRESHOLD, _NEVER)
