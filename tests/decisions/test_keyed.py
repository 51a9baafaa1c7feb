"""What is confirmed of any application's sweep: table-driven, on sweeps made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from regsweep.app import choosing, keyed, planning, stages
from regsweep.app.candidates import Run
from regsweep.app.stages import Origin, values_of
from regsweep.errors import RegsweepError
from regsweep.paths import SweepPaths
from regsweep.report.sweep import Sweep
from regsweep.report.terms import Terms
from regsweep.started import Command
from regsweep.statistics.intervals import Interval
from tests.decisions.confirmable import made, trial
from tests.decisions.handmade import dumped

TERMS = Terms({"noise": "0"}, "run.seed", "value", maximize=False, is_own=False)
BASIC = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
SEARCH, GRID = (f"regsweep.sweeper.plugin.{name}Sweeper" for name in ("Regsweep", "Grid"))

Job = dict[str, Any]


def job(value: float | None, noise: float, lr: float = 0.1, seed: int = 0, status: str = "complete") -> Job:
    return {"value": value, "status": status, "typed": {"noise": noise, "lr": lr, "run.seed": seed}}


def foreign(
    folder: Path,
    *jobs: Job,
    maximize: bool = False,
    sweeper: str = SEARCH,
    signs: str = "",
    sampler: str = "Tpe",
    is_first_fixed: bool = False,
) -> Sweep:
    """Return a sweep of another application, whose jobs left what Hydra writes; `is_first_fixed`: trial 0 was named."""
    rows = []
    for number, each in enumerate(jobs):
        typed, place = each["typed"], folder / str(number) / ".hydra"
        place.mkdir(parents=True)
        config = {"noise": typed["noise"], "lr": typed["lr"], "run": {"seed": typed["run.seed"], "other": 1}}
        (place / "config.yaml").write_text(dumped(config))
        (place / "overrides.yaml").write_text(dumped([f"{signs}{key}={value}" for key, value in typed.items()]))
        (place / "hydra.yaml").write_text(dumped({"hydra": {"runtime": {"choices": {"size": "small"}}}}))
        rows.append({"number": number, "folder": str(number), "duplicate_of": None, **each, **typed})
    first = [{"noise": 0.1}] if is_first_fixed else []
    settings = {"hydra": {"sweeper": {"_target_": sweeper, "sampler": {"_target_": sampler}, "initial_trials": first}}}
    SweepPaths(folder).multirun.write_text(dumped(settings))
    swept = ["noise", "lr", "run.seed"]
    SweepPaths(folder).confirmation.folder.mkdir()
    return Sweep(folder, pd.DataFrame(rows), swept, "value", maximize, is_own=False, named_seed="run.seed")


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    return [row["number"] for row in rows]


LUCKY = [
    job(0.1, 0.2, seed=0),  # the luckiest run of a poor configuration
    job(0.9, 0.2, seed=1),
    job(0.4, 0.4, seed=0),
    job(0.4, 0.4, seed=1),
    job(0.0, 0.0, seed=0),  # the baseline, which is no candidate however good it is
    job(0.0, 0.0, seed=1),
    job(0.45, 0.0001, seed=0),
    job(0.01, 0.5, status="failed"),
    job(0.6, 0.3),
    job(0.6, 0.3) | {"duplicate_of": 8},
]


def test_all_that_differ_from_the_baseline_are_one_kind_and_the_luckiest_seed_is_not_the_best(tmp_path: Path) -> None:
    sweep = foreign(tmp_path / "less", *LUCKY)
    assert [numbers(rows) for rows in keyed.differing(sweep, TERMS, 3)] == [[2, 6, 0]]
    more = foreign(tmp_path / "more", *LUCKY, maximize=True)
    assert [numbers(rows) for rows in keyed.differing(more, TERMS, 3)] == [[8, 0, 6]]
    assert keyed.differing(sweep, TERMS, 3)[0][0]["selected_for"] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("value", "noise", "is_it"),
    [("0", 0.0, True), ("0.0", 0, True), ("0", False, False), ("false", 0, False), ("0.1", 0.1000001, False)],
)
def test_a_value_is_the_baseline_s_as_a_number_and_not_as_a_text(
    tmp_path: Path, value: str, noise: float, is_it: bool
) -> None:
    sweep = foreign(tmp_path / "s", job(0.5, noise))
    terms = Terms({"noise": value}, "run.seed", "value", is_own=False)
    assert keyed.is_baseline(sweep, {"folder": "0"}, terms) is is_it


def test_a_baseline_of_two_keys_is_left_by_either(tmp_path: Path) -> None:
    sweep = foreign(tmp_path / "s", job(0.5, 0, 0.1), job(0.4, 0, 0.2), job(0.3, 0.1, 0.1))
    terms = Terms({"noise": "0", "lr": "0.1"}, "run.seed", "value", maximize=False, is_own=False)
    assert [numbers(rows) for rows in keyed.differing(sweep, terms, 3)] == [[2, 1]]


def test_where_nothing_differs_there_is_nothing_to_confirm(tmp_path: Path) -> None:
    sweep = foreign(tmp_path / "s", job(0.5, 0), job(0.1, 0.2, status="failed"))
    with pytest.raises(RegsweepError, match=r"--baseline noise=0: no complete trial of .* differs from it"):
        keyed.differing(sweep, TERMS, 3)


def test_named_trials_are_taken_as_named_in_that_order(tmp_path: Path) -> None:
    sweep = foreign(tmp_path / "s", *LUCKY)
    kinds = keyed.named(sweep, [8, 1], TERMS)
    assert [numbers(rows) for rows in kinds] == [[8], [1]]
    assert [rows[0]["selected_for"] for rows in kinds] == pytest.approx([0.6, 0.5]), "over both seeds of the second"


def test_a_named_trial_of_a_sweep_over_seeds_alone_counts_by_their_mean(tmp_path: Path) -> None:
    found = foreign(tmp_path / "s", job(0.2, 0.1, seed=0), job(0.4, 0.1, seed=1))
    sweep = Sweep(found.folder, found.trials, ["run.seed"], "value", is_own=False, named_seed="run.seed")
    ((row,),) = keyed.named(sweep, [0], TERMS)
    assert row["selected_for"] == pytest.approx(0.3)
    with pytest.raises(RegsweepError, match="trials 0 and 1 are one configuration; name one of them"):
        keyed.named(sweep, [0, 1], TERMS)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ([2, 99], "--trials 2,99: there is no trial 99; there are 0 to 9"),
        ([7], "--trials 7: trial 7 is failed; only a complete one can be confirmed"),
        ([9], "--trials 9: trial 9 repeats trial 8; name that one"),
        ([4], "--trials 4: trial 4 has noise=0, as the baseline; leave it out"),
        ([2, 3], "--trials 2,3: trials 2 and 3 are one configuration; name one of them"),
    ],
)
def test_a_trial_that_cannot_be_named_is_refused(tmp_path: Path, named: list[int], message: str) -> None:
    with pytest.raises(RegsweepError) as error:
        keyed.named(foreign(tmp_path / "s", *LUCKY), named, TERMS)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (
            Terms({"nois": "0"}, "run.seed"),
            "--baseline nois=0: its trials have no such key; the sweep varied noise, lr",
        ),
        (Terms({"noise": "0"}, "seed"), "--seed-key seed: its trials have no such key; name the one that"),
        (Terms({"run.seed": "0"}, "run.seed"), "--baseline run.seed=…: is the key of the seed"),
    ],
)
def test_a_key_that_is_not_there_is_refused(tmp_path: Path, terms: Terms, message: str) -> None:
    with pytest.raises(RegsweepError) as error:
        keyed.require_keys(foreign(tmp_path / "s", *LUCKY), terms)
    assert str(error.value).startswith(message)


def test_a_key_may_be_a_config_group_or_one_that_was_added(tmp_path: Path) -> None:
    sweep = foreign(tmp_path / "s", job(0.5, 0.1), signs="+")
    keyed.require_keys(sweep, Terms({"size": "large", "run.other": "0"}, "run.seed"))
    assert keyed.is_baseline(sweep, {"folder": "0"}, Terms({"size": "small"}))
    assert not keyed.is_baseline(sweep, {"folder": "0"}, Terms({"size": "large"}))


def test_a_trial_that_left_nothing_is_passed_over(tmp_path: Path) -> None:
    sweep = foreign(tmp_path / "s", job(0.5, 0.1, seed=3), job(0.4, 0.2, seed=3))
    fixed = Sweep(sweep.folder, sweep.trials, ["noise", "lr"], "value", is_own=False)
    (sweep.folder / "0" / ".hydra" / "config.yaml").unlink()
    keyed.require_keys(fixed, TERMS)
    assert keyed.seeds_of(fixed, TERMS) == {3}
    (sweep.folder / "1" / ".hydra" / "config.yaml").unlink()
    with pytest.raises(RegsweepError, match=r"no trial left its configuration \(\.hydra\), so none can be run again"):
        keyed.require_keys(fixed, TERMS)


def test_a_key_that_is_called_as_a_column_is_set_under_its_own_name(tmp_path: Path) -> None:
    """The table's column has a prefix then."""
    sweep = foreign(tmp_path / "s", job(0.4, 0.2))
    place = sweep.folder / "0" / ".hydra"
    (place / "overrides.yaml").write_text(dumped(["noise=0.2", "status=7"]))
    (place / "config.yaml").write_text(dumped({"noise": 0.2, "status": 7, "run": {"seed": 0}}))
    sweep = Sweep(sweep.folder, sweep.trials, ["noise", "params.status", "run.seed"], "value", is_own=False)
    row = {"number": 0, "folder": "0", "selected_for": 0.4}
    _, (found,) = keyed.configurations(sweep, [row], sweep, [row], TERMS)
    assert found.overrides == {"noise": "0.2", "status": "7"}


def test_what_regularizes_beside_the_keys_is_in_the_name(tmp_path: Path) -> None:
    sweep = made(tmp_path / "s", [trial(0.5, 0.1, dropout=0.5), trial(0.6, 0.2)])
    rows = [{"number": number, "folder": str(number), "selected_for": 0.5} for number in (0, 1)]
    _, found = keyed.configurations(sweep, rows, sweep, rows[1:], Terms({"optimizer.lr": "0.1"}))
    assert [each.name for each in found] == ["lr 0.1 beside dropout 0.5", "lr 0.2"]


def test_fresh_seeds_come_after_those_that_were_used(tmp_path: Path) -> None:
    swept = foreign(tmp_path / "swept", job(0.5, 0, seed=3), job(0.4, 0.1, seed=8))
    assert keyed.seeds_of(swept, TERMS) == {3, 8}
    fixed = foreign(tmp_path / "fixed", job(0.5, 0, seed=5), job(0.4, 0.1, seed=5))
    fixed = Sweep(fixed.folder, fixed.trials, ["noise", "lr"], "value", is_own=False)
    assert keyed.seeds_of(fixed, TERMS) == {5}
    plan = planning.read_or_choose(fixed, None, (), TERMS)
    assert (plan.choosing_seeds, plan.first_seed) == ([6, 7, 8], 9)


@pytest.mark.parametrize(
    ("sweeper", "sampler", "tried"),
    [
        (SEARCH, "optuna.samplers.TPESampler", None),
        (SEARCH, "optuna.samplers.GridSampler", [("0.1", "0"), ("0.2", "0")]),
        (BASIC, "optuna.samplers.TPESampler", [("0.1", "0"), ("0.2", "0")]),
    ],
)
def test_the_baseline_of_a_grid_is_its_own_grid(
    tmp_path: Path, sweeper: str, sampler: str, tried: list[tuple[str, str]] | None
) -> None:
    jobs = [job(0.5, 0.1, 0.1), job(0.5, 0.2, 0.1), job(0.5, 0.1, 0.2), job(0.5, 0.1, 0.2, seed=1)]
    found = keyed.others_tried(foreign(tmp_path / "s", *jobs, sweeper=sweeper, sampler=sampler), TERMS)
    assert (None if found is None else [(each["lr"], each["noise"]) for each in found]) == tried


def test_a_baseline_with_nothing_to_tune_is_one_trial(tmp_path: Path) -> None:
    sweep = foreign(tmp_path / "s", job(0.5, 0.1), job(0.4, 0.2))
    alone = Sweep(sweep.folder, sweep.trials, ["noise"], "value", is_own=False)
    assert keyed.others_tried(alone, TERMS) == [{"noise": "0"}]


def test_configurations_are_named_by_their_values_and_keep_their_signs(tmp_path: Path) -> None:
    sweep = foreign(tmp_path / "s", job(0.4, 0.2, 0.1), signs="++")
    baseline = foreign(tmp_path / "b", job(0.5, 0, 0.3), signs="++")
    row = {"number": 0, "folder": "0", "selected_for": 0.4}
    terms = keyed.with_signs(sweep, TERMS)
    assert (terms.typed("noise"), terms.typed("run.seed")) == ("++noise", "++run.seed")
    (tuned,), (other,) = keyed.configurations(sweep, [row], baseline, [row], terms)
    assert (tuned.name, tuned.kind) == ("noise=0 (tuned), at lr 0.3", [])
    assert (other.name, other.kind) == ("noise 0.2, at lr 0.1", ["noise 0.2"])
    assert other.overrides == {"++noise": "0.2", "++lr": "0.1"}
    own = other.at_own_settings(tuned, TERMS)
    assert own.overrides == {"++lr": "0.1", "++noise": "0"}
    assert own.name == "noise=0, at lr 0.1"


def test_below_a_config_group_of_the_baseline_nothing_is_kept(tmp_path: Path) -> None:
    """Its option would be another one with the candidate's values in it."""
    terms = Terms({"size": "large"}, "run.seed", "value", maximize=False, is_own=False)
    assert [terms.compares(key) for key in ("size", "++size", "size.noise=1", "sizes", "size_b.x")] == [
        *[True] * 3,
        *[False] * 2,
    ]
    sweep, baseline = (foreign(tmp_path / name, job(0.4, 0.2, 0.1)) for name in ("s", "b"))
    (sweep.folder / "0" / ".hydra" / "overrides.yaml").write_text(dumped(["size=small", "size.noise=0.3", "lr=0.1"]))
    config = {"size": {"noise": 0.3}, "lr": 0.1, "noise": 0, "run": {"seed": 0, "other": 1}}
    for place in (sweep.folder, baseline.folder):
        (place / "0" / ".hydra" / "config.yaml").write_text(dumped(config))
    (baseline.folder / "0" / ".hydra" / "overrides.yaml").write_text(dumped(["size=large", "lr=0.1"]))
    row = {"number": 0, "folder": "0", "selected_for": 0.4}
    (tuned,), (other,) = keyed.configurations(sweep, [row], baseline, [row], terms)
    assert {"size", "lr"} <= tuned.overrides.keys()
    assert "size.noise" not in tuned.overrides
    assert (other.overrides["size"], other.overrides["size.noise"]) == ("small", "0.3")
    assert other.name.startswith("size small with noise 0.3, at ")
    assert other.at_own_settings(tuned, terms).overrides.keys() == tuned.overrides.keys()


def of_options(folder: Path, *typed: dict[str, Any], sweeper: str = SEARCH) -> Sweep:
    """Return a sweep over a config group, whose options have keys of their own: SGD momentum, Adam β; both a rate."""
    sweep = foreign(folder, *(job(0.5 - number / 10, 0.1) for number in range(len(typed))), sweeper=sweeper)
    own = {"sgd": {"lr": 0.1, "momentum": 0.0, "nesterov": False}, "adam": {"lr": 0.001, "beta": 0.9}}
    for number, each in enumerate(typed):
        place, option = folder / str(number) / ".hydra", str(each["optimizer"])
        set_there = {key.partition(".")[2]: value for key, value in each.items() if "." in key}
        config = {"optimizer": own[option] | set_there, "noise": each.get("noise", 0), "run": {"seed": 0}}
        (place / "config.yaml").write_text(dumped(config))
        (place / "overrides.yaml").write_text(dumped([f"{key}={value}" for key, value in each.items()]))
        (place / "hydra.yaml").write_text(dumped({"hydra": {"runtime": {"choices": {"optimizer": option}}}}))
    keys = list(dict.fromkeys(key for each in typed for key in each))
    table = sweep.trials[["number", "folder", "value", "status", "duplicate_of"]].join(pd.DataFrame(typed))
    return Sweep(folder, table, keys, "value", is_own=False, named_seed="run.seed")


OPTIMIZERS: list[dict[str, Any]] = [
    {"optimizer": "sgd", "optimizer.lr": 0.1, "optimizer.momentum": 0.5},
    {"optimizer": "sgd", "optimizer.lr": 0.2, "optimizer.momentum": 0.9},
    {"optimizer": "adam", "optimizer.lr": 0.01, "optimizer.beta": 0.8},
]
OF_SGD = Terms({"optimizer": "sgd"}, "run.seed", "value", is_own=False)


def test_keys_that_the_baseline_s_option_has_are_tuned_in_it_too(tmp_path: Path) -> None:
    sweep = of_options(tmp_path / "s", *OPTIMIZERS)
    assert keyed.set_below(sweep, OF_SGD) == ["optimizer.lr", "optimizer.momentum"]
    assert keyed.set_below(sweep, Terms({"optimizer": "adam"}, "run.seed")) == ["optimizer.lr", "optimizer.beta"]
    assert keyed.set_below(sweep, Terms({"optimizer": "lion"}, "run.seed")) == [], "no trial says what it has"
    baseline = of_options(tmp_path / "b", {"optimizer": "sgd", "optimizer.lr": 0.3, "optimizer.momentum": 0.7})
    row = {"number": 0, "folder": "0", "selected_for": 0.4}
    (tuned,), (other,) = keyed.configurations(sweep, [{**row, "folder": "2"}], baseline, [row], OF_SGD)
    assert tuned.overrides == {"optimizer": "sgd", "optimizer.lr": "0.3", "optimizer.momentum": "0.7"}
    assert tuned.name == "optimizer=sgd (tuned), at lr 0.3 and momentum 0.7"
    assert other.overrides == {"optimizer": "adam", "optimizer.lr": "0.01", "optimizer.beta": "0.8"}
    assert other.name == "optimizer adam with lr 0.01 and beta 0.8"
    assert other.at_own_settings(tuned, OF_SGD).overrides == tuned.overrides, "Adam's rate is none of SGD's"


def test_a_search_of_the_baseline_has_the_ranges_of_its_option(tmp_path: Path) -> None:
    sweep = of_options(tmp_path / "s", *OPTIMIZERS)
    typed = ["-m", "optimizer=choice(sgd,adam)", "optimizer.lr=interval(0.01,1)", "optimizer.momentum=interval(0,0.9)",
             "optimizer.beta=interval(0.5,1)", "x=2"]  # fmt: skip
    SweepPaths(sweep.folder).command.write_text(
        json.dumps({"arguments": typed, "working_folder": ".", "import_path": []})
    )
    plan = planning.read_or_choose(sweep, None, (), OF_SGD)
    arguments = stages._search_of_baseline(Origin.of(sweep), sweep, plan)
    assert [each for each in arguments if each.startswith(("optimizer", "x"))] == [
        "optimizer.lr=interval(0.01,1)", "optimizer.momentum=interval(0,0.9)", "x=2", "optimizer=choice(sgd)",
    ]  # fmt: skip


@pytest.mark.parametrize(("sweeper", "is_named"), [(SEARCH, False), (GRID, True), (BASIC, True)])
def test_trials_are_named_to_the_sweeper_that_takes_names(tmp_path: Path, sweeper: str, *, is_named: bool) -> None:
    """Where the application has another one, a grid's for example, regsweep's takes its place."""
    sweep = of_options(tmp_path / "s", *OPTIMIZERS, sweeper=sweeper)
    plan = planning.read_or_choose(sweep, None, (), OF_SGD)
    origin = Origin(Command(["-m", "hydra/sweeper=mine", "optimizer.lr=0.1", "x=2"], ".", [], program=["app.py"]), "")
    arguments = stages._named_trials(origin, plan, plan.paths.seeds, [{"optimizer": "sgd"}], test=True)
    assert ("hydra/sweeper=regsweep" in arguments, "hydra/sweeper=mine" in arguments) == (is_named, not is_named)
    assert "x=2" in arguments
    assert "optimizer.lr=0.1" not in arguments, "trials set it, where their option has it"


@pytest.mark.parametrize(
    ("typed", "tried"),
    [
        (OPTIMIZERS, [("sgd", "0.1", "0.5"), ("sgd", "0.2", "0.9")]),
        (OPTIMIZERS[2:], [("sgd",)]),
        ([*OPTIMIZERS, OPTIMIZERS[0]], [("sgd", "0.1", "0.5"), ("sgd", "0.2", "0.9")]),
    ],
    ids=["its own", "none that ran", "each once"],
)
def test_the_grid_of_a_baseline_that_is_an_option_is_that_option_s(
    tmp_path: Path, typed: list[dict[str, Any]], tried: list[tuple[str, ...]]
) -> None:
    found = keyed.others_tried(of_options(tmp_path / "s", *typed, sweeper=BASIC), OF_SGD)
    keys = ("optimizer", "optimizer.lr", "optimizer.momentum")
    assert found is not None
    assert [tuple(each[key] for key in keys if key in each) for each in found] == tried
    assert not any("optimizer.beta" in each for each in found)


def test_at_most_three_of_each_are_compared_and_no_first_trial_beside_them(tmp_path: Path) -> None:
    sweep = foreign(tmp_path / "s", *(job(value, 0.1, value) for value in (0.9, 0.5, 0.6, 0.7)), is_first_fixed=True)
    plan = planning.read_or_choose(sweep, None, (), TERMS)
    tried = [job(value, 0, value) for value in (0.8, 0.3, 0.4, 0.2)] + [job(0.1, 0, 0.1, status="failed")]
    choosing.take_contenders(plan, sweep, foreign(tmp_path / "b", *tried, is_first_fixed=True))
    assert [[each.overrides["lr"] for each in group] for group in plan.contenders] == [
        ["0.2", "0.3", "0.4"],
        ["0.5", "0.6", "0.7"],
    ]
    assert plan.first_trials == [None, None]
    assert choosing.sizes_on_choosing_seeds(plan, sweep) == [3]


def test_a_baseline_that_leaves_its_keys_is_refused(tmp_path: Path) -> None:
    sweep = foreign(tmp_path / "s", job(0.5, 0.1))
    plan = planning.read_or_choose(sweep, None, (), TERMS)
    with pytest.raises(RegsweepError, match="one of its best trials is without noise=0; this is a fault of regsweep"):
        choosing.take_contenders(plan, sweep, foreign(tmp_path / "b", job(0.5, 0), job(0.4, 0.1)))
    assert plan.contenders == []


@pytest.mark.parametrize(("maximize", "best"), [(False, [1, 3]), (True, [0, 2])])
def test_what_is_chosen_is_the_best_mean_in_the_sweep_s_direction(
    tmp_path: Path, maximize: bool, best: list[int]
) -> None:
    sweep = foreign(tmp_path / "s", job(0.5, 0.1), job(0.4, 0.2), job(0.3, 0, 0.2))
    terms = Terms({"noise": "0"}, "run.seed", "value", maximize=maximize, is_own=False)
    plan = planning.read_or_choose(sweep, None, (), terms)
    row = {"number": 0, "folder": "0", "selected_for": 0.4}
    rows = [{**row, "number": number, "folder": str(number)} for number in (0, 1)]
    baselines, others = keyed.configurations(sweep, rows, sweep, [{**row, "folder": "2"}] * 2, terms)
    plan.contenders = [baselines, others]
    choosing.take_best(plan, {place: {1: value} for place, value in enumerate((0.5, -0.4, 0.1, -0.2))})
    every = [*baselines, *others]
    assert [next(i for i, each in enumerate(every) if each is chosen) for chosen in plan.configurations] == best


def test_a_configuration_that_failed_on_a_choosing_seed_is_not_chosen(tmp_path: Path) -> None:
    jobs = [job(0.5, 0.1), job(0.4, 0.2), job(0.1, 0.1, status="failed"), job(0.4, 0.2)]
    runs = [Run(0, 1), Run(1, 1), Run(0, 2), Run(1, 2)]
    assert values_of(foreign(tmp_path / "s", *jobs), runs) == {1: {1: 0.4, 2: 0.4}}


def test_another_application_s_confirmation_goes_on_as_it_began(tmp_path: Path) -> None:
    sweep = foreign(tmp_path / "s", *LUCKY)
    plan = planning.read_or_choose(sweep, None, [2, 8], TERMS)
    again = planning.read_or_choose(sweep, None)
    assert (again.terms, again.named, numbers([vars(k[0]) for k in again.kinds])) == (TERMS, [2, 8], [2, 8])
    assert plan.top == 2
    with pytest.raises(RegsweepError, match=r"--trials 8: this sweep's confirmation was begun --trials 2,8; leave it"):
        planning.read_or_choose(sweep, None, [8])


@pytest.mark.parametrize(
    ("terms", "value", "size", "signed", "ends"),
    [
        (Terms(), "12.34 %", "12.34 points", "−12.34", "−1.00 to 0.00"),
        (TERMS, "0.1234", "0.123", "−0.123", "−0.01 to 0.00"),
    ],
)
def test_numbers_are_shown_in_points_or_as_they_are(
    terms: Terms, value: str, size: str, signed: str, ends: str
) -> None:
    shown = (terms.value(0.1234), terms.size(-0.1234), terms.signed(-0.1234), terms.ends(Interval(-0.01, -0.0)))
    assert shown == (value, size, signed, ends)
