"""The overrides of a search, each short form of a method written as the setting that it is short for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.types import Override

from regsweep.chosen import shared_settings
from regsweep.errors import ConfigError
from regsweep.methods import Method, Penalty
from regsweep.regularizers import METHODS

Methods = Mapping[str, type[Method]]


@dataclass(frozen=True)
class Given:
    """An override of the command line.

    Attributes:
        typed: the key that was typed.
        key: the full key that it is short for.
        line: the whole override with that key.
        value: plain, of a key that is not swept.
        listed: the values of a list or a range; None where it is not swept, or an interval.
        is_swept: whether it lists values or names an interval.
    """

    typed: str
    key: str
    line: str
    value: Any
    listed: list[Any] | None
    is_swept: bool


def require_one_key(overrides: Iterable[str]) -> None:
    """Refuse a setting of a penalty that two different keys set, in runs and grids: only one of them could count.

    Raises:
        ConfigError: naming both.
    """
    given = {key: value for key, _, value in (override.partition("=") for override in overrides)}
    for setting, penalties in shared_settings().items():
        key = f"regularizer.{setting}"
        for method in penalties if given.get(key, "null") != "null" else ():
            short = [f"regularizer.{method.name}"] if method.main_setting() == setting else []
            for other in (f"regularizer.{method.name}.{setting}", *short):
                if other in given:
                    raise ConfigError(key, given[key], f"{other} sets it too; leave one of them out")


def in_full(override: Override, searched: Methods) -> Given:
    """Return an override with its key in full.

    Args:
        override: as typed.
        searched: the methods that are searched, by name.

    Raises:
        ConfigError: when it fits several penalties, uses a method that is not searched, or has several settings.
    """
    typed = override.get_key_element()
    group, _, rest = override.key_or_group.partition(".")
    name = rest.partition(".")[0]
    sign = typed.removesuffix(override.key_or_group)
    if group == "regularizer" and sign and name in {*searched, *METHODS}:
        allowed = f"a search takes this key without {sign}; regularizer.{name}=null leaves the method out"
        raise ConfigError(typed, _text(override), allowed)
    if group != "regularizer" or not rest or "." in rest:
        return _given(override, typed)
    if name in shared_settings():
        return _of_penalty(override, name, searched)
    return _of_method(override, METHODS[name], searched) if name in METHODS else _given(override, typed)


def _given(override: Override, key: str, line: str | None = None, *, value: Any = None) -> Given:
    listed = list(override.sweep_iterator()) if override.is_discrete_sweep() else None
    plain = None if override.is_sweep_override() else override.value()
    return Given(
        override.get_key_element(),
        key,
        str(override.input_line) if line is None else line,
        plain if value is None else value,
        None if listed is None else [getattr(each, "text", each) for each in listed],
        override.is_sweep_override(),
    )


def _of_penalty(override: Override, setting: str, searched: Methods) -> Given:
    """Return an override of ``regularizer.SETTING``, which means the one searched penalty that has it."""
    key = override.get_key_element()
    having = [cls for cls in searched.values() if issubclass(cls, Penalty) and setting in cls.setting_fields()]
    if len(having) > 1:
        keys = " or ".join(f"regularizer.{method.name}.{setting}" for method in having)
        raise ConfigError(key, _text(override), f"{len(having)} searched penalties have it; set {keys}")
    if not having or override.value() is None:
        return _given(override, key)
    return _full_form(override, having[0], setting)


def _of_method(override: Override, method: type[Method], searched: Methods) -> Given:
    """Return an override of ``regularizer.NAME``: of the method's main setting, or of whether it is used."""
    key, value, main = override.get_key_element(), override.value(), method.main_setting()
    if isinstance(value, dict):
        reason = f"a search takes each setting by its own key, {key}.{main or 'use'} for example"
        raise ConfigError(key, _text(override), reason)
    if method.name in searched:
        is_switch = main is None or all(isinstance(each, bool) for each in _given(override, key).listed or [value])
        return _full_form(override, method, "use" if is_switch else str(main))
    if override.is_sweep_override() or not _turns_off(method, main or "use", value):
        methods = ",".join([*searched, method.name])
        reason = f"{method.title} is not among the methods of this search; name it too, regularizer=[{methods}]"
        raise ConfigError(key, _text(override), reason)
    return _given(override, key)


def _full_form(override: Override, method: type[Method], setting: str) -> Given:
    key = f"regularizer.{method.name}"
    value = override.value()
    if value is None:
        return _given(override, key, f"{key}=null")
    if not override.is_sweep_override() and _turns_off(method, setting, value):
        return _given(override, f"{key}.use", f"{key}.use=false", value=False)
    return _given(override, f"{key}.{setting}", f"{key}.{setting}={_text(override)}")


def _turns_off(method: type[Method], setting: str, value: Any) -> bool:
    """Return whether a method whose `setting` has `value` is not used."""
    is_main = setting in ("use", method.main_setting())
    return value is None or (value is False and is_main) or (setting in method.off and value == method.off[setting])


def _text(override: Override) -> str:
    return str(override.get_value_string()) if override.value_type is not None else ""
