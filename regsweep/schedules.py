"""Learning-rate schedules: what share of ``optimizer.lr`` a step takes.

    constant    1
    cosine      ½ (1 + cos(π t/T)), from 1 to 0 (Loshchilov and Hutter, 2017, without restarts)
    one_cycle   up from 1/25 to 1 over the first 30 % of the steps, then down to 4·10⁻⁶, both as a half cosine
                (Smith and Topin, 2018, with the defaults of torch.optim.lr_scheduler.OneCycleLR)

Of fewer than 10 steps one_cycle would make hardly one near its highest rate, so they are refused.

Before it, ``optimizer.warmup`` of all steps rise linearly towards what the schedule starts with; one step at least is
the schedule's.
"""

import math
from collections.abc import Callable

from regsweep.errors import ConfigError
from regsweep.numbers import count

FEWEST_STEPS = 10
"""Of one_cycle."""

START_DIVISOR, END_DIVISOR, SHARE_RISING = 25.0, 1e4, 0.3
"""Of one_cycle, as torch has them: its first rate is lr/25, its last lr/25/10⁴."""

Factor = Callable[[int], float]


def factor_of(schedule: str, warmup: float, num_steps: int) -> Factor | None:
    """Return the function from a step (from 0) to the share of the learning rate; None where it is always 1.

    Args:
        schedule: constant, cosine or one_cycle.
        warmup: the share of the steps that warm up, 0 or more and below 1.
        num_steps: in all.
    """
    if schedule == "constant" and warmup == 0:
        return None
    shape = {"constant": _constant, "cosine": _cosine, "one_cycle": _one_cycle}[schedule]
    num_warming = _num_warming(warmup, num_steps)

    def factor(step: int) -> float:
        if step < num_warming:
            return (step + 1) / (num_warming + 1) * shape(0, num_steps - num_warming)
        return shape(step - num_warming, num_steps - num_warming)

    return factor


def require_steps(schedule: str, warmup: float, num_steps: int) -> None:
    """Refuse a schedule that has too few steps to train in.

    Args:
        schedule: as `factor_of` takes it.
        warmup: likewise.
        num_steps: likewise.

    Raises:
        ConfigError: when one_cycle has fewer than `FEWEST_STEPS` after the warm-up.
    """
    num_left = num_steps - _num_warming(warmup, num_steps)
    if schedule == "one_cycle" and num_left < FEWEST_STEPS:
        after = " after the warm-up" if num_left < num_steps else ""
        steps = f"{count(num_left, 'step')}{after}"
        reason = f"needs {FEWEST_STEPS} steps or more to rise and fall, and has {steps}"
        next_step = "raise trainer.epochs, lower trainer.batch_size or optimizer.warmup, or choose constant or cosine"
        raise ConfigError("optimizer.schedule", schedule, f"{reason}; {next_step}")


def _num_warming(warmup: float, num_steps: int) -> int:
    return min(round(warmup * num_steps), num_steps - 1)


def _constant(step: int, num_steps: int) -> float:
    return 1.0


def _cosine(step: int, num_steps: int) -> float:
    return _between(1.0, 0.0, step / num_steps)


def _one_cycle(step: int, num_steps: int) -> float:
    start, top = 1 / START_DIVISOR, SHARE_RISING * num_steps - 1
    if step <= top:
        return _between(start, 1.0, step / top)
    return _between(1.0, start / END_DIVISOR, (step - top) / (num_steps - 1 - top))


def _between(first: float, last: float, share: float) -> float:
    """Return a half cosine from `first` to `last`, after `share` of the way."""
    return last + (first - last) / 2 * (1 + math.cos(math.pi * share))
