"""What a report writes: one closed page, the answer for scripts, figures for papers, and nothing over others' files."""

import base64
import hashlib
import json
import math
import random
import re
import shlex
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regsweep.report.page.security import json_block
from regsweep.report.printed import split_command
from tests.conftest import PROJECT, Regsweep, made_once, run_in

MEBIBYTE = 2**20


class Elements(HTMLParser):
    """Elements of a page with their attributes and texts, as an HTML parser finds them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(("", {}, ""))  # what follows is not its text

    def handle_data(self, data: str) -> None:
        if self.found:
            tag, attributes, text = self.found[-1]
            self.found[-1] = (tag, attributes, text + data)

    def of(self, tag: str) -> Iterator[tuple[dict[str, str | None], str]]:
        yield from ((attributes, text) for name, attributes, text in self.found if name == tag)


@pytest.fixture(scope="session")
def grid_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a real grid with its report, to be read only."""

    def make(place: Path) -> None:
        run_in(place, "-m", "regularizer=none,l2,dropout", "seed=0,1", "trainer.epochs=2", "hydra.sweep.dir=grid")
        shutil.copytree(place / "grid", place / "reported")
        run_in(place, "report", "reported")

    return made_once(tmp_path_factory, "grid", make)


@pytest.fixture
def reported(grid_once: Path) -> Path:
    return grid_once / "reported"


@pytest.fixture
def grid(grid_once: Path, tmp_path: Path) -> Path:
    """Return a copy of the grid, without its report."""
    shutil.copytree(grid_once / "grid", tmp_path / "grid")
    return Path("grid")


def test_the_page_runs_its_own_scripts_only_and_asks_no_network(reported: Path) -> None:
    page = Elements((reported / "report.html").read_text())

    policies = [a["content"] for a, _ in page.of("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    allowed = {part.split()[0]: part.split()[1:] for part in str(policies[0]).split("; ")}
    assert allowed["default-src"] == allowed["base-uri"] == allowed["form-action"] == ["'none'"]
    assert allowed["img-src"] == ["data:", "blob:"]
    scripts = [text for attributes, text in page.of("script") if attributes.get("type") != "application/json"]
    assert sorted(allowed["script-src"]) == sorted(map(_hash, scripts))
    assert all(_hash(text) in allowed["style-src"] for _, text in page.of("style"))
    assert all(source.startswith("'sha256-") for source in {*allowed["style-src"]} - {"'unsafe-hashes'"})
    loaded = [attributes.get(name) for _, attributes, _ in page.found for name in ("src", "srcset", "data", "action")]
    assert not any(loaded)
    links = [str(attributes["href"]) for _, attributes, _ in page.found if "href" in attributes]
    assert all(link.startswith("./") for link in links)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


VALUES = st.recursive(
    st.none() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=40)
@given(VALUES)
@example("</script><!--<script>\u2028&amp;")
def test_data_in_a_page_ends_no_element_and_comes_back(value: object) -> None:
    block = str(json_block(value))

    assert not set(block) & set("<>&\u2028\u2029")
    assert json.loads(block) == value


def test_numbers_that_json_lacks_become_nothing_or_words() -> None:
    assert json_block([math.nan, math.inf, -math.inf, {"a": math.nan}]) == r'[null,"\u221e","\u2212\u221e",{"a":null}]'


def test_the_page_says_what_it_was_computed_with(reported: Path) -> None:
    machine = json.loads((reported / "0" / "result.json").read_text())["machine"]
    expected = f"device {machine['device']}, {machine['precision']}, {machine['threads']} thread"
    assert expected in (reported / "report.html").read_text()


def test_the_summary_holds_the_numbers_of_the_records(reported: Path) -> None:
    summary = json.loads((reported / "summary.json").read_text())

    trials = pd.read_csv(reported / "trials.csv")
    means = trials.groupby("regularizer")["validation_accuracy"].mean()
    best = summary["best_configuration"]
    assert summary["best_trial"] is None, "no single seed"
    assert best["mean"] == pytest.approx(means.max())
    assert best["parameters"] == {"regularizer": trials["regularizer"][best["trials"][0]]}
    record = json.loads((reported / str(best["trials"][0]) / "result.json").read_text())
    assert best["seeds"]["0"] == record["metrics"]["validation"]["accuracy"]
    schema = json.loads((PROJECT / "docs" / "summary.schema.json").read_text())
    jsonschema.validate(summary, schema)
    assert summary["num_trials"] == {"total": 6, "complete": 6}
    assert summary["versions"] == record["versions"]
    assert summary["confirmation"] is None
    page = Elements((reported / "report.html").read_text())
    claims = [text for attributes, text in page.of("p") if attributes.get("class") in ("claim", "behind")]
    said = [split_command(line) for line in summary["answer"]]
    assert [claim.replace("\u00a0", " ") for claim in claims] == [sentence for sentence, _ in said]
    assert {command for _, command in said if command} <= {text for _, text in page.of("code")}, "each to be copied"


def test_a_sweeps_end_says_how_to_get_the_page(regsweep: Regsweep) -> None:
    done = regsweep("-m", "seed=0,1", "trainer.epochs=1", "hydra.sweep.dir=my grid")

    assert "regsweep report 'my grid'" in done.out


def test_figures_are_exported_with_their_numbers(regsweep: Regsweep, grid: Path) -> None:
    pytest.importorskip("kaleido", reason="needs Kaleido")
    if shutil.which("chromium") is None and shutil.which("google-chrome") is None:
        pytest.skip("needs a browser")

    for number in range(2, 6):  # of two trials there are fewer figures, of which a browser draws each three times
        shutil.rmtree(grid / str(number))
    assert regsweep("report", str(grid), "--format", "png,svg,pdf").code == 0

    begins = {".png": b"\x89PNG", ".svg": b"<svg", ".pdf": b"%PDF"}
    stems = {path.stem for path in (grid / "figures").iterdir()}
    assert "best_so_far" in stems
    for stem in stems:
        for kind, begin in begins.items():
            assert (grid / "figures" / f"{stem}{kind}").read_bytes().startswith(begin)
        assert len(pd.read_csv(grid / "figures" / f"{stem}.csv")) > 0
    assert "The best so far" in (grid / "figures" / "best_so_far.svg").read_text()


def test_figures_without_a_browser_are_one_clear_line(
    regsweep: Regsweep, grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("kaleido", reason="needs Kaleido")
    monkeypatch.setenv("BROWSER_PATH", "/nonexistent")

    done = regsweep("report", str(grid), "--format", "svg")

    assert done.code == 2
    assert done.err == (
        "regsweep: --format: needs Chromium or Chrome; install one, or name its program in BROWSER_PATH\n"
    )
    assert (grid / "report.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--format", "gif"], "png, svg, pdf"),
        (["--bogus"], "--bogus"),
        (["--objective", "nonsense"], "nonsense"),
        (["absent"], "no such folder"),
    ],
)
def test_a_wrong_option_is_one_line(regsweep: Regsweep, grid: Path, arguments: list[str], expected: str) -> None:
    done = regsweep("report", str(grid), *arguments)

    assert done.code == 2
    assert expected in done.err
    assert done.err.count("\n") == 1
    assert not (grid / "report.html").exists()


def test_a_page_that_cannot_be_written_is_said(regsweep: Regsweep, grid: Path) -> None:
    (grid / "report.html").mkdir()

    done = regsweep("report", str(grid))

    assert done.code == 3
    assert "report.html" in done.err


def typed(number: int) -> list[str]:
    """Return overrides with all that a number or a shell could make something else of."""
    rate = 0.0030539203720234345 / (number + 1)
    return [f"lr={rate!r}", "name='a b'", "+date=20240613", "~gone", 'text="$HOME; x"', "list=[1,2]"]


def test_another_applications_files_are_left_alone(regsweep: Regsweep) -> None:
    folder = Path("theirs")
    for number in range(3):
        hydra = folder / str(number) / ".hydra"
        hydra.mkdir(parents=True)
        (hydra / "overrides.yaml").write_text(yaml.safe_dump(typed(number)))
        (hydra / "config.yaml").write_text(f"lr: {0.1 / (number + 1)}\nname: a b\n")
        (folder / str(number) / "metrics.json").write_text(json.dumps({"score": number}))
    (folder / "multirun.yaml").write_text(yaml.safe_dump({"hydra": {"overrides": {"task": ["name='a b'"]}}}))
    (folder / "trials.csv").write_text("theirs\n")
    command = ("report", str(folder), "--metrics", "metrics.json", "--objective", "score")

    refused = regsweep(*command)
    assert refused.code == 2
    assert "trials.csv" in refused.err
    assert (folder / "trials.csv").read_text() == "theirs\n"
    assert {path.name for path in folder.iterdir()} == {"0", "1", "2", "multirun.yaml", "trials.csv"}

    (folder / "trials.csv").unlink()
    for _ in range(2):  # what the first report wrote, the second may write over
        assert regsweep(*command).code == 0
    assert json.loads((folder / "summary.json").read_text())["best_trial"]["number"] == 2
    page = Elements((folder / "report.html").read_text())
    table = next(json.loads(text) for attributes, text in page.of("script") if attributes.get("id") == "trials-data")
    assert shlex.split(table["commands"][0]) == typed(2)


def test_several_sweeps_are_compared_on_a_page_of_their_own(regsweep: Regsweep) -> None:
    regsweep("-m", "seed=0,1", "trainer.epochs=1", "dataset.train_size=200", "hydra.sweep.dir=first")
    shutil.copytree("first", "second")

    assert regsweep("report", "first", "second").code == 0

    page = Elements(Path("comparison.html").read_text())
    assert [str(attributes["href"]) for attributes, _ in page.of("a")] == [
        "./first/report.html",
        "./second/report.html",
    ]
    assert all(Path(name, "report.html").is_file() for name in ("first", "second"))


@pytest.mark.full
def test_a_thousand_trials_fit_in_fifteen_megabytes(regsweep: Regsweep, search: Path) -> None:
    draw = random.Random(0)  # noqa: S311  (no secret)
    sweep, record = search, json.loads((search / "0/result.json").read_text())
    config, overrides = ((sweep / "0/.hydra" / name).read_text() for name in ("config.yaml", "overrides.yaml"))
    for number in range(3, 1000):
        run = sweep / str(number)
        (run / ".hydra").mkdir(parents=True)
        value = {"lambda": 10 ** draw.uniform(-6, -1), "dropout": draw.uniform(0, 0.8)}
        for name, text in (("config.yaml", config), ("overrides.yaml", overrides)):
            for key, drawn in value.items():
                text = re.sub(rf"((?:  |regularizer\.){key})(: |=)[\d.e-]+", rf"\g<1>\g<2>{drawn}", text)  # noqa: PLW2901
            (run / ".hydra" / name).write_text(text)
        record["metrics"]["validation"]["accuracy"] = draw.uniform(0.8, 1)
        record["sparsity"]["overall"] = draw.random()
        (run / "result.json").write_text(json.dumps(record))

    assert regsweep("report", "sweep").code == 0

    assert (sweep / "report.html").stat().st_size < 15 * MEBIBYTE
    page = Elements((sweep / "report.html").read_text())
    table = next(json.loads(text) for attributes, text in page.of("script") if attributes.get("id") == "trials-data")
    assert len(table["folders"]) == 1000
