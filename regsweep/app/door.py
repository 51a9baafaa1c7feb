"""From Hydra's composed configuration to a validated one, and from Hydra's errors to one line."""

import re
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException, MissingConfigException
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from regsweep.chosen import NO_PENALTY, no_method, shared_settings
from regsweep.config import IMPOSSIBLE_OPTIMIZERS, NOT_SETTINGS, RunConfig, validate
from regsweep.errors import RegsweepError, show
from regsweep.methods import Method
from regsweep.regularizers import METHODS
from regsweep.signatures import offer
from regsweep.sweeper import hydra_private
from regsweep.sweeper.settings import range_below_params

_IMPOSSIBLE = {name.lower(): reason for name, reason in IMPOSSIBLE_OPTIMIZERS.items()}

NOT_OF_A_RUN = ("hydra", "search", "ranges")
"""Top-level keys that describe the command or the search, not a run."""

OWN_SWEEPER = "searches with regsweep's own sweeper, for which parameters depend on each other; leave hydra/sweeper out"
"""Why another sweeper cannot run ``sweep=regularization``, and what to do."""

RANGES_OF_KEYS = "a range stands at the key itself, 'regularizer.l1.lambda=tag(log,interval(1e-4,1e-3))' for example"
"""How the range of a search is changed."""

ConfigStore.instance().store(group="regularizer", name="base", node=no_method(), provider="regsweep")


def validate_composed(cfg: DictConfig) -> RunConfig:
    """Return the validated configuration of one run.

    Raises:
        ConfigError: for what is unknown, missing or not allowed.
    """
    return validate_unresolved(unresolved(cfg))


def unresolved(cfg: DictConfig) -> dict[str, Any]:
    """Return what a composed configuration has for a run, as plain values, interpolations as they are written."""
    values = OmegaConf.to_container(cfg, resolve=False)
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items() if key not in NOT_OF_A_RUN}


def validate_unresolved(values: dict[str, Any]) -> RunConfig:
    """Return the validated configuration of one run.

    OmegaConf, which is slow, is asked only where there is something to resolve: a sweep validates hundreds.

    Raises:
        ConfigError: for what is unknown, missing or not allowed.
    """
    return validate(_resolved(values) if _is_unresolved(values) else values)


def with_value(values: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Return the plain `values` of a run with `value` at the dotted `key`; what does not change is shared.

    Raises:
        RegsweepError: for a setting of a method that its preset did not choose, as where Hydra composes a trial.
    """
    if re.search(r"\[|\.\d", key):  # within a list
        cfg = OmegaConf.create(values)
        OmegaConf.update(cfg, key, value, merge=False)
        return unresolved(cfg)
    *parents, last = key.split(".")
    changed = node = dict(values)
    for name in parents:
        child = node.get(name)
        if node is not changed and parents[0] == "regularizer" and not isinstance(child, dict):
            raise _no_setting(key, f"{key}={show(value)}")
        node[name] = node = dict(child) if isinstance(child, dict) else {}
    node[last] = value
    return changed


def _is_unresolved(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_is_unresolved, value.values()))
    if isinstance(value, list):
        return any(map(_is_unresolved, value))
    return isinstance(value, str) and ("${" in value or value == MISSING)


def _resolved(values: dict[str, Any]) -> dict[str, Any]:
    try:
        resolved = OmegaConf.to_container(OmegaConf.create(values), resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise one_line(error) from None
    assert isinstance(resolved, dict)
    return {str(key): value for key, value in resolved.items()}


def one_line(error: Exception) -> RegsweepError:
    """Return an error that Hydra or OmegaConf print over several lines as one line with a next step."""
    if isinstance(error.__cause__, RegsweepError):
        return error.__cause__
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and (line := _no_option(error)):
        return RegsweepError(line)
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else ""
    text = f"{error}\n{cause}"
    sweep = re.search(r"In 'sweep/(\w+)': .*\bKey '\w+' not in '\w+SweeperConf'", text, re.DOTALL)
    if sweep:
        return RegsweepError(f"sweep={sweep[1]}: {OWN_SWEEPER}")
    ranged = re.search(r"\bhydra\.sweeper\.params\.([^=\s]+)=(.+)$", text, re.MULTILINE)
    if ranged:
        return range_below_params(ranged[1], ranged[2].strip("'\""))
    mistyped = re.match(r"Could not override '(.+?)'\.\nTo append to your config use \+(.+)", text)
    if mistyped:
        return _mistyped(mistyped[1], mistyped[2], text)
    lines = [line.strip() for line in text.splitlines()]
    kept = [
        line
        for line in lines
        if line and not re.match(r"(full_key|reference_type|object_type|See https?|Set the env)", line)
    ]
    return RegsweepError(" ".join(dict.fromkeys(kept)) or type(error).__name__)


def _no_option(error: MissingConfigException) -> str | None:
    """Return the line on an option that its config group does not have; None where no others are known."""
    group, _, option = str(error.missing_cfg_file).rpartition("/")
    reason = _IMPOSSIBLE.get(option.replace("_", "").lower()) if group == "optimizer" else None
    if reason is not None:
        return f"{group}={option}: {reason}"
    options = [name for name in error.options or _options_there(group, str(error)) if name != "base"]
    return f"{group}={option}: no such option; {offer(option, options, f'{group}=')}" if options else None


def _mistyped(key: str, override: str, text: str) -> RegsweepError:
    """Return the error of a key that is not there; `text` is Hydra's."""
    if "full_key: hydra.sweeper.conditions." in text:  # a dictionary of the user's own names
        return RegsweepError(f"{override}: conditions are added with +; type +{key}=… instead")
    if key.startswith("sweep."):
        return RegsweepError(f"{override}: {RANGES_OF_KEYS}")
    if key.startswith("regularizer."):
        return _no_setting(key, override)
    if key.startswith("optimizer."):
        return _no_setting_of_optimizer(key, override, text)
    parent = key.rpartition(".")[0]
    near = re.findall(r"Did you mean: '(.+?)'", text)
    meant = f"{parent}.{near[0]}" if near and parent else "".join(near)
    shown_by = "hydra" if parent.partition(".")[0] == "hydra" else "job"
    see = f"see the keys of {parent or 'the configuration'} with --cfg {shown_by}"
    return RegsweepError(f"{override}: no such key; {f'did you mean {meant}?' if meant else see}")


def _no_setting_of_optimizer(key: str, override: str, text: str) -> RegsweepError:
    """Return the error of a key below ``optimizer`` that its preset does not have; `text` is Hydra's."""
    name = key.removeprefix("optimizer.")
    if name in NOT_SETTINGS:
        return RegsweepError(f"{override}: {NOT_SETTINGS[name]}")
    if name == "_target_":
        return RegsweepError(f"{override}: choose the preset for a class first: optimizer=own {override}")
    near = re.findall(r"Did you mean: '(.+?)'", text)
    meant = f"did you mean optimizer.{near[0]}? " if near else ""
    return RegsweepError(f"{override}: no such key; {meant}a further setting of its class is added with +{override}")


def _no_setting(key: str, override: str) -> RegsweepError:
    """Return the error of a key below ``regularizer`` that is not there: a method's that was not chosen, or none's."""
    _, name, *rest = key.split(".")
    if name == "penalty":
        return RegsweepError(f"{override}: {NO_PENALTY}")
    if name in METHODS and rest:
        known = METHODS[name].setting_fields()
        if rest[0] not in known:
            return RegsweepError(f"{override}: no such setting; {offer(rest[0], known, f'regularizer.{name}.')}")
        return _not_chosen(METHODS[name], override)
    near = offer(name, [*METHODS, *shared_settings()], "regularizer.")
    own = f"; for a method of your own, choose its preset first: regularizer={name}" if rest else ""
    return RegsweepError(f"{override}: no such method; {near}{own}")


def _not_chosen(method: type[Method], override: str) -> RegsweepError:
    """Return the error of a setting of a method that has none here: not chosen, or chosen by its short form."""
    name, main = method.name, method.main_setting() or "use"
    return RegsweepError(
        f"{override}: {method.title} has no settings here; choose its preset, regularizer={name}, and set "
        f"regularizer.{name}.{main}, not the short form regularizer.{name}=…, which replaces them all"
    )


def _options_there(group: str, searched: str) -> list[str]:
    """Return the options of `group` in the places that Hydra's error lists: of an option in a list it names none."""
    places = re.findall(r"^\s*provider=(.+?), path=(.+)$", searched, re.MULTILINE)
    return hydra_private.options_in(group, places)


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
