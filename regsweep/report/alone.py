"""``--json``: one object on the standard output, and everything else on the standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO


@contextmanager
def stdout_for_json(is_wanted: bool) -> Iterator[TextIO]:
    """Send what is printed meanwhile to the standard error, that of worker processes too, where `is_wanted`.

    Yields:
        The standard output as it was.
    """
    output = sys.stdout
    if not is_wanted:
        yield output
        return
    output.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with redirect_stdout(sys.stderr):
            yield output
    finally:
        sys.stderr.flush()
        os.dup2(kept, 1)
        os.close(kept)


def write(output: TextIO, content: Mapping[str, Any]) -> None:
    """Write the object."""
    output.write(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    output.flush()
