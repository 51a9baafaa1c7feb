"""A job's reports reach the sweep that runs it, and no other, though several take turns in one process."""

from collections.abc import Callable
from contextlib import ExitStack
from contextvars import Context, copy_context
from threading import Thread

import pytest

from regsweep.build import build
from regsweep.config import RunConfig
from regsweep.errors import Pruned
from regsweep.member import EpochRow, Member, Silent
from regsweep.reporting import is_watched, listening, report, watching
from regsweep.training import Training

Configure = Callable[..., RunConfig]


class Sweep:
    """A sweep that gives its trial up at `last`, and runs it in a context of its own.

    Attributes:
        reported: values, each with its step.
    """

    def __init__(self, last: int) -> None:
        self.last = last
        self.reported: list[tuple[float, int]] = []
        self.context: Context = copy_context()
        self._listening = ExitStack()
        self.context.run(self._listening.enter_context, listening(self._should_prune))

    def _should_prune(self, value: float, step: int) -> bool:
        self.reported.append((value, step))
        return step == self.last

    def close(self) -> None:
        self.context.run(self._listening.close)


class Trial(Silent):
    """Reports the validation accuracy to the sweep of its context."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def on_epoch(self, row: EpochRow) -> None:
        assert row.validation is not None
        self._context.run(report, row.validation["accuracy"], row.epoch)


def test_trials_that_take_turns_report_to_their_own_sweeps(configure: Configure) -> None:
    sweeps = [Sweep(last) for last in (2, 9, 1)]
    members: list[Member] = []
    for seed, sweep in enumerate(sweeps):
        config = configure(f"seed={seed}", "dataset.train_size=60", "model.hidden=[8]", "trainer.epochs=3")
        members.append(build(config).member(config, Trial(sweep.context)))
    Training(members).run()
    accuracies = [[row.validation["accuracy"] for row in member.history if row.validation] for member in members]
    assert [sweep.reported for sweep in sweeps] == [list(zip(each, (1, 2, 3), strict=False)) for each in accuracies]
    assert len({tuple(sweep.reported) for sweep in sweeps}) == 3
    assert [str(member.error) for member in members] == ["pruned at step 2", "None", "pruned at step 1"]
    assert [type(member.error) for member in members] == [Pruned, type(None), Pruned]
    for sweep in sweeps:
        sweep.close()
        sweep.context.run(report, 0.5, sweep.last)  # nobody listens any more
        assert len(sweep.reported) == min(sweep.last, 3)


class Noting:
    """Notes what is reported, and gives nothing up."""

    def __init__(self) -> None:
        self.reported: list[tuple[float, int]] = []

    def __call__(self, value: float, step: int) -> bool:
        self.reported.append((value, step))
        return False


def test_a_sweep_within_a_job_takes_reports_until_it_ends() -> None:
    outer, inner = Noting(), Noting()
    report(0.1, 1)
    with listening(outer), watching(True):
        report(0.2, 2)
        with listening(inner), watching(False):
            report(0.3, 3)
            assert not is_watched()
        with listening(None):
            report(0.4, 4)
        report(0.5, 5)
        assert is_watched()
    report(0.6, 6)
    assert not is_watched()
    assert outer.reported == [(0.2, 2), (0.5, 5)]
    assert inner.reported == [(0.3, 3)]


def test_a_thread_reports_in_a_copy_of_its_job_s_context() -> None:
    noting, watched = Noting(), []

    def work() -> None:
        report(0.7, 1)
        watched.append(is_watched())

    with listening(noting), watching(True):
        thread = Thread(target=copy_context().run, args=(work,))
        thread.start()
        thread.join()
    assert (noting.reported, watched) == ([(0.7, 1)], [True])


def test_a_step_below_zero_is_refused_whether_or_not_anyone_listens() -> None:
    with pytest.raises(ValueError, match=r"step=-1: must be 0 or more"):
        report(0.5, -1)
    with listening(lambda *_: True), pytest.raises(Pruned, match="pruned at step 0"):
        report(0.5, 0)
