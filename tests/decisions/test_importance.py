"""Which parameters are said to matter: those with an effect, never a seed, and none where chance explains as much."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import yaml
from scipy import stats
from statsmodels.formula.api import ols

from regsweep.report.figures import Drawing, Evidence, importance, parallel_coordinates, slices
from regsweep.report.sweep import read_sweep
from regsweep.statistics.main_effects import LEVEL, MainEffects, main_effects, of_curves, of_factors
from tests.decisions.handmade import write_sweep
from tests.report.test_figures import make_sweep

L2, DROPOUT, BATCH_NORM = (f"regularizer.{name}" for name in ("l2", "dropout", "batch_norm"))
Trial = dict[str, Any]


def grid(value: Callable[[float, float, bool, int], float], seeds: int = 3) -> list[Trial]:
    """Return a grid of 4 λ × 2 dropout × BatchNorm × seeds."""
    trials = []
    for penalty, rate, norm, seed in product((0.0, 1e-4, 1e-3, 1e-2), (0.0, 0.5), (False, True), range(seeds)):
        overrides = {L2: penalty, DROPOUT: rate, BATCH_NORM: norm, "seed": seed}
        trials.append({"overrides": overrides, "seed": seed, "accuracy": float(value(penalty, rate, norm, seed))})
    return trials


def search(value: Callable[[Trial, float], float], num: int = 24) -> list[Trial]:
    """Return a search of a rate, BatchNorm and L2, whose λ is set where it is used."""
    random, trials = np.random.default_rng(1), []
    for _ in range(num):
        overrides: Trial = {
            "optimizer.lr": float(10 ** random.uniform(-3, 0)),
            BATCH_NORM: bool(random.random() < 0.5),
            f"{L2}.use": bool(random.random() < 0.6),
        }
        if overrides[f"{L2}.use"]:
            overrides[f"{L2}.lambda"] = float(10 ** random.uniform(-6, -2))
        trials.append({"overrides": overrides, "accuracy": float(value(overrides, random.normal()))})
    return trials


def lost(trials: list[Trial], *numbers: int) -> list[Trial]:
    return [t | {"status": "failed", "error": "it died"} if n in numbers else t for n, t in enumerate(trials)]


def collapsed(trials: list[Trial], *numbers: int) -> list[Trial]:
    return [t | {"accuracy": 0.01} if n in numbers else t for n, t in enumerate(trials)]


def noise(*key: Any) -> float:
    """Return about a hundredth, which looks drawn and follows from the settings."""
    return float(np.random.default_rng([int(1e6 * float(each)) for each in key]).normal(0, 0.01))


GRID = grid(lambda penalty, rate, norm, seed: 0.8 + 0.05 * norm + 0.002 * noise(penalty, rate, norm, seed))
OF_SEEDS = grid(lambda penalty, rate, norm, seed: 0.8 + 0.004 * norm + 0.1 * seed + 0.001 * noise(penalty, rate, norm))
NOTHING = grid(lambda penalty, rate, norm, seed: 0.8 + noise(penalty, rate, norm, seed))
OF_LAMBDA = grid(lambda penalty, rate, norm, seed: 0.8 - 5 * penalty + 0.03 * norm + 0.1 * noise(penalty, rate, norm))
A_SWITCH = search(lambda given, random: 0.8 + 0.05 * given[f"{L2}.use"] + 0.01 * random)
AN_OPTIMUM = search(lambda given, random: 0.8 - 0.05 * (np.log10(given["optimizer.lr"]) + 1.5) ** 2 + 0.005 * random)
WITHIN = search(lambda given, random: 0.8 + 0.03 * np.log10(given.get(f"{L2}.lambda", 1e-4)) + 0.01 * random)
CHANCE = search(lambda given, random: 0.8 + 0.01 * random, 15)

DECIDED = {
    "the one that has the effect": (GRID, ["batch_norm"], ["l2", "dropout"]),
    "not the seed, however large its effect": (OF_SEEDS, ["batch_norm"], ["l2", "dropout"]),
    "a weak one beside a strong one": (OF_LAMBDA, ["l2", "batch_norm"], ["dropout"]),
    "the same where seeds are lost": (lost(GRID, 3, 4, 20), ["batch_norm"], ["l2", "dropout"]),
    "the same where configurations are lost": (lost(GRID, *range(6, 12)), ["batch_norm"], ["l2", "dropout"]),
    "the same where one collapsed": (collapsed(GRID, 45, 46, 47), ["batch_norm"], ["l2", "dropout"]),
    "a switch, and not the setting that it turns on": (A_SWITCH, ["l2"], ["lr", "batch_norm", "l2.lambda"]),
    "a setting, and not the switch that turns it on": (WITHIN, ["l2.lambda"], ["lr", "batch_norm", "l2"]),
    "an optimum within the range": (AN_OPTIMUM, ["lr"], ["l2.lambda", "batch_norm", "l2"]),
}


def draw(folder: Path, trials: list[Trial]) -> Drawing:
    return importance.draw(Evidence(read_sweep(write_sweep(folder / "s", trials))))


@pytest.mark.parametrize(("trials", "above", "others"), DECIDED.values(), ids=DECIDED)
def test_what_is_said_to_matter(tmp_path: Path, trials: list[Trial], above: list[str], others: list[str]) -> None:
    drawing = draw(tmp_path, trials)
    assert drawing.data is not None, drawing.missing
    first, second, _ = drawing.caption.split(". ", 2)
    assert sorted(first.removeprefix("Above chance: ").split(", ")) == sorted(above)
    assert sorted(second.removeprefix("Not above it: ").split(", ")) == sorted(others)
    assert "seed" not in " ".join(drawing.data["parameter"])


@pytest.mark.parametrize(
    ("trials", "what"), [(NOTHING, "16 configurations"), (CHANCE, "15 complete trials")], ids=["grid", "search"]
)
def test_nothing_is_drawn_where_chance_explains_as_much(tmp_path: Path, trials: list[Trial], what: str) -> None:
    missing = draw(tmp_path, trials).missing
    assert missing is not None
    assert missing.startswith("no parameter stands out from chance: the most important, ")
    assert f" among {what}, where chance reaches " in missing


ALIKE = {"sgd": (-2.0, 0.0), "adam": (-4.0, -2.0), "rmsprop": (-4.0, -2.0)}
"""Powers of ten between which each optimizer's learning rates are drawn."""
RANGES = {name: f"tag(log, interval({10**low:g}, {10**high:g}))" for name, (low, high) in ALIKE.items()}
BY_CONDITION = [
    {"when": {"optimizer": "sgd"}, "range": RANGES["sgd"]},
    {"when": {"optimizer": ["adam", "rmsprop"]}, "range": RANGES["adam"]},
]
NAMED = ["lr (optimizer=sgd)", "lr (optimizer=adam|rmsprop)"]


def of_optimizers(folder: Path, params: Any, value: Callable[[str, float, float], float]) -> Path:
    """Write a search of optimizers and learning rates; `value` has the optimizer, its rate's place, and noise."""
    random, trials = np.random.default_rng(2), []
    for number in range(36):
        name, place = ("sgd", "adam", "rmsprop")[number % 3], (5 * (number // 3) % 12 + 0.5) / 12
        low, high = ALIKE[name]
        overrides = {"optimizer": name, "optimizer.lr": float(10 ** (low + place * (high - low)))}
        config = {"optimizer.name": name, "rates": RANGES}
        accuracy = float(value(name, place, random.normal()))
        trials.append({"overrides": overrides, "choices": {"optimizer": name}, "config": config, "accuracy": accuracy})
    write_sweep(folder, trials)
    settings = yaml.safe_load((folder / "multirun.yaml").read_text())
    settings["hydra"]["sweeper"] = {"params": params}
    (folder / "multirun.yaml").write_text(yaml.safe_dump(settings))
    return folder


def of_the_optimizer(name: str, place: float, random: float) -> float:
    return 0.7 + 0.1 * (name == "sgd") + 0.003 * random


def of_sgd_s_rate(name: str, place: float, random: float) -> float:
    return 0.7 + 0.1 * (place - 0.5) * (name == "sgd") + 0.003 * random


@pytest.mark.parametrize(
    ("params", "value", "above", "others"),
    [
        ({"optimizer.lr": BY_CONDITION}, of_the_optimizer, ["optimizer"], NAMED),
        ({"optimizer.lr": "${rates.${optimizer.name}}"}, of_the_optimizer, ["optimizer"], NAMED),
        ({"optimizer.lr": BY_CONDITION}, of_sgd_s_rate, NAMED[:1], ["optimizer", NAMED[1]]),
        ({"optimizer.lr": "tag(log, interval(1e-4, 1))"}, of_the_optimizer, ["optimizer", "lr"], []),
    ],
    ids=["several ranges", "one that refers to others", "an effect within a branch", "one range for all"],
)
def test_what_differs_between_optimizers_is_not_the_learning_rate_s(
    tmp_path: Path, params: Any, value: Callable[[str, float, float], float], above: list[str], others: list[str]
) -> None:
    evidence = Evidence(read_sweep(of_optimizers(tmp_path / "s", params, value)))
    drawing = importance.draw(evidence)
    assert drawing.data is not None, drawing.missing
    first, second, _ = drawing.caption.split(". ", 2)
    assert sorted(first.removeprefix("Above chance: ").split(", ")) == sorted(above)
    assert sorted(second.removeprefix("Not above it: ").split(", ") if others else []) == sorted(others)
    note = "Ranges of their own: lr (optimizer=sgd), lr (optimizer=adam|rmsprop); a difference"
    for caption in (slices.draw(evidence).caption, parallel_coordinates.draw(evidence).caption):
        assert (note in caption) == (NAMED[1] in others)


CAPTIONS = {
    "a whole grid": (GRID, "its main effect explains", ["without a result", "Ranks"]),
    "a grid with holes": (lost(GRID, *range(6, 12)), "2 combinations of the grid without a result", ["Ranks"]),
    "a grid in which one collapsed": (collapsed(GRID, 45, 46, 47), "Ranks stand in place", ["without a result"]),
    "a search": (A_SWITCH, "a curve through it", ["main effect", "without a result", "Ranks stand"]),
}


@pytest.mark.parametrize(("trials", "said", "unsaid"), CAPTIONS.values(), ids=CAPTIONS)
def test_the_caption_says_how_it_was_computed(
    tmp_path: Path, trials: list[Trial], said: str, unsaid: list[str]
) -> None:
    drawing = draw(tmp_path, trials)
    assert said in drawing.caption
    assert not [words for words in unsaid if words in drawing.caption]
    assert drawing.figure is not None
    is_ranked = "ranks" in drawing.figure.layout.xaxis.title.text
    assert is_ranked == (said not in ("its main effect explains", "2 combinations of the grid without a result"))


def test_a_main_effect_is_its_share_of_the_sum_of_squares(tmp_path: Path) -> None:
    """BatchNorm adds 6 points and dropout 2, so their squares are as 9 to 1; λ has none."""
    drawing = draw(tmp_path, grid(lambda _, rate, norm, seed: 0.8 + 0.06 * norm + 0.04 * rate + 0.001 * seed))
    assert drawing.data is not None
    found = dict(zip(drawing.data["parameter"], drawing.data["importance"], strict=True))
    assert found == pytest.approx({BATCH_NORM: 0.9, DROPOUT: 0.1, L2: 0.0}, abs=1e-9)


def test_of_two_keys_that_may_be_the_seed_neither_is_a_parameter(tmp_path: Path) -> None:
    """In another application's sweep none is then pooled over, but a seed is no setting all the same."""
    rows = [(seed, lr) for seed in range(6) for lr in (0.1, 0.2, 0.3)]
    swept = {
        "data.seed": [seed for seed, _ in rows],
        "model.seed": [0, 1] * 9,
        "lr": [lr for _, lr in rows],
        "width": [16] * 9 + [32] * 9,
    }
    accuracy = [0.5 + 0.05 * seed + lr / 10 for seed, lr in rows]
    found = importance.draw(Evidence(make_sweep(tmp_path, swept, validation_accuracy=accuracy)))
    assert "seed" not in f"{found.caption}{found.missing}"
    assert found.data is not None, found.missing
    assert set(found.data["parameter"]) == {"lr", "width"}


def effects_of(table: pd.DataFrame) -> MainEffects:
    codes = [np.unique(table[name], return_inverse=True)[1] for name in ("a", "b", "c")]
    return main_effects(table["y"].to_numpy(float), of_factors(codes), shuffles=50)


def test_where_trials_are_missing_shares_are_those_of_type_two() -> None:
    random = np.random.default_rng(2)
    table = pd.DataFrame(list(product("pqr", "st", "uv")) * 2, columns=["a", "b", "c"])
    table["y"] = 1.0 * (table["a"] == "q") + 0.5 * (table["b"] == "t") + random.normal(size=len(table))
    table = table.drop(index=[0, 1, 2, 5, 13])
    expected = sm.stats.anova_lm(ols("y ~ a + b + c", table).fit(), typ=2)["sum_sq"]
    total = ((table["y"] - table["y"].mean()) ** 2).sum()
    np.testing.assert_allclose(effects_of(table).shares_K, expected[["a", "b", "c"]] / total)


def test_a_factor_without_an_effect_has_no_share_where_trials_are_missing() -> None:
    """By means it would have one: where b is 0, a is 1 more often."""
    table = pd.DataFrame([(1, 0, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (0, 1, 1), (1, 1, 0)])
    table.columns = pd.Index(["a", "b", "c"])
    table["y"] = 1.0 * table["a"]
    assert effects_of(table).shares_K[1:] == pytest.approx([0, 0], abs=1e-12)
    assert table.groupby("b")["y"].mean().diff().iloc[-1] == pytest.approx(-0.5)


def values_of(num: int, random: np.random.Generator) -> list[np.ndarray]:
    switch = random.random(num) < 0.5
    setting = random.random(num).astype(object)
    setting[~switch] = None
    columns: list[np.ndarray] = [random.random(num), switch, setting, random.choice(["a", "b", "c"], num)]
    return [each.astype(object) for each in columns]


@pytest.mark.parametrize("kind", ["search", "grid"])
def test_of_sweeps_without_an_effect_few_have_a_parameter_above_chance(kind: str) -> None:
    """So often as the level says, over 300 sweeps, give or take three standard errors."""
    random, found = np.random.default_rng(3), []
    whole = np.array(list(product(range(3), range(2), range(2), range(2))))
    for _ in range(300):
        if kind == "search":
            design = of_curves(values_of(20, random))
            scores = stats.rankdata(random.normal(size=20))
        else:
            design = of_factors(list(whole.T))
            scores = random.normal(size=len(whole))
        found.append(main_effects(scores, design, shuffles=400).is_above.any())
    assert abs(np.mean(found) - LEVEL) < 3 * np.sqrt(LEVEL * (1 - LEVEL) / 300)


def test_the_same_sweep_has_the_same_marks() -> None:
    random = np.random.default_rng(4)
    design, scores = of_curves(values_of(30, random)), random.normal(size=30)
    one, other = (main_effects(scores, design) for _ in range(2))
    np.testing.assert_array_equal(one.chance_K, other.chance_K)


@pytest.mark.parametrize("num_missing", [0, 1, 3])
@pytest.mark.parametrize("effect", [0.0, 0.1, 1.0, 100.0])
def test_no_share_and_no_chance_is_above_one(num_missing: int, effect: float) -> None:
    """Few configurations leave so little that chance takes more than what is left unexplained."""
    draw = np.random.default_rng(0)
    whole = np.array(list(product(range(4), range(3))))
    for _ in range(5):
        kept = np.sort(draw.permutation(len(whole))[num_missing:])
        scores = draw.normal(size=len(whole)) + effect * whole[:, 1]
        found = main_effects(scores[kept], of_factors(list(whole[kept].T)), shuffles=300)
        for values in (found.shares_K, found.chance_K):
            assert ((values >= 0) & (values <= 1 + 1e-9)).all()
