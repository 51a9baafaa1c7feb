"""A Hydra application of milliseconds, that kills its whole process group where the environment says so.

KILL=PLACE:N kills at the Nth time that PLACE is reached: ``task`` (inside a trial), or the name of a record
(``trial.json``, ``trials.csv``, ``optimization_results.yaml``), half written; ``told`` is between a trial's record
and the telling of it.
"""

import ctypes
import math
import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from regsweep import records
from regsweep.sweeper import TrialValue, engine, report

_place, _, _times = os.environ.get("KILL", "").partition(":")
_left = int(_times or 0)


def reach(place: str) -> None:
    """Note that `place` is reached, and die there if it is the one."""
    global _left  # noqa: PLW0603
    if place == _place:
        _left -= 1
        if _left == 0:
            Path("killed").write_text(place)
            os.killpg(0, signal.SIGKILL)


def pass_gate(gate: str, *, holds_interpreter: bool) -> None:
    """Note beside the named pipe `gate` that the trial is being trained, and wait until somebody opens the pipe.

    With `holds_interpreter` no thread of this process runs meanwhile, as where a job computes in C.
    """
    with Path(gate).with_suffix(".trained").open("a") as file:
        file.write(f"{HydraConfig.get().job.num}\n")
    wait: Any = ctypes.PyDLL(None).open if holds_interpreter else os.open
    wait(os.fsencode(gate), os.O_RDONLY)


@hydra.main(config_path=".", config_name="config", execution_whitelist=["regsweep.*", "optuna.*"])
def main(cfg: DictConfig) -> Any:
    """Minimize (x − 1)² + y², in steps that come closer."""
    Path(HydraConfig.get().runtime.output_dir, "pid").write_text(str(os.getpid()))
    if cfg.gate:
        pass_gate(cfg.gate, holds_interpreter=cfg.holds_interpreter)
    reach("task")
    time.sleep(cfg.seconds)
    if cfg.orphan:
        multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,)).start()
        os.kill(os.getpid(), signal.SIGKILL)
    if cfg.children:
        child = multiprocessing.Process(target=time.sleep, args=(0,))
        child.start()
        child.join()
        threads = [threading.Thread(target=print, args=("x" * 1000,)) for _ in range(50)]
        for thread in threads:
            thread.start()
    if cfg.move:
        os.chdir("/")
    if cfg.fail and cfg.x > 0:
        raise ValueError("x is above 0")
    value = (cfg.x - 1) ** 2 + (cfg.y**2 if cfg.kind == "plain" else math.nan)
    for step in range(1, 6):
        report(value + 1 / step, step)
    return TrialValue(value, {"size": abs(cfg.x) + abs(cfg.y), "loss": value})


def _watch() -> None:
    write, tell = os.fsync, engine.Engine._tell
    writing: list[str] = []
    write_bytes = records.write_bytes

    def watched_write(path: Path, content: bytes) -> None:
        writing.append(path.name)
        write_bytes(path, content)

    def watched_fsync(fd: Any) -> None:
        write(fd)
        reach(writing[-1])

    def watched_tell(self: engine.Engine, *arguments: Any) -> None:
        reach("told")
        tell(self, *arguments)

    records.write_bytes, os.fsync = watched_write, watched_fsync
    engine.Engine._tell = watched_tell  # type: ignore[method-assign, assignment]


if _place:
    _watch()  # in workers too, which import this file under another name

if __name__ == "__main__":
    main()
