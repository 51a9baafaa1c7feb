"""``hydra/sweeper=regsweep``: the plugin that Hydra finds through its entry points."""

from __future__ import annotations

import logging
import shlex
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.plugins import Plugins
from hydra.core.utils import configure_log
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from regsweep import records
from regsweep.errors import RecordError
from regsweep.launcher.compact import compact
from regsweep.launcher.plugin import SlotLauncher
from regsweep.launcher.private import make_private_folder
from regsweep.names import by_key, key_of_parameter, short_names
from regsweep.paths import SweepPaths, shown
from regsweep.records import write_error
from regsweep.reporting import watching
from regsweep.started import Command, this_program
from regsweep.sweeper.redact import redact, redact_config
from regsweep.sweeper.same import require_same_configuration
from regsweep.sweeper.settings import RegsweepSweeperConf, require_sensible

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler

    from regsweep.launcher.jobs import Jobs
    from regsweep.sweeper.engine import Engine
    from regsweep.sweeper.search import Search
    from regsweep.sweeper.space import SearchSpace
    from regsweep.sweeper.tables import Tables, TrialRows

_log = logging.getLogger("regsweep")
# What an application with a table of its own leaves out, as it does with the lines of Hydra's other plugins.
_hydras_log = logging.getLogger("hydra_plugins.regsweep")


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

        return read_search(self._settings, arguments, self._config, self._context.config_loader)

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
            keys = list(by_key(space.distributions))
            rows = None if self._trial_rows is None else self._trial_rows(folder, [key.lstrip("+") for key in keys])
            tables = Tables(folder, study, self._objectives, keys, rows, has_best=self._searches)
            ended = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
            varied, first = _names_of_varied(space), next(iter(self._objectives or self._returned), "")
            live_table = LiveTable(
                limits.n_trials, ended, study.directions, varied, self._ranked_apart, objective=first
            )
            with (
                live_table as live,
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
                self._run(engine, study, search, folder, tables)
            # Below what the terminal showed: a line that is logged meanwhile is glued to it.
            announce_best(study, tables.best, self._ranked_apart)

    def _run(self, engine: Engine, study: Study, search: Search, folder: Path, tables: Tables) -> None:
        """Run the trials that are left, and write the tables, however that ends."""
        num_begun = sum(trial.state.name != "WAITING" for trial in study.get_trials(deepcopy=False))
        jobs = self._jobs(search.limits.n_trials, engine)
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

    def _jobs(self, n_trials: int, engine: Engine) -> Jobs:
        """Return the workers of a pool, or batches of any other launcher."""
        from regsweep.launcher.jobs import Batches, capabilities_of  # noqa: PLC0415

        n_jobs, is_pruned = self._settings["n_jobs"], self._settings["pruner"] is not None
        if isinstance(self._launcher, SlotLauncher):
            return self._launcher.jobs(workers=n_jobs, takes_reports=is_pruned)
        takes_reports = capabilities_of(type(self._launcher).__name__).takes_reports
        # Of a search null is refused where jobs do not report: each batch of it learns from those before.
        num_slots = n_jobs or (1 if takes_reports else n_trials)
        return Batches(self._launcher, num_slots, engine.should_prune if is_pruned else None)

    def _study(self, folder: Path, space: SearchSpace, initial: list[dict[str, Any]]) -> Study:
        import optuna  # noqa: PLC0415

        from regsweep.sweeper.rebuild import Rebuilder  # noqa: PLC0415
        from regsweep.sweeper.study import Studies  # noqa: PLC0415

        settings = self._settings
        rebuilder = Rebuilder(space, folder, initial, len(self._directions))
        studies = Studies(folder, self._study_name, self._directions, rebuilder)
        names_all = not settings["storage"] and not settings["params"]  # nothing is searched but what is named
        is_outgrown = names_all and studies.delete_outgrown(space)
        study = studies.named(settings["storage"]) if settings["storage"] else studies.own()
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
            given = search.space.given(trial)
            _warn_of_drawn(search.space, trial, by_key(given))
            study.enqueue_trial(given)


class GridSweeper(RegsweepSweeper):
    """Every combination of listed values, in the loop of `RegsweepSweeper`; see `regsweep.sweeper.grid`."""

    _searches = False

    def __init__(self, **settings: Any) -> None:
        of_searches: dict[str, Any] = {each.name: None for each in fields(RegsweepSweeperConf)}
        of_searches |= {"n_trials": 0, "rerun_duplicates": False}
        super().__init__(**{**of_searches, "study_name": "grid", **settings})

    def _read(self, arguments: list[str]) -> Search:
        from regsweep.sweeper.grid import read_grid  # noqa: PLC0415

        return read_grid(self._settings, arguments, self._context.config_loader, self._config)

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


def _warn_of_drawn(space: SearchSpace, trial: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    for key in [key for key in by_key(space.distributions) if key in trial and key not in given]:
        outside = f"{key}={trial[key]} lies outside of the search space and is drawn"
        _log.warning(f"hydra.sweeper.initial_trials: {outside}")


def _names_of_varied(space: SearchSpace) -> dict[str, str]:
    """Return short names for the keys that differ between trials."""
    keys = by_key(space.distributions)
    names = short_names([key.lstrip("+") for key in keys])
    varied = {key_of_parameter(name) for name, each in space.distributions.items() if not each.single()}
    return {key: names[key.lstrip("+")] for key in keys if key in varied}
