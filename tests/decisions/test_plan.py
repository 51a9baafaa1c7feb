"""Which kinds and which of their configurations are confirmed, on which seeds, and what makes it sequential."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from regsweep.app import choosing, planning
from regsweep.app.candidates import (
    Configuration,
    Run,
    choose_kinds,
    configurations,
    ranked,
    settings_of,
    unregularized,
)
from regsweep.app.plan import Plan, Row
from regsweep.app.stages import values_of
from regsweep.errors import RecordError, RegsweepError
from regsweep.paths import SweepPaths
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.terms import Terms
from regsweep.run_record import UsedMethod
from regsweep.sweeper.space import SearchSpace, completed
from tests.decisions.confirmable import OFF
from tests.decisions.handmade import write_sweep


def trial(accuracy: float, lr: float = 0.1, seed: int = 0, **regularizer: Any) -> dict[str, Any]:
    """Return a trial with these methods: a setting's value, or settings by key."""
    given = {f"regularizer.{name}": value for name, value in regularizer.items()}
    return {"overrides": {"optimizer.lr": lr, "seed": seed, **given}, "config": OFF, "accuracy": accuracy, "seed": seed}


def l2(accuracy: float, **more: Any) -> dict[str, Any]:
    return trial(accuracy, **{"l2": 0.001, **more})


def made(tmp_path: Path, *trials: dict[str, Any]) -> Sweep:
    return read_sweep(write_sweep(tmp_path / "s", trials))


@pytest.mark.parametrize(
    ("trials", "top", "chosen"),
    [
        pytest.param(
            [trial(0.99), trial(0.9, dropout=0.1), trial(0.95, dropout=0.2), trial(0.94, dropout=0.3), l2(0.8)],
            2,
            [[2, 3, 1], [4]],
            id="near copies take one place",
        ),
        pytest.param(
            [trial(0.9, dropout=d / 10) for d in (1, 2, 3, 4)] + [trial(0.95, dropout=0.5)],
            1,
            [[4, 0, 1]],
            id="three of a kind, the earliest of equals",
        ),
        pytest.param(
            [trial(0.9, dropout=0.1), l2(0.95), trial(0.8, batch_norm=True)], 2, [[1], [0]], id="the worst not"
        ),
        pytest.param(
            [l2(0.9), l2(0.99, dropout=0.1), l2(0.8, l2=0)],
            3,
            [[1], [0]],
            id="a combination is a kind; a strength of 0 is none",
        ),
        pytest.param(
            [l2(0.99, seed=0), l2(0.1, seed=1), trial(0.6, dropout=0.1, seed=0), trial(0.7, dropout=0.1, seed=1)],
            1,
            [[2]],
            id="seeds count by their mean, not by the luckiest",
        ),
        pytest.param([{**l2(0.99), "status": "pruned"}, l2(0.5, lr=0.2)], 1, [[1]], id="a pruned trial is none"),
    ],
)
def test_kinds(tmp_path: Path, trials: list[dict[str, Any]], top: int, chosen: list[list[int]]) -> None:
    kinds = choose_kinds(made(tmp_path, *trials), top, 3)
    assert [[int(row["number"]) for row in rows] for rows in kinds] == chosen


def test_the_earliest_of_equals_is_the_best_as_in_the_table(tmp_path: Path) -> None:
    sweep = made(tmp_path, l2(0.9, lr=0.5), l2(0.9, lr=0.1), l2(0.9, lr=0.3))
    best = sweep.best()
    assert best is not None
    assert [int(row["number"]) for row in ranked(sweep)] == [0, 1, 2]
    assert best.number == 0


def configuration(name: str) -> Configuration:
    return Configuration(name, [], 0, 0.9, {}, {"optimizer.lr": name})


def plan(tmp_path: Path, *sizes: int) -> Plan:
    paths = SweepPaths(tmp_path).confirmation
    paths.folder.mkdir(exist_ok=True)
    contenders = [[configuration(f"{kind}.{i}") for i in range(size)] for kind, size in enumerate(sizes)]
    kinds = [[Row(0, "0", 0.9)] * size for size in sizes[1:]]
    return Plan(paths, kinds, 9, 3, [1, 2, 3], 4, contenders=contenders)


def test_what_is_compared_on_the_choosing_seeds(tmp_path: Path) -> None:
    made_plan = plan(tmp_path, 2, 1, 3)
    choosing.compare_contenders(made_plan)
    runs = made_plan.choosing_runs
    assert {run.configuration for run in runs} == {0, 1, 3, 4, 5}, "no run where there is one"
    assert [run.seed for run in runs] == [1] * 5 + [2] * 5 + [3] * 5
    single = plan(tmp_path, 1, 1)
    choosing.compare_contenders(single)
    assert single.choosing_runs == []


@pytest.mark.parametrize(
    ("accuracies", "names"),
    [
        ({0: 0.8, 1: 0.9, 3: 0.7, 4: 0.9, 5: 0.8}, ["0.1", "1.0", "2.1"]),
        ({0: 0.9, 1: 0.9, 3: 0.7, 4: 0.7, 5: 0.7}, ["0.0", "1.0", "2.0"]),  # the earliest of equals
        ({1: 0.1, 5: 0.1}, ["0.1", "1.0", "2.2"]),  # the others failed
        ({}, ["0.0", "1.0", "2.0"]),
    ],
)
def test_the_best_mean_of_each_kind_is_taken(tmp_path: Path, accuracies: dict[int, float], names: list[str]) -> None:
    made_plan = plan(tmp_path, 2, 1, 3)
    choosing.take_best(made_plan, {place: {1: accuracy} for place, accuracy in accuracies.items()})
    assert [each.name for each in made_plan.configurations] == names
    assert made_plan.own_of == [None, None]


def test_choosing_counts_a_divergence_as_nothing_and_leaves_a_failure_out(tmp_path: Path) -> None:
    runs = [Run(place, seed) for seed in (1, 2) for place in (0, 1, 2)] + [Run(3, 1)]  # the last was not made
    results: list[dict[str, Any]] = [
        *({"accuracy": accuracy} for accuracy in (0.9, 0.8, 0.7)),
        {"status": "diverged", "error": "diverged"},
        {"status": "failed", "error": "killed"},
        {"accuracy": 0.9},
    ]
    trials = [{**each, "overrides": {"optimizer.lr": n}} for n, each in enumerate(results)]
    found = values_of(made(tmp_path, *trials), runs)
    assert found == {0: {1: 0.9, 2: 0.0}, 1: {1: 0.8}, 2: {1: 0.7, 2: 0.9}}


@pytest.mark.parametrize(
    ("steps", "sequential", "planned"),
    [
        ([(10, False, False)], False, 10),
        ([(10, False, False), (20, False, False)], False, 20),  # changed before a seed ended
        ([(20, False, False), (7, False, False)], False, 7),
        ([(20, False, False), (7, False, False), (7, False, True)], False, 7),
        ([(12, False, False), (12, False, True)], False, 12),  # goes on
        ([(12, False, False), (20, False, True)], True, 20),
        ([(12, False, False), (5, False, True)], True, 12),
        ([(12, True, False)], True, 12),
        ([(12, False, False), (20, False, True), (20, False, True)], True, 20),  # once seen, always seen
    ],
)
def test_a_number_of_seeds_that_changes_after_one_ended_is_a_look(
    tmp_path: Path, steps: list[tuple[int, bool, bool]], planned: int, *, sequential: bool
) -> None:
    made_plan = plan(tmp_path, 1, 1)
    for num_seeds, until_settled, has_begun in steps:
        made_plan.intend(num_seeds, until_settled=until_settled, has_begun=has_begun)
    assert made_plan.is_sequential == sequential
    assert made_plan.num_seeds == planned


def test_own_baselines_are_trained_once_each_and_where_they_are_due(tmp_path: Path) -> None:
    def network(lr: str, dropout: str) -> Configuration:
        return Configuration(lr, [], 0, 0.9, {}, {"optimizer.lr": lr, "regularizer.dropout": dropout})

    made_plan = plan(tmp_path, 1, 1, 1, 1)
    made_plan.configurations = [
        network("0.1", "0"),
        network("0.1", "0.5"),
        network("0.2", "0.5"),
        network("0.2", "0.3"),
    ]
    made_plan.own_of = [None] * 3
    made_plan.add_own_baselines([0], 2)
    assert (made_plan.own_of, made_plan.own_runs) == ([0, None, None], []), "the tuned baseline is its own"
    made_plan.add_own_baselines([0, 1, 2], 2)
    assert made_plan.own_of == [0, 1, 1], "one network serves both"
    assert [each.overrides for each in made_plan.own_baselines] == [{"optimizer.lr": "0.2", "regularizer.dropout": "0"}]
    assert made_plan.own_runs == [Run(0, 4), Run(0, 5)]
    made_plan.add_own_baselines([2], 3)
    assert made_plan.own_runs == [Run(0, 4), Run(0, 5), Run(0, 6)], "those that ran keep their places"


def test_a_lost_plan_gives_its_runs_to_nobody(tmp_path: Path) -> None:
    sweep = made(tmp_path, l2(0.9))
    paths = SweepPaths(sweep.folder).confirmation
    write_sweep(paths.seeds, [l2(0.9)])
    with pytest.raises(RecordError, match=r"plan\.json: missing beside finished trials"):
        planning.read_or_choose(sweep, None)
    assert not paths.plan.exists()


def test_a_plan_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    sweep = made(tmp_path, l2(0.9), trial(0.8, dropout=0.1, seed=3))
    SweepPaths(sweep.folder).confirmation.folder.mkdir()
    first = planning.read_or_choose(sweep, 1)
    assert (first.choosing_seeds, first.first_seed) == ([4, 5, 6], 7), "none that the sweep has used"
    assert [[row.number for row in rows] for rows in first.kinds] == [[0]]
    assert planning.read_or_choose(sweep, None) == first
    first.paths.plan.write_text('{"kinds": 3}')
    with pytest.raises(RecordError, match=r"plan\.json: damaged"):
        planning.read_or_choose(sweep, None)


def of_resnet(accuracy: float, **more: Any) -> dict[str, Any]:
    """Return a trial of a model that has BatchNorm of its own accord."""
    return {**trial(accuracy, **more), "own_batch_norm": True}


@pytest.mark.parametrize(
    ("trials", "kinds", "batch_norm"),
    [
        pytest.param([of_resnet(0.9, dropout=0.5), of_resnet(0.8, batch_norm=True)], [["dropout"]], "null", id="on"),
        pytest.param([of_resnet(0.9), of_resnet(0.8, lr=0.2, batch_norm=True)], [], "", id="the same network twice"),
        pytest.param(
            [of_resnet(0.9, dropout=0.5), of_resnet(0.8), of_resnet(0.7, dropout=0.5, batch_norm=False)],
            [["dropout", "BatchNorm"], ["BatchNorm"], ["dropout"]],
            "false",
            id="turned on and off",
        ),
        pytest.param([of_resnet(0.9, dropout=0.5, batch_norm=False)], [["dropout"]], "false", id="off in all of them"),
    ],
)
def test_batch_norm_that_a_model_has_of_its_own_accord_stays_in_the_baseline(
    tmp_path: Path, trials: list[dict[str, Any]], kinds: list[list[str]], batch_norm: str
) -> None:
    sweep = made(tmp_path, *trials)
    if not kinds:
        with pytest.raises(RegsweepError, match="there is nothing to compare with none"):
            choose_kinds(sweep, 3, 1)
        return
    rows = [row for chosen in choose_kinds(sweep, 3, 1) for row in chosen]
    baseline = unregularized(sweep, rows)
    assert baseline.get("regularizer.batch_norm", "null") == batch_norm
    value = {"null": None, "false": False}[batch_norm]
    SweepPaths(sweep.folder).confirmation.folder.mkdir()
    made_plan = planning.read_or_choose(sweep, 3)
    write_sweep(made_plan.paths.baseline, [of_resnet(0.5, batch_norm=value)])
    choosing.take_contenders(made_plan, sweep)
    assert [group[0].kind for group in made_plan.contenders] == [[], *kinds]
    named = [("dropout" in group[0].name, "BatchNorm" in group[0].name) for group in made_plan.contenders[1:]]
    assert named == [("dropout" in kind, "BatchNorm" in kind) for kind in kinds]


def test_a_baseline_with_the_batch_norm_that_its_sweep_turns_off_is_none(tmp_path: Path) -> None:
    trials = [of_resnet(0.9, dropout=0.5, batch_norm=True), of_resnet(0.8, batch_norm=False)]
    sweep = made(tmp_path, *trials)
    SweepPaths(sweep.folder).confirmation.folder.mkdir()
    made_plan = planning.read_or_choose(sweep, 1)
    write_sweep(made_plan.paths.baseline, [of_resnet(0.5)])
    with pytest.raises(RegsweepError, match=r"confirmation/baseline.*one of its best trials regularizes"):
        choosing.take_contenders(made_plan, sweep)


OWN: dict[str, Any] = {"own_dropout": "p=0.5 in 1 layer"}


@pytest.mark.parametrize(
    ("trials", "value"),
    [
        pytest.param([trial(0.9, dropout=0.3), trial(0.8)], "null", id="a network without"),
        pytest.param([{**trial(0.9, dropout=0.3), **OWN}, {**trial(0.8, dropout=0), **OWN}], "false", id="taken out"),
        pytest.param([{**trial(0.9, dropout=0.3), **OWN}], "false", id="used in every trial"),
        pytest.param([{**trial(0.9, dropout=0.3), **OWN}, {**trial(0.8), **OWN}], "null", id="kept in the sweep"),
        pytest.param([{**l2(0.9), **OWN}, {**trial(0.8), **OWN}], "null", id="of other methods"),
        pytest.param(
            [{**l2(0.9, dropout=0), **OWN}, {**trial(0.8, dropout=0.1), **OWN}], "false", id="of another kind, too"
        ),
    ],
)
def test_the_baseline_of_dropout_is_without_the_network_s_own_where_the_sweep_was(
    tmp_path: Path, trials: list[dict[str, Any]], value: str
) -> None:
    sweep = made(tmp_path, *trials)
    SweepPaths(sweep.folder).confirmation.folder.mkdir()
    plan = planning.read_or_choose(sweep, 2)
    rows = [row for chosen in choose_kinds(sweep, 2, 1) for row in chosen]
    assert unregularized(sweep, rows).get("regularizer.dropout", "null") == value
    write_sweep(plan.paths.baseline, [{**trial(0.5, dropout=None if value == "null" else False), **OWN}])
    choosing.take_contenders(plan, sweep)
    for group in plan.contenders:
        is_used = "dropout" in group[0].kind
        assert is_used or group[0].overrides.get("regularizer.dropout", "null") == value


def test_a_list_is_the_text_that_is_typed(tmp_path: Path) -> None:
    of_list = l2(0.9)
    of_list["overrides"]["model.hidden"] = [16, 8]
    sweep = replace(made(tmp_path, of_list, l2(0.8, lr=0.2)), swept=["optimizer.lr", "model.hidden"])
    row = {"number": 0, "folder": "0", "selected_for": 0.9}
    _, (found,) = configurations(sweep, [row], sweep, [row])
    assert found.parameters == {"optimizer.lr": 0.1, "model.hidden": "[16, 8]"}
    assert found.overrides["model.hidden"] == "[16, 8]"


def test_what_was_deleted_is_not_set_and_a_value_may_have_an_equals_sign(tmp_path: Path) -> None:
    sweep = made(tmp_path, l2(0.9))
    overrides = sweep.folder / "0" / ".hydra" / "overrides.yaml"
    overrides.write_text(f"{overrides.read_text()}- ~model.extra=1\n- +model.note='a=b'\n")
    sweep = read_sweep(sweep.folder)
    row = {"number": 0, "folder": "0", "selected_for": 0.9}
    _, (found,) = configurations(sweep, [row], sweep, [row])
    assert found.overrides["+model.note"] == "'a=b'"
    assert not [key for key in found.overrides if "extra" in key]


@pytest.mark.parametrize(
    ("used", "first"),
    [
        ([], 1),
        ([0, 7], 8),
        ([2**32 - 1], 1),
        ([3, 2**32 - 1], 4),
        ([0, 5, 2**32 - 5000, 2**32 - 1], 6),
        ([0, 20_000], 20_001),
        ([2**32 - 10_001], 2**32 - 10_000),
        ([0, 2**32 - 12_001, 2**32 - 9_000], 1),  # after 2**32 - 12_001 there are too few before the next
    ],
)
def test_seeds_that_no_trial_used_are_there_up_to_the_largest(tmp_path: Path, used: list[int], first: int) -> None:
    trials = [l2(0.9, seed=seed) for seed in used] or [{**l2(0.9), "seed": None}]
    sweep = read_sweep(write_sweep(tmp_path / "t", trials))
    SweepPaths(sweep.folder).confirmation.folder.mkdir()
    assert planning.read_or_choose(sweep, 1).choosing_seeds == [first, first + 1, first + 2]


@pytest.mark.parametrize(
    ("parameters", "end"),
    [
        ({"regularizer.dropout": 0.5, "regularizer": "l2"}, ""),
        ({"regularizer.dropout": 0.5, "optimizer.lr": 0.0031234}, ", at lr 0.00312"),
        ({"optimizer.lr": 0.1, "model.a.b": True}, ", at lr 0.1 and b true"),
    ],
)
def test_a_name_ends_with_what_else_was_tuned(parameters: dict[str, Any], end: str) -> None:
    assert settings_of(parameters) == end


OWN = {"_target_": "mine.Shrink", "use": True, "rate": 0.3}
SHRINK = UsedMethod("shrinking", "shrinking 0.3", {"rate": 0.3}, "rate")


TYPED = {"optimizer": "adam", "optimizer.lr": 0.001, "regularizer": "[l2,dropout]", "regularizer.lambda": 0.01}
L2_NODE, DROPOUT_NODE = {"use": True, "lambda": 0.001, "scope": "all"}, {"use": True, "p": 0.5}
USED = {
    "dropout": asdict(UsedMethod("dropout", "dropout 0.5", {"p": 0.5}, "p")),
    "l2": asdict(UsedMethod("L2", "L2 λ=0.01", {"lambda": 0.01, "scope": "all"}, "lambda", is_penalty=True)),
}
OF_ADAM = {
    "overrides": TYPED,
    "config": {key: value for key, value in OFF.items() if key not in TYPED}
    | {"regularizer.l2": L2_NODE, "regularizer.dropout": DROPOUT_NODE},
    "choices": {"optimizer": "adam", "regularizer": "[l2,dropout]"},
    "methods": USED,
    "accuracy": 0.9,
    "seed": 1,
}
OF_OWN = {
    **OF_ADAM,
    "overrides": {"optimizer": "adam", "optimizer.lr": 0.002, "regularizer": "shrink"},
    "config": {**OFF, "regularizer.shrink": OWN},
    "choices": {"optimizer": "adam", "regularizer": "shrink"},
    "methods": {"shrink": asdict(SHRINK)},
    "accuracy": 0.8,
}
PLAIN = {
    "overrides": {"optimizer.lr": 0.3, "seed": 4},
    "config": OFF,
    "choices": {"optimizer": "sgd", "regularizer": "none"},
    "accuracy": 0.7,
}
WITHOUT = {
    "regularizer": "none",
    "regularizer.lambda": "null",
    "regularizer.l2": "null",
    "regularizer.dropout": "null",
    "++regularizer.shrink": "null",
}
"""Each configuration is without every method that another one had."""


@pytest.fixture
def configured(tmp_path: Path) -> tuple[list[Configuration], list[Configuration]]:
    """Return the tuned configuration without regularization, and those of a search of two kinds."""
    sweep = made(tmp_path, OF_ADAM, OF_OWN)
    rows = [{"number": n, "folder": str(n), "selected_for": 0.9 - n / 10} for n in (0, 1)]
    baseline = read_sweep(write_sweep(tmp_path / "b", [PLAIN]))
    return configurations(sweep, rows, baseline, [{**rows[0], "selected_for": 0.7}])


def test_configurations_set_the_same_keys_and_are_told_by_what_was_swept(
    configured: tuple[list[Configuration], list[Configuration]],
) -> None:
    """Its own methods have all their settings.

    Whatever a trial was not typed with has the value that it was composed with; of a group, the option's name.
    """
    tuned, others = configured
    parameters = {"optimizer": "sgd", "optimizer.lr": 0.3, "regularizer": "none", "regularizer.lambda": "null"}
    set_keys = {**WITHOUT, "optimizer": "sgd", "optimizer.lr": "0.3"}
    name = "no regularization (tuned), at optimizer sgd and lr 0.3"
    assert tuned == [Configuration(name, [], 0, 0.7, parameters, set_keys)]
    set_keys = {
        **WITHOUT,
        "regularizer.l2": '{use: true, lambda: 0.01, scope: "all"}',
        "regularizer.dropout": "{use: true, p: 0.5}",
        "optimizer": "adam",
        "optimizer.lr": "0.001",
    }
    name = "L2 λ=0.01 with dropout 0.5, at optimizer adam and lr 0.001"
    found = {"l2": ("L2", "L2 λ=0.01"), "dropout": ("dropout", "dropout 0.5")}
    assert others[0] == Configuration(name, ["L2", "dropout"], 0, 0.9, TYPED, set_keys, found)
    assert (others[1].name, others[1].kind) == ("shrinking 0.3, at optimizer adam and lr 0.002", ["shrinking"])
    assert others[1].overrides == {
        **WITHOUT,
        "++regularizer.shrink": '{_target_: "mine.Shrink", use: true, rate: 0.3}',
        "optimizer": "adam",
        "optimizer.lr": "0.002",
    }


def test_the_same_without_regularization_keeps_the_other_settings(
    configured: tuple[list[Configuration], list[Configuration]],
) -> None:
    (tuned,), others = configured
    same = others[0].at_own_settings(tuned, Terms())
    assert same == Configuration(
        "no regularization, at optimizer adam and lr 0.001",
        [],
        0,
        0.9,
        {**tuned.parameters, "optimizer": "adam", "optimizer.lr": 0.001},
        {**tuned.overrides, "optimizer": "adam", "optimizer.lr": "0.001"},
    )
    assert Configuration(**same.as_dict()) == same


@pytest.mark.parametrize(
    ("trials", "values"),
    [
        pytest.param([trial(0.9, dropout=0.1), trial(0.8, batch_norm=True)], ["false", "{use: true}"], id="compared"),
        pytest.param([trial(0.9, dropout=0.1), l2(0.8)], [None, None], id="in none of them"),
        pytest.param([of_resnet(0.9, dropout=0.1), of_resnet(0.8, l2=0.1)], [None, None], id="the network's own"),
        pytest.param(
            [of_resnet(0.9, dropout=0.1), of_resnet(0.8, l2=0.1, batch_norm=False)],
            ["{use: true}", "false"],
            id="taken out of one",
        ),
    ],
)
def test_where_batch_norm_is_compared_the_others_are_without_it(
    tmp_path: Path, trials: list[dict[str, Any]], values: list[str | None]
) -> None:
    sweep = made(tmp_path, *trials)
    rows = [{"number": n, "folder": str(n), "selected_for": 0.9} for n in (0, 1)]
    baseline = read_sweep(write_sweep(tmp_path / "b", [trial(0.5)]))
    (tuned,), others = configurations(sweep, rows, baseline, rows[:1])
    assert [each.overrides.get("regularizer.batch_norm") for each in others] == values
    assert tuned.overrides.get("regularizer.batch_norm") == ("false" if any(values) else None)


def test_a_key_that_an_optimizer_lacks_is_left_out(tmp_path: Path) -> None:
    """SGD's momentum, which Adam does not have."""
    sgd, adam = l2(0.9), trial(0.8, dropout=0.5)
    sgd["overrides"] |= {"optimizer": "sgd", "optimizer.momentum": 0.5}
    adam["overrides"]["optimizer"] = "adam"
    sweep = made(
        tmp_path, *({**each, "choices": {"optimizer": each["overrides"]["optimizer"]}} for each in (sgd, adam))
    )
    rows = [{"number": n, "folder": str(n), "selected_for": 0.9} for n in (0, 1)]
    (of_sgd, of_adam), _ = configurations(sweep, [], sweep, rows)
    assert (of_sgd.overrides["optimizer.momentum"], of_sgd.parameters["optimizer.momentum"]) == ("0.5", 0.5)
    assert "optimizer.momentum" not in {*of_adam.overrides, *of_adam.parameters}
    assert of_adam.name == "no regularization (tuned), at lr 0.1 and optimizer adam"
    for network, other in ((of_sgd, of_adam), (of_adam, of_sgd)):
        own = network.at_own_settings(other, Terms())
        assert own.overrides.keys() == network.overrides.keys()
        assert own.overrides["regularizer.dropout"] == other.overrides["regularizer.dropout"] == "null"


def test_a_named_trial_sets_what_it_names() -> None:
    trials = completed([{"a": "x", "b": 1}, {"a": "y"}])
    space = SearchSpace.parse([], {}).of_named(trials)
    for trial, overrides in zip(trials, (["a=x", "b=1"], ["a=y"]), strict=True):
        assert all(space.allows(name, value) for name, value in trial.items())
        assert space.overrides_of(trial) == overrides
        assert space.read(overrides) == trial


@pytest.mark.parametrize(
    ("trials", "more"),
    [
        pytest.param([trial(0.9, dropout=0.1)], {"regularizer.dropout": "null"}, id="what a trial had is not there"),
        pytest.param([of_resnet(0.9)], {}, id="all have the network's own BatchNorm"),
        pytest.param([of_resnet(0.9, batch_norm=True)], {"regularizer.batch_norm": "null"}, id="typed, and its own"),
        pytest.param(
            [trial(0.9, l2=0.1), trial(0.8, batch_norm=True)],
            {"regularizer.l2": "null", "regularizer.batch_norm": "false"},
            id="a preset turned it on",
        ),
        pytest.param(
            [of_resnet(0.9), of_resnet(0.8, batch_norm=False)], {"regularizer.batch_norm": "false"}, id="it was swept"
        ),
    ],
)
def test_the_network_without_regularization(tmp_path: Path, trials: list[dict[str, Any]], more: dict[str, str]) -> None:
    sweep = made(tmp_path, *trials)
    rows = [{"number": number, "folder": str(number)} for number in range(len(trials))]
    assert unregularized(sweep, rows) == {"regularizer": "none", **more}


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("overrides.yaml", "a: 1", r"overrides\.yaml: not a list of overrides"),
        ("hydra.yaml", "hydra: {}", r"hydra\.yaml: not the settings of a run of Hydra's"),
        ("config.yaml", "regularizer: 3", r"config\.yaml: not the configuration of a run"),
        ("config.yaml", "[1", r"config\.yaml"),
    ],
)
def test_a_damaged_trial_is_named(tmp_path: Path, file: str, content: str, expected: str) -> None:
    sweep = made(tmp_path, l2(0.9))
    (sweep.folder / "0" / ".hydra" / file).write_text(content)
    row = {"number": 0, "folder": "0", "selected_for": 0.9}
    with pytest.raises(RecordError, match=expected):
        configurations(sweep, [], sweep, [row])


def test_a_sweep_that_lowers_a_loss_ranks_the_lowest_first(tmp_path: Path) -> None:
    trials = [{**l2(0.5, lr=lr), "loss": loss} for lr, loss in ((0.1, 2.0), (0.2, 0.5), (0.3, 1.0), (0.4, 0.5))]
    sweep = read_sweep(write_sweep(tmp_path / "s", trials), objective="validation_loss", minimize=True)
    assert [(row["number"], row["selected_for"]) for row in ranked(sweep)] == [(1, 0.5), (3, 0.5), (2, 1.0), (0, 2.0)]


def test_a_duplicate_counts_once_and_seeds_alone_are_one_configuration(tmp_path: Path) -> None:
    sweep = made(tmp_path, l2(0.5), l2(0.9, lr=0.2), {"overrides": l2(0.9, lr=0.2)["overrides"], "duplicate_of": 1})
    assert [row["number"] for row in ranked(sweep)] == [1, 0]
    seeds = [{"overrides": {"seed": seed}, "seed": seed, "accuracy": a} for seed, a in enumerate((0.5, 0.9, 0.7))]
    of_seeds = read_sweep(write_sweep(tmp_path / "t", seeds))
    assert [(row["number"], row["selected_for"]) for row in ranked(of_seeds)] == [(0, pytest.approx(0.7))]


def test_names_that_occur_twice_have_their_trials_numbers(tmp_path: Path) -> None:
    made_plan = plan(tmp_path, 1, 1, 1)
    made_plan.contenders = [
        [configuration("none")],
        [replace(configuration("L2 λ=0.1"), trial=3)],
        [replace(configuration("L2 λ=0.1"), trial=8)],
    ]
    choosing.take_best(made_plan, {})
    assert [each.name for each in made_plan.configurations] == ["none", "L2 λ=0.1 (trial 3)", "L2 λ=0.1 (trial 8)"]


def test_all_configurations_run_on_one_seed_after_the_other(tmp_path: Path) -> None:
    made_plan = plan(tmp_path, 1, 1)
    choosing.take_best(made_plan, {})
    made_plan.add_seeds(2)
    assert made_plan.seed_runs == [Run(0, 4), Run(1, 4), Run(0, 5), Run(1, 5)]
    made_plan.add_seeds(3)
    assert made_plan.seed_runs[4:] == [Run(0, 6), Run(1, 6)], "those that ran keep their places"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"looks": [3]}', r"plan\.json: written by regsweep 0\.1, which chose in another way; move .* away"),
        ('{"choosing_seeds": [1], "looks": [3]}', r"plan\.json: damaged \(kinds: "),
    ],
)
def test_a_plan_of_another_version_is_refused(tmp_path: Path, content: str, expected: str) -> None:
    sweep = made(tmp_path, l2(0.9))
    paths = SweepPaths(sweep.folder).confirmation
    paths.folder.mkdir()
    paths.plan.write_text(content)
    with pytest.raises(RecordError, match=expected):
        planning.read_or_choose(sweep, None)


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        ([{**trial(0.5), "status": "failed"}], "no trial of the baseline is complete, so there is nothing to compare"),
        ([trial(0.5), l2(0.4, lr=0.2)], "one of its best trials regularizes"),
    ],
)
def test_a_baseline_that_is_none_is_refused(tmp_path: Path, trials: list[dict[str, Any]], expected: str) -> None:
    sweep = made(tmp_path, l2(0.9))
    SweepPaths(sweep.folder).confirmation.folder.mkdir()
    made_plan = planning.read_or_choose(sweep, 1)
    write_sweep(made_plan.paths.baseline, trials)
    with pytest.raises(RegsweepError, match=expected):
        choosing.take_contenders(made_plan, sweep)
    assert made_plan.contenders == []


def test_a_sweep_without_seeds_on_record_begins_with_one(tmp_path: Path) -> None:
    sweep = made(tmp_path, l2(0.9))
    sweep.trials["seed"] = float("nan")
    SweepPaths(sweep.folder).confirmation.folder.mkdir()
    made_plan = planning.read_or_choose(sweep, None)
    assert (made_plan.choosing_seeds, made_plan.first_seed, made_plan.top) == ([1, 2, 3], 4, 3)
