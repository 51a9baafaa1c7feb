"""Where figures put what they show: what all figures have in common."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from regsweep.report.figures import Evidence, draw_all
from tests.decisions.traces import of, pooled_grid, read


def test_a_mark_that_names_a_trial_leads_to_it(tmp_path: Path) -> None:
    """In every figure: of pooled seeds to the first one that it names."""
    plain = [of(p, d, norm=n, accuracy=0.5 + 0.01 * i, history=[0.3, 0.5 + 0.01 * i], ended=10.0 * i)
             for i, (p, d, n) in enumerate((p, d, n) for p in (0.0, 1e-4, 1e-3) for d in (0.0, 0.5)
                                           for n in (False, True))]  # fmt: skip
    plain += [of(1e-3, 0.5, accuracy=0.4, history=[0.4], status="pruned", ended=200.0)]
    named: dict[str, int] = {}
    for place, trials in (("plain", plain), ("pooled", pooled_grid())):
        for drawing in draw_all(Evidence(read(tmp_path / place, trials))):
            for trace in drawing.figure.data if drawing.figure is not None else ():
                shown = trace.hovertext if isinstance(trace.hovertext, list | tuple | np.ndarray) else ()
                for i, words in enumerate(shown):
                    found = re.search(r"\btrials? (\d+)", str(words))
                    if found:
                        assert int(trace.customdata[i]) == int(found[1]), (drawing.name, words)
                        named[drawing.name] = named.get(drawing.name, 0) + 1
    assert {"accuracy_over_lambda", "best_so_far", "methods_on_and_off", "slices", "results_by_epochs", "timeline",
            "configurations"} <= set(named)  # fmt: skip
