"""regsweep: which regularization helps your network, how strong it should be, how sure you can be of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regsweep.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from regsweep.run_record import RunRecord
    from regsweep.trained import TrainedModel

__version__ = VERSION

__all__ = ["__version__", "load_model", "load_sweep", "search", "train"]


def train(overrides: Sequence[str] = (), *, folder: Path | str | None = None) -> RunRecord:
    """Train one run, as ``regsweep KEY=VALUE …`` does, and return its record.

    Args:
        overrides: as they are typed: ``["dataset=diabetes", "regularizer=l2"]``.
        folder: of the run; None: one of its own under ``outputs``.

    Raises:
        regsweep.errors.RegsweepError: for what the command line refuses, and for a run that diverges.
    """
    from regsweep.app.calls import train  # noqa: PLC0415  (Hydra and torch: `import regsweep` stays fast)

    return train(overrides, folder)


def search(overrides: Sequence[str] = (), *, folder: Path | str | None = None) -> pd.DataFrame:
    """Run a sweep, as ``regsweep -m sweep=regularization KEY=VALUE …`` does, and return what `load_sweep` does.

    Args:
        overrides: as they are typed; ``sweep=grid`` among them makes it a grid of listed values.
        folder: of the sweep; None: one of its own under ``multirun``. `regsweep confirm` takes it.

    Raises:
        regsweep.errors.RegsweepError: for what the command line refuses. A trial that fails stands in the table.
    """
    from regsweep.app.calls import search  # noqa: PLC0415  (Hydra: `import regsweep` stays fast)

    return search(overrides, folder)


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


def load_model(run: Path | str, *, device: str = "cpu") -> TrainedModel:
    """Return the network that a run has trained, in evaluation mode, with its classes and its preprocessing.

    ``load_model(run).predict(data)`` returns a row for each example. Neither the run's data nor a pickle is read. As
    `regsweep reproduce` does, it imports what the run's configuration names, from the folder that it was started in.

    Args:
        run: the folder of a run, or of a sweep's trial, that saved its weights.
        device: where the network is to lie: ``cpu``, ``cuda``, ``mps``, or ``auto``.

    Raises:
        regsweep.errors.RegsweepError: when there is no such run, or its network cannot be loaded, in one line.
    """
    from regsweep.app.loading import load_model  # noqa: PLC0415  (torch: `import regsweep` stays fast)

    return load_model(run, device)
