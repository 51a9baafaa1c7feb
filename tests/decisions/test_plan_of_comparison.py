"""Which configurations of each contestant's search are compared, and what becomes of a contestant that is added."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from regsweep.app import planning
from regsweep.app.candidates import Run
from regsweep.app.plan import Lost, Plan
from regsweep.errors import RecordError, RegsweepError
from regsweep.paths import ComparisonPaths, SweepPaths
from regsweep.report.sweep import Sweep, read_sweep
from tests.decisions.confirmable import trial
from tests.decisions.handmade import write_sweep

L2, DROPOUT, MIXUP = (Lost(name, [name]) for name in ("L2", "dropout", "mixup"))


def comparison(folder: Path, searches: Mapping[str, Sequence[float | None]]) -> Sweep:
    """Return a comparison: by contestant the accuracies of its search; None for a trial that diverged."""
    paths = ComparisonPaths(folder)
    for key, accuracies in searches.items():
        trials = [
            trial(each, place / 10) if each is not None else trial(0, place / 10) | {"status": "diverged", "error": "!"}
            for place, each in enumerate(accuracies, 1)
        ]
        if not paths.search(key).exists():
            write_sweep(paths.search(key), trials)
    paths.record.write_text(json.dumps({"contestants": ["none", *searches], "num_trials": 4}))
    SweepPaths(folder).confirmation.folder.mkdir(exist_ok=True)
    return read_sweep(folder)


def folders(plan: Plan) -> list[list[str]]:
    return [[row.folder for row in rows] for rows in plan.kinds]


def test_the_best_of_each_search_are_compared_however_good_another_search_is(tmp_path: Path) -> None:
    sweep = comparison(tmp_path / "c", {"l2": [0.2, 0.1, 0.4, 0.3], "dropout": [None, 0.9, 0.8], "mixup": [None]})
    plan = planning.of_comparison(sweep, {"l2": L2, "dropout": DROPOUT, "mixup": MIXUP})
    assert folders(plan) == [
        ["searches/l2/2", "searches/l2/3", "searches/l2/0"],
        ["searches/dropout/1", "searches/dropout/2"],
    ]
    assert (plan.keys, plan.lost, plan.top, plan.added) == (["l2", "dropout"], {"mixup": MIXUP}, 3, [])
    assert Plan.read(plan.paths) == plan, "it is written down"


@pytest.mark.parametrize(("has_begun", "added"), [(False, []), (True, ["dropout", "mixup"])])
def test_contestants_that_are_added_come_behind_and_are_named_once_fresh_seeds_ran(
    tmp_path: Path, *, has_begun: bool, added: list[str]
) -> None:
    searches: dict[str, Sequence[float | None]] = {"l2": [0.4, 0.3], "l1": [None]}
    before = planning.of_comparison(comparison(tmp_path / "c", searches), {"l2": L2, "l1": Lost("L1", ["L1"])})
    if has_begun:
        before.seed_runs = [Run(0, 4)]
        before.write()
    sweep = comparison(tmp_path / "c", {**searches, "dropout": [0.9], "mixup": [None]})
    every = {"l2": L2, "l1": Lost("L1", ["L1"]), "dropout": DROPOUT, "mixup": MIXUP}
    plan = planning.of_comparison(sweep, every)
    assert folders(plan) == [["searches/l2/0", "searches/l2/1"], ["searches/dropout/0"]]
    assert (plan.keys, [*plan.lost], plan.top) == (["l2", "dropout"], ["l1", "mixup"], 4)
    assert (plan.added, plan.num_trials) == (added, 5)
    assert plan.choosing_seeds == before.choosing_seeds
    assert Plan.read(plan.paths) == planning.of_comparison(sweep, every) == plan, "nobody is added twice"
    assert plan.added == added
    if has_begun:
        third = planning.of_comparison(
            comparison(tmp_path / "c", {**searches, "dropout": [0.9], "mixup": [None], "sam": [0.5]}),
            {**every, "sam": Lost("SAM", ["SAM"])},
        )
        assert (third.added, third.keys, third.top) == ([*added, "SAM"], ["l2", "dropout", "sam"], 5)


def test_a_comparison_without_a_complete_trial_has_no_plan(tmp_path: Path) -> None:
    sweep = comparison(tmp_path / "c", {"l2": [None]})
    with pytest.raises(RegsweepError, match="no trial of any contestant is complete; nothing to confirm") as error:
        planning.of_comparison(sweep, {"l2": L2})
    assert error.value.exit_code == 1
    assert not SweepPaths(sweep.folder).confirmation.plan.exists()


@pytest.mark.parametrize("where", ["baseline", "choosing", "seeds", "own", "ablation"])
def test_a_lost_plan_of_a_comparison_gives_its_runs_to_nobody(tmp_path: Path, where: str) -> None:
    sweep = comparison(tmp_path / "c", {"l2": [0.5]})
    paths = SweepPaths(sweep.folder).confirmation
    write_sweep(getattr(paths, where), [trial(0.9)])
    with pytest.raises(RecordError, match=r"plan\.json: missing beside finished trials"):
        planning.of_comparison(sweep, {"l2": L2})
    assert not paths.plan.exists()
