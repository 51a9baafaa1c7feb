"""regsweep: which regularization helps your network, how strong it should be, how sure you can be of it."""

from importlib.metadata import version

__version__ = version("regsweep")
