"""The sweep's records beside its study: ``trials.csv`` and ``optimization_results.yaml``, true after every trial."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import optuna
from omegaconf import OmegaConf
from optuna.trial import FrozenTrial, TrialState

from regsweep import records
from regsweep.paths import SweepPaths


class Tables:
    """Writes both files anew whenever a trial was told.

    Args:
        folder: the sweep's folder.
        study: the study they are about.
        objectives: names of the objectives; a single unnamed one is called ``value``.
    """

    def __init__(self, folder: Path, study: optuna.Study, objectives: list[str]) -> None:
        self._paths, self._study = SweepPaths(folder), study
        self._objectives = objectives or ["value"]
        self._rows: dict[int, dict[str, Any]] = {}
        for trial in study.get_trials(deepcopy=False):
            if trial.state.is_finished():
                self._rows[trial.number] = self._row(trial)

    def add(self, trial: FrozenTrial) -> None:
        """Take in a finished trial and write both files."""
        self._rows[trial.number] = self._row(trial)
        self.write()

    def write(self) -> None:
        """Write both files from what is known."""
        rows = [self._rows[number] for number in sorted(self._rows)]
        columns = dict.fromkeys(["number", "folder", "status", *(name for row in rows for name in row)])
        records.write_csv(self._paths.trials, list(columns), rows)
        results = self._results()
        if results is not None:
            records.write_text(self._paths.optimization_results, OmegaConf.to_yaml(OmegaConf.create(results)))

    def _row(self, trial: FrozenTrial) -> dict[str, Any]:
        names = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
        attributes = {name: value for name, value in trial.user_attrs.items() if name != "overrides"}
        values = dict(zip(self._objectives, trial.values or [], strict=False))
        row = {"number": trial.number, "folder": str(trial.number), "status": names[trial.state]}
        return {**row, **trial.params, **values, **attributes}

    def _results(self) -> dict[str, Any] | None:
        """Return the stock plugin's keys, and number and folder of the best trial or trials."""
        best = self._study.best_trials if any(row["status"] == "complete" for row in self._rows.values()) else []
        if not best:
            return None
        places = [{"number": trial.number, "folder": str(trial.number)} for trial in best]
        if len(self._study.directions) == 1:
            first = min(best, key=lambda trial: trial.number)
            place = {"number": first.number, "folder": str(first.number)}
            return {"name": "optuna", "best_params": first.params, "best_value": first.value, "best_trial": place}
        solutions = [
            {"params": t.params, "values": list(t.values), **place} for t, place in zip(best, places, strict=True)
        ]
        return {"name": "optuna", "solutions": solutions}
