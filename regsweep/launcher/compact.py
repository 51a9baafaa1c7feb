"""A mistake of the user's is one line in every application: what Hydra prints of an error that it calls compact."""

from collections.abc import Iterator
from contextlib import contextmanager

from hydra.errors import CompactHydraException

from regsweep.errors import RegsweepError


@contextmanager
def compact() -> Iterator[None]:
    """Let Hydra print a `RegsweepError` that is raised meanwhile as one line, without a traceback."""
    try:
        yield
    except RegsweepError as error:
        raise CompactHydraException(str(error)) from error
