"""How methods are ordered and named wherever several are, and short names of keys: in lines, tables and figures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol


class Named(Protocol):
    """A method with its settings, of a configuration or of a record."""

    @property
    def title(self) -> str:
        """The method in plain words."""

    @property
    def description(self) -> str:
        """With its settings, in plain words."""

    @property
    def main(self) -> str | None:
        """The key of the main setting; None for a method without one."""

    @property
    def is_penalty(self) -> bool:
        """Whether its main setting is a λ."""


def place_of(method: Named) -> tuple[bool, bool, str]:
    """Return by what methods are ordered: penalties first, those without a setting last, else by the alphabet."""
    return not method.is_penalty, method.main is None, method.title.casefold()


def name_of(methods: Iterable[Named]) -> str:
    """Return the methods in words: ``L2 λ=0.0003 with dropout 0.35 and BatchNorm``."""
    return joined([each.description for each in sorted(methods, key=place_of)])


def joined(words: Sequence[str]) -> str:
    """Return the ordered names of methods as one."""
    first, *others = words or ["no regularization"]
    return f"{first} with {listed(others)}" if others else first


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence: ``a, b and c``; empty where there are none."""
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


NAMING = ("model_name", "name", "arch")
"""Arguments by which functions that make many networks, timm's `create_model` for one, are told which."""


def network_name(target: str, parameters: Mapping[str, Any]) -> str:
    """Return what a network is called, by the class or function that makes it: ``MLP``, ``create_model(resnet18)``."""
    name, argument = target.rpartition(".")[2], naming_argument(parameters)
    return f"{name}({parameters[argument]})" if argument else name


def naming_argument(parameters: Mapping[str, Any]) -> str | None:
    """Return the argument that has the network's name; None where there is none."""
    return next((key for key in NAMING if isinstance(parameters.get(key), str)), None)


def parameter_name(key: str, where: Mapping[str, Any]) -> str:
    """Return what a study calls the parameter of a `key` that has another range elsewhere: ``lr (optimizer=sgd)``."""
    texts = [
        f"{name}={'|'.join(map(str, values)) if isinstance(values, list) else values}" for name, values in where.items()
    ]
    return f"{key} ({', '.join(texts)})"


def key_of_parameter(name: str) -> str:
    """Return the key that a study's parameter sets."""
    return re.sub(r" \([^()=]+=[^()]*\)$", "", name)


def by_key(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trial's parameters by the keys that they set."""
    return {key_of_parameter(name): value for name, value in parameters.items()}


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Return a short name for each dotted key: its shortest ending that no other one has.

    Of a method's settings the method is named too: ``l2`` for ``regularizer.l2.use``, ``l2.lambda``.
    """
    endings = {key: _endings(key) for key in keys}
    had = Counter(each for some in endings.values() for each in some)
    return {key: next((each for each in some if had[each] == 1), key) for key, some in endings.items()}


def _endings(key: str) -> list[str]:
    """Return what a key may be called for short, the shortest first."""
    setting = re.fullmatch(r"regularizer\.(\w+)\.(\w+)", key)
    if setting:
        return [setting[1] if setting[2] == "use" else f"{setting[1]}.{setting[2]}"]
    parts = key.split(".")
    return [".".join(parts[start:]) for start in reversed(range(len(parts)))]


OPTIMIZERS = {
    "sgd": "SGD",
    "nesterov": "SGD with Nesterov momentum",
    "adam": "Adam",
    "adamw": "AdamW",
    "adamax": "Adamax",
    "nadam": "NAdam",
    "radam": "RAdam",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
    "adafactor": "Adafactor",
    "rmsprop": "RMSprop",
    "rprop": "Rprop",
    "asgd": "ASGD",
    "muon": "Muon",
}
"""Optimizers by the names of their presets, as the field writes them."""
