"""What a class has a place for is read from its constructor, so a name stands in one place only."""

import difflib
import inspect
from collections.abc import Callable, Iterable
from typing import Any


def parameters_of(cls: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the named constructor parameters of `cls`, without ``self``, in order."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {p.name: p for p in inspect.signature(cls).parameters.values() if p.kind in named}


def select_accepted(cls: Callable[..., Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return those of `values` that the constructor of `cls` takes."""
    accepted = parameters_of(cls)
    return {name: value for name, value in values.items() if name in accepted}


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown name: the nearest known one, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(names) or 'none'}"


def offer(name: str, known: Iterable[str], prefix: str = "") -> str:
    """Return a hint for an unknown name: the nearest known one, if any, after `prefix`; then all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return (f"did you mean {prefix}{near[0]}? " if near else "") + f"there is {', '.join(names) or 'none'}"
