"""What a person sees of a sweep on a terminal while it runs."""

from __future__ import annotations

import re
import sys
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console

from regsweep.names import short_names
from regsweep.sweeper.live import LiveTable
from regsweep.sweeper.plugin import _names_of_varied
from regsweep.sweeper.space import SearchSpace

MAXIMIZE, MINIMIZE = StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE
PRUNED, FAIL = TrialState.PRUNED, TrialState.FAIL
NAMES = {"a.rate": "rate", "kind": "kind", "seed": "seed", "net.width": "width", "lr": "lr", "x": "x"}
LONG = {f"a.long_name_of_a_setting_{n}": f"long_name_of_a_setting_{n}" for n in range(6)}


def trial(number: int, value: Any) -> FrozenTrial:
    """Return a trial of this value, which may be a state, or a list of values."""
    state = value if isinstance(value, TrialState) else TrialState.COMPLETE
    values = {"values": value} if isinstance(value, list) else {"value": value}
    made = optuna.trial.create_trial(
        state=state,
        params={"a.rate": 0.0123456 * (number + 1), "kind": "l1"},
        distributions={"a.rate": FloatDistribution(0, 100), "kind": CategoricalDistribution(["l1"])},
        **(values if state == TrialState.COMPLETE else {}),
    )
    made.number = number
    return made


def count_as_terminal(patch: pytest.MonkeyPatch) -> None:
    """Let what is printed from now on count as shown on a terminal of 120 columns."""
    patch.setattr(sys.stdout, "isatty", lambda: True)
    patch.setenv("TERM", "xterm")
    patch.setenv("COLUMNS", "120")


def last_lines(text: str) -> list[str]:
    """Return what stands on the terminal in the end: the lines after the last time that it was drawn anew."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.rpartition("\x1b[2K")[2].rpartition("\r")[2])
    return [line.rstrip() for line in plain.splitlines() if line.strip()]


def shown(table: LiveTable, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines of the table as it is now."""
    capsys.readouterr()
    Console(width=120, color_system=None).print(table._render())
    return [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip()]


BESTS = {
    "the highest": ([0.5, 0.9, 0.7], MAXIMIZE, "trial 1  0.9"),
    "the lowest": ([0.5, 0.1, 0.7], MINIMIZE, "trial 1  0.1"),
    "the first of equals": ([0.5, 0.9, 0.9], MAXIMIZE, "trial 1  0.9"),
    "the first of equals that is lowered": ([0.5, 0.1, 0.1], MINIMIZE, "trial 1  0.1"),
    "neither pruned nor failed": ([PRUNED, 0.5, FAIL], MAXIMIZE, "trial 1  0.5"),
    "a large one, and a small one": ([1024.0, 1.5e-5], MINIMIZE, "trial 1  1.5e-5"),
    "zero": ([0.0, -1.0], MAXIMIZE, "trial 0  0"),
}


@pytest.mark.parametrize(("values", "direction", "best"), BESTS.values(), ids=BESTS)
def test_the_best_so_far(
    capsys: pytest.CaptureFixture[str], values: list[Any], direction: StudyDirection, best: str
) -> None:
    table = LiveTable(10, [], [direction], NAMES)
    assert not any("best" in line for line in shown(table, capsys))
    for number, value in enumerate(values):
        table.end(trial(number, value))
    number = int(best.split()[1])
    assert shown(table, capsys)[-1] == f"best     {best}  rate={0.0123456 * (number + 1):.3g} kind=l1"


FRONTS: dict[str, tuple[list[Any], list[StudyDirection], str | None]] = {
    "neither is beaten": ([[0.5, 9.0], [0.9, 1.0]], [MAXIMIZE, MAXIMIZE], "2 of 2 complete trials"),
    "one is beaten in both": ([[0.5, 9.0], [0.9, 1.0]], [MAXIMIZE, MINIMIZE], "1 of 2 complete trials"),
    "a later one beats two": ([[1, 1], [2, 0], [2, 2]], [MAXIMIZE, MAXIMIZE], "1 of 3 complete trials"),
    "beaten in one, equal in the other": ([[1, 1], [1, 2]], [MINIMIZE, MINIMIZE], "1 of 2 complete trials"),
    "equals stand together": ([[1, 1], [1, 1], [0, 0]], [MAXIMIZE, MAXIMIZE], "2 of 3 complete trials"),
    "pruned and failed ones do not count": ([[1, 1], PRUNED, FAIL], [MAXIMIZE, MAXIMIZE], "1 of 1 complete trial"),
    "none is complete": ([PRUNED, FAIL], [MAXIMIZE, MAXIMIZE], None),
}


@pytest.mark.parametrize(("values", "directions", "front"), FRONTS.values(), ids=FRONTS)
def test_of_several_objectives_none_is_the_best(
    capsys: pytest.CaptureFixture[str], values: list[Any], directions: list[StudyDirection], front: str | None
) -> None:
    table = LiveTable(10, [], directions, NAMES)
    for number, value in enumerate(values):
        table.end(trial(number, value))
    lines = shown(table, capsys)
    assert not any("best" in line for line in lines)
    assert lines[1:] == ([] if front is None else [f"front    {front}, beaten by none"])


def test_the_best_is_so_in_the_number_that_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """As the trials' own lines may show another one: those of a confirmation show the test accuracy."""
    table = LiveTable(10, [], [MAXIMIZE], NAMES, objective="validation_accuracy")
    table.end(trial(0, 0.5))
    assert shown(table, capsys)[-1] == "best     trial 0  0.5 validation accuracy  rate=0.0123 kind=l1"


def seeded(number: int, kind: str, seed: int, value: Any) -> FrozenTrial:
    state = value if isinstance(value, TrialState) else TrialState.COMPLETE
    made = optuna.trial.create_trial(
        state=state,
        params={"kind": kind, "seed": seed},
        distributions={"kind": CategoricalDistribution(["a", "b"]), "seed": IntDistribution(0, 9)},
        value=value if state == TrialState.COMPLETE else None,
    )
    made.number = number
    return made


@pytest.mark.parametrize(
    ("ended", "direction", "best"),
    [
        # One lucky seed is not the best: of those with the most seeds the one with the best mean is.
        ([("a", 0, 0.9), ("a", 1, 0.1), ("b", 0, 0.6), ("b", 1, 0.6)], MAXIMIZE, "mean of 2 seeds  0.6  kind=b"),
        ([("a", 0, 0.9), ("a", 1, 0.1), ("b", 0, 0.6), ("b", 1, 0.6)], MINIMIZE, "mean of 2 seeds  0.5  kind=a"),
        ([("a", 0, 0.9), ("b", 0, 0.6), ("b", 1, 0.6)], MAXIMIZE, "mean of 2 seeds  0.6  kind=b"),
        ([("a", 0, 0.9), ("a", 1, FAIL), ("b", 0, 0.6), ("b", 1, 0.6)], MAXIMIZE, "mean of 2 seeds  0.6  kind=b"),
        ([("a", 0, 0.5), ("b", 1, 0.5)], MAXIMIZE, "mean of 1 seed  0.5  kind=a"),
        ([("a", 0, FAIL), ("b", 1, PRUNED)], MAXIMIZE, None),
        ([("a", 0, 0.5), ("b", 0, 0.7)], MAXIMIZE, "trial 1  0.7  kind=b seed=0"),  # one seed is none that was swept
    ],
)
@pytest.mark.parametrize("num_earlier", [0, 2])
def test_where_seeds_are_swept_a_mean_is_the_best(
    capsys: pytest.CaptureFixture[str],
    ended: list[tuple[str, int, Any]],
    direction: StudyDirection,
    best: str | None,
    num_earlier: int,
) -> None:
    """Also over what had ended before this start began."""
    trials = [seeded(number, *each) for number, each in enumerate(ended)]
    table = LiveTable(10, trials[:num_earlier], [direction], NAMES)
    for each in trials[num_earlier:]:
        table.end(each)
    lines = [line for line in shown(table, capsys) if line.startswith("best")]
    assert lines == ([] if best is None else [f"best     {best}"])


def test_in_a_narrow_terminal_each_trial_has_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    table = LiveTable(1500, [], [MAXIMIZE], LONG)
    for number in range(3):
        table.start(number, dict.fromkeys(LONG, 0.1234567))
    table.end(trial(3, 0.5))
    Console(width=80, color_system=None).print(table._render())
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert max(map(len, lines)) <= 80
    assert lines[1].rstrip().endswith("…")


@pytest.mark.parametrize(("width", "bar"), [(40, 15), (30, 5), (120, 30)])
def test_the_bar_gives_way_to_what_is_done_and_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int, bar: int
) -> None:
    clock = [0.0]
    monkeypatch.setattr("regsweep.sweeper.live.time.monotonic", lambda: clock[0])
    table = LiveTable(100, [], [MAXIMIZE], NAMES)
    clock[0] = 6.0
    table.end(trial(0, 0.5))
    Console(width=width, force_terminal=True, color_system="standard").print(table._render())
    line = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out.splitlines()[0]).rstrip()
    assert line.endswith(" 1/100 trials · 9:54 left")
    assert len(line) == bar + len(" 1/100 trials · 9:54 left")


def test_what_is_done_runs_and_is_left(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("regsweep.sweeper.live.time.monotonic", lambda: clock[0])
    table = LiveTable(18, [trial(n, FAIL) for n in range(4)], [MAXIMIZE], NAMES)
    assert shown(table, capsys)[0].endswith("4/18 trials")
    for number in (4, 5, 6, 7, 8):
        table.start(number, {"a.rate": 0.25, "kind": f"l{number}"})
    lines = shown(table, capsys)
    assert lines[1:] == [f"running  trial {n}  rate=0.25 kind=l{n}" for n in (4, 5, 6, 7, 8)]
    assert "left" not in lines[0], "before a trial has ended here nobody knows how long one takes"
    clock[0] += 4 * 60.0
    for number, value in ((4, 0.5), (5, PRUNED), (6, FAIL), (7, PRUNED)):
        table.end(trial(number, value))
    lines = shown(table, capsys)
    # 8 of 18 are done, 4 of them here in 240 seconds: 10 × 60 seconds are left.
    assert lines[0].endswith("8/18 trials · 2 pruned · 1 failed · 10:00 left")
    assert lines[1:] == ["running  trial 8  rate=0.25 kind=l8", "best     trial 4  0.5  rate=0.0617 kind=l1"]


def test_at_its_end_nothing_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    table = LiveTable(1, [], [MAXIMIZE], NAMES)
    table.end(trial(0, 0.5))
    assert shown(table, capsys)[0].endswith("1/1 trials")


def test_the_bar_is_filled_as_far_as_trials_are_done(capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=120, force_terminal=True, color_system="standard").print(
        LiveTable(10, [trial(n, FAIL) for n in range(5)], [MAXIMIZE], NAMES)._render()
    )
    bar = capsys.readouterr().out.splitlines()[0]
    assert [len(part) for part in re.findall("━+", bar)] == [15, 14]  # of 30, with half of one as the border


def test_a_parameter_is_shown_as_a_person_writes_it(capsys: pytest.CaptureFixture[str]) -> None:
    table = LiveTable(2, [], [MAXIMIZE], NAMES)
    table.start(0, {"net.width": 1024.0, "lr": 0.0030539203720234345})
    assert shown(table, capsys)[1] == "running  trial 0  width=1024 lr=0.00305"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "x=true"),
        (False, "x=false"),
        ("false", "x=false"),
        ("0.0109245574667", "x=0.0109"),
        (1001, "x=1001"),
        ("(not set)", ""),
        ("null", ""),
        (None, ""),
        ("{use: true}", "x"),
        ("{use: false, p: 0.5}", "x=false"),
        ("{use: true, p: 0.5994023691505843}", "x.p=0.599"),
        ('{use: true, lambda: 0.00377, scope: "weights"}', "x.lambda=0.00377 x.scope=weights"),
        ("{p: 0.5, inner: null}", "x.p=0.5"),
        ("{a: {b: 1e-5}}", "x.a.b=1e-5"),
        ("{p: ${seed", "x={p: ${seed"),
        ("[8,8]", "x=[8,8]"),
    ],
)
def test_a_setting_is_shown_as_it_is_typed_and_not_where_it_is_not_set(
    capsys: pytest.CaptureFixture[str], value: Any, expected: str
) -> None:
    table = LiveTable(2, [], [MAXIMIZE], NAMES)
    table.start(0, {"x": value})
    assert shown(table, capsys)[1] == f"running  trial 0  {expected}".strip()


def test_that_a_method_is_used_goes_without_saying_beside_its_settings(capsys: pytest.CaptureFixture[str]) -> None:
    keys = ["l2", "dropout", "batch_norm", "dropout.p", "lr"]
    table = LiveTable(2, [], [MAXIMIZE], dict(zip(keys, keys, strict=True)))
    table.start(0, {"l2": False, "dropout": True, "batch_norm": True, "lr": 0.05, "dropout.p": 0.5})
    table.start(1, {"l2": False, "dropout": False, "batch_norm": False, "lr": 0.05})
    assert shown(table, capsys)[1:] == [
        "running  trial 0  batch_norm=true lr=0.05 dropout.p=0.5 l2=false",  # of what is cut, it is the last
        "running  trial 1  lr=0.05 l2=false dropout=false batch_norm=false",
    ]


def test_what_has_no_name_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    table = LiveTable(2, [], [MAXIMIZE], {"kind": "kind"})
    table.start(0, {"a.rate": 0.5, "kind": "l1"})
    table.end(trial(1, 0.5))
    assert shown(table, capsys)[1:] == ["running  trial 0  kind=l1", "best     trial 1  0.5  kind=l1"]


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        (["optimizer.lr", "seed"], ["lr", "seed"]),
        (
            ["regularizer.l2.use", "regularizer.dropout.use", "regularizer.dropout.p", "optimizer.lr"],
            ["l2", "dropout", "dropout.p", "lr"],
        ),
        (["regularizer.dropout", "regularizer"], ["dropout", "regularizer"]),
        (["model.width", "head.width"], ["model.width", "head.width"]),
        (["model.a.width", "model.b.width", "lr"], ["a.width", "b.width", "lr"]),
        (["a.width", "b.a.width"], ["a.width", "b.a.width"]),
        (["regularizer.dropout.use", "model.dropout"], ["regularizer.dropout.use", "model.dropout"]),
    ],
)
def test_a_key_has_the_shortest_name_that_no_other_has(keys: list[str], names: list[str]) -> None:
    assert short_names(keys) == dict(zip(keys, names, strict=True))


def test_only_what_differs_between_trials_has_a_name() -> None:
    space = SearchSpace.parse(["+a.rate=interval(0,1)", "b.rate=choice(1,2)", "c=choice(1)"], {})
    assert _names_of_varied(space) == {"+a.rate": "a.rate", "b.rate": "b.rate"}


def test_markup_in_a_parameter_stays_text(capsys: pytest.CaptureFixture[str]) -> None:
    table = LiveTable(2, [], [MAXIMIZE], NAMES)
    table.start(0, {"x": "[red]a[/red]"})
    assert shown(table, capsys)[1] == "running  trial 0  x=[red]a[/red]"


def test_on_a_terminal_its_last_state_stays(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    count_as_terminal(monkeypatch)
    with LiveTable(2, [], [MAXIMIZE], NAMES) as table:
        assert table.is_shown
        for number, value in enumerate((0.9, 0.5)):
            table.start(number, {"x": 1.0})
            table.end(trial(number, value))
        table.start(2, {"x": 1.0})
    text = capsys.readouterr().out
    lines = last_lines(text)
    assert lines[-1].startswith("best     trial 0  0.9")
    assert not any("running" in line for line in lines), "nothing runs once the sweep has ended"


@pytest.mark.parametrize("name", ["", "FORCE_COLOR"])
def test_elsewhere_there_is_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Not in a file whose lines shall have colours either."""
    monkeypatch.setenv(name or "NO_COLOR", "1")
    with LiveTable(2, [], [MAXIMIZE], NAMES) as table:
        assert not table.is_shown
        table.start(0, {})
        table.end(trial(0, 0.5))
    assert capsys.readouterr().out == ""


def test_where_no_line_can_be_drawn_anew_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    count_as_terminal(monkeypatch)
    assert LiveTable(2, [], [MAXIMIZE], NAMES).is_shown
    monkeypatch.setenv("TERM", "dumb")
    assert not LiveTable(2, [], [MAXIMIZE], NAMES).is_shown
