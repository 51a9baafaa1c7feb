"""The values that a sweep will try: all are checked before the first trial starts."""

import functools
import itertools
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.errors import MissingConfigException
from omegaconf import DictConfig, OmegaConf, open_dict

from regsweep import objectives
from regsweep.app import door, objective, searched
from regsweep.app.short_forms import require_one_key
from regsweep.app.sweeper_kinds import is_grid, is_optuna, is_own_grid, is_stock_optuna
from regsweep.app.sweeper_settings import check_settings, require_launcher, require_made
from regsweep.config import RunConfig
from regsweep.errors import ConfigError, show
from regsweep.methods import Method
from regsweep.regularizers import METHODS
from regsweep.sweeper import hydra_private
from regsweep.sweeper.branches import Branch, compose, keys_of_some, read_ranges, texts, where_of
from regsweep.sweeper.grid import read_grid
from regsweep.sweeper.search import Search, read_search
from regsweep.sweeper.settings import require_keys_of_params, require_sensible
from regsweep.sweeper.space import LEFT_OUT, Condition, is_met, parse_conditions, read_trials, text_of

MOST_COMBINATIONS = 500
"""Of an Optuna space, at most this many combinations are checked beyond each value by itself."""


def check(config: DictConfig, loader: ConfigLoader) -> tuple[list[str], list[str]]:
    """Validate every combination of listed values and bounds that the sweep can try, and build each kind of trial.

    A method that the network has no place for leaves ``hydra.sweeper.params``, with a line each. A grid is checked
    whole, as it will be run. Of an Optuna space every value and bound is checked beside the others' first and last
    ones, and then the combinations, up to `MOST_COMBINATIONS`. Values come first, which takes no torch: a mistake is
    refused at once.

    Returns:
        Lines to print: on what is searched, and on the data.

    Raises:
        ConfigError: for the first combination that is not allowed.
    """
    require_launcher(str(config.hydra.launcher.get("_target_")))
    require_keys_of_params(config.hydra.sweeper)
    with _explained():
        return _settled_and_checked(config, loader)


@contextmanager
def _explained() -> Iterator[None]:
    """Say of an option that is not there what is said of one without a search: why there is none, or what is near."""
    try:
        yield
    except ConfigError as error:
        behind: BaseException | None = error
        while behind is not None and not isinstance(behind, MissingConfigException):
            behind = behind.__cause__
        if behind is None:
            raise
        raise door.one_line(behind) from error


def _settled_and_checked(config: DictConfig, loader: ConfigLoader) -> tuple[list[str], list[str]]:
    if not (is_optuna(config) and searched.is_search_of_presets(config)):
        require_one_key(config.hydra.overrides.task)
        return _checked(config, loader)
    if is_stock_optuna(config):
        raise ConfigError("sweep", config.hydra.runtime.choices.get("sweep"), door.OWN_SWEEPER)
    typed = searched.settle(config, loader)
    try:
        return _checked(config, loader, is_search_of_presets=True)
    except ConfigError as error:
        raise ConfigError(typed.get(error.key, error.key), error.value, error.allowed) from error


def _checked(
    config: DictConfig, loader: ConfigLoader, *, is_search_of_presets: bool = False
) -> tuple[list[str], list[str]]:
    """Check the sweep, and return what there is to print: on what is searched, and on the data."""
    if is_optuna(config):
        branches = [] if is_stock_optuna(config) else compose(config, loader, _typed(config))
        check_settings(config, _swept_keys(config, loader), branches)
    elif is_own_grid(config):
        require_sensible(config.hydra)
    runs = _runs(config, loader)
    objective.settle(config, _swept_keys(config, loader), runs, partial(_with_torch, config))
    if is_optuna(config):  # after the values, of which a pruner may be made
        for group in ("sampler", "pruner"):
            require_made(group, config.hydra.sweeper.get(group))
    if is_own_grid(config):
        require_folders(config, read_grid(config.hydra.sweeper, _typed(config), loader, config), loader)
    lines = []
    if is_search_of_presets:
        left_out = _leave_out_without_place(config, loader, runs)
        runs = _runs(config, loader) if left_out else runs
        lines = [searched.describe(config, loader), *left_out]
    if is_optuna(config) and not is_stock_optuna(config):
        read_search(config.hydra.sweeper, _typed(config), config, loader)
    return lines, _with_torch(config, require_all_buildable, runs)


def _typed(config: DictConfig) -> list[str]:
    return [str(override) for override in config.hydra.overrides.task]


def require_folders(config: DictConfig, grid: Search, loader: ConfigLoader) -> None:
    """Refuse folders of a grid's trials (``hydra.sweep.subdir``) of which two trials would have the same.

    Raises:
        ConfigError: naming the two.
    """
    template = str(OmegaConf.to_container(config.hydra.sweep, resolve=False)["subdir"])  # type: ignore[call-overload, index]
    left_out = config.hydra.job.config.override_dirname.exclude_keys
    if "hydra.job.num" in template or ("hydra.job.override_dirname" in template and not left_out):
        return
    numbers: dict[str, int] = {}
    for number, drawn in enumerate(grid.initial):
        trial = loader.load_sweep_config(config, grid.space.overrides_of(drawn))
        with open_dict(trial.hydra.job):
            trial.hydra.job.num, trial.hydra.job.id = number, str(number)
        place = str(OmegaConf.select(trial, "hydra.sweep.subdir"))
        other = numbers.setdefault(place, number)
        if other != number:
            allowed = f"trials {other} and {number} would both lie in {place}; add ${{hydra.job.num}} to it"
            raise ConfigError("hydra.sweep.subdir", template, allowed)


def _with_torch(config: DictConfig, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call what needs torch: where a pool's server is importing it anyway, there, which saves seconds here."""
    if not str(config.hydra.launcher.get("_target_")).endswith("PoolLauncher") or "torch" in sys.modules:
        return function(*arguments)
    from regsweep.launcher.pool import call  # noqa: PLC0415  (joblib)

    return call(function, *arguments)


def require_all_buildable(runs: list[RunConfig]) -> list[str]:
    """Build what can fail of each run, and return the lines that describe their data.

    Raises:
        RegsweepError: for the first that cannot be built, or has no validation images.
    """
    from regsweep.build import require_buildable  # noqa: PLC0415  (torch)
    from regsweep.data import describe  # noqa: PLC0415  (torch)

    lines: dict[str, None] = {}
    taking: list[tuple[object, ...]] = []
    for run in runs:
        network = (run.model, run.dataset, run.trainer.batch_size)
        dataset, of_network = require_buildable(run, takes_batches=network in taking)
        taking.append(network)
        if dataset.validation is None:
            raise ConfigError(
                "dataset.val_fraction",
                run.dataset.val_fraction,
                "a sweep chooses on validation examples; set it above 0, for example 0.1",
            )
        judged = objectives.objective_of(run.objective, dataset.kind, run.objective_direction)
        lines.update(dict.fromkeys([*describe(dataset), *objectives.describe(judged), *of_network]))
    return list(lines)


def _leave_out_without_place(config: DictConfig, loader: ConfigLoader, runs: list[RunConfig]) -> list[str]:
    """Leave the methods that nobody named and the network has no place for out of the search; return a line each."""
    branches = compose(config, loader, _typed(config))
    if branches:
        return _leave_out_in_branches(config, loader, branches)
    target, names = OmegaConf.select(config, "model._target_"), searched.unnamed_methods(config)
    if target is None or not names:
        return []
    reasons: dict[str, str] = _with_torch(config, without_place, runs[0], names)
    for name in reasons:
        searched.leave_out(config, name)
    return [f"{METHODS[name].title} leaves the search: {reason}" for name, reason in reasons.items()]


def _leave_out_in_branches(config: DictConfig, loader: ConfigLoader, branches: Sequence[Branch]) -> list[str]:
    """Leave the methods that only some of the networks have a place for out of the branches of the others.

    One that none of the networks has a place for leaves the search where nobody named it; else it is refused later.
    """
    names, unnamed = searched.switched_methods(config, loader), searched.unnamed_methods(config)
    runs = [door.validate_composed(branch.config) for branch in branches]
    targets = [json.dumps(run.model.model_dump()) for run in runs]
    reasons: dict[str, dict[str, str]] = {
        target: _with_torch(config, without_place, run, names) if names else {}
        for target, run in dict(zip(targets, runs, strict=True)).items()
    }
    lines = []
    for name in names:
        lacking = [reasons[target][name] for target in dict.fromkeys(targets) if name in reasons[target]]
        with_place = [b.choices for b, target in zip(branches, targets, strict=True) if name not in reasons[target]]
        title, why = METHODS[name].title if name in METHODS else name, "; ".join(lacking)
        if not with_place and name in unnamed:
            searched.leave_out(config, name)
            lines.append(f"{title} leaves the search: {why}")
        elif lacking and with_place:
            place, *others = where_of(with_place, [branch.choices for branch in branches])
            if not others:
                searched.leave_out_where(config, name, place)
                searched_with = " ".join(f"{group}={'|'.join(texts(some))}" for group, some in place.items())
                lines.append(f"{title} is searched with {searched_with} alone: {why}")
    return lines


def without_place(run: RunConfig, names: list[str]) -> dict[str, str]:
    """Return those of the methods `names` that the network of `run` has no place for, each with the reason."""
    from regsweep.build import find_without_place  # noqa: PLC0415  (torch)

    return find_without_place(run, names)


def _runs(config: DictConfig, loader: ConfigLoader) -> list[RunConfig]:
    """Return the validated configurations of the combinations, one of each kind that is built differently."""
    candidates = _candidates(config, loader)
    groups = [each for each in candidates if _is_group(loader, each.key)]
    plain = [each for each in candidates if each not in groups]
    conditions = parse_conditions(config.hydra.sweeper.get("conditions"))
    runs: dict[str, RunConfig] = {}
    given = {override.get_key_element(): override for override in _parse(loader, config.hydra.overrides.task)}
    fixed_keys = {key for key, override in given.items() if not override.is_sweep_override()}
    composed = {each.overrides[0] for each in candidates if each.key in fixed_keys}

    def take(choices: Iterable[str], combinations: Iterable[tuple[str, ...]]) -> None:
        chosen = list(choices)
        # Composing takes as long as validating hundreds of combinations.
        base = door.unresolved(config if composed.issuperset(chosen) else loader.load_sweep_config(config, chosen))
        # Combinations that differ in what their conditions leave out are the same one.
        applied = (_applied(overrides, conditions, chosen) for overrides in combinations)
        for values in {repr(values): values for values in applied}.values():
            run = door.validate_unresolved(_with_values(base, values))
            for kind in _kinds(run):
                runs.setdefault(kind, run)

    fixed_choices, fixed = ([each.overrides[0] for each in some] for some in (groups, plain))
    named = _named_trials(config, loader)
    for choices, trials in named.items():
        take([*fixed_choices, *choices], [(*fixed, *values) for values in trials])
    # Where trials are named they are all that runs: the network may have no place for what was composed besides.
    for choices in itertools.product(*(each.overrides for each in groups)) if not named else ():
        options = _options_of(choices)
        there = [each.overrides for each in plain if each.counts_with(options)]
        with _naming([text for text, each in zip(choices, groups, strict=True) if len(each.overrides) > 1]):
            take(choices, _combinations(there, MOST_COMBINATIONS if is_optuna(config) else None))
    return list({id(run): run for run in runs.values()}.values())


@contextmanager
def _naming(branch: Sequence[str]) -> Iterator[None]:
    """Name the branch of a search, where there are several, in what is refused of it."""
    try:
        yield
    except ConfigError as error:
        place = f" (with {' '.join(branch)})" if branch and f"{error.key}={error.value}" not in branch else ""
        raise ConfigError(error.key, error.value, f"{error.allowed}{place}") from error


@dataclass(frozen=True)
class _Candidate:
    """What is checked of a key: the overrides that a trial may have of it, and the options with which it may."""

    key: str
    overrides: list[str]
    where: Mapping[str, Any] = field(default_factory=dict)

    def counts_with(self, options: Mapping[str, str]) -> bool:
        """Return whether a trial with these options of config groups may have it."""
        return is_met({name: values for name, values in self.where.items() if name in options}, options)


def _options_of(choices: Iterable[str]) -> dict[str, str]:
    return {group.lstrip("+"): option for group, _, option in (choice.partition("=") for choice in choices)}


def _named_trials(config: DictConfig, loader: ConfigLoader) -> dict[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the overrides of each trial that a sweep without a search names, by those that choose from groups."""
    sweeper = config.hydra.sweeper
    if is_stock_optuna(config) or sweeper.get("params") or _swept_keys(config, loader):
        return {}
    by_choices: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for trial in read_trials(sweeper.get("initial_trials") or []):
        overrides = {name: f"{name}={text_of(value)}" for name, value in trial.items()}
        choices = tuple(text for name, text in overrides.items() if _is_group(loader, name))
        values = tuple(text for text in overrides.values() if text not in choices)
        by_choices.setdefault(choices, []).append(values)
    return by_choices


def _require_distribution(override: Override, config: DictConfig) -> None:
    """Refuse what cannot be drawn from: a reversed interval, a log interval from 0, an interval in a grid."""
    if is_grid(config) and isinstance(override.value(), IntervalSweep):
        text = str(override.get_value_string())
        raise ConfigError(
            override.get_key_element(), text, "the grid sampler needs listed values: choice(…) or range(…)"
        )
    try:
        hydra_private.distribution_of(override)
    except (ValueError, AssertionError) as error:
        text = str(override.get_value_string())
        raise ConfigError(override.get_key_element(), text, f"not a range to search: {show(error)}") from error


def _kinds(run: RunConfig) -> list[str]:
    """Return what decides whether the parts of `run` can be built: network, optimizer, and each method that checks."""
    network = [
        run.model.model_dump(),
        run.optimizer.model_dump(exclude={"lr"}),
        run.dataset.model_dump(),
        run.device.model_dump(),
        run.trainer.batch_size,
        run.trainer.loss,
        [run.trainer.initial_weights, run.trainer.initial_weights_except, run.trainer.freeze],
    ]
    placed = [use for use in run.regularizer.uses if use.method.arguments]
    switches = [[use.method.name, use.settings.use] for use in placed]
    checking = [use for use in run.regularizer.uses if use.method.check is not Method.check]
    return [
        json.dumps([*network, switches]),
        *(json.dumps([*network, use.method.name, use.settings.model_dump()]) for use in checking),
    ]


def _swept_keys(config: DictConfig, loader: ConfigLoader) -> set[str]:
    """Return the keys that the command line sweeps."""
    given = _parse(loader, config.hydra.overrides.task)
    return {override.key_or_group for override in given if override.is_sweep_override()}


def _candidates(config: DictConfig, loader: ConfigLoader) -> list[_Candidate]:
    """Return what is checked of each key that the sweep sets, by branch where it searches config groups."""
    if is_optuna(config) and not is_stock_optuna(config):
        lines, ranges = read_ranges(config, loader, _typed(config))
    else:
        given = _parse(loader, config.hydra.overrides.task)
        typed = {override.get_key_element() for override in given}
        params = {key: value for key, value in (config.hydra.sweeper.get("params") or {}).items() if key not in typed}
        lines, ranges = [*(f"{key}={value}" for key, value in params.items()), *_typed(config)], {}
    overrides = {each.get_key_element(): each for each in _parse(loader, lines)}
    somewhere = keys_of_some(config, loader, _typed(config)) if is_own_grid(config) else {}
    candidates = [
        _Candidate(key, _ends(config, override), {group: texts(some) for group, some in place.items()})
        for key, override in overrides.items()
        for place in somewhere.get(key, [{}])
    ]
    for key, several in ranges.items():
        for each in several:
            (override,) = _parse(loader, [f"{key}={each['range']}"])
            where = {name: values if isinstance(values, list) else [values] for name, values in each["when"].items()}
            candidates.append(_Candidate(key, _ends(config, override), where))
    return candidates


def _ends(config: DictConfig, override: Override) -> list[str]:
    """Return what of an override is checked: listed values, or both bounds."""
    key, value = override.get_key_element(), override.value()
    if override.is_sweep_override() and is_optuna(config):
        _require_distribution(override, config)
    if isinstance(value, IntervalSweep):
        if not is_optuna(config):
            allowed = "an interval needs a search: add sweep=regularization, or list values"
            raise ConfigError(key, override.get_value_string(), allowed)
        return [f"{key}={value.start}", f"{key}={value.end}"]
    if override.is_sweep_override():
        return [f"{key}={text}" for text in override.sweep_string_iterator()]
    return [str(override.input_line) if override.is_delete() else f"{key}={override.get_value_element_as_str()}"]


def _combinations(values: list[list[str]], most: int | None) -> Iterator[tuple[str, ...]]:
    """Yield one value per key: every combination, or, with `most`, each value beside the others' ends, then so many.

    Of a method the ends are that it is not used and that it is: so each setting is met in use, and each two methods.
    """
    everything = itertools.product(*values)
    if most is None:
        yield from everything
        return
    for end in (0, -1):
        others = tuple(options[end] for options in values)
        for place, options in enumerate(values):
            yield from ((*others[:place], option, *others[place + 1 :]) for option in options)
    yield from itertools.islice(everything, most)


def _applied(overrides: tuple[str, ...], conditions: Mapping[str, Condition], choices: list[str]) -> dict[str, Any]:
    """Return the values of `overrides` by key, as the conditions let a trial with these choices have them."""
    given = dict(map(_parsed, overrides))
    groups = _options_of(choices)
    values = {}
    for key, value in given.items():
        condition = conditions.get(key)
        if condition is None or condition.holds({**groups, **given}):
            values[key] = value
        elif condition.otherwise is not LEFT_OUT:
            values[key] = condition.otherwise
    return values


def _with_values(base: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `values` by key."""
    for key, value in values.items():
        base = door.with_value(base, key, value)
    return base


@functools.cache
def _parsed(override: str) -> tuple[str, Any]:
    """Return key and value; each stands in many of the combinations."""
    (parsed,) = OverridesParser.create().parse_overrides([override])
    return parsed.key_or_group, parsed.value()


def _is_group(loader: ConfigLoader, key: str) -> bool:
    """Return whether `key` must be composed rather than set: a config group, or an added or deleted key."""
    name = key.lstrip("+~").partition("@")[0]
    return name != key or bool(loader.get_group_options(name, ObjectType.CONFIG))


def _parse(loader: ConfigLoader, overrides: Any) -> list[Override]:
    return OverridesParser.create(config_loader=loader).parse_overrides([str(override) for override in overrides])
