"""The memory that tensors on a CPU lie in."""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_GIGABYTE, _TWO_GIGABYTES = 2**30, 2**31 - 1
_MOST_BEFORE_GLIBC_2_35 = 4 * 1024 * 1024 * ctypes.sizeof(ctypes.c_long)


def keep_freed_memory() -> None:
    """Let glibc keep what is freed for the next step, where it would give it back to the system and fetch it anew.

    A step of a convolutional network frees and allocates tens of megabytes, and each page that the system gives must
    first be filled with zeros (its cost is in docs/performance.md). No value changes by it. It holds for this
    process from now on; single blocks of a gigabyte or more (of 32 megabytes before glibc 2.35) are still given back.
    Elsewhere than on glibc it does nothing.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return
    # Where the first is refused, the second alone would do harm: it ends glibc's own adapting of the first.
    if mallopt(_M_MMAP_THRESHOLD, _GIGABYTE) or mallopt(_M_MMAP_THRESHOLD, _MOST_BEFORE_GLIBC_2_35):
        mallopt(_M_TRIM_THRESHOLD, _TWO_GIGABYTES)
