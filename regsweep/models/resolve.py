"""From a class's name in the configuration to a network. Which modules may be imported is restricted.

A configuration is data and may come from someone else, so it cannot name just any Python object: only a
subclass of `torch.nn.Module`, in a module of this package, of the user's working folder, or of a package that
the user allowed by name in the environment variable REGSWEEP_ALLOW_MODULES (comma-separated).
"""

import importlib
import importlib.util
import os
import sysconfig
from pathlib import Path

from torch import nn

from regsweep.config import ModelConfig
from regsweep.errors import ConfigError, show
from regsweep.paths import working_folder
from regsweep.signatures import parameters_of, select_accepted, suggest

ALLOW_VARIABLE = "REGSWEEP_ALLOW_MODULES"
GIVEN = ("input_shape", "num_classes", "dropout", "batch_norm")


def resolve_class(target: str) -> type[nn.Module]:
    """Return the network class that `target` (``module.Class``) names.

    Raises:
        ConfigError: when the module may not be imported, does not exist, or holds no such network.
    """
    module_name, _, class_name = target.rpartition(".")
    package = module_name.partition(".")[0]
    if not _is_allowed(package):
        raise ConfigError(
            "model._target_",
            target,
            f"{package} is neither in the working folder ({working_folder()}) nor allowed; "
            f"if you trust it: export {ALLOW_VARIABLE}={package}",
        )
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ConfigError("model._target_", target, f"no module named {error.name}; is the folder right?") from error
    except Exception as error:
        reason = f"cannot be imported ({type(error).__name__}: {show(error)})"
        raise ConfigError("model._target_", target, reason) from error
    found = vars(module).get(class_name)
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        networks = [
            name for name, value in vars(module).items() if isinstance(value, type) and issubclass(value, nn.Module)
        ]
        raise ConfigError(
            "model._target_",
            target,
            f"{module_name} has no torch.nn.Module of that name; {suggest(class_name, networks)}",
        )
    return found


def has_place_for(cls: type[nn.Module], name: str) -> bool:
    """Return whether the network takes `name` (``dropout`` or ``batch_norm``)."""
    return name in parameters_of(cls)


def build_model(
    config: ModelConfig,
    *,
    input_shape: tuple[int, int, int],
    num_classes: int,
    dropout: float,
    batch_norm: bool | None,
) -> nn.Module:
    """Return the network, its initial weights drawn from torch's global generator.

    Raises:
        ConfigError: for a parameter that the class does not know or refuses, and for dropout or BatchNorm
            that it has no place for.
    """
    cls = resolve_class(config.target)
    for name, value, is_asked in (
        ("dropout", dropout, dropout != 0),
        ("batch_norm", batch_norm, batch_norm is True),
    ):
        if is_asked and not has_place_for(cls, name):
            raise ConfigError(
                f"regularizer.{name}",
                value,
                f"{cls.__name__} has no place for it; choose another model or leave it off",
            )
    known = parameters_of(cls)
    for name, value in config.parameters.items():
        if name in GIVEN or name not in known:
            own = [parameter for parameter in known if parameter not in GIVEN]
            raise ConfigError(f"model.{name}", value, f"{cls.__name__} has no such parameter; {suggest(name, own)}")
    given = {"input_shape": input_shape, "num_classes": num_classes, "dropout": dropout}
    if batch_norm is not None:
        given["batch_norm"] = batch_norm
    try:
        return cls(**select_accepted(cls, given), **config.parameters)
    except Exception as error:
        settings = "".join(f" model.{name}={show(value)}" for name, value in config.parameters.items())
        reason = f"cannot be built for images of {input_shape} with{settings or ' its defaults'}"
        raise ConfigError(
            "model._target_", config.target, f"{reason} ({type(error).__name__}: {show(error)})"
        ) from error


def _is_allowed(package: str) -> bool:
    allowed = {name.strip() for name in os.environ.get(ALLOW_VARIABLE, "").split(",")}
    if package == "regsweep" or package in allowed:
        return True
    spec = importlib.util.find_spec(package) if package else None
    if spec is None:
        return True  # nothing to import; the import's own error says so
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
