"""What pruners would have done in a search: ``python benchmarks/pruners.py SWEEP [--orders 200]``.

SWEEP is the folder of a random search without a pruner, such as::

    python -m regsweep -m sweep=regularization dataset=fashion_mnist dataset.root=data dataset.train_size=5000 \
        hydra/sweeper/sampler=random hydra.sweeper.n_trials=150 hydra.sweep.dir=sweep

Its trials' validation accuracies are replayed in random orders: two workers, an epoch at a time. So every pruner sees
the same trials, many times over, and nothing depends on how fast a machine is. What a sampler would have drawn instead
because of what was pruned is left out; benchmarks/simulated.py has it in.
"""

from __future__ import annotations

import argparse
import heapq
import statistics
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.utils import instantiate
from omegaconf import DictConfig
from optuna.pruners import BasePruner, NopPruner
from optuna.trial import Trial, TrialState
from table import print_header, print_row

from regsweep import load_sweep
from regsweep.app.searched import settle
from regsweep.paths import config_folder

Curve = list[float]
"""Validation accuracy after each epoch."""

SEARCH = 40
"""Trials of a search."""

RARE = 20
"""A good trial is one of the best 1 in so many."""

WORKERS = 2

Begun = Iterator[tuple[Trial, Curve]]
"""Trials as they begin, each with what it will report; asked for its next one when a worker is free."""


def curves_of(folder: Path) -> list[Curve]:
    """Return the curve of every complete trial."""
    trials = load_sweep(folder)
    numbers = trials["number"][trials["status"] == "complete"]
    return [pd.read_csv(folder / str(n) / "history.csv")["validation_accuracy"].tolist() for n in numbers]


def run(study: optuna.Study, begun: Begun, num_workers: int = WORKERS) -> Iterator[tuple[int, float]]:
    """Let workers train trials an epoch at a time, as far as the study's pruner lets them.

    Yields:
        for each trial that ran whole, after how many epochs of a worker it ended, and its final accuracy.
    """
    # When a worker has trained its next epoch; the worker; its trial, the curve and the epoch.
    busy = [(1, worker, *next(begun), 1) for worker in range(num_workers)]
    while busy:
        now, worker, trial, curve, epoch = heapq.heappop(busy)
        if epoch == len(curve):
            study.tell(trial, curve[-1])
            yield now, curve[-1]
        else:
            trial.report(curve[epoch - 1], epoch)
            if not trial.should_prune():
                heapq.heappush(busy, (now + 1, worker, trial, curve, epoch + 1))
                continue
            study.tell(trial, state=TrialState.PRUNED)
        if (following := next(begun, None)) is not None:
            heapq.heappush(busy, (now + 1, worker, *following, 1))


def replay(curves: Sequence[Curve], pruner: BasePruner, name: str = "replay") -> tuple[int, list[tuple[int, float]]]:
    """Let workers train `curves` in their order; return the epochs of all trials together and what `run` yields.

    Hyperband divides the trials by the `name` of the study.
    """
    study = optuna.create_study(study_name=name, direction="maximize", pruner=pruner)
    whole = list(run(study, ((study.ask(), curve) for curve in curves)))
    num_epochs = sum(
        len(trial.intermediate_values) + (trial.state == TrialState.COMPLETE) for trial in study.get_trials()
    )
    return num_epochs, whole


def pruners(epochs: int) -> dict[str, Callable[[], BasePruner]]:
    """Return a maker of each pruner by name: none, those of conf/, and Optuna's own successive halving."""
    found: dict[str, Callable[[], BasePruner]] = {"none": NopPruner}
    for path in sorted((config_folder() / "hydra" / "sweeper" / "pruner").glob("*.yaml")):
        config = sweeper_config(f"trainer.epochs={epochs}", f"hydra/sweeper/pruner={path.stem}").pruner
        found[path.stem] = partial(
            instantiate, config, _execution_whitelist_=["optuna.pruners.*", "regsweep.sweeper.pruners.*"]
        )
    halving = optuna.pruners.SuccessiveHalvingPruner
    return {**found, "Optuna's own successive halving": partial(halving, min_resource=3, reduction_factor=3)}


def sweeper_config(*overrides: str) -> DictConfig:
    """Return the sweeper's configuration under ``sweep=regularization``, as a search has it."""
    with initialize_config_dir(str(config_folder())):
        composed = compose("config", overrides=["sweep=regularization", *overrides], return_hydra_config=True)
        settle(composed, GlobalHydra.instance().config_loader())
    sweeper = composed.hydra.sweeper
    assert isinstance(sweeper, DictConfig)
    return sweeper


def print_ranks(curves: Sequence[Curve]) -> None:
    """Print how well an epoch's accuracy ranks the trials as the last one does, all and the better half."""
    table = pd.DataFrame(curves)
    final = table.iloc[:, -1]
    better = table[final > final.median()]
    epochs = [epoch for epoch in (1, 2, 3, 4, 6, 9, 12, 18, 27) if epoch < table.shape[1]]
    print_header("rank correlation with the last epoch after", *map(str, epochs))
    for name, part in (("all trials", table), ("the better half", better)):
        print_row(name, *(f"{part.iloc[:, e - 1].corr(part.iloc[:, -1], method='spearman'):.2f}" for e in epochs))


def print_searches(curves: Sequence[Curve], num_orders: int) -> None:
    """Print what each pruner made of the same searches."""
    finals = [curve[-1] for curve in curves]
    good = sorted(finals)[-max(1, round(len(finals) / RARE))]
    orders = [np.random.default_rng(seed).permutation(len(curves)) for seed in range(num_orders)]
    print(f"\n{len(curves)} trials, {num_orders} orders; good: {good:.4f} or more, one trial in {RARE}\n")
    each = (f"{SEARCH} trials: epochs", "whole", "points lost of the best, mean", "9 in 10 lose at most")
    print("Times are in epochs of a worker.\n")
    print_header("pruner", *each, "first good trial after, median", "3 in 4 need at most")
    for name, make in pruners(len(curves[0])).items():
        epochs, whole, lost, needed = [], [], [], []
        for number, order in enumerate(orders):
            num_epochs, searched = replay([curves[i] for i in order[:SEARCH]], make(), f"replay {number}")
            epochs.append(num_epochs)
            whole.append(len(searched))
            best = max(accuracy for _, accuracy in searched)
            lost.append(100 * (max(finals[i] for i in order[:SEARCH]) - best))
            _, endless = replay([curves[i] for i in order], make(), f"replay {number}")
            needed.append(min((now for now, accuracy in endless if accuracy >= good), default=np.inf))
        cells = [f"{statistics.mean(epochs):,.0f}", f"{statistics.mean(whole):.1f}", f"{statistics.mean(lost):.2f}"]
        cells += [f"{np.quantile(lost, 0.9):.2f}"]
        print_row(name, *cells, *(f"{np.quantile(needed, q, method='higher'):.0f}" for q in (0.5, 0.75)))


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweep", type=Path)
    parser.add_argument("--orders", type=int, default=200)
    given = parser.parse_args()
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    curves = curves_of(given.sweep)
    if len(curves) < SEARCH:
        raise SystemExit(f"{given.sweep}: {len(curves)} complete trials; {SEARCH} or more are needed")
    print_ranks(curves)
    print_searches(curves, given.orders)


if __name__ == "__main__":
    main()
