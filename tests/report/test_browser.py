"""Reports in a real browser: opened from disk they are complete, quiet, closed to the network, and can be used."""

import csv
import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from regsweep.report.figures import Evidence, draw_all
from regsweep.report.figures.theme import IN_DARK, WORST
from regsweep.report.page import sweep_page
from regsweep.report.read_confirmation import read_confirmation
from regsweep.report.sweep import read_sweep
from regsweep.report.watch import HOST, Latest, server_of
from tests.conftest import Regsweep, made_once, run_in
from tests.decisions.confirmations import Made, ablated, confirmed
from tests.decisions.handmade import write_sweep
from tests.report import samples

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</script><script>alert(2)</script>",
    "</title></style><iframe src=//example.org>",
    "javascript:alert(3)",
    "{{ 7*7 }}${alert(4)}%{x}",
    "<!--<script>",
    "'&lt;b&gt;&#x27;\u2028alert(5)//",
    '<a href="https://example.org" onclick="alert(6)">x</a>',
]
SEARCH = ("-m", "sweep=regularization", "regularizer=[l2,dropout]", "hydra/launcher=basic", "hydra.sweeper.n_trials=6",
          "trainer.epochs=3", "dataset.train_size=200", "model.hidden=[16]", "hydra.sweep.dir=sweep")  # fmt: skip


class Page:
    """A report in the browser."""

    def __init__(self, driver: Any, file: Path | str) -> None:
        self.driver = driver
        driver.get("about:blank")
        for kind in ("browser", "performance"):
            driver.get_log(kind)  # those of the page before
        driver.get(file if isinstance(file, str) else file.absolute().as_uri())
        self.wait()

    def wait(self) -> None:
        """Wait until all figures are drawn."""
        for _ in range(300):
            if self("return !document.querySelector('.canvas') || document.documentElement.dataset.drawn === 'all'"):
                return
            time.sleep(0.1)
        raise AssertionError("the figures were not drawn in 30 seconds")

    def __call__(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def require_clean(self) -> None:
        """No message in the console, nothing forbidden or failed, no request but for the page itself."""
        assert self.driver.get_log("browser") == []
        assert self("return seen") == []
        assert self("return performance.getEntriesByType('resource').map((entry) => entry.name)") == []
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        requests = [url for url in urls if not url.startswith(("data:", "blob:", "chrome"))]
        assert len(requests) == 1
        assert requests[0].startswith("file:")

    def figures(self) -> dict[str, int]:
        """Return the names of the figures, and how many marks stand in each."""
        counted: dict[str, int] = self(
            "const marks = '.main-svg :is(.trace, .points, .hm, .bars, .scatterlayer) :is(path, image, rect)';"
            "return Object.fromEntries([...document.querySelectorAll('.canvas')]"
            ".map((canvas) => [canvas.dataset.name, canvas.querySelectorAll(marks).length]))"
        )
        return counted

    def point_at_everything(self) -> None:
        """Let every trace of every figure say what it says when it is pointed at."""
        self(
            "for (const canvas of document.querySelectorAll('.canvas')) canvas.data.forEach((_, trace) => {"
            " for (const axes of ['xy', 'x2y2', 'x3y3'])"
            "  try { Plotly.Fx.hover(canvas, [{ curveNumber: trace, pointNumber: 0 }], axes); } catch {} })"
        )
        time.sleep(0.3)

    def column(self, name: str) -> list[str]:
        """Return what the table shows in a column."""
        cells: list[str] = self(
            "const headers = [...document.querySelectorAll('#table th')];"
            "const i = headers.findIndex((th) => th.innerText.trim() === arguments[0]);"
            "return [...document.querySelectorAll('#table tbody tr')].map((row) => row.cells[i].innerText)",
            name,
        )
        return cells

    def click_header(self, name: str, *, by_key: bool = False) -> str | None:
        """Sort by a column, and return what its header says of it to a screen reader."""
        for header in self.driver.find_elements("css selector", "#table th"):
            if header.text.strip() == name:
                button = header.find_element("css selector", "button")
                button.send_keys("\ue007") if by_key else button.click()
                break
        expected: str | None = self(
            "return [...document.querySelectorAll('#table th')]"
            ".find((th) => th.innerText.trim() === arguments[0]).getAttribute('aria-sort')",
            name,
        )
        return expected


@pytest.fixture
def sweep(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Path:
    """Return a copy of a real search of six trials."""
    made = made_once(tmp_path_factory, "six", lambda place: run_in(place, *SEARCH))
    return Path(shutil.copytree(made / "sweep", tmp_path / "sweep"))


SMALL = 420
"""Pixels of a small screen's width."""


@pytest.fixture
def small_screen(driver: Any) -> Iterator[None]:
    size = {"width": SMALL, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    yield
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.full  # among the layouts there is a page on as small a screen
@pytest.mark.usefixtures("small_screen")
def test_on_a_small_screen_figures_have_most_of_its_width(regsweep: Regsweep, driver: Any, tmp_path: Path) -> None:
    samples.over_seeds(tmp_path / "s")
    assert regsweep("report", "s").code == 0
    page = Page(driver, tmp_path / "s" / "report.html")
    widths = page(
        "return Object.fromEntries([...document.querySelectorAll('.canvas')].map((canvas) => [canvas.dataset.name,"
        " Math.max(...Object.keys(canvas._fullLayout).filter((key) => /^xaxis[0-9]*$/.test(key))"
        ".map((key) => canvas._fullLayout[key]._length))]))"
    )
    assert {"configurations", "importance", "lambda_dropout_map", "best_so_far"} <= set(widths)
    for name in ("configurations", "importance"):
        assert widths[name] > 0.75 * SMALL, name
    assert min(widths.values()) > 0.35 * SMALL, widths
    assert page("return document.documentElement.scrollWidth") <= SMALL, "figures scroll, the page does not"
    page.require_clean()


@pytest.mark.full
def test_in_the_dark_the_worst_cells_are_dark(regsweep: Regsweep, driver: Any, tmp_path: Path) -> None:
    samples.over_seeds(tmp_path / "s")
    assert regsweep("report", "s").code == 0
    fills = {}
    for mode in ("light", "dark"):
        driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": mode}]}
        )
        page = Page(driver, tmp_path / "s" / "report.html")
        map_ = "document.querySelector('.canvas[data-name=lambda_dropout_map]')"
        fills[mode] = (
            page(f"return {map_}._fullLayout.coloraxis.colorscale[0][1]"),
            page(f"return [...{map_}.querySelectorAll('.textpoint text')].map((each) => getComputedStyle(each).fill)"),
        )
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert [fills[mode][0].lower() for mode in fills] == [WORST.lower(), IN_DARK[WORST].lower()]
    assert len(fills["light"][1]) == len(fills["dark"][1]) == 16, "a number in each cell"
    swapped = {"rgb(0, 0, 0)": "rgb(255, 255, 255)", "rgb(254, 254, 254)": "rgb(0, 0, 0)"}
    assert [swapped[fill] for fill in fills["light"][1]] == fills["dark"][1]


@pytest.mark.full
def test_an_optuna_sweep_is_shown_sorted_and_filtered(regsweep: Regsweep, driver: Any, sweep: Path) -> None:
    assert regsweep("report", "sweep").code == 0

    page = Page(driver, sweep / "report.html")

    page.point_at_everything()
    assert page("return document.querySelectorAll('.hoverlayer .hovertext').length") > 0
    marks = page.figures()
    assert {"accuracy_over_lambda", "best_so_far", "learning_curves"} <= marks.keys()
    assert all(marks.values()), marks
    accuracies = [float(cell) for cell in page.column("validation accuracy (%)")]
    assert len(accuracies) == 6
    assert accuracies == sorted(accuracies, reverse=True)

    assert page.click_header("lr") == "ascending"
    rates = [float(cell) for cell in page.column("lr")]
    assert rates == sorted(rates)
    assert page.click_header("lr", by_key=True) == "descending"
    assert [float(cell) for cell in page.column("lr")] == sorted(rates, reverse=True)
    assert page("return document.activeElement.innerText.trim()") == "lr"

    switches = page.column("dropout")
    num_without = switches.count("false")
    assert 0 < num_without < 6
    page.click_header("dropout.p")
    shown = page.column("dropout.p")
    assert shown[-num_without:] == ["–"] * num_without, "a setting of a method that is not used has no value"
    assert [float(cell) for cell in shown[:-num_without]] == sorted(float(cell) for cell in shown[:-num_without])
    driver.find_element("id", "filter").send_keys("dropout=true complete")
    assert page.column("dropout") == ["true"] * switches.count("true")
    driver.find_element("id", "filter").clear()
    driver.find_element("id", "filter").send_keys("no such thing")
    assert page.column("trial") == []
    page.require_clean()


@pytest.mark.full
def test_a_row_leads_to_its_folder_and_to_what_runs_it_again(regsweep: Regsweep, driver: Any) -> None:
    regsweep("-m", "regularizer=none,l2", "seed=0,1", "trainer.epochs=2", "hydra.sweep.dir=a grid")
    regsweep("report", "a grid")

    page = Page(driver, Path("a grid/report.html"))

    links = page("return [...document.querySelectorAll('#table tbody a')].map((link) => link.href)")
    assert {Path(unquote(urlsplit(link).path)) for link in links} == {
        Path("a grid", str(n)).absolute() for n in range(4)
    }
    driver.find_element("xpath", "//*[@id='table']//tbody//button[.='copy']").click()
    time.sleep(0.2)
    command = driver.find_element("css selector", "#copied code").text
    assert command == f"regsweep reproduce 'a grid/{page.column('trial')[0]}'"
    assert all(page.figures().values())
    page.require_clean()


@pytest.mark.full
@pytest.mark.usefixtures("sweep")
def test_a_single_run_and_an_unfinished_sweep_are_shown(regsweep: Regsweep, driver: Any) -> None:
    regsweep("regularizer=l1", "regularizer.lambda=1e-3", "trainer.epochs=3", "hydra.run.dir=run")
    for file in ("result.json", "trial.json"):
        Path("sweep/2", file).unlink()
    half = Path("sweep/3/result.json").read_text()
    Path("sweep/3/result.json").write_text(half[: len(half) // 2])
    regsweep("report", "run", "sweep")

    run = Page(driver, Path("run/report.html"))
    assert all(run.figures().values())
    assert "weight_histogram" in run.figures()
    run.require_clean()

    sweep = Page(driver, Path("sweep/report.html"))
    assert all(sweep.figures().values())
    driver.find_element("css selector", "#status option[value=interrupted]").click()
    assert sweep.column("trial") == ["2"]
    assert "3/result.json" in driver.find_element("id", "problems").text
    assert "interrupted" in driver.find_element("id", "ended").text
    sweep.require_clean()

    comparison = Page(driver, Path("comparison.html"))
    links = comparison("return [...document.querySelectorAll('.sweeps a')].map((link) => link.href)")
    assert links == [Path(name, "report.html").absolute().as_uri() for name in ("run", "sweep")]
    assert all(comparison.figures().values())
    comparison.require_clean()


def test_hostile_strings_stay_text(regsweep: Regsweep, driver: Any) -> None:
    """In keys, values, errors and names of folders."""
    hostile = _hostile_sweep(regsweep)
    assert regsweep("report", str(hostile)).code == 0

    page = Page(driver, hostile / "report.html")

    text = page("return document.body.textContent")
    shown = page("return JSON.parse(document.getElementById('trials-data').textContent)")
    values = [value for column in shown["columns"] for value in column["values"]]
    for payload in PAYLOADS:
        line = " ".join(payload.split())
        assert f"error {line}" in " ".join(text.split())
        assert payload in values
    links = page("return [...document.querySelectorAll('#table tbody a')].map((link) => link.href)")
    assert {Path(unquote(urlsplit(link).path)) for link in links} == {
        path.parent.absolute() for path in hostile.glob("*/result.json")
    }
    assert page.column("trial")
    marks = page.figures()
    assert marks
    assert all(marks.values()), marks
    driver.find_element("id", "filter").send_keys("<script>")
    assert len(page.column("trial")) >= 1
    page.click_header("status")
    page.point_at_everything()
    assert page("return document.querySelectorAll('img, iframe, svg a, [onerror], [onload], [onclick]').length") == 0
    assert page("return [...document.links].filter((link) => link.protocol !== 'file:').length") == 0
    assert page("return document.querySelectorAll('script').length") == _num_own_scripts(page)
    page.require_clean()


def _num_own_scripts(page: Page) -> int:
    """Theme, trials, panels and each figure as data; scripts of address, table, panel, parallel, figures, Plotly's."""
    return 9 + len(page.figures())


def _hostile_method(payload: str, number: int) -> dict[str, Any]:
    words = {"title": payload, "description": payload, "main": payload, "reference": [payload, payload]}
    return {**words, "settings": {payload: 0.1 * number}, "is_penalty": number % 2 == 0}


def _hostile_sweep(regsweep: Regsweep) -> Path:
    """Return a sweep whose records were written by someone who does not mean well."""
    quick = ("trainer.epochs=2", "dataset.train_size=200", "hydra.sweep.dir=sweep")
    regsweep("-m", "regularizer=l1", "seed=0,1", *quick)
    hostile = Path("sweep").rename(PAYLOADS[1])
    for number in range(2, len(PAYLOADS) + 4):
        shutil.copytree(hostile / "1", hostile / str(number))
    key = "regularizer.<b>alert(7)</b>"
    for number in range(len(PAYLOADS) + 4):
        run, payload = hostile / str(number), PAYLOADS[number % len(PAYLOADS)]
        result = json.loads((run / "result.json").read_text())
        result["git"] = {"commit": payload, "dirty": True}
        result["versions"]["torch"] = payload
        result["histogram"] = dict(zip(PAYLOADS, result["histogram"].values(), strict=False))
        result["sparsity"]["layers"] = dict.fromkeys(PAYLOADS, 0.5)
        result["methods"] = {} if number == len(PAYLOADS) else {payload: _hostile_method(payload, number)}
        if number < len(PAYLOADS):
            result |= {"status": "failed", "error": f"error {payload}"}
        (run / "result.json").write_text(json.dumps(result))
        overrides = [f"{key}={payload}", f"{PAYLOADS[0]}={number}", "regularizer=l1", f"seed={number}"]
        (run / ".hydra/overrides.yaml").write_text(yaml.safe_dump(overrides))
        run.rename(hostile / f"{payload} {number}".replace("/", "⁄"))
    (hostile / "command.json").write_text(json.dumps({"arguments": PAYLOADS, "working_folder": PAYLOADS[0]}))
    return hostile


STATE = (
    "[[...document.querySelectorAll('#table tbody tr')].map((row) => row.cells[0].innerText),"
    " document.getElementById('shown').textContent]"
)
CHOOSE = (
    "[...document.querySelectorAll('#table th button')].find((each) => each.innerText.trim() === 'lr').click();"
    "const filter = document.getElementById('filter'); filter.value = 'complete';"
    "filter.dispatchEvent(new Event('input')); document.getElementById('next').click(); scrollTo(0, 300);"
    f"return {STATE}"
)
"""Sorts, filters, turns the page and scrolls as a hand would, and returns what the table shows then."""


def test_what_was_chosen_is_there_after_two_reloads(driver: Any, tmp_path: Path) -> None:
    folder = a_sweep(tmp_path / "s", 80)
    latest = Latest(folder, lambda: page_of(folder, seconds=1))
    with served(folder, latest) as address:
        page = Page(driver, address)
        before = page(CHOOSE)  # in one step: it may load itself anew between two
        assert before[1] == "26–50 of 80"
        for _ in range(2):
            began = page("return performance.timeOrigin")
            for _ in range(100):
                time.sleep(0.1)
                if page("return performance.timeOrigin !== arguments[0] && document.readyState === 'complete'", began):
                    break
            else:
                raise AssertionError("the page was not loaded anew")
            page.wait()
            assert page(f"return {STATE}") == before
            assert page("return document.getElementById('filter').value") == "complete"
            sorted_by = "return document.querySelector('th[aria-sort]').innerText.trim()"
            assert page(sorted_by) == "lr"
            assert abs(page("return scrollY") - 300) <= 1
        assert page("return seen") == []


def page_of(folder: Path, seconds: int | None = None) -> str:
    evidence = Evidence(read_sweep(folder), read_confirmation(folder))
    return sweep_page(evidence, draw_all(evidence), ["An answer."], seconds=seconds)


@contextmanager
def served(folder: Path, latest: Latest) -> Iterator[str]:
    """Serve a page meanwhile, and return its address."""
    with server_of(folder, latest) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_a_trial_that_is_clicked_on_shows_what_is_on_record(driver: Any, tmp_path: Path) -> None:
    """In the table and in a figure; by key too, and Escape closes it."""
    folder = a_sweep(tmp_path / "s", 40)
    (folder / "7" / "app.log").write_text("it <b>began</b>\nit ended\n")
    page = Page(driver, written(folder))
    assert not driver.find_element("id", "panel").is_displayed()

    driver.find_element("id", "filter").send_keys("lr>=0.107 lr<0.1075 complete")
    assert page.column("trial") == ["7"], "a range of numbers"
    driver.find_element("css selector", "#table tbody button").send_keys("\ue007")
    assert driver.find_element("id", "panel-title").text == "Trial 7"
    text = driver.find_element("id", "panel").text
    for part in ("lr\n0.107", "validation accuracy (%)\n50.70", "regsweep reproduce", "it <b>began</b>\nit ended"):
        assert part in text
    assert page("return document.getElementById('panel-accuracy').data.map((trace) => [trace.name, trace.y])") == [
        ["validation", [50.7, 50.7, 50.7]],
        ["train", [90, 90, 90]],
    ]
    driver.switch_to.active_element.send_keys("\ue00c")
    assert not driver.find_element("id", "panel").is_displayed()

    page(
        "const canvas = document.querySelector('[data-name=best_so_far]');"
        "canvas.emit('plotly_click', { points: [{ customdata: canvas.data[0].customdata[3] }] })"
    )
    expected = page("return document.querySelector('[data-name=best_so_far]').data[0].hovertext[3]")
    number = expected.split("trial ")[1].split("<")[0]
    assert driver.find_element("id", "panel-title").text == f"Trial {number}"
    page.require_clean()


def test_a_seed_that_is_clicked_on_shows_its_run(driver: Any, tmp_path: Path) -> None:
    """In the figure of differences and in the table of what was confirmed; from there the run it is paired with."""
    folder = a_sweep(tmp_path / "s", 3)
    confirmed(folder, Made("dropout 0.3", [0.01, 0.02, 0.03], own=[0.02, 0.04, 0.05]))
    page = Page(driver, written(folder))
    title, text = (driver.find_element("id", name) for name in ("panel-title", "panel"))

    click_on_a_seed(page, "forest", 1)
    assert title.text == "dropout 0.3, seed 5"
    reproduce = "regsweep reproduce s/confirmation/seeds/3"
    for part in ("test accuracy\n82.00 %", "gain over the tuned baseline\n+2.00 points", reproduce):
        assert part in text.text
    assert page("return document.getElementById('panel-accuracy').data.length") == 2

    driver.find_element("css selector", "#panel [data-panel]").click()
    assert title.text == "no regularization (tuned), seed 5"
    assert "test accuracy\n80.00 %" in text.text

    driver.find_element("css selector", "#confirmed summary").click()
    links = driver.find_elements("css selector", "#confirmed [data-panel]")
    assert [link.text for link in links] == 3 * ["4", "5", "6"]
    links[5].click()
    assert title.text == "dropout 0.3, seed 6"
    assert page("return location.pathname").endswith("report.html")
    page.require_clean()
    page("location.reload()")
    page.wait()
    assert driver.find_element("id", "panel-title").text == "dropout 0.3, seed 6"


@pytest.mark.full  # a confirmed seed is clicked on above
def test_a_seed_of_an_ingredient_that_is_clicked_on_shows_its_run(driver: Any, tmp_path: Path) -> None:
    """In the figure and among the runs; from there the mixture's run that it is paired with."""
    folder = a_sweep(tmp_path / "s", 3)
    confirmed(folder, Made("a with b", [0.01, 0.02, 0.03], own=[0.03, 0.04, 0.05], kind=("a", "b")))
    ablated(folder, [0.79, 0.81, 0.80], [0.76, 0.77, 0.75])
    page = Page(driver, written(folder))
    title, text = (driver.find_element("id", name) for name in ("panel-title", "panel"))

    click_on_a_seed(page, "ingredients", 1)  # of what a adds to the rest
    assert title.text == "b, at lr 0.1, seed 5"
    added = ("what a adds to it\n+1.00 points", "what b adds alone\n+3.00 points")
    for part in ("test accuracy\n81.00 %", *added, "regsweep reproduce s/confirmation/ablation/2"):
        assert part in text.text
    assert page("return document.getElementById('panel-accuracy').data.length") == 2
    driver.find_element("css selector", "#panel [data-panel]").click()
    assert title.text == "a with b, seed 5"

    driver.find_element("css selector", "#confirmed summary").click()
    driver.find_elements("css selector", "#confirmed [data-panel]")[-1].click()
    assert title.text == "a, at lr 0.1, seed 6"
    page.require_clean()


def click_on_a_seed(page: Page, figure: str, seed: int) -> None:
    """Click on the mark of a seed, the first that opens a run, in the middle of what Plotly draws."""
    x, y = page(
        "const canvas = document.querySelector(`[data-name=${arguments[0]}]`);"
        "canvas.scrollIntoView({ block: 'center' });"
        "const seeds = canvas.data.findIndex((trace) => trace.customdata);"
        "const points = canvas.querySelectorAll('.scatterlayer .trace')[seeds].querySelectorAll('path.point');"
        "const box = points[arguments[1]].getBoundingClientRect();"
        "return [box.x + box.width / 2, box.y + box.height / 2]",
        figure,
        seed,
    )
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        event = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
        page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)
    time.sleep(0.3)


def test_the_rows_that_are_shown_can_be_taken_away(driver: Any, tmp_path: Path) -> None:
    """As CSV and JSON, with all digits that the page has; and paper has every row."""
    place = tmp_path / "downloads"
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(place)})
    page = Page(driver, written(a_sweep(tmp_path / "s", 40)))
    driver.find_element("id", "filter").send_keys("lr<0.103")
    for kind in ("csv", "json"):
        driver.find_element("id", f"as-{kind}").click()
        for _ in range(100):
            if (place / f"s.{kind}").exists():
                break
            time.sleep(0.05)
    with (place / "s.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["number"], row["optimizer.lr"]) for row in rows] == [("2", "0.102"), ("1", "0.101"), ("0", "0.1")]
    found = json.loads((place / "s.json").read_text())
    assert [(row["number"], row["optimizer.lr"]) for row in found] == [(2, 0.102), (1, 0.101), (0, 0.1)]
    driver.find_element("id", "filter").clear()
    driver.find_element("id", "filter").send_keys(" ")
    assert len(page.column("trial")) == 25
    page("dispatchEvent(new Event('beforeprint'))")
    assert len(page.column("trial")) == 40
    page("dispatchEvent(new Event('afterprint'))")
    assert len(page.column("trial")) == 25
    page.require_clean()


def drag(driver: Any, axis: int, low: float, high: float) -> None:
    """Drag along an axis of the parallel coordinates, from one part of its height to another; to itself: click."""
    strip = driver.find_elements("css selector", ".axis-strip")[axis]
    box = driver.execute_script(
        "arguments[0].scrollIntoView({ block: 'center' }); const box = arguments[0].getBoundingClientRect();"
        "return [box.left + box.width / 2, box.bottom, box.height]",
        strip,
    )
    from selenium.webdriver import ActionChains  # noqa: PLC0415  (skipped where it is not there)

    actions = ActionChains(driver, duration=10)
    pointer: Any = actions.w3c_actions.pointer_action
    for step, part in enumerate((low, (low + high) / 2, high)):
        pointer.move_to_location(round(box[0]), round(box[1] - part * box[2]))
        if step == 0:
            pointer.pointer_down()
    pointer.pointer_up()
    actions.perform()


def lines_of(page: Page) -> dict[str, int]:
    """Return how many lines of each kind of the parallel coordinates stand out against all others."""
    counted: dict[str, int] = page(
        "return Object.fromEntries([...document.querySelectorAll('.kept-lines path')].map((path) =>"
        " [path.dataset.name, path.getAttribute('d').split('M').length - 1]))"
    )
    return counted


def test_a_range_dragged_along_an_axis_is_the_table_s_and_the_other_way_round(driver: Any, tmp_path: Path) -> None:
    kinds = ["adam", "adamw", "sgd"]
    trials = [
        {
            "overrides": {
                "optimizer.lr": 0.1 + n / 1e3,
                "kind": kinds[n % 3],
                **({"momentum": n / 99} if n % 3 == 2 else {}),
            },
            "accuracy": 0.5 + n / 1e3,
            "status": "failed" if n == 7 else "complete",
        }
        for n in range(40)
    ]
    page = Page(driver, written(write_sweep(tmp_path / "s", trials)))
    value = "return document.getElementById('filter').value"
    shown = "return document.getElementById('shown').textContent"
    nothing = {"other trials": 0, "next best 3": 0, "best": 0}
    pale = "return document.querySelector('[data-name=parallel_coordinates]').parentElement.matches('.is-filtered')"
    assert lines_of(page) == nothing
    assert not page(pale)

    drag(driver, 0, 0.49, 0.26)  # of 0.1 to 0.139
    assert page(value) == "lr>=0.111 lr<=0.119"
    assert page(shown) == "1–9 of 9 (40 in all)"
    assert lines_of(page) == {"other trials": 9, "next best 3": 0, "best": 0}
    assert page(pale)
    drag(driver, 1, 0.3, 0.7)  # adamw alone, which adam is a part of
    assert page(value) == "lr>=0.111 lr<=0.119 kind=adamw"
    assert page.column("kind") == ["adamw"] * 3
    drag(driver, 2, 0.05, -0.1)  # below the scale: none of these has momentum
    assert page(value).endswith(" kind=adamw momentum=-")
    assert len(page.column("trial")) == 3
    drag(driver, 0, 0.8, 1.1)
    assert page(value) == "kind=adamw momentum=- lr>=0.132 lr<=0.139", "a new range takes the place of the old one"
    assert page("return document.getElementById('panel').hidden"), "the end of a drag is no click on a line"

    for bar in driver.find_elements("css selector", ".axis-strip button"):
        if bar.is_displayed():
            bar.send_keys("\ue007") if "lr" in bar.get_attribute("aria-label") else bar.click()
    assert page(value) == ""
    assert lines_of(page) == nothing
    assert not page(pale)

    driver.find_element("id", "filter").send_keys("kind=adam|sgd lr>0.12")
    assert lines_of(page) == {"other trials": 10, "next best 3": 2, "best": 1}
    bars = [bar for bar in driver.find_elements("css selector", ".axis-strip button") if bar.is_displayed()]
    assert [bar.get_attribute("title") for bar in bars] == ["ends the range of lr", "ends the range of kind"]
    driver.find_element("id", "filter").send_keys(" lr<")
    assert len(page.column("trial")) == 13, "what is not typed to its end keeps all"
    driver.find_element("id", "filter").send_keys(" speed>3")
    assert page(shown) == "no trial matches; no column is called speed"
    page.require_clean()


def test_a_range_is_of_its_own_axis_whatever_that_is_called_and_holds(driver: Any, tmp_path: Path) -> None:
    """Keys with the names of the table's own columns, numbers beside words, text that is empty."""
    mixed, texts = ["null", 0.5, "c", 1.5, "c", 2.5], ["", "a", "b", "", "a", "b"]
    trials = [
        {
            "overrides": {"trial": "abc"[n % 3], "number": 2 * n, "mixed": mixed[n], "text": texts[n], "mixed<b>": n},
            "accuracy": 0.5 + n / 10,
        }
        for n in range(6)
    ]
    page = Page(driver, written(write_sweep(tmp_path / "s", trials)))
    keys = page("return document.querySelector('[data-name=parallel_coordinates]').layout.meta.keys")
    value = "return document.getElementById('filter').value"
    for key, low, high, kept in (
        ("trial", -0.1, 0.2, [3, 0]),
        ("number", 0.7, 1.1, [5, 4]),
        ("mixed", -0.1, 1.1, [5, 4, 3, 2, 1, 0]),
        ("text", -0.1, 0.2, [3, 0]),
        ("mixed<b>", 0.7, 1.1, [5, 4]),
    ):
        drag(driver, next(axis for axis, name in enumerate(keys) if name.endswith(key)), low, high)
        assert sorted(map(int, page.column("trial")), reverse=True) == kept, (key, page(value))
        page("document.getElementById('filter').value = ''")
        page("document.getElementById('filter').dispatchEvent(new Event('input'))")
    page.require_clean()


def a_sweep(folder: Path, num: int) -> Path:
    return write_sweep(
        folder, [{"overrides": {"optimizer.lr": 0.1 + n / 1e3}, "accuracy": 0.5 + n / 1e3} for n in range(num)]
    )


def written(folder: Path) -> Path:
    (folder / "report.html").write_text(page_of(folder))
    return folder / "report.html"


@pytest.mark.usefixtures("small_screen")
@pytest.mark.parametrize(
    "options",
    [{}, pytest.param({"objective": "validation_loss", "minimize": True}, marks=pytest.mark.full)],
    ids=["accuracy", "loss"],
)
@pytest.mark.parametrize(
    "num_methods", [pytest.param(1, marks=pytest.mark.full), 2, pytest.param(4, marks=pytest.mark.full)]
)
def test_what_stands_below_a_method_is_level_and_covers_nothing(
    driver: Any, tmp_path: Path, num_methods: int, options: dict[str, Any]
) -> None:
    """On a small screen, with pruned trials and long numbers."""
    methods = ["l2", "dropout", "batch_norm", "mixup"][:num_methods]
    trials = []
    for number in range(24):
        used = {f"regularizer.{name}": 0.1 * (number >> place & 1) for place, name in enumerate(methods)}
        if "regularizer.batch_norm" in used:
            used["regularizer.batch_norm"] = bool(used["regularizer.batch_norm"])
        trial = {"overrides": used, "accuracy": 0.9 + number / 1e3, "loss": 1.2345678e-5 * (number + 1)}
        given_up = {"status": "pruned", "history": [0.5, 0.6 + number / 100]}
        trials.append(trial | given_up if number % 3 == 1 else trial)
    folder = write_sweep(tmp_path / "s", trials)
    evidence = Evidence(read_sweep(folder, **options))
    (folder / "report.html").write_text(sweep_page(evidence, draw_all(evidence), ["An answer."]))
    page = Page(driver, folder / "report.html")
    boxes = page(
        "const canvas = document.querySelector('[data-name=methods_on_and_off]');"
        "return [...canvas.querySelectorAll('[class^=x][class$=tick] text, .annotation')].map((each) => {"
        " const box = each.getBoundingClientRect();"
        " return [each.textContent, each.getAttribute('transform') ?? '', box.left, box.top, box.right, box.bottom] })"
    )
    assert len(boxes) == 3 * num_methods
    assert not [words for words, transform, *_ in boxes if "rotate(9" in transform or "rotate(-9" in transform]
    for i, (words, _, left, top, right, bottom) in enumerate(boxes):
        for other, _, other_left, other_top, other_right, other_bottom in boxes[i + 1 :]:
            apart = right <= other_left or other_right <= left or bottom <= other_top or other_bottom <= top
            assert apart, (words, other)
