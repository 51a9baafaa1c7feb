"""How often the interval over seeds and test examples holds the truth, for means of errors and of losses.

python benchmarks/means.py                 # ten minutes
python benchmarks/means.py --draws 200     # a minute

Each draw simulates a confirmation: two networks, ten seeds each, on test examples that are drawn too. The truth is the
mean difference over all such examples. Arrays are float64, of shape seeds × examples.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from table import print_header, print_row

from regsweep.statistics.intervals import Interval, seeds_and_images_interval, t_interval

SEEDS, SIZES = 10, (89, 360, 2000)
Draw = Callable[[np.random.Generator, int], np.ndarray]


def errors(deviation: float, freedom: float = np.inf) -> Draw:
    """Return differences of absolute errors: noise that networks share, beside what each gets wrong by itself.

    Args:
        deviation: of what a network gets wrong with every seed, the noise having 1.
        freedom: degrees of freedom of the noise, Student's t; infinite: normal.
    """

    def draw(rng: np.random.Generator, number: int) -> np.ndarray:
        noise = rng.standard_t(freedom, number) if np.isfinite(freedom) else rng.normal(size=number)

        def each(of_network: float, of_seed: float) -> np.ndarray:
            own = rng.normal(0, of_network, number) + rng.normal(0, 0.1, (SEEDS, 1))
            return np.abs(noise + own + rng.normal(0, of_seed, (SEEDS, number)))

        return np.asarray(each(1.3 * deviation, 0.5) - each(deviation, 0.3))

    return draw


def losses(difficulty: float, own: float) -> Draw:
    """Return differences of cross-entropy of two classes, by margins whose difficulty networks share."""

    def draw(rng: np.random.Generator, number: int) -> np.ndarray:
        shared = rng.normal(0, difficulty, number)

        def each(margin: float, confidence: float) -> np.ndarray:
            of_seed = rng.normal(0, 0.1, (SEEDS, 1)) + rng.normal(0, 0.3 * difficulty, (SEEDS, number))
            return np.logaddexp(0, -confidence * (margin + shared + rng.normal(0, own, number) + of_seed))

        return np.asarray(each(2.0, 1.5) - each(2.2, 1.0))

    return draw


def heavy_tailed(sigma: float) -> Draw:
    """Return differences that are in proportion to a lognormal difficulty of each example."""

    def draw(rng: np.random.Generator, number: int) -> np.ndarray:
        relative = 0.05 + rng.normal(0, 0.2, number) + rng.normal(0, 0.3, (SEEDS, number))
        return np.asarray(rng.lognormal(0, sigma, number) * relative + rng.normal(0, 0.02, (SEEDS, 1)))

    return draw


SETTINGS: dict[str, Draw] = {
    "absolute errors, normal noise": errors(0.5),
    "absolute errors, Student t noise (3)": errors(0.5, 3),
    "absolute errors, nearly all of it shared": errors(0.05),
    "cross-entropy, difficulty 1": losses(1.0, 0.3),
    "cross-entropy, difficulty 3": losses(3.0, 1.0),
    "lognormal difficulty, σ = 1": heavy_tailed(1.0),
    "lognormal difficulty, σ = 1.5": heavy_tailed(1.5),
}


def covered(draw: Draw, number: int, draws: int, truth: float) -> tuple[float, float]:
    """Return the percentages of draws whose interval holds the truth: over seeds and examples, over seeds alone."""
    rng, both, alone = np.random.default_rng(number), 0, 0
    for _ in range(draws):
        cells = draw(rng, number)
        both += _holds(seeds_and_images_interval(cells), truth)
        alone += _holds(t_interval(cells.mean(1)), truth)
    return 100 * both / draws, 100 * alone / draws


def _holds(interval: Interval, truth: float) -> bool:
    return interval.low <= truth <= interval.high


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=2000, help="of each setting; a quarter with the most examples")
    draws = parser.parse_args().draws
    print_header("differences", *(f"{size:,} examples" for size in SIZES))
    for name, draw in SETTINGS.items():
        rng = np.random.default_rng(0)
        truth = float(np.mean([draw(rng, 20_000).mean() for _ in range(600)]))
        cells = [covered(draw, size, draws // (4 if size == max(SIZES) else 1), truth) for size in SIZES]
        print_row(name, *(f"{both:.1f} ({alone:.0f})" for both, alone in cells))


if __name__ == "__main__":
    main()
