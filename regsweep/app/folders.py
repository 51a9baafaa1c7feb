"""Folders that runs, sweeps and comparisons begin in."""

from __future__ import annotations

import itertools
from pathlib import Path

from regsweep import records


def make_folder(wanted: Path, *, is_named: bool) -> Path:
    """Make a folder where there is none, and return it.

    Hydra names folders by the second, and two starts in the same second would share one: the later one gets a number.

    Args:
        wanted: absolute.
        is_named: whether somebody named it; such a folder is taken as it is.

    Raises:
        RecordError: when it cannot be made.
    """
    try:
        if is_named:
            wanted.mkdir(parents=True, exist_ok=True)
            return wanted
        for number in itertools.count(1):
            folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
            return folder
    except OSError as error:
        raise records.write_error(wanted, error) from error
    raise AssertionError
