"""``regsweep predict RUN DATA``: a trained network is used on further examples."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from regsweep import records
from regsweep.errors import RegsweepError
from regsweep.numbers import show_number
from regsweep.paths import RunPaths, shown
from regsweep.report.command import Parser
from regsweep.report.printed import print_line

if TYPE_CHECKING:
    from pandas import DataFrame
    from torch import Tensor

    from regsweep.data.examples import Examples
    from regsweep.trained import TrainedModel

_SUFFIX = ".csv"
_MOST = 3
"""Classes, or numbers, that the summary names."""


def main(arguments: list[str]) -> None:
    """Run the subcommand with its own arguments: rows go to the standard output or a file, the summary to errors."""
    options = _parser().parse_args(arguments)
    _require_writable(options.output)
    from regsweep.app.loading import load_model  # noqa: PLC0415  (torch, for which --help need not wait)

    model = load_model(options.run, options.device)
    examples = model.examples(options.data)
    outputs = model.outputs_of(examples)
    frame = model.frame(outputs, examples)
    lines = [
        f"{len(examples):,} example{'s' if len(examples) > 1 else ''} of {options.data}: {_summary(frame, model.kind)}"
    ]
    lines += [*_score(model, RunPaths(options.run.absolute()), outputs, examples), *examples.notes]
    text = frame.to_csv(index=examples.files is not None)
    if options.output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        records.write_text(options.output.absolute(), text)
        lines.append(f"written to {shown(options.output.absolute())}")
    to = Console(stderr=True, highlight=False)
    for line in lines:
        print_line(to, line)


def _parser() -> Parser:
    parser = Parser(
        prog="regsweep predict",
        description="Predict with the network that a run has trained. A row of CSV for each example of DATA, in their "
        "order: its class and the probability of each, or its numbers in their own unit. Where DATA has what is to be "
        "predicted, the score is printed, too.",
    )
    parser.add_argument(
        "run", metavar="RUN", type=Path, help="folder of a run, or of a sweep's trial, that saved its weights"
    )
    parser.add_argument(
        "data",
        metavar="DATA",
        type=Path,
        help="examples as the run's were stored: a table (.csv, .parquet), arrays (.npz, .safetensors) with x and, for "
        "the score, y; a picture, or a folder of pictures",
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="a .csv file in place of the standard output")
    parser.add_argument(
        "--device", metavar="NAME", default="cpu", help="where to compute: cpu (default), cuda, mps or auto"
    )
    return parser


def _require_writable(output: Path | None) -> None:
    """Refuse a file that cannot be written, before anything is computed."""
    if output is None:
        return
    if output.suffix.lower() != _SUFFIX:
        raise RegsweepError(f"--output {output}: must end in {_SUFFIX}")
    if not output.absolute().parent.is_dir():
        raise RegsweepError(f"--output {output}: no folder {output.parent}; make it first")


def _summary(frame: DataFrame, kind: str) -> str:
    """Return the most frequent classes, or the range of each number."""
    if kind == "classification":
        counts = frame["prediction"].value_counts()
        more = [f"{len(counts) - _MOST} more classes"] if len(counts) > _MOST else []
        return ", ".join([*(f"{name} in {count:,}" for name, count in counts.head(_MOST).items()), *more])
    described = frame.describe().loc[["min", "max", "mean"]].items()
    parts = [(name, *(show_number(float(each), 4) for each in column)) for name, column in list(described)[:_MOST]]
    return "; ".join(f"{name} {low} to {high}, mean {mean}" for name, low, high, mean in parts)


def _score(model: TrainedModel, paths: RunPaths, outputs: Tensor, examples: Examples) -> list[str]:
    """Return the run's objective on these examples in a line, or why there is none; nothing without targets."""
    if examples.targets is None:
        return []
    from regsweep.app.run_folder import working_where_it_was_started  # noqa: PLC0415
    from regsweep.progress import show_objective  # noqa: PLC0415

    try:
        with working_where_it_was_started(paths):  # an objective of the user's own lies there
            metrics = model.score(outputs, examples)
    except RegsweepError as error:
        return [f"no score: {error}"]
    return [f"{metrics.objective.replace('_', ' ')} {show_objective(metrics)}"]
