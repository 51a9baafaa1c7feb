"""From a sweep's folder to a table: one row per trial."""

import shlex
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regsweep import records
from regsweep.errors import RecordError, RegsweepError, show
from regsweep.job_folders import find_jobs
from regsweep.paths import ComparisonPaths, RunPaths, SweepPaths, shown
from regsweep.pooling import Pooled, Trial, are_equal, chooses_data, pool, seed_key, seed_of
from regsweep.report.foreign import read_foreign
from regsweep.report.own import is_own, read_own
from regsweep.report.regularization import DROPOUT, Regularization
from regsweep.report.rows import FIRST, LAST, NUMBERS, OBJECTIVE, Rows, plain_text, require_objective, table_columns
from regsweep.report.task import is_percent
from regsweep.run_record import TaskRecord, UsedMethod
from regsweep.started import Command

__all__ = ["OBJECTIVE", "ComparisonRecord", "Sweep", "as_text", "command_to_confirm", "read_ranked_by", "read_sweep"]


CONTESTANT = "contestant"
"""The column that names the search of a comparison's trial."""
STEPS = ["number", "step", "value"]


@dataclass(frozen=True)
class ComparisonRecord:
    """What ``comparison.json`` holds.

    Attributes:
        contestants: the names of the searches, that of the baseline first.
        num_trials: of each.
    """

    contestants: list[str]
    num_trials: int


@dataclass(frozen=True)
class Sweep:
    """A sweep, or a single run, read from its records.

    Attributes:
        folder: where it lies.
        trials: one row per trial, in their order: ``number``, ``folder``, ``status``, the swept parameters by
            their dotted keys, metrics (accuracies are fractions), seconds, and ``ended`` (unix time of the
            record). Status is that of the record, ``interrupted`` where there is none, ``unreadable`` where it cannot
            be read; in another application's sweep also ``unknown``.
        swept: the names of the columns that hold swept parameters.
        objective: the column that trials are ranked by.
        maximize: whether more of it is better.
        problems: one line per record that was skipped, naming file and reason.
        is_own: False for a multirun of another application.
        regularization: what regularized each trial, by its number, as far as that is known.
        rows: the trials as they were read, before they became a table.
        is_comparison: whether these are the trials of all searches of a comparison.
        named_seed: the key that was named as the seed's; None where its name says so.
        num_planned: how many trials it is to have; None where that is not on record.
        objectives: where it had several, the column of each, and whether more of it is better; else nothing.
        steps: what another application's trials reported to their study while they ran, a row per report: `STEPS`.
        task: what this project's own trials had to do; on several data sets, the first of them.
        numbers: the columns of numbers that these have.
    """

    folder: Path
    trials: pd.DataFrame
    swept: list[str]
    objective: str = OBJECTIVE
    maximize: bool = True
    problems: list[str] = field(default_factory=list)
    is_own: bool = True
    regularization: dict[int, Regularization] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    is_comparison: bool = False
    named_seed: str | None = None
    num_planned: int | None = None
    objectives: dict[str, bool] = field(default_factory=dict)
    steps: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=STEPS))
    task: TaskRecord = field(default_factory=TaskRecord)
    numbers: list[str] = field(default_factory=lambda: [*NUMBERS])

    @property
    def tested(self) -> str:
        """The column of the objective on the test examples."""
        return f"test_{self.task.objective}"

    def is_percent(self, column: str | None = None) -> bool:
        """Return whether a column (the objective, if not named) is a share, shown in percent, that differs by points.

        In another application's sweep that is what is called an accuracy.
        """
        name = column or self.objective
        return is_percent(self.task, name) if self.is_own else name.endswith("accuracy")

    def ranked(self) -> pd.DataFrame:
        """Return the trials, the best objective first, those without one last."""
        return self.trials.sort_values(self.objective, ascending=not self.maximize, na_position="last", kind="stable")

    def used(self, number: int) -> dict[str, UsedMethod]:
        """Return what regularized the trial `number`, by name; empty for nothing, and where that is not known."""
        return self.regularization.get(number, Regularization()).used(is_turned=self.turns_batch_norm)

    def kind(self, number: int) -> list[UsedMethod]:
        """Return what regularized the trial `number`; empty for nothing, and where that is not known."""
        return list(self.used(number).values())

    @cached_property
    def turns_batch_norm(self) -> bool:
        """Whether a trial put BatchNorm into its network, or took it out."""
        return any(each.turns_batch_norm for each in self.regularization.values())

    @cached_property
    def own_dropout(self) -> str | None:
        """The dropout that the network has without any method, in words, where dropout is what a trial used.

        None where it has none, and in a sweep of other methods, in which it is a part of the network.
        """
        known = self.regularization.values()
        is_compared = any(DROPOUT in each.methods for each in known)
        return next((each.own_dropout for each in known if each.own_dropout), None) if is_compared else None

    @cached_property
    def keeps_dropout(self) -> bool:
        """Whether a trial without dropout's method had the network's own."""
        return any(each.keeps_dropout for each in self.regularization.values())

    @cached_property
    def seed_key(self) -> str | None:
        """The swept key that is the seed, over which trials are pooled; None where none was swept.

        In this project's own sweeps that is ``seed``, in those of others the one that was named, or else what
        `regsweep.pooling.seed_key` takes for it.
        """
        if self.named_seed is not None:
            return self.named_seed if self.named_seed in self.swept else None
        keys = [key for key in self.swept if key == "seed" or not self.is_own]
        return seed_key({key: self.trials[key] for key in keys})

    @property
    def settings(self) -> list[str]:
        """The swept keys without that of the seed: what makes a configuration."""
        return [key for key in self.swept if key != self.seed_key]

    @cached_property
    def configurations(self) -> list[Pooled]:
        """The configurations, the best first; where no seed was swept, each trial is one."""
        once = self.trials[self.trials["duplicate_of"].isna()]
        alone = [None] * len(once)
        settings = alone if self.seed_key is None else _settings(once, self.settings)
        seeds = alone if self.seed_key is None else once[self.seed_key]
        columns = (once["number"], settings, seeds, once["status"], once[self.objective])
        trials = [
            Trial(int(number), each, seed_of(seed), status, None if pd.isna(value) else float(value))
            for number, each, seed, status, value in zip(*columns, strict=True)
        ]
        return pool(trials, maximize=self.maximize)

    def best(self) -> Pooled | None:
        """Return the best configuration, the first of equals; None where no trial is complete."""
        return next((each for each in self.configurations if each.values), None)

    def num_equal(self, best: Pooled) -> int:
        """Return how many configurations have the mean of this one, itself included; of several data sets, on its own.

        Args:
            best: a configuration with a mean.
        """
        data = self.data_set(best.number)
        return sum(
            are_equal(each.mean, best.mean) and self.data_set(each.number) == data
            for each in self.configurations
            if each.values
        )

    @cached_property
    def data_keys(self) -> list[str]:
        """The swept keys by which trials are of several data sets, whose scores are no comparison; none elsewhere."""
        keys = sorted(key for key in self.swept if chooses_data(key)) if self.is_own else []
        return [key for key in keys if self.trials[key].dropna().map(str).nunique() > 1]

    def data_set(self, number: int) -> str:
        """Return the name of a trial's data set among several: the values of their keys; empty where there is one."""
        return self._data_set_by_number[number] if self.data_keys else ""

    @cached_property
    def _data_set_by_number(self) -> dict[int, str]:
        rows = self.trials[self.data_keys].itertuples(index=False)
        names = (", ".join(str(value) for value in row if pd.notna(value)) for row in rows)
        return dict(zip(self.trials["number"], names, strict=True))

    @property
    def data_sets(self) -> list[str]:
        """The names of several data sets, by the alphabet; none where there is one."""
        return sorted({*self._data_set_by_number.values()} - {""}) if self.data_keys else []

    @cached_property
    def best_by_data_set(self) -> dict[str, Pooled]:
        """The best configuration on each of several data sets, by its name; empty where there is one data set."""
        best: dict[str, Pooled] = {}
        for each in self.configurations if self.data_keys else []:
            name = self.data_set(each.number)
            if each.values and name:
                best.setdefault(name, each)
        return best

    @property
    def bests(self) -> list[Pooled]:
        """What is called the best: one configuration, or one of each data set; none where there are more objectives."""
        best = self.best()
        if self.objectives or best is None:
            return []
        return [best] if not self.data_keys else list(self.best_by_data_set.values())

    @cached_property
    def front(self) -> list[int]:
        """The trials of a sweep of several objectives that no other beats: as good in all, and better in one."""
        trials = self.trials[(self.trials["status"] == "complete") & self.trials["duplicate_of"].isna()]
        signs = np.array([1.0 if maximize else -1.0 for maximize in self.objectives.values()])
        values = trials[list(self.objectives)].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float) * signs
        kept = np.isfinite(values).all(axis=1) if self.objectives else np.zeros(len(trials), dtype=bool)
        values, numbers = values[kept], trials["number"].to_numpy()[kept]
        beaten = [bool(((values >= each).all(axis=1) & (values > each).any(axis=1)).any()) for each in values]
        return sorted(int(number) for number, is_beaten in zip(numbers, beaten, strict=True) if not is_beaten)

    @property
    def num_left(self) -> int:
        """How many of the trials that it is to have have not ended; 0 where that is not on record."""
        num_ended = int((~self.trials["status"].isin(["interrupted", "unknown"])).sum())
        return max(0, (self.num_planned or 0) - num_ended)

    def row(self, number: int) -> dict[str, Any]:
        """Return what the table has of the trial `number`."""
        row = self.trials[self.trials["number"] == number].iloc[0]
        return {str(name): value for name, value in row.items()}


def command_to_confirm(folder: Path) -> str:
    """Return the command that confirms the sweep in `folder`, or goes on with the comparison there."""
    word = "resume" if ComparisonPaths(folder).record.is_file() else "confirm"
    return f"regsweep {word} {shlex.quote(str(shown(folder)))}"


def read_sweep(
    folder: Path | str, *, metrics: str | None = None, objective: str | None = None, minimize: bool | None = None
) -> Sweep:
    """Return the records under `folder`: a grid, an Optuna sweep (finished or not), a run, or any Hydra multirun.

    Args:
        folder: the sweep's folder.
        metrics: for another application's multirun: the file inside each job's folder that holds its metrics
            (JSON, JSON Lines, YAML or CSV), or a pattern that it alone matches there. Without it the values are those
            of the Optuna study.
        objective: the column that trials are ranked by: a metric, nested ones by dotted names. None: what the sweep
            searched for.
        minimize: whether less of it is better. None: as the sweep has it for what it searched for, else as the name
            implies (`regsweep.direction`).

    Raises:
        RegsweepError: when `folder` holds none of these, or not the metrics or the objective that were named.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise RegsweepError(f"{show(folder)}: {'not a folder' if folder.exists() else 'no such folder'}")
    is_run = RunPaths(folder).config.is_file()
    if ComparisonPaths(folder).record.is_file():
        return _read_comparison(folder, metrics=metrics, objective=objective, minimize=minimize)
    jobs = [(0, folder)] if is_run else find_jobs(folder)
    if not jobs and not SweepPaths(folder).multirun.is_file():
        raise RegsweepError(f"{show(folder)}: neither a sweep nor a run; give a folder such as multirun/<date>/<time>")
    unnamed = [path for _, path in jobs if plain_text(str(path)) != str(path)]
    jobs = [(number, path) for number, path in jobs if path not in unnamed]
    own = is_own(folder, jobs)
    if own and metrics is not None:
        raise RegsweepError(f"--metrics {show(metrics)}: the records in {show(folder)} hold the metrics; leave it out")
    if own:
        rows = read_own(folder, jobs, is_run=is_run, objective=objective, minimize=minimize)
    else:
        rows = read_foreign(folder, jobs, metrics=metrics, objective=objective, minimize=minimize)
    problems = [*rows.problems, *(f"{plain_text(path.name)}: this folder's name is not UTF-8" for path in unnamed)]
    return Sweep(
        folder,
        _table(rows),
        rows.swept,
        rows.objective,
        rows.maximize,
        problems,
        own,
        rows.regularization,
        rows.rows,
        num_planned=_num_planned(folder),
        objectives=rows.objectives,
        steps=pd.DataFrame(rows.steps, columns=STEPS),
        task=rows.task,
        numbers=rows.numbers,
    )


def read_ranked_by(folder: Path | str, *, metrics: str | None, objective: str | None, minimize: bool | None) -> Sweep:
    """Return what `read_sweep` does, for someone who named the objective: complete trials must have such a number.

    What is read while it trains may have it later, so `read_sweep` itself takes every number that a record can hold.

    Raises:
        RegsweepError: as `read_sweep`; when complete trials have numbers, and none of them has the objective.
    """
    sweep = read_sweep(folder, metrics=metrics, objective=objective, minimize=minimize)
    complete = sweep.trials[sweep.trials["status"] == "complete"]
    if objective is not None and len(complete) and complete[sweep.objective].isna().all():
        numbers = complete.drop(columns=[*FIRST, *LAST, *sweep.swept]).dropna(axis="columns", how="all")
        require_objective(objective, list(map(str, numbers)))
    return sweep


def _num_planned(folder: Path) -> int | None:
    """Return how many trials a sweep is to have, as its sweeper wrote it down."""
    try:
        return records.read_as(SweepPaths(folder).command, Command).num_trials
    except RecordError:
        return None


def _read_comparison(folder: Path, **named: Any) -> Sweep:
    """Return the trials of all searches of a comparison as those of one sweep, numbered one search after the other.

    Args:
        folder: the comparison's.
        named: what `read_sweep` was called with, for each of the searches.
    """
    paths = ComparisonPaths(folder)
    record = records.read_as(paths.record, ComparisonRecord)
    searches = {key: paths.search(key) for key in record.contestants}
    there = {key: search for key, search in searches.items() if SweepPaths(search).multirun.is_file()}
    parts = {key: read_sweep(search, **named) for key, search in there.items()}
    rows: list[dict[str, Any]] = []
    regularization: dict[int, Regularization] = {}
    for key, part in parts.items():
        first = len(rows)
        for row in part.rows:
            if row["number"] >= record.num_trials:
                continue  # it was extended by itself, and all are tuned with as many
            earlier = row.get("duplicate_of")
            moved = {"duplicate_of": earlier + first} if earlier is not None else {}
            place = (paths.search(key) / row["folder"]).relative_to(folder)
            rows.append({**row, "number": first + row["number"], "folder": str(place), CONTESTANT: key, **moved})
        regularization |= {first + number: each for number, each in part.regularization.items()}
    swept = list(dict.fromkeys([CONTESTANT, *(name for part in parts.values() for name in part.swept)]))
    problems = [f"{key}/{problem}" for key, part in parts.items() for problem in part.problems]
    # All searches were started with the same settings, and rank as one.
    ended = (part for part in parts.values() if (part.trials["status"] == "complete").any())
    any_of = next(ended, next(iter(parts.values()), Sweep(folder, pd.DataFrame(), swept)))
    objective, maximize = any_of.objective, any_of.maximize
    merged = Rows(rows, swept, objective=objective, maximize=maximize, problems=problems, numbers=any_of.numbers)
    return Sweep(
        folder,
        _table(merged),
        swept,
        objective,
        maximize,
        problems,
        regularization=regularization,
        rows=rows,
        is_comparison=True,
        task=any_of.task,
        numbers=any_of.numbers,
    )


def as_text(values: pd.Series) -> pd.Series:
    """Return `values` as text, to group by: what is missing is empty, and pandas would leave it out of every group."""
    return values.astype(object).where(values.notna(), "").map(str)


def _settings(trials: pd.DataFrame, keys: list[str]) -> list[tuple[str, ...] | None]:
    """Return each trial's values of `keys` as text; None where all of them are lost."""
    found = zip(*(as_text(trials[key]) for key in keys), strict=True) if keys else ((),) * len(trials)
    return [each if any(each) or not keys else None for each in found]


def _table(rows: Rows) -> pd.DataFrame:
    table = pd.DataFrame(rows.rows, columns=table_columns(rows.swept, rows.metrics, rows.numbers))
    for name in [*rows.metrics, *rows.numbers, "duplicate_of", "ended"]:
        if name not in rows.swept:
            table[name] = pd.to_numeric(table[name])
    return table.astype({name: float for name in table if name in rows.numbers and table[name].isna().all()})
