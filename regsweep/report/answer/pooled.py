"""The answer of a sweep over seeds, before anything is confirmed: means, differences, and what to do next."""

from __future__ import annotations

import shlex

from regsweep.errors import show
from regsweep.numbers import count, show_ends, show_number
from regsweep.paths import shown
from regsweep.pooling import Pooled, are_equal
from regsweep.report.pooled import (
    Pools,
    is_share,
    mean_interval,
    seeds_in_words,
    share_of_baseline,
    signed,
    signed_ends,
)
from regsweep.report.sweep import Sweep
from regsweep.report.table import no_best_of_all
from regsweep.report.task import examples_word
from regsweep.report.tune import compare_command, is_of_presets
from regsweep.statistics.intervals import Interval

MOST_DIFFERENCES = 3
"""So many stand in the answer; the table has all."""


def of_seeds(sweep: Sweep) -> list[str]:
    """Return the answer of a sweep over seeds of which nothing is confirmed, and at least one trial is complete."""
    pools = Pools(sweep)
    return [_best(pools), *_caution(pools), *_differences(pools), *_confirm(sweep), *untuned(sweep)]


def of_data_sets(sweep: Sweep) -> list[str]:
    """Return the answer of a sweep on several data sets: the best on each, and no best of all."""
    pools, is_single = Pools(sweep), sweep.seed_key is None
    objective = f"{'' if is_single else 'mean '}{sweep.objective.replace('_', ' ')}"
    found = [
        f"on {name} {f'trial {best.number}' if is_single else pools.names[best.number]}, with a {objective} of "
        f"{_value(sweep, best.mean) if is_single else _mean(pools, best)}"
        for name, best in sweep.best_by_data_set.items()
    ]
    return [
        *no_best_of_all(sweep),
        f"The best of each: {'; '.join(found)}.",
        "Each was selected for that value, which flatters it. To confirm what helps, sweep each data set alone.",
        *([] if is_single else _differences(pools)),
    ]


def untuned(sweep: Sweep) -> list[str]:
    """Return that presets of methods ran as they are, and the command that tunes them; nothing for other sweeps."""
    if not is_of_presets(sweep) or not _regularizes(sweep):
        return []
    rate = "" if "optimizer.lr" in sweep.swept else " and at one learning rate"
    line = f"The methods ran at fixed settings{rate}, which were not tuned"
    command = compare_command(sweep)
    return [f"{line}; to tune each of them, and then compare: {command}" if command else f"{line}."]


def _confirm(sweep: Sweep) -> list[str]:
    if not sweep.is_own or not _regularizes(sweep):
        return []
    place = shlex.quote(str(shown(sweep.folder)))
    what = "To compare the best with the tuned network without regularization, on fresh seeds"
    return [f"{what}: regsweep confirm {place}"]


def _regularizes(sweep: Sweep) -> bool:
    return any(sweep.kind(number) for number in sweep.regularization)


def _best(pools: Pools) -> str:
    """Return which configuration has the best mean, and how sure that is."""
    sweep, best = pools.sweep, pools.configurations[0]
    objective, num = sweep.objective.replace("_", " "), len(pools.configurations)
    if num == 1:
        return (
            f"One configuration, with a mean {objective} of {_mean(pools, best)}: there is nothing to compare it with."
        )
    name, word = pools.names[best.number], "highest" if sweep.maximize else "lowest"
    equals = [each for each in pools.configurations if each.values and are_equal(each.mean, best.mean)]
    tie = f" (the first of {len(equals)} with this mean)" if len(equals) > 1 else ""
    name = name if "=" in name.split()[0] else f"{name[0].upper()}{name[1:]}"  # a key stays as it is
    start = f"{name} has the {word} mean {objective} of {num} configurations"
    return f"{start}: {_mean(pools, best)}{tie}."


def _mean(pools: Pools, pooled: Pooled) -> str:
    """Return a configuration's mean, with its interval and number of seeds."""
    sweep, mean, found = pools.sweep, _value(pools.sweep, pooled.mean), mean_interval(pools.sweep, pooled)
    seeds = seeds_in_words(pooled)
    if found is not None:
        return f"{mean} (95 % interval {_ends(sweep, found)}) over {seeds}"
    return f"{mean}, the same on each of {seeds}" if len(pooled.values) > 1 else f"{mean} on {seeds}"


def _value(sweep: Sweep, value: float) -> str:
    return f"{100 * value:.2f} %" if is_share(sweep) else show_number(value, 5)


def _ends(sweep: Sweep, interval: Interval) -> str:
    if is_share(sweep):
        return f"{_value(sweep, interval.low)} to {_value(sweep, interval.high)}"
    return " to ".join(show_ends(interval.low, interval.high, 5))


def _caution(pools: Pools) -> list[str]:
    """Return what the means are not."""
    sweep, best, num = pools.sweep, pools.configurations[0], len(pools.configurations)
    lines = [] if sweep.is_own else [f"Trials that differ in {show(sweep.seed_key)} alone are pooled."]
    if num == 1:
        return lines
    examples, where, over = examples_word(sweep.task), "", ""
    if sweep.objective.startswith("validation_"):
        where, over = f" on validation {examples}", f"; intervals are over seeds, on these {examples}"
    selected = f"The best of {num} was selected for its mean, which flatters it"
    lines.append(f"This is a comparison{where}; nothing is confirmed. {selected}{over}.")
    most = max(each.num_seeds for each in pools.configurations)
    if len(best.values) < most:
        fewer = f"It has {count(len(best.values), 'complete seed')}"
        lines.append(f"{fewer}, where others ran on {most}: a mean of fewer seeds owes more to luck.")
    return lines if sweep.is_own else [*lines, "Run it again on fresh seeds before believing it."]


def _differences(pools: Pools) -> list[str]:
    """Return each configuration's mean difference from the one without regularization."""
    sweep, found, k = pools.sweep, pools.differences, pools.num_compared
    if not found:
        return []
    ordered = [each for each in pools.configurations if each.number in found]
    parts = [f"{pools.names[each.number]}: {_difference(pools, each)}" for each in ordered[:MOST_DIFFERENCES]]
    more = f"; {len(ordered) - MOST_DIFFERENCES} more in the table" if len(ordered) > MOST_DIFFERENCES else ""
    together = f"intervals hold for all {k} together with 95 %" if k > 1 else "95 % interval"
    unit = "points" if is_share(sweep) else sweep.objective.replace("_", " ")
    unit += "" if sweep.maximize else ", of which less is better"
    same = " at the same other settings" if len(pools.without) > 1 else ""
    start = f"Mean difference from no regularization{same}, paired by seed, in {unit} ({together})"
    lines = [f"{start}. {'; '.join(parts)}{more}."]
    if any(each.interval is not None and each.interval.low <= 0 <= each.interval.high for each in found.values()):
        lines.append("An interval that includes 0 leaves the direction of a difference open.")
    return lines


def _difference(pools: Pools, pooled: Pooled) -> str:
    found, sweep = pools.differences[pooled.number], pools.sweep
    mean, num_seeds = signed(sweep, found.mean), len(found.by_seed)
    if found.interval is None:
        return f"{mean} ({f'on each of {num_seeds} seeds' if num_seeds > 1 else 'one seed, no interval'})"
    fewer = f", on {num_seeds} seeds" if num_seeds < len(found.baseline.values) else ""
    share = share_of_baseline(sweep, found)
    mean = f"{mean}, {share}" if share else mean
    return f"{mean} ({signed_ends(sweep, found.interval)}{fewer})"
