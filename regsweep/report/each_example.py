"""What a run has of each test example, correct or not, or its error or loss: read once for all comparisons."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from regsweep.errors import RecordError
from regsweep.objectives import OBJECTIVES
from regsweep.paths import RunPaths
from regsweep.report.confirmation import SCORE, Trained
from regsweep.report.task import metric_in
from regsweep.report.terms import TEST_ACCURACY, Terms

_NEAR = 1e-9
"""Means that differ by less are of one run: by that share of them, or of accuracies by that."""


class EachExample:
    """The examples of the test set, over the runs of a confirmation.

    Args:
        folder: of the sweep that is confirmed.
        terms: what is compared.
        examples: what they are called.

    Attributes:
        problems: what could not be used, one line each.
    """

    def __init__(self, folder: Path, terms: Terms, examples: str = "images") -> None:
        self._folder, self._terms, self._examples = folder, terms, examples
        self._read_ones: dict[Path, np.ndarray | None] = {}
        self._not_usable: dict[str, list[Path]] = {}

    @property
    def is_mean(self) -> bool:
        """Whether what is compared is a mean over test examples of which runs have a record."""
        known = OBJECTIVES.get(metric_in(self._terms.objective))
        return self._terms.is_own and known is not None and known.is_mean

    @property
    def count(self) -> int | None:
        """Return how many there are; None where no run has them on record."""
        return next((len(found) for found in self._read_ones.values() if found is not None), None)

    @property
    def problems(self) -> list[str]:
        """Return what could not be used, one line for files of one kind."""
        lines = []
        for reason, paths in self._not_usable.items():
            more = f" (and {len(paths) - 1} more like it)" if len(paths) > 1 else ""
            lines.append(f"{paths[0]}: {reason}{more}; no interval for other test {self._examples}")
        return lines

    def differences(self, candidate: Trained, baseline: Trained, seeds: Sequence[int]) -> np.ndarray | None:
        """Return by how much the configuration is better on each example (seeds × examples): of accuracy -1, 0 or 1.

        None where what is compared is no mean over examples, or either is not on record.

        Args:
            candidate: the configuration.
            baseline: what it is compared with.
            seeds: those on which both are complete.
        """
        if not self.is_mean:
            return None
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
        return np.asarray(self._terms.sign * (ours.astype(float) - theirs))

    def _read(self, run: Mapping[Hashable, Any]) -> np.ndarray | None:
        """Return what a run has of each test example, None where that is not on record."""
        paths = RunPaths(self._folder / str(run["folder"]))
        is_accuracy = self._terms.objective == TEST_ACCURACY
        path = paths.test_correct if is_accuracy else paths.test_errors
        if path not in self._read_ones:
            try:
                self._read_ones[path] = _of_run(_load(path), bool if is_accuracy else np.float32, run[SCORE])
            except RecordError as error:
                self._not_usable.setdefault(str(error), []).append(path)
                self._read_ones[path] = None
        return self._read_ones[path]


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


def _of_run(each_N: np.ndarray, kind: type, mean: float) -> np.ndarray:
    is_mean = each_N.ndim == 1 and each_N.dtype == kind and len(each_N)
    if not is_mean or not np.isclose(each_N.mean(dtype=float), mean, _NEAR, _NEAR if kind is bool else 0):
        raise RecordError(f"cannot be used (it is not of this run: another {'accuracy' if kind is bool else 'mean'})")
    return each_N
