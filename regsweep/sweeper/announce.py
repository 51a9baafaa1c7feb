"""A sweep's first lines, which numbers it minimizes and which it maximizes, and its last, which was the best."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from regsweep.direction import is_minimized, unnamed
from regsweep.numbers import show_number
from regsweep.pooling import Pooled, Trial, pool, seed_key, seed_of

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


def announce_best(study: Study, best: FrozenTrial | None) -> None:
    """Log a line on the best trial; where seeds were swept, on the configuration with the best mean over its seeds.

    Args:
        study: with all trials.
        best: None where there is none, or where there are several objectives.
    """
    if best is None or best.value is None:
        return
    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.user_attrs.get("duplicate_of") is None]
    names = dict.fromkeys(name for trial in trials for name in trial.params)
    seed = seed_key({name: [trial.params.get(name) for trial in trials] for name in names})
    if seed is None:
        _hydras_log.info(f"best: trial {best.number}, {show_number(best.value, 5)}, {_settings(best.params)}")
        return
    first, num = _pooled(study, trials, [name for name in names if name != seed], seed)
    there = next(trial.params for trial in trials if trial.number == first.number)
    params = {name: value for name, value in there.items() if name != seed}
    seeds = f"{len(first.values)} of {first.num_seeds}" if first.lost else str(len(first.values))
    shown = f"trial{'s' if len(first.numbers) > 1 else ''} {', '.join(map(str, first.numbers))}"
    settings = f"{_settings(params)}, " if params else ""
    _hydras_log.info(
        f"best of {num} by the mean over {seed}: {settings}{show_number(first.mean, 5)} over {seeds} ({shown})"
    )


def _pooled(study: Study, trials: Sequence[FrozenTrial], names: Sequence[str], seed: str) -> tuple[Pooled, int]:
    """Return the best configuration, and how many there are."""
    found = pool(
        [
            Trial(
                trial.number,
                tuple(str(trial.params.get(name, "")) for name in names),
                seed_of(trial.params.get(seed)),
                "complete" if trial.state == TrialState.COMPLETE else trial.state.name.lower(),
                trial.value if trial.state == TrialState.COMPLETE else None,
            )
            for trial in trials
        ],
        maximize=study.direction == StudyDirection.MAXIMIZE,
    )
    return found[0], len(found)


def _settings(params: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in params.items())


def _doing(word: str) -> str:
    return word.removesuffix("e") + "ing"
