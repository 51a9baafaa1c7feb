"""The sweeps of a confirmation: each is an ordinary one, and can be resumed."""

from __future__ import annotations

import math
import shlex
import shutil
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from regsweep import records
from regsweep.app import choosing, keyed, program
from regsweep.app.candidates import Configuration, Run, unregularized
from regsweep.app.composed import composed, fixed_overrides, key_of
from regsweep.app.grammar import literal, quoted
from regsweep.app.plan import Plan
from regsweep.app.start import as_typed, resume, start
from regsweep.errors import RecordError, RegsweepError
from regsweep.paths import ConfirmationPaths, RunPaths, SweepPaths, shown
from regsweep.report.effort import count_configurations
from regsweep.report.hydra_files import at
from regsweep.report.printed import say
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.terms import Terms
from regsweep.started import Command
from regsweep.sweeper.lock import await_owners

_OBJECTIVES = "hydra.sweeper.objectives"


@dataclass(frozen=True)
class Origin:
    """What the sweeps of a confirmation or comparison are started with.

    Attributes:
        command: arguments, working folder and import path of the sweep that is confirmed.
        go_on: the command that goes on with them.
    """

    command: Command
    go_on: str

    @staticmethod
    def of(sweep: Sweep) -> Origin:
        """Return the origin of a confirmation of `sweep`.

        Raises:
            RecordError: when what it was started with cannot be read.
        """
        go_on = f"regsweep confirm {shlex.quote(str(shown(sweep.folder)))}"
        return Origin(records.read_as(SweepPaths(sweep.folder).command, Command), go_on)

    @property
    def arguments(self) -> list[str]:
        """Return what the sweep was started with, but for the flag that makes it one, and names for its folders."""
        left_out = ("-m", "--multirun")
        kept = [argument for argument in self.command.arguments if argument not in left_out]
        return [argument for argument in kept if _key(argument) != "hydra.sweep.subdir"]


def await_sweeps(paths: ConfirmationPaths) -> None:
    """Wait for the sweeps and trials of a confirmation that was killed and that still run, after saying so."""
    for sweep in (paths.baseline, paths.choosing, paths.seeds, paths.own, paths.ablation):
        await_owners([sweep, *sweep.glob("[0-9]*")], say)


def tune_baseline(sweep: Sweep, plan: Plan) -> None:
    """Tune the network without regularization with as many trials as the sweep had, as far as that was not done.

    Raises:
        SystemExit: when the search did not come to its end, with its exit code.
    """
    folder, tried, n_trials = plan.paths.baseline, None, count_baseline_trials(sweep, plan)
    if count_ended(folder) >= n_trials:
        return
    origin, what = Origin.of(sweep), plan.terms.without or "the network without regularization"
    say(f"\n{what}, tuned with {n_trials} trials as the sweep was")
    if plan.terms.baseline:
        tried = keyed.others_tried(sweep, plan.terms)
    if tried is None:
        run_sweep(origin, folder, n_trials, lambda: _search_of_baseline(origin, sweep, plan))
        return
    seed = {plan.terms.typed(plan.terms.seed_key): plan.choosing_seeds[0] - 1}
    trials = [{**trial, **seed} for trial in tried]
    records.write_json(plan.paths.trials(folder), trials)
    run_sweep(origin, folder, n_trials, lambda: _named_trials(origin, plan, folder, trials, test=False))


def count_baseline_trials(sweep: Sweep, plan: Plan) -> int:
    """Return how many trials the baseline is tuned with: as many configurations as the sweep, or its own grid."""
    if not plan.terms.baseline:
        return count_configurations(sweep)
    tried = keyed.others_tried(sweep, plan.terms)
    return count_configurations(sweep) if tried is None else len(tried)


def choose_contenders(origin: Origin, plan: Plan) -> None:
    """Run the configurations of each kind on the choosing seeds, as far as that was not done, and take the best.

    Raises:
        SystemExit: when it did not come to its end, with its exit code.
    """
    choosing.compare_contenders(plan)
    runs, contenders = plan.choosing_runs, [each for of_kind in choosing.on_choosing_seeds(plan) for each in of_kind]
    if runs:
        several = f"{len({run.configuration for run in runs})} configurations on {len(plan.choosing_seeds)} seeds"
        title = f"{several}, of which the best of each kind is confirmed"
        _run_named(origin, plan, plan.paths.choosing, contenders, runs, title=title, test=False)
        sweep = plan.read_sweep(plan.paths.choosing)
        num_failed = int((sweep.trials["status"] != "complete").sum())
        if num_failed and not sweep.is_own:
            say(
                f"{num_failed} of {len(runs)} runs to choose failed: a configuration with one of them is not chosen, "
                "unless all have one; then the sweep's best is taken"
            )
        choosing.take_best(plan, values_of(sweep, runs))
    else:
        choosing.take_best(plan, {})


def values_of(choosing: Sweep, runs: Sequence[Run]) -> dict[int, dict[int, float]]:
    """Return by configuration and seed what the sweep is ranked by.

    Of this project's runs one that diverged is worth the worst there is (an accuracy of 0), and one that failed is left
    out. What another application's failed run is worth is not known, so a configuration with one has no values.
    """
    rows = {int(row["number"]): row for row in choosing.trials.to_dict("records")}
    values: dict[int, dict[int, float]] = {}
    failed = set()
    for number, run in enumerate(runs):
        row = rows.get(number, {"status": "missing"})
        if row["status"] != "complete" and not choosing.is_own:
            failed.add(run.configuration)
        if row["status"] in ("complete", "diverged"):
            value = float(row[choosing.objective]) if row["status"] == "complete" else _worst(choosing)
            values.setdefault(run.configuration, {})[run.seed] = value
    return {configuration: found for configuration, found in values.items() if configuration not in failed}


def _worst(sweep: Sweep) -> float:
    """Return what a run that diverged is worth where configurations are chosen."""
    if not sweep.maximize:
        return math.inf
    return 0.0 if sweep.objective.endswith("accuracy") else -math.inf


def run_seeds(origin: Origin, plan: Plan, num_seeds: int) -> None:
    """Train every configuration on the first `num_seeds` fresh seeds, as far as that was not done.

    Raises:
        SystemExit: when it did not come to its end, with its exit code.
    """
    plan.add_seeds(num_seeds)
    title = f"{len(plan.configurations)} configurations on {num_seeds} seeds"
    title += ", with the test set" if plan.terms.is_own else ""
    _run_named(origin, plan, plan.paths.seeds, plan.configurations, plan.seed_runs, title=title)


def run_own_baselines(origin: Origin, plan: Plan) -> None:
    """Train the networks without regularization at the configurations' own settings, as far as that was not done.

    Raises:
        SystemExit: when it did not come to its end, with its exit code.
    """
    if not plan.own_runs:
        return
    what = f"the same with {plan.terms.without}" if plan.terms.baseline else "the same network without regularization"
    title = f"{what} at a configuration's own other settings, for a claim"
    _run_named(origin, plan, plan.paths.own, plan.own_baselines, plan.own_runs, title=title)


def run_ablation(origin: Origin, plan: Plan, num_seeds: int) -> None:
    """Train the parts of the best mixture, and the network without any, as far as that was not done.

    Raises:
        RegsweepError: when nothing that is confirmed is a mixture.
        SystemExit: when it did not come to its end, with its exit code.
    """
    ablation = plan.ablate(num_seeds)
    run_own_baselines(origin, plan)
    mixture = plan.configurations[ablation.mixture + 1].name
    title = f"{mixture}: without each of its ingredients, and each alone, on {num_seeds} seeds"
    _run_named(origin, plan, plan.paths.ablation, ablation.parts, ablation.runs, title=title)


def _run_named(
    origin: Origin,
    plan: Plan,
    folder: Path,
    configurations: Sequence[Configuration],
    runs: Sequence[Run],
    *,
    title: str,
    test: bool = True,
) -> None:
    """Run a sweep of the named `runs` in `folder`, as far as that was not done."""
    if count_ended(folder) >= len(runs):
        return
    trials = [{**configurations[run.configuration].overrides, **plan.drawn_by(run.seed)} for run in runs]
    records.write_json(plan.paths.trials(folder), trials)
    say(f"\n{title}")
    run_sweep(origin, folder, len(runs), lambda: _named_trials(origin, plan, folder, trials, test=test))


def count_ended(folder: Path) -> int:
    """Return how many trials of the sweep in `folder` have ended, however they did; 0 where there is none."""
    return sum(status not in ("interrupted", "unreadable") for status, _ in _ends(folder))


def _ends(folder: Path) -> list[tuple[str, str]]:
    """Return status and error of each trial of the sweep in `folder`; none where no trial has ended."""
    if not any(RunPaths(trial).is_ended for trial in folder.glob("[0-9]*")):
        return []
    trials = read_sweep(folder).trials
    return list(zip(trials["status"], trials["error"], strict=True))


def _search_of_baseline(origin: Origin, sweep: Sweep, plan: Plan) -> list[str]:
    """Return the sweep's own arguments, with no regularization, and the learning rate searched in any case."""
    if plan.terms.baseline:
        return _search_with(origin, sweep, plan.terms, plan.choosing_seeds[0] - 1)
    added = [f"{key}={value}" for key, value in unregularized(sweep, plan.rows).items()]
    replaced = {
        "hydra.sweep.dir",
        "hydra.sweeper.n_trials",
        "hydra.sweeper.storage",
        "hydra.sweeper.study_name",
        "seed",
    }
    added.append(f"seed={plan.choosing_seeds[0] - 1}")
    if "optimizer.lr" not in sweep.swept:
        lr = float(composed(sweep.folder / plan.kinds[0][0].folder).optimizer.lr)
        replaced |= {"optimizer.lr", "hydra.sweeper.initial_trials"}
        # The sweep's own rate, and a decade to either side.
        added.append(f"optimizer.lr=tag(log, interval({lr / 10:g}, {lr * 10:g}))")
        first = {**_first_without_methods(sweep), "optimizer.lr": lr}
        added.append(f"hydra.sweeper.initial_trials=[{literal(first)}]")
    kept = [
        argument
        for argument in origin.arguments
        if _key(argument) not in replaced and _key(argument).partition(".")[0] != "regularizer"
    ]
    if not any(_key(argument) in ("sweep", "hydra/sweeper") for argument in kept):
        added.append("sweep=regularization")  # a grid has no search of its own
    return [*kept, *added, *_batch_size(kept, len(plan.kinds) + 1)]


def _first_without_methods(sweep: Sweep) -> dict[str, Any]:
    """Return what trial 0 of the sweep was named to have, its methods left out; nothing where it was not named."""
    named = at(records.read_yaml(SweepPaths(sweep.folder).multirun), "hydra", "sweeper", "initial_trials")
    first = named[0] if isinstance(named, list) and named else {}
    return {key: value for key, value in first.items() if key.partition(".")[0] != "regularizer"}


def _search_with(origin: Origin, sweep: Sweep, terms: Terms, seed: int) -> list[str]:
    """Return the sweep's own arguments, with the baseline's values fixed, and one seed.

    What lies below a config group of the baseline's is left out, but for the keys that its option has.
    """
    below, groups = keyed.set_below(sweep, terms), keyed.searched_groups(sweep, terms)
    # As the one branch of a search: so what only other options have is searched in none.
    options = {key: f"choice({value})" if key in groups else value for key, value in terms.baseline.items()}
    fixed = {**options, terms.seed_key: str(seed)}
    replaced = {*fixed, *(f"hydra.sweeper.{name}" for name in ("n_trials", "storage", "study_name", "initial_trials"))}
    replaced.add("hydra.sweep.dir")
    kept = [
        argument
        for argument in origin.arguments
        if (key := _key(argument)) not in replaced and not (key and terms.compares(argument) and key not in below)
    ]
    others = ["hydra.sweeper.storage=null", "hydra.sweeper.initial_trials=[]"]
    return [*kept, *(f"{terms.typed(key)}={value}" for key, value in fixed.items()), *others]


def _trials_of_application(origin: Origin, plan: Plan, folder: Path, made: set[str]) -> list[str]:
    """Return the same of another application's sweep: its own arguments, but for what its trials set."""
    replaced = {*made, "hydra.sweep.dir", "hydra.sweeper.n_trials", "hydra.sweeper.conditions"}
    named = named_trials("confirmation", plan.paths.trials(folder))
    # The application's own settings of the sweeper stay, where it is the one that names trials.
    settings = records.read_yaml(SweepPaths(plan.paths.folder.parent).multirun)
    is_search = str(at(settings, "hydra", "sweeper", "_target_")).endswith("RegsweepSweeper")
    named = [word for word in named if _key(word) not in (_OBJECTIVES, *(["hydra/sweeper"] if is_search else []))]
    replaced |= {_key(word) for word in named}
    terms = plan.terms  # what lies below a key of the baseline's is set by the trials that have it
    kept = [a for a in origin.arguments if _key(a) not in replaced and not (_key(a) and terms.compares(a))]
    return [*kept, *named, "hydra.sweeper.conditions=null"]


def _named_trials(
    origin: Origin, plan: Plan, folder: Path, trials: Sequence[Mapping[str, Any]], *, test: bool
) -> list[str]:
    """Return the arguments of a sweep that searches nothing and runs these trials, which a file names."""
    made = {key_of(key) for trial in trials for key in trial}
    if not plan.terms.is_own:
        return _trials_of_application(origin, plan, folder, made)
    keys = made | {"trainer.test", "trainer.save_weights"}
    first = fixed_overrides(plan.paths.folder.parent / plan.kinds[0][0].folder, keys)
    kept = [a for a in origin.arguments if "=" not in a or a.startswith("-") or _is_kept(a)]
    return [
        *kept,
        *(override for override in first if not plan.terms.compares(override)),
        f"trainer.test={str(test).lower()}",
        *named_trials("confirmation", plan.paths.trials(folder)),
        *_batch_size(kept, len(plan.kinds) + 1),
    ]


def named_trials(study: str, file: Path) -> list[str]:
    """Return the arguments that let a sweep search nothing and run the trials that a file beside its folder names."""
    return [
        "hydra/sweeper=regsweep",
        f"hydra.sweeper.study_name={study}",
        *(f"hydra.sweeper.{name}=null" for name in ("params", "pruner", "storage", "objectives", "timeout")),
        # Relative to the folder that it runs in, which may have been moved by the time that it goes on.
        f"hydra.sweeper.initial_trials=${{hydra.sweep.dir}}/../{file.name}",
    ]


def _batch_size(arguments: list[str], size: int) -> list[str]:
    """Return the number of trials at a time, where the launcher runs batches and their size was not given."""
    is_batched = any(_key(a) == "hydra/launcher" and not a.endswith(("pool", "basic")) for a in arguments)
    is_said = any(_key(argument) == "hydra.sweeper.n_jobs" for argument in arguments)
    return [f"hydra.sweeper.n_jobs={size}"] if is_batched and not is_said else []


def run_sweep(origin: Origin, folder: Path, n_trials: int, arguments: Callable[[], list[str]]) -> None:
    """Start the sweep in `folder`, or go on with it, until all its trials have ended.

    Raises:
        SystemExit: when they did not.
        RecordError: when one has ended, and what is known of it cannot be read.
    """
    command = origin.command
    place, paths = Path(command.working_folder), SweepPaths(folder)
    if not place.is_dir():
        raise RegsweepError(f"{place}: the sweep's working folder is gone")
    made = ["-m", *arguments(), *(["hydra.callbacks.regsweep.table=false"] if command.is_own else [])]
    go_on = f"go on with: {origin.go_on}"
    typed = [*made, f"hydra.sweeper.n_trials={n_trials}", f"hydra.sweep.dir={quoted(str(folder.absolute()))}"]
    if not paths.is_begun:
        shutil.rmtree(folder, ignore_errors=True)  # killed before a trial ended
    elif command.is_own:
        if not paths.command.exists():  # lost, and what it held follows from the plan
            records.write_json(paths.command, asdict(replace(command, arguments=made)))
        typed = ["resume", str(folder.absolute()), f"n_trials={n_trials}"]
    try:
        if command.is_own:
            code = call(typed, place, command.import_path)
        else:  # it goes on with a sweep that is there by itself
            code = program.run(replace(command, arguments=typed))
    except KeyboardInterrupt as stop:
        stop.go_on = origin.go_on  # type: ignore[attr-defined]
        raise
    if code not in (0, 1):  # 1: some trials failed, and the rest is worth having
        sys.stderr.write(f"{go_on}\n" if origin.go_on else "")
        raise SystemExit(code)
    _require_readable(folder)
    num_missing = n_trials - count_ended(folder)
    if num_missing > 0:
        say(f"{num_missing} of {n_trials} runs in {shown(folder)} were not made, for the reason above; {go_on}")
        raise SystemExit(1)


def _require_readable(folder: Path) -> None:
    """Refuse a damaged record of a trial that has ended: its sweep would not run it again."""
    for status, error in _ends(folder):
        if status == "unreadable":
            raise RecordError(
                f"{shown(folder)}/{error}; restore it, or move {shown(folder.parent)} away to confirm anew"
            )


def call(typed: Sequence[str], place: Path, import_path: Sequence[str]) -> int:
    """Run a command of regsweep as if it had been typed in `place`, and return its exit code.

    What is wrong in an unforeseen way is printed, and is no success: exit code 1.
    """
    with as_typed(typed, place, import_path):
        try:
            resume(list(typed[1:])) if typed[0] == "resume" else start()
        except SystemExit as stop:
            return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        except RegsweepError as error:
            if error.exit_code != 1:
                raise
            sys.stderr.write(f"regsweep: {error}\n")  # of what it ran, and what there is may be enough
            return 1
        except BrokenPipeError:
            raise
        except Exception:  # noqa: BLE001
            traceback.print_exc()
            return 1
    return 0


def _key(argument: str) -> str:
    return "" if argument.startswith("-") else key_of(argument)


def _is_kept(argument: str) -> bool:
    kept = ("hydra/launcher", "hydra.launcher", "hydra.searchpath", "hydra.job")
    return _key(argument).startswith(kept) or _key(argument) in ("hydra.sweeper.n_jobs", "hydra.sweeper.max_retries")
