"""Pages are open to everyone: axe-core finds nothing, figures have words, and what a mouse can do, keys can."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("selenium", reason="needs Selenium")
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.report import samples
from tests.report.test_browser import Page, a_sweep, written

SCREENS = [
    ((1440, "light"), (420, "dark")),
    pytest.param(((1440, "dark"), (420, "light")), marks=pytest.mark.full),
]
"""Widths and schemes."""


@pytest.fixture(scope="module")
def axe() -> str:
    """Return the script of axe-core; the package around it is not imported."""
    package = find_spec("axe_playwright_python")
    if package is None or package.origin is None:
        pytest.skip("needs axe-playwright-python")
    return Path(package.origin).with_name("axe.min.js").read_text(encoding="utf-8")


def of_several(place: Path) -> Path:
    """Return the page that compares several sweeps."""
    kinds = ("search", "seeds", "confirmed")
    return samples.write_comparison(place.parent, [samples.KINDS[name](place.parent / name) for name in kinds])


def drawn_once(write: Callable[[Path], Path]) -> Callable[[Path], Path]:
    """Return what writes a page, which is drawn the first time alone."""
    drawn: list[str] = []

    def page_in(place: Path) -> Path:
        if not drawn:
            file = write(place)
            drawn.append(file.read_text(encoding="utf-8"))
            return file
        place.mkdir(parents=True, exist_ok=True)
        (place / "report.html").write_text(drawn[0], encoding="utf-8")
        return place / "report.html"

    return page_in


def of_one(write: samples.Write) -> Callable[[Path], Path]:
    """Return what writes the page of a sweep."""
    return drawn_once(lambda place: samples.write_page(write(place)))


PAGES = {name: of_one(write) for name, write in samples.KINDS.items()} | {"comparison": drawn_once(of_several)}


def quick(names: Iterable[Any], kept: set[Any]) -> list[Any]:
    """Return parameters of which all but these are marked as long ones."""
    return [name if name in kept else pytest.param(name, marks=pytest.mark.full) for name in names]


@contextmanager
def screen(driver: Any, width: int, scheme: str = "light", media: str = "") -> Iterator[None]:
    """Let the browser have a screen of this width meanwhile, in light or dark."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
    try:
        yield
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def violations(page: Page, axe: str) -> list[str]:
    """Return what axe-core finds, by all its rules: the rule, the element, what is wrong with it."""
    page(axe)
    page.driver.set_script_timeout(120)
    found: list[str] = page.driver.execute_async_script(
        "const done = arguments[0];"
        "const told = (rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.failureSummary}`);"
        "axe.run(document, { resultTypes: ['violations'] })"
        ".then(({ violations }) => done(violations.flatMap(told)), (error) => done([`${error}`]))"
    )
    return found


@pytest.mark.parametrize("screens", SCREENS, ids=["wide and light, small and dark", "wide and dark, small and light"])
@pytest.mark.parametrize("name", quick(PAGES, {"comparison"}))
def test_axe_finds_nothing(
    driver: Any, axe: str, tmp_path: Path, name: str, screens: Sequence[tuple[int, str]]
) -> None:
    file = PAGES[name](tmp_path / name)
    for width, scheme in screens:
        with screen(driver, width, scheme):
            page = Page(driver, file)
            if name == "search":
                page("document.querySelector('#table tbody button').click()")
                assert driver.find_element("id", "panel").is_displayed()
            assert violations(page, axe) == [], (width, scheme)
    page.require_clean()


def test_axe_finds_what_is_wrong(driver: Any, axe: str, tmp_path: Path) -> None:
    page = Page(driver, PAGES["run"](tmp_path / "run"))
    page("document.querySelector('h1').style.color = '#eee'; document.documentElement.removeAttribute('lang')")
    assert {line.partition(":")[0] for line in violations(page, axe)} == {"color-contrast", "html-has-lang"}


def test_a_figure_is_read_as_its_words_and_not_letter_by_letter(driver: Any, tmp_path: Path) -> None:
    page = Page(driver, samples.write_page(samples.search(tmp_path / "s")))
    page("document.querySelector('#table tbody button').click()")
    driver.execute_cdp_cmd("Accessibility.enable", {})
    nodes = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    driver.execute_cdp_cmd("Accessibility.disable", {})
    read = [node for node in nodes if not node["ignored"]]
    texts = [node["name"]["value"] for node in read if node["role"]["value"] == "StaticText"]
    words = page("return [...document.querySelectorAll('.alternative')].map((each) => each.textContent)")
    assert len(words) >= 10
    assert set(words) <= set(texts)
    assert "number of epochs trained" not in texts, "the title of an axis"
    assert not any(node["role"]["value"].startswith("graphics") for node in read)
    pictures = [node["name"]["value"] for node in read if node["role"]["value"] == "image" and node["name"]["value"]]
    number = page("return document.getElementById('panel-title').textContent").split()[-1]
    history = (tmp_path / "s" / number / "history.csv").read_text().splitlines()[1:]
    first, last = (f"{100 * float(history[place].split(',')[2]):.4g} at {place % 10 + 1}" for place in (0, -1))
    assert pictures == [
        f"accuracy (%) over epochs. validation: {first} to {last}, lowest {first}, highest {last}. "
        "train: 90 at 1 to 90 at 10, lowest 90 at 1, highest 90 at 1."
    ]
    seen = page("return [...document.querySelectorAll('.alternative')].some((each) => each.offsetWidth > 1)")
    assert not seen, "those who see the figure need no words for it"


FOCUSABLE = "a[href], button:not(:disabled), input, select, [tabindex='0']"


def test_every_control_is_reached_by_tab_and_is_seen_then(driver: Any, tmp_path: Path) -> None:
    page = Page(driver, PAGES["search"](tmp_path / "s"))
    controls = page(
        f"window.controls = [...document.querySelectorAll(`{FOCUSABLE}`)].filter((each) => each.checkVisibility());"
        "document.activeElement.blur(); return controls.map((each) => each.outerHTML.slice(0, 120))"
    )
    reached = []
    for _ in range(len(controls)):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        place, outline, opacity = page(
            "const each = document.activeElement, look = getComputedStyle(each); let opacity = 1;"
            "for (let e = each; e; e = e.parentElement) opacity *= Number(getComputedStyle(e).opacity);"
            "return [controls.indexOf(each), look.outlineStyle, opacity]"
        )
        reached.append(place)
        assert outline != "none", controls[place]
        assert opacity == 1, controls[place]
    assert sorted(reached) == list(range(len(controls)))
    kinds = page("return [...new Set(controls.map((each) => each.tagName))].sort()")
    assert kinds == ["A", "BUTTON", "DIV", "INPUT", "SELECT"]


def test_keys_sort_filter_turn_the_page_and_open_a_trial(driver: Any, tmp_path: Path) -> None:
    page = Page(driver, written(a_sweep(tmp_path / "s", 40)))
    assert page.click_header("lr", by_key=True) == "ascending"
    assert page.column("trial")[0] == "0"
    driver.find_element("id", "next").send_keys(Keys.ENTER)
    assert page.column("trial") == [str(number) for number in range(25, 40)]
    driver.find_element("id", "status").send_keys("complete")
    assert page("return document.getElementById('status').value") == "complete"
    driver.find_element("id", "filter").send_keys("lr>0.1375")
    assert page.column("trial") == ["38", "39"]
    driver.find_element("css selector", "#table tbody button").send_keys(Keys.ENTER)
    assert page("return document.activeElement.id") == "panel-title"
    ActionChains(driver).send_keys(Keys.TAB).perform()
    assert page("return document.activeElement.id") == "panel-close"
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert not driver.find_element("id", "panel").is_displayed()
    assert page("return document.activeElement.getAttribute('aria-label')") == "details of trial 38"
    page.require_clean()
