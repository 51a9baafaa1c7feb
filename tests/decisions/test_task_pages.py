"""Pages and figures of trials that are judged by an error: words, axes, gaps and colours follow the direction."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from regsweep.app.ablation import plan_ablation
from regsweep.report import ablation
from regsweep.report.ablation import ALONE, REST
from regsweep.report.answer.ingredients import of_ingredients
from regsweep.report.answer.sentences import answer
from regsweep.report.confirmation import Confirmation
from regsweep.report.figures import Evidence, compare_sweeps, curves, draw_all, forest, heatmap, ingredients
from regsweep.report.figures.stems import stem
from regsweep.report.page import sweep_page
from regsweep.report.page.confirmed import table as confirmed_table
from regsweep.report.page.head import lines
from regsweep.report.page.panel import curves as curves_of
from regsweep.report.page.trials import table
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.run_record import TaskRecord
from tests.decisions.captions import words
from tests.decisions.confirmations import Made, confirmed
from tests.decisions.handmade import task, write_sweep
from tests.decisions.test_ablation import BASELINE, configuration, trained
from tests.decisions.test_confirmed_tasks import BASE, LESS, MORE, RMSE

MADE_OF = {
    **{"model._target_": "regsweep.models.mlp.MLP", "optimizer.name": "adam", "dataset.name": "diabetes"},
    **{"trainer.epochs": 3, "trainer.batch_size": 64},
}
FOREIGN = re.compile(r"\b(accurac\w+|percentage points|\d\.\d+ points|images?)\b", re.IGNORECASE)
"""Words that are false of an error on a table of numbers."""


def trial(strength: float, rmse: float, dropout: float = 0.0, **others: Any) -> dict[str, Any]:
    keys = {"regularizer.l1.lambda": strength, "regularizer.dropout.p": dropout}
    course = [rmse + 20, rmse + 5, rmse]
    return {
        **{"overrides": keys, "accuracy": rmse, "task": RMSE, "history": course, "config": MADE_OF},
        **{"sparsity": strength, **others},
    }


GRID = [
    trial(strength, rmse + dropout, dropout)
    for strength, rmse in ((0.0, 60.0), (0.01, 55.0), (0.1, 50.0), (0.3, 58.0))
    for dropout in (0.0, 0.2, 0.4)
]
"""The best is λ = 0.1 without dropout; the largest error is without a penalty, at dropout 0.4."""


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    return read_sweep(write_sweep(tmp_path_factory.mktemp("grid") / "s", GRID))


def test_files_of_figures_are_named_for_what_they_show(grid: Sweep) -> None:
    names = [drawing.name for drawing in draw_all(Evidence(grid))]
    assert {"rmse_over_lambda", "rmse_over_dropout", "rmse_sparsity_front"} <= set(names)
    assert not [name for name in names if "accuracy" in name]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("objective", "is_own", "name"),
    [
        ("validation_accuracy", True, "accuracy_over_lambda"),
        ("test_accuracy", True, "accuracy_over_lambda"),
        ("validation_balanced_accuracy", True, "balanced_accuracy_over_lambda"),
        ("validation_loss", True, "loss_over_lambda"),
        ("validation_rmse", True, "rmse_over_lambda"),
        ("val_acc", False, "accuracy_over_lambda"),
        ("accuracy", False, "accuracy_over_lambda"),
        ("val_loss", False, "val_loss_over_lambda"),
        ("../score/d\u00fcr", False, "___score_d_r_over_lambda"),
    ],
)
def test_an_accuracy_is_called_so_whichever_examples_it_is_of(
    grid: Sweep, objective: str, is_own: bool, name: str
) -> None:
    assert stem(replace(grid, objective=objective, is_own=is_own), "over_lambda") == name


@pytest.fixture(scope="module")
def confirmation(tmp_path_factory: pytest.TempPathFactory) -> Confirmation:
    made = Made("L1 λ=0.1", LESS, LESS, ["L1"], selected_for=50.0)
    worse = Made("dropout 0.4", MORE, MORE, ["dropout"], selected_for=60.0)
    return confirmed(tmp_path_factory.mktemp("c"), made, worse, task=RMSE, base=BASE)


def test_nothing_on_the_page_calls_an_error_an_accuracy(grid: Sweep, confirmation: Confirmation) -> None:
    evidence = Evidence(grid, confirmation)
    drawings = draw_all(evidence)
    page = sweep_page(evidence, drawings, answer(grid, confirmation))
    shown = re.sub(r"<script[^>]*>.*?</script>|<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    marks = " ".join(d.figure.to_json() for d in drawings if d.figure is not None)
    texts = " ".join(re.findall(r'"(?:text|name|hovertext|hovertemplate|title)":\s*"([^"]*)"', marks))
    whole = f"{shown} {texts}"
    assert [whole[max(0, at.start() - 60) : at.end() + 20] for at in FOREIGN.finditer(whole)] == []
    assert "validation rmse (lower is better)" in texts
    assert len([d for d in drawings if d.figure is not None]) > 10


def test_the_answer_begins_with_the_best_and_never_with_the_largest(grid: Sweep) -> None:
    assert answer(grid, None)[0] == "Trial 6 is the best of 12, with validation rmse 50."


def test_learning_curves_have_the_gap_in_the_objective_s_own_unit(tmp_path: Path) -> None:
    """Training ends at 0.9: validation is worse by 49.1 there, and that is a gap above zero."""
    sweep = read_sweep(write_sweep(tmp_path / "s", [trial(0.1, 50.0), trial(0.0, 60.0)]))
    drawing = curves.draw(Evidence(sweep))
    assert drawing.figure is not None
    assert "gap in the end 49.1" in words(drawing)
    assert "Rmse after each epoch" in drawing.caption
    assert drawing.figure.layout.yaxis.title.text == "rmse"
    assert list(drawing.figure.data[1].y) == [70, 55, 50]


def test_the_map_s_best_cell_is_the_lowest_error(grid: Sweep) -> None:
    drawing = heatmap.draw(Evidence(grid))
    assert drawing.figure is not None
    cells = drawing.figure.data[0]
    lowest = min(value for row in cells.z for value in row if value is not None)
    assert lowest == 50.0
    assert drawing.figure.layout.coloraxis.reversescale is True


def test_gains_stand_on_an_axis_of_the_objective_s_own_unit(grid: Sweep, confirmation: Confirmation) -> None:
    drawing = forest.draw(Evidence(grid, confirmation))
    assert drawing.figure is not None
    assert drawing.data is not None
    assert drawing.figure.layout.xaxis.title.text == "gain in test rmse (how much lower it is)"
    means = drawing.data.drop_duplicates(["name", "against"])
    tuned = means[means["against"] == "tuned baseline"].set_index("name")["difference"].to_dict()
    assert tuned == pytest.approx({"L1 λ=0.1": 1.5, "dropout 0.4": -1.5})
    hovers = [trace.hovertext[0] for trace in drawing.figure.data if trace.hovertext]
    assert "against tuned baseline: +1.5 (3 % of its value), interval" in hovers[0]


def test_ingredients_have_gains_in_the_direction_of_the_objective(grid: Sweep, confirmation: Confirmation) -> None:
    plan = plan_ablation(BASELINE, [configuration("l2", "dropout")])
    content = {
        **{"ingredients": plan.ingredients, "without": plan.without, "alone": plan.alone},
        "parts": [each.as_dict() for each in plan.parts],
    }
    parts = [trained(f"part{place}", [48 + gain for gain in LESS]) for place in range(2)]
    mixture, nothing = trained("the mixture", [48.0] * 10), trained("nothing", [50.0] * 10)
    looks: dict[str, Any] = {"level": 0.05, "is_sequential": False}
    found = ablation.read(content, parts, mixture, nothing, terms=confirmation.terms, **looks)
    by_name = {(each.ingredient, each.to): each for each in found.additions}
    assert {key[1]: each.sign for key, each in by_name.items()} == {REST: 1, ALONE: 1}
    whole = replace(confirmation, ablation=found)
    assert "adds a gain of 3 % (1.5) to the rest" in of_ingredients(whole)[1]
    drawing = ingredients.draw(Evidence(grid, whole))
    assert "test rmse of the same without the ingredient, minus that of the mixture." in drawing.caption
    assert FOREIGN.search(words(drawing)) is None


def test_the_head_names_sizes_and_targets(tmp_path: Path) -> None:
    made = task("rmse", deviations={"train": [74.4412], "test": [80.0]})
    sweep = read_sweep(write_sweep(tmp_path / "s", [{**each, "task": made} for each in GRID]))
    found = dict(lines(sweep, is_confirmed=False))
    assert found["Trained"] == "MLP, Adam, 3 epochs, 64 examples a step, mse loss"
    assert found["On"] == (
        "diabetes: 282 train / 71 validation / 89 test examples; target: progression (standard deviation 74.44)"
    )
    assert found["Best"] == "L1 λ=0.1: 50 validation rmse, trial 6, out of 12 complete trials"


def test_the_table_of_the_page_has_the_objective_first_and_its_loss(grid: Sweep) -> None:
    found = table(grid)
    names = [column["name"] for column in found["columns"]]
    assert names[:2] == ["trial", "validation rmse (lower is better)"]
    assert "validation loss" in names
    assert (found["sorted"]["descending"], found["columns"][1]["descends"]) == (False, False)
    assert found["columns"][0]["values"][0] == 6
    assert "accuracy" not in json.dumps(found["columns"])


def test_the_confirmed_table_has_gains_and_per_cent(confirmation: Confirmation) -> None:
    found = confirmed_table(confirmation)
    assert found is not None
    assert found["headings"][1] == "mean test rmse"
    assert found["headings"][4] == "gain over the tuned baseline"
    assert found["rows"][1]["cells"][4] == "+1.5 (3 %)"
    assert found["rows"][2]["cells"][4] == "−1.5 (3 %)"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (TaskRecord(), [("accuracy", 100, "accuracy (%)"), ("loss", 1, "loss")]),
        (TaskRecord(**RMSE), [("rmse", 1, "rmse"), ("loss", 1, "loss")]),
        (TaskRecord(objective="loss", maximize=False, is_percent=False), [("loss", 1, "loss")]),
    ],
)
def test_a_panel_has_curves_of_what_a_run_is_judged_by(made: TaskRecord, expected: list[tuple[str, int, str]]) -> None:
    assert [(each["name"], each["factor"], each["title"]) for each in curves_of(made)] == expected


def test_sweeps_that_are_judged_by_one_error_stand_side_by_side(tmp_path: Path) -> None:
    """What a sweep selected is its lowest error; a sweep by accuracy is left out of another number's axis."""
    sweeps = [read_sweep(write_sweep(tmp_path / name, GRID[start:])) for name, start in (("a", 0), ("b", 9))]
    found = compare_sweeps([Evidence(each) for each in sweeps])[1]
    assert found.figure is not None
    assert found.data is not None
    assert found.data["selected_validation_rmse"].tolist() == [50.0, 58.0]
    assert found.figure.layout.xaxis.title.text == "rmse (lower is better)"
    by_accuracy = read_sweep(write_sweep(tmp_path / "c", [{"accuracy": 0.9}]))
    mixed = compare_sweeps([Evidence(sweeps[0]), Evidence(by_accuracy)])[1]
    assert mixed.data is not None
    assert mixed.data["sweep"].tolist() == ["c"]
