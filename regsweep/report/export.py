"""Figures as files for papers: PNG, SVG and PDF through Kaleido, which draws them in a browser of this machine."""

from __future__ import annotations

import html
import importlib.util
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regsweep import records
from regsweep.errors import RegsweepError
from regsweep.report.files import ReportPaths

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from regsweep.report.figures.evidence import Drawing

FORMATS = ("png", "svg", "pdf")
WIDTH = 900
"""Pixels; a PNG has twice as many."""
TITLE_HEIGHT = 40


def files(drawings: Sequence[Drawing], formats: Sequence[str]) -> list[str]:
    """Return what `export` writes, relative to the sweep's folder."""
    folder = ReportPaths(Path()).figures
    drawn = [drawing for drawing in drawings if drawing.figure is not None]
    return [str(folder / f"{drawing.name}.{kind}") for drawing in drawn for kind in (*formats, "csv")]


def export(paths: ReportPaths, drawings: Sequence[Drawing], formats: Sequence[str]) -> None:
    """Write every figure in these formats, and beside it what it shows, as CSV.

    Raises:
        RegsweepError: when Kaleido or a browser is missing, or a figure cannot be drawn.
        RecordError: when the folder cannot be written.
    """
    _require_kaleido()
    drawn = [drawing for drawing in drawings if drawing.figure is not None]
    try:
        paths.figures.mkdir(exist_ok=True)
    except OSError as error:
        raise records.write_error(paths.figures, error) from error
    with tempfile.TemporaryDirectory() as place:
        _draw(drawn, formats, Path(place))
        for picture in sorted(Path(place).iterdir()):
            records.write_bytes(paths.figures / picture.name, picture.read_bytes())
    for drawing in drawn:
        if drawing.data is not None:
            records.write_text(paths.figures / f"{drawing.name}.csv", drawing.data.to_csv(index=False))


def _require_kaleido() -> None:
    if importlib.util.find_spec("kaleido") is None:
        raise RegsweepError("--format: needs Kaleido; pip install 'regsweep[figures]'")


def _draw(drawings: Sequence[Drawing], formats: Sequence[str], place: Path) -> None:
    """Draw all in one browser, with the Plotly script that lies in the installed package: nothing is fetched."""
    import kaleido  # noqa: PLC0415  (an optional dependency)
    from choreographer.errors import ChromeNotFoundError  # noqa: PLC0415  (Kaleido's own)

    wanted = []
    for drawing in drawings:
        assert drawing.figure is not None
        figure = for_paper(drawing.figure, drawing.title)
        size = {"width": WIDTH, "height": figure.layout.height}
        for kind in formats:
            options = {"format": kind, "scale": 2 if kind == "png" else 1, **size}
            wanted.append({"fig": figure, "path": str(place / f"{drawing.name}.{kind}"), "opts": options})
    try:
        kaleido.write_fig_from_object_sync(wanted, kopts={"mathjax": False})
    except ChromeNotFoundError as error:
        raise RegsweepError(
            "--format: needs Chromium or Chrome; install one, or name its program in BROWSER_PATH"
        ) from error
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise RegsweepError(f"--format: the figures could not be drawn ({reason})") from error


def for_paper(figure: go.Figure, title: str) -> Any:
    """Return a copy of a figure on white, with its title above it."""
    import plotly.graph_objects as go  # noqa: PLC0415

    copy = go.Figure(figure)
    top = copy.layout.margin.t if copy.layout.margin.t is not None else copy.layout.template.layout.margin.t
    height = copy.layout.height or 450
    if copy.layout.legend.yref == "container":  # it stays where it was, below the title
        copy.update_layout(legend_y=copy.layout.legend.y * height / (height + TITLE_HEIGHT))
    copy.update_layout(
        paper_bgcolor="white",
        plot_bgcolor="white",
        width=WIDTH,
        height=height + TITLE_HEIGHT,
        margin_t=(top or 0) + TITLE_HEIGHT,
        title={
            "text": f"<b>{html.escape(title, quote=False)}</b>",
            "font": {"size": 16},
            "x": 0,
            "xref": "container",
            "pad": {"l": 16, "t": 16},
            "y": 1,
            "yref": "container",
            "yanchor": "top",
        },
    )
    return copy
