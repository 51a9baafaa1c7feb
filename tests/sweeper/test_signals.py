"""A signal is heard at once, at the next wait, or at the end: never lost."""

import os
import signal
import subprocess
import sys
from pathlib import Path

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


STOPPED_WHILE_LOGGING_IS_SET_UP = """
import logging, os, signal
import hydra

@hydra.main(version_base=None, config_path=None, config_name=None)
def job(cfg):
    logging.getLogger().handlers.clear()  # as Hydra does, for a moment, before and after each job
    os.kill(os.getpid(), signal.SIGINT)
    return 0.0

if __name__ == "__main__":
    job()
"""


def test_a_sweep_that_is_stopped_while_logging_is_set_up_says_how_to_go_on(tmp_path: Path) -> None:
    script = tmp_path / "app.py"
    script.write_text(STOPPED_WHILE_LOGGING_IS_SET_UP)
    arguments = ("-m", "hydra/sweeper=regsweep", "+x=interval(0,1)", "hydra.sweeper.n_trials=2", "hydra.sweep.dir=s")
    process = subprocess.run(
        [sys.executable, str(script), *arguments], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert process.returncode != 0
    assert "stopped: 0 done; resume with: regsweep resume s" in process.stdout
