"""A refusal is one line and an exit code."""

import sys
from typing import NoReturn

from regsweep.errors import RegsweepError


class Refused(SystemExit):
    """The end of the process after an error that was printed.

    Attributes:
        error: that error.
    """

    def __init__(self, error: RegsweepError) -> None:
        super().__init__(error.exit_code)
        self.error = error


def refuse(error: RegsweepError) -> NoReturn:
    """Print `error` in one line and end the process with its code."""
    sys.stderr.write(f"regsweep: {error}\n")
    raise Refused(error) from None
