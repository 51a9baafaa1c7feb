"""A signal is heard at once, at the next wait, or at the end: never lost."""

import os
import signal

import pytest

from regsweep.sweeper.signals import Stop, Terminated


@pytest.mark.parametrize(("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_a_signal_after_the_last_wait_is_heard_at_the_end(number: signal.Signals, raised: type[BaseException]) -> None:
    before = signal.getsignal(number)
    reached = False
    with pytest.raises(raised), Stop() as stop:  # noqa: PT012
        with stop.interruptible():
            pass
        os.kill(os.getpid(), number)
        reached = True
    assert reached
    assert signal.getsignal(number) == before


def test_an_error_goes_before_a_signal_that_came_with_it() -> None:
    with pytest.raises(OSError, match="disk"), Stop():  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        raise OSError("disk")
