"""How often a difference that is not there is claimed, and one that is: ``python benchmarks/claims.py [TRIALS]``.

TRIALS is the table of a sweep over learning rates and seeds, without regularization and with the test set; by default
claims.csv, measured on digits by ::

    regsweep -m hydra/launcher=pool hydra.launcher.workers=2 device.threads=1 trainer.test=true seed=0,1,2,3,4,5,6,7 \
        optimizer.lr=0.003,0.0046,0.007,0.0105,0.016,0.0245,0.037,0.0565,0.086,0.13,0.2,0.3

Every regularizer here is a placebo: it changes nothing, but a network with it is trained with other noise. What the
noise of one seed has in common between networks is `SHARED` of its variance. A search draws the learning rates of the
baseline and of the placebos; a grid has the placebos at one good rate, and the baseline's are that one and four a
decade to either side.

The rule "one seed, one baseline" takes the best trials by their one seed and compares them with the tuned baseline. The
rule "three seeds, two baselines" runs the three best of each kind on three further seeds, and claims only what differs
from the tuned baseline and from the same network without regularization at its own other settings. A second table has
differences of known size, with normal noise.

Shapes: E experiments, K configurations, T trials, S seeds.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator
from scipy.special import ndtr
from scipy.stats import t as student_t
from table import print_header, print_row

from regsweep.statistics.p_values import RESAMPLES
from regsweep.statistics.power import seeds_needed

Floats = NDArray[np.float64]
Signs = NDArray[np.int_]

LEVEL = 0.05
TRIALS = 20
SHARED = 0.25
GOOD_RATES = (0.05, 0.1)
FINALISTS, FURTHER_SEEDS = 3, 3
MOST_ENUMERATED = 16
TOLERANCE = 1e-6  # of a mean, in float32: patterns that tie with what was observed count
ROWS_AT_ONCE = 100

EFFECT_SEEDS, EFFECT_NOISE, LUCK = 10, 0.5, 0.2
COMPARED, COMPARED_TRIALS = 4, 15
"""Placebos of a comparison, and the trials of each one's search."""


@cache
def patterns(num_seeds: int) -> NDArray[np.float32]:
    """Return the sign patterns, one a row: all that there are, or as many as `regsweep.statistics` draws."""
    if num_seeds <= MOST_ENUMERATED:
        bits = np.arange(2**num_seeds)[:, None] >> np.arange(num_seeds) & 1
    else:
        bits = np.random.default_rng(0).integers(0, 2, (RESAMPLES, num_seeds))
    return (1 - 2 * bits).astype(np.float32)


def sign_flip_p_values(differences_RS: Floats) -> Floats:
    """Return `regsweep.statistics.p_values.sign_flip_p_value` of each row."""
    num_seeds = differences_RS.shape[1]
    signs_PS = patterns(num_seeds)
    extra = 0 if num_seeds <= MOST_ENUMERATED else 1  # of drawn patterns, the observed one counts as one more
    p_values = []
    for start in range(0, len(differences_RS), ROWS_AT_ONCE):
        rows_RS = differences_RS[start : start + ROWS_AT_ONCE]
        scale_R = np.maximum(np.abs(rows_RS).max(1), 1e-12)
        scaled_RS = (rows_RS / scale_R[:, None]).astype(np.float32)
        observed_R = np.abs(scaled_RS.sum(1))
        as_far_R = (scaled_RS @ signs_PS.T >= observed_R[:, None] - num_seeds * TOLERANCE).sum(1)
        p_values.append(np.minimum(1.0, 2 * (as_far_R + extra) / (len(signs_PS) + extra)))
    return np.concatenate(p_values) if p_values else np.empty(0)


def holm(p_EK: Floats) -> Floats:
    """Return each row's p-values, adjusted as by `regsweep.statistics.p_values.holm`."""
    num = p_EK.shape[1]
    order_EK = np.argsort(p_EK, axis=1)
    sorted_EK = np.take_along_axis(p_EK, order_EK, 1) * np.arange(num, 0, -1)
    adjusted_EK = np.empty_like(p_EK)
    np.put_along_axis(adjusted_EK, order_EK, np.minimum(np.maximum.accumulate(sorted_EK, 1), 1.0), 1)
    return adjusted_EK


def claims(tuned_EKS: Floats, own_EKS: Floats | None) -> Signs:
    """Return what is claimed of each configuration: 1 better, -1 behind, 0 nothing.

    Args:
        tuned_EKS: differences from the tuned baseline.
        own_EKS: from the same network without regularization; None where one baseline is enough.
    """
    num, k, num_seeds = tuned_EKS.shape
    p_EK = sign_flip_p_values(tuned_EKS.reshape(-1, num_seeds)).reshape(num, k)
    shown_EK = (holm(p_EK) <= LEVEL) & leaves_out_zero(tuned_EKS, k)
    sign_EK = np.sign(tuned_EKS.mean(2)).astype(int)
    if own_EKS is not None:
        p_EK[shown_EK] = np.maximum(p_EK[shown_EK], sign_flip_p_values(own_EKS[shown_EK]))
        is_same_EK = np.sign(own_EKS.mean(2)) == sign_EK
        shown_EK &= (holm(p_EK) <= LEVEL) & is_same_EK & leaves_out_zero(own_EKS, k)
    return np.where(shown_EK, sign_EK, 0)


def half_widths(differences_EKS: Floats, k: int) -> Floats:
    """Return half the width of each t interval at 1 - LEVEL/k, as `regsweep.statistics.comparison.compare` has it."""
    num_seeds = differences_EKS.shape[2]
    quantile = float(student_t.ppf(1 - LEVEL / k / 2, num_seeds - 1))
    widths: Floats = quantile * differences_EKS.std(2, ddof=1) / math.sqrt(num_seeds)
    return widths


def leaves_out_zero(differences_EKS: Floats, k: int) -> NDArray[np.bool_]:
    """Return whether each t interval at 1 - LEVEL/k leaves out zero."""
    outside: NDArray[np.bool_] = np.abs(differences_EKS.mean(2)) > half_widths(differences_EKS, k)
    return outside


class Surface:
    """What a network reaches at a learning rate, with the noise of its seed.

    Between the measured rates, and between the seeds measured at each, accuracies are interpolated.

    Args:
        accuracies: of validation and test images, in percent, of each seed at each learning rate.
    """

    def __init__(self, accuracies: dict[float, list[tuple[float, float]]]) -> None:
        self.rates = sorted(accuracies)
        sorted_RS2 = np.sort([accuracies[rate] for rate in self.rates], axis=1)
        num_seeds = sorted_RS2.shape[1]
        self._ends = (0.5 / num_seeds, 1 - 0.5 / num_seeds)
        shares = np.linspace(*self._ends, num_seeds)
        grid = (np.log(self.rates), shares)
        self._validation, self._test = (RegularGridInterpolator(grid, sorted_RS2[:, :, i]) for i in (0, 1))

    @classmethod
    def read(cls, trials: Path) -> Surface:
        """Return the surface of a table of trials, as ``regsweep report`` writes it."""
        accuracies = defaultdict(list)
        with trials.open(newline="") as file:
            for row in csv.DictReader(file):
                both = (100 * float(row["validation_accuracy"]), 100 * float(row["test_accuracy"]))
                accuracies[float(row["optimizer.lr"])].append(both)
        return cls(accuracies)

    def validation(self, rates: Floats, shared: Floats, noise: np.random.Generator) -> Floats:
        """Return accuracies on validation images; `shared` is the standard normal noise of each run's seed."""
        return self._draw(self._validation, rates, shared, noise)

    def test(self, rates: Floats, shared: Floats, noise: np.random.Generator) -> Floats:
        """Return accuracies on test images."""
        return self._draw(self._test, rates, shared, noise)

    def _draw(self, of: RegularGridInterpolator, rates: Floats, shared: Floats, noise: np.random.Generator) -> Floats:
        shape = np.broadcast_shapes(rates.shape, shared.shape)
        luck = math.sqrt(SHARED) * shared + math.sqrt(1 - SHARED) * noise.standard_normal(shape)
        inside = np.clip(np.broadcast_to(rates, shape), self.rates[0], self.rates[-1])
        drawn: Floats = of((np.log(inside), np.clip(ndtr(luck), *self._ends)))
        return drawn


# Rates of the baseline's trials (E, T), and of each kind's (E, K, T).
Drawn = tuple[Floats, Floats]


def search(num_experiments: int, kinds: int, rates: list[float], noise: np.random.Generator) -> Drawn:
    """Return the learning rates of a random search; the baseline's has as many trials as that of all kinds."""
    each = math.ceil(TRIALS / kinds)
    logs_EN = noise.uniform(math.log(rates[0]), math.log(rates[-1]), (num_experiments, 2 * each * kinds))
    baseline_ET, placebos_ET = np.split(np.exp(logs_EN), 2, axis=1)
    return baseline_ET, placebos_ET.reshape(num_experiments, kinds, each)


def comparison(num_experiments: int, kinds: int, rates: list[float], noise: np.random.Generator) -> Drawn:
    """Return the learning rates of a comparison: a random search of as many trials for each kind, and the baseline."""
    shape = (num_experiments, kinds + 1, COMPARED_TRIALS)
    drawn_EKT = np.exp(noise.uniform(math.log(rates[0]), math.log(rates[-1]), shape))
    return drawn_EKT[:, 0], drawn_EKT[:, 1:]


def grid(good: float, num_experiments: int, kinds: int, noise: np.random.Generator) -> Drawn:
    """Return the learning rates of a grid: the rate `good` of all placebos, five of the baseline."""
    around_ET = good * 10 ** noise.uniform(-1, 1, (num_experiments, 4))
    placebos_EKT = np.full((num_experiments, kinds, 1), good)
    return np.concatenate([placebos_EKT[:, 0], around_ET], axis=1), placebos_EKT


def choose_by_one_seed(surface: Surface, drawn: Drawn, noise: np.random.Generator) -> Drawn:
    """Return the rate of the baseline (E,) and of each configuration (E, K): the best trials, whatever their kind."""
    baseline_ET, kinds_EKT = drawn
    num = len(baseline_ET)
    placebos_ET = kinds_EKT.reshape(num, -1)
    seed_E1 = noise.standard_normal((num, 1))
    of_baseline = surface.validation(baseline_ET, seed_E1, noise)
    of_placebos = surface.validation(placebos_ET, seed_E1, noise)
    return _best(of_baseline, baseline_ET, 1)[:, 0], _best(of_placebos, placebos_ET, FINALISTS)


def choose_by_further_seeds(surface: Surface, drawn: Drawn, noise: np.random.Generator) -> Drawn:
    """Return the same of the baseline and of each kind: of its three best by one seed, the best mean of three more."""
    baseline_ET, kinds_EKT = drawn
    num = len(baseline_ET)
    seed_E = noise.standard_normal(num)
    further_ES = noise.standard_normal((num, FURTHER_SEEDS))

    def choose(rates_ET: Floats) -> Floats:
        finalists_EF = _best(surface.validation(rates_ET, seed_E[:, None], noise), rates_ET, FINALISTS)
        runs_EFS = surface.validation(finalists_EF[:, :, None], further_ES[:, None], noise)
        return _best(runs_EFS.mean(2), finalists_EF, 1)[:, 0]

    return choose(baseline_ET), np.stack([choose(kinds_EKT[:, i]) for i in range(kinds_EKT.shape[1])], axis=1)


def _best(values_ET: Floats, rates_ET: Floats, num: int) -> Floats:
    """Return the rates of the `num` highest values of each experiment, the earliest of equals first."""
    return np.take_along_axis(rates_ET, np.argsort(-values_ET, axis=1, kind="stable")[:, :num], 1)


def placebos(surface: Surface, drawn: Drawn, num_seeds: int, two: bool, noise: np.random.Generator) -> Signs:
    """Return what is claimed of the placebos of each experiment.

    Args:
        surface: what the networks reach.
        drawn: the sweeps' learning rates.
        num_seeds: of the confirmation.
        two: whether finalists run on three further seeds and a claim takes two baselines.
        noise: of all that is drawn.
    """
    choose = choose_by_further_seeds if two else choose_by_one_seed
    baseline_E, chosen_EK = choose(surface, drawn, noise)
    fresh_E1S = noise.standard_normal((len(baseline_E), 1, num_seeds))
    chosen_EKS = surface.test(chosen_EK[:, :, None], fresh_E1S, noise)
    tuned_EKS = chosen_EKS - surface.test(baseline_E[:, None, None], fresh_E1S, noise)
    own_EKS = chosen_EKS - surface.test(chosen_EK[:, :, None], fresh_E1S, noise)
    return claims(tuned_EKS, own_EKS if two else None)


def effects(effect: float, k: int, two: bool, num: int, seed: int) -> Signs:
    """Return what is claimed where the first of `k` configurations has `effect`, in points, and the others have none.

    What a network was tuned to is luck, of the baseline and of each configuration; its own baseline has its luck. The
    differences of two networks have the noise `EFFECT_NOISE`.
    """
    noise = np.random.default_rng([seed, k, round(100 * effect), two])
    of_run = EFFECT_NOISE / math.sqrt(2)
    luck_EK1 = noise.normal(0, LUCK, (num, k, 1))
    effect_K1 = np.where(np.arange(k) == 0, effect, 0.0)[:, None]
    chosen_EKS = effect_K1 + luck_EK1 + noise.normal(0, of_run, (num, k, EFFECT_SEEDS))
    tuned_E1S = noise.normal(0, LUCK, (num, 1, 1)) + noise.normal(0, of_run, (num, 1, EFFECT_SEEDS))
    own_EKS = luck_EK1 + noise.normal(0, of_run, (num, k, EFFECT_SEEDS))
    return claims(chosen_EKS - tuned_E1S, chosen_EKS - own_EKS if two else None)


def print_comparison(surface: Surface, num: int, seed: int) -> None:
    """Print how often a comparison of placebos claims any difference, of either sign."""
    print(f"\nA comparison of {COMPARED} placebos, {COMPARED_TRIALS} trials each: % of {num:,} that claim anything\n")
    print_header("seeds", "any claim", "better", "behind")
    for num_seeds in (10, 20, 30):
        noise = np.random.default_rng(seed)
        claimed = placebos(surface, comparison(num, COMPARED, surface.rates, noise), num_seeds, True, noise)
        ways = [claimed != 0, claimed == 1, claimed == -1]
        print_row(f"{num_seeds}", *(share(way.any(1)) for way in ways))


def print_seeds_needed(num: int, seed: int) -> None:
    """Print how often an effect is shown with the number of seeds that is said to show it, without luck of tuning."""
    print(f"\nSeeds that are said to show an effect, noise {EFFECT_NOISE}: % of {num:,} in which they do\n")
    print_header("effect, points", "configurations", "seeds", "shown")
    of_run = EFFECT_NOISE / math.sqrt(2)
    for effect in (0.3, 0.5, 1.0):
        for k in (1, 4, 10):
            noise = np.random.default_rng([seed, k, round(100 * effect)])
            num_seeds = seeds_needed(effect, EFFECT_NOISE, k)
            effect_K1 = np.where(np.arange(k) == 0, effect, 0.0)[:, None]
            chosen, tuned, own = (
                shift + noise.normal(0, of_run, (num, each, num_seeds))
                for shift, each in ((effect_K1, k), (0.0, 1), (0.0, k))
            )
            claimed = claims(chosen - tuned, chosen - own)
            print_row(f"{effect:g}", f"{k}", f"{num_seeds}", share(claimed[:, 0] == 1))


def print_coverage(num: int, seed: int) -> None:
    """Print how often printed intervals hold the true difference: one of them, all together, that of the headline."""
    print(f"\nIntervals of normal differences, {EFFECT_SEEDS} seeds: % of {num:,} that hold the truth\n")
    print_header("configurations", "one", "all together", "the largest difference's")
    for k in (1, 3, 4, 5, 10):
        d_EKS = np.random.default_rng([seed, k]).normal(0, 1, (num, k, EFFECT_SEEDS))
        holds_EK = ~leaves_out_zero(d_EKS, k)
        largest_E = np.abs(d_EKS.mean(2)).argmax(1)
        headline_E = np.take_along_axis(holds_EK, largest_E[:, None], 1)[:, 0]
        print_row(f"{k}", share(holds_EK[:, 0]), share(holds_EK.all(1)), share(headline_E))


def share(happened_E: Any) -> str:
    """Return the share of experiments with its standard error, both in percent."""
    mean = float(happened_E.mean())
    return f"{100 * mean:.2f} ± {100 * math.sqrt(mean * (1 - mean) / len(happened_E)):.2f}"


RULES = {False: "one seed, one baseline", True: "three seeds, two baselines"}


def print_placebos(surface: Surface, num: int, seed: int, all_seeds: tuple[int, ...] = (10, 20, 30)) -> None:
    """Print how often any placebo of an experiment is called better, and called behind."""
    print(f"\nPlacebos: % of {num:,} experiments that claim a difference of any, ± standard error\n", flush=True)
    print_header("sweep", "kinds", "rule", *(f"{way}, {n} seeds" for n in all_seeds for way in ("better", "behind")))
    for kinds in (1, 3):
        for good in (None, *GOOD_RATES):
            for two, rule in RULES.items():
                noise = np.random.default_rng(seed)
                drawn = grid(good, num, kinds, noise) if good else search(num, kinds, surface.rates, noise)
                found = [placebos(surface, drawn, n, two, noise) for n in all_seeds]
                shares = [share((claimed == sign).any(1)) for claimed in found for sign in (1, -1)]
                print_row(f"grid at {good}" if good else "search", f"{kinds}", rule, *shares)


def print_effects(num: int, seed: int) -> None:
    """Print how often an effect is shown, and a placebo called different."""
    print(f"\nEffects: % of {num:,} experiments with {EFFECT_SEEDS} seeds, ± standard error\n")
    print_header("effect, points", "configurations", "rule", "shown as better", "any without effect called different")
    for effect in (0.0, 0.5, 1.0):
        for k in (1, 10):
            for two, rule in RULES.items():
                claimed = effects(effect, k, two, num, seed)
                without = claimed[:, 1:] if effect else claimed
                different = share((without != 0).any(1)) if without.shape[1] else "–"
                print_row(f"{effect:g}", f"{k}", rule, share(claimed[:, 0] == 1) if effect else "–", different)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trials", type=Path, nargs="?", default=Path(__file__).with_suffix(".csv"))
    parser.add_argument("--experiments", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print_effects(given.experiments, given.seed)
    print_coverage(given.experiments, given.seed)
    print_seeds_needed(given.experiments, given.seed)
    print_comparison(Surface.read(given.trials), given.experiments, given.seed)
    print_placebos(Surface.read(given.trials), given.experiments, given.seed)


if __name__ == "__main__":
    main()
