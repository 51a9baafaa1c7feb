"""Pruned searches against plain ones, simulated: ``python benchmarks/simulated.py SWEEP [--searches 120]``.

SWEEP is the folder of a random search of ``sweep=regularization``, as for benchmarks/pruners.py. Regression trees
learn from its trials what curve a setting has; the noise is what they say wrongly of a trial that they did not see,
taken from one that is about as good. Every search draws its settings with the sampler of ``sweep=regularization``.

A plain search has one worker, no pruner and the 20 trials that ``sweep=regularization`` has by default. The other one
has two workers, which are no faster: what is printed is how many times sooner it is as good as the plain search's best
than that one ends, in epochs of a worker, "<1" where it is not so by then. Where each of the two is x times as fast, it
is x times as much.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from hydra.utils import instantiate
from joblib import Parallel, delayed
from omegaconf import DictConfig
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, NopPruner
from optuna.trial import TrialState
from pruners import WORKERS, Begun, Curve, curves_of, pruners, run, sweeper_config
from sklearn.ensemble import ExtraTreesRegressor
from table import print_header, print_row

from regsweep.paths import SweepPaths
from regsweep.sweeper.space import SearchSpace, read_trials


class Model:
    """What the trials of a sweep say of any setting.

    Args:
        settings: of each trial, the value of each parameter that it drew.
        curves: of each trial.
        distributions: of all parameters.
    """

    def __init__(
        self,
        settings: Sequence[Mapping[str, Any]],
        curves: Sequence[Curve],
        distributions: Mapping[str, BaseDistribution],
    ) -> None:
        self._distributions = distributions
        trees = ExtraTreesRegressor(100, min_samples_leaf=2, bootstrap=True, oob_score=True, random_state=0)
        self._trees = trees.fit([self._encode(setting) for setting in settings], np.array(curves))
        unseen = trees.oob_prediction_
        self._expected, self._noise = unseen[:, -1], np.array(curves) - unseen

    def draw(self, setting: Mapping[str, Any], noise: np.random.Generator) -> Curve:
        """Return a curve of `setting`, with the noise of one of the 15 trials nearest to it in final accuracy."""
        curve = self._trees.predict([self._encode(setting)])[0]
        nearest = np.argsort(np.abs(self._expected - curve[-1]))[:15]
        return [float(value) for value in np.clip(curve + self._noise[noise.choice(nearest)], 0, 1)]

    def _encode(self, setting: Mapping[str, Any]) -> list[float]:
        """Return a number for each parameter; one that was not drawn, under its condition, lies below all others."""
        encoded = []
        for name, distribution in self._distributions.items():
            low, high = getattr(distribution, "low", 0), getattr(distribution, "high", 1)
            value = distribution.to_internal_repr(setting[name]) if name in setting else None
            if getattr(distribution, "log", False):
                low, high, value = np.log(low), np.log(high), None if value is None else np.log(value)
            encoded.append(-1.0 if value is None else float((value - low) / (high - low)))
        return encoded


@dataclass(frozen=True)
class Searches:
    """How settings are drawn, and what becomes of them.

    Attributes:
        sweeper: the configuration of ``sweep=regularization``.
        space: its search space.
        model: of a sweep's trials.
    """

    sweeper: DictConfig
    space: SearchSpace
    model: Model

    def begin(self, pruner: BasePruner, seed: int, num_workers: int) -> Iterator[tuple[int, float]]:
        """Return what `run` yields of an endless search."""
        # No two searches have a seed in common, or they would begin with the same settings.
        own = seed * 10 + num_workers
        sampler = instantiate(
            self.sweeper.sampler, seed=own, constant_liar=num_workers > 1, _execution_whitelist_=["optuna.samplers.*"]
        )
        study = optuna.create_study(study_name=f"{own}", direction="maximize", pruner=pruner, sampler=sampler)
        for trial in read_trials(self.sweeper.initial_trials):
            study.enqueue_trial(trial)
        return run(study, self._begun(study, np.random.default_rng(own)), num_workers)

    def _begun(self, study: optuna.Study, noise: np.random.Generator) -> Begun:
        while True:
            trial = study.ask()
            yield trial, self.model.draw(self.space.draw(trial), noise)


def times_sooner(searches: Searches, make_pruner: Callable[[], BasePruner], seed: int) -> float:
    """Return how many times sooner a pruned search is as good as a plain one than that ends; 0: it is not by then."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    plain = list(itertools.islice(searches.begin(NopPruner(), seed, 1), searches.sweeper.n_trials))
    ended, best = plain[-1][0], max(accuracy for _, accuracy in plain)
    for now, accuracy in searches.begin(make_pruner(), seed, WORKERS):
        if now > ended:
            return 0.0
        if accuracy >= best:
            return ended / now
    raise AssertionError("such a search has no end")


def print_table(searches: Searches, epochs: int, num_searches: int) -> None:
    """Print a row for each pruner, over the same plain searches."""
    print(f"\n{num_searches} searches\n")
    print_header("pruner", "times sooner, median", "its standard error", "quartiles", "not sooner")
    for name, make in pruners(epochs).items():
        found = Parallel(-1)(delayed(times_sooner)(searches, make, seed) for seed in range(num_searches))
        draws = np.random.default_rng(0).choice(found, (1000, num_searches))  # the bootstrap
        low, median, high = (_shown(value) for value in np.quantile(found, (0.25, 0.5, 0.75)))
        error = "–" if median == "<1" else f"{np.median(draws, axis=1).std():.1f}"
        print_row(name, median, error, f"{low} and {high}", f"{np.mean(np.array(found) < 1):.0%}")


def _shown(times: float) -> str:
    return "<1" if times < 1 else f"{times:.1f}"


def read(folder: Path) -> tuple[Searches, int]:
    """Return the searches that the sweep in `folder` is the model of, and its trials' epochs."""
    sweeper = sweeper_config()
    params = [f"{name}={value}" for name, value in sweeper.params.items()]
    space = SearchSpace.parse(params, sweeper.conditions)
    curves = curves_of(folder)
    study = optuna.load_study(study_name=sweeper.study_name, storage=f"sqlite:///{SweepPaths(folder).study}")
    settings = [trial.params for trial in study.get_trials(states=[TrialState.COMPLETE])]
    return Searches(sweeper, space, Model(settings, curves, space.distributions)), len(curves[0])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweep", type=Path)
    parser.add_argument("--searches", type=int, default=120)
    given = parser.parse_args()
    searches, epochs = read(given.sweep)
    print_table(searches, epochs, given.searches)


if __name__ == "__main__":
    main()
