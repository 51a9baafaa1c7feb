"""``--new-splits``: each seed of a confirmation draws a split of its own, where all share the sweep's otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from regsweep.app.composed import composed, key_of
from regsweep.app.plan import SPLIT_SEED, Plan
from regsweep.app.planning import further_seeds
from regsweep.app.stages import Origin, count_ended
from regsweep.app.start import as_typed
from regsweep.config import DatasetConfig
from regsweep.errors import RegsweepError
from regsweep.paths import ConfirmationPaths, shown
from regsweep.report.answer.phrases import in_common
from regsweep.report.sweep import Sweep
from regsweep.started import Command
from regsweep.statistics.intervals import Overlap, widening

NEW_SPLITS = "--new-splits"

VARIES = f"{NEW_SPLITS}: the sweep itself varies {SPLIT_SEED}; leave one of them out"

WIDE = 2
"""Times as wide, from which on it is printed what makes intervals narrower."""

ONE_LOOK = "over new splits there is no interval that may be looked at more than once"


def draw_anew(origin: Origin, sweep: Sweep, plan: Plan, num_seeds: int) -> None:
    """Let each seed of the plan draw a split, and write down what the splits have in common.

    Raises:
        RegsweepError: where runs were made on one split, and where splits are not known, or there is nothing to draw.
        ConfigError, DatasetError: where the data cannot be split.
    """
    if plan.overlap is not None and num_seeds == plan.num_seeds:
        return
    if plan.overlap is None and (count_ended(plan.paths.choosing) or count_ended(plan.paths.seeds)):
        place = shown(plan.paths.folder)
        raise RegsweepError(
            f"{NEW_SPLITS}: this confirmation was begun with one split; leave it out, or move {place} away to confirm "
            "anew"
        )
    if not sweep.is_own:
        raise RegsweepError(f"{NEW_SPLITS}: the examples of another application's splits are not known; leave it out")
    if SPLIT_SEED in sweep.swept:
        raise RegsweepError(VARIES)
    plan.overlap = _largest(origin, sweep, plan, num_seeds)
    plan.write()


def require_same_seeds(paths: ConfirmationPaths, before: int, now: int, anew: str) -> None:
    """Refuse another number of seeds once a run on a new split has ended: whoever changes it may have seen it.

    Raises:
        RegsweepError: then; `anew` is how to begin with that number.
    """
    if now != before and count_ended(paths.seeds):
        raise RegsweepError(f"--seeds {now}: {ONE_LOOK}, and {before} seeds were begun; leave it out, or {anew}")


def require_splits(config: DictConfig, command: Command, ranges: Sequence[str], num_seeds: int) -> Overlap:
    """Return what the splits of a comparison have in common; refuse those that cannot be drawn, before it trains.

    Args:
        config: as it was composed.
        command: where and with which import path.
        ranges: overrides that searches vary.
        num_seeds: how many fresh seeds there will be.

    Raises:
        RegsweepError: where there is nothing to draw.
        ConfigError, DatasetError: where the data cannot be split by one of the seeds.
    """
    if any(key_of(line) == SPLIT_SEED for line in ranges):
        raise RegsweepError(VARIES)
    choosing, first = further_seeds({int(config.get("seed", 0))})
    return _measure([_data_of(config)], command, range(first, first + num_seeds), choosing)


def describe_new_splits(overlap: Overlap, num_seeds: int) -> str:
    """Return what is printed beforehand of splits that have so much in common."""
    times = widening(overlap, num_seeds)
    common = in_common(overlap, "examples")
    line = (
        f"each seed draws a split of the data. {common}: intervals are {times:.1f} times as wide as "
        "over splits that have none"
    )
    return f"{line}; with fewer examples to train on they are narrower (dataset.train_size)" if times >= WIDE else line


def _largest(origin: Origin, sweep: Sweep, plan: Plan, num_seeds: int) -> Overlap:
    """Return what the splits have in common; the most of any configuration, where their data differ."""
    folders = [sweep.folder / row["folder"] for row in plan.rows]
    data = [_data_of(composed(folder)) for folder in folders]
    return _measure(data, origin.command, plan.seeds(num_seeds), plan.choosing_seeds)


def _measure(
    data: Sequence[tuple[DatasetConfig, str]], command: Command, seeds: Sequence[int], choosing: Sequence[int]
) -> Overlap:
    """Return what the splits of `seeds` have in common; those of the seeds to choose on must be possible, too."""
    from regsweep.data.overlap import measure_overlap  # noqa: PLC0415  (imports torch)

    once = [each for place, each in enumerate(data) if each not in data[:place]]
    with as_typed([], Path(command.working_folder), command.import_path):
        found = [measure_overlap(config, seeds, task, also=choosing) for config, task in once]
    train, tests = max(each.train for each in found), [each.test for each in found if each.test is not None]
    if train >= 1 and tests:
        named = ", ".join(map(str, seeds))
        raise RegsweepError(
            f"{NEW_SPLITS}: the seeds {named} draw the same training examples, as with few groups; leave it out, or "
            "give more seeds (--seeds)"
        )
    if train >= 1:
        raise RegsweepError(
            f"{NEW_SPLITS}: the data set has training, validation and test examples of its own, so there is nothing to "
            "draw; leave it out, or train on some of them (dataset.train_size)"
        )
    return Overlap(train, max(tests, default=None))


def _data_of(config: DictConfig) -> tuple[DatasetConfig, str]:
    """Return the data of a composed configuration, and the kind of its task; older ones do not have it."""
    dataset = DatasetConfig.model_validate(OmegaConf.to_container(config.dataset, resolve=True))
    return dataset, str(config.get("task", "auto"))
