"""``hydra/launcher=pool``: the plugin that Hydra finds through its entry points."""

from __future__ import annotations

import ast
import math
import socket
import sys
import weakref
from abc import abstractmethod
from collections.abc import Mapping, Sequence
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
    from regsweep.launcher.ray_pool import RayPool


@dataclass
class PoolLauncherConf:
    """The pool's keys."""

    _target_: str = "regsweep.launcher.plugin.PoolLauncher"
    # Worker processes; null: one per GPU where there are GPUs, else one per core. Cores are divided between them,
    # and several GPUs too; several workers on one GPU share it.
    workers: int | None = None
    # Modules that are imported once, in the process that the workers are forked from.
    preload: list[str] = field(default_factory=list)


@dataclass
class RayPoolLauncherConf:
    """The keys of a pool on a Ray cluster."""

    _target_: str = "regsweep.launcher.plugin.RayPoolLauncher"
    # Trials at a time at the most; null: as many as fit into the cluster, which may grow and shrink.
    workers: int | None = None
    # CPU cores of a trial, above 0.
    num_cpus: float = 1
    # GPUs of a trial, 0 or more; 0.5: two trials share one.
    num_gpus: float = 0
    # What ray.init is called with: address: null is a cluster of this machine's own, auto the one that runs here.
    init: dict[str, Any] = field(default_factory=lambda: {"address": None, "include_dashboard": False})
    # Modules that are imported once, in the process on each node that trials are forked from.
    preload: list[str] = field(default_factory=list)


for _name, _conf in (("pool", PoolLauncherConf), ("ray_pool", RayPoolLauncherConf)):
    ConfigStore.instance().store(group="hydra/launcher", name=_name, node=_conf, provider="regsweep")


class SlotLauncher(Launcher):
    """A launcher whose jobs are steady and return what Hydra returns: `jobs` makes them.

    Args:
        preload: modules that workers import once.
    """

    def __init__(self, preload: Sequence[str] = ()) -> None:
        self._preload = [str(name) for name in preload]
        self._jobs: Pool | RayPool | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Remember what jobs are made from.

        Raises:
            CompactHydraException: when the application's file would start the sweep again in each worker.
        """
        with compact():
            _require_main_guard()
        self._context, self._task, self._config = hydra_context, task_function, config

    @abstractmethod
    def jobs(self, *, workers: int | None = None, takes_reports: bool = False, returns: bool = False) -> Pool | RayPool:
        """Return new jobs, of at most `workers` slots; whoever asks closes them."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run a batch, for sweepers that know only that; the workers stay for the next one."""
        configure_log(self._config.hydra.hydra_logging, self._config.hydra.verbose)
        Path(str(self._config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
        if self._jobs is None:
            with compact():
                self._jobs = self.jobs(returns=True)
            # Hydra has no signal for a sweeper's end. At the program's end, `__del__` would come too late: by then
            # modules that ending a process needs are gone.
            weakref.finalize(self, self._jobs.close)
        jobs, errors = self._jobs, {}
        left = list(enumerate(job_overrides, initial_job_idx))[::-1]
        num_running = 0
        while left or num_running:
            while left and num_running < jobs.num_slots:
                jobs.start(*left.pop())
                num_running += 1
            for job in jobs.wait():
                assert isinstance(job, Ended), "nothing reports to a sweeper that knows only batches"
                num_running -= 1
                if job.number not in jobs.returned:
                    errors[job.number] = job.error
        numbers = range(initial_job_idx, initial_job_idx + len(job_overrides))
        return [_failed(errors[number]) if number in errors else jobs.returned.pop(number) for number in numbers]


class PoolLauncher(SlotLauncher):
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
        super().__init__(preload)
        self._num_workers = workers

    def warm_up(self) -> None:
        """Let what workers need be imported meanwhile; a pool does so itself, if nobody did before."""
        from regsweep.launcher.pool import warm_up  # noqa: PLC0415  (joblib)

        warm_up(self._preload, self._num_workers)

    def jobs(self, *, workers: int | None = None, takes_reports: bool = False, returns: bool = False) -> Pool:
        """Return a new pool, of at most `workers` workers; whoever asks closes it."""
        from regsweep.launcher.pool import Pool  # noqa: PLC0415
        from regsweep.launcher.share import Machine  # noqa: PLC0415
        from regsweep.launcher.worker import Setup  # noqa: PLC0415

        setup_globals()
        self.warm_up()
        machine = Machine.here()
        count = machine.count_workers(self._num_workers)
        count = min(count, workers or count)
        setup = Setup.here(self._context, self._task, self._config)
        return Pool(setup, machine, count, takes_reports=takes_reports, returns=returns)


class RayPoolLauncher(SlotLauncher):
    """Runs jobs in actors on a Ray cluster, which live as long as the sweep.

    Args:
        workers: see `RayPoolLauncherConf`.
        num_cpus: see there.
        num_gpus: see there.
        init: see there.
        preload: see there.

    Raises:
        ConfigError: for a number that is none, or out of bounds.
    """

    def __init__(
        self,
        workers: Any = None,
        num_cpus: Any = 1,
        num_gpus: Any = 0,
        init: Mapping[str, Any] | None = None,
        preload: Sequence[str] = (),
    ) -> None:
        super().__init__(preload)
        if workers is not None and (type(workers) is not int or workers < 1):
            allowed = "must be a whole number of 1 or more, or null for as many as fit into the cluster"
            raise ConfigError("hydra.launcher.workers", workers, allowed)
        if isinstance(num_cpus, bool) or not isinstance(num_cpus, int | float) or not 0 < num_cpus < math.inf:
            raise ConfigError("hydra.launcher.num_cpus", num_cpus, "must be a number above 0, the cores of a trial")
        if isinstance(num_gpus, bool) or not isinstance(num_gpus, int | float) or not 0 <= num_gpus < math.inf:
            raise ConfigError("hydra.launcher.num_gpus", num_gpus, "must be 0 or more, the GPUs of a trial")
        self._num_workers, self._cpus, self._gpus, self._init = workers, num_cpus, num_gpus, dict(init or {})

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Remember what jobs are made from.

        Raises:
            CompactHydraException: as `SlotLauncher.setup`, and when nothing answers at the cluster's address.
        """
        super().setup(hydra_context=hydra_context, task_function=task_function, config=config)
        with compact():
            _require_answer(self._init.get("address"))

    def jobs(self, *, workers: int | None = None, takes_reports: bool = False, returns: bool = False) -> RayPool:
        """Return a new pool on the cluster, of at most `workers` slots; whoever asks closes it."""
        from regsweep.launcher.ray_pool import Needs, RayPool, connect  # noqa: PLC0415  (Ray)
        from regsweep.launcher.worker import Setup  # noqa: PLC0415

        setup_globals()
        connect(self._init)
        most = min((each for each in (workers, self._num_workers) if each is not None), default=None)
        setup, needs = Setup.here(self._context, self._task, self._config), Needs(self._cpus, self._gpus)
        return RayPool(setup, needs, self._preload, most=most, takes_reports=takes_reports, returns=returns)


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


def _require_answer(address: str | None) -> None:
    """Refuse an address, host:port, at which nothing answers; Ray itself would try for minutes.

    Raises:
        ConfigError: naming it.
    """
    host, colon, port = str(address or "").removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_SECONDS).close()
    except OSError as error:
        allowed = f"nothing answers there ({error.strerror or error}); start the cluster, or correct the address"
        raise ConfigError("hydra.launcher.init.address", address, allowed) from error


_ANSWER_SECONDS = 10.0


def _failed(error: str | None) -> JobReturn:
    """Return what Hydra's sweepers take for a failed job: its return value raises."""
    job = JobReturn()
    job.status = JobStatus.FAILED
    job.return_value = RuntimeError(error)
    return job
