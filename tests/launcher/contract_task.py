"""What the jobs of the contract suite do: a module of its own, which workers import."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from omegaconf import DictConfig

from regsweep.reporting import report


def task(config: DictConfig) -> float:
    """Do what ``does`` says, and leave a file with the process's number in the working folder of the sweep.

    ``file`` is for jobs of which it is asked whether they run, or ran.
    """
    Path(config.place, f"{config.file}.begun").write_text(str(os.getpid()))
    if config.does == "sleep":
        time.sleep(float(config.seconds))
    elif config.does == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif config.does == "fail":
        raise ValueError("it fails")
    elif config.does == "report":
        for step in (1, 2, 3):
            report(step / 10, step)
    Path(config.place, f"{config.file}.ended").touch()
    return float(config.seconds)
