"""A sweeper for any Hydra application: ask and tell over Optuna, with pruning, resume and records.

It knows nothing of what is trained and imports no torch. A job reports its progress with `report`, which raises
`Pruned` where the trial is not worth going on with:

    from regsweep.sweeper import report

    for epoch in range(1, epochs + 1):
        report(validation_accuracy, epoch)
"""

from regsweep.errors import Pruned
from regsweep.reporting import is_watched, report
from regsweep.sweeper.job import TrialValue

__all__ = ["Pruned", "TrialValue", "is_watched", "report"]
