"""What the files of those figures are called that show what trials are ranked by over something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from regsweep.report.task import metric_in

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep


def stem(sweep: Sweep, rest: str) -> str:
    """Return ``accuracy_over_lambda`` for ``over_lambda``: whichever examples it is of, and with what a path may have.

    A name may be any text of a record, or of another application. Whatever is an accuracy, ``val_acc`` too, is one.
    """
    name = metric_in(sweep.objective)
    is_share = sweep.is_percent(name) if sweep.is_own else name.lower().endswith(("accuracy", "acc"))
    named = "accuracy" if is_share and name != "balanced_accuracy" else name
    return re.sub(r"\W", "_", f"{named}_{rest}", flags=re.ASCII)
