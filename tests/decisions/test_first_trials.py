"""Trial 0 of a search beside what the search chose: where it runs, that it is never chosen, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from regsweep.app import choosing, planning
from regsweep.app.candidates import Configuration, Run, trial_0
from regsweep.app.plan import Plan, Row, Untuned
from regsweep.paths import ComparisonPaths, SweepPaths
from regsweep.report import confirmation as report
from regsweep.report.answer.sentences import answer
from regsweep.report.figures import Evidence
from regsweep.report.summary import summary
from regsweep.report.sweep import read_sweep
from tests.conftest import PROJECT
from tests.decisions.confirmable import OFF, made, trial
from tests.decisions.confirmations import Made, confirmed
from tests.decisions.handmade import dumped, write_sweep
from tests.decisions.test_confirm import Runs, run_confirm


def fix_trial_0(folder: Path) -> None:
    """Let the settings of trial 0 of the search in `folder` have been fixed beforehand."""
    settings = {"hydra": {"callbacks": {"regsweep": {"_target_": "regsweep.app.callback.RunCallback"}}}}
    settings["hydra"]["sweeper"] = {"initial_trials": [{"optimizer.lr": 0.1}]}  # type: ignore[dict-item]
    SweepPaths(folder).multirun.write_text(dumped(settings))


def named(name: str) -> Configuration:
    return Configuration(name, [], 0, 0.9, {}, {"optimizer.lr": name})


def plan(tmp_path: Path, groups: Sequence[Sequence[str]], first: Sequence[str | None]) -> Plan:
    """Return a plan with these contenders of each kind, and trial 0 of each search."""
    paths = SweepPaths(tmp_path).confirmation
    paths.folder.mkdir(exist_ok=True)
    contenders = [[named(each) for each in group] for group in groups]
    found = Plan(paths, [[Row(0, "0", 0.9)]] * (len(groups) - 1), 9, 3, [1, 2, 3], 4, contenders=contenders)
    found.first_trials = [None if each is None else named(each) for each in first]
    return found


@pytest.mark.parametrize(
    ("groups", "first", "running"),
    [
        ([["a", "b"], ["c"]], [None, None], "ab"),
        ([["a", "b"], ["c"]], ["x", None], "abx"),
        ([["a", "b"], ["c", "d"]], ["x", "y"], "abxcdy"),
        ([["a", "b"], ["c", "d"]], ["b", "y"], "abcdy"),  # it is among the finalists
        ([["a"], ["c"]], ["a", "y"], "cy"),  # there is something to compare with
        ([["a", "b"], ["c"]], [], "ab"),  # a plan of before these were compared
    ],
)
def test_trial_0_runs_on_the_choosing_seeds_unless_it_does_already(
    tmp_path: Path, groups: list[list[str]], first: list[str | None], running: str
) -> None:
    made_plan = plan(tmp_path, groups, first)
    choosing.compare_contenders(made_plan)
    flat = [each.name for group in choosing.on_choosing_seeds(made_plan) for each in group]
    assert "".join(flat[run.configuration] for run in made_plan.choosing_runs if run.seed == 2) == running
    assert choosing.on_choosing_seeds(Plan.read(made_plan.paths)) == choosing.on_choosing_seeds(made_plan)


A, B = {1: 0.5, 2: 0.7, 3: 0.6}, {1: 0.6, 2: 0.7, 3: 0.8}
FAR_AHEAD = {1: 0.9, 2: 0.9, 3: 0.96}


@pytest.mark.parametrize(
    ("groups", "first", "accuracies", "chosen", "untuned"),
    [
        pytest.param(
            [["a", "b"], ["c", "d"]],
            ["x", "y"],
            {0: A, 1: B, 2: FAR_AHEAD, 3: B, 4: A, 5: A},
            "bc",
            [Untuned("x", 0.92, 0.7, 3), Untuned("y", 0.6, 0.7, 3)],
            id="it is not chosen, whatever it reaches",
        ),
        pytest.param([["a", "b"]], ["a"], {0: A, 1: B}, "b", [Untuned("a", 0.6, 0.7, 3)], id="it is a finalist"),
        pytest.param([["a", "b"]], ["b"], {0: A, 1: B}, "b", [None], id="it is what was chosen"),
        pytest.param([["a", "b"]], [None], {0: A, 1: B}, "b", [None], id="there is none"),
        pytest.param([["a", "b"]], [], {0: A, 1: B}, "b", [None], id="nor in a plan of before"),
        pytest.param(
            [["a", "b"]],
            ["x"],
            {0: A, 1: B, 2: {1: 0.9, 3: 0.5}},
            "b",
            [Untuned("x", 0.7, 0.7, 2)],
            id="on the seeds that both have",
        ),
        pytest.param([["a", "b"]], ["x"], {0: A, 1: B}, "b", [None], id="all its runs failed"),
        pytest.param([["a"], ["c"]], ["a", "c"], {}, "ac", [None, None], id="nothing had to be compared"),
    ],
)
def test_trial_0_beside_what_was_chosen(
    tmp_path: Path,
    *,
    groups: list[list[str]],
    first: list[str | None],
    accuracies: dict[int, dict[int, float]],
    chosen: str,
    untuned: list[Untuned | None],
) -> None:
    made_plan = plan(tmp_path, groups, first)
    choosing.take_best(made_plan, accuracies)
    assert "".join(each.name for each in made_plan.configurations) == chosen
    assert len(made_plan.untuned) == len(untuned)
    for found, expected in zip(made_plan.untuned, untuned, strict=True):
        assert (found is None) == (expected is None)
        if found is not None and expected is not None:
            assert (found.name, found.num_seeds) == (expected.name, expected.num_seeds)
            assert (found.accuracy, found.of_chosen) == pytest.approx((expected.accuracy, expected.of_chosen))


def test_trial_0_is_that_of_a_search_and_complete(tmp_path: Path) -> None:
    sweep = made(tmp_path / "grid", [trial(0.5, 0.1), trial(0.9, 0.2)])
    assert trial_0(sweep) is None, "of a grid"
    fix_trial_0(sweep.folder)
    found = trial_0(sweep)
    assert found is not None
    assert (found["number"], found["selected_for"]) == (0, 0.5)
    failed = made(tmp_path / "failed", [trial(0.5, 0.1) | {"status": "diverged", "error": "it did"}, trial(0.9, 0.2)])
    fix_trial_0(failed.folder)
    assert trial_0(failed) is None


def test_trial_0_of_a_contestant_is_that_of_its_own_search(tmp_path: Path) -> None:
    paths = ComparisonPaths(tmp_path / "c")
    for key, accuracies in (("none", (0.5, 0.6)), ("l2", (0.7, 0.8))):
        write_sweep(paths.search(key), [trial(each, place / 10) for place, each in enumerate(accuracies)])
        fix_trial_0(paths.search(key))
    paths.record.write_text(json.dumps({"contestants": ["none", "l2"], "num_trials": 2}))
    found = [trial_0(read_sweep(paths.folder), key) for key in ("none", "l2")]
    assert [row and (row["folder"], row["selected_for"]) for row in found] == [
        ("searches/none/0", 0.5),
        ("searches/l2/0", 0.7),
    ]


@pytest.mark.parametrize(
    ("first", "is_of_kind"),
    [({"dropout": 0.5}, True), ({}, False), ({"l2": 0.1}, False), ({"dropout": 0.5, "l2": 0.1}, False)],
)
def test_of_a_kind_trial_0_of_the_sweep_counts_where_it_is_of_that_kind(
    tmp_path: Path, first: dict[str, Any], *, is_of_kind: bool
) -> None:
    """Where every trial uses the method it began with the preset's settings; else with no method."""
    sweep = made(tmp_path / "s", [trial(0.4, 0.1, **first), *(trial(0.9, lr / 10, dropout=0.2) for lr in (2, 3, 4))])
    fix_trial_0(sweep.folder)
    SweepPaths(sweep.folder).confirmation.folder.mkdir()
    made_plan = planning.read_or_choose(sweep, 1)
    write_sweep(made_plan.paths.baseline, [{**trial(0.5 + n / 100, (n + 1) / 100), "config": OFF} for n in range(5)])
    fix_trial_0(made_plan.paths.baseline)
    assert choosing.sizes_on_choosing_seeds(made_plan, sweep) == [4 if is_of_kind else 3]
    choosing.take_contenders(made_plan, sweep)
    baseline, kind = made_plan.first_trials
    assert baseline is not None
    assert baseline.name == "no regularization, at lr 0.01", "that was not tuned"
    assert (kind is not None) == is_of_kind
    if kind is not None:
        assert kind.name == "dropout 0.5, at lr 0.1"
    choosing.take_contenders(made_plan, sweep)
    assert len(made_plan.first_trials) == 2
    assert [len(group) for group in made_plan.contenders] == [3, 3]


@pytest.mark.parametrize("is_searched", [True, False])
def test_a_trial_named_by_hand_has_no_trial_0_beside_it(tmp_path: Path, *, is_searched: bool) -> None:
    """Nothing chose it. The baseline has one where it was searched."""
    sweep = made(tmp_path / "s", [trial(0.4, 0.1, dropout=0.5), trial(0.9, 0.2, dropout=0.2)])
    fix_trial_0(sweep.folder)
    SweepPaths(sweep.folder).confirmation.folder.mkdir()
    made_plan = planning.read_or_choose(sweep, None, [1])
    write_sweep(made_plan.paths.baseline, [{**trial(0.5 + n / 100, (n + 1) / 100), "config": OFF} for n in range(5)])
    if is_searched:
        fix_trial_0(made_plan.paths.baseline)
    assert choosing.sizes_on_choosing_seeds(made_plan, sweep) == [1]
    choosing.take_contenders(made_plan, sweep)
    assert [each and each.name for each in made_plan.first_trials] == [
        "no regularization, at lr 0.01" if is_searched else None,
        None,
    ]


def test_of_a_contestant_that_is_added_later_trial_0_is_compared_too(tmp_path: Path) -> None:
    """Those of a plan of before have none, and keep their places."""
    made_plan = plan(tmp_path, [["a", "b"], ["c", "d"]], [])
    choosing.compare_contenders(made_plan)
    before = [*made_plan.choosing_runs]
    made_plan.contenders.append([named("e"), named("f")])
    made_plan.first_trials = [None, None, named("z")]
    choosing.compare_contenders(made_plan)
    assert made_plan.choosing_runs[: len(before)] == before
    assert made_plan.choosing_runs[len(before) :] == [Run(place, seed) for seed in (1, 2, 3) for place in (4, 5, 6)]


UP = [0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004, 0.005, 0.003, 0.004]
FIRST = {"name": "dropout 0.5, at lr 0.05", "accuracy": 0.9, "of_chosen": 0.88, "num_seeds": 3}
LINE = (
    "The search of dropout 0.2, at lr 0.1, may have overfitted the validation images: over the 3 seeds on which it was "
    "chosen its mean validation accuracy is 88.00 %, that of trial 0 of the search (dropout 0.5, at lr 0.05) is "
    "90.00 %. On so few seeds this can be chance."
)


@pytest.mark.parametrize(
    ("untuned", "is_overtuned"),
    [
        (FIRST, True),
        ({**FIRST, "accuracy": 0.88}, False),
        ({**FIRST, "accuracy": 0.87}, False),
        ({**FIRST, "accuracy": 0.88004}, False),  # equal, to two decimals of a point
        (None, False),
    ],
)
def test_the_answer_says_where_a_search_may_have_overfitted(
    tmp_path: Path, untuned: dict[str, Any] | None, *, is_overtuned: bool
) -> None:
    sweep = read_sweep(write_sweep(tmp_path / "sweep", [{"overrides": {"optimizer.lr": 0.1}}] * 2))
    found = confirmed(tmp_path / "c", Made("y", UP), Made("dropout 0.2, at lr 0.1", UP, untuned=untuned))
    lines = answer(sweep, found)
    assert [line for line in lines if "overfitted" in line] == ([LINE] if is_overtuned else [])
    content = summary(Evidence(sweep, found), lines, [])
    jsonschema.validate(content, json.loads((PROJECT / "docs" / "summary.schema.json").read_text()))
    first, second = (each["trial_0"] for each in content["confirmation"]["candidates"])
    assert first is None
    assert second == (None if untuned is None else {**untuned, "is_overtuned": is_overtuned})


def test_the_search_of_the_baseline_is_named_too(tmp_path: Path) -> None:
    sweep = read_sweep(write_sweep(tmp_path / "sweep", [{"overrides": {"optimizer.lr": 0.1}}] * 2))
    found = confirmed(tmp_path / "c", Made("x", UP))
    first = report.Untuned("no regularization, at lr 0.05", 0.9, 0.88, 3)
    lines = answer(sweep, replace(found, baseline=replace(found.baseline, untuned=first)))
    (line,) = [line for line in lines if "overfitted" in line]
    assert line.startswith(
        "The search of no regularization (tuned) may have overfitted the validation images: over the"
    )


def test_a_search_that_began_better_than_it_ended(tmp_path: Path) -> None:
    """From the records to the answer: the baseline's trial 0 is best on the choosing seeds, and is not confirmed."""
    made(tmp_path / "s", [trial(0.5, 0.1), trial(0.9, 0.2, dropout=0.2), *(trial(0.6, lr / 10) for lr in (3, 4, 5))])

    class Begun(Runs):
        def __call__(self, typed: Sequence[str], place: Path, import_path: Sequence[str]) -> int:
            code = super().__call__(typed, place, import_path)
            fix_trial_0(SweepPaths(self.folder).confirmation.baseline)
            return code

        def result(self, sweep: str, number: int, overrides: Any) -> dict[str, Any]:
            if sweep == "choosing" and str(overrides["optimizer.lr"]) == "0.01":
                return {"accuracy": 0.75}
            return super().result(sweep, number, overrides)

    runs = Begun(tmp_path / "s")
    found = run_confirm(runs, "--seeds", "3")
    folder = SweepPaths(tmp_path / "s").confirmation.folder
    for sweep, rates in (("choosing", {"0.01", "0.02", "0.03", "0.04"}), ("seeds", {"0.03", "0.2"})):
        assert {each["optimizer.lr"] for each in json.loads((folder / f"{sweep}.json").read_text())} == rates
    (line,) = [line for line in answer(read_sweep(tmp_path / "s"), found) if "overfitted" in line]
    assert line == (
        "The search of no regularization (tuned), at lr 0.03, may have overfitted the validation images: over the 3 "
        "seeds on which it was chosen its mean validation accuracy is 70.00 %, that of trial 0 of the search (no "
        "regularization, at lr 0.01) is 75.00 %. On so few seeds this can be chance."
    )
