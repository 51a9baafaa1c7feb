"""From Hydra's composed configuration to a validated one, and from Hydra's errors to one line."""

import re
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from hydra.errors import HydraException, MissingConfigException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from regsweep.config import RunConfig, validate
from regsweep.errors import ConfigError, RegsweepError
from regsweep.signatures import offer

NOT_OF_A_RUN = ("hydra", "sweep")
"""Top-level keys that describe the command or the search, not a run."""


def validate_composed(cfg: DictConfig) -> RunConfig:
    """Return the validated configuration of one run.

    Raises:
        ConfigError: for what is unknown, missing or not allowed.
    """
    masked = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key not in NOT_OF_A_RUN])
    try:
        values = OmegaConf.to_container(masked, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise one_line(error) from None
    assert isinstance(values, dict)
    return validate({str(key): value for key, value in values.items()})


def require_one_penalty(loader: ConfigLoader, config_name: str | None, overrides: list[str]) -> None:
    """Refuse presets of which more than one sets a penalty: the last would silently win.

    Raises:
        ConfigError: naming those presets.
    """
    chosen = loader.compute_defaults_list(config_name, overrides, RunMode.RUN).defaults
    presets = [entry.config_path for entry in chosen if (entry.config_path or "").startswith("regularizer/")]
    if len(presets) <= 2:  # noqa: PLR2004  (the base and one preset)
        return
    penalized = [preset for preset in presets if preset and _sets_penalty(loader, preset)]
    if len(penalized) > 1:
        names = [preset.partition("/")[2] for preset in penalized]
        raise ConfigError(
            "regularizer",
            f"[{','.join(names)}]",
            "each sets a penalty, and a run has one; choose one (elastic_net mixes L1 and L2)",
        )


def one_line(error: Exception) -> RegsweepError:
    """Return what Hydra or OmegaConf say over several lines as one line with a next step."""
    if isinstance(error.__cause__, RegsweepError):
        return error.__cause__
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        options = [name for name in error.options or _options_there(group, str(error)) if name != "base"]
        if options:
            return RegsweepError(f"{group}={option}: no such option; {offer(option, options, f'{group}=')}")
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else ""
    text = f"{error}\n{cause}"
    mistyped = re.match(r"Could not override '(.+?)'\.\nTo append to your config use \+(.+)", text)
    if mistyped and "full_key: hydra.sweeper.conditions." in text:  # a dictionary of the user's own names
        return RegsweepError(f"{mistyped[2]}: conditions are added with +; type +{mistyped[1]}=… instead")
    if mistyped:
        parent = mistyped[1].rpartition(".")[0]
        near = re.findall(r"Did you mean: '(.+?)'", text)
        meant = f"{parent}.{near[0]}" if near and parent else "".join(near)
        shown_by = "hydra" if parent.partition(".")[0] == "hydra" else "job"
        see = f"see the keys of {parent or 'the configuration'} with --cfg {shown_by}"
        hint = f"did you mean {meant}?" if meant else see
        return RegsweepError(f"{mistyped[2]}: no such key; {hint}")
    lines = [line.strip() for line in text.splitlines()]
    kept = [
        line
        for line in lines
        if line and not re.match(r"(full_key|reference_type|object_type|See https?|Set the env)", line)
    ]
    return RegsweepError(" ".join(dict.fromkeys(kept)) or type(error).__name__)


def _options_there(group: str, searched: str) -> list[str]:
    """Return the options of `group` where Hydra says that it searched: of an option in a list it names none."""
    path = ConfigSearchPathImpl()
    for provider, place in re.findall(r"^\s*provider=(.+?), path=(.+)$", searched, re.MULTILINE):
        path.append(provider, place)
    return ConfigRepository(path).get_group_options(group, ObjectType.CONFIG)


def is_hydras_own(error: ValueError) -> bool:
    """Return whether Hydra raised `error` itself while composing (``model=null``), not something that it called."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__")).startswith("hydra.")


def interrupt_behind(error: BaseException) -> KeyboardInterrupt | None:
    """Return the interrupt that `error` came of: OmegaConf's clean-up may stumble over what one left half done."""
    behind: BaseException | None = error
    while behind is not None and not isinstance(behind, KeyboardInterrupt):
        behind = behind.__context__
    return behind


HYDRA_ERRORS: tuple[type[Exception], ...] = (HydraException, OmegaConfBaseException)


def _sets_penalty(loader: ConfigLoader, preset: str) -> bool:
    if preset == "regularizer/base":
        return False
    assert isinstance(loader, ConfigLoaderImpl)
    # Its own keys alone: a preset that is composed of others has no penalty of its own.
    loaded: Any = loader.repository.load_config(preset)
    return OmegaConf.select(loaded.config, "penalty", default=None) not in (None, "none")
