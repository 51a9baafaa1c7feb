"""Config groups inside a search: each combination of their options is a branch, with keys and ranges of its own.

Every branch is composed, as a trial of it will be, and what it is composed to decides: a key is searched in the
branches that have it, and a range that follows a group (``${ranges.${optimizer.name}}``, or ``${search}``, to which
each option adds lines of its own) is in each branch the one that is composed there.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any
from weakref import WeakKeyDictionary

from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from regsweep.errors import ConfigError
from regsweep.launcher.jobs import one_line
from regsweep.signatures import offer

Range = str | list[dict[str, Any]]
"""A range, or a value, as it is typed; or several, each {when: {parameter: value or list of values}, range: text}."""


_MADE: WeakKeyDictionary[ConfigLoader, dict[tuple[str, ...], DictConfig]] = WeakKeyDictionary()
"""Branches that were composed, by the loader and all overrides: each takes some 0.1 s, and is wanted several times."""


@dataclass(frozen=True)
class Branch:
    """One option of each config group that is searched.

    Attributes:
        choices: the option of each.
        config: what a trial with these options is composed to.
    """

    choices: Mapping[str, str]
    config: DictConfig

    @property
    def name(self) -> str:
        """Return the options as they are typed."""
        return " ".join(f"{group}={option}" for group, option in self.choices.items())

    def has(self, key: str) -> bool:
        """Return whether an override may set `key` here."""
        parents, _, last = key.rpartition(".")
        try:
            parent = OmegaConf.select(self.config, parents) if parents else self.config
        except OmegaConfBaseException:
            return True  # an interpolation that needs the values of a trial
        if isinstance(parent, ListConfig):
            return last.isdecimal() and int(last) < len(parent)
        return isinstance(parent, DictConfig) and last in list(parent)


def compose(config: DictConfig, loader: ConfigLoader, arguments: Sequence[str]) -> list[Branch]:
    """Return the branches of a search, in the order in which their options are listed; none where no group is searched.

    Args:
        config: of the sweep, with Hydra's own.
        loader: what composed it.
        arguments: the overrides of the command line, which come before ``hydra.sweeper.params``.

    Raises:
        ConfigError: naming the branch that cannot be composed.
    """
    given = parse(loader, arguments)
    typed = {override.get_key_element() for override in given}
    texts = {key: text for key, text in params_of(config).items() if key not in typed and isinstance(text, str)}
    every = [*parse(loader, [f"{key}={text}" for key, text in texts.items()]), *given]
    groups = {
        each.get_key_element(): _options(each) for each in every if each.is_sweep_override() and is_group(loader, each)
    }
    if not groups:
        return []
    fixed = [each for each in every if not each.is_sweep_override()]
    choices = [dict(zip(groups, options, strict=True)) for options in itertools.product(*groups.values())]
    return [Branch(each, _composed(config, loader, fixed, each)) for each in choices]


def read_ranges(
    config: DictConfig, loader: ConfigLoader, arguments: Sequence[str]
) -> tuple[list[str], dict[str, list[dict[str, Any]]]]:
    """Return what is searched and fixed: the overrides that every branch has, and by key the ranges of some of them.

    Raises:
        ConfigError: for a branch that cannot be composed, a key that none has, and what is no list of ranges.
    """
    _require_options(config, loader)
    branches = compose(config, loader, arguments)
    given = {each.get_key_element(): str(each.input_line) for each in parse(loader, arguments)}
    texts = {key: line.partition("=")[2] for key, line in given.items()}
    by_branch: list[tuple[Mapping[str, str], dict[str, Range]]] = []
    for branch in branches or [Branch({}, config)]:
        ranges = {**params_of(branch.config), **texts}
        kept = {key: each for key, each in ranges.items() if not branches or branch.has(key) or _is_whole(loader, key)}
        by_branch.append((branch.choices, kept))
    lost = next((key for key in given if not any(key in ranges for _, ranges in by_branch)), None)
    if lost is not None:
        names = ", ".join(branch.name for branch in branches)
        raise ConfigError(lost, texts[lost], f"no such key in any branch of this search ({names})")
    found = merged(by_branch, _chosen(config))
    lines = [given.get(key, f"{key}={text}") for key, text in found.items() if isinstance(text, str)]
    return lines, {key: value for key, value in found.items() if not isinstance(value, str)}


def keys_of_some(config: DictConfig, loader: ConfigLoader, arguments: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the keys that only some of the branches have, each with the options beside which it is there.

    A key that none has is not among them: Hydra refuses it.

    Raises:
        ConfigError: for a branch that cannot be composed.
    """
    params = {key: text for key, text in params_of(config).items() if isinstance(text, str)}
    given = parse(loader, [*(f"{key}={text}" for key, text in params.items()), *arguments])
    keys = dict.fromkeys(each.get_key_element() for each in given)
    below = [key for key in keys if "." in key and not _is_whole(loader, key)]
    if not below or not any(each.is_sweep_override() and is_group(loader, each) for each in given):
        return {}  # nothing depends on a group, and each branch takes some 0.1 s
    branches = compose(config, loader, arguments)
    every = [branch.choices for branch in branches]
    found = {key: [branch.choices for branch in branches if branch.has(key)] for key in below}
    return {key: where_of(some, every) for key, some in found.items() if 0 < len(some) < len(every)}


def merged(
    by_branch: Sequence[tuple[Mapping[str, str], Mapping[str, Range]]], composed: Mapping[str, str] | None = None
) -> dict[str, Range]:
    """Return the ranges of all branches: one that counts in every branch as it is, others each with its branches.

    Args:
        by_branch: the options of a branch, and its ranges by key.
        composed: the options of the config groups that are not searched.
    """
    found: dict[str, Range] = {}
    for key in dict.fromkeys(key for _, ranges in by_branch for key in ranges):
        places: dict[str, tuple[str, dict[str, Any], list[int]]] = {}
        for place, (choices, ranges) in enumerate(by_branch):
            for each in _counting(ranges.get(key, []), {**(composed or {}), **choices}):
                places.setdefault(repr(each), (each["range"], each["when"], []))[2].append(place)
        several = [
            {"when": {**where, **when}, "range": text}
            for text, when, at in places.values()
            for where in where_of([by_branch[place][0] for place in at], [choices for choices, _ in by_branch])
        ]
        is_one = len(several) == 1 and not several[0]["when"]
        found[key] = str(several[0]["range"]) if is_one else several
    return found


def params_of(config: DictConfig) -> dict[str, Range]:
    """Return ``hydra.sweeper.params`` as they are composed.

    Raises:
        ConfigError: for a list that is neither a value nor one of ranges.
    """
    params = config.hydra.sweeper.get("params") or {}
    plain: Any = OmegaConf.to_container(params, resolve=True) if OmegaConf.is_config(params) else params
    return {str(key): _range(str(key), value) for key, value in plain.items()}


def parse(loader: ConfigLoader, overrides: Sequence[str]) -> list[Override]:
    """Return overrides as Hydra reads them."""
    return OverridesParser.create(config_loader=loader).parse_overrides([str(each) for each in overrides])


def is_group(loader: ConfigLoader, override: Override) -> bool:
    """Return whether an override chooses from a config group."""
    return bool(loader.get_group_options(override.key_or_group, ObjectType.CONFIG))


def _range(key: str, value: Any) -> Range:
    if not isinstance(value, list) or not any(
        isinstance(each, dict) and each.keys() & {"when", "range"} for each in value
    ):
        return str(value)
    if all(isinstance(e, dict) and e.keys() == {"when", "range"} and isinstance(e["when"], dict) for e in value):
        return [{"when": each["when"], "range": str(each["range"])} for each in value]
    allowed = "several ranges are a list of {when: {parameter: value or list of values}, range: its range}"
    raise ConfigError(f"hydra.sweeper.params.{key}", value, allowed)


def _counting(value: Range, choices: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the ranges that may count with these options, each with what else it takes."""
    if isinstance(value, str):
        return [{"when": {}, "range": value}]
    return [
        {
            "when": {other: values for other, values in each["when"].items() if other not in choices},
            "range": each["range"],
        }
        for each in value
        if all(choices[other] in texts(values) for other, values in each["when"].items() if other in choices)
    ]


def texts(values: Any) -> list[str]:
    """Return one value, or each of a list, as it is typed."""
    return [str(each) for each in (values if isinstance(values, list) else [values])]


def where_of(some: Sequence[Mapping[str, str]], every: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return what `some` branches have in common that the others among `every` have not; one each where nothing is."""
    options = {group: list(dict.fromkeys(each[group] for each in some)) for group in every[0]}
    if prod(map(len, options.values())) > len(some):
        return [dict(each) for each in some]
    of_all = {group: {each[group] for each in every} for group in every[0]}
    kept = {group: found for group, found in options.items() if len(found) < len(of_all[group])}
    return [{group: found[0] if len(found) == 1 else found for group, found in kept.items()}]


def _require_options(config: DictConfig, loader: ConfigLoader) -> None:
    """Refuse a range that counts with an option that its config group does not have."""
    for key, value in params_of(config).items():
        for each in value if isinstance(value, list) else []:
            for group, values in each["when"].items():
                options = loader.get_group_options(group, ObjectType.CONFIG)
                for option in [text for text in texts(values) if options and text not in options]:
                    allowed = f"no such option; {offer(option, options, f'{group}=')}"
                    raise ConfigError(f"hydra.sweeper.params.{key}", f"{group}={option}", allowed)


def _chosen(config: DictConfig) -> dict[str, str]:
    choices = OmegaConf.to_container(config.hydra.runtime.choices)
    assert isinstance(choices, dict)
    return {str(group): str(option) for group, option in choices.items()}


def _is_whole(loader: ConfigLoader, key: str) -> bool:
    """Return whether `key` is composed rather than set: a config group, or one that is added or deleted."""
    name = key.lstrip("+~").partition("@")[0]
    return name != key or bool(loader.get_group_options(name, ObjectType.CONFIG))


def _options(override: Override) -> list[str]:
    if not override.is_discrete_sweep():
        allowed = "a config group is searched by its options, choice(…)"
        raise ConfigError(override.get_key_element(), str(override.get_value_string()), allowed)
    return list(override.sweep_string_iterator())


def _composed(
    config: DictConfig, loader: ConfigLoader, fixed: Sequence[Override], choices: Mapping[str, str]
) -> DictConfig:
    """Return a branch as it is composed, with what is fixed, as far as the branch has it."""
    lines = {each.get_key_element(): str(each.input_line) for each in fixed}
    chosen = [f"{group}={option}" for group, option in choices.items()]
    made = _MADE.setdefault(loader, {})
    key = (*map(str, config.hydra.overrides.hydra), "", *lines.values(), *chosen)
    if key not in made:
        made[key] = _load(config, loader, lines, choices)
    return made[key]


def _load(config: DictConfig, loader: ConfigLoader, lines: Mapping[str, str], choices: Mapping[str, str]) -> DictConfig:
    chosen = [f"{group}={option}" for group, option in choices.items()]
    try:
        try:
            return loader.load_sweep_config(config, [*lines.values(), *chosen])
        except HydraException:
            whole = [line for key, line in lines.items() if _is_whole(loader, key)]
            branch = Branch({}, loader.load_sweep_config(config, [*whole, *chosen]))
            kept = [line for key, line in lines.items() if line in whole or branch.has(key)]
            return loader.load_sweep_config(config, [*kept, *chosen])
    except (HydraException, OmegaConfBaseException) as error:
        group, _, option = str(getattr(error, "missing_cfg_file", None)).rpartition("/")
        if isinstance(error, MissingConfigException) and choices.get(group) == option:
            allowed = f"no such option; {offer(option, error.options or [], f'{group}=')}"
            raise ConfigError(group, option, allowed) from error
        name, _, option = " ".join(chosen).rpartition("=")
        raise ConfigError(name, option, f"cannot be composed ({one_line(error)})") from error
