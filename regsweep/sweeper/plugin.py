"""``hydra/sweeper=regsweep``: the plugin that Hydra finds through its entry points."""

from __future__ import annotations

import logging
import shlex
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import configure_log
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from hydra.utils import instantiate
from omegaconf import MISSING, DictConfig, OmegaConf

from regsweep import records
from regsweep.errors import ConfigError, RecordError
from regsweep.launcher.compact import compact
from regsweep.launcher.jobs import one_line
from regsweep.launcher.plugin import PoolLauncher, PoolLauncherConf
from regsweep.launcher.private import make_private_folder
from regsweep.names import short_names
from regsweep.paths import SweepPaths, shown
from regsweep.records import write_error
from regsweep.reporting import watching
from regsweep.signatures import offer
from regsweep.started import Command, this_program
from regsweep.sweeper.redact import redact, redact_config
from regsweep.sweeper.same import require_same_configuration

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage

    from regsweep.launcher.jobs import Jobs, OnReport
    from regsweep.sweeper.rebuild import Rebuilder
    from regsweep.sweeper.search import Search
    from regsweep.sweeper.space import SearchSpace
    from regsweep.sweeper.tables import TrialRows

_log = logging.getLogger("regsweep")
# What an application with a table of its own leaves out, as it does with the lines of Hydra's other plugins.
_hydras_log = logging.getLogger("hydra_plugins.regsweep")


@dataclass
class RegsweepSweeperConf:
    """The keys of the stock Optuna sweeper, and more."""

    _target_: str = "regsweep.sweeper.plugin.RegsweepSweeper"
    defaults: list[Any] = field(default_factory=lambda: ["_self_", {"sampler": "tpe"}, {"pruner": None}])

    sampler: Any = MISSING
    # Which values of the objective are better; sweep=regularization and this project's grids set maximize.
    direction: Any = "minimize"
    # URL of the database that holds Optuna's study; null: the file study.db in the sweep's folder.
    storage: str | None = None
    # Name of the study; null: sweep. sweep=regularization sets regularization.
    study_name: str | None = None
    # How many trials the search has in all, those before a resume included.
    n_trials: int = 20
    # Trials at a time; null: as many as the pool has workers, with the basic launcher 1.
    n_jobs: int | None = None
    # The sweep stops when more than this share of the trials running at a time fails; 1.0: never.
    max_failure_rate: float = 1.0
    # What is searched: keys and their ranges, beside those of the command line.
    params: dict[str, Any] | None = None

    # Which trials are given up early: a pruner of Optuna; null: none.
    pruner: Any = None
    # How often a trial that fails runs again.
    max_retries: int = 0
    # Seconds after which no further trial starts; null: no limit.
    timeout: float | None = None
    # Which parameters are drawn only where others have some value. By parameter: {when: {other parameter: value or
    # list of values}, otherwise: value}, or unless in place of when; without otherwise the parameter is left out.
    conditions: dict[str, Any] | None = field(default_factory=dict)
    # Trials to start from, each a dictionary of parameters, or a YAML or JSON file with such a list; what a trial
    # leaves out is drawn. Where nothing is searched they are the whole sweep, and may set any key.
    initial_trials: Any = field(default_factory=list)
    # Names of the metrics to optimize, in the order of `direction`; null: what the job returns.
    objectives: list[str] | None = None
    # true: train a configuration that this sweep has already run once more.
    rerun_duplicates: bool = False


@dataclass
class GridSweeperConf:
    """A grid: every combination of the listed values."""

    _target_: str = "regsweep.sweeper.plugin.GridSweeper"
    # Which values of the objective are better; sweep=regularization and this project's grids set maximize.
    direction: Any = "minimize"
    # Trials at a time; null: as many as the pool has workers, with the basic launcher 1, in a batch of another one all.
    n_jobs: int | None = None
    # The sweep stops when more than this share of the trials running at a time fails; 1.0: never.
    max_failure_rate: float = 1.0
    # How often a trial that fails runs again.
    max_retries: int = 0
    # Seconds after which no further trial starts; null: no limit.
    timeout: float | None = None
    # Keys and their values, beside those of the command line.
    params: dict[str, Any] | None = None


for _name, _conf in (("regsweep", RegsweepSweeperConf), ("regsweep_grid", GridSweeperConf)):
    ConfigStore.instance().store(group="hydra/sweeper", name=_name, node=_conf, provider="regsweep")


class RegsweepSweeper(Sweeper):
    """An ask/tell loop over Optuna; what it does is in `regsweep.sweeper.engine`."""

    _searches = True

    def __init__(self, **settings: Any) -> None:
        self._settings = settings
        self._study_name = settings["study_name"] or "sweep"

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Wrap the task so that it records its end, and make the launcher.

        Raises:
            CompactHydraException: for a setting that makes no sense; the cause is the error itself.
        """
        with compact():
            self._set_up(hydra_context, task_function, config)

    def _set_up(self, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        from regsweep.sweeper.job import RecordedTask  # noqa: PLC0415

        require_sensible(config.hydra)
        redact_config(config)  # this sweeper's own settings were made before, with the password
        self._config, self._context = config, hydra_context
        self._trial_rows: Callable[[Path, list[str]], TrialRows] | None = getattr(task_function, "trial_rows", None)
        # The names of what the task returns, which may depend on the configuration.
        names_returned: Callable[[DictConfig], list[str]] = getattr(task_function, "names_returned", lambda _: [])
        self._returned = names_returned(config)
        # Keys of which each value has a ranking of its own: scores on another data set are no comparison.
        self._ranked_apart: list[str] = list(getattr(task_function, "ranked_apart", []))
        self._objectives = [str(name) for name in self._settings["objectives"] or []]
        directions = self._settings["direction"]
        self._directions: list[Any] = [
            str(getattr(d, "name", d)) for d in (directions if OmegaConf.is_list(directions) else [directions])
        ]
        self._launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context,
            task_function=RecordedTask(task_function, self._objectives, len(self._directions)),
            config=config,
        )

    def _read(self, arguments: list[str]) -> Search:
        """Return what is searched, and how far."""
        from regsweep.sweeper.search import read_search  # noqa: PLC0415

        return read_search(self._settings, arguments)

    def _sampler(self, search: Search, num_begun: int, *, is_parallel: bool) -> BaseSampler:
        from regsweep.sweeper.sampler import build_sampler  # noqa: PLC0415

        typed = self._config.hydra.overrides.hydra
        return build_sampler(self._settings["sampler"], search.space, num_begun, is_parallel=is_parallel, typed=typed)

    def sweep(self, arguments: list[str]) -> None:
        """Run the sweep, or go on with the one in the folder.

        Raises:
            CompactHydraException: its cause is a `ConfigError` for what cannot be searched or pruned, a `RecordError`
                when the folder is in use or cannot be written, or the reason why the sweep could not go on.
        """
        with compact():
            self._sweep_in_folder(arguments)

    def _sweep_in_folder(self, arguments: list[str]) -> None:
        from regsweep.sweeper.storage import AWAY, reason  # noqa: PLC0415

        search = self._read(arguments)
        folder = Path(str(self._config.hydra.sweep.dir)).absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._sweep(folder, search)
        except BrokenPipeError:
            raise  # whoever read the output has gone
        except OSError as error:
            raise write_error(folder, error) from error
        except AWAY as error:
            raise RecordError(f"cannot write the study of {folder}: {reason(error)}; mend that and resume") from error

    def _sweep(self, folder: Path, search: Search) -> None:
        from regsweep.sweeper.announce import announce, announce_best  # noqa: PLC0415
        from regsweep.sweeper.engine import Engine  # noqa: PLC0415
        from regsweep.sweeper.live import LiveTable  # noqa: PLC0415
        from regsweep.sweeper.lock import FolderLock  # noqa: PLC0415
        from regsweep.sweeper.signals import Stop  # noqa: PLC0415
        from regsweep.sweeper.tables import Tables  # noqa: PLC0415

        settings, space, limits = self._settings, search.space, search.limits
        if limits.n_trials < settings["n_trials"]:
            _log.info(f"the grid has {limits.n_trials} points: as many trials")
        with FolderLock(folder), Stop() as stop:
            self._require_same_sweep(SweepPaths(folder).multirun)
            _remember_command(SweepPaths(folder).command, limits.n_trials)
            make_private_folder(self._config.hydra.launcher)
            study = self._study(folder, space, search.initial)
            self._name_first(study, search)
            announce(study.directions, self._objectives)
            names = [name.lstrip("+") for name in space.distributions]
            rows = None if self._trial_rows is None else self._trial_rows(folder, names)
            tables = Tables(folder, study, self._objectives, space.distributions, rows, has_best=self._searches)
            trials = study.get_trials(deepcopy=False)
            ended = [trial for trial in trials if trial.state.is_finished()]
            num_begun = sum(trial.state.name != "WAITING" for trial in trials)
            varied = _names_of_varied(space)
            with (
                LiveTable(limits.n_trials, ended, study.directions[0], varied, self._ranked_apart) as live,
                watching(live.is_shown),
            ):

                def on_end(trial: Any) -> None:
                    tables.add(trial)
                    live.end(trial)

                engine = Engine(
                    study,
                    space,
                    folder,
                    limits,
                    reuse_duplicates=not settings["rerun_duplicates"],
                    stop=stop,
                    on_start=live.start,
                    on_end=on_end,
                )
                jobs = self._jobs(limits.n_trials, engine.should_prune if settings["pruner"] is not None else None)
                study.sampler = self._sampler(search, num_begun, is_parallel=jobs.num_slots > 1)
                try:
                    engine.run(jobs)
                except KeyboardInterrupt:
                    jobs.close()
                    # Hydra may have been about to set the logging of a job up, or to take it back.
                    configure_log(self._config.hydra.hydra_logging, self._config.hydra.verbose)
                    engine.tell_recorded()
                    done = sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))
                    _log.info(f"stopped: {done} done{self._next(folder)}")
                    raise
                finally:
                    jobs.close()
                    tables.write()
            # Below what the terminal showed: a line that is logged meanwhile is glued to it.
            announce_best(study, tables.best, self._ranked_apart)

    def _next(self, folder: Path) -> str:
        """Return how to go on, where this sweep is no part of what has a command of its own for that."""
        callbacks = self._config.hydra.get("callbacks") or {}
        is_part = any(callback.get("table") is False for callback in callbacks.values())
        return "" if is_part else f"; resume with: {_resume_command(folder)}"

    def _require_same_sweep(self, recorded: Path) -> None:
        """Write down the configuration of a new sweep, and refuse to go on with another one than that."""
        if recorded.is_file():
            require_same_configuration(self._config, recorded)
        else:
            records.write_text(recorded, redact(OmegaConf.to_yaml(self._config)))

    def _jobs(self, n_trials: int, on_report: OnReport | None) -> Jobs:
        """Return the workers of a pool, or batches of any other launcher."""
        from regsweep.launcher.jobs import LauncherJobs  # noqa: PLC0415

        n_jobs = self._settings["n_jobs"]
        if isinstance(self._launcher, PoolLauncher):
            return self._launcher.pool(workers=n_jobs, on_report=on_report)
        is_basic = type(self._launcher).__name__ == "BasicLauncher"
        # Of a search null is refused where it is not the basic one: each batch of it learns from those before.
        return LauncherJobs(self._launcher, n_jobs or (1 if is_basic else n_trials), on_report)

    def _study(self, folder: Path, space: SearchSpace, initial: list[dict[str, Any]]) -> Study:
        import optuna  # noqa: PLC0415

        from regsweep.sweeper.rebuild import Rebuilder  # noqa: PLC0415

        settings = self._settings
        rebuilder = Rebuilder(space, folder, initial, len(self._directions))
        is_outgrown = not settings["storage"] and self._start_anew_where_outgrown(folder, space, rebuilder)
        study = self._named_study(folder, rebuilder) if settings["storage"] else self._own_study(folder, rebuilder)
        if names := self._objectives or self._returned:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                study.set_metric_names(names)  # for the report, and Optuna's dashboard
        study.pruner = instantiate(settings["pruner"]) if settings["pruner"] is not None else optuna.pruners.NopPruner()
        rebuilder.rebuild(study, is_expected=is_outgrown)
        return study

    def _name_first(self, study: Study, search: Search) -> None:
        """Let the trials that the search is to begin with be the next ones."""
        # Those that are not there yet: an earlier start may have been killed here, or fewer were named then.
        for trial in search.initial[len(study.get_trials(deepcopy=False)) :]:
            given = {name: value for name, value in trial.items() if _is_allowed(search.space, name, value)}
            study.enqueue_trial(given)

    def _start_anew_where_outgrown(self, folder: Path, space: SearchSpace, rebuilder: Rebuilder) -> bool:
        """Delete the study of named trials to which others were added, to be rebuilt; return whether it was."""
        from regsweep.sweeper.rebuild import damage_of_file, is_outgrown  # noqa: PLC0415

        file = SweepPaths(folder).study
        if self._settings["params"] or damage_of_file(file) is not None or not is_outgrown(file, space):
            return False
        rebuilder.require_possible(file, "further trials are named")
        file.unlink()
        return True

    def _own_study(self, folder: Path, rebuilder: Rebuilder) -> Study:
        """Return the study in the sweep's own file, a new one where that is damaged and can be rebuilt."""
        from regsweep.sweeper.rebuild import damage_of_file, set_aside  # noqa: PLC0415
        from regsweep.sweeper.storage import open_file  # noqa: PLC0415

        file = SweepPaths(folder).study
        wrong = damage_of_file(file)
        if wrong is None:
            opened = self._open_study(partial(open_file, file), str(shown(file)), rebuilder)
            if not isinstance(opened, str):
                return opened
            wrong = opened
        rebuilder.require_possible(file, wrong)
        set_aside(file, wrong)
        return self._create_study(open_file(file))

    def _named_study(self, folder: Path, rebuilder: Rebuilder) -> Study:
        """Return the study in the storage that was named."""
        from regsweep.sweeper.storage import open_storage  # noqa: PLC0415

        url = self._settings["storage"]
        opened = self._open_study(partial(open_storage, url), redact(url), rebuilder, owner=folder)
        if isinstance(opened, str):
            next_step = "mend it, or delete it to have it rebuilt"
            raise RecordError(f"the study {self._study_name} of {folder}: damaged ({opened}); {next_step}")
        return opened

    def _open_study(
        self, open_storage: Callable[[], BaseStorage], place: str, rebuilder: Rebuilder, owner: Path | None = None
    ) -> Study | str:
        """Return the study with the trials that it has, or what is damaged of it."""
        from regsweep.sweeper.rebuild import unreadable  # noqa: PLC0415

        try:
            storage = open_storage()
        except RuntimeError as error:  # as of a study that a newer Optuna wrote
            raise RecordError(f"{place}: {one_line(error)}") from error
        try:
            study = self._create_study(storage)
            if owner is not None:
                _require_own(study, owner)
            trials, directions = study.get_trials(deepcopy=False), study.directions
        except Exception as error:  # noqa: BLE001  (whatever Optuna stumbles over)
            return unreadable(error)
        if [direction.name.lower() for direction in directions] != [name.lower() for name in self._directions]:
            return "its directions are not those of the sweep"
        return rebuilder.damage(trials) or study

    def _create_study(self, storage: BaseStorage) -> Study:
        import optuna  # noqa: PLC0415

        return optuna.create_study(
            study_name=self._study_name, storage=storage, directions=self._directions, load_if_exists=True
        )


class GridSweeper(RegsweepSweeper):
    """Every combination of listed values, in the loop of `RegsweepSweeper`; see `regsweep.sweeper.grid`."""

    _searches = False

    def __init__(self, **settings: Any) -> None:
        of_searches: dict[str, Any] = {each.name: None for each in fields(RegsweepSweeperConf)}
        of_searches |= {"n_trials": 0, "rerun_duplicates": False}
        super().__init__(**{**of_searches, "study_name": "grid", **settings})

    def _read(self, arguments: list[str]) -> Search:
        from regsweep.sweeper.grid import read_grid  # noqa: PLC0415

        return read_grid(self._settings, arguments, self._context.config_loader)

    def _name_first(self, study: Study, search: Search) -> None:
        """Name none: the number of a trial says what it is."""

    def _sampler(self, search: Search, num_begun: int, *, is_parallel: bool) -> BaseSampler:
        from regsweep.sweeper.grid import Given  # noqa: PLC0415

        return Given(search.initial)


def _remember_command(file: Path, num_trials: int) -> None:
    """Write down what a sweep was started with, as this project's own have done by now, and how far it is to go."""
    command = this_program(redact)
    with suppress(RecordError):
        if file.exists() and (written := records.read_as(file, Command)).is_own:
            command = written
    records.write_json(file, asdict(replace(command, num_trials=num_trials)))


def _resume_command(folder: Path) -> str:
    place = shlex.quote(str(shown(folder)))
    if SweepPaths(folder).command.is_file():
        return f"regsweep resume {place}"
    return f"the same command, with hydra.sweep.dir={place}"


def _require_own(study: Study, folder: Path) -> None:
    """Refuse a study of another sweep: their trials would be taken for one another's.

    Raises:
        ConfigError: naming that sweep.
    """
    owner = study.user_attrs.get("folder")
    if owner is None and not study.trials:
        study.set_user_attr("folder", str(folder))
    elif owner != str(folder):
        allowed = f"is the study of {owner or 'another program'}; name another with hydra.sweeper.study_name"
        raise ConfigError("hydra.sweeper.study_name", study.study_name, allowed)


def require_sensible(hydra: DictConfig) -> None:
    """Refuse what the sweeper would stumble over after the first trials, or would quietly do wrongly.

    Raises:
        ConfigError: for the first such key.
    """
    _require_known_keys(hydra)
    sweeper = hydra.sweeper
    is_grid = str(sweeper.get("_target_")) == GridSweeperConf._target_
    for name, least in (("n_trials", 1), ("n_jobs", 1), ("max_retries", 0)):
        if is_grid and name == "n_trials":
            continue
        value = sweeper[name]
        if (type(value) is not int or value < least) and not (name == "n_jobs" and value is None):
            raise ConfigError(f"hydra.sweeper.{name}", value, f"must be a whole number of {least} or more")
    directions = sweeper.direction if OmegaConf.is_list(sweeper.direction) else [sweeper.direction]
    for direction in directions:
        if str(getattr(direction, "name", direction)).lower() not in ("minimize", "maximize"):
            raise ConfigError("hydra.sweeper.direction", direction, "must be minimize or maximize, or a list of them")
    rate = sweeper.max_failure_rate
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise ConfigError("hydra.sweeper.max_failure_rate", rate, "must be a share from 0 to 1")
    if sweeper.timeout is not None and not sweeper.timeout > 0:
        raise ConfigError("hydra.sweeper.timeout", sweeper.timeout, "must be seconds above 0, or null")
    if is_grid:
        return
    subdir = OmegaConf.to_container(hydra.sweep, resolve=False)["subdir"]  # type: ignore[call-overload, index]
    if str(subdir) != "${hydra.job.num}":
        allowed = "this sweeper finds its trials by their numbers; leave it as it is"
        raise ConfigError("hydra.sweep.subdir", subdir, allowed)
    require_batch_size(hydra)
    require_way_back(hydra)


def _require_known_keys(hydra: DictConfig) -> None:
    """Refuse keys that were added with + and that nothing would read."""
    for group, schema in (
        ("sweeper", RegsweepSweeperConf),
        ("sweeper", GridSweeperConf),
        ("launcher", PoolLauncherConf),
    ):
        given = OmegaConf.to_container(hydra[group], resolve=False)
        assert isinstance(given, dict)
        if given.get("_target_") != schema._target_:
            continue  # a launcher of Hydra's, which refuses them itself
        known = {key.name for key in fields(schema)} - {"_target_", "defaults"}
        for name in [str(key) for key in given if key != "_target_" and key not in known]:
            allowed = f"no such key; {offer(name, known, f'hydra.{group}.')}"
            raise ConfigError(f"hydra.{group}.{name}", redact(str(given[name])), allowed)


def require_way_back(hydra: DictConfig) -> None:
    """Refuse to prune where a job's reports do not arrive while it runs, or where Optuna cannot.

    Raises:
        ConfigError: naming the launcher or the directions.
    """
    pruner, direction = hydra.sweeper.get("pruner"), hydra.sweeper.direction
    if pruner is None:
        return
    launcher = str(hydra.launcher.get("_target_")).rpartition(".")[2]
    if launcher not in ("BasicLauncher", "PoolLauncher"):
        name = str(pruner.get("_target_")).rpartition(".")[2]
        allowed = f"{launcher} gives no way back from a running job; use hydra/launcher=pool or basic, or no pruner"
        raise ConfigError("hydra.sweeper.pruner", name, allowed)
    if OmegaConf.is_list(direction) and len(direction) > 1:
        raise ConfigError("hydra.sweeper.pruner", "set", "Optuna prunes for a single objective; leave it null")


def require_batch_size(hydra: DictConfig) -> None:
    """Refuse a launcher that runs batches without their size: one trial at a time is not what it was chosen for.

    Raises:
        ConfigError: naming the key.
    """
    launcher = str(hydra.launcher.get("_target_")).rpartition(".")[2]
    if hydra.sweeper.n_jobs is None and launcher not in ("BasicLauncher", "PoolLauncher"):
        allowed = f"{launcher} runs batches; set how many trials run at a time, for example hydra.sweeper.n_jobs=2"
        raise ConfigError("hydra.sweeper.n_jobs", None, allowed)


def _is_allowed(space: SearchSpace, name: str, value: Any) -> bool:
    is_allowed = space.allows(name, value)
    if name in space.distributions and not is_allowed:
        _log.warning(f"hydra.sweeper.initial_trials: {name}={value} lies outside of the search space and is drawn")
    return is_allowed


def _names_of_varied(space: SearchSpace) -> dict[str, str]:
    """Return short names for the parameters that differ between trials."""
    names = short_names([key.lstrip("+") for key in space.distributions])
    return {key: names[key.lstrip("+")] for key, each in space.distributions.items() if not each.single()}
