"""``regsweep compare``: which of several methods helps. Each is tuned alone, and all are confirmed together."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from regsweep import records
from regsweep.app import dry_run
from regsweep.app.confirm import DEFAULT_SEEDS, choose, require_complete, seeds_of, train_on_seeds
from regsweep.app.contestants import Contestant, Typed, compose, read_typed
from regsweep.app.effort import announce, time_epochs
from regsweep.app.folders import make_folder
from regsweep.app.plan import Lost, Plan
from regsweep.app.resume import Command
from regsweep.app.stages import Origin, await_sweeps, count_ended, run_sweep
from regsweep.errors import ConfigError
from regsweep.paths import ComparisonPaths, SweepPaths, shown
from regsweep.report.alone import stdout_for_json, write
from regsweep.report.command import Parser, add_json, report_confirmed
from regsweep.report.files import ReportPaths
from regsweep.report.sweep import ComparisonRecord, read_sweep
from regsweep.sweeper import lock


@dataclass(frozen=True)
class _Request:
    """A comparison as it was typed.

    Attributes:
        typed: its overrides.
        flags: those of Hydra.
        num_seeds: for every configuration; None where that was not given.
        is_plan: whether only to print what would be trained.
    """

    typed: Typed
    flags: list[str]
    num_seeds: int | None
    is_plan: bool
    is_json: bool


def main(arguments: list[str]) -> None:
    """Run the subcommand with its own arguments; exit code 1 where a run is not complete."""
    request = _read(arguments)
    command = Command(["compare", *arguments], str(Path.cwd()), sys.path[:])
    _run(request, command)


def resume(folder: Path) -> None:
    """Go on with the comparison in `folder`."""
    command = records.read_as(SweepPaths(folder).command, Command)
    request = _read(command.arguments[1:])
    typed = replace(request.typed, folder=str(folder.absolute()))
    _run(replace(request, typed=typed), command)


def _run(request: _Request, command: Command) -> None:
    with stdout_for_json(request.is_json) as output:
        folder = _go(request, command)
    if folder is not None:
        if request.is_json:
            write(output, records.read_json(ReportPaths(folder).summary))
        require_complete(read_sweep(folder))


def _go(request: _Request, command: Command) -> Path | None:
    """Compare, report, and return the folder; None where only the plan was wanted."""
    typed, hydra = request.typed, replace(command, arguments=request.flags)
    contestants, config = compose(typed, hydra)
    lines: list[str] = []
    for each in contestants:
        arguments = ["-m", *_search(request, each)]
        lines = dry_run.compose(replace(command, arguments=arguments), check=True).lines
    print("\n".join(lines))  # noqa: T201
    num_trials = int(config.hydra.sweeper.n_trials) if typed.num_trials is None else typed.num_trials
    request = replace(request, typed=replace(typed, num_trials=num_trials))
    if request.is_plan:
        with tempfile.TemporaryDirectory() as place:
            origin = Origin(replace(command, arguments=[*request.flags, *typed.for_all]), "regsweep compare")
            timed = time_epochs(origin, ComparisonPaths(Path(place)), contestants)
            announce(timed, contestants, num_trials, request.num_seeds or DEFAULT_SEEDS, config)
        return None
    wanted = Path(typed.folder or str(OmegaConf.select(config, "hydra.sweep.dir"))).absolute()
    folder = make_folder(wanted, is_named=typed.folder is not None)
    with lock.FolderLock(folder):
        request = _begin_or_go_on(folder, request, command)
        keys = records.read_as(ComparisonPaths(folder).record, ComparisonRecord).contestants
        _compare(folder, request, command, sorted(contestants, key=lambda each: keys.index(each.key)), config)
    return folder


def _compare(
    folder: Path, request: _Request, command: Command, contestants: Sequence[Contestant], config: DictConfig
) -> None:
    """Train what is not there yet, and report."""
    paths, typed = ComparisonPaths(folder), request.typed
    confirmation = SweepPaths(folder).confirmation
    origin = Origin(
        replace(command, arguments=[*request.flags, *typed.for_all]),
        f"regsweep resume {shlex.quote(str(shown(folder)))}",
    )
    await_sweeps(confirmation)
    num_trials, num_seeds = typed.num_trials or 0, request.num_seeds or DEFAULT_SEEDS
    timed = time_epochs(origin, paths, contestants)
    announce(timed, contestants, num_trials, num_seeds, config)
    for place, each in enumerate(contestants):
        if count_ended(paths.search(each.key)) < num_trials:
            print(f"\nsearch {place + 1} of {len(contestants)}: {each.title}, {num_trials} trials")  # noqa: T201
            arguments = ["-m", *_search(request, each)]
            run_sweep(origin, paths.search(each.key), num_trials, lambda made=arguments: made[1:])  # type: ignore[misc]
    baseline, *others = contestants
    sweep = read_sweep(folder)
    confirmation.folder.mkdir(exist_ok=True)
    plan = Plan.of_comparison(sweep, {each.key: Lost(each.title, each.methods) for each in others})
    plan.intend(num_seeds, until_settled=False, has_begun=count_ended(confirmation.seeds) > 0)
    if len(plan.contenders) <= len(plan.kinds):
        plan.take_contenders(sweep, read_sweep(paths.search(baseline.key)))
    choose(origin, plan)
    train_on_seeds(origin, sweep, plan, num_seeds)
    report_confirmed(sweep)


def _search(request: _Request, contestant: Contestant) -> list[str]:
    """Return what a contestant's search is started with."""
    return [*request.flags, "sweep=regularization", *request.typed.for_all, *contestant.overrides]


def _begin_or_go_on(folder: Path, request: _Request, command: Command) -> _Request:
    """Write down what is compared, or go on with what was begun here; return the request, its number of seeds known.

    Raises:
        ConfigError: when the folder holds something else.
    """
    paths, record = ComparisonPaths(folder), SweepPaths(folder).command
    keys = ["none", *("+".join(options) for options in request.typed.contestants)]
    if not paths.record.exists():
        unfinished = [*records.unfinished(paths.record), *records.unfinished(record)]
        traces = {lock.NAME, record.name, *(path.name for path in unfinished)}
        if any(path.name not in traces for path in folder.iterdir()):
            raise ConfigError("hydra.sweep.dir", folder, "this folder is not empty; choose another")
        request = replace(request, num_seeds=request.num_seeds or DEFAULT_SEEDS)
        records.write_json(record, asdict(command))
    else:
        before = _read(records.read_as(record, Command).arguments[1:])
        known = records.read_as(paths.record, ComparisonRecord).contestants
        _require_same(folder, before, request, [key for key in known if key not in keys])
        num_before = before.num_seeds or DEFAULT_SEEDS
        request = replace(request, num_seeds=max(num_before, request.num_seeds or num_before))
        keys = [*known, *(key for key in keys if key not in known)]
        records.write_json(record, asdict(_extended(command, request)))
    records.write_json(paths.record, asdict(ComparisonRecord(keys)))
    return request


def _extended(command: Command, request: _Request) -> Command:
    """Return the command with its number of seeds, which was larger before where it gives a smaller one."""
    words = [*command.arguments, "--seeds", str(request.num_seeds)]  # of several the last counts
    return replace(command, arguments=words if request.num_seeds != _read(words[1:-2]).num_seeds else words[:-2])


def _require_same(folder: Path, before: _Request, now: _Request, missing: Sequence[str]) -> None:
    """Refuse to go on with another comparison; more contestants and more seeds are allowed.

    Raises:
        ConfigError: naming the first difference.
    """
    place = shown(folder)
    if missing:
        allowed = f"the comparison in {place} has {', '.join(missing)} too; name it as well, or choose another folder"
        raise ConfigError("regularizer", "…", allowed)
    for one, other in ((before, now), (now, before)):
        for line in _lines(one):
            if line not in _lines(other):
                key, _, value = line.partition("=")
                verb = "has" if one is before else "does not have"
                allowed = f"the comparison in {place} {verb} it; type the same, or choose another folder"
                raise ConfigError(key, value, allowed)


def _lines(request: _Request) -> list[str]:
    """Return all that may not change."""
    of_methods = [str(override.input_line) for override in request.typed.of_methods]
    return [*request.typed.for_all, *of_methods, *request.flags, f"n_trials={request.typed.num_trials}"]


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
        "hydra.sweep.dir=DIR the folder; any other setting belongs to all",
    )
    parser.add_argument("--seeds", type=seeds_of, metavar="N", help=f"how many fresh seeds (default: {DEFAULT_SEEDS})")
    add_json(parser)
    parser.add_argument("--plan", action="store_true", help="print what would be trained, and how long that takes")
    parser.add_argument(
        "--config-dir", "-cd", metavar="DIR", help="a configuration folder of your own, as Hydra has it"
    )
    given = parser.parse_intermixed_args(list(arguments))
    flags = ["--config-dir", given.config_dir] if given.config_dir else []
    return _Request(read_typed(given.overrides), flags, given.seeds, given.plan, given.json)
