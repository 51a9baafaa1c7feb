"""The sweep's records beside its study: ``trials.csv`` and ``optimization_results.yaml``, true after every trial."""

from __future__ import annotations

from collections.abc import Collection, Container
from pathlib import Path
from typing import Any, Protocol

import optuna
from omegaconf import OmegaConf
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from regsweep import records
from regsweep.direction import unnamed
from regsweep.job_folders import JobFolders
from regsweep.names import by_key
from regsweep.paths import SweepPaths

STATUSES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


RESERVED = ("number", "folder", "status", "seconds", "error", "duplicate_of")
"""Columns of our own: a parameter or metric of such a name gets a prefix."""


def metric_name(name: str, taken: Container[str] = RESERVED) -> str:
    """Return `name`, with a prefix where it is one of those that are taken."""
    return f"metrics.{name}" if name in taken else name


class TrialRows(Protocol):
    """How an application describes its own trials in ``trials.csv``.

    A task function may have an attribute ``trial_rows`` that returns one, given the sweep's folder and the names of the
    searched parameters. Without it a row has the parameters and metrics of the study.

    """

    @property
    def columns(self) -> list[str]:
        """All that the rows that were read have, in their order."""

    def row(self, number: int) -> dict[str, Any]:
        """Return the row of a trial that has ended."""


class Tables:
    """Writes both files anew whenever a trial has ended.

    Args:
        folder: the sweep's folder.
        study: the study they are about.
        objectives: names of the objectives; those without a name are `unnamed`.
        parameters: the keys of all that the study searches: a trial may leave some out.
        rows: the application's own rows; None: those of the study.
        has_best: whether to write which trial is the best; a grid has no search that one would be the result of.

    Attributes:
        best: the best complete trial, the first of equals; None where there is none yet, or several objectives.
    """

    def __init__(
        self,
        folder: Path,
        study: optuna.Study,
        objectives: list[str],
        parameters: Collection[str],
        rows: TrialRows | None = None,
        *,
        has_best: bool = True,
    ) -> None:
        self._has_best = has_best
        self._own_rows = rows
        self._paths, self._study, self._folders = SweepPaths(folder), study, JobFolders(folder)
        # A metric that is an objective shares its column: they are the same number.
        values = [] if objectives else unnamed(len(study.directions))
        self._own = {*RESERVED, *values}
        self._taken = {*self._own, *parameters}
        self._objectives = values or [metric_name(name, self._taken) for name in objectives]
        self._columns = ["number", "folder", "status"] if rows is None else list(rows.columns)
        self._rows: dict[int, dict[str, Any]] = {}
        self._lines: dict[int, str] = {}
        self.best: FrozenTrial | None = None
        for trial in study.get_trials(deepcopy=False, states=list(STATUSES)):
            self._take(trial)

    def add(self, trial: FrozenTrial) -> None:
        """Take in a finished trial and write both files."""
        if self._take(trial):
            self._write_results()
        self._write_trials()

    def write(self) -> None:
        """Write both files from what is known."""
        self._write_results()
        self._write_trials()

    def _take(self, trial: FrozenTrial) -> bool:
        """Take in a finished trial; return whether it changes what is best."""
        row = self._rows[trial.number] = self._row(trial)
        columns = list(self._columns if self._own_rows is None else self._own_rows.columns)
        columns += [name for name in row if name not in columns]
        if columns != self._columns:
            self._columns = columns
            self._lines.clear()
        if trial.state != TrialState.COMPLETE:
            return False
        if len(self._study.directions) > 1:
            return True  # it may be on the front
        is_best = self.best is None or self._is_better(trial, self.best)
        self.best = trial if is_best else self.best
        return is_best

    def _is_better(self, trial: FrozenTrial, than: FrozenTrial) -> bool:
        sign = 1 if self._study.direction == StudyDirection.MAXIMIZE else -1
        # The first of equals, whatever the order in which they ended.
        return (sign * (trial.value or 0.0), -trial.number) > (sign * (than.value or 0.0), -than.number)

    def _write_trials(self) -> None:
        # A sweep of a thousand trials writes this a thousand times: a line is formatted once.
        for number in self._rows.keys() - self._lines.keys():
            self._lines[number] = records.csv_lines(self._columns, [self._rows[number]])
        header = records.csv_lines(self._columns, [dict(zip(self._columns, self._columns, strict=True))])
        records.write_text(self._paths.trials, header + "".join(self._lines[number] for number in sorted(self._lines)))

    def _write_results(self) -> None:
        results = self._results() if self._has_best else None
        if results is not None:
            records.write_text(self._paths.optimization_results, OmegaConf.to_yaml(OmegaConf.create(results)))

    def _row(self, trial: FrozenTrial) -> dict[str, Any]:
        if self._own_rows is not None:
            return self._own_rows.row(trial.number)
        values = dict(zip(self._objectives, trial.values or [], strict=False))
        row = {"number": trial.number, "folder": self._folders.name_of(trial.number), "status": STATUSES[trial.state]}
        params = {
            f"params.{name}" if name in self._own else name: value for name, value in by_key(trial.params).items()
        }
        # In the study only the names of our own are apart from the metrics.
        others = {
            name if name in RESERVED else metric_name(name, self._taken): value
            for name, value in trial.user_attrs.items()
        }
        return {**row, **params, **values, **others}

    def _results(self) -> dict[str, Any] | None:
        """Return the stock plugin's keys, and number and folder of the best trial or trials."""
        if len(self._study.directions) > 1:
            front = self._study.best_trials
            solutions = [{"params": by_key(t.params), "values": list(t.values), **self._place(t)} for t in front]
            return {"name": "optuna", "solutions": solutions} if front else None
        best = self.best
        if best is None:
            return None
        params = by_key(best.params)
        return {"name": "optuna", "best_params": params, "best_value": best.value, "best_trial": self._place(best)}

    def _place(self, trial: FrozenTrial) -> dict[str, Any]:
        return {"number": trial.number, "folder": self._folders.name_of(trial.number)}
