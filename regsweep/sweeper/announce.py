"""A sweep's first lines, which numbers it minimizes and which it maximizes, and its last, which was the best."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from regsweep.direction import is_minimized, unnamed
from regsweep.names import by_key
from regsweep.numbers import count, show_number
from regsweep.pooling import Pooled, Trial, pool, seed_key, seed_of
from regsweep.sweeper.space import NOT_SET

_log = logging.getLogger("regsweep")
# What an application with a table of its own leaves out, as it does with the lines of Hydra's other plugins.
_hydras_log = logging.getLogger("hydra_plugins.regsweep")


def announce(directions: Sequence[StudyDirection], objectives: Sequence[str]) -> None:
    """Log a line for each objective, which is a warning where its name implies the other direction.

    Args:
        directions: the study's.
        objectives: their names; empty where they are the numbers that the job returns.
    """
    words = [direction.name.lower() for direction in directions]
    if not objectives:
        doing = ", ".join(f"{_doing(word)} {name}" for word, name in zip(words, unnamed(len(words)), strict=True))
        _hydras_log.info(f"{doing} (what the job returns)")
    for i, (name, word) in enumerate(zip(objectives, words, strict=False)):
        by_name = "minimize" if is_minimized(name) else "maximize"
        # A list of directions was chosen; a single one may be the default, which is to minimize.
        if word == by_name or (by_name == "maximize" and len(words) > 1):
            _hydras_log.info(f"{_doing(word)} {name}")
        else:
            right = [*words[:i], by_name, *words[i + 1 :]]
            given = right[0] if len(right) == 1 else f"[{','.join(right)}]"
            _log.warning(f"{_doing(word)} {name}: set hydra.sweeper.direction={given} to {by_name} it")


def announce_best(study: Study, best: FrozenTrial | None, ranked_apart: Sequence[str] = ()) -> None:
    """Log a line on the best trial; where seeds were swept, on the configuration with the best mean over its seeds.

    Args:
        study: with all trials.
        best: None where there is none, or where there are several objectives.
        ranked_apart: keys of which each value has a ranking of its own.
    """
    if best is None or best.value is None:
        return
    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.user_attrs.get("duplicate_of") is None]
    if (apart := varied(trials, ranked_apart)) is not None:
        _hydras_log.info(f"no best of all: scores at different values of {apart} are no comparison")
        return
    seed = _seed_key(trials)
    if seed is None:
        _hydras_log.info(f"best: trial {best.number}, {show_number(best.value, 5)}, {_settings(by_key(best.params))}")
        return
    found = _pooled(trials, seed, maximize=study.direction == StudyDirection.MAXIMIZE)
    first, params = found[0], _params(trials, found[0], seed)
    seeds = f"{len(first.values)} of {first.num_seeds}" if first.lost else str(len(first.values))
    shown = f"trial{'s' if len(first.numbers) > 1 else ''} {', '.join(map(str, first.numbers))}"
    settings = f"{_settings(params)}, " if params else ""
    _hydras_log.info(
        f"best of {len(found)} by the mean over {seed}: {settings}{show_number(first.mean, 5)} over {seeds} ({shown})"
    )


def varied(trials: Sequence[FrozenTrial], keys: Sequence[str]) -> str | None:
    """Return the first of these keys (patterns with ``*``) that has several values in the trials; None: none has."""
    values: dict[str, set[str]] = {}
    for trial in trials:
        for name, value in by_key(trial.params).items():
            values.setdefault(name.lstrip("+"), set()).add(str(value))
    several = [key for key, each in values.items() if len(each) > 1]
    return next((key for pattern in keys for key in several if fnmatchcase(key, pattern)), None)


@dataclass(frozen=True)
class Leading:
    """What is best so far.

    Attributes:
        name: which trial that is, or over how many seeds it is the mean.
        value: of the objective.
        params: its settings.
    """

    name: str
    value: float
    params: Mapping[str, Any]


def leading(trials: Sequence[FrozenTrial], *, maximize: bool) -> Leading | None:
    """Return the best trial so far by the one objective, the first of equals; None where none is complete.

    Where seeds were swept it is the configuration with the best mean, of those with the most complete seeds so far: a
    mean of fewer owes more to luck.
    """
    seed = _seed_key(trials)
    if seed is not None:
        found = _pooled(trials, seed, maximize=maximize)
        most = max(len(each.values) for each in found)
        first = next(each for each in found if len(each.values) == most)
        name = f"mean of {count(most, 'seed')}"
        return Leading(name, first.mean, _params(trials, first, seed)) if most else None
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE and trial.values is not None]
    if not complete:
        return None
    sign = -1 if maximize else 1
    best = min(complete, key=lambda trial: (sign * trial.values[0], trial.number))
    return Leading(f"trial {best.number}", best.values[0], by_key(best.params))


def num_on_front(trials: Sequence[FrozenTrial], maximize: Sequence[bool]) -> tuple[int, int]:
    """Return how many trials no other beats, being as good in all objectives and better in one, and of how many.

    Args:
        trials: of which the complete ones count.
        maximize: whether more of each objective is better.
    """
    complete = [trial.values for trial in trials if trial.state == TrialState.COMPLETE and trial.values is not None]
    front: list[list[float]] = []
    for values in complete:
        signed = [value if more else -value for value, more in zip(values, maximize, strict=True)]
        if not any(_beats(each, signed) for each in front):
            front = [each for each in front if not _beats(signed, each)] + [signed]
    return len(front), len(complete)


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    return one != other and all(mine >= theirs for mine, theirs in zip(one, other, strict=True))


def _seed_key(trials: Sequence[FrozenTrial]) -> str | None:
    params = [by_key(trial.params) for trial in trials]
    names = dict.fromkeys(name for each in params for name in each)
    return seed_key({name: [each.get(name) for each in params] for name in names})


def _pooled(trials: Sequence[FrozenTrial], seed: str, *, maximize: bool) -> list[Pooled]:
    """Return the configurations, the best first."""
    params = {trial.number: by_key(trial.params) for trial in trials}
    names = [name for name in dict.fromkeys(name for each in params.values() for name in each) if name != seed]
    return pool(
        [
            Trial(
                trial.number,
                tuple(str(params[trial.number].get(name, "")) for name in names),
                seed_of(params[trial.number].get(seed)),
                "complete" if trial.state == TrialState.COMPLETE else trial.state.name.lower(),
                trial.values[0] if trial.state == TrialState.COMPLETE and trial.values else None,
            )
            for trial in trials
        ],
        maximize=maximize,
    )


def _params(trials: Sequence[FrozenTrial], pooled: Pooled, seed: str) -> dict[str, Any]:
    """Return a configuration's settings, without the seed."""
    there = next(by_key(trial.params) for trial in trials if trial.number == pooled.number)
    return {name: value for name, value in there.items() if name != seed}


def _settings(params: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={shown_value(value)}" for name, value in params.items() if value != NOT_SET)


def shown_value(value: Any) -> str:
    """Return a parameter's value as a person writes it."""
    is_long = isinstance(value, str) and re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", value) is not None
    return show_number(float(value)) if isinstance(value, float) or is_long else str(value)


def _doing(word: str) -> str:
    return word.removesuffix("e") + "ing"
