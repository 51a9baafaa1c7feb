"""Nothing overlaps, is cut or is wider than its place, on wide and small screens and on paper, whatever the sweep."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.report import samples
from tests.report.test_accessibility import PAGES, of_one, quick, screen
from tests.report.test_browser import Page

LAYOUT = Path(__file__).with_name("layout.js").read_text(encoding="utf-8")
WIDTHS = (1440, 1024, 420)
PAPER = 680 + 15
"""The width between margins, and a scroll bar's, which the browser has here on paper, too."""


def faults(page: Page) -> list[str]:
    """Return what is wrong with the layout, once the figures have the width that they are given."""
    fits = "Math.abs(each.querySelector('.main-svg').clientWidth - each.clientWidth) <= 1"
    for _ in range(100):
        if page(f"return [...document.querySelectorAll('.canvas')].every((each) => {fits})"):
            break
        time.sleep(0.1)
    found: list[str] = page(LAYOUT)
    return found


HARD = {name: of_one(write) for name, write in samples.HARD.items()}
PAGES_AND_HARD = {**PAGES, **HARD}


@pytest.mark.parametrize("name", quick(PAGES_AND_HARD, {"comparison"}))
def test_nothing_overlaps_or_is_cut(driver: Any, tmp_path: Path, name: str) -> None:
    page = Page(driver, PAGES_AND_HARD[name](tmp_path / name))
    if name == "search":
        page("document.querySelector('#table tbody button').click()")
    found = {}
    for width in WIDTHS:
        with screen(driver, width):
            found[width] = faults(page)
    assert found == {width: [] for width in WIDTHS}
    page.require_clean()


@pytest.mark.parametrize("name", quick(["search", "confirmed", "listed_strengths"], {"search"}))
def test_nothing_overlaps_or_is_cut_on_paper(driver: Any, tmp_path: Path, name: str) -> None:
    page = Page(driver, PAGES_AND_HARD[name](tmp_path / name))
    page("dispatchEvent(new Event('beforeprint'))")
    with screen(driver, PAPER, media="print"):
        assert faults(page) == []


@pytest.mark.parametrize("width", quick(WIDTHS, {420}))
def test_a_row_is_one_line_with_its_score_in_sight(driver: Any, tmp_path: Path, width: int) -> None:
    page = Page(driver, PAGES["search"](tmp_path / "s"))
    with screen(driver, width):
        tops = page(
            "return [...document.querySelectorAll('#table tbody tr')].map((row) =>"
            " new Set([...row.querySelectorAll('button')].map((each) => each.getBoundingClientRect().top)).size)"
        )
        assert set(tops) == {1}
        assert (
            page("return document.querySelector('#table tbody td:nth-child(2)').getBoundingClientRect().right") < width
        )
        assert page("return document.querySelector('#table th:nth-child(2)').textContent") == "validation accuracy (%)"


def test_columns_that_the_window_has_room_for_are_in_sight_and_all_figures_are_painted(
    driver: Any, tmp_path: Path
) -> None:
    """A picture of the whole page shows what was painted; with thousands of trials only what is on the screen is."""
    page = Page(driver, PAGES["search"](tmp_path / "s"))
    with screen(driver, 1440):
        lacking = page(
            "const [table, place] = ['#table', '.scroll.scripted'].map((each) => document.querySelector(each));"
            "return table.scrollWidth - place.clientWidth"
        )
        assert lacking <= 0
    seen = "return [...document.querySelectorAll('.canvas')].map((each) => getComputedStyle(each).contentVisibility)"
    assert set(page(seen)) == {"visible"}
    page("document.body.classList.add('many')")
    assert set(page(seen)) == {"auto"}


def test_a_single_run_s_page_does_not_list_what_one_run_cannot_have(driver: Any, tmp_path: Path) -> None:
    page = Page(driver, samples.write_page(samples.one_run(tmp_path / "s")))
    left_out = page("return [...document.querySelectorAll('.left-out strong')].map((each) => each.textContent)")
    assert set(left_out) <= {"Learning curves, and the gap between training and validation", "Exact zeros per layer"}


FAULTS = {
    "overlaps": "const [one, other] = map.querySelectorAll('.xtick text');"
    "other.setAttribute('transform', one.getAttribute('transform'))",
    "is cut": "map.querySelector('.ytitle').setAttribute('transform', 'translate(-60, 0)')",
    "stands on the plot": "map.querySelector('.cbtitle').setAttribute('transform', 'translate(-200, 0)')",
    "is broken": "const heading = document.querySelector('#table th:nth-child(2)');"
    "Object.assign(heading.style, { maxWidth: '30px', overflowWrap: 'anywhere', display: 'block' });"
    "heading.firstChild.style.overflowWrap = 'anywhere'",
    "page: ": "document.querySelector('h1').style.width = '3000px'",
    "is wider than its place": "document.querySelector('td').style.maxWidth = '1px';"
    "Object.assign(document.querySelector('#table').style, { tableLayout: 'fixed', width: '40px' })",
}


@pytest.mark.full
def test_faults_are_found(driver: Any, tmp_path: Path) -> None:
    file = samples.write_page(samples.over_seeds(tmp_path / "s"))
    page = Page(driver, file)
    assert faults(page) == []
    for fault, script in FAULTS.items():
        page("location.reload()")
        page.wait()
        page(f"const map = document.querySelector('[data-name=lambda_dropout_map]'); {script}")
        found = page(LAYOUT)
        assert any(fault in line for line in found), (fault, found)
