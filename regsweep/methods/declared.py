"""What the class of a method declares is checked before it is used: a slip would train as no method, without a word."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

from regsweep.methods.method import HOOKS, STAGES, Method, MethodSettings
from regsweep.signatures import suggest

NEAR = 0.75
"""How alike a function's name and a hook's are, from 0 to 1, where the name is taken to be mistyped."""


def fault_of(cls: type[Method]) -> str | None:
    """Return what is wrong with a method's class, in words; None where nothing is."""
    return next(_faults(cls), None)


def _faults(cls: type[Method]) -> Iterator[str]:
    for attribute in ("name", "title"):
        text = getattr(cls, attribute, None)
        if not (isinstance(text, str) and text.strip()):
            yield f'{cls.__name__} has no {attribute}; write {attribute} = "…" in the class'
    yield from _of_settings(cls)
    yield from _of_attributes(cls)
    yield from _of_stages(cls)
    yield from _of_hooks(cls)


def _of_settings(cls: type[Method]) -> Iterator[str]:
    if not (isinstance(cls.Settings, type) and issubclass(cls.Settings, MethodSettings)):
        yield f"{cls.__name__}.Settings must be a subclass of regsweep.methods.MethodSettings"
        return
    if not isinstance(cls.off, Mapping):
        yield "off must be a dict of settings' values"
        return
    for key in cls.off:
        if key not in cls.setting_fields():
            yield f"off names {key}, which is no setting of the class; {suggest(str(key), cls.setting_fields())}"


def _of_attributes(cls: type[Method]) -> Iterator[str]:
    if not isinstance(cls.symbol, str):
        yield "symbol must be a str"
    if not (cls.role is None or isinstance(cls.role, str)):
        yield "role must be a str or None"
    if not (cls.paper is None or (isinstance(cls.paper, tuple) and len(cls.paper) == 2)):  # noqa: PLR2004
        yield "paper must be a Paper(title, reference) or None"
    if not (isinstance(cls.arguments, tuple | list) and all(isinstance(name, str) for name in cls.arguments)):
        yield 'arguments must be a tuple of names, for example ("dropout",)'


def _of_stages(cls: type[Method]) -> Iterator[str]:
    if not isinstance(cls.stage, Mapping):
        yield "stage must be a dict of stages by hook"
        return
    for hook, stage in cls.stage.items():
        if hook not in STAGES:
            yield f"stage names {hook}, which is no hook with stages; {suggest(str(hook), STAGES)}"
        elif stage not in STAGES[hook]:
            yield f"stage of {hook} is {stage!r}, which it does not have; {suggest(str(stage), STAGES[hook])}"


def _of_hooks(cls: type[Method]) -> Iterator[str]:
    for hook in HOOKS:
        own: Any = inspect.getattr_static(cls, hook)
        if not callable(getattr(cls, hook)):
            yield f"its hook {hook} is no function"
        elif isinstance(own, FunctionType) and not _takes(own, hook):
            wanted = inspect.signature(getattr(Method, hook))
            names = ", ".join(wanted.parameters)
            yield f"its hook {hook} takes {inspect.signature(own)}; it must take ({names})"
    for name in _mistyped(cls):
        yield f"{name}: no such hook; {suggest(name, HOOKS)} (begin the name of a helper with _)"
    is_overriding = any(getattr(cls, hook) is not getattr(Method, hook) for hook in HOOKS)
    if not (is_overriding or cls.arguments or cls.keeps_best_epoch or cls.can_take_out):
        yield f"{cls.__name__} has no hook, so it would change nothing; the hooks are {', '.join(HOOKS)}"


def _takes(function: FunctionType, hook: str) -> bool:
    """Return whether `function` can be called as the hook is, with its arguments by place."""
    try:
        inspect.signature(function).bind(*inspect.signature(getattr(Method, hook)).parameters)
    except TypeError:
        return False
    return True


def _mistyped(cls: type[Method]) -> Iterator[str]:
    """Return functions that are meant as hooks, by their names, and are none; any other helper is let be."""
    for each in cls.__mro__:
        if not issubclass(each, Method):
            continue
        for name, value in vars(each).items():
            is_function = isinstance(value, FunctionType | classmethod | staticmethod)
            is_new = not any(hasattr(base, name) for base in each.__mro__[1:])
            if each is not Method and is_function and is_new and _is_like_a_hook(name):
                yield name


def _is_like_a_hook(name: str) -> bool:
    if name.startswith("_"):
        return False
    return bool(re.match(r"(on|before|after)_", name) or difflib.get_close_matches(name, HOOKS, n=1, cutoff=NEAR))
