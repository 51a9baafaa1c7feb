"""What stands beside a trial that is pointed at."""

import pandas as pd
import pytest

from regsweep.report.figures import labels

TRIALS = pd.DataFrame({"number": [3, 4], "a.lr": [0.1, 0.2], "a.kind": ["x", "y"], "a.same": [1, 1]})
SWEPT = ["a.lr", "a.kind", "a.same"]


@pytest.mark.parametrize(
    ("most", "beside"),
    [
        (4, ["<b>trial 3</b><br>90 %<br>lr 0.1<br>kind x", "<b>trial 4</b><br>80 %<br>lr 0.2<br>kind y"]),
        (3, ["<b>trial 3</b><br>90 %", "<b>trial 4</b><br>80 %"]),
    ],
)
def test_what_varies_stands_there_while_it_is_not_too_much(
    monkeypatch: pytest.MonkeyPatch, most: int, beside: list[str]
) -> None:
    monkeypatch.setattr(labels, "MOST_SETTINGS", most)
    assert labels.hovers(TRIALS, SWEPT, ["90 %", "80 %"]) == beside
