"""What the command line does, called from Python: `regsweep.train` and `regsweep.search`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from regsweep.app.folders import make_folder
from regsweep.app.grammar import quoted
from regsweep.app.refuse import Refused
from regsweep.app.start import as_typed, start
from regsweep.errors import RegsweepError
from regsweep.paths import RunPaths
from regsweep.run_record import RunRecord

if TYPE_CHECKING:
    import pandas as pd

_DAY_AND_TIME = "%Y-%m-%d/%H-%M-%S"


def train(overrides: Sequence[str], folder: Path | str | None) -> RunRecord:
    """Train one run in `folder`, or in a new one under ``outputs``, and return its record; see `regsweep.train`."""
    _require_list(overrides)
    if {"-m", "--multirun"} & set(overrides):
        raise RegsweepError("regsweep.train: trains one run; for many there is regsweep.search")
    place = _place(folder, "outputs")
    with _raising(), _no_empty_folder(place):
        _start([*overrides, f"hydra.run.dir={quoted(str(place))}"])
    return RunRecord.read(RunPaths(place).result)


def search(overrides: Sequence[str], folder: Path | str | None) -> pd.DataFrame:
    """Run a sweep in `folder`, or in one of its own under ``multirun``, and return its table; see `regsweep.search`."""
    from regsweep import load_sweep  # noqa: PLC0415

    _require_list(overrides)
    place = _place(folder, "multirun")
    kind = [] if any(each.startswith(("sweep=", "hydra/sweeper=")) for each in overrides) else ["sweep=regularization"]
    with _raising(), _no_empty_folder(place):
        try:
            _start(["-m", *kind, *overrides, f"hydra.sweep.dir={quoted(str(place))}"])
        except SystemExit as ended:
            if isinstance(ended, Refused) or ended.code != 1:
                raise
    return load_sweep(place)


def _require_list(overrides: Sequence[str]) -> None:
    if isinstance(overrides, str):
        raise RegsweepError(f"overrides={overrides}: must be a list, [{overrides!r}]")


def _start(arguments: Sequence[str]) -> None:
    _forget()
    with as_typed(arguments, Path.cwd(), []):
        start()


def _forget() -> None:
    """Forget what the last call in this process read: the user's files may have changed, or the working folder."""
    from regsweep import provenance  # noqa: PLC0415
    from regsweep.data import load_dataset  # noqa: PLC0415  (torch, which a mistake in the call need not wait for)

    load_dataset.cache_clear()
    provenance.git.cache_clear()


def _place(folder: Path | str | None, kind: str) -> Path:
    """Return the folder as it was given, or a new one of this second under `kind`."""
    if folder is not None:
        return Path(folder).absolute()
    return make_folder(Path(kind).absolute() / time.strftime(_DAY_AND_TIME), is_named=False)


@contextmanager
def _no_empty_folder(place: Path) -> Iterator[None]:
    """Remove the folder again where nothing began in it."""
    try:
        yield
    finally:
        if place.is_dir() and not any(place.iterdir()):
            place.rmdir()


@contextmanager
def _raising() -> Iterator[None]:
    """Raise the error where the command line would have ended the process with it."""
    try:
        yield
    except Refused as refused:
        raise refused.error from None
    except SystemExit as ended:
        raise RegsweepError(f"ended with exit code {ended.code}; the reason stands above") from None
