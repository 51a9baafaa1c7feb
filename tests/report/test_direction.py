"""A report follows the direction of what it ranks by: where less is better, the least is best, everywhere."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from regsweep.report.figures import Evidence, compare_sweeps, draw_all, front, heatmap, on_and_off, progress, strength
from regsweep.report.page.trials import table
from regsweep.report.sweep import Sweep, read_sweep
from tests.conftest import Regsweep
from tests.report.test_figures import BATCH_NORM, DROPOUT, LAMBDA, grid, make_sweep
from tests.report.test_figures import search as drawn_search

VALUES = {"val_loss": [0.3, 0.1, 0.2], "score": [0.3, 0.9, 0.2]}


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """Return a grid of another application with both numbers, and no study."""
    folder = tmp_path / "jobs"
    for number in range(3):
        place = folder / str(number) / ".hydra"
        place.mkdir(parents=True)
        (place / "overrides.yaml").write_text(f"- lr={number}\n")
        content = {name: values[number] for name, values in VALUES.items()}
        (folder / str(number) / "m.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("arguments", "best"),
    [
        (["val_loss"], 1),
        (["val_loss", "--minimize"], 1),
        (["val_loss", "--maximize"], 0),
        (["score"], 1),
        (["score", "--minimize"], 2),
    ],
)
def test_the_name_gives_the_direction_and_a_flag_overrules_it(
    regsweep: Regsweep, jobs: Path, arguments: list[str], best: int
) -> None:
    done = regsweep("report", str(jobs), "--metrics", "m.json", "--objective", *arguments)
    assert done.code == 0, done.err
    assert f"best: trial {best}, " in done.out
    summary = json.loads((jobs / "summary.json").read_text())
    assert summary["best_trial"]["number"] == best
    assert ("(lower is better)" in done.out) == (summary["direction"] == "minimize")


def test_both_flags_are_one_line(regsweep: Regsweep, jobs: Path) -> None:
    done = regsweep("report", str(jobs), "--metrics", "m.json", "--minimize", "--maximize")
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "--maximize: not allowed with argument --minimize" in done.err


@pytest.mark.full
def test_the_loss_of_a_sweep_of_ones_own_is_minimized(search: Path) -> None:
    assert not read_sweep(search, objective="validation_loss").maximize
    assert read_sweep(search, objective="validation_loss", minimize=False).maximize
    assert read_sweep(search, objective="validation_accuracy").maximize
    assert not read_sweep(search, objective="total_seconds").maximize


def minimized(sweep: Sweep) -> Sweep:
    """Return the same trials, ranked by a loss that is least where the accuracy is highest."""
    trials = sweep.trials.assign(val_loss=1 - sweep.trials["validation_accuracy"])
    return replace(sweep, trials=trials, objective="val_loss", maximize=False)


def test_figures_of_a_loss_name_the_trials_that_those_of_an_accuracy_name(tmp_path: Path) -> None:
    """The mirror image: whatever is best by accuracy is best by a loss that falls as it rises."""
    more = grid(tmp_path, sparsity=np.linspace(0, 1, 24))
    less = minimized(more)
    assert less.best() is not None
    assert less.best().number == more.best().number  # type: ignore[union-attr]
    assert list(less.ranked()["number"]) == list(more.ranked()["number"])
    pages = [table(sweep) for sweep in (less, more)]
    assert pages[0]["best"] == pages[1]["best"]
    assert [page["sorted"]["descending"] for page in pages] == [False, True]

    fronts = [front.draw(Evidence(sweep)).data for sweep in (less, more)]
    assert fronts[0] is not None
    assert fronts[1] is not None
    assert list(fronts[0]["on_front"]) == list(fronts[1]["on_front"])

    courses = [progress.course(sweep)[0]["best_by_number"].to_numpy() for sweep in (less, more)]
    np.testing.assert_allclose(courses[0], 1 - courses[1])

    pairs = [on_and_off.draw(Evidence(sweep)).figure for sweep in (less, more)]
    titles = [[title.text.partition(", mean ")[0] for title in figure.layout.annotations] for figure in pairs if figure]
    assert titles[0] == titles[1]
    assert titles[0][-1] == "BatchNorm<br>6 pairs: 6 better"

    scales = [heatmap.draw(Evidence(sweep)).figure for sweep in (less, more)]
    assert [bool(figure.layout.coloraxis.reversescale) for figure in scales if figure is not None] == [True, False]

    rings = [strength.draw(Evidence(sweep)).figure for sweep in (less, more)]
    names = [next(t.name for t in figure.data if t.name and t.name.startswith("best")) for figure in rings if figure]
    assert names[0] == names[1]


def test_axes_and_titles_say_what_is_shown_and_that_less_is_better(tmp_path: Path) -> None:
    less = minimized(grid(tmp_path, sparsity=np.linspace(0, 1, 24)))
    drawings = {drawing.name: drawing for drawing in draw_all(Evidence(less))}
    assert drawings["val_loss_over_lambda"].title == "Val loss over the strength of the penalty"
    assert drawings["val_loss_sparsity_front"].title == "Val loss against exact zeros"
    for name in ("val_loss_over_lambda", "methods_on_and_off", "best_so_far", "val_loss_sparsity_front"):
        figure = drawings[name].figure
        assert figure is not None
        assert figure.layout.yaxis.title.text == "val loss (lower is better)"
    courses, _ = compare_sweeps([Evidence(less), Evidence(less)])
    assert courses.figure is not None
    assert courses.figure.layout.yaxis.title.text == "best val loss (lower is better)"


def test_losses_far_above_the_others_stand_at_the_upper_edge(tmp_path: Path) -> None:
    sweep = minimized(drawn_search(tmp_path))
    sweep.trials.loc[:2, "val_loss"] = 400.0
    for draw in (strength.draw, on_and_off.draw, progress.draw):
        drawing = draw(Evidence(sweep))
        assert drawing.figure is not None
        drawn = [y for t in drawing.figure.data if t.mode == "markers" for y in t.y]
        assert max(drawn) < 1
        assert "3 trials above" in drawing.caption
        assert "upper edge" in drawing.caption


def test_small_numbers_are_no_zeros_where_one_points_at_them(tmp_path: Path) -> None:
    sweep = Sweep(
        tmp_path,
        make_sweep(tmp_path, {LAMBDA: [1e-4, 1e-3], DROPOUT: [0, 0.5], BATCH_NORM: [False, True]}).trials.assign(
            mse=[0.0031, 0.00297]
        ),
        [LAMBDA],
        "mse",
        maximize=False,
    )
    figure = progress.draw(Evidence(sweep)).figure
    assert figure is not None
    steps = next(trace for trace in figure.data if trace.name == "best so far")
    assert list(steps.hovertext) == ["best so far 0.0031", "best so far 0.00297", "best so far 0.00297"]
