"""Measures of importance, simulated: ``python benchmarks/importance.py [--sweeps 200]``.

Sweeps of few trials in which one parameter has an effect and all others have none: how often that one has the longest
bar, for measures that packages have and for the report's (`regsweep.statistics.main_effects`), and how often a bar of
the report's stands above chance. Two of the parameters are set in some trials only, where their method is used. The
effect has 60 % of the variance where it acts; "collapsed": every tenth trial also fails by 20 standard deviations.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator
from optuna.trial import create_trial
from scipy import stats
from sklearn.ensemble import RandomForestRegressor
from table import print_header, print_row

from regsweep.statistics.main_effects import main_effects, of_curves, of_factors

Array = NDArray[np.float64]
Setting = dict[str, list[Any]]
"""The values of each parameter, trial by trial; None where it is not set."""

SPACE: dict[str, BaseDistribution] = {
    "lr": FloatDistribution(1e-3, 1, log=True),
    "clip": FloatDistribution(0.1, 10, log=True),
    "l2.use": CategoricalDistribution([False, True]),
    "l2.lambda": FloatDistribution(1e-6, 1e-2, log=True),
    "dropout.use": CategoricalDistribution([False, True]),
    "dropout.p": FloatDistribution(0, 0.8),
    "batch_norm": CategoricalDistribution([False, True]),
    "optimizer": CategoricalDistribution(["adam", "adamw", "sgd"]),
}
PARENTS = {"l2.lambda": "l2.use", "dropout.p": "dropout.use"}
EFFECTS = ("batch_norm", "l2.use", "lr", "dropout.p", "l2.lambda")
"""Two switches, an optimum within the range, and a slope and an optimum where a method is used."""
SHARE = 0.6
TREES = 100


def draw(num: int, random: np.random.Generator) -> Setting:
    """Return the settings of `num` trials, each method used in three at least and left out in two."""
    found: Setting = {}
    for name, space in SPACE.items():
        if isinstance(space, CategoricalDistribution):
            found[name] = [space.choices[i] for i in random.integers(len(space.choices), size=num)]
        elif isinstance(space, FloatDistribution) and space.log:
            found[name] = list(np.exp(random.uniform(np.log(space.low), np.log(space.high), num)))
        elif isinstance(space, FloatDistribution):
            found[name] = list(random.uniform(space.low, space.high, num))
    for name, parent in PARENTS.items():
        order = random.permutation(num)
        for i, is_used in zip(order, [True] * 3 + [False] * 2, strict=False):
            found[parent][i] = is_used
        found[name] = [value if used else None for value, used in zip(found[name], found[parent], strict=True)]
    return found


def score(setting: Setting, effect: str | None, random: np.random.Generator, *, collapsed: bool = False) -> Array:
    """Return the scores of the trials: an effect, where there is one, and noise."""
    num = len(setting["lr"])
    scores: Array = random.normal(size=num)
    if effect is not None:
        is_set = np.array([value is not None for value in setting[effect]])
        given = np.array([value for value in setting[effect] if value is not None], dtype=float)
        shape = -((np.log10(given) - np.log10(given).mean()) ** 2) if effect in ("lr", "l2.lambda") else given
        scores[is_set] += np.sqrt(SHARE / (1 - SHARE)) * (shape - shape.mean()) / (shape.std() or 1.0)
    if collapsed:
        scores[random.choice(num, max(1, num // 10), replace=False)] -= 20
    return scores


def report(setting: Setting, scores: Array) -> Array:
    """Return the shares of the report's figure."""
    return main_effects(stats.rankdata(scores), of_curves(columns(setting)), shuffles=1).shares_K


def columns(setting: Setting) -> list[NDArray[np.object_]]:
    """Return the settings as arrays."""
    found = []
    for values in setting.values():
        column = np.empty(len(values), dtype=object)
        column[:] = values
        found.append(column)
    return found


def encoded(setting: Setting) -> Array:
    """Return the settings as numbers (N, K): ranks, choices by their number, -1 where a parameter is not set."""
    found = []
    for column in columns(setting):
        is_set = np.array([value is not None for value in column])
        codes = np.full(len(column), -1.0)
        codes[is_set] = stats.rankdata([str(v) if isinstance(v, str) else float(v) for v in column[is_set]], "dense")
        found.append(codes)
    return np.column_stack(found)


def of_optuna(evaluator: Any) -> Callable[[Setting, Array], Array]:
    """Return a measure of Optuna's; fANOVA knows those parameters alone that all trials have."""

    def measure(setting: Setting, scores: Array) -> Array:
        study = optuna.create_study(direction="maximize")
        for i, value in enumerate(scores):
            given = {name: values[i] for name, values in setting.items() if values[i] is not None}
            spaces = {name: SPACE[name] for name in given}
            study.add_trial(create_trial(params=given, distributions=spaces, value=float(value)))
        params = None if isinstance(evaluator, PedAnovaImportanceEvaluator) else [k for k in SPACE if k not in PARENTS]
        found = optuna.importance.get_param_importances(study, evaluator=evaluator, params=params)
        return np.array([found.get(name, 0.0) for name in setting])

    return measure


def forest(setting: Setting, scores: Array) -> Array:
    """Return how much a random forest's error out of bag grows where one parameter is shuffled (Breiman 2001)."""
    x_NK, y_N = encoded(setting), stats.rankdata(scores)
    trees = RandomForestRegressor(TREES, min_samples_leaf=2, max_features=0.5, bootstrap=True, random_state=0)
    trees.fit(x_NK, y_N)
    random, k = np.random.default_rng(0), x_NK.shape[1]
    errors, num = np.zeros((k + 1, len(y_N))), np.zeros(len(y_N))
    for tree, drawn in zip(trees.estimators_, trees.estimators_samples_, strict=True):
        out = np.setdiff1d(np.arange(len(y_N)), drawn)
        versions = np.repeat(x_NK[out][None], k + 1, axis=0)
        for i in range(k):
            versions[1 + i, :, i] = random.permutation(versions[1 + i, :, i])
        predicted = tree.predict(versions.reshape(-1, k)).reshape(k + 1, -1)
        errors[:, out] += (predicted - y_N[out]) ** 2
        num[out] += 1
    total: Array = (errors / np.maximum(num, 1)).sum(axis=1)
    grown: Array = total[1:] - total[0]
    return grown


def distance_correlation(setting: Setting, scores: Array) -> Array:
    """Return the distance correlation with the ranks of the scores (Székely, Rizzo and Bakirov 2007)."""

    def centred(distance: Array) -> Array:
        moved: Array = distance - distance.mean(0) - distance.mean(1)[:, None] + distance.mean()
        return moved

    y_N, found = stats.rankdata(scores), []
    y_NN = centred(np.abs(y_N[:, None] - y_N))
    for name, x_N in zip(setting, encoded(setting).T, strict=True):
        is_choice = isinstance(SPACE[name], CategoricalDistribution)
        x_NN = centred(1.0 * (x_N[:, None] != x_N) if is_choice else np.abs(x_N[:, None] - x_N))
        found.append(max((x_NN * y_NN).mean(), 0) / np.sqrt((x_NN**2).mean() * (y_NN**2).mean() + 1e-12))
    return np.sqrt(found)


def spearman(setting: Setting, scores: Array) -> Array:
    """Return the rank correlation, squared, of the trials that have the parameter; of choices as they are numbered."""
    found = []
    for x_N in encoded(setting).T:
        is_set = x_N >= 0
        is_constant = len(np.unique(x_N[is_set])) < 2  # noqa: PLR2004
        found.append(0.0 if is_constant else float(stats.spearmanr(x_N[is_set], scores[is_set])[0]) ** 2)
    return np.array(found)


MEASURES: dict[str, tuple[Callable[[Setting, Array], Array], int]] = {
    "curve through ranks (the report's)": (report, 1),
    "Spearman's correlation, squared": (spearman, 1),
    "distance correlation": (distance_correlation, 1),
    "PED-ANOVA (Optuna's default)": (of_optuna(PedAnovaImportanceEvaluator()), 1),
    "fANOVA (Optuna)": (of_optuna(FanovaImportanceEvaluator(seed=0)), 5),
    "random forest, out of bag": (forest, 5),
}
"""Each with how many times fewer sweeps are simulated for it."""


def seeded(*key: int) -> np.random.Generator:
    """Return a generator for one sweep, the same for every measure."""
    return np.random.default_rng(key)


def share_on_top(measure: Callable[[Setting, Array], Array], num: int, sweeps: int, *, collapsed: bool = False) -> str:
    """Return in how many percent of the sweeps the one parameter with an effect has the longest bar."""
    hits = []
    for effect, sweep in product(EFFECTS, range(sweeps)):
        random = seeded(num, sweep, EFFECTS.index(effect))
        setting = draw(num, random)
        shares = measure(setting, score(setting, effect, random, collapsed=collapsed))
        hits.append(list(setting)[int(np.argmax(shares))] == effect)
    return percent(hits)


def largest_by_chance(measure: Callable[[Setting, Array], Array], num: int, sweeps: int) -> str:
    """Return the median of the largest bar where nothing has an effect, as a share of all bars."""
    found = []
    for sweep in range(5 * sweeps):
        random = seeded(num, sweep)
        setting = draw(num, random)
        shares = measure(setting, score(setting, None, random))
        found.append(max(shares) / max(np.maximum(shares, 0).sum(), 1e-12))
    return f"{np.median(found):.2f}"


def print_searches(num: int, sweeps: int) -> None:
    """Print how often the report's bars stand above chance, in searches of `num` trials."""
    shown, wrong, false = [], [], []
    for effect, sweep in product(EFFECTS, range(sweeps)):
        random = seeded(num, sweep, EFFECTS.index(effect))
        setting = draw(num, random)
        design = of_curves(columns(setting))
        is_above = main_effects(stats.rankdata(score(setting, effect, random)), design).is_above
        others = np.array([name != effect for name in setting])
        shown.append(is_above[~others].any())
        wrong.append(is_above[others].any())
        false.append(main_effects(random.normal(size=num), design).is_above.any())
    print_row(f"search of {num} trials", percent(shown), percent(wrong), percent(false))


def print_grids(missing: float, sweeps: int) -> None:
    """Print the same of grids of 3 × 2 × 2 × 2 configurations, of which a share has no result."""
    shown, wrong, false = [], [], []
    whole = np.array(list(product(range(3), range(2), range(2), range(2))))
    for sweep in range(5 * sweeps):
        random = seeded(sweep, int(100 * missing))
        kept = np.sort(random.permutation(len(whole))[: round((1 - missing) * len(whole))])
        codes = [np.unique(column, return_inverse=True)[1] for column in whole[kept].T]
        noise = random.normal(size=len(kept))
        design = of_factors(codes)
        is_above = main_effects(noise + np.sqrt(SHARE / (1 - SHARE)) * (2 * codes[1] - 1), design).is_above
        shown.append(is_above[1])
        wrong.append(np.delete(is_above, 1).any())
        false.append(main_effects(noise, design).is_above.any())
    title = f"grid of {len(whole)}{f', {100 * missing:.0f} % without a result' if missing else ''}"
    print_row(title, percent(shown), percent(wrong), percent(false))


def percent(happened: Sequence[Any]) -> str:
    """Return a share of the sweeps with its standard error."""
    share = float(np.mean(happened))
    return f"{100 * share:.0f} ± {100 * np.sqrt(share * (1 - share) / len(happened)):.0f}"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweeps", type=int, default=200, help="for each effect")
    sweeps = parser.parse_args().sweeps
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    print("\n% of sweeps in which the parameter with the effect has the longest bar, ± standard error\n")
    print_header("measure", "10 trials", "20", "50", "20, collapsed", "longest of all bars by chance, 20 trials")
    for name, (measure, fewer) in MEASURES.items():
        num = max(2, sweeps // fewer)
        on_top = [share_on_top(measure, trials, num) for trials in (10, 20, 50)]
        collapsed = share_on_top(measure, 20, num, collapsed=True)
        print_row(name, *on_top, collapsed, largest_by_chance(measure, 20, num))
    print("\n% of sweeps in which a bar of the report's stands above chance, ± standard error\n")
    print_header("sweep", "the parameter with the effect", "another one", "any, without an effect")
    for trials in (10, 15, 20, 30, 50):
        print_searches(trials, sweeps)
    for missing in (0.0, 0.15):
        print_grids(missing, sweeps)


if __name__ == "__main__":
    main()
