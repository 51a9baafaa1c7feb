"""What a comparison will train, and how long that takes, from one epoch of each contestant."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from omegaconf import DictConfig

from regsweep import records
from regsweep.app.contestants import Contestant
from regsweep.app.plan import CHOOSING_SEEDS, CONTENDERS
from regsweep.app.splits import describe_new_splits
from regsweep.app.stages import Origin, count_ended, named_trials, run_sweep
from regsweep.launcher.share import Machine
from regsweep.numbers import about, count
from regsweep.paths import ComparisonPaths, SweepPaths
from regsweep.report.confirmation import LEVEL
from regsweep.report.printed import say
from regsweep.report.sweep import read_sweep
from regsweep.statistics.intervals import Overlap
from regsweep.statistics.p_values import least_p_value, least_seeds

ONE_EPOCH = ["trainer.epochs=1", "optimizer.schedule=constant", "optimizer.warmup=0"]
"""A schedule may need more steps than an epoch has."""


@dataclass(frozen=True)
class Time:
    """What a run of a contestant takes, in seconds.

    Attributes:
        epoch: training and evaluation of one epoch.
        rest: everything else.
    """

    epoch: float
    rest: float


@dataclass(frozen=True)
class Effort:
    """How much a comparison trains.

    Attributes:
        num_trials: of each search.
        num_seeds: fresh ones, of each configuration.
        overlap: what their splits have in common, where each seed draws one.
    """

    num_trials: int
    num_seeds: int
    overlap: Overlap | None = None


def time_epochs(origin: Origin, paths: ComparisonPaths, contestants: Sequence[Contestant]) -> dict[str, Time]:
    """Train one epoch of each contestant, as far as that was not done, and return its times by the contestant's key."""
    if count_ended(paths.timing) < len(contestants):
        say("\none epoch of each, which shows how long the comparison takes")
        records.write_json(paths.timed_trials, [each.timed for each in contestants])
        replaced = {argument.partition("=")[0] for argument in ONE_EPOCH}
        kept = [argument for argument in origin.arguments if argument.partition("=")[0] not in replaced]
        base = ["sweep=regularization", "regularizer=none", *kept]
        arguments = [*base, *ONE_EPOCH, *named_trials("timing", paths.timed_trials)]
        run_sweep(origin, paths.timing, len(contestants), lambda: arguments)
    times = {}
    for row in read_sweep(paths.timing).trials.to_dict("records"):
        if row["status"] == "complete":
            epoch = float(row["train_seconds"]) + float(row["evaluate_seconds"])
            rest = max(0.0, float(row["total_seconds"]) - epoch)
            times[contestants[int(row["number"])].key] = Time(epoch, rest)
    return times


@dataclass(frozen=True)
class Left:
    """What is left to train, in runs; `own` are second baselines, which only shown differences take."""

    searches: list[int]
    choosing: int
    seeds: int
    own: int
    seconds_a_run: float
    num_workers: int

    @property
    def time(self) -> str:
        """Of all but second baselines, in words."""
        return self.time_of(*self.searches, self.choosing, self.seeds)

    def time_of(self, *sizes: int) -> str:
        """Return the time of sweeps of so many runs, one sweep after the other, in words."""
        return about(sum(math.ceil(size / self.num_workers) for size in sizes) * self.seconds_a_run)


def what_is_left(
    times: Mapping[str, Time],
    contestants: Sequence[Contestant],
    paths: ComparisonPaths,
    config: DictConfig,
    effort: Effort,
) -> Left:
    """Return what is left to train, by what has ended; a contestant without a time takes as long as the slowest."""
    num_trials, epochs = effort.num_trials, int(config.trainer.epochs)
    known = list(times.values())
    longest = Time(max((t.epoch for t in known), default=0.0), max((t.rest for t in known), default=0.0))
    keys, confirmation = [each.key for each in contestants], SweepPaths(paths.folder).confirmation
    mean = fmean(epochs * times.get(key, longest).epoch + times.get(key, longest).rest for key in keys)
    # Trial 0 of a search may be none of the best.
    num_choosing = min(CONTENDERS + 1, num_trials) * CHOOSING_SEEDS if num_trials > 1 else 0
    searches = [num_trials - count_ended(paths.search(key)) for key in keys]
    return Left(
        [size for size in searches if size > 0],
        max(0, len(keys) * num_choosing - count_ended(confirmation.choosing)),
        max(0, len(keys) * effort.num_seeds - count_ended(confirmation.seeds)),
        max(0, (len(keys) - 1) * effort.num_seeds - count_ended(confirmation.own)),
        mean,
        _count_workers(config),
    )


def announce(left: Left, contestants: Sequence[Contestant], effort: Effort) -> None:
    """Print what is left to train, how long that takes at most, and whether so many seeds can show anything."""
    if not sum(left.searches) + left.choosing + left.seeds:
        return
    searches = "1 search" if len(left.searches) == 1 else f"{len(left.searches)} searches"
    parts = [f"{searches} with {count(sum(left.searches), 'trial')}"] if left.searches else []
    parts += [f"up to {count(left.choosing, 'run')} to choose the best of each"] if left.choosing else []
    parts += [f"{count(left.seeds, 'run')} with the test set"] if left.seeds else []
    say(
        f"\n{'; '.join(each.title for each in contestants[1:])}: each against the tuned baseline",
        f"{', '.join(parts)}: {left.time}, and the start of each sweep",
        f"where differences are shown, up to {left.own} more, of second baselines: {left.time_of(left.own)}",
    )
    k, num_seeds = len(contestants) - 1, effort.num_seeds
    if effort.overlap is not None:
        say(describe_new_splits(effort.overlap, num_seeds))
    elif num_seeds < least_seeds(k, LEVEL):
        of = "one contestant" if k == 1 else f"{k} contestants"
        say(
            f"{num_seeds} seeds cannot show a difference: the smallest possible p-value of {of} is "
            f"{least_p_value(num_seeds, k):.2g}; take --seeds {least_seeds(k, LEVEL)} or more"
        )


def _count_workers(config: DictConfig) -> int:
    """Return how many trials run at a time: workers of the pool, one after the other, or those of a batch."""
    target = str(config.hydra.launcher.get("_target_"))
    if target.endswith("RayPoolLauncher"):  # how large the cluster is, it says only once the sweep has begun
        return int(config.hydra.launcher.workers or config.hydra.sweeper.get("n_jobs") or 1)
    if target.endswith("PoolLauncher"):
        return Machine.here().count_workers(config.hydra.launcher.workers)
    return 1 if target.endswith("BasicLauncher") else int(config.hydra.sweeper.get("n_jobs") or 1)
