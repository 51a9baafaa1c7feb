"""The jobs of a sweep on a Ray cluster: one actor for each slot, which lives as long as the sweep.

An actor holds a `Pool` of one worker, so that a job is, reports and is ended alone as on one machine.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from socket import gethostname
from typing import Any

import ray
from hydra.core.utils import JobReturn
from ray.exceptions import RayActorError, RayError

from regsweep.errors import ConfigError, RecordError
from regsweep.launcher.jobs import Ended, Reported, capabilities_of, one_line
from regsweep.launcher.pool import Pool, print_of, warm_up
from regsweep.launcher.share import Machine
from regsweep.launcher.worker import Setup

LOOK_SECONDS = 5.0
"""So often an actor answers at the latest, and so often the size of the cluster is looked at."""
PLACE_SECONDS = 20.0
"""So long a job waits for a node before it takes the place of one that has ended."""


def connect(settings: Mapping[str, Any]) -> None:
    """Connect to the cluster that `settings`, the arguments of ``ray.init``, name, or start one; once.

    Raises:
        ConfigError: when it cannot be reached.
    """
    if ray.is_initialized():
        return
    try:
        ray.init(**{"configure_logging": False, "log_to_driver": False, **settings})
    except (ConnectionError, RuntimeError, ValueError, TypeError, RayError) as error:
        address = settings.get("address")
        allowed = f"no cluster is reached there ({one_line(error)[:300]}); run ray start --head there, or leave it null"
        raise ConfigError("hydra.launcher.init.address", address, allowed) from error


@dataclass(frozen=True)
class Needs:
    """What a job takes of its node.

    Attributes:
        cpus: cores, above 0.
        gpus: GPUs; with a fraction several jobs share one.
    """

    cpus: float
    gpus: float

    def count_in(self, nodes: Sequence[Mapping[str, float]]) -> int:
        """Return how many such jobs fit into nodes of these resources, none of them on two."""
        needed = {name: number for name, number in (("CPU", self.cpus), ("GPU", self.gpus)) if number > 0}
        fit = [[node.get(name, 0.0) / number for name, number in needed.items()] for node in nodes]
        return sum(math.floor(min(each) + 1e-9) for each in fit)


@dataclass(frozen=True)
class _Heard:
    """What an actor has to say.

    Attributes:
        texts: that its job printed.
        has_begun: whether its job runs.
        events: what happened.
        returned: by jobs that ended, where that is kept.
        unwritable: why the job could not write its record.
        code: with which the job ended the program.
    """

    texts: list[str]
    has_begun: bool
    events: list[Ended | Reported]
    returned: dict[int, JobReturn]
    unwritable: str | None = None
    code: Any = None


class Host:
    """Runs jobs in a process of its own on its node; made into an actor.

    Args:
        setup: of the sweep's own process.
        preload: modules that are imported once.
        cores: that a job may use.
        takes_reports: whether jobs report.
        returns: whether to keep what Hydra returns of each job.

    Raises:
        RecordError: when this node does not see the sweep's folder.
    """

    def __init__(self, setup: Setup, preload: Sequence[str], *, cores: int, takes_reports: bool, returns: bool) -> None:
        folder = Path(setup.working_folder, str(setup.config.hydra.sweep.dir))
        if not folder.is_dir():
            raise RecordError(f"node {gethostname()} does not see {folder}; let all nodes share the sweep's folder")
        self._texts: list[str] = []
        place = setup.working_folder if Path(setup.working_folder).is_dir() else str(Path.cwd())
        warm_up(preload, 1)
        setup = replace(setup, working_folder=place)
        self._pool = Pool(setup, Machine(cores), 1, takes_reports=takes_reports, returns=returns, show=self._show)
        self._number = -1

    def start(self, number: int, overrides: Sequence[str]) -> _Heard:
        """Start a job; see `wait`."""
        self._number = number
        self._pool.start(number, overrides)
        return self.wait()

    def wait(self) -> _Heard:
        """Return what happened, at the latest after `LOOK_SECONDS`."""
        events: list[Ended | Reported] = []
        unwritable = code = None
        try:
            events = self._pool.wait(LOOK_SECONDS)
        except RecordError as error:
            unwritable = str(error)
        except SystemExit as stop:
            code = stop.code
        texts, self._texts = self._texts, []
        returned = {number: self._pool.returned.pop(number) for number in list(self._pool.returned)}
        return _Heard(texts, self._pool.began(self._number) is not None, events, returned, unwritable, code)

    def answer(self, number: int, give_up: bool) -> None:
        """Answer a report."""
        self._pool.answer(number, give_up=give_up)

    def cancel(self, number: int) -> None:
        """Kill a job's process; called while `wait` waits."""
        self._pool.cancel(number)

    def _show(self, lines: str, number: int) -> None:
        self._texts.append(lines)


@dataclass
class _Slot:
    """An actor and its job.

    Attributes:
        host: the actor.
        number: of the job that it runs; None: it is free.
        overrides: of that job.
        heard: the answer that is awaited.
        started: when the job was started.
        began: when it began to run.
        has_answered: whether the actor has a node.
    """

    host: Any
    number: int | None = None
    overrides: Sequence[str] = ()
    heard: Any = None
    started: float = 0.0
    began: float | None = None
    has_answered: bool = False


class RayPool:
    """Actors that live until `close`; see `regsweep.launcher.jobs.Jobs`.

    Args:
        setup: of this process.
        needs: of each job.
        preload: modules that each actor imports once.
        most: slots at the most; None: as many as fit into the cluster.
        takes_reports: whether jobs report, and wait for the answers.
        returns: whether to keep what Hydra returns of each job, in `returned`.
    """

    def __init__(
        self,
        setup: Setup,
        needs: Needs,
        preload: Sequence[str],
        *,
        most: int | None,
        takes_reports: bool = False,
        returns: bool = False,
    ) -> None:
        self.capabilities = capabilities_of("RayPoolLauncher")
        self.returned: dict[int, JobReturn] = {}
        self._needs, self._most = needs, most
        self._given = (ray.put(setup), list(preload))
        self._options = {
            "cores": max(1, int(needs.cpus)),
            "takes_reports": takes_reports,
            "returns": returns,
        }
        self._slots: list[_Slot] = []
        self._looked, self._num_slots = -math.inf, 1
        # An actor that is killed may leave a process that has a core's worth of work; `cancel` is called beside `wait`.
        self._actor = ray.remote(Host).options(
            num_cpus=needs.cpus, num_gpus=needs.gpus, max_concurrency=2, max_restarts=0
        )

    @property
    def num_slots(self) -> int:
        """How many jobs fit into the cluster as it is now, one at the least."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            nodes: list[Any] = ray.nodes()  # type: ignore[no-untyped-call]
            fit = self._needs.count_in([node["Resources"] for node in nodes if node["Alive"]])
            self._num_slots = max(1, fit if self._most is None else min(fit, self._most))
        return self._num_slots

    def start(self, number: int, overrides: Sequence[str]) -> None:
        """Start a job in a free actor, in a new one where there is none."""
        slot = next((slot for slot in self._slots if slot.number is None), None)
        if slot is None:
            slot = _Slot(self._actor.remote(*self._given, **self._options))
            self._slots.append(slot)
        slot.number, slot.overrides, slot.started, slot.began = number, tuple(overrides), time.monotonic(), None
        slot.heard = slot.host.start.remote(number, slot.overrides)

    def wait(self, timeout: float | None = None) -> list[Ended | Reported]:
        """Show what jobs print, and return what they report and those that have ended; see `Jobs.wait`.

        It returns an empty list, too, where the cluster has grown.
        """
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        num_slots = self.num_slots
        while True:
            self._move()
            left = max(0.0, min(deadline - time.monotonic(), LOOK_SECONDS))
            busy = {slot.heard: slot for slot in self._slots if slot.number is not None}
            ready, _ = ray.wait(list(busy), num_returns=1, timeout=left)
            if ready:  # and all others that are
                ready, _ = ray.wait(list(busy), num_returns=len(busy), timeout=0)
            events = [event for each in ready for event in self._hear(busy[each])]
            if events or time.monotonic() >= deadline or self.num_slots > num_slots:
                return events

    def answer(self, number: int, *, give_up: bool) -> None:
        """Let the job that reported go on; see `Jobs.answer`."""
        slot = self._slot_of(number)
        if slot is not None:
            slot.host.answer.remote(number, give_up)

    def began(self, number: int) -> float | None:
        """Return when the job began to run on its node, a second or so late; None while it waits for one."""
        slot = self._slot_of(number)
        return None if slot is None else slot.began

    def cancel(self, number: int) -> None:
        """Kill the job's process; its actor stays for the next one."""
        slot = self._slot_of(number)
        if slot is not None:
            slot.host.cancel.remote(number)

    def close(self) -> None:
        """End all actors, and what they run."""
        slots, self._slots = self._slots, []
        for slot in slots:
            ray.kill(slot.host)

    def _move(self) -> None:
        """Give jobs whose actors find no node to free actors: the cluster has become smaller, and those hold on."""
        late = time.monotonic() - PLACE_SECONDS
        for slot in [each for each in self._slots if each.number is not None and not each.has_answered]:
            if slot.started < late and any(each.number is None for each in self._slots):
                self._slots.remove(slot)
                ray.kill(slot.host)
                assert slot.number is not None
                self.start(slot.number, slot.overrides)

    def _slot_of(self, number: int) -> _Slot | None:
        return next((slot for slot in self._slots if slot.number == number), None)

    def _hear(self, slot: _Slot) -> list[Ended | Reported]:
        """Take what an actor has to say, and let it say more as long as its job runs."""
        number = slot.number
        assert number is not None
        try:
            heard: _Heard = ray.get(slot.heard)
        except RayActorError as error:
            self._slots.remove(slot)
            if error.actor_init_failed:  # no fault of the trial's: each that followed would end there
                raise RecordError(f"a node cannot run trials: {_last_line(error)}") from error
            return [Ended(number, "its node or its actor was lost", is_lost=True)]
        except RayError as error:
            self._slots.remove(slot)
            return [Ended(number, f"Ray could not run it ({_last_line(error)})")]
        slot.has_answered = True
        for lines in heard.texts:
            print_of(lines, number)
        if heard.unwritable is not None:
            raise RecordError(heard.unwritable)
        if heard.code is not None:
            raise SystemExit(heard.code)
        if heard.has_begun and slot.began is None:
            slot.began = time.monotonic()
        self.returned |= heard.returned
        if any(isinstance(event, Ended) for event in heard.events):
            slot.number = None
        else:
            slot.heard = slot.host.wait.remote()
        return heard.events


def _last_line(error: Exception) -> str:
    """Return the last line of an error with a remote traceback."""
    return str(error).strip().splitlines()[-1].strip()[:300]
