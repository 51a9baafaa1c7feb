"""The memory that tensors on a CPU lie in."""

import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_GIGABYTE, _TWO_GIGABYTES = 2**30, 2**31 - 1
_LARGE_BLOCK = 2**18
_MOST_BEFORE_GLIBC_2_35 = 4 * 1024 * 1024 * ctypes.sizeof(ctypes.c_long)


def keep_freed_memory() -> None:
    """Let glibc keep what is freed for the next step, where it would give it back to the system and fetch it anew.

    A step of a convolutional network frees and allocates tens of megabytes, and each page that the system gives must
    first be filled with zeros (its cost is in docs/performance.md). No value changes by it. It holds for this
    process from now on; single blocks of a gigabyte or more (of 32 megabytes before glibc 2.35) are still given back.
    Elsewhere than on glibc it does nothing.
    """
    mallopt = _mallopt()
    # Where the first is refused, the second alone would do harm: it ends glibc's own adapting of the first.
    if mallopt(_M_MMAP_THRESHOLD, _GIGABYTE) or mallopt(_M_MMAP_THRESHOLD, _MOST_BEFORE_GLIBC_2_35):
        mallopt(_M_TRIM_THRESHOLD, _TWO_GIGABYTES)


def give_back_freed_memory() -> None:
    """Let glibc give large blocks back to the system as soon as they are freed, from now on.

    Batches of streamed examples are such blocks. Kept for the next one, they leave holes that do not quite fit it, and
    the process grows with its steps (docs/performance.md). Elsewhere than on glibc it does nothing.
    """
    _mallopt()(_M_MMAP_THRESHOLD, _LARGE_BLOCK)


def _mallopt() -> Callable[[int, int], int]:
    """Return glibc's function, or one that does nothing."""
    found = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None  # musl has none
    return (lambda *_: 1) if found is None else found


def available_memory() -> int:
    """Return how many bytes this process may still take: of the machine's, its container's and its own limit."""
    if sys.platform != "linux":
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2  # what is free is not known
    return max(0, min(_free_on_the_machine(), _free_in_the_container(), _free_in_the_process()))


def in_gigabytes(size: float) -> str:
    """Return so many bytes in words."""
    return f"{size / 1e9:.1f} GB"


def _free_on_the_machine() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return sys.maxsize


def _free_in_the_container() -> int:
    """Return what the control group (version 2, or 1) of this process has left; pages of files can be given back."""
    groups = [line.rstrip().split(":", 2)[2] for line in Path("/proc/self/cgroup").read_text().splitlines()]
    version_2 = Path("/sys/fs/cgroup"), "memory.max", "memory.current", "inactive_file"
    version_1 = Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
    free = [sys.maxsize]
    for root, limit, used, given_back in (version_2, version_1):
        for place in {root, *(root / group.lstrip("/") for group in groups)}:
            try:
                maximum, current = (place / limit).read_text().strip(), int((place / used).read_text())
                kept = dict(line.split() for line in (place / "memory.stat").read_text().splitlines())
            except OSError:
                continue
            if maximum != "max":
                free.append(int(maximum) - current + int(kept.get(given_back, 0)))
    return min(free)


def _free_in_the_process() -> int:
    import resource  # noqa: PLC0415  (not everywhere)

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return sys.maxsize
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return limit - taken
