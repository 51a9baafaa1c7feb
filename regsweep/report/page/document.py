"""The page put together: text through a template that escapes it, figures and the table as data beside the scripts."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from regsweep.report.details import read_config
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.theme import DARK, IN_DARK, LIGHT
from regsweep.report.page import confirmed, head, made, panel, papers, security, trials
from regsweep.report.page.alternative import alternative
from regsweep.report.printed import split_command
from regsweep.version import VERSION

if TYPE_CHECKING:
    from regsweep.report.sweep import Sweep

HERE = Path(__file__).resolve().parent
WITH_TABLE = "parallel_coordinates"
"""The figure that shows the trials of the table's filter, and stands with it."""
HEADLINE = "forest"
"""The figure that stands before the table; all others follow."""
OF_A_RUN = {"learning_curves", "weight_histogram", "zeros_per_layer"}
"""The figures that one run can have; a page of one does not list the others as left out."""
PAPER = 680
"""Pixels between the margins of an A4 page; figures.js has them, too."""
MOST_PAINTED = 1000
"""Trials with which all figures are painted at once, the ones that are not on the screen too."""
MOST_PROBLEMS = 200
COLOURS = {
    "light": {**LIGHT, "link": "#005F99", "best": "#D55E00", "control": LIGHT["axis"]},
    "dark": {**DARK, "link": "#78B4DC", "best": "#D55E00", "control": DARK["axis"]},
}


@dataclass(frozen=True)
class Headed:
    """A sweep's page as a comparison of several names it: its folder, its title, its answer."""

    href: str
    title: str
    answer: Sequence[str]


def sweep_page(
    evidence: Evidence, drawings: Sequence[Drawing], answer: Sequence[str], *, seconds: int | None = None
) -> str:
    """Return ``report.html`` of one sweep or single run.

    Args:
        evidence: the sweep, and its confirmation.
        drawings: the figures.
        answer: the sentences at its head.
        seconds: after which the page loads itself anew; None: it does not.
    """
    sweep = evidence.sweep
    rows = trials.table(sweep)
    statuses = Counter(sweep.trials["status"])
    groups = trials.not_completed(sweep)
    problems = [*sweep.problems, *(evidence.confirmation.problems if evidence.confirmation is not None else ())]
    return _render(
        drawings,
        seconds=seconds,
        many=len(sweep.trials) > MOST_PAINTED,
        kind=made.kind(sweep),
        title=sweep.folder.absolute().name,
        folder=str(sweep.folder.absolute()),
        answer=[(_unbroken(sentence), command) for sentence, command in map(split_command, answer)],
        facts=made.facts(sweep),
        head=head.lines(sweep, is_confirmed=evidence.confirmation is not None),
        confirmed=confirmed.table(evidence.confirmation),
        table={
            "json": security.json_block(rows),
            "plain": trials.plain(rows),
            "panels": security.json_block(panel.panels(sweep, evidence.confirmation)),
            "curves": panel.curves(sweep.task),
            "title": "Trials" if len(sweep.trials) != 1 else "The run",
            "has_controls": len(sweep.trials) > 1,
            "statuses": statuses,
            "example": trials.example(sweep),
        },
        pooled=trials.pooled(sweep),
        ended=groups[: trials.MOST_REASONS],
        ended_more=max(0, len(groups) - trials.MOST_REASONS),
        problems=problems[:MOST_PROBLEMS],
        problems_more=max(0, len(problems) - MOST_PROBLEMS),
        made=made.how(evidence),
        papers=papers.used(
            sweep,
            _a_config(sweep),
            made.searched_with(sweep),
            has_importance=any(drawing.name == "importance" and drawing.figure is not None for drawing in drawings),
            is_confirmed=evidence.confirmation is not None,
        ),
    )


def comparison_page(folder: Path, sweeps: Sequence[Headed], drawings: Sequence[Drawing]) -> str:
    """Return the page that sets several sweeps side by side; it will lie in `folder`."""
    return _render(
        drawings,
        kind="Comparison",
        title=f"{len(sweeps)} sweeps side by side",
        folder=str(folder.absolute()),
        sweeps=sweeps,
    )


def _render(drawings: Sequence[Drawing], **parts: Any) -> str:
    """Fill the template: what is not given is left out of the page."""
    figures = [_figure(drawing) for drawing in drawings]
    drawn = [figure for figure in figures if figure["json"]]
    headline = next((f for f in drawn if f["name"] == HEADLINE), None)
    with_table = next((f for f in drawn if f["name"] == WITH_TABLE and "table" in parts), None)
    apart = [headline, with_table]
    possible = OF_A_RUN if parts["kind"] == made.RUN else {figure["name"] for figure in figures}
    style = security.inline(_style(drawn))
    of_table = ["table", "panel", "parallel"] if "table" in parts else []
    names = ["state", *of_table, *(["watch"] if parts.get("seconds") else [])]
    scripts = {name: _asset(f"{name}.js") for name in (*names, "figures")}
    scripts["plotly"] = security.inline(get_plotlyjs())
    given: dict[str, Any] = dict.fromkeys(
        (
            "answer",
            "facts",
            "head",
            "confirmed",
            "sweeps",
            "pooled",
            "table",
            "ended",
            "ended_more",
            "problems",
            "problems_more",
            "made",
            "papers",
            "seconds",
            "many",
        ),
        (),
    )
    page: str = _template().render(
        **(given | parts),
        version=VERSION,
        policy=Markup(security.policy(scripts.values(), [style, *_label_styles(drawn)])),  # noqa: S704  (hashes)
        style=style,
        foreign_styles=_styles_of_maps(scripts["plotly"]),
        scripts=scripts,
        theme=security.json_block({"light": LIGHT, "dark": DARK, "in_dark": IN_DARK}),
        headline=headline,
        with_table=with_table,
        figures=[figure for figure in drawn if figure not in apart],
        left_out=[figure for figure in figures if not figure["json"] and figure["name"] in possible],
        has_figures=bool(drawn),
    )
    # File names may hold bytes that are no text; they must not keep the page from being written.
    return page.encode("utf-8", "backslashreplace").decode()


def _unbroken(sentence: str) -> str:
    """Return a sentence in which no line ends between a number and its sign, or within an equation."""
    return sentence.replace(" %", "\u00a0%").replace("p = ", "p\u00a0=\u00a0")


def _figure(drawing: Drawing) -> dict[str, Any]:
    named = {
        "name": drawing.name,
        "title": drawing.title,
        "caption": _unbroken(drawing.caption),
        "missing": drawing.missing,
    }
    if drawing.figure is None:
        return {**named, "json": None}
    height = int(drawing.figure.layout.height or 450)
    num_columns = len({axis.domain for axis in drawing.figure.select_xaxes()})
    width = "" if num_columns < 2 else " wide" if num_columns == 2 else " wider"  # noqa: PLR2004
    least = max((drawing.figure.layout.meta or {}).get("least_width", 0), {"": 0, " wide": 620}.get(width, 900))
    return {
        **named,
        "least_width": least,
        "id": f"figure-{drawing.name}",
        "height": height,
        "classes": f"height-{height} least-{least}",
        "alternative": drawing.words or alternative(drawing.figure),
        "json": security.escape_json(drawing.figure.to_json(validate=False, engine="json")),
    }


def _style(figures: Sequence[dict[str, Any]]) -> str:
    """Return the style sheet, with the colours of both themes and each figure's height, so that nothing jumps.

    Panels side by side scroll rather than shrink on a small screen; on paper they are smaller.
    """

    def colours(name: str) -> str:
        return "".join(f"--{key}:{value};" for key, value in COLOURS[name].items())

    heights = "".join(f".height-{height}{{min-height:{height}px}}\n" for height in {f["height"] for f in figures})
    widths = "".join(
        f".least-{least}{{min-width:{least}px}}\n"
        f"@media print{{.least-{least}{{min-width:0;zoom:{min(1, PAPER / max(least, 1)):.4f}}}}}\n"
        for least in {f["least_width"] for f in figures}
    )
    return (
        f":root{{{colours('light')}}}\n"
        f"@media screen and (prefers-color-scheme: dark){{:root{{{colours('dark')}}}}}\n"
        f"{(HERE / 'style.css').read_text(encoding='utf-8')}\n{heights}{widths}"
    )


def _styles_of_maps(plotly: str) -> set[str]:
    """Return the ids of the style sheets that Plotly's script adds at once, for maps, which no figure here has.

    Where an element with such an id is there already, it adds none, and the policy has nothing to forbid.
    """
    return set(re.findall(r'getElementById\("([0-9a-f]{64})"\)', plotly))


def _label_styles(figures: Sequence[dict[str, Any]]) -> set[str]:
    """Return the styles of ``<span>`` in the figures' own labels; what comes from records has &lt; there."""
    return {style for figure in figures for style in re.findall(r"\\u003cspan style='([\w:.;% -]+)'", figure["json"])}


def _asset(name: str) -> Markup:
    return security.inline((HERE / name).read_text(encoding="utf-8"))


@functools.cache
def _template() -> Any:
    loader = FileSystemLoader(HERE)
    settings = Environment(
        autoescape=True, loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return settings.get_template("template.html")


def _a_config(sweep: Sweep) -> dict[str, Any] | None:
    """Return the configuration of the best trial, or of the first that has one."""
    best = sweep.best()
    numbers = [best.number] if best is not None else list(sweep.trials["number"][:5])
    return next((config for number in numbers if (config := read_config(sweep, number)) is not None), None)
