"""What ``regsweep compare`` compares: contestants, each with a search of its own, and what that is started with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, QuotedString
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from regsweep.app import dry_run
from regsweep.app.door import one_line
from regsweep.app.grammar import literal
from regsweep.app.start import as_typed
from regsweep.chosen import Use, choose, no_method, shared_settings
from regsweep.errors import ConfigError
from regsweep.names import place_of
from regsweep.report.regularization import BATCH_NORM, DROPOUT, takes_out
from regsweep.started import Command

BASELINE = "none"
"""Key of the network without regularization, which is always compared with."""

TAKEN_OUT = (BATCH_NORM, DROPOUT)
"""Methods of which a network may have something of its own, that all others are without where they are compared."""

_SET_HERE = {
    "trainer.test": "the test set is opened on fresh seeds alone",
    "optimizer.lr": "a comparison tunes the learning rate of each; give a range, optimizer.lr='interval(0.01,0.1)'",
    "sweep": "a comparison makes the searches of sweep=regularization",
    "hydra/sweeper": "a comparison makes the searches of regsweep's own sweeper",
    "hydra.sweeper.params": "a range stands at its key, optimizer.lr='interval(0.01,0.1)' for example",
    "hydra.sweeper.initial_trials": "trial 0 of each search has the settings of its presets",
    "hydra.sweeper.conditions": "a comparison has none",
    "hydra.sweeper.study_name": "each search has a name of its own",
    "hydra.sweeper.storage": "each search has a study of its own in its folder",
}
"""Keys that a comparison sets itself, each with the reason."""

_SEARCHED = "optimizer.lr"
"""The one of them that may have a range."""

_N_TRIALS = "hydra.sweeper.n_trials"
_EXAMPLE = "regularizer=l1,l2,[l2,dropout] for example"


@dataclass(frozen=True)
class Contestant:
    """A method or a mixture, or the network without one.

    Attributes:
        key: its name in the folder of the comparison.
        options: the presets that were named.
        title: in plain words.
        methods: the names of its methods.
        overrides: what its search is started with, beside what all have.
        timed: the overrides of one run at the settings of its presets, each method with its whole node.
        titles: of its methods.
    """

    key: str
    options: list[str]
    title: str = ""
    methods: list[str] = field(default_factory=list)
    overrides: list[str] = field(default_factory=list)
    timed: dict[str, str] = field(default_factory=dict)
    titles: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Typed:
    """What was typed.

    Attributes:
        contestants: the presets of each.
        for_all: overrides that every search has.
        ranges: those of them that are ranges.
        of_methods: overrides of settings of methods.
        folder: of the comparison; None: Hydra's own choice.
        num_trials: of each search; None: as many as a search has by default.
    """

    contestants: list[list[str]]
    for_all: list[str]
    ranges: list[str]
    of_methods: list[Override]
    folder: str | None
    num_trials: int | None


def read_typed(arguments: Sequence[str]) -> Typed:
    """Return what was typed behind ``regsweep compare``, its flags left out.

    Raises:
        ConfigError: for a list of anything but contestants, no or a wrong contestant, a key that a comparison sets.
        RegsweepError: for what is no override.
    """
    try:
        overrides = OverridesParser.create().parse_overrides(list(arguments))
    except HydraException as error:
        raise one_line(error) from error
    contestants: list[list[str]] | None = None
    for_all: list[str] = []
    ranges: list[str] = []
    of_methods: list[Override] = []
    folder = num_trials = None
    for override in overrides:
        key, text = override.get_key_element(), _text(override)
        if key.lstrip("+~") == "regularizer":
            if contestants is not None:
                raise ConfigError(key, text, "is given twice; name all contestants in one list")
            contestants = _contestants(override)
        elif _is_list(override.value()) or (key == "seed" and override.is_sweep_override()):
            allowed = "a comparison has a list of contestants alone, under regularizer; each search has choice(…)"
            raise ConfigError(key, text, allowed)
        elif key in _SET_HERE and not (override.is_sweep_override() and key == _SEARCHED):
            raise ConfigError(key, text, f"{_SET_HERE[key]}; leave it out")
        elif key in ("n_trials", _N_TRIALS):
            num_trials = _count(key, override.value())
        elif key == "hydra.sweep.dir":
            folder = str(override.value())
        elif override.key_or_group.startswith("regularizer."):
            of_methods.append(override)
        else:
            for_all.append(str(override.input_line))
            ranges += for_all[-1:] if override.is_sweep_override() else []
    if contestants is None:
        raise ConfigError("regularizer", "", f"name what is compared, {_EXAMPLE}")
    return Typed(contestants, for_all, ranges, of_methods, folder, num_trials)


def _is_list(value: Any) -> bool:
    """Return whether values are listed as contestants are; what a search chooses from is written ``choice(…)``."""
    return isinstance(value, ChoiceSweep) and value.simple_form


def _contestants(override: Override) -> list[list[str]]:
    value = override.value()
    found: list[list[str]] = []
    for each in value.list if isinstance(value, ChoiceSweep) else [value]:
        options = [_plain(option) for option in (each if isinstance(each, list) else [each])]
        if not options or not all(isinstance(option, str) and option for option in options):
            raise ConfigError("regularizer", _text(override), f"a contestant is a preset or a list of them, {_EXAMPLE}")
        if len(set(options)) < len(options):
            raise ConfigError("regularizer", _text(override), "a contestant names a preset twice; leave one out")
        if BASELINE in options:
            allowed = "the network without regularization is compared with in any case; leave it out"
            raise ConfigError("regularizer", _text(override), allowed)
        found.append(options)
    return found


def compose(typed: Typed, command: Command, begun: Sequence[str] | None = None) -> tuple[list[Contestant], DictConfig]:
    """Return the baseline and the contestants, each with the overrides of its search, and the baseline's configuration.

    Args:
        typed: what was typed.
        command: working folder and import path, and as arguments the flags that every search has.
        begun: the keys of those that have run; None where none has. What they have of `TAKEN_OUT` others are without.

    Raises:
        ConfigError: where a method would reach the baseline, a contestant is named twice or chooses no method, and for
            a setting of a method that none has.
    """
    base = [*command.arguments, "sweep=regularization", *typed.for_all]

    def composed(options: str) -> DictConfig:
        arguments = ["-m", *base, f"regularizer={options}"]
        return dry_run.compose(replace(command, arguments=arguments))

    def chosen(config: DictConfig) -> list[Use]:
        with _where_own_methods_lie(command):
            return choose(_plain(config.regularizer)).in_use

    bare = composed(BASELINE)
    reached = chosen(bare)
    if reached:
        allowed = "reaches the baseline, which has no method; name contestants under regularizer alone"
        raise ConfigError(f"regularizer.{reached[0].method.name}", "…", allowed)
    contestants: list[Contestant] = []
    by_node: dict[str, str] = {}
    for options in typed.contestants:
        key, listed = "+".join(options), f"[{','.join(options)}]"
        config = composed(listed)
        node, uses = _plain(config.regularizer), chosen(config)
        if not uses:
            raise ConfigError("regularizer", listed, "chooses no method; leave it out")
        other = by_node.setdefault(repr(node), key)
        if other != key or key in [each.key for each in contestants]:
            raise ConfigError("regularizer", listed, f"is named twice{f', as {other} too' if other != key else ''}")
        names = [use.method.name for use in uses]
        used = [f"regularizer.{name}.use=true" for name in names]
        contestants.append(
            Contestant(
                key,
                options,
                " + ".join(use.title for use in sorted(uses, key=place_of)),
                names,
                [f"regularizer={listed}", *used],
                _timed(node),
                [use.title for use in sorted(uses, key=place_of)],
            )
        )
    baseline = Contestant(BASELINE, [BASELINE], "no regularization", [], [f"regularizer={BASELINE}"], _timed({}))
    _require_had(typed.of_methods, contestants)
    first = [each for each in contestants if begun is None or each.key in begun]
    taken_out = [name for name in TAKEN_OUT if any(name in each.methods for each in first)]
    return [_with_settings(each, typed.of_methods, taken_out) for each in (baseline, *contestants)], bare


def _with_settings(contestant: Contestant, given: Sequence[Override], taken_out: Sequence[str]) -> Contestant:
    """Return it with the settings of its methods; where BatchNorm or dropout is compared, all others are without."""
    own = [each for each in given if _is_of(each, contestant) or _taken_out_by(each) not in (None, *taken_out)]
    added = {f"regularizer.{name}": "false" for name in taken_out if name not in contestant.methods}
    lines = [str(override.input_line) for override in own]
    return replace(
        contestant,
        overrides=[*contestant.overrides, *lines, *(f"{key}={value}" for key, value in added.items())],
        timed=contestant.timed | added,
    )


def _timed(node: Mapping[str, Any]) -> dict[str, str]:
    """Return the overrides of a run with these methods; a trial cannot name a key that only its own presets have."""
    known, chosen = no_method(), {name: each for name, each in node.items() if each is not None}
    signs = {name: "" if name in known else "++" for name in chosen}
    return {"regularizer": BASELINE} | {
        f"{signs[name]}regularizer.{name}": literal(each) for name, each in chosen.items()
    }


def _require_had(given: Sequence[Override], contestants: Sequence[Contestant]) -> None:
    for override in given:
        is_of_one = any(_is_of(override, contestant) for contestant in contestants)
        if not is_of_one and not _taken_out_by(override):
            allowed = "no contestant has such a method; name it under regularizer"
            raise ConfigError(override.get_key_element(), _text(override), allowed)


def _taken_out_by(override: Override) -> str | None:
    """Return what an override takes out of the network of all, where it is no contestant."""
    return takes_out(str(override.input_line))


def require_its_methods(contestant: Contestant, command: Command, config: DictConfig) -> None:
    """Refuse settings that leave a contestant without one of its methods, or give it another.

    Args:
        contestant: with all its overrides.
        command: working folder and import path.
        config: what its search is composed to.

    Raises:
        ConfigError: naming the method.
    """
    with _where_own_methods_lie(command):
        names = [use.method.name for use in choose(_plain(config.regularizer)).in_use]
    for name in {*names} ^ {*contestant.methods}:
        allowed = f"contestant {contestant.title} would {'' if name in names else 'not '}use it; leave that setting out"
        raise ConfigError(f"regularizer.{name}", "…", allowed)


def _where_own_methods_lie(command: Command) -> AbstractContextManager[None]:
    place = command.working_folder
    return as_typed([], Path(place), [place, *command.import_path])


def _is_of(override: Override, contestant: Contestant) -> bool:
    """Return whether a contestant has the method, or the penalty, whose setting this is."""
    name = override.key_or_group.split(".")[1]
    penalties = [method.name for method in shared_settings().get(name, [])]
    return any(each in contestant.methods for each in penalties or [name])


def _count(key: str, value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ConfigError(key, value, "must be a whole number of 1 or more")
    return value


def _plain(value: Any) -> Any:
    if OmegaConf.is_config(value):
        return OmegaConf.to_container(value, resolve=True)
    return value.text if isinstance(value, QuotedString) else value


def _text(override: Override) -> str:
    return str(override.get_value_string()) if override.value_type is not None else ""
