"""regsweep: which regularization helps your network, how strong it should be, how sure you can be of it."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__version__ = version("regsweep")


def load_sweep(
    folder: Path | str, *, metrics: str | None = None, objective: str | None = None, minimize: bool | None = None
) -> pd.DataFrame:
    """Return a sweep's trials, one row each: number, folder, status, swept parameters, metrics, seconds.

    Reads what `regsweep report` reads: a grid, an Optuna sweep, a single run, or any Hydra multirun. `attrs` of the
    table has ``folder``, ``swept`` (the columns of the swept parameters), ``objective`` (the column to rank by),
    ``maximize`` and ``problems`` (a line per record that was skipped).

    Args:
        folder: the sweep's folder.
        metrics: for another application's multirun: the file inside each job's folder that holds its metrics.
        objective: the column to rank by; by default what the search optimized, or the validation accuracy.
        minimize: whether less of it is better; None: as the study has it, or the objective's name implies.

    Raises:
        regsweep.errors.RegsweepError: when the folder cannot be read so, in one line.
    """
    from regsweep.report.sweep import read_ranked_by  # noqa: PLC0415  (pandas: `import regsweep` stays fast)

    sweep = read_ranked_by(folder, metrics=metrics, objective=objective, minimize=minimize)
    trials = sweep.trials.copy()
    trials.attrs = {
        "folder": str(sweep.folder),
        "swept": sweep.swept,
        "objective": sweep.objective,
        "maximize": sweep.maximize,
        "problems": sweep.problems,
    }
    return trials
