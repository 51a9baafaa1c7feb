"""What trials had reached after each epoch, and what ran when: x and y of every trace."""

from __future__ import annotations

import json
import math
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
import pytest

from regsweep.report.figures import Drawing, Evidence, intermediate_values, results_by_epochs, slices, timeline
from regsweep.report.figures.timeline import rows_of
from regsweep.report.sweep import read_sweep
from tests.decisions.handmade import dumped
from tests.decisions.traces import named, of, read, traces


def lines_of(drawing: Drawing, name: str) -> dict[int, list[tuple[float, float]]]:
    """Return the places of each trial's line in the trace whose name begins so, by the trial's number."""
    trace = named(drawing, name)
    found: dict[int, list[tuple[float, float]]] = {}
    for x, y, number in zip(trace.x, trace.y, trace.customdata, strict=True):
        if not math.isnan(x):
            found.setdefault(int(number), []).append((x, round(y, 6)))
    return found


def courses() -> list[dict[str, Any]]:
    """Return the best, another one, one pruned after two epochs above both, and one that failed."""
    histories = [
        ([0.5, 0.7, 0.9], "complete"),
        ([0.4, 0.5, 0.6], "complete"),
        ([0.6, 0.8], "pruned"),
        ([0.1], "failed"),
    ]
    return [
        of(0.1 * n, accuracy=history[-1], history=history, status=status)
        for n, (history, status) in enumerate(histories)
    ]


def test_each_line_is_a_trial_over_its_epochs(tmp_path: Path) -> None:
    drawing = intermediate_values.draw(Evidence(read(tmp_path / "s", courses())))
    assert lines_of(drawing, "best: trial 0") == {0: [(1, 50), (2, 70), (3, 90)]}
    assert lines_of(drawing, "complete") == {1: [(1, 40), (2, 50), (3, 60)]}
    assert lines_of(drawing, "pruned") == {2: [(1, 60), (2, 80)]}
    assert lines_of(drawing, "given up here") == {2: [(2, 80)]}
    assert {trace.name for trace in traces(drawing)} == {"best: trial 0", "complete", "pruned", "given up here"}
    assert drawing.caption == (
        "Each line is a trial: 2 complete trials, and 1 pruned one. A cross marks where the pruned one was given up, "
        "after epoch 2."
    )
    assert drawing.figure is not None
    assert (drawing.figure.layout.xaxis.title.text, drawing.figure.layout.yaxis.title.text) == (
        "epoch", "validation accuracy (%)"
    )  # fmt: skip


@pytest.mark.parametrize(("epochs", "step"), [(13, 1), (14, None)])
def test_each_of_few_epochs_has_a_tick_and_none_stands_between(tmp_path: Path, epochs: int, step: int | None) -> None:
    trials = [of(0.1 * n, history=[0.5 + i / 100 for i in range(epochs)]) for n in range(2)]
    figure = intermediate_values.draw(Evidence(read(tmp_path / "s", trials))).figure
    assert figure is not None
    assert figure.layout.xaxis.dtick == step


def test_lines_of_one_kind_have_gaps_between(tmp_path: Path) -> None:
    trials = [of(0.1 * n, accuracy=0.5 + n / 10, history=[0.1, 0.2 + n / 10]) for n in range(3)]
    trace = named(intermediate_values.draw(Evidence(read(tmp_path / "s", trials))), "complete")
    assert [math.isnan(x) for x in trace.x] == [False, False, True, False, False]
    assert [math.isnan(y) for y in trace.y] == [False, False, True, False, False]


def test_a_trial_without_a_history_is_counted(tmp_path: Path) -> None:
    sweep = read(tmp_path / "s", courses())
    (tmp_path / "s" / "1" / "history.csv").unlink()
    drawing = intermediate_values.draw(Evidence(sweep))
    assert drawing.caption.startswith("Each line is a trial: 1 of 2 complete trials, and 1 pruned one.")
    assert drawing.caption.endswith("Of 1 more trial no course is on record.")
    for number in (0, 2, 3):
        (tmp_path / "s" / str(number) / "history.csv").unlink()
    missing = intermediate_values.draw(Evidence(sweep)).missing
    assert missing == "validation accuracy: no complete or pruned trial has a history.csv with it for two epochs"


def test_the_best_of_many_and_all_pruned_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intermediate_values, "MOST_COMPLETE", 2)
    drawing = intermediate_values.draw(
        Evidence(read(tmp_path / "s", [*courses(), of(accuracy=0.95, history=[0.1, 0.95])]))
    )
    assert set(lines_of(drawing, "best: trial 4")) | set(lines_of(drawing, "complete")) == {4, 0}
    assert drawing.caption.startswith("Each line is a trial: 2 of 3 complete trials, the best 2, and 1 pruned one.")


def write_foreign(folder: Path, trials: Sequence[dict[str, Any]]) -> Path:
    """Write another application's sweep with its Optuna study: ``steps`` and ``value``, pruned where that is None."""
    folder.mkdir()
    storage = f"sqlite:///{folder / 'study.db'}"
    settings = {"sweeper": {"storage": storage, "params": {"x": "interval(0, 9)"}}, "overrides": {"task": []}}
    (folder / "multirun.yaml").write_text(dumped({"hydra": settings}))
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(storage=storage, direction="minimize")
    for number, made in enumerate(trials):
        job = folder / str(number) / ".hydra"
        job.mkdir(parents=True)
        (job / "overrides.yaml").write_text(dumped([f"x={number}.5"]))
        (job / "config.yaml").write_text(dumped({"x": number + 0.5}))
        study.enqueue_trial({"x": number + 0.5})
        trial = study.ask()
        trial.suggest_float("x", 0, 9)
        for step, value in enumerate(made["steps"]):
            trial.report(value, step)
        state = optuna.trial.TrialState.PRUNED if made["value"] is None else None
        study.tell(trial, made["value"], state=state)
    return folder


def test_another_application_s_trials_are_drawn_from_their_study(tmp_path: Path) -> None:
    trials: list[dict[str, Any]] = [
        {"steps": [3.0, 2.0, 1.0], "value": 1.0},
        {"steps": [3.5, 2.5, 1.5], "value": 1.5},
        {"steps": [9.0, 0.5], "value": None},
        {"steps": [], "value": 2.0},
    ]
    sweep = read_sweep(write_foreign(tmp_path / "s", trials))
    best = sweep.best()
    assert best is not None
    assert best.number == 0, "not the pruned one, though less is better"
    drawing = intermediate_values.draw(Evidence(sweep))
    assert lines_of(drawing, "best: trial 0") == {0: [(0, 3), (1, 2), (2, 1)]}
    assert lines_of(drawing, "complete") == {1: [(0, 3.5), (1, 2.5), (2, 1.5)]}
    assert lines_of(drawing, "given up here") == {2: [(1, 0.5)]}
    assert drawing.caption.endswith("given up, at step 1. Of 1 more trial no course is on record.")
    panel = slices.draw(Evidence(sweep))
    crosses = named(panel, "pruned")
    assert (list(crosses.x), list(crosses.y)) == ([2.5], [0.5])
    assert "1 pruned trial: a cross at its last value, at step 1; nothing else is computed from it." in panel.caption
    by_steps = results_by_epochs.draw(Evidence(sweep))
    assert by_steps.data is not None
    assert by_steps.title == "Value by the last step reported"
    assert by_steps.caption.startswith("Of 3 trials 1 ended before step 2, the last that one of them reported: 1 pru")
    assert by_steps.data.set_index("number")["epochs"].to_dict() == {0: 2, 1: 2, 2: 1}
    drawing = timeline.draw(Evidence(sweep))
    assert drawing.missing == "start and end of 0 trials on record: two are needed"


def test_what_was_reported_is_not_taken_for_another_number(tmp_path: Path) -> None:
    folder = write_foreign(tmp_path / "s", [{"steps": [3.0, 2.0], "value": 1.0}, {"steps": [3.0, 1.0], "value": 1.0}])
    for number in (0, 1):
        (folder / str(number) / "m.json").write_text(json.dumps({"acc": 0.5 + number / 10}))
    sweep = read_sweep(folder, metrics="m.json", objective="acc")
    assert (
        intermediate_values.draw(Evidence(sweep)).missing
        == "acc: no complete trial reported it to an Optuna study twice"
    )


ROWS = {
    "one after the other": ([(0, 1), (1, 2), (2, 3)], [0, 0, 0]),
    "two at once": ([(0, 3), (0, 1), (1, 2), (2, 5), (3, 4)], [0, 1, 1, 1, 0]),
    "the first that is free": ([(0, 1), (0, 1), (0, 9), (2, 3), (2, 3)], [0, 1, 2, 0, 1]),
    "clocks differ a little": ([(0, 1.005), (1, 2)], [0, 0]),
    "not by so much": ([(0, 1.1), (1, 2)], [0, 1]),
    "none": ([], []),
}


@pytest.mark.parametrize(("times", "rows"), ROWS.values(), ids=ROWS)
def test_a_trial_stands_on_the_first_free_row(times: list[tuple[float, float]], rows: list[int]) -> None:
    assert rows_of([start for start, _ in times], [end for _, end in times]) == rows


def ran(*times: tuple[float, float, str]) -> list[dict[str, Any]]:
    """Return trials by start, end and status."""
    return [
        of(0.1 * n, accuracy=0.5, ended=1e9 + end, seconds=end - start, status=status)
        for n, (start, end, status) in enumerate(times)
    ]


def bars(drawing: Drawing, name: str) -> list[tuple[float, float, float]]:
    """Return start, end and row of each bar of one kind."""
    trace = named(drawing, name)
    places = list(zip(trace.x, trace.y, strict=True))
    assert all(math.isnan(x) for x, _ in places[3::4])
    assert all(place[1] == places[i - i % 4][1] for i, place in enumerate(places)), "a bar lies in one row"
    return [(round(s[0], 6), round(e[0], 6), s[1]) for s, e in zip(places[0::4], places[2::4], strict=True)]


def test_each_bar_begins_and_ends_as_its_trial_did(tmp_path: Path) -> None:
    trials = ran((0, 10, "complete"), (2, 6, "pruned"), (6, 9, "failed"), (12, 20, "complete"))
    drawing = timeline.draw(Evidence(read(tmp_path / "s", trials)))
    assert bars(drawing, "complete") == [(0, 10, 0), (12, 20, 0)]
    assert bars(drawing, "pruned") == [(2, 6, 1)]
    assert bars(drawing, "failed") == [(6, 9, 1)]
    # Two rows of 20 seconds, of which trials took 10 + 4 + 3 + 8.
    assert drawing.caption.startswith("Of 4 trials at most 2 ran at once, over 20 s.")
    assert "In 38 % of the workers' time none did." in drawing.caption
    assert "The longest time" not in drawing.caption
    assert drawing.figure is not None
    axis = drawing.figure.layout.yaxis
    assert (axis.range[0] > axis.range[1], list(axis.ticktext)) == (True, ["1", "2"])
    assert drawing.figure.layout.xaxis.title.text == "seconds since the first trial began"


@pytest.mark.parametrize(("workers", "has_ticks"), [(20, True), (21, False)])
def test_each_of_few_workers_has_its_number_at_its_row(tmp_path: Path, workers: int, *, has_ticks: bool) -> None:
    figure = timeline.draw(Evidence(read(tmp_path / "s", ran(*[(0, 10, "complete")] * workers)))).figure
    assert figure is not None
    axis = figure.layout.yaxis
    ticks = dict(zip(axis.tickvals or (), axis.ticktext or (), strict=True))
    assert ticks == ({row: str(row + 1) for row in range(workers)} if has_ticks else {})


def test_a_pause_and_trials_without_times_are_named(tmp_path: Path) -> None:
    trials = [*ran((0, 600, "complete"), (1800, 2400, "complete")), {"status": "interrupted"}]
    trials.append({"duplicate_of": 0, "accuracy": 0.5})
    drawing = timeline.draw(Evidence(read(tmp_path / "s", trials)))
    assert bars(drawing, "complete") == [(0, 10, 0), (30, 40, 0)]
    assert drawing.caption == (
        "Of 2 trials one ran at a time, over 40 min. In 50 % of the time none did. The longest time in which none ran "
        "was 20 min. 1 trial repeated an earlier one and did not run. 1 trial without times on record left out."
    )


def test_a_trial_that_ran_again_is_marked(tmp_path: Path) -> None:
    sweep = read(tmp_path / "s", ran((0, 1, "complete"), (1, 3, "complete"), (3, 4, "complete")))
    (tmp_path / "s" / "1.failed").mkdir()
    (tmp_path / "s" / "1.failed-2").mkdir()
    (tmp_path / "s" / "11.failed").mkdir()
    drawing = timeline.draw(Evidence(sweep))
    again = named(drawing, "ran again")
    assert (list(again.x), list(again.y)) == ([1], [0])
    assert "1 trial ran again after an attempt that was killed (a triangle)." in drawing.caption


def test_trials_that_took_no_time_are_seen(tmp_path: Path) -> None:
    drawing = timeline.draw(Evidence(read(tmp_path / "s", ran((0, 1e-5, "complete"), (50, 100, "complete")))))
    short, long = bars(drawing, "complete")
    assert short[1] - short[0] == pytest.approx(0.14), "a pixel of 700"
    assert long == (50, 100, 0)
    assert drawing.data is not None
    assert drawing.data["end_seconds"].iloc[0] == pytest.approx(0, abs=1e-4), "the table has what is on record"


@pytest.mark.parametrize(("last", "beyond"), [(0.1, True), (0.65, False)])
def test_a_trial_that_ends_far_below_all_others_does_not_squeeze_their_courses(
    tmp_path: Path, last: float, *, beyond: bool
) -> None:
    ends = [0.8 + 0.01 * n for n in range(10)]
    histories = [*([0.5, end] for end in ends), [0.6, last]]
    trials = [of(0.1 * n, accuracy=each[-1], history=each) for n, each in enumerate(histories)]
    drawing = intermediate_values.draw(Evidence(read(tmp_path / "s", trials)))
    assert drawing.figure is not None
    shown = drawing.figure.layout.yaxis.range
    assert (shown is not None) is beyond
    assert shown is None or (shown[0] < 50 and shown[1] > 89), "the first epochs of all others are on it"
    assert ("1 line goes beyond the axis" in drawing.caption) is beyond


def test_one_trial_has_no_timeline(tmp_path: Path) -> None:
    drawing = timeline.draw(Evidence(read(tmp_path / "s", ran((0, 1, "complete")))))
    assert drawing.missing == "start and end of 1 trial on record: two are needed"


def test_trials_of_a_batch_end_when_they_did_and_not_with_the_slowest(tmp_path: Path) -> None:
    """By the times of their records; a record that is younger than the study's entry is a copy, and says nothing."""
    folder = write_foreign(tmp_path / "s", [{"steps": [], "value": float(n)} for n in range(4)])
    with closing(sqlite3.connect(folder / "study.db")) as study:
        study.execute("UPDATE trials SET datetime_complete = '2026-01-01 12:00:10'")
        for number, seconds in enumerate((2.0, 6.0, 10.0, 4.0)):
            row = (number + 1, "seconds", json.dumps(seconds))
            study.execute("INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (?, ?, ?)", row)
        study.commit()
    told = datetime.fromisoformat("2026-01-01 12:00:10").timestamp()
    for number, end in enumerate((2, 6, 10, 90)):
        (folder / str(number) / "trial.json").write_text("{}")
        os.utime(folder / str(number) / "trial.json", (told - 10 + end, told - 10 + end))
    drawing = timeline.draw(Evidence(read_sweep(folder)))
    assert [(start, end) for start, end, _ in bars(drawing, "complete")] == [(0, 2), (0, 6), (0, 10), (6, 10)]
