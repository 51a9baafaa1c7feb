"""Every call of a method's hook, and what each hook may return: a fault of a method is one line that names it.

What is checked within a step are types, shapes and dtypes alone: nothing that waits for the device, and nothing that
changes a number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

from regsweep.errors import FAULTS, ConfigError, MethodError, RegsweepError, show, told
from regsweep.methods.method import Method, MethodSettings, Scope
from regsweep.methods.parameters import Batch
from regsweep.names import listed

if TYPE_CHECKING:
    from torch import Tensor

CONSTRUCTOR = "__init__"

AnyMethod = Method | type[Method]


def call(method: AnyMethod, hook: str, *arguments: Any) -> Any:
    """Return what `hook` of `method` returns, once it is what the hook may return; a number as a float.

    Args:
        method: it, or its class for the constructor and `Method.describe`.
        hook: one of `HOOKS`, ``describe`` or `CONSTRUCTOR`.
        arguments: of the hook.

    Raises:
        RegsweepError: naming the method, unless the hook itself raised one.
    """
    try:
        function = method if isinstance(method, type) and hook == CONSTRUCTOR else getattr(method, hook)
        returned = function(*arguments)
    except RegsweepError:
        raise
    except FAULTS as error:
        raise failure(method, hook, error) from error
    check = _CHECKS.get(hook)
    return returned if check is None else check(method, returned, *arguments)


def failure(method: AnyMethod, hook: str, error: BaseException) -> MethodError:
    """Return the error of a hook that raised `error`."""
    return fault(method, hook, f"failed ({told(error)})")


def fault(method: AnyMethod, hook: str, reason: str) -> MethodError:
    """Return the error of a hook that did what it may not do."""
    return MethodError(f"regularizer.{method.name}: {hook} {reason}")


def _returned(method: AnyMethod, hook: str, value: Any, must: str) -> MethodError:
    return fault(method, hook, f"returned {_in_words(value)}; it must {must}")


def _in_words(value: Any) -> str:
    if value is None:
        return "None"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"a {type(value).__name__} {tuple(value.shape)} {_short(value.dtype)}"
    return f"{show(value)} ({type(value).__name__})"


def _short(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def _number(value: Any) -> float | None:
    """Return a number, or a tensor or array of shape (), as a float; None for what is something else."""
    is_scalar = getattr(value, "shape", None) == ()
    plain = value.item() if is_scalar else value
    return float(plain) if isinstance(plain, int | float) and (is_scalar or not isinstance(plain, bool)) else None


def _made(method: type[Method], made: Method, _: MethodSettings) -> Method:
    settings = getattr(made, "settings", None)
    if not (isinstance(settings, MethodSettings) and isinstance(getattr(made, "state", None), dict)):
        raise fault(method, CONSTRUCTOR, "leaves no settings or no state; it must call super().__init__(settings)")
    scope = getattr(settings, "scope", "weights")
    if scope not in get_args(Scope):
        raise ConfigError(f"regularizer.{method.name}.scope", scope, f"must be {' or '.join(get_args(Scope))}")
    return made


def _description(method: AnyMethod, returned: Any, _: Any) -> str:
    if not (isinstance(returned, str) and returned):
        raise _returned(method, "describe", returned, "return the method in words, a str")
    return returned


def _nothing(method: AnyMethod, returned: Any, _: Any) -> None:
    if returned is not None:
        raise _returned(method, "check", returned, "raise what it refuses, and return nothing")


def _model_settings(method: AnyMethod, returned: Any) -> dict[str, Any]:
    if not isinstance(returned, Mapping):
        raise _returned(method, "model_settings", returned, "return a dict of the constructor's arguments")
    for name in returned:
        if name not in method.arguments:
            raise fault(method, "model_settings", f"returned {show(name)}, which is not in the class's `arguments`")
    return dict(returned)


def _adapted(method: AnyMethod, returned: Any, *_: Any) -> list[str]:
    if not (isinstance(returned, list) and all(isinstance(line, str) for line in returned)):
        raise _returned(method, "adapt", returned, "return a list of lines that tell what was changed")
    return returned


def _weight_decay(method: AnyMethod, returned: Any) -> float:
    number = _number(returned)
    if number is None or not 0 <= number < math.inf:
        raise _returned(method, "weight_decay", returned, "return a finite number of 0 or more")
    return number


def _batch(method: AnyMethod, after: Any, before: Batch) -> Batch:
    """Check a batch, but for its values: of as many examples, of the same kind."""
    if not isinstance(after, Batch):
        raise _returned(method, "on_batch", after, "return a Batch")
    is_same = _is_alike(after.inputs, before.inputs) and _is_alike(after.labels, before.labels)
    if not (is_same and _are_targets(after.targets, before)):
        raise _fault_of_batch(method, after, before)
    return after


def _is_alike(new: Any, old: Tensor) -> bool:
    import torch  # noqa: PLC0415

    return new is old or (isinstance(new, torch.Tensor) and new.dtype == old.dtype and new.shape == old.shape)


def _are_targets(targets: Any, before: Batch) -> bool:
    import torch  # noqa: PLC0415

    if targets is before.targets:
        return True
    if not isinstance(targets, torch.Tensor):
        return False
    if targets.ndim == 1:
        return targets.dtype == torch.int64 and targets.shape == before.labels.shape
    return targets.dtype == torch.float32 and targets.shape == (len(before.labels), before.num_classes)


def _fault_of_batch(method: AnyMethod, after: Batch, before: Batch) -> MethodError:
    import torch  # noqa: PLC0415

    parts = {part: getattr(after, part) for part in ("inputs", "labels", "targets")}
    for part, tensor in parts.items():
        if not isinstance(tensor, torch.Tensor):
            return _returned_part(method, part, tensor, "be a Tensor")
    size = len(before.labels)
    sizes = {len(tensor) if tensor.ndim else 0 for tensor in parts.values()}
    if sizes != {size}:
        numbers = listed([str(size) for size in sorted(sizes)])
        return fault(method, "on_batch", f"returned {numbers} examples of a batch of {size}; it must keep their number")
    for part, old in (("inputs", before.inputs), ("labels", before.labels)):
        if not _is_alike(parts[part], old):
            return _returned_part(method, part, parts[part], f"stay {tuple(old.shape)} {_short(old.dtype)}")
    must = f"be classes ({size},) int64 or shares {(size, before.num_classes)} float32"
    return _returned_part(method, "targets", after.targets, must)


def _returned_part(method: AnyMethod, part: str, value: Any, must: str) -> MethodError:
    return fault(method, "on_batch", f"returned {part} that are {_in_words(value)}; they must {must}")


def _term(method: AnyMethod, returned: Any, *_: Any) -> Any:
    import torch  # noqa: PLC0415

    if not (isinstance(returned, torch.Tensor) and returned.ndim == 0 and returned.is_floating_point()):
        raise _returned(method, "extra_loss", returned, "return a Tensor () of floating point, a term of the mean loss")
    return returned


def _rounds(method: AnyMethod, returned: Any, _: Any) -> Iterator[None]:
    if not isinstance(returned, Iterator):
        raise _returned(method, "around", returned, "yield, once or more")
    return returned


def _network(method: AnyMethod, returned: Any, _: Any) -> Any:
    from torch import nn  # noqa: PLC0415

    if not isinstance(returned, nn.Module):
        raise _returned(method, "evaluated", returned, "return a network, an nn.Module")
    return returned


def _decision(method: AnyMethod, returned: Any, _: Any) -> bool:
    number = float(returned) if isinstance(returned, bool) else _number(returned)
    if number not in (0, 1):
        raise _returned(method, "should_stop", returned, "return True or False")
    return bool(number)


def _value(method: AnyMethod, returned: Any, _: Any) -> float:
    """Check a penalty's value. It may be NaN or infinite: the weights may have diverged, which others find out."""
    number = _number(returned)
    if number is None:
        raise _returned(method, "value", returned, "return a number")
    return number


def _record(method: AnyMethod, returned: Any, _: Any) -> dict[str, float]:
    if not isinstance(returned, Mapping):
        raise _returned(method, "record", returned, "return a dict of numbers by name")
    numbers = {name: _number(value) for name, value in returned.items()}
    for name, number in numbers.items():
        if not isinstance(name, str):
            raise fault(method, "record", f"returned a number by the name {_in_words(name)}; a name must be a str")
        if number is None or not math.isfinite(number):
            must = "it must be a finite number"
            raise fault(method, "record", f"returned {_in_words(returned[name])} for {show(name)}; {must}")
    return {name: number for name, number in numbers.items() if number is not None}


_CHECKS: dict[str, Callable[..., Any]] = {
    CONSTRUCTOR: _made,
    "describe": _description,
    "check": _nothing,
    "model_settings": _model_settings,
    "adapt": _adapted,
    "weight_decay": _weight_decay,
    "on_batch": _batch,
    "extra_loss": _term,
    "around": _rounds,
    "evaluated": _network,
    "should_stop": _decision,
    "value": _value,
    "record": _record,
}
