"""``regsweep compare``: which of several methods helps. Each is tuned alone, and all are confirmed together."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from regsweep import records
from regsweep.app import choosing, dry_run, planning
from regsweep.app.confirm import DEFAULT_SEEDS, add_new_splits, choose, require_complete, seeds_of, train_on_seeds
from regsweep.app.contestants import TAKEN_OUT, Contestant, Typed, compose, read_typed, require_its_methods
from regsweep.app.effort import Effort, announce, time_epochs, what_is_left
from regsweep.app.folders import make_folder
from regsweep.app.plan import Lost, Plan
from regsweep.app.splits import NEW_SPLITS, draw_anew, require_same_seeds, require_splits
from regsweep.app.stages import Origin, await_sweeps, count_ended, run_sweep
from regsweep.app.versions import require_this_version
from regsweep.errors import ConfigError, RegsweepError
from regsweep.paths import ComparisonPaths, SweepPaths, shown
from regsweep.regularizers import METHODS
from regsweep.report.alone import stdout_for_json, write
from regsweep.report.command import Parser, add_json, report_confirmed
from regsweep.report.files import ReportPaths
from regsweep.report.printed import say
from regsweep.report.regularization import DROPOUT
from regsweep.report.sweep import ComparisonRecord, read_sweep
from regsweep.run_record import RunRecord
from regsweep.started import Command
from regsweep.statistics.intervals import Overlap
from regsweep.sweeper import lock


@dataclass(frozen=True)
class _Request:
    """A comparison as it was typed.

    Attributes:
        typed: its overrides.
        flags: those of Hydra.
        num_seeds: for every configuration; None where that was not given.
        is_plan: whether only to print what would be trained.
        is_json: whether to print ``summary.json`` alone.
        has_new_splits: whether each fresh seed draws a split, too.
    """

    typed: Typed
    flags: list[str]
    num_seeds: int | None
    is_plan: bool
    is_json: bool
    has_new_splits: bool

    @property
    def keys(self) -> list[str]:
        """Names of the searches, that of the baseline first."""
        return ["none", *("+".join(options) for options in self.typed.contestants)]

    @property
    def for_all(self) -> list[str]:
        """What every sweep of the comparison is started with, ranges apart."""
        return [*self.flags, *(line for line in self.typed.for_all if line not in self.typed.ranges)]

    @property
    def lines(self) -> list[str]:
        """All that may not change when the comparison goes on, the number of trials apart."""
        of_methods = [str(override.input_line) for override in self.typed.of_methods]
        return [*self.typed.for_all, *of_methods, *([" ".join(self.flags)] if self.flags else [])]

    def search(self, contestant: Contestant) -> list[str]:
        """Return what a contestant's search is started with."""
        return [*self.flags, "sweep=regularization", *self.typed.for_all, *contestant.overrides]


def main(arguments: list[str]) -> None:
    """Run the subcommand with its own arguments; exit code 1 where a run is not complete."""
    _run(_read(arguments), Command(["compare", *arguments], str(Path.cwd()), sys.path[:]))


def resume(folder: Path) -> None:
    """Go on with the comparison in `folder`."""
    command = records.read_as(SweepPaths(folder).command, Command)
    request = _read(command.arguments[1:])
    _run(replace(request, typed=replace(request.typed, folder=str(folder.absolute()))), command)


def is_comparison(folder: Path) -> bool:
    """Return whether a comparison was begun in `folder`."""
    command = SweepPaths(folder).command
    if ComparisonPaths(folder).record.exists() or not command.is_file():
        return ComparisonPaths(folder).record.exists()
    return records.read_as(command, Command).arguments[:1] == ["compare"]


def _run(request: _Request, command: Command) -> None:
    with stdout_for_json(request.is_json) as output:
        folder = _compare(request, command)
    if folder is None:
        return
    if request.is_json:
        write(output, records.read_json(ReportPaths(folder).summary))
    require_complete(read_sweep(folder))
    lost = Plan.read(SweepPaths(folder).confirmation).lost
    if lost:
        names = ", ".join(each.name for each in lost.values())
        sys.stderr.write(
            f"no trial of these is complete, and they count as contestants: {names}; to train them again, or to leave "
            "them out, choose another folder\n"
        )
        raise SystemExit(1)


def _compare(request: _Request, command: Command) -> Path | None:
    """Compare, report, and return the folder; None where only the plan was wanted."""
    typed = request.typed
    if typed.folder is not None and not request.is_plan:  # at once, and again when the folder is owned
        _require_place(Path(typed.folder).absolute(), request, typed.num_trials)
    begun = _begun(typed.folder)
    contestants, config = compose(typed, replace(command, arguments=request.flags), begun)
    if begun is not None:
        require_same_network(Path(str(typed.folder)).absolute(), contestants, begun)
    _check(request, command, contestants)
    overlap = _overlap(request, config, command, request.num_seeds or DEFAULT_SEEDS)
    num_trials = int(config.hydra.sweeper.n_trials) if typed.num_trials is None else typed.num_trials
    if request.is_plan:
        with tempfile.TemporaryDirectory() as place:
            origin, paths = Origin(replace(command, arguments=request.for_all), ""), ComparisonPaths(Path(place))
            effort = Effort(num_trials, request.num_seeds or DEFAULT_SEEDS, overlap)
            times = time_epochs(origin, paths, contestants)
            announce(what_is_left(times, contestants, paths, config, effort), contestants, effort)
        return None
    wanted = Path(typed.folder or str(OmegaConf.select(config, "hydra.sweep.dir"))).absolute()
    folder = make_folder(wanted, is_named=typed.folder is not None)
    go_on = f"regsweep resume {shlex.quote(str(shown(folder)))}"
    with lock.FolderLock(folder):
        command, num_seeds = _begin_or_go_on(folder, request, command, num_trials)
        request = replace(request, has_new_splits=_read(command.arguments[1:]).has_new_splits)
        keys = records.read_as(ComparisonPaths(folder).record, ComparisonRecord).contestants
        ordered = sorted(contestants, key=lambda each: keys.index(each.key))
        try:
            origin = Origin(replace(command, arguments=request.for_all), go_on)
            _train(request, origin, folder, ordered, num_seeds=num_seeds, config=config)
        except KeyboardInterrupt as stop:
            stop.go_on = go_on  # type: ignore[attr-defined]
            raise
    return folder


def _check(request: _Request, command: Command, contestants: Sequence[Contestant]) -> None:
    """Check every search as it will be started, and print what describes the data.

    Raises:
        RegsweepError: for the first thing that is not allowed.
        SystemExit: for what is refused, after the reason is printed.
    """
    lines: list[str] = []
    for each in contestants:
        search = replace(command, arguments=["-m", *request.search(each)])
        lines = dry_run.check(search, partial(require_its_methods, each, command))
    say(*lines)


def _overlap(request: _Request, config: DictConfig, command: Command, num_seeds: int) -> Overlap | None:
    """Return what the splits of the data have in common, where each fresh seed draws one."""
    return require_splits(config, command, request.typed.ranges, num_seeds) if request.has_new_splits else None


def _train(
    request: _Request,
    origin: Origin,
    folder: Path,
    contestants: Sequence[Contestant],
    *,
    num_seeds: int,
    config: DictConfig,
) -> None:
    """Train what is not there yet, and report."""
    paths, confirmation = ComparisonPaths(folder), SweepPaths(folder).confirmation
    num_trials = records.read_as(paths.record, ComparisonRecord).num_trials
    await_sweeps(confirmation)
    effort = Effort(num_trials, num_seeds, _overlap(request, config, origin.command, num_seeds))
    times = time_epochs(origin, paths, contestants)
    announce(what_is_left(times, contestants, paths, config, effort), contestants, effort)
    for place, each in enumerate(contestants):
        if count_ended(paths.search(each.key)) < num_trials:
            left = what_is_left(times, contestants, paths, config, effort).time
            search = f"search {place + 1} of {len(contestants)}: {each.title}, {num_trials} trials"
            say(f"\n{search}; {left} left of the comparison")
            arguments = request.search(each)
            run_sweep(origin, paths.search(each.key), num_trials, lambda made=arguments: made)  # type: ignore[misc]
    baseline, *others = contestants
    sweep = read_sweep(folder)
    confirmation.folder.mkdir(exist_ok=True)
    plan = planning.of_comparison(sweep, {each.key: Lost(each.title, each.titles) for each in others})
    if request.has_new_splits:
        draw_anew(origin, sweep, plan, num_seeds)
    plan.intend(num_seeds, until_settled=False, has_begun=count_ended(confirmation.seeds) > 0)
    if len(plan.contenders) <= len(plan.kinds):
        choosing.take_contenders(plan, sweep, read_sweep(paths.search(baseline.key)))
    choose(origin, plan)
    train_on_seeds(origin, sweep, plan, num_seeds)
    report_confirmed(sweep)


def _begin_or_go_on(folder: Path, request: _Request, command: Command, num_trials: int) -> tuple[Command, int]:
    """Write down what is compared, or go on with what was begun here; return the command and the number of seeds.

    Raises:
        ConfigError: when the folder holds something else, or another comparison.
    """
    paths, file = ComparisonPaths(folder), SweepPaths(folder).command
    num_seeds, keys = request.num_seeds or DEFAULT_SEEDS, request.keys
    _require_place(folder, request, num_trials)
    if paths.record.exists():
        record, began = records.read_as(paths.record, ComparisonRecord), records.read_as(file, Command)
        before = _read(began.arguments[1:])
        num_before = before.num_seeds or DEFAULT_SEEDS
        num_seeds = request.num_seeds or num_before
        if request.has_new_splits and not before.has_new_splits:
            begun = f"the comparison in {shown(folder)} was begun with one split"
            raise RegsweepError(f"{NEW_SPLITS}: {begun}; leave it out, or choose another folder")
        if before.has_new_splits:
            require_same_seeds(SweepPaths(folder).confirmation, num_before, num_seeds, "choose another folder")
        keys = [*record.contestants, *(key for key in keys if key not in record.contestants)]
        words = [*command.arguments, *([] if request.num_seeds else ["--seeds", str(num_before)])]
        words += [NEW_SPLITS] if before.has_new_splits and not request.has_new_splits else []
        # Data and own methods lie where it began, wherever it goes on.
        command = replace(began, arguments=words)
    records.write_json(file, asdict(command))
    records.write_json(paths.record, asdict(ComparisonRecord(keys, num_trials)))
    return command, num_seeds


def _require_place(folder: Path, request: _Request, num_trials: int | None) -> None:
    """Refuse a folder that holds something else, or another comparison; `num_trials` is None where it was not typed.

    Raises:
        ConfigError: naming the folder, or the first difference.
        RegsweepError: for fewer seeds, and for a comparison of another version.
    """
    paths, file = ComparisonPaths(folder), SweepPaths(folder).command
    if paths.record.exists():
        record, began = records.read_as(paths.record, ComparisonRecord), records.read_as(file, Command)
        for search in paths.searches.glob("*"):
            require_this_version(folder, SweepPaths(search).multirun)
        before = _read(began.arguments[1:])
        num_before = before.num_seeds or DEFAULT_SEEDS
        _require_same(folder, before, request, record, record.num_trials if num_trials is None else num_trials)
        if request.num_seeds is not None and request.num_seeds < num_before:
            more = "" if before.has_new_splits else "give more, or "
            allowed = f"the comparison in {shown(folder)} has {num_before} seeds; {more}leave it out"
            raise RegsweepError(f"--seeds {request.num_seeds}: {allowed}")
    elif folder.is_dir():
        unfinished = [*records.unfinished(paths.record), *records.unfinished(file)]
        traces = {lock.NAME, file.name, *(path.name for path in unfinished)}
        if any(path.name not in traces for path in folder.iterdir()):
            raise ConfigError("hydra.sweep.dir", folder, "this folder is not empty; choose another")


def _require_same(folder: Path, before: _Request, now: _Request, record: ComparisonRecord, num_trials: int) -> None:
    """Refuse to go on with another comparison; more contestants and more seeds are allowed.

    Raises:
        ConfigError: naming the first difference.
    """
    place = shown(folder)
    missing = [key for key in record.contestants if key not in now.keys]
    if missing:
        allowed = f"the comparison in {place} has {', '.join(missing)} too; name it as well, or choose another folder"
        raise ConfigError("regularizer", "…", allowed)
    if num_trials != record.num_trials:
        allowed = f"the comparison in {place} has {record.num_trials}; type the same, or choose another folder"
        raise ConfigError("n_trials", num_trials, allowed)
    for one, other in ((before, now), (now, before)):
        for line in one.lines:
            if line not in other.lines:
                key, _, value = line.partition("=")
                verb = "has" if one is before else "does not have"
                allowed = f"the comparison in {place} {verb} it; type the same, or choose another folder"
                raise ConfigError(key, value, allowed)


def _begun(folder: str | None) -> list[str] | None:
    """Return the keys of the contestants of the comparison in `folder`; None of a new one."""
    record = None if folder is None else ComparisonPaths(Path(folder).absolute()).record
    if record is None or not record.exists():
        return None
    return records.read_as(record, ComparisonRecord).contestants


def require_same_network(folder: Path, contestants: Sequence[Contestant], begun: Sequence[str]) -> None:
    """Refuse a further contestant with a method that is taken out of all others, where those have run with it.

    Raises:
        ConfigError: naming the method.
    """
    for name in TAKEN_OUT:
        using = [each.key for each in contestants if name in each.methods]
        if using and not {*using} & {*begun} and (name != DROPOUT or _has_own_dropout(folder)):
            title = METHODS[name].title
            allowed = f"beside it all others are without {title}, and they have run as they are; choose another folder"
            raise ConfigError("regularizer", name, allowed)


def _has_own_dropout(folder: Path) -> bool:
    files = ComparisonPaths(folder).searches.glob("*/[0-9]*/result.json")
    return any(RunRecord.read(file).own_dropout is not None for file in files)


def _read(arguments: Sequence[str]) -> _Request:
    parser = Parser(
        prog="regsweep compare",
        description="Tune each method (or mixture) and the network without regularization alone, in as many trials, "
        "train the best of each on fresh seeds, and report what helps. Started again, it goes on.",
    )
    parser.add_argument(
        "overrides",
        metavar="KEY=VALUE",
        nargs="*",
        help="regularizer=l1,dropout,[l2,dropout] names what is compared; n_trials=N trials of each (default: 20); "
        "hydra.sweep.dir=DIR the folder; regularizer.METHOD…= belongs to those that have the method, any other "
        "setting to all",
    )
    parser.add_argument("--seeds", type=seeds_of, metavar="N", help=f"how many fresh seeds (default: {DEFAULT_SEEDS})")
    add_new_splits(parser)
    add_json(parser)
    parser.add_argument("--plan", action="store_true", help="print what would be trained, and how long that takes")
    parser.add_argument("--config-dir", "-cd", metavar="DIR", help="a configuration folder of your own")
    given = parser.parse_intermixed_args(list(arguments))
    flags = ["--config-dir", given.config_dir] if given.config_dir else []
    typed = read_typed(given.overrides)
    return _Request(typed, flags, given.seeds, given.plan, given.json, given.new_splits)
