"""Pages are open to everyone: axe-core finds nothing, figures have words, and what a mouse can do, keys can."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.report import samples
from tests.report.test_browser import Page

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


def _page_of(write: samples.Write) -> Callable[[Path], Path]:
    return lambda place: samples.write_page(write(place))


PAGES = {name: _page_of(write) for name, write in samples.KINDS.items()} | {"comparison": of_several}


@contextmanager
def screen(driver: Any, width: int, scheme: str = "light", media: str = "") -> Iterator[None]:
    """Let the browser have a screen of this width meanwhile, in light or dark."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
    yield
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
@pytest.mark.parametrize("name", PAGES)
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
    page = Page(driver, samples.write_page(samples.one_run(tmp_path / "run")))
    page("document.querySelector('h1').style.color = '#eee'; document.documentElement.removeAttribute('lang')")
    assert {line.partition(":")[0] for line in violations(page, axe)} == {"color-contrast", "html-has-lang"}
