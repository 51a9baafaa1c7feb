"""``regsweep report DIR``: the table in the terminal, ``trials.csv``, ``report.html``, and figures as files."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from omegaconf import OmegaConf
from rich.console import Console

from regsweep import records
from regsweep.errors import RecordError, RegsweepError
from regsweep.paths import RunPaths, SweepPaths, shown
from regsweep.report import printed
from regsweep.report.alone import stdout_for_json, write
from regsweep.report.export import FORMATS
from regsweep.report.files import COMPARISON, ReportPaths, require_free, writes_trials, written_before
from regsweep.report.rows import NUMBERS, table_columns, write_rows
from regsweep.report.sweep import Sweep, read_ranked_by, read_sweep
from regsweep.report.table import count_statuses, print_table
from regsweep.report.tune import compare_command

if TYPE_CHECKING:
    from regsweep.report.figures.evidence import Drawing, Evidence
    from regsweep.report.page import Headed


class Parser(argparse.ArgumentParser):
    """Refuses a mistake in one line."""

    def error(self, message: str) -> NoReturn:
        """Raise the error of the mistake."""
        raise RegsweepError(f"{message}; see {self.prog} --help")


def main(arguments: list[str]) -> None:
    """Run the subcommand with its own arguments."""
    options = _parser().parse_args(arguments)
    folders = list(dict.fromkeys(options.folders))
    if options.json and len(folders) > 1:
        raise RegsweepError("--json: prints one object; give one folder")
    read = partial(read_ranked_by, metrics=options.metrics, objective=options.objective, minimize=options.minimize)
    if options.watch:
        if len(folders) > 1 or options.json or options.format:
            raise RegsweepError("--watch: shows the page of one folder; leave --json, --format and other folders out")
        _watch(folders[0], lambda: read(folders[0]))
        return
    with stdout_for_json(options.json) as output:
        sweeps = [read(folder) for folder in folders]
        console = printed.console()
        reported = [_report(sweep, console, options.format) for sweep in sweeps]
        if len(reported) > 1:
            _compare([evidence for evidence, _ in reported], [headed for _, headed in reported], console)
    if options.json:
        write(output, records.read_json(ReportPaths(folders[0]).summary))


def report(folder: Path) -> dict[str, int]:
    """Print the table of the sweep in `folder`, write its ``trials.csv``, and return the counts by status.

    This is a sweep's end. It prints the command that makes the page and writes none: drawing it takes a second or two,
    as long as some sweeps do.
    """
    sweep = read_sweep(folder)
    console = printed.console()
    _write_table(sweep, console, _answer_of_seeds(sweep))
    for line in _next_steps(sweep):
        printed.print_line(console, line)
    return count_statuses(sweep)


def _next_steps(sweep: Sweep) -> list[str]:
    """Return what can be done with a sweep that has ended, each with its command, as far as no answer stands above."""
    if len(sweep.trials) == 1:
        return []
    place = shlex.quote(str(shown(sweep.folder)))
    lines = [f"to draw report.html: regsweep report {place}"]
    regularizes = any(sweep.kind(number) for number in sweep.regularization)
    stands_above = sweep.seed_key is not None or bool(sweep.data_keys)  # in the answer, or below the table
    if sweep.best() is None or stands_above or _is_confirmed(sweep) or not regularizes:
        return lines
    lines.append(
        f"to compare the best with the network without regularization, on fresh seeds: regsweep confirm {place}"
    )
    tunes = compare_command(sweep)
    return lines if tunes is None else [*lines, f"to tune each method, and then compare: {tunes}"]


def _is_confirmed(sweep: Sweep) -> bool:
    return SweepPaths(sweep.folder).confirmation.plan.exists()


def _answer_of_seeds(sweep: Sweep) -> list[str]:
    """Return the answer of a sweep over seeds, which stands below its table; that of others is the table.

    That of a confirmed one is the confirmation's, which the report has.
    """
    if sweep.seed_key is None or _is_confirmed(sweep):
        return []
    from regsweep.report.answer.sentences import answer  # noqa: PLC0415

    return answer(sweep, None)


def report_confirmed(sweep: Sweep) -> None:
    """Print the answer of the confirmation of `sweep`, and write its report."""
    _report(sweep, printed.console(), (), table=False)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="regsweep report",
        description="Print a sweep's table, best trial first, and write trials.csv, report.html and summary.json into "
        "its folder. Several folders are also compared, in comparison.html of the working folder.",
    )
    parser.add_argument(
        "folders",
        metavar="DIR",
        type=Path,
        nargs="+",
        help="folder of a sweep (multirun/<date>/<time>), of a single run, or of any Hydra multirun",
    )
    parser.add_argument(
        "--format",
        type=_formats,
        default=(),
        metavar="png,svg,pdf",
        help="also write each figure so into DIR/figures, with what it shows as CSV beside it",
    )
    parser.add_argument(
        "--metrics",
        metavar="FILE",
        help="of another application: the file in each job's folder that holds its metrics, or a pattern ('*.csv') "
        "that it alone matches there",
    )
    add_json(parser)
    parser.add_argument(
        "--watch", action="store_true", help="serve the page on this machine alone; it shows what has ended by now"
    )
    parser.add_argument(
        "--objective", metavar="NAME", help="metric that trials are ranked by (default: the sweep's own)"
    )
    direction = parser.add_mutually_exclusive_group()
    direction.add_argument(
        "--minimize",
        action="store_const",
        const=True,
        help="a lower objective is better; without either, as the study has it for its own values, or as the name "
        "implies: less of a loss, error, mse, time and their like is better, more of anything else",
    )
    direction.add_argument(
        "--maximize", action="store_const", const=False, dest="minimize", help="a higher objective is better"
    )
    return parser


def add_json(parser: argparse.ArgumentParser) -> None:
    """Let a subcommand have ``--json``."""
    parser.add_argument(
        "--json", action="store_true", help="print summary.json alone; everything else goes to the standard error"
    )


def _formats(text: str) -> tuple[str, ...]:
    formats = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",")))
    if not set(formats) <= set(FORMATS):
        raise argparse.ArgumentTypeError(f"{text!r}: must be of {', '.join(FORMATS)}")
    return formats


def _watch(folder: Path, read: Callable[[], Sweep]) -> None:
    """Serve the page of a sweep that may run; nothing is written."""
    from regsweep.report import watch  # noqa: PLC0415
    from regsweep.report.answer.sentences import answer  # noqa: PLC0415
    from regsweep.report.figures import draw_all  # noqa: PLC0415
    from regsweep.report.page import sweep_page  # noqa: PLC0415

    def page() -> str:
        evidence = _evidence(read())
        answered = answer(evidence.sweep, evidence.confirmation)
        return sweep_page(evidence, draw_all(evidence), answered, seconds=watch.SECONDS)

    watch.serve(folder, page, printed.say)


def _evidence(sweep: Sweep) -> Evidence:
    """Return a sweep with its confirmation; one that cannot be read is noted in the sweep's problems."""
    from regsweep.report.figures import Evidence  # noqa: PLC0415
    from regsweep.report.read_confirmation import read_confirmation  # noqa: PLC0415

    try:
        return Evidence(sweep, read_confirmation(sweep.folder))
    except RegsweepError as error:
        sweep.problems.append(str(error))
        return Evidence(sweep, None)


def _report(sweep: Sweep, console: Console, formats: Sequence[str], *, table: bool = True) -> tuple[Evidence, Headed]:
    """Write everything of one sweep into its folder; the table in the terminal comes first, it is there at once."""
    # Plotly and Optuna, which a sweep's end does without.
    from regsweep.report import export  # noqa: PLC0415
    from regsweep.report.answer.sentences import answer  # noqa: PLC0415
    from regsweep.report.confirmation_table import print_confirmation  # noqa: PLC0415
    from regsweep.report.figures import draw_all  # noqa: PLC0415
    from regsweep.report.page import Headed, sweep_page  # noqa: PLC0415
    from regsweep.report.summary import summary  # noqa: PLC0415

    paths = ReportPaths(sweep.folder)
    evidence = _evidence(sweep)
    drawings = draw_all(evidence)
    answered = answer(sweep, evidence.confirmation)
    files = [paths.page.name, paths.summary.name]
    files += [paths.trials.name] if sweep.is_own or writes_trials(paths) else []
    files += export.files(drawings, formats) if formats else []
    if not sweep.is_own:
        require_free(paths, files)
    # First, as it names what is ours in another application's folder.
    every = list(dict.fromkeys([*written_before(paths), *files]))
    records.write_json(paths.summary, summary(evidence, answered, every))
    if table or sweep.is_comparison:  # a confirmation's sweep has its table
        _write_table(sweep, console, [] if evidence.confirmation is not None else answered, is_shown=table)
    if evidence.confirmation is not None:
        print_confirmation(sweep, evidence.confirmation, console)
    elif sweep.is_comparison:
        printed.print_line(console, answered[-1])  # that it is not complete
    records.write_text(paths.page, sweep_page(evidence, drawings, answered))
    _say(console, paths.page)
    if formats:
        export.export(paths, drawings, formats)
        _say(console, paths.figures)
    return evidence, Headed(_relative(paths.page), sweep.folder.absolute().name, answered)


def _write_table(sweep: Sweep, console: Console, answered: Sequence[str], *, is_shown: bool = True) -> None:
    paths = SweepPaths(sweep.folder)
    if sweep.is_own:
        write_rows(paths.trials, table_columns(sweep.swept, numbers=sweep.numbers), sweep.rows)
    elif writes_trials(ReportPaths(sweep.folder)):
        unused = [name for name in NUMBERS if sweep.trials[name].isna().all()]
        records.write_text(paths.trials, sweep.trials.drop(columns=["ended", *unused]).to_csv(index=False))
    _name_best_trial(paths, sweep)
    if not is_shown:
        return
    if sweep.seed_key is None:
        print_table(sweep, console)
    else:
        from regsweep.report.pooled_table import print_pooled  # noqa: PLC0415

        print_pooled(sweep, console, answered)
    if not RunPaths(sweep.folder).config.is_file():
        _say(console, paths.trials)


def _name_best_trial(paths: SweepPaths, sweep: Sweep) -> None:
    """Add the best trial's number and folder to the results that Hydra's Optuna sweeper wrote."""
    best = sweep.best()
    if best is None or not sweep.is_own or not paths.optimization_results.is_file():
        return
    try:
        results = records.read_yaml(paths.optimization_results)
    except RecordError as error:
        sweep.problems.append(str(error))
        return
    if isinstance(results, dict) and results.get("best_value") == best.mean:
        results["best_trial"] = {"number": best.number, "folder": sweep.row(best.number)["folder"]}
        records.write_text(paths.optimization_results, OmegaConf.to_yaml(OmegaConf.create(results)))


def _compare(evidence: Sequence[Evidence], headed: Sequence[Headed], console: Console) -> None:
    from regsweep.report.figures import compare_sweeps  # noqa: PLC0415
    from regsweep.report.page import comparison_page  # noqa: PLC0415

    page = Path.cwd() / COMPARISON
    drawings: list[Drawing] = compare_sweeps(list(evidence))
    records.write_text(page, comparison_page(Path.cwd(), headed, drawings))
    _say(console, page)


def _relative(page: Path) -> str:
    from regsweep.report.page.trials import link  # noqa: PLC0415

    return link(os.path.relpath(page.absolute()))


def _say(console: Console, path: Path) -> None:
    console.print(f"      {shown(path)}", soft_wrap=True, markup=False)
