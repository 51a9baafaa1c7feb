"""Which test examples a run classified correctly, read once for all comparisons."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from regsweep.errors import RecordError
from regsweep.paths import RunPaths
from regsweep.report.confirmation import SCORE, Trained


class CorrectImages:
    """The examples of the test set, over the runs of a confirmation.

    Args:
        folder: of the sweep that is confirmed.
        examples: what they are called.

    Attributes:
        problems: what could not be used, one line each.
    """

    def __init__(self, folder: Path, examples: str = "images") -> None:
        self._folder, self._examples = folder, examples
        self._correct: dict[Path, np.ndarray | None] = {}
        self._not_usable: dict[str, list[Path]] = {}

    @property
    def count(self) -> int | None:
        """Return how many there are; None where no run has them on record."""
        return next((len(found) for found in self._correct.values() if found is not None), None)

    @property
    def problems(self) -> list[str]:
        """Return what could not be used, one line for files of one kind."""
        lines = []
        for reason, paths in self._not_usable.items():
            more = f" (and {len(paths) - 1} more like it)" if len(paths) > 1 else ""
            lines.append(f"{paths[0]}: {reason}{more}; no interval for other test {self._examples}")
        return lines

    def differences(self, candidate: Trained, baseline: Trained, seeds: Sequence[int]) -> np.ndarray | None:
        """Return correct minus the baseline's correct (seeds × examples); None where either is not on record.

        Args:
            candidate: the configuration.
            baseline: what it is compared with.
            seeds: those on which both are complete.
        """
        pairs = []
        for trained in (candidate, baseline):
            by_seed = {int(run["seed"]): run for run in trained.complete.to_dict("records")}
            if not set(seeds) <= set(by_seed):
                return None
            found = [self._read(by_seed[seed]) for seed in seeds]
            if not found or any(row is None for row in found):
                return None
            pairs.append([row for row in found if row is not None])
        if len({len(row) for rows in pairs for row in rows}) != 1:
            return None
        ours, theirs = (np.stack(rows) for rows in pairs)
        return np.asarray(ours.astype(float) - theirs)

    def _read(self, run: Mapping[Hashable, Any]) -> np.ndarray | None:
        """Return whether each test example was classified correctly in a run, None where that is not on record."""
        path = RunPaths(self._folder / str(run["folder"])).test_correct
        if path not in self._correct:
            try:
                self._correct[path] = _of_accuracy(_load(path), run[SCORE])
            except RecordError as error:
                self._not_usable.setdefault(str(error), []).append(path)
                self._correct[path] = None
        return self._correct[path]


def _load(path: Path) -> np.ndarray:
    """Return the array at `path`; the reason why not is the same for every file of a kind."""
    try:
        return np.asarray(np.load(path))
    except FileNotFoundError:
        raise RecordError("missing") from None
    except OSError as error:
        raise RecordError(f"cannot be used ({error.strerror or 'not a whole file'})") from error
    except (ValueError, EOFError) as error:
        raise RecordError("cannot be used (it is no whole array of NumPy's)") from error


def _of_accuracy(correct_N: np.ndarray, accuracy: float) -> np.ndarray:
    is_of_run = correct_N.ndim == 1 and correct_N.dtype == bool and np.isclose(correct_N.mean(), accuracy, 0, 1e-9)
    if not is_of_run:
        raise RecordError("cannot be used (it is not of this run: another accuracy)")
    return correct_N
