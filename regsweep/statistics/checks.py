"""What every function of the statistics refuses."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

# Accuracies are fractions of a count: differences below this are noise of their floating point, and count as ties.
NOISE = 1e-12


def checked(values: ArrayLike, name: str, ndim: int) -> FloatArray:
    """Return `values` as an array; a `ValueError` where there are too few, or one is not finite."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != ndim or min(array.shape) <= 1:  # one value has no spread
        shape = "a list of at least 2 seeds" if ndim == 1 else "at least 2 seeds × 2 images"
        raise ValueError(f"{name}: needs {shape}, not an array of shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: every value must be a finite number; {int((~np.isfinite(array)).sum())} are not")
    return array


def check_share(value: float, name: str) -> None:
    """Raise a `ValueError` unless 0 < `value` < 1."""
    if not 0 < value < 1:
        raise ValueError(f"{name}={value}: must lie between 0 and 1")


def check_count(value: int, name: str) -> None:
    """Raise a `ValueError` for a count below one."""
    if value < 1:
        raise ValueError(f"{name}={value}: must be at least 1")
