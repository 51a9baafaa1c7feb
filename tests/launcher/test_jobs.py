"""What the sweep engine relies on, of every kind of jobs; and which kind can do what."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hydra._internal.callbacks import Callbacks
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, RunMode

from regsweep.launcher.jobs import Batches, Capabilities, Ended, Jobs, OnReport, Reported, capabilities_of
from regsweep.launcher.plugin import SlotLauncher
from tests.launcher.contract_task import task

NOTHING, ALL = Capabilities(), Capabilities(steady=True, takes_reports=True, cancels=True)


@pytest.mark.parametrize(
    ("launcher", "can"),
    [
        ("regsweep.launcher.plugin.PoolLauncher", ALL),
        ("regsweep.launcher.plugin.RayPoolLauncher", ALL),
        ("hydra._internal.core_plugins.basic_launcher.BasicLauncher", Capabilities(takes_reports=True)),
        ("hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher", NOTHING),
        ("hydra_plugins.hydra_ray_launcher.ray_launcher.RayLauncher", NOTHING),
        ("hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher", NOTHING),
        ("hydra_plugins.hydra_submitit_launcher.submitit_launcher.LocalLauncher", NOTHING),
        ("somebody.elses.Launcher", NOTHING),
    ],
)
def test_who_can_do_what(launcher: str, can: Capabilities) -> None:
    assert capabilities_of(launcher) == can


Make = Callable[..., Jobs]

ANY = [
    "basic",
    "pool",
    *(pytest.param(name, marks=pytest.mark.full) for name in ("ray_pool", "joblib", "ray", "submitit_local")),
]
"""Launchers of jobs; those of Hydra's plugins run batches."""
STEADY = REPORTING = CANCELLING = ["pool", pytest.param("ray_pool", marks=pytest.mark.full)]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Return a function that makes jobs of a launcher, two at a time, whose task is `contract_task.task`."""
    made: list[Jobs] = []

    def of(launcher: str, on_report: OnReport | None = None, num_slots: int = 2) -> Jobs:
        if launcher == "ray_pool":
            pytest.importorskip("ray")
        elif launcher not in ("basic", "pool"):
            pytest.importorskip(f"hydra_plugins.hydra_{launcher.partition('_')[0]}_launcher")
        launches = _launcher(launcher, tmp_path)
        if isinstance(launches, SlotLauncher):
            made.append(launches.jobs(workers=num_slots, takes_reports=on_report is not None))
        else:
            made.append(Batches(launches, num_slots, on_report))
        return made[-1]

    yield of
    for jobs in made:
        jobs.close()
    GlobalHydra.instance().clear()


def _launcher(name: str, place: Path) -> Launcher:
    GlobalHydra.instance().clear()
    hydra = Hydra.create_main_hydra2("contract", create_config_search_path(str(Path(__file__).parent)))
    config = hydra.compose_config(
        "contract", [f"hydra/launcher={name}"], run_mode=RunMode.MULTIRUN, with_log_configuration=False
    )
    config.place = str(place)
    HydraConfig.instance().set_config(config)
    context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks())
    return Plugins.instance().instantiate_launcher(hydra_context=context, task_function=task, config=config)


def pid_of(place: Path, file: str) -> int | None:
    """Return the process that runs a job, or ran it; None where it has not begun."""
    path = place / f"{file}.begun"
    return int(path.read_text() or 0) or None if path.exists() else None


def wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ends_of(jobs: Jobs, count: int) -> dict[int, str | None]:
    """Return the ends of so many jobs, each with its error."""
    found: dict[int, str | None] = {}
    while len(found) < count:
        for event in jobs.wait():
            assert isinstance(event, Ended)
            assert event.number not in found
            found[event.number] = event.error
    return found


@pytest.mark.parametrize("launcher", ANY)
def test_each_job_ends_once_under_its_number(make: Make, tmp_path: Path, launcher: str) -> None:
    """One fails of itself, which is no failure of what runs it."""
    jobs = make(launcher)
    for number, does in ((4, "return"), (5, "fail")):
        jobs.start(number, [f"place={tmp_path}", f"does={does}"])
    ends = ends_of(jobs, 2)
    assert set(ends) == {4, 5}
    assert ends[4] is None
    assert ends[5] == "ValueError: it fails"
    assert (tmp_path / "4.ended").exists()
    assert not (tmp_path / "5.ended").exists()
    jobs.start(9, [f"place={tmp_path}", "does=return"])
    assert ends_of(jobs, 1) == {9: None}


@pytest.mark.parametrize("launcher", STEADY)
def test_a_slot_is_free_the_moment_its_job_ends(make: Make, tmp_path: Path, launcher: str) -> None:
    jobs = make(launcher)
    assert jobs.capabilities.steady
    jobs.start(0, [f"place={tmp_path}", "does=sleep", "seconds=60"])
    jobs.start(1, [f"place={tmp_path}", "does=return"])
    assert ends_of(jobs, 1) == {1: None}
    jobs.start(2, [f"place={tmp_path}", "does=return"])
    assert ends_of(jobs, 1) == {2: None}


@pytest.mark.parametrize("launcher", STEADY)
def test_a_killed_job_ends_alone(make: Make, tmp_path: Path, launcher: str) -> None:
    jobs = make(launcher)
    jobs.start(0, [f"place={tmp_path}", "does=sleep", "seconds=1"])
    jobs.start(1, [f"place={tmp_path}", "does=die"])
    ends = ends_of(jobs, 2)
    assert ends[0] is None
    assert ends[1] is not None
    assert "signal 9" in ends[1]
    jobs.start(2, [f"place={tmp_path}", "does=return"])
    assert ends_of(jobs, 1) == {2: None}, "its slot is of use again"
    assert (tmp_path / "0.ended").exists()


@pytest.mark.parametrize("launcher", STEADY)
def test_it_waits_no_longer_than_it_may(make: Make, tmp_path: Path, launcher: str) -> None:
    jobs = make(launcher)
    jobs.start(0, [f"place={tmp_path}", "does=sleep", "seconds=60"])
    began = time.monotonic()
    assert jobs.wait(0.2) == []
    assert time.monotonic() - began >= 0.2
    assert jobs.wait(0.0) == []


@pytest.mark.parametrize("launcher", REPORTING)
def test_reports_arrive_and_their_answers_are_followed(make: Make, tmp_path: Path, launcher: str) -> None:
    """Job 0 is given up at its second step; 1 goes on to its end."""
    jobs = make(launcher, on_report=lambda *_: False)
    assert jobs.capabilities.takes_reports
    for number in (0, 1):
        jobs.start(number, [f"place={tmp_path}", "does=report"])
    reported: dict[int, list[tuple[float, int]]] = {0: [], 1: []}
    ends: dict[int, str | None] = {}
    while len(ends) < 2:
        for event in jobs.wait():
            if isinstance(event, Reported):
                reported[event.number].append((event.value, event.step))
                jobs.answer(event.number, give_up=event.number == 0 and event.step == 2)
            else:
                ends[event.number] = event.error
    assert reported == {0: [(0.1, 1), (0.2, 2)], 1: [(0.1, 1), (0.2, 2), (0.3, 3)]}
    assert [(tmp_path / f"{number}.ended").exists() for number in (0, 1)] == [False, True]


def test_the_basic_launcher_s_reports_are_answered_where_they_are_made(make: Make, tmp_path: Path) -> None:
    heard: list[tuple[int, float, int]] = []

    def on_report(number: int, value: float, step: int) -> bool:
        heard.append((number, value, step))
        return step == 2

    jobs = make("basic", on_report=on_report)
    assert jobs.capabilities == Capabilities(takes_reports=True)
    jobs.start(3, [f"place={tmp_path}", "does=report"])
    ends_of(jobs, 1)
    assert heard == [(3, 0.1, 1), (3, 0.2, 2)]
    assert not (tmp_path / "3.ended").exists()


@pytest.mark.parametrize("launcher", CANCELLING)
def test_a_job_is_cancelled_alone(make: Make, tmp_path: Path, launcher: str) -> None:
    jobs = make(launcher)
    assert jobs.capabilities.cancels
    before = time.monotonic()
    jobs.start(0, [f"place={tmp_path}", "does=sleep", "seconds=60"])
    jobs.start(1, [f"place={tmp_path}", "does=sleep", "seconds=1"])
    wait_for(lambda: pid_of(tmp_path, "0"))
    events = jobs.wait(0.0)
    while (began := jobs.began(0)) is None:
        events += jobs.wait(0.1)
    assert before <= began <= time.monotonic()
    pid = pid_of(tmp_path, "0")
    jobs.cancel(0)
    ends = {event.number: event.error for event in events if isinstance(event, Ended)}
    assert ends | ends_of(jobs, 2 - len(ends)) == {0: "cancelled", 1: None}
    assert pid is not None
    wait_for(lambda: not is_alive(pid))
    jobs.start(2, [f"place={tmp_path}", "does=return"])
    assert ends_of(jobs, 1) == {2: None}, "its slot is of use again"
    jobs.cancel(2)  # it has ended: nothing is left to cancel
    assert jobs.wait(0.0) == []


@pytest.mark.parametrize("launcher", CANCELLING)
def test_a_job_that_waits_for_an_answer_is_cancelled(make: Make, tmp_path: Path, launcher: str) -> None:
    jobs = make(launcher, on_report=lambda *_: False)
    jobs.start(0, [f"place={tmp_path}", "does=report"])
    (event,) = jobs.wait()
    assert event == Reported(0, 0.1, 1)
    jobs.cancel(0)
    jobs.answer(0, give_up=False)
    assert ends_of(jobs, 1) == {0: "cancelled"}


@pytest.mark.parametrize("launcher", STEADY)
def test_close_leaves_no_process(make: Make, tmp_path: Path, launcher: str) -> None:
    jobs = make(launcher)
    for number in (0, 1):
        jobs.start(number, [f"place={tmp_path}", "does=sleep", "seconds=60"])
    wait_for(lambda: pid_of(tmp_path, "0") and pid_of(tmp_path, "1"))
    pids = [pid for number in "01" if (pid := pid_of(tmp_path, number))]
    assert os.getpid() not in pids
    jobs.close()
    wait_for(lambda: not any(map(is_alive, pids)))
    jobs.close()


@pytest.mark.parametrize("launcher", STEADY)
def test_jobs_that_are_started_before_others_have_ended_keep_to_the_slots(
    make: Make, tmp_path: Path, launcher: str
) -> None:
    jobs = make(launcher, num_slots=1)
    assert jobs.num_slots == 1
    for number in range(3):
        jobs.start(number, [f"place={tmp_path}", "does=return"])
        assert ends_of(jobs, 1) == {number: None}
