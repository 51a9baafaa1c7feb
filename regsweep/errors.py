"""The errors that a user reads: one family, each a single line with key, value, allowed values, next step.

A broken promise of our own is an assertion, never one of these.
"""

from typing import Any

FAULTS = (Exception, SystemExit)
"""What a user's own code may raise: a script calls sys.exit, too, which would end a run without a word."""


class RegsweepError(Exception):
    """A mistake or a condition that the user can mend. ``exit_code`` is what the process ends with."""

    exit_code = 2


class ConfigError(RegsweepError):
    """A value of the configuration that is not allowed.

    Args:
        key: dotted key, as typed on the command line.
        value: what was given.
        allowed: what is allowed there, and what to do next.
    """

    def __init__(self, key: str, value: Any, allowed: str) -> None:
        super().__init__(f"{key}={show(value)}: {allowed}")
        self.key, self.value, self.allowed = key, value, allowed


class DatasetError(RegsweepError):
    """A data set that is missing, damaged or too small for the configuration."""


class DeviceError(RegsweepError):
    """A device that this machine does not have."""


class DivergedError(RegsweepError):
    """The training loss became NaN or infinite.

    Args:
        epoch: the epoch (from 1) in which it was seen.
        loss: the value of the loss.
        method: the name of the method whose term of the loss was not finite in a step whose cross-entropy was.
    """

    exit_code = 1

    def __init__(self, epoch: int, loss: float, method: str | None = None) -> None:
        next_step = "try a lower optimizer.lr"
        if method is not None:
            next_step = f"the term of regularizer.{method} is not finite; mend it, or {next_step}"
        super().__init__(f"diverged at epoch {epoch}: the loss is {loss}; {next_step}")
        self.epoch = epoch


class NetworkError(RegsweepError):
    """A network that failed while it was trained or evaluated."""


class MethodError(RegsweepError):
    """A method of regularization that failed, or did what a method may not do."""


class Pruned(Exception):  # noqa: N818  (nothing went wrong)
    """A sweep's pruner has given the trial up, at a step that the trial reported."""


class RecordError(RegsweepError):
    """A record that cannot be written (disk, permission) or read."""

    exit_code = 3


LONGEST = 100
"""Signs of a value that are shown."""


def show(value: Any) -> str:
    """Return `value` as it would be typed on the command line, cut to one readable line."""
    text = {None: "null", True: "true", False: "false"}.get(value) if _is_singleton(value) else str(value)
    text = " ".join(str(text).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def told(error: BaseException) -> str:
    """Return what a user's own code raised, in one readable line."""
    if isinstance(error, SystemExit):
        return f"it called sys.exit({'' if error.code is None else show(error.code)})"
    text = show(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _is_singleton(value: Any) -> bool:
    return value is None or isinstance(value, bool)
