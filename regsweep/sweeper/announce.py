"""A sweep's first lines: which numbers it minimizes and which it maximizes, before a trial is spent on a mistake."""

import logging
from collections.abc import Sequence

from optuna.study import StudyDirection

from regsweep.direction import is_minimized, unnamed

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


def _doing(word: str) -> str:
    return word.removesuffix("e") + "ing"
