"""What a comparison makes of what was typed: its contestants, and what each search is started with."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from regsweep.app.compare import require_same_network
from regsweep.app.contestants import Contestant, compose, read_typed
from regsweep.app.effort import Effort, Time, announce, what_is_left
from regsweep.app.splits import describe_new_splits
from regsweep.errors import ConfigError
from regsweep.paths import ComparisonPaths, SweepPaths
from regsweep.started import Command
from regsweep.statistics.intervals import Overlap
from tests.decisions.handmade import write_sweep

USE = "regularizer.{}.use=true"
WITHOUT, NO_DROPOUT = "regularizer.batch_norm=false", "regularizer.dropout=false"


def contestants(typed: str) -> list[Contestant]:
    command = Command([], str(Path.cwd()), sys.path[:])
    return compose(read_typed(shlex.split(typed)), command)[0]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (
            "regularizer=l2,dropout",
            [
                ("none", "no regularization", ["regularizer=none", NO_DROPOUT]),
                ("l2", "L2", ["regularizer=[l2]", USE.format("l2"), NO_DROPOUT]),
                ("dropout", "dropout", ["regularizer=[dropout]", USE.format("dropout")]),
            ],
        ),
        (
            "regularizer=[dropout,l2] regularizer.l2.lambda=0.1 regularizer.dropout=interval(0.1,0.2)",
            [
                ("none", "no regularization", ["regularizer=none", NO_DROPOUT]),
                (
                    "dropout+l2",
                    "L2 + dropout",
                    ["regularizer=[dropout,l2]", USE.format("dropout"), USE.format("l2"), "regularizer.l2.lambda=0.1",
                     "regularizer.dropout=interval(0.1,0.2)"],
                ),
            ],
        ),
        (  # a setting belongs to those that have the method, or the penalty
            "regularizer=l1,dropout regularizer.lambda=0.1",
            [
                ("none", "no regularization", ["regularizer=none", NO_DROPOUT]),
                ("l1", "L1", ["regularizer=[l1]", USE.format("l1"), "regularizer.lambda=0.1", NO_DROPOUT]),
                ("dropout", "dropout", ["regularizer=[dropout]", USE.format("dropout")]),
            ],
        ),
        (  # where BatchNorm is a contestant, all others are without, the baseline too
            "regularizer=batchnorm,[l2,batch_norm],l2 model=resnet18",
            [
                ("none", "no regularization", ["regularizer=none", WITHOUT]),
                ("batchnorm", "BatchNorm", ["regularizer=[batchnorm]", USE.format("batch_norm")]),
                (
                    "l2+batch_norm",
                    "L2 + BatchNorm",
                    ["regularizer=[l2,batch_norm]", USE.format("batch_norm"), USE.format("l2")],
                ),
                ("l2", "L2", ["regularizer=[l2]", USE.format("l2"), WITHOUT]),
            ],
        ),
        (  # where it is none, the network keeps its own
            "regularizer=l2 model=resnet18",
            [
                ("none", "no regularization", ["regularizer=none"]),
                ("l2", "L2", ["regularizer=[l2]", USE.format("l2")]),
            ],
        ),
        (  # unless it is taken out of all
            "regularizer=l2 model=resnet18 regularizer.batch_norm=false",
            [
                ("none", "no regularization", ["regularizer=none", WITHOUT]),
                ("l2", "L2", ["regularizer=[l2]", USE.format("l2"), WITHOUT]),
            ],
        ),
        (  # dropout likewise
            "regularizer=l2 regularizer.dropout=0",
            [
                ("none", "no regularization", ["regularizer=none", "regularizer.dropout=0"]),
                ("l2", "L2", ["regularizer=[l2]", USE.format("l2"), "regularizer.dropout=0"]),
            ],
        ),
    ],
)  # fmt: skip
def test_each_contestant_has_a_search_with_its_own_methods(
    typed: str, expected: list[tuple[str, str, list[str]]]
) -> None:
    assert [(each.key, each.title, each.overrides) for each in contestants(typed)] == expected


@pytest.mark.parametrize(("begun", "taken_out"), [(None, True), (["none", "l2"], False), (["none", "dropout"], True)])
def test_what_has_run_stays_as_it_is_when_dropout_is_added(begun: list[str] | None, *, taken_out: bool) -> None:
    typed = read_typed(["regularizer=l2,dropout"])
    baseline, l2, _ = compose(typed, Command([], str(Path.cwd()), sys.path[:]), begun)[0]
    assert [NO_DROPOUT in each.overrides for each in (baseline, l2)] == [taken_out] * 2


@pytest.mark.parametrize(
    ("begun", "own", "named"),
    [
        (["none", "l2"], None, None),
        (["none", "l2"], "p=0.5 in 1 layer", "dropout"),
        (["none", "dropout"], "p=0.5 in 1 layer", "batch_norm"),
        (["none", "dropout", "batchnorm"], "p=0.5 in 1 layer", None),
    ],
)
def test_what_would_change_the_network_of_what_has_run_is_refused(
    tmp_path: Path, begun: list[str], own: str | None, named: str | None
) -> None:
    typed = "regularizer=l2,dropout" + (",batchnorm" if begun != ["none", "l2"] else "")
    write_sweep(ComparisonPaths(tmp_path).search("none"), [{"own_dropout": own}])
    if named is None:
        require_same_network(tmp_path, contestants(typed), begun)
        return
    with pytest.raises(ConfigError, match=rf"^regularizer={named}: beside it all others are without"):
        require_same_network(tmp_path, contestants(typed), begun)


def test_one_epoch_is_timed_at_the_settings_of_the_presets() -> None:
    baseline, l2, norm = contestants("regularizer=l2,batch_norm regularizer.l2.lambda=0.5")
    assert baseline.timed == {"regularizer": "none", "regularizer.batch_norm": "false"}
    assert l2.timed == {
        "regularizer": "none",
        "regularizer.l2": '{use: true, lambda: 0.001, scope: "weights"}',
        "regularizer.batch_norm": "false",
    }
    assert norm.timed == {"regularizer": "none", "regularizer.batch_norm": "{use: true}"}


def test_what_all_searches_have_is_apart_from_the_contestants() -> None:
    typed = read_typed(
        shlex.split("regularizer=l1 n_trials=7 hydra.sweep.dir=c dataset=mnist optimizer.lr=interval(0.1,1) +x=1")
    )
    assert (typed.num_trials, typed.folder) == (7, "c")
    assert typed.for_all == ["dataset=mnist", "optimizer.lr=interval(0.1,1)", "+x=1"]
    assert typed.ranges == ["optimizer.lr=interval(0.1,1)"]


NONE, L2, MIXUP = (Contestant(key, [key], title) for key, title in (("none", "no"), ("l2", "L2"), ("mixup", "mixup")))
CONFIG = OmegaConf.create(
    {
        "trainer": {"epochs": 10},
        "hydra": {"launcher": {"_target_": "x.BasicLauncher"}, "sweeper": {"n_jobs": None}},
    }
)


def announced(
    capsys: pytest.CaptureFixture[str], folder: Path, times: dict[str, Time], *, num_trials: int, num_seeds: int,
    launcher: str = "x.BasicLauncher", n_jobs: int | None = None,
) -> list[str]:  # fmt: skip
    config = OmegaConf.merge(CONFIG, {"hydra": {"launcher": {"_target_": launcher}, "sweeper": {"n_jobs": n_jobs}}})
    paths = ComparisonPaths(folder)
    effort, contestants = Effort(num_trials, num_seeds), [NONE, L2, MIXUP]
    announce(what_is_left(times, contestants, paths, config, effort), contestants, effort)  # type: ignore[arg-type]
    return capsys.readouterr().out.strip().splitlines()


# Ten epochs of 2, 4 and 6 seconds, and 2 seconds besides: 22, 42 and 62 seconds, 42 on average.
TIMES = {"none": Time(2, 2), "l2": Time(4, 2), "mixup": Time(6, 2)}


def test_what_is_trained_and_how_long_it_takes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    # 3 × 15 trials, 3 × 4 × 3 to choose, 3 × 10 on fresh seeds: 111 runs of 42 seconds; 20 second baselines.
    assert announced(capsys, tmp_path, TIMES, num_trials=15, num_seeds=10) == [
        "L2; mixup: each against the tuned baseline",
        "3 searches with 45 trials, up to 36 runs to choose the best of each, 30 runs with the test set: about 78 "
        "min, and the start of each sweep",
        "where differences are shown, up to 20 more, of second baselines: about 14 min",
    ]


@pytest.mark.parametrize(
    ("sizes", "n_jobs", "second"),
    [
        # Batches of four: 4 + 4 + 4, 9 and 8 of them, of 42 seconds.
        ((15, 10), 4, "3 searches with 45 trials, up to 36 runs to choose the best of each, 30 runs with the test "
                       "set: about 20 min, and the start of each sweep"),
        # Two finalists of two trials; one of one needs no choice.
        ((2, 10), None, "3 searches with 6 trials, up to 18 runs to choose the best of each, 30 runs with the test "
                        "set: about 38 min, and the start of each sweep"),
        ((1, 200), None, "3 searches with 3 trials, 600 runs with the test set: about 7.0 h, and the start of each "
                       "sweep"),
    ],
)  # fmt: skip
def test_the_time_is_that_of_as_many_batches(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, sizes: tuple[int, int], n_jobs: int | None, second: str
) -> None:
    launcher = "x.JoblibLauncher" if n_jobs else "x.BasicLauncher"
    num_trials, num_seeds = sizes
    lines = announced(
        capsys, tmp_path, TIMES, num_trials=num_trials, num_seeds=num_seeds, launcher=launcher, n_jobs=n_jobs
    )
    assert lines[1] == second


def test_a_pool_runs_as_many_at_a_time_as_it_has_workers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    # 600 runs, four at a time, of 42 seconds.
    pool = OmegaConf.merge(CONFIG, {"hydra": {"launcher": {"_target_": "x.PoolLauncher", "workers": 4}}})
    overlap = Overlap(0.2, 0.2)
    effort = Effort(1, 200, overlap)
    contestants = [NONE, L2, MIXUP]
    left = what_is_left(TIMES, contestants, ComparisonPaths(tmp_path), pool, effort)  # type: ignore[arg-type]
    announce(left, contestants, effort)
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[1].startswith("3 searches with 3 trials, 600 runs with the test set: about 107 min")
    assert lines[3] == describe_new_splits(overlap, 200)


def test_what_could_not_be_timed_takes_as_long_as_the_slowest(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # 22, 42 and again 42 seconds: 35.3 on average, 111 runs.
    lines = announced(capsys, tmp_path, {key: TIMES[key] for key in ("none", "l2")}, num_trials=15, num_seeds=10)
    assert "about 65 min" in lines[1]


@pytest.mark.parametrize(("num_seeds", "said"), [(6, "6 seeds cannot show"), (7, None)])
def test_too_few_seeds_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, num_seeds: int, said: str | None
) -> None:
    lines = announced(capsys, tmp_path, TIMES, num_trials=1, num_seeds=num_seeds)
    assert len(lines) == (4 if said else 3)
    if said:
        assert lines[3] == (
            f"{said} a difference: the smallest possible p-value of 2 contestants is 0.062; take --seeds 7 or more"
        )


def test_what_has_ended_is_not_announced_again(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    paths = ComparisonPaths(tmp_path)
    for key in ("none", "l2"):
        write_sweep(paths.search(key), [{}, {}] if key == "none" else [{}])
    confirmation = SweepPaths(tmp_path).confirmation
    write_sweep(confirmation.own, [{"seed": n} for n in range(2)])
    lines = announced(capsys, tmp_path, TIMES, num_trials=2, num_seeds=3)
    assert lines[1].startswith("2 searches with 3 trials, up to 18 runs to choose the best of each, 9 runs with")
    assert lines[2].startswith("where differences are shown, up to 4 more, of second baselines")
    write_sweep(paths.search("mixup"), [{}, {}])
    (paths.search("l2") / "1").mkdir()
    for folder, number in ((confirmation.choosing, 18), (confirmation.seeds, 9)):
        write_sweep(folder, [{"seed": n} for n in range(number)])
    assert announced(capsys, tmp_path, TIMES, num_trials=1, num_seeds=3) == []
