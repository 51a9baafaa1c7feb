"""Which trial is the best, in which order the table stands, and what it says of each."""

from __future__ import annotations

import io
import json
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from regsweep.errors import RegsweepError
from regsweep.report.answer.sentences import answer
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.table import count_statuses, print_table, show_value
from tests.decisions.handmade import write_sweep, write_trial

LAMBDA = "regularizer.lambda"


def trials(*accuracies: float | None, **columns: list[Any]) -> list[dict[str, Any]]:
    """Return trials with these accuracies; None is one that failed. `columns` by trial."""
    rows: list[dict[str, Any]] = []
    for number, accuracy in enumerate(accuracies):
        row: dict[str, Any] = {"overrides": {LAMBDA: 0.001 * (number + 1)}, "config": {"regularizer.l2.use": True}}
        row |= {"status": "failed", "error": "it died"} if accuracy is None else {"accuracy": accuracy}
        rows.append(row | {name: values[number] for name, values in columns.items()})
    return rows


BESTS = {
    "the highest, in the middle": (trials(0.5, 0.9, 0.7), {}, 1, [1, 2, 0]),
    "the first of equals": (trials(0.5, 0.9, 0.9, 0.9), {}, 1, [1, 2, 3, 0]),
    "the first of all": (trials(0.5, 0.5, 0.5), {}, 0, [0, 1, 2]),
    "the last": (trials(0.5, 0.6, 0.7), {}, 2, [2, 1, 0]),
    "never one that failed": (trials(0.5, None, 0.7), {}, 2, [2, 0, 1]),
    "never one that was pruned": (trials(0.5, 0.95, 0.7, status=["complete", "pruned", "complete"]), {}, 2, [1, 2, 0]),
    "never one without a record": (trials(0.5, 0.6, status=["complete", "interrupted"]), {}, 0, [0, 1]),
    "never one without the value": ([*trials(0.5), {"accuracy": None}], {}, 0, [0, 1]),
    "the lowest loss": (
        trials(0.5, 0.9, 0.7, loss=[1.0, 2.0, 0.5]),
        {"objective": "validation_loss", "minimize": True},
        2,
        [2, 0, 1],
    ),
    "the first of the lowest": (
        trials(0.5, 0.9, 0.7, loss=[1.0, 0.5, 0.5]),
        {"objective": "validation_loss", "minimize": True},
        1,
        [1, 2, 0],
    ),
    "by another number": (trials(0.5, 0.9, 0.7, sparsity=[0.1, 0.2, 0.8]), {"objective": "sparsity"}, 2, [2, 1, 0]),
    "the training's own best counts for nothing": (
        trials(0.5, 0.6, history=[[0.99, 0.5], [0.1, 0.6]]),
        {},
        1,
        [1, 0],
    ),
}


@pytest.mark.parametrize(("rows", "options", "best", "order"), BESTS.values(), ids=BESTS)
def test_the_best_trial_and_the_order_of_the_table(
    tmp_path: Path, rows: list[dict[str, Any]], options: dict[str, Any], best: int, order: list[int]
) -> None:
    sweep = read_sweep(write_sweep(tmp_path / "s", rows), **options)
    chosen = sweep.best()
    assert chosen is not None
    assert (chosen.number, chosen.numbers) == (best, (best,))
    assert sweep.row(best)["folder"] == str(best)
    assert sweep.row(best)[LAMBDA] == 0.001 * (best + 1)
    assert list(sweep.ranked()["number"]) == order
    assert numbers_of(printed(sweep)) == order
    assert highlighted(sweep) == best
    assert f"best: trial {best}, " in printed(sweep)
    assert printed(sweep).rstrip().endswith(f"s/{best}")


@pytest.mark.parametrize("rows", [trials(None, None), trials(0.5, 0.6, status=["pruned", "interrupted"])])
def test_where_no_trial_is_complete_none_is_best(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    sweep = read_sweep(write_sweep(tmp_path / "s", rows))
    assert sweep.best() is None
    assert highlighted(sweep) is None
    assert "best" not in printed(sweep)


def test_a_single_trial_is_not_called_the_best(tmp_path: Path) -> None:
    assert "best" not in printed(read_sweep(write_sweep(tmp_path / "s", trials(0.5))))
    assert "1 trial: 1 complete" in printed(read_sweep(tmp_path / "s"))


def test_the_table_has_each_trial_s_own_values(tmp_path: Path) -> None:
    rows = trials(0.5, 0.9, 0.7, seconds=[1.5, 20.0, 300.0], test=[0.41, 0.42, 0.43])
    rows.append({"overrides": {LAMBDA: 0.002}, "duplicate_of": 1, "accuracy": 0.9})
    sweep = read_sweep(write_sweep(tmp_path / "s", rows))
    shown = cells(printed(sweep))
    assert shown[0] == ["trial", "lambda", "validation", "accuracy", "test", "accuracy", "status", "seconds"]
    assert [row[:4] for row in shown[1:5]] == [
        ["1", "0.002", "0.9000", "0.4200"],
        ["3", "0.002", "0.9000", "–"],
        ["2", "0.003", "0.7000", "0.4300"],
        ["0", "0.001", "0.5000", "0.4100"],
    ]
    assert [row[4:] for row in shown[1:5]] == [
        ["complete", "20.0"],
        ["complete", "(as", "1)", "–"],
        ["complete", "300.0"],
        ["complete", "1.5"],
    ]
    assert "4 trials: 4 complete" in printed(sweep)


def test_the_test_set_stands_in_the_table_once_and_only_where_it_was_opened(tmp_path: Path) -> None:
    closed = read_sweep(write_sweep(tmp_path / "closed", trials(0.5, 0.9)))
    assert "test accuracy" not in printed(closed)
    assert cells(printed(closed))[1] == ["1", "0.002", "0.9000", "complete", "6.0"]
    one = read_sweep(write_sweep(tmp_path / "one", [*trials(0.5), {"test": 0.4}]))
    assert printed(one).count("test accuracy") == 1
    ranked = read_sweep(write_sweep(tmp_path / "by", trials(0.5, 0.4, test=[0.1, 0.2])), objective="test_accuracy")
    assert cells(printed(ranked))[0].count("test") == 1
    assert numbers_of(printed(ranked)) == [1, 0]


def test_what_failed_is_named_with_its_reason(tmp_path: Path) -> None:
    rows = trials(0.5, None, None, error=[None, "out of memory", "it died"])
    sweep = read_sweep(write_sweep(tmp_path / "s", rows))
    assert count_statuses(sweep) == {"failed": 2, "complete": 1}
    assert list(count_statuses(sweep)) == ["failed", "complete"], "the most frequent first"
    text = printed(sweep)
    assert "3 trials: 2 failed, 1 complete" in text
    assert "trial 1: out of memory\ntrial 2: it died\n" in text
    assert "trial 0:" not in text


def test_keys_are_shortened_unless_two_would_be_the_same(tmp_path: Path) -> None:
    rows = [
        {"overrides": {"a.rate": 0.1, "b.d.rate": 0.2 * n, "c.e.size": n}, "accuracy": 0.5 + n / 10} for n in (1, 2)
    ]
    text = printed(read_sweep(write_sweep(tmp_path / "s", rows)))
    assert cells(text)[0][1:3] == ["d.rate", "size"]
    assert "in all rows: a.rate 0.1\n" in text
    assert "best: trial 1, validation accuracy 0.7000, a.rate=0.1 d.rate=0.4 size=2" in text


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "–"), (math.nan, "–"), (True, "true"), (False, "false"), (0.25, "0.25"), (3, "3"), ("l1", "l1")],
)
def test_a_value_as_the_table_shows_it(value: object, expected: str) -> None:
    assert show_value(value) == expected


def test_what_a_trial_is_read_from(tmp_path: Path) -> None:
    """A run's own folder; a multirun's; neither."""
    folder = write_sweep(tmp_path / "s", trials(0.5, 0.9))
    run = read_sweep(folder / "1")
    assert list(run.trials["validation_accuracy"]) == [0.9]
    assert list(run.trials["number"]) == [0]
    assert (run.is_own, run.swept, run.problems) == (True, [LAMBDA], [])
    with pytest.raises(RegsweepError, match=r"s/2: no such folder$"):
        read_sweep(folder / "2")
    with pytest.raises(RegsweepError, match=r"s/multirun\.yaml: not a folder$"):
        read_sweep(folder / "multirun.yaml")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RegsweepError, match="/empty: neither a sweep nor a run"):
        read_sweep(tmp_path / "empty")
    with pytest.raises(RegsweepError, match=r"--metrics .?x\.json.*records in \S*/s hold the metrics"):
        read_sweep(folder, metrics="x.json")


def test_a_sweep_without_a_trial_is_an_empty_table(tmp_path: Path) -> None:
    sweep = read_sweep(write_sweep(tmp_path / "s", []))
    assert len(sweep.trials) == 0
    assert sweep.best() is None
    assert "0 trials" in printed(sweep)


def test_a_swept_seed_stands_in_the_table_once(tmp_path: Path) -> None:
    rows = [{"overrides": {"seed": seed}, "seed": seed, "accuracy": 0.5 + seed / 10} for seed in (3, 4)]
    sweep = read_sweep(write_sweep(tmp_path / "s", rows))
    assert list(sweep.trials.columns).count("seed") == 1
    assert list(sweep.trials["seed"]) == [3, 4]
    assert sweep.swept == ["seed"]


def test_columns_of_numbers_are_numbers_even_where_all_are_missing(tmp_path: Path) -> None:
    sweep = read_sweep(write_sweep(tmp_path / "s", trials(None, None, status=["failed", "interrupted"])))
    for name in ("validation_accuracy", "test_loss", "total_seconds", "duplicate_of", "ended", "best_epoch"):
        assert pd.api.types.is_float_dtype(sweep.trials[name]), name
    assert list(sweep.trials.columns[:4]) == ["number", "folder", "status", LAMBDA]
    assert list(sweep.trials.columns[-3:]) == ["error", "duplicate_of", "ended"]


def test_a_folder_whose_name_is_not_utf8_is_left_out_and_named(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "s", trials(0.5))
    odd = folder / "\udcff"
    write_trial(odd, 1, {"accuracy": 0.99})
    (odd / ".hydra" / "hydra.yaml").write_text("hydra:\n  job:\n    num: 1\n")
    (folder / "0").rename(folder / "zero")
    (folder / "zero" / ".hydra" / "hydra.yaml").write_text("hydra:\n  job:\n    num: 0\n")
    sweep = read_sweep(folder)
    assert list(sweep.trials["folder"]) == ["zero"]
    assert [problem for problem in sweep.problems if "UTF-8" in problem] == ["\\udcff: this folder's name is not UTF-8"]


def test_other_numbers_than_accuracies_are_of_any_size(tmp_path: Path) -> None:
    rows = trials(0.5, 0.6, None, loss=[1234.5678, 0.000123456, 1.0])
    text = printed(read_sweep(write_sweep(tmp_path / "s", rows), objective="validation_loss"))
    assert cells(text)[0] == ["trial", "lambda", "validation", "loss", "status", "seconds"]
    assert [row[:3] for row in cells(text)[1:4]] == [
        ["1", "0.002", "0.00012346"],
        ["0", "0.001", "1234.6"],
        ["2", "0.003", "–"],
    ]
    assert "best: trial 1, validation loss 0.00012346 (lower is better), L2 λ=0.002" in text


@pytest.mark.parametrize(("name", "maximize"), [("validation_loss", False), ("validation_accuracy", True)])
def test_the_direction_follows_the_name_unless_it_is_given(tmp_path: Path, name: str, *, maximize: bool) -> None:
    folder = write_sweep(tmp_path / "s", trials(0.5, 0.6))
    assert read_sweep(folder, objective=name).maximize == maximize
    assert [read_sweep(folder, objective=name, minimize=m).maximize for m in (True, False)] == [False, True]


def test_equals_stand_in_the_order_of_their_trials(tmp_path: Path) -> None:
    rows = trials(*(0.5 + 0.1 * (number % 2) for number in range(40)))
    sweep = read_sweep(write_sweep(tmp_path / "s", rows))
    assert list(sweep.ranked()["number"]) == [*range(1, 40, 2), *range(0, 40, 2)]


def foreign(folder: Path) -> Path:
    """Write the multirun of an application that knows nothing of this project, and return it."""
    for number, content in enumerate(('{"acc": 0.5, "none": null}', '{"acc": 0.9, "none": null}', "{")):
        place = folder / str(number) / ".hydra"
        place.mkdir(parents=True)
        (place / "config.yaml").write_text(f"x: {number}\n")
        (place / "overrides.yaml").write_text(f"- x={number}\n")
        (place.parent / "m.json").write_text(content)
    return folder


@pytest.mark.parametrize(("minimize", "best"), [(None, 1), (False, 1), (True, 0)])
def test_another_application_s_multirun(tmp_path: Path, minimize: bool | None, best: int) -> None:
    folder = foreign(tmp_path / "f")
    sweep = read_sweep(folder, metrics="m.json", objective="acc", minimize=minimize)
    assert (sweep.folder, sweep.is_own, sweep.swept, sweep.objective) == (folder, False, ["x"], "acc")
    assert sweep.maximize == (minimize is not True)
    assert [line.partition(":")[0] for line in sweep.problems] == ["2/m.json"]
    assert list(sweep.trials["status"]) == ["complete", "complete", "unreadable"]
    assert list(sweep.trials["x"]) == [0, 1, 2]
    assert pd.api.types.is_float_dtype(sweep.trials["none"])
    chosen = sweep.best()
    assert chosen is not None
    assert chosen.number == best
    with pytest.raises(RegsweepError, match="--metrics"):
        read_sweep(folder)


def printed(sweep: Sweep) -> str:
    """Return the table as it stands in a file."""
    file = io.StringIO()
    print_table(sweep, Console(file=file, width=200, highlight=False))
    return file.getvalue()


def cells(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def numbers_of(text: str) -> list[int]:
    """Return the trials in the order of the table's rows."""
    rows = [line.split() for line in text.splitlines() if ": " not in line]
    return [int(row[0]) for row in rows if row and row[0].isdigit()]


def highlighted(sweep: Sweep) -> int | None:
    """Return the number of the one row that a terminal shows in another colour; None where there is none."""
    file = io.StringIO()
    print_table(sweep, Console(file=file, width=200, highlight=False, force_terminal=True, color_system="standard"))
    rows = [line for line in file.getvalue().splitlines() if "\x1b[1;32m" in line]
    assert len(rows) <= 1
    return int(re.sub(r"\x1b\[[0-9;]*m", "", rows[0]).split()[0]) if rows else None


@pytest.mark.parametrize(
    ("planned", "statuses", "expected"),
    [
        (None, ["complete", "complete"], []),
        (2, ["complete", "pruned"], []),
        (2, ["complete", "failed", "complete"], []),  # its folder has more than it was to have
        (24, ["complete", "pruned", "failed"], ["21 of 24 trials have not ended; to go on: regsweep resume 'a b'"]),
        (3, ["complete", "complete", "interrupted"], ["1 of 3 trials has not ended; to go on: regsweep resume 'a b'"]),
        (3, ["interrupted"], ["3 of 3 trials have not ended; to go on: regsweep resume 'a b'"]),
    ],
)
def test_a_sweep_that_was_stopped_says_how_it_goes_on(
    tmp_path: Path, planned: int | None, statuses: list[str], expected: list[str]
) -> None:
    write_sweep(tmp_path / "a b", [{"status": s, "accuracy": 0.5 if s == "complete" else None} for s in statuses])
    command = {"arguments": ["-m"], "working_folder": str(tmp_path), "import_path": [], "num_trials": planned}
    (tmp_path / "a b" / "command.json").write_text(json.dumps(command))
    sweep = read_sweep(Path("a b"))
    assert [line for line in answer(sweep, None) if "not ended" in line] == expected
    assert [line for line in printed(sweep).splitlines() if "not ended" in line] == expected
