"""From the keys under ``regularizer`` to the methods that a run uses, each with its settings.

regularizer.mixup: null                       not chosen
regularizer.mixup: {use: true, alpha: 0.4}    chosen, by the preset
regularizer.mixup: 0.4                        the short form: the main setting; for true and false, `use`
regularizer.lambda: 1e-4                      the setting of the one penalty in use that has it
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import ValidationError

from regsweep.errors import FAULTS, ConfigError, RegsweepError, show, told
from regsweep.methods.calls import CONSTRUCTOR, call
from regsweep.methods.declared import fault_of
from regsweep.methods.method import Method, MethodSettings, Penalty
from regsweep.regularizers import METHODS
from regsweep.signatures import offer, suggest
from regsweep.trusted import import_class


class Use(NamedTuple):
    """A method with its settings."""

    method: type[Method]
    settings: Any

    @property
    def title(self) -> str:
        """The method in plain words."""
        return self.method.title

    @property
    def description(self) -> str:
        """With its settings, in plain words."""
        return str(call(self.method, "describe", self.settings))

    @property
    def main(self) -> str | None:
        """The key of the main setting; None for a method without one."""
        return self.method.main_setting()

    @property
    def is_penalty(self) -> bool:
        """Whether its main setting is a λ."""
        return issubclass(self.method, Penalty)

    @property
    def scope(self) -> str | None:
        """Which parameters it covers, ``weights`` or ``all``; None for a method without that setting."""
        scope: str | None = getattr(self.settings, "scope", None)
        return scope


@dataclass(frozen=True)
class Chosen:
    """What a run uses, in the order of the names.

    Attributes:
        uses: methods in use; and those that take something out of the network (``batch_norm: {use: false}``).
    """

    uses: tuple[Use, ...] = ()

    def make(self) -> list[Method]:
        """Return the methods, new and without state, as a run takes them."""
        return [call(use.method, CONSTRUCTOR, use.settings) for use in self.uses]

    @property
    def in_use(self) -> list[Use]:
        """The methods in use."""
        return [use for use in self.uses if use.settings.use]


def plain_settings(settings: MethodSettings) -> dict[str, Any]:
    """Return settings as plain values by their keys, without `use`."""
    return {key: value for key, value in settings.model_dump(by_alias=True).items() if key != "use"}


def shared_settings() -> dict[str, list[type[Method]]]:
    """Return the penalties that have each setting with a key of its own, ``regularizer.lambda`` for example."""
    shared: dict[str, list[type[Method]]] = {}
    for method in METHODS.values():
        if issubclass(method, Penalty):
            for key in method.setting_fields():
                shared.setdefault(key, []).append(method)
    del shared["use"]
    return shared


def no_method() -> dict[str, None]:
    """Return the keys under ``regularizer`` of a run that uses none: each null."""
    return dict.fromkeys([*shared_settings(), *METHODS])


def choose(values: Mapping[str, Any]) -> Chosen:
    """Return the methods that these keys, those under ``regularizer``, choose.

    Raises:
        ConfigError: for the first key that is unknown or has a value that is not allowed, and for methods that cannot
            be used together.
    """
    shared = {key: value for key, value in values.items() if key in shared_settings()}
    given = {name: value for name, value in values.items() if name not in shared and value is not None}
    nodes = {name: _Node.read(name, value) for name, value in given.items()}
    for key, value in shared.items():
        if value is not None:
            _set_shared(key, value, nodes.values())
    uses = [_use(node.method, node.validated()) for _, node in sorted(nodes.items())]
    uses = [use for use in uses if use.settings.use or use.method.can_take_out]
    _require_titles([use.method for use in uses])
    _require_one_of_each_role([use.method for use in uses])
    return Chosen(tuple(uses))


def _use(method: type[Method], settings: MethodSettings) -> Use:
    """Return a method with its settings; with those that turn it off it is not used."""
    return Use(method, settings.model_copy(update={"use": False}) if method.is_off(settings) else settings)


@dataclass
class _Node:
    """What stands under a method's key.

    Attributes:
        method: its class.
        values: settings by key.
        typed: the key of the configuration that each value came from, where it is another one.
    """

    method: type[Method]
    values: dict[str, Any]
    typed: dict[str, str]

    @staticmethod
    def read(name: str, value: Any) -> _Node:
        key = f"regularizer.{name}"
        if isinstance(value, Mapping):
            values = {str(setting): each for setting, each in value.items() if setting != "_target_"}
            return _Node(class_of(name, value.get("_target_"), value), values, {})
        method = class_of(name, None, value)
        main = method.main_setting()
        if isinstance(value, bool) or main is None:
            return _Node(method, {"use": value}, {"use": key})
        return _Node(method, {main: value}, {main: key})

    @property
    def is_used(self) -> bool:
        off = self.method.off
        is_off = bool(off) and all(self.values.get(key) == value for key, value in off.items())
        return self.values.get("use", True) is True and not is_off

    def validated(self) -> Any:
        known = self.method.setting_fields()
        key = f"regularizer.{self.method.name}"
        for setting, value in self.values.items():
            if setting not in known:
                raise ConfigError(f"{key}.{setting}", value, f"no such setting; {suggest(setting, known)}")
        try:
            return self.method.Settings.model_validate(self.values)
        except ValidationError as invalid:
            error = invalid.errors(include_url=False)[0]
            if not error["loc"]:  # of a check of all settings together
                raise ConfigError(key, show(self.values), error["msg"]) from None
            setting = str(error["loc"][0])
            allowed = self.method.Settings.model_fields[known[setting]].description
            typed = self.typed.get(setting, f"{key}.{setting}")
            raise ConfigError(typed, self.values.get(setting), allowed or error["msg"]) from None
        except RegsweepError:
            raise
        except FAULTS as error:  # of a check of the user's own
            failed = f"its Settings failed ({told(error)})"
            raise ConfigError(key, show(self.values), failed) from error


NO_PENALTY = "penalties are methods now; choose one with regularizer=l1, l2 or elastic_net"
"""What to do in place of setting ``regularizer.penalty``, the key of versions before 0.3."""


MISPLACED = ("regularizer", "search", "ranges")
"""Keys of a preset, which stand under ``regularizer`` where its file does not say otherwise."""


def class_of(name: str, target: Any, value: Any) -> type[Method]:
    """Return the method `name`: the class `target` (``module.Class``) where its preset names one.

    Raises:
        ConfigError: when there is none, or its module may not be imported.
    """
    key = f"regularizer.{name}"
    if target is not None:
        cls = import_class(f"{key}._target_", str(target), Method, "regsweep.methods.Method")
        _require_own(name, cls, target)
        return cls
    if name in MISPLACED and isinstance(value, Mapping):
        raise ConfigError(key, value, "a preset's first line must be # @package _global_")
    if name == "penalty":
        raise ConfigError(key, value, NO_PENALTY)
    if name not in METHODS:
        there = offer(name, [*METHODS, *shared_settings()], "regularizer.")
        raise ConfigError(
            key, value, f"no such method; {there}; one of your own takes full keys, {key}.SETTING={show(value)}"
        )
    return METHODS[name]


def _require_own(name: str, cls: type[Method], target: Any) -> None:
    """Refuse the class `target` where it is faulty, has another name, or takes the name or title of another method."""
    if METHODS.get(name) is cls:
        return
    fault = fault_of(cls)
    titles = {method.title: method.name for method in METHODS.values()}
    own_name, own_title = getattr(cls, "name", None), getattr(cls, "title", None)
    if own_name in METHODS:
        fault = f"{own_name} is a method of this project; give the class a name of its own"
    elif isinstance(own_name, str) and own_name != name:
        fault = f"its class has the name {own_name}; use regularizer.{own_name}"
    elif isinstance(own_title, str) and own_title in titles:
        fault = f"its title is that of regularizer.{titles[own_title]}, {own_title}; give the class one of its own"
    if fault is not None:
        raise ConfigError(f"regularizer.{name}._target_", target, fault)


def _set_shared(key: str, value: Any, nodes: Iterable[_Node]) -> None:
    """Set a setting of the one penalty in use that has it."""
    having = shared_settings()[key]
    used = [node for node in nodes if node.is_used and issubclass(node.method, Penalty)]
    those = [node for node in used if key in node.method.setting_fields()]
    typed = f"regularizer.{key}"
    if len(those) > 1:
        keys = " or ".join(f"regularizer.{node.method.name}.{key}" for node in those)
        raise ConfigError(typed, value, f"{len(those)} penalties in use have it; set {keys}")
    if not those:
        titles = ", ".join(f"regularizer={method.name}" for method in having)
        raise ConfigError(typed, value, f"no penalty in use has it; add one that has ({titles}), or leave it out")
    those[0].values[key], those[0].typed[key] = value, typed


def _require_one_of_each_role(methods: Iterable[type[Method]]) -> None:
    for one, other in itertools.combinations(methods, 2):
        if Method.around not in (one.around, other.around):
            both = f"[{one.name},{other.name}]"
            raise ConfigError("regularizer", both, "both take gradients of their own in a step; choose one of them")
        if one.role is not None and one.role == other.role:
            both = f"[{one.name},{other.name}]"
            raise ConfigError("regularizer", both, f"a run has one {one.role}; choose one of them")


def _require_titles(methods: Iterable[type[Method]]) -> None:
    for one, other in itertools.combinations(methods, 2):
        if one.title == other.title:
            both = f"[{one.name},{other.name}]"
            raise ConfigError("regularizer", both, f"both have the title {one.title}; give one of them another")
