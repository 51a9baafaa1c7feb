"""A CUDA graph's stand-in on a CPU: it notes the operations of a step and repeats them on the same tensors.

Like a graph it keeps what Python decided at the capture, every number that is no tensor, and refuses what waits for a
value. Random numbers are drawn anew at each repetition, as a graph's are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from regsweep.step import Thunk

WRITTEN_UNSAID = ("running_mean", "running_var")
"""Arguments of BatchNorm's operation that it changes, though its schema does not say so."""
WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "equal")


class _Notes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes every operation, and what each tensor that is changed held before."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[tuple[Any, Any, Any, Any]] = []
        self.before: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func._schema.name.removeprefix("aten::") in WAITING:
            raise RuntimeError(f"{func} waits for a value")
        given = dict(zip([argument.name for argument in func._schema.arguments], args, strict=False)) | (kwargs or {})
        for argument in func._schema.arguments:
            is_written = argument.alias_info is not None and argument.alias_info.is_write
            if is_written or argument.name in WRITTEN_UNSAID:
                for tensor in tree_leaves(given.get(argument.name)):
                    if isinstance(tensor, Tensor):
                        self.before.setdefault(id(tensor), (tensor, tensor.clone()))
        result = func(*args, **(kwargs or {}))
        self.operations.append((func, args, kwargs or {}, result))
        return result


def fake_graph(thunk: Thunk, _: torch.device) -> Thunk:
    """Return a repetition of the operations of `thunk`; whatever it changed is put back."""
    notes = _Notes()
    with _random_state_kept(), notes:
        thunk()
    with torch.no_grad():
        for tensor, value in reversed(notes.before.values()):
            tensor.copy_(value)

    def repeat() -> None:
        with torch.no_grad():
            for func, args, kwargs, result in notes.operations:
                is_view = any(each.alias_info is not None for each in func._schema.returns)
                again = func(*args, **kwargs)
                if not is_view:
                    for old, new in zip(tree_leaves(result), tree_leaves(again), strict=True):
                        if isinstance(old, Tensor):
                            old.copy_(new)

    return repeat


@contextmanager
def _random_state_kept() -> Iterator[None]:
    state = torch.get_rng_state()
    yield
    torch.set_rng_state(state)
