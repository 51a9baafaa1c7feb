"""``hydra/launcher=pool``: the plugin that Hydra finds through its entry points."""

from __future__ import annotations

import ast
import sys
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, JobStatus, configure_log, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from regsweep.errors import ConfigError
from regsweep.launcher.compact import compact
from regsweep.launcher.jobs import Ended

if TYPE_CHECKING:
    from regsweep.launcher.pool import Pool


@dataclass
class PoolLauncherConf:
    """The pool's keys."""

    _target_: str = "regsweep.launcher.plugin.PoolLauncher"
    # Worker processes; null: one per GPU where there are GPUs, else one per core. Cores are divided between them,
    # and several GPUs too; several workers on one GPU share it.
    workers: int | None = None
    # Modules that are imported once, in the process that the workers are forked from.
    preload: list[str] = field(default_factory=list)


ConfigStore.instance().store(group="hydra/launcher", name="pool", node=PoolLauncherConf, provider="regsweep")


class PoolLauncher(Launcher):
    """Runs jobs in worker processes that live as long as the sweep.

    Args:
        workers: see `PoolLauncherConf`.
        preload: see there.

    Raises:
        ConfigError: when that is not a number of 1 or more.
    """

    def __init__(self, workers: Any = None, preload: Sequence[str] = ()) -> None:
        if workers is not None and (type(workers) is not int or workers < 1):
            allowed = "must be a whole number of 1 or more, or null for one per GPU or core"
            raise ConfigError("hydra.launcher.workers", workers, allowed)
        self._num_workers, self._preload = workers, [str(name) for name in preload]
        self._pool: Pool | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Remember what jobs are made from.

        Raises:
            CompactHydraException: when the application's file would start the sweep again in each worker.
        """
        with compact():
            _require_main_guard()
        self._context, self._task, self._config = hydra_context, task_function, config

    def warm_up(self) -> None:
        """Let what workers need be imported meanwhile; a pool does so itself, if nobody did before."""
        from regsweep.launcher.pool import warm_up  # noqa: PLC0415  (joblib)

        warm_up(self._preload, self._num_workers)

    def pool(self, *, workers: int | None = None, takes_reports: bool = False, returns: bool = False) -> Pool:
        """Return a new pool, of at most `workers` workers; whoever asks closes it."""
        from regsweep.launcher.pool import Pool  # noqa: PLC0415
        from regsweep.launcher.share import Machine  # noqa: PLC0415

        setup_globals()
        self.warm_up()
        machine = Machine.here()
        count = machine.count_workers(self._num_workers)
        count = min(count, workers or count)
        return Pool(
            self._context, self._task, self._config, machine, count, takes_reports=takes_reports, returns=returns
        )

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run a batch, for sweepers that know only that; the workers stay for the next one."""
        configure_log(self._config.hydra.hydra_logging, self._config.hydra.verbose)
        Path(str(self._config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
        if self._pool is None:
            with compact():
                self._pool = self.pool(returns=True)
            # Hydra has no signal for a sweeper's end. At the program's end, `__del__` would come too late: by then
            # modules that ending a process needs are gone.
            weakref.finalize(self, self._pool.close)
        pool, errors = self._pool, {}
        left = list(enumerate(job_overrides, initial_job_idx))[::-1]
        num_running = 0
        while left or num_running:
            while left and num_running < pool.num_slots:
                pool.start(*left.pop())
                num_running += 1
            for job in pool.wait():
                assert isinstance(job, Ended), "nothing reports to a sweeper that knows only batches"
                num_running -= 1
                if job.number not in pool.returned:
                    errors[job.number] = job.error
        numbers = range(initial_job_idx, initial_job_idx + len(job_overrides))
        return [_failed(errors[number]) if number in errors else pool.returned.pop(number) for number in numbers]


def _require_main_guard() -> None:
    """Refuse an application whose file starts it when a worker imports that file.

    Raises:
        ConfigError: naming the file.
    """
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    if file is None or getattr(main.__spec__, "name", "").endswith("__main__"):
        return  # nothing that workers import: an interactive session, or a package's own __main__.py
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return  # not a source file
    if not any(isinstance(node, ast.Constant) and node.value == "__main__" for node in ast.walk(tree)):
        allowed = (
            f"{Path(file).name} has no \"if __name__ == '__main__':\" guard, which worker processes need; "
            "add it or use hydra/launcher=basic"
        )
        raise ConfigError("hydra/launcher", "pool", allowed)


def _failed(error: str | None) -> JobReturn:
    """Return what Hydra's sweepers take for a failed job: its return value raises."""
    job = JobReturn()
    job.status = JobStatus.FAILED
    job.return_value = RuntimeError(error)
    return job
