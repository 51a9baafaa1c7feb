"""From a class's name in the configuration to the class. Which modules may be imported is restricted.

A configuration is data and may come from someone else, so it cannot name just any Python object: only a class of a
known kind, in a module of this package, of the user's working folder, or of a package that the user allowed by name in
the environment variable REGSWEEP_ALLOW_MODULES (comma-separated).
"""

import importlib
import importlib.util
import os
import re
import sysconfig
from pathlib import Path
from typing import TypeVar

from regsweep.errors import ConfigError, show
from regsweep.paths import working_folder
from regsweep.signatures import suggest

ALLOW_VARIABLE = "REGSWEEP_ALLOW_MODULES"

_T = TypeVar("_T")


def import_class(key: str, target: str, base: type[_T], kind: str) -> type[_T]:
    """Return the class that `target` (``module.Class``) names.

    Args:
        key: of the configuration, for errors.
        target: module and class.
        base: what it must be a subclass of.
        kind: the base's name, for errors.

    Raises:
        ConfigError: when the module may not be imported, does not exist, or holds no such class.
    """
    if not re.fullmatch(r"\w+(\.\w+)+", target):
        raise ConfigError(key, target, "must name a class as module.Class")
    module_name, _, class_name = target.rpartition(".")
    package = module_name.partition(".")[0]
    if not _is_allowed(package):
        raise ConfigError(
            key,
            target,
            f"{package} is neither in the working folder ({working_folder()}) nor allowed; "
            f"if you trust it: export {ALLOW_VARIABLE}={package}",
        )
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ConfigError(key, target, f"no module named {error.name}; is the folder right?") from error
    except Exception as error:
        reason = f"cannot be imported ({type(error).__name__}: {show(error)})"
        raise ConfigError(key, target, reason) from error
    found = vars(module).get(class_name)
    if not (isinstance(found, type) and issubclass(found, base)):
        own = [value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module_name]
        names = [cls.__name__ for cls in own if issubclass(cls, base)]
        raise ConfigError(key, target, f"{module_name} has no {kind} of that name; {suggest(class_name, names)}")
    return found


def _is_allowed(package: str) -> bool:
    allowed = {name.strip() for name in os.environ.get(ALLOW_VARIABLE, "").split(",")}
    if package == "regsweep" or package in allowed:
        return True
    spec = importlib.util.find_spec(package) if package else None
    if spec is None:
        return True  # nothing to import; the import's own error names it
    if not (spec.has_location or spec.submodule_search_locations):
        return False  # built into the interpreter
    places = [Path(place).resolve() for place in (spec.submodule_search_locations or [str(spec.origin)])]
    return all(_is_own(place) for place in places)


def _is_own(place: Path) -> bool:
    """Return whether `place` lies in the working folder and is not an installed package there."""
    installed = [Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "purelib", "platlib")]
    is_installed = any(folder in place.parents for folder in installed) or {
        "site-packages",
        "dist-packages",
    } & set(place.parts)
    return working_folder() in place.parents and not is_installed
