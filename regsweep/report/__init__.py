"""Reports of a sweep's records. Everything here is read from disk; it knows no torch and no Hydra."""

from regsweep.report.sweep import Sweep, read_sweep

__all__ = ["Sweep", "read_sweep"]
