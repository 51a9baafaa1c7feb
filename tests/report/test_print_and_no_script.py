"""What is left on paper, and where no script runs: all text and tables, and nothing that needs a hand or a script."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.report import samples
from tests.report.test_accessibility import screen
from tests.report.test_browser import Page, a_sweep, written

CONTROLS = "button, input, select, .modebar-container, .controls, .pager"
VISIBLE = "each.checkVisibility() && each.getBoundingClientRect().height"
SHOWN = f"[...document.querySelectorAll(`{{}}`)].filter((each) => {VISIBLE})"


def shown(page: Page, selector: str) -> int:
    """Return how many such elements are to be seen."""
    return int(page(f"return {SHOWN.format(selector)}.length"))


@contextmanager
def without_scripts(driver: Any) -> Iterator[None]:
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    yield
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_paper_has_every_row_and_figure_and_no_control(driver: Any, tmp_path: Path) -> None:
    page = Page(driver, written(a_sweep(tmp_path / "s", 40)))
    figures = page.figures()
    driver.find_element("css selector", "#table tbody button").click()
    page("dispatchEvent(new Event('beforeprint'))")
    with screen(driver, 680, "light", "print"):
        assert shown(page, "#table tbody tr") == 40
        assert shown(page, ".canvas .main-svg") >= len(figures) >= 5
        assert shown(page, f":is({CONTROLS}):not(th button)") == 0
        assert shown(page, "#panel") == 0
        assert "drag" not in page("return document.body.innerText")
        widths = page(
            "return [...document.querySelectorAll('.canvas')].map((each) => each.getBoundingClientRect().width)"
        )
        assert max(widths) <= 680
        assert page("return document.documentElement.scrollWidth") <= 680
    page("dispatchEvent(new Event('afterprint'))")
    assert shown(page, "#table tbody tr") == 25
    page.require_clean()


@pytest.mark.full
def test_many_rows_need_more_sheets(driver: Any, tmp_path: Path) -> None:
    """The browser itself prints: what stands on the next page of the table is on paper, too."""

    def num_sheets(num_trials: int) -> int:
        Page(driver, written(a_sweep(tmp_path / str(num_trials), num_trials)))
        printed = driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"]
        return base64.b64decode(printed).count(b"/Type /Page\n")

    few, many = num_sheets(25), num_sheets(250)
    assert few >= 2
    assert many >= few + 3


@pytest.mark.parametrize("name", ["search", "confirmed"])
def test_without_scripts_all_text_and_tables_are_there(driver: Any, tmp_path: Path, name: str) -> None:
    file = samples.write_page(samples.KINDS[name](tmp_path / name))
    with without_scripts(driver):
        driver.get(file.as_uri())
    page = Page.__new__(Page)  # nothing to wait for
    page.driver = driver
    assert not page("return document.documentElement.classList.contains('has-scripts')")
    assert shown(page, f"{CONTROLS}, .canvas, #panel, #table") == 0
    num_trials = len(list((tmp_path / name).glob("*/.hydra")))
    assert shown(page, "#trials tbody tr") == num_trials
    assert shown(page, ".drawing") == shown(page, ".alternative") > 8
    text = page("return document.body.innerText")
    assert "words and numbers stand in their places" in " ".join(text.split())
    assert "drag" not in text
    heights = page(f"return {SHOWN.format('section, figure, .scroll')}.filter((each) => !each.innerText.trim()).length")
    assert heights == 0, "an empty box"
    for width in (1440, 420):
        with screen(driver, width):
            assert page("return document.documentElement.scrollWidth") <= width
