"""What is confirmed where the baseline is named by its keys, as any application's is, or trials are named by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from regsweep import records
from regsweep.app.candidates import Configuration, ranked, settings_of
from regsweep.app.composed import Composed
from regsweep.errors import RecordError, RegsweepError
from regsweep.names import joined, name_of, place_of
from regsweep.paths import RunPaths, SweepPaths
from regsweep.plain_yaml import read_scalar
from regsweep.report.hydra_files import at
from regsweep.report.sweep import Sweep
from regsweep.report.table import show_value
from regsweep.report.terms import Terms

Row = dict[str, Any]


def differing(sweep: Sweep, terms: Terms, most: int) -> list[list[Row]]:
    """Return the rows of the best `most` configurations, at most, that differ from the baseline in one of its keys.

    They are one kind: nothing is known of another application's keys.

    Raises:
        RegsweepError: when none is complete.
    """
    rows = [row for row in ranked(sweep) if not is_baseline(sweep, row, terms)]
    if not rows:
        raise RegsweepError(f"--baseline {terms.without}: no complete trial of {sweep.folder} differs from it")
    return [rows[:most]]


def is_baseline(sweep: Sweep, row: Mapping[str, Any], terms: Terms) -> bool:
    """Return whether a trial has the baseline's value of each of its keys."""
    trial = Composed.read(sweep.folder / str(row["folder"]))
    return all(trial.has(key) and _is_same(trial.text(key), value) for key, value in terms.baseline.items())


def _is_same(one: str, other: str) -> bool:
    """Return whether two values are the same as typed: 0 and 0.0 are, 0 and false are not."""
    first, second = read_scalar(one), read_scalar(other)
    return bool(first == second) and isinstance(first, bool) == isinstance(second, bool)


def named(sweep: Sweep, numbers: Sequence[int], terms: Terms) -> list[list[Row]]:
    """Return the rows of trials that were named by hand, each a kind of its own.

    Raises:
        RegsweepError: for one that is not complete, that is the baseline, or that is another one on another seed.
    """
    by_number = {int(row["number"]): row for row in sweep.trials.to_dict("records")}
    means = {_settings(row, sweep): row["selected_for"] for row in ranked(sweep)}
    kinds: dict[str, list[Row]] = {}
    for number in numbers:
        row = {str(key): value for key, value in by_number.get(number, {}).items()}
        given = f"--trials {','.join(map(str, numbers))}"
        if not row:
            raise RegsweepError(f"{given}: there is no trial {number}; there are 0 to {max(by_number, default=0)}")
        if row["status"] != "complete":
            raise RegsweepError(f"{given}: trial {number} is {row['status']}; only a complete one can be confirmed")
        if pd.notna(row["duplicate_of"]):
            raise RegsweepError(f"{given}: trial {number} repeats trial {int(row['duplicate_of'])}; name that one")
        if is_baseline(sweep, row, terms) if terms.baseline else not sweep.kind(number):
            what = terms.without or "no method of regularization"
            raise RegsweepError(f"{given}: trial {number} has {what}, as the baseline; leave it out")
        settings = _settings(row, sweep)
        if settings in kinds:
            first = int(kinds[settings][0]["number"])
            raise RegsweepError(f"{given}: trials {first} and {number} are one configuration; name one of them")
        kinds[settings] = [{**row, "selected_for": means.get(settings, row[sweep.objective])}]
    return list(kinds.values())


def _settings(row: Mapping[Any, Any], sweep: Sweep) -> str:
    return "\n".join(str(row[column]) for column in sweep.settings)


def first_trial(sweep: Sweep) -> Composed:
    """Return the first trial of a sweep that Hydra left anything of.

    Raises:
        RegsweepError: when there is none.
    """
    for folder in sweep.trials["folder"]:
        try:
            return Composed.read(sweep.folder / str(folder))
        except RecordError:
            continue
    raise RegsweepError(f"{sweep.folder}: no trial left its configuration (.hydra), so none can be run again")


def require_keys(sweep: Sweep, terms: Terms) -> None:
    """Refuse keys that the application does not have.

    Raises:
        RegsweepError: naming the first, and what the sweep varied.
    """
    trial = first_trial(sweep)
    swept = ", ".join(key for key in sweep.swept if key != terms.seed_key) or "none"
    for key, value in terms.baseline.items():
        if not trial.has(key):
            raise RegsweepError(f"--baseline {key}={value}: its trials have no such key; the sweep varied {swept}")
    if terms.seed_key in terms.baseline:
        raise RegsweepError(f"--baseline {terms.seed_key}=…: is the key of the seed, which differs between runs anyway")
    if not trial.has(terms.seed_key):
        raise RegsweepError(
            f"--seed-key {terms.seed_key}: its trials have no such key; name the one that their random numbers follow"
        )


def seeds_of(sweep: Sweep, terms: Terms) -> set[int]:
    """Return the seeds of a sweep's trials, as far as they are whole numbers."""
    if terms.seed_key in sweep.swept:
        values = list(sweep.trials[terms.seed_key].dropna())
    else:
        values = [first_trial(sweep).value(terms.seed_key)]
    return {int(value) for value in pd.to_numeric(pd.Series(values, dtype=object), errors="coerce").dropna()}


def configurations(
    sweep: Sweep, rows: Sequence[Row], baseline: Sweep, baseline_rows: Sequence[Row], terms: Terms
) -> tuple[list[Configuration], list[Configuration]]:
    """Return the baseline's rows, and the chosen ones, as configurations that set the same keys, if they have them."""
    places = [*((baseline, row) for row in baseline_rows), *((sweep, row) for row in rows)]
    trials = [Composed.read(source.folder / str(row["folder"])) for source, row in places]
    keys = _keys(sweep, trials, terms)
    found: list[Configuration] = []
    for (source, row), trial in zip(places, trials, strict=True):
        is_tuned = len(found) < len(baseline_rows)
        below = {key for key in keys if terms.compares(key) and key not in terms.baseline}
        # The baseline's option may have such a key, too: what was not set of it is its own.
        left_out = below - trial.overrides.keys() if is_tuned else set()
        there = [key for key in keys if trial.has(key) and key not in left_out]
        parameters = {key: trial.value(key) for key in there}
        tuned = {key: value for key, value in parameters.items() if is_tuned and key in below}
        compared = joined(
            [f"{key.rpartition('.')[2]} {show_value(parameters[key])}" for key in there if terms.compares(key)]
        )
        others = {key: value for key, value in parameters.items() if not terms.compares(key)}
        others_in_words = settings_of({**others, **tuned})
        used = sorted(source.used(int(row["number"])).values(), key=place_of)
        methods = f" beside {name_of(used)}" if used else ""
        found.append(
            Configuration(
                f"{f'{terms.without} (tuned)' if is_tuned else compared}{methods}{others_in_words}",
                [] if is_tuned else [compared],
                int(row["number"]),
                float(row["selected_for"]),
                parameters,
                {trial.signs.get(key, "") + key: trial.text(key) for key in there},
            )
        )
    return found[: len(baseline_rows)], found[len(baseline_rows) :]


def _keys(sweep: Sweep, trials: Sequence[Composed], terms: Terms) -> list[str]:
    """Return the keys that make a configuration: the baseline's and what was typed below them, and those swept."""
    columns = [column for column in sweep.swept if column != terms.seed_key]
    below = [key for trial in trials for key in trial.overrides if terms.compares(key)]
    # A key that is called as a column of the table is, has a column with a prefix.
    there = {column for column in columns for trial in trials if trial.has(column)}
    keys = [column if column in there else column.removeprefix("params.") for column in columns]
    return list(dict.fromkeys([*terms.baseline, *below, *keys]))


def set_below(sweep: Sweep, terms: Terms) -> list[str]:
    """Return the keys below a config group of the baseline's that trials with its option set: they are tuned in it."""
    trials = [Composed.read(sweep.folder / str(row["folder"])) for row in _rows_of_baseline(sweep, terms)]
    set_there = dict.fromkeys(key for trial in trials for key in trial.overrides)
    return [key for key in set_there if terms.compares(key) and key not in terms.baseline]


def searched_groups(sweep: Sweep, terms: Terms) -> list[str]:
    """Return the keys of the baseline's that are config groups, of which the sweep tried several options."""
    choices = first_trial(sweep).choices
    return [key for key in terms.baseline if key in choices and key in sweep.swept]


def _rows_of_baseline(sweep: Sweep, terms: Terms) -> list[Row]:
    rows = [{str(key): value for key, value in row.items()} for row in sweep.trials.to_dict("records")]
    return [row for row in rows if _is_left(sweep, row) and is_baseline(sweep, row, terms)]


def _is_left(sweep: Sweep, row: Row) -> bool:
    return RunPaths(sweep.folder / str(row["folder"])).config.exists()


def others_tried(sweep: Sweep, terms: Terms) -> list[dict[str, str]] | None:
    """Return the settings beside the baseline's keys that a grid tried, each once; None where they were searched.

    A baseline is tuned as the sweep was: on the same grid, or by a search of as many trials.
    """
    settings = records.read_yaml(SweepPaths(sweep.folder).multirun)
    sweeper = at(settings, "hydra", "sweeper")
    is_grid = str(at(sweeper, "_target_")).endswith(("BasicSweeper", "GridSweeper"))
    is_grid |= "GridSampler" in str(at(sweeper, "sampler"))
    trial, below = first_trial(sweep), set_below(sweep, terms)
    others = [key for key in _keys(sweep, [trial], terms) if not terms.compares(key)] + below
    if others and not is_grid:
        return None
    once = sweep.trials[sweep.trials["duplicate_of"].isna()]
    # Values below a config group are each option's own.
    folders = (
        [row["folder"] for row in _rows_of_baseline(replace(sweep, trials=once), terms)] if below else once["folder"]
    )
    tried: dict[tuple[str, ...], dict[str, str]] = {}
    for folder in folders:
        each = Composed.read(sweep.folder / str(folder))
        found = {each.signs.get(key, "") + key: each.text(key) for key in others if each.has(key)}
        typed = {terms.typed(key): value for key, value in terms.baseline.items()}
        tried.setdefault(tuple(found.values()), {**found, **typed})
    return list(tried.values())


def with_signs(sweep: Sweep, terms: Terms) -> Terms:
    """Return the terms with the + or ++ of those keys that the sweep adds to the application's configuration."""
    signs = first_trial(sweep).signs
    return replace(terms, signs={key: signs[key] for key in (*terms.baseline, terms.seed_key) if signs.get(key)})
