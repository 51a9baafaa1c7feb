"""Figures can be seen: marks have a contrast of 3 with their ground, words one of 4.5, on light and on dark pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from regsweep.report.figures import Evidence, compare_sweeps, draw_all, theme
from regsweep.report.page.document import COLOURS
from tests.report.test_figures import confirmation, grid, search, write_trial

MARK, WORDS = 3.0, 4.5
"""WCAG 2.2, success criteria 1.4.11 and 1.4.3."""
PAGES = {"light": theme.LIGHT, "dark": theme.DARK}


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``, as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def on(page: str, colour: str) -> str:
    """Return what a page has in place of a figure's colour, as figures.js does it."""
    in_dark = {light.lower(): dark for light, dark in theme.IN_DARK.items()}
    return in_dark.get(colour.lower(), colour) if page == "dark" else colour


def between(one: str, other: str, part: float) -> str:
    channels = [(int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + part * (b - a)):02x}" for a, b in channels)


def cell(page: str, part: float) -> str:
    """Return the colour of a cell so far on the way from the worst to the best."""
    stops = [(place, on(page, colour)) for place, colour in theme.SEQUENTIAL]
    for (low, first), (high, last) in pairwise(stops):
        if part <= high:
            return between(first, last, (part - low) / (high - low))
    return stops[-1][1]


def colours_of(marks: Any) -> Iterator[str]:
    """Yield the colours of markers, lines and error bars, wherever they stand in a trace."""
    for key, value in marks.items():
        if isinstance(value, dict):
            if key != "textfont" and not (key == "line" and "symbol" in marks):  # the edge of a marker is no mark
                yield from colours_of(value)
        elif key == "color":
            yield from [value] if isinstance(value, str) else value
        elif key == "opacity":
            assert value == 1, "what is transparent has less contrast than its colour"


def drawn(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the traces of all figures, with the figures' names."""
    sweeps = [search(folder), grid(folder), search(folder, sparsity=[i / 60 for i in range(60)])]
    layers = {"w": {"low": -1, "high": 1, "counts": [3, 5, 8, 5, 3], "zeros": 9}}
    for number in range(60):
        write_trial(folder, layers, number)
    evidences = [Evidence(sweep, confirmation(folder / str(n))) for n, sweep in enumerate(sweeps) if n != 1]
    evidences.append(Evidence(sweeps[1]))
    for drawing in [*(each for e in evidences for each in draw_all(e)), *compare_sweeps(evidences)]:
        if drawing.figure is not None:
            for trace in drawing.figure.to_plotly_json()["data"]:
                yield drawing.name, trace


@pytest.mark.parametrize("page", PAGES)
def test_marks_of_all_figures_can_be_seen(tmp_path: Path, page: str) -> None:
    seen = set()
    for name, trace in drawn(tmp_path):
        if trace["type"] == "heatmap" or trace.get("mode") == "text":
            continue
        seen.add(name)
        for colour in colours_of(trace):
            if colour == theme.LIGHT["background"]:
                continue  # a gap between marks
            found = contrast(on(page, colour), PAGES[page]["background"])
            assert found >= MARK, f"{name}, {trace.get('name')}: {colour} has {found:.2f}"
    assert len(seen) >= 12, "nearly all figures, or this test tests little"


@pytest.mark.parametrize("page", PAGES)
def test_series_and_axes_can_be_seen(page: str) -> None:
    for colour in [*theme.SERIES, *theme.SWITCH_COLOUR.values(), theme.BEST, theme.POINTS, theme.LIGHT["axis"]]:
        assert contrast(on(page, colour), PAGES[page]["background"]) >= MARK, colour
    for name in ("text", "muted"):
        assert contrast(PAGES[page][name], PAGES[page]["background"]) >= WORDS


@pytest.mark.parametrize("page", PAGES)
def test_the_page_s_own_colours_can_be_seen(page: str) -> None:
    colours = COLOURS[page]
    least = {"text": WORDS, "muted": WORDS, "link": WORDS, "best": MARK, "control": MARK}
    for name, needed in least.items():
        assert contrast(colours[name], colours["background"]) >= needed, name


@pytest.mark.parametrize("page", PAGES)
def test_words_in_a_cell_can_be_read_whatever_its_colour(page: str) -> None:
    for step in range(201):
        part = step / 200
        ink = theme.INK if part < theme.INK_TURNS else theme.INK_ON_BEST
        assert contrast(on(page, ink), cell(page, part)) >= WORDS, part


@pytest.mark.parametrize("page", PAGES)
def test_the_worst_cell_is_near_the_ground_and_the_best_is_far_from_it(page: str) -> None:
    ground = PAGES[page]["background"]
    found = [contrast(cell(page, step / 10), ground) for step in range(11)]
    assert found == sorted(found), "no cell is nearer to the ground than a worse one"
    assert found[0] < 1.5
    assert found[-1] > 2 * WORDS


def test_every_colour_that_has_another_in_the_dark_is_one_of_the_figures() -> None:
    """A colour that was changed in one place alone would stay as it is on a dark page."""
    assert all(re.fullmatch(r"#[0-9A-F]{6}", colour) for pair in theme.IN_DARK.items() for colour in pair)
    known = {*theme.LIGHT.values(), *theme.SERIES, theme.INK, theme.INK_ON_BEST, *(c for _, c in theme.SEQUENTIAL)}
    assert set(theme.IN_DARK) <= known
