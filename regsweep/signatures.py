"""What a class has a place for is read from its constructor, so a name stands in one place only."""

import difflib
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

_LEAST_LIKENESS = 0.7
"""Of two names that may be meant for each other, as `difflib` measures it: twice the common signs by all."""

_SHORTEST_BEGINNING = 3
"""Signs of a name that is taken for the beginning of another one."""


def parameters_of(target: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the named parameters of a function, or of a class's constructor without ``self``, in order."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {p.name: p for p in inspect.signature(target).parameters.values() if p.kind in named}


def takes_any(target: Callable[..., Any]) -> bool:
    """Return whether a function, or a class's constructor, takes keywords that it does not name (``**kwargs``)."""
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in inspect.signature(target).parameters.values())


def select_accepted(target: Callable[..., Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return those of `values` that a function, or a class's constructor, names as parameters."""
    accepted = parameters_of(target)
    return {name: value for name, value in values.items() if name in accepted}


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown name: the nearest known one, or all of them."""
    names = sorted(known)
    near = _near(name, names)
    return f"did you mean {near}?" if near else f"known: {', '.join(names) or 'none'}"


def offer(name: str, known: Iterable[str], prefix: str = "") -> str:
    """Return a hint for an unknown name: the nearest known one, if any, after `prefix`; then all of them."""
    names = sorted(known)
    near = _near(name, names)
    return (f"did you mean {prefix}{near}? " if near else "") + f"there is {', '.join(names) or 'none'}"


def _near(name: str, names: Sequence[str]) -> str | None:
    """Return the name that may be meant: the same but for case and ``_``, begun so, or else alike."""
    bare: dict[str, str] = {}
    for each in sorted(names, key=lambda each: each.count("_") != name.count("_")):  # of batchnorm and batch_norm
        bare.setdefault(_bare(each), each)
    wanted = _bare(name)
    if wanted in bare:
        return bare[wanted]
    longer = [each for each in bare if len(wanted) >= _SHORTEST_BEGINNING and each.startswith(wanted)]
    close = longer or difflib.get_close_matches(wanted, bare, n=1, cutoff=_LEAST_LIKENESS)
    close = close or [each for each in bare if _is_slip(wanted, each)]
    return bare[close[0]] if close else None


def _is_slip(one: str, other: str) -> bool:
    """Return whether two short names have one other sign, or the same signs in another order."""
    num_other = sum(a != b for a, b in zip(one, other, strict=False))
    return len(one) == len(other) > 1 and (num_other == 1 or sorted(one) == sorted(other))


def _bare(name: str) -> str:
    return name.casefold().replace("_", "")
