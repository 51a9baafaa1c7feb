"""``command.json``: what a sweep was started with, so that its folder alone is enough to go on with it."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

OWN = ["-m", "regsweep"]
"""This project's own program."""


@dataclass(frozen=True)
class Command:
    """What a sweep was started with.

    Attributes:
        arguments: of the program, without passwords.
        working_folder: in which it was typed.
        import_path: from which it imported.
        interpreter: the Python that ran it.
        program: a script's absolute path, or ``-m`` and a module's name.
        num_trials: how many trials the sweep is to have; None where its sweeper has not written that down.
    """

    arguments: list[str]
    working_folder: str
    import_path: list[str]
    interpreter: str = sys.executable
    program: list[str] = field(default_factory=lambda: [*OWN])
    num_trials: int | None = None

    @property
    def is_own(self) -> bool:
        """Whether it is one of this project's own sweeps, and not one of another application."""
        return self.program == OWN


def this_program(redact: Callable[[str], str]) -> Command:
    """Return what this process was started with.

    Args:
        redact: leaves passwords out of an argument.
    """
    arguments = [redact(argument) for argument in sys.argv[1:]]
    return Command(arguments, str(Path.cwd()), _own_places(), sys.executable, _program())


def _program() -> list[str]:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is None:
        return [str(Path(sys.argv[0]).absolute())]
    return ["-m", spec.parent if spec.name.endswith(".__main__") else spec.name]


def _own_places() -> list[str]:
    """Return the places to import from that no interpreter has by itself."""
    paths = sysconfig.get_paths()
    installed = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    stdlib = Path(paths["stdlib"])
    archive = stdlib.parent / f"python{sys.version_info.major}{sys.version_info.minor}.zip"
    installed |= {str(stdlib / "lib-dynload"), str(archive)}
    return [str(Path(place).absolute()) for place in sys.path if place not in installed]
