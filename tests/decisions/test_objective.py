"""A search for one objective of its own is ranked, reported and confirmed by that, whatever accuracy says."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from rich.console import Console

from regsweep import load_sweep
from regsweep.app import choosing, planning
from regsweep.app.candidates import Configuration
from regsweep.app.confirm import _shown
from regsweep.app.main import _reported
from regsweep.app.stages import values_of
from regsweep.errors import RegsweepError
from regsweep.report import command
from regsweep.report.answer.limits import chosen_by, how_far
from regsweep.report.answer.sentences import answer
from regsweep.report.confirmation import CHOSEN_BY, Untuned
from regsweep.report.figures import Evidence
from regsweep.report.page import head, trials
from regsweep.report.read_confirmation import read_confirmation
from regsweep.report.summary import summary
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.table import print_table
from regsweep.report.terms import Terms
from tests.conftest import PROJECT
from tests.decisions import confirmable
from tests.decisions.confirmations import Made, confirmed
from tests.decisions.handmade import write_sweep

LOSSES: list[dict[str, Any]] = [
    {"accuracy": 0.7, "loss": 0.9, "sparsity": 0.1},
    {"accuracy": 0.9, "loss": 0.8, "sparsity": 0.0},
    {"accuracy": 0.8, "loss": 0.5, "sparsity": 0.2},
    {"accuracy": 0.6, "loss": 0.1, "sparsity": 0.9, "status": "pruned"},
]
"""Trial 1 has the highest accuracy, trial 2 the lowest loss of those that are complete."""


def ask(folder: Path, names: Any, directions: Any) -> None:
    """Write down what a search looked for."""
    settings = yaml.safe_load((folder / "multirun.yaml").read_text())
    settings["hydra"]["sweeper"] = {"objectives": names, "direction": directions}
    (folder / "multirun.yaml").write_text(yaml.safe_dump(settings))


def searched(folder: Path, names: Any, directions: Any, rows: Sequence[Mapping[str, Any]] = LOSSES) -> Sweep:
    write_sweep(folder, [{"overrides": {"optimizer.lr": 0.1 * (n + 1)}, **row} for n, row in enumerate(rows)])
    ask(folder, names, directions)
    return read_sweep(folder)


ASKED = {
    "a list of one": (["validation_loss"], ["minimize"], ("validation_loss", False, 2)),
    "a list and a word": (["validation_loss"], "minimize", ("validation_loss", False, 2)),
    "a name": ("validation_loss", "minimize", ("validation_loss", False, 2)),
    "the direction is the sweep's, not the name's": (["validation_loss"], ["maximize"], ("validation_loss", True, 0)),
    "less sparsity": (["sparsity"], ["minimize"], ("sparsity", False, 1)),
    "more sparsity": (["sparsity"], ["maximize"], ("sparsity", True, 2)),
    "the default, named": (["validation_accuracy"], ["maximize"], ("validation_accuracy", True, 1)),
    "what the job returns": (None, "maximize", ("validation_accuracy", True, 1)),
    "what no trial has": (["latency"], ["minimize"], ("validation_accuracy", True, 1)),
    "damaged": (["validation_loss"], ["minimize", "minimize"], ("validation_accuracy", True, 1)),
}


@pytest.mark.parametrize(("names", "directions", "expected"), ASKED.values(), ids=ASKED)
def test_the_best_is_that_of_the_sweep_s_own_objective(
    tmp_path: Path, names: Any, directions: Any, expected: tuple[str, bool, int]
) -> None:
    sweep = searched(tmp_path / "s", names, directions)
    best = sweep.best()
    assert best is not None
    assert (sweep.objective, sweep.maximize, best.number) == expected
    assert sweep.objectives == {}
    assert f"Trial {expected[2]} is the best of 4" in answer(sweep, None)[0]


def test_what_is_named_for_the_report_goes_before(tmp_path: Path) -> None:
    searched(tmp_path / "s", ["validation_loss"], ["maximize"])
    named = read_sweep(tmp_path / "s", objective="validation_accuracy")
    assert (named.objective, named.maximize) == ("validation_accuracy", True)
    turned = read_sweep(tmp_path / "s", minimize=True)
    assert (turned.objective, turned.maximize) == ("validation_loss", False)
    assert read_sweep(tmp_path / "s", objective="validation_loss").maximize, "as the sweep had it"


ABSENT: dict[str, tuple[list[dict[str, Any]], str, bool]] = {
    "the test set stayed closed": ([{"accuracy": 0.6}], "test_accuracy", True),
    "no such number at all": ([{"accuracy": 0.6}], "acuracy", True),
    "one trial has it": ([{"accuracy": 0.6}, {"test": 0.5}], "test_accuracy", False),
    "none has ended": ([{"status": "interrupted"}], "test_accuracy", False),
    "none is complete, so the next may have it": ([{"status": "failed"}], "validation_accuracy", False),
}
"""Rows, the number to rank by, and whether that is refused."""


@pytest.mark.parametrize(("rows", "name", "is_refused"), ABSENT.values(), ids=ABSENT)
@pytest.mark.parametrize("is_comparison", [False, True])
def test_a_number_that_no_trial_has_ranks_nothing(
    tmp_path: Path, rows: list[dict[str, Any]], name: str, *, is_refused: bool, is_comparison: bool
) -> None:
    write_sweep(tmp_path / "c" / "searches" / "none", rows)
    (tmp_path / "c" / "comparison.json").write_text(json.dumps({"contestants": ["none"], "num_trials": 9}))
    folder = tmp_path / "c" if is_comparison else tmp_path / "c" / "searches" / "none"
    if not is_refused:
        assert load_sweep(folder, objective=name).attrs["objective"] == name
        return
    with pytest.raises(RegsweepError) as error:
        load_sweep(folder, objective=name)
    there = "validation_accuracy, validation_loss, train_accuracy, train_loss, penalty, sparsity, best_epoch, epochs, "
    there += "train_seconds, evaluate_seconds, total_seconds, seed"
    assert str(error.value) == f"--objective {name}: no such number in these trials; there are: {there}"


def test_the_command_refuses_it_in_one_line(tmp_path: Path) -> None:
    write_sweep(tmp_path / "s", [{"accuracy": 0.6}])
    with pytest.raises(RegsweepError, match="--objective test_accuracy: no such number in these trials; there are: "):
        command.main([str(tmp_path / "s"), "--objective", "test_accuracy"])
    assert not (tmp_path / "s" / "trials.csv").exists(), "nothing is written"


def test_what_is_read_while_it_trains_may_have_the_number_later(tmp_path: Path) -> None:
    write_sweep(tmp_path / "s", [{"accuracy": 0.6}, {"status": "interrupted"}])
    assert read_sweep(tmp_path / "s", objective="test_accuracy", minimize=False).best() is None


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (["sparsity", "validation_accuracy"], "validation_accuracy"),
        (["validation_loss", "sparsity"], "validation_loss"),
    ],
)
def test_of_several_the_table_is_ordered_by_one_of_them(tmp_path: Path, names: list[str], first: str) -> None:
    sweep = searched(tmp_path / "s", names, ["minimize", "maximize"])
    assert sweep.objective == first
    assert list(sweep.objectives) == names


def test_it_stands_in_table_answer_page_and_summary(tmp_path: Path) -> None:
    sweep = searched(tmp_path / "s", ["validation_loss"], ["minimize"])
    file = io.StringIO()
    print_table(sweep, Console(file=file, width=200, highlight=False))
    lines = file.getvalue().splitlines()
    assert lines[0].split()[:4] == ["trial", "lr", "validation", "loss"]
    assert [line.split()[0] for line in lines[1:5]] == ["3", "2", "1", "0"]
    assert any(line.startswith("best: trial 2, validation loss 0.5 (lower is better)") for line in lines)
    assert "with validation loss 0.5" in answer(sweep, None)[0]
    assert "0.5 validation loss, trial 2" in dict(head.lines(sweep, is_confirmed=False))["Best"]
    table = trials.table(sweep)
    assert [table["columns"][0]["values"][place] for place in table["best"]] == [2]
    found = summary(Evidence(sweep), answer(sweep, None), [])
    assert (found["objective"], found["direction"], found["best_trial"]["number"]) == ("validation_loss", "minimize", 2)


KINDS = [
    confirmable.trial(0.50, 0.1) | {"loss": 0.9},
    confirmable.trial(0.90, 0.1, dropout=0.1) | {"loss": 0.8},
    confirmable.trial(0.60, 0.2, dropout=0.2) | {"loss": 0.3},
    confirmable.trial(0.70, 0.3, dropout=0.3) | {"loss": 0.6},
    confirmable.trial(0.95, 0.4, dropout=0.4) | {"loss": 1.2},
    confirmable.trial(0.99, 0.5, l2=0.001) | {"loss": 0.7},
]
"""By loss dropout is best (of it trials 2, 3 and 1), then L2; by accuracy L2 (5), then dropout (4)."""


def test_confirm_takes_kinds_and_configurations_by_the_sweep_s_objective(tmp_path: Path) -> None:
    confirmable.made(tmp_path / "s", KINDS)
    ask(tmp_path / "s", ["validation_loss"], ["minimize"])
    (tmp_path / "s" / "confirmation").mkdir(exist_ok=True)
    plan = planning.read_or_choose(read_sweep(tmp_path / "s"), None)
    assert [[row.number for row in rows] for rows in plan.kinds] == [[2, 3, 1], [5]]
    assert [rows[0].selected_for for rows in plan.kinds] == [0.3, 0.7]
    assert plan.terms.choice == ("validation_loss", False)
    assert (plan.terms.objective, plan.terms.maximize) == ("test_accuracy", True)
    again = planning.read_or_choose(read_sweep(tmp_path / "s"), None)
    assert again.terms == plan.terms


CHOOSING = {
    "the lowest mean": ([[0.5, 0.6], [0.3, 0.4], [0.9, 0.1]], 1),
    "the first of equals": ([[0.4, 0.4], [0.4, 0.4], [0.9, 0.9]], 0),
    "one that diverged is not chosen": ([[0.5, 0.6], [0.0, None], [0.9, 0.9]], 0),
    "all diverged": ([[0.1, None], [None, None], [None, 0.2]], 0),
}


@pytest.mark.parametrize(("losses", "chosen"), CHOOSING.values(), ids=CHOOSING)
def test_on_the_choosing_seeds_too(tmp_path: Path, losses: list[list[float | None]], chosen: int) -> None:
    """Accuracy says the contrary: the higher the loss, the higher it is."""
    confirmable.made(tmp_path / "s", KINDS)
    ask(tmp_path / "s", ["validation_loss"], ["minimize"])
    (tmp_path / "s" / "confirmation").mkdir(exist_ok=True)
    plan = planning.read_or_choose(read_sweep(tmp_path / "s"), 1)
    of_kind = [Configuration(f"c{n}", ["dropout"], n, 0.0, {}, {"optimizer.lr": str(n)}) for n in range(3)]
    plan.contenders, plan.choosing_seeds = [[Configuration("none", [], 9, 0.0, {}, {})], of_kind], [7, 8]
    choosing.compare_contenders(plan)
    by_run = [losses[run.configuration - 1][run.seed - 7] for run in plan.choosing_runs]
    diverged = {"status": "diverged", "error": "its loss is not finite"}
    write_sweep(plan.paths.choosing, [diverged if x is None else {"loss": x, "accuracy": x} for x in by_run])
    ask(plan.paths.choosing, None, "maximize")  # as it is started: it searches nothing
    choosing.take_best(plan, values_of(plan.read_sweep(plan.paths.choosing), plan.choosing_runs))
    assert plan.configurations[1].name == f"c{chosen}"


def test_a_comparison_ranks_as_its_searches(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    for name, loss in (("none", 0.6), ("dropout", 0.4)):
        searched(folder / "searches" / name, ["validation_loss"], ["minimize"], [{"accuracy": loss, "loss": loss}])
    (folder / "comparison.json").write_text(json.dumps({"contestants": ["none", "dropout"], "num_trials": 1}))
    sweep = read_sweep(folder)
    best = sweep.best()
    assert best is not None
    assert (sweep.objective, sweep.maximize, best.number) == ("validation_loss", False, 1)


def test_a_confirmation_says_what_chose_and_what_is_compared(tmp_path: Path) -> None:
    untuned = {"name": "dropout 0.2", "accuracy": 0.4, "of_chosen": 0.6, "num_seeds": 3}
    confirmed(tmp_path, Made("dropout 0.5", [0.01] * 10, selected_for=0.35, untuned=untuned))
    file = tmp_path / "confirmation" / "plan.json"
    plan = json.loads(file.read_text())
    plan["terms"] = {"chosen_by": "validation_loss", "chosen_most": False}
    file.write_text(json.dumps(plan))
    found = read_confirmation(tmp_path)
    assert found is not None
    [candidate] = found.candidates
    assert list(candidate.runs[CHOSEN_BY]) == [1.0] * 10, "the validation loss of each"
    assert "had a validation loss of 0.35, on fresh seeds 1." in how_far(found, candidate)
    assert chosen_by(found) == [
        "The sweep looked for the least validation loss, so configurations were chosen by that; what is compared here "
        "is test accuracy."
    ]
    made = write_sweep(tmp_path / "s", [{}])
    said = summary(Evidence(read_sweep(made), found), [], [])
    assert said["confirmation"]["chosen_by"] == {"name": "validation_loss", "direction": "minimize"}
    assert said["confirmation"]["candidates"][0]["trial_0"]["is_overtuned"], "its loss is the lower one"
    jsonschema.validate(said, json.loads((PROJECT / "docs" / "summary.schema.json").read_text()))


def test_where_accuracy_chose_nothing_is_added(tmp_path: Path) -> None:
    assert chosen_by(confirmed(tmp_path, Made("dropout 0.5", [0.01] * 10))) == []


OVERTUNED = {
    "a higher accuracy": (Terms(), 0.9, 0.8, True),
    "a lower accuracy": (Terms(), 0.8, 0.9, False),
    "a lower loss": (Terms(chosen_by="validation_loss", chosen_most=False), 0.8, 0.9, True),
    "a higher loss": (Terms(chosen_by="validation_loss", chosen_most=False), 0.9, 0.8, False),
}


@pytest.mark.parametrize(("terms", "first", "chosen", "is_better"), OVERTUNED.values(), ids=OVERTUNED)
def test_trial_0_is_better_in_the_direction_of_the_choice(
    terms: Terms, first: float, chosen: float, is_better: bool
) -> None:
    assert Untuned("trial 0", first, chosen, 3).is_better(terms) is is_better


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (Terms(), "dropout (trial 3, validation accuracy 0.5362)"),
        (Terms(chosen_by="validation_loss", chosen_most=False), "dropout (trial 3, validation loss 0.53618)"),
    ],
)
def test_what_was_chosen_is_printed_with_its_objective(terms: Terms, expected: str) -> None:
    assert _shown(Configuration("dropout", [], 3, 0.536176, {}, {}), terms) == expected


@pytest.mark.parametrize(
    ("objectives", "reported"),
    [
        (["validation_loss"], "validation_loss"),
        (["train_accuracy"], "train_accuracy"),
        (["sparsity"], None),
        (["validation_loss", "validation_accuracy"], None),
        (None, None),
    ],
)
def test_a_pruner_learns_of_the_objective(objectives: list[str] | None, reported: str | None) -> None:
    """None: of what the run is judged by."""
    assert _reported({"objectives": objectives}) == reported  # type: ignore[arg-type]
