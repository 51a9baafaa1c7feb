"""Where figures put what they show: what all figures have in common."""

from __future__ import annotations

import re
from itertools import chain

import numpy as np
import pytest

from regsweep.report.figures import Drawing, Evidence, draw_all
from tests.decisions.traces import of, pooled_grid, read

Figures = dict[str, list[Drawing]]


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    """Return the figures of a search with a pruned trial, and of a grid with seeds."""
    plain = [of(p, d, norm=n, accuracy=0.5 + 0.01 * i, history=[0.3, 0.5 + 0.01 * i], ended=10.0 * i)
             for i, (p, d, n) in enumerate((p, d, n) for p in (0.0, 1e-4, 1e-3) for d in (0.0, 0.5)
                                           for n in (False, True))]  # fmt: skip
    plain += [of(1e-3, 0.5, accuracy=0.4, history=[0.4], status="pruned", ended=200.0)]
    folder = tmp_path_factory.mktemp("sweeps")
    kinds = {"plain": plain, "pooled": pooled_grid()}
    return {kind: draw_all(Evidence(read(folder / kind, trials))) for kind, trials in kinds.items()}


def test_a_mark_that_names_a_trial_leads_to_it(drawings: Figures) -> None:
    """In every figure: of pooled seeds to the first one that it names."""
    named: dict[str, int] = {}
    for drawing in chain(*drawings.values()):
        for trace in drawing.figure.data if drawing.figure is not None else ():
            shown = trace.hovertext if isinstance(trace.hovertext, list | tuple | np.ndarray) else ()
            for i, words in enumerate(shown):
                found = re.search(r"\btrials? (\d+)", str(words))
                if found:
                    assert int(trace.customdata[i]) == int(found[1]), (drawing.name, words)
                    named[drawing.name] = named.get(drawing.name, 0) + 1
    assert {"accuracy_over_lambda", "best_so_far", "methods_on_and_off", "slices", "results_by_epochs", "timeline",
            "configurations"} <= set(named)  # fmt: skip


def test_marks_are_marks_and_say_nothing_but_their_own_words_when_pointed_at(drawings: Figures) -> None:
    """Plotly joins few points by a line, and shows numbers of its own, where a trace leaves that to it."""
    for drawing in chain(*drawings.values()):
        for trace in drawing.figure.data if drawing.figure is not None else ():
            if trace.type == "scatter":
                assert trace.mode in ("lines", "markers", "text", "lines+markers"), (drawing.name, trace.name)
                has_words = trace.hovertext is not None or trace.hovertemplate is not None
                assert has_words or trace.hoverinfo == "skip", (drawing.name, trace.name)
            if trace.hovertext is not None:
                assert trace.hovertemplate == "%{hovertext}<extra></extra>", (drawing.name, trace.name)
                assert len(trace.hovertext) == (len(trace.y) if trace.type != "heatmap" else len(trace.z))


@pytest.mark.parametrize("kind", ["plain", "pooled"])
def test_every_figure_has_a_name_of_its_own_which_is_a_file_s_and_a_title(drawings: Figures, kind: str) -> None:
    found = drawings[kind]
    names = [drawing.name for drawing in found]
    assert len(set(names)) == len(names)
    for drawing in found:
        assert re.fullmatch(r"[a-z][a-z0-9_]+", drawing.name)
        assert re.match(r"[A-Zλ][^_]+", drawing.title), drawing.name
        assert (drawing.figure is None) == bool(drawing.missing)
        if drawing.figure is not None:
            assert drawing.caption.endswith((".", "…")), drawing.name
            assert drawing.data is not None
            assert not {column for column in drawing.data if str(column).startswith("_")}


def test_each_kind_of_mark_is_once_in_a_legend(drawings: Figures) -> None:
    for drawing in chain(*drawings.values()):
        if drawing.figure is not None and drawing.figure.layout.showlegend is not False:
            series = [trace for trace in drawing.figure.data if trace.type in ("scatter", "bar")]
            shown = [trace.name for trace in series if trace.showlegend is not False]
            assert len(set(shown)) == len(shown), (drawing.name, shown)
            assert all(shown) or len(series) == 1, (drawing.name, shown)
