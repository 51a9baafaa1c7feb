"""Seeds are pooled: which configuration is best, and what is said of it; the luckiest seed wins nothing."""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial
from rich.console import Console

from regsweep.app import compare
from regsweep.app.candidates import ranked
from regsweep.paths import shown
from regsweep.pooling import Pooled, Trial, pool, seed_key
from regsweep.report.answer.pooled import untuned
from regsweep.report.answer.sentences import answer
from regsweep.report.figures import Evidence, draw_all, seeds
from regsweep.report.page import trials
from regsweep.report.pooled import Pools, seeds_in_words, signed, why_not_pooled
from regsweep.report.pooled_table import pooled_table, print_pooled
from regsweep.report.summary import summary
from regsweep.report.sweep import Sweep, read_sweep
from regsweep.report.table import print_table
from regsweep.report.tune import compare_command
from regsweep.statistics.intervals import t_interval
from regsweep.sweeper.announce import announce_best
from tests.conftest import PROJECT
from tests.decisions.confirmable import OFF, made
from tests.decisions.confirmations import Made, confirmed
from tests.decisions.handmade import write_sweep

LOSS: dict[str, Any] = {"objective": "validation_loss", "minimize": True}
NO_SEED = float("nan")

PRESETS: dict[str, dict[str, Any]] = {
    "none": {},
    "l2": {"l2": {"use": True, "lambda": 0.001}},
    "dropout": {"dropout": {"use": True, "p": 0.5}},
    "batch_norm": {"batch_norm": {"use": True}},
    "batchnorm": {"batch_norm": {"use": True}},
    "[l2,dropout]": {"l2": {"use": True, "lambda": 0.001}, "dropout": {"use": True, "p": 0.5}},
}


def of(preset: str, seed: int, accuracy: float | None, **others: Any) -> dict[str, Any]:
    """Return a trial of a grid of presets; without an accuracy it diverged."""
    config = {**OFF, **{f"regularizer.{name}": node for name, node in PRESETS[preset].items()}}
    ended = {"status": "diverged", "error": "diverged"} if accuracy is None else {"accuracy": accuracy}
    overrides = {"regularizer": preset, "seed": seed, **others.pop("overrides", {})}
    return {
        "overrides": overrides,
        "config": config,
        "choices": {"regularizer": preset},
        "seed": seed,
        **ended,
        **others,
    }


def grid(**presets: Sequence[float | None]) -> list[dict[str, Any]]:
    """Return the trials of presets on the seeds 0, 1, …"""
    return [of(preset, seed, value) for preset, values in presets.items() for seed, value in enumerate(values)]


def read(folder: Path, trials: Sequence[Mapping[str, Any]], **options: Any) -> Sweep:
    return read_sweep(write_sweep(folder / "s", trials), **options)


LUCKY = grid(none=[0.80, 0.81, 0.82], l2=[0.99, 0.50, 0.70], dropout=[0.84, 0.85, 0.86])
"""The best seed is one of L2, the best mean dropout's."""

BESTS: dict[str, tuple[list[dict[str, Any]], dict[str, Any], tuple[int, ...], float]] = {
    "the best mean, not the luckiest seed": (LUCKY, {}, (6, 7, 8), 0.85),
    "two seeds": (grid(none=[0.9, 0.5], l2=[0.75, 0.74]), {}, (2, 3), 0.745),
    "one of two configurations has a single seed": (
        [*grid(none=[0.8, 0.8]), of("l2", 0, 0.9)],
        {},
        (2,),
        0.9,
    ),
    "the first of equal means": (grid(none=[0.6, 0.8], l2=[0.7, 0.7], dropout=[0.75, 0.65]), {}, (0, 1), 0.7),
    "the lowest mean loss, not the lowest loss": (
        [
            *(of("none", seed, 0.5, loss=loss) for seed, loss in enumerate((0.1, 2.0))),
            *(of("l2", seed, 0.5, loss=loss) for seed, loss in enumerate((0.6, 0.5))),
        ],
        LOSS,
        (2, 3),
        0.55,
    ),
    "a lost seed does not count": (grid(none=[0.8, 0.8, 0.8], l2=[None, 0.9, 0.88]), {}, (4, 5), 0.89),
    "pruned and interrupted seeds are lost": (
        [
            *grid(none=[0.8, 0.8, 0.8]),
            of("l2", 0, 0.99, status="pruned"),
            of("l2", 1, 0.99, status="interrupted"),
            of("l2", 2, 0.7),
        ],
        {},
        (0, 1, 2),
        0.8,
    ),
    "a repetition counts once": (
        [*grid(none=[0.9, 0.5], l2=[0.71, 0.71]), {**of("none", 0, 0.9), "duplicate_of": 0}],
        {},
        (2, 3),
        0.71,
    ),
    "a seed that ran twice counts once, the first time": (
        [*grid(none=[0.9, 0.5], l2=[0.71, 0.71]), of("none", 0, 0.95), of("none", 0, 0.95)],
        {},
        (2, 3),
        0.71,
    ),
    "a seed that diverged and ran again counts": ([*grid(none=[None, 0.6], l2=[0.7, 0.7]), of("none", 0, 0.9)], {},
        (1, 4), 0.75),
    "a seed alone": ([of("l2", seed, a) for seed, a in enumerate((0.5, 0.9))], {}, (0, 1), 0.7),
}  # fmt: skip


@pytest.mark.parametrize(("trials", "options", "numbers", "mean"), BESTS.values(), ids=BESTS)
def test_the_best_configuration(
    tmp_path: Path, trials: list[dict[str, Any]], options: dict[str, Any], numbers: tuple[int, ...], mean: float
) -> None:
    sweep = read(tmp_path, trials, **options)
    best = sweep.best()
    assert best is not None
    assert best.numbers == numbers
    assert best.mean == pytest.approx(mean)
    first = next(ranked(sweep))
    assert (first["number"], first["selected_for"]) == (numbers[0], pytest.approx(mean)), "confirmed is the same"
    found = summary(Evidence(sweep), answer(sweep, None), [])
    assert found["best_trial"] is None
    assert found["best_configuration"]["trials"] == list(numbers)
    jsonschema.validate(found, json.loads((PROJECT / "docs" / "summary.schema.json").read_text()))


@pytest.mark.parametrize(
    ("trials", "lost", "seeds_in_table", "warns"),
    [
        (grid(none=[0.8, 0.8, 0.8], l2=[None, 0.9, 0.88]), {"diverged": 1}, "2 of 3 (1 diverged)", True),
        (grid(none=[0.8, 0.8, 0.8], l2=[0.9, 0.9]), {}, "2", True),  # it was stopped before the third
        (grid(none=[None, 0.8, 0.8], l2=[0.9, 0.9, 0.88]), {}, "3", False),
    ],
)
def test_a_configuration_that_won_on_fewer_seeds_is_named(
    tmp_path: Path, trials: list[dict[str, Any]], lost: dict[str, int], seeds_in_table: str, *, warns: bool
) -> None:
    sweep = read(tmp_path, trials)
    assert sweep.configurations[0].lost == lost
    text = " ".join(answer(sweep, None))
    assert ("where others ran on 3: a mean of fewer seeds owes more to luck" in text) is warns
    row = next(line for line in printed(sweep).splitlines() if line.split()[:1] == ["l2"])
    assert re.search(rf"  {re.escape(seeds_in_table)}(  |$)", row)
    assert summary(Evidence(sweep), [], [])["best_configuration"]["lost"] == lost


def test_a_configuration_without_a_complete_seed_is_shown_last_and_counts(tmp_path: Path) -> None:
    sweep = read(tmp_path, grid(none=[0.8, 0.81, 0.82], l2=[None, None, None], dropout=[0.8, 0.83, 0.82]))
    assert [each.values for each in sweep.configurations][-1] == ()
    lines = printed(sweep).splitlines()
    assert lines[3].split()[:8] == ["l2", "–", "–", "0", "of", "3", "(3", "diverged)"]
    differences = Pools(sweep).differences
    low = t_interval([0.0, 0.02, 0.0], 1 - 0.05 / 2).low
    assert differences[6].interval is not None
    assert differences[6].interval.low == pytest.approx(low), "k counts the one that never trained"
    assert [row["number"] for row in ranked(sweep)] == [6, 0]


def test_the_end_of_a_grid_of_presets(tmp_path: Path) -> None:
    trials = grid(
        none=[0.80, 0.81, 0.82], l2=[0.80, 0.82, 0.84], dropout=[0.85, 0.87, 0.86], batch_norm=[0.81, 0.82, 0.83]
    )
    sweep = made(tmp_path / "s", trials, ("-m", "regularizer=none,l2,dropout,batch_norm", "seed=0,1,2"))
    of_best, of_difference = t_interval([0.85, 0.87, 0.86]), t_interval([0.05, 0.06, 0.04], 1 - 0.05 / 3)
    of_l2 = t_interval([0.0, 0.01, 0.02], 1 - 0.05 / 3)
    assert answer(sweep, None) == [
        f"Dropout 0.5 has the highest mean validation accuracy of 4 configurations: 86.00 % (95 % interval "
        f"{100 * of_best.low:.2f} % to {100 * of_best.high:.2f} %) over 3 seeds.",
        "This is a comparison on validation images; nothing is confirmed. The best of 4 was selected for its mean, "
        "which flatters it; intervals are over seeds, on these images.",
        "Mean difference from no regularization, paired by seed, in points (intervals hold for all 3 together with 95 "
        f"%). dropout 0.5: +5.00 (+{100 * of_difference.low:.2f} to +{100 * of_difference.high:.2f}); L2 λ=0.001: "
        f"+1.00 (−{-100 * of_l2.low:.2f} to +{100 * of_l2.high:.2f}); BatchNorm: +1.00 (on each of 3 seeds).",
        "An interval that includes 0 leaves the direction of a difference open.",
        "To compare the best with the tuned network without regularization, on fresh seeds: regsweep confirm "
        f"{shown(tmp_path / 's')}",
        "The methods ran at fixed settings and at one learning rate, which were not tuned; to tune each "
        "of them, and then compare: regsweep compare regularizer=l2,dropout,batch_norm",
    ]
    text = " ".join(answer(sweep, None))
    assert not any(word in text for word in ("beats", "shown", "p =", "significant"))


def test_the_words_where_there_is_nothing_to_compare(tmp_path: Path) -> None:
    alone = read(tmp_path, [of("l2", seed, a) for seed, a in enumerate((0.5, 0.5))])
    assert answer(alone, None)[0] == (
        "One configuration, with a mean validation accuracy of 50.00 %, the same on each of 2 seeds: "
        "there is nothing to compare it with."
    )
    bare = read(tmp_path / "b", grid(l2=[0.5, 0.6], dropout=[0.7]))
    lines = answer(bare, None)
    assert lines[0] == "Dropout 0.5 has the highest mean validation accuracy of 2 configurations: 70.00 % on 1 seed."
    assert not any("difference" in line for line in lines), "no network without regularization"
    tied = read(tmp_path / "t", grid(none=[0.6, 0.8], l2=[0.7, 0.7]))
    assert answer(tied, None)[0].endswith("over 2 seeds (the first of 2 with this mean).")


def test_each_is_compared_at_its_own_other_settings(tmp_path: Path) -> None:
    trials = [
        of(preset, seed, base + gain + 0.01 * seed * (preset == "l2"), overrides={"optimizer.lr": lr})
        for lr, base in ((0.1, 0.5), (0.2, 0.8))
        for preset, gain in (("none", 0.0), ("l2", 0.02))
        for seed in (0, 1)
    ]
    sweep = read(tmp_path, trials)
    pools = Pools(sweep)
    found = {pools.names[number]: (pools.names[each.baseline.number], _rounded(each.by_seed)) for number, each in
             pools.differences.items()}  # fmt: skip
    paired = {0: 0.02, 1: 0.03}
    assert found == {
        "L2 λ=0.001, lr=0.2": ("no regularization, lr=0.2", paired),
        "L2 λ=0.001, lr=0.1": ("no regularization, lr=0.1", paired),
    }
    assert any("at the same other settings" in line for line in answer(sweep, None))


def test_strengths_are_compared_at_their_own_other_settings_too(tmp_path: Path) -> None:
    trials: list[dict[str, Any]] = [
        {"overrides": {"regularizer.l2": strength, "optimizer.lr": lr, "seed": 0}, "config": OFF, "accuracy": accuracy}
        for lr, accuracies in ((0.1, (0.5, 0.6)), (0.2, (0.8, 0.7)))
        for strength, accuracy in zip((0, 0.001), accuracies, strict=True)
    ]
    again = {**trials[0], "overrides": {**trials[0]["overrides"], "seed": 1}, "seed": 1}
    found = Pools(read(tmp_path, [*trials, again])).differences
    assert {number: each.baseline.number for number, each in found.items()} == {1: 0, 3: 2}
    assert {number: round(each.mean, 9) for number, each in found.items()} == {1: 0.1, 3: -0.1}


@pytest.mark.parametrize(
    ("trials", "without"),
    [
        pytest.param(grid(none=[0.8, 0.8], l2=[0.9, 0.9]), [0], id="no method"),
        pytest.param(
            [
                of(preset, seed, 0.5, config={"regularizer.mixup": 0.4} | OFF)
                for preset in ("none", "l2")
                for seed in (0, 1)
            ],
            [],
            id="a method beside the preset",
        ),
        pytest.param(
            [of(preset, seed, 0.5, status="interrupted") for preset in ("none", "l2") for seed in (0, 1)],
            [0],
            id="no record: by the preset",
        ),
    ],
)
def test_which_configuration_is_without_regularization(
    tmp_path: Path, trials: list[dict[str, Any]], without: list[int]
) -> None:
    assert [each.number for each in Pools(read(tmp_path, trials)).without] == without


def _rounded(by_seed: Mapping[int, float]) -> dict[int, float]:
    return {seed: round(value, 9) for seed, value in by_seed.items()}


def test_pairs_are_the_seeds_that_both_have(tmp_path: Path) -> None:
    sweep = read(tmp_path, grid(none=[0.5, None, 0.7], l2=[0.6, 0.9, 0.9]))
    assert Pools(sweep).differences[3].by_seed == {0: pytest.approx(0.1), 2: pytest.approx(0.2)}
    assert any("L2 λ=0.001: +15.00 (" in line and ", on 2 seeds" not in line for line in answer(sweep, None))
    one = read(tmp_path / "o", grid(none=[0.5, None], l2=[0.6, 0.9]))
    assert any("L2 λ=0.001: +10.00 (one seed, no interval)" in line for line in answer(one, None))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"seed": [0, 1, 0]}, "seed"),
        ({"train.seed": [0, 1]}, "train.seed"),
        ({"model.Random_State": [0.0, 1.0, NO_SEED, None]}, "model.Random_State"),
        ({"random_seed": [3, 4], "x": [1, 2]}, "random_seed"),
        ({"seed": [0, 0]}, None),
        ({"seed": [0.5, 1, 2]}, None),
        ({"seed": [1, 2, "best"]}, None),
        ({"crop.seed": ["wheat", "barley"]}, None),
        ({"use.seed": [True, False]}, None),
        ({"dataset.split_seed": [0, 1]}, None),
        ({"seeds": [1, 2], "seed.scale": [1, 2], "fold": [0, 1]}, None),
        ({"a.seed": [0, 1], "b.seed": [0, 1]}, None),
        ({"a.seed": [0, 1], "seed": [0, 1]}, "seed"),
        ({"a.seed": [0, 1], "b.seed": [2, 2]}, "a.seed"),
        ({}, None),
    ],
)
def test_which_key_is_the_seed(columns: dict[str, list[Any]], expected: str | None) -> None:
    assert seed_key(columns) == expected


@pytest.mark.parametrize(
    ("trials", "numbers", "lost"),
    [
        pytest.param(
            [Trial(0, ("a",), None, "complete", 0.5), Trial(1, ("a",), None, "complete", 0.7)],
            (0, 1),
            {},
            id="seeds that are not known are not one seed",
        ),
        pytest.param(
            [Trial(0, ("a",), 0, "complete", 0.5), Trial(1, ("a",), 1, "complete", None)],
            (0,),
            {"without a value": 1},
            id="a complete trial without a value is lost",
        ),
        pytest.param(
            [Trial(0, ("a",), 0, "complete", 0.5), Trial(1, ("a",), 1, "pruned", 0.7)],
            (0,),
            {"pruned": 1},
            id="the value of a trial that did not end is none",
        ),
    ],
)
def test_which_trials_of_a_configuration_count(
    trials: list[Trial], numbers: tuple[int, ...], lost: dict[str, int]
) -> None:
    (found,) = pool(trials, maximize=True)
    assert (found.numbers, found.lost) == (numbers, lost)


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ({}, "2 seeds"),
        ({"diverged": 1}, "2 of 3 seeds (1 diverged)"),
        ({"failed": 2, "pruned": 1}, "2 of 5 seeds (2 failed, 1 pruned)"),
    ],
)
def test_lost_seeds_are_counted_in_words(lost: dict[str, int], words: str) -> None:
    assert seeds_in_words(Pooled((0, 1), (0, 1), (0.5, 0.6), (2,), lost)) == words


def foreign(folder: Path, jobs: Sequence[tuple[dict[str, Any], float]]) -> Sweep:
    """Return the multirun of an application that knows nothing of this project."""
    for number, (values, loss) in enumerate(jobs):
        place = folder / str(number) / ".hydra"
        place.mkdir(parents=True)
        lines = [f"{key}={value}" for key, value in values.items()]
        (place / "config.yaml").write_text("".join(f"{key}: {value}\n" for key, value in values.items()))
        (place / "overrides.yaml").write_text("".join(f"- {line}\n" for line in lines))
        (place.parent / "m.json").write_text(json.dumps({"loss": loss}))
    return read_sweep(folder, metrics="m.json")


def test_another_application_s_seed(tmp_path: Path) -> None:
    values = {1: (0.1, 2.0), 2: (0.6, 0.5)}
    jobs = [({"x": x, "random_state": seed}, values[x][seed]) for x in values for seed in (0, 1)]
    sweep = foreign(tmp_path / "f", jobs)
    best = sweep.best()
    assert best is not None
    assert (best.numbers, sweep.seed_key) == ((2, 3), "random_state")
    assert best.mean == pytest.approx(0.55)
    lines = answer(sweep, None)
    assert lines[0].startswith("x=2 has the lowest mean loss of 2 configurations: 0.55 (95 % interval ")
    assert lines[1] == "Trials that differ in random_state alone are pooled."
    assert lines[-1] == "Run it again on fresh seeds before believing it."
    assert not any("regsweep" in line for line in lines)


def test_what_is_no_seed_is_not_pooled(tmp_path: Path) -> None:
    jobs = [({"x": x, "fold": fold}, 1.0 - 0.1 * x - 0.2 * fold) for x in (1, 2) for fold in (0, 1)]
    sweep = foreign(tmp_path / "f", jobs)
    assert (sweep.seed_key, len(sweep.configurations)) == (None, 4)
    assert answer(sweep, None)[0].startswith("Trial 3 is the best of 4")
    two = [({"a_seed": 1, "random_seed": one, "random_state": other}, 0.5) for one in (0, 1) for other in (0, 1)]
    both = foreign(tmp_path / "g", two)
    assert both.seed_key is None
    assert "random_seed and random_state may all be the seed, so no trials are pooled." in answer(both, None)


def test_in_this_project_s_sweeps_the_seed_has_one_name(tmp_path: Path) -> None:
    trials = [of("l2", 0, 0.5 + 0.1 * n, overrides={"model.seed": n, "model.random_seed": n}) for n in (1, 2)]
    sweep = read(tmp_path, trials)
    assert (sweep.seed_key, len(sweep.configurations)) == (None, 2)
    assert why_not_pooled(sweep) is None


@pytest.mark.parametrize(
    ("keys", "is_said"),
    [
        (("random_seed", "random_state"), True),
        (("seed", "random_state"), False),
        (("random_state",), False),
        (("fold",), False),
    ],
)
def test_that_nothing_is_pooled_is_said_where_several_keys_may_be_the_seed(
    tmp_path: Path, keys: Sequence[str], *, is_said: bool
) -> None:
    sweep = foreign(tmp_path / "f", [(dict.fromkeys(keys, number), 0.5) for number in (0, 1)])
    expected = "random_seed and random_state may all be the seed, so no trials are pooled."
    assert why_not_pooled(sweep) == (expected if is_said else None)


@pytest.mark.parametrize(
    ("metric", "values", "difference", "text"),
    [
        ("accuracy", (0.8, 0.9), 0.1, "+10.00"),
        ("accuracy", (0.8, 0.9), -0.1, "−10.00"),
        ("accuracy", (0.8, 0.9), -1e-9, "0.00"),
        ("accuracy", (80, 90), 10, "+10"),  # in percent already
        ("loss", (0.8, 0.9), 0.5, "+0.5"),  # no share, though from 0 to 1
        ("loss", (0.8, 0.9), -0.5, "−0.5"),
        ("loss", (0.8, 0.9), 1, "+1"),
        ("loss", (0.8, 0.9), -1e-15, "0"),
    ],
)
def test_a_difference_has_its_sign_and_accuracies_differ_by_points(
    tmp_path: Path, metric: str, values: Sequence[float], difference: float, text: str
) -> None:
    trials = [
        {"number": number, "folder": str(number), "status": "complete", metric: v} for number, v in enumerate(values)
    ]
    sweep = Sweep(tmp_path, pd.DataFrame(trials), [], metric, metric == "accuracy", is_own=False)
    assert signed(sweep, difference) == text


def test_without_a_swept_seed_all_is_as_it_was(tmp_path: Path) -> None:
    sweep = made(
        tmp_path / "s", [of("none", 0, 0.5), of("l2", 0, 0.9)], ("-m", "regularizer=none,l2", "hydra.sweep.dir=s")
    )
    assert sweep.seed_key is None
    lines = answer(sweep, None)
    assert lines[0] == "Trial 1 is the best of 2, with 90.00 % validation accuracy."
    assert lines[-1].endswith("compare: regsweep compare regularizer=l2")
    found = summary(Evidence(sweep), lines, [])
    assert found["best_trial"]["number"] == 1
    assert (found["seed_key"], found["best_configuration"], found["configurations"]) == (None, None, [])
    assert "configurations" not in [drawing.name for drawing in draw_all(Evidence(sweep))]
    assert all("interval" not in drawing.caption for drawing in draw_all(Evidence(sweep)))
    again = read(tmp_path / "a", [of("none", 0, 0.5), of("l2", 0, 0.9), {**of("l2", 0, 0.9), "duplicate_of": 1}])
    assert [each.numbers for each in again.configurations] == [(1,), (0,)]


def test_the_figure_has_every_seed_and_the_interval_of_each_mean(tmp_path: Path) -> None:
    drawing = seeds.draw(Evidence(read(tmp_path, LUCKY)))
    assert drawing.figure is not None
    assert drawing.data is not None
    dots, means = drawing.figure.data
    assert sorted(dots.x) == pytest.approx(sorted(100 * trial["accuracy"] for trial in LUCKY))
    assert list(means.x) == pytest.approx([85, 81, 73]), "the best mean on top"
    assert list(means.y) == [2, 1, 0]
    half = t_interval([0.84, 0.85, 0.86]).high - 0.85
    assert means.error_x.array[0] == pytest.approx(100 * half)
    assert len(drawing.data) == 9
    same = seeds.draw(Evidence(read(tmp_path / "e", grid(none=[0.5, 0.5], l2=[0.6, 0.7]))))
    assert same.figure is not None
    assert np.isnan(same.figure.data[1].error_x.array[1]), "no interval where there is no spread"


def test_the_interval_of_a_mean_accuracy_ends_at_0_and_100_percent(tmp_path: Path) -> None:
    """The t interval over these two seeds is 16.3 to 135.5 %; a loss has no such bound, nor has a difference."""
    pair = [0.7118, 0.8056]
    found, trials = t_interval(pair), grid(l2=pair, none=[0.02, 0.3])
    assert 0 < found.low < 1 < found.high
    sweep = read(tmp_path, trials)
    best, worst = summary(Evidence(sweep, None), [], [])["configurations"]
    assert best["interval"] == pytest.approx([found.low, 1.0])
    assert worst["interval"] == pytest.approx([0.0, 1.0])
    assert best["against_no_regularization"]["interval"][1] > 1
    assert f"(95 % interval {100 * found.low:.2f} % to 100.00 %)" in " ".join(answer(sweep, None))
    assert f"{found.low:.4f} to 1.0000" in printed(sweep)
    drawing = seeds.draw(Evidence(sweep))
    assert drawing.figure is not None
    bars = drawing.figure.data[1].error_x
    assert list(bars.array) == pytest.approx([100 * (1 - 0.7587), 84])
    assert list(bars.arrayminus) == pytest.approx([100 * (0.7587 - found.low), 16])
    losses = [of("l2", seed, 0.5, loss=value) for seed, value in enumerate(pair)]
    of_losses = read(tmp_path / "l", losses, **LOSS)
    (only,) = summary(Evidence(of_losses, None), [], [])["configurations"]
    assert only["interval"] == pytest.approx([found.low, found.high])


def test_no_figure_rings_the_luckiest_seed(tmp_path: Path) -> None:
    trials = [
        {"overrides": {"regularizer.l2": strength, "seed": seed}, "seed": seed, "accuracy": accuracy}
        for strength, accuracies in ((1e-4, (0.99, 0.5)), (1e-3, (0.8, 0.82)))
        for seed, accuracy in enumerate(accuracies)
    ]
    drawings = {drawing.name: drawing for drawing in draw_all(Evidence(read(tmp_path, trials)))}
    over = drawings["accuracy_over_lambda"].figure
    assert over is not None
    ring = next(trace for trace in over.data if trace.name == "best: mean")
    assert (list(ring.x), list(ring.y)) == ([1e-3], [pytest.approx(81)])
    best = drawings["best_so_far"].figure
    assert best is not None
    steps = next(trace for trace in best.data if trace.name == "best mean so far")
    assert list(steps.y) == pytest.approx([74.5, 81, 81]), "a mean counts when its last seed has ended"
    assert list(steps.x) == [1, 3, 3]
    titles = [title.text for title in drawings["learning_curves"].figure.layout.annotations]  # type: ignore[union-attr]
    assert titles[0].startswith("best: L2 λ=0.001, 2 seeds")
    assert drawings["weight_histogram"].missing == "the record of trial 2 holds no histogram of its weights"


def fixed(presets: Sequence[str], **overrides: Any) -> list[dict[str, Any]]:
    """Return a grid of presets that was started with these overrides; none has no method, whatever they say."""
    return [
        of(preset, 0, 0.5, overrides=overrides, **({"methods": {}} if preset == "none" else {})) for preset in presets
    ]


COMMANDS: dict[str, tuple[list[dict[str, Any]], tuple[str, ...], str | None]] = {
    "presets": (grid(none=[0.8], l2=[0.9], dropout=[0.7]), (), "regularizer=l2,dropout"),
    "a mixture": ([of("none", 0, 0.5), of("[l2,dropout]", 0, 0.6)], (), "'regularizer=[l2,dropout]'"),
    "an alias is no second contestant": (
        [of("batch_norm", 0, 0.6), of("batchnorm", 0, 0.7), of("l2", 0, 0.5)],
        (),
        "regularizer=batch_norm,l2",
    ),
    "other settings stay, the tuned ones go": (
        [
            of(preset, 0, 0.5, overrides={"dataset.train_size": 100, "optimizer.lr": 0.1, "trainer.epochs": 2})
            for preset in ("none", "l2")
        ],
        ("hydra/launcher=basic", "hydra.sweep.dir=s"),
        "regularizer=l2 dataset.train_size=100 trainer.epochs=2 hydra/launcher=basic",
    ),
    "what else was swept is as in the best": (
        [
            of(preset, 0, accuracy, overrides={"model": model})
            for model, accuracy in (("mlp", 0.5), ("cnn", 0.7))
            for preset in ("none", "l2")
        ],
        (),
        "regularizer=l2 model=cnn",
    ),
    "own presets": (
        grid(none=[0.8], l2=[0.9]),
        ("--config-dir", "my conf", "hydra.searchpath=[file://my other]"),
        "--config-dir 'my conf' 'hydra.searchpath=[file://my other]' regularizer=l2",
    ),
    "no network is without a method": (
        [of(preset, 0, 0.5, overrides={"regularizer.mixup": 0.4}) for preset in ("none", "l2")],
        ("regularizer.mixup=0.4",),
        None,
    ),
    "another configuration": (grid(none=[0.8], l2=[0.9]), ("--config-name", "mine"), None),
    "another configuration, joined": (grid(none=[0.8], l2=[0.9]), ("--config-name=mine",), None),
    "another folder of configurations": (grid(none=[0.8], l2=[0.9]), ("-cp", "mine"), None),
    "an experiment without methods": (fixed(("none", "l2"), experiment="x"), (), "regularizer=l2 experiment=x"),
    "an experiment that may have methods": (fixed(("l2", "dropout"), experiment="x"), (), None),
    "one that was added": (fixed(("l2", "dropout"), **{"+experiment": "x"}), (), None),
    "a method beside all": (
        fixed(("l2", "dropout"), **{"+regularizer.mixup": 0.4}),
        ("+regularizer.mixup=0.4",),
        None,
    ),
    "a method that is off in all": (
        fixed(("l2", "dropout"), **{"regularizer.flips": False}),
        ("regularizer.flips=false",),
        "regularizer=l2,dropout regularizer.flips=false",
    ),
    "a method's settings stay, its strength goes": (
        fixed(("none", "l2"), **{"regularizer.l2.scope": "all", "regularizer.l2.lambda": 0.1}),
        ("regularizer.l2.scope=all", "regularizer.l2.lambda=0.1"),
        "regularizer=l2 regularizer.l2.scope=all",
    ),
    "so does its short form": (
        fixed(("none", "l2"), **{"regularizer.l2": 0.1}),
        ("regularizer.l2=0.1",),
        "regularizer=l2",
    ),
    "no method is no contestant, recorded or not": (
        [of("none", 0, 0.5, status="interrupted"), of("l2", 0, 0.5)],
        (),
        "regularizer=l2",
    ),
    "a lambda was swept": ([of("l2", 0, 0.5, overrides={"regularizer.lambda": v}) for v in (0.1, 0.2)], (), None),
}  # fmt: skip


@pytest.mark.parametrize(("trials", "arguments", "expected"), COMMANDS.values(), ids=COMMANDS)
def test_the_command_that_tunes_what_a_grid_ran(
    tmp_path: Path, trials: list[dict[str, Any]], arguments: tuple[str, ...], expected: str | None
) -> None:
    sweep = made(tmp_path / "s", trials, ("-m", *arguments))
    command = compare_command(sweep)
    assert command == (None if expected is None else f"regsweep compare {expected}")
    end = "which were not tuned." if command is None else f"to tune each of them, and then compare: {command}"
    assert all(line.endswith(end) for line in untuned(sweep))
    if command is not None:
        request = compare._read(shlex.split(command)[2:])
        assert request.typed.contestants, "the command's own reader takes it"


def test_typed_elsewhere_the_command_that_tunes_goes_to_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my place").mkdir()
    sweep = made(tmp_path / "my place" / "s", grid(none=[0.8], l2=[0.9]), ("-m",))
    assert compare_command(sweep) == f"cd '{tmp_path}/my place' && regsweep compare regularizer=l2"
    monkeypatch.chdir(tmp_path / "my place")
    assert compare_command(sweep) == "regsweep compare regularizer=l2"


def test_a_grid_that_was_confirmed_ends_with_the_command_that_tunes_it(tmp_path: Path) -> None:
    sweep = made(tmp_path / "s", LUCKY, ("-m", "regularizer=none,l2,dropout", "seed=0,1,2"))
    found = confirmed(tmp_path / "c", Made("dropout 0.5", [0.01, 0.02, 0.01, 0.02]))
    assert answer(sweep, found)[-1] == (
        "The methods ran at fixed settings and at one learning rate, which were not tuned; to tune each "
        "of them, and then compare: regsweep compare regularizer=l2,dropout"
    )


def test_the_page_has_means_in_percent_as_its_other_tables(tmp_path: Path) -> None:
    rows = [
        {"overrides": {"optimizer.lr": rate, "seed": seed}, "seed": seed, "accuracy": rate + seed / 100}
        for rate in (0.5, 0.6)
        for seed in (0, 1)
    ]
    sweep = read_sweep(write_sweep(tmp_path / "s", rows))
    on_page, printed_table = trials.pooled(sweep), pooled_table(sweep)
    assert on_page is not None
    assert on_page["headings"][1] == "mean validation accuracy (%)"
    assert [row["cells"][1] for row in on_page["rows"]] == ["60.50", "50.50"]
    assert on_page["rows"][0]["cells"][2].startswith("54.1")
    assert [cells[1] for _, cells in printed_table.rows] == ["0.6050", "0.5050"]


def printed(sweep: Sweep) -> str:
    """Return the table as it stands in a file."""
    file = io.StringIO()
    console = Console(file=file, width=200, highlight=False)
    if sweep.seed_key is None:
        print_table(sweep, console)
    else:
        print_pooled(sweep, console, answer(sweep, None))
    return file.getvalue()


def test_the_table_has_a_row_per_configuration(tmp_path: Path) -> None:
    lines = printed(read(tmp_path, LUCKY)).splitlines()
    found = t_interval([0.84, 0.85, 0.86])
    assert [line.split()[0] for line in lines[:4]] == ["regularizer", "dropout", "none", "l2"]
    assert lines[1].split()[1:6] == ["0.8500", f"{found.low:.4f}", "to", f"{found.high:.4f}", "3"]
    assert lines[4] == "9 trials: 9 complete"


@pytest.mark.parametrize(
    ("direction", "trials", "expected"),
    [
        (
            "maximize",
            [(1, 0, 0.99), (1, 1, 0.5), (2, 0, 0.8), (2, 1, 0.82)],
            "best of 2 by the mean over net.seed: x=2, 0.81 over 2 (trials 2, 3)",
        ),
        (
            "minimize",
            [(1, 0, 0.1), (1, 1, 2.0), (2, 0, 0.6), (2, 1, None)],
            "best of 2 by the mean over net.seed: x=2, 0.6 over 1 of 2 (trial 2)",
        ),
        ("maximize", [(1, 0, 0.5), (2, 0, 0.9)], "best: trial 1, 0.9, x=2 net.seed=0"),
    ],
)
def test_a_sweep_of_another_application_ends_with_the_best_mean(
    caplog: pytest.LogCaptureFixture, direction: str, trials: list[tuple[int, int, float | None]], expected: str
) -> None:
    study = optuna.create_study(direction=StudyDirection[direction.upper()])
    choices: dict[str, BaseDistribution] = {
        "x": CategoricalDistribution([1, 2]),
        "net.seed": CategoricalDistribution([0, 1]),
    }
    for x, seed, value in trials:
        state = TrialState.FAIL if value is None else TrialState.COMPLETE
        study.add_trial(
            create_trial(params={"x": x, "net.seed": seed}, distributions=choices, value=value, state=state)
        )
    with caplog.at_level("INFO", logger="hydra_plugins.regsweep"):
        announce_best(study, study.best_trial)
    assert [record.getMessage() for record in caplog.records if record.name.startswith("hydra_plugins")] == [expected]


@pytest.mark.parametrize("is_recorded", [True, False])
def test_where_the_matching_none_is_lost_nothing_is_compared_with_another(tmp_path: Path, *, is_recorded: bool) -> None:
    rates = ((0.1, 0.8), (0.2, None))
    trials = [of("none", seed, base, overrides={"optimizer.lr": lr}) for lr, base in rates for seed in (0, 1)]
    trials += [of("l2", seed, 0.9 + seed / 100, overrides={"optimizer.lr": lr}) for lr, _ in rates for seed in (0, 1)]
    folder = write_sweep(tmp_path / "s", trials)
    for number in (2, 3) if not is_recorded else ():
        (folder / str(number) / "result.json").unlink()
    pools = Pools(read_sweep(folder))
    assert pools.num_compared == 2
    assert list(pools.differences) == [4], "not against none at the other rate"
