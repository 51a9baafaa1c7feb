"""How methods are ordered and named wherever several are: in a run's lines, in the answer, on the page, in figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol


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
    return f"{first} with {' and '.join(others)}" if others else first
