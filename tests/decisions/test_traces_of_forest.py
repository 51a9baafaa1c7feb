"""The forest: which seed is compared with which."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regsweep.report.confirmation import Confirmation
from regsweep.report.figures import Drawing, Evidence, forest
from regsweep.statistics.intervals import Interval
from tests.decisions.confirmations import Made, confirmed
from tests.decisions.traces import of, read, traces


def test_the_data_of_the_forest_have_each_seed_beside_what_it_is_compared_with(tmp_path: Path) -> None:
    made = Made("dropout", [0.01, None, 0.03, 0.02], own=[0.02, 0.01, None, 0.04])
    found = confirmed(tmp_path / "s", made, Made("L2", [-0.01] * 4))
    drawing = forest.draw(Evidence(read(tmp_path / "t", [of()]), found))
    data = drawing.data
    assert data is not None
    columns = ["name", "against", "seed", "folder", "baseline_folder"]
    rows = [tuple(row) for row in data[columns].itertuples(index=False)]
    seeds, own = "confirmation/seeds/", "confirmation/own_baselines/"
    of_dropout = [row for row in rows if row[0] == "dropout"]
    assert of_dropout == [
        *(("dropout", forest.TUNED, 4 + n, f"{seeds}{3 * n + 1}", f"{seeds}{3 * n}") for n in (0, 2, 3)),
        *(("dropout", forest.OWN, 4 + n, f"{seeds}{3 * n + 1}", f"{own}{n}") for n in (0, 2, 3)),
    ]
    values = {
        (row["name"], row["against"], row["seed"]): [row["value"], row["baseline_value"], row["seed_difference"]]
        for row in data.to_dict("records")
    }
    assert values["dropout", forest.TUNED, 6] == pytest.approx([0.83, 0.8, 3])
    assert values["dropout", forest.OWN, 7] == pytest.approx([0.82, 0.78, 4])
    assert values["dropout", forest.OWN, 6] == pytest.approx([0.83, 0.6, 23]), "it diverged"
    assert values["L2", forest.TUNED, 5] == pytest.approx([0.79, 0.8, -1])
    for (name, against), rows_of in data.groupby(["name", "against"]):
        assert rows_of["difference"].nunique() == 1, (name, against)
        assert rows_of["seed_difference"].mean() == pytest.approx(rows_of["difference"].iloc[0])
    marks = [trace for trace in traces(drawing) if trace.customdata is not None]
    assert [list(trace.customdata) for trace in marks] == [
        list(rows_of["folder"]) for _, rows_of in data.groupby(["name", "against"], sort=False)
    ]


def test_the_words_on_the_sides_stand_at_both_ends_below_the_buttons(tmp_path: Path) -> None:
    """However far from the middle zero lies; Plotly's buttons are 28 pixels high, and words 18."""
    found = confirmed(tmp_path / "s", Made("dropout", [-0.3, -0.28, -0.29]))
    figure = forest.draw(Evidence(read(tmp_path / "t", [of()]), found)).figure
    assert figure is not None
    at = {each.text: (each.xref, each.x, each.xanchor) for each in figure.layout.annotations if each.yref == "paper"}
    assert at == {"◂ worse": ("paper", 0, "left"), "better ▸": ("paper", 1, "right")}
    assert figure.layout.margin.t >= 28 + 18


UP = [0.020, 0.024, 0.018, 0.022, 0.021, 0.019, 0.023, 0.025]
DOWN = [-each for each in UP]


def drawn(found: Confirmation) -> Drawing:
    return forest.draw(Evidence(None, found))  # type: ignore[arg-type]


def with_intervals(found: Confirmation, interval: Interval, wide: Interval | None) -> Confirmation:
    """Return a confirmation whose one comparison with the tuned baseline has these intervals."""
    (one,) = found.candidates
    comparison = replace(one.against_tuned.compared, interval=interval, interval_with_images=wide)
    return replace(found, candidates=[replace(one, against_tuned=replace(one.against_tuned, comparison=comparison))])


@pytest.mark.parametrize(
    ("interval", "wide", "lines"),
    [
        (Interval(0.01, 0.03), None, [(1, 3)]),
        (Interval(0.01, 0.03), Interval(-0.02, 0.06), [(-2, 6), (1, 3)]),
        (Interval(-0.01, inf), None, [(-1, "end")]),
        (Interval(-inf, inf), Interval(-inf, 0.04), [("start", 4), ("start", "end")]),
    ],
)
def test_the_lines_of_a_row_are_its_intervals_as_far_as_the_axis_goes(
    tmp_path: Path, interval: Interval, wide: Interval | None, lines: list[tuple[Any, Any]]
) -> None:
    drawing = drawn(with_intervals(confirmed(tmp_path, Made("up", UP)), interval, wide))
    assert drawing.figure is not None
    start, end = drawing.figure.layout.xaxis.range
    found = [trace for trace in traces(drawing) if trace.mode == "lines"]
    for trace, ends in zip(found, lines, strict=True):
        np.testing.assert_allclose(trace.x, [{"start": start, "end": end}.get(each, each) for each in ends])
        assert list(trace.y) == [0, 0], "at the height of the mean"
    assert found[-1].line.width > 2 * found[0].line.width or len(found) == 1, "over seeds thick, with images thin"
    assert start < min(0, 100 * min(UP))
    assert max(100 * max(UP), 100 * interval.low if np.isfinite(interval.low) else 0) < end
    (mean,) = [trace for trace in traces(drawing) if trace.mode == "markers" and len(trace.x) == 1]
    assert mean.x[0] == pytest.approx(100 * np.mean(UP))
    assert drawing.figure.layout.showlegend is False


@pytest.mark.parametrize(
    ("differences", "own", "claim", "symbols"),
    [
        (UP, UP, "better", ["diamond", "square"]),
        (DOWN, DOWN, "worse", ["diamond", "square"]),
        (UP, DOWN, "", ["diamond-open", "square-open"]),
        (UP, None, "", ["diamond-open"]),
    ],
)
def test_a_mark_is_filled_where_it_is_better_or_worse_than_both(
    tmp_path: Path, differences: list[float], own: list[float] | None, claim: str, symbols: list[str]
) -> None:
    drawing = drawn(confirmed(tmp_path, Made("one", differences, own)))
    assert drawing.data is not None
    assert set(drawing.data["claim"]) == {claim}
    means = [trace for trace in traces(drawing) if trace.mode == "markers" and len(trace.x) == 1]
    assert [mean.marker.symbol for mean in means] == symbols
