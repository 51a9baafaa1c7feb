"""The forest: which seed is compared with which."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsweep.report.figures import Evidence, forest
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
