"""A figure's words have the numbers of its marks: which are where, and none that it does not show."""

from pathlib import Path

import numpy as np
import pytest

from regsweep.report.figures import Evidence, forest, heatmap, on_and_off, progress, seeds, slices, timeline
from regsweep.report.figures.evidence import Drawing
from regsweep.report.figures.theme import label_rows, new_figure
from regsweep.report.page.alternative import alternative
from regsweep.report.sweep import read_sweep
from tests.decisions.confirmations import Made, confirmed
from tests.decisions.handmade import write_sweep

RATES = (0.4, 0.1, 0.2, 0.3)
ACCURACIES = (0.5, 0.7, 0.9, 0.6)


def four(folder: Path) -> Evidence:
    """Return four trials of which no value of one parameter is the other's, nor the order."""
    trials = [
        {"overrides": {"optimizer.lr": rate, "regularizer.dropout": 0.5 * (n % 2)}, "accuracy": accuracy}
        for n, (rate, accuracy) in enumerate(zip(RATES, ACCURACIES, strict=True))
    ]
    return Evidence(read_sweep(write_sweep(folder, trials)))


def words(drawing: Drawing) -> str:
    assert drawing.figure is not None
    return alternative(drawing.figure)


def test_points_are_told_with_both_their_places(tmp_path: Path) -> None:
    found = words(slices.draw(four(tmp_path / "s")))
    assert "lr: x 0.1 to 0.4; y: validation accuracy (%), 50 to 90." in found
    assert "lr: 50 at 0.4; 70 at 0.1; 90 at 0.2; 60 at 0.3. best: 90 at 0.2." in found
    assert "dropout: x 0 to 0.5; y: validation accuracy (%), 50 to 90." in found, "the row has one title"
    assert "dropout: 50 at 0; 70 at 0.5; 90 at 0; 60 at 0.5. best: 90 at 0." in found


def test_categories_are_told_by_their_names(tmp_path: Path) -> None:
    found = words(on_and_off.draw(four(tmp_path / "s")))
    assert "dropout" in found
    assert "without: 2 points at without (2), 50 to 90. with: 2 points at with (2), 60 to 70." in found
    assert "median: 70 at without (2); 65 at with (2)." in found


def test_a_line_is_told_from_its_first_to_its_last_point(tmp_path: Path) -> None:
    found = words(progress.draw(four(tmp_path / "s")))
    assert "best so far: from 50 at 0 to 90 at 3, lowest 50 at 0, highest 90 at 2." in found


def test_a_map_has_the_names_of_its_ends(tmp_path: Path) -> None:
    trials = [
        {"overrides": {"regularizer.l1": strength, "regularizer.dropout": rate}, "accuracy": 0.5 + strength - rate / 10}
        for strength in (0.1, 0.2)
        for rate in (0.0, 0.5)
    ]
    found = words(heatmap.draw(Evidence(read_sweep(write_sweep(tmp_path / "s", trials)))))
    assert "4 cells; lowest: λ 0.1, dropout 0.5, mean 55.00 % of 1 trial; " in found
    assert "highest: λ 0.2, dropout 0, mean 70.00 % of 1 trial." in found


def test_rows_have_their_names_means_and_intervals(tmp_path: Path) -> None:
    rows = [(0.0, 0.8), (0.0, 0.9), (0.5, 0.6), (0.5, 0.6)]
    trials = [
        {"overrides": {"regularizer.dropout": rate, "seed": n % 2}, "seed": n % 2, "accuracy": accuracy}
        for n, (rate, accuracy) in enumerate(rows)
    ]
    found = words(seeds.draw(Evidence(read_sweep(write_sweep(tmp_path / "s", trials)))))
    assert "a seed: 2 points at no regularization, 80 to 90; 2 points at dropout 0.5, 60." in found
    assert "mean: 85 (" in found
    assert "at no regularization; 60 at dropout 0.5." in found
    made = confirmed(tmp_path / "c", Made("dropout 0.2", [0.02] * 6), Made("L1", [-0.01] * 6))
    rows_told = words(forest.draw(Evidence(None, made)))  # type: ignore[arg-type]
    assert rows_told.index("dropout 0.2 +2.00 [") < rows_told.index("L1 −1.00 [")


def test_workers_have_the_numbers_of_their_ticks(tmp_path: Path) -> None:
    trials = [
        {"overrides": {"optimizer.lr": 0.1 + n}, "seconds": seconds, "ended": 1e9 + end}
        for n, (seconds, end) in enumerate([(10, 10), (5, 5), (5, 20)])
    ]
    found = words(timeline.draw(Evidence(read_sweep(write_sweep(tmp_path / "s", trials)))))
    assert "complete: 3 lines; at 1, 0 to 20; at 2, 0 to 5." in found


def test_marks_beyond_the_edge_are_counted_and_their_false_heights_are_not_told() -> None:
    figure = new_figure(300)
    figure.add_scatter(
        x=[1, 2, 3], y=[5, 6, 4.9], mode="markers", name="a trial", marker={"symbol": ["x", "x", "triangle-down-open"]}
    )
    assert alternative(figure) == "x 1 to 2; y 5 to 6. a trial: 5 at 1; 6 at 2; 1 beyond the edge."


def test_a_category_without_a_tick_is_no_other_one() -> None:
    figure = new_figure(300)
    figure.add_scatter(x=[0, 1, 2], y=[5, 6, 7], mode="markers", name="policy")
    figure.update_xaxes(tickvals=[0, 2], ticktext=["a", "c"])
    assert alternative(figure).endswith("policy: 5 at a; 7 at c; 6 at values without a tick.")


def test_of_many_the_lowest_and_the_highest_are_told() -> None:
    figure = new_figure(300, columns=2, subplot_titles=["left", "right"])
    figure.add_scatter(x=list(range(9)), y=[5, 3, 9, 4, 5, 6, 7, 8, 6], mode="markers", name="many", row=1, col=2)
    figure.add_bar(x=[1, 2], y=[7, 8], name="bars", row=1, col=1)
    assert alternative(figure) == (
        "left: x 1 to 2; y 7 to 8. bars: 7 at 1; 8 at 2. "
        "right: x 0 to 8; y 3 to 9. many: 9 points, lowest 3 at 1, highest 9 at 2."
    )


def test_bars_that_lie_have_their_names_and_lengths() -> None:
    figure = new_figure(300)
    figure.add_bar(x=[30, 70], y=[0, 1], orientation="h", name="share")
    figure.update_yaxes(tickvals=[0, 1], ticktext=["dropout", "λ"])
    assert alternative(figure) == "x 30 to 70; y: dropout; λ. share: 30 at dropout; 70 at λ."


@pytest.mark.parametrize(
    ("error", "ends"),
    [({"array": [2]}, "3 to 7"), ({"array": [2], "arrayminus": [1]}, "4 to 7"), ({"array": [np.nan]}, "")],
)
def test_an_interval_goes_from_its_lower_to_its_upper_end(error: dict[str, list[float]], ends: str) -> None:
    figure = new_figure(300)
    figure.add_scatter(x=[1], y=[5], mode="markers", name="mean", error_y=error)
    assert alternative(figure).endswith(f"mean: 5{f' ({ends})' if ends else ''} at 1.")


def test_tags_are_no_words_and_text_stays_text() -> None:
    figure = new_figure(300)
    hostile = "&lt;img src=x onerror=alert(1)&gt;"
    figure.add_scatter(x=[1], y=[0], mode="markers", name=f"<b>{hostile}</b>")
    label_rows(figure, {0: f"<b>{hostile}</b>  7"})
    plain = "<img src=x onerror=alert(1)>"
    assert alternative(figure) == f"x 1. {plain}: 1 at {plain}."
