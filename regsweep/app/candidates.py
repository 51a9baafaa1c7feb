"""Which configurations of a sweep are confirmed, and what makes each: the overrides of a trial, by key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from regsweep import records
from regsweep.app.composed import Composed, composed, key_of
from regsweep.app.grammar import literal
from regsweep.chosen import no_method
from regsweep.errors import RecordError, RegsweepError
from regsweep.names import joined, listed, name_of, place_of
from regsweep.paths import ComparisonPaths, SweepPaths
from regsweep.report.hydra_files import at
from regsweep.report.regularization import BATCH_NORM, DROPOUT, Regularization
from regsweep.report.sweep import CONTESTANT, Sweep
from regsweep.report.table import show_value
from regsweep.report.terms import Terms
from regsweep.run_record import UsedMethod

_METHODS = Terms()
"""Methods of regularization are compared with none."""


@dataclass(frozen=True)
class Configuration:
    """What is trained on every seed.

    Attributes:
        name: in plain words.
        kind: what regularizes it; empty for a network without regularization.
        trial: the number of its first trial in the sweep that it was chosen in.
        selected_for: the validation accuracy that it was chosen for, a fraction, or what else the sweep is ranked by;
            the mean of several seeds.
        parameters: the values in which it differs from the others, by key.
        overrides: every key that makes it, as typed, with the + or ++ of a key that is added.
        ingredients: title and description of each of its methods, by name.
    """

    name: str
    kind: list[str]
    trial: int
    selected_for: float
    parameters: dict[str, Any]
    overrides: dict[str, str]
    ingredients: dict[str, tuple[str, str]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as it stands in the plan."""
        return asdict(self)

    def with_some(self, kept: Iterable[str], baseline: Configuration) -> Configuration:
        """Return the network at the same other settings with some of its methods; the others are `baseline`'s."""
        names = [name for name in self.ingredients if name in {*kept}]
        overrides = {
            key: value
            if not _METHODS.compares(key) or key_of(key).partition(".")[2] in names
            else baseline.overrides[key]
            for key, value in self.overrides.items()
        }
        parts = {name: self.ingredients[name] for name in names}
        name = f"{joined([description for _, description in parts.values()])}{settings_of(self.parameters)}"
        kind = [title for title, _ in parts.values()]
        return replace(self, name=name, kind=kind, overrides=overrides, ingredients=parts)

    def at_own_settings(self, baseline: Configuration, terms: Terms) -> Configuration:
        """Return the same as `baseline` in what is compared, at its own other settings: its own baseline."""
        overrides, parameters = (
            {
                **{key: value for key, value in own.items() if not terms.compares(key)},
                **{key: value for key, value in theirs.items() if terms.compares(key)},
            }
            for own, theirs in ((self.overrides, baseline.overrides), (self.parameters, baseline.parameters))
        )
        name = f"{terms.without or 'no regularization'}{settings_of(parameters, terms)}"
        return Configuration(name, [], self.trial, self.selected_for, parameters, overrides)


def _name_of(key: str) -> str:
    """Return the name of the method that stands below a key of ``regularizer``; of the group itself, nothing."""
    return key_of(key).partition(".")[2]


@dataclass(frozen=True)
class Run:
    """A trial of a sweep that runs named trials: one of its configurations, on a seed."""

    configuration: int
    seed: int


def ranked(sweep: Sweep) -> Iterator[dict[str, Any]]:
    """Yield a row per configuration that is complete, the best first, the earliest of equals: that of its first trial.

    A configuration that was run with several seeds counts by their mean; one that was run again, once.
    """
    rows = {row["number"]: {str(key): value for key, value in row.items()} for row in sweep.trials.to_dict("records")}
    found: set[str] = set()
    for each in sweep.configurations:
        row = rows[each.number]
        same = "\n".join(str(row[key]) for key in sweep.settings) or str(each.number)
        if each.values and same not in found:
            found.add(same)
            yield {**row, "selected_for": each.mean}


def choose_kinds(sweep: Sweep, top: int, most: int) -> list[list[dict[str, Any]]]:
    """Return the rows of the best `most` configurations, at most, of each of the `top` best kinds, the best first.

    A kind is the set of methods in use. It is as good as its best configuration.

    Raises:
        RegsweepError: when nothing that regularizes is complete.
    """
    kinds: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    num_complete = 0
    for row in ranked(sweep):
        num_complete += 1
        kind = tuple(titles(sweep.kind(int(row["number"]))))
        if kind and (kind in kinds or len(kinds) < top):
            rows = kinds.setdefault(kind, [])
            rows.extend([row][: most - len(rows)])
        if len(kinds) == top and all(len(rows) == most for rows in kinds.values()):
            break
    if not num_complete:
        raise RegsweepError(f"{sweep.folder}: no complete trial to confirm")
    if not kinds:
        raise RegsweepError(f"{sweep.folder}: no complete trial regularizes; there is nothing to compare with none")
    return list(kinds.values())


def best_of_contestant(sweep: Sweep, key: str, most: int) -> list[dict[str, Any]]:
    """Return the rows of the best `most` configurations, at most, of a contestant's search in a comparison."""
    trials = sweep.trials[sweep.trials[CONTESTANT] == key]
    return [row for row, _ in zip(ranked(replace(sweep, trials=trials)), range(most), strict=False)]


def trial_0(sweep: Sweep, contestant: str | None = None) -> dict[str, Any] | None:
    """Return the row of a search's trial 0; None where it is not complete, or its settings were not fixed beforehand.

    They are the defaults of the presets, unless others were named. A grid has no such trial.

    Args:
        sweep: the search, or the trials of all searches of a comparison.
        contestant: whose search it is, in a comparison.
    """
    folder, trials = sweep.folder, sweep.trials
    if contestant is not None:
        folder, trials = ComparisonPaths(folder).search(contestant), trials[trials[CONTESTANT] == contestant]
    try:
        named = at(records.read_yaml(SweepPaths(folder).multirun), "hydra", "sweeper", "initial_trials")
    except RecordError:
        return None
    first = trials[(trials["number"] == trials["number"].min()) & (trials["status"] == "complete")]
    if not named or first.empty:
        return None
    row = {str(key): value for key, value in first.to_dict("records")[0].items()}
    return {**row, "selected_for": float(row[sweep.objective])}


def titles(kind: Iterable[UsedMethod]) -> list[str]:
    """Return the names of a kind's methods."""
    return [method.title for method in kind]


def unregularized(sweep: Sweep, rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return what makes the network without regularization, as typed.

    Every method that one of `rows` has is set to null. Where the sweep put BatchNorm in or took it out, the baseline is
    without; elsewhere the network is as it is. So it is with the network's own dropout.
    """
    folders = [sweep.folder / str(row["folder"]) for row in rows]
    return _regularizer({}, _keys_of(folders), _taken_out(sweep, rows))


def _taken_out(sweep: Sweep, rows: list[dict[str, Any]]) -> list[str]:
    """Return which of BatchNorm and dropout is among what is compared, so that the network without it has none.

    Where trials without dropout's method kept the network's own, as in a grid of presets, the baseline keeps it, too.
    """
    batch_norm = sweep.turns_batch_norm or any(BATCH_NORM in sweep.used(int(row["number"])) for row in rows)
    dropout = sweep.own_dropout is not None and not sweep.keeps_dropout
    return [*([BATCH_NORM] if batch_norm else []), *([DROPOUT] if dropout else [])]


def _keys_of(folders: Sequence[Path]) -> list[str]:
    """Return the keys below ``regularizer`` that are not null in one of these trials."""
    composed_there = [composed(folder).regularizer for folder in folders]
    return list(dict.fromkeys(str(key) for each in composed_there for key in each if each[key] is not None))


def _regularizer(
    nodes: Mapping[str, Mapping[str, Any]], keys: Sequence[str], taken_out: Sequence[str]
) -> dict[str, str]:
    """Return the overrides that make a run use these methods and no others, whatever was composed.

    Args:
        nodes: by name, what stands below the method's key.
        keys: that may not be null otherwise.
        taken_out: methods of which a network that does not use them has nothing of its own.
    """
    known, overrides = no_method(), {"regularizer": "none"}
    for key in dict.fromkeys([*keys, *taken_out]):
        sign = "" if key in known else "++"  # a method of the user's own has a key where its preset is chosen
        value = literal(nodes[key]) if key in nodes else "false" if key in taken_out else "null"
        overrides[f"{sign}regularizer.{key}"] = value
    return overrides


def _nodes_of(sweep: Sweep, number: int, config: DictConfig, taken_out: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what stands below the keys of the methods that a trial used, each setting as its record has it.

    Where others are without BatchNorm, that of the network itself is a method, too.
    """
    found = sweep.regularization.get(number, Regularization())
    nodes = {}
    for name, method in found.methods.items():
        node = config.regularizer.get(name)
        target = node.get("_target_") if OmegaConf.is_config(node) else None
        nodes[name] = {**({"_target_": target} if target else {}), "use": True, **method.settings}
    if BATCH_NORM in taken_out and found.batch_norm:
        nodes.setdefault(BATCH_NORM, {"use": True})
    return nodes


def configurations(
    sweep: Sweep, rows: list[dict[str, Any]], baseline: Sweep, baseline_rows: list[dict[str, Any]]
) -> tuple[list[Configuration], list[Configuration]]:
    """Return the baseline's rows, and the chosen ones, as configurations that set the same keys, if they have them."""
    places = [*((baseline, row) for row in baseline_rows), *((sweep, row) for row in rows)]
    folders = [source.folder / str(row["folder"]) for source, row in places]
    trials = [Composed.read(folder) for folder in folders]
    swept = dict.fromkeys(key for key in (*sweep.swept, *baseline.swept) if key != "seed")
    others = [key for key in swept if not _METHODS.compares(key)]
    signs = {key: sign for trial in trials for key, sign in trial.signs.items() if sign}
    keys = _keys_of(folders)
    taken_out = _taken_out(sweep, rows)
    found: list[Configuration] = []
    for (source, row), trial in zip(places, trials, strict=True):
        is_baseline = len(found) < len(baseline_rows)
        number = int(row["number"])
        nodes = {} if is_baseline else _nodes_of(source, number, trial.config, taken_out)
        used = {} if is_baseline else source.used(number)
        kind = sorted(used.values(), key=place_of)
        overrides = {signs.get(key, "") + key: trial.text(key) for key in others if trial.has(key)}
        parameters = {key: row[key] if key in row else trial.value(key) for key in swept if trial.has(key)}
        name = "no regularization (tuned)" if is_baseline else name_of(kind)
        found.append(
            Configuration(
                f"{name}{settings_of(parameters)}",
                titles(kind),
                number,
                float(row["selected_for"]),
                parameters,
                {**_regularizer(nodes, keys, taken_out), **overrides},
                {name: (method.title, method.description) for name, method in used.items()},
            )
        )
    return found[: len(baseline_rows)], found[len(baseline_rows) :]


def settings_of(parameters: Mapping[str, Any], terms: Terms = _METHODS) -> str:
    """Return what else was tuned, as a name's end: ``, at lr 0.0031``; nothing where nothing was."""
    left = {key: value for key, value in parameters.items() if not terms.compares(key) and not _METHODS.compares(key)}
    others = {key.rpartition(".")[2]: value for key, value in left.items()}
    settings = [f"{name} {show_value(value)}" for name, value in others.items()]
    return f", at {listed(settings)}" if settings else ""
