"""A refusal is one line and an exit code."""

import sys
from typing import NoReturn

from regsweep.errors import RegsweepError


def refuse(error: RegsweepError) -> NoReturn:
    """Print `error` in one line and end the process with its code."""
    sys.stderr.write(f"regsweep: {error}\n")
    raise SystemExit(error.exit_code) from None
