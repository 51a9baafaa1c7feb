"""From a name in the configuration to the class or function. What a configuration may name is restricted.

A configuration is data and may come from someone else, so it cannot name just any Python object. It may name

* classes of a known kind in this package, and in the libraries of `_LIBRARIES`; of torchvision also the functions that
  ``torchvision.models.list_models()`` knows;
* classes of a known kind and functions of the user's working folder, and of packages that the user allowed by name in
  the environment variable REGSWEEP_ALLOW_MODULES (comma-separated). The standard library and torch cannot be allowed:
  their functions run and load whatever they are given.

What a module has imported from elsewhere counts as of the module that defines it.
"""

import importlib
import importlib.util
import inspect
import os
import re
import sys
import sysconfig
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from regsweep.errors import FAULTS, ConfigError, told
from regsweep.paths import working_folder
from regsweep.signatures import suggest

ALLOW_VARIABLE = "REGSWEEP_ALLOW_MODULES"

_NETWORKS = "torchvision.models"
_LIBRARIES = {
    "torch.nn.modules.module.Module": ("torch.nn", _NETWORKS),
    "torch.optim.optimizer.Optimizer": ("torch.optim",),
    # Its metrics of texts and pictures load networks from a path that they are given.
    "torchmetrics.metric.Metric": ("torchmetrics.classification", "torchmetrics.regression"),
}
"""By the base of a kind, the modules in which its trusted classes are defined."""

_CLOSED = {*sys.stdlib_module_names, "torch"}

_T = TypeVar("_T")


def import_class(key: str, target: str, base: type[_T], kind: str) -> type[_T]:
    """Return the class that `target` (``module.Class``) names.

    Args:
        key: of the configuration, for errors.
        target: module and class.
        base: what it must be a subclass of.
        kind: the base's name, for errors.

    Raises:
        ConfigError: when the configuration may not name it, or the module does not exist or holds no such class.
    """
    if not re.fullmatch(r"\w+(\.\w+)+", target):
        raise ConfigError(key, target, "must name a class as module.Class")
    found = _found(key, target, base)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise _nothing(key, target, base, kind)
    _require_trusted_home(key, target, found, base)
    return found


def import_callable(key: str, target: str, base: type[_T], kind: str) -> type[_T] | Callable[..., Any]:
    """Return the class, or the function that makes an object of it, that `target` (``module.name``) names.

    A function may return anything: its caller must check that.

    Args:
        key: of the configuration, for errors.
        target: module and class, or module and function.
        base: what a class must be a subclass of.
        kind: the base's name, for errors.

    Raises:
        ConfigError: when the configuration may not name it, or the module does not exist or holds no such thing.
    """
    if not re.fullmatch(r"\w+(\.\w+)+", target):
        raise ConfigError(key, target, "must name a class or a function as module.name")
    found = _found(key, target, base)
    if isinstance(found, type) and issubclass(found, base):
        _require_trusted_home(key, target, found, base)
        return found
    if not inspect.isfunction(found):
        raise _nothing(key, target, base, f"{kind} or function", with_functions=True)
    if not _is_trusted_function(found, base):
        raise _refusal(key, target, found.__module__, base, "the function is of ")
    return found


def _found(key: str, target: str, base: type) -> Any:
    """Return what `target` names, whatever that is; None where there is nothing of that name."""
    module_name, _, name = target.rpartition(".")
    if not _may_be_searched(module_name, base):
        raise _refusal(key, target, module_name, base)
    try:
        return getattr(importlib.import_module(module_name), name, None)
    except ModuleNotFoundError as error:
        raise ConfigError(key, target, f"no module named {error.name}; is the folder right?") from error
    except FAULTS as error:
        reason = f"cannot be imported ({told(error)})"
        raise ConfigError(key, target, reason) from error


def _require_trusted_home(key: str, target: str, cls: type, base: type) -> None:
    home = cls.__module__
    is_trusted = _package(home) == "regsweep" or _is_below(home, _libraries(base)) or _is_user_s(home)
    if not is_trusted:
        raise _refusal(key, target, home, base, "the class is of ")


def _may_be_searched(module_name: str, base: type) -> bool:
    """Return whether the module may be imported to look for a name. It need not define what it has of that name."""
    package = _package(module_name)
    is_library = any(_is_below(module_name, (each,)) or each.startswith(f"{module_name}.") for each in _libraries(base))
    # What does not exist may be searched: the import's own error names it.
    return package == "regsweep" or is_library or _is_user_s(module_name) or _spec(package) is None


def _libraries(base: type) -> tuple[str, ...]:
    return _LIBRARIES.get(f"{base.__module__}.{base.__qualname__}", ())


def _package(module_name: str) -> str:
    return module_name.partition(".")[0]


def _is_below(module_name: str, modules: tuple[str, ...]) -> bool:
    return any(module_name == module or module_name.startswith(f"{module}.") for module in modules)


def _is_trusted_function(function: Callable[..., Any], base: type) -> bool:
    return _is_user_s(function.__module__) or _is_network_of_torchvision(function, base)


def _is_network_of_torchvision(function: Callable[..., Any], base: type) -> bool:
    if not (_NETWORKS in _libraries(base) and _is_below(function.__module__, (_NETWORKS,))):
        return False
    models: ModuleType = importlib.import_module(_NETWORKS)
    return any(models.get_model_builder(name) is function for name in models.list_models())


def _is_user_s(module_name: str) -> bool:
    """Return whether the user trusts the module as a whole: it is the user's own, or its package allowed."""
    package = _package(module_name)
    spec = _spec(package)
    if spec is None or package == "regsweep" or not (spec.has_location or spec.submodule_search_locations):
        return False  # the last: built into the interpreter
    allowed = {name.strip() for name in os.environ.get(ALLOW_VARIABLE, "").split(",")}
    if package in allowed - _CLOSED:
        return True
    places = [Path(place).resolve() for place in (spec.submodule_search_locations or [str(spec.origin)])]
    return all(_is_own(place) for place in places)


def _spec(package: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(package)
    except ValueError:  # a module that was made without one
        return None


def _is_own(place: Path) -> bool:
    """Return whether `place` lies in the working folder and is not an installed package there."""
    installed = [Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "purelib", "platlib")]
    is_installed = any(folder in place.parents for folder in installed) or {
        "site-packages",
        "dist-packages",
    } & set(place.parts)
    return working_folder() in place.parents and not is_installed


def _refusal(key: str, target: str, module_name: str, base: type, what: str = "") -> ConfigError:
    package = _package(module_name)
    if package in _CLOSED or package == "regsweep":
        open_ones = [name for name in _libraries(base) if _package(name) == package]
        next_step = f"of {package} classes of {open_ones[0]} alone are" if open_ones else "name one of your own"
    else:
        next_step = f"if you trust it: export {ALLOW_VARIABLE}={package}"
    named = module_name if package in _CLOSED else package
    reason = f"{what}{named}{', which' if what else ''} is neither in the working folder ({working_folder()})"
    return ConfigError(key, target, f"{reason} nor allowed; {next_step}")


def _nothing(key: str, target: str, base: type, kind: str, *, with_functions: bool = False) -> ConfigError:
    """Return the error of a name that stands for nothing, with those that are near it and may be named."""
    module_name, _, name = target.rpartition(".")
    found = vars(importlib.import_module(module_name)).items()
    names = [
        each
        for each, value in found
        if not each.startswith("_")
        and (
            (isinstance(value, type) and issubclass(value, base) and value.__module__ == module_name)
            or (with_functions and inspect.isfunction(value) and _is_trusted_function(value, base))
        )
    ]
    return ConfigError(key, target, f"{module_name} has no {kind} of that name; {suggest(name, names)}")
