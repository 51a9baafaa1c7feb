"""Which trials agree in everything but the strength of a method: only their scores are a course over that strength."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from regsweep.report.figures.regularized import STRENGTH, roles

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep
    from regsweep.run_record import UsedMethod


def families(sweep: Sweep, is_drawn: Callable[[str, UsedMethod], bool]) -> pd.Series:
    """Return a text for each trial, the same for those that agree in everything but the strength and the seed.

    Args:
        sweep: of the trials.
        is_drawn: whether a method, by its name, is one whose strength is drawn over. Another application's is λ.
    """
    drawn_key = None if sweep.is_own else roles(sweep).get(STRENGTH)
    rest = [key for key in sweep.settings if key != drawn_key and not (sweep.is_own and _regularizes(key))]
    texts = []
    for row in sweep.trials[["number", *rest]].to_dict("records"):
        number = row.pop("number")
        texts.append(json.dumps([_methods(sweep, number, is_drawn), row], sort_keys=True, default=str))
    return pd.Series(texts, index=sweep.trials.index, dtype=object)


def _regularizes(key: str) -> bool:
    return key.partition(".")[0] == "regularizer"


def _methods(sweep: Sweep, number: int, is_drawn: Callable[[str, UsedMethod], bool]) -> Any:
    """Return the settings of each method of a trial, without the strength that is drawn; of an unknown one its number.

    What is not known is like no other trial.
    """
    if not sweep.is_own:
        return None
    known = sweep.regularization.get(number)
    if known is None:
        return number
    methods = {
        name: {key: value for key, value in method.settings.items() if key != method.main or not is_drawn(name, method)}
        for name, method in known.methods.items()
    }
    return [methods, known.batch_norm]
