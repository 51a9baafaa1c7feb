"""How the loop of a sweep goes on: what starts, what enters the study, what runs again, and when it ends."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial

from regsweep.launcher.jobs import Capabilities, Ended, Reported
from regsweep.sweeper import engine as loop
from regsweep.sweeper.engine import Engine, Limits, MissingObjectiveError, NoCompleteTrialError, TooManyFailedError
from regsweep.sweeper.job import TrialRecord
from regsweep.sweeper.signals import Stop
from regsweep.sweeper.space import SearchSpace

Script = Callable[[int, int], TrialRecord | None]

VALUES = (0.5, 2.0, 0.7)


class Scripted:
    """Jobs that end at once, in the order in which they were started, with the record that `script` gives.

    Args:
        folder: the sweep's.
        script: returns a record, or None for a job that dies before it has a folder, by number and attempt (from 0).
        num_slots: how many run at a time.
    """

    def __init__(self, folder: Path, script: Script, num_slots: int) -> None:
        self.capabilities = Capabilities(steady=True, takes_reports=True, cancels=True)
        self.num_slots = num_slots
        self.answers: dict[int, list[bool]] = {}
        self.started: list[tuple[int, list[str]]] = []
        self.most_at_a_time = 0
        self._folder, self._script = folder, script
        self._running: deque[int] = deque()

    def start(self, number: int, overrides: Sequence[str]) -> None:
        self._running.append(number)
        self.most_at_a_time = max(self.most_at_a_time, len(self._running))
        self.started.append((number, list(overrides)))

    def wait(self, timeout: float | None = None) -> list[Ended | Reported]:
        number = self._running.popleft()
        attempt = sum(started == number for started, _ in self.started) - 1
        record = self._script(number, attempt)
        place = self._folder / str(number)
        if record is not None:
            place.mkdir(exist_ok=True)
            (place / f"attempt{attempt}").touch()
            record.write(place)
        return [Ended(number, None if record else "WorkerDied: it is gone")]

    def answer(self, number: int, *, give_up: bool) -> None:
        self.answers.setdefault(number, []).append(give_up)

    def began(self, number: int) -> float | None:
        return None

    def cancel(self, number: int) -> None:
        raise NotImplementedError

    def close(self) -> None: ...


class Sweep:
    """A study of one parameter, x = 0, 1, 2 … in turn, in a folder."""

    def __init__(self, folder: Path, xs: Sequence[int], directions: Sequence[Any] = ("minimize",)) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.study = optuna.create_study(directions=directions)
        self.space = SearchSpace.parse(["x=choice(0,1,2,3,4,5,6,7,8,9)"], {})
        for x in xs:
            self.study.enqueue_trial({"x": x})
        self.ended: list[FrozenTrial] = []
        self.started: list[tuple[int, dict[str, Any]]] = []

    def engine(self, *, reuse: bool = True, **limits: Any) -> Engine:
        return Engine(
            self.study,
            self.space,
            self.folder,
            Limits(**limits),
            reuse_duplicates=reuse,
            stop=Stop(),
            on_start=lambda number, parameters: self.started.append((number, dict(parameters))),
            on_end=self.ended.append,
        )

    def run(self, script: Script, *, num_slots: int = 1, reuse: bool = True, **limits: Any) -> Scripted:
        jobs = Scripted(self.folder, script, num_slots)
        self.engine(reuse=reuse, **limits).run(jobs)
        return jobs

    def states(self) -> list[str]:
        return [trial.state.name for trial in self.study.trials]


def good(number: int, _: int) -> TrialRecord:
    return TrialRecord("complete", [10.0 + number], {"size": float(number)}, seconds=1.5)


def bad(*numbers: int, attempts: int = 99) -> Script:
    """Return a script in which these trials fail so many times."""

    def script(number: int, attempt: int) -> TrialRecord:
        is_bad = number in numbers and attempt < attempts
        return TrialRecord("failed", error=f"it died {attempt}") if is_bad else good(number, attempt)

    return script


def test_as_many_trials_as_were_asked_for_run_and_are_told(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, [3, 1, 2, 0])
    jobs = sweep.run(good, n_trials=3)
    assert jobs.started == [(0, ["x=3"]), (1, ["x=1"]), (2, ["x=2"])]
    assert sweep.started == [(0, {"x": 3}), (1, {"x": 1}), (2, {"x": 2})]
    assert jobs.most_at_a_time == 1
    assert [(trial.number, trial.value) for trial in sweep.ended] == [(0, 10.0), (1, 11.0), (2, 12.0)]
    assert sweep.ended[1].user_attrs == {"size": 1.0, "seconds": 1.5, "folder": "1"}
    assert [trial.state.name for trial in sweep.study.trials] == ["COMPLETE"] * 3 + ["WAITING"]


@pytest.mark.parametrize(("num_slots", "n_trials"), [(2, 5), (4, 4), (8, 3)])
def test_all_slots_are_filled_and_no_more(tmp_path: Path, num_slots: int, n_trials: int) -> None:
    sweep = Sweep(tmp_path, range(n_trials))
    jobs = sweep.run(good, num_slots=num_slots, n_trials=n_trials)
    assert jobs.most_at_a_time == min(num_slots, n_trials)
    assert {trial.number: trial.value for trial in sweep.ended} == {n: 10.0 + n for n in range(n_trials)}


def test_objectives_keep_their_order(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, [0], ("minimize", "maximize"))
    sweep.run(lambda *_: TrialRecord("complete", [1.0, 2.0]), n_trials=1)
    assert sweep.ended[0].values == [1.0, 2.0]


def test_how_a_trial_ended_is_told(tmp_path: Path) -> None:
    records = [
        TrialRecord("complete", [1.0], {"number": 7.0, "size": 2.0}),
        TrialRecord("pruned", error="given up"),
        TrialRecord("failed", error="it died", metrics={"size": 3.0}),
        None,
    ]
    sweep = Sweep(tmp_path, range(4))
    sweep.run(lambda number, _: records[number], n_trials=4)
    assert sweep.states() == ["COMPLETE", "PRUNED", "FAIL", "FAIL"]
    assert [trial.user_attrs for trial in sweep.ended] == [
        {"metrics.number": 7.0, "size": 2.0, "seconds": 0.0, "folder": "0"},
        {"seconds": 0.0, "error": "given up", "folder": "1"},
        {"size": 3.0, "seconds": 0.0, "error": "it died", "folder": "2"},
        {"seconds": 0.0, "error": "WorkerDied: it is gone", "folder": "3"},
    ]
    written = TrialRecord.read(tmp_path / "3", 1)
    assert written is not None
    assert (written.status, written.error) == ("failed", "WorkerDied: it is gone")


DUPLICATES = {
    "of a complete one": ([1, 2, 1, 1], good, {2: 0, 3: 0}),
    "not of one that failed": ([1, 2, 1, 1], bad(0), {3: 2}),
    "not of another": ([1, 2, 3], good, {}),
}


@pytest.mark.parametrize(("xs", "script", "again"), DUPLICATES.values(), ids=DUPLICATES)
def test_a_configuration_that_ran_is_told_again(tmp_path: Path, xs: list[int], script: Script, again: Any) -> None:
    sweep = Sweep(tmp_path, xs)
    jobs = sweep.run(script, n_trials=len(xs))
    assert [number for number, _ in jobs.started] == [n for n in range(len(xs)) if n not in again]
    for trial in sweep.ended:
        earlier = again.get(trial.number)
        assert trial.user_attrs.get("duplicate_of") == earlier
        if earlier is not None:
            assert (trial.value, trial.user_attrs["seconds"]) == (10.0 + earlier, 0.0)
            record = TrialRecord.read(tmp_path / str(trial.number), 1)
            assert record is not None
            assert (record.values, record.duplicate_of) == ([10.0 + earlier], earlier)


def test_a_configuration_runs_again_where_that_is_wanted(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, [1, 1])
    assert len(sweep.run(good, reuse=False, n_trials=2).started) == 2
    assert [trial.value for trial in sweep.ended] == [10.0, 11.0]


@pytest.mark.parametrize(
    ("retries", "fails", "tries", "state"),
    [(0, 1, 1, "FAIL"), (1, 1, 2, "COMPLETE"), (2, 1, 2, "COMPLETE"), (2, 2, 3, "COMPLETE"), (2, 3, 3, "FAIL")],
)
def test_a_trial_that_fails_runs_again_as_often_as_allowed(
    tmp_path: Path, retries: int, fails: int, tries: int, state: str
) -> None:
    sweep = Sweep(tmp_path, [5, 6])
    jobs = sweep.run(bad(0, attempts=fails), n_trials=2, max_retries=retries)
    assert jobs.started.count((0, ["x=5"])) == tries
    assert jobs.started.count((1, ["x=6"])) == 1
    assert sweep.states() == [state, "COMPLETE"]
    assert sorted(path.name for path in (tmp_path / "0").glob("attempt*")) == [f"attempt{tries - 1}"], "begun anew"


@pytest.mark.parametrize(
    ("rate", "failing", "num_slots", "raises"),
    [
        (1.0, (0, 1, 2), 1, None),
        (0.5, (), 2, None),
        (0.5, (1,), 2, None),
        (0.4, (1,), 2, "1 of 2 trials failed, hydra.sweeper.max_failure_rate=0.4 allows fewer; trial 1: it died 0"),
        (0.5, (0, 1), 2, "2 of 2 trials failed, hydra.sweeper.max_failure_rate=0.5 allows fewer; trial 1: it died 0"),
        (0.0, (3,), 1, "1 of 1 trials failed, hydra.sweeper.max_failure_rate=0 allows fewer; trial 3: it died 0"),
        (0.9, (3,), 3, "1 of 1 trials failed, hydra.sweeper.max_failure_rate=0.9 allows fewer; trial 3: it died 0"),
    ],
)
def test_too_many_failures_end_the_sweep(
    tmp_path: Path, rate: float, failing: tuple[int, ...], num_slots: int, raises: str | None
) -> None:
    """Of as many trials as run at a time; the last ones are judged by themselves."""
    sweep = Sweep(tmp_path, range(4))
    if raises is None:
        sweep.run(bad(*failing), num_slots=num_slots, n_trials=4, max_failure_rate=rate)
        assert len(sweep.ended) == 4
    else:
        with pytest.raises(TooManyFailedError, match=f"^{re.escape(raises)}$"):
            sweep.run(bad(*failing), num_slots=num_slots, n_trials=4, max_failure_rate=rate)


def test_a_sweep_without_a_complete_trial_says_so(tmp_path: Path) -> None:
    records = [*(TrialRecord("failed", error=f"it died {n}") for n in range(3)), TrialRecord("pruned")]
    expected = "^no trial is complete: 3 failed, 1 were pruned; trial 2: it died 2$"
    with pytest.raises(NoCompleteTrialError, match=expected) as error:
        Sweep(tmp_path, range(4)).run(lambda number, _: records[number], n_trials=4)
    assert error.value.exit_code == 1
    with pytest.raises(NoCompleteTrialError, match=r"^no trial is complete: 0 failed, 1 were pruned$"):
        Sweep(tmp_path / "pruned", [0]).run(lambda *_: TrialRecord("pruned"), n_trials=1)


@pytest.mark.parametrize("has_record", [True, False])
def test_a_job_without_a_record_may_still_run_and_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_record: bool
) -> None:
    """Its launcher gave it up, and its process may write the record yet."""
    asked: list[list[Path]] = []

    def write_late(folders: list[Path], report: Callable[[str], None]) -> None:
        assert report == loop._log.info
        asked.append(folders)
        folders[0].mkdir()
        good(0, 0).write(folders[0])

    monkeypatch.setattr(loop, "await_owners", write_late)
    sweep = Sweep(tmp_path, [3])
    sweep.run(good if has_record else lambda *_: None, n_trials=1)
    assert asked == ([] if has_record else [[tmp_path / "0"]])
    assert [(trial.state.name, trial.value) for trial in sweep.ended] == [("COMPLETE", 10.0)]


def test_what_a_killed_attempt_left_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It may be a whole run, whose process died before it wrote the sweep's record."""

    def script(number: int, attempt: int) -> TrialRecord | None:
        if attempt == 0:
            (tmp_path / "0").mkdir()
            (tmp_path / "0" / "result.json").write_text("whole")
            return None
        return good(number, attempt)

    caplog.set_level("INFO", logger="regsweep")
    Sweep(tmp_path, [3]).run(script, n_trials=1, max_retries=1)
    assert (tmp_path / "0.failed" / "result.json").read_text() == "whole"
    assert not (tmp_path / "0" / "result.json").exists()
    assert "trial 0: what its attempt left is kept in 0.failed" in caplog.messages


def test_an_objective_that_no_job_returns_ends_the_sweep(tmp_path: Path) -> None:
    """The first job that ends without it is reported, and not tried again: no other would return it."""
    sweep = Sweep(tmp_path, range(4))
    record = TrialRecord("failed", error="no metric named los", missing_objective="los")
    with pytest.raises(MissingObjectiveError, match=r"^trial 0: no metric named los$") as error:
        sweep.run(lambda *_: record, n_trials=4, max_retries=2)
    assert error.value.exit_code == 1
    assert [(trial.number, trial.state.name) for trial in sweep.ended] == [(0, "FAIL")]


def test_folders_that_are_there_already_take_the_record(tmp_path: Path) -> None:
    """A killed start left them: of a duplicate, and of a job that dies again before it writes."""
    sweep = Sweep(tmp_path, [1, 1, 2])
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
    sweep.run(lambda number, attempt: None if number == 2 else good(number, attempt), n_trials=3)
    records = [TrialRecord.read(tmp_path / str(number), 1) for number in range(3)]
    assert [record.status for record in records if record] == ["complete", "complete", "failed"]
    assert [trial.user_attrs.get("duplicate_of") for trial in sweep.ended] == [None, 0, None]


@pytest.mark.parametrize("content", [None, "{"])
def test_a_trial_whose_like_has_lost_its_record_runs(tmp_path: Path, content: str | None) -> None:
    sweep = Sweep(tmp_path, [1, 2, 1])

    def script(number: int, attempt: int) -> TrialRecord:
        if number == 1:
            lost = tmp_path / "0" / "trial.json"
            lost.unlink() if content is None else lost.write_text(content)
        return good(number, attempt)

    assert [number for number, _ in sweep.run(script, n_trials=3).started] == [0, 1, 2]


def test_a_damaged_record_is_set_aside_and_its_trial_has_failed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Damaging(Scripted):
        def wait(self, timeout: float | None = None) -> list[Ended | Reported]:
            ended = super().wait(timeout)
            if ended[0].number == 0:
                (tmp_path / "0" / "trial.json").write_text("{")
            return ended

    sweep = Sweep(tmp_path, range(2))
    sweep.engine(n_trials=2).run(Damaging(tmp_path, good, 1))
    assert sweep.states() == ["FAIL", "COMPLETE"]
    assert sweep.ended[0].user_attrs["error"] == "the job left no record"
    assert (tmp_path / "0" / "trial.json.damaged").read_text() == "{"
    assert any("set aside as trial.json.damaged" in message for message in caplog.messages)


def test_what_a_start_finds_and_does_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sweep = Sweep(tmp_path, range(6))
    caplog.set_level("INFO", logger="regsweep")
    caplog.clear()
    sweep.run(bad(1), n_trials=2, max_retries=1)
    assert caplog.messages == ["trial 1 failed: it died 0; it runs again"]
    caplog.clear()
    sweep.study.ask()
    sweep.run(lambda number, _: None if number == 3 else good(number, 0), n_trials=5)
    assert caplog.messages == [
        "resume: 2 done kept, 1 interrupted rerun, 2 left",
        "trial 3 failed: WorkerDied: it is gone",
    ]


def test_a_sweep_with_more_trials_than_are_asked_for_has_none_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sweep = Sweep(tmp_path, range(3))
    sweep.run(good, n_trials=3)
    caplog.set_level("INFO", logger="regsweep")
    caplog.clear()
    assert sweep.run(good, n_trials=2).started == []
    assert caplog.messages == ["resume: 3 done kept, 0 interrupted rerun, 0 left"]


def test_it_goes_on_from_what_an_earlier_start_left(tmp_path: Path) -> None:
    """Trial 0 is in the study; of 1 there is a record, which enters the study; 2 has none and runs again; 3 is new."""
    sweep = Sweep(tmp_path, [4, 5, 6, 4])
    for x in (4, 5, 6):
        assert sweep.space.draw(sweep.study.ask()) == {"x": x}
    sweep.study.tell(0, 99.0)
    for number in (0, 1, 2):
        (tmp_path / str(number)).mkdir()
    TrialRecord("complete", [99.0]).write(tmp_path / "0")
    TrialRecord("complete", [42.0]).write(tmp_path / "1")
    (tmp_path / "2" / "checkpoint").touch()
    half_written = tmp_path / ".trials.csv.x.tmp"
    half_written.touch()
    jobs = sweep.run(good, n_trials=4)
    assert jobs.started == [(2, ["x=6"])]
    assert [(trial.number, trial.value) for trial in sweep.ended] == [(1, 42.0), (2, 12.0), (3, 99.0)]
    assert sweep.ended[2].user_attrs["duplicate_of"] == 0
    assert not half_written.exists()
    assert (tmp_path / "2" / "checkpoint").exists(), "the application may go on from it"


def test_after_the_timeout_nothing_new_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("regsweep.sweeper.engine.time.monotonic", lambda: clock[0])

    def slow(number: int, attempt: int) -> TrialRecord:
        clock[0] += 10.0
        return good(number, attempt)

    sweep = Sweep(tmp_path, range(9))
    caplog.set_level("INFO", logger="regsweep")
    caplog.clear()
    sweep.run(slow, n_trials=9, timeout=20.0)
    assert len(sweep.ended) == 3, "at 20 seconds they are not over"
    assert caplog.messages == ["timeout: 20 s are over, 6 trials were not started"]


def test_a_pruner_hears_of_the_steps_of_running_trials() -> None:
    study = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(upper=1.0))
    sweep: Any = {"reuse_duplicates": False, "on_start": lambda *_: None, "on_end": lambda *_: None}
    engine = Engine(study, SearchSpace.parse([], {}), Path(), Limits(2), stop=Stop(), **sweep)

    class Reporting(Scripted):
        def wait(self, timeout: float | None = None) -> list[Ended | Reported]:
            number = self._running[-1]
            step = len(self.answers.get(number, [])) + 1
            if step <= len(VALUES):
                return [Reported(number, VALUES[step - 1], step)]
            assert study.trials[number].intermediate_values == {1: 0.5, 2: 2.0, 3: 0.7}
            return super().wait(timeout)

    jobs = Reporting(Path(), lambda *_: TrialRecord("complete", [0.0]), 1)
    engine.run(jobs)
    assert jobs.answers == {0: [False, True, False], 1: [False, True, False]}


class Timed(Scripted):
    """Jobs that end in the order of their numbers once they are cancelled, or on a clock.

    Args:
        began: when each job begins to run; None: it waits for a machine for ever.
        ends: when each ends by itself.
    """

    def __init__(self, folder: Path, clock: list[float], began: Mapping[int, float | None], ends: Mapping[int, float]):
        super().__init__(folder, good, len(began))
        self.clock, self._began, self._ends = clock, began, ends
        self.cancelled: list[tuple[int, float]] = []
        self.patience: list[float | None] = []

    def wait(self, timeout: float | None = None) -> list[Ended | Reported]:
        self.patience.append(timeout)
        cancelled = [number for number, _ in self.cancelled if number in self._running]
        for number in cancelled:
            self._running.remove(number)
        if cancelled:
            return [Ended(number, "cancelled") for number in cancelled]
        until = min(self._ends[number] for number in self._running)
        if timeout is not None and self.clock[0] + timeout < until:
            self.clock[0] += timeout
            return []
        self.clock[0] = max(until, self.clock[0])
        number = min(self._running, key=lambda each: self._ends[each])
        self._running.remove(number)
        self._running.appendleft(number)
        return super().wait(timeout)

    def began(self, number: int) -> float | None:
        return self._began[number]

    def cancel(self, number: int) -> None:
        self.cancelled.append((number, self.clock[0]))


def test_a_trial_that_runs_too_long_is_cancelled_and_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trial 0 takes too long; 1 begins late and ends in its time; 2 ends just before its limit."""
    clock = [0.0]
    monkeypatch.setattr("regsweep.sweeper.engine.time.monotonic", lambda: clock[0])
    sweep = Sweep(tmp_path, range(3))
    jobs = Timed(tmp_path, clock, {0: 0.0, 1: 8.0, 2: 0.0}, {0: 99.0, 1: 17.0, 2: 9.5})
    sweep.engine(n_trials=3, trial_timeout=10.0, max_retries=5).run(jobs)
    assert jobs.cancelled == [(0, 10.0)]
    assert sweep.states() == ["FAIL", "COMPLETE", "COMPLETE"]
    assert sweep.study.trials[0].user_attrs["error"] == (
        "cancelled: it ran longer than hydra.sweeper.trial_timeout=10 seconds"
    )
    assert len(jobs.started) == 3, "a trial that took too long would take too long again"


class Losing(Scripted):
    """Jobs of which trial 0 loses its machine so many times, and then fails of itself."""

    def __init__(self, folder: Path, times: int) -> None:
        super().__init__(folder, good, 1)
        self._times = times

    def wait(self, timeout: float | None = None) -> list[Ended | Reported]:
        attempt = sum(number == 0 for number, _ in self.started) - 1
        if self._running[0] != 0:
            return super().wait(timeout)
        self._running.popleft()
        return [Ended(0, "its node was lost", is_lost=True) if attempt < self._times else Ended(0, "it died")]


@pytest.mark.parametrize(
    ("times", "max_retries", "num_starts", "error"),
    [(2, 0, 3, "it died"), (2, 1, 4, "it died"), (9, 0, 4, "its node was lost"), (9, 5, 4, "its node was lost")],
)
def test_a_trial_whose_machine_has_gone_runs_again_and_that_is_no_retry(
    tmp_path: Path, times: int, max_retries: int, num_starts: int, error: str
) -> None:
    sweep = Sweep(tmp_path, range(2))
    jobs = Losing(tmp_path, times)
    sweep.engine(n_trials=2, max_retries=max_retries).run(jobs)
    assert sum(number == 0 for number, _ in jobs.started) == num_starts
    assert sweep.states() == ["FAIL", "COMPLETE"]
    assert sweep.study.trials[0].user_attrs["error"] == error


def test_a_trial_that_waits_for_a_machine_is_not_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("regsweep.sweeper.engine.time.monotonic", lambda: clock[0])
    sweep = Sweep(tmp_path, range(1))
    jobs = Timed(tmp_path, clock, {0: None}, {0: 35.0})
    sweep.engine(n_trials=1, trial_timeout=10.0).run(jobs)
    assert (jobs.cancelled, sweep.states()) == ([], ["COMPLETE"])


def test_a_trial_that_ends_as_it_is_cancelled_keeps_its_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("regsweep.sweeper.engine.time.monotonic", lambda: clock[0])

    class Late(Timed):
        def cancel(self, number: int) -> None:
            super().cancel(number)
            (tmp_path / "0").mkdir()
            good(0, 0).write(tmp_path / "0")

    sweep = Sweep(tmp_path, range(1))
    sweep.engine(n_trials=1, trial_timeout=10.0).run(Late(tmp_path, clock, {0: 0.0}, {0: 99.0}))
    assert sweep.states() == ["COMPLETE"]


def test_without_a_limit_nothing_wakes_the_loop(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, range(1))
    jobs = Timed(tmp_path, [0.0], {0: 0.0}, {0: 1e9})
    sweep.engine(n_trials=1).run(jobs)
    assert jobs.patience == [None]


def test_a_pruner_judges_a_trial_by_those_of_its_study(tmp_path: Path) -> None:
    """After a trial of 1, 1, 1 the median says: 0.5 stays and 2 goes."""
    sweep = Sweep(tmp_path, range(3))
    sweep.study.pruner = optuna.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=0)
    answers: dict[int, list[bool]] = {}

    def script(number: int, _: int) -> TrialRecord:
        values = {0: 1.0, 1: 0.5, 2: 2.0}[number]
        answers[number] = [engine.should_prune(number, values, step) for step in (1, 2, 3)]
        return TrialRecord("complete", [values])

    engine = sweep.engine(n_trials=3)
    engine.run(Scripted(tmp_path, script, 1))
    assert answers == {0: [False] * 3, 1: [False] * 3, 2: [True] * 3}
