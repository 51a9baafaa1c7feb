"""Several sweeps side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from regsweep.numbers import count
from regsweep.pooling import Pooled, chooses_data
from regsweep.report.details import read_config
from regsweep.report.figures.evidence import Drawing, Evidence
from regsweep.report.figures.labels import text
from regsweep.report.figures.points import Folded, Score, complete, fold, score
from regsweep.report.figures.progress import WHOLE, course
from regsweep.report.figures.theme import BLUE, GREY, ORANGE, SERIES, SERIES_SYMBOL, label_rows, new_figure, small
from regsweep.report.hydra_files import at
from regsweep.report.pooled import Pools
from regsweep.report.sweep import Sweep
from regsweep.report.task import examples_word, metric_in

COURSE_NAME, COURSE_TITLE = "best_so_far_of_sweeps", "The best so far of each sweep"
BEST_NAME, BEST_TITLE = "best_of_sweeps", "What each sweep selected"
DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"]


def compare_sweeps(evidences: Sequence[Evidence]) -> list[Drawing]:
    """Return the figures that set several sweeps beside each other."""
    return [_draw_courses(evidences), _draw_bests(evidences)]


def _names(evidences: Sequence[Evidence]) -> list[str]:
    """Return a name for each sweep: its folder's, with as many parents as distinguish them."""
    parts = [evidence.sweep.folder.resolve().parts for evidence in evidences]
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-depth:]) for part in parts]
        if max(Counter(names).values()) == 1:
            return names
    return [f"{Path(*part)} ({i})" for i, part in enumerate(parts, start=1)]  # the same folder twice


def _draw_courses(evidences: Sequence[Evidence]) -> Drawing:
    axes = [score(evidence.sweep) for evidence in evidences if len(complete(evidence.sweep)) > 0]
    titles = dict.fromkeys(axis.title for axis in axes)
    if len(titles) > 1:
        return Drawing(COURSE_NAME, COURSE_TITLE, missing=f"the sweeps rank by different scores: {', '.join(titles)}")
    courses = {}
    for name, evidence in zip(_names(evidences), evidences, strict=True):
        if len(complete(evidence.sweep)) > 0:
            data, _ = course(evidence.sweep)
            courses[name] = data.sort_values("number").assign(completed=range(1, len(data) + 1), sweep=name)
    if sum(len(data) > 1 for data in courses.values()) == 0:
        return Drawing(COURSE_NAME, COURSE_TITLE, missing="no sweep has two complete trials")
    axis = axes[0]
    figure = new_figure(420)
    folded = _fold_courses(courses.values(), axis, maximize=evidences[0].sweep.maximize)
    num_cut = 0
    for i, (name, data) in enumerate(courses.items()):
        rises = data[data["best_by_number"].notna() & data["best_by_number"].diff().ne(0)]
        every = pd.concat([rises, data.iloc[[-1]]])
        steps = every[folded.holds(every["best_by_number"] * axis.factor)]
        num_cut += int(len(steps) < len(every.dropna(subset="best_by_number")))
        figure.add_scatter(
            x=steps["completed"],
            y=steps["best_by_number"] * axis.factor,
            mode="lines" if len(data) > 1 else "markers",
            name=text(name),
            **_look(i),
            hovertext=[
                f"{text(name)}<br>best of {count(number, 'trial')}: {axis.show(value)}"
                for number, value in zip(steps["completed"], steps["best_by_number"], strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    figure.update_xaxes(title_text="complete trials", rangemode="tozero")
    figure.update_yaxes(title_text=f"best {axis.title}")
    left_out = len(evidences) - len(courses)
    caption = "The best score among the first complete trials of each sweep."
    if any(evidence.sweep.seed_key is not None for evidence in evidences):
        caption += f" In a sweep over seeds it is the best mean of {WHOLE}."
    caption += f" {count(left_out, 'sweep')} without a complete trial left out." if left_out else ""
    if folded.edge is not None and num_cut:
        beyond = "below" if folded.sign > 0 else "above"
        caption += f" Of {count(num_cut, 'line')} the beginning lies {beyond} {axis.label(folded.edge)}: not drawn."
    caption += _of_several_data(evidences)
    return Drawing(COURSE_NAME, COURSE_TITLE, caption, figure, pd.concat(courses.values()))


def _look(place: int) -> dict[str, Any]:
    """Return the look of a sweep's line or point: a colour with a dash and a symbol that no other sweep of 36 has."""
    colour, turn = SERIES[place % len(SERIES)], (place + place // len(SERIES)) % len(DASHES)
    return {
        "marker": {"color": colour, "symbol": SERIES_SYMBOL[turn]},
        "line": {"color": colour, "dash": DASHES[turn], "width": 2.5, "shape": "hv"},
    }


def _fold_courses(courses: Collection[pd.DataFrame], axis: Score, *, maximize: bool) -> Folded:
    """Return the axis on which first trials that collapsed do not squeeze all lines; each line's end stays on it."""
    scores = pd.concat([data[axis.column] for data in courses], ignore_index=True) * axis.factor
    folded = fold(scores, axis, maximize=maximize)
    ends = pd.Series([data["best_by_number"].iloc[-1] for data in courses]).dropna() * axis.factor
    return folded if folded.holds(ends).all() else Folded(scores, scores.isna(), sign=folded.sign)


def _draw_bests(evidences: Sequence[Evidence]) -> Drawing:
    judged = _judged_by(evidences)
    if judged is None:
        return Drawing(BEST_NAME, BEST_TITLE, missing="no sweep has a complete trial ranked by an accuracy")
    names = zip(_names(evidences), evidences, strict=True)
    rows = [_best_row(name, evidence, judged) for name, evidence in names]
    data = pd.DataFrame([row for row in rows if row is not None])
    figure = new_figure(130 + 66 * len(data))
    places = list(range(len(data)))
    looks = (
        (judged.selected, _selected_for(evidences), ORANGE, "circle-open"),
        (judged.confirmed, f"confirmed ({_confirmed_by(evidences)})", BLUE, "diamond"),
        (judged.baseline, f"tuned baseline ({_confirmed_by(evidences)})", GREY, "square"),
    )
    for column, name, colour, symbol in looks:
        if data[column].notna().any():
            figure.add_scatter(
                x=judged.factor * data[column],
                y=places,
                mode="markers",
                name=name.replace(" (", "<br>("),  # a screen of 420 pixels has no room for it in one line
                marker={"color": colour, "symbol": symbol, "size": 12, "line": {"width": 2, "color": colour}},
                hovertemplate=f"{name}: {judged.hover}<extra></extra>",
            )
    for place, row in zip(places, data.to_dict("records"), strict=True):
        ends = pd.Series([row[column] for column, *_ in looks]).dropna() * judged.factor
        figure.add_shape(
            type="line",
            **{"x0": ends.min(), "x1": ends.max(), "y0": place, "y1": place},
            line={"color": GREY, "width": 2},
            layer="below",
        )
    figure.update_xaxes(title_text=judged.title)
    label_rows(figure, dict(enumerate(map(_label, data.to_dict("records")))))
    figure.update_yaxes(range=[len(data) - 0.7, -0.9])
    caption = _caption(evidences, data, judged)
    is_confirmed = data[judged.confirmed].notna().any()
    title = f"{BEST_TITLE}, and what fresh seeds confirmed" if is_confirmed else BEST_TITLE
    return Drawing(BEST_NAME, title, caption, figure, data)


@dataclass(frozen=True)
class _Judged:
    """The number by which bests are set side by side.

    Attributes:
        name: of it, whichever examples it is of.
        title: of its axis.
        factor: from the record to the axis.
    """

    name: str
    title: str
    factor: float

    @property
    def selected(self) -> str:
        """The column of what a sweep selected."""
        return f"selected_validation_{self.name}"

    @property
    def confirmed(self) -> str:
        """The column of what fresh seeds gave of it."""
        return f"confirmed_test_{self.name}"

    @property
    def baseline(self) -> str:
        """The column of what they gave of the baseline."""
        return f"baseline_test_{self.name}"

    @property
    def hover(self) -> str:
        """A place on the axis, as Plotly fills it in."""
        return "%{x:.2f} %" if self.factor != 1 else "%{x:.4~g}"

    def is_of(self, sweep: Sweep) -> bool:
        """Return whether a sweep is ranked by it."""
        return _name(sweep) == self.name


def _judged_by(evidences: Sequence[Evidence]) -> _Judged | None:
    """Return by which number to compare: accuracy where a sweep is ranked by it, else that of the first sweep."""
    sweeps = [each.sweep for each in evidences if each.sweep.best() is not None]
    accuracies = [sweep for sweep in sweeps if _name(sweep) == "accuracy"]
    # What fresh seeds are compared by is of the same number there.
    others = [sweep for sweep in sweeps if sweep.is_own and metric_in(sweep.objective) == sweep.task.objective]
    for sweep in (*accuracies, *others):
        name, factor = _name(sweep), score(sweep).factor
        words = name.replace("_", " ")
        direction = "" if sweep.maximize else " (lower is better)"
        return _Judged(name, f"{words} (%)" if factor != 1 else f"{words}{direction}", factor)
    return None


def _name(sweep: Sweep) -> str:
    """Return what a sweep is ranked by, whichever examples that is of; in percent, that is accuracy."""
    name = metric_in(sweep.objective)
    return "accuracy" if score(sweep).factor != 1 and name != "balanced_accuracy" else name


def _caption(evidences: Sequence[Evidence], data: pd.DataFrame, judged: _Judged) -> str:
    """Return what is to be known of the bests, and which sweeps have none, or none confirmed."""
    is_chosen = any(sum(bool(each.values) for each in evidence.sweep.configurations) > 1 for evidence in evidences)
    parts = ["A value that was selected as the best of several flatters."] if is_chosen else []
    without = int(data[judged.confirmed].isna().sum())
    parts += [f"{count(without, 'sweep')} without a result on fresh seeds."] if without else []
    left_out = len(evidences) - len(data)
    words = judged.name.replace("_", " ")
    lacks = f"without a complete trial ranked by {'an accuracy' if words == 'accuracy' else words} left out"
    parts += [f"{count(left_out, 'sweep')} {lacks}."] if left_out else []
    return (" ".join(parts) + _of_several_data(evidences)).strip()


def _of_several_data(evidences: Sequence[Evidence]) -> str:
    """Return that the sweeps' scores are no comparison, where they are of several data sets, or sizes of one."""
    found: dict[str, None] = {}
    for evidence in evidences:
        sweep = evidence.sweep
        config = next((c for n in sweep.trials["number"][:5] if (c := read_config(sweep, int(n)))), None)
        dataset = at(config, "dataset")
        if sweep.is_own and isinstance(dataset, dict):
            size = dataset.get("train_size")
            part = f" ({size:,} {examples_word(sweep.task)})" if isinstance(size, int) else ""
            found[f"{_name_of_data(dataset)}{part}"] = None
    if len(found) < 2:  # noqa: PLR2004
        return ""
    return f" The sweeps are of different data ({', '.join(found)}): their scores are no comparison of methods."


def _name_of_data(dataset: Mapping[str, Any]) -> str:
    """Return what chooses the data; the folder where it is of the user's own images alone."""
    name, arguments = dataset.get("name"), dataset.get("arguments") or {}
    others = ("name", "arguments") if name == "image_folder" else ("name", "arguments", "root")
    given = {key: value for key, value in dataset.items() if key not in others}
    own = [str(value) for key, value in given.items() if value and chooses_data(f"dataset.{key}")]
    return " ".join([str(name), *own, *(f"{key}={value}" for key, value in arguments.items())])


def _selected_for(evidences: Sequence[Evidence]) -> str:
    objectives = {evidence.sweep.objective.replace("_", " "): None for evidence in evidences}
    return f"selected for ({text(' or '.join(objectives))})"


def _confirmed_by(evidences: Sequence[Evidence]) -> str:
    titles = {each.confirmation.terms.title: None for each in evidences if each.confirmation is not None}
    return f"{text(' or '.join(titles))}, mean of fresh seeds"


def _label(row: Mapping[Hashable, Any]) -> str:
    """Return a sweep's name, and beneath it the configuration whose values are shown."""
    what = row["confirmed"] if pd.notna(row["confirmed"]) else row["selected"]
    return f"{text(row['sweep'])}{small(text(what))}"


def _selected(sweep: Sweep, best: Pooled) -> str:
    if sweep.seed_key is None:
        return f"trial {best.number}"
    return f"{Pools(sweep).names[best.number]} ({count(len(best.values), 'seed')})"


def _best_row(name: str, evidence: Evidence, judged: _Judged) -> dict[str, Any] | None:
    """Return what a sweep selected and what was confirmed of it; None where it is ranked by another number."""
    best, confirmation = evidence.sweep.best(), evidence.confirmation
    if best is None or not judged.is_of(evidence.sweep):
        return None
    row: dict[str, Any] = {
        "sweep": name,
        "selected_trial": best.number,
        "selected": _selected(evidence.sweep, best),
        "num_trials": len(evidence.sweep.trials),
        judged.selected: best.mean,
        "confirmed": None,
        judged.confirmed: None,
        judged.baseline: None,
    }
    if confirmation is not None and confirmation.candidates:
        sign = confirmation.terms.sign_of_choice  # what is chosen by is never of test examples
        top = max(confirmation.candidates, key=lambda candidate: sign * candidate.selected_for)
        row["selected_trial"], row["confirmed"] = top.trial, top.name
        row[judged.selected] = top.selected_for
        row[judged.confirmed] = top.mean()
        row[judged.baseline] = confirmation.baseline.mean()
    return row
